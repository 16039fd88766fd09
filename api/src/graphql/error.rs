//! Errors as GraphQL extensions: one small translation of [`Error`].

use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, ServerError, Value};

use crate::{
    authz::Role,
    ctx::Ctx,
    error::{Code, Error, Finding, Language, MOST_FINDINGS},
    request_id,
};

/// An error on its way out of a resolver.
///
/// It has no `Display` on purpose: with one, `?` would take the library's blanket conversion
/// and silently drop the code. Shared, because resolvers and loaders hand it on.
#[derive(Clone, Debug)]
pub struct GqlError(pub Arc<Error>);

/// The return type of every resolver that can fail.
pub type GqlResult<T> = Result<T, GqlError>;

impl From<Error> for GqlError {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl From<Arc<Error>> for GqlError {
    fn from(error: Arc<Error>) -> Self {
        Self(error)
    }
}

impl From<GqlError> for async_graphql::Error {
    fn from(error: GqlError) -> Self {
        Self {
            message: message(&error.0),
            extensions: Some(extensions(&error.0)),
            // Kept, so that the border can log each failure once, however many fields met it.
            source: Some(Arc::new(error)),
        }
    }
}

/// An error that concerns the request as a whole.
pub fn server_error(error: Error) -> ServerError {
    let mut server = ServerError::new(message(&error), None);
    server.extensions = Some(extensions(&error));
    server.source = Some(Arc::new(GqlError::from(error)));
    server
}

/// A look-up: what is not there, or not for this caller, is `null` and no error. It is counted like the 404 of REST.
pub fn maybe<T>(found: Result<T, Error>) -> GqlResult<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(nothing @ Error::NotFound(_)) => {
            nothing.log();
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The same of a school's table. A school that asks for one of its own before it has stated it is refused nothing.
pub fn maybe_of<T>(ctx: &Ctx, school: &str, found: Result<T, Error>) -> GqlResult<Option<T>> {
    let is_own = ctx.actor.role == Role::School && ctx.actor.org() == school;
    if is_own && matches!(found, Err(Error::NotFound(_))) { Ok(None) } else { maybe(found) }
}

/// Gives an error of the library itself a code of ours; its sentence is in English.
pub fn adopt(error: &mut ServerError) {
    let has_code = error.extensions.as_ref().is_some_and(|values| values.get("code").is_some());
    if has_code {
        return;
    }
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    set_code(extensions, Code::Malformed);
    if request_id::current_language() == Language::Chinese {
        error.message = format!("{}：{}", Code::Malformed.row().zh, error.message);
    }
}

/// Writes each of our own failures to the log, once.
pub fn log(errors: &[ServerError]) {
    let mut seen: Vec<*const Error> = Vec::new();
    for failure in errors.iter().filter_map(ServerError::source::<GqlError>) {
        let at = Arc::as_ptr(&failure.0);
        if !seen.contains(&at) {
            seen.push(at);
            failure.0.log();
        }
    }
}

fn message(error: &Error) -> String {
    error.public().in_(request_id::current_language()).to_owned()
}

fn extensions(error: &Error) -> ErrorExtensionValues {
    let mut values = ErrorExtensionValues::default();
    set_code(&mut values, error.code());
    if let Error::Invalid(findings) = error {
        let language = request_id::current_language();
        values.set(
            "errors",
            Value::List(findings.iter().take(MOST_FINDINGS).map(|one| finding(one, language)).collect()),
        );
    }
    values
}

fn set_code(values: &mut ErrorExtensionValues, code: Code) {
    let row = code.row();
    values.set("code", row.name);
    values.set("type", format!("urn:zhiqiao:problem:{}", row.kind));
    values.set("requestId", request_id::current_id());
}

/// A finding with the members that it has.
fn finding(one: &Finding, language: Language) -> Value {
    let text = |text: &str| Value::String(text.to_owned());
    let mut members = vec![
        ("severity", text(&one.severity.word().to_uppercase())),
        ("code", text(&one.code)),
        ("pointer", text(&one.pointer)),
        ("message", text(one.message.in_(language))),
    ];
    for (name, value) in [("expected", &one.expected), ("got", &one.got), ("previous", &one.previous)] {
        members.extend(value.as_deref().map(|value| (name, text(value))));
    }
    Value::Object(members.into_iter().map(|(name, value)| (async_graphql::Name::new(name), value)).collect())
}

/// Moves the pointers of findings from the domain's document into the GraphQL input.
pub fn relocated(error: Error, to: impl Fn(&str) -> String) -> GqlError {
    match error {
        Error::Invalid(findings) => Error::Invalid(
            findings
                .into_iter()
                .map(|mut finding| {
                    if !finding.pointer.starts_with("/input/") {
                        finding.pointer = to(&finding.pointer);
                    }
                    finding
                })
                .collect(),
        )
        .into(),
        other => other.into(),
    }
}

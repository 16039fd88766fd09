//! A short way for objects whose fields are plain: no future and no tree for each field.
//!
//! The library boxes a future for every field of every object and keeps every answer as a tree of
//! maps, which is most of what a list of thousands of small objects costs. Where a selection asks for
//! plain fields only, the answer is written as JSON straight away; everything else (arguments,
//! directives, fragments, fields that wait) takes the usual way. Both say the same: a test asks for
//! every field both ways.

use std::{borrow::Cow, collections::HashSet, fmt::Write};

use async_graphql::{
    ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
    registry,
    resolver_utils::EnumType,
};

use super::written::{self, text};
use crate::memory::registry::Registry;

/// Whether nothing in a document has to be merged with anything else, so that what is written stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsSimple(pub bool);

impl IsSimple {
    /// No fragments, and no key twice in one selection.
    pub fn of(document: &ExecutableDocument) -> Self {
        fn is_simple(set: &SelectionSet) -> bool {
            let mut keys = HashSet::with_capacity(set.items.len());
            set.items.iter().all(|selection| match &selection.node {
                Selection::Field(field) => keys.insert(key(&field.node)) && is_simple(&field.node.selection_set.node),
                Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
            })
        }
        Self(document.operations.iter().all(|(_, operation)| is_simple(&operation.node.selection_set.node)))
    }
}

fn key(field: &Field) -> &Name {
    &field.alias.as_ref().unwrap_or(&field.name).node
}

/// An object with plain fields.
pub trait Plain: OutputType {
    /// Writes the value of one of them; nothing for every other field.
    fn field(&self, registry: &Registry, name: &str, set: &SelectionSet, out: &mut String) -> Option<()>;
}

/// Writes a value or `null`.
pub fn or_null<T>(value: Option<T>, write: impl FnOnce(T, &mut String), out: &mut String) {
    match value {
        Some(value) => write(value, out),
        None => out.push_str("null"),
    }
}

/// Writes a word of a list.
pub fn word<T: EnumType>(word: T, out: &mut String) {
    or_null(T::items().iter().find(|item| item.value == word), |item, out| text(item.name, out), out);
}

/// Writes a number.
pub fn number(number: impl std::fmt::Display, out: &mut String) {
    // Writing into a text cannot fail.
    let _written = write!(out, "{number}");
}

/// Writes an object, if its selection asks for plain fields only.
pub fn object<T: Plain>(it: &T, registry: &Registry, set: &SelectionSet, out: &mut String) -> Option<()> {
    let mut before = '{';
    for selection in &set.items {
        let Selection::Field(field) = &selection.node else { return None };
        let field = &field.node;
        if !(field.directives.is_empty() && field.arguments.is_empty()) {
            return None;
        }
        out.push(before);
        before = ',';
        // A name needs no escape.
        out.extend(["\"", key(field).as_str(), "\":"]);
        match field.name.node.as_str() {
            "__typename" => text(&T::type_name(), out),
            name => it.field(registry, name, &field.selection_set.node, out)?,
        }
    }
    // An empty selection is what directives have left of one: the library's to answer.
    (before == ',').then(|| out.push('}'))
}

/// Writes a list of objects, if its selection asks for plain fields only.
pub fn list<T: Plain>(rows: &[T], registry: &Registry, set: &SelectionSet, out: &mut String) -> Option<()> {
    out.push('[');
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        object(row, registry, set, out)?;
    }
    out.push(']');
    Some(())
}

/// The short way, if it leads anywhere.
fn short(
    cx: &ContextSelectionSet<'_>,
    write: impl FnOnce(&Registry, &SelectionSet, &mut String) -> Option<()>,
) -> Option<Value> {
    let IsSimple(is_simple) = cx.data_unchecked::<IsSimple>();
    let mut out = String::new();
    is_simple.then(|| write(super::registry(cx), &cx.item.node, &mut out)).flatten()?;
    Some(written::json(out))
}

/// An object that goes the short way where it can.
#[derive(Clone, Debug)]
pub struct Lean<T>(pub T);

impl<T: Plain> OutputType for Lean<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut registry::Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, cx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match short(cx, |registry, set, out| object(&self.0, registry, set, out)) {
            Some(value) => Ok(value),
            None => self.0.resolve(cx, field).await,
        }
    }
}

/// A list of objects that goes the short way where it can.
#[derive(Clone, Debug)]
pub struct LeanList<T>(pub Vec<T>);

impl<T> FromIterator<T> for LeanList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl<T: Plain> OutputType for LeanList<T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<T>>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<T>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut registry::Registry) -> String {
        <Vec<T>>::create_type_info(registry)
    }

    async fn resolve(&self, cx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match short(cx, |registry, set, out| list(&self.0, registry, set, out)) {
            Some(value) => Ok(value),
            None => self.0.resolve(cx, field).await,
        }
    }
}

/// The plain fields of a type, each with the writing of its value.
macro_rules! plain {
    ($type:ty, |$this:ident, $registry:ident, $set:ident, $out:ident| { $($name:literal => $write:expr),* $(,)? }) => {
        impl $crate::graphql::lean::Plain for $type {
            fn field(
                &self,
                $registry: &$crate::memory::registry::Registry,
                name: &str,
                $set: &async_graphql::parser::types::SelectionSet,
                $out: &mut String,
            ) -> Option<()> {
                let ($this, _, _) = (self, $registry, $set);
                match name {
                    $($name => $write,)*
                    _ => return None,
                }
                Some(())
            }
        }
    };
}
pub(super) use plain;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use async_graphql::parser::parse_query;

    use super::super::{
        complete::Shapes,
        request::{GraphqlRequest, execute},
        sdl,
    };
    use super::*;
    use crate::{
        House,
        authn::secrets,
        authz::{Actor, Role},
        config::Config,
        db::Db,
        domain::demo,
        house,
    };

    /// How an object of each lean type is come by; `$` is what is asked of it.
    const WAYS: &[(&str, &str)] = &[
        ("School", "{submissions(first: 3) {nodes {school {$}}}}"),
        ("City", "{schools(first: 3) {nodes {city {$}}}}"),
        ("City", "{cities {$}}"),
        ("ConsortiumMembership", "{schools(first: 3) {nodes {consortia {$}}}}"),
        ("Consortium", "{schools(first: 3) {nodes {consortia {consortium {$}}}}}"),
        ("Indicator", "{indicators {$}}"),
        ("Observation", "{schools(first: 3) {nodes {observations(period: \"2023\") {$}}}}"),
        ("Period", "{schools(first: 3) {nodes {observations(period: \"2023\") {period {$}}}}}"),
        (
            "AggregateGroup",
            "{aggregate(input: {indicators: [\"scale.students\"], period: \"2023\", groupBy: [CITY, TIER, CONSORTIUM]}) {groups {$}}}",
        ),
        (
            "AggregateGroup",
            "{aggregate(input: {indicators: [\"scale.students\"], period: \"2023\", groupBy: [OWNERSHIP, CATEGORY]}) {groups {$}}}",
        ),
        (
            "AggregateCell",
            "{aggregate(input: {indicators: [\"scale.students\", \"online.national_banks_led\"], period: \"2023\", groupBy: [CITY]}) {groups {cells {$}}}}",
        ),
    ];

    async fn ask(house: &House, query: &str) -> serde_json::Value {
        let ctx = house.ctx(Actor::with(Role::Province, Some("620000"), "client:test", "test"));
        let body = serde_json::json!({ "query": query }).to_string();
        let answer = execute(&house.schema, ctx, GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer
    }

    #[test]
    fn a_document_is_simple_if_nothing_has_to_be_merged() {
        let is_simple = |text| IsSimple::of(&parse_query(text).unwrap()).0;
        assert!(is_simple("{a {b} c: a {b}}"));
        assert!(!is_simple("{a {b} a {c}}"));
        assert!(!is_simple("{x {a c: a a: c}}"));
        assert!(!is_simple("{a {... {b}}}"));
        assert!(!is_simple("{a {...F}} fragment F on T {b}"));
    }

    #[tokio::test]
    async fn the_short_way_says_what_the_long_way_says() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::for_demo(0, dir.path()).unwrap();
        config.keys.encryption_key = Some(secrets::encryption_key().unwrap());
        let db = Db::connect(&house::reach(&config)).await.unwrap();
        house::migrate(&db).await.unwrap();
        let house = House::over(config, db).await.unwrap();
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023");
        demo::fill(&house.ctx(Actor::system("test")), &reference, &mut |_| {}).await.unwrap();

        let merged = ask(&house, "{school(code: \"62001\") {city {code} city {kind}}}").await;
        assert_eq!(merged["data"]["school"]["city"], serde_json::json!({"code": "620100", "kind": "city"}));
        let shapes = Shapes::read(&sdl());
        for (kind, way) in WAYS {
            for (field, is_object) in shapes.plain_fields(kind) {
                let asked = if is_object { format!("{field} {{__typename}}") } else { field.to_owned() };
                let short = ask(&house, &way.replace('$', &format!("it: {asked}"))).await;
                let long = ask(&house, &way.replace('$', &format!("... {{it: {asked}}}"))).await;
                assert_eq!(short, long, "{kind}.{field}");
                assert!(short.to_string().contains("\"it\""), "{kind}.{field}: {short}");
            }
        }
    }
}

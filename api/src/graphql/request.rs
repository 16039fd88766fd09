//! One request: read, judged, run, answered, as the GraphQL-over-HTTP specification has it.
//!
//! This file knows methods and media types by their meaning only; `http` has the server's names for them.

use std::{collections::HashSet, fmt::Write, future::ready, sync::Arc};

use async_graphql::{
    Name, Request, Response, ServerError, Variables,
    parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
};
use futures::{
    StreamExt,
    stream::{self, LocalBoxStream},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Schema,
    charges::{self, Charged},
    complete,
    error::{self, server_error},
    limits,
    loaders::Loaders,
    prepared::{Prepared, prepare},
    tokens, written,
};
use crate::{
    authz::Role,
    ctx::Ctx,
    error::{Error, Result, Text},
    rate::{Budget, Standing},
    telemetry,
};

/// The most errors that are told of a request that is not run.
const MOST_ERRORS: usize = 100;

/// A request as it was sent.
#[derive(Debug, Default)]
pub struct GraphqlRequest {
    query: String,
    operation_name: Option<String>,
    variables: Variables,
}

/// The kinds of answer that a client can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`: the status says how it went.
    Response,
    /// `application/json`: any well-formed request is answered with 200, as it used to be.
    Legacy,
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It ran; single fields may have failed.
    Executed,
    /// It was well-formed, but could not be run.
    Refused,
    /// It was not well-formed.
    Malformed,
    /// A change by a method that must not change anything.
    MethodNotAllowed,
    /// More than its caller may ask for now.
    RateLimited,
}

/// An answer, whatever it is sent by.
#[derive(Clone, Debug)]
pub struct GraphqlAnswer {
    outcome: Outcome,
    /// JSON.
    pub body: Vec<u8>,
    /// Where the caller stands with its budgets now.
    pub standings: Vec<Standing>,
    /// Seconds until it may come again, if it was refused for coming too often.
    pub retry_after: Option<u64>,
}

impl GraphqlAnswer {
    /// The HTTP status of the answer in one kind of it.
    pub const fn status(&self, media: Media) -> u16 {
        match (self.outcome, media) {
            (Outcome::Executed, _) | (Outcome::Refused, Media::Legacy) => 200,
            (Outcome::Refused, Media::Response) | (Outcome::Malformed, _) => 400,
            (Outcome::MethodNotAllowed, _) => 405,
            (Outcome::RateLimited, _) => 429,
        }
    }

    /// The errors of a request that was never run, as a list.
    pub fn refusal(&self) -> Option<&str> {
        let body = (self.outcome != Outcome::Executed).then(|| std::str::from_utf8(&self.body).ok())??;
        body.strip_prefix("{\"errors\":")?.strip_suffix('}')
    }

    /// An answer that says only what is wrong.
    pub fn refused(fault: Error) -> Self {
        if let Error::RateLimited { retry_after, .. } = fault {
            telemetry::count_operation("invalid");
            let answer = Self::of_errors(Outcome::RateLimited, vec![server_error(fault)]);
            return Self { retry_after: Some(retry_after), ..answer };
        }
        refused(vec![server_error(fault)])
    }

    /// The same answer, and where the caller stands.
    #[must_use]
    pub fn after(self, charged: Charged) -> Self {
        Self { standings: charged.standings, ..self }
    }

    const fn executed(body: Vec<u8>) -> Self {
        Self { outcome: Outcome::Executed, body, standings: Vec::new(), retry_after: None }
    }

    /// The answer to something that is no request of ours.
    pub fn malformed(fault: Error) -> Self {
        telemetry::count_operation("invalid");
        Self::of_errors(Outcome::Malformed, vec![server_error(fault)])
    }

    fn of_errors(outcome: Outcome, mut errors: Vec<ServerError>) -> Self {
        // A short query can be wrong in thousands of places, and each is told in a hundred letters.
        errors.truncate(MOST_ERRORS);
        errors.iter_mut().for_each(error::adopt);
        error::log(&errors);
        Self { outcome, body: json(None, &errors, None), standings: Vec::new(), retry_after: None }
    }
}

/// The answer: a request that was never run has no `data`, one that went well no `errors`; what it cost stands
/// in its `extensions`.
fn json(data: Option<&async_graphql::Value>, errors: &[ServerError], cost: Option<usize>) -> Vec<u8> {
    let mut out = String::from("{");
    if !errors.is_empty() {
        // Errors of ours always serialize.
        out.extend(["\"errors\":", &serde_json::to_string(errors).unwrap_or_default()]);
    }
    if let Some(data) = data {
        out.push_str(if errors.is_empty() { "\"data\":" } else { ",\"data\":" });
        written::value(data, &mut out);
    }
    if let Some(cost) = cost {
        // Writing into a text cannot fail.
        let _written = write!(out, ",\"extensions\":{{\"cost\":{cost}}}");
    }
    out.push('}');
    out.into_bytes()
}

fn malformed(zh: impl Into<String>, en: impl Into<String>) -> Error {
    Error::Malformed(Text::new(zh, en))
}

/// The members of a JSON body. Unknown ones are errors, never dropped.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body<'a> {
    query: Option<String>,
    operation_name: Option<String>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

impl GraphqlRequest {
    /// Reads a JSON body.
    pub fn read(body: &[u8]) -> Result<Self> {
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => {}
            Some(b'[') => {
                return Err(malformed(
                    "不支持批量请求，请逐个发送",
                    "Requests are not read in batches: send them one by one",
                ));
            }
            _ => return Err(malformed("请求内容应为 JSON 对象", "The body must be a JSON object")),
        }
        let body: Body<'_> = serde_json::from_slice(body).map_err(|fault| {
            malformed(format!("请求内容无法读取：{fault}"), format!("The body could not be read: {fault}"))
        })?;
        Self::of(body.query, body.operation_name, body.variables.map(RawValue::get), body.extensions.map(RawValue::get))
    }

    /// Reads the query part of an address.
    pub fn read_address(parameters: &str) -> Result<Self> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(parameters).map_err(|fault| {
            malformed(format!("地址参数无法读取：{fault}"), format!("The parameters could not be read: {fault}"))
        })?;
        let (mut query, mut name, mut variables, mut extensions) = (None, None, None, None);
        for (key, value) in pairs {
            let slot = match key.as_str() {
                "query" => &mut query,
                "operationName" => &mut name,
                "variables" => &mut variables,
                "extensions" => &mut extensions,
                _ => return Err(malformed(format!("未知参数 {key}"), format!("Unknown parameter `{key}`"))),
            };
            if slot.replace(value).is_some() {
                return Err(malformed(format!("参数 {key} 重复"), format!("The parameter `{key}` stands twice")));
            }
        }
        let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let name = name.filter(|name| !name.is_empty());
        let (has_variables, has_extensions) = (given(&variables), given(&extensions));
        Self::of(
            query,
            name,
            variables.as_deref().filter(|_| has_variables),
            extensions.as_deref().filter(|_| has_extensions),
        )
    }

    fn of(
        query: Option<String>,
        operation_name: Option<String>,
        variables: Option<&str>,
        extensions: Option<&str>,
    ) -> Result<Self> {
        let query = query
            .filter(|query| !query.trim().is_empty())
            .ok_or_else(|| malformed("缺少 query", "The member `query` is missing"))?;
        if let Some(extensions) = extensions {
            // None is known here; a client that sends some is told nothing, as the specification asks.
            object("extensions", extensions)?;
        }
        let variables = match variables {
            Some(text) => {
                let text = object("variables", text)?;
                serde_json::from_str(&tokens::with_exact_numbers(text)).map_err(|fault| {
                    malformed(format!("variables 无法读取：{fault}"), format!("`variables` could not be read: {fault}"))
                })?
            }
            None => Variables::default(),
        };
        Ok(Self { query, operation_name, variables })
    }
}

/// A JSON object, or `null`.
fn object<'a>(name: &str, text: &'a str) -> Result<&'a str> {
    let text = text.trim();
    if text.starts_with('{') || text == "null" {
        Ok(text)
    } else {
        Err(malformed(format!("{name} 应为 JSON 对象"), format!("`{name}` must be a JSON object")))
    }
}

/// A request that has been read and judged, and may run.
struct Judged {
    query: String,
    operation_name: Option<String>,
    variables: Variables,
    prepared: Arc<Prepared>,
    kind: OperationType,
    has_token: bool,
}

impl Judged {
    /// Judges a request; what cannot run is answered here. `is_get` says that nothing may be changed by it.
    fn of(
        schema: &Schema,
        request: GraphqlRequest,
        is_get: bool,
        ctx: &Ctx,
    ) -> std::result::Result<Self, GraphqlAnswer> {
        let GraphqlRequest { query, operation_name, variables } = request;
        let prepared = prepare(schema, &query).map_err(|error| refused(vec![error]))?;
        let operation = select(&prepared.document, operation_name.as_deref()).map_err(|error| refused(vec![error]))?;
        let kind = operation.ty;
        if is_get && kind != OperationType::Query {
            telemetry::count_operation("invalid");
            let errors = vec![server_error(Error::MethodNotAllowed)];
            return Err(GraphqlAnswer::of_errors(Outcome::MethodNotAllowed, errors));
        }
        let missing = missing_variables(operation, &variables);
        if !missing.is_empty() {
            return Err(refused(missing));
        }
        Ok(Self { query, operation_name, variables, prepared, kind, has_token: ctx.actor.role != Role::Public })
    }

    /// The request as the library has it, for a caller.
    fn request(&self, ctx: Ctx) -> Request {
        telemetry::count_operation(match self.kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        });
        let request = Request::new(self.query.as_str())
            .variables(self.variables.clone())
            .data(Loaders::new(&ctx))
            .data(self.prepared.is_simple)
            .data(ctx.memory.registry())
            .data(ctx);
        let request = match &self.operation_name {
            Some(name) => request.operation_name(name),
            None => request,
        };
        with_document(request, self.prepared.document.clone())
    }

    /// What the library has answered, as we say it.
    async fn answer(&self, schema: &Schema, mut response: Response, cost: Option<usize>) -> GraphqlAnswer {
        if response.errors.is_empty() {
            return GraphqlAnswer::executed(json(Some(&response.data), &[], cost));
        }
        if !self.has_token {
            response.errors.iter_mut().for_each(|error| charges::without_suggestions(&mut error.message));
        }
        let has_begun = response.errors.iter().any(|error| !error.path.is_empty());
        let is_source = self.kind == OperationType::Subscription;
        if response.data == async_graphql::Value::Null && (is_source || !has_begun) {
            let errors = costed(schema, response.errors, self).await;
            return GraphqlAnswer::of_errors(Outcome::Refused, errors);
        }
        response.errors.iter_mut().for_each(error::adopt);
        error::log(&response.errors);
        if let Ok(operation) = select(&self.prepared.document, self.operation_name.as_deref()) {
            let (data, errors) = (&mut response.data, &response.errors);
            complete::complete(&schema.shapes, &self.prepared.document, operation, root(self.kind), data, errors);
        }
        GraphqlAnswer::executed(json(Some(&response.data), &response.errors, cost))
    }

    /// Takes from the caller's budgets what the operation costs beyond the read that every request is.
    async fn charge(&self, schema: &Schema, ctx: &Ctx, charged: &mut Charged) -> Result<()> {
        let rates = &schema.house.rates;
        if self.kind == OperationType::Mutation {
            charged.take(rates, ctx, Budget::Writes, 1).await?;
        }
        if let Ok(operation) = select(&self.prepared.document, self.operation_name.as_deref())
            && charges::asks_structure(&self.prepared.document, operation)
        {
            charges::may_see_structure(schema.house.introspection, ctx.actor.role)?;
            charged.take(rates, ctx, Budget::Structure, 1).await?;
        }
        charged.cost = self.cost(schema).await;
        // One over the limit is refused for that, and costs no more than the read.
        match charged.cost.filter(|cost| *cost <= schema.limits.graphql_complexity) {
            Some(cost) => charged.take(rates, ctx, Budget::Cost, u64::try_from(cost).unwrap_or(u64::MAX)).await,
            None => Ok(()),
        }
    }

    /// What the operation costs; nothing where it is not a valid one.
    async fn cost(&self, schema: &Schema) -> Option<usize> {
        let costs = &schema.house.costs;
        let key = costs.key(&self.query, self.operation_name.as_deref(), &self.variables);
        if let Some(known) = costs.known(key) {
            return Some(known);
        }
        let cost = measured(schema, self).await.ok()?;
        costs.learn(key, cost);
        Some(cost)
    }
}

/// Answers a request. `is_get` says that nothing may be changed by it.
pub async fn execute(schema: &Schema, ctx: Ctx, request: GraphqlRequest, is_get: bool) -> GraphqlAnswer {
    reply(schema, ctx, Ok(request), is_get).await
}

/// Answers whatever was sent, a request or not.
pub async fn reply(schema: &Schema, ctx: Ctx, request: Result<GraphqlRequest>, is_get: bool) -> GraphqlAnswer {
    let mut charged = Charged::default();
    let answer = run(schema, ctx, request, is_get, &mut charged).await;
    answer.after(charged)
}

async fn run(
    schema: &Schema,
    ctx: Ctx,
    request: Result<GraphqlRequest>,
    is_get: bool,
    charged: &mut Charged,
) -> GraphqlAnswer {
    if let Err(refusal) = charged.take(&schema.house.rates, &ctx, Budget::Reads, 1).await {
        return GraphqlAnswer::refused(refusal);
    }
    let judged = match request.map(|request| Judged::of(schema, request, is_get, &ctx)) {
        Ok(Ok(judged)) => judged,
        Ok(Err(answer)) => return answer,
        Err(fault) => return GraphqlAnswer::malformed(fault),
    };
    if judged.kind == OperationType::Subscription {
        return refused(vec![server_error(malformed(
            "订阅请使用 WebSocket（graphql-transport-ws），或改用 GET /v1/changes",
            "Subscriptions are told over a websocket (graphql-transport-ws); or use GET /v1/changes",
        ))]);
    }
    if let Err(refusal) = judged.charge(schema, &ctx, charged).await {
        return GraphqlAnswer::refused(refusal);
    }
    let response = schema.served.execute(judged.request(ctx)).await;
    judged.answer(schema, response, charged.cost).await
}

/// Answers a request as often as there is something to answer: once, or for a subscription with every event.
/// The read that every request is has been paid for.
pub fn follow(schema: &Schema, ctx: Ctx, request: GraphqlRequest) -> LocalBoxStream<'static, GraphqlAnswer> {
    let judged = match Judged::of(schema, request, false, &ctx) {
        Ok(judged) => Arc::new(judged),
        Err(answer) => return stream::once(ready(answer)).boxed_local(),
    };
    let schema = schema.clone();
    let begun = async move {
        let mut charged = Charged::default();
        if let Err(refusal) = judged.charge(&schema, &ctx, &mut charged).await {
            return stream::once(ready(GraphqlAnswer::refused(refusal))).boxed_local();
        }
        let responses = schema.served.execute_stream(judged.request(ctx));
        // An event is no operation: that one was paid for when it began.
        let cost = charged.cost.filter(|_| judged.kind != OperationType::Subscription);
        responses
            .then(move |response| {
                let (schema, judged) = (schema.clone(), Arc::clone(&judged));
                async move { judged.answer(&schema, response, cost).await }
            })
            .boxed_local()
    };
    stream::once(begun).flatten().boxed_local()
}

const fn root(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

fn refused(errors: Vec<ServerError>) -> GraphqlAnswer {
    telemetry::count_operation("invalid");
    GraphqlAnswer::of_errors(Outcome::Refused, errors)
}

fn with_document(mut request: Request, document: ExecutableDocument) -> Request {
    request.set_parsed_query(document);
    request
}

/// The operation that is meant.
fn select<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> std::result::Result<&'a OperationDefinition, ServerError> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => operations.values().next(),
        (DocumentOperations::Multiple(_), None) => {
            return Err(server_error(malformed(
                "文档含有多个操作，请用 operationName 指明一个",
                "The document has several operations: name one by `operationName`",
            )));
        }
    };
    found.map(|operation| &operation.node).ok_or_else(|| {
        let name = name.unwrap_or_default();
        server_error(malformed(
            format!("文档中没有名为 {name} 的操作"),
            format!("The document has no operation `{name}`"),
        ))
    })
}

/// Variables that must be given and are not. What is wrong with the others the validation says.
fn missing_variables(operation: &OperationDefinition, variables: &Variables) -> Vec<ServerError> {
    let given: HashSet<&Name> =
        variables.iter().filter(|(_, value)| **value != async_graphql::Value::Null).map(|(name, _)| name).collect();
    operation
        .variable_definitions
        .iter()
        .filter(|one| {
            !one.node.var_type.node.nullable && one.node.default_value.is_none() && !given.contains(&one.node.name.node)
        })
        .map(|one| {
            let (name, kind) = (&one.node.name.node, &one.node.var_type.node);
            let mut error = server_error(malformed(
                format!("缺少变量 ${name}（{kind}）"),
                format!("The variable ${name} of type {kind} is missing"),
            ));
            error.locations = vec![one.pos];
            error
        })
        .collect()
}

/// The sentence with which the library refuses a query for its complexity.
const TOO_COMPLEX: &str = "Query is too complex.";

/// The errors of a request that was never run; one that was too complex is told what it costs.
async fn costed(schema: &Schema, errors: Vec<ServerError>, judged: &Judged) -> Vec<ServerError> {
    if !errors.iter().any(|error| error.message == TOO_COMPLEX) {
        return errors;
    }
    match measured(schema, judged).await {
        Ok(cost) => vec![limits::complexity(&schema.limits, cost).into()],
        // Something else is wrong with it as well.
        Err(mut errors) => {
            if !judged.has_token {
                errors.iter_mut().for_each(|error| charges::without_suggestions(&mut error.message));
            }
            errors
        }
    }
}

/// What an operation costs, or what is wrong with it. Nothing of it is run.
async fn measured(schema: &Schema, judged: &Judged) -> std::result::Result<usize, Vec<ServerError>> {
    let mut request = Request::new(judged.query.as_str()).variables(judged.variables.clone());
    request.operation_name.clone_from(&judged.operation_name);
    let request = with_document(request, judged.prepared.document.clone());
    let measured = match judged.kind {
        OperationType::Subscription => schema.measured.execute_stream(request).next().await.unwrap_or_default(),
        _ => schema.measured.execute(request).await,
    };
    match measured.errors.first().and_then(|error| error.source::<super::Cost>()) {
        Some(cost) => Ok(cost.0),
        None => Err(measured.errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(body: &str) -> String {
        match GraphqlRequest::read(body.as_bytes()) {
            Err(Error::Malformed(text)) => text.en,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_is_one_object_of_known_members() {
        let read = GraphqlRequest::read(
            br#" {"query": "{a}", "operationName": null, "variables": {"v": 1.50}, "extensions": {}}"#,
        )
        .unwrap();
        assert_eq!(read.query, "{a}");
        assert!(fault("[{\"query\":\"{a}\"}]").contains("one by one"));
        assert!(fault(r#"{"query":"{a}","querry":1}"#).contains("querry"));
        assert!(fault(r#"{"query":"{a}","query":"{b}"}"#).contains("query"));
        assert!(fault("{}").contains("query"));
        assert!(fault(r#"{"query":" "}"#).contains("query"));
        assert!(fault(r#"{"query":"{a}","variables":[1]}"#).contains("variables"));
        assert!(fault(r#"{"query":"{a}","variables":"{}"}"#).contains("variables"));
        assert!(fault(r#"{"query":"{a}","extensions":1}"#).contains("extensions"));
        for broken in ["", "null", "{", "\"{a}\"", "{\"query\":1}"] {
            fault(broken);
        }
    }

    #[test]
    fn variables_nested_without_end_are_refused_not_followed() {
        for depth in [200, 100_000] {
            let body = format!(r#"{{"query":"{{a}}","variables":{{"v":{}{}}}}}"#, "[".repeat(depth), "]".repeat(depth));
            assert!(fault(&body).contains("recursion"), "{depth}");
        }
    }

    #[test]
    fn digits_of_variables_survive() {
        let read =
            GraphqlRequest::read(br#"{"query":"{a}","variables":{"v":[0.1000000000000000055, 12.5, 7]}}"#).unwrap();
        assert_eq!(read.variables.to_string(), r#"{v: ["0.1000000000000000055", 12.5, 7]}"#);
    }

    #[test]
    fn an_address_says_the_same() {
        let read = GraphqlRequest::read_address("query=%7Ba%7D&variables=%7B%22v%22%3A1%7D&operationName=").unwrap();
        assert_eq!((read.query.as_str(), read.operation_name), ("{a}", None));
        assert_eq!(read.variables.to_string(), "{v: 1}");
        for wrong in ["", "query=", "query=%7Ba%7D&query=%7Ba%7D", "query=%7Ba%7D&raw=1", "query=%7Ba%7D&variables=1"] {
            assert!(GraphqlRequest::read_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn statuses_are_those_of_the_specification() {
        let status = |outcome, media| GraphqlAnswer { outcome, ..GraphqlAnswer::executed(Vec::new()) }.status(media);
        assert_eq!(status(Outcome::Executed, Media::Response), 200);
        assert_eq!(status(Outcome::Refused, Media::Response), 400);
        assert_eq!(status(Outcome::Refused, Media::Legacy), 200);
        assert_eq!(status(Outcome::Malformed, Media::Legacy), 400);
        assert_eq!(status(Outcome::MethodNotAllowed, Media::Legacy), 405);
    }
}

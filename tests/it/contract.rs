//! The OpenAPI document as a contract: operations have names, answers are told, and what is answered is what was told.

use std::collections::BTreeSet;

use serde_json::Value;
use zhiqiao::{error::Code, rest};

use crate::app::Answer;

const PROBLEM: &str = "application/problem+json";

/// The document, as those read it who make clients from it.
pub fn document() -> Value {
    serde_json::to_value(rest::openapi()).unwrap()
}

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
        .collect()
}

/// A documented answer, followed to where it is written.
fn answer<'a>(document: &'a Value, operation: &'a Value, status: &str) -> Option<&'a Value> {
    let told = operation["responses"].get(status)?;
    let Some(place) = told["$ref"].as_str() else { return Some(told) };
    Some(document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place} leads nowhere")))
}

/// What is wrong with an answer by the document: a status, a media type or a member that it does not tell of.
pub fn strays(document: &Value, route: &str, is: &Answer) -> Option<String> {
    let all = operations(document);
    let (_, operation) = all.iter().find(|(known, _)| known == route)?;
    let Some(told) = answer(document, operation, &is.status.to_string()) else {
        return Some(format!("{route} answers {}, which is not documented: {}", is.status, is.text));
    };
    let kind = is.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    let kinds: BTreeSet<&str> =
        told["content"].as_object().into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
    if !(kinds.contains(kind) || kinds.is_empty() && is.text.is_empty()) {
        return Some(format!("{route} answers {} as `{kind}`, documented are {kinds:?}", is.status));
    }
    if !kind.contains("json") {
        return None;
    }
    let schema = &told["content"][kind]["schema"];
    fits(document, schema, &is.json(), "").err().map(|why| format!("{route} {}: {why}: {}", is.status, is.text))
}

/// Whether a value is of a schema, as far as the document uses the language: kinds, members, lists, references.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(place) = schema["$ref"].as_str() {
        let there = document.pointer(place.trim_start_matches('#')).ok_or_else(|| format!("{place} leads nowhere"))?;
        return fits(document, there, value, at);
    }
    for all in schema["allOf"].as_array().into_iter().flatten() {
        fits(document, all, value, at)?;
    }
    for name in ["oneOf", "anyOf"] {
        if let Some(any) = schema[name].as_array()
            && !any.iter().any(|one| fits(document, one, value, at).is_ok())
        {
            return Err(format!("{at} is none of {name}: {value}"));
        }
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        return Err(format!("{at} is no {kinds:?}: {value}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at} is none of {words:?}: {value}"));
    }
    if let Some(members) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                return Err(format!("{at} has no `{name}`"));
            }
        }
        for (name, member) in members {
            let known =
                schema["properties"].get(name).or(schema.get("additionalProperties").filter(|one| one.is_object()));
            if let Some(known) = known {
                fits(document, known, member, &format!("{at}/{name}"))?;
            } else if schema["additionalProperties"] == false {
                return Err(format!("{at} has an unknown member `{name}`"));
            }
        }
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            fits(document, &schema["items"], item, &format!("{at}/{number}"))?;
        }
    }
    Ok(())
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    for (route, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{route} has no name"));
        let is_fit = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let says_what = name.bytes().any(|byte| byte.is_ascii_uppercase()) || name == "redeliver";
        assert!(is_fit && says_what, "{route}: `{name}`: give it a row in `NAMES` of api/src/rest/contract.rs");
        assert!(names.insert(name.to_owned()), "{route}: `{name}` is another's");
    }
    assert!(names.len() > 40);
}

/// Every `$ref` of a value, wherever it stands.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    let lost: Vec<&&str> =
        found.iter().filter(|place| document.pointer(place.trim_start_matches('#')).is_none()).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn every_answer_is_told() {
    let document = document();
    for (route, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        let has = |status: u16| responses.contains_key(&status.to_string());
        let takes =
            |place: &str| operation["parameters"].as_array().into_iter().flatten().any(|one| one["in"] == place);
        let is_write = !route.starts_with("GET ") && route.contains(" /v1/") && !route.ends_with("/session");
        // What a role may not see is not there for it: 404, and never 403.
        let is_hidden = ["/webhooks/{", "/accounts/{", "/clients/{"].iter().any(|part| route.contains(part));
        let needed = [
            (401, true),
            (503, true),
            (404, takes("path")),
            (400, takes("query") || is_write || operation.get("requestBody").is_some()),
            (408, operation.get("requestBody").is_some()),
            (413, operation.get("requestBody").is_some()),
            (415, operation.get("requestBody").is_some() && !route.starts_with("POST /oauth/")),
            (409, is_write),
            (422, is_write),
            (403, operation["security"].is_array() && !route.starts_with("GET ") && !is_hidden),
        ];
        for (status, _) in needed.iter().filter(|(_, is_needed)| *is_needed) {
            assert!(has(*status), "{route} does not tell of {status}");
        }
        for status in responses.keys() {
            let number: u16 = status.parse().unwrap();
            let told = answer(&document, operation, status).unwrap();
            assert!(told["description"].as_str().is_some_and(|text| !text.is_empty()), "{route} {status} says nothing");
            // Only what other standards say has other forms.
            let is_other = route.starts_with("POST /oauth/") && number < 413 || route.starts_with("GET /health/");
            if number >= 400 && !is_other {
                assert!(
                    told["content"][PROBLEM]["schema"]["$ref"]
                        .as_str()
                        .is_some_and(|name| name.ends_with("/ProblemView")),
                    "{route} {status} is no problem"
                );
                assert!(Code::ALL.iter().any(|code| code.row().status == number), "{route} {status}");
            }
        }
    }
}

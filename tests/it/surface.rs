//! The two surfaces of the service as one: a test takes its steps by REST and by GraphQL alike.

use serde_json::{Map, Value, json};
use zhiqiao::error::Code;

use crate::app::Caller;

/// By which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Rest,
    Graphql,
}

/// Both doors.
pub const BOTH: [Surface; 2] = [Surface::Rest, Surface::Graphql];

/// What is done to a table, and the words that go with it.
#[derive(Clone, Debug)]
pub enum Verb {
    Get,
    /// The cells.
    Put(Value),
    /// The cells.
    Patch(Value),
    /// The justifications by code.
    Submit(Value),
    Recall,
    Approve,
    /// The reason, and remarks by indicator.
    Return(&'static str, Value),
    Accept,
    /// The reason.
    Reopen(&'static str),
}

/// What came back, in the words of REST.
#[derive(Debug)]
pub struct Outcome {
    pub status: u16,
    /// The table; `null` where there is none.
    pub table: Value,
    /// Everything that is wrong with the input.
    pub errors: Vec<Value>,
    /// The answer as it came.
    pub text: String,
}

impl Outcome {
    /// The codes of what is wrong, in order.
    pub fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = self.errors.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
        codes.sort();
        codes
    }

    /// The tag of the table, for those who see it.
    pub fn etag(&self) -> Option<String> {
        self.table["etag"].as_str().map(str::to_owned)
    }
}

const FIELDS: &str =
    "fragment F on Submission { id school { code } dataset { code } period { code } state revision hash etag
    observations { indicator { code } value status note }
    findings { severity code pointer message expected got previous } missing { code } skippedRules createdAt updatedAt
    lastStep { from to revision at reason cells { indicator { code } remark } justifications { code text } } }";

impl Surface {
    /// Takes a step on a table as a caller.
    pub async fn act(self, caller: &Caller, key: [&str; 3], verb: &Verb, if_match: Option<&str>) -> Outcome {
        match self {
            Self::Rest => rest(caller, key, verb, if_match).await,
            Self::Graphql => graphql(caller, key, verb, if_match).await,
        }
    }
}

async fn rest(caller: &Caller, [school, dataset, period]: [&str; 3], verb: &Verb, if_match: Option<&str>) -> Outcome {
    let path = format!("/v1/schools/{school}/submissions/{dataset}/{period}");
    let (method, end, body) = match verb {
        Verb::Get => ("GET", "", None),
        Verb::Put(cells) => ("PUT", "", Some(json!({ "observations": cells }))),
        Verb::Patch(cells) => ("PATCH", "", Some(json!({ "observations": cells }))),
        Verb::Submit(words) => ("POST", "/submit", Some(json!({ "justifications": words }))),
        Verb::Recall => ("POST", "/recall", None),
        Verb::Approve => ("POST", "/approve", None),
        Verb::Return(reason, remarks) => {
            let cells: Vec<Value> =
                pairs(remarks).map(|(code, remark)| json!({ "indicator": code, "remark": remark })).collect();
            ("POST", "/return", Some(json!({ "reason": reason, "cells": cells })))
        }
        Verb::Accept => ("POST", "/accept", Some(json!({}))),
        Verb::Reopen(reason) => ("POST", "/reopen", Some(json!({ "reason": reason }))),
    };
    let headers: Vec<(&str, &str)> = if_match.map(|tag| ("if-match", tag)).into_iter().collect();
    let answer = caller.send(method, &format!("{path}{end}"), &headers, body.as_ref()).await;
    let json = answer.json();
    let is_good = answer.status < 300;
    if is_good {
        assert_eq!(answer.header("etag"), json["etag"].as_str(), "{}", answer.text);
    } else {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text);
    }
    Outcome {
        status: answer.status,
        errors: json["errors"].as_array().cloned().unwrap_or_default(),
        table: if is_good { json } else { Value::Null },
        text: answer.text,
    }
}

fn pairs(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().into_iter().flatten()
}

/// Cells as the list of an input.
fn listed(cells: &Value) -> Vec<Value> {
    pairs(cells)
        .map(|(code, cell)| {
            let mut one = match cell {
                Value::Object(members) => members.clone(),
                Value::Null => Map::new(),
                value => Map::from_iter([("value".to_owned(), value.clone())]),
            };
            one.insert("indicator".to_owned(), json!(code));
            Value::Object(one)
        })
        .collect()
}

async fn graphql(
    caller: &Caller,
    [school, dataset, period]: [&str; 3],
    verb: &Verb,
    if_match: Option<&str>,
) -> Outcome {
    let mut input = json!({ "school": school, "dataset": dataset, "period": period });
    if let Some(tag) = if_match {
        input["ifMatch"] = json!(tag);
    }
    let name = match verb {
        Verb::Get => {
            let query = format!(
                "query ($school: String!, $dataset: String!, $period: String!) {{ it: submission(school: $school, dataset: $dataset, period: $period) {{ ...F }} }} {FIELDS}"
            );
            let answer = caller.graphql(&query, input).await;
            return outcome(&answer, &answer["data"]["it"]);
        }
        Verb::Put(cells) => {
            input["observations"] = json!(listed(cells));
            "push"
        }
        Verb::Patch(cells) => {
            input["observations"] = json!(listed(cells));
            "patch"
        }
        Verb::Submit(words) => {
            input["justifications"] = pairs(words).map(|(code, text)| json!({ "code": code, "text": text })).collect();
            "submit"
        }
        Verb::Recall => "recall",
        Verb::Approve => "approve",
        Verb::Return(reason, remarks) => {
            input["reason"] = json!(reason);
            input["cells"] =
                pairs(remarks).map(|(code, remark)| json!({ "indicator": code, "remark": remark })).collect();
            "return"
        }
        Verb::Accept => "accept",
        Verb::Reopen(reason) => {
            input["reason"] = json!(reason);
            "reopen"
        }
    };
    let kind = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let also = if matches!(verb, Verb::Put(_) | Verb::Patch(_)) { "removed isFirst" } else { "" };
    let query = format!(
        "mutation ($input: {kind}SubmissionInput!) {{ it: {name}Submission(input: $input) {{ submission {{ ...F }} {also} }} }} {FIELDS}"
    );
    let answer = caller.graphql(&query, json!({ "input": input })).await;
    let mut outcome = outcome(&answer, &answer["data"]["it"]["submission"]);
    if outcome.status == 200 && !also.is_empty() {
        outcome.table["removed"] = answer["data"]["it"]["removed"].clone();
        if answer["data"]["it"]["isFirst"] == true {
            outcome.status = 201;
        }
    }
    outcome
}

/// The status that REST gives for a code of GraphQL.
pub fn status_of(code: &str) -> u16 {
    Code::ALL
        .iter()
        .map(|code| code.row())
        .find(|row| row.name == code)
        .unwrap_or_else(|| panic!("{code} is no code"))
        .status
}

fn outcome(answer: &Value, table: &Value) -> Outcome {
    let text = answer.to_string();
    if let Some(error) = answer["errors"].get(0) {
        let extensions = &error["extensions"];
        assert!(extensions["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{text}");
        let status = status_of(extensions["code"].as_str().unwrap());
        return Outcome {
            status,
            table: Value::Null,
            errors: extensions["errors"].as_array().cloned().unwrap_or_default(),
            text,
        };
    }
    if table.is_null() {
        return Outcome { status: 404, table: Value::Null, errors: Vec::new(), text };
    }
    let mut table = table.clone();
    for name in ["school", "dataset", "period"] {
        table[name] = table[name]["code"].take();
    }
    table["state"] = json!(table["state"].as_str().unwrap().to_lowercase());
    // What is not the caller's to see is left out by REST and null here.
    if table["etag"].is_null() {
        for name in ["revision", "hash", "etag", "observations", "findings", "missing", "skippedRules", "lastStep"] {
            assert!(table[name].is_null(), "{name}: {text}");
            table.as_object_mut().unwrap().remove(name);
        }
        return Outcome { status: 200, table, errors: Vec::new(), text };
    }
    let cells = table["observations"].as_array().unwrap().iter().map(|one| {
        let cell = json!({ "value": one["value"], "status": one["status"], "note": one["note"] });
        (one["indicator"]["code"].as_str().unwrap().to_owned(), cell)
    });
    table["observations"] = Value::Object(cells.collect());
    table["missing"] = table["missing"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    table["skipped_rules"] = table.as_object_mut().unwrap().remove("skippedRules").unwrap();
    let step = table.as_object_mut().unwrap().remove("lastStep").unwrap();
    if !step.is_null() {
        table["last_step"] = last_step(step);
    }
    Outcome { status: 200, table, errors: Vec::new(), text }
}

/// A step in the words of REST: what was not said is left out.
fn last_step(mut step: Value) -> Value {
    for name in ["from", "to"] {
        step[name] = json!(step[name].as_str().unwrap().to_lowercase());
    }
    for cell in step["cells"].as_array_mut().unwrap() {
        cell["indicator"] = cell["indicator"]["code"].take();
    }
    let words = step["justifications"].as_array().unwrap();
    step["justifications"] = Value::Object(
        words.iter().map(|one| (one["code"].as_str().unwrap().to_owned(), one["text"].clone())).collect(),
    );
    let is_said = |value: &Value| match value {
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
        other => !other.is_null(),
    };
    step.as_object_mut().unwrap().retain(|_, value| is_said(value));
    step
}

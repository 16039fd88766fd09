//! Members that nobody asked for: a body that also names a state, a hash, another school or role is refused,
//! it is never half read.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use zhiqiao::rest;

use super::{is_well, refused, soon};
use crate::{
    access,
    app::{Caller, TestApp},
    contract,
};

/// What somebody might hope to set.
const HOPED: &[&str] = &[
    "state",
    "revision",
    "hash",
    "etag",
    "school",
    "role",
    "org",
    "id",
    "version",
    "created_at",
    "updated_at",
    "subject",
    "sender",
    "is_demo",
    "is_disabled",
    "duty",
    "secret",
    "chain_hash",
    "published_at",
    "previous_secret",
    "client_id",
    "__proto__",
    "constructor",
    "$ref",
];

/// The writes that read JSON, and the names that their bodies know.
fn writes() -> Vec<(String, Vec<String>)> {
    let document = serde_json::to_value(rest::openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else { continue };
            let name = schema["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap();
            let known =
                schemas[name]["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            found.push((format!("{} {path}", method.to_uppercase()), known));
        }
    }
    assert!(found.len() > 15, "{found:?}");
    found
}

#[tokio::test]
async fn no_body_takes_a_member_that_is_not_its_own() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let callers = access::callers(&server).await;
    let school = server.client("school-62001").await;
    let wish = json!({ "url": "http://127.0.0.1:9/", "events": ["release.published"] });
    let webhook = school.post("/v1/webhooks", None, &wish).await.expect(201).json();
    let id = webhook["id"].as_str().unwrap();
    let document = contract::document();
    let mut told = BTreeSet::new();
    for (route, known) in writes() {
        let good = access::body(&route).unwrap_or_else(|| json!({}));
        for hoped in HOPED.iter().filter(|hoped| !known.iter().any(|one| one == *hoped)) {
            let mut body = good.clone();
            body[*hoped] = json!("x");
            for (caller, (role, _)) in callers.iter().zip(access::ROLES) {
                let about = format!("{route} with `{hoped}` as {role}");
                let (method, path) = route.split_once(' ').unwrap();
                let path = access::placed(path, "own").replace("{webhook}", id).replace("{version}", "1.0.0");
                let answer = soon(&about, caller.send(method, &path, &[("if-match", "*")], Some(&body))).await;
                refused(&answer, &about);
                assert_eq!(contract::strays(&document, &route, &answer), None, "{about}");
                // Who gets as far as the body is told of the member, and not of something else in it.
                if ![401, 403, 404].contains(&answer.status) {
                    assert!(answer.text.contains(hoped), "{about} is refused for something else: {}", answer.text);
                    told.insert(route.clone());
                }
            }
        }
    }
    // Those of a session are for people, and read by hand: they have a test of their own.
    let asked = writes().into_iter().map(|(route, _)| route).filter(|one| !one.contains(" /v1/session/"));
    let never: Vec<String> = asked.filter(|one| !told.contains(one)).collect();
    assert!(never.is_empty(), "nobody got as far as these bodies: {never:?}");
    let now = school.get(&format!("/v1/webhooks/{id}")).await.expect(200).json();
    assert_eq!(now["etag"], webhook["etag"]);
    is_well(&server).await;
    server.stop().await;
}

/// A cell, a remark, a table of many: what lies deeper knows its members as well.
#[tokio::test]
async fn nothing_within_a_body_takes_a_member_that_is_not_its_own() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (school, city) = (server.client("school-62001").await, server.client("city-620100").await);
    let table = "/v1/schools/62001/submissions/talent/2031";
    for (caller, method, path, body) in [
        (&school, "PUT", table.to_owned(), json!({ "observations": { "talent.graduates": { "value": 1, "X": "x" } } })),
        (
            &school,
            "PATCH",
            table.to_owned(),
            json!({ "observations": { "talent.graduates": { "value": 1, "X": "x" } } }),
        ),
        (
            &city,
            "POST",
            format!("{table}/return"),
            json!({ "reason": "a", "cells": [{ "indicator": "talent.graduates", "remark": "b", "X": "x" }] }),
        ),
        (
            &city,
            "POST",
            "/v1/submissions/approve".to_owned(),
            json!({ "tables": [{ "school": "62001", "dataset": "talent", "period": "2031", "X": "x" }] }),
        ),
    ] {
        for hoped in HOPED {
            if body.to_string().contains(&format!("\"{hoped}\"")) {
                continue;
            }
            let body: Value =
                serde_json::from_str(&body.to_string().replace("\"X\"", &format!("\"{hoped}\""))).unwrap();
            let about = format!("{method} {path} {body}");
            let answer = soon(&about, caller.send(method, &path, &[("if-match", "*")], Some(&body))).await;
            refused(&answer, &about);
            assert!([400, 404, 422].contains(&answer.status), "{about}: {}", answer.text);
        }
    }
    school.get(table).await.expect(404);
    server.stop().await;
}

/// The inputs of all mutations, from the schema itself: what must be given, and all names that they know.
async fn inputs(caller: &Caller) -> Vec<(String, String, Map<String, Value>, Vec<String>)> {
    let query = "{ __schema { mutationType { fields { name args { name type { ofType { name kind } } } } }
        types { kind name enumValues { name } inputFields { name defaultValue type { kind name ofType { kind name ofType { kind name } } } } } } }";
    let data = Caller::data(caller.graphql(query, json!({})).await)["__schema"].take();
    let types: Map<String, Value> = data["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone()))
        .collect();
    let mut found = Vec::new();
    for field in data["mutationType"]["fields"].as_array().unwrap() {
        let argument = &field["args"][0];
        let Some(name) = argument["type"]["ofType"]["name"].as_str().filter(|name| name.ends_with("Input")) else {
            continue;
        };
        let members = types[name]["inputFields"].as_array().unwrap().iter().filter_map(|one| {
            // Only what must be given, with a value of its kind.
            let of = &one["type"]["ofType"];
            let is_required = one["type"]["kind"] == "NON_NULL" && one["defaultValue"].is_null();
            let value = match (of["kind"].as_str().unwrap_or_default(), of["name"].as_str().unwrap_or_default()) {
                ("LIST", _) => json!([]),
                ("ENUM", kind) => types[kind]["enumValues"][0]["name"].clone(),
                (_, "Int") => json!(1),
                (_, "Decimal") => json!("1"),
                (_, "Boolean") => json!(true),
                (_, "Date") => json!("2031-01-01"),
                (_, "DateTime") => json!("2031-01-01T00:00:00Z"),
                _ => json!("x"),
            };
            is_required.then(|| (one["name"].as_str().unwrap().to_owned(), value))
        });
        let known = types[name]["inputFields"].as_array().unwrap().iter();
        let known = known.map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        found.push((field["name"].as_str().unwrap().to_owned(), name.to_owned(), members.collect(), known));
    }
    assert!(found.len() > 15, "{}", found.len());
    found
}

#[tokio::test]
async fn no_input_takes_a_member_that_is_not_its_own() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let callers = access::callers(&server).await;
    for (mutation, kind, members, known) in inputs(&callers[0]).await {
        let query = format!("mutation ($input: {kind}!) {{ it: {mutation}(input: $input) {{ __typename }} }}");
        for hoped in [
            "state",
            "revision",
            "hash",
            "etag",
            "role",
            "org",
            "id",
            "version",
            "createdAt",
            "subject",
            "secret",
            "chainHash",
        ] {
            if known.iter().any(|one| one == hoped) {
                continue;
            }
            let mut input = members.clone();
            input.insert(hoped.to_owned(), json!("x"));
            for (caller, (role, _)) in callers.iter().zip(access::ROLES) {
                let about = format!("{mutation} with `{hoped}` as {role}");
                let body = json!({ "query": query, "variables": { "input": input } });
                let accept = [("accept", "application/graphql-response+json")];
                let answer = soon(&about, caller.send("POST", "/graphql", &accept, Some(&body))).await;
                refused(&answer, &about);
                let said = answer.json();
                assert_eq!(said["errors"][0]["extensions"]["code"], "MALFORMED", "{about}: {}", answer.text);
                assert!(
                    said["errors"].to_string().contains(hoped),
                    "{about} is refused for something else: {}",
                    answer.text
                );
            }
        }
    }
    is_well(&server).await;
    server.stop().await;
}

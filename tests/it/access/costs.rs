//! What somebody may not know of costs as much as what never was: not a statement more or less, at every route and
//! field that has an answer for both. The time of an answer then tells no more than its text.

use std::collections::BTreeMap;

use serde_json::json;

use super::{OBJECTS, ROLES, Row, ask, callers, placed, rows, staged};
use crate::app::{Answer, Server, TestApp};

/// How often something is asked before what it costs is believed to be what it is...
const FEWEST: usize = 3;
/// ... and before two costs are believed to differ: jobs beside it may send statements of their own.
const MOST: usize = 40;

/// What is hidden from a role, beside what never was, for each question that has both: by the verdicts of its rows.
fn pairs<'a>(rows: &'a [Row<'a>], role: usize, verdicts: &[&str]) -> Vec<(&'a str, &'a str, &'a str)> {
    let mut asked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| verdicts.contains(&row.verdicts[role])) {
        asked.entry(row.asked).or_default().push(row.object);
    }
    let mut pairs = Vec::new();
    for (asked, objects) in asked {
        let (never, hidden): (Vec<&str>, Vec<&str>) = objects.into_iter().partition(|object| object.starts_with("no-"));
        for object in hidden {
            let nothing = match (object, never.first()) {
                (_, Some(nothing)) => Some(*nothing),
                ("hidden", _) => Some("nowhere"),
                ("sibling", _) => Some("sibling-unstated"),
                ("foreign", _) => Some("foreign-unstated"),
                // The registry is public: a school that is not in it may cost less.
                ("absent" | "nowhere" | "unstated" | "-", _) => None,
                // What is published is nobody's secret.
                _ if !asked.contains("{school}") && !asked.contains("{id}") => None,
                (table, _) if OBJECTS.iter().any(|(name, _)| *name == table) => Some("unstated"),
                (other, _) => panic!("{asked}: what is like {other}, and never was?"),
            };
            pairs.extend(nothing.map(|nothing| (asked, object, nothing)));
        }
    }
    pairs
}

/// What a question costs at least.
async fn cost(app: &TestApp, least: &mut u64, question: &impl AsyncFn() -> Answer) -> u16 {
    // A release may have been made elsewhere: who asks for one after a while asks the database first.
    app.house.memory.refresh().await.unwrap();
    let before = app.house.db.statements();
    let answer = question().await;
    *least = (*least).min(app.house.db.statements() - before);
    answer.status
}

/// What two questions cost at least, where that differs.
async fn differ(app: &TestApp, one: impl AsyncFn() -> Answer, other: impl AsyncFn() -> Answer) -> Option<(u64, u64)> {
    let mut costs = (u64::MAX, u64::MAX);
    for tries in 1..=MOST {
        let answers = (cost(app, &mut costs.0, &one).await, cost(app, &mut costs.1, &other).await);
        assert_eq!(answers.0, answers.1);
        if tries >= FEWEST && costs.0 == costs.1 {
            return None;
        }
    }
    Some(costs)
}

async fn serving() -> (TestApp, Server) {
    let app = staged().await;
    let server = app.serve().await;
    (app, server)
}

#[tokio::test]
async fn what_is_hidden_costs_what_never_was_by_rest() {
    let (app, server) = serving().await;
    let rows = rows(super::ROUTES);
    let (mut compared, mut wrong) = (0, Vec::new());
    for (at, caller) in callers(&server).await.iter().enumerate() {
        for (route, object, nothing) in pairs(&rows, at, &["404"]) {
            compared += 1;
            let differ =
                differ(&app, async || ask(caller, route, object).await, async || ask(caller, route, nothing).await);
            if let Some(costs) = differ.await {
                wrong.push(format!("{route} as {}: {object}, {nothing}: {costs:?}", ROLES[at].0));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 300, "{compared} pairs");
    server.stop().await;
}

#[tokio::test]
async fn what_is_hidden_costs_what_never_was_by_graphql() {
    let (app, server) = serving().await;
    let mut rows = rows(super::graphql::FIELDS);
    // Fields of objects are asked of what is there.
    rows.retain(|row| ["Query", "Mutation"].contains(&super::graphql::heading(row.asked).0));
    let (mut compared, mut wrong) = (0, Vec::new());
    for (at, caller) in callers(&server).await.iter().enumerate() {
        for (line, object, nothing) in pairs(&rows, at, &["404", "null"]) {
            let (kind, fields, template) = super::graphql::heading(line);
            for field in fields {
                let asking = |object: &str| {
                    let text = placed(&template.replace("{id}", &super::graphql::id(object)), object);
                    let body = json!({ "query": text.replace("$field", field) });
                    async move || caller.send("POST", "/graphql", &[], Some(&body)).await
                };
                compared += 1;
                if let Some(costs) = differ(&app, asking(object), asking(nothing)).await {
                    wrong.push(format!("{kind}.{field} as {}: {object}, {nothing}: {costs:?}", ROLES[at].0));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 100, "{compared} pairs");
    server.stop().await;
}

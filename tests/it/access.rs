//! Who gets what: every documented route and every GraphQL field, as every role, on its own, its
//! neighbours', a stranger's and nobody's objects. What has no verdict here fails, and so does a
//! verdict about nothing.

mod graphql;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, Utc};
use entity::{
    account,
    ids::{AccountId, DeliveryId, RowId, WebhookId},
    target, task, task_evaluation, task_report, task_verdict, webhook, webhook_delivery,
    words::{
        DeliveryState, Duty, ReleaseKind, Role as Word, SubmissionState as State, TaskSetter, TaskState, TaskVerdict,
    },
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{
        clients,
        collections::{self, Extend},
        feed::Place,
        releases::{self, New},
        submissions::Key,
    },
    rest,
};

use crate::{
    app::{Answer, Caller, Server, TestApp},
    contract, stage,
    wire::{bare, problem, send},
};

/// The columns of both tables: a role, and the demo client that has it.
pub const ROLES: [(&str, &str); 9] = [
    ("PUBLIC", ""),
    ("ADMIN", "admin"),
    ("AUDITOR", "auditor"),
    ("PROVINCE", "province-620000"),
    ("CITY", "city-620100"),
    ("SCHOOL", "school-62001"),
    ("AGENCY", "agency-engineering"),
    ("ENTERPRISE", "enterprise-eeadeb0f3"),
    ("ANALYST", "analyst"),
];

/// What a table calls an object: school, dataset, period.
pub const OBJECTS: &[(&str, [&str; 3])] = &[
    ("own", ["62001", "scale", "2023"]),
    ("sibling", ["62002", "scale", "2023"]),
    ("foreign", ["62005", "scale", "2023"]),
    ("absent", ["62099", "scale", "2023"]),
    // A school that is there, and a table that it has not reported.
    ("unstated", ["62001", "scale", "1999"]),
    ("accepted", ["62001", "talent", "2011"]),
    ("approved", ["62001", "talent", "2012"]),
    ("submitted", ["62001", "talent", "2013"]),
    ("returned", ["62001", "talent", "2014"]),
    ("draft", ["62001", "talent", "2015"]),
    ("awaiting", ["62001", "talent", "2017"]),
    // Collections: one in time, one that is late and of which 62005 was given longer, and none.
    ("task", ["62001", "talent", "2031"]),
    ("late", ["62001", "scale", "2031"]),
    ("no-task", ["62001", "talent", "2099"]),
    ("-", ["", "", ""]),
];

/// What a table calls a webhook of 62001, with a message of its own, one that never was, and one of its city.
const WEBHOOKS: &[(&str, &str)] = &[
    ("endpoint", "0197a1b2-7c3d-7000-8000-000000000001"),
    ("no-endpoint", "0197a1b2-7c3d-7000-8000-000000000002"),
    ("parent-endpoint", "0197a1b2-7c3d-7000-8000-000000000003"),
];

/// What a table calls an account and a client, each with one that never was.
const PEOPLE: &[(&str, &str)] = &[
    ("person", "0197a1b2-7c3d-7000-8000-000000000003"),
    ("no-person", "0197a1b2-7c3d-7000-8000-000000000004"),
    ("program", "access-program"),
    ("no-program", "access-nobody"),
];

/// What a table calls a task, a target and an evaluation: of 62001 (of a target: its city), printed and of another
/// city, and one that never was.
const ERRANDS: &[(&str, &str)] = &[
    ("errand", "0197a1b2-7c3d-7000-8000-000000000005"),
    ("printed-errand", "0197a1b2-7c3d-7000-8000-000000000006"),
    ("no-errand", "0197a1b2-7c3d-7000-8000-000000000007"),
];

/// What a table calls a release.
const VERSIONS: &[(&str, &str)] = &[("published", "1.0.0"), ("hidden", "1.2.0"), ("nowhere", "7.7.7")];

/// By REST. The tables are accepted, so that every official sees them; writes name a stale tag, so
/// that who may write is told 412 and nothing changes.
const ROUTES: &str = "
                                                       PUBLIC ADMIN AUDITOR PROVINCE CITY SCHOOL AGENCY ENTERPRISE ANALYST
GET /health/live
    -                                                  200    200   200     200      200  200    200    200        200
GET /health/ready
    -                                                  200    200   200     200      200  200    200    200        200
GET /.well-known/jwks.json
    -                                                  200    200   200     200      200  200    200    200        200
GET /.well-known/oauth-authorization-server
    -                                                  200    200   200     200      200  200    200    200        200
POST /oauth/token
    -                                                  400    400   400     400      400  400    400    400        400
POST /oauth/revoke
    -                                                  400    400   400     400      400  400    400    400        400
POST /v1/session
    -                                                  422    422   422     422      422  422    422    422        422
PUT /v1/session/password
    -                                                  401    403   403     403      403  403    403    403        403
POST /v1/session/totp
    -                                                  401    403   403     403      403  403    403    403        403
POST /v1/session/totp/confirm
    -                                                  401    403   403     403      403  403    403    403        403
POST /v1/session/totp/remove
    -                                                  401    403   403     403      403  403    403    403        403
GET /v1/accounts
    -                                                  401    200   403     403      403  403    403    403        403
POST /v1/accounts
    -                                                  401    422   403     403      403  403    403    403        403
GET /v1/accounts/{account}
    person                                             401    200   404     404      404  404    404    404        404
    no-person                                          401    404   404     404      404  404    404    404        404
PATCH /v1/accounts/{account}
    person                                             401    412   404     404      404  404    404    404        404
    no-person                                          401    404   404     404      404  404    404    404        404
POST /v1/accounts/{account}/reset
    person                                             401    200   404     404      404  404    404    404        404
    no-person                                          401    404   404     404      404  404    404    404        404
GET /v1/clients
    -                                                  401    200   403     403      403  403    403    403        403
POST /v1/clients
    -                                                  401    422   403     403      403  403    403    403        403
GET /v1/clients/{client}
    program                                            401    200   404     404      404  404    404    404        404
    no-program                                         401    404   404     404      404  404    404    404        404
PATCH /v1/clients/{client}
    program                                            401    412   404     404      404  404    404    404        404
    no-program                                         401    404   404     404      404  404    404    404        404
POST /v1/clients/{client}/rotate
    program                                            401    200   404     404      404  404    404    404        404
    no-program                                         401    404   404     404      404  404    404    404        404
GET /v1/schools/{school}/submissions/{dataset}/{period}
    own                                                401    404   404     200      200  200    404    404        404
    sibling                                            401    404   404     200      200  404    404    404        404
    foreign                                            401    404   404     200      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
PUT /v1/schools/{school}/submissions/{dataset}/{period}
    own                                                401    404   404     403      403  412    404    404        404
    sibling                                            401    404   404     403      403  404    404    404        404
    foreign                                            401    404   404     403      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     403      403  412    404    404        404
PATCH /v1/schools/{school}/submissions/{dataset}/{period}
    own                                                401    404   404     403      403  412    404    404        404
    sibling                                            401    404   404     403      403  404    404    404        404
    foreign                                            401    404   404     403      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     403      403  404    404    404        404
POST /v1/schools/{school}/submissions/{dataset}/{period}/submit
    own                                                401    404   404     403      403  412    404    404        404
    sibling                                            401    404   404     403      403  404    404    404        404
    foreign                                            401    404   404     403      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
POST /v1/schools/{school}/submissions/{dataset}/{period}/recall
    own                                                401    404   404     403      403  412    404    404        404
    sibling                                            401    404   404     403      403  404    404    404        404
    foreign                                            401    404   404     403      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
POST /v1/schools/{school}/submissions/{dataset}/{period}/approve
    own                                                401    404   404     403      412  403    404    404        404
    sibling                                            401    404   404     403      412  404    404    404        404
    foreign                                            401    404   404     403      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
POST /v1/schools/{school}/submissions/{dataset}/{period}/return
    own                                                401    404   404     412      412  403    404    404        404
    sibling                                            401    404   404     412      412  404    404    404        404
    foreign                                            401    404   404     412      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
POST /v1/schools/{school}/submissions/{dataset}/{period}/accept
    own                                                401    404   404     412      403  403    404    404        404
    sibling                                            401    404   404     412      403  404    404    404        404
    foreign                                            401    404   404     412      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
POST /v1/schools/{school}/submissions/{dataset}/{period}/reopen
    own                                                401    404   404     412      403  403    404    404        404
    sibling                                            401    404   404     412      403  404    404    404        404
    foreign                                            401    404   404     412      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
POST /v1/submissions/approve
    -                                                  401    403   403     403      422  403    403    403        403
POST /v1/submissions/accept
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/schools/{school}/submissions/{dataset}/{period}/revisions
    own                                                401    404   404     200      200  200    404    404        404
    sibling                                            401    404   404     200      200  404    404    404        404
    foreign                                            401    404   404     200      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
GET /v1/schools/{school}/submissions/{dataset}/{period}/revisions/{n}
    own                                                401    404   404     200      200  200    404    404        404
    sibling                                            401    404   404     200      200  404    404    404        404
    foreign                                            401    404   404     200      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
GET /v1/submissions
    -                                                  401    403   403     200      200  200    403    403        403
GET /v1/datasets
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/indicators
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/datasets
    -                                                  401    403   403     409      403  403    403    403        403
PATCH /v1/datasets/{dataset}
    own                                                401    403   403     412      403  403    403    403        403
POST /v1/indicators
    -                                                  401    403   403     409      403  403    403    403        403
PATCH /v1/indicators/{indicator}
    -                                                  401    403   403     412      403  403    403    403        403
GET /v1/periods
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/periods
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/rules
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/rules
    -                                                  401    403   403     409      403  403    403    403        403
PATCH /v1/rules/{code}
    -                                                  401    403   403     412      403  403    403    403        403
POST /v1/rules/dry-run
    -                                                  401    403   403     200      403  403    403    403        403
GET /v1/changes
    -                                                  401    200   200     200      200  200    200    200        200
GET /v1/audit
    -                                                  401    403   200     403      403  403    403    403        403
GET /v1/audit/export
    -                                                  401    403   200     403      403  403    403    403        403
GET /v1/accesses
    -                                                  401    403   200     403      403  200    403    403        403
GET /v1/webhooks
    -                                                  401    403   403     200      200  200    403    200        403
POST /v1/webhooks
    -                                                  401    403   403     422      422  422    403    422        403
GET /v1/webhooks/{webhook}
    endpoint                                           401    404   404     404      404  200    404    404        404
    parent-endpoint                                    401    404   404     404      200  404    404    404        404
    no-endpoint                                        401    404   404     404      404  404    404    404        404
PATCH /v1/webhooks/{webhook}
    endpoint                                           401    404   404     404      404  412    404    404        404
    parent-endpoint                                    401    404   404     404      412  404    404    404        404
    no-endpoint                                        401    404   404     404      404  404    404    404        404
GET /v1/webhooks/{webhook}/deliveries
    endpoint                                           401    404   404     404      404  200    404    404        404
    parent-endpoint                                    401    404   404     404      200  404    404    404        404
    no-endpoint                                        401    404   404     404      404  404    404    404        404
POST /v1/webhooks/{webhook}/deliveries/{delivery}/redeliver
    endpoint                                           401    404   404     404      404  409    404    404        404
    parent-endpoint                                    401    404   404     404      409  404    404    404        404
    no-endpoint                                        401    404   404     404      404  404    404    404        404
POST /v1/webhooks/{webhook}/rotate
    endpoint                                           401    404   404     404      404  200    404    404        404
    parent-endpoint                                    401    404   404     404      200  404    404    404        404
    no-endpoint                                        401    404   404     404      404  404    404    404        404
DELETE /v1/webhooks/{webhook}
    no-endpoint                                        401    404   404     404      404  404    404    404        404
    endpoint                                           401    404   404     404      404  204    404    404        404
    parent-endpoint                                    401    404   404     404      204  404    404    404        404
GET /v1/claims/explanations
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/claims/explanations
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/claims/reconciliation
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/claims/reconciliation
    -                                                  401    403   403     201      201  403    403    403        403
GET /v1/claims/reconciliations
    -                                                  401    403   403     200      200  403    403    403        403
GET /v1/claims/reconciliations/{reconciliation}
    absent                                             401    404   404     404      404  404    404    404        404
GET /v1/collections
    -                                                  401    200   200     200      200  200    200    200        200
POST /v1/collections
    -                                                  401    403   403     409      403  403    403    403        403
GET /v1/collections/{dataset}/{period}
    task                                               401    404   404     200      200  200    404    404        404
    no-task                                            401    404   404     404      404  404    404    404        404
PATCH /v1/collections/{dataset}/{period}
    task                                               401    404   404     412      403  403    404    404        404
    no-task                                            401    404   404     404      404  404    404    404        404
POST /v1/collections/{dataset}/{period}/extensions
    task                                               401    404   404     201      403  403    404    404        404
    no-task                                            401    404   404     404      404  404    404    404        404
POST /v1/batches
    -                                                  401    403   403     415      403  415    403    403        403
GET /v1/batches/{id}
    absent                                             401    404   404     404      404  404    404    404        404
GET /v1/templates/{dataset}.xlsx
    own                                                401    404   404     403      403  200    404    404        404
    sibling                                            401    404   404     403      403  404    404    404        404
    foreign                                            401    404   404     403      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     403      403  200    404    404        404
GET /sdmx/2.1/data/{flow}/{key}
    own                                                200    200   200     200      200  200    200    200        200
GET /sdmx/2.1/{resource}/{agency}/{id}/{version}
    own                                                200    200   200     200      200  200    200    200        200
GET /v1/data/{dataset}.csv
    own                                                200    200   200     200      200  200    200    200        200
GET /v1/data/{dataset}.json
    own                                                200    200   200     200      200  200    200    200        200
GET /v1/data/{dataset}.parquet
    own                                                200    200   200     200      200  200    200    200        200
GET /v1/data/{dataset}.xlsx
    own                                                200    200   200     200      200  200    200    200        200
GET /v1/data/{dataset}.arrow
    own                                                200    200   200     200      200  200    200    200        200
GET /v1/releases
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/releases
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/releases/{version}/changes
    published                                          200    200   200     200      200  200    200    200        200
    hidden                                             404    404   404     200      404  404    404    404        404
    nowhere                                            404    404   404     404      404  404    404    404        404
POST /v1/releases/preview
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/compliance
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/releases/{version}
    published                                          200    200   200     200      200  200    200    200        200
    hidden                                             404    404   404     200      404  404    404    404        404
    nowhere                                            404    404   404     404      404  404    404    404        404
GET /v1/releases/{version}/datapackage.json
    published                                          200    200   200     200      200  200    200    200        200
    hidden                                             404    404   404     200      404  404    404    404        404
    nowhere                                            404    404   404     404      404  404    404    404        404
GET /v1/releases/{version}/dictionary.csv
    published                                          200    200   200     200      200  200    200    200        200
    hidden                                             404    404   404     200      404  404    404    404        404
    nowhere                                            404    404   404     404      404  404    404    404        404
GET /v1/reports/{period}
    own                                                200    200   200     200      200  200    200    200        200
GET /v1/reports/{period}/{file}
    own                                                404    404   404     404      404  404    404    404        404
GET /v1/tasks
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/tasks
    -                                                  401    403   403     422      422  403    403    403        403
GET /v1/tasks/{task}
    errand                                             404    404   404     200      200  200    404    404        404
    printed-errand                                     200    200   200     200      200  200    200    200        200
    no-errand                                          404    404   404     404      404  404    404    404        404
PATCH /v1/tasks/{task}
    errand                                             404    404   404     412      412  403    404    404        404
    printed-errand                                     401    403   403     412      403  403    403    403        403
    no-errand                                          404    404   404     404      404  404    404    404        404
POST /v1/tasks/{task}/reports
    errand                                             401    404   404     403      403  201    404    404        404
    printed-errand                                     401    403   403     403      403  403    403    403        403
    no-errand                                          401    404   404     404      404  404    404    404        404
POST /v1/tasks/{task}/verdicts
    errand                                             401    404   404     403      412  403    404    404        404
    printed-errand                                     401    403   403     412      403  403    403    403        403
    no-errand                                          401    404   404     404      404  404    404    404        404
GET /v1/task-evaluations
    -                                                  401    200   200     200      200  200    200    200        200
POST /v1/task-evaluations
    -                                                  401    403   403     422      422  403    403    403        403
GET /v1/task-evaluations/{evaluation}
    errand                                             401    404   404     200      200  200    404    404        404
    no-errand                                          401    404   404     404      404  404    404    404        404
GET /v1/targets
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/targets
    -                                                  401    403   403     422      422  403    403    403        403
GET /v1/targets/{target}
    errand                                             200    200   200     200      200  200    200    200        200
    no-errand                                          404    404   404     404      404  404    404    404        404
PATCH /v1/targets/{target}
    errand                                             401    403   403     412      412  403    403    403        403
    no-errand                                          404    404   404     404      404  404    404    404        404
GET /v1/policies
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/city-figures
    -                                                  200    200   200     200      200  200    200    200        200
DELETE /v1/session
    -                                                  204    204   204     204      204  204    204    204        204
";

/// A tag of no state that ever was.
const STALE: &str = "\"9-9-0000000000000000\"";

/// One row of a table: what is asked, of which object, and the verdict for each role.
struct Row<'a> {
    asked: &'a str,
    object: &'a str,
    verdicts: Vec<&'a str>,
}

/// Reads a table: a line that begins at the margin says what is asked, the indented ones below give verdicts.
fn rows(table: &str) -> Vec<Row<'_>> {
    let (mut rows, mut asked) = (Vec::new(), "");
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        if !line.starts_with(' ') {
            asked = line;
            continue;
        }
        let mut words = line.split_whitespace();
        let object = words.next().unwrap();
        let verdicts: Vec<&str> = words.collect();
        if object == ROLES[0].0 {
            assert!(verdicts.iter().eq(ROLES[1..].iter().map(|(role, _)| role)), "the columns are the roles");
            continue;
        }
        assert_eq!(verdicts.len(), ROLES.len(), "{asked} {object}: a verdict for each role");
        rows.push(Row { asked, object, verdicts });
    }
    rows
}

/// Puts the parts of an object into a text that has places for them.
pub fn placed(text: &str, object: &str) -> String {
    let text = text.replace("{resource}/{agency}/{id}/{version}", "dataflow/all/all/latest");
    let text = text.replace("{flow}/{key}", "{dataset}/all");
    if let Some((_, version)) = VERSIONS.iter().find(|(name, _)| *name == object) {
        return text.replace("{version}", version);
    }
    if let Some((_, id)) = WEBHOOKS.iter().find(|(name, _)| *name == object) {
        return text.replace("{webhook}", id).replace("{delivery}", id);
    }
    if let Some((_, id)) = ERRANDS.iter().find(|(name, _)| *name == object) {
        return text.replace("{task}", id).replace("{evaluation}", id).replace("{target}", id);
    }
    if let Some((_, name)) = PEOPLE.iter().find(|(name, _)| *name == object) {
        return text.replace("{account}", name).replace("{client}", name);
    }
    let (_, [school, dataset, period]) =
        OBJECTS.iter().find(|(name, _)| *name == object).unwrap_or_else(|| panic!("{object}?"));
    let text =
        text.replace("{code}", "talent.placement_low").replace("{indicator}", "talent.graduates").replace("{n}", "1");
    text.replace("{school}", school).replace("{dataset}", dataset).replace("{period}", period)
}

/// A table with a warning, and a period before it that has the same.
fn talent() -> Value {
    let mut cells = stage::talent(8_000);
    for (code, value) in [("in_sectors", 10), ("primary", 1), ("secondary", 2), ("tertiary", 3)] {
        cells[format!("talent.employed_{code}")] = json!(value);
    }
    cells
}

/// A webhook with a message.
async fn endpoint(app: &TestApp, id: &str, (role, org): (Word, &str)) {
    // Disabled, so that nothing is sent anywhere.
    let id = uuid::Uuid::parse_str(id).unwrap();
    let endpoint = webhook::Model {
        id: WebhookId(id),
        role,
        org: org.to_owned(),
        url: "https://example.org/hook".to_owned(),
        events: "[]".to_owned(),
        secret: "whsec_AAAA".to_owned().into(),
        previous_secret: None,
        previous_until: None,
        version: 1,
        cursor: Place::default().cursor(),
        is_disabled: true,
        failing_since: None,
        created_by: "test".to_owned(),
        created_at: Utc::now(),
    };
    let db = app.house.db.write();
    webhook::Entity::insert(webhook::ActiveModel::from(endpoint)).exec_without_returning(db).await.unwrap();
    let message = webhook_delivery::Model {
        id: DeliveryId(id),
        webhook_id: WebhookId(id),
        place: "x".to_owned(),
        event: "submission.pushed".to_owned(),
        body: "{}".to_owned(),
        state: DeliveryState::Delivered,
        attempts: 1,
        next_at: Utc::now(),
        leased_until: None,
        last_at: None,
        last_status: None,
        last_error: None,
        created_at: Utc::now(),
    };
    let message = webhook_delivery::ActiveModel::from(message);
    webhook_delivery::Entity::insert(message).exec_without_returning(db).await.unwrap();
}

/// A task of 62001 on its way, one that another city has printed; an evaluation of 62001, and a target of its city.
async fn errands(app: &TestApp) {
    let id = |at: usize| RowId(uuid::Uuid::parse_str(ERRANDS[at].1).unwrap());
    let db = app.house.db.write();
    let own = task::Model {
        id: id(0),
        position: 1,
        city_code: "620100".into(),
        school_code: Some("62001".into()),
        department: None,
        title: "a task".to_owned(),
        title_en: Some("a task".to_owned()),
        departments: "市教育局".to_owned(),
        due: "2099年".to_owned(),
        due_year: Some(2099),
        due_on: "2099-12-31".parse().ok(),
        set_by: TaskSetter::City,
        source: None,
        state: TaskState::Open,
        is_amended: true,
        version: 1,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    };
    let printed = task::Model {
        id: id(1),
        city_code: "620500".into(),
        school_code: None,
        source: Some("a document".to_owned()),
        ..own.clone()
    };
    for row in [own, printed] {
        task::Entity::insert(task::ActiveModel::from(row)).exec_without_returning(db).await.unwrap();
    }
    let report = task_report::Model {
        task_id: id(0),
        number: 1,
        text: "words".to_owned(),
        percent: Some(50),
        evidence: "[\"https://example.org/\"]".to_owned(),
        is_done: false,
        actor: "test".to_owned(),
        actor_role: "SCHOOL".to_owned(),
        at: Utc::now(),
    };
    task_report::Entity::insert(task_report::ActiveModel::from(report)).exec_without_returning(db).await.unwrap();
    let verdict = task_verdict::Model {
        task_id: id(0),
        number: 1,
        verdict: TaskVerdict::Returned,
        reason: "words".to_owned(),
        actor: "test".to_owned(),
        actor_role: "CITY".to_owned(),
        at: Utc::now(),
    };
    task_verdict::Entity::insert(task_verdict::ActiveModel::from(verdict)).exec_without_returning(db).await.unwrap();
    let evaluation = task_evaluation::Model {
        id: id(0),
        year: 2023,
        whose: "62001".to_owned(),
        city_code: "620100".into(),
        school_code: Some("62001".into()),
        document: "{}".to_owned(),
        hash: "0".repeat(64),
        actor: "test".to_owned(),
        at: Utc::now(),
    };
    let evaluation = task_evaluation::ActiveModel::from(evaluation);
    task_evaluation::Entity::insert(evaluation).exec_without_returning(db).await.unwrap();
    let promise = target::Model {
        id: id(0),
        position: 1_000,
        owner_name: "兰州市".to_owned(),
        owner_type: "city".to_owned(),
        city_code: Some("620100".into()),
        school_code: None,
        label: "a target".to_owned(),
        label_en: None,
        comparator: ">=".to_owned(),
        value: "1".to_owned(),
        unit: None,
        due_year: None,
        expression: None,
        source: "a document".to_owned(),
        value_printed: None,
        is_amended: true,
        version: 1,
    };
    target::Entity::insert(target::ActiveModel::from(promise)).exec_without_returning(db).await.unwrap();
}

/// A database with a table of 62001 in every state, a protected figure, and a release that is still hidden.
async fn staged() -> TestApp {
    let app = TestApp::new().await;
    for (period, state) in [
        ("2011", State::Accepted),
        ("2012", State::Approved),
        ("2013", State::Submitted),
        ("2014", State::Returned),
        ("2015", State::Draft),
        ("2017", State::Submitted),
    ] {
        stage::bring(&app, &Key::new("62001", "talent", period), &talent(), state).await;
    }
    stage::bring(&app, &Key::new("62001", "conditions", "2023"), &stage::conditions(20.5), State::Accepted).await;
    assert_eq!(stage::release(&app, ReleaseKind::Minor).await.row.version, "1.1.0");
    stage::bring(&app, &Key::new("62001", "talent", "2018"), &talent(), State::Accepted).await;
    endpoint(&app, WEBHOOKS[0].1, (Word::School, "62001")).await;
    endpoint(&app, WEBHOOKS[2].1, (Word::City, "620100")).await;
    let db = app.house.db.write();
    // Somebody whom nobody of the test signs in as.
    let person = account::Model {
        id: AccountId(uuid::Uuid::parse_str(PEOPLE[0].1).unwrap()),
        username: "access-person".to_owned(),
        display_name: "a person".to_owned(),
        password_hash: "$argon2id$".to_owned().into(),
        role: Word::School,
        org: Some("62001".to_owned()),
        duty: Duty::All,
        is_disabled: false,
        is_demo: false,
        must_change_password: true,
        generation: 1,
        version: 1,
        created_at: Utc::now(),
    };
    account::Entity::insert(account::ActiveModel::from(person)).exec_without_returning(db).await.unwrap();
    let program = clients::Add {
        client_id: PEOPLE[2].1.to_owned(),
        name: "a program".to_owned(),
        role: Word::Analyst,
        org: None,
        duty: Duty::All,
        secret: clients::ClientSecret::Random,
    };
    clients::add(&app.system(), program).await.unwrap();
    let hidden = New { publish_at: Some(Utc::now() + Duration::hours(1)), ..stage::new_release(ReleaseKind::Minor) };
    let hidden = releases::create(&app.as_(Role::Province, "620000"), hidden).await.unwrap();
    assert_eq!(hidden.row.version, "1.2.0");
    stage::bring(&app, &Key::new("62001", "talent", "2019"), &talent(), State::Accepted).await;
    let province = app.as_(Role::Province, "620000");
    for (dataset, due_on, school) in [("talent", "2098-12-31", "62001"), ("scale", "2001-01-01", "62005")] {
        let new = collections::New {
            dataset: dataset.to_owned(),
            period: "2031".to_owned(),
            opens_on: "2000-01-01".to_owned(),
            due_on: due_on.to_owned(),
            closes_on: Some("2098-12-31".to_owned()),
            note: Some("a note".to_owned()),
        };
        collections::open(&province, new).await.unwrap();
        let extend =
            Extend { school: school.to_owned(), until: "2099-01-31".to_owned(), reason: "a reason".to_owned() };
        collections::extend(&province, &collections::Key::new(dataset, "2031"), extend).await.unwrap();
    }
    stage::bring(&app, &Key::new("62001", "talent", "2031"), &talent(), State::Accepted).await;
    errands(&app).await;
    app
}

/// One caller for each role.
pub async fn callers(server: &Server) -> Vec<Caller> {
    let mut callers = Vec::new();
    for (_, client) in ROLES {
        callers.push(if client.is_empty() { server.anonymous() } else { server.client(client).await });
    }
    callers
}

/// The documented routes, as the table writes them.
fn documented() -> BTreeSet<String> {
    let document = serde_json::to_value(rest::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|key| {
                ["get", "put", "post", "patch", "delete", "head", "options", "trace"].contains(&key.as_str())
            });
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

/// What a client of good will sends there.
pub fn body(route: &str) -> Option<Value> {
    let (method, path) = route.split_once(' ').unwrap();
    match (method, path.rsplit('/').next().unwrap()) {
        ("PATCH", _) if path.starts_with("/v1/collections/") => Some(json!({ "due_on": "2098-12-30" })),
        ("POST", "collections") => Some(json!({
            "dataset": "talent", "period": "2031", "opens_on": "2000-01-01", "due_on": "2098-12-31",
        })),
        ("POST", "extensions") => Some(json!({ "school": "62001", "until": "2099-02-28", "reason": "a reason" })),
        ("PATCH", "{webhook}" | "{dataset}" | "{indicator}" | "{account}" | "{client}") => Some(json!({})),
        ("PATCH", "{task}" | "{target}") => Some(json!({})),
        ("POST", "tasks") => Some(json!({ "title": "", "due": "长期坚持" })),
        ("POST", "reports") => Some(json!({ "text": "words" })),
        ("POST", "verdicts") => Some(json!({ "verdict": "returned", "reason": "a reason" })),
        ("POST", "task-evaluations") => Some(json!({ "year": 1900 })),
        ("POST", "targets") => Some(json!({ "label": "", "comparator": "=", "value": "1" })),
        ("POST", "accounts") => Some(json!({ "username": "A", "display_name": "a", "role": "ANALYST" })),
        ("POST", "clients") => Some(json!({ "client_id": "A", "name": "a", "role": "ANALYST" })),
        ("POST", "datasets") => Some(json!({ "code": "scale", "name": "另一张表", "period_kind": "calendar_year" })),
        ("POST", "indicators") => Some(json!({
            "code": "talent.graduates", "name": "另一个指标", "unit": "人", "decimals": 0, "aggregation": "sum",
            "disclosure": "public",
        })),
        ("POST", "periods") => Some(json!({ "code": "nonsense" })),
        ("POST", "webhooks") => Some(json!({ "url": "nonsense" })),
        ("POST", "approve" | "accept") if path.starts_with("/v1/submissions/") => Some(json!({ "tables": [] })),
        ("PUT", _) | ("PATCH", "{period}") => Some(json!({ "observations": { "scale.students": 1 } })),
        ("POST", "return" | "reopen") => Some(json!({ "reason": "a reason" })),
        ("PATCH", "{code}") => Some(json!({ "enabled": false })),
        ("POST", "rules") => Some(json!({
            "code": "talent.placement_low", "severity": "info", "expression": "talent.placed > 1.0",
            "message_zh": "说明", "message_en": "words",
        })),
        ("POST", "dry-run") => {
            Some(json!({ "dataset": "talent", "expression": "talent.placed > 1.0", "periods": ["2023"] }))
        }
        ("POST", "explanations") => Some(json!({ "claim": "a", "other": "b", "cause": "c", "text": "" })),
        // Those of the registry, and no file.
        ("POST", "reconciliation") => None,
        ("POST", "releases") => Some(json!({ "kind": "patch", "note": "" })),
        ("POST", "preview") => Some(json!({ "kind": "none" })),
        ("POST", _) => Some(json!({})),
        _ => None,
    }
}

async fn ask(caller: &Caller, route: &str, object: &str) -> Answer {
    let (method, path) = route.split_once(' ').unwrap();
    let headers: &[(&str, &str)] = if method == "GET" { &[] } else { &[("if-match", STALE)] };
    // A form is asked for by parameters.
    let by_parameters = format!("{path}?school={{school}}&period={{period}}");
    let path = match path {
        _ if path.starts_with("/v1/templates/") => &by_parameters,
        "/v1/compliance" => "/v1/compliance?period=2023",
        _ => path,
    };
    caller.send(method, &placed(path, object), headers, body(route).as_ref()).await
}

#[tokio::test]
async fn every_route_gives_every_role_what_is_its_own() {
    let rows = rows(ROUTES);
    let told: BTreeSet<String> = rows.iter().map(|row| row.asked.to_owned()).collect();
    assert_eq!(told, documented(), "each documented route has a verdict, and each verdict a route");

    let app = staged().await;
    let server = app.serve().await;
    let callers = callers(&server).await;
    let document = contract::document();
    let mut wrong = Vec::new();
    // What is not there for a caller is the same answer whatever it is.
    let mut absent: BTreeMap<(&str, &str), (String, Value)> = BTreeMap::new();
    for row in &rows {
        for ((caller, (role, _)), verdict) in callers.iter().zip(ROLES).zip(&row.verdicts) {
            // There `Authorization` speaks of a client and its secret.
            let anonymous = server.anonymous();
            let caller = if row.asked.starts_with("POST /oauth/") { &anonymous } else { caller };
            let answer = ask(caller, row.asked, row.object).await;
            wrong.extend(contract::strays(&document, row.asked, &answer));
            if answer.status.to_string() != *verdict {
                wrong.push(format!(
                    "{} {} as {role}: {} instead of {verdict}: {}",
                    row.asked, row.object, answer.status, answer.text
                ));
                continue;
            }
            match answer.status {
                401 => {
                    problem(&answer, 401, "unauthenticated");
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"zhiqiao\""));
                }
                403 => {
                    let said = problem(&answer, 403, "forbidden");
                    let hint = said["detail"].as_str().unwrap();
                    assert!(ROLES.iter().any(|(role, _)| hint.contains(role)), "which role could: {hint}");
                }
                404 => {
                    let is = bare(&answer).1;
                    let (first, same) =
                        absent.entry((row.asked, role)).or_insert_with(|| (row.object.to_owned(), is.clone()));
                    assert_eq!(*same, is, "{} as {role}: {first} and {} differ", row.asked, row.object);
                    assert_eq!(answer.header("etag"), None);
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    server.stop().await;
}

/// A token that is not good is never taken for none.
#[tokio::test]
async fn a_bad_token_is_refused_everywhere() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let good = server.client("analyst").await.token.unwrap();
    let (head, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let bad = [
        "x".to_owned(),
        format!("{good}x"),
        format!("{head}.{payload}."),
        format!("{head}.{}.{signature}", payload.to_uppercase()),
        // {"alg":"none"}
        format!("eyJhbGciOiJub25lIn0.{payload}."),
    ];
    let mut routes: Vec<String> = documented().into_iter().filter(|route| !route.starts_with("POST /oauth/")).collect();
    for other in [
        "GET /openapi.json",
        "GET /docs/",
        "GET /graphql",
        "POST /graphql",
        "GET /nothing/here",
        "DELETE /v1/releases",
        "OPTIONS /v1/releases",
    ] {
        routes.push(other.to_owned());
    }
    for route in &routes {
        for token in &bad {
            let caller = Caller { token: Some(token.clone()), ..server.anonymous() };
            let answer = ask(&caller, &route.replace("{version}", "1.0.0"), "own").await;
            assert_eq!(answer.status, 401, "{route} {token}: {}", answer.text);
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer realm=\"zhiqiao\", error=\"invalid_token\""),
                "{route}"
            );
        }
        for header in ["", "Bearer", "Basic YTpi", &format!("Token {good}"), &format!("Bearer {good} {good}")] {
            let (method, path) = route.split_once(' ').unwrap();
            let answer = send(
                &server.anonymous(),
                method,
                &placed(&path.replace("{version}", "1.0.0"), "own"),
                &[("authorization", header)],
                "",
            )
            .await;
            assert_eq!(answer.status, 401, "{route} `{header}`: {}", answer.text);
        }
    }
    server.stop().await;
}

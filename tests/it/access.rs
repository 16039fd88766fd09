//! Who gets what: every documented route and every GraphQL field, as every role, on its own, its
//! neighbours', a stranger's and nobody's objects. What has no verdict here fails, and so does a
//! verdict about nothing.

mod costs;
mod graphql;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, Utc};
use entity::{
    account, certification_batch, consortium, consortium_activity, consortium_application, consortium_member,
    enterprise_certification, enterprise_certification_step,
    ids::{AccountId, ConsortiumCode, DeliveryId, InterestId, OpportunityId, RowId, WebhookId},
    incentive, opportunity, opportunity_interest, opportunity_match, partnership, target, task, task_evaluation,
    task_report, task_verdict, teacher_certificate, teacher_certification, teacher_certification_step, webhook,
    webhook_delivery,
    words::{
        ApplicationState, ConsortiumKind, ConsortiumScope, DeliveryState, Duty, EnterpriseCertificationState,
        IncentiveKind, InterestState, MemberRole, OpportunityKind, OpportunityOutcome, OpportunitySide,
        OpportunityState, PartnershipSide, PartnershipState, ReleaseKind, Role as Word, SubmissionState as State,
        TaskSetter, TaskState, TaskVerdict, TeacherCertificationState, TeacherCertificationStep, TeacherLevel,
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
    memory::{self, Thing},
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
    // Schools that are there, and a table that they have not reported.
    ("unstated", ["62001", "scale", "1999"]),
    ("sibling-unstated", ["62002", "scale", "1999"]),
    ("foreign-unstated", ["62005", "scale", "1999"]),
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

/// What a table calls an application of an enterprise, an incentive, an application of a teacher and a certificate:
/// one of the callers', one of others, and one that never was.
pub const CERTIFICATIONS: &[(&str, &str)] = &[
    ("application", "0197a1b2-7c3d-7000-8000-000000000011"),
    ("foreign-application", "0197a1b2-7c3d-7000-8000-000000000012"),
    ("no-application", "0197a1b2-7c3d-7000-8000-000000000013"),
    ("grant", "0197a1b2-7c3d-7000-8000-000000000014"),
    ("no-grant", "0197a1b2-7c3d-7000-8000-000000000015"),
    ("case", "0197a1b2-7c3d-7000-8000-000000000016"),
    ("sibling-case", "0197a1b2-7c3d-7000-8000-000000000017"),
    ("foreign-case", "0197a1b2-7c3d-7000-8000-000000000018"),
    ("no-case", "0197a1b2-7c3d-7000-8000-000000000019"),
    ("certificate", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("no-certificate", "bbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
];

/// What a table calls an account and a client, each with one that never was.
const PEOPLE: &[(&str, &str)] = &[
    ("person", "0197a1b2-7c3d-7000-8000-000000000003"),
    ("no-person", "0197a1b2-7c3d-7000-8000-000000000004"),
    ("program", "access-program"),
    ("no-program", "access-nobody"),
];

/// What a table calls a partnership of 62001 that it has proposed to the enterprise, and one of others.
const PARTNERSHIPS: &[(&str, &str)] = &[
    ("proposal", "0197a1b2-7c3d-7000-8000-000000000011"),
    ("foreign-proposal", "0197a1b2-7c3d-7000-8000-000000000012"),
    ("no-proposal", "0197a1b2-7c3d-7000-8000-000000000013"),
];

/// What a table calls an application of the enterprise to the consortium that 62001 leads, and one of others.
const APPLICATIONS: &[(&str, &str)] = &[
    ("application", "0197a1b2-7c3d-7000-8000-000000000021"),
    ("foreign-application", "0197a1b2-7c3d-7000-8000-000000000022"),
    ("no-application", "0197a1b2-7c3d-7000-8000-000000000023"),
];

/// What a table calls a consortium that 62001 leads, with an activity, and one that never was.
const CONSORTIA: &[(&str, &str)] = &[("led", "CACCE5501"), ("no-consortium", "CACCE5502")];

/// The activity.
const ACTIVITY: &str = "0197a1b2-7c3d-7000-8000-000000000031";

/// What a table calls a task, a target and an evaluation: of 62001 (of a target: its city), printed and of another
/// city, and one that never was.
const ERRANDS: &[(&str, &str)] = &[
    ("errand", "0197a1b2-7c3d-7000-8000-000000000005"),
    ("printed-errand", "0197a1b2-7c3d-7000-8000-000000000006"),
    ("no-errand", "0197a1b2-7c3d-7000-8000-000000000007"),
];

/// What a table calls an opportunity, or an interest in one: of 62001, which stands; of an enterprise, which waits,
/// and another that stands; of 62001, which is closed; and none. Interests: one that was accepted, one that was
/// declined, one that nobody has answered.
pub const MARKET: &[(&str, &str)] = &[
    ("offer", "0197a1b2-7c3d-7000-8000-000000000011"),
    ("waiting", "0197a1b2-7c3d-7000-8000-000000000012"),
    ("sought", "0197a1b2-7c3d-7000-8000-000000000013"),
    ("over", "0197a1b2-7c3d-7000-8000-000000000014"),
    ("no-offer", "0197a1b2-7c3d-7000-8000-000000000019"),
    ("agreed", "0197a1b2-7c3d-7000-8000-000000000021"),
    ("declined", "0197a1b2-7c3d-7000-8000-000000000022"),
    ("asked", "0197a1b2-7c3d-7000-8000-000000000023"),
    ("no-interest", "0197a1b2-7c3d-7000-8000-000000000029"),
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
GET /v1/schools/{school}/submissions/{dataset}/{period}/peers
    own                                                401    404   404     200      200  200    404    404        404
    sibling                                            401    404   404     200      200  404    404    404        404
    foreign                                            401    404   404     200      404  404    404    404        404
    absent                                             401    404   404     404      404  404    404    404        404
    unstated                                           401    404   404     404      404  404    404    404        404
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
GET /v1/cities
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/cities
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/cities/{city}
    own                                                200    200   200     200      200  200    200    200        200
PATCH /v1/cities/{city}
    own                                                401    403   403     412      403  403    403    403        403
GET /v1/schools
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/schools
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/schools/{school}
    own                                                200    200   200     200      200  200    200    200        200
PATCH /v1/schools/{school}
    own                                                401    403   403     412      403  403    403    403        403
GET /v1/enterprises
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/enterprises
    -                                                  401    403   403     422      422  403    403    403        403
GET /v1/enterprises/{enterprise}
    own                                                200    200   200     200      200  200    200    200        200
PATCH /v1/enterprises/{enterprise}
    own                                                401    403   403     412      403  403    403    412        403
GET /v1/institutions
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/institutions
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/institutions/{institution}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/institutions/{institution}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/consortia
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/consortia
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/consortia/{consortium}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/consortia/{consortium}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/consortium-members
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/consortium-members
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/consortium-members/{member}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/consortium-members/{member}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/designations
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/designations
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/designations/{designation}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/designations/{designation}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/aliases
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/aliases
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/aliases/{alias}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/aliases/{alias}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/school-successions
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/school-successions
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/school-successions/{succession}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/school-successions/{succession}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/majors
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/majors
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/majors/{major}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/majors/{major}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/programmes
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/programmes
    -                                                  401    403   403     422      403  422    403    403        403
GET /v1/programmes/{programme}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/programmes/{programme}
    own                                                401    403   403     404      403  404    403    403        403
GET /v1/industry-chains
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/industry-chains
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/industry-chains/{chain}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/industry-chains/{chain}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/major-chains
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/major-chains
    -                                                  401    403   403     422      403  403    403    403        403
GET /v1/major-chains/{link}
    own                                                404    404   404     404      404  404    404    404        404
PATCH /v1/major-chains/{link}
    own                                                401    403   403     404      403  403    403    403        403
GET /v1/registry/changes
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/registry/duplicates
    -                                                  401    403   403     200      403  403    403    403        403
POST /v1/registry/duplicates/merge
    -                                                  401    403   403     422      403  403    403    403        403
POST /v1/registry/duplicates/distinguish
    -                                                  401    403   403     422      403  403    403    403        403
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
GET /v1/opportunities
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/opportunities
    -                                                  401    403   403     403      403  422    403    422        403
GET /v1/opportunities/digest
    -                                                  401    403   403     200      200  200    403    200        403
GET /v1/opportunities/{opportunity}
    offer                                              200    200   200     200      200  200    200    200        200
    waiting                                            404    404   404     200      404  404    404    200        404
    over                                               404    404   404     200      200  200    404    404        404
    no-offer                                           404    404   404     404      404  404    404    404        404
PUT /v1/opportunities/{opportunity}
    offer                                              401    403   403     403      403  412    403    403        403
    waiting                                            401    404   404     403      404  404    404    412        404
    no-offer                                           401    404   404     404      404  404    404    404        404
POST /v1/opportunities/{opportunity}/approve
    offer                                              401    403   403     412      412  403    403    403        403
    waiting                                            401    404   404     412      404  404    404    403        404
    no-offer                                           401    404   404     404      404  404    404    404        404
POST /v1/opportunities/{opportunity}/refuse
    offer                                              401    403   403     412      412  403    403    403        403
    waiting                                            401    404   404     412      404  404    404    403        404
    no-offer                                           401    404   404     404      404  404    404    404        404
POST /v1/opportunities/{opportunity}/withdraw
    offer                                              401    403   403     403      403  412    403    403        403
    waiting                                            401    404   404     403      404  404    404    412        404
    no-offer                                           401    404   404     404      404  404    404    404        404
POST /v1/opportunities/{opportunity}/close
    offer                                              401    403   403     403      403  412    403    403        403
    waiting                                            401    404   404     403      404  404    404    412        404
    no-offer                                           401    404   404     404      404  404    404    404        404
GET /v1/opportunities/{opportunity}/matches
    offer                                              401    403   403     200      200  200    403    403        403
    waiting                                            401    404   404     200      404  404    404    200        404
    no-offer                                           401    404   404     404      404  404    404    404        404
POST /v1/opportunities/{opportunity}/interests
    offer                                              401    403   403     403      403  409    403    409        403
    waiting                                            401    404   404     403      404  404    404    409        404
    no-offer                                           401    404   404     404      404  404    404    404        404
GET /v1/interests
    -                                                  401    403   403     200      200  200    403    200        403
GET /v1/interests/{interest}
    agreed                                             401    404   404     200      200  200    404    200        404
    declined                                           401    404   404     200      404  200    404    200        404
    asked                                              401    404   404     200      200  200    404    404        404
    no-interest                                        401    404   404     404      404  404    404    404        404
POST /v1/interests/{interest}/accept
    agreed                                             401    404   404     403      403  412    404    403        404
    no-interest                                        401    404   404     404      404  404    404    404        404
POST /v1/interests/{interest}/decline
    agreed                                             401    404   404     403      403  412    404    403        404
    no-interest                                        401    404   404     404      404  404    404    404        404
POST /v1/interests/{interest}/withdraw
    agreed                                             401    404   404     403      403  403    404    412        404
    no-interest                                        401    404   404     404      404  404    404    404        404
GET /v1/interests/{interest}/contact
    agreed                                             401    404   404     403      403  200    404    200        404
    declined                                           401    404   404     403      404  409    404    409        404
    asked                                              401    404   404     403      403  409    404    404        404
    no-interest                                        401    404   404     404      404  404    404    404        404
GET /v1/bulletins/{year}.json
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/bulletins/{year}.csv
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/bulletins/{year}.html
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/bulletins/{year}
    -                                                  401    403   403     201      403  403    403    403        403
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
GET /v1/partnerships
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/partnerships
    -                                                  401    403   403     422      403  422    403    422        403
GET /v1/partnership-statistics
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/partnerships/{partnership}
    proposal                                           404    404   404     200      200  200    404    200        404
    foreign-proposal                                   404    404   404     200      404  404    404    404        404
    no-proposal                                        404    404   404     404      404  404    404    404        404
PATCH /v1/partnerships/{partnership}
    proposal                                           401    404   404     403      403  412    404    403        404
    foreign-proposal                                   401    404   404     403      404  404    404    404        404
    no-proposal                                        401    404   404     404      404  404    404    404        404
POST /v1/partnerships/{partnership}/confirm
    proposal                                           401    404   404     403      403  403    404    412        404
    foreign-proposal                                   401    404   404     403      404  404    404    404        404
    no-proposal                                        401    404   404     404      404  404    404    404        404
POST /v1/partnerships/{partnership}/refuse
    proposal                                           401    404   404     403      403  403    404    412        404
    foreign-proposal                                   401    404   404     403      404  404    404    404        404
    no-proposal                                        401    404   404     404      404  404    404    404        404
POST /v1/partnerships/{partnership}/withdraw
    proposal                                           401    404   404     403      403  412    404    403        404
    foreign-proposal                                   401    404   404     403      404  404    404    404        404
    no-proposal                                        401    404   404     404      404  404    404    404        404
POST /v1/partnerships/{partnership}/end
    proposal                                           401    404   404     412      403  412    404    412        404
    foreign-proposal                                   401    404   404     412      404  404    404    404        404
    no-proposal                                        401    404   404     404      404  404    404    404        404
GET /v1/consortium-overview
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/consortium-applications
    -                                                  401    200   200     200      200  200    200    200        200
GET /v1/consortium-applications/{application}
    application                                        401    404   404     200      404  200    404    200        404
    foreign-application                                401    404   404     200      404  404    404    404        404
    no-application                                     401    404   404     404      404  404    404    404        404
POST /v1/consortium-applications/{application}/accept
    application                                        401    404   404     403      404  412    404    403        404
    foreign-application                                401    404   404     412      404  404    404    404        404
    no-application                                     401    404   404     404      404  404    404    404        404
POST /v1/consortium-applications/{application}/refuse
    application                                        401    404   404     403      404  412    404    403        404
    foreign-application                                401    404   404     412      404  404    404    404        404
    no-application                                     401    404   404     404      404  404    404    404        404
POST /v1/consortium-applications/{application}/withdraw
    application                                        401    404   404     403      404  403    404    412        404
    foreign-application                                401    404   404     403      404  404    404    404        404
    no-application                                     401    404   404     404      404  404    404    404        404
POST /v1/consortia/{consortium}/applications
    led                                                401    403   403     403      403  422    403    422        403
    no-consortium                                      401    404   404     404      404  404    404    404        404
POST /v1/consortia/{consortium}/leave
    led                                                401    403   403     403      403  422    403    422        403
    no-consortium                                      401    404   404     404      404  404    404    404        404
GET /v1/consortia/{consortium}/activities
    led                                                200    200   200     200      200  200    200    200        200
    no-consortium                                      404    404   404     404      404  404    404    404        404
POST /v1/consortia/{consortium}/activities
    led                                                401    403   403     403      403  422    403    403        403
    no-consortium                                      401    403   403     404      403  404    403    404        403
PATCH /v1/consortia/{consortium}/activities/{activity}
    led                                                401    403   403     403      403  412    403    403        403
    no-consortium                                      401    403   403     404      403  404    403    404        403
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
GET /v1/certification-batches
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/certification-batches
    -                                                  401    403   403     409      403  403    403    403        403
PATCH /v1/certification-batches/{batch}
    -                                                  401    403   403     412      403  403    403    403        403
GET /v1/enterprise-certifications
    -                                                  200    200   200     200      200  200    200    200        200
POST /v1/enterprise-certifications
    -                                                  401    403   403     403      403  403    403    409        403
GET /v1/enterprise-certifications/{certification}
    application                                        404    404   404     200      200  404    404    200        404
    foreign-application                                404    404   404     200      404  404    404    404        404
    no-application                                     404    404   404     404      404  404    404    404        404
PATCH /v1/enterprise-certifications/{certification}
    application                                        404    404   404     403      403  404    404    412        404
    foreign-application                                404    404   404     403      404  404    404    404        404
    no-application                                     404    404   404     404      404  404    404    404        404
POST /v1/enterprise-certifications/{certification}/verdicts
    application                                        404    404   404     412      412  404    404    403        404
    foreign-application                                404    404   404     412      404  404    404    404        404
    no-application                                     404    404   404     404      404  404    404    404        404
GET /v1/incentives
    -                                                  401    403   403     200      200  403    403    200        403
POST /v1/incentives
    -                                                  401    403   403     409      409  403    403    403        403
POST /v1/incentives/{incentive}/cancel
    grant                                              401    404   404     412      412  404    404    403        404
    no-grant                                           401    404   404     404      404  404    404    404        404
GET /v1/internship-duties
    -                                                  200    200   200     200      200  200    200    200        200
GET /v1/certification-agencies
    -                                                  200    200   200     200      200  200    200    200        200
PUT /v1/certification-agencies/{agency}
    -                                                  401    403   403     412      403  403    403    403        403
GET /v1/teacher-certifications
    -                                                  401    403   403     200      200  200    200    403        403
POST /v1/teacher-certifications
    -                                                  401    403   403     403      403  409    403    403        403
GET /v1/teacher-certifications/{certification}
    case                                               401    404   404     200      200  200    200    404        404
    sibling-case                                       401    404   404     200      200  404    404    404        404
    foreign-case                                       401    404   404     200      404  404    404    404        404
    no-case                                            401    404   404     404      404  404    404    404        404
PATCH /v1/teacher-certifications/{certification}
    case                                               401    404   404     403      403  412    403    404        404
    sibling-case                                       401    404   404     403      403  404    404    404        404
    foreign-case                                       401    404   404     403      404  404    404    404        404
    no-case                                            401    404   404     404      404  404    404    404        404
POST /v1/teacher-certifications/{certification}/verdicts
    case                                               401    404   404     412      412  403    412    404        404
    sibling-case                                       401    404   404     412      412  404    404    404        404
    foreign-case                                       401    404   404     412      404  404    404    404        404
    no-case                                            401    404   404     404      404  404    404    404        404
POST /v1/teacher-certifications/{certification}/appeal
    case                                               401    404   404     403      403  412    403    404        404
    sibling-case                                       401    404   404     403      403  404    404    404        404
    foreign-case                                       401    404   404     403      404  404    404    404        404
    no-case                                            401    404   404     404      404  404    404    404        404
GET /v1/certificates/{code}
    certificate                                        200    200   200     200      200  200    200    200        200
    no-certificate                                     404    404   404     404      404  404    404    404        404
GET /v1/teacher-certification-statistics
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

/// What the table asks: a route, and the object that it is asked of.
pub fn asked() -> Vec<(&'static str, &'static str)> {
    rows(ROUTES).into_iter().map(|row| (row.asked, row.object)).collect()
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
    // Of consortia, though certifications have applications of the same names.
    if text.contains("{application}")
        && let Some((_, id)) = APPLICATIONS.iter().find(|(name, _)| *name == object)
    {
        return text.replace("{application}", id);
    }
    let text = text.replace("{batch}", "2098-1").replace("{agency}", "engineering");
    if let Some((_, id)) = CERTIFICATIONS.iter().find(|(name, _)| *name == object) {
        return ["{certification}", "{incentive}", "{code}"].iter().fold(text, |text, name| text.replace(name, id));
    }
    let text = text.replace("{year}", "2024");
    if let Some((_, id)) = MARKET.iter().find(|(name, _)| *name == object) {
        return text.replace("{opportunity}", id).replace("{interest}", id);
    }
    if let Some((_, name)) = PEOPLE.iter().find(|(name, _)| *name == object) {
        return text.replace("{account}", name).replace("{client}", name);
    }
    if let Some((_, id)) = PARTNERSHIPS.iter().find(|(name, _)| *name == object) {
        return text.replace("{partnership}", id);
    }
    if let Some((_, code)) = CONSORTIA.iter().find(|(name, _)| *name == object) {
        return text.replace("{consortium}", code).replace("{activity}", ACTIVITY);
    }
    let (_, [school, dataset, period]) =
        OBJECTS.iter().find(|(name, _)| *name == object).unwrap_or_else(|| panic!("{object}?"));
    let text =
        text.replace("{code}", "talent.placement_low").replace("{indicator}", "talent.graduates").replace("{n}", "1");
    let text = text.replace("{city}", "620100").replace("{enterprise}", "EEADEB0F3");
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

/// A consortium that 62001 leads, who wants to join it, what it has done, and what 62001 proposes to an enterprise.
async fn bonds(app: &TestApp) {
    let (db, at) = (app.house.db.write(), Utc::now());
    let id = |text: &str| RowId(uuid::Uuid::parse_str(text).unwrap());
    let led = ConsortiumCode::from(CONSORTIA[0].1);
    let consortium = consortium::Model {
        code: led.clone(),
        position: 1_000,
        name: "某联合体".to_owned(),
        name_en: None,
        kind: ConsortiumKind::CityConsortium,
        scope: ConsortiumScope::City,
        founded_on: None,
        source: "t".to_owned(),
        chain_code: None,
    };
    consortium::Entity::insert(consortium::ActiveModel::from(consortium)).exec_without_returning(db).await.unwrap();
    let lead = consortium_member::Model {
        id: id("0197a1b2-7c3d-7000-8000-000000000041"),
        consortium_code: led.clone(),
        position: 1_000,
        member_type: "school".to_owned(),
        school_code: Some("62001".into()),
        enterprise_code: None,
        institution_code: None,
        role: MemberRole::Lead,
        name_as_printed: None,
        source: "t".to_owned(),
        joined_on: None,
        left_on: None,
        version: 1,
    };
    let lead = consortium_member::ActiveModel::from(lead);
    consortium_member::Entity::insert(lead).exec_without_returning(db).await.unwrap();
    let activity = consortium_activity::Model {
        id: id(ACTIVITY),
        consortium_code: led.clone(),
        held_on: "2024-05-01".parse().unwrap(),
        title: "年会".to_owned(),
        kind: "meeting".to_owned(),
        evidence: "[]".to_owned(),
        version: 1,
        created_at: at,
        updated_at: at,
    };
    let activity = consortium_activity::ActiveModel::from(activity);
    consortium_activity::Entity::insert(activity).exec_without_returning(db).await.unwrap();
    for ((_, number), consortium, school, enterprise) in [
        (APPLICATIONS[0], led, None, Some("EEADEB0F3".into())),
        // Its only lead has no account.
        (APPLICATIONS[1], "CD9B599D7".into(), Some("62005".into()), None),
    ] {
        let application = consortium_application::Model {
            id: id(number),
            consortium_code: consortium,
            school_code: school,
            enterprise_code: enterprise,
            state: ApplicationState::Pending,
            message: Some("a message".to_owned()),
            reason: None,
            role: None,
            version: 1,
            created_by: "test".to_owned(),
            created_at: at,
            updated_at: at,
        };
        let application = consortium_application::ActiveModel::from(application);
        consortium_application::Entity::insert(application).exec_without_returning(db).await.unwrap();
    }
    for ((_, number), school, enterprise) in
        [(PARTNERSHIPS[0], "62001", "EEADEB0F3"), (PARTNERSHIPS[1], "62005", "E043A3812")]
    {
        let proposal = partnership::Model {
            id: id(number),
            position: i32::MAX,
            school_code: Some(school.into()),
            institution_code: None,
            enterprise_code: Some(enterprise.into()),
            kind: "access_test".to_owned(),
            count: None,
            unit: None,
            qualifier: None,
            label: "某合作".to_owned(),
            label_en: None,
            status: "planned".to_owned(),
            other_partner: None,
            source: String::new(),
            state: PartnershipState::Proposed,
            proposed_by: PartnershipSide::School,
            major_code: None,
            starts_on: None,
            ends_on: None,
            students: None,
            investment: None,
            evidence: "[]".to_owned(),
            reason: None,
            is_printed: false,
            version: 1,
            created_by: Some("test".to_owned()),
            created_at: Some(at),
            updated_at: Some(at),
        };
        let proposal = partnership::ActiveModel::from(proposal);
        partnership::Entity::insert(proposal).exec_without_returning(db).await.unwrap();
    }
    memory::raise(db, Thing::Registry).await.unwrap();
    app.house.memory.refresh().await.unwrap();
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

/// The id of an object of a certification.
fn certified(name: &str) -> RowId {
    let (_, id) = CERTIFICATIONS.iter().find(|(known, _)| *known == name).unwrap();
    RowId(id.parse().unwrap())
}

/// Applications of enterprises and teachers, an incentive and a certificate.
async fn certifications(app: &TestApp) {
    let db = app.house.db.write();
    let (at, day) = (Utc::now(), |text: &str| Some(text.parse().unwrap()));
    let batch = certification_batch::Model {
        code: "2098-1".into(),
        year: Some(2000),
        title: "a title".to_owned(),
        apply_from: day("2000-01-01"),
        apply_until: day("2098-12-31"),
        source: None,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    certification_batch::Entity::insert(certification_batch::ActiveModel::from(batch))
        .exec_without_returning(db)
        .await
        .unwrap();
    for (name, enterprise, city) in
        [("application", "EEADEB0F3", "620100"), ("foreign-application", "E028F68E4", "620500")]
    {
        let row = enterprise_certification::Model {
            id: certified(name),
            batch_code: "2098-1".into(),
            enterprise_code: enterprise.into(),
            city_code: Some(city.into()),
            state: EnterpriseCertificationState::Submitted,
            statement: Some("words".to_owned()),
            staff: Some(100),
            internship_places: Some(2),
            evidence: "[\"https://example.org/a\"]".to_owned(),
            reason: Some("a reason".to_owned()),
            valid_from: day("2000-01-01"),
            valid_until: day("2098-12-31"),
            version: 1,
            created_at: at,
            updated_at: at,
        };
        let row = enterprise_certification::ActiveModel::from(row);
        enterprise_certification::Entity::insert(row).exec_without_returning(db).await.unwrap();
        let step = enterprise_certification_step::Model {
            application_id: certified(name),
            number: 1,
            from_state: Some(EnterpriseCertificationState::Returned),
            to_state: EnterpriseCertificationState::Submitted,
            role: "ENTERPRISE".to_owned(),
            by_org: Some(enterprise.to_owned()),
            reason: Some("a reason".to_owned()),
            at,
        };
        let step = enterprise_certification_step::ActiveModel::from(step);
        enterprise_certification_step::Entity::insert(step).exec_without_returning(db).await.unwrap();
    }
    let grant = incentive::Model {
        id: certified("grant"),
        enterprise_code: "EEADEB0F3".into(),
        city_code: Some("620100".into()),
        kind: IncentiveKind::Land,
        amount_fen: 100,
        granted_on: "2024-01-01".parse().unwrap(),
        source: "words".to_owned(),
        recorded_role: "CITY".to_owned(),
        cancelled_at: Some(at),
        cancelled_because: Some("a reason".to_owned()),
        version: 1,
        created_at: at,
    };
    incentive::Entity::insert(incentive::ActiveModel::from(grant)).exec_without_returning(db).await.unwrap();
    for (name, school, agency) in
        [("case", "62001", Some("engineering")), ("sibling-case", "62002", None), ("foreign-case", "62005", None)]
    {
        let row = teacher_certification::Model {
            id: certified(name),
            school_code: school.into(),
            staff_number: "T-1".to_owned(),
            open_key: Some(format!("{school}/T-1")),
            level: TeacherLevel::Junior,
            major_category: "装备制造大类".to_owned(),
            evidence: "[\"words\"]".to_owned(),
            year: 2024,
            state: agency.map_or(TeacherCertificationState::City, |_| TeacherCertificationState::Agency),
            step: Some(TeacherCertificationStep::City),
            agency_code: agency.map(Into::into),
            due_on: day("2098-12-31"),
            reason: Some("a reason".to_owned()),
            is_appealed: false,
            version: 1,
            created_at: at,
            updated_at: at,
        };
        let row = teacher_certification::ActiveModel::from(row);
        teacher_certification::Entity::insert(row).exec_without_returning(db).await.unwrap();
    }
    let step = teacher_certification_step::Model {
        application_id: certified("case"),
        number: 1,
        from_state: Some(TeacherCertificationState::City),
        to_state: TeacherCertificationState::Agency,
        role: "CITY".to_owned(),
        by_org: Some("620100".to_owned()),
        reason: Some("a reason".to_owned()),
        at,
    };
    let step = teacher_certification_step::ActiveModel::from(step);
    teacher_certification_step::Entity::insert(step).exec_without_returning(db).await.unwrap();
    let certificate = teacher_certificate::Model {
        code: "a".repeat(28),
        number: "2024-62-000001".to_owned(),
        application_id: certified("case"),
        school_code: "62001".into(),
        level: TeacherLevel::Junior,
        major_category: "装备制造大类".to_owned(),
        valid_from: "2024-01-01".parse().unwrap(),
        valid_until: "2098-12-31".parse().unwrap(),
        revoked_at: None,
        created_at: at,
    };
    let certificate = teacher_certificate::ActiveModel::from(certificate);
    teacher_certificate::Entity::insert(certificate).exec_without_returning(db).await.unwrap();
}

/// Opportunities and interests, as they would stand after some weeks.
async fn market(app: &TestApp) {
    let id = |name: &str| uuid::Uuid::parse_str(MARKET.iter().find(|(known, _)| *known == name).unwrap().1).unwrap();
    let at = "2024-01-02T03:04:05Z".parse().unwrap();
    let enterprise = || Some(entity::ids::EnterpriseCode::from("EEADEB0F3"));
    let row = |id: uuid::Uuid, school: Option<&str>, side, state| opportunity::Model {
        id: OpportunityId(id),
        school_code: school.map(Into::into),
        enterprise_code: if school.is_some() { None } else { enterprise() },
        owner_city_code: Some(match school {
            Some("62005") => "620500".into(),
            Some(_) => "620100".into(),
            None => "620900".into(),
        }),
        city_code: Some("620100".into()),
        kind: OpportunityKind::Talent,
        side,
        state,
        title: "焊接".to_owned(),
        text: "焊接与数控".to_owned(),
        majors: "[\"460104\"]".to_owned(),
        major_words: "[\"焊接\"]".to_owned(),
        industry: Some("制造业".to_owned()),
        headcount: Some(30),
        valid_until: "2099-12-31".parse().unwrap(),
        contact_department: Some("就业处".to_owned()),
        contact_telephone: Some("0931-7654321".to_owned()),
        contact_email: Some("office@example.org".to_owned()),
        reason: None,
        outcome: None,
        outcome_number: None,
        stamp: 1,
        version: 1,
        created_at: at,
        updated_at: at,
        published_at: (state != OpportunityState::Pending).then_some(at),
    };
    use {OpportunitySide as Side, OpportunityState as Stands};
    let closed = |row: opportunity::Model, outcome, number| opportunity::Model {
        outcome: Some(outcome),
        outcome_number: Some(number),
        reason: Some("a reason".to_owned()),
        ..row
    };
    let others = |number: u128| uuid::Uuid::from_u128(id("no-offer").as_u128() + 0x100 + number);
    let rows = [
        row(id("offer"), Some("62001"), Side::Supply, Stands::Published),
        row(id("waiting"), None, Side::Demand, Stands::Pending),
        row(id("sought"), None, Side::Demand, Stands::Published),
        closed(row(id("over"), Some("62001"), Side::Supply, Stands::Closed), OpportunityOutcome::PartlyMet, 3),
        closed(row(others(1), Some("62005"), Side::Supply, Stands::Closed), OpportunityOutcome::Met, 30),
        row(others(2), Some("62002"), Side::Supply, Stands::Expired),
    ];
    let db = app.house.db.write();
    let rows = rows.map(opportunity::ActiveModel::from);
    opportunity::Entity::insert_many(rows).exec_without_returning(db).await.unwrap();
    let met = opportunity_match::Model {
        supply_id: OpportunityId(id("offer")),
        demand_id: OpportunityId(id("sought")),
        score: 90,
        found_at: at,
    };
    let met = opportunity_match::ActiveModel::from(met);
    opportunity_match::Entity::insert(met).exec_without_returning(db).await.unwrap();
    for (name, of, school, state) in [
        ("agreed", "offer", None, InterestState::Accepted),
        ("declined", "sought", Some("62001"), InterestState::Declined),
        ("asked", "offer", Some("62002"), InterestState::Expressed),
    ] {
        let interest = opportunity_interest::Model {
            id: InterestId(id(name)),
            opportunity_id: OpportunityId(id(of)),
            party: school.unwrap_or("EEADEB0F3").to_owned(),
            school_code: school.map(Into::into),
            enterprise_code: if school.is_some() { None } else { enterprise() },
            note: Some("a note".to_owned()),
            contact_department: Some("人力资源部".to_owned()),
            contact_telephone: Some("0937-1234567".to_owned()),
            contact_email: Some("people@example.org".to_owned()),
            state,
            reason: Some("a reason".to_owned()),
            version: 1,
            created_at: at,
            updated_at: at,
        };
        let interest = opportunity_interest::ActiveModel::from(interest);
        opportunity_interest::Entity::insert(interest).exec_without_returning(db).await.unwrap();
    }
}

/// A database with a table of 62001 in every state, a protected figure, and a release that is still hidden.
pub async fn staged() -> TestApp {
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
    bonds(&app).await;
    errands(&app).await;
    certifications(&app).await;
    market(&app).await;
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
        ("POST", "verdicts") if path.starts_with("/v1/tasks/") => {
            Some(json!({ "verdict": "returned", "reason": "a reason" }))
        }
        ("POST", "task-evaluations") => Some(json!({ "year": 1900 })),
        ("POST", "targets") => Some(json!({ "label": "", "comparator": "=", "value": "1" })),
        ("PATCH", "{batch}" | "{certification}") => Some(json!({})),
        ("PUT", "{agency}") => Some(json!({ "name": "a name", "major_categories": [] })),
        ("POST", "certification-batches") => Some(json!({
            "year": 2098, "number": 1, "title": "a title", "apply_from": "2098-01-01", "apply_until": "2098-12-31",
        })),
        ("POST", "enterprise-certifications") => {
            Some(json!({ "batch": "2098-1", "statement": "words", "staff": 1, "internship_places": 1 }))
        }
        ("POST", "teacher-certifications") => {
            Some(json!({ "number": "T-1", "level": "junior", "major_category": "装备制造大类" }))
        }
        ("POST", "verdicts") => Some(json!({ "verdict": "return", "reason": "a reason" })),
        ("POST", "cancel" | "appeal") => Some(json!({ "reason": "a reason" })),
        ("POST", "incentives") => Some(json!({
            "enterprise": "E4B981BE2", "kind": "land", "amount": "1", "granted_on": "2024-01-01", "source": "words",
        })),
        ("POST", "accounts") => Some(json!({ "username": "A", "display_name": "a", "role": "ANALYST" })),
        ("POST", "clients") => Some(json!({ "client_id": "A", "name": "a", "role": "ANALYST" })),
        ("POST", "datasets") => Some(json!({ "code": "scale", "name": "另一张表", "period_kind": "calendar_year" })),
        ("POST", "indicators") => Some(json!({
            "code": "talent.graduates", "name": "另一个指标", "unit": "人", "decimals": 0, "aggregation": "sum",
            "disclosure": "public",
        })),
        ("POST", "periods") => Some(json!({ "code": "nonsense" })),
        // A text that no database takes, a day that is none: nothing is stored.
        ("POST", "partnerships") => Some(json!({ "kind": "order_class", "name": "" })),
        ("POST", "applications") => Some(json!({ "message": "\0" })),
        ("POST", "leave") => Some(json!({ "left_on": "nonsense" })),
        ("POST", "refuse" | "end") => Some(json!({ "reason": "a reason" })),
        ("PATCH", "{partnership}" | "{activity}") => Some(json!({})),
        ("POST", "webhooks") => Some(json!({ "url": "nonsense" })),
        ("POST", "approve" | "accept") if path.starts_with("/v1/submissions/") => Some(json!({ "tables": [] })),
        ("PUT", "{opportunity}") | ("POST", "opportunities") => Some(json!({
            "kind": "talent", "side": "supply", "title": "", "valid_until": "2001-01-01", "contact": {},
        })),
        ("POST", "close") => Some(json!({ "outcome": "met" })),
        ("POST", "interests") => Some(json!({ "contact": {} })),
        ("PUT", _) | ("PATCH", "{period}") => Some(json!({ "observations": { "scale.students": 1 } })),
        ("POST", "return" | "reopen") => Some(json!({ "reason": "a reason" })),
        ("PATCH", "{code}") => Some(json!({ "enabled": false })),
        ("POST", "merge") => Some(json!({ "kind": "enterprise", "keep": "", "merge": "" })),
        ("POST", "distinguish") => Some(json!({ "kind": "enterprise", "one": "", "other": "" })),
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
        // What is not said stays as it is.
        ("POST" | "PATCH", _) => Some(json!({})),
        _ => None,
    }
}

/// Asks a route of an object, as a client of good will would, with a tag of no state.
pub async fn ask(caller: &Caller, route: &str, object: &str) -> Answer {
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

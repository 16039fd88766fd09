//! The same by GraphQL: every field of every type, from the schema itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use zhiqiao::page;

use super::{ROLES, callers, placed, rows, staged};
use crate::{app::Caller, surface::status_of, wire::bare};

/// What belongs to somebody. `data`: something is told; `none`: an empty list or zero; `null`; or the
/// status that REST gives for the error. A template asks for `it`; `$field` is each of the fields named.
pub const FIELDS: &str = r#"
                 PUBLIC ADMIN AUDITOR PROVINCE CITY SCHOOL AGENCY ENTERPRISE ANALYST
Query me | { it: me { id } }
    -            null   data  data    data     data data   data   data       data
Query node | { it: node(id: "{id}") { id } }
    own          401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
    absent       401    null  null    null     null null   null   null       null
    unstated     401    null  null    null     null null   null   null       null
    draft        401    null  null    data     data data   null   null       null
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
    nowhere      null   null  null    null     null null   null   null       null
Query submission | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { id } }
    own          401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
    absent       401    null  null    null     null null   null   null       null
    unstated     401    null  null    null     null null   null   null       null
    draft        401    null  null    data     data data   null   null       null
Query submissions | { it: submissions(filter: { school: ["{school}"], dataset: ["{dataset}"], period: ["{period}"] }) { it: nodes { id } } }
    own          none   none  none    data     data data   none   none       none
    sibling      none   none  none    data     data none   none   none       none
    foreign      none   none  none    data     none none   none   none       none
    absent       none   none  none    none     none none   none   none       none
    unstated     none   none  none    none     none none   none   none       none
SubmissionConnection nodes edges | { it: submissions(filter: { school: ["{school}"] }) { it: $field { __typename } } }
    own          none   none  none    data     data data   none   none       none
    sibling      none   none  none    data     data none   none   none       none
    foreign      none   none  none    data     none none   none   none       none
    absent       none   none  none    none     none none   none   none       none
SubmissionConnection totalCount | { it: submissions(filter: { school: ["{school}"] }) { it: $field } }
    own          none   none  none    data     data data   none   none       none
    sibling      none   none  none    data     data none   none   none       none
    foreign      none   none  none    data     none none   none   none       none
    absent       none   none  none    none     none none   none   none       none
SubmissionConnection pageInfo | { it: submissions(filter: { school: ["{school}"] }) { it: $field { it: endCursor } } }
    own          null   null  null    data     data data   null   null       null
    foreign      null   null  null    data     null null   null   null       null
SubmissionEdge cursor | { it: submissions(filter: { school: ["{school}"] }) { it: edges { it: $field } } }
    own          none   none  none    data     data data   none   none       none
    foreign      none   none  none    data     none none   none   none       none
SubmissionEdge node | { it: submissions(filter: { school: ["{school}"] }) { it: edges { it: $field { id } } } }
    own          none   none  none    data     data data   none   none       none
    foreign      none   none  none    data     none none   none   none       none
School submissions | { it: school(code: "{school}") { it: $field { id } } }
    own          none   none  none    data     data data   none   none       none
    sibling      none   none  none    data     data none   none   none       none
    foreign      none   none  none    data     none none   none   none       none
    absent       null   null  null    null     null null   null   null       null
School observations | { it: school(code: "{school}") { it: $field(period: "2023", indicators: ["conditions.floor_area_per_student"]) { it: value } } }
    own          null   null  null    data     data data   null   null       null
    sibling      null   null  null    null     null null   null   null       null
School observations | { it: school(code: "{school}") { it: $field(period: "2023", indicators: ["scale.students"]) { it: value } } }
    own          data   data  data    data     data data   data   data       data
    foreign      data   data  data    data     data data   data   data       data
    absent       null   null  null    null     null null   null   null       null
Observation value | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: observations { it: $field } } }
    own          401    null  null    data     data data   null   null       null
    draft        401    null  null    null     null data   null   null       null
Observation status | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: observations { it: $field } } }
    own          401    null  null    data     data data   null   null       null
    draft        401    null  null    null     null data   null   null       null
Observation indicator period | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: observations { it: $field { code } } } }
    own          401    null  null    data     data data   null   null       null
    draft        401    null  null    null     null data   null   null       null
Observation note | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: observations { it: $field } } }
    own          401    null  null    null     null null   null   null       null
Submission id state createdAt updatedAt | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field } }
    draft        401    null  null    data     data data   null   null       null
    submitted    401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Submission school dataset period | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field { it: code } } }
    draft        401    null  null    data     data data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Submission revision hash etag | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    accepted     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Submission observations findings | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field { __typename } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    accepted     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
Submission skippedRules | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
Submission missing | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field { code } } }
    draft        401    null  null    null     null none   null   null       null
    submitted    401    null  null    null     none none   null   null       null
    approved     401    null  null    none     none none   null   null       null
Submission lastStep | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field { at } } }
    draft        401    null  null    null     null null   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
ReviewStep from to revision at by | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: lastStep { it: $field } } }
    submitted    401    null  null    null     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
ReviewStep reason | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: lastStep { it: $field } } }
    submitted    401    null  null    null     null null   null   null       null
    returned     401    null  null    null     null data   null   null       null
ReviewStep cells | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: lastStep { it: $field { remark } } } }
    returned     401    null  null    null     null data   null   null       null
ReviewStep justifications | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: lastStep { it: $field { text } } } }
    submitted    401    null  null    null     data data   null   null       null
CellRemark indicator | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: lastStep { it: cells { it: $field { code } } } } }
    returned     401    null  null    null     null data   null   null       null
CellRemark remark | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: lastStep { it: cells { it: $field } } } }
    returned     401    null  null    null     null data   null   null       null
Justification code text | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: lastStep { it: justifications { it: $field } } } }
    submitted    401    null  null    null     data data   null   null       null
Finding severity code pointer message expected got previous | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: findings { it: $field } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
Finding indicator | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: findings { it: $field { code } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
Submission waitsFor | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field } }
    draft        401    null  null    data     data data   null   null       null
    submitted    401    null  null    data     data data   null   null       null
    accepted     401    null  null    null     null null   null   null       null
    foreign      401    null  null    null     null null   null   null       null
Submission review | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field { __typename } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Submission revisions | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field(first: 1) { it: nodes { number } } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Submission revisionAt | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field(number: 1) { number } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Submission diff | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field(from: 1, to: 1) { change } } }
    draft        401    null  null    null     null none   null   null       null
    submitted    401    null  null    null     none none   null   null       null
    approved     401    null  null    none     none none   null   null       null
    foreign      401    null  null    none     null null   null   null       null
RevisionConnection nodes edges | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisions { it: $field { __typename } } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
RevisionConnection totalCount | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisions { it: $field } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
RevisionConnection pageInfo | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisions { it: $field { it: endCursor } } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
RevisionEdge cursor | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisions { it: edges { it: $field } } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
RevisionEdge node | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisions { it: edges { it: $field { number } } } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Revision number createdAt | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: $field } } }
    draft        401    null  null    data     data data   null   null       null
    returned     401    null  null    data     data data   null   null       null
    sibling      401    null  null    data     data null   null   null       null
    foreign      401    null  null    data     null null   null   null       null
Revision hash chainHash author source | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: $field } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     data data   null   null       null
Revision against | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: $field } } }
    approved     401    null  null    null     null null   null   null       null
Revision observations findings | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: $field { __typename } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     data data   null   null       null
Revision diff | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: $field { change } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     data data   null   null       null
CellDiff change | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: diff { it: $field } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     data data   null   null       null
CellDiff indicator | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: diff { it: $field { code } } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     data data   null   null       null
CellDiff before | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: diff { it: $field { value } } } } }
    approved     401    null  null    null     null null   null   null       null
CellDiff after | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: revisionAt(number: 1) { it: diff { it: $field { it: value } } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     data data   null   null       null
Review findings peers | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: $field { __typename } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
Review sinceAccepted | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: $field { change } } } }
    draft        401    null  null    null     null null   null   null       null
    accepted     401    null  null    none     none none   null   null       null
Review sinceLastYear | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: $field { change } } } }
    approved     401    null  null    none     none none   null   null       null
    submitted    401    null  null    null     none none   null   null       null
    accepted     401    null  null    null     null null   null   null       null
Review returns | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: $field { at } } } }
    returned     401    null  null    null     null data   null   null       null
    approved     401    null  null    none     none none   null   null       null
ReviewFinding severity code pointer message expected got | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: findings { it: $field } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
ReviewFinding previous | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: findings { it: $field } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
ReviewFinding indicator | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: findings { it: $field { code } } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
ReviewFinding justification | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: findings { it: $field } } } }
    draft        401    null  null    null     null null   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
PeerMedian indicator | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: peers { it: $field { code } } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
PeerMedian value | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: peers { it: $field } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
PeerMedian city category | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: peers { it: $field { __typename } } } } }
    draft        401    null  null    null     null data   null   null       null
    submitted    401    null  null    null     data data   null   null       null
    approved     401    null  null    data     data data   null   null       null
    returned     401    null  null    null     null data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
PeerGroup median | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: peers { it: city { it: $field } } } } }
    accepted     401    null  null    data     data null   null   null       null
PeerGroup schools | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: peers { it: city { it: $field } } } } }
    accepted     401    null  null    data     data none   null   null       null
PeerGroup status | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: peers { it: city { it: $field } } } } }
    accepted     401    null  null    data     data data   null   null       null
PeerGroup p25 p75 | { it: submission(school: "{school}", dataset: "scale", period: "2023") { it: peers { it: category { it: $field } } } }
    own          401    null  null    data     data data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
PeerGroup period | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: peers { it: category { it: $field { code } } } } }
    draft        401    null  null    null     data data   null   null       null
    foreign      401    null  null    null     null null   null   null       null
Submission peers | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: $field { __typename } } }
    draft        401    null  null    data     data data   null   null       null
    submitted    401    null  null    data     data data   null   null       null
    accepted     401    null  null    data     data data   null   null       null
    foreign      401    null  null    data     null null   null   null       null
PeerGroup reason | { it: submission(school: "62001", dataset: "conditions", period: "2023") { it: review { it: peers { it: city { it: $field } } } } }
    -            401    null  null    null     null data   null   null       null
Query aggregate | { it: aggregate(input: { indicators: ["scale.students"], period: "2023" }) { it: release } }
    -            data   data  data    data     data data   data   data       data
Query aggregate | { it: aggregate(input: { indicators: ["scale.students"], period: "2023", release: "{version}" }) { it: release } }
    published    data   data  data    data     data data   data   data       data
    hidden       404    404   404     data     404  404    404    404        404
    nowhere      404    404   404     404      404  404    404    404        404
Query aggregate | { it: aggregate(input: { indicators: ["scale.students"], period: "2023", release: "live" }) { it: release } }
    -            401    403   403     data     data 403    403    403        403
Query aggregate | { it: aggregate(input: { indicators: ["scale.students"], period: "2023", release: "current" }) { it: release } }
    -            401    403   403     data     data 403    403    403        403
AggregateResult release | { it: aggregate(input: { indicators: ["scale.students"], period: "2023" }) { it: $field } }
    -            data   data  data    data     data data   data   data       data
AggregateResult groups | { it: aggregate(input: { indicators: ["scale.students"], period: "2023" }) { it: $field { __typename } } }
    -            data   data  data    data     data data   data   data       data
AggregateGroup cells | { it: aggregate(input: { indicators: ["scale.students"], period: "2023" }) { it: groups { it: $field { __typename } } } }
    -            data   data  data    data     data data   data   data       data
AggregateGroup ownership category tier | { it: aggregate(input: { indicators: ["scale.students"], period: "2023", groupBy: [OWNERSHIP, CATEGORY, TIER] }) { it: groups { it: $field } } }
    -            data   data  data    data     data data   data   data       data
AggregateGroup city | { it: aggregate(input: { indicators: ["scale.students"], period: "2023", groupBy: [CITY] }) { it: groups { it: $field { code } } } }
    -            data   data  data    data     data data   data   data       data
AggregateGroup consortium | { it: aggregate(input: { indicators: ["scale.students"], period: "2023", groupBy: [CONSORTIUM] }) { it: groups { it: $field { code } } } }
    -            data   data  data    data     data data   data   data       data
AggregateCell indicator | { it: aggregate(input: { indicators: ["conditions.floor_area_per_student"], period: "2023" }) { it: groups { it: cells { it: $field { code } } } } }
    -            data   data  data    data     data data   data   data       data
AggregateCell status | { it: aggregate(input: { indicators: ["conditions.floor_area_per_student"], period: "2023" }) { it: groups { it: cells { it: $field } } } }
    -            data   data  data    data     data data   data   data       data
AggregateCell schools expected value sum mean median min max p25 p75 | { it: aggregate(input: { indicators: ["scale.students"], period: "2023" }) { it: groups { it: cells { it: $field } } } }
    -            data   data  data    data     data data   data   data       data
AggregateCell schools expected value sum mean median min max p25 p75 | { it: aggregate(input: { indicators: ["conditions.floor_area_per_student"], period: "2023" }) { it: groups { it: cells { it: $field } } } }
    -            null   null  null    data     null null   null   null       null
AggregateCell isWithheld | { it: aggregate(input: { indicators: ["conditions.floor_area_per_student"], period: "2023" }) { it: groups { it: cells { it: $field } } } }
    -            data   data  data    data     data data   data   data       data
AggregateCell frozenSince | { it: aggregate(input: { indicators: ["conditions.floor_area_per_student"], period: "2023" }) { it: groups { it: cells { it: $field } } } }
    -            null   null  null    null     null null   null   null       null
Query compliance | { it: compliance(period: "2023") { it: release } }
    -            data   data  data    data     data data   data   data       data
CityCompliance release | { it: city(code: "620100") { it: compliance(period: "2023") { it: $field } } }
    -            data   data  data    data     data data   data   data       data
CityCompliance period standards group schools | { it: city(code: "620100") { it: compliance(period: "2023") { it: $field { __typename } } } }
    -            data   data  data    data     data data   data   data       data
ComplianceResult release | { it: compliance(period: "2023") { it: $field } }
    -            data   data  data    data     data data   data   data       data
ComplianceResult period | { it: compliance(period: "2023") { it: $field { code } } }
    -            data   data  data    data     data data   data   data       data
ComplianceResult standards province cities schools trend | { it: compliance(period: "2023") { it: $field { __typename } } }
    -            data   data  data    data     data data   data   data       data
ComplianceStandard indicator | { it: compliance(period: "2023") { it: standards { it: $field { code } } } }
    -            data   data  data    data     data data   data   data       data
ComplianceStandard threshold better | { it: compliance(period: "2023") { it: standards { it: $field } } }
    -            data   data  data    data     data data   data   data       data
ComplianceGroup cells | { it: compliance(period: "2023") { it: province { it: $field { __typename } } } }
    -            data   data  data    data     data data   data   data       data
ComplianceGroup city | { it: compliance(period: "2023") { it: cities { it: $field { code } } } }
    -            data   data  data    data     data data   data   data       data
ComplianceGroup schools meetingAll shareMeetingAll | { it: compliance(period: "2023") { it: province { it: $field } } }
    -            null   null  null    data     null null   null   null       null
ComplianceCell indicator | { it: compliance(period: "2023") { it: province { it: cells { it: $field { code } } } } }
    -            data   data  data    data     data data   data   data       data
ComplianceCell status | { it: compliance(period: "2023") { it: province { it: cells { it: $field } } } }
    -            data   data  data    data     data data   data   data       data
ComplianceCell value gap meets schools meeting shareMeeting | { it: compliance(period: "2023") { it: province { it: cells { it: $field } } } }
    -            null   null  null    data     null null   null   null       null
SchoolComplianceConnection nodes edges pageInfo | { it: compliance(period: "2023") { it: schools { it: $field { __typename } } } }
    -            data   data  data    data     data data   data   data       data
SchoolComplianceConnection totalCount | { it: compliance(period: "2023") { it: schools { it: $field } } }
    -            data   data  data    data     data data   data   data       data
SchoolComplianceEdge cursor | { it: compliance(period: "2023") { it: schools { it: edges { it: $field } } } }
    -            data   data  data    data     data data   data   data       data
SchoolComplianceEdge node | { it: compliance(period: "2023") { it: schools { it: edges { it: $field { __typename } } } } }
    -            data   data  data    data     data data   data   data       data
SchoolCompliance school | { it: compliance(period: "2023") { it: schools { it: nodes { it: $field { code } } } } }
    -            data   data  data    data     data data   data   data       data
SchoolCompliance cells | { it: compliance(period: "2023") { it: schools { it: nodes { it: $field { __typename } } } } }
    -            data   data  data    data     data data   data   data       data
SchoolCompliance meetsAll | { it: compliance(period: "2023") { it: schools { it: nodes { it: $field } } } }
    -            null   null  null    data     data data   null   null       null
ComplianceTrend period | { it: compliance(period: "2023") { it: trend { it: $field { code } } } }
    -            data   data  data    data     data data   data   data       data
ComplianceTrend province | { it: compliance(period: "2023") { it: trend { it: $field { __typename } } } }
    -            data   data  data    data     data data   data   data       data
Query journal | { it: journal(first: 1) { it: nodes { action } } }
    -            401    403   data  403      403  403    403    403        403
JournalConnection nodes edges pageInfo | { it: journal(first: 1) { it: $field { __typename } } }
    -            401    403   data  403      403  403    403    403        403
JournalConnection totalCount | { it: journal(first: 1) { it: $field } }
    -            401    403   data  403      403  403    403    403        403
JournalEdge cursor | { it: journal(first: 1) { it: edges { it: $field } } }
    -            401    403   data  403      403  403    403    403        403
JournalEdge node | { it: journal(first: 1) { it: edges { it: $field { action } } } }
    -            401    403   data  403      403  403    403    403        403
JournalEntry sequence chainHash time actor role action object data | { it: journal(first: 1) { it: nodes { it: $field } } }
    -            401    403   data  403      403  403    403    403        403
JournalEntry org school beforeHash afterHash requestId address | { it: journal(first: 1, filter: { action: "token.none" }) { it: nodes { it: $field } } }
    -            401    403   none  403      403  403    403    403        403
Query accesses | { it: accesses(filter: { requestId: "-" }) { it: nodes { door } } }
    -            401    403   none  403      403  none   403    403        403
DataAccessConnection nodes edges | { it: accesses(filter: { requestId: "-" }) { it: $field { __typename } } }
    -            401    403   none  403      403  none   403    403        403
DataAccessConnection pageInfo | { it: accesses(filter: { requestId: "-" }) { it: $field { it: endCursor } } }
    -            401    403   null  403      403  null   403    403        403
DataAccessConnection totalCount | { it: accesses(filter: { requestId: "-" }) { it: $field } }
    -            401    403   none  403      403  none   403    403        403
DataAccessEdge cursor | { it: accesses(filter: { requestId: "-" }) { it: edges { it: $field } } }
    -            401    403   none  403      403  none   403    403        403
DataAccessEdge node | { it: accesses(filter: { requestId: "-" }) { it: edges { it: $field { door } } } }
    -            401    403   none  403      403  none   403    403        403
DataAccess time actor role org door requestId address | { it: accesses(filter: { requestId: "-" }) { it: nodes { it: $field } } }
    -            401    403   none  403      403  none   403    403        403
DataAccess tables listed | { it: accesses(filter: { requestId: "-" }) { it: nodes { it: $field { school } } } }
    -            401    403   none  403      403  none   403    403        403
AccessedTable school dataset period | { it: accesses(filter: { requestId: "-" }) { it: nodes { it: tables { it: $field } } } }
    -            401    403   none  403      403  none   403    403        403
Query accounts | { it: $field(first: 1) { it: nodes { it: username } } }
    -            401    data  403   403      403  403    403    403        403
AccountConnection nodes edges | { it: accounts(first: 1) { it: $field { __typename } } }
    -            401    data  403   403      403  403    403    403        403
AccountConnection totalCount | { it: accounts(first: 1) { it: $field } }
    -            401    data  403   403      403  403    403    403        403
AccountConnection pageInfo | { it: accounts(first: 1) { it: $field { it: endCursor } } }
    -            401    data  403   403      403  403    403    403        403
AccountEdge cursor | { it: accounts(first: 1) { it: edges { it: $field } } }
    -            401    data  403   403      403  403    403    403        403
AccountEdge node | { it: accounts(first: 1) { it: edges { it: $field { username } } } }
    -            401    data  403   403      403  403    403    403        403
Query account | { it: $field(accountId: "{account}") { username } }
    person       401    data  null  null     null null   null   null       null
    no-person    401    null  null  null     null null   null   null       null
Account accountId username displayName role org duty isEnabled mustChangePassword hasSecondFactor createdAt etag | { it: account(accountId: "{account}") { it: $field } }
    person       401    data  null  null     null null   null   null       null
Query clients | { it: $field(first: 1) { it: nodes { it: clientId } } }
    -            401    data  403   403      403  403    403    403        403
ClientConnection nodes edges | { it: clients(first: 1) { it: $field { __typename } } }
    -            401    data  403   403      403  403    403    403        403
ClientConnection totalCount | { it: clients(first: 1) { it: $field } }
    -            401    data  403   403      403  403    403    403        403
ClientConnection pageInfo | { it: clients(first: 1) { it: $field { it: endCursor } } }
    -            401    data  403   403      403  403    403    403        403
ClientEdge cursor | { it: clients(first: 1) { it: edges { it: $field } } }
    -            401    data  403   403      403  403    403    403        403
ClientEdge node | { it: clients(first: 1) { it: edges { it: $field { name } } } }
    -            401    data  403   403      403  403    403    403        403
Query client | { it: $field(clientId: "{client}") { name } }
    program      401    data  null  null     null null   null   null       null
    no-program   401    null  null  null     null null   null   null       null
Client clientId name role duty isEnabled createdAt etag | { it: client(clientId: "{client}") { it: $field } }
    program      401    data  null  null     null null   null   null       null
Client org | { it: client(clientId: "{client}") { it: $field } }
    program      401    null  null  null     null null   null   null       null
Mutation addAccount | mutation { it: $field(input: { username: "A", displayName: "a", role: ANALYST }) { account { username } } }
    -            401    422   403   403      403  403    403    403        403
Mutation changeAccount | mutation { it: $field(input: { accountId: "{account}", ifMatch: "9" }) { account { username } } }
    person       401    412   404   404      404  404    404    404        404
    no-person    401    404   404   404      404  404    404    404        404
Mutation resetAccount | mutation { it: $field(input: { accountId: "{account}" }) { account { username } } }
    person       401    data  404   404      404  404    404    404        404
    no-person    401    404   404   404      404  404    404    404        404
AccountPayload account | mutation { it: changeAccount(input: { accountId: "{account}", ifMatch: "*" }) { it: $field { username } } }
    person       401    data  404   404      404  404    404    404        404
AccountPayload password | mutation { it: resetAccount(input: { accountId: "{account}" }) { it: $field } }
    person       401    data  404   404      404  404    404    404        404
Mutation addClient | mutation { it: $field(input: { clientId: "A", name: "a", role: ANALYST }) { client { name } } }
    -            401    422   403   403      403  403    403    403        403
Mutation changeClient | mutation { it: $field(input: { clientId: "{client}", ifMatch: "9" }) { client { name } } }
    program      401    412   404   404      404  404    404    404        404
    no-program   401    404   404   404      404  404    404    404        404
Mutation rotateClient | mutation { it: $field(input: { clientId: "{client}" }) { client { name } } }
    program      401    data  404   404      404  404    404    404        404
    no-program   401    404   404   404      404  404    404    404        404
ClientPayload client | mutation { it: changeClient(input: { clientId: "{client}", ifMatch: "*" }) { it: $field { name } } }
    program      401    data  404   404      404  404    404    404        404
ClientPayload clientSecret | mutation { it: rotateClient(input: { clientId: "{client}" }) { it: $field } }
    program      401    data  404   404      404  404    404    404        404
Query releases | { it: releases { it: version } }
    -            data   data  data    data     data data   data   data       data
Query release | { it: release(version: "{version}") { id } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
    nowhere      null   null  null    null     null null   null   null       null
Release id version kind note createdAt publishAt registryHash manifest signature | { it: release(version: "{version}") { it: $field } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
Release period | { it: release(version: "{version}") { it: $field { code } } }
    published    null   null  null    null     null null   null   null       null
Release tables | { it: release(version: "{version}") { it: $field { __typename } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseTable schools hash | { it: release(version: "{version}") { it: tables { it: $field } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseTable dataset period | { it: release(version: "{version}") { it: tables { it: $field { code } } } }
    published    data   data  data    data     data data   data   data       data
Release changes | { it: release(version: "{version}") { it: $field(first: 1) { __typename } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseChangeConnection nodes edges pageInfo | { it: release(version: "{version}") { it: changes(first: 1) { it: $field { __typename } } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseChangeConnection totalCount | { it: release(version: "{version}") { it: changes(first: 1) { it: $field } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseChangeEdge cursor | { it: release(version: "{version}") { it: changes(first: 1) { it: edges { it: $field } } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseChangeEdge node | { it: release(version: "{version}") { it: changes(first: 1) { it: edges { it: $field { __typename } } } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseChange school change after statusAfter reason | { it: release(version: "{version}") { it: changes(first: 50) { it: nodes { it: $field } } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
ReleaseChange before statusBefore | { it: release(version: "{version}") { it: changes(first: 1) { it: nodes { it: $field } } } }
    published    null   null  null    null     null null   null   null       null
ReleaseChange period indicator | { it: release(version: "{version}") { it: changes(first: 1) { it: nodes { it: $field { code } } } } }
    published    data   data  data    data     data data   data   data       data
    hidden       null   null  null    data     null null   null   null       null
Subscription events | subscription { it: events { cursor } }
    -            400    400   400     400      400  400    400    400        400
Event cursor type time school object data | subscription { it: events { it: $field } }
    -            400    400   400     400      400  400    400    400        400
Query periods | { it: periods { it: code } }
    -            data   data  data    data     data data   data   data       data
Principal id name role duty | { it: me { it: $field } }
    -            null   data  data    data     data data   data   data       data
Principal org | { it: me { it: $field } }
    -            null   null  null    data     data data   data   data       null
Principal school | { it: me { it: $field { code } } }
    -            null   null  null    null     null data   null   null       null
Principal city | { it: me { it: $field { code } } }
    -            null   null  null    null     data null   null   null       null
Principal enterprise | { it: me { it: $field { code } } }
    -            null   null  null    null     null null   null   data       null
Mutation pushSubmission patchSubmission | mutation { it: $field(input: { school: "{school}", dataset: "{dataset}", period: "{period}", observations: [], ifMatch: "9-9-0" }) { submission { id } } }
    own          401    404   404     403      403  412    404    404        404
    sibling      401    404   404     403      403  404    404    404        404
    foreign      401    404   404     403      404  404    404    404        404
    absent       401    404   404     404      404  404    404    404        404
Mutation submitSubmission | mutation { it: $field(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }) { submission { id } } }
    own          401    404   404     403      403  412    404    404        404
    sibling      401    404   404     403      403  404    404    404        404
    foreign      401    404   404     403      404  404    404    404        404
    absent       401    404   404     404      404  404    404    404        404
Mutation recallSubmission | mutation { it: $field(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }) { submission { id } } }
    own          401    404   404     403      403  412    404    404        404
    sibling      401    404   404     403      403  404    404    404        404
    foreign      401    404   404     403      404  404    404    404        404
    absent       401    404   404     404      404  404    404    404        404
Mutation approveSubmissions | mutation { it: $field(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: refused } }
    own          401    403   403     403      data 403    403    403        403
    foreign      401    403   403     403      data 403    403    403        403
    absent       401    403   403     403      data 403    403    403        403
Mutation acceptSubmissions | mutation { it: $field(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: refused } }
    own          401    403   403     data     403  403    403    403        403
    absent       401    403   403     data     403  403    403    403        403
VerdictsPayload done | mutation { it: approveSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: $field } }
    own          401    403   403     403      none 403    403    403        403
VerdictsPayload refused | mutation { it: approveSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: $field } }
    own          401    403   403     403      data 403    403    403        403
VerdictsPayload verdicts | mutation { it: approveSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: $field { school } } }
    own          401    403   403     403      data 403    403    403        403
Verdict school dataset period | mutation { it: approveSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: verdicts { it: $field } } }
    foreign      401    403   403     403      data 403    403    403        403
Verdict error | mutation { it: approveSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: verdicts { it: $field { code } } } }
    own          401    403   403     403      data 403    403    403        403
    foreign      401    403   403     403      data 403    403    403        403
Verdict submission | mutation { it: acceptSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: verdicts { it: $field { id } } } }
    own          401    403   403     null     403  403    403    403        403
Refusal code type message | mutation { it: acceptSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: verdicts { it: error { it: $field } } } }
    own          401    403   403     data     403  403    403    403        403
    absent       401    403   403     data     403  403    403    403        403
Refusal findings | mutation { it: acceptSubmissions(tables: [{ school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }]) { it: verdicts { it: error { it: $field { code } } } } }
    own          401    403   403     none     403  403    403    403        403
Mutation approveSubmission | mutation { it: $field(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }) { submission { id } } }
    own          401    404   404     403      412  403    404    404        404
    sibling      401    404   404     403      412  404    404    404        404
    foreign      401    404   404     403      404  404    404    404        404
    absent       401    404   404     404      404  404    404    404        404
Mutation returnSubmission | mutation { it: $field(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0", reason: "a reason" }) { submission { id } } }
    own          401    404   404     412      412  403    404    404        404
    sibling      401    404   404     412      412  404    404    404        404
    foreign      401    404   404     412      404  404    404    404        404
    absent       401    404   404     404      404  404    404    404        404
Mutation acceptSubmission | mutation { it: $field(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0" }) { submission { id } } }
    own          401    404   404     412      403  403    404    404        404
    foreign      401    404   404     412      404  404    404    404        404
    absent       401    404   404     404      404  404    404    404        404
Mutation reopenSubmission | mutation { it: $field(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "9-9-0", reason: "a reason" }) { submission { id } } }
    own          401    404   404     412      403  403    404    404        404
    foreign      401    404   404     412      404  404    404    404        404
    absent       401    404   404     404      404  404    404    404        404
Query collections | { it: $field(filter: { dataset: ["{dataset}"], period: ["{period}"] }) { it: etag } }
    task         401    none  none    data     data data   none   none       none
    no-task      401    none  none    none     none none   none   none       none
Query collection | { it: $field(dataset: "{dataset}", period: "{period}") { it: etag } }
    task         401    null  null    data     data data   null   null       null
    no-task      401    null  null    null     null null   null   null       null
Collection dataset period | { it: collection(dataset: "{dataset}", period: "{period}") { it: $field { __typename } } }
    task         401    null  null    data     data data   null   null       null
Collection opensOn dueOn closesOn note state etag | { it: collection(dataset: "{dataset}", period: "{period}") { it: $field } }
    task         401    null  null    data     data data   null   null       null
Collection extensions | { it: collection(dataset: "{dataset}", period: "{period}") { it: $field { it: reason } } }
    task         401    null  null    data     data data   null   null       null
    late         401    null  null    data     none none   null   null       null
CollectionExtension school | { it: collection(dataset: "{dataset}", period: "{period}") { it: extensions { it: $field { code } } } }
    task         401    null  null    data     data data   null   null       null
    late         401    null  null    data     none none   null   null       null
CollectionExtension until reason at | { it: collection(dataset: "{dataset}", period: "{period}") { it: extensions { it: $field } } }
    task         401    null  null    data     data data   null   null       null
    late         401    null  null    data     none none   null   null       null
Collection progress | { it: collection(dataset: "{dataset}", period: "{period}") { it: $field { __typename } } }
    task         401    null  null    data     data data   null   null       null
CollectionProgress expected received submitted approved accepted | { it: collection(dataset: "{dataset}", period: "{period}") { it: progress { it: $field } } }
    task         401    null  null    data     data data   null   null       null
CollectionProgress overdue | { it: collection(dataset: "{dataset}", period: "{period}") { it: progress { it: $field } } }
    task         401    null  null    none     none none   null   null       null
    late         401    null  null    data     data data   null   null       null
CollectionProgress cities | { it: collection(dataset: "{dataset}", period: "{period}") { it: progress { it: $field { __typename } } } }
    task         401    null  null    data     data data   null   null       null
CityProgress city | { it: collection(dataset: "{dataset}", period: "{period}") { it: progress { it: cities { it: $field { code } } } } }
    task         401    null  null    data     data data   null   null       null
CityProgress expected received submitted approved accepted | { it: collection(dataset: "{dataset}", period: "{period}") { it: progress { it: cities { it: $field } } } }
    task         401    null  null    data     data data   null   null       null
CityProgress overdue | { it: collection(dataset: "{dataset}", period: "{period}") { it: progress { it: cities { it: $field } } } }
    late         401    null  null    data     data data   null   null       null
Mutation openCollection | mutation { it: $field(input: { dataset: "{dataset}", period: "{period}", opensOn: "2000-01-01", dueOn: "2098-12-31" }) { collection { etag } } }
    task         401    403   403     409      403  403    403    403        403
Mutation changeCollection | mutation { it: $field(input: { dataset: "{dataset}", period: "{period}", ifMatch: "9" }) { collection { etag } } }
    task         401    404   404     412      403  403    404    404        404
    no-task      401    404   404     404      404  404    404    404        404
Mutation extendCollection | mutation { it: $field(input: { dataset: "{dataset}", period: "{period}", school: "62001", until: "2099-03-31", reason: "a reason" }) { collection { etag } } }
    task         401    404   404     data     403  403    404    404        404
    no-task      401    404   404     404      404  404    404    404        404
CollectionPayload collection | mutation { it: changeCollection(input: { dataset: "{dataset}", period: "{period}", ifMatch: "*" }) { it: $field { etag } } }
    task         401    404   404     data     403  403    404    404        404
ExtendCollectionPayload collection extension | mutation { it: extendCollection(input: { dataset: "{dataset}", period: "{period}", school: "62001", until: "2099-03-31", reason: "a reason" }) { it: $field { __typename } } }
    task         401    404   404     data     403  403    404    404        404
Query ruleTrial | { it: $field(dataset: "talent", expression: "talent.placed > 1.0", periods: ["2011"]) { it: period } }
    -            401    403   403     data     403  403    403    403        403
Trial skipped | { it: ruleTrial(dataset: "talent", expression: "prev.talent.placed > 1.0", periods: ["2011"]) { it: $field } }
    -            401    403   403     data     403  403    403    403        403
Trial period schools | { it: ruleTrial(dataset: "talent", expression: "talent.placed > 1.0", periods: ["2011"]) { it: $field } }
    -            401    403   403     data     403  403    403    403        403
Trial flagged | { it: ruleTrial(dataset: "talent", expression: "talent.placed < 1.0", periods: ["2011"]) { it: $field } }
    -            401    403   403     data     403  403    403    403        403
Mutation addRule | mutation { it: $field(input: { code: "talent.placement_low", severity: INFO, expression: "talent.placed > 1.0", messageZh: "说明", messageEn: "words" }) { rule { id } } }
    -            401    403   403     409      403  403    403    403        403
Mutation changeRule | mutation { it: $field(input: { code: "talent.placement_low", ifMatch: "9" }) { rule { id } } }
    -            401    403   403     412      403  403    403    403        403
RulePayload rule | mutation { it: changeRule(input: { code: "talent.placement_low", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data     403  403    403    403        403
Mutation addPeriod | mutation { it: $field(input: { code: "2023-2025" }) { period { id } } }
    -            401    403   403     422      403  403    403    403        403
PeriodPayload period | mutation { it: addPeriod(input: { code: "2097-2098" }) { it: $field { id } } }
    -            401    403   403     data     403  403    403    403        403
Mutation addDataset | mutation { it: $field(input: { code: "scale", name: "另一张表", periodKind: CALENDAR_YEAR }) { dataset { id } } }
    -            401    403   403     409      403  403    403    403        403
Mutation changeDataset | mutation { it: $field(input: { code: "talent", ifMatch: "9" }) { dataset { id } } }
    -            401    403   403     412      403  403    403    403        403
DatasetPayload dataset | mutation { it: changeDataset(input: { code: "talent", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data     403  403    403    403        403
Mutation addIndicator | mutation { it: $field(input: { code: "talent.graduates", name: "另一个指标", unit: "人", decimals: 0, aggregation: SUM, disclosure: PUBLIC }) { indicator { id } } }
    -            401    403   403     409      403  403    403    403        403
Mutation changeIndicator | mutation { it: $field(input: { code: "talent.graduates", ifMatch: "9" }) { indicator { id } } }
    -            401    403   403     412      403  403    403    403        403
IndicatorPayload indicator | mutation { it: changeIndicator(input: { code: "talent.graduates", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data     403  403    403    403        403
Mutation addCity | mutation { it: $field(input: { source: "x" }) { city { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeCity | mutation { it: $field(input: { code: "620100", ifMatch: "9" }) { city { id } } }
    -            401    403   403     412      403  403    403    403        403
CityPayload city | mutation { it: changeCity(input: { code: "620100", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data      403  403    403    403        403
Mutation addSchool | mutation { it: $field(input: { source: "x" }) { school { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeSchool | mutation { it: $field(input: { code: "62001", ifMatch: "9" }) { school { id } } }
    -            401    403   403     412      403  403    403    403        403
SchoolPayload school | mutation { it: changeSchool(input: { code: "62001", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data      403  403    403    403        403
Mutation addEnterprise | mutation { it: $field(input: { source: "x" }) { enterprise { id } } }
    -            401    403   403     422      422  403    403    403        403
Mutation changeEnterprise | mutation { it: $field(input: { code: "EEADEB0F3", ifMatch: "9" }) { enterprise { id } } }
    -            401    403   403     412      403  403    403    412        403
EnterprisePayload enterprise | mutation { it: changeEnterprise(input: { code: "EEADEB0F3", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data      403  403    403    data        403
Mutation addInstitution | mutation { it: $field(input: { source: "x" }) { institution { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeInstitution | mutation { it: $field(input: { code: "X6AA222D5", ifMatch: "9" }) { institution { id } } }
    -            401    403   403     412      403  403    403    403        403
InstitutionPayload institution | mutation { it: changeInstitution(input: { code: "X6AA222D5", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data      403  403    403    403        403
Mutation addConsortium | mutation { it: $field(input: { source: "x" }) { consortium { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeConsortium | mutation { it: $field(input: { code: "CB7720D08", ifMatch: "9" }) { consortium { id } } }
    -            401    403   403     412      403  403    403    403        403
ConsortiumPayload consortium | mutation { it: changeConsortium(input: { code: "CB7720D08", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     data      403  403    403    403        403
Mutation addConsortiumMember | mutation { it: $field(input: { source: "x" }) { membership { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeConsortiumMember | mutation { it: $field(input: { id: "nobody", ifMatch: "9" }) { membership { id } } }
    -            401    403   403     404      403  403    403    403        403
ConsortiumMemberPayload membership | mutation { it: changeConsortiumMember(input: { id: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  403    403    403        403
Mutation addDesignation | mutation { it: $field(input: { source: "x" }) { designation { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeDesignation | mutation { it: $field(input: { id: "nobody", ifMatch: "9" }) { designation { id } } }
    -            401    403   403     404      403  403    403    403        403
DesignationPayload designation | mutation { it: changeDesignation(input: { id: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  403    403    403        403
Mutation addAlias | mutation { it: $field(input: { source: "x" }) { alias { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeAlias | mutation { it: $field(input: { id: "nobody", ifMatch: "9" }) { alias { id } } }
    -            401    403   403     404      403  403    403    403        403
AliasPayload alias | mutation { it: changeAlias(input: { id: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  403    403    403        403
Mutation addSchoolSuccession | mutation { it: $field(input: { source: "x" }) { predecessor { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeSchoolSuccession | mutation { it: $field(input: { id: "nobody", ifMatch: "9" }) { predecessor { id } } }
    -            401    403   403     404      403  403    403    403        403
SchoolSuccessionPayload predecessor | mutation { it: changeSchoolSuccession(input: { id: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  403    403    403        403
Mutation addMajor | mutation { it: $field(input: { source: "x" }) { major { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeMajor | mutation { it: $field(input: { code: "nobody", ifMatch: "9" }) { major { id } } }
    -            401    403   403     404      403  403    403    403        403
MajorPayload major | mutation { it: changeMajor(input: { code: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  403    403    403        403
Mutation addProgramme | mutation { it: $field(input: { source: "x" }) { programme { id } } }
    -            401    403   403     422      403  422    403    403        403
Mutation changeProgramme | mutation { it: $field(input: { id: "nobody", ifMatch: "9" }) { programme { id } } }
    -            401    403   403     404      403  404    403    403        403
ProgrammePayload programme | mutation { it: changeProgramme(input: { id: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  404    403    403        403
Mutation addIndustryChain | mutation { it: $field(input: { source: "x" }) { industryChain { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeIndustryChain | mutation { it: $field(input: { code: "nobody", ifMatch: "9" }) { industryChain { id } } }
    -            401    403   403     404      403  403    403    403        403
IndustryChainPayload industryChain | mutation { it: changeIndustryChain(input: { code: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  403    403    403        403
Mutation addMajorChain | mutation { it: $field(input: { source: "x" }) { link { id } } }
    -            401    403   403     422      403  403    403    403        403
Mutation changeMajorChain | mutation { it: $field(input: { id: "nobody", ifMatch: "9" }) { link { id } } }
    -            401    403   403     404      403  403    403    403        403
MajorChainPayload link | mutation { it: changeMajorChain(input: { id: "nobody", ifMatch: "*" }) { it: $field { id } } }
    -            401    403   403     404      403  403    403    403        403
Query duplicates | { it: $field(kind: ENTERPRISE) { score } }
    -            401    403   403     data     403  403    403    403        403
Duplicate kind score basis | { it: duplicates(kind: ENTERPRISE) { it: $field } }
    -            401    403   403     data     403  403    403    403        403
Duplicate one other | { it: duplicates(kind: ENTERPRISE) { it: $field { code } } }
    -            401    403   403     data     403  403    403    403        403
LikenedEntry code name | { it: duplicates(kind: ENTERPRISE) { it: one { it: $field } } }
    -            401    403   403     data     403  403    403    403        403
Mutation mergeDuplicates | mutation { it: $field(input: { kind: ENTERPRISE, keep: "", merge: "" }) { kept } }
    -            401    403   403     422      403  403    403    403        403
MergeDuplicatesPayload kept gone moved | mutation { it: mergeDuplicates(input: { kind: ENTERPRISE, keep: "", merge: "" }) { it: $field } }
    -            401    403   403     422      403  403    403    403        403
Mutation distinguishDuplicates | mutation { it: $field(input: { kind: ENTERPRISE, one: "", other: "" }) { one } }
    -            401    403   403     422      403  403    403    403        403
DistinguishDuplicatesPayload one other | mutation { it: distinguishDuplicates(input: { kind: ENTERPRISE, one: "", other: "" }) { it: $field } }
    -            401    403   403     422      403  403    403    403        403
Mutation explainClaim | mutation { it: $field(input: { claim: "a", other: "b", cause: SCOPE, text: "" }) { explanation { at } } }
    -            401    403   403     422      403  403    403    403        403
ExplainClaimPayload explanation | mutation { it: explainClaim(input: { claim: "policy.students_full_time.2023.附表6", other: "policy.students_full_time.2023.1.2.1", cause: SCOPE, text: "words" }) { it: $field { at } } }
    -            401    403   403     data     403  403    403    403        403
Mutation previewRelease | mutation { it: $field(input: { kind: MINOR }) { version } }
    -            401    403   403     data     403  403    403    403        403
PreviewReleasePayload version previous allTables | mutation { it: previewRelease(input: { kind: MINOR }) { it: $field } }
    -            401    403   403     data     403  403    403    403        403
PreviewReleasePayload tables | mutation { it: previewRelease(input: { kind: MINOR }) { it: $field { dataset } } }
    -            401    403   403     data     403  403    403    403        403
TablePreview dataset period isNew cells | mutation { it: previewRelease(input: { kind: MINOR }) { it: tables { it: $field } } }
    -            401    403   403     data     403  403    403    403        403
TablePreview suppressed | mutation { it: previewRelease(input: { kind: MINOR }) { it: tables { it: $field } } }
    -            401    403   403     data     403  403    403    403        403
TablePreview told standing | mutation { it: previewRelease(input: { kind: MINOR }) { it: tables { it: $field } } }
    -            401    403   403     none     403  403    403    403        403
Mutation keepReconciliation | mutation { it: $field(input: {}) { reconciliation { id } } }
    -            401    403   403     data     data 403    403    403        403
KeepReconciliationPayload reconciliation | mutation { it: keepReconciliation(input: {}) { it: $field { id } } }
    -            401    403   403     data     data 403    403    403        403
Reconciliation outcomes | mutation { it: keepReconciliation(input: {}) { it: reconciliation { it: $field { claim } } } }
    -            401    403   403     data     data 403    403    403        403
KeptOutcome verdict claim label value source other otherValue otherSource difference reason basis rule schools expected cause explanation | mutation { it: keepReconciliation(input: {}) { it: reconciliation { it: outcomes { it: $field } } } }
    -            401    403   403     data     data 403    403    403        403
Query reconciliations | { it: $field(first: 3) { it: totalCount } }
    -            401    403   403     data     data 403    403    403        403
ReconciliationConnection edges nodes pageInfo | { it: reconciliations(first: 3) { it: $field { __typename } } }
    -            401    403   403     data     data 403    403    403        403
ReconciliationConnection totalCount | { it: reconciliations(first: 3) { it: $field } }
    -            401    403   403     data     data 403    403    403        403
ReconciliationEdge cursor | { it: reconciliations(first: 3) { it: edges { it: $field } } }
    -            401    403   403     data     data 403    403    403        403
ReconciliationEdge node | { it: reconciliations(first: 3) { it: edges { it: $field { id } } } }
    -            401    403   403     data     data 403    403    403        403
Reconciliation id at actor release isOfFile claimsHash holds differs noData contradicts | { it: reconciliations(first: 3) { it: nodes { it: $field } } }
    -            401    403   403     data     data 403    403    403        403
Query keptReconciliation | { it: $field(id: "0197a1b2-7c3d-7000-8000-000000000077") { id } }
    -            401    null  null    null     null null   null   null       null
Query opportunities | { it: $field(filter: { kind: [TALENT], state: [PUBLISHED] }) { it: nodes { key } } }
    -            data  data  data  data  data  data  data  data  data 
OpportunityConnection nodes edges | { it: opportunities(first: 1) { it: $field { __typename } } }
    -            data  data  data  data  data  data  data  data  data 
OpportunityConnection totalCount | { it: opportunities(first: 1) { it: $field } }
    -            data  data  data  data  data  data  data  data  data 
OpportunityConnection pageInfo | { it: opportunities(first: 1) { it: $field { it: endCursor } } }
    -            data  data  data  data  data  data  data  data  data 
OpportunityEdge cursor | { it: opportunities { it: edges { it: $field } } }
    -            data  data  data  data  data  data  data  data  data 
OpportunityEdge node | { it: opportunities { it: edges { it: $field { key } } } }
    -            data  data  data  data  data  data  data  data  data 
Query opportunity | { it: $field(id: "{opportunity}") { it: key } }
    offer        data  data  data  data  data  data  data  data  data 
    waiting      null  null  null  data  null  null  null  data  null 
    over         null  null  null  data  data  data  null  null  null 
    no-offer     null  null  null  null  null  null  null  null  null 
Opportunity id key kind side state title text majors majorWords industry headcount validUntil createdAt updatedAt etag | { it: opportunity(id: "{opportunity}") { it: $field } }
    offer        data  data  data  data  data  data  data  data  data 
    waiting      null  null  null  data  null  null  null  data  null 
Opportunity publishedAt | { it: opportunity(id: "{opportunity}") { it: $field } }
    offer        data  data  data  data  data  data  data  data  data 
Opportunity school city | { it: opportunity(id: "{opportunity}") { it: $field { code } } }
    offer        data  data  data  data  data  data  data  data  data 
    over         null  null  null  data  data  data  null  null  null 
Opportunity enterprise | { it: opportunity(id: "{opportunity}") { it: $field { code } } }
    sought       data  data  data  data  data  data  data  data  data 
    waiting      null  null  null  data  null  null  null  data  null 
Opportunity contact | { it: opportunity(id: "{opportunity}") { it: $field { telephone } } }
    offer        null  null  null  null  null  data  null  null  null 
    waiting      null  null  null  null  null  null  null  data  null 
OfficeContact department telephone email | { it: opportunity(id: "{opportunity}") { it: contact { it: $field } } }
    offer        null  null  null  null  null  data  null  null  null 
Opportunity reason outcome outcomeNumber | { it: opportunity(id: "{opportunity}") { it: $field } }
    over         null  null  null  data  data  data  null  null  null 
Opportunity matches | { it: opportunity(id: "{opportunity}") { it: $field(first: 3) { score } } }
    offer        null  null  null  data  data  data  null  null  null 
    sought       null  null  null  data  null  null  null  data  null 
Match score | { it: opportunity(id: "{opportunity}") { it: matches { it: $field } } }
    offer        null  null  null  data  data  data  null  null  null 
Match parts opportunity | { it: opportunity(id: "{opportunity}") { it: matches { it: $field { __typename } } } }
    offer        null  null  null  data  data  data  null  null  null 
MatchPart code points most text | { it: opportunity(id: "{opportunity}") { it: matches { it: parts { it: $field } } } }
    offer        null  null  null  data  data  data  null  null  null 
Query opportunityDigest | { it: $field(day: "2024-01-02") { day } }
    -            401   403   403   data  data  data  403   data  403  
OpportunityDigest day total | { it: opportunityDigest(day: "2024-01-02") { it: $field } }
    -            401   403   403   data  data  data  403   data  403  
OpportunityDigest matches | { it: opportunityDigest(day: "2024-01-02") { it: $field { score } } }
    -            401   403   403   data  data  data  403   data  403  
DigestedMatch supply demand score foundAt | { it: opportunityDigest(day: "2024-01-02") { it: matches { it: $field } } }
    -            401   403   403   data  data  data  403   data  403  
Query interests | { it: $field { it: nodes { key } } }
    -            401   403   403   data  data  data  403   data  403  
InterestConnection nodes edges | { it: interests { it: $field { __typename } } }
    -            401   403   403   data  data  data  403   data  403  
InterestConnection totalCount | { it: interests { it: $field } }
    -            401   403   403   data  data  data  403   data  403  
InterestConnection pageInfo | { it: interests { it: $field { it: endCursor } } }
    -            401   403   403   data  data  data  403   data  403  
InterestEdge cursor | { it: interests { it: edges { it: $field } } }
    -            401   403   403   data  data  data  403   data  403  
InterestEdge node | { it: interests { it: edges { it: $field { key } } } }
    -            401   403   403   data  data  data  403   data  403  
Query interest | { it: $field(id: "{interest}") { it: key } }
    agreed       401   null  null  data  data  data  null  data  null 
    declined     401   null  null  data  null  data  null  data  null 
    no-interest  401   null  null  null  null  null  null  null  null 
Interest id key state note createdAt updatedAt etag | { it: interest(id: "{interest}") { it: $field } }
    agreed       401   null  null  data  data  data  null  data  null 
    declined     401   null  null  data  null  data  null  data  null 
Interest reason | { it: interest(id: "{interest}") { it: $field } }
    declined     401   null  null  data  null  data  null  data  null 
Interest enterprise | { it: interest(id: "{interest}") { it: $field { code } } }
    agreed       401   null  null  data  data  data  null  data  null 
Interest school | { it: interest(id: "{interest}") { it: $field { code } } }
    declined     401   null  null  data  null  data  null  data  null 
Interest opportunity | { it: interest(id: "{interest}") { it: $field { key } } }
    agreed       401   null  null  data  data  data  null  data  null 
    declined     401   null  null  data  null  data  null  data  null 
Interest contact | { it: interest(id: "{interest}") { it: $field { __typename } } }
    agreed       401   null  null  null  null  data  null  data  null 
    declined     401   null  null  null  null  null  null  null  null 
    asked        401   null  null  null  null  null  null  null  null 
InterestContact owner interested | { it: interest(id: "{interest}") { it: contact { it: $field { telephone } } } }
    agreed       401   null  null  null  null  data  null  data  null 
Query bulletin | { it: $field(year: 2024) { year } }
    -            data  data  data  data  data  data  data  data  data 
Bulletin year isFinal madeAt | { it: bulletin(year: 2024) { it: $field } }
    -            data  data  data  data  data  data  data  data  data 
Bulletin publishedAt hash document | { it: bulletin(year: 2024) { it: $field } }
    -            null  null  null  null  null  null  null  null  null 
Mutation publishBulletin | mutation { it: $field(input: { year: 2023 }) { bulletin { year } } }
    -            401   403   403   data  403   403   403   403   403 
PublishBulletinPayload bulletin | mutation { it: publishBulletin(input: { year: 2022 }) { it: $field { year } } }
    -            401   403   403   data  403   403   403   403   403 
Bulletin lines | { it: bulletin(year: 2024) { it: $field { key } } }
    -            data  data  data  data  data  data  data  data  data 
BulletinLine dimension key name | { it: bulletin(year: 2024) { it: lines { it: $field } } }
    -            data  data  data  data  data  data  data  data  data 
BulletinLine supply demand outcomes | { it: bulletin(year: 2024) { it: lines { it: $field { __typename } } } }
    -            data  data  data  data  data  data  data  data  data 
BulletinCount postings headcount | { it: bulletin(year: 2024) { it: lines { it: supply { it: $field } } } }
    -            data  data  data  data  data  data  data  data  data 
BulletinOutcomes met partlyMet unmet open headsMet | { it: bulletin(year: 2024) { it: lines { it: outcomes { it: $field } } } }
    -            data  data  data  data  data  data  data  data  data 
City opportunities | { it: city(code: "620100") { it: $field { key } } }
    -            data  data  data  data  data  data  data  data  data 
School opportunities | { it: school(code: "{school}") { it: $field { key } } }
    own          data  data  data  data  data  data  data  data  data 
Enterprise opportunities | { it: enterprise(code: "EEADEB0F3") { it: $field { key } } }
    -            data  data  data  data  data  data  data  data  data 
Mutation postOpportunity | mutation { it: $field(input: { kind: TALENT, side: SUPPLY, title: "", validUntil: "2001-01-01", contact: {} }) { opportunity { key } } }
    -            401   403   403   403   403   422   403   422   403  
Mutation changeOpportunity | mutation { it: $field(input: { id: "{opportunity}", ifMatch: "9", opportunity: { kind: TALENT, side: SUPPLY, title: "", validUntil: "2001-01-01", contact: {} } }) { opportunity { key } } }
    offer        401   403   403   403   403   412   403   403   403  
    waiting      401   404   404   403   404   404   404   412   404  
    no-offer     401   404   404   404   404   404   404   404   404  
Mutation withdrawOpportunity | mutation { it: $field(input: { id: "{opportunity}", ifMatch: "9" }) { opportunity { key } } }
    offer        401   403   403   403   403   412   403   403   403  
    waiting      401   404   404   403   404   404   404   412   404  
    no-offer     401   404   404   404   404   404   404   404   404  
Mutation closeOpportunity | mutation { it: $field(input: { id: "{opportunity}", ifMatch: "9", outcome: MET }) { opportunity { key } } }
    offer        401   403   403   403   403   412   403   403   403  
    waiting      401   404   404   403   404   404   404   412   404  
    no-offer     401   404   404   404   404   404   404   404   404  
Mutation approveOpportunity | mutation { it: $field(input: { id: "{opportunity}", ifMatch: "9" }) { opportunity { key } } }
    offer        401   403   403   412   412   403   403   403   403  
    waiting      401   404   404   412   404   404   404   403   404  
    no-offer     401   404   404   404   404   404   404   404   404  
Mutation refuseOpportunity | mutation { it: $field(input: { id: "{opportunity}", ifMatch: "9", reason: "a reason" }) { opportunity { key } } }
    offer        401   403   403   412   412   403   403   403   403  
    waiting      401   404   404   412   404   404   404   403   404  
    no-offer     401   404   404   404   404   404   404   404   404  
Mutation expressInterest | mutation { it: $field(input: { opportunity: "{opportunity}", contact: {} }) { interest { key } } }
    offer        401   403   403   403   403   409   403   409   403  
    no-offer     401   404   404   404   404   404   404   404   404  
Mutation acceptInterest | mutation { it: $field(input: { id: "{interest}", ifMatch: "9" }) { interest { key } } }
    agreed       401   404   404   403   403   412   404   403   404  
    no-interest  401   404   404   404   404   404   404   404   404  
Mutation declineInterest | mutation { it: $field(input: { id: "{interest}", ifMatch: "9" }) { interest { key } } }
    agreed       401   404   404   403   403   412   404   403   404  
    no-interest  401   404   404   404   404   404   404   404   404  
Mutation withdrawInterest | mutation { it: $field(input: { id: "{interest}", ifMatch: "9" }) { interest { key } } }
    agreed       401   404   404   403   403   403   404   412   404  
    no-interest  401   404   404   404   404   404   404   404   404  
InterestPayload interest | mutation { it: acceptInterest(input: { id: "{interest}", ifMatch: "*" }) { it: $field { key } } }
    asked        401   404   404   403   403   data  404   404   404  
OpportunityPayload opportunity | mutation { it: approveOpportunity(input: { id: "{opportunity}", ifMatch: "*" }) { it: $field { key } } }
    waiting      401   404   404   data  403   403   403   403   403  
Mutation createRelease | mutation { it: $field(input: { kind: PATCH, note: "" }) { release { id } } }
    -            401    403   403     422      403  403    403    403        403
PushSubmissionPayload isFirst | mutation { it: patchSubmission(input: { school: "{school}", dataset: "{dataset}", period: "{period}", observations: [], ifMatch: "*" }) { it: $field } }
    draft        401    404   404     403      403  data   404    404        404
PushSubmissionPayload removed | mutation { it: patchSubmission(input: { school: "{school}", dataset: "{dataset}", period: "{period}", observations: [], ifMatch: "*" }) { it: $field } }
    draft        401    404   404     403      403  none   404    404        404
PushSubmissionPayload submission | mutation { it: patchSubmission(input: { school: "{school}", dataset: "{dataset}", period: "{period}", observations: [], ifMatch: "*" }) { it: $field { id } } }
    draft        401    404   404     403      403  data   404    404        404
PushSubmissionPayload receipt | mutation { it: patchSubmission(input: { school: "{school}", dataset: "{dataset}", period: "{period}", observations: [], ifMatch: "*" }) { it: $field } }
    draft        401    404   404     403      403  data   404    404        404
ReviewPayload receipt | mutation { it: submitSubmission(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "*", justifications: [{ code: "talent.employed_in_sectors.parts", text: "as it is" }] }) { it: $field } }
    draft        401    404   404     403      403  data   404    404        404
ReviewPayload submission | mutation { it: returnSubmission(input: { school: "{school}", dataset: "{dataset}", period: "{period}", ifMatch: "*", reason: "a reason" }) { it: $field { id } } }
    awaiting     401    404   404     409      data 403    404    404        404
Query tasks | { it: $field(filter: { city: ["620100"] }) { it: key } }
    -              none    none  none    data     data  data   none   none       none
Query task | { it: $field(id: "{task}") { it: title } }
    errand         null    null  null    data     data  data   null   null       null
    printed-errand data    data  data    data     data  data   data   data       data
    no-errand      null    null  null    null     null  null   null   null       null
Task state isOverdue etag | { it: task(id: "{task}") { it: $field } }
    errand         null    null  null    data     data  data   null   null       null
    printed-errand null    null  null    data     null  null   null   null       null
Task reports verdicts | { it: task(id: "{task}") { it: $field { __typename } } }
    errand         null    null  null    data     data  data   null   null       null
    printed-errand null    null  null    none     null  null   null   null       null
TaskReport number text percent evidence isDone at | { it: task(id: "{task}") { it: reports { it: $field } } }
    errand         null    null  null    data     data  data   null   null       null
TaskVerdict number verdict reason at | { it: task(id: "{task}") { it: verdicts { it: $field } } }
    errand         null    null  null    data     data  data   null   null       null
Query taskEvaluations | { it: $field(city: "620100") { it: key } }
    -              401     none  none    data     data  data   none   none       none
Query taskEvaluation | { it: $field(id: "{evaluation}") { it: key } }
    errand         401     null  null    data     data  data   null   null       null
    no-errand      401     null  null    null     null  null   null   null       null
TaskEvaluation id key year document hash at | { it: taskEvaluation(id: "{evaluation}") { it: $field } }
    errand         401     null  null    data     data  data   null   null       null
TaskEvaluation city school | { it: taskEvaluation(id: "{evaluation}") { it: $field { code } } }
    errand         401     null  null    data     data  data   null   null       null
City tasks | { it: city(code: "620100") { it: $field { it: title } } }
    -              none    none  none    data     data  data   none   none       none
City submissionsProgress | { it: city(code: "620100") { it: $field { __typename } } }
    -              null    null  null    data     data  null   null   null       null
City compliance | { it: city(code: "620100") { it: $field { release } } }
    -              data    data  data    data     data  data   data   data       data
TableProgress dataset period | { it: city(code: "620100") { it: submissionsProgress { it: $field { code } } } }
    -              null    null  null    data     data  null   null   null       null
TableProgress dueOn expected received submitted approved accepted overdue | { it: city(code: "620100") { it: submissionsProgress { it: $field } } }
    -              null    null  null    data     data  null   null   null       null
TargetJudgement verdict figure release reason | { it: targets(filter: { hasExpression: true }) { it: judgement { it: $field } } }
    -              data    data  data    data     data  data   data   data       data
TargetJudgement period | { it: targets(filter: { hasExpression: true }) { it: judgement { it: $field { code } } } }
    -              data    data  data    data     data  data   data   data       data
Mutation addTask | mutation { it: $field(input: { title: "", due: "长期坚持" }) { task { key } } }
    -              401     403   403     422      422   403    403    403        403
Mutation changeTask | mutation { it: $field(input: { task: "{task}", ifMatch: "99" }) { task { key } } }
    errand         404     404   404     412      412   403    404    404        404
    printed-errand 401     403   403     412      403   403    403    403        403
Mutation reportTask | mutation { it: $field(input: { task: "{task}", text: "" }) { task { key } } }
    errand         401     404   404     403      403   422    404    404        404
    printed-errand 401     403   403     403      403   403    403    403        403
Mutation judgeTask | mutation { it: $field(input: { task: "{task}", ifMatch: "99", verdict: RETURNED, reason: "a reason" }) { task { key } } }
    errand         401     404   404     403      412   403    404    404        404
    printed-errand 401     403   403     412      403   403    403    403        403
Mutation evaluateTasks | mutation { it: $field(input: { year: 2098, city: "620100" }) { evaluation { key } } }
    -              401     403   403     422      422   403    403    403        403
Mutation addTarget | mutation { it: $field(input: { label: "", comparator: "=", value: "1" }) { target { key } } }
    -              401     403   403     422      422   403    403    403        403
Mutation changeTarget | mutation { it: $field(input: { target: "{target}", ifMatch: "99" }) { target { key } } }
    errand         401     403   403     412      412   403    403    403        403
TaskPayload task | mutation { it: changeTask(input: { task: "{task}", ifMatch: "*" }) { it: $field { key } } }
    errand         404     404   404     data     data  403    404    404        404
ReportTaskPayload task | mutation { it: reportTask(input: { task: "{task}", text: "words", isDone: true }) { it: $field { key } } }
    errand         401     404   404     403      403   data   404    404        404
JudgeTaskPayload task | mutation { it: judgeTask(input: { task: "{task}", ifMatch: "*", verdict: RETURNED, reason: "a reason" }) { it: $field { key } } }
    errand         401     404   404     403      data  403    404    404        404
ReportTaskPayload report | mutation { it: reportTask(input: { task: "{task}", text: "words", isDone: true }) { it: $field { at } } }
    errand         401     404   404     403      403   data   404    404        404
JudgeTaskPayload verdict | mutation { it: judgeTask(input: { task: "{task}", ifMatch: "*", verdict: RETURNED, reason: "a reason" }) { it: $field { at } } }
    errand         401     404   404     403      data  403    404    404        404
EvaluateTasksPayload evaluation | mutation { it: evaluateTasks(input: { year: 2024, city: "620100" }) { it: $field { key } } }
    -              401     403   403     data     403   403    403    403        403
TargetPayload target | mutation { it: changeTarget(input: { target: "{target}", ifMatch: "*" }) { it: $field { key } } }
    errand         401     403   403     data     data  403    403    403        403
CreateReleasePayload release | mutation { it: createRelease(input: { kind: MINOR, note: "a note", publishAt: "2099-01-01T00:00:00Z" }) { it: $field { id } } }
    -            401    403   403     data     403  403    403    403        403
Query partnership | { it: partnership(id: "{partnership}") { id } }
    proposal     null   null  null    data     data data   null   data       null
    foreign-proposal null   null  null    data     null null   null   null       null
    no-proposal  null   null  null    null     null null   null   null       null
Query partnerships | { it: partnerships(filter: { kind: ["access_test"] }) { it: nodes { id } } }
    -            none   none  none    data     data data   none   data       none
Query consortiumApplication | { it: consortiumApplication(code: "{application}") { code } }
    application  401    null  null    data     null data   null   data       null
    foreign-application 401    null  null    data     null null   null   null       null
    no-application 401    null  null    null     null null   null   null       null
Query consortiumApplications | { it: consortiumApplications { it: nodes { code } } }
    -            401    none  none    data     none data   none   data       none
ConsortiumApplicationConnection nodes edges | { it: consortiumApplications { it: $field { __typename } } }
    -            401    none  none    data     none data   none   data       none
ConsortiumApplicationConnection totalCount | { it: consortiumApplications { it: $field } }
    -            401    none  none    data     none data   none   data       none
ConsortiumApplicationConnection pageInfo | { it: consortiumApplications { it: $field { it: endCursor } } }
    -            401    null  null    data     null data   null   data       null
ConsortiumApplicationEdge cursor | { it: consortiumApplications { it: edges { it: $field } } }
    -            401    none  none    data     none data   none   data       none
ConsortiumApplicationEdge node | { it: consortiumApplications { it: edges { it: $field { code } } } }
    -            401    none  none    data     none data   none   data       none
ConsortiumApplication id code state message createdAt updatedAt etag | { it: consortiumApplication(code: "{application}") { it: $field } }
    application  401    null  null    data     null data   null   data       null
ConsortiumApplication consortium enterprise | { it: consortiumApplication(code: "{application}") { it: $field { code } } }
    application  401    null  null    data     null data   null   data       null
ConsortiumApplication school | { it: consortiumApplication(code: "{application}") { it: $field { code } } }
    foreign-application 401    null  null    data     null null   null   null       null
ConsortiumApplication reason role | { it: consortiumApplication(code: "{application}") { it: $field } }
    application  401    null  null    null     null null   null   null       null
Mutation proposePartnership | mutation { it: $field(input: { kind: "order_class", name: "" }) { partnership { id } } }
    -            401    403   403     422      403  422    403    422        403
Mutation confirmPartnership | mutation { it: $field(input: { partnership: "{partnership}", ifMatch: "9" }) { partnership { id } } }
    proposal     401    404   404     403      403  403    404    412        404
    foreign-proposal 401    404   404     403      404  404    404    404        404
    no-proposal  401    404   404     404      404  404    404    404        404
Mutation refusePartnership | mutation { it: $field(input: { partnership: "{partnership}", ifMatch: "9", reason: "a reason" }) { partnership { id } } }
    proposal     401    404   404     403      403  403    404    412        404
    foreign-proposal 401    404   404     403      404  404    404    404        404
    no-proposal  401    404   404     404      404  404    404    404        404
Mutation withdrawPartnership changePartnership | mutation { it: $field(input: { partnership: "{partnership}", ifMatch: "9" }) { partnership { id } } }
    proposal     401    404   404     403      403  412    404    403        404
    foreign-proposal 401    404   404     403      404  404    404    404        404
    no-proposal  401    404   404     404      404  404    404    404        404
Mutation endPartnership | mutation { it: $field(input: { partnership: "{partnership}", ifMatch: "9", reason: "a reason" }) { partnership { id } } }
    proposal     401    404   404     412      403  412    404    412        404
    foreign-proposal 401    404   404     412      404  404    404    404        404
    no-proposal  401    404   404     404      404  404    404    404        404
PartnershipPayload partnership | mutation { it: changePartnership(input: { partnership: "{partnership}", ifMatch: "*" }) { it: $field { id } } }
    proposal     401    404   404     403      403  data   404    403        404
Mutation applyToConsortium | mutation { it: $field(input: { consortium: "{consortium}", message: "\u0000" }) { application { code } } }
    led          401    403   403     403      403  422    403    422        403
    no-consortium 401    404   404     404      404  404    404    404        404
Mutation acceptConsortiumApplication | mutation { it: $field(input: { application: "{application}", ifMatch: "9" }) { application { code } } }
    application  401    404   404     403      404  412    404    403        404
    foreign-application 401    404   404     412      404  404    404    404        404
    no-application 401    404   404     404      404  404    404    404        404
Mutation refuseConsortiumApplication | mutation { it: $field(input: { application: "{application}", ifMatch: "9", reason: "a reason" }) { application { code } } }
    application  401    404   404     403      404  412    404    403        404
    foreign-application 401    404   404     412      404  404    404    404        404
    no-application 401    404   404     404      404  404    404    404        404
Mutation withdrawConsortiumApplication | mutation { it: $field(input: { application: "{application}", ifMatch: "9" }) { application { code } } }
    application  401    404   404     403      404  403    404    412        404
    foreign-application 401    404   404     403      404  404    404    404        404
    no-application 401    404   404     404      404  404    404    404        404
Mutation leaveConsortium | mutation { it: $field(input: { consortium: "{consortium}", leftOn: "2098-01-01" }) { leftOn } }
    led          401    403   403     403      403  422    403    422        403
    no-consortium 401    404   404     404      404  404    404    404        404
LeaveConsortiumPayload leftOn | mutation { it: leaveConsortium(input: { consortium: "{consortium}" }) { it: $field } }
    led          401    403   403     403      403  409    403    409        403
Mutation addConsortiumActivity | mutation { it: $field(input: { consortium: "{consortium}", heldOn: "2098-01-01", title: "t", kind: "meeting" }) { activity { id } } }
    led          401    403   403     403      403  422    403    403        403
Mutation changeConsortiumActivity | mutation { it: $field(input: { consortium: "{consortium}", activity: "{activity}", ifMatch: "9" }) { activity { id } } }
    led          401    403   403     403      403  412    403    403        403
ConsortiumActivityPayload activity | mutation { it: changeConsortiumActivity(input: { consortium: "{consortium}", activity: "{activity}", ifMatch: "*" }) { it: $field { id } } }
    led          401    403   403     403      403  data   403    403        403
ConsortiumApplicationPayload application | mutation { it: withdrawConsortiumApplication(input: { application: "{application}", ifMatch: "*" }) { it: $field { code } } }
    application  401    404   404     403      404  403    404    data       404
Query enterpriseCertification | { it: $field(id: "{certification}") { id } }
    application          null  null  null  data  data  null  null  data  null
    foreign-application  null  null  null  data  null  null  null  null  null
    no-application       null  null  null  null  null  null  null  null  null
Query enterpriseCertifications | { it: enterpriseCertifications(filter: { state: [SUBMITTED], batch: ["2098-1"], city: ["620100"] }) { it: nodes { id } } }
    -                    none  none  none  data  data  none  none  data  none
EnterpriseCertificationConnection nodes edges | { it: enterpriseCertifications(filter: { state: [SUBMITTED], batch: ["2098-1"], city: ["620100"] }) { it: $field { __typename } } }
    -                    none  none  none  data  data  none  none  data  none
EnterpriseCertificationConnection totalCount | { it: enterpriseCertifications(filter: { state: [SUBMITTED], batch: ["2098-1"], city: ["620100"] }) { it: $field } }
    -                    none  none  none  data  data  none  none  data  none
EnterpriseCertificationConnection pageInfo | { it: enterpriseCertifications(filter: { state: [SUBMITTED], batch: ["2098-1"], city: ["620100"] }) { it: $field { it: endCursor } } }
    -                    null  null  null  data  data  null  null  data  null
EnterpriseCertificationEdge cursor | { it: enterpriseCertifications(filter: { state: [SUBMITTED], batch: ["2098-1"], city: ["620100"] }) { it: edges { it: $field } } }
    -                    none  none  none  data  data  none  none  data  none
EnterpriseCertificationEdge node | { it: enterpriseCertifications(filter: { state: [SUBMITTED], batch: ["2098-1"], city: ["620100"] }) { it: edges { it: $field { id } } } }
    -                    none  none  none  data  data  none  none  data  none
EnterpriseCertification id key state batch staff internshipPlaces statement evidence reason validFrom validUntil createdAt updatedAt etag | { it: enterpriseCertification(id: "{certification}") { it: $field } }
    application          null  null  null  data  data  null  null  data  null
    foreign-application  null  null  null  data  null  null  null  null  null
EnterpriseCertification enterprise city | { it: enterpriseCertification(id: "{certification}") { it: $field { code } } }
    application          null  null  null  data  data  null  null  data  null
EnterpriseCertification steps | { it: enterpriseCertification(id: "{certification}") { it: $field { to } } }
    application          null  null  null  data  data  null  null  data  null
CertificationStep from to role org reason at | { it: enterpriseCertification(id: "{certification}") { it: steps { it: $field } } }
    application          null  null  null  data  data  null  null  data  null
Enterprise certifications | { it: enterprise(code: "EEADEB0F3") { it: $field { id } } }
    -                    data  data  data  data  data  data  data  data  data
Enterprise internshipDuty | { it: enterprise(code: "EEADEB0F3") { it: $field { standing } } }
    -                    data  data  data  data  data  data  data  data  data
Enterprise incentives | { it: enterprise(code: "EEADEB0F3") { it: $field { id } } }
    -                    none  none  none  data  data  none  none  data  none
Query incentives | { it: $field { id } }
    -                    401  403  403  data  data  403  403  data  403
Incentive id key kind amount grantedOn source cancelledAt cancelledBecause etag | { it: incentives { it: $field } }
    -                    401  403  403  data  data  403  403  data  403
Incentive enterprise | { it: incentives { it: $field { code } } }
    -                    401  403  403  data  data  403  403  data  403
Query teacherCertification | { it: $field(id: "{certification}") { id } }
    case                 401  null  null  data  data  data  data  null  null
    sibling-case         401  null  null  data  data  null  null  null  null
    foreign-case         401  null  null  data  null  null  null  null  null
    no-case              401  null  null  null  null  null  null  null  null
Query teacherCertifications | { it: $field { it: nodes { id } } }
    -                    401  403  403  data  data  data  data  403  403
TeacherCertificationConnection nodes edges | { it: teacherCertifications { it: $field { __typename } } }
    -                    401  403  403  data  data  data  data  403  403
TeacherCertificationConnection totalCount | { it: teacherCertifications { it: $field } }
    -                    401  403  403  data  data  data  data  403  403
TeacherCertificationConnection pageInfo | { it: teacherCertifications { it: $field { it: endCursor } } }
    -                    401  403  403  data  data  data  data  403  403
TeacherCertificationEdge cursor | { it: teacherCertifications { it: edges { it: $field } } }
    -                    401  403  403  data  data  data  data  403  403
TeacherCertificationEdge node | { it: teacherCertifications { it: edges { it: $field { id } } } }
    -                    401  403  403  data  data  data  data  403  403
TeacherCertification id key number level majorCategory evidence year state step agency dueOn isOverdue reason isAppealed createdAt updatedAt etag | { it: teacherCertification(id: "{certification}") { it: $field } }
    case                 401  null  null  data  data  data  data  null  null
TeacherCertification school | { it: teacherCertification(id: "{certification}") { it: $field { code } } }
    case                 401  null  null  data  data  data  data  null  null
TeacherCertification steps | { it: teacherCertification(id: "{certification}") { it: $field { to } } }
    case                 401  null  null  data  data  data  data  null  null
TeacherCertification certificate | { it: teacherCertification(id: "{certification}") { it: $field { number } } }
    case                 401  null  null  data  data  data  data  null  null
Mutation openCertificationBatch | mutation { it: $field(input: { year: 2098, number: 1, title: "a title", applyFrom: "2098-01-01", applyUntil: "2098-12-31" }) { batch { code } } }
    -                    401  403  403  409  403  403  403  403  403
Mutation changeCertificationBatch | mutation { it: $field(input: { code: "2098-1", ifMatch: "9" }) { batch { code } } }
    -                    401  403  403  412  403  403  403  403  403
CertificationBatchPayload batch | mutation { it: changeCertificationBatch(input: { code: "2098-1", ifMatch: "*" }) { it: $field { code } } }
    -                    401  403  403  data  403  403  403  403  403
Mutation stateCertificationAgency | mutation { it: $field(input: { code: "engineering", ifMatch: "9", name: "a name", majorCategories: [] }) { agency { code } } }
    -                    401  403  403  412  403  403  403  403  403
CertificationAgencyPayload agency | mutation { it: stateCertificationAgency(input: { code: "another", name: "a name", majorCategories: [] }) { it: $field { code } } }
    -                    401  403  403  data  403  403  403  403  403
Mutation recordIncentive | mutation { it: $field(input: { enterprise: "EEADEB0F3", kind: LAND, amount: -1, grantedOn: "2024-01-01", source: "words" }) { incentive { id } } }
    -                    401  403  403  422  422  403  403  403  403
IncentivePayload incentive | mutation { it: recordIncentive(input: { enterprise: "EEADEB0F3", kind: LAND, amount: 1, grantedOn: "2024-01-01", source: "words" }) { it: $field { id } } }
    -                    401  403  403  data  403  403  403  403  403
Mutation cancelIncentive | mutation { it: $field(input: { id: "{incentive}", ifMatch: "9", reason: "a reason" }) { incentive { id } } }
    grant                401  404  404  412  412  404  404  403  404
    no-grant             401  404  404  404  404  404  404  404  404
Mutation applyForTeacherCertification | mutation { it: $field(input: { number: "T-1", level: JUNIOR, majorCategory: "装备制造大类" }) { certification { id } } }
    -                    401  403  403  403  403  409  403  403  403
TeacherCertificationPayload certification | mutation { it: applyForTeacherCertification(input: { number: "T-77", level: JUNIOR, majorCategory: "装备制造大类" }) { it: $field { id } } }
    -                    401  403  403  403  403  data  403  403  403
Mutation correctTeacherCertification | mutation { it: $field(input: { id: "{certification}", ifMatch: "9" }) { certification { id } } }
    case                 401  404  404  403  403  412  403  404  404
    sibling-case         401  404  404  403  403  404  404  404  404
    foreign-case         401  404  404  403  404  404  404  404  404
    no-case              401  404  404  404  404  404  404  404  404
Mutation judgeTeacherCertification | mutation { it: $field(input: { id: "{certification}", ifMatch: "9", verdict: RETURN, reason: "a reason" }) { certification { id } } }
    case                 401  404  404  412  412  403  412  404  404
    sibling-case         401  404  404  412  412  404  404  404  404
    foreign-case         401  404  404  412  404  404  404  404  404
    no-case              401  404  404  404  404  404  404  404  404
Mutation appealTeacherCertification | mutation { it: $field(input: { id: "{certification}", ifMatch: "9", reason: "a reason" }) { certification { id } } }
    case                 401  404  404  403  403  412  403  404  404
    sibling-case         401  404  404  403  403  404  404  404  404
    foreign-case         401  404  404  403  404  404  404  404  404
    no-case              401  404  404  404  404  404  404  404  404
Mutation applyForEnterpriseCertification | mutation { it: $field(input: { batch: "2098-1", statement: "words", staff: 1, internshipPlaces: 1 }) { certification { id } } }
    -                    401  403  403  403  403  403  403  409  403
Mutation correctEnterpriseCertification | mutation { it: $field(input: { id: "{certification}", ifMatch: "9" }) { certification { id } } }
    application          404  404  404  403  403  404  404  412  404
    foreign-application  404  404  404  403  404  404  404  404  404
    no-application       404  404  404  404  404  404  404  404  404
Mutation judgeEnterpriseCertification | mutation { it: $field(input: { id: "{certification}", ifMatch: "9", verdict: RETURN, reason: "a reason" }) { certification { id } } }
    application          404  404  404  412  412  404  404  403  404
    foreign-application  404  404  404  412  404  404  404  404  404
    no-application       404  404  404  404  404  404  404  404  404
EnterpriseCertificationPayload certification | mutation { it: judgeEnterpriseCertification(input: { id: "{certification}", ifMatch: "*", verdict: RETURN, reason: "a reason" }) { it: $field { id } } }
    application          404  404  404  409  data  404  404  403  404
"#;

/// What is everybody's: the registry, the catalogue, the printed figures. Everybody gets what no token gets.
const EVERYBODYS: &str = r#"
Query majors major industryChains aliases registryChanges cities city schools school enterprises enterprise consortia consortium datasets dataset indicators indicator rules claims reconciliation partnershipStatistics consortiumOverview targets target policies cityFigures certificationBatches certificationAgencies internshipDuties certificate teacherCertificationStatistics |
City id code name nameEn kind schoolCount source etag partnerships schools consortia targets | { it: city(code: "620100") { $fields } }
School id code name nameEn tier ownership category affiliation city nationalCode aliases predecessors designations consortia partnerships programmes since until etag source | { it: school(code: "62001") { $fields } }
Predecessor id code name kind effectiveOn etag source |
SchoolConnection edges nodes pageInfo totalCount | { it: schools(first: 3) { $fields } }
SchoolEdge cursor node | { it: schools(first: 3) { it: edges { $fields } } }
PageInfo hasNextPage hasPreviousPage startCursor endCursor | { it: schools(first: 3) { it: pageInfo { $fields } } }
Designation id school name nameEn level detail since until etag source | { it: schools { it: nodes { it: designations { $fields } } } }
Enterprise id code name nameEn industry certification city cityBasis uscc consortia partnerships website profile aliases mergedCodes since until etag source | { it: enterprise(code: "EEADEB0F3") { $fields } }
EnterpriseConnection edges nodes pageInfo totalCount | { it: enterprises(first: 3) { $fields } }
EnterpriseEdge cursor node | { it: enterprises(first: 3) { it: edges { $fields } } }
Consortium id code name nameEn kind scope foundedOn members formerMembers industryChain aliases mergedCodes since until etag source activities | { it: consortia(first: 1) { it: nodes { $fields } } }
ConsortiumConnection edges nodes pageInfo totalCount | { it: consortia(first: 3) { $fields } }
ConsortiumEdge cursor node | { it: consortia(first: 3) { it: edges { $fields } } }
ConsortiumMembership id consortium role memberType school enterprise institution nameAsPrinted since until etag source | { it: consortia(first: 3) { it: nodes { it: members { $fields } } } }
Institution id code name nameEn kind city mergedCodes since until etag source | { it: consortia { it: nodes { it: members { it: institution { $fields } } } } }
Alias id entityType entity alias basis note source etag | { it: aliases(of: "62001") { $fields } }
Major id code name nameEn category class level edition until programmes industryChains source etag |
MajorConnection edges nodes pageInfo totalCount | { it: majors(first: 3) { $fields } }
MajorEdge cursor node |
Programme id school major since until source etag |
IndustryChain id code name nameEn until majors consortia source etag |
MajorChain id major industryChain source etag |
RegistryChange changeId kind code effectiveOn changedAt role org reason before after |
RegistryChangeConnection edges nodes pageInfo totalCount | { it: registryChanges(first: 3) { $fields } }
RegistryChangeEdge cursor node |
Partnership id school institution enterprise otherPartner kind name nameEn count unit qualifier status source code state proposedBy isPrinted major startsOn endsOn students investment evidence reason createdAt updatedAt etag | { it: schools { it: nodes { it: partnerships { $fields } } } }
PartnershipConnection edges nodes pageInfo totalCount | { it: partnerships(first: 3, filter: { state: [ACTIVE] }) { $fields } }
PartnershipEdge cursor node | { it: partnerships(first: 3, filter: { state: [ACTIVE] }) { it: edges { $fields } } }
PartnershipStatistics partnerships students investment groups | { it: partnershipStatistics(groupBy: KIND) { $fields } }
PartnershipGroup key city school enterprise consortium partnerships students investment | { it: partnershipStatistics(groupBy: SCHOOL) { it: groups { $fields } } }
ConsortiumOverview consortia byType byCity overlaps schoolsInNone certifiedInNone chainsInNone | { it: consortiumOverview { $fields } }
ConsortiumComposition consortium members byType byCity | { it: consortiumOverview { it: consortia { $fields } } }
ConsortiumOverlap consortium other count schools enterprises institutions | { it: consortiumOverview { it: overlaps { $fields } } }
MemberCount key city members | { it: consortiumOverview { it: byCity { $fields } } }
ConsortiumActivity id code heldOn title kind evidence etag | { it: consortium(code: "CACCE5501") { it: activities { $fields } } }
Dataset id code name nameEn periodKind indicators source validFrom validTo partedBy etag | { it: dataset(code: "talent") { $fields } }
Indicator id code dataset lineNo name nameEn printedLabel parent within parts isPartsComplete isRequired isStarred unit unitEn decimals aggregation weight minimum maximum threshold better usualChange disclosure source validFrom validTo changes etag | { it: indicator(code: "talent.employed_primary") { $fields } }
Rule id code dataset severity expression message isEnabled validFrom validTo etag | { rules { $fields } }
Period id code kind startsOn endsOn | { it: claims { it: period { $fields } } }
Claim id key label indicator statistic scope scopeCode period comparator value unit source | { it: claims(filter: { indicator: ["talent.graduates"] }) { $fields } }
Explanation claim other cause text at |
CertificationBatch id code year title applyFrom applyUntil source etag | { certificationBatches { $fields } }
CertificationAgency id code name majorCategories etag | { certificationAgencies { $fields } }
InternshipDuty enterprise standing staff required offered missing | { internshipDuties { $fields } }
Certificate code number state school category level majorCategory validFrom validUntil | { it: certificate(code: "aaaaaaaaaaaaaaaaaaaaaaaaaaaa") { $fields } }
TeacherCertificationStatistics total groups | { it: teacherCertificationStatistics(groupBy: [LEVEL], basis: HISTORICAL) { $fields } }
TeacherCertificationGroup level category tier city teachers | { it: teacherCertificationStatistics(groupBy: [LEVEL], basis: HISTORICAL) { it: groups { $fields } } }
ClaimOutcome verdict claim other otherValue otherSource difference reason basis rule explanation schools expected | { it: reconciliation(verdict: [CONTRADICTS]) { $fields } }
Task id key city school department title titleEn departments due dueYear dueOn isStanding setBy source | { it: tasks(filter: { dueYear: [2021] }) { $fields } }
Target id key ownerName ownerType city school label labelEn comparator value valuePrinted unit dueYear expression source judgement etag | { it: targets(filter: { dueYear: [2025] }) { $fields } }
Policy id city content contentEn source | { it: policies { $fields } }
CityFigure id city key label labelEn unit period value qualifier source | { it: cityFigures { $fields } }
"#;

type Schema = BTreeMap<String, BTreeMap<String, bool>>;

/// The object types of the schema: their fields, and whether a field has fields of its own.
async fn schema(caller: &Caller) -> Schema {
    let query = "{ __schema { types { kind name fields { name type { kind ofType { kind ofType { kind ofType { kind } } } } } } } }";
    let data = Caller::data(caller.graphql(query, json!({})).await);
    let inner = |mut kind: &Value| {
        while kind["ofType"].is_object() {
            kind = &kind["ofType"];
        }
        kind["kind"].as_str().unwrap().to_owned()
    };
    let mut all = Schema::new();
    for one in data["__schema"]["types"].as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        if one["kind"] == "OBJECT" && !name.starts_with("__") {
            let fields = one["fields"].as_array().unwrap().iter().map(|field| {
                let has_fields = matches!(inner(&field["type"]).as_str(), "OBJECT" | "INTERFACE" | "UNION");
                (field["name"].as_str().unwrap().to_owned(), has_fields)
            });
            all.insert(name.to_owned(), fields.collect());
        }
    }
    all
}

/// `Type field field … | template`.
pub fn heading(line: &str) -> (&str, Vec<&str>, &str) {
    let (fields, template) = line.split_once(" |").unwrap_or_else(|| panic!("{line}"));
    let mut words = fields.split_whitespace();
    (words.next().unwrap(), words.collect(), template.trim())
}

/// Follows `it` through objects and lists to what is there; of a list the first.
fn found(value: &Value) -> &Value {
    match value {
        Value::Object(members) => members.get("it").map_or(value, found),
        // Of several the first that says something: the others may have nothing to say.
        Value::Array(items) => {
            // Of several the first that tells most: a zero among counts is not all that is told.
            let is_there = |one: &&Value| !one.is_null();
            let is_telling = |one: &&Value| is_there(one) && one.as_f64() != Some(0.0);
            let find = |wanted: &dyn Fn(&&Value) -> bool| items.iter().map(found).find(wanted);
            find(&is_telling).or_else(|| find(&is_there)).unwrap_or_else(|| items.first().map_or(value, found))
        }
        _ => value,
    }
}

fn verdict(answer: &Value) -> String {
    if let Some(error) = answer["errors"].get(0) {
        return status_of(error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))).to_string();
    }
    match found(&answer["data"]) {
        Value::Null => "null",
        Value::Array(items) if items.is_empty() => "none",
        Value::Number(number) if number.as_f64() == Some(0.0) => "none",
        _ => "data",
    }
    .to_owned()
}

/// The opaque id of an object, as whoever sees it is given it.
pub fn id(object: &str) -> String {
    let key = placed("{school}|{dataset}|{period}|{version}", object);
    let parts: Vec<&str> = key.split('|').collect();
    if parts[0] == "{school}" {
        page::cursor(&["Release", parts[3]])
    } else {
        page::cursor(&["Submission", parts[0], parts[1], parts[2]])
    }
}

#[tokio::test]
async fn every_field_gives_every_role_what_is_its_own() {
    let app = staged().await;
    let server = app.serve().await;
    let callers = callers(&server).await;
    // The ids are the ones that the service gives out.
    let own = "{ submission(school: \"62001\", dataset: \"scale\", period: \"2023\") { id } release(version: \"1.0.0\") { id } }";
    let own = Caller::data(callers[3].graphql(own, json!({})).await);
    assert_eq!((&own["submission"]["id"], &own["release"]["id"]), (&json!(id("own")), &json!(id("published"))));

    let mut wrong = Vec::new();
    let mut absent: BTreeMap<(String, &str), Value> = BTreeMap::new();
    for row in rows(FIELDS) {
        let (kind, fields, template) = heading(row.asked);
        for field in fields {
            let query = placed(&template.replace("{id}", &id(row.object)), row.object).replace("$field", field);
            for ((caller, (role, _)), verdict_is) in callers.iter().zip(ROLES).zip(&row.verdicts) {
                let body = json!({ "query": query });
                let answer = caller.send("POST", "/graphql", &[], Some(&body)).await;
                let json = answer.json();
                let is = verdict(&json);
                if is != *verdict_is {
                    wrong.push(format!(
                        "{kind}.{field} {} as {role}: {is} instead of {verdict_is}: {}",
                        row.object, answer.text
                    ));
                }
                // What is not there for a caller is the same answer whatever it is.
                if matches!(is.as_str(), "404") || (is == "null" && kind == "Query") {
                    let is = bare(&answer).1;
                    let same = absent.entry((format!("{kind}.{field}"), role)).or_insert_with(|| is.clone());
                    assert_eq!(*same, is, "{query} as {role}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_everybodys_is_the_same_for_everybody() {
    let app = staged().await;
    let server = app.serve().await;
    let callers = callers(&server).await;
    let schema = schema(&callers[0]).await;
    for line in EVERYBODYS.lines().filter(|line| !line.is_empty()) {
        let (kind, fields, template) = heading(line);
        let Some(known) = schema.get(kind).filter(|_| !template.is_empty()) else { continue };
        let selected: Vec<String> = fields
            .iter()
            .filter_map(|field| {
                Some(if *known.get(*field)? { format!("{field} {{ __typename }}") } else { (*field).to_owned() })
            })
            .collect();
        let query = template.replace("$fields", &selected.join(" "));
        let first = Caller::data(callers[0].graphql(&query, json!({})).await);
        assert!(found(&first).is_object(), "{query} shows nothing: {first}");
        for (caller, (role, _)) in callers.iter().zip(ROLES) {
            assert_eq!(Caller::data(caller.graphql(&query, json!({})).await), first, "{query} as {role}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn every_field_of_the_schema_has_a_verdict() {
    let app = crate::app::TestApp::new().await;
    let server = app.serve().await;
    let schema = schema(&server.anonymous()).await;
    let there: BTreeSet<String> =
        schema.iter().flat_map(|(kind, fields)| fields.keys().map(move |field| format!("{kind}.{field}"))).collect();
    let lines = rows(FIELDS).into_iter().map(|row| row.asked).chain(EVERYBODYS.lines().filter(|line| !line.is_empty()));
    let told: BTreeSet<String> = lines
        .flat_map(|line| {
            let (kind, fields, _) = heading(line);
            fields.into_iter().map(move |field| format!("{kind}.{field}"))
        })
        .collect();
    let without: Vec<&String> = there.difference(&told).collect();
    let about_nothing: Vec<&String> = told.difference(&there).collect();
    assert!(
        without.is_empty() && about_nothing.is_empty(),
        "without a verdict: {without:#?}\nabout nothing: {about_nothing:#?}"
    );
    server.stop().await;
}

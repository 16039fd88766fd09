//! The same by GraphQL: every field of every type, from the schema itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use zhiqiao::page;

use super::{ROLES, callers, placed, rows, staged};
use crate::{app::Caller, surface::status_of, wire::bare};

/// What belongs to somebody. `data`: something is told; `none`: an empty list or zero; `null`; or the
/// status that REST gives for the error. A template asks for `it`; `$field` is each of the fields named.
const FIELDS: &str = r#"
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
PeerGroup median schools status | { it: submission(school: "{school}", dataset: "{dataset}", period: "{period}") { it: review { it: peers { it: city { it: $field } } } } }
    accepted     401    null  null    data     data data   null   null       null
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
Mutation explainClaim | mutation { it: $field(input: { claim: "a", other: "b", cause: SCOPE, text: "" }) { explanation { at } } }
    -            401    403   403     422      403  403    403    403        403
ExplainClaimPayload explanation | mutation { it: explainClaim(input: { claim: "policy.students_full_time.2023.附表6", other: "policy.students_full_time.2023.1.2.1", cause: SCOPE, text: "words" }) { it: $field { at } } }
    -            401    403   403     data     403  403    403    403        403
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
TaskEvaluation key year document hash at | { it: taskEvaluation(id: "{evaluation}") { it: $field } }
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
"#;

/// What is everybody's: the registry, the catalogue, the printed figures. Everybody gets what no token gets.
const EVERYBODYS: &str = r#"
Query cities city schools school enterprises enterprise consortia consortium datasets dataset indicators indicator rules claims reconciliation targets target policies cityFigures |
City id code name nameEn kind schoolCount schools consortia targets source | { it: city(code: "620100") { $fields } }
School id code name nameEn tier ownership category affiliation city nationalCode aliases predecessors designations consortia partnerships source | { it: school(code: "62001") { $fields } }
Predecessor code name kind effectiveOn source |
SchoolConnection edges nodes pageInfo totalCount | { it: schools(first: 3) { $fields } }
SchoolEdge cursor node | { it: schools(first: 3) { it: edges { $fields } } }
PageInfo hasNextPage hasPreviousPage startCursor endCursor | { it: schools(first: 3) { it: pageInfo { $fields } } }
Designation id school name nameEn level detail source | { it: schools { it: nodes { it: designations { $fields } } } }
Enterprise id code name nameEn industry certification city cityBasis uscc consortia partnerships source | { it: enterprise(code: "EEADEB0F3") { $fields } }
EnterpriseConnection edges nodes pageInfo totalCount | { it: enterprises(first: 3) { $fields } }
EnterpriseEdge cursor node | { it: enterprises(first: 3) { it: edges { $fields } } }
Consortium id code name nameEn kind scope foundedOn members source | { it: consortia(first: 1) { it: nodes { $fields } } }
ConsortiumConnection edges nodes pageInfo totalCount | { it: consortia(first: 3) { $fields } }
ConsortiumEdge cursor node | { it: consortia(first: 3) { it: edges { $fields } } }
ConsortiumMembership id consortium role memberType school enterprise institution nameAsPrinted source | { it: consortia(first: 3) { it: nodes { it: members { $fields } } } }
Institution id code name nameEn kind city source | { it: consortia { it: nodes { it: members { it: institution { $fields } } } } }
Partnership id school institution enterprise otherPartner kind name nameEn count unit qualifier status source | { it: schools { it: nodes { it: partnerships { $fields } } } }
Dataset id code name nameEn periodKind indicators source validFrom validTo partedBy etag | { it: dataset(code: "talent") { $fields } }
Indicator id code dataset lineNo name nameEn printedLabel parent within parts isPartsComplete isRequired isStarred unit unitEn decimals aggregation weight minimum maximum threshold better usualChange disclosure source validFrom validTo changes etag | { it: indicator(code: "talent.employed_primary") { $fields } }
Rule id code dataset severity expression message isEnabled validFrom validTo etag | { rules { $fields } }
Period id code kind startsOn endsOn | { it: claims { it: period { $fields } } }
Claim id key label indicator statistic scope scopeCode period comparator value unit source | { it: claims(filter: { indicator: ["talent.graduates"] }) { $fields } }
Explanation claim other cause text at |
ClaimOutcome verdict claim other otherValue otherSource difference reason basis rule explanation schools expected | { it: reconciliation(verdict: [CONTRADICTS]) { $fields } }
Task id key city school department title titleEn departments due dueYear dueOn isStanding setBy source | { it: tasks(filter: { dueYear: [2021] }) { $fields } }
Target id key ownerName ownerType city school label labelEn comparator value valuePrinted unit dueYear expression source judgement etag | { it: targets(filter: { dueYear: [2025] }) { $fields } }
Policy id city content contentEn source | { it: policies { $fields } }
CityFigure id city key label labelEn unit period value qualifier source | { it: cityFigures { $fields } }
CityCompliance release period standards group schools | { it: city(code: "620100") { it: compliance { $fields } } }
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
fn heading(line: &str) -> (&str, Vec<&str>, &str) {
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
fn id(object: &str) -> String {
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

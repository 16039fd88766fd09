//! The inputs of mutations, and what they are in the domain's words.
//!
//! Findings point into the input that was sent (`/input/observations/3`); [`Places`] knows
//! which cell of the domain's document stands where in it.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};

use async_graphql::{InputObject, MaybeUndefined};
use entity::words::Source;

use super::{
    error::GqlResult,
    scalars::{Decimal, Instant},
    types::words::{ObservationStatus, ReleaseKind, Severity},
};
use crate::{
    domain::{
        precondition::Precondition,
        releases,
        reviews::Step,
        rules,
        submissions::{Extent, Key, Push, Remark, Terms},
    },
    error::{Error, Finding, Text},
    formats::document::{self, Given, GivenCell, GivenValue, Place},
};

/// A cell as it is stated.
#[derive(Clone, Debug, InputObject)]
pub struct ObservationInput {
    /// Which cell, by the code of its indicator.
    indicator: String,
    /// The value, where the status has one.
    value: MaybeUndefined<Decimal>,
    /// What the cell says; `REPORTED` where nothing is said. `SUPPRESSED` cannot be stated.
    status: MaybeUndefined<ObservationStatus>,
    /// What the school wants its reviewers to know.
    note: MaybeUndefined<String>,
}

fn given<T>(member: MaybeUndefined<T>, say: impl FnOnce(T) -> GivenValue<'static>) -> Option<GivenValue<'static>> {
    match member {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(GivenValue::Null),
        MaybeUndefined::Value(value) => Some(say(value)),
    }
}

impl ObservationInput {
    fn into_given(self, at: usize) -> Given<'static> {
        let cell = GivenCell {
            value: given(self.value, |value| GivenValue::Number(value.digits().into())),
            status: given(self.status, |status| GivenValue::Text(document::Status::from(status).word().into())),
            note: given(self.note, |note| GivenValue::Text(note.into())),
            unknown: Vec::new(),
            is_object: true,
        };
        // A `null` status or note takes that member away, not the cell.
        let says_nothing =
            matches!(cell.value, None | Some(GivenValue::Null)) && cell.status.is_none() && cell.note.is_none();
        Given { indicator: self.indicator.into(), place: Place::Input(at), cell: Some(cell).filter(|_| !says_nothing) }
    }
}

/// Where the parts of the domain's document stand in the input: by their own pointers.
#[derive(Clone, Debug, Default)]
pub struct Places(HashMap<String, String>);

impl Places {
    fn of_cells(cells: &[Given<'_>]) -> Self {
        let place = |one: &Given<'_>| (format!("/observations/{}", document::pointer(&one.indicator)), one.pointer());
        // Of doubles the first: the others are faults of their own, with pointers of their own.
        Self(cells.iter().rev().map(place).collect())
    }

    /// The pointer into the input; a cell that the input does not state keeps that of the table's document.
    pub fn of(&self, pointer: &str) -> String {
        match self.0.get(pointer) {
            Some(place) => place.clone(),
            None if pointer.starts_with("/observations/") => pointer.to_owned(),
            None => format!("/input{pointer}"),
        }
    }
}

fn cells(observations: Vec<ObservationInput>) -> (Vec<Given<'static>>, Places) {
    let cells: Vec<Given<'static>> = observations.into_iter().enumerate().map(|(at, one)| one.into_given(at)).collect();
    let places = Places::of_cells(&cells);
    (cells, places)
}

/// A whole table.
#[derive(Clone, Debug, InputObject)]
pub struct PushSubmissionInput {
    /// The school that reports, by code.
    school: String,
    /// The table, by code.
    dataset: String,
    /// The period, as in `2023` or `2022-2023`.
    period: String,
    /// All cells; what is left out is removed.
    observations: Vec<ObservationInput>,
    /// The state you build on: an ETag or content hash, or `*`. Required to overwrite.
    if_match: Option<String>,
    /// Only if there is no such table yet.
    if_absent: Option<bool>,
    /// Judges everything and stores nothing; needs no `ifMatch`.
    dry_run: Option<bool>,
    /// It is meant that more than half of the stored cells go.
    confirm_shrink: Option<bool>,
}

impl PushSubmissionInput {
    /// The push, and where its cells stand in the input.
    pub fn into_push(self) -> (Push<'static>, Places) {
        let (given, places) = cells(self.observations);
        let precondition = Precondition {
            if_absent: self.if_absent.unwrap_or_default(),
            ..Precondition::if_match(self.if_match.as_deref())
        };
        let key = Key::new(&self.school, &self.dataset, &self.period);
        let terms = terms(self.dry_run, self.confirm_shrink);
        (Push { key, extent: Extent::Whole, given, precondition, source: Source::Graphql, terms }, places)
    }
}

/// Cells to change.
#[derive(Clone, Debug, InputObject)]
pub struct PatchSubmissionInput {
    /// The school that reports, by code.
    school: String,
    /// The table, by code.
    dataset: String,
    /// The period, as in `2023` or `2022-2023`.
    period: String,
    /// The cells to change. A member that is left out stays; one with neither value, status nor note
    /// takes the cell away.
    observations: Vec<ObservationInput>,
    /// The state you build on: an ETag or content hash, or `*`. Required.
    if_match: Option<String>,
    /// Judges everything and stores nothing; needs no `ifMatch`.
    dry_run: Option<bool>,
    /// It is meant that more than half of the stored cells go.
    confirm_shrink: Option<bool>,
}

fn terms(dry_run: Option<bool>, confirm_shrink: Option<bool>) -> Terms {
    Terms { is_dry_run: dry_run.unwrap_or_default(), may_shrink: confirm_shrink.unwrap_or_default() }
}

impl PatchSubmissionInput {
    /// The push, and where its cells stand in the input.
    pub fn into_push(self) -> (Push<'static>, Places) {
        let (given, places) = cells(self.observations);
        let precondition = Precondition::if_match(self.if_match.as_deref());
        let key = Key::new(&self.school, &self.dataset, &self.period);
        let terms = terms(self.dry_run, self.confirm_shrink);
        (Push { key, extent: Extent::Patch, given, precondition, source: Source::Graphql, terms }, places)
    }
}

/// Which table a step is about, and what it builds on.
#[derive(Clone, Debug)]
pub struct Table {
    school: String,
    dataset: String,
    period: String,
    if_match: Option<String>,
}

impl Table {
    /// Which table.
    pub fn key(&self) -> Key {
        Key::new(&self.school, &self.dataset, &self.period)
    }

    /// What it builds on.
    pub fn precondition(&self) -> Precondition {
        Precondition::if_match(self.if_match.as_deref())
    }
}

/// Inputs of steps begin with the same four members.
macro_rules! step {
    ($(#[$doc:meta])* $name:ident, $(#[$match_doc:meta])* if_match $(, $(#[$member_doc:meta])* $member:ident: $type:ty)* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, InputObject)]
        pub struct $name {
            /// The school that reports, by code.
            school: String,
            /// The table, by code.
            dataset: String,
            /// The period, as in `2023` or `2022-2023`.
            period: String,
            $(#[$match_doc])*
            if_match: Option<String>,
            $($(#[$member_doc])* $member: $type),*
        }

        impl From<$name> for Table {
            fn from(input: $name) -> Self {
                Self { school: input.school, dataset: input.dataset, period: input.period, if_match: input.if_match }
            }
        }
    };
}

step!(
    /// A table to put before its reviewer.
    SubmitSubmissionInput,
    /// The state you have seen: an ETag or content hash. Required.
    if_match,
    /// A word on each warning.
    justifications: Option<Vec<JustificationInput>>,
);
step!(
    /// A table to take back.
    RecallSubmissionInput,
    /// The state you have seen: an ETag or content hash.
    if_match,
);
step!(
    /// A table to approve.
    ApproveSubmissionInput,
    /// The state you have seen: an ETag or content hash. Required.
    if_match,
);
step!(
    /// A table to send back.
    ReturnSubmissionInput,
    /// The state you have seen: an ETag or content hash.
    if_match,
    /// Why; reaches the school.
    reason: String,
    /// Remarks on cells; reach the school.
    cells: Option<Vec<RemarkInput>>,
);
step!(
    /// A table to accept.
    AcceptSubmissionInput,
    /// The state you have seen: an ETag or content hash. Required.
    if_match,
);
step!(
    /// An accepted table to open again.
    ReopenSubmissionInput,
    /// The state you have seen: an ETag or content hash.
    if_match,
    /// Why; reaches the school.
    reason: String,
);

/// A word on one warning.
#[derive(Clone, Debug, InputObject)]
pub struct JustificationInput {
    /// The code of the finding.
    code: String,
    /// Why it is so.
    text: String,
}

/// A remark on one cell.
#[derive(Clone, Debug, InputObject)]
pub struct RemarkInput {
    /// Which cell, by the code of its indicator.
    indicator: String,
    /// What is wrong with it.
    remark: String,
}

impl SubmitSubmissionInput {
    /// The table, the step, and where the justifications stand in the input.
    ///
    /// # Errors
    /// One finding for each code that is justified twice.
    pub fn into_step(mut self) -> GqlResult<(Table, Step, Places)> {
        let (mut justifications, mut places, mut doubles) = (BTreeMap::new(), Places::default(), Vec::new());
        for (at, one) in self.justifications.take().unwrap_or_default().into_iter().enumerate() {
            let pointer = format!("/input/justifications/{at}");
            places
                .0
                .entry(format!("/justifications/{}", document::pointer(&one.code)))
                .or_insert_with(|| pointer.clone());
            match justifications.entry(one.code) {
                Entry::Vacant(place) => {
                    place.insert(one.text);
                }
                Entry::Occupied(double) => {
                    let code = double.key();
                    let text = Text::new(format!("“{code}”重复说明"), format!("`{code}` is justified twice"));
                    doubles.push(Finding::error("duplicate_justification", pointer, text));
                }
            }
        }
        if !doubles.is_empty() {
            return Err(Error::Invalid(doubles).into());
        }
        Ok((self.into(), Step::Submit { justifications }, places))
    }
}

impl ReturnSubmissionInput {
    /// The table and the step.
    pub fn into_step(mut self) -> (Table, Step) {
        let remark = |one: RemarkInput| Remark { indicator: one.indicator, remark: one.remark };
        let remarks = self.cells.take().unwrap_or_default().into_iter().map(remark).collect();
        let step = Step::Return { reason: std::mem::take(&mut self.reason), remarks };
        (self.into(), step)
    }
}

impl ReopenSubmissionInput {
    /// The table and the step.
    pub fn into_step(mut self) -> (Table, Step) {
        let step = Step::Reopen { reason: std::mem::take(&mut self.reason) };
        (self.into(), step)
    }
}

/// What a new release shall be.
#[derive(Clone, Debug, InputObject)]
pub struct CreateReleaseInput {
    /// Only this period is brought up to date; the others stand as before. All without it.
    period: Option<String>,
    /// What it changes, by semantic versioning.
    kind: ReleaseKind,
    /// Until then only the province sees it.
    publish_at: Option<Instant>,
    /// What it is for.
    note: String,
}

impl From<CreateReleaseInput> for releases::New {
    fn from(input: CreateReleaseInput) -> Self {
        Self {
            period: input.period,
            kind: input.kind.into(),
            publish_at: input.publish_at.map(|at| at.0),
            note: input.note,
        }
    }
}

/// A new rule.
#[derive(Clone, Debug, InputObject)]
pub struct AddRuleInput {
    /// Its stable name, led by the table whose pushes it judges: `talent.placement_low`.
    code: String,
    /// Whether it blocks, needs a justification, or only tells.
    severity: Severity,
    /// True for a good table: CEL over `dataset.indicator` and `prev.dataset.indicator`.
    expression: String,
    /// What is told when it is broken, in Chinese.
    message_zh: String,
    /// The same in English.
    message_en: String,
    /// Whether it judges at once; off where nothing is said, so that it can be tried first.
    is_enabled: Option<bool>,
    /// The first period that it judges, by code.
    valid_from: Option<String>,
    /// The last period that it judges, by code.
    valid_to: Option<String>,
}

impl From<AddRuleInput> for rules::New {
    fn from(input: AddRuleInput) -> Self {
        Self {
            code: input.code,
            severity: input.severity.into(),
            expression: input.expression,
            message_zh: input.message_zh,
            message_en: input.message_en,
            is_enabled: input.is_enabled.unwrap_or(false),
            valid_from: input.valid_from,
            valid_to: input.valid_to,
        }
    }
}

/// What is to be different about a rule; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeRuleInput {
    /// Which rule.
    pub code: String,
    /// Its `etag` as it was seen, or `*`.
    pub if_match: Option<String>,
    /// Whether it blocks, needs a justification, or only tells.
    severity: Option<Severity>,
    /// True for a good table.
    expression: Option<String>,
    /// What is told when it is broken, in Chinese.
    message_zh: Option<String>,
    /// The same in English.
    message_en: Option<String>,
    /// Whether it judges at all.
    is_enabled: Option<bool>,
    /// The first period that it judges; `null` takes the bound away.
    valid_from: MaybeUndefined<String>,
    /// The last period that it judges; `null` takes the bound away.
    valid_to: MaybeUndefined<String>,
}

impl From<ChangeRuleInput> for rules::Change {
    fn from(input: ChangeRuleInput) -> Self {
        let bound = |bound: MaybeUndefined<String>| match bound {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(period) => Some(Some(period)),
        };
        Self {
            severity: input.severity.map(Into::into),
            expression: input.expression,
            message_zh: input.message_zh,
            message_en: input.message_en,
            is_enabled: input.is_enabled,
            valid_from: bound(input.valid_from),
            valid_to: bound(input.valid_to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: MaybeUndefined<&str>, note: MaybeUndefined<&str>) -> Given<'static> {
        ObservationInput {
            indicator: "scale.students".to_owned(),
            value: value.map_value(|digits| Decimal::Digits(digits.to_owned())),
            status: MaybeUndefined::Undefined,
            note: note.map_value(str::to_owned),
        }
        .into_given(3)
    }

    #[test]
    fn a_cell_without_value_status_and_note_takes_the_cell_away() {
        use MaybeUndefined::{Null, Undefined, Value};
        assert_eq!(cell(Undefined, Undefined).cell, None);
        assert_eq!(cell(Null, Undefined).cell, None);
        let given = cell(Value("12.50"), Null);
        assert_eq!(given.pointer(), "/input/observations/3");
        let inside = given.cell.unwrap();
        assert_eq!(inside.value, Some(GivenValue::Number("12.50".into())));
        assert_eq!(inside.note, Some(GivenValue::Null));
        assert_eq!(inside.status, None);
    }

    #[test]
    fn findings_point_into_the_input() {
        let (_, places) = cells(vec![ObservationInput {
            indicator: "scale.students".to_owned(),
            value: MaybeUndefined::Undefined,
            status: MaybeUndefined::Undefined,
            note: MaybeUndefined::Undefined,
        }]);
        assert_eq!(places.of("/observations/scale.students"), "/input/observations/0");
        assert_eq!(places.of("/observations/scale.intake"), "/observations/scale.intake");
        assert_eq!(places.of("/period"), "/input/period");
    }
}

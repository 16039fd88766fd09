//! The upkeep of the catalogue: the inputs of its mutations, in the domain's words, and what they answer.

use std::sync::Arc;

use async_graphql::{InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{dataset, indicator};

use super::{
    scalars::{Day, Decimal},
    types::{
        dataset::Dataset,
        indicator::Indicator,
        period::Period,
        words::{Aggregation, Better, Disclosure, Partition, PeriodKind},
    },
};
use crate::{
    domain::{datasets, indicators, periods},
    memory::registry::Registry,
};

/// What is left out stays, `null` takes it away.
fn stated<T, U>(said: MaybeUndefined<T>, of: impl FnOnce(T) -> U) -> Option<Option<U>> {
    match said {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(of(value))),
    }
}

/// A text that may be taken away.
pub fn text(said: MaybeUndefined<String>) -> Option<Option<String>> {
    stated(said, |text| text)
}

/// Where the parts of the domain's document stand in the input.
pub fn of_input(pointer: &str) -> String {
    let mut named = String::from("/input");
    let mut is_next = false;
    for letter in pointer.chars() {
        match letter {
            '_' => is_next = true,
            letter if is_next => {
                named.extend(letter.to_uppercase());
                is_next = false;
            }
            letter => named.push(letter),
        }
    }
    named
}

/// A period to announce; its kind and days follow from the code.
#[derive(Clone, Debug, InputObject)]
pub struct AddPeriodInput {
    /// `2023`, or `2022-2023`.
    code: String,
    /// Refused where the code says another.
    kind: Option<PeriodKind>,
    /// Its first day; refused where the code says another.
    starts_on: Option<Day>,
    /// Its last day; refused where the code says another.
    ends_on: Option<Day>,
}

impl From<AddPeriodInput> for periods::New {
    fn from(input: AddPeriodInput) -> Self {
        Self {
            code: input.code,
            kind: input.kind.map(|kind| entity::words::PeriodKind::from(kind).word().to_owned()),
            starts_on: input.starts_on.map(|day| day.0),
            ends_on: input.ends_on.map(|day| day.0),
        }
    }
}

/// A new table; its indicators are added one by one.
#[derive(Clone, Debug, InputObject)]
pub struct AddDatasetInput {
    /// Its code, `scale`; never changes.
    code: String,
    /// Its official name.
    name: String,
    /// In English.
    name_en: Option<String>,
    /// By which periods it is reported; never changes.
    period_kind: PeriodKind,
    /// Where it is printed.
    source: Option<String>,
    /// Its place in the list; the last where nothing is said.
    position: Option<i32>,
    /// The first period that it is reported for, by code.
    valid_from: Option<String>,
    /// The last period that it is reported for, by code.
    valid_to: Option<String>,
    /// By what its schools are parted where protected figures are told; by city where nothing is said.
    parted_by: Option<Partition>,
}

impl From<AddDatasetInput> for datasets::New {
    fn from(input: AddDatasetInput) -> Self {
        Self {
            code: input.code,
            period_kind: Some(entity::words::PeriodKind::from(input.period_kind).word().to_owned()),
            said: datasets::Said {
                position: input.position,
                name: Some(input.name),
                name_en: Some(input.name_en),
                source: input.source,
                valid_from: Some(input.valid_from),
                valid_to: Some(input.valid_to),
                parted_by: input.parted_by.map(partition),
            },
        }
    }
}

fn partition(partition: Partition) -> String {
    entity::words::Partition::from(partition).word().to_owned()
}

/// What is to be different about a table; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeDatasetInput {
    /// Which table.
    pub code: String,
    /// Its `etag` as it was seen, or `*`.
    pub if_match: Option<String>,
    /// Its official name.
    name: Option<String>,
    /// In English; `null` takes it away.
    name_en: MaybeUndefined<String>,
    /// Where it is printed.
    source: Option<String>,
    /// Its place in the list.
    position: Option<i32>,
    /// The first period that it is reported for; `null` takes the bound away.
    valid_from: MaybeUndefined<String>,
    /// The last period that it is reported for; `null` takes the bound away.
    valid_to: MaybeUndefined<String>,
    /// By what its schools are parted where protected figures are told; takes effect with a major release.
    parted_by: Option<Partition>,
}

impl From<ChangeDatasetInput> for datasets::Change {
    fn from(input: ChangeDatasetInput) -> Self {
        Self {
            fixed: Vec::new(),
            said: datasets::Said {
                position: input.position,
                name: input.name,
                name_en: text(input.name_en),
                source: input.source,
                valid_from: text(input.valid_from),
                valid_to: text(input.valid_to),
                parted_by: input.parted_by.map(partition),
            },
        }
    }
}

/// The two inputs have most members in common.
macro_rules! input {
    ($(#[$doc:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, InputObject)]
        pub struct $name {
            $($own)*
            /// Its place in the form, in all periods.
            position: Option<i32>,
            /// The printed serial number.
            line_no: Option<String>,
            /// The official Chinese name.
            name: Option<String>,
            /// The English name; `null` takes it away.
            name_en: MaybeUndefined<String>,
            /// The name as printed in the form; goes with the name where it was the same.
            printed_label: Option<String>,
            /// The unit in English; `null` takes it away.
            unit_en: MaybeUndefined<String>,
            /// The line above it, by code, for display only; `null` takes it away.
            parent: MaybeUndefined<String>,
            /// The total that it must not exceed, by code; `null` takes it away.
            within: MaybeUndefined<String>,
            /// Whether its parts add up to it.
            is_parts_complete: Option<bool>,
            /// Whether a table cannot be submitted without it.
            is_required: Option<bool>,
            /// The printed `*`.
            is_starred: Option<bool>,
            /// The indicator that weighs a weighted mean, by code.
            weight: MaybeUndefined<String>,
            /// The least value that is accepted; `null` takes the bound away.
            minimum: MaybeUndefined<Decimal>,
            /// The greatest value that is accepted; `null` takes the bound away.
            maximum: MaybeUndefined<Decimal>,
            /// The standard (合格指标); `null` takes it away, and `better` with it has to go.
            threshold: MaybeUndefined<Decimal>,
            /// Which side of the standard is the good one.
            better: MaybeUndefined<Better>,
            /// The usual move from year to year, in percent; `null` for the usual 30 %.
            usual_change: MaybeUndefined<Decimal>,
            /// Who may see the figure of one school. A new one needs it.
            disclosure: Option<Disclosure>,
            /// Where it is printed.
            source: Option<String>,
            /// The first period that it is reported for; `null` takes the bound away.
            valid_from: MaybeUndefined<String>,
            /// The last period that it is reported for; `null` takes the bound away.
            valid_to: MaybeUndefined<String>,
        }

        impl $name {
            fn said(self) -> indicators::Said {
                indicators::Said {
                    position: self.position,
                    line_no: self.line_no,
                    name: self.name,
                    name_en: text(self.name_en),
                    printed_label: self.printed_label,
                    unit_en: text(self.unit_en),
                    parent: text(self.parent),
                    within: text(self.within),
                    parts_complete: self.is_parts_complete,
                    required: self.is_required,
                    starred: self.is_starred,
                    weight: text(self.weight),
                    minimum: stated(self.minimum, Decimal::digits),
                    maximum: stated(self.maximum, Decimal::digits),
                    threshold: stated(self.threshold, Decimal::digits),
                    better: stated(self.better, |word| entity::words::Better::from(word).word().to_owned()),
                    usual_change: stated(self.usual_change, Decimal::digits),
                    disclosure: self.disclosure.map(|word| entity::words::Disclosure::from(word).word().to_owned()),
                    source: self.source,
                    valid_from: text(self.valid_from),
                    valid_to: text(self.valid_to),
                }
            }
        }
    };
}

input!(
    /// A new indicator. Code, unit, decimals and rule of aggregation never change.
    AddIndicatorInput {
        /// Led by its table, `scale.students`.
        code: String,
        /// The unit of its values.
        unit: String,
        /// How many decimals a value may have, 0 to 15.
        decimals: i32,
        /// How the figures of schools become one figure.
        aggregation: Aggregation,
    }
);

input!(
    /// What is to be different about an indicator; what is left out stays. A figure of another unit is another
    /// indicator.
    ChangeIndicatorInput {
        /// Which indicator.
        pub code: String,
        /// Its `etag` as it was seen, or `*`.
        pub if_match: Option<String>,
        /// From which period on, by code; `null` for the first edition. Left out, the present edition is corrected.
        from: MaybeUndefined<String>,
    }
);

impl From<AddIndicatorInput> for indicators::New {
    fn from(input: AddIndicatorInput) -> Self {
        Self {
            code: input.code.clone(),
            unit: Some(input.unit.clone()),
            decimals: Some(i64::from(input.decimals)),
            aggregation: Some(entity::words::Aggregation::from(input.aggregation).word().to_owned()),
            said: input.said(),
        }
    }
}

impl From<ChangeIndicatorInput> for indicators::Change {
    fn from(input: ChangeIndicatorInput) -> Self {
        Self { from: text(input.from.clone()), fixed: Vec::new(), said: input.said() }
    }
}

/// What a period has become.
#[derive(SimpleObject)]
pub struct PeriodPayload {
    /// The period, there for everybody.
    pub period: Period,
}

/// A table of the catalogue as a change has left it.
pub struct DatasetPayload {
    registry: Arc<Registry>,
    row: dataset::Model,
}

impl DatasetPayload {
    /// The answer, beside the registry that knows the change.
    pub fn new(registry: Arc<Registry>, row: dataset::Model) -> Self {
        Self { registry, row }
    }
}

/// What a table of the catalogue has become.
#[Object]
impl DatasetPayload {
    /// The table as it now stands in the catalogue.
    async fn dataset(&self) -> Dataset<'_> {
        Dataset(&self.registry, &self.row)
    }
}

/// An indicator as a change has left it.
pub struct IndicatorPayload {
    registry: Arc<Registry>,
    row: indicator::Model,
}

impl IndicatorPayload {
    /// The answer, beside the registry that knows the change.
    pub fn new(registry: Arc<Registry>, row: indicator::Model) -> Self {
        Self { registry, row }
    }
}

/// What an indicator has become.
#[Object]
impl IndicatorPayload {
    /// The indicator as it stands now; an earlier edition is seen by `indicators(filter: { period })`.
    async fn indicator(&self) -> Indicator<'_> {
        Indicator(&self.registry, &self.row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_into_the_input() {
        assert_eq!(of_input("/valid_from"), "/input/validFrom");
        assert_eq!(of_input("/code"), "/input/code");
    }
}

//! Indicators: officials add them, correct them, and say what holds from a period on.
//!
//! What an indicator is never changes: code, table, unit, decimals, rule of aggregation. What is said of it
//! may: a correction takes the place of what was said, a new edition holds from a period on, and an old table
//! is judged by the edition of its own period. What was said before a correction is in the journal.

mod judging;

use entity::{
    ids::{DatasetCode, IndicatorCode, PeriodCode},
    indicator, indicator_edition,
    words::{Aggregation, Better, Disclosure},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

use self::judging::Edition;
use super::{
    catalogue,
    faults::Faults,
    journal::{self, Event},
    precondition::Match,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::{Error, Result},
    formats::{decimal, document},
    memory::registry::Registry,
};

/// What is said of an indicator. What is not named stays, or is the usual of a new one; an inner nothing takes
/// it away. Numbers are digits.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its place in the form; one order for all periods.
    pub position: Option<i32>,
    /// The printed serial number.
    pub line_no: Option<String>,
    /// The official Chinese name.
    pub name: Option<String>,
    /// The English name.
    pub name_en: Option<Option<String>>,
    /// The name as printed in the form.
    pub printed_label: Option<String>,
    /// The unit in English.
    pub unit_en: Option<Option<String>>,
    /// The line above it, for display only.
    pub parent: Option<Option<String>>,
    /// The total that it must not exceed.
    pub within: Option<Option<String>>,
    /// Whether its direct parts add up to it.
    pub parts_complete: Option<bool>,
    /// Whether a table cannot be submitted without it.
    pub required: Option<bool>,
    /// The printed `*`.
    pub starred: Option<bool>,
    /// The indicator that weighs a weighted mean.
    pub weight: Option<Option<String>>,
    /// The smallest value that is taken.
    pub minimum: Option<Option<String>>,
    /// The largest value that is taken.
    pub maximum: Option<Option<String>>,
    /// The standard (合格指标).
    pub threshold: Option<Option<String>>,
    /// `higher` or `lower`: which side of the standard is the good one.
    pub better: Option<Option<String>>,
    /// The usual move from year to year, in percent.
    pub usual_change: Option<Option<String>>,
    /// `public`, `aggregate` or `internal`.
    pub disclosure: Option<String>,
    /// Where it is printed.
    pub source: Option<String>,
    /// The first period that it is reported for.
    pub valid_from: Option<Option<String>>,
    /// The last period that it is reported for.
    pub valid_to: Option<Option<String>>,
}

/// A new indicator.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// Led by its table: `scale.students`.
    pub code: String,
    /// The unit of its values.
    pub unit: Option<String>,
    /// How many decimals a value may have.
    pub decimals: Option<i64>,
    /// `sum`, `mean`, `median` or `weighted_mean`.
    pub aggregation: Option<String>,
    /// The rest.
    pub said: Said,
}

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// From which period on; the inner nothing is the first edition. Without it the present edition is corrected.
    pub from: Option<Option<String>>,
    /// Members that never change, with what was sent for them.
    pub fixed: Vec<(&'static str, String)>,
    /// What is said of it.
    pub said: Said,
}

/// The strong ETag of an indicator.
pub fn etag(row: &indicator::Model) -> String {
    catalogue::etag(row.version)
}

/// The periods from which on something else is said of an indicator, in order.
pub fn changes(registry: &Registry, code: &str) -> Vec<String> {
    registry.earlier(code).iter().map(|earlier| earlier.before.0.clone()).collect()
}

/// What has become of an indicator.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What is said of it now.
    pub line: indicator::Model,
    /// The periods from which on something else is said of it, in order.
    pub changes: Vec<String>,
}

/// Adds an indicator.
///
/// # Errors
/// 403, 409 where there is one of this code, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, new: New) -> Result<Kept> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let (tx, registry) = catalogue::begin(ctx).await?;
    let mut faults = Faults::default();
    let blank = judging::blank(&registry, &new, &mut faults);
    let row = judging::applied(&registry, &blank, &new.said, &mut faults);
    if new.said.disclosure.is_none() {
        // Not guessed: what is published by a slip cannot be taken back.
        faults.missing("/disclosure");
    }
    judging::whole(&registry, &row, &Edition::default(), &mut faults);
    faults.verdict()?;
    indicator::Entity::insert(indicator::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    let data = json!({ "version": row.version, "definition": definition(&row) });
    note(ctx, &tx, "indicator.added", None, &row, data).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Kept { line: row, changes: Vec::new() })
}

/// Corrects an indicator, or says what holds from a period on. Returns what it says now.
///
/// # Errors
/// 403, 404, 428 without and 412 with another version than the present one, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), indicator.code = code))]
pub async fn change(ctx: &Ctx, code: &str, change: Change, if_match: Option<&Match>) -> Result<Kept> {
    ctx.require(Action::Change, Kind::Catalogue)?;
    let (tx, registry) = catalogue::begin(ctx).await?;
    let old = registry.indicators.get(code).ok_or(Error::NotFound(Kind::Catalogue))?;
    catalogue::matched(if_match, old.version)?;

    let mut changes = changes(&registry, code);
    let mut faults = Faults::default();
    for (member, got) in &change.fixed {
        judging::fixed(old, member, got, &mut faults);
    }
    let (edition, before) = judging::meant(&registry, old, change.from.as_ref(), &mut faults);
    let after = judging::applied(&registry, &before, &change.said, &mut faults);
    if let Some(from) = edition.splits.as_ref() {
        judging::within_validity(&after, from, &mut faults);
    }
    judging::whole(&registry, &after, &edition, &mut faults);
    faults.verdict()?;
    if after == before {
        return Ok(Kept { line: old.clone(), changes });
    }

    if let Some(from) = &edition.splits {
        let row = kept(&before, from.clone());
        indicator_edition::Entity::insert(indicator_edition::ActiveModel::from(row))
            .exec_without_returning(&tx)
            .await?;
        changes.push(from.0.clone());
        changes.sort_unstable();
    }
    let now = match &edition.before {
        // An earlier edition: of what is said now only order and validity may be different.
        Some(next) => {
            restate(&tx, &kept(&after, next.clone())).await?;
            indicator::Model {
                position: after.position,
                valid_from: after.valid_from.clone(),
                valid_to: after.valid_to.clone(),
                ..old.clone()
            }
        }
        None => after.clone(),
    };
    let now = indicator::Model { version: old.version + 1, ..now };
    replace(&tx, old, &now).await?;
    let data = json!({
        "version": now.version,
        "from": edition.begins.as_ref().map(PeriodCode::as_str),
        "before": edition.before.as_ref().map(PeriodCode::as_str),
        "definition": definition(&after),
        "was": definition(&before),
    });
    note(ctx, &tx, "indicator.changed", Some(&before), &after, data).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Kept { line: now, changes })
}

/// A definition as it is kept once another one holds.
pub(in crate::domain) fn kept(line: &indicator::Model, before: PeriodCode) -> indicator_edition::Model {
    let line = line.clone();
    indicator_edition::Model {
        indicator_code: line.code,
        before_period: before,
        line_no: line.line_no,
        parent_code: line.parent_code,
        within_code: line.within_code,
        is_parts_complete: line.is_parts_complete,
        is_required: line.is_required,
        is_starred: line.is_starred,
        label: line.label,
        label_en: line.label_en,
        printed_label: line.printed_label,
        unit_en: line.unit_en,
        weight_code: line.weight_code,
        minimum: line.minimum,
        maximum: line.maximum,
        threshold: line.threshold,
        better: line.better,
        usual_change: line.usual_change,
        disclosure: line.disclosure,
        source: line.source,
    }
}

/// The columns of a definition, alike in both tables.
macro_rules! restated {
    ($update:expr, $column:ident, $row:ident) => {
        $update
            .col_expr($column::LineNo, Expr::value($row.line_no.clone()))
            .col_expr($column::ParentCode, Expr::value($row.parent_code.clone()))
            .col_expr($column::WithinCode, Expr::value($row.within_code.clone()))
            .col_expr($column::IsPartsComplete, Expr::value($row.is_parts_complete))
            .col_expr($column::IsRequired, Expr::value($row.is_required))
            .col_expr($column::IsStarred, Expr::value($row.is_starred))
            .col_expr($column::Label, Expr::value($row.label.clone()))
            .col_expr($column::LabelEn, Expr::value($row.label_en.clone()))
            .col_expr($column::PrintedLabel, Expr::value($row.printed_label.clone()))
            .col_expr($column::UnitEn, Expr::value($row.unit_en.clone()))
            .col_expr($column::WeightCode, Expr::value($row.weight_code.clone()))
            .col_expr($column::Minimum, Expr::value($row.minimum))
            .col_expr($column::Maximum, Expr::value($row.maximum))
            .col_expr($column::Threshold, Expr::value($row.threshold))
            .col_expr($column::Better, Expr::value($row.better.map(Better::word)))
            .col_expr($column::UsualChange, Expr::value($row.usual_change))
            .col_expr($column::Disclosure, Expr::value($row.disclosure.word()))
            .col_expr($column::Source, Expr::value($row.source.clone()))
    };
}

#[expect(clippy::disallowed_methods, reason = "an indicator belongs to no caller; who may change it was asked above")]
async fn replace(db: &impl ConnectionTrait, old: &indicator::Model, new: &indicator::Model) -> Result<()> {
    use indicator::Column as C;
    let done = restated!(indicator::Entity::update_many(), C, new)
        .col_expr(C::Position, Expr::value(new.position))
        .col_expr(C::ValidFrom, Expr::value(new.valid_from.clone()))
        .col_expr(C::ValidTo, Expr::value(new.valid_to.clone()))
        .col_expr(C::Version, Expr::value(new.version))
        .filter(C::Code.eq(old.code.clone()))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

#[expect(clippy::disallowed_methods, reason = "an edition belongs to no caller; who may change it was asked above")]
async fn restate(db: &impl ConnectionTrait, new: &indicator_edition::Model) -> Result<()> {
    use indicator_edition::Column as C;
    let done = restated!(indicator_edition::Entity::update_many(), C, new)
        .filter(C::IndicatorCode.eq(new.indicator_code.clone()))
        .filter(C::BeforePeriod.eq(new.before_period.clone()))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// Everything that is said of an indicator, for the journal.
fn definition(row: &indicator::Model) -> Value {
    let digits = |value: Option<i64>| value.map(|value| decimal::digits(value, row.decimals));
    let code = |code: &Option<IndicatorCode>| code.as_ref().map(|code| code.0.clone());
    let period = |period: &Option<PeriodCode>| period.as_ref().map(|period| period.0.clone());
    json!({
        "position": row.position, "line_no": row.line_no, "name": row.label, "name_en": row.label_en,
        "printed_label": row.printed_label, "unit": row.unit, "unit_en": row.unit_en, "decimals": row.decimals,
        "parent": code(&row.parent_code), "within": code(&row.within_code),
        "parts_complete": row.is_parts_complete, "required": row.is_required, "starred": row.is_starred,
        "aggregation": row.aggregation.word(), "weight": code(&row.weight_code),
        "minimum": digits(row.minimum), "maximum": digits(row.maximum), "threshold": digits(row.threshold),
        "better": row.better.map(Better::word),
        "usual_change": row.usual_change.map(|change| decimal::digits(i64::from(change), 2)),
        "disclosure": row.disclosure.word(), "source": row.source,
        "valid_from": period(&row.valid_from), "valid_to": period(&row.valid_to),
    })
}

async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    before: Option<&indicator::Model>,
    after: &indicator::Model,
    data: Value,
) -> Result<()> {
    let hash = |row: &indicator::Model| document::sha256(definition(row).to_string());
    let (before, after_hash) = (before.map(hash), hash(after));
    let object = format!("indicator/{}", after.code);
    let event = Event { action, object, before: before.as_deref(), after: Some(&after_hash), data, ..Event::default() };
    journal::record(db, ctx, event).await
}

/// An indicator of which nothing has been said yet.
fn unsaid(code: &str, dataset: &str, position: i32) -> indicator::Model {
    indicator::Model {
        code: IndicatorCode::from(code),
        dataset_code: DatasetCode::from(dataset),
        position,
        line_no: String::new(),
        parent_code: None,
        within_code: None,
        is_parts_complete: false,
        is_required: false,
        is_starred: false,
        label: String::new(),
        label_en: None,
        printed_label: String::new(),
        unit: String::new(),
        unit_en: None,
        decimals: 0,
        aggregation: Aggregation::Sum,
        weight_code: None,
        minimum: None,
        maximum: None,
        threshold: None,
        better: None,
        usual_change: None,
        disclosure: Disclosure::Internal,
        source: String::new(),
        valid_from: None,
        valid_to: None,
        version: 1,
    }
}

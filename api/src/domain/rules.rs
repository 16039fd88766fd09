//! Rules as data: officials add them, try them against what is stored, change them and switch them.
//!
//! What a rule said before a change is in the journal. How a table is judged by them is in `checks`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    ids::{DatasetCode, PeriodCode, RuleCode, SchoolCode},
    rule,
    words::Severity,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{
    journal::{self, Event},
    periods::Period,
    precondition::Match,
    submissions::{self, Unpublished},
};
use crate::{
    authz::{self, Action, Kind},
    ctx::Ctx,
    error::{Error, Finding, Result, Text},
    formats::{
        decimal,
        document::{self, Cells},
        expression::{Expression, Facts, Input, Verdict, is_code},
    },
    memory::{self, Thing, derived, registry::Registry},
};

/// The longest message, in characters.
const MAX_MESSAGE: usize = 500;

/// The most periods that are tried at once.
const MAX_PERIODS: usize = 10;

/// What a rule says.
#[derive(Clone, Debug)]
pub struct New {
    /// Its stable name, `talent.placement_low`: led by the table whose pushes it judges.
    pub code: String,
    /// Whether it blocks, needs a justification, or only tells.
    pub severity: Severity,
    /// True for a good table.
    pub expression: String,
    /// What is told when it is broken, in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
    /// Whether it judges at all.
    pub is_enabled: bool,
    /// The first period that it judges.
    pub valid_from: Option<String>,
    /// The last period that it judges.
    pub valid_to: Option<String>,
}

/// What is to be different; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Whether it blocks, needs a justification, or only tells.
    pub severity: Option<Severity>,
    /// True for a good table.
    pub expression: Option<String>,
    /// What is told when it is broken, in Chinese.
    pub message_zh: Option<String>,
    /// The same in English.
    pub message_en: Option<String>,
    /// Whether it judges at all.
    pub is_enabled: Option<bool>,
    /// The first period that it judges; the inner nothing takes the bound away.
    pub valid_from: Option<Option<String>>,
    /// The last period that it judges; the inner nothing takes the bound away.
    pub valid_to: Option<Option<String>>,
}

/// The strong ETag of a rule.
pub fn etag(row: &rule::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Adds a rule.
///
/// # Errors
/// 403, 409 where there is one of this name, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, new: New) -> Result<rule::Model> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let registry = ctx.memory.registry();
    let dataset = new.code.split_once('.').map(|(dataset, _)| dataset).unwrap_or_default();
    let row = rule::Model {
        dataset_code: DatasetCode::from(dataset),
        code: RuleCode(new.code),
        position: 0,
        severity: new.severity,
        expression: new.expression,
        message_zh: new.message_zh,
        message_en: new.message_en,
        is_enabled: new.is_enabled,
        valid_from: new.valid_from.map(PeriodCode),
        valid_to: new.valid_to.map(PeriodCode),
        version: 1,
    };
    judge(&registry, &row)?;
    let tx = ctx.begin().await?;
    let there = authz::whole::<rule::Entity>().all(&tx).await?;
    if there.iter().any(|other| other.code == row.code) {
        return Err(Error::Conflict(Text::new(
            format!("规则“{}”已存在", row.code),
            format!("There is a rule `{}` already", row.code),
        )));
    }
    let position = there.iter().map(|other| other.position).max().unwrap_or(0) + 1;
    let row = rule::Model { position, ..row };
    rule::Entity::insert(rule::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "rule.added", &row).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(row)
}

/// Changes a rule, or switches it.
///
/// # Errors
/// 403, 404, 428 without and 412 with another version than the present one, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), rule.code = code))]
pub async fn change(ctx: &Ctx, code: &str, change: Change, if_match: Option<&Match>) -> Result<rule::Model> {
    ctx.require(Action::Change, Kind::Catalogue)?;
    let tx = ctx.begin().await?;
    let found = authz::whole::<rule::Entity>().filter(rule::Column::Code.eq(code)).one(&tx).await?;
    let old = found.ok_or(Error::NotFound(Kind::Catalogue))?;
    match if_match {
        None => return Err(Error::PreconditionRequired { current: etag(&old) }),
        Some(Match::Tags(tags)) if !tags.iter().any(|tag| *tag == old.version.to_string()) => {
            return Err(Error::PreconditionFailed { current: Some(etag(&old)) });
        }
        Some(Match::Any | Match::Tags(_)) => {}
    }
    let bound = |bound: Option<Option<String>>, old: &Option<PeriodCode>| {
        bound.map_or_else(|| old.clone(), |bound| bound.map(PeriodCode))
    };
    let new = rule::Model {
        severity: change.severity.unwrap_or(old.severity),
        expression: change.expression.unwrap_or_else(|| old.expression.clone()),
        message_zh: change.message_zh.unwrap_or_else(|| old.message_zh.clone()),
        message_en: change.message_en.unwrap_or_else(|| old.message_en.clone()),
        is_enabled: change.is_enabled.unwrap_or(old.is_enabled),
        valid_from: bound(change.valid_from, &old.valid_from),
        valid_to: bound(change.valid_to, &old.valid_to),
        ..old.clone()
    };
    judge(&ctx.memory.registry(), &new)?;
    if new == old {
        return Ok(old);
    }
    let new = rule::Model { version: old.version + 1, ..new };
    replace(&tx, &old, &new).await?;
    note(ctx, &tx, "rule.changed", &new).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(new)
}

#[expect(clippy::disallowed_methods, reason = "a rule belongs to no caller; who may change it was asked above")]
async fn replace(db: &impl ConnectionTrait, old: &rule::Model, new: &rule::Model) -> Result<()> {
    use rule::Column as C;
    let done = rule::Entity::update_many()
        .col_expr(C::Severity, Expr::value(new.severity.word()))
        .col_expr(C::Expression, Expr::value(new.expression.clone()))
        .col_expr(C::MessageZh, Expr::value(new.message_zh.clone()))
        .col_expr(C::MessageEn, Expr::value(new.message_en.clone()))
        .col_expr(C::IsEnabled, Expr::value(new.is_enabled))
        .col_expr(C::ValidFrom, Expr::value(new.valid_from.clone()))
        .col_expr(C::ValidTo, Expr::value(new.valid_to.clone()))
        .col_expr(C::Version, Expr::value(new.version))
        .filter(C::Code.eq(old.code.clone()))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

async fn note(ctx: &Ctx, db: &impl ConnectionTrait, action: &'static str, row: &rule::Model) -> Result<()> {
    let data = json!({
        "version": row.version, "severity": row.severity.word(), "expression": row.expression,
        "message_zh": row.message_zh, "message_en": row.message_en, "enabled": row.is_enabled,
        "valid_from": row.valid_from.as_ref().map(PeriodCode::as_str),
        "valid_to": row.valid_to.as_ref().map(PeriodCode::as_str),
    });
    journal::record(db, ctx, Event { action, object: format!("rule/{}", row.code), data, ..Event::default() }).await?;
    memory::raise(db, Thing::Registry).await
}

/// Everything that is wrong with a rule.
fn judge(registry: &Registry, row: &rule::Model) -> Result<()> {
    let mut faults = Vec::new();
    let mut fault = |code: &str, at: &str, text: Text, got: &str| {
        let finding = Finding::error(code, at, text);
        faults.push(Finding { got: Some(got.to_owned()), ..finding });
    };
    let code = row.code.as_str();
    if !is_code(code) || code.len() > 100 {
        let text = Text::new("规则编码应如 talent.placement_low", "A rule's code is written like talent.placement_low");
        fault("rule_code", "/code", text, code);
    } else if derived::is_derived(row.dataset_code.as_str()) {
        let text = Text::new(
            "此报表自动汇总，没有填报可供校验",
            "This table is derived: nobody states it, so no rule judges it",
        );
        fault("derived_dataset", "/code", text, code);
    } else if registry.datasets.get(row.dataset_code.as_str()).is_none() {
        let text = Text::new(
            format!("没有报表“{}”：编码以所校验的报表开头", row.dataset_code),
            format!("There is no table `{}`: the code is led by the table that the rule judges", row.dataset_code),
        );
        fault("unknown_dataset", "/code", text, code);
    }
    for (at, text) in [("/message_zh", &row.message_zh), ("/message_en", &row.message_en)] {
        let length = text.trim().chars().count();
        if length == 0 || length > MAX_MESSAGE || text.contains('\0') {
            let said = Text::new(
                format!("说明应为 1 到 {MAX_MESSAGE} 个字符"),
                format!("A message has 1 to {MAX_MESSAGE} characters"),
            );
            fault("message", at, said, text);
        }
    }
    for (at, period) in [("/valid_from", &row.valid_from), ("/valid_to", &row.valid_to)] {
        let Some(period) = period else { continue };
        let kind = registry.datasets.get(row.dataset_code.as_str()).map(|dataset| dataset.period_kind);
        if Period::parse(period.as_str()).is_none_or(|period| kind.is_some_and(|kind| kind != period.kind)) {
            let said = Text::new("不是该报表的统计期", "This is not a period of the table");
            fault("period_form", at, said, period.as_str());
        }
    }
    if let (Some(from), Some(to)) = (&row.valid_from, &row.valid_to)
        && from > to
    {
        let said = Text::new("止于开始之前", "It ends before it begins");
        fault("validity", "/valid_to", said, to.as_str());
    }
    if let Err(found) = readable(registry, &row.expression) {
        faults.extend(found);
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// An expression whose indicators are there, or everything that is wrong with it.
fn readable(registry: &Registry, text: &str) -> std::result::Result<Expression, Vec<Finding>> {
    let expression = Expression::compile(text).map_err(|fault| {
        let finding = Finding::error("expression", "/expression", fault.placed());
        let place = (fault.column > 0).then(|| format!("{}:{}", fault.line, fault.column));
        vec![Finding { got: place, ..finding }]
    })?;
    let strangers: Vec<Finding> = expression
        .inputs()
        .iter()
        .filter(|input| registry.indicators.get(&input.indicator).is_none())
        .map(|input| {
            let code = &input.indicator;
            Finding::error(
                "unknown_indicator",
                "/expression",
                Text::new(format!("没有指标“{code}”"), format!("There is no indicator `{code}`")),
            )
            .with("<dataset>.<indicator>", code.as_str())
        })
        .collect();
    if strangers.is_empty() { Ok(expression) } else { Err(strangers) }
}

/// What a rule would say of the tables of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The period.
    pub period: String,
    /// How many schools have such a table whose values the caller may see.
    pub schools: usize,
    /// How many could not be asked, because a figure is not there.
    pub skipped: usize,
    /// Which of them would be told, in the order of their codes.
    pub flagged: Vec<SchoolCode>,
}

/// Tries an expression against what is stored: it stores nothing.
///
/// # Errors
/// 403, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn dry_run(ctx: &Ctx, dataset: &str, expression: &str, periods: &[String]) -> Result<Vec<Trial>> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let registry = ctx.memory.registry();
    let kind = registry.datasets.get(dataset).map(|dataset| dataset.period_kind).ok_or_else(|| {
        let text = Text::new(format!("没有报表“{dataset}”"), format!("There is no table `{dataset}`"));
        Error::Invalid(vec![Finding::error("unknown_dataset", "/dataset", text)])
    })?;
    let rule = readable(&registry, expression).map_err(Error::Invalid)?;
    if !(1..=MAX_PERIODS).contains(&periods.len()) {
        let text = Text::new(format!("请指定 1 到 {MAX_PERIODS} 个统计期"), format!("Name 1 to {MAX_PERIODS} periods"));
        let finding = Finding::error("periods", "/periods", text);
        return Err(Error::Invalid(vec![finding.with(format!("1..={MAX_PERIODS}"), periods.len().to_string())]));
    }
    let mut trials = Vec::with_capacity(periods.len());
    for (at, period) in periods.iter().enumerate() {
        let period = Period::expect(period, kind, &format!("/periods/{at}"))?;
        trials.push(trial(ctx, &registry, dataset, &rule, &period).await?);
    }
    Ok(trials)
}

async fn trial(ctx: &Ctx, registry: &Registry, dataset: &str, rule: &Expression, period: &Period) -> Result<Trial> {
    let before = period.previous();
    let mut tables: BTreeMap<SchoolCode, HashMap<(String, bool), Cells>> = BTreeMap::new();
    let mut wanted: BTreeSet<(&str, bool)> =
        rule.inputs().iter().map(|input| (input.dataset.as_str(), input.is_previous)).collect();
    wanted.insert((dataset, false));
    for (table, is_previous) in wanted {
        let of = if is_previous { before.as_str() } else { period.code.as_str() };
        for (school, written) in submissions::documents(ctx, ctx.db.read(), table, of, Unpublished::Current).await? {
            let cells = document::read(&written, |code| registry.decimals(code)).map_err(Error::internal)?;
            tables.entry(school).or_default().insert((table.to_owned(), is_previous), cells);
        }
    }
    tables.retain(|_, tables| tables.contains_key(&(dataset.to_owned(), false)));
    let mut trial = Trial { period: period.code.0.clone(), schools: tables.len(), skipped: 0, flagged: Vec::new() };
    for (school, tables) in tables {
        let figure = |input: &Input| {
            let value = tables.get(&(input.dataset.clone(), input.is_previous))?.get(&input.indicator)?.value?;
            Some(decimal::double(value, registry.decimals(&input.indicator)))
        };
        match rule.judge(&Facts::of(rule.inputs(), figure)) {
            Verdict::Holds => {}
            Verdict::Breaks => trial.flagged.push(school),
            Verdict::Skipped(_) => trial.skipped += 1,
        }
    }
    Ok(trial)
}

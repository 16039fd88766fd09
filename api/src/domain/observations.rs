//! The released figures of one school, as far as the caller may see them.

use std::sync::Arc;

use entity::words::Disclosure;
use rust_decimal::Decimal;

use super::{periods::Period, releases};
use crate::{
    authz::{Actor, Role},
    ctx::Ctx,
    error::{Error, Finding, Result, Text},
    formats::{decimal, document::Status},
    memory::{ReleaseHead, columns::Table, frame::FrameIndicator},
};

/// One released figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The indicator's code.
    pub indicator: String,
    /// The period's code.
    pub period: String,
    /// The value, where there is one and it is the caller's to see.
    pub value: Option<Decimal>,
    /// What the cell says.
    pub status: Status,
}

/// Whether a caller may see the figure of one school, its own or another.
pub fn may_see(actor: &Actor, line: &FrameIndicator, is_own: bool) -> bool {
    match line.disclosure() {
        Disclosure::Public => true,
        Disclosure::Aggregate => is_own,
        Disclosure::Internal => is_own && matches!(actor.role, Role::Province | Role::City),
    }
}

/// What is told of a cell of a released table: the one gate of school-level figures, whatever the door.
pub fn told(
    line: &FrameIndicator,
    may_see: bool,
    has_table: bool,
    cell: Option<(i64, Status)>,
) -> (Option<Decimal>, Status) {
    match cell {
        // Whether a school has a protected figure is told of one's own schools only; that a release has
        // no such table at all is no secret.
        _ if !may_see && has_table => (None, Status::Suppressed),
        Some((value, status)) if status.has_value() => (Some(decimal::exact(i128::from(value), line.decimals)), status),
        Some((_, status)) => (None, status),
        None => (None, Status::Missing),
    }
}

/// The figures of a school in the newest release: those that are asked for, or all of the period.
///
/// What the release does not have is `MISSING`; what it has but the caller may not see is `SUPPRESSED`.
pub async fn of_school(
    ctx: &Ctx,
    school: &str,
    period: &str,
    indicators: Option<&[String]>,
) -> Result<Vec<Observation>> {
    match releases::newest(ctx) {
        Some(release) => in_release(ctx, &release, school, period, indicators).await,
        None => expect_period(period).map(|()| Vec::new()),
    }
}

fn expect_period(period: &str) -> Result<()> {
    if Period::parse(period).is_none() {
        return Err(Error::invalid(
            "period_form",
            "/period",
            Text::new("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023"),
        ));
    }
    Ok(())
}

/// The same of any release that is there for the caller.
pub async fn in_release(
    ctx: &Ctx,
    release: &ReleaseHead,
    school: &str,
    period: &str,
    indicators: Option<&[String]>,
) -> Result<Vec<Observation>> {
    expect_period(period)?;
    let frame = ctx.memory.frame_of(release).await?;
    let at = frame.position(school);
    let is_own =
        at.and_then(|at| frame.schools.get(at)).is_some_and(|school| ctx.actor.covers(&school.code, &school.city));

    let all: Vec<String>;
    let wanted = match indicators {
        Some(wanted) => wanted,
        None => {
            let registry = ctx.memory.registry();
            all = registry
                .indicators
                .all()
                .iter()
                .filter(|line| release.table(line.dataset_code.as_str(), period).is_some())
                // One that came after the release is not in it.
                .filter(|line| frame.indicators.contains_key(line.code.as_str()))
                .map(|line| line.code.0.clone())
                .collect();
            &all
        }
    };
    let unknown: Vec<Finding> = wanted
        .iter()
        .enumerate()
        .filter(|(_, code)| !frame.indicators.contains_key(*code))
        .map(|(at, code)| {
            Finding::error(
                "unknown_indicator",
                format!("/indicators/{at}"),
                Text::new(format!("没有指标“{code}”"), format!("There is no indicator `{code}`")),
            )
        })
        .collect();
    if !unknown.is_empty() {
        return Err(Error::Invalid(unknown));
    }

    let mut observations = Vec::with_capacity(wanted.len());
    // Indicators are mostly asked for table by table.
    let mut table: Option<(&str, Arc<Table>)> = None;
    for code in wanted {
        let Some(line) = frame.line(code, period) else { continue };
        if table.as_ref().is_none_or(|(dataset, _)| *dataset != line.dataset) {
            table = match release.table(&line.dataset, period) {
                Some(head) => Some((line.dataset.as_str(), ctx.memory.table(head, &frame).await?)),
                None => None,
            };
        }
        let cell = match (&table, at) {
            (Some((_, table)), Some(at)) => table.column(code)?.cells.get(at).copied().flatten(),
            _ => None,
        };
        let may_see = may_see(&ctx.actor, line, is_own);
        if may_see && line.disclosure() != Disclosure::Public && cell.is_some() {
            ctx.saw(school, &line.dataset, period)?;
        }
        let (value, status) = told(line, may_see, table.is_some(), cell);
        observations.push(Observation { indicator: code.clone(), period: period.to_owned(), value, status });
    }
    Ok(observations)
}

//! The released figures of one school, as far as the caller may see them.

use std::sync::Arc;

use chrono::NaiveDate;
use entity::words::Disclosure;
use rust_decimal::Decimal;

use super::{lineage, periods::Period, releases};
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
/// What the release does not have is `MISSING`; what it has but the caller may not see is `SUPPRESSED`. A comparable
/// series follows what became of schools: in a period before that, the figures are those of who then stood there.
pub async fn of_school(
    ctx: &Ctx,
    school: &str,
    period: &str,
    indicators: Option<&[String]>,
    is_comparable: bool,
) -> Result<Vec<Observation>> {
    let days = expect_period(period)?;
    let Some(release) = releases::newest(ctx) else { return Ok(Vec::new()) };
    let stood = if is_comparable { Some(days.days()?.1) } else { None };
    read(ctx, &release, school, period, indicators, stood).await
}

fn expect_period(period: &str) -> Result<Period> {
    Period::parse(period).ok_or_else(|| {
        Error::invalid(
            "period_form",
            "/period",
            Text::new("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023"),
        )
    })
}

/// The same of any release that is there for the caller, not followed back.
pub async fn in_release(
    ctx: &Ctx,
    release: &ReleaseHead,
    school: &str,
    period: &str,
    indicators: Option<&[String]>,
) -> Result<Vec<Observation>> {
    expect_period(period)?;
    read(ctx, release, school, period, indicators, None).await
}

/// What a release has of a school, or of those that stood in its place on a day.
async fn read(
    ctx: &Ctx,
    release: &ReleaseHead,
    school: &str,
    period: &str,
    indicators: Option<&[String]>,
    stood: Option<NaiveDate>,
) -> Result<Vec<Observation>> {
    let frame = ctx.memory.frame_of(release).await?;
    let at = frame.position(school);
    let origins = stood.map_or_else(|| Vec::from_iter(at), |day| lineage::origins(&frame, school, day));
    let own = |at: &usize| frame.schools.get(*at).is_some_and(|school| ctx.actor.covers(&school.code, &school.city));
    // What a school has taken over is its own; another city's is not this city's for that.
    let is_own = at.as_ref().is_some_and(own) && (ctx.actor.role == Role::School || origins.iter().all(own));

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
        let (mut cell, mut together, mut stated) = (None, None, Vec::new());
        if let Some((_, table)) = &table {
            let column = table.column(code)?;
            let cells = || origins.iter().filter_map(|at| column.cells.get(*at).copied().flatten());
            cell = cells().find(|(_, status)| status.has_value()).or_else(|| cells().next());
            let has_cell = |at: &&usize| matches!(column.cells.get(**at), Some(Some(_)));
            let of = origins.iter().filter(has_cell).filter_map(|at| frame.schools.get(*at));
            stated.extend(of.map(|school| school.code.as_str()));
            if origins.len() > 1 {
                let weight = line.weight.as_deref().map(|code| table.column(code)).transpose()?;
                together = lineage::together(&origins, line, &column, weight.as_deref());
            }
        }
        let may_see = may_see(&ctx.actor, line, is_own);
        if may_see && line.disclosure() != Disclosure::Public && cell.is_some() {
            // The table is of whoever stated it, under whatever code it is asked for.
            for stated in &stated {
                ctx.saw(stated, &line.dataset, period)?;
            }
        }
        let (value, status) = match together.filter(|_| may_see) {
            Some(together) => together,
            None => told(line, may_see, table.is_some(), cell),
        };
        observations.push(Observation { indicator: code.clone(), period: period.to_owned(), value, status });
    }
    Ok(observations)
}

//! Templates: a table as a form in Excel, with its units, last year's values, and what is there already.

use super::{
    batches::version_of,
    catalogue,
    periods::Period,
    submissions::{self, Key},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::{Error, Result},
    formats::{
        decimal,
        document::{Cells, Status},
        form::{self, Form, FormLine, STATUSES},
    },
};

/// The form of a table as a workbook.
///
/// # Errors
/// 404 for a school that is not the caller's or a table that is not there, 403 for who may not state tables,
/// 422 for a period that is none of this table.
pub async fn form(ctx: &Ctx, key: &Key) -> Result<Vec<u8>> {
    let registry = ctx.memory.registry();
    ctx.known(Kind::Submission)?;
    let school = registry
        .schools
        .get(key.school.as_str())
        .filter(|school| ctx.actor.covers(school.code.as_str(), school.city_code.as_str()))
        .ok_or(Error::NotFound(Kind::Submission))?;
    let dataset = registry.datasets.get(key.dataset.as_str()).ok_or(Error::NotFound(Kind::Catalogue))?;
    ctx.require(Action::Push, Kind::Submission)?;
    catalogue::expect_stated("/dataset", key.dataset.as_str())?;
    let period = Period::of(dataset, key.period.as_str(), "/period")?;

    let present = cells(ctx, key).await?;
    let last_year = cells(ctx, &Key { period: period.previous(), ..key.clone() }).await?;
    let lines = registry.lines_in(dataset.code.as_str(), period.code.as_str()).map(|line| {
        let code = line.code.as_str();
        let digits = |value: i64| decimal::digits(value, line.decimals);
        let cell = present.get(code);
        FormLine {
            number: line.line_no.clone(),
            code: code.to_owned(),
            label: line.label.clone(),
            unit: line.unit.clone(),
            decimals: line.decimals,
            minimum: line.minimum.map(digits),
            maximum: line.maximum.map(digits),
            is_required: line.is_required,
            last_year: last_year.get(code).and_then(|cell| cell.value).map(digits),
            value: cell.and_then(|cell| cell.value).map(digits),
            status: cell.and_then(|cell| word(cell.status)),
            note: cell.and_then(|cell| cell.note.clone()),
        }
    });
    let form = Form {
        school: school.code.0.clone(),
        school_name: school.name.clone(),
        dataset: dataset.code.0.clone(),
        dataset_name: dataset.name.clone(),
        period: period.code.0.clone(),
        catalogue: version_of(&registry, dataset.code.as_str(), period.code.as_str()),
        lines: lines.collect(),
    };
    tokio::task::spawn_blocking(move || form::write(&form)).await.map_err(Error::internal)?.map_err(Error::internal)
}

/// What a form says for a status; nothing for the usual one.
const fn word(status: Status) -> Option<&'static str> {
    let [_, estimated, not_applicable, missing] = STATUSES;
    match status {
        Status::Estimated => Some(estimated),
        Status::NotApplicable => Some(not_applicable),
        Status::Missing => Some(missing),
        Status::Reported | Status::Suppressed => None,
    }
}

/// The cells of a table as far as they are the caller's to see; none of a table that is not there.
async fn cells(ctx: &Ctx, key: &Key) -> Result<Cells> {
    match submissions::get(ctx, key).await {
        Ok(table) => Ok(table.content.map(|content| content.cells).unwrap_or_default()),
        Err(Error::NotFound(_)) => Ok(Cells::new()),
        Err(fault) => Err(fault),
    }
}

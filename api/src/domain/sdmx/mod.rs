//! Released figures as SDMX: flows, structures, constraints, and series.
//!
//! A flow is a table. A series is what `aggregates::each` says of a group of schools, or `observations::told` of one
//! school: the same figures by another door, never others.

mod data;
mod structures;

pub use data::{Ask, Stream, Wanted, message};
pub use structures::{Artefact, Named, References, select};

use std::sync::Arc;

use entity::words::{Ownership, PeriodKind, SchoolCategory, SchoolTier};

use super::{releases, tables::words};
use crate::{
    ctx::Ctx,
    error::{Language, Result, Text},
    formats::{
        document::Status,
        sdmx::{ANNUAL, Code, Codelist, TOTAL, indicators_of},
    },
    memory::{ReleaseHead, frame::Frame, registry::Registry},
};

/// The frame that areas are listed by: that of the newest release, or of now where there is none yet.
async fn framed(ctx: &Ctx) -> Result<(Option<Arc<ReleaseHead>>, Arc<Frame>)> {
    match releases::list(ctx).await?.into_iter().next() {
        Some(release) => {
            let frame = ctx.memory.frame_of(&release).await?;
            Ok((Some(release), frame))
        }
        None => Ok((None, ctx.memory.frame())),
    }
}

/// The code of an indicator within its flow: SDMX parts keys by dots, so the table in front of it goes.
fn short(dataset: &str, code: &str) -> String {
    code.strip_prefix(dataset).and_then(|rest| rest.strip_prefix('.')).unwrap_or(code).replace('.', "_")
}

/// The code of all schools together: the province of their cities, or the total where they are of several.
fn whole(frame: &Frame) -> String {
    let of = |city: &String| city.get(..2).map(|province| format!("{province}0000"));
    let mut provinces = frame.cities.iter().map(of);
    match provinces.next().flatten() {
        Some(first) if provinces.all(|other| other.as_ref() == Some(&first)) => first,
        _ => TOTAL.to_owned(),
    }
}

fn both(zh: &str, en: Option<&str>) -> Text {
    Text::new(zh, en.unwrap_or_default())
}

/// The whole, its cities, and their schools.
fn areas(registry: &Registry, frame: &Frame) -> Codelist {
    let whole = whole(frame);
    let mut codes = vec![Code::new(&whole, Text::new("全省", "The whole province"))];
    for city in &frame.cities {
        let row = registry.cities.get(city);
        let name = row.map_or_else(|| both(city, None), |row| both(&row.name, row.name_en.as_deref()));
        codes.push(Code::new(city, name).below(&whole));
    }
    for school in &frame.schools {
        let row = registry.schools.get(&school.code);
        let name = row.map_or_else(|| both(&school.code, None), |row| both(&row.name, row.name_en.as_deref()));
        codes.push(Code::new(&school.code, name).below(&school.city));
    }
    Codelist { id: "CL_AREA".to_owned(), name: Text::new("地区与学校", "Areas and schools"), codes }
}

/// The indicators of a flow, as a tree.
fn indicators(registry: &Registry, flow: &str) -> Codelist {
    let codes = registry.lines(flow).map(|row| {
        let code = Code::new(short(flow, row.code.as_str()), both(&row.label, row.label_en.as_deref()));
        match &row.parent_code {
            Some(parent) if registry.lines(flow).any(|other| other.code == *parent) => {
                code.below(short(flow, parent.as_str()))
            }
            _ => code,
        }
    });
    let name = registry.datasets.get(flow).map(|row| both(&row.name, row.name_en.as_deref())).unwrap_or_default();
    Codelist { id: indicators_of(flow), name, codes: codes.collect() }
}

/// A list of words below their total.
fn closed(id: &str, name: Text, all: impl Iterator<Item = (&'static str, Text)>) -> Codelist {
    let mut codes = vec![Code::new(TOTAL, Text::new("合计", "Total"))];
    codes.extend(all.map(|(word, name)| Code::new(word, name).below(TOTAL)));
    Codelist { id: id.to_owned(), name, codes }
}

fn ownerships() -> Codelist {
    let all = Ownership::ALL.iter().map(|word| (word.word(), words::ownership(*word)));
    closed("CL_OWNERSHIP", Text::new("办学性质", "Ownership"), all)
}

fn categories() -> Codelist {
    let all = SchoolCategory::ALL.iter().map(|word| (word.word(), words::category(*word)));
    closed("CL_CATEGORY", Text::new("院校类别", "Category"), all)
}

fn tiers() -> Codelist {
    let all = SchoolTier::ALL.iter().map(|word| (word.word(), words::tier(*word)));
    closed("CL_TIER", Text::new("办学层次", "Tier"), all)
}

/// The category of the tables of a kind of period.
fn category_of(kind: PeriodKind) -> String {
    kind.word().to_uppercase()
}

/// The categories of tables: what their periods are.
fn period_kinds() -> Vec<Code> {
    let name = |kind: PeriodKind| match kind {
        PeriodKind::CalendarYear => Text::new("按年度填报的报表", "Tables of calendar years"),
        PeriodKind::SchoolYear => Text::new("按学年填报的报表", "Tables of school years"),
    };
    PeriodKind::ALL.iter().map(|kind| Code::new(category_of(*kind), name(*kind))).collect()
}

fn frequencies() -> Codelist {
    let codes = vec![Code::new(ANNUAL, Text::new("年度", "Annual"))];
    Codelist { id: "CL_FREQ".to_owned(), name: Text::new("频率", "Frequency"), codes }
}

/// What the common list of SDMX calls a status.
const fn status(status: Status) -> &'static str {
    match status {
        Status::Reported => "A",
        Status::Estimated => "E",
        Status::NotApplicable => "M",
        Status::Missing => "O",
        Status::Suppressed => "Q",
    }
}

fn statuses() -> Codelist {
    let all = [Status::Reported, Status::Estimated, Status::NotApplicable, Status::Missing, Status::Suppressed];
    let codes = all.into_iter().map(|one| Code::new(status(one), words::status(one))).collect();
    Codelist { id: "CL_OBS_STATUS".to_owned(), name: Text::new("观测状态", "Observation status"), codes }
}

/// The unit of an indicator in a period, in Chinese, in which the catalogue is.
fn unit(registry: &Registry, dataset: &str, period: &str, code: &str) -> Option<Arc<str>> {
    let row = registry.lines_in(dataset, period).find(|row| row.code == *code);
    let row = row.or_else(|| registry.indicators.get(code))?;
    Some(Arc::from(words::chosen(Language::Chinese, &row.unit, None)))
}

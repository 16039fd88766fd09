//! The yearly bulletin (年度供需公报): supply and demand, and how much of it was met, by kind, industry, city and
//! field of majors.
//!
//! What was posted was public when it stood, so it is counted as it is. What came of it is not: an outcome is told
//! for no line of fewer than three owners, and of a partition never for all lines but one (decision 41). Once its
//! year is over it is published, and then says what it said on that day (`publishing`).

mod publishing;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entity::{
    opportunity,
    words::{OpportunityKind, OpportunityOutcome, OpportunitySide, OpportunityState},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use serde::{Deserialize, Serialize};

pub use self::publishing::{Published, publish};
use super::{
    audit::midnight,
    opportunities::{local_day, major_fields, owner},
};
use crate::{
    authz::{Action, Actor, Kind},
    ctx::Ctx,
    error::{Error, Language, Result, Text},
    formats::{
        guarded,
        report::{Cell, Heading, Report, Row, Table, page},
    },
};

/// The fewest owners of whom an outcome is told together.
const FEWEST: usize = 3;

/// By what a line counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Everything.
    Total,
    /// By kind.
    Kind,
    /// By industry, as its owners name it.
    Industry,
    /// By city.
    City,
    /// By field of majors: the first two digits of their codes. One of several fields counts in each.
    Major,
}

impl Dimension {
    /// Every dimension, in the order of the bulletin.
    pub const ALL: &'static [Self] = &[Self::Total, Self::Kind, Self::Industry, Self::City, Self::Major];

    /// As it is written in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Kind => "kind",
            Self::Industry => "industry",
            Self::City => "city",
            Self::Major => "major",
        }
    }

    fn title(self) -> Text {
        match self {
            Self::Total => Text::new("合计", "In all"),
            Self::Kind => Text::new("按类型", "By kind"),
            Self::Industry => Text::new("按行业", "By industry"),
            Self::City => Text::new("按市州", "By city"),
            Self::Major => Text::new("按专业大类", "By field of majors"),
        }
    }
}

/// So many postings, and the heads that they name together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Postings.
    pub postings: i64,
    /// The sum of their headcounts, as far as they name one.
    pub headcount: i64,
}

/// What has come of the postings of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Closed as met.
    pub met: i64,
    /// Closed as met in part.
    pub partly_met: i64,
    /// Closed as unmet, taken down or withdrawn, or past their day without a word.
    pub unmet: i64,
    /// Still standing.
    pub open: i64,
    /// How many heads were met, as far as it was said.
    pub heads_met: i64,
}

/// A line of the bulletin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// By what.
    pub dimension: Dimension,
    /// The word, name or code; empty for the total and for what says nothing of it.
    pub key: String,
    /// For people.
    pub name: Text,
    /// What was offered.
    pub supply: Count,
    /// What was sought.
    pub demand: Count,
    /// What has come of it; nothing where too few owners stand behind the line.
    pub outcomes: Option<Outcomes>,
}

/// The bulletin of a year.
#[derive(Clone, Debug)]
pub struct Bulletin {
    /// Postings that were published first in this year (Asia/Shanghai).
    pub year: i32,
    /// Whether the year is over.
    pub is_final: bool,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Its lines, by dimension and key; the total first.
    pub lines: Vec<Line>,
    /// The document that it was published as; nothing before.
    pub published: Option<Published>,
}

#[derive(Debug, Default)]
struct Tally {
    owners: BTreeSet<String>,
    supply: Count,
    demand: Count,
    outcomes: Outcomes,
}

impl Tally {
    fn add(&mut self, row: &opportunity::Model, today: NaiveDate) {
        self.owners.extend(owner(row).map(|owner| owner.code().to_owned()));
        let count = match row.side {
            OpportunitySide::Supply => &mut self.supply,
            OpportunitySide::Demand => &mut self.demand,
        };
        count.postings += 1;
        count.headcount += row.headcount.map_or(0, i64::from);
        let stands = row.state == OpportunityState::Published && row.valid_until >= today;
        match row.outcome {
            Some(OpportunityOutcome::Met) => self.outcomes.met += 1,
            Some(OpportunityOutcome::PartlyMet) => self.outcomes.partly_met += 1,
            None if stands => self.outcomes.open += 1,
            Some(OpportunityOutcome::Unmet) | None => self.outcomes.unmet += 1,
        }
        self.outcomes.heads_met += row.outcome_number.map_or(0, i64::from);
    }
}

/// Which lines of one partition keep their outcomes to themselves: those of too few owners, and if one alone would
/// be hidden, or those hidden together have too few, the smallest of the others with them.
fn hidden(lines: &BTreeMap<String, Tally>) -> BTreeSet<String> {
    let mut hidden: BTreeSet<String> =
        lines.iter().filter(|(_, tally)| tally.owners.len() < FEWEST).map(|(key, _)| key.clone()).collect();
    if hidden.is_empty() {
        return hidden;
    }
    let mut others: Vec<(usize, &String)> =
        lines.iter().filter(|(key, _)| !hidden.contains(*key)).map(|(key, tally)| (tally.owners.len(), key)).collect();
    others.sort();
    let mut others = others.into_iter();
    loop {
        let owners: BTreeSet<&String> =
            lines.iter().filter(|(key, _)| hidden.contains(*key)).flat_map(|(_, tally)| &tally.owners).collect();
        if hidden.len() >= 2 && owners.len() >= FEWEST {
            return hidden;
        }
        match others.next() {
            Some((_, key)) => hidden.insert(key.clone()),
            None => return hidden,
        };
    }
}

fn kind_name(kind: OpportunityKind) -> Text {
    match kind {
        OpportunityKind::Talent => Text::new("人才", "Talent"),
        OpportunityKind::Cooperation => Text::new("合作", "Cooperation"),
        OpportunityKind::ResearchProject => Text::new("科研项目", "Research project"),
        OpportunityKind::TechnicalService => Text::new("技术服务", "Technical service"),
        OpportunityKind::PartTimeTeacher => Text::new("兼职教师", "Part-time teacher"),
        OpportunityKind::Internship => Text::new("实习", "Internship"),
        OpportunityKind::TeacherPlacement => Text::new("教师实践", "Teacher placement"),
    }
}

/// Reads a year that has begun.
fn begun(ctx: &Ctx, year: &str) -> Result<i32> {
    let number = year.parse::<i32>().ok().filter(|number| number.to_string() == year);
    let number = number.filter(|number| (2000..=local_day(ctx.actor.at).year()).contains(number));
    number.ok_or(Error::NotFound(Kind::Bulletin))
}

/// The bulletin of a year, the same for everybody: as it was published, or as it stands now.
///
/// # Errors
/// 404 for what is no year, or one that has not begun.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn get(ctx: &Ctx, year: &str) -> Result<Bulletin> {
    ctx.require(Action::Read, Kind::Bulletin)?;
    let year = begun(ctx, year)?;
    match publishing::find(ctx, ctx.db.read(), year).await? {
        Some(published) => Ok(published),
        None => make(ctx, ctx.db.read(), year).await,
    }
}

/// Makes the bulletin of a year.
async fn make(ctx: &Ctx, db: &impl ConnectionTrait, year: i32) -> Result<Bulletin> {
    let made_at = ctx.actor.at;
    let today = local_day(made_at);
    let first = |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).map(midnight);
    let (Some(from), Some(to)) = (first(year), first(year + 1)) else {
        return Err(Error::NotFound(Kind::Bulletin));
    };
    // What came of a posting is the owner's; what is told of it here is the same whoever asks.
    let system = ctx.as_(Actor { at: made_at, ..Actor::system("bulletin") });
    let rows = system
        .visible::<opportunity::Entity>()
        .filter(opportunity::Column::PublishedAt.gte(from))
        .filter(opportunity::Column::PublishedAt.lt(to))
        .all(db)
        .await?;
    let mut parts: BTreeMap<Dimension, BTreeMap<String, Tally>> = BTreeMap::new();
    for row in &rows {
        let fields = major_fields(row);
        let fields = if fields.is_empty() { vec![String::new()] } else { fields };
        let mut keys = vec![
            (Dimension::Total, String::new()),
            (Dimension::Kind, row.kind.word().to_owned()),
            (Dimension::Industry, row.industry.clone().unwrap_or_default()),
            (Dimension::City, row.city_code.as_ref().map(|code| code.0.clone()).unwrap_or_default()),
        ];
        keys.extend(fields.into_iter().map(|field| (Dimension::Major, field)));
        for (dimension, key) in keys {
            parts.entry(dimension).or_default().entry(key).or_default().add(row, today);
        }
    }
    parts.entry(Dimension::Total).or_default().entry(String::new()).or_default();
    let registry = ctx.memory.registry();
    let name = |dimension: Dimension, key: &str| match dimension {
        Dimension::Total => Text::new("合计", "In all"),
        _ if key.is_empty() => Text::new("未说明", "Not said"),
        Dimension::Kind => OpportunityKind::of(key).map(kind_name).unwrap_or_default(),
        Dimension::City => {
            let city = registry.cities.get(key);
            let zh = city.map_or(key, |city| city.name.as_str());
            Text::new(zh, city.and_then(|city| city.name_en.as_deref()).unwrap_or(zh))
        }
        Dimension::Industry | Dimension::Major => Text::new(key, key),
    };
    let mut lines = Vec::new();
    for (dimension, tallies) in parts {
        let hidden = hidden(&tallies);
        for (key, tally) in tallies {
            // Of nothing there is nothing to hide.
            let is_told = !hidden.contains(&key) || tally.owners.is_empty();
            lines.push(Line {
                dimension,
                name: name(dimension, &key),
                supply: tally.supply,
                demand: tally.demand,
                outcomes: is_told.then_some(tally.outcomes),
                key,
            });
        }
    }
    Ok(Bulletin { year, is_final: made_at >= to, made_at, lines, published: None })
}

/// The columns of the file, in their order.
const COLUMNS: &[&str] = &[
    "dimension",
    "key",
    "name",
    "supply",
    "supply_headcount",
    "demand",
    "demand_headcount",
    "met",
    "partly_met",
    "unmet",
    "open",
    "heads_met",
    "status",
];

/// What stands where an outcome is not told.
const SILENT: &str = "SUPPRESSED";

fn figures(line: &Line) -> [String; 9] {
    let told = |figure: fn(Outcomes) -> i64| line.outcomes.map(|all| figure(all).to_string()).unwrap_or_default();
    [
        line.supply.postings.to_string(),
        line.supply.headcount.to_string(),
        line.demand.postings.to_string(),
        line.demand.headcount.to_string(),
        told(|all| all.met),
        told(|all| all.partly_met),
        told(|all| all.unmet),
        told(|all| all.open),
        told(|all| all.heads_met),
    ]
}

/// The bulletin as a CSV file: UTF-8, one line a line.
///
/// # Errors
/// Only where memory fails.
pub fn csv(bulletin: &Bulletin, language: Language) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(Error::internal)?;
    for line in &bulletin.lines {
        let key = guarded::cell(&line.key).into_owned();
        let name = guarded::cell(line.name.in_(language)).into_owned();
        let status = if line.outcomes.is_some() { "" } else { SILENT };
        let all =
            [line.dimension.word().to_owned(), key, name].into_iter().chain(figures(line)).chain([status.to_owned()]);
        writer.write_record(all).map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(|fault| Error::internal(fault.into_error()))?;
    String::from_utf8(bytes).map_err(Error::internal)
}

/// The bulletin as a page.
pub fn html(bulletin: &Bulletin, language: Language) -> String {
    let say = |zh: &str, en: &str| Text::new(zh, en).in_(language).to_owned();
    let heads = [
        say("项目", "Line"),
        say("供给条数", "Supply"),
        say("供给人数", "Heads supplied"),
        say("需求条数", "Demand"),
        say("需求人数", "Heads sought"),
        say("已满足", "Met"),
        say("部分满足", "Partly met"),
        say("未满足", "Unmet"),
        say("仍有效", "Open"),
        say("对接人数", "Heads met"),
    ];
    let columns: Vec<Heading> =
        heads.into_iter().map(|name| Heading { name, key: String::new(), is_figure: false }).collect();
    let table = |(number, dimension): (usize, &Dimension)| {
        let rows = bulletin.lines.iter().filter(|line| line.dimension == *dimension).map(|line| {
            let shown = figures(line).map(|text| if text.is_empty() { "—".to_owned() } else { text });
            let cells = std::iter::once(line.name.in_(language).to_owned()).chain(shown).map(Cell::text).collect();
            Row { cells, is_total: *dimension == Dimension::Total }
        });
        Table {
            file: format!("by-{}", dimension.word()),
            number: say(&format!("表{number}"), &format!("Table {number}")),
            name: dimension.title().in_(language).to_owned(),
            columns: columns.clone(),
            rows: rows.collect(),
            notes: Vec::new(),
        }
    };
    let day = local_day(bulletin.made_at);
    let year = bulletin.year;
    let origin = if let Some(published) = &bulletin.published {
        let (day, hash) = (local_day(published.at), &published.hash);
        say(
            &format!("{year} 年公报，{day} 发布，不再更改（SHA-256 {hash}）"),
            &format!("The bulletin of {year}, published on {day}, which does not change (SHA-256 {hash})"),
        )
    } else if bulletin.is_final {
        say(
            &format!("{year} 年公报（未发布），{day} 生成"),
            &format!("The bulletin of {year}, not published yet, made on {day}"),
        )
    } else {
        say(
            &format!("{year} 年公报（未完），{day} 生成"),
            &format!("The bulletin of {year}, which is not over, made on {day}"),
        )
    };
    page::of_report(&Report {
        language: if language == Language::Chinese { "zh" } else { "en" },
        title: say(&format!("{year} 年供需公报"), &format!("Supply and demand of {year}")),
        origin,
        legend: vec![say(
            "— 表示涉及单位少于三家，结果不公开。一条信息涉及多个专业大类时在各类中分别计数。",
            "A dash: fewer than three owners stand behind it, and what came of it is not told. One posting of several fields of majors counts in each.",
        )],
        notes_title: String::new(),
        tables: (1_usize..).zip(Dimension::ALL).map(table).collect(),
        drawings: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies(owners: &[(&str, &[&str])]) -> BTreeMap<String, Tally> {
        owners
            .iter()
            .map(|(key, owners)| {
                let owners = owners.iter().map(|owner| (*owner).to_owned()).collect();
                ((*key).to_owned(), Tally { owners, ..Tally::default() })
            })
            .collect()
    }

    #[test]
    fn what_is_hidden_is_never_one_line_alone_nor_too_few_owners() {
        let hides = |owners: &[(&str, &[&str])]| hidden(&tallies(owners)).into_iter().collect::<Vec<_>>();
        assert_eq!(hides(&[("a", &["1", "2", "3"]), ("b", &["1", "2", "4"])]), Vec::<String>::new());
        // One alone could be had by taking the others from the total.
        assert_eq!(hides(&[("a", &["1"]), ("b", &["1", "2", "4"]), ("c", &["1", "2", "4", "5"])]), ["a", "b"]);
        // Two lines of one and the same owner are still one owner.
        assert_eq!(hides(&[("a", &["1"]), ("b", &["1"]), ("c", &["1", "2", "4"])]), ["a", "b", "c"]);
        assert_eq!(hides(&[("", &["1"])]), [""]);
    }
}

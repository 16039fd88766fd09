//! Compliance: who meets the standards (合格指标), by how much, and how many schools meet all of them.
//!
//! Standards, schools and figures are those of a release. Groups are asked of the aggregates, so that a protected
//! standard passes the same gate: whoever is not an official of the schools is told the group's own statistic and
//! its distance from the standard, and neither how many schools meet it nor which.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use entity::words::{Better, Disclosure};
use rust_decimal::Decimal;

use super::{
    aggregates::{self, MAX_INDICATORS, Told},
    cube::{Dimension, Figures, Filter, GroupKey, Grouping},
    periods::Period,
    releases,
};
use crate::{
    authz::Role,
    ctx::{Ctx, trail::EVERY_SCHOOL},
    error::{Error, Result},
    formats::{decimal, document::Status},
    memory::{
        ReleaseHead,
        columns::Column,
        frame::{Frame, FrameIndicator},
    },
};

/// A question about compliance.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// In which period.
    pub period: String,
    /// Of which schools.
    pub filter: Filter,
    /// A version or range; nothing for the newest release.
    pub release: Option<String>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Compliance {
    /// The version it was answered from.
    pub release: String,
    /// The period.
    pub period: String,
    /// The standards that hold in it, by code.
    pub standards: Vec<Standard>,
    /// All schools together.
    pub province: Group,
    /// City by city.
    pub cities: Vec<Group>,
    /// School by school, in the order of their codes.
    pub schools: Vec<School>,
    /// All schools together in each period of the release, oldest first.
    pub trend: Vec<Trend>,
}

/// All schools together in one period.
#[derive(Clone, Debug)]
pub struct Trend {
    /// The period.
    pub period: String,
    /// The standards that hold in it.
    pub standards: Vec<Standard>,
    /// The province.
    pub province: Group,
}

/// A standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standard {
    /// The indicator that has it.
    pub indicator: String,
    /// The standard itself.
    pub threshold: Decimal,
    /// Which side of it is the good one.
    pub better: Better,
}

impl Standard {
    fn of(code: &str, line: &FrameIndicator) -> Option<Self> {
        let threshold = decimal::exact(i128::from(line.threshold?), line.decimals);
        Some(Self { indicator: code.to_owned(), threshold, better: line.better()? })
    }

    /// How far a value is on the good side, in the unit of the indicator; negative where it misses.
    fn gap(&self, value: Decimal) -> Decimal {
        match self.better {
            Better::Higher => (value - self.threshold).normalize(),
            Better::Lower => (self.threshold - value).normalize(),
        }
    }
}

/// A figure held against a standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The figure, where there is one and it is the caller's to see.
    pub value: Option<Decimal>,
    /// How far it is on the good side of the standard, in the unit; negative where it misses.
    pub gap: Option<Decimal>,
    /// What the figure says.
    pub status: Status,
}

impl Judged {
    fn of(standard: &Standard, value: Option<Decimal>, status: Status) -> Self {
        Self { value, gap: value.map(|value| standard.gap(value)), status }
    }

    /// Whether it meets the standard; nothing without a value.
    pub fn meets(&self) -> Option<bool> {
        self.gap.map(|gap| gap >= Decimal::ZERO)
    }
}

/// How many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many meet it.
    pub meeting: usize,
    /// Of how many with a figure.
    pub of: usize,
}

impl Share {
    fn count(&mut self, meets: Option<bool>) {
        if let Some(meets) = meets {
            self.of += 1;
            self.meeting += usize::from(meets);
        }
    }

    /// In percent; nothing of nobody.
    pub fn percent(self) -> Option<Decimal> {
        let (meeting, of) = (i128::try_from(self.meeting).ok()?, i128::try_from(self.of).ok()?);
        decimal::quotient(meeting * 100, of)
    }
}

/// One standard in a group of schools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The group's own statistic against the standard.
    pub judged: Judged,
    /// How many schools contribute to it.
    pub schools: Option<usize>,
    /// How many schools meet it; nothing where that is not told.
    pub share: Option<Share>,
}

/// A group of schools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The city; nothing for the province.
    pub city: Option<String>,
    /// In the order of the standards.
    pub cells: Vec<Cell>,
    /// How many schools meet all standards, of those with a figure for each that applies to them; nothing where
    /// that is not told.
    pub all: Option<Share>,
}

/// A school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct School {
    /// Its code.
    pub code: String,
    /// Its city in the release.
    pub city: String,
    /// In the order of the standards.
    pub cells: Vec<Judged>,
}

impl School {
    /// Whether it meets all standards that apply to it; nothing where one of them has no figure, or not for the caller.
    pub fn meets_all(&self) -> Option<bool> {
        all(&self.cells)
    }
}

/// Whether all are met that apply; nothing where one is missing or hidden, or none applies.
fn all(cells: &[Judged]) -> Option<bool> {
    let mut applying = cells.iter().filter(|cell| cell.status != Status::NotApplicable).peekable();
    applying.peek()?;
    applying.try_fold(true, |all, cell| Some(all & cell.meets()?))
}

/// Answers a question about compliance.
///
/// # Errors
/// 422 for a period that is none, 404 where there is no such release, 403 where the filter would part the schools of
/// a protected standard in another way than they are told of.
pub async fn compliance(ctx: &Ctx, ask: &Ask) -> Result<Compliance> {
    Period::read(&ask.period, "/period")?;
    let release = releases::resolve(ctx, ask.release.as_deref()).await?;
    let frame = ctx.memory.frame_of(&release).await?;
    let sheet = Sheet::read(ctx, &release, &frame, &ask.period, &ask.filter).await?;

    let schools = sheet.schools(ctx);
    let cities = sheet.groups(ctx, &[Dimension::City]).await?;
    let province = sheet.groups(ctx, &[]).await?.into_iter().next().unwrap_or_default();
    let datasets: BTreeSet<&str> = sheet.lines.iter().map(|(_, line)| line.dataset.as_str()).collect();
    let periods: BTreeSet<&str> = release
        .tables
        .iter()
        .filter(|head| datasets.contains(head.dataset_code.as_str()))
        .map(|head| head.period_code.as_str())
        .collect();
    let mut trend = Vec::new();
    for period in periods {
        let sheet = Sheet::read(ctx, &release, &frame, period, &ask.filter).await?;
        let province = sheet.groups(ctx, &[]).await?.into_iter().next().unwrap_or_default();
        trend.push(Trend { period: period.to_owned(), standards: sheet.standards, province });
    }
    if matches!(ctx.actor.role, Role::Province | Role::City | Role::School) {
        let own = schools.iter().filter(|school| ctx.actor.covers(&school.code, &school.city));
        let school = match ctx.actor.role {
            Role::School => own.map(|school| school.code.as_str()).next(),
            _ => own.map(|_| EVERY_SCHOOL).next(),
        };
        for (_, line) in sheet.lines.iter().filter(|(_, line)| line.disclosure() != Disclosure::Public) {
            if let Some(school) = school {
                ctx.saw(school, &line.dataset, &ask.period)?;
            }
        }
    }
    let standards = sheet.standards.clone();
    Ok(Compliance {
        release: release.row.version.0.clone(),
        period: ask.period.clone(),
        standards,
        province,
        cities,
        schools,
        trend,
    })
}

/// The standards of one period of a release, and the figures of all schools.
struct Sheet<'a> {
    release: &'a ReleaseHead,
    frame: &'a Arc<Frame>,
    period: &'a str,
    filter: &'a Filter,
    standards: Vec<Standard>,
    lines: Vec<(&'a str, &'a FrameIndicator)>,
    columns: Vec<Option<Arc<Column>>>,
}

impl<'a> Sheet<'a> {
    async fn read(
        ctx: &Ctx,
        release: &'a ReleaseHead,
        frame: &'a Arc<Frame>,
        period: &'a str,
        filter: &'a Filter,
    ) -> Result<Self> {
        let (mut standards, mut lines, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for code in frame.indicators.keys() {
            let Some(line) = frame.line(code, period) else { continue };
            let Some(standard) = Standard::of(code, line) else { continue };
            if line.disclosure() == Disclosure::Internal && !matches!(ctx.actor.role, Role::Province | Role::City) {
                continue;
            }
            let column = match release.table(&line.dataset, period) {
                Some(head) => Some(ctx.memory.table(head, frame).await?.column(code)?),
                None => None,
            };
            standards.push(standard);
            lines.push((code.as_str(), line));
            columns.push(column);
        }
        Ok(Self { release, frame, period, filter, standards, lines, columns })
    }

    /// What one school has for each standard, whoever asks.
    fn judged(&self, at: usize) -> Vec<Judged> {
        let lines = self.standards.iter().zip(&self.lines).zip(&self.columns);
        lines
            .map(|((standard, (_, line)), column)| {
                match column.as_ref().and_then(|column| column.cells.get(at).copied().flatten()) {
                    Some((value, status)) if status.has_value() => {
                        Judged::of(standard, Some(decimal::exact(i128::from(value), line.decimals)), status)
                    }
                    Some((_, status)) => Judged::of(standard, None, status),
                    None => Judged::of(standard, None, Status::Missing),
                }
            })
            .collect()
    }

    /// Every school of the question as far as the caller may see it.
    fn schools(&self, ctx: &Ctx) -> Vec<School> {
        let grouping = Grouping::new(self.frame, &[], self.filter, |_| true);
        let kept = grouping.members.first().map(Vec::as_slice).unwrap_or_default();
        let schools = kept.iter().filter_map(|at| {
            let school = self.frame.schools.get(*at)?;
            let is_own = ctx.actor.covers(&school.code, &school.city);
            let told = |(judged, (_, line)): (Judged, &(&str, &FrameIndicator))| match line.disclosure() {
                Disclosure::Public => judged,
                Disclosure::Aggregate | Disclosure::Internal if is_own => judged,
                _ => Judged { value: None, gap: None, status: Status::Suppressed },
            };
            let cells = self.judged(*at).into_iter().zip(&self.lines).map(told).collect();
            Some(School { code: school.code.clone(), city: school.city.clone(), cells })
        });
        schools.collect()
    }

    /// The groups of the question, by the same gate as any aggregate.
    async fn groups(&self, ctx: &Ctx, by: &[Dimension]) -> Result<Vec<Group>> {
        let mut cells: BTreeMap<usize, Vec<Figures>> = BTreeMap::new();
        let mut keys: Vec<GroupKey> = Vec::new();
        for chunk in self.lines.chunks(MAX_INDICATORS) {
            let ask = aggregates::Ask {
                indicators: chunk.iter().map(|(code, _)| (*code).to_owned()).collect(),
                period: self.period.to_owned(),
                group_by: by.to_vec(),
                filter: self.filter.clone(),
                release: Some(self.release.row.version.0.clone()),
            };
            let (names, told) = aggregates::each(ctx, &ask).await?;
            keys = names;
            for told in told {
                let figures = match told {
                    Told::Figures(figures) => figures,
                    // A city by city answer is only for those lines that are parted by city.
                    Told::Refused(_) if self.filter.is_empty() => Arc::new(vec![Figures::SUPPRESSED; keys.len()]),
                    Told::Refused(why) => return Err(Error::Forbidden(why)),
                    Told::Unknown => Arc::default(),
                };
                for (at, figures) in figures.iter().enumerate() {
                    cells.entry(at).or_default().push(figures.clone());
                }
            }
        }
        let grouping = Grouping::new(self.frame, by, self.filter, |_| true);
        let groups = keys.into_iter().enumerate().map(|(at, key)| {
            let members = grouping.members.get(at).map(Vec::as_slice).unwrap_or_default();
            let figures = cells.remove(&at).unwrap_or_default();
            self.group(ctx, key.city, members, &figures)
        });
        Ok(groups.collect())
    }

    fn group(&self, ctx: &Ctx, city: Option<String>, members: &[usize], figures: &[Figures]) -> Group {
        let is_own = !members.is_empty()
            && members.iter().all(|at| {
                let school = self.frame.schools.get(*at);
                school.is_some_and(|school| ctx.actor.covers(&school.code, &school.city))
            });
        // How many schools meet a protected standard is no statistic of its own: it is for officials.
        let is_open = |line: &FrameIndicator| is_own || line.disclosure() == Disclosure::Public;
        let mut shares = vec![Share::default(); self.lines.len()];
        let mut together = Share::default();
        for at in members {
            let judged = self.judged(*at);
            shares.iter_mut().zip(&judged).for_each(|(share, cell)| share.count(cell.meets()));
            together.count(all(&judged));
        }
        let cells = self.standards.iter().zip(&self.lines).zip(shares).zip(figures);
        let cells = cells.map(|(((standard, (_, line)), share), figures)| Cell {
            judged: Judged::of(standard, figures.value, figures.status),
            schools: figures.schools,
            share: is_open(line).then_some(share),
        });
        let is_all_open = self.lines.iter().all(|(_, line)| is_open(line));
        Group { city, cells: cells.collect(), all: is_all_open.then_some(together) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(better: Better, value: Option<i64>, status: Status) -> Judged {
        let standard = Standard { indicator: "a.b".to_owned(), threshold: Decimal::from(16), better };
        Judged::of(&standard, value.map(Decimal::from), status)
    }

    #[test]
    fn a_gap_is_negative_on_the_wrong_side() {
        for (better, value, gap, meets) in [
            (Better::Higher, 15, -1, false),
            (Better::Higher, 16, 0, true),
            (Better::Lower, 15, 1, true),
            (Better::Lower, 17, -1, false),
        ] {
            let judged = judged(better, Some(value), Status::Reported);
            assert_eq!((judged.gap, judged.meets()), (Some(Decimal::from(gap)), Some(meets)), "{better:?} {value}");
        }
    }

    #[test]
    fn what_does_not_apply_is_not_missed_and_what_is_missing_is_not_judged() {
        let good = judged(Better::Higher, Some(20), Status::Reported);
        let bad = judged(Better::Higher, Some(2), Status::Reported);
        let none = judged(Better::Higher, None, Status::NotApplicable);
        let missing = judged(Better::Higher, None, Status::Missing);
        assert_eq!(all(&[good.clone(), none.clone()]), Some(true));
        assert_eq!(all(&[good.clone(), bad]), Some(false));
        assert_eq!(all(&[good, missing]), None);
        assert_eq!(all(&[none]), None);
        assert_eq!(
            Share { meeting: 2, of: 3 }.percent().map(|share| share.to_string()),
            Some("66.666666666667".to_owned())
        );
    }
}

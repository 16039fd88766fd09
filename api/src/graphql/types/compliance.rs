//! Compliance: who meets the standards.

use async_graphql::{Context, Object};

use super::{
    city::City,
    indicator::Indicator,
    period::Period,
    promised,
    school::School,
    words::{Better, ObservationStatus},
};
use crate::{
    domain::compliance::{self, Compliance, Judged, Share, Standard},
    graphql::{
        self,
        error::GqlResult,
        limits::{self, SOME},
        paging::{self, Paging, Placed, connection},
        scalars::Decimal,
    },
    page,
};

/// Who meets the standards (合格指标) in a period, and by how much.
#[derive(Debug)]
pub struct ComplianceResult(pub Compliance);

fn count(schools: Option<usize>) -> Option<i32> {
    schools.map(|schools| i32::try_from(schools).unwrap_or(i32::MAX))
}

/// Who meets the standards (合格指标) in a period, and by how much. Of protected standards whoever is not an official
/// of the schools is told the groups' own statistic and its gap.
#[Object]
impl ComplianceResult {
    /// The version it was answered from.
    async fn release(&self) -> &str {
        &self.0.release
    }

    /// The period.
    async fn period(&self) -> GqlResult<Period> {
        promised(Period::of(&self.0.period))
    }

    /// The standards that hold in it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn standards(&self) -> Vec<ComplianceStandard<'_>> {
        self.0.standards.iter().map(ComplianceStandard).collect()
    }

    /// All schools together.
    async fn province(&self) -> ComplianceGroup<'_> {
        ComplianceGroup { standards: &self.0.standards, group: &self.0.province }
    }

    /// City by city.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn cities(&self) -> Vec<ComplianceGroup<'_>> {
        self.0.cities.iter().map(|group| ComplianceGroup { standards: &self.0.standards, group }).collect()
    }

    /// School by school, in the order of their codes; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn schools(&self, first: Option<i32>, after: Option<String>) -> GqlResult<SchoolComplianceConnection<'_>> {
        let read = |cursor: &str, pointer: &str| page::read_cursor::<1>(cursor, pointer).map(|[code]| code);
        let ask = Paging { first, after, ..Paging::default() }.ask(read)?;
        let page = page::cut(self.0.schools.iter().collect(), &ask, |school| school.code.clone());
        Ok(page.map(|school| SchoolCompliance { standards: &self.0.standards, school }).into())
    }

    /// All schools together in each period of the release, oldest first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn trend(&self) -> Vec<ComplianceTrend<'_>> {
        self.0.trend.iter().map(ComplianceTrend).collect()
    }
}

/// A standard.
#[derive(Debug)]
pub struct ComplianceStandard<'a>(pub(super) &'a Standard);

/// A standard.
#[Object]
impl<'r> ComplianceStandard<'r> {
    /// The indicator that has it.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> GqlResult<Indicator<'a>> {
        promised(Indicator::of(graphql::registry(cx), &self.0.indicator))
    }

    /// The standard itself, in the unit of the indicator.
    async fn threshold(&self) -> Decimal {
        Decimal::Exact(self.0.threshold)
    }

    /// Which side of it is the good one.
    async fn better(&self) -> Better {
        self.0.better.into()
    }
}

/// A group of schools against the standards.
#[derive(Debug)]
pub struct ComplianceGroup<'a> {
    pub(super) standards: &'a [Standard],
    pub(super) group: &'a compliance::Group,
}

/// A group of schools against the standards.
#[Object]
impl<'r> ComplianceGroup<'r> {
    /// The city; `null` for the province.
    async fn city<'a>(&self, cx: &Context<'a>) -> Option<City<'a>> {
        City::of(graphql::registry(cx), self.group.city.as_deref()?)
    }

    /// In the order of the standards.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn cells(&self) -> Vec<ComplianceCell<'r>> {
        let cells = self.standards.iter().zip(&self.group.cells);
        cells.map(|(standard, cell)| ComplianceCell { standard, judged: &cell.judged, cell: Some(cell) }).collect()
    }

    /// How many schools have a figure for every standard that applies to them; `null` where that is not told.
    async fn schools(&self) -> Option<i32> {
        count(self.group.all.map(|share| share.of))
    }

    /// How many of them meet all standards.
    async fn meeting_all(&self) -> Option<i32> {
        count(self.group.all.map(|share| share.meeting))
    }

    /// The same in percent; the target is 70.
    async fn share_meeting_all(&self) -> Option<Decimal> {
        self.group.all.and_then(Share::percent).map(Decimal::Exact)
    }
}

/// A figure against a standard.
#[derive(Debug)]
pub struct ComplianceCell<'a> {
    standard: &'a Standard,
    judged: &'a Judged,
    cell: Option<&'a compliance::Cell>,
}

impl ComplianceCell<'_> {
    fn share(&self) -> Option<Share> {
        self.cell?.share
    }
}

/// A figure against a standard: of a school, or a group's own statistic.
#[Object]
impl<'r> ComplianceCell<'r> {
    /// Which figure.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> GqlResult<Indicator<'a>> {
        promised(Indicator::of(graphql::registry(cx), &self.standard.indicator))
    }

    /// The figure; `null` where there is none, or it is not the caller's to see.
    async fn value(&self) -> Option<Decimal> {
        self.judged.value.map(Decimal::Exact)
    }

    /// How far it is on the good side of the standard, in the unit; negative where it misses.
    async fn gap(&self) -> Option<Decimal> {
        self.judged.gap.map(Decimal::Exact)
    }

    /// Whether it meets the standard.
    async fn meets(&self) -> Option<bool> {
        self.judged.meets()
    }

    /// What the figure says; `SUPPRESSED` where it is not told.
    async fn status(&self) -> ObservationStatus {
        self.judged.status.into()
    }

    /// How many schools contribute to a group's figure.
    async fn schools(&self) -> Option<i32> {
        count(self.cell.and_then(|cell| cell.schools))
    }

    /// How many schools of a group meet the standard; `null` where that is not told.
    async fn meeting(&self) -> Option<i32> {
        count(self.share().map(|share| share.meeting))
    }

    /// The same in percent of those with a figure.
    async fn share_meeting(&self) -> Option<Decimal> {
        self.share().and_then(Share::percent).map(Decimal::Exact)
    }
}

/// A school against the standards.
#[derive(Debug)]
pub struct SchoolCompliance<'a> {
    pub(super) standards: &'a [Standard],
    pub(super) school: &'a compliance::School,
}

/// A school against the standards.
#[Object]
impl<'r> SchoolCompliance<'r> {
    /// The school, as the registry now has it; `null` where it is not in it any more.
    async fn school<'a>(&self, cx: &Context<'a>) -> Option<School<'a>> {
        School::of(graphql::registry(cx), &self.school.code)
    }

    /// In the order of the standards.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn cells(&self) -> Vec<ComplianceCell<'r>> {
        let cells = self.standards.iter().zip(&self.school.cells);
        cells.map(|(standard, judged)| ComplianceCell { standard, judged, cell: None }).collect()
    }

    /// Whether it meets all standards that apply to it; `null` where that cannot be said, or is not told.
    async fn meets_all(&self) -> Option<bool> {
        self.school.meets_all()
    }
}

impl Placed for SchoolCompliance<'_> {
    fn cursor(&self) -> String {
        page::cursor(&[&self.school.code])
    }
}

connection!(
    /// A page of schools against the standards.
    SchoolComplianceConnection,
    /// A school against the standards, and where it stands in the list.
    SchoolComplianceEdge,
    SchoolCompliance<'a>
);

/// All schools together in one period.
#[derive(Debug)]
pub struct ComplianceTrend<'a>(&'a compliance::Trend);

/// All schools together in one period.
#[Object]
impl<'r> ComplianceTrend<'r> {
    /// The period.
    async fn period(&self) -> GqlResult<Period> {
        promised(Period::of(&self.0.period))
    }

    /// The province.
    async fn province(&self) -> ComplianceGroup<'r> {
        ComplianceGroup { standards: &self.0.standards, group: &self.0.province }
    }
}

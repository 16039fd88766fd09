//! What a city's bureau asks for at once: how far its schools' tables are, and who meets the standards.

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::{
    compliance::{ComplianceGroup, ComplianceStandard, SchoolCompliance, SchoolComplianceConnection},
    dataset::Dataset,
    period::Period,
    promised,
};
use crate::{
    domain::{
        cities,
        compliance::{Compliance, Group},
    },
    graphql::{
        self,
        error::GqlResult,
        limits::{self, SOME},
        paging::{self, Paging},
        scalars::Day,
    },
    page,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct TableProgress(pub cities::TableProgress);

/// How far a table of a period is in a city; the counts are those of `CollectionProgress`.
#[Object]
impl TableProgress {
    /// The table; `null` where the catalogue has it no more.
    async fn dataset<'a>(&self, cx: &Context<'a>) -> Option<Dataset<'a>> {
        Dataset::of(graphql::registry(cx), &self.0.dataset)
    }

    /// The period.
    async fn period(&self) -> GqlResult<Period> {
        promised(Period::of(&self.0.period))
    }

    /// The last day (Asia/Shanghai) in time, where a collection says one.
    async fn due_on(&self) -> Option<Day> {
        self.0.due_on.map(Day)
    }

    /// Schools that are to report.
    async fn expected(&self) -> usize {
        self.0.counts.expected
    }

    /// Schools that have such a table at all, if only a draft.
    async fn received(&self) -> usize {
        self.0.counts.received
    }

    /// Schools whose table is submitted, approved or accepted.
    async fn submitted(&self) -> usize {
        self.0.counts.submitted
    }

    /// Schools whose table is approved or accepted.
    async fn approved(&self) -> usize {
        self.0.counts.approved
    }

    /// Schools whose table is accepted.
    async fn accepted(&self) -> usize {
        self.0.counts.accepted
    }

    /// Schools that are late; without a collection nobody is.
    async fn overdue(&self) -> usize {
        self.0.counts.overdue
    }
}

/// Who of a city's schools meets the standards.
#[derive(Debug)]
pub struct CityCompliance {
    compliance: Arc<Compliance>,
    group: Group,
    city: String,
}

impl CityCompliance {
    /// The part of an answer that is about a city.
    pub fn new(compliance: Arc<Compliance>, city: &str) -> Self {
        let of_city = compliance.cities.iter().find(|group| group.city.as_deref() == Some(city)).cloned();
        // A city without a school has no group; it is not the province's.
        let group = of_city.unwrap_or_else(|| Group { city: Some(city.to_owned()), ..Group::default() });
        Self { compliance, group, city: city.to_owned() }
    }
}

/// Who of a city's schools meets the standards (合格指标) in a period, as `compliance` says it.
#[Object]
impl CityCompliance {
    /// The version it was answered from.
    async fn release(&self) -> &str {
        &self.compliance.release
    }

    /// The period.
    async fn period(&self) -> GqlResult<Period> {
        promised(Period::of(&self.compliance.period))
    }

    /// The standards that hold in it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn standards(&self) -> Vec<ComplianceStandard<'_>> {
        self.compliance.standards.iter().map(ComplianceStandard).collect()
    }

    /// Its schools together.
    async fn group(&self) -> ComplianceGroup<'_> {
        ComplianceGroup { standards: &self.compliance.standards, group: &self.group }
    }

    /// School by school, in the order of their codes; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn schools(&self, first: Option<i32>, after: Option<String>) -> GqlResult<SchoolComplianceConnection<'_>> {
        let read = |cursor: &str, pointer: &str| page::read_cursor::<1>(cursor, pointer).map(|[code]| code);
        let ask = Paging { first, after, ..Paging::default() }.ask(read)?;
        let own = self.compliance.schools.iter().filter(|school| school.city == self.city).collect();
        let page = page::cut(own, &ask, |school: &&crate::domain::compliance::School| school.code.clone());
        let standards = &self.compliance.standards;
        Ok(page.map(|school| SchoolCompliance { standards, school }).into())
    }
}

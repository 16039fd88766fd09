//! A school.

use async_graphql::{Context, ID, Object};
use chrono::NaiveDate;
use entity::{school, school_succession};

use super::{
    city::City,
    major::{Programme, etag, term},
    membership::{ConsortiumMembership, Designation},
    observation::Observation,
    opportunity::Opportunity,
    partnership::Partnership,
    promised,
    submission::Submission,
    words::{Affiliation, Ownership, SchoolCategory, SchoolTier, SuccessionKind},
};
use crate::{
    domain::{
        observations,
        opportunities::{Of, Party},
    },
    graphql::{
        error::GqlResult,
        ids,
        lean::{Lean, LeanList, object, or_null, plain, word},
        limits::{self, CELLS, SOME},
        loaders,
        paging::{self, Placed, connection},
        scalars::Day,
        written::text,
    },
    memory::registry::Registry,
    page,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct School<'a>(pub &'a Registry, pub &'a school::Model);

impl<'a> School<'a> {
    /// The school with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.schools.get(code).map(|row| Self(registry, row))
    }
}

impl Placed for School<'_> {
    fn cursor(&self) -> String {
        page::cursor(&[self.1.code.as_str()])
    }
}

connection!(
    /// A page of schools.
    SchoolConnection,
    /// A school and where it stands in the list.
    SchoolEdge,
    School<'a>
);

plain!(School<'_>, |it, registry, set, out| {
    "id" => text(&ids::id("School", it.1.code.as_str()), out),
    "code" => text(it.1.code.as_str(), out),
    "name" => text(&it.1.name, out),
    "nameEn" => or_null(it.1.name_en.as_deref(), text, out),
    "tier" => word(SchoolTier::from(it.1.tier), out),
    "ownership" => word(Ownership::from(it.1.ownership), out),
    "category" => word(SchoolCategory::from(it.1.category), out),
    "city" => object(&City::of(it.0, it.1.city_code.as_str())?, registry, set, out)?,
});

/// A vocational institution (学校). Its code is the exchange's own, stable and never reused.
#[Object]
impl<'a> School<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("School", self.1.code.as_str())
    }

    /// The exchange's own code, as in `62001`.
    async fn code(&self) -> &str {
        self.1.code.as_str()
    }

    /// The official Chinese name.
    async fn name(&self) -> &str {
        &self.1.name
    }

    /// The English name.
    async fn name_en(&self) -> Option<&str> {
        self.1.name_en.as_deref()
    }

    /// Its level.
    async fn tier(&self) -> SchoolTier {
        self.1.tier.into()
    }

    /// Who runs it.
    async fn ownership(&self) -> Ownership {
        self.1.ownership.into()
    }

    /// Its field.
    async fn category(&self) -> SchoolCategory {
        self.1.category.into()
    }

    /// Who reviews it.
    async fn affiliation(&self) -> Affiliation {
        self.1.affiliation.into()
    }

    /// Where it is.
    async fn city(&self) -> GqlResult<Lean<City<'a>>> {
        promised(City::of(self.0, self.1.city_code.as_str())).map(Lean)
    }

    /// The ministry's ten-digit school code, where known.
    async fn national_code(&self) -> Option<&str> {
        self.1.national_code.as_deref()
    }

    /// Other names it is printed under.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn aliases(&self) -> Vec<&'a str> {
        self.0.aliases.of(self.1.code.as_str()).map(|alias| alias.alias.as_str()).collect()
    }

    /// The institutions that went before it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn predecessors(&self) -> Vec<Predecessor<'a>> {
        self.0.successions.of(self.1.code.as_str()).map(|row| Predecessor(self.0, row)).collect()
    }

    /// Titles that it holds.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn designations(&self) -> Vec<Designation<'a>> {
        self.0.designations.of(self.1.code.as_str()).map(|row| Designation(self.0, row)).collect()
    }

    /// Its published figures in the newest release: the indicators that are asked for, or all of the period.
    /// What the release does not have is `MISSING`; what is not this caller's to see is `SUPPRESSED`.
    #[graphql(complexity = "limits::times(indicators.as_ref().map_or(CELLS, Vec::len), child_complexity)")]
    async fn observations(
        &self,
        cx: &Context<'_>,
        period: String,
        indicators: Option<Vec<String>>,
        #[graphql(
            default,
            desc = "Follow what became of schools: in a period before it was renamed, upgraded or merged, the figures of who then stood there."
        )]
        comparable: bool,
    ) -> GqlResult<LeanList<Observation>> {
        let ctx = crate::graphql::ctx(cx);
        let code = self.1.code.as_str();
        let found = observations::of_school(ctx, code, &period, indicators.as_deref(), comparable).await?;
        Ok(found.into_iter().map(Observation::from).collect())
    }

    /// Its tables, as far as they are there for this caller.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn submissions(&self, cx: &Context<'_>, period: Option<String>) -> GqlResult<Vec<Submission>> {
        let rows = cx.data_unchecked::<loaders::Loaders>().tables(&self.1.code).await?;
        let is_asked = |row: &&std::sync::Arc<entity::submission::Model>| {
            period.as_ref().is_none_or(|period| row.period_code == period.as_str())
        };
        Ok(rows.iter().filter(is_asked).cloned().map(Submission::listed).collect())
    }

    /// The consortia it is a member of.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn consortia(&self) -> LeanList<ConsortiumMembership<'a>> {
        self.0.members.of(self.1.code.as_str()).map(|row| ConsortiumMembership(self.0, row)).collect()
    }

    /// What exists between it and enterprises, as far as everybody sees it; what is proposed is listed by
    /// `partnerships`.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn partnerships(&self) -> Vec<Partnership<'a>> {
        self.0.partnerships.of(self.1.code.as_str()).map(|row| Partnership::held(self.0, row)).collect()
    }

    /// What it seeks and offers, as far as it is there for the caller: the newest, at most 200.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn opportunities(&self, cx: &Context<'_>, first: Option<i32>) -> GqlResult<Vec<Opportunity>> {
        let of = Of::Party(Party::School(self.1.code.clone()));
        Opportunity::some(cx, of, first).await
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Its first day, where that is known.
    async fn since(&self) -> Option<Day> {
        term::<school::Entity>(self.0, self.1).since.map(Day)
    }

    /// Its last day, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<school::Entity>(self.0, self.1).until.map(Day)
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<school::Entity>(self.0, self.1)
    }

    /// What it teaches, or has taught.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn programmes(&self) -> Vec<Programme<'a>> {
        self.0.programmes.of(self.1.code.as_str()).map(|row| Programme(self.0, row)).collect()
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Predecessor<'a>(pub &'a Registry, pub &'a school_succession::Model);

/// An institution that went before a school.
#[Object]
impl<'a> Predecessor<'a> {
    /// Opaque, for `node(id)`; the id of the succession.
    pub(super) async fn id(&self) -> ID {
        ids::id("Predecessor", &self.1.id.to_string())
    }

    /// Its code, which may be one that is no longer in use.
    async fn code(&self) -> &str {
        self.1.predecessor_code.as_str()
    }

    /// Its last name.
    async fn name(&self) -> &str {
        &self.1.predecessor_name
    }

    /// What became of it.
    async fn kind(&self) -> SuccessionKind {
        self.1.kind.into()
    }

    /// Since when.
    async fn effective_on(&self) -> Option<Day> {
        self.1.effective_on.map(|day: NaiveDate| Day(day))
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<school_succession::Entity>(self.0, self.1)
    }
}

//! An enterprise.

use async_graphql::{Context, ID, Object};
use entity::enterprise;

use super::{
    certification::{EnterpriseCertification, Incentive, InternshipDuty},
    city::City,
    major::{etag, term},
    membership::ConsortiumMembership,
    opportunity::Opportunity,
    partnership::Partnership,
};
use crate::{
    domain::{
        certifications::duty::Duty,
        opportunities::{Of, Party},
    },
    graphql::{
        self,
        error::GqlResult,
        ids,
        lean::LeanList,
        limits::{self, SOME},
        loaders::Loaders,
        paging::{self, Placed, connection},
        scalars::Day,
    },
    memory::registry::Registry,
    page,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Enterprise<'a>(pub &'a Registry, pub &'a enterprise::Model);

impl<'a> Enterprise<'a> {
    /// The enterprise with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.enterprises.get(code).map(|row| Self(registry, row))
    }
}

impl Placed for Enterprise<'_> {
    fn cursor(&self) -> String {
        page::cursor(&[self.1.code.as_str()])
    }
}

connection!(
    /// A page of enterprises.
    EnterpriseConnection,
    /// An enterprise and where it stands in the list.
    EnterpriseEdge,
    Enterprise<'a>
);

/// An enterprise (企业), certified or only named.
#[Object]
impl<'a> Enterprise<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Enterprise", self.1.code.as_str())
    }

    /// The exchange's own code.
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

    /// Its industry, in the words of the list.
    async fn industry(&self) -> Option<&str> {
        self.1.industry.as_deref()
    }

    /// Its certification (产教融合型企业), in the words of the list.
    async fn certification(&self) -> Option<&str> {
        self.1.certification.as_deref()
    }

    /// Its city, where known.
    async fn city(&self) -> Option<City<'a>> {
        City::of(self.0, self.1.city_code.as_ref()?.as_str())
    }

    /// How the city is known: from the `name`, which is not a seat, or from the `text`.
    async fn city_basis(&self) -> Option<&str> {
        self.1.city_basis.as_deref()
    }

    /// Unified social credit code (GB 32100), where known.
    async fn uscc(&self) -> Option<&str> {
        self.1.uscc.as_deref()
    }

    /// The consortia it is a member of.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn consortia(&self) -> LeanList<ConsortiumMembership<'a>> {
        self.0.members.of(self.1.code.as_str()).map(|row| ConsortiumMembership(self.0, row)).collect()
    }

    /// What exists between it and schools, as far as everybody sees it; what is proposed is listed by
    /// `partnerships`.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn partnerships(&self) -> Vec<Partnership<'a>> {
        self.0.partnerships.of(self.1.code.as_str()).map(|row| Partnership::held(self.0, row)).collect()
    }

    /// Its certifications (产教融合型企业) that are there for the caller, oldest first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn certifications(&self, cx: &Context<'_>) -> GqlResult<Vec<EnterpriseCertification>> {
        let rows = cx.data_unchecked::<Loaders>().certifications(&self.1.code).await?;
        Ok(rows.iter().cloned().map(EnterpriseCertification::from).collect())
    }

    /// What it was given for it, oldest first; for itself, its city and the province.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn incentives(&self, cx: &Context<'_>) -> GqlResult<Vec<Incentive>> {
        let rows = cx.data_unchecked::<Loaders>().incentives(&self.1.code).await?;
        Ok(rows.iter().cloned().map(Incentive).collect())
    }

    /// The places for interns that it owes and offers; nothing while it is not certified.
    async fn internship_duty(&self, cx: &Context<'a>) -> GqlResult<Option<InternshipDuty<'a>>> {
        let rows = cx.data_unchecked::<Loaders>().certifications(&self.1.code).await?;
        Duty::newest(graphql::ctx(cx), rows.iter()).map(|duty| InternshipDuty::of(cx, duty)).transpose()
    }

    /// What it seeks and offers, as far as it is there for the caller: the newest, at most 200.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn opportunities(&self, cx: &Context<'_>, first: Option<i32>) -> GqlResult<Vec<Opportunity>> {
        let of = Of::Party(Party::Enterprise(self.1.code.clone()));
        Opportunity::some(cx, of, first).await
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Its first day, where that is known.
    async fn since(&self) -> Option<Day> {
        term::<enterprise::Entity>(self.0, self.1).since.map(Day)
    }

    /// Its last day, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<enterprise::Entity>(self.0, self.1).until.map(Day)
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<enterprise::Entity>(self.0, self.1)
    }

    /// Its address on the web.
    async fn website(&self) -> Option<&str> {
        self.1.website.as_deref()
    }

    /// What it says of itself.
    async fn profile(&self) -> Option<&str> {
        self.1.profile.as_deref()
    }

    /// Other names it is printed under.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn aliases(&self) -> Vec<&'a str> {
        self.0.aliases.of(self.1.code.as_str()).map(|alias| alias.alias.as_str()).collect()
    }

    /// The codes of what was merged into it; they lead to it.
    async fn merged_codes(&self) -> Vec<&'a str> {
        self.0.merged_into(entity::words::EntryKind::Enterprise, self.1.code.as_str())
    }
}

//! Certification of enterprises: batches, applications, incentives, and the duty to offer places for interns.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::{certification_batch, enterprise_certification as certification, incentive};

use super::{city::City, enterprise::Enterprise, promised};
use crate::{
    domain::certifications::{
        self, Taken, batches,
        duty::{self, Duty},
        enterprises, incentives,
    },
    graphql::{
        self,
        error::GqlResult,
        ids,
        limits::{self, SOME},
        loaders::Loaders,
        paging::{Placed, connection},
        scalars::{Day, Decimal, Instant},
        types::words::{EnterpriseCertificationState, IncentiveKind},
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct CertificationBatch(pub certification_batch::Model);

/// A batch of the certification of enterprises (产教融合型企业): from when to when they apply. Days are those of
/// Asia/Shanghai, each with all of its hours.
#[Object]
impl CertificationBatch {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("CertificationBatch", self.0.code.as_str())
    }

    /// Year and number; of one that is printed elsewhere a code of its own.
    async fn code(&self) -> &str {
        self.0.code.as_str()
    }

    /// The year; not known of every batch that is printed elsewhere.
    async fn year(&self) -> Option<i32> {
        self.0.year
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The first day on which applications are taken.
    async fn apply_from(&self) -> Option<Day> {
        self.0.apply_from.map(Day)
    }

    /// The last one.
    async fn apply_until(&self) -> Option<Day> {
        self.0.apply_until.map(Day)
    }

    /// Where it is printed, if it was decided elsewhere and takes no applications here.
    async fn source(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        batches::etag(&self.0)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct CertificationStep(pub Taken);

/// A step that an application has taken.
#[Object]
impl CertificationStep {
    /// Where it stood; nothing for the application itself.
    async fn from(&self) -> Option<&str> {
        self.0.from
    }

    /// Where it has stood since.
    async fn to(&self) -> &str {
        self.0.to
    }

    /// The role that took it.
    async fn role(&self) -> &str {
        &self.0.role
    }

    /// The organisation that took it, where the role has one.
    async fn org(&self) -> Option<&str> {
        self.0.org.as_deref()
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// When.
    async fn at(&self) -> Instant {
        Instant(self.0.at)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct EnterpriseCertification(pub Arc<certification::Model>);

impl From<certification::Model> for EnterpriseCertification {
    fn from(row: certification::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl EnterpriseCertification {
    fn sees(&self, cx: &Context<'_>) -> bool {
        enterprises::sees_papers(&graphql::ctx(cx).actor, &self.0)
    }
}

impl Placed for EnterpriseCertification {
    fn cursor(&self) -> String {
        certifications::cursor(self.0.id)
    }
}

connection!(
    /// A page of certifications of enterprises.
    EnterpriseCertificationConnection,
    /// A certification of an enterprise and where it stands in the list.
    EnterpriseCertificationEdge,
    EnterpriseCertification
);

/// An enterprise in a batch. Whoever is not the enterprise, its city or the province is told who is certified, from
/// when to when, with how many people and places for interns, and nothing else.
#[Object]
impl EnterpriseCertification {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("EnterpriseCertification", &self.0.id.to_string())
    }

    /// Its id by REST, and in events.
    async fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// The batch, by code.
    async fn batch(&self) -> &str {
        self.0.batch_code.as_str()
    }

    /// The enterprise.
    async fn enterprise<'a>(&self, cx: &Context<'a>) -> GqlResult<Enterprise<'a>> {
        promised(Enterprise::of(graphql::registry(cx), self.0.enterprise_code.as_str()))
    }

    /// The city that judges it; nothing where none is known.
    async fn city<'a>(&self, cx: &Context<'a>) -> Option<City<'a>> {
        City::of(graphql::registry(cx), self.0.city_code.as_ref()?.as_str())
    }

    /// Where it stands.
    async fn state(&self) -> EnterpriseCertificationState {
        self.0.state.into()
    }

    /// The first day of its validity; not known of every one that is printed elsewhere.
    async fn valid_from(&self) -> Option<Day> {
        self.0.valid_from.map(Day)
    }

    /// The last one.
    async fn valid_until(&self) -> Option<Day> {
        self.0.valid_until.map(Day)
    }

    /// People who work there.
    async fn staff(&self) -> Option<i32> {
        self.0.staff
    }

    /// Places for interns that it offers.
    async fn internship_places(&self) -> Option<i32> {
        self.0.internship_places
    }

    /// What it says for itself, for itself, its city and the province.
    async fn statement(&self, cx: &Context<'_>) -> Option<&str> {
        self.0.statement.as_deref().filter(|_| self.sees(cx))
    }

    /// Addresses of what proves it, for the enterprise, its city and the province.
    async fn evidence(&self, cx: &Context<'_>) -> Option<Vec<String>> {
        self.sees(cx).then(|| certifications::listed(&self.0.evidence))
    }

    /// Of the last verdict, for the enterprise, its city and the province.
    async fn reason(&self, cx: &Context<'_>) -> Option<&str> {
        self.0.reason.as_deref().filter(|_| self.sees(cx))
    }

    /// What it has gone through, oldest first, for the enterprise, its city and the province.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn steps(&self, cx: &Context<'_>) -> GqlResult<Vec<CertificationStep>> {
        let steps = cx.data_unchecked::<Loaders>().enterprise_steps(self.0.id).await?;
        Ok(steps.iter().cloned().map(CertificationStep).collect())
    }

    /// When it applied.
    async fn created_at(&self) -> Instant {
        Instant(self.0.created_at)
    }

    /// When anything was last done to it.
    async fn updated_at(&self) -> Instant {
        Instant(self.0.updated_at)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        enterprises::etag(&self.0)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Incentive(pub incentive::Model);

/// What a certified enterprise was given, for the enterprise, its city and the province.
#[Object]
impl Incentive {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Incentive", &self.0.id.to_string())
    }

    /// Its id by REST, and in events.
    async fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// The enterprise.
    async fn enterprise<'a>(&self, cx: &Context<'a>) -> GqlResult<Enterprise<'a>> {
        promised(Enterprise::of(graphql::registry(cx), self.0.enterprise_code.as_str()))
    }

    /// Of which kind.
    async fn kind(&self) -> IncentiveKind {
        self.0.kind.into()
    }

    /// Yuan.
    async fn amount(&self) -> Decimal {
        Decimal::fixed(self.0.amount_fen, 2)
    }

    /// The day on which it was given.
    async fn granted_on(&self) -> Day {
        Day(self.0.granted_on)
    }

    /// Where it is written.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// When it was taken back, if it was; then it counts no more.
    async fn cancelled_at(&self) -> Option<Instant> {
        self.0.cancelled_at.map(Instant)
    }

    /// Why.
    async fn cancelled_because(&self) -> Option<&str> {
        self.0.cancelled_because.as_deref()
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        incentives::etag(&self.0)
    }
}

/// Whether an enterprise offers the places for interns that it owes.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "duty::Standing")]
pub enum InternshipStanding {
    /// It offers as many as it owes, or more.
    Meets,
    /// It offers fewer.
    Misses,
    /// Staff or places are not known.
    NoData,
}

/// What a certified enterprise owes in places for interns, and what it offers.
#[derive(SimpleObject)]
pub struct InternshipDuty<'a> {
    /// The enterprise.
    enterprise: Enterprise<'a>,
    /// What follows.
    standing: InternshipStanding,
    /// People who work there.
    staff: Option<u64>,
    /// Places that it owes: 2 % of the staff, rounded up.
    required: Option<u64>,
    /// Places that it offers.
    offered: Option<u64>,
    /// How many are missing; zero where it offers enough.
    missing: Option<u64>,
}

impl<'a> InternshipDuty<'a> {
    /// The same of the domain.
    pub fn of(cx: &Context<'a>, duty: Duty) -> GqlResult<Self> {
        let Duty { enterprise, staff, required, offered, missing, standing } = duty;
        let enterprise = promised(Enterprise::of(graphql::registry(cx), &enterprise))?;
        Ok(Self { enterprise, standing: standing.into(), staff, required, offered, missing })
    }
}

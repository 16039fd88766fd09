//! Certification of dual-qualified teachers: who evaluates whom, applications, certificates, counts.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::{teacher_certificate, teacher_certification as certification};

use super::{certification::CertificationStep, city::City, promised, school::School};
use crate::{
    domain::certifications::{
        self,
        agencies::Agency,
        certificates,
        statistics::{self, Group},
        teachers,
    },
    graphql::{
        self,
        error::GqlResult,
        ids,
        limits::{self, SOME},
        loaders::Loaders,
        paging::{Placed, connection},
        scalars::{Day, Instant},
        types::words::{
            SchoolTier, TeacherCategory, TeacherCertificationState, TeacherCertificationStep, TeacherLevel,
        },
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct CertificationAgency(pub Agency);

/// An agency that evaluates dual-qualified teachers.
#[Object]
impl CertificationAgency {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("CertificationAgency", self.0.row.code.as_str())
    }

    /// Its code: the organisation of its accounts.
    async fn code(&self) -> &str {
        self.0.row.code.as_str()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.row.name
    }

    /// The major categories (专业大类) whose teachers it evaluates.
    async fn major_categories(&self) -> &[String] {
        &self.0.major_categories
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        self.0.etag()
    }
}

/// Whether a certificate is good.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "certificates::Standing")]
pub enum CertificateState {
    /// It is.
    Valid,
    /// Its last day is over.
    Expired,
    /// It was taken away.
    Revoked,
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Certificate(pub teacher_certificate::Model);

/// A certificate of a dual-qualified teacher, as whoever has its code may see it: nothing of the person.
#[Object]
impl Certificate {
    /// What it is verified by.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Year, province and running number.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Whether it is good.
    async fn state(&self, cx: &Context<'_>) -> CertificateState {
        certificates::Standing::of(&self.0, graphql::ctx(cx).actor.today()).into()
    }

    /// The school.
    async fn school<'a>(&self, cx: &Context<'a>) -> GqlResult<School<'a>> {
        promised(School::of(graphql::registry(cx), self.0.school_code.as_str()))
    }

    /// The category of the school.
    async fn category(&self, cx: &Context<'_>) -> GqlResult<TeacherCategory> {
        let school = promised(graphql::registry(cx).schools.get(self.0.school_code.as_str()))?;
        Ok(statistics::category(school.tier).into())
    }

    /// The level.
    async fn level(&self) -> TeacherLevel {
        self.0.level.into()
    }

    /// 专业大类.
    async fn major_category(&self) -> &str {
        &self.0.major_category
    }

    /// The first day of its validity.
    async fn valid_from(&self) -> Day {
        Day(self.0.valid_from)
    }

    /// The last one.
    async fn valid_until(&self) -> Day {
        Day(self.0.valid_until)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct TeacherCertification(pub Arc<certification::Model>);

impl From<certification::Model> for TeacherCertification {
    fn from(row: certification::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl Placed for TeacherCertification {
    fn cursor(&self) -> String {
        certifications::cursor(self.0.id)
    }
}

connection!(
    /// A page of certifications of teachers.
    TeacherCertificationConnection,
    /// A certification of a teacher and where it stands in the list.
    TeacherCertificationEdge,
    TeacherCertification
);

/// An application for the certification of a dual-qualified teacher (双师型), under a number of the school's own.
#[Object]
impl TeacherCertification {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("TeacherCertification", &self.0.id.to_string())
    }

    /// Its id by REST, and in events.
    async fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// The school.
    async fn school<'a>(&self, cx: &Context<'a>) -> GqlResult<School<'a>> {
        promised(School::of(graphql::registry(cx), self.0.school_code.as_str()))
    }

    /// The teacher, by the number that the school has issued.
    async fn number(&self) -> &str {
        &self.0.staff_number
    }

    /// The level applied for.
    async fn level(&self) -> TeacherLevel {
        self.0.level.into()
    }

    /// 专业大类.
    async fn major_category(&self) -> &str {
        &self.0.major_category
    }

    /// References to what proves it.
    async fn evidence(&self) -> Vec<String> {
        certifications::listed(&self.0.evidence)
    }

    /// The year of the application.
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// With whom it lies, or what became of it.
    async fn state(&self) -> TeacherCertificationState {
        self.0.state.into()
    }

    /// Where it was returned or refused.
    async fn step(&self) -> Option<TeacherCertificationStep> {
        self.0.step.map(Into::into)
    }

    /// Who evaluates it, by code, once it has come that far.
    async fn agency(&self) -> Option<&str> {
        self.0.agency_code.as_ref().map(|agency| agency.as_str())
    }

    /// The last day (Asia/Shanghai) in time, of whoever has to act.
    async fn due_on(&self) -> Option<Day> {
        self.0.due_on.map(Day)
    }

    /// Whether that is over, and nothing was done.
    async fn is_overdue(&self, cx: &Context<'_>) -> bool {
        teachers::is_overdue(graphql::ctx(cx), &self.0)
    }

    /// Of the last verdict, or of the appeal.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Whether the one appeal was used.
    async fn is_appealed(&self) -> bool {
        self.0.is_appealed
    }

    /// What it has gone through, oldest first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn steps(&self, cx: &Context<'_>) -> GqlResult<Vec<CertificationStep>> {
        let steps = cx.data_unchecked::<Loaders>().teacher_steps(self.0.id).await?;
        Ok(steps.iter().cloned().map(CertificationStep).collect())
    }

    /// The certificate, once there is one.
    async fn certificate(&self, cx: &Context<'_>) -> GqlResult<Option<Certificate>> {
        let certificate = cx.data_unchecked::<Loaders>().certificate(self.0.id).await?;
        Ok(certificate.map(Certificate))
    }

    /// When it was made.
    async fn created_at(&self) -> Instant {
        Instant(self.0.created_at)
    }

    /// When anything was last done to it.
    async fn updated_at(&self) -> Instant {
        Instant(self.0.updated_at)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        teachers::etag(&self.0)
    }
}

/// By what certified teachers are counted.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "statistics::By")]
pub enum TeacherDimension {
    /// Junior, intermediate, senior.
    Level,
    /// As the printed tables part schools.
    Category,
    /// By the tier of the school; for officials.
    Tier,
    /// By the city of the school; for officials.
    City,
}

/// What is counted.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "statistics::Basis")]
pub enum TeacherBasis {
    /// Certificates of this service and what was counted before.
    All,
    /// Certificates of this service that are valid today.
    Certificates,
    /// What documents say of the time before.
    Historical,
}

/// How many certified teachers a group has; what was not asked for, or is not known, is nothing.
#[derive(SimpleObject)]
pub struct TeacherCertificationGroup<'a> {
    /// The level.
    level: Option<TeacherLevel>,
    /// The category of the schools.
    category: Option<TeacherCategory>,
    /// Their tier; documents do not say it.
    tier: Option<SchoolTier>,
    /// Their city; documents do not say it.
    city: Option<City<'a>>,
    /// How many; nothing where it is kept back.
    teachers: Option<u64>,
}

/// How many teachers are certified.
#[derive(SimpleObject)]
pub struct TeacherCertificationStatistics<'a> {
    /// All of them; nothing where it is kept back.
    total: Option<u64>,
    /// Group by group; groups without anybody are left out.
    groups: Vec<TeacherCertificationGroup<'a>>,
}

impl<'a> TeacherCertificationStatistics<'a> {
    /// The same of the domain.
    pub fn of(cx: &Context<'a>, counted: statistics::Counted) -> Self {
        let registry = graphql::registry(cx);
        let group = |(group, teachers): (Group, Option<u64>)| TeacherCertificationGroup {
            level: group.level.map(Into::into),
            category: group.category.map(Into::into),
            tier: group.tier.map(Into::into),
            city: group.city.as_deref().and_then(|code| City::of(registry, code)),
            teachers,
        };
        Self { total: counted.total, groups: counted.groups.into_iter().map(group).collect() }
    }
}

//! Certification of enterprises and of teachers: looked at.

use async_graphql::{Context, ID, InputObject, Object};

use crate::{
    domain::certifications::{
        self, agencies, batches, certificates, duty, enterprises, incentives,
        statistics::{self, Question},
        teachers,
    },
    graphql::{
        self,
        error::{GqlResult, maybe},
        ids,
        limits::{self, SOME},
        paging::{self, Paging},
        types::{
            certification::{
                CertificationBatch, EnterpriseCertification, EnterpriseCertificationConnection, Incentive,
                InternshipDuty, InternshipStanding,
            },
            teacher::{
                Certificate, CertificationAgency, TeacherBasis, TeacherCertification, TeacherCertificationConnection,
                TeacherCertificationStatistics, TeacherDimension,
            },
            words::{EnterpriseCertificationState, TeacherCertificationState, TeacherLevel},
        },
    },
};

/// What a certificate costs to be looked up: nobody tries many codes in one request.
const LOOK: usize = 500;

/// Which certifications of enterprises. What is left out, or empty, keeps everything that is there for the caller.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EnterpriseCertificationFilter {
    /// Only of these batches, by code.
    #[graphql(validator(max_items = 1_000))]
    batch: Option<Vec<String>>,
    /// Only of these enterprises, by code.
    #[graphql(validator(max_items = 1_000))]
    enterprise: Option<Vec<String>>,
    /// Only of enterprises of these cities, by code.
    #[graphql(validator(max_items = 1_000))]
    city: Option<Vec<String>>,
    /// Only in these states.
    #[graphql(validator(max_items = 1_000))]
    state: Option<Vec<EnterpriseCertificationState>>,
}

/// Which certifications of teachers. What is left out, or empty, keeps everything that is there for the caller.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TeacherCertificationFilter {
    /// Only of these schools, by code.
    #[graphql(validator(max_items = 1_000))]
    school: Option<Vec<String>>,
    /// Only in these states.
    #[graphql(validator(max_items = 1_000))]
    state: Option<Vec<TeacherCertificationState>>,
    /// Only for these levels.
    #[graphql(validator(max_items = 1_000))]
    level: Option<Vec<TeacherLevel>>,
    /// Only those of which somebody is late, or only the others.
    is_overdue: Option<bool>,
}

/// Certifications.
#[derive(Default)]
pub struct CertificationsQuery;

fn list<T, U: From<T>>(words: Option<Vec<T>>) -> Vec<U> {
    words.unwrap_or_default().into_iter().map(U::from).collect()
}

#[Object]
impl CertificationsQuery {
    /// The batches of the certification of enterprises, by code.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn certification_batches(&self, cx: &Context<'_>) -> GqlResult<Vec<CertificationBatch>> {
        Ok(batches::all(graphql::ctx(cx)).await?.into_iter().map(CertificationBatch).collect())
    }

    /// The certifications of enterprises that are there for the caller, oldest first; at most 200 a page. Everybody's
    /// are those that are certified and valid.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn enterprise_certifications(
        &self,
        cx: &Context<'_>,
        filter: Option<EnterpriseCertificationFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<EnterpriseCertificationConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(certifications::read_cursor)?;
        let filter = filter.unwrap_or_default();
        let filter = enterprises::Filter {
            batch: list(filter.batch),
            enterprise: list(filter.enterprise),
            city: list(filter.city),
            state: list(filter.state),
        };
        let page = enterprises::list(graphql::ctx(cx), &filter, &ask).await?;
        Ok(page.map(EnterpriseCertification::from).into())
    }

    /// A certification of an enterprise by its id or its key.
    async fn enterprise_certification(&self, cx: &Context<'_>, id: ID) -> GqlResult<Option<EnterpriseCertification>> {
        Ok(maybe(enterprises::get(graphql::ctx(cx), &ids::key("EnterpriseCertification", &id)).await)?
            .map(EnterpriseCertification::from))
    }

    /// What enterprises were given: for the enterprise itself, its city and the province.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn incentives(&self, cx: &Context<'_>, enterprise: Option<String>) -> GqlResult<Vec<Incentive>> {
        let rows = incentives::list(graphql::ctx(cx), enterprise.as_deref()).await?;
        Ok(rows.into_iter().map(Incentive).collect())
    }

    /// Which certified enterprises offer the places for interns that they owe, by code.
    #[graphql(complexity = "limits::times(MANY, child_complexity)")]
    async fn internship_duties<'a>(
        &self,
        cx: &Context<'a>,
        standing: Option<InternshipStanding>,
    ) -> GqlResult<Vec<InternshipDuty<'a>>> {
        let duties = duty::list(graphql::ctx(cx), standing.map(Into::into)).await?;
        duties.into_iter().map(|duty| InternshipDuty::of(cx, duty)).collect()
    }

    /// The agencies that evaluate teachers, by code.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn certification_agencies(&self, cx: &Context<'_>) -> GqlResult<Vec<CertificationAgency>> {
        Ok(agencies::all(graphql::ctx(cx)).await?.into_iter().map(CertificationAgency).collect())
    }

    /// The certifications of teachers that are there for the caller, oldest first; at most 200 a page: a school's
    /// own, a city's schools', those assigned to an agency.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn teacher_certifications(
        &self,
        cx: &Context<'_>,
        filter: Option<TeacherCertificationFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<TeacherCertificationConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(certifications::read_cursor)?;
        let filter = filter.unwrap_or_default();
        let filter = teachers::Filter {
            school: list(filter.school),
            state: list(filter.state),
            level: list(filter.level),
            is_overdue: filter.is_overdue,
        };
        let page = teachers::list(graphql::ctx(cx), &filter, &ask).await?;
        Ok(page.map(TeacherCertification::from).into())
    }

    /// A certification of a teacher by its id or its key.
    async fn teacher_certification(&self, cx: &Context<'_>, id: ID) -> GqlResult<Option<TeacherCertification>> {
        Ok(maybe(teachers::get(graphql::ctx(cx), &ids::key("TeacherCertification", &id)).await)?
            .map(TeacherCertification::from))
    }

    /// Verifies a certificate by the code that is printed on it; whoever asks.
    #[graphql(complexity = "limits::times(LOOK, child_complexity)")]
    async fn certificate(&self, cx: &Context<'_>, code: String) -> GqlResult<Option<Certificate>> {
        Ok(maybe(certificates::get(graphql::ctx(cx), &code).await)?.map(Certificate))
    }

    /// How many teachers are certified. Everybody may ask by level and category; tier and city are for the province,
    /// and with `own` for a city or a school of its own schools.
    #[graphql(complexity = "limits::times(MANY, child_complexity)")]
    async fn teacher_certification_statistics<'a>(
        &self,
        cx: &Context<'a>,
        #[graphql(default)] group_by: Vec<TeacherDimension>,
        basis: Option<TeacherBasis>,
        #[graphql(default)] own: bool,
    ) -> GqlResult<TeacherCertificationStatistics<'a>> {
        let question = Question {
            by: group_by.into_iter().map(Into::into).collect(),
            basis: basis.map(Into::into).unwrap_or_default(),
            is_own: own,
        };
        let counted = statistics::ask(graphql::ctx(cx), &question).await?;
        Ok(TeacherCertificationStatistics::of(cx, counted))
    }
}

/// What a list of certified enterprises, or of groups of teachers, is taken for.
const MANY: usize = 60;

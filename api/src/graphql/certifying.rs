//! Certification by mutations: inputs and payloads, the verbs of REST.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};

use super::{
    error::{GqlResult, relocated},
    ids,
    scalars::{Day, Decimal},
    types::{
        certification::{CertificationBatch, EnterpriseCertification, Incentive},
        teacher::{CertificationAgency, TeacherCertification},
        words::{IncentiveKind, TeacherLevel},
    },
};
use crate::{
    domain::{
        certifications::{
            agencies, batches, enterprises, incentives, teachers,
            verdicts::{self, Verdict},
        },
        precondition::Match,
    },
    error::Error,
};

/// Where the parts of a certification stand in its input.
fn placed(pointer: &str) -> String {
    let names = [
        ("apply_from", "applyFrom"),
        ("apply_until", "applyUntil"),
        ("internship_places", "internshipPlaces"),
        ("valid_from", "validFrom"),
        ("valid_until", "validUntil"),
        ("granted_on", "grantedOn"),
        ("major_category", "majorCategory"),
        ("major_categories", "majorCategories"),
    ];
    let members =
        pointer.split('/').map(|part| names.iter().find(|(rest, _)| *rest == part).map_or(part, |(_, own)| own));
    format!("/input{}", members.collect::<Vec<_>>().join("/"))
}

fn written(day: Day) -> String {
    day.0.to_string()
}

fn tag(if_match: Option<&String>) -> Option<Match> {
    if_match.map(|tag| Match::read(tag))
}

fn at_input(error: Error) -> super::error::GqlError {
    relocated(error, placed)
}

/// A batch to open.
#[derive(Clone, Debug, InputObject)]
pub struct OpenCertificationBatchInput {
    /// The year it is of.
    year: i32,
    /// Which of that year, from 1.
    number: i32,
    /// What it is called.
    title: String,
    /// The first day on which applications are taken.
    apply_from: Day,
    /// The last one.
    apply_until: Day,
}

/// What is to be different about a batch; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeCertificationBatchInput {
    /// The batch, by code.
    code: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What it is called.
    title: Option<String>,
    /// The first day on which applications are taken.
    apply_from: Option<Day>,
    /// The last one.
    apply_until: Option<Day>,
}

/// What a batch has become.
#[derive(SimpleObject)]
pub struct CertificationBatchPayload {
    /// The batch as it now stands.
    batch: CertificationBatch,
}

impl OpenCertificationBatchInput {
    /// Opens it.
    pub async fn open(self, cx: &Context<'_>) -> GqlResult<CertificationBatchPayload> {
        let new = batches::New {
            year: self.year,
            number: self.number,
            title: self.title,
            apply_from: written(self.apply_from),
            apply_until: written(self.apply_until),
        };
        let row = batches::open(super::ctx(cx), new).await.map_err(at_input)?;
        Ok(CertificationBatchPayload { batch: CertificationBatch(row) })
    }
}

impl ChangeCertificationBatchInput {
    /// Changes it.
    pub async fn change(self, cx: &Context<'_>) -> GqlResult<CertificationBatchPayload> {
        let change = batches::Change {
            title: self.title,
            apply_from: self.apply_from.map(written),
            apply_until: self.apply_until.map(written),
        };
        let seen = tag(self.if_match.as_ref());
        let row = batches::change(super::ctx(cx), &self.code, change, seen.as_ref()).await.map_err(at_input)?;
        Ok(CertificationBatchPayload { batch: CertificationBatch(row) })
    }
}

/// What an enterprise applies with.
#[derive(Clone, Debug, InputObject)]
pub struct ApplyForEnterpriseCertificationInput {
    /// The batch, by code.
    batch: String,
    /// What it says for itself.
    statement: Option<String>,
    /// People who work there.
    staff: Option<i32>,
    /// Places for interns that it offers.
    internship_places: Option<i32>,
    /// Addresses of what proves it.
    #[graphql(validator(max_items = 1_000))]
    evidence: Option<Vec<String>>,
}

/// What is corrected; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct CorrectEnterpriseCertificationInput {
    /// The certification, by its id or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What it says for itself.
    statement: Option<String>,
    /// People who work there.
    staff: Option<i32>,
    /// Places for interns that it offers.
    internship_places: Option<i32>,
    /// Addresses of what proves it.
    #[graphql(validator(max_items = 1_000))]
    evidence: Option<Vec<String>>,
}

/// What is said of an application of an enterprise.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnterpriseVerdict {
    /// The city is for it.
    Recommend,
    /// Back to the enterprise, to be corrected.
    Return,
    /// No.
    Refuse,
    /// The province says yes.
    Certify,
    /// The province takes the certificate away.
    Withdraw,
}

/// A verdict on an application of an enterprise.
#[derive(Clone, Debug, InputObject)]
pub struct JudgeEnterpriseCertificationInput {
    /// The certification, by its id or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What is said.
    verdict: EnterpriseVerdict,
    /// Why; needed but for `RECOMMEND` and `CERTIFY`.
    reason: Option<String>,
    /// The first day of its validity, for `CERTIFY`.
    valid_from: Option<Day>,
    /// The last one.
    valid_until: Option<Day>,
}

/// What a certification of an enterprise has become.
#[derive(SimpleObject)]
pub struct EnterpriseCertificationPayload {
    /// The certification as it now stands.
    certification: EnterpriseCertification,
}

impl ApplyForEnterpriseCertificationInput {
    /// Applies.
    pub async fn apply(self, cx: &Context<'_>) -> GqlResult<EnterpriseCertificationPayload> {
        let Self { batch, statement, staff, internship_places, evidence } = self;
        let papers = enterprises::Papers { statement, staff, internship_places, evidence };
        let row = enterprises::apply(super::ctx(cx), &batch, papers).await.map_err(at_input)?;
        Ok(EnterpriseCertificationPayload { certification: row.into() })
    }
}

impl CorrectEnterpriseCertificationInput {
    /// Corrects it.
    pub async fn correct(self, cx: &Context<'_>) -> GqlResult<EnterpriseCertificationPayload> {
        let Self { id, if_match, statement, staff, internship_places, evidence } = self;
        let papers = enterprises::Papers { statement, staff, internship_places, evidence };
        let seen = tag(if_match.as_ref());
        let row =
            enterprises::correct(super::ctx(cx), &ids::key("EnterpriseCertification", &id), papers, seen.as_ref())
                .await
                .map_err(at_input)?;
        Ok(EnterpriseCertificationPayload { certification: row.into() })
    }
}

impl JudgeEnterpriseCertificationInput {
    /// Judges it.
    pub async fn judge(self, cx: &Context<'_>) -> GqlResult<EnterpriseCertificationPayload> {
        let reason = self.reason.unwrap_or_default();
        let verdict = match self.verdict {
            EnterpriseVerdict::Recommend => enterprises::Verdict::Recommend,
            EnterpriseVerdict::Return => enterprises::Verdict::Return(reason),
            EnterpriseVerdict::Refuse => enterprises::Verdict::Refuse(reason),
            EnterpriseVerdict::Certify => enterprises::Verdict::Certify {
                valid_from: self.valid_from.map(written).unwrap_or_default(),
                valid_until: self.valid_until.map(written).unwrap_or_default(),
            },
            EnterpriseVerdict::Withdraw => enterprises::Verdict::Withdraw(reason),
        };
        let seen = tag(self.if_match.as_ref());
        let row =
            enterprises::judge(super::ctx(cx), &ids::key("EnterpriseCertification", &self.id), verdict, seen.as_ref())
                .await
                .map_err(at_input)?;
        Ok(EnterpriseCertificationPayload { certification: row.into() })
    }
}

/// What an enterprise was given.
#[derive(Clone, Debug, InputObject)]
pub struct RecordIncentiveInput {
    /// The enterprise, by code.
    enterprise: String,
    /// Of which kind.
    kind: IncentiveKind,
    /// Yuan, with at most two decimals.
    amount: Decimal,
    /// The day on which it was given.
    granted_on: Day,
    /// Where it is written: the number of a document.
    source: String,
}

/// A record to take back.
#[derive(Clone, Debug, InputObject)]
pub struct CancelIncentiveInput {
    /// The record.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// Why.
    reason: String,
}

/// What a record has become.
#[derive(SimpleObject)]
pub struct IncentivePayload {
    /// The record as it now stands.
    incentive: Incentive,
}

impl RecordIncentiveInput {
    /// Records it.
    pub async fn record(self, cx: &Context<'_>) -> GqlResult<IncentivePayload> {
        let kind: entity::words::IncentiveKind = self.kind.into();
        let new = incentives::New {
            enterprise: self.enterprise,
            kind: kind.word().to_owned(),
            amount: self.amount.digits(),
            granted_on: written(self.granted_on),
            source: self.source,
        };
        let row = incentives::record(super::ctx(cx), new).await.map_err(at_input)?;
        Ok(IncentivePayload { incentive: Incentive(row) })
    }
}

impl CancelIncentiveInput {
    /// Takes it back.
    pub async fn cancel(self, cx: &Context<'_>) -> GqlResult<IncentivePayload> {
        let seen = tag(self.if_match.as_ref());
        let row = incentives::cancel(super::ctx(cx), &ids::key("Incentive", &self.id), &self.reason, seen.as_ref())
            .await
            .map_err(at_input)?;
        Ok(IncentivePayload { incentive: Incentive(row) })
    }
}

/// What an agency is to be, stated whole.
#[derive(Clone, Debug, InputObject)]
pub struct StateCertificationAgencyInput {
    /// Its code: the organisation of its accounts.
    code: String,
    /// Its `etag` as it was seen, or `*`; required for one that is there.
    if_match: Option<String>,
    /// What it is called.
    name: String,
    /// The major categories (专业大类) whose teachers it evaluates from now on; what is with it stays with it.
    #[graphql(validator(max_items = 1_000))]
    major_categories: Vec<String>,
}

/// What an agency has become.
#[derive(SimpleObject)]
pub struct CertificationAgencyPayload {
    /// The agency as it now stands.
    agency: CertificationAgency,
}

impl StateCertificationAgencyInput {
    /// States it.
    pub async fn state(self, cx: &Context<'_>) -> GqlResult<CertificationAgencyPayload> {
        let said = agencies::State { name: self.name, major_categories: self.major_categories };
        let seen = tag(self.if_match.as_ref());
        let stated = agencies::state(super::ctx(cx), &self.code, said, seen.as_ref()).await;
        let (agency, _) = stated.map_err(at_input)?;
        Ok(CertificationAgencyPayload { agency: CertificationAgency(agency) })
    }
}

/// What a school applies with.
#[derive(Clone, Debug, InputObject)]
pub struct ApplyForTeacherCertificationInput {
    /// The teacher, by a number that the school has issued: letters, digits and hyphens, at most ten digits. Never a
    /// name, an identity number or a mobile number.
    number: String,
    /// The level applied for.
    level: TeacherLevel,
    /// 专业大类, as `certificationAgencies` has it.
    major_category: String,
    /// References to what proves it.
    #[graphql(default, validator(max_items = 1_000))]
    evidence: Vec<String>,
}

/// What is corrected; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct CorrectTeacherCertificationInput {
    /// The certification, by its id or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// The level applied for.
    level: Option<TeacherLevel>,
    /// 专业大类; only before an agency has evaluated it.
    major_category: Option<String>,
    /// References to what proves it.
    #[graphql(validator(max_items = 1_000))]
    evidence: Option<Vec<String>>,
}

/// What is said of an application of a teacher.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeacherVerdict {
    /// Yes: on to the next, or the certificate.
    Approve,
    /// Back to the school, to be corrected.
    Return,
    /// No.
    Refuse,
    /// The province takes the certificate away.
    Revoke,
}

/// A verdict on an application of a teacher.
#[derive(Clone, Debug, InputObject)]
pub struct JudgeTeacherCertificationInput {
    /// The certification, by its id or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What is said.
    verdict: TeacherVerdict,
    /// Why; needed but for `APPROVE`.
    reason: Option<String>,
    /// The last day of the certificate, for the province's `APPROVE`; the configured years without it.
    valid_until: Option<Day>,
}

/// An appeal against a refusal.
#[derive(Clone, Debug, InputObject)]
pub struct AppealTeacherCertificationInput {
    /// The certification, by its id or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// Why.
    reason: String,
}

/// What a certification of a teacher has become.
#[derive(SimpleObject)]
pub struct TeacherCertificationPayload {
    /// The certification as it now stands.
    certification: TeacherCertification,
}

fn word(level: TeacherLevel) -> String {
    let level: entity::words::TeacherLevel = level.into();
    level.word().to_owned()
}

impl ApplyForTeacherCertificationInput {
    /// Applies.
    pub async fn apply(self, cx: &Context<'_>) -> GqlResult<TeacherCertificationPayload> {
        let new = teachers::New {
            number: self.number,
            level: word(self.level),
            major_category: self.major_category,
            evidence: self.evidence,
        };
        let row = teachers::apply(super::ctx(cx), new).await.map_err(at_input)?;
        Ok(TeacherCertificationPayload { certification: row.into() })
    }
}

impl CorrectTeacherCertificationInput {
    /// Corrects it.
    pub async fn correct(self, cx: &Context<'_>) -> GqlResult<TeacherCertificationPayload> {
        let said = teachers::Correct {
            level: self.level.map(word),
            major_category: self.major_category,
            evidence: self.evidence,
        };
        let seen = tag(self.if_match.as_ref());
        let row = teachers::correct(super::ctx(cx), &ids::key("TeacherCertification", &self.id), said, seen.as_ref())
            .await
            .map_err(at_input)?;
        Ok(TeacherCertificationPayload { certification: row.into() })
    }
}

impl JudgeTeacherCertificationInput {
    /// Judges it.
    pub async fn judge(self, cx: &Context<'_>) -> GqlResult<TeacherCertificationPayload> {
        let reason = self.reason.unwrap_or_default();
        let verdict = match self.verdict {
            TeacherVerdict::Approve => Verdict::Approve { valid_until: self.valid_until.map(written) },
            TeacherVerdict::Return => Verdict::Return(reason),
            TeacherVerdict::Refuse => Verdict::Refuse(reason),
            TeacherVerdict::Revoke => Verdict::Revoke(reason),
        };
        let seen = tag(self.if_match.as_ref());
        let row = verdicts::judge(super::ctx(cx), &ids::key("TeacherCertification", &self.id), verdict, seen.as_ref())
            .await
            .map_err(at_input)?;
        Ok(TeacherCertificationPayload { certification: row.into() })
    }
}

impl AppealTeacherCertificationInput {
    /// Appeals.
    pub async fn appeal(self, cx: &Context<'_>) -> GqlResult<TeacherCertificationPayload> {
        let seen = tag(self.if_match.as_ref());
        let row =
            teachers::appeal(super::ctx(cx), &ids::key("TeacherCertification", &self.id), &self.reason, seen.as_ref())
                .await
                .map_err(at_input)?;
        Ok(TeacherCertificationPayload { certification: row.into() })
    }
}

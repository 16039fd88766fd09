//! Relay's `Node`: everything that has an id, found by it.

use std::borrow::Cow;

use async_graphql::{ID, Interface};

use super::{
    application::{ConsortiumActivity, ConsortiumApplication},
    certification::{CertificationBatch, EnterpriseCertification, Incentive},
    city::City,
    claim::Claim,
    consortium::Consortium,
    dataset::Dataset,
    enterprise::Enterprise,
    indicator::Indicator,
    institution::Institution,
    interest::Interest,
    major::{IndustryChain, Major, MajorChain, Programme},
    membership::{ConsortiumMembership, Designation},
    opportunity::Opportunity,
    partnership::Partnership,
    period::Period,
    principal::Principal,
    release::Release,
    rule::Rule,
    school::{Predecessor, School},
    submission::Submission,
    target::{CityFigure, Policy, Target},
    task::{Task, TaskEvaluation},
    teacher::{CertificationAgency, TeacherCertification},
    upkeep::Alias,
};
use crate::{
    ctx::Ctx,
    domain::{
        certifications::{agencies, batches, enterprises, incentives, teachers},
        consortia, interests, opportunities, partnerships, releases,
        submissions::{self, Key},
        tasks::{self, evaluations},
    },
    graphql::{
        error::{GqlResult, maybe, maybe_of},
        ids::{self, Id},
    },
    memory::registry::Registry,
};

/// Everything that has an id.
#[expect(clippy::large_enum_variant, reason = "one is made for a query; a box would cost every other kind")]
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque, for `node(id)`."))]
pub enum Node<'a> {
    /// Another name.
    Alias(Alias<'a>),
    /// An agency that evaluates teachers.
    CertificationAgency(CertificationAgency),
    /// A batch of the certification of enterprises.
    CertificationBatch(CertificationBatch),
    /// A prefecture.
    City(City<'a>),
    /// A printed figure of a city.
    CityFigure(CityFigure<'a>),
    /// A printed figure.
    Claim(Claim<'a>),
    /// A consortium.
    Consortium(Consortium<'a>),
    /// What a consortium has done.
    ConsortiumActivity(ConsortiumActivity<'a>),
    /// Who wants to join a consortium.
    ConsortiumApplication(ConsortiumApplication<'a>),
    /// A place in a consortium.
    ConsortiumMembership(ConsortiumMembership<'a>),
    /// A table.
    Dataset(Dataset<'a>),
    /// A title.
    Designation(Designation<'a>),
    /// An enterprise.
    Enterprise(Enterprise<'a>),
    /// The certification of an enterprise.
    EnterpriseCertification(EnterpriseCertification),
    /// What a certified enterprise was given.
    Incentive(Incentive),
    /// A line of a table.
    Indicator(Indicator<'a>),
    /// An industry chain.
    IndustryChain(IndustryChain<'a>),
    /// Another body.
    Institution(Institution<'a>),
    /// An interest in an opportunity.
    Interest(Interest),
    /// What a school or an enterprise seeks or offers.
    Opportunity(Opportunity),
    /// A major.
    Major(Major<'a>),
    /// That a major serves an industry chain.
    MajorChain(MajorChain<'a>),
    /// What exists between school and enterprise.
    Partnership(Partnership<'a>),
    /// A statistical period.
    Period(Period),
    /// A policy.
    Policy(Policy<'a>),
    /// What a school was before.
    Predecessor(Predecessor<'a>),
    /// The caller.
    Principal(Principal),
    /// What a school teaches.
    Programme(Programme<'a>),
    /// A published version.
    Release(Release),
    /// A validation rule.
    Rule(Rule),
    /// A school.
    School(School<'a>),
    /// A school's table.
    Submission(Submission),
    /// What was promised in figures.
    Target(Target),
    /// A task.
    Task(Task),
    /// The evaluation of a year.
    TaskEvaluation(TaskEvaluation),
    /// The certification of a teacher.
    TeacherCertification(TeacherCertification),
}

/// What an id stands for, asked of the same verbs as by any other way; nothing for garbage.
pub async fn find<'a>(ctx: &Ctx, registry: &'a Registry, id: &str) -> GqlResult<Option<Node<'a>>> {
    let (kind, key) = match ids::read(id) {
        None => return Ok(None),
        Some(Id::Submission(school, dataset, period)) => {
            let found = submissions::get(ctx, &Key::new(&school, &dataset, &period)).await;
            let found = maybe_of(ctx, &school, found)?;
            return Ok(found.map(|table| Node::Submission(table.into())));
        }
        Some(Id::One(kind, key)) => (kind, key),
    };
    let key = key.as_str();
    Ok(match kind.as_str() {
        "Alias" => row(registry.aliases.all(), key, |row| row.id).map(|row| Node::Alias(Alias(registry, row))),
        "CertificationAgency" => {
            let found = agencies::all(ctx).await?.into_iter().find(|agency| agency.row.code == *key);
            found.map(|agency| Node::CertificationAgency(CertificationAgency(agency)))
        }
        "CertificationBatch" => {
            let found = batches::all(ctx).await?.into_iter().find(|batch| batch.code == *key);
            found.map(|batch| Node::CertificationBatch(CertificationBatch(batch)))
        }
        "City" => City::of(registry, key).map(Node::City),
        "CityFigure" => {
            row(&registry.city_figures, key, |row| row.id).map(|row| Node::CityFigure(CityFigure(registry, row)))
        }
        "Claim" => registry.claims.iter().find(|row| row.key == key).map(|row| Node::Claim(Claim(registry, row))),
        "Consortium" => Consortium::of(registry, key).map(Node::Consortium),
        "ConsortiumActivity" => row(registry.activities.all(), key, |row| row.id)
            .map(|row| Node::ConsortiumActivity(ConsortiumActivity(Cow::Borrowed(row)))),
        "ConsortiumApplication" => maybe(consortia::get(ctx, key).await)?
            .map(|row| Node::ConsortiumApplication(ConsortiumApplication(registry, row))),
        "ConsortiumMembership" => row(registry.members.all(), key, |row| row.id)
            .map(|row| Node::ConsortiumMembership(ConsortiumMembership(registry, row))),
        "Dataset" => Dataset::of(registry, key).map(Node::Dataset),
        "Designation" => {
            row(registry.designations.all(), key, |row| row.id).map(|row| Node::Designation(Designation(registry, row)))
        }
        "Enterprise" => Enterprise::of(registry, key).map(Node::Enterprise),
        "EnterpriseCertification" => {
            maybe(enterprises::get(ctx, key).await)?.map(|row| Node::EnterpriseCertification(row.into()))
        }
        "Incentive" => maybe(incentives::get(ctx, key).await)?.map(|row| Node::Incentive(Incentive(row))),
        "Indicator" => Indicator::of(registry, key).map(Node::Indicator),
        "IndustryChain" => IndustryChain::of(registry, key).map(Node::IndustryChain),
        "Institution" => Institution::of(registry, key).map(Node::Institution),
        "Major" => Major::of(registry, key).map(Node::Major),
        "MajorChain" => {
            row(registry.major_chains.all(), key, |row| row.id).map(|row| Node::MajorChain(MajorChain(registry, row)))
        }
        "Interest" => maybe(interests::get(ctx, key).await)?.map(|known| Node::Interest(known.into())),
        "Opportunity" => maybe(opportunities::get(ctx, key).await)?.map(|row| Node::Opportunity(row.into())),
        "Partnership" => match row(registry.partnerships.all(), key, |row| row.id) {
            Some(row) => Some(Node::Partnership(Partnership::held(registry, row))),
            // What is not public is not held in memory.
            None => {
                maybe(partnerships::get(ctx, key).await)?.map(|row| Node::Partnership(Partnership::read(registry, row)))
            }
        },
        "Period" => Period::of(key).map(Node::Period),
        "Policy" => row(&registry.policies, key, |row| row.id).map(|row| Node::Policy(Policy(registry, row))),
        "Predecessor" => {
            row(registry.successions.all(), key, |row| row.id).map(|row| Node::Predecessor(Predecessor(registry, row)))
        }
        "Programme" => {
            row(registry.programmes.all(), key, |row| row.id).map(|row| Node::Programme(Programme(registry, row)))
        }
        "Principal" => Principal::of(ctx).filter(|caller| caller.subject() == key).map(Node::Principal),
        // An id names one version: a range, which `releases::resolve` would take as well, is garbage here.
        "Release" if semver::Version::parse(key).is_ok() => {
            maybe(releases::resolve(ctx, Some(key)).await)?.map(|release| Node::Release(Release(release)))
        }
        "Rule" => Rule::of(registry, key).map(Node::Rule),
        "School" => School::of(registry, key).map(Node::School),
        "Target" => row(&registry.targets, key, |row| row.id).map(|row| Node::Target(row.clone().into())),
        "TaskEvaluation" => {
            maybe(evaluations::get(ctx, key).await)?.map(|row| Node::TaskEvaluation(TaskEvaluation(row.into())))
        }
        "TeacherCertification" => {
            maybe(teachers::get(ctx, key).await)?.map(|row| Node::TeacherCertification(row.into()))
        }
        "Task" => maybe(tasks::get(ctx, key).await)?.map(|row| Node::Task(row.into())),
        _ => None,
    })
}

fn row<'a, T>(rows: &'a [T], key: &str, id: impl Fn(&T) -> entity::ids::RowId) -> Option<&'a T> {
    let key: uuid::Uuid = key.parse().ok()?;
    rows.iter().find(|row| id(row).0 == key)
}

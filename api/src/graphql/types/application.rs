//! Who wants to join a consortium, what consortia do, and how they overlap.

use std::{borrow::Cow, collections::BTreeMap};

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::{consortium_activity, consortium_application};

use super::{
    city::City,
    consortium::Consortium,
    enterprise::Enterprise,
    institution::Institution,
    major::IndustryChain,
    promised,
    school::School,
    words::{ApplicationState, MemberRole},
};
use crate::{
    domain::consortia::{self, Composition, Overlap, Overview},
    graphql::{
        self,
        error::GqlResult,
        ids,
        limits::{self, MEMBERS, SOME},
        paging::{Placed, connection},
        scalars::{Day, Instant},
    },
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct ConsortiumApplication<'a>(pub &'a Registry, pub consortium_application::Model);

impl Placed for ConsortiumApplication<'_> {
    fn cursor(&self) -> String {
        consortia::cursor(consortia::place(&self.1))
    }
}

connection!(
    /// A page of applications.
    ConsortiumApplicationConnection,
    /// An application and where it stands in the list.
    ConsortiumApplicationEdge,
    ConsortiumApplication<'a>
);

/// A school or an enterprise that wants to join a consortium. It is there for the applicant, the consortium's leads
/// and the province.
#[Object]
impl<'a> ConsortiumApplication<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("ConsortiumApplication", &self.1.id.to_string())
    }

    /// By which REST and the mutations know it.
    async fn code(&self) -> String {
        self.1.id.to_string()
    }

    /// The consortium.
    async fn consortium(&self) -> GqlResult<Consortium<'a>> {
        promised(Consortium::of(self.0, self.1.consortium_code.as_str()))
    }

    /// The applicant, if it is a school.
    async fn school(&self) -> Option<School<'a>> {
        School::of(self.0, self.1.school_code.as_ref()?.as_str())
    }

    /// The applicant, if it is an enterprise.
    async fn enterprise(&self) -> Option<Enterprise<'a>> {
        Enterprise::of(self.0, self.1.enterprise_code.as_ref()?.as_str())
    }

    /// Where it stands.
    async fn state(&self) -> ApplicationState {
        self.1.state.into()
    }

    /// What the applicant says.
    async fn message(&self) -> Option<&str> {
        self.1.message.as_deref()
    }

    /// Why it was refused.
    async fn reason(&self) -> Option<&str> {
        self.1.reason.as_deref()
    }

    /// The part in the consortium that was given.
    async fn role(&self) -> Option<MemberRole> {
        self.1.role.map(Into::into)
    }

    /// When it was made.
    async fn created_at(&self) -> Instant {
        Instant(self.1.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> Instant {
        Instant(self.1.updated_at)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        consortia::etag(&self.1)
    }
}

/// What a step has made of an application.
#[derive(SimpleObject)]
pub struct ConsortiumApplicationPayload<'a> {
    /// The application as it now stands.
    application: ConsortiumApplication<'a>,
}

impl<'a> ConsortiumApplicationPayload<'a> {
    /// The answer to a step.
    pub fn new(cx: &Context<'a>, row: consortium_application::Model) -> Self {
        Self { application: ConsortiumApplication(graphql::registry(cx), row) }
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct ConsortiumActivity<'a>(pub Cow<'a, consortium_activity::Model>);

/// What a consortium has done.
#[Object]
impl ConsortiumActivity<'_> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("ConsortiumActivity", &self.0.id.to_string())
    }

    /// By which REST and the mutations know it.
    async fn code(&self) -> String {
        self.0.id.to_string()
    }

    /// The day.
    async fn held_on(&self) -> Day {
        Day(self.0.held_on)
    }

    /// What it was.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// An open code list: `meeting`, `contest`, `joint_class` …
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Addresses of what shows it.
    async fn evidence(&self) -> Vec<String> {
        consortia::evidence_of(&self.0.evidence)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        format!("\"{}\"", self.0.version)
    }
}

/// What a step has made of an activity.
#[derive(SimpleObject)]
pub struct ConsortiumActivityPayload<'a> {
    /// The activity as it now stands.
    activity: ConsortiumActivity<'a>,
}

impl From<consortium_activity::Model> for ConsortiumActivityPayload<'_> {
    fn from(row: consortium_activity::Model) -> Self {
        Self { activity: ConsortiumActivity(Cow::Owned(row)) }
    }
}

/// What it was to leave.
#[derive(SimpleObject)]
pub struct LeaveConsortiumPayload {
    /// The first day on which the organisation is a member no more.
    pub left_on: Option<Day>,
}

/// How many of something.
#[derive(Clone, Debug, SimpleObject)]
pub struct MemberCount<'a> {
    /// A type of members, or the code of a city.
    key: String,
    /// The city.
    city: Option<City<'a>>,
    /// How many.
    members: usize,
}

fn counts<'a>(registry: &'a Registry, counts: &BTreeMap<String, usize>) -> Vec<MemberCount<'a>> {
    counts
        .iter()
        .map(|(key, members)| MemberCount { key: key.clone(), city: City::of(registry, key), members: *members })
        .collect()
}

/// See the description of the GraphQL type.
pub struct ConsortiumOverview<'a>(pub &'a Registry, pub Overview);

/// How consortia are made up and overlap, and who is in none. Present members only, each body counted once.
#[Object]
impl<'a> ConsortiumOverview<'a> {
    /// Consortia by their members, in the order of the list.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn consortia(&self) -> Vec<ConsortiumComposition<'a>> {
        self.1.consortia.iter().map(|one| ConsortiumComposition(self.0, one.clone())).collect()
    }

    /// Members of any consortium by type.
    async fn by_type(&self) -> Vec<MemberCount<'a>> {
        counts(self.0, &self.1.by_type)
    }

    /// Members of any consortium by city; those of which no city is known are left out.
    async fn by_city(&self) -> Vec<MemberCount<'a>> {
        counts(self.0, &self.1.by_city)
    }

    /// Pairs of consortia that share members, those that share most first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn overlaps(&self) -> Vec<ConsortiumOverlap<'a>> {
        self.1.overlaps.iter().map(|one| ConsortiumOverlap(self.0, one.clone())).collect()
    }

    /// Schools that are in no consortium.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn schools_in_none(&self) -> Vec<School<'a>> {
        self.1.schools_in_none.iter().filter_map(|code| School::of(self.0, code)).collect()
    }

    /// Certified enterprises that are in no consortium.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn certified_in_none(&self) -> Vec<Enterprise<'a>> {
        self.1.certified_in_none.iter().filter_map(|code| Enterprise::of(self.0, code)).collect()
    }

    /// Industry chains that no consortium serves.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn chains_in_none(&self) -> Vec<IndustryChain<'a>> {
        self.1.chains_in_none.iter().filter_map(|code| IndustryChain::of(self.0, code)).collect()
    }
}

/// See the description of the GraphQL type.
pub struct ConsortiumComposition<'a>(&'a Registry, Composition);

/// A consortium by its members.
#[Object]
impl<'a> ConsortiumComposition<'a> {
    /// The consortium.
    async fn consortium(&self) -> GqlResult<Consortium<'a>> {
        promised(Consortium::of(self.0, &self.1.consortium))
    }

    /// How many members it has.
    async fn members(&self) -> usize {
        self.1.members
    }

    /// Its members by type.
    async fn by_type(&self) -> Vec<MemberCount<'a>> {
        counts(self.0, &self.1.by_type)
    }

    /// Its members by city.
    async fn by_city(&self) -> Vec<MemberCount<'a>> {
        counts(self.0, &self.1.by_city)
    }
}

/// See the description of the GraphQL type.
pub struct ConsortiumOverlap<'a>(&'a Registry, Overlap);

/// Two consortia that share members.
#[Object]
impl<'a> ConsortiumOverlap<'a> {
    /// The one that comes first in the list.
    async fn consortium(&self) -> GqlResult<Consortium<'a>> {
        promised(Consortium::of(self.0, &self.1.consortium))
    }

    /// The other.
    async fn other(&self) -> GqlResult<Consortium<'a>> {
        promised(Consortium::of(self.0, &self.1.other))
    }

    /// How many members they share.
    async fn count(&self) -> usize {
        self.1.members.len()
    }

    /// The schools of both.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn schools(&self) -> Vec<School<'a>> {
        self.1.members.iter().filter_map(|code| School::of(self.0, code)).collect()
    }

    /// The enterprises of both.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn enterprises(&self) -> Vec<Enterprise<'a>> {
        self.1.members.iter().filter_map(|code| Enterprise::of(self.0, code)).collect()
    }

    /// The other bodies of both.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn institutions(&self) -> Vec<Institution<'a>> {
        self.1.members.iter().filter_map(|code| Institution::of(self.0, code)).collect()
    }
}

//! What a school or an enterprise seeks or offers, and whom it meets.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::opportunity;

use super::{
    city::City,
    enterprise::Enterprise,
    school::School,
    words::{OpportunityKind, OpportunityOutcome, OpportunitySide, OpportunityState},
};
use crate::{
    domain::opportunities::{self, Contact, Digest, Digested, Matched, Of},
    graphql::{
        self,
        error::GqlResult,
        ids,
        limits::{self, SOME},
        loaders::Loaders,
        paging::{Paging, Placed, connection},
        scalars::{Day, Instant},
    },
    page, request_id,
};

/// How many matches of one opportunity may be asked for.
const MOST_MATCHES: usize = 100;

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Opportunity(pub Arc<opportunity::Model>);

impl From<opportunity::Model> for Opportunity {
    fn from(row: opportunity::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl Opportunity {
    /// The newest of a school, an enterprise or a city, as far as they are there for the caller.
    pub(super) async fn some(cx: &Context<'_>, of: Of, first: Option<i32>) -> GqlResult<Vec<Self>> {
        let ask = Paging { first, ..Paging::default() }.ask(|_, _| Ok(()))?;
        let rows = cx.data_unchecked::<Loaders>().opportunities(of).await?;
        Ok(rows.iter().take(ask.limit).cloned().map(Self).collect())
    }
}

impl Placed for Opportunity {
    fn cursor(&self) -> String {
        opportunities::cursor(&self.0)
    }
}

connection!(
    /// A page of opportunities.
    OpportunityConnection,
    /// An opportunity and where it stands in the list.
    OpportunityEdge,
    Opportunity
);

/// What a school or an enterprise seeks or offers (供求信息). What is published is everybody's to see; the rest is
/// for its owner, its city and the province.
#[Object]
impl Opportunity {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Opportunity", &self.0.id.to_string())
    }

    /// Its id by REST, and in events.
    async fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// Its owner, where it is a school.
    async fn school<'a>(&self, cx: &Context<'a>) -> Option<School<'a>> {
        School::of(graphql::registry(cx), self.0.school_code.as_ref()?.as_str())
    }

    /// Its owner, where it is an enterprise.
    async fn enterprise<'a>(&self, cx: &Context<'a>) -> Option<Enterprise<'a>> {
        Enterprise::of(graphql::registry(cx), self.0.enterprise_code.as_ref()?.as_str())
    }

    /// What is sought or offered.
    async fn kind(&self) -> OpportunityKind {
        self.0.kind.into()
    }

    /// Whether it is offered or sought.
    async fn side(&self) -> OpportunitySide {
        self.0.side.into()
    }

    /// Where it stands now.
    async fn state(&self, cx: &Context<'_>) -> OpportunityState {
        opportunities::state(&self.0, graphql::ctx(cx).actor.at).into()
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it says.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// Where.
    async fn city<'a>(&self, cx: &Context<'a>) -> Option<City<'a>> {
        City::of(graphql::registry(cx), self.0.city_code.as_ref()?.as_str())
    }

    /// Six-digit codes of majors.
    async fn majors(&self) -> Vec<String> {
        opportunities::listed(&self.0.majors)
    }

    /// Majors in free words.
    async fn major_words(&self) -> Vec<String> {
        opportunities::listed(&self.0.major_words)
    }

    /// The industry, in free words.
    async fn industry(&self) -> Option<&str> {
        self.0.industry.as_deref()
    }

    /// How many.
    async fn headcount(&self) -> Option<i32> {
        self.0.headcount
    }

    /// The last day (Asia/Shanghai) on which it stands.
    async fn valid_until(&self) -> Day {
        Day(self.0.valid_until)
    }

    /// How its owner is reached: for the owner itself, `null` for everybody else. The other side is told by an
    /// interest that was accepted.
    async fn contact(&self, cx: &Context<'_>) -> Option<OfficeContact> {
        opportunities::is_own(graphql::ctx(cx), &self.0).then(|| opportunities::contact_of(&self.0).into())
    }

    /// Why it was refused.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What has come of it, once it is closed.
    async fn outcome(&self) -> Option<OpportunityOutcome> {
        self.0.outcome.map(Into::into)
    }

    /// How many were met.
    async fn outcome_number(&self) -> Option<i32> {
        self.0.outcome_number
    }

    /// When it was published first.
    async fn published_at(&self) -> Option<Instant> {
        self.0.published_at.map(Instant)
    }

    /// When it was posted.
    async fn created_at(&self) -> Instant {
        Instant(self.0.created_at)
    }

    /// When it was changed last.
    async fn updated_at(&self) -> Instant {
        Instant(self.0.updated_at)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        opportunities::etag(&self.0)
    }

    /// Its best counterparts as they stand now, the best first; at most 100. For its owner, its city and the
    /// province; `null` for everybody else.
    #[graphql(complexity = "limits::times(first.unwrap_or(10).try_into().unwrap_or(1), child_complexity)")]
    async fn matches(
        &self,
        cx: &Context<'_>,
        #[graphql(desc = "1 to 100; 10 without it.")] first: Option<i32>,
    ) -> GqlResult<Option<Vec<Match>>> {
        let most = page::limit(first.map(i64::from), 10, MOST_MATCHES, "/first")?;
        if !opportunities::is_insider(graphql::ctx(cx), &self.0) {
            return Ok(None);
        }
        let found = cx.data_unchecked::<Loaders>().matches(&self.0, most).await?;
        Ok(Some(found.iter().cloned().map(Match::from).collect()))
    }
}

/// How an office is reached. Never a person.
#[derive(Clone, Debug, SimpleObject)]
pub struct OfficeContact {
    /// The office.
    department: Option<String>,
    /// Its telephone: a landline.
    telephone: Option<String>,
    /// Its e-mail.
    email: Option<String>,
}

impl From<Contact> for OfficeContact {
    fn from(contact: Contact) -> Self {
        let Contact { department, telephone, email } = contact;
        Self { department, telephone, email }
    }
}

/// A counterpart, and why.
#[derive(Clone, Debug, SimpleObject)]
pub struct Match {
    /// Of 100; the sum of its parts.
    score: u32,
    /// What it is made of: always all seven, in one order.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    parts: Vec<MatchPart>,
    /// The counterpart.
    opportunity: Opportunity,
}

/// Points for one thing.
#[derive(Clone, Debug, SimpleObject)]
pub struct MatchPart {
    /// `kind`, `major`, `industry`, `words`, `city`, `headcount` or `partnership`.
    code: &'static str,
    /// Those it gives.
    points: u32,
    /// The most that it can give.
    most: u32,
    /// Why, in the caller's language.
    text: String,
}

impl From<Matched> for Match {
    fn from(matched: Matched) -> Self {
        let language = request_id::current_language();
        let part = |part: crate::matching::Part| MatchPart {
            code: part.code,
            points: part.points,
            most: part.most,
            text: part.text.in_(language).to_owned(),
        };
        Self {
            score: matched.score.total,
            parts: matched.score.parts.into_iter().map(part).collect(),
            opportunity: matched.row.into(),
        }
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct OpportunityDigest(pub Digest);

/// What was found in a day, as far as it concerns the caller.
#[Object]
impl OpportunityDigest {
    /// The day (Asia/Shanghai).
    async fn day(&self) -> Day {
        Day(self.0.day)
    }

    /// How many matches were found.
    async fn total(&self) -> u64 {
        self.0.total
    }

    /// The first 1,000 of them, in the order in which they were found.
    #[graphql(complexity = "limits::times(100, child_complexity)")]
    async fn matches(&self) -> Vec<DigestedMatch> {
        self.0.matches.iter().cloned().map(DigestedMatch::from).collect()
    }
}

/// A supply and a demand that were found to meet.
#[derive(Clone, Debug, SimpleObject)]
pub struct DigestedMatch {
    /// The key of what is offered.
    supply: String,
    /// The key of what is sought.
    demand: String,
    /// How well, of 100, when it was found.
    score: i32,
    /// When.
    found_at: Instant,
}

impl From<Digested> for DigestedMatch {
    fn from(one: Digested) -> Self {
        let (supply, demand) = (one.supply.to_string(), one.demand.to_string());
        Self { supply, demand, score: one.score, found_at: Instant(one.found_at) }
    }
}

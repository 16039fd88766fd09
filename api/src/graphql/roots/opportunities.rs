//! Opportunities, interests and the bulletin: looked at and acted upon.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::{
    domain::{
        bulletins,
        interests::{self, Express, Known, Step},
        opportunities::{self, Close, Contact, Filter, New},
        precondition::Match,
    },
    error::Error,
    graphql::{
        self,
        error::{GqlError, GqlResult, maybe, relocated},
        ids::{self, Id},
        limits,
        paging::{self, Paging},
        scalars::Day,
        types::{
            bulletin::Bulletin,
            interest::{Interest, InterestConnection},
            opportunity::{Opportunity, OpportunityConnection, OpportunityDigest},
            words::{OpportunityKind, OpportunityOutcome, OpportunitySide, OpportunityState},
        },
    },
};

/// Which opportunities. What is left out keeps all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OpportunityFilter {
    /// Only of these kinds.
    #[graphql(validator(max_items = 1_000))]
    kind: Option<Vec<OpportunityKind>>,
    /// Only of this side.
    side: Option<OpportunitySide>,
    /// Only in these states.
    #[graphql(validator(max_items = 1_000))]
    state: Option<Vec<OpportunityState>>,
    /// Only in these cities, by code.
    #[graphql(validator(max_items = 1_000))]
    city: Option<Vec<String>>,
    /// Only of this school, by code.
    school: Option<String>,
    /// Only of this enterprise, by code.
    enterprise: Option<String>,
}

impl From<OpportunityFilter> for Filter {
    fn from(filter: OpportunityFilter) -> Self {
        use entity::words;
        let kind = |kind: OpportunityKind| words::OpportunityKind::from(kind).word().to_owned();
        let state = |state: OpportunityState| words::OpportunityState::from(state).word().to_owned();
        Self {
            kind: filter.kind.map(|kinds| kinds.into_iter().map(kind).collect()),
            side: filter.side.map(|side| words::OpportunitySide::from(side).word().to_owned()),
            state: filter.state.map(|states| states.into_iter().map(state).collect()),
            city: filter.city,
            school: filter.school,
            enterprise: filter.enterprise,
        }
    }
}

/// The key behind an id; what is no id stands for itself.
fn key(id: &ID) -> String {
    match ids::read(id) {
        Some(Id::One(kind, key)) if kind == "Opportunity" || kind == "Interest" => key,
        _ => id.0.clone(),
    }
}

/// What is sought and offered.
#[derive(Default)]
pub struct OpportunitiesQuery;

#[Object]
impl OpportunitiesQuery {
    /// The opportunities that are there for the caller, newest first; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn opportunities(
        &self,
        cx: &Context<'_>,
        filter: Option<OpportunityFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<OpportunityConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(opportunities::read_cursor)?;
        let filter = filter.unwrap_or_default().into();
        let page = opportunities::list(graphql::ctx(cx), &filter, ask.limit, ask.after).await?;
        Ok(page.map(Opportunity::from).into())
    }

    /// One opportunity, by its `id` or its key.
    async fn opportunity(&self, cx: &Context<'_>, id: ID) -> GqlResult<Option<Opportunity>> {
        Ok(maybe(opportunities::get(graphql::ctx(cx), &key(&id)).await)?.map(Opportunity::from))
    }

    /// What was found in a day (Asia/Shanghai; today without one), as far as it concerns the caller.
    async fn opportunity_digest(&self, cx: &Context<'_>, day: Option<Day>) -> GqlResult<OpportunityDigest> {
        let day = day.map(|day| day.0.to_string());
        Ok(OpportunityDigest(opportunities::digest(graphql::ctx(cx), day.as_deref()).await?))
    }

    /// The interests that are there for the caller, newest first; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn interests(
        &self,
        cx: &Context<'_>,
        #[graphql(desc = "Only in this opportunity, by its `id` or its key.")] opportunity: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<InterestConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(interests::read_cursor)?;
        let opportunity = opportunity.as_ref().map(key);
        let page = interests::list(graphql::ctx(cx), opportunity.as_deref(), ask.limit, ask.after).await?;
        Ok(page.map(Interest::from).into())
    }

    /// One interest, by its `id` or its key.
    async fn interest(&self, cx: &Context<'_>, id: ID) -> GqlResult<Option<Interest>> {
        Ok(maybe(interests::get(graphql::ctx(cx), &key(&id)).await)?.map(Interest::from))
    }

    /// The bulletin of a year, as it was published or as it stands now; nothing for one that has not begun.
    async fn bulletin(&self, cx: &Context<'_>, year: i32) -> GqlResult<Option<Bulletin>> {
        Ok(maybe(bulletins::get(graphql::ctx(cx), &year.to_string()).await)?.map(Bulletin))
    }
}

/// A bulletin to publish.
#[derive(Clone, Debug, InputObject)]
pub struct PublishBulletinInput {
    /// Of which year; it is over.
    year: i32,
}

/// What was published.
#[derive(SimpleObject)]
pub struct PublishBulletinPayload {
    /// The bulletin, which does not change from now on.
    bulletin: Bulletin,
}

impl PublishBulletinInput {
    /// Publishes it.
    pub async fn publish(self, cx: &Context<'_>) -> GqlResult<PublishBulletinPayload> {
        let bulletin = bulletins::publish(graphql::ctx(cx), &self.year.to_string()).await?;
        Ok(PublishBulletinPayload { bulletin: Bulletin(bulletin) })
    }
}

/// How an office is reached: never a person. A mobile number is refused.
#[derive(Clone, Debug, InputObject)]
pub struct ContactInput {
    /// The office.
    department: Option<String>,
    /// Its telephone: a landline.
    telephone: Option<String>,
    /// Its e-mail.
    email: Option<String>,
}

impl From<ContactInput> for Contact {
    fn from(contact: ContactInput) -> Self {
        let ContactInput { department, telephone, email } = contact;
        Self { department, telephone, email }
    }
}

/// An opportunity as it is stated, whole.
#[derive(Clone, Debug, InputObject)]
pub struct PostOpportunityInput {
    /// What is sought or offered.
    kind: OpportunityKind,
    /// Whether it is offered or sought.
    side: OpportunitySide,
    /// What it is called; up to 120 characters.
    title: String,
    /// What it says; up to 4,000 characters.
    text: Option<String>,
    /// Where, by the code of a city; the owner's where nothing is said.
    city: Option<String>,
    /// Six-digit codes of majors, at most 20.
    majors: Option<Vec<String>>,
    /// Majors in free words, at most 20.
    major_words: Option<Vec<String>>,
    /// The industry, in free words.
    industry: Option<String>,
    /// How many.
    headcount: Option<i32>,
    /// The last day (Asia/Shanghai) on which it stands; at most three years ahead.
    valid_until: Day,
    /// How its owner is reached; a telephone or an e-mail at least.
    contact: ContactInput,
}

impl From<PostOpportunityInput> for New {
    fn from(input: PostOpportunityInput) -> Self {
        use entity::words;
        Self {
            kind: words::OpportunityKind::from(input.kind).word().to_owned(),
            side: words::OpportunitySide::from(input.side).word().to_owned(),
            title: input.title,
            text: input.text.unwrap_or_default(),
            city: input.city,
            majors: input.majors.unwrap_or_default(),
            major_words: input.major_words.unwrap_or_default(),
            industry: input.industry,
            headcount: input.headcount.map(i64::from),
            valid_until: input.valid_until.0.to_string(),
            contact: input.contact.into(),
        }
    }
}

/// Which opportunity, and what it is to say.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeOpportunityInput {
    /// Its `id`, or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What it is to say, whole.
    opportunity: PostOpportunityInput,
}

/// Which opportunity.
#[derive(Clone, Debug, InputObject)]
pub struct OpportunityInput {
    /// Its `id`, or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
}

/// Which opportunity, and why not.
#[derive(Clone, Debug, InputObject)]
pub struct RefuseOpportunityInput {
    /// Its `id`, or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// Reaches the owner.
    reason: String,
}

/// Which opportunity, and what has come of it.
#[derive(Clone, Debug, InputObject)]
pub struct CloseOpportunityInput {
    /// Its `id`, or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What has come of it.
    outcome: OpportunityOutcome,
    /// How many were met; needed where only a part was.
    number: Option<i32>,
}

/// In which opportunity.
#[derive(Clone, Debug, InputObject)]
pub struct ExpressInterestInput {
    /// The `id` of the opportunity, or its key.
    opportunity: ID,
    /// What the other side is to know before it decides.
    note: Option<String>,
    /// How the interested side is reached: told once the owner has accepted.
    contact: ContactInput,
}

/// Which interest.
#[derive(Clone, Debug, InputObject)]
pub struct InterestInput {
    /// Its `id`, or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
}

/// Which interest, and why not.
#[derive(Clone, Debug, InputObject)]
pub struct DeclineInterestInput {
    /// Its `id`, or its key.
    id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// Reaches the interested side.
    reason: Option<String>,
}

/// What an opportunity has become.
#[derive(SimpleObject)]
pub struct OpportunityPayload {
    /// The opportunity as it now stands.
    opportunity: Opportunity,
}

/// What an interest has become.
#[derive(SimpleObject)]
pub struct InterestPayload {
    /// The interest as it now stands.
    interest: Interest,
}

/// Where the parts of an opportunity stand in its input.
fn placed(pointer: &str, within: &str) -> String {
    let names = [("major_words", "majorWords"), ("valid_until", "validUntil")];
    let pointer = names.iter().fold(pointer.to_owned(), |pointer, (rest, own)| pointer.replace(rest, own));
    format!("/input{within}{pointer}")
}

fn done(done: Result<entity::opportunity::Model, Error>, within: &str) -> GqlResult<OpportunityPayload> {
    let row = done.map_err(|error| relocated(error, |pointer| placed(pointer, within)))?;
    Ok(OpportunityPayload { opportunity: row.into() })
}

fn interested(done: Result<Known, Error>) -> GqlResult<InterestPayload> {
    let known = done.map_err(|error| -> GqlError { relocated(error, |pointer| placed(pointer, "")) })?;
    Ok(InterestPayload { interest: known.into() })
}

fn seen(if_match: Option<&String>) -> Option<Match> {
    if_match.map(|tag| Match::read(tag))
}

/// What is done to opportunities and interests.
#[derive(Default)]
pub struct OpportunitiesMutation;

#[Object]
impl OpportunitiesMutation {
    /// Publishes the bulletin of a year that is over, once: from then on it does not change.
    async fn publish_bulletin(
        &self,
        cx: &Context<'_>,
        input: PublishBulletinInput,
    ) -> GqlResult<PublishBulletinPayload> {
        input.publish(cx).await
    }

    /// Posts an opportunity. An enterprise's first waits for its city; everything else is published at once.
    async fn post_opportunity(&self, cx: &Context<'_>, input: PostOpportunityInput) -> GqlResult<OpportunityPayload> {
        done(opportunities::post(graphql::ctx(cx), input.into()).await, "")
    }

    /// States an opportunity anew, whole.
    async fn change_opportunity(
        &self,
        cx: &Context<'_>,
        input: ChangeOpportunityInput,
    ) -> GqlResult<OpportunityPayload> {
        let seen = seen(input.if_match.as_ref());
        let new = input.opportunity.into();
        done(opportunities::change(graphql::ctx(cx), &key(&input.id), new, seen.as_ref()).await, "/opportunity")
    }

    /// The city of the owner, or the province, publishes what waits.
    async fn approve_opportunity(&self, cx: &Context<'_>, input: OpportunityInput) -> GqlResult<OpportunityPayload> {
        let seen = seen(input.if_match.as_ref());
        done(opportunities::approve(graphql::ctx(cx), &key(&input.id), seen.as_ref()).await, "")
    }

    /// The city of the owner, or the province, refuses what waits, or takes down what should not stand.
    async fn refuse_opportunity(
        &self,
        cx: &Context<'_>,
        input: RefuseOpportunityInput,
    ) -> GqlResult<OpportunityPayload> {
        let seen = seen(input.if_match.as_ref());
        done(opportunities::refuse(graphql::ctx(cx), &key(&input.id), &input.reason, seen.as_ref()).await, "")
    }

    /// Its owner takes it back.
    async fn withdraw_opportunity(&self, cx: &Context<'_>, input: OpportunityInput) -> GqlResult<OpportunityPayload> {
        let seen = seen(input.if_match.as_ref());
        done(opportunities::withdraw(graphql::ctx(cx), &key(&input.id), seen.as_ref()).await, "")
    }

    /// Its owner says what has come of it.
    async fn close_opportunity(&self, cx: &Context<'_>, input: CloseOpportunityInput) -> GqlResult<OpportunityPayload> {
        let seen = seen(input.if_match.as_ref());
        let outcome = entity::words::OpportunityOutcome::from(input.outcome).word().to_owned();
        let close = Close { outcome, number: input.number.map(i64::from) };
        done(opportunities::close(graphql::ctx(cx), &key(&input.id), close, seen.as_ref()).await, "")
    }

    /// Says that the caller is interested in an opportunity of another; once for each.
    async fn express_interest(&self, cx: &Context<'_>, input: ExpressInterestInput) -> GqlResult<InterestPayload> {
        let express = Express { note: input.note, contact: input.contact.into() };
        interested(interests::express(graphql::ctx(cx), &key(&input.opportunity), express).await)
    }

    /// The owner of the opportunity says yes: from now on both sides may ask how the other is reached.
    async fn accept_interest(&self, cx: &Context<'_>, input: InterestInput) -> GqlResult<InterestPayload> {
        let seen = seen(input.if_match.as_ref());
        interested(interests::take(graphql::ctx(cx), &key(&input.id), Step::Accept, seen.as_ref()).await)
    }

    /// The owner of the opportunity says no.
    async fn decline_interest(&self, cx: &Context<'_>, input: DeclineInterestInput) -> GqlResult<InterestPayload> {
        let seen = seen(input.if_match.as_ref());
        interested(interests::take(graphql::ctx(cx), &key(&input.id), Step::Decline(input.reason), seen.as_ref()).await)
    }

    /// Who is interested takes it back, while nobody has answered.
    async fn withdraw_interest(&self, cx: &Context<'_>, input: InterestInput) -> GqlResult<InterestPayload> {
        let seen = seen(input.if_match.as_ref());
        interested(interests::take(graphql::ctx(cx), &key(&input.id), Step::Withdraw, seen.as_ref()).await)
    }
}

//! Consortia: who asks to join, who leaves, what they do, and how they overlap.

use async_graphql::{Context, InputObject, Object};

use crate::{
    domain::{
        consortia::{self, Activity, Apply, Decision, Filter},
        precondition::Match,
    },
    graphql::{
        self,
        error::{GqlResult, maybe, relocated},
        ids,
        limits::{self, SOME},
        paging::{self, Paging},
        scalars::Day,
        types::{
            application::{
                ConsortiumActivityPayload, ConsortiumApplication, ConsortiumApplicationConnection,
                ConsortiumApplicationPayload, ConsortiumOverview, LeaveConsortiumPayload,
            },
            words::{ApplicationState, MemberRole},
        },
        upkeep::of_input,
    },
};

/// Which applications. What is left out keeps all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ConsortiumApplicationFilter {
    /// Only to this consortium, by code.
    consortium: Option<String>,
    /// Only in these states.
    state: Option<Vec<ApplicationState>>,
}

/// Consortia together, and who wants to join one.
#[derive(Default)]
pub struct ConsortiaQuery;

#[Object]
impl ConsortiaQuery {
    /// How consortia are made up and overlap, and who is in none.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn consortium_overview<'a>(&self, cx: &Context<'a>) -> GqlResult<ConsortiumOverview<'a>> {
        Ok(ConsortiumOverview(graphql::registry(cx), consortia::overview(graphql::ctx(cx))?))
    }

    /// The caller's own applications and those to consortia that it leads, as they came; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn consortium_applications<'a>(
        &self,
        cx: &Context<'a>,
        filter: Option<ConsortiumApplicationFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<ConsortiumApplicationConnection<'a>> {
        let registry = graphql::registry(cx);
        let ask = Paging { first, after, ..Paging::default() }.ask(consortia::read_cursor)?;
        let filter = filter.unwrap_or_default();
        let state = filter.state.map(|states| states.into_iter().map(Into::into).collect());
        let filter = Filter { consortium: filter.consortium, state };
        let page = consortia::list(graphql::ctx(cx), &filter, &ask).await?;
        Ok(page.map(|row| ConsortiumApplication(registry, row)).into())
    }

    /// An application by its code or its id.
    async fn consortium_application<'a>(
        &self,
        cx: &Context<'a>,
        code: String,
    ) -> GqlResult<Option<ConsortiumApplication<'a>>> {
        let found = maybe(consortia::get(graphql::ctx(cx), &ids::key("ConsortiumApplication", &code)).await)?;
        Ok(found.map(|row| ConsortiumApplication(graphql::registry(cx), row)))
    }
}

/// An application to make.
#[derive(Clone, Debug, InputObject)]
pub struct ApplyToConsortiumInput {
    /// The consortium, by code.
    consortium: String,
    /// What its leads are to know.
    message: Option<String>,
}

/// A yes to an application.
#[derive(Clone, Debug, InputObject)]
pub struct AcceptConsortiumApplicationInput {
    /// The application, by code.
    application: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// `MEMBER` or `VICE_CHAIR`; `MEMBER` where nothing is said.
    role: Option<MemberRole>,
    /// The first day of the membership; today where nothing is said.
    joined_on: Option<Day>,
}

/// A no to an application.
#[derive(Clone, Debug, InputObject)]
pub struct RefuseConsortiumApplicationInput {
    /// The application, by code.
    application: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// Why; reaches the applicant.
    reason: String,
}

/// An application to take back.
#[derive(Clone, Debug, InputObject)]
pub struct WithdrawConsortiumApplicationInput {
    /// The application, by code.
    application: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
}

/// A consortium to leave.
#[derive(Clone, Debug, InputObject)]
pub struct LeaveConsortiumInput {
    /// The consortium, by code.
    consortium: String,
    /// The first day on which the organisation is a member no more; today where nothing is said.
    left_on: Option<Day>,
}

/// What a consortium has done.
#[derive(Clone, Debug, InputObject)]
pub struct AddConsortiumActivityInput {
    /// The consortium, by code.
    consortium: String,
    /// The day.
    held_on: Day,
    /// What it was.
    title: String,
    /// A word of the open list of kinds: `meeting`.
    kind: String,
    /// https addresses of what shows it.
    evidence: Option<Vec<String>>,
}

/// What is to be different about an activity; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeConsortiumActivityInput {
    /// The consortium, by code.
    consortium: String,
    /// The activity, by code.
    activity: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// The day.
    held_on: Option<Day>,
    /// What it was.
    title: Option<String>,
    /// A word of the open list of kinds: `meeting`.
    kind: Option<String>,
    /// https addresses of what shows it, all of them.
    evidence: Option<Vec<String>>,
}

fn seen(if_match: Option<String>) -> Option<Match> {
    if_match.as_deref().map(Match::read)
}

fn written(day: Day) -> String {
    day.0.to_string()
}

/// What is done to applications, memberships and activities.
#[derive(Default)]
pub struct ConsortiumChanges;

#[Object]
impl ConsortiumChanges {
    /// Asks to join a consortium, as the caller's own school or enterprise.
    async fn apply_to_consortium<'a>(
        &self,
        cx: &Context<'a>,
        input: ApplyToConsortiumInput,
    ) -> GqlResult<ConsortiumApplicationPayload<'a>> {
        let apply = Apply { consortium: input.consortium, message: input.message };
        let row = consortia::apply(graphql::ctx(cx), apply).await.map_err(|error| relocated(error, of_input))?;
        Ok(ConsortiumApplicationPayload::new(cx, row))
    }

    /// Takes an applicant into a consortium, as its lead.
    async fn accept_consortium_application<'a>(
        &self,
        cx: &Context<'a>,
        input: AcceptConsortiumApplicationInput,
    ) -> GqlResult<ConsortiumApplicationPayload<'a>> {
        let if_match = seen(input.if_match);
        let role = input.role.map(|role| entity::words::MemberRole::from(role).word().to_owned());
        let decision = Decision { role, joined_on: input.joined_on.map(written) };
        let taken = consortia::accept(graphql::ctx(cx), &input.application, decision, if_match.as_ref()).await;
        let (row, _) = taken.map_err(|error| relocated(error, of_input))?;
        Ok(ConsortiumApplicationPayload::new(cx, row))
    }

    /// Refuses an applicant, as the lead of the consortium, and says why.
    async fn refuse_consortium_application<'a>(
        &self,
        cx: &Context<'a>,
        input: RefuseConsortiumApplicationInput,
    ) -> GqlResult<ConsortiumApplicationPayload<'a>> {
        let if_match = seen(input.if_match);
        let row = consortia::refuse(graphql::ctx(cx), &input.application, input.reason, if_match.as_ref()).await;
        Ok(ConsortiumApplicationPayload::new(cx, row.map_err(|error| relocated(error, of_input))?))
    }

    /// Takes an application back before it is answered.
    async fn withdraw_consortium_application<'a>(
        &self,
        cx: &Context<'a>,
        input: WithdrawConsortiumApplicationInput,
    ) -> GqlResult<ConsortiumApplicationPayload<'a>> {
        let row = consortia::withdraw(graphql::ctx(cx), &input.application, seen(input.if_match).as_ref()).await?;
        Ok(ConsortiumApplicationPayload::new(cx, row))
    }

    /// Leaves a consortium, as the caller's own school or enterprise.
    async fn leave_consortium(
        &self,
        cx: &Context<'_>,
        input: LeaveConsortiumInput,
    ) -> GqlResult<LeaveConsortiumPayload> {
        let left = consortia::leave(graphql::ctx(cx), &input.consortium, input.left_on.map(written)).await;
        let row = left.map_err(|error| relocated(error, of_input))?;
        Ok(LeaveConsortiumPayload { left_on: row.left_on.map(Day) })
    }

    /// Enters what a consortium has done, as its lead.
    async fn add_consortium_activity<'a>(
        &self,
        cx: &Context<'a>,
        input: AddConsortiumActivityInput,
    ) -> GqlResult<ConsortiumActivityPayload<'a>> {
        let said = Activity {
            held_on: Some(written(input.held_on)),
            title: Some(input.title),
            kind: Some(input.kind),
            evidence: input.evidence,
        };
        let row = consortia::add_activity(graphql::ctx(cx), &input.consortium, said).await;
        Ok(row.map_err(|error| relocated(error, of_input))?.into())
    }

    /// Corrects what was entered of a consortium's activity, as its lead.
    async fn change_consortium_activity<'a>(
        &self,
        cx: &Context<'a>,
        input: ChangeConsortiumActivityInput,
    ) -> GqlResult<ConsortiumActivityPayload<'a>> {
        let if_match = seen(input.if_match);
        let said = Activity {
            held_on: input.held_on.map(written),
            title: input.title,
            kind: input.kind,
            evidence: input.evidence,
        };
        let (consortium, activity) = (&input.consortium, &input.activity);
        let row = consortia::change_activity(graphql::ctx(cx), consortium, activity, said, if_match.as_ref()).await;
        Ok(row.map_err(|error| relocated(error, of_input))?.into())
    }
}

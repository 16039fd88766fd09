//! Mutations: the verbs of REST, with one input each.

use async_graphql::{Context, Object, SimpleObject};

use super::collections::{
    ChangeCollectionInput, CollectionPayload, ExtendCollectionInput, ExtendCollectionPayload, OpenCollectionInput,
};
use super::people::{
    AccountPayload, AddAccountInput, AddClientInput, ChangeAccountInput, ChangeClientInput, ClientPayload,
    ResetAccountInput, RotateClientInput,
};
use super::tasks::{
    AddTargetInput, AddTaskInput, ChangeTargetInput, ChangeTaskInput, EvaluateTasksInput, EvaluateTasksPayload,
    JudgeTaskInput, JudgeTaskPayload, ReportTaskInput, ReportTaskPayload, TargetPayload, TaskPayload,
};
use crate::{
    domain::{
        claims, datasets, indicators, periods,
        precondition::Match,
        releases,
        reviews::{self, Step, Yes},
        rules,
        submissions::{self, Push, Pushed},
    },
    graphql::{
        self,
        error::{GqlResult, relocated},
        inputs::{
            AcceptSubmissionInput, AddRuleInput, ApproveSubmissionInput, ChangeRuleInput, CreateReleaseInput,
            PatchSubmissionInput, Places, PushSubmissionInput, RecallSubmissionInput, ReopenSubmissionInput,
            ReturnSubmissionInput, SubmitSubmissionInput, Table,
        },
        limits,
        types::{
            outcome::{ExplainClaimInput, ExplainClaimPayload},
            period::Period,
            release::Release,
            rule::Rule,
            submission::Submission,
            verdict::Verdict,
        },
        upkeep::{
            AddDatasetInput, AddIndicatorInput, AddPeriodInput, ChangeDatasetInput, ChangeIndicatorInput,
            DatasetPayload, IndicatorPayload, PeriodPayload, of_input,
        },
    },
};

/// What a push has done.
#[derive(SimpleObject)]
pub struct PushSubmissionPayload {
    /// The table as it now stands, or after a dry run would stand, with every finding.
    submission: Submission,
    /// The indicators that were there before and are not any more, by code.
    removed: Vec<String>,
    /// Whether there was no such table before.
    is_first: bool,
    /// The service's signed word that it has taken the table: a compact JWS.
    receipt: Option<String>,
}

impl From<Pushed> for PushSubmissionPayload {
    fn from(pushed: Pushed) -> Self {
        Self {
            receipt: pushed.table.receipt.clone(),
            submission: pushed.table.into(),
            removed: pushed.removed.into_iter().map(|code| code.0).collect(),
            is_first: pushed.is_first,
        }
    }
}

/// What a step of the review has done.
#[derive(SimpleObject)]
pub struct ReviewPayload {
    /// The table as it now stands, as far as it is this caller's to see.
    submission: Submission,
    /// Of a submit: the service's signed word that it has taken the table, a compact JWS.
    receipt: Option<String>,
}

/// What became of many tables.
#[derive(SimpleObject)]
pub struct VerdictsPayload {
    /// How many took the step.
    done: usize,
    /// How many did not.
    refused: usize,
    /// One for each table, in the order of the request.
    verdicts: Vec<Verdict>,
}

/// What a release has become.
#[derive(SimpleObject)]
pub struct CreateReleasePayload {
    /// The new release.
    release: Release,
}

/// What a rule has become.
#[derive(SimpleObject)]
pub struct RulePayload {
    /// The rule as it now stands.
    rule: Rule,
}

/// Where the parts of a rule stand in its input.
fn of_rule(pointer: &str) -> String {
    let names = [
        ("message_zh", "messageZh"),
        ("message_en", "messageEn"),
        ("valid_from", "validFrom"),
        ("valid_to", "validTo"),
    ];
    format!("/input{}", names.iter().fold(pointer.to_owned(), |pointer, (rest, own)| pointer.replace(rest, own)))
}

async fn store(cx: &Context<'_>, push: Push<'_>, places: Places) -> GqlResult<PushSubmissionPayload> {
    let pushed = submissions::push(graphql::ctx(cx), push).await;
    Ok(pushed.map_err(|error| relocated(error, |pointer| places.of(pointer)))?.into())
}

async fn take(cx: &Context<'_>, table: &Table, step: Step, to: impl Fn(&str) -> String) -> GqlResult<ReviewPayload> {
    let taken = reviews::take(graphql::ctx(cx), &table.key(), step, &table.precondition()).await;
    let mut table = taken.map_err(|error| relocated(error, to))?;
    Ok(ReviewPayload { receipt: table.receipt.take(), submission: table.into() })
}

async fn take_all(
    cx: &Context<'_>,
    yes: Yes,
    tables: impl Iterator<Item = Table> + Send,
) -> GqlResult<VerdictsPayload> {
    let tables = tables.map(|one| (one.key(), one.precondition())).collect();
    let verdicts = reviews::take_all(graphql::ctx(cx), yes, tables).await?;
    let verdicts: Vec<Verdict> = verdicts.into_iter().map(|(key, taken)| Verdict::new(key, taken)).collect();
    let done = verdicts.iter().filter(|one| one.is_done()).count();
    Ok(VerdictsPayload { done, refused: verdicts.len() - done, verdicts })
}

/// The words of a step stand in the input; a cell that is at fault stands in the stored table.
fn of_words(pointer: &str) -> String {
    if pointer.starts_with("/observations/") { pointer.to_owned() } else { format!("/input{pointer}") }
}

/// Everything that can be changed. The same verbs, checks and errors as REST.
#[derive(Default)]
pub struct Mutation;

/// Everything that can be changed. The same verbs, checks and errors as REST.
#[Object]
impl Mutation {
    /// States the whole table: what is left out is removed, and named in the answer. A well-formed table
    /// is stored as a draft with every finding.
    async fn push_submission(&self, cx: &Context<'_>, input: PushSubmissionInput) -> GqlResult<PushSubmissionPayload> {
        let (push, places) = input.into_push();
        store(cx, push, places).await
    }

    /// Changes cells of the table.
    async fn patch_submission(
        &self,
        cx: &Context<'_>,
        input: PatchSubmissionInput,
    ) -> GqlResult<PushSubmissionPayload> {
        let (push, places) = input.into_push();
        store(cx, push, places).await
    }

    /// Puts the table before its reviewer, with a word on each warning.
    async fn submit_submission(&self, cx: &Context<'_>, input: SubmitSubmissionInput) -> GqlResult<ReviewPayload> {
        let (table, step, codes) = input.into_step()?;
        take(cx, &table, step, |pointer| codes.of(pointer)).await
    }

    /// The school takes its table back: possible until a reviewer has acted.
    async fn recall_submission(&self, cx: &Context<'_>, input: RecallSubmissionInput) -> GqlResult<ReviewPayload> {
        take(cx, &input.into(), Step::Recall, of_words).await
    }

    /// First review of many tables, at most 200: each is approved in the state named with it, or says why not.
    #[graphql(complexity = "limits::times(tables.len(), child_complexity)")]
    async fn approve_submissions(
        &self,
        cx: &Context<'_>,
        tables: Vec<ApproveSubmissionInput>,
    ) -> GqlResult<VerdictsPayload> {
        take_all(cx, Yes::Approve, tables.into_iter().map(Table::from)).await
    }

    /// Second review of many tables, at most 200: each is accepted in the state named with it, or says why not.
    #[graphql(complexity = "limits::times(tables.len(), child_complexity)")]
    async fn accept_submissions(
        &self,
        cx: &Context<'_>,
        tables: Vec<AcceptSubmissionInput>,
    ) -> GqlResult<VerdictsPayload> {
        take_all(cx, Yes::Accept, tables.into_iter().map(Table::from)).await
    }

    /// First review: the city approves the state named in `ifMatch`.
    async fn approve_submission(&self, cx: &Context<'_>, input: ApproveSubmissionInput) -> GqlResult<ReviewPayload> {
        take(cx, &input.into(), Step::Approve, of_words).await
    }

    /// Either review: back to the school, with a reason and remarks on cells.
    async fn return_submission(&self, cx: &Context<'_>, input: ReturnSubmissionInput) -> GqlResult<ReviewPayload> {
        let (table, step) = input.into_step();
        take(cx, &table, step, of_words).await
    }

    /// Second review: the province accepts the state named in `ifMatch`.
    async fn accept_submission(&self, cx: &Context<'_>, input: AcceptSubmissionInput) -> GqlResult<ReviewPayload> {
        take(cx, &input.into(), Step::Accept, of_words).await
    }

    /// Opens an accepted table again, with a reason.
    async fn reopen_submission(&self, cx: &Context<'_>, input: ReopenSubmissionInput) -> GqlResult<ReviewPayload> {
        let (table, step) = input.into_step();
        take(cx, &table, step, of_words).await
    }

    /// Adds a validation rule.
    async fn add_rule(&self, cx: &Context<'_>, input: AddRuleInput) -> GqlResult<RulePayload> {
        let added = rules::add(graphql::ctx(cx), input.into()).await;
        Ok(RulePayload { rule: Rule(added.map_err(|error| relocated(error, of_rule))?) })
    }

    /// Changes a validation rule, or switches it on or off.
    async fn change_rule(&self, cx: &Context<'_>, input: ChangeRuleInput) -> GqlResult<RulePayload> {
        let (code, if_match) = (input.code.clone(), input.if_match.as_deref().map(Match::read));
        let changed = rules::change(graphql::ctx(cx), &code, input.into(), if_match.as_ref()).await;
        Ok(RulePayload { rule: Rule(changed.map_err(|error| relocated(error, of_rule))?) })
    }

    /// Opens a collection: the days within which schools report a table for a period.
    async fn open_collection(&self, cx: &Context<'_>, input: OpenCollectionInput) -> GqlResult<CollectionPayload> {
        input.open(cx).await
    }

    /// Changes the days of a collection.
    async fn change_collection(&self, cx: &Context<'_>, input: ChangeCollectionInput) -> GqlResult<CollectionPayload> {
        input.change(cx).await
    }

    /// Gives one school longer than the others, with a reason.
    async fn extend_collection(
        &self,
        cx: &Context<'_>,
        input: ExtendCollectionInput,
    ) -> GqlResult<ExtendCollectionPayload> {
        input.extend(cx).await
    }

    /// Announces a period before anything is reported for it.
    async fn add_period(&self, cx: &Context<'_>, input: AddPeriodInput) -> GqlResult<PeriodPayload> {
        let added = periods::add(graphql::ctx(cx), input.into()).await.map_err(|error| relocated(error, of_input))?;
        Ok(PeriodPayload { period: Period::of_row(&added)? })
    }

    /// Adds a table to the catalogue; its indicators are added one by one.
    async fn add_dataset(&self, cx: &Context<'_>, input: AddDatasetInput) -> GqlResult<DatasetPayload> {
        let ctx = graphql::ctx(cx);
        let added = datasets::add(ctx, input.into()).await.map_err(|error| relocated(error, of_input))?;
        Ok(DatasetPayload::new(ctx.memory.registry(), added))
    }

    /// Changes what is said of a table, or from when until when it is reported.
    async fn change_dataset(&self, cx: &Context<'_>, input: ChangeDatasetInput) -> GqlResult<DatasetPayload> {
        let (ctx, code, if_match) = (graphql::ctx(cx), input.code.clone(), input.if_match.as_deref().map(Match::read));
        let changed = datasets::change(ctx, &code, input.into(), if_match.as_ref()).await;
        let changed = changed.map_err(|error| relocated(error, of_input))?;
        Ok(DatasetPayload::new(ctx.memory.registry(), changed))
    }

    /// Adds an indicator to a table.
    async fn add_indicator(&self, cx: &Context<'_>, input: AddIndicatorInput) -> GqlResult<IndicatorPayload> {
        let ctx = graphql::ctx(cx);
        let added = indicators::add(ctx, input.into()).await.map_err(|error| relocated(error, of_input))?;
        Ok(IndicatorPayload::new(ctx.memory.registry(), added.line))
    }

    /// Corrects an indicator, or says what holds from a period on.
    async fn change_indicator(&self, cx: &Context<'_>, input: ChangeIndicatorInput) -> GqlResult<IndicatorPayload> {
        let (ctx, code, if_match) = (graphql::ctx(cx), input.code.clone(), input.if_match.as_deref().map(Match::read));
        let changed = indicators::change(ctx, &code, input.into(), if_match.as_ref()).await;
        let changed = changed.map_err(|error| relocated(error, of_input))?;
        Ok(IndicatorPayload::new(ctx.memory.registry(), changed.line))
    }

    /// Adds a person who signs in. The answer has the first password, this once.
    async fn add_account(&self, cx: &Context<'_>, input: AddAccountInput) -> GqlResult<AccountPayload> {
        input.add(cx).await
    }

    /// Changes, disables or enables a person. Who is disabled or acts for another one is out at once.
    async fn change_account(&self, cx: &Context<'_>, input: ChangeAccountInput) -> GqlResult<AccountPayload> {
        input.change(cx).await
    }

    /// Gives a person another password, told this once. Its sessions end, and a lock.
    async fn reset_account(&self, cx: &Context<'_>, input: ResetAccountInput) -> GqlResult<AccountPayload> {
        input.reset(cx).await
    }

    /// Adds a service account. The answer has its secret, this once.
    async fn add_client(&self, cx: &Context<'_>, input: AddClientInput) -> GqlResult<ClientPayload> {
        input.add(cx).await
    }

    /// Changes, disables or enables a service account.
    async fn change_client(&self, cx: &Context<'_>, input: ChangeClientInput) -> GqlResult<ClientPayload> {
        input.change(cx).await
    }

    /// Gives a service account another secret, told this once.
    async fn rotate_client(&self, cx: &Context<'_>, input: RotateClientInput) -> GqlResult<ClientPayload> {
        input.rotate(cx).await
    }

    /// Says why two printed figures contradict each other; the report prints it below its tables.
    async fn explain_claim(&self, cx: &Context<'_>, input: ExplainClaimInput) -> GqlResult<ExplainClaimPayload> {
        let row = claims::explain(graphql::ctx(cx), input.into()).await;
        let row = row.map_err(|error| relocated(error, |pointer| format!("/input{pointer}")))?;
        Ok(ExplainClaimPayload { explanation: (&row).into() })
    }

    /// Builds a release from everything that is accepted.
    async fn create_release(&self, cx: &Context<'_>, input: CreateReleaseInput) -> GqlResult<CreateReleasePayload> {
        let made = releases::create(graphql::ctx(cx), input.into()).await;
        let named = |pointer: &str| format!("/input{}", pointer.replace("publish_at", "publishAt"));
        let made = made.map_err(|error| relocated(error, named))?;
        Ok(CreateReleasePayload { release: Release(made) })
    }

    /// Adds a task to a city's list: the province to any, a city to its own.
    async fn add_task(&self, cx: &Context<'_>, input: AddTaskInput) -> GqlResult<TaskPayload> {
        input.add(cx).await
    }

    /// Changes what is said of a task; what is left out stays.
    async fn change_task(&self, cx: &Context<'_>, input: ChangeTaskInput) -> GqlResult<TaskPayload> {
        input.change(cx).await
    }

    /// Says how far a task is: whoever is to do it.
    async fn report_task(&self, cx: &Context<'_>, input: ReportTaskInput) -> GqlResult<ReportTaskPayload> {
        input.report(cx).await
    }

    /// Judges a task, or gives it back: the level above, by the state that it has seen.
    async fn judge_task(&self, cx: &Context<'_>, input: JudgeTaskInput) -> GqlResult<JudgeTaskPayload> {
        input.judge(cx).await
    }

    /// Evaluates the tasks and targets of a year, once: the level above.
    async fn evaluate_tasks(&self, cx: &Context<'_>, input: EvaluateTasksInput) -> GqlResult<EvaluateTasksPayload> {
        input.evaluate(cx).await
    }

    /// Adds a target: of the province, of a city, or of a school.
    async fn add_target(&self, cx: &Context<'_>, input: AddTargetInput) -> GqlResult<TargetPayload> {
        input.add(cx).await
    }

    /// Changes a target; what is left out stays.
    async fn change_target(&self, cx: &Context<'_>, input: ChangeTargetInput) -> GqlResult<TargetPayload> {
        input.change(cx).await
    }
}

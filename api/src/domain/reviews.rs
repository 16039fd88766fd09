//! The steps of a review: submit, recall, approve, return, accept, reopen.
//!
//! One state machine for all of them: a reviewer approves a hash, not "the current state",
//! and whatever is not drawn in the diagram is refused with the state it met.

use std::collections::BTreeMap;

use entity::{
    school, submission, transition,
    words::{Affiliation, Severity, SubmissionState as State},
};
use sea_orm::EntityTrait;
use serde_json::json;

use super::{
    checks, collections,
    journal::{self, Event},
    precondition::Precondition,
    reasons::{said, unfit},
    receipts::{self, Stated},
    submissions::{self, Content, Key, Remark, Table, Taken, Words},
};
use crate::{
    authz::{self, Action, Kind, Role},
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
    formats::document::{pointer, sha256},
    memory::registry::Registry,
    telemetry,
};

/// A step, and the words that go with it.
#[derive(Clone, Debug)]
pub enum Step {
    /// The school puts the table before its reviewer, with a word on each warning.
    Submit {
        /// By the code of the finding.
        justifications: BTreeMap<String, String>,
    },
    /// The school takes its table back before a reviewer has acted.
    Recall,
    /// The city says yes.
    Approve,
    /// The city or the province says no.
    Return {
        /// Why.
        reason: String,
        /// What is wrong where.
        remarks: Vec<Remark>,
    },
    /// The province says yes.
    Accept,
    /// The province opens an accepted table again.
    Reopen {
        /// Why.
        reason: String,
    },
}

impl Step {
    const fn action(&self) -> Action {
        match self {
            // Whoever may put it there may take it back.
            Self::Submit { .. } | Self::Recall => Action::Submit,
            Self::Approve => Action::Approve,
            Self::Return { .. } => Action::Return,
            Self::Accept => Action::Accept,
            Self::Reopen { .. } => Action::Reopen,
        }
    }

    const fn event(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "submission.submitted",
            Self::Recall => "submission.recalled",
            Self::Approve => "submission.approved",
            Self::Return { .. } => "submission.returned",
            Self::Accept => "submission.accepted",
            Self::Reopen { .. } => "submission.reopened",
        }
    }

    const fn verb(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "submit",
            Self::Recall => "recall",
            Self::Approve => "approve",
            Self::Return { .. } => "return",
            Self::Accept => "accept",
            Self::Reopen { .. } => "reopen",
        }
    }

    /// Whether the caller must say which state it has seen: a yes binds to a hash.
    const fn binds(&self) -> bool {
        matches!(self, Self::Submit { .. } | Self::Approve | Self::Accept)
    }

    /// The state that the step leads to, from a state and for a role; nothing where the diagram has no arrow.
    const fn leads(&self, role: Role, from: State, affiliation: Affiliation) -> Option<State> {
        let direct = matches!(affiliation, Affiliation::Province);
        match (self, role, from) {
            (Self::Submit { .. }, Role::School, State::Draft | State::Returned) => Some(State::Submitted),
            // A city's yes makes it approved, so what is still submitted nobody has acted on.
            (Self::Recall, Role::School, State::Submitted) => Some(State::Draft),
            (Self::Approve, Role::City, State::Submitted) if !direct => Some(State::Approved),
            (Self::Return { .. }, Role::City, State::Submitted) if !direct => Some(State::Returned),
            (Self::Return { .. }, Role::Province, State::Approved) => Some(State::Returned),
            (Self::Return { .. }, Role::Province, State::Submitted) if direct => Some(State::Returned),
            (Self::Accept, Role::Province, State::Approved) => Some(State::Accepted),
            (Self::Accept, Role::Province, State::Submitted) if direct => Some(State::Accepted),
            (Self::Reopen { .. }, Role::Province, State::Accepted) => Some(State::Returned),
            _ => None,
        }
    }

    /// The words that the transition keeps: a reason, and the others.
    fn words(&self) -> (Option<&str>, Words) {
        match self {
            Self::Submit { justifications } => {
                (None, Words { justifications: justifications.clone(), ..Words::default() })
            }
            Self::Return { reason, remarks } => (Some(reason), Words { cells: remarks.clone(), ..Words::default() }),
            Self::Reopen { reason } => (Some(reason), Words::default()),
            Self::Recall | Self::Approve | Self::Accept => (None, Words::default()),
        }
    }
}

/// Takes a step of the review.
///
/// # Errors
/// In this order: 404, 403 (for the school also while its collection is not open), 412 or 428, 409 where the
/// diagram has no such arrow, 422 with everything that is wrong with the words or the table.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), school.code = %key.school, step = step.verb()))]
pub async fn take(ctx: &Ctx, key: &Key, step: Step, precondition: &Precondition) -> Result<Table> {
    let registry = ctx.memory.registry();
    let tx = ctx.begin().await?;
    let old = ctx.one::<submission::Entity>(&tx, step.action(), key.is()).await?;
    let school = registry.schools.get(key.school.as_str()).ok_or(Error::NotFound(Kind::Submission))?;

    if matches!(step, Step::Submit { .. } | Step::Recall) {
        // The steps of the review are no writes of the school's, and go on when a collection is closed.
        collections::expect_open(ctx, &tx, key).await?;
    }
    let tell = authz::sees_values(ctx.actor.role, old.state, school.affiliation);
    // A reviewer who does not see the values yet learns of the state, not of a tag.
    if tell {
        precondition.check(Some(&old), step.binds(), tell)?;
    }
    let Some(to) = step.leads(ctx.actor.role, old.state, school.affiliation) else {
        return Err(no_arrow(&step, &old, school));
    };
    let content = submissions::contents(ctx, &tx, std::slice::from_ref(&old)).await?.remove(key);
    let mut content = content.ok_or_else(|| Error::internal("a step on a table whose values are hidden"))?;
    if matches!(step, Step::Submit { .. }) {
        // The school may have stated its other tables since the push.
        let judged = submissions::judge(ctx, &tx, key, &content.cells).await?;
        if judged.findings != content.findings {
            submissions::renote(ctx, &tx, &old, &judged.findings).await?;
        }
        content = Content { findings: judged.findings, skipped: Some(judged.skipped), ..content };
    }
    let problems = problems(&registry, key, &step, &content);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }

    let new = submission::Model {
        state: to,
        version: old.version + 1,
        submitted_revision: if to == State::Submitted { Some(old.revision) } else { old.submitted_revision },
        approved_revision: if to == State::Approved { Some(old.revision) } else { old.approved_revision },
        accepted_revision: if to == State::Accepted { Some(old.revision) } else { old.accepted_revision },
        updated_at: now(),
        ..old.clone()
    };
    submissions::replace(ctx, &tx, &old, &new).await?;
    let (reason, words) = step.words();
    let taken = transition::Model {
        school_code: new.school_code.clone(),
        dataset_code: new.dataset_code.clone(),
        period_code: new.period_code.clone(),
        version: new.version,
        revision: new.revision,
        from_state: old.state,
        to_state: new.state,
        actor: ctx.actor.subject.clone(),
        reason: reason.map(str::to_owned),
        words: words.kept(),
        at: new.updated_at,
    };
    transition::Entity::insert(transition::ActiveModel::from(taken.clone())).exec_without_returning(&tx).await?;
    let receipt = match step {
        Step::Submit { .. } => {
            let stated = Stated::of(&new, content.cells.len(), &content.findings);
            Some(receipts::of(ctx, step.event(), new.updated_at, &stated)?)
        }
        _ => None,
    };
    let mut data = json!({ "revision": new.revision, "from": old.state.word(), "to": new.state.word() });
    if let (Some(receipt), Some(members)) = (&receipt, data.as_object_mut()) {
        members.insert("receipt".to_owned(), json!(sha256(receipt)));
    }
    journal::record(
        &tx,
        ctx,
        Event {
            action: step.event(),
            object: key.object(),
            school: Some(key.school.as_str()),
            before: Some(&old.content_hash),
            after: Some(&new.content_hash),
            data,
            ..Event::default()
        },
    )
    .await?;
    tx.commit().await?;
    telemetry::count_submission(step.verb());
    let sees = submissions::sees_values(ctx, &registry, &new);
    let content = Content { last_step: Some(Taken::read(taken)?), ..content };
    Ok(Table { row: new, content: Some(content).filter(|_| sees), receipt, is_dry_run: false })
}

/// The most tables that are judged in one call.
pub const MOST: usize = 200;

/// Says yes to many tables, each bound to the state that was seen: a verdict for each, in the same order.
///
/// Each table is a transaction of its own, so that one refusal holds up no other.
///
/// # Errors
/// 401 and 403 as for one; 422 where there are none or too many.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), step = yes.step().verb(), tables = tables.len()))]
pub async fn take_all(ctx: &Ctx, yes: Yes, tables: Vec<(Key, Precondition)>) -> Result<Vec<(Key, Result<Table>)>> {
    ctx.known(Kind::Submission)?;
    ctx.require(yes.step().action(), Kind::Submission)?;
    if tables.is_empty() || tables.len() > MOST {
        let message = Text::new(format!("一次须列出 1 至 {MOST} 张报表"), format!("One call names 1 to {MOST} tables"));
        let many = Finding::error("how_many", "/tables", message).with(format!("1–{MOST}"), tables.len().to_string());
        return Err(Error::Invalid(vec![many]));
    }
    let mut verdicts = Vec::with_capacity(tables.len());
    for (key, precondition) in tables {
        let verdict = take(ctx, &key, yes.step(), &precondition).await;
        verdicts.push((key, verdict));
    }
    Ok(verdicts)
}

/// A step that needs no words, and can be taken for many tables at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yes {
    /// See [`Step::Approve`].
    Approve,
    /// See [`Step::Accept`].
    Accept,
}

impl Yes {
    const fn step(self) -> Step {
        match self {
            Self::Approve => Step::Approve,
            Self::Accept => Step::Accept,
        }
    }
}

fn no_arrow(step: &Step, row: &submission::Model, school: &school::Model) -> Error {
    let state = row.state.word();
    let direct = matches!(school.affiliation, Affiliation::Province);
    if direct && matches!(step, Step::Approve) {
        return Error::Conflict(Text::new(
            "该校隶属省级，由省级直接审核",
            "The school is the province's own and is reviewed by the province directly",
        ));
    }
    Error::Conflict(Text::new(
        format!("填报处于 {state} 状态，不能执行 {}", step.verb()),
        format!("The table is {state}; `{}` is not possible from there", step.verb()),
    ))
}

/// Everything that is wrong with a step's words, and for a submit with the table.
fn problems(registry: &Registry, key: &Key, step: &Step, content: &Content) -> Vec<Finding> {
    match step {
        Step::Submit { justifications } => {
            let mut problems: Vec<Finding> =
                content.findings.iter().filter(|one| one.severity == Severity::Error).cloned().collect();
            problems.extend(checks::missing(registry, key.dataset.as_str(), key.period.as_str(), &content.cells));
            let warnings: Vec<&Finding> =
                content.findings.iter().filter(|one| one.severity == Severity::Warning).collect();
            for warning in &warnings {
                let said = justifications.get(&warning.code).map(|text| text.trim()).unwrap_or_default();
                if said.is_empty() {
                    let mut problem = (*warning).clone();
                    problem.message = Text::new(
                        format!("{}；请在 justifications[\"{}\"] 中说明原因", warning.message.zh, warning.code),
                        format!("{}; say why in justifications[\"{}\"]", warning.message.en, warning.code),
                    );
                    problems.push(problem);
                }
            }
            for (code, text) in justifications {
                let at = format!("/justifications/{}", pointer(code));
                if !warnings.iter().any(|warning| warning.code == *code) {
                    problems.push(Finding::error(
                        "unknown_justification",
                        &at,
                        Text::new(format!("没有名为“{code}”的警告"), format!("There is no warning `{code}`")),
                    ));
                }
                problems.extend(unfit(&at, text));
            }
            problems
        }
        Step::Return { reason, remarks } => {
            let mut problems = Vec::from_iter(said("/reason", reason));
            for (at, remark) in remarks.iter().enumerate() {
                if registry.indicators.get(&remark.indicator).is_none_or(|line| line.dataset_code != key.dataset) {
                    problems.push(
                        Finding::error(
                            "unknown_indicator",
                            format!("/cells/{at}/indicator"),
                            Text::new(
                                format!("报表“{}”没有指标“{}”", key.dataset, remark.indicator),
                                format!("Table `{}` has no indicator `{}`", key.dataset, remark.indicator),
                            ),
                        )
                        .with(key.dataset.as_str(), remark.indicator.as_str()),
                    );
                }
                problems.extend(said(&format!("/cells/{at}/remark"), &remark.remark));
            }
            problems
        }
        Step::Reopen { reason } => Vec::from_iter(said("/reason", reason)),
        Step::Recall | Step::Approve | Step::Accept => Vec::new(),
    }
}

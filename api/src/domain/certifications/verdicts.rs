//! Verdicts on teachers: the city, the agency and the province, each in its turn. [`Verdict::leads`] is the whole
//! state machine.

use entity::{
    teacher_certification as certification,
    words::{TeacherCertificationState as State, TeacherCertificationStep as Step},
};

use super::{certificates, day, in_order, reason, teachers};
use crate::{
    authz::{Action, Role},
    ctx::Ctx,
    domain::{faults::Faults, precondition::Match},
    error::Result,
};

/// What is said of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes: on to the next, or the certificate. The province may state its last day.
    Approve {
        /// Written like `2026-12-31`.
        valid_until: Option<String>,
    },
    /// Back to the school, to be corrected.
    Return(String),
    /// No.
    Refuse(String),
    /// The certificate is taken away.
    Revoke(String),
}

impl Verdict {
    /// What the table of rights calls it: the last yes is the province's.
    const fn action(&self, role: Role) -> Action {
        match self {
            Self::Approve { .. } if matches!(role, Role::Province) => Action::Accept,
            Self::Approve { .. } => Action::Approve,
            Self::Return(_) | Self::Refuse(_) => Action::Return,
            Self::Revoke(_) => Action::Reopen,
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Approve { .. } => None,
            Self::Return(reason) | Self::Refuse(reason) | Self::Revoke(reason) => Some(reason),
        }
    }

    /// Where it leads, for a role; nothing where it cannot be taken.
    ///
    /// An appeal stands in the state `province` with the step that was refused: a yes takes that step as passed, so
    /// what the city has refused still goes to the agency. A no is the last word, and nothing is returned.
    pub fn leads(&self, role: Role, from: State, appealed: Option<Step>) -> Option<State> {
        match (self, role, from) {
            (Self::Approve { .. }, Role::City, State::City) => Some(State::Agency),
            (Self::Approve { .. }, Role::Agency, State::Agency) => Some(State::Province),
            (Self::Approve { .. }, Role::Province, State::Province) => match appealed {
                Some(Step::City) => Some(State::Agency),
                Some(Step::Agency | Step::Province) | None => Some(State::Certified),
            },
            (Self::Return(_), Role::City, State::City) | (Self::Return(_), Role::Agency, State::Agency) => {
                Some(State::Returned)
            }
            (Self::Return(_), Role::Province, State::Province) if appealed.is_none() => Some(State::Returned),
            (Self::Refuse(_), Role::City, State::City)
            | (Self::Refuse(_), Role::Agency, State::Agency)
            | (Self::Refuse(_), Role::Province, State::Province) => Some(State::Refused),
            (Self::Revoke(_), Role::Province, State::Certified) => Some(State::Revoked),
            _ => None,
        }
    }
}

/// The step that a role takes.
const fn step(role: Role) -> Option<Step> {
    match role {
        Role::City => Some(Step::City),
        Role::Agency => Some(Step::Agency),
        Role::Province => Some(Step::Province),
        Role::Public | Role::System | Role::Admin | Role::Auditor | Role::School | Role::Enterprise | Role::Analyst => {
            None
        }
    }
}

/// Says what is to become of an application.
///
/// # Errors
/// In this order: 404, 403, 428, 412, 409 where the state does not allow it or nobody evaluates the major category,
/// 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn judge(ctx: &Ctx, text: &str, said: Verdict, if_match: Option<&Match>) -> Result<certification::Model> {
    let tx = ctx.begin().await?;
    let old = teachers::one(ctx, &tx, said.action(ctx.actor.role), text).await?;
    Match::judge(if_match, teachers::etag(&old))?;
    let appealed = old.step.filter(|_| old.is_appealed);
    let to = said.leads(ctx.actor.role, old.state, appealed).ok_or_else(|| teachers::unfit_state(&old))?;
    let mut faults = Faults::default();
    if let Some(text) = said.reason() {
        reason(text, &mut faults);
    }
    let today = ctx.actor.today();
    let mut valid_until = None;
    if let Verdict::Approve { valid_until: Some(text) } = &said {
        valid_until = day("/valid_until", text, &mut faults);
        in_order("/valid_until", Some(today), valid_until, &mut faults);
        if to != State::Certified {
            let said = ("有效期由省级审定时确定", "The province states how long it is valid, with its own yes");
            faults.add("not_yet", "/valid_until", said, "", text.as_str());
        }
    }
    faults.verdict()?;
    let mut row = certification::Model { reason: said.reason().map(str::to_owned), ..old.clone() };
    row.step = match to {
        State::Returned | State::Refused => step(ctx.actor.role),
        State::City | State::Agency | State::Province | State::Certified | State::Revoked => None,
    };
    teachers::enter(ctx, &tx, &mut row, to).await?;
    match to {
        State::Certified => certificates::issue(ctx, &tx, &row, valid_until).await?,
        State::Revoked => certificates::revoke(ctx, &tx, &row).await?,
        State::City | State::Agency | State::Province | State::Returned | State::Refused => {}
    }
    let row = teachers::replace(ctx, &tx, &old, row).await?;
    let event = match to {
        State::Certified => "teacher_certification.certified",
        State::Revoked => "teacher_certification.revoked",
        State::Returned => "teacher_certification.returned",
        State::Refused => "teacher_certification.refused",
        State::City | State::Agency | State::Province => "teacher_certification.approved",
    };
    teachers::note(ctx, &tx, event, Some(&old), &row, row.reason.clone()).await?;
    tx.commit().await?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_one_taker_and_leads_where_it_says() {
        let yes = || Verdict::Approve { valid_until: None };
        let (back, no, away) =
            (Verdict::Return(String::new()), Verdict::Refuse(String::new()), Verdict::Revoke(String::new()));
        let expected = |verdict: &Verdict, role: Role, from: State, appealed: Option<Step>| match (verdict, role, from)
        {
            (Verdict::Approve { .. }, Role::City, State::City) => Some(State::Agency),
            (Verdict::Approve { .. }, Role::Agency, State::Agency) => Some(State::Province),
            (Verdict::Approve { .. }, Role::Province, State::Province) if appealed == Some(Step::City) => {
                Some(State::Agency)
            }
            (Verdict::Approve { .. }, Role::Province, State::Province) => Some(State::Certified),
            (Verdict::Revoke(_), Role::Province, State::Certified) => Some(State::Revoked),
            (Verdict::Return(_), Role::Province, State::Province) if appealed.is_some() => None,
            (Verdict::Return(_), Role::City, State::City)
            | (Verdict::Return(_), Role::Agency, State::Agency)
            | (Verdict::Return(_), Role::Province, State::Province) => Some(State::Returned),
            (Verdict::Refuse(_), Role::City, State::City)
            | (Verdict::Refuse(_), Role::Agency, State::Agency)
            | (Verdict::Refuse(_), Role::Province, State::Province) => Some(State::Refused),
            _ => None,
        };
        let mut led = 0;
        for verdict in [yes(), back, no, away] {
            for role in Role::ALL {
                for from in State::ALL {
                    for appealed in [None, Some(Step::City), Some(Step::Agency), Some(Step::Province)] {
                        let to = verdict.leads(*role, *from, appealed);
                        assert_eq!(to, expected(&verdict, *role, *from, appealed), "{verdict:?} {role:?} {from:?}");
                        led += usize::from(to.is_some());
                    }
                }
            }
        }
        assert_eq!(led, 12 + 9 + 12 + 4);
    }
}

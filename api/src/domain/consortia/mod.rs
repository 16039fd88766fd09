//! Consortia: who asks to join, what the leads say, who leaves, what they do, and how they overlap.
//!
//! A lead is a school or an enterprise whose present role is `lead` or `co_lead`. Where none of them has an account
//! or a client here, the province decides in their stead.

mod activities;
mod applications;
mod overview;

use std::collections::HashSet;

use entity::{account, client, consortium_member, words, words::MemberRole};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, PaginatorTrait, QueryFilter};

pub use self::{
    activities::{Activity, add as add_activity, change as change_activity},
    applications::{
        Apply, Decision, Filter, Place, accept, apply, cursor, etag, get, leave, list, place, read_cursor, refuse,
        withdraw,
    },
    overview::{Composition, Overlap, Overview, overview},
};
pub(crate) use super::partnerships::evidence_of;
use crate::{
    authz::{Actor, Role},
    ctx::Ctx,
    error::{Error, Result, Text},
};

/// Whether a member leads.
const fn leads(row: &consortium_member::Model) -> bool {
    matches!(row.role, MemberRole::Lead | MemberRole::CoLead)
}

/// Whether a member is the caller's own organisation.
fn is_own(ctx: &Ctx, row: &consortium_member::Model) -> bool {
    match ctx.actor.role {
        Role::School => row.school_code.as_ref().is_some_and(|code| *code == ctx.actor.org()),
        Role::Enterprise => row.enterprise_code.as_ref().is_some_and(|code| *code == ctx.actor.org()),
        _ => false,
    }
}

/// Refuses whoever does not lead a consortium: its leads, or the province where none of them has an account.
///
/// # Errors
/// 403 with who could.
async fn expect_lead(ctx: &Ctx, db: &impl ConnectionTrait, consortium: &str) -> Result<()> {
    let registry = ctx.memory.registry();
    let leading: Vec<&consortium_member::Model> =
        registry.members.of(consortium).filter(|row| row.consortium_code == consortium && leads(row)).collect();
    if leading.iter().any(|row| is_own(ctx, row)) {
        return Ok(());
    }
    let is_there = has_account(ctx, db, &leading).await?;
    if ctx.actor.role == Role::Province && !is_there {
        return Ok(());
    }
    Err(Error::Forbidden(if is_there {
        Text::new(
            "由该联合体的牵头单位（SCHOOL 或 ENTERPRISE）办理",
            "This is for the leads of the consortium (SCHOOL or ENTERPRISE)",
        )
    } else {
        Text::new(
            "该联合体的牵头单位在平台上没有账号，由省级（PROVINCE）代为办理",
            "No lead of the consortium has an account here: the province (PROVINCE) acts in their stead",
        )
    }))
}

/// Whether anybody can sign in for one of some members.
async fn has_account(ctx: &Ctx, db: &impl ConnectionTrait, members: &[&consortium_member::Model]) -> Result<bool> {
    let schools: HashSet<&str> = members.iter().filter_map(|row| Some(row.school_code.as_ref()?.as_str())).collect();
    let enterprises: HashSet<&str> =
        members.iter().filter_map(|row| Some(row.enterprise_code.as_ref()?.as_str())).collect();
    if schools.is_empty() && enterprises.is_empty() {
        return Ok(false);
    }
    // That there is one is all that is taken from it.
    let system = ctx.as_(Actor::system("consortium-leads"));
    let accounts = {
        use account::Column as C;
        let of = |role: words::Role, orgs: &HashSet<&str>| {
            Condition::all().add(C::Role.eq(role)).add(C::Org.is_in(orgs.iter().copied()))
        };
        let any =
            Condition::any().add(of(words::Role::School, &schools)).add(of(words::Role::Enterprise, &enterprises));
        system.visible::<account::Entity>().filter(C::IsDisabled.eq(false)).filter(any).count(db).await?
    };
    if accounts > 0 {
        return Ok(true);
    }
    use client::Column as C;
    let of = |role: words::Role, orgs: &HashSet<&str>| {
        Condition::all().add(C::Role.eq(role)).add(C::Org.is_in(orgs.iter().copied()))
    };
    let any = Condition::any().add(of(words::Role::School, &schools)).add(of(words::Role::Enterprise, &enterprises));
    Ok(system.visible::<client::Entity>().filter(C::IsDisabled.eq(false)).filter(any).count(db).await? > 0)
}

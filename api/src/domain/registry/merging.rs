//! Merging two entries that are one: the one is kept, the other's name becomes another name of it, and everything
//! that hung on the other hangs on it. The other's row stays, its code is never used again and leads on.

use entity::{
    account, alias, client, consortium_member, duplicate_decision,
    ids::{ConsortiumCode, EnterpriseCode, InstitutionCode, RowId},
    partnership, webhook,
    words::{DuplicateVerdict, EntityType, EntryKind},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    Change, Entry, belongings,
    duplicates::{Decide, judged},
    note, require_official,
    ties::member,
    told,
};
use crate::{
    authz::{self, Actor},
    ctx::Ctx,
    db::now,
    domain::{
        catalogue,
        journal::{self, Event},
    },
    error::{Error, Result},
    memory::{
        self, Thing,
        registry::{Registry, Term},
    },
};

/// What a merge has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// What the two were.
    pub kind: EntryKind,
    /// The code that is kept.
    pub kept: String,
    /// The code that leads to it from now on.
    pub gone: String,
    /// How many memberships, partnerships, other names, applications, postings, accounts and the like have moved.
    pub moved: u64,
}

/// Merges two entries.
///
/// # Errors
/// 401, 403, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn merge(ctx: &Ctx, decide: Decide) -> Result<Merged> {
    require_official(ctx)?;
    let (tx, registry) = catalogue::begin(ctx).await?;
    let (kind, kept, gone) = judged(&registry, &decide)?;
    let today = super::ask::Ask::new(&registry, super::Said::new(), ctx.actor.at).today;

    let names = own_name(&tx, ctx, &registry, (kind, &kept, &gone), decide.reason.as_deref(), today).await?;
    let members = members(&tx, ctx, &registry, (kind, &kept, &gone), today).await?;
    let rest = match kind {
        EntryKind::Enterprise => {
            partners(&tx, &kept, &gone).await?
                + belongings::carry(&tx, &kept, &gone).await?
                + holders(&tx, ctx, &kept, &gone).await?
        }
        EntryKind::Institution => institutions(&tx, &kept, &gone).await?,
        EntryKind::Consortium => belongings::carry_consortium(&tx, &kept, &gone).await?,
        _ => 0,
    };
    let moved = names + members + rest;

    let row = duplicate_decision::Model {
        id: RowId(Uuid::now_v7()),
        kind,
        code: gone.clone(),
        other_code: kept.clone(),
        verdict: DuplicateVerdict::Merged,
        reason: decide.reason.clone(),
        decided_by: ctx.actor.subject.clone(),
        decided_at: now(),
    };
    duplicate_decision::Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
    let data = json!({
        "kind": kind.word(), "kept": kept, "gone": gone, "moved": moved, "reason": decide.reason,
    });
    let object = format!("{}/{gone}", kind.word());
    journal::record(&tx, ctx, Event { action: "registry.merged", object, data, ..Event::default() }).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(Merged { kind, kept, gone, moved })
}

const fn entity_type(kind: EntryKind) -> EntityType {
    match kind {
        EntryKind::Institution => EntityType::Institution,
        EntryKind::Consortium => EntityType::Consortium,
        _ => EntityType::Enterprise,
    }
}

fn name_of<'a>(registry: &'a Registry, kind: EntryKind, code: &str) -> Option<&'a str> {
    match kind {
        EntryKind::Enterprise => registry.enterprises.get(code).map(|row| row.name.as_str()),
        EntryKind::Institution => registry.institutions.get(code).map(|row| row.name.as_str()),
        EntryKind::Consortium => registry.consortia.get(code).map(|row| row.name.as_str()),
        _ => None,
    }
}

/// The name of what goes becomes another name of what is kept, and so do its own other names. In the history of what
/// goes stands that it went.
async fn own_name(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    registry: &Registry,
    (kind, kept, gone): (EntryKind, &str, &str),
    reason: Option<&str>,
    today: chrono::NaiveDate,
) -> Result<u64> {
    let name = name_of(registry, kind, gone).ok_or_else(|| Error::internal("an entry without a name"))?;
    let row = alias::Model {
        id: RowId(Uuid::now_v7()),
        entity_type: entity_type(kind),
        entity_code: kept.to_owned(),
        alias: name.to_owned(),
        basis: "stated".to_owned(),
        note: Some(format!("并入 merged: {gone} → {kept}")),
        source: String::new(),
    };
    super::put::<alias::Entity>(db, row.clone()).await?;
    let change = Change {
        kind: EntryKind::Alias,
        code: alias::Entity::code(&row),
        before: None,
        after: told::<alias::Entity>(&row, Term::default()),
        when: today,
        reason: reason.map(str::to_owned),
    };
    note(ctx, db, change, "registry.added").await?;
    let mut moved = 1;
    for old in registry.aliases.of(gone).filter(|row| row.entity_type == entity_type(kind)) {
        let new = alias::Model { entity_code: kept.to_owned(), ..old.clone() };
        super::put::<alias::Entity>(db, new.clone()).await?;
        note(ctx, db, changed::<alias::Entity>(old, &new, today), "registry.changed").await?;
        moved += 1;
    }
    Ok(moved)
}

/// A row that has moved, for its history.
fn changed<E: Entry>(old: &E::Model, new: &E::Model, today: chrono::NaiveDate) -> Change {
    Change {
        kind: E::KIND,
        code: E::code(new),
        before: Some(told::<E>(old, Term::default())),
        after: told::<E>(new, Term::default()),
        when: today,
        reason: None,
    }
}

/// Moves the memberships of what goes; where what is kept is a member already, the moved one ends.
async fn members(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    registry: &Registry,
    (kind, kept, gone): (EntryKind, &str, &str),
    today: chrono::NaiveDate,
) -> Result<u64> {
    let mut moved = 0;
    for old in registry.members.of(gone) {
        let mut new = consortium_member::Model { version: old.version + 1, ..old.clone() };
        match kind {
            EntryKind::Enterprise => new.enterprise_code = Some(EnterpriseCode::from(kept)),
            EntryKind::Institution => new.institution_code = Some(InstitutionCode::from(kept)),
            _ => new.consortium_code = ConsortiumCode::from(kept),
        }
        let mut there = registry.members.of(kept);
        if there.any(|row| row.consortium_code == new.consortium_code && member(row) == member(&new)) {
            new.left_on = Some(today);
        }
        super::put::<consortium_member::Entity>(db, new.clone()).await?;
        let change = Change {
            before: Some(told::<consortium_member::Entity>(old, Term { since: old.joined_on, until: old.left_on })),
            after: told::<consortium_member::Entity>(&new, Term { since: new.joined_on, until: new.left_on }),
            ..changed::<consortium_member::Entity>(old, &new, today)
        };
        note(ctx, db, change, "registry.changed").await?;
        moved += 1;
    }
    Ok(moved)
}

/// Moves the partnerships of an enterprise.
#[expect(clippy::disallowed_methods, reason = "the registry belongs to no caller; who may merge was asked above")]
async fn partners(db: &impl ConnectionTrait, kept: &str, gone: &str) -> Result<u64> {
    use partnership::Column as C;
    let done = partnership::Entity::update_many()
        .col_expr(C::EnterpriseCode, Expr::value(kept))
        .filter(C::EnterpriseCode.eq(gone))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

/// Moves the partnerships of a school outside of the list.
#[expect(clippy::disallowed_methods, reason = "the registry belongs to no caller; who may merge was asked above")]
async fn institutions(db: &impl ConnectionTrait, kept: &str, gone: &str) -> Result<u64> {
    use partnership::Column as C;
    let done = partnership::Entity::update_many()
        .col_expr(C::InstitutionCode, Expr::value(kept))
        .filter(C::InstitutionCode.eq(gone))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

/// Moves the people, programs and webhooks of an enterprise. Whoever had signed in for the one that goes signs in
/// again: its tokens name a code that is there no more.
async fn holders(db: &impl ConnectionTrait, ctx: &Ctx, kept: &str, gone: &str) -> Result<u64> {
    let service = Actor::system("merge");
    let role = entity::words::Role::Enterprise;
    let accounts = authz::change::<account::Entity>(&service)
        .col_expr(account::Column::Org, Expr::value(kept))
        .col_expr(account::Column::Version, Expr::col(account::Column::Version).add(1))
        .col_expr(account::Column::Generation, Expr::col(account::Column::Generation).add(1))
        .filter(Condition::all().add(account::Column::Role.eq(role)).add(account::Column::Org.eq(gone)))
        .exec(db)
        .await?
        .rows_affected;
    let clients = authz::change::<client::Entity>(&service)
        .col_expr(client::Column::Org, Expr::value(kept))
        .col_expr(client::Column::Version, Expr::col(client::Column::Version).add(1))
        .col_expr(client::Column::Generation, Expr::col(client::Column::Generation).add(1))
        .filter(Condition::all().add(client::Column::Role.eq(role)).add(client::Column::Org.eq(gone)))
        .exec(db)
        .await?
        .rows_affected;
    let webhooks = authz::change::<webhook::Entity>(&service)
        .col_expr(webhook::Column::Org, Expr::value(kept))
        .col_expr(webhook::Column::Version, Expr::col(webhook::Column::Version).add(1))
        .filter(Condition::all().add(webhook::Column::Role.eq(role)).add(webhook::Column::Org.eq(gone)))
        .exec(db)
        .await?
        .rows_affected;
    if accounts + clients > 0 {
        memory::raise(db, Thing::Credentials).await?;
        let data = json!({ "kept": kept, "gone": gone, "accounts": accounts, "clients": clients });
        // An auditor finds it beside what else has become of people and programs.
        let event = Event { action: "account.moved", object: gone.to_owned(), data, ..Event::default() };
        journal::record(db, ctx, event).await?;
    }
    Ok(accounts + clients + webhooks)
}

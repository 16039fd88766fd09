//! What accounts and clients have in common: whoever gets in has a name, a role, an organisation and a part of its
//! school's reporting, is changed as a whole, and is listed in the order of its making.

use std::fmt::Display;

use entity::words::{Duty, Role};
use sea_orm::{ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::mandate;
use crate::{
    authz::{Action, Scoped},
    ctx::Ctx,
    error::{Error, Finding, Result},
    memory::registry::Registry,
    page::{self, Ask, Page},
};

/// What a holder shall be; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What people call it.
    pub name: Option<String>,
    /// The role, within administration, audit or data; with another one organisation and duty are stated anew.
    pub role: Option<Role>,
    /// The organisation.
    pub org: Option<Option<String>>,
    /// Its part of its school's reporting.
    pub duty: Option<Duty>,
    /// Whether it gets in.
    pub is_enabled: Option<bool>,
}

/// What an administrator says of a holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) org: Option<String>,
    pub(super) duty: Duty,
    pub(super) is_disabled: bool,
}

impl Said {
    /// What it becomes by a wish.
    pub(super) fn after(&self, wish: Wish) -> Self {
        let role = wish.role.unwrap_or(self.role);
        let stays = role == self.role;
        Self {
            name: wish.name.unwrap_or_else(|| self.name.clone()),
            role,
            // They belong to a role: those of the old one are not carried over to another.
            org: wish.org.unwrap_or_else(|| self.org.clone().filter(|_| stays)),
            duty: wish.duty.unwrap_or(if stays { self.duty } else { Duty::All }),
            is_disabled: wish.is_enabled.map_or(self.is_disabled, |is_enabled| !is_enabled),
        }
    }

    /// Everything that is wrong with it; `label` is where its name stands.
    pub(super) fn check(&self, registry: &Registry, label: &str) -> Vec<Finding> {
        mandate::check_label(label, &self.name)
            .into_iter()
            .chain(mandate::check(registry, self.role, self.org.as_deref()))
            .chain(mandate::check_duty(self.role, self.duty))
            .collect()
    }

    /// Everything that is wrong with its coming from what it was.
    pub(super) fn check_from(&self, old: &Self, registry: &Registry, label: &str) -> Vec<Finding> {
        mandate::check_move(old.role, self.role).into_iter().chain(self.check(registry, label)).collect()
    }

    /// Whether somebody else gets in by it: what it got in as is not good again, should it ever be that again.
    pub(super) fn is_another(&self, old: &Self) -> bool {
        (self.role, &self.org, self.duty, self.is_disabled) != (old.role, &old.org, old.duty, old.is_disabled)
    }

    /// Which of three words the journal has for its coming from what it was: disabled, enabled, changed.
    pub(super) fn word(&self, old: &Self, [disabled, enabled, changed]: [&'static str; 3]) -> &'static str {
        match (old.is_disabled, self.is_disabled) {
            (false, true) => disabled,
            (true, false) => enabled,
            _ => changed,
        }
    }
}

/// Holders in the order of their making, by the column of their ids.
pub(super) async fn list<E: Scoped>(ctx: &Ctx, id: E::Column, ask: &Ask<Uuid>) -> Result<Page<E::Model>>
where
    E::Model: Send + Sync + 'static,
{
    ctx.require(Action::Read, E::KIND)?;
    let total = ctx.visible::<E>().count(ctx.db.read()).await?;
    let over = u64::try_from(ask.limit).map_err(Error::internal)?.saturating_add(1);
    let mut items = ctx
        .visible::<E>()
        .filter(Condition::all().add_option(ask.after.map(|after| id.gt(after))))
        .order_by_asc(id)
        .limit(over)
        .all(ctx.db.read())
        .await?;
    let has_next = items.len() > ask.limit;
    items.truncate(ask.limit);
    Ok(Page { items, has_next, has_previous: ask.after.is_some(), total })
}

/// A cursor of such a list.
pub fn cursor(id: impl Display) -> String {
    page::cursor(&[&id.to_string()])
}

/// Reads a cursor of such a list.
///
/// # Errors
/// 422 where it is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<Uuid> {
    let [id] = page::read_cursor::<1>(cursor, pointer)?;
    Uuid::parse_str(&id).map_err(|_| page::no_cursor(pointer))
}

//! The history of the registry: what was said of an entry before a change, what after it, since when, by whom.

use entity::{ids::RowId, registry_change, words::EntryKind};
use sea_orm::{ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    authz::{self, Action, Kind},
    ctx::Ctx,
    error::{Error, Result},
    page::{Ask, Page},
};

/// Which changes.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of entries of this kind.
    pub kind: Option<EntryKind>,
    /// Only of this entry; of what was merged, its own and not that of what it was merged into.
    pub code: Option<String>,
}

/// What officials have changed in the registry, newest first. It is as public as the registry.
///
/// # Errors
/// Only those of the database.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<Uuid>) -> Result<Page<registry_change::Model>> {
    use registry_change::Column as C;
    ctx.require(Action::Read, Kind::Registry)?;
    let which = Condition::all()
        .add_option(filter.kind.map(|kind| C::Kind.eq(kind)))
        .add_option(filter.code.as_ref().map(|code| C::Code.eq(code)));
    let all = authz::whole::<registry_change::Entity>().filter(which);
    let total = all.clone().count(ctx.db.read()).await?;
    let over = u64::try_from(ask.limit).map_err(Error::internal)?.saturating_add(1);
    let mut items = all
        .filter(Condition::all().add_option(ask.after.map(|after| C::Id.lt(RowId(after)))))
        .order_by_desc(C::Id)
        .limit(over)
        .all(ctx.db.read())
        .await?;
    let has_next = items.len() > ask.limit;
    items.truncate(ask.limit);
    Ok(Page { items, has_next, has_previous: ask.after.is_some(), total })
}

//! Rows into their table: what is new is inserted, what differs is updated, the rest stays.

use std::collections::HashMap;

use entity::{partnership, task};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, Select,
    sea_query::OnConflict,
};

use super::KindCount;
use crate::{
    authz::{self, Actor, Whole},
    error::Result,
};

/// What is there already of a kind.
pub(super) trait Stored: EntityTrait {
    /// Every row of it.
    fn stored() -> Select<Self>;
}

impl<E: Whole> Stored for E {
    fn stored() -> Select<Self> {
        authz::whole::<Self>()
    }
}

// Not public as a whole: what is only proposed is among them.
impl Stored for partnership::Entity {
    fn stored() -> Select<Self> {
        authz::visible::<Self>(&Actor::system("load"))
    }
}

// What an official has given to one school is among them.
impl Stored for task::Entity {
    fn stored() -> Select<Self> {
        authz::visible::<Self>(&Actor::system("load"))
    }
}

/// SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
const PARAMETERS: usize = 32_000;

/// Brings a table to what the rows say and counts what that took. Nothing is deleted.
/// `settled` says of a row that is there already what is to become of it.
pub(super) async fn store<E>(
    db: &impl ConnectionTrait,
    kind: &'static str,
    rows: Vec<E::Model>,
    settled: fn(E::Model, &E::Model) -> E::Model,
) -> Result<KindCount>
where
    E: Stored,
    E::Model: IntoActiveModel<E::ActiveModel> + PartialEq + Send + Sync,
    E::ActiveModel: Send,
{
    let stored = E::stored().all(db).await?;
    let mut stored: HashMap<_, _> = stored.into_iter().map(|row| (row.get_primary_key_value(), row)).collect();
    let mut count = KindCount { kind, created: 0, changed: 0, unchanged: 0, left: 0 };
    let mut writes = Vec::new();
    for row in rows {
        let row = match stored.remove(&row.get_primary_key_value()) {
            Some(before) => {
                let row = settled(row, &before);
                if before == row {
                    count.unchanged += 1;
                    continue;
                }
                count.changed += 1;
                row
            }
            None => {
                count.created += 1;
                row
            }
        };
        // Without the reset nothing of it would count as set, and nothing would be written.
        writes.push(row.into_active_model().reset_all());
    }
    count.left = stored.len();

    let (keys, others): (Vec<_>, Vec<_>) =
        E::Column::iter().partition(|column| E::PrimaryKey::from_column(*column).is_some());
    let rows_a_statement = PARAMETERS / (keys.len() + others.len()).max(1);
    let mut writes = writes.into_iter().peekable();
    while writes.peek().is_some() {
        let chunk: Vec<E::ActiveModel> = writes.by_ref().take(rows_a_statement).collect();
        // One statement for both: a row that is there already takes the new values.
        let there = OnConflict::columns(keys.iter().copied()).update_columns(others.iter().copied()).to_owned();
        E::insert_many(chunk).on_conflict(there).exec_without_returning(db).await?;
    }
    Ok(count)
}

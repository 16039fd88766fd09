//! The keys that sign tokens and releases. Private parts go into the database and nowhere else.

use chrono::{DateTime, Utc};
use entity::signing_key;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

use super::journal::{self, Event};
use crate::{
    authn::keys,
    authz::{Action, Kind},
    ctx::Ctx,
    error::Result,
    memory::{self, Thing},
};

/// A key as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in token headers and in the JWKS.
    pub kid: String,
    /// `EdDSA`.
    pub algorithm: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since then it signs nothing new.
    pub retired_at: Option<DateTime<Utc>>,
}

impl From<signing_key::Model> for Key {
    fn from(row: signing_key::Model) -> Self {
        Self { kid: row.kid, algorithm: row.algorithm, created_at: row.created_at, retired_at: row.retired_at }
    }
}

/// Makes a new key and retires those before it; what they signed still verifies. The first key is made so, too.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn rotate(ctx: &Ctx) -> Result<Key> {
    ctx.require(Action::Create, Kind::SigningKey)?;
    let new = keys::generate()?;
    let tx = ctx.begin().await?;
    let retired = ctx
        .change::<signing_key::Entity>()
        .col_expr(signing_key::Column::RetiredAt, Expr::value(Some(new.created_at)))
        .filter(signing_key::Column::RetiredAt.is_null())
        .exec(&tx)
        .await?
        .rows_affected;
    signing_key::Entity::insert(signing_key::ActiveModel {
        kid: Set(new.kid.clone()),
        algorithm: Set(new.algorithm.clone()),
        public_key: Set(new.public_key.clone()),
        private_key: Set(new.private_key.clone()),
        created_at: Set(new.created_at),
        retired_at: Set(new.retired_at),
    })
    .exec_without_returning(&tx)
    .await?;
    let event = Event {
        action: "key.rotated",
        object: new.kid.clone(),
        data: json!({ "algorithm": new.algorithm, "retired": retired }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    memory::raise(&tx, Thing::Keys).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(new.into())
}

/// All keys, newest first.
pub async fn list(ctx: &Ctx) -> Result<Vec<Key>> {
    ctx.require(Action::Read, Kind::SigningKey)?;
    let rows =
        ctx.visible::<signing_key::Entity>().order_by_desc(signing_key::Column::CreatedAt).all(ctx.db.read()).await?;
    Ok(rows.into_iter().map(Key::from).collect())
}

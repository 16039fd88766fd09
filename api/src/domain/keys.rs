//! The keys that sign tokens and releases. Private parts go into the database, sealed, and nowhere else.

use chrono::{DateTime, Utc};
use entity::signing_key;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

use super::journal::{self, Event};
use crate::{
    authn::keys,
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::{Error, Result, Text},
    memory::{self, Thing, vault::Closed},
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

/// Whether this instance can sign, and if not, what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// It can.
    Ready,
    /// There is no key that signs.
    None,
    /// There is one, and nothing is configured to open it with.
    Locked,
    /// There is one, and it does not open.
    Closed(Closed),
}

/// Looks at the key that signs now, as it lies in the database.
pub async fn signer(ctx: &Ctx) -> Result<Signer> {
    ctx.require(Action::Read, Kind::SigningKey)?;
    let row = ctx
        .visible::<signing_key::Entity>()
        .filter(signing_key::Column::RetiredAt.is_null())
        .order_by_desc(signing_key::Column::CreatedAt)
        .one(ctx.db.read())
        .await?;
    let Some(row) = row else { return Ok(Signer::None) };
    let Some(vault) = ctx.memory.vault() else { return Ok(Signer::Locked) };
    Ok(match vault.open(&row.kid, &row.private_key) {
        Ok(_) => Signer::Ready,
        Err(why) => Signer::Closed(why),
    })
}

/// Makes a new key and retires those before it; what they signed still verifies. The first key is made so, too.
///
/// The new one is sealed before it is stored. Of those that are retired the private part is thrown away: they
/// sign nothing any more, and one that an earlier version has left unsealed is not to lie about.
///
/// # Errors
/// [`Error::Conflict`] where nothing is configured to seal it with.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn rotate(ctx: &Ctx) -> Result<Key> {
    ctx.require(Action::Create, Kind::SigningKey)?;
    let vault = ctx.memory.vault().ok_or_else(no_encryption_key)?;
    let open = keys::generate()?;
    let private_key = vault.seal(&open.kid, &keys::expose(&open)?)?;
    let new = signing_key::Model { private_key, created_at: now(), ..open };
    let tx = ctx.begin().await?;
    let retired = ctx
        .change::<signing_key::Entity>()
        .col_expr(signing_key::Column::RetiredAt, Expr::value(Some(new.created_at)))
        .col_expr(signing_key::Column::PrivateKey, Expr::value(""))
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

fn no_encryption_key() -> Error {
    Error::Conflict(Text::new(
        "没有加密密钥，无法保存签名私钥：请用 zhiqiao key secret 生成一个，写入 [keys] encryption_key_file 或 ZHIQIAO_KEYS__ENCRYPTION_KEY",
        "There is no encryption key to seal a signing key with: make one with `zhiqiao key secret`, and name it by [keys] encryption_key_file or ZHIQIAO_KEYS__ENCRYPTION_KEY",
    ))
}

/// All keys, newest first.
pub async fn list(ctx: &Ctx) -> Result<Vec<Key>> {
    ctx.require(Action::Read, Kind::SigningKey)?;
    let rows =
        ctx.visible::<signing_key::Entity>().order_by_desc(signing_key::Column::CreatedAt).all(ctx.db.read()).await?;
    Ok(rows.into_iter().map(Key::from).collect())
}

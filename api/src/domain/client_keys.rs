//! The public keys by which clients prove who they are (`private_key_jwt`).

use entity::{client, client_key, ids::ClientId};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

use super::journal::{self, Event};
use crate::{
    authn::client_keys::{ClientKey, MOST},
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
    memory::{self, Thing},
};

/// Registers a key, within the caller's transaction.
pub(super) async fn insert(db: &impl ConnectionTrait, client: ClientId, key: &ClientKey) -> Result<()> {
    let row = client_key::ActiveModel {
        client_id: Set(client),
        kid: Set(key.kid.clone()),
        jwk: Set(key.jwk.to_string()),
        created_at: Set(now()),
    };
    client_key::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Registers more keys of a client; all or none.
///
/// # Errors
/// A name that is taken, or more keys than a client may have.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), client.id = client_id))]
pub async fn add(ctx: &Ctx, client_id: &str, keys: &[ClientKey]) -> Result<Vec<client_key::Model>> {
    let tx = ctx.begin().await?;
    let row = ctx.one::<client::Entity>(&tx, Action::Change, client::Column::ClientId.eq(client_id)).await?;
    let there = of(ctx, &tx, row.id).await?;
    let mut problems: Vec<Finding> = keys
        .iter()
        .filter(|key| there.iter().any(|other| other.kid == key.kid))
        .map(|key| {
            let message = Text::new("该客户端已有同名公钥", "The client has a key of this name");
            Finding::error("taken", "/kid", message).with("", &key.kid)
        })
        .collect();
    let all = there.len() + keys.len();
    if all > MOST {
        let message = Text::new(format!("一个客户端最多有 {MOST} 个公钥"), format!("A client has at most {MOST} keys"));
        problems.push(Finding::error("jwk_count", "/keys", message).with(format!("<= {MOST}"), all.to_string()));
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    for key in keys {
        insert(&tx, row.id, key).await?;
    }
    let names: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
    record(&tx, ctx, "client.key_added", &row, &names).await?;
    let now = of(ctx, &tx, row.id).await?;
    tx.commit().await?;
    Ok(now)
}

/// Takes a key from a client. It may be in wrong hands: the tokens that are out end with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), client.id = client_id))]
pub async fn remove(ctx: &Ctx, client_id: &str, kid: &str) -> Result<()> {
    let tx = ctx.begin().await?;
    let row = ctx.one::<client::Entity>(&tx, Action::Change, client::Column::ClientId.eq(client_id)).await?;
    let gone = ctx
        .remove::<client_key::Entity>()
        .filter(client_key::Column::ClientId.eq(row.id))
        .filter(client_key::Column::Kid.eq(kid))
        .exec(&tx)
        .await?
        .rows_affected;
    if gone == 0 {
        return Err(Error::NotFound(Kind::Client));
    }
    ctx.change::<client::Entity>()
        .col_expr(client::Column::Generation, Expr::value(row.generation + 1))
        .filter(client::Column::Id.eq(row.id))
        .exec(&tx)
        .await?;
    record(&tx, ctx, "client.key_removed", &row, &[kid]).await?;
    memory::raise(&tx, Thing::Credentials).await?;
    tx.commit().await?;
    ctx.memory.refresh().await
}

/// The keys of a client, oldest first.
pub async fn list(ctx: &Ctx, client_id: &str) -> Result<Vec<client_key::Model>> {
    let row = ctx.one::<client::Entity>(ctx.db.read(), Action::Read, client::Column::ClientId.eq(client_id)).await?;
    of(ctx, ctx.db.read(), row.id).await
}

async fn of(ctx: &Ctx, db: &impl ConnectionTrait, client: ClientId) -> Result<Vec<client_key::Model>> {
    let rows = ctx.visible::<client_key::Entity>().filter(client_key::Column::ClientId.eq(client));
    Ok(rows.order_by_asc(client_key::Column::CreatedAt).order_by_asc(client_key::Column::Kid).all(db).await?)
}

async fn record(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    action: &'static str,
    row: &client::Model,
    names: &[&str],
) -> Result<()> {
    let data = json!({ "role": row.role.word(), "org": row.org, "kid": names });
    journal::record(db, ctx, Event { action, object: row.client_id.clone(), data, ..Event::default() }).await
}

//! Who are you: keys, tokens, secrets and passwords. What you may do is asked of `authz`.
//!
//! Nothing here knows HTTP; `rest` reads headers and hands over what stood in them.
//! A bad token is never "no token": whoever sends one is told so.

pub mod assertions;
pub mod client_keys;
pub mod jws;
pub mod keys;
pub mod passwords;
pub mod policy;
pub mod secrets;
pub mod tokens;
pub mod totp;

use chrono::Utc;
use entity::{account, client, ids::AccountId};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};

use crate::{
    authz::{self, Actor},
    config::Secret,
    error::{Error, Result, Text},
};

/// The `client_id` in the tokens of people; no client may be called so.
pub const CONSOLE: &str = "console";

/// The actor of the two look-ups that come before there is a caller.
fn door() -> Actor {
    Actor::system("authn")
}

/// The client that this id and secret belong to.
///
/// # Errors
/// The same [`Error::Unauthenticated`] for an unknown client, a wrong or expired secret and a disabled client.
pub async fn authenticate_client(db: &impl ConnectionTrait, client_id: &str, secret: &Secret) -> Result<client::Model> {
    let row = authz::visible::<client::Entity>(&door()).filter(client::Column::ClientId.eq(client_id)).one(db).await?;
    // Compared for the unknown client as well, against a hash that no secret has.
    let hash = row.as_ref().map_or(secrets::NOBODY, |row| row.secret_hash.expose());
    let previous = row.as_ref().and_then(|row| row.previous_secret_hash.as_ref());
    let (is_new, is_old) = (
        secrets::matches(secret, hash),
        secrets::matches(secret, previous.map_or(secrets::NOBODY, |hash| hash.expose())),
    );
    let now = Utc::now();
    let right = row.as_ref().is_some_and(|row| {
        is_new && row.secret_expires_at.is_none_or(|end| now < end)
            || is_old && row.previous_until.is_some_and(|end| now < end)
    });
    row.filter(|row| right && !row.is_disabled).ok_or_else(|| {
        Error::Unauthenticated(Text::new(
            "客户端标识或密钥不正确，或已停用",
            "Unknown client, wrong secret, or disabled",
        ))
    })
}

/// The person that this name and password belong to.
///
/// # Errors
/// The same [`Error::Unauthenticated`], after the same time, for an unknown name, a wrong password
/// and a disabled account.
pub async fn authenticate_person(
    db: &impl ConnectionTrait,
    username: &str,
    password: &Secret,
) -> Result<account::Model> {
    let row = authz::visible::<account::Entity>(&door()).filter(account::Column::Username.eq(username)).one(db).await?;
    let right = passwords::verify(password, row.as_ref().map(|row| row.password_hash.expose())).await?;
    row.filter(|row| right && !row.is_disabled).ok_or_else(|| {
        Error::Unauthenticated(Text::new(
            "用户名或密码不正确，或账号已停用",
            "Unknown user, wrong password, or disabled",
        ))
    })
}

/// The person with this id, who has shown a token a moment ago.
///
/// # Errors
/// [`Error::Unauthenticated`] where it is disabled or gone.
pub async fn person(db: &impl ConnectionTrait, id: AccountId) -> Result<account::Model> {
    let row = authz::visible::<account::Entity>(&door()).filter(account::Column::Id.eq(id)).one(db).await?;
    row.filter(|row| !row.is_disabled).ok_or_else(|| Error::Unauthenticated(jws::Refusal::Standing.text()))
}

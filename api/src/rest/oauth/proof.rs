//! Whether a client is who it says: by its secret, or by an assertion.

use entity::client;

use super::{
    TOKEN_PATH,
    form::{Proof, Refused, UNKNOWN, unknown},
};
use crate::{
    House,
    authn::{self, assertions},
    db::now,
    error::{Error, Result},
};

/// The client, or the refusal that the RFC asks for; the outer error is ours.
pub async fn check(house: &House, proof: &Proof) -> Result<Result<client::Model, Refused>> {
    match proof {
        Proof::Secret(id, secret) => match authn::authenticate_client(house.db.read(), id, secret).await {
            Ok(client) => Ok(Ok(client)),
            Err(Error::Unauthenticated(_)) => Ok(Err(UNKNOWN)),
            Err(fault) => Err(fault),
        },
        Proof::Assertion(text, id) => {
            let issuer = house.config.public_url.as_str();
            let endpoint = format!("{issuer}{TOKEN_PATH}");
            let proved = assertions::authenticate(&house.db, &[&endpoint, issuer], text.expose(), now()).await?;
            Ok(match proved {
                Ok(client) if id.as_ref().is_none_or(|id| *id == client.client_id) => Ok(client),
                Ok(_) => Err(unknown("The client_id of the body is not that of the client_assertion.")),
                Err(refusal) => Err(unknown(refusal.description())),
            })
        }
    }
}

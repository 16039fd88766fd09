//! The one subscription.

use async_graphql::{Context, Subscription};
use futures::{Stream, StreamExt};

use crate::{
    domain::feed::{self, Place},
    graphql::{
        self,
        error::{GqlError, GqlResult, relocated},
        types::event::Event,
    },
};

/// What is told as it happens, over a websocket (`graphql-transport-ws`).
#[derive(Clone, Copy, Debug)]
pub struct Subscription;

/// What is told as it happens, over a websocket (`graphql-transport-ws`).
#[Subscription]
impl Subscription {
    /// What happens in the caller's scope, in the order of the commits: the same feed as `/v1/changes`.
    /// Without `after` from now on; with the `cursor` of an event everything behind it.
    async fn events(
        &self,
        cx: &Context<'_>,
        after: Option<String>,
    ) -> Result<impl Stream<Item = GqlResult<Event>> + use<>, GqlError> {
        let ctx = graphql::ctx(cx);
        let end = feed::end(ctx).await?;
        let after = match after {
            Some(cursor) => Place::read(&cursor, "/after").map_err(|error| relocated(error, str::to_owned))?,
            None => end,
        };
        Ok(feed::follow(ctx.clone(), after).map(|event| event.map(Event).map_err(GqlError::from)))
    }
}

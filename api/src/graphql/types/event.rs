//! An event of the feed.

use async_graphql::{Json, Object};
use serde_json::{Map, Value};

use crate::{domain::feed, graphql::scalars::Instant};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Event(pub feed::Event);

/// Something that happened, as far as the caller may know.
#[Object]
impl Event {
    /// Where the feed goes on behind this event; hand it back as `after`.
    async fn cursor(&self) -> String {
        self.0.place.cursor()
    }

    /// `<noun>.<past verb>`, for example `submission.pushed`.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// When it was done. The order of the feed is that of the commits.
    async fn time(&self) -> Instant {
        Instant(self.0.at)
    }

    /// The code of the school that it belongs to.
    async fn school(&self) -> Option<&str> {
        self.0.school.as_ref().map(|school| school.as_str())
    }

    /// What it happened to, for example `62001/talent/2023`.
    async fn object(&self) -> &str {
        &self.0.object
    }

    /// What else there is to tell: never a figure, and to reviewers only what is theirs to see.
    async fn data(&self) -> Json<&Map<String, Value>> {
        Json(&self.0.data)
    }
}

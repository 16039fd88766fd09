//! A service account, as administrators see it.

use async_graphql::Object;
use entity::client;

use super::words::{Duty, Role};
use crate::{
    domain::{clients, holders},
    graphql::{
        paging::{Placed, connection},
        scalars::Instant,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Client(pub client::Model);

impl Placed for Client {
    fn cursor(&self) -> String {
        holders::cursor(self.0.id)
    }
}

/// A service account; for administrators.
#[Object]
impl Client {
    /// The name it uses at the token endpoint.
    async fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The role.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The code of the organisation, for the roles that have one.
    async fn org(&self) -> Option<&str> {
        self.0.org.as_deref()
    }

    /// Its part of its school's reporting.
    async fn duty(&self) -> Duty {
        self.0.duty.into()
    }

    /// Whether it gets tokens.
    async fn is_enabled(&self) -> bool {
        !self.0.is_disabled
    }

    /// When it was made.
    async fn created_at(&self) -> Instant {
        Instant(self.0.created_at)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        clients::etag(&self.0)
    }
}

connection!(
    /// A page of clients.
    ClientConnection,
    /// A client with its cursor.
    ClientEdge,
    Client
);

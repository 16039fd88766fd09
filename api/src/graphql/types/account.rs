//! A person who signs in, as administrators see it.

use async_graphql::{ID, Object};
use entity::account;

use super::words::{Duty, Role};
use crate::{
    domain::{accounts, holders},
    graphql::{
        paging::{Placed, connection},
        scalars::Instant,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Account {
    row: account::Model,
    has_factor: bool,
}

impl Account {
    /// An account, and whether it has a second factor.
    pub const fn new(row: account::Model, has_factor: bool) -> Self {
        Self { row, has_factor }
    }
}

impl Placed for Account {
    fn cursor(&self) -> String {
        holders::cursor(self.row.id)
    }
}

/// A person who signs in; for administrators.
#[Object]
impl Account {
    /// Its id, as in `/v1/accounts/{account}`.
    async fn account_id(&self) -> ID {
        ID(self.row.id.to_string())
    }

    /// What the person types to sign in.
    async fn username(&self) -> &str {
        &self.row.username
    }

    /// What the console calls the person.
    async fn display_name(&self) -> &str {
        &self.row.display_name
    }

    /// The role.
    async fn role(&self) -> Role {
        self.row.role.into()
    }

    /// The code of the organisation, for the roles that have one.
    async fn org(&self) -> Option<&str> {
        self.row.org.as_deref()
    }

    /// Its part of its school's reporting.
    async fn duty(&self) -> Duty {
        self.row.duty.into()
    }

    /// Whether it may sign in.
    async fn is_enabled(&self) -> bool {
        !self.row.is_disabled
    }

    /// Whether its password is good for nothing but to be changed.
    async fn must_change_password(&self) -> bool {
        self.row.must_change_password
    }

    /// Whether it has a second factor.
    async fn has_second_factor(&self) -> bool {
        self.has_factor
    }

    /// When it was made.
    async fn created_at(&self) -> Instant {
        Instant(self.row.created_at)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        accounts::etag(&self.row)
    }
}

connection!(
    /// A page of accounts.
    AccountConnection,
    /// An account with its cursor.
    AccountEdge,
    Account
);

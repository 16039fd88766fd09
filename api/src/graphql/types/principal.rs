//! The caller.

use async_graphql::{Context, ID, Object};

use super::{
    city::City,
    enterprise::Enterprise,
    school::School,
    words::{Duty, Role},
};
use crate::{
    authz::{self, Actor},
    ctx::Ctx,
    graphql::{self, ids},
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Principal {
    actor: std::sync::Arc<Actor>,
    role: Role,
}

impl Principal {
    /// The caller, if it came with a token.
    pub fn of(ctx: &Ctx) -> Option<Self> {
        Role::of(ctx.actor.role).map(|role| Self { actor: std::sync::Arc::clone(&ctx.actor), role })
    }

    /// How its id names it.
    pub fn subject(&self) -> &str {
        &self.actor.subject
    }

    fn org(&self, role: authz::Role) -> Option<&str> {
        self.actor.org.as_deref().filter(|_| self.actor.role == role)
    }
}

/// The caller: a person or a service account.
#[Object]
impl Principal {
    /// Opaque, for `node(id)`; nobody else's resolves.
    pub(super) async fn id(&self) -> ID {
        ids::id("Principal", self.subject())
    }

    /// What it is called on its own screen.
    async fn name(&self) -> &str {
        &self.actor.name
    }

    /// Its role.
    async fn role(&self) -> Role {
        self.role
    }

    /// The code of its organisation, for the roles that have one.
    #[graphql(name = "org")]
    async fn org_code(&self) -> Option<&str> {
        self.actor.org.as_deref()
    }

    /// Its part of its school's reporting.
    async fn duty(&self) -> Duty {
        self.actor.duty.into()
    }

    /// Its school, for schools.
    async fn school<'a>(&self, cx: &Context<'a>) -> Option<School<'a>> {
        School::of(graphql::registry(cx), self.org(authz::Role::School)?)
    }

    /// Its city, for cities.
    async fn city<'a>(&self, cx: &Context<'a>) -> Option<City<'a>> {
        City::of(graphql::registry(cx), self.org(authz::Role::City)?)
    }

    /// Its enterprise, for enterprises.
    async fn enterprise<'a>(&self, cx: &Context<'a>) -> Option<Enterprise<'a>> {
        Enterprise::of(graphql::registry(cx), self.org(authz::Role::Enterprise)?)
    }
}

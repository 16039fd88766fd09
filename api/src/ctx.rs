//! Who asks, and with what: the first argument of every domain verb.
//!
//! [`Ctx::visible`] is the only start of a read, and [`Ctx::one`] is where 404 and 403 part:
//! what a caller may not see does not exist for it; what it sees but may not do is refused with a hint.

pub mod once;
pub mod trail;

use std::sync::Arc;

use entity::journal;
use sea_orm::{ConnectionTrait, DeleteMany, EntityTrait, QueryFilter, Select, UpdateMany, sea_query::IntoCondition};

use crate::{
    authz::{self, Action, Actor, Kind, Role, Scoped},
    db::{Db, Transaction},
    error::{Error, Result, Text},
    memory::Memory,
};
use once::Once;
use trail::{Queue, Trail};

/// A caller, the database and the memory.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who asks.
    pub actor: Arc<Actor>,
    /// The database.
    pub db: Db,
    /// What the instance holds in memory.
    pub memory: Arc<Memory>,
    /// The address that the service is known by; it signs with it.
    pub issuer: Arc<str>,
    /// The key of the request, where it carries one: its effect is to be had once.
    pub once: Option<Arc<Once>>,
    /// What of the unpublished it was told.
    trail: Trail,
}

impl Ctx {
    /// A caller in this house.
    pub fn new(actor: Actor, db: Db, memory: Arc<Memory>, issuer: Arc<str>, accesses: Arc<Queue>) -> Self {
        let actor = Arc::new(actor);
        let trail = Trail::new(Arc::clone(&actor), accesses);
        Self { actor, db, memory, issuer, once: None, trail }
    }

    /// The same house for another caller.
    #[must_use]
    pub fn as_(&self, actor: Actor) -> Self {
        let actor = Arc::new(actor);
        let trail = self.trail.of(Arc::clone(&actor));
        Self { actor, trail, ..self.clone() }
    }

    /// Says that the caller is about to be told what stands in a table that is not published, or is protected.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where that cannot be recorded: then it is not to be told.
    pub fn saw(&self, school: &str, dataset: &str, period: &str) -> Result<()> {
        self.trail.saw(school, dataset, period)
    }

    /// Says that the caller is about to be told where tables stand that are not published: school, dataset, period.
    ///
    /// # Errors
    /// As for [`Self::saw`].
    pub fn listed<'t>(&self, tables: impl Iterator<Item = (&'t str, &'t str, &'t str)>) -> Result<()> {
        self.trail.listed(tables)
    }

    /// The same caller, whose being told from here on is recorded by itself.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { trail: self.trail.anew(), ..self.clone() }
    }

    /// The same caller, with the key of its request.
    #[must_use]
    pub fn with(&self, once: Arc<Once>) -> Self {
        Self { once: Some(once), ..self.clone() }
    }

    /// Begins the transaction of a change; dropping it rolls back.
    ///
    /// Every verb begins here. Under an `Idempotency-Key` its commit is provisional: the whole request is one
    /// transaction, which ends with the answer. So a verb answers from what it wrote, never from what it
    /// reads elsewhere after its commit.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the key has had its effect already, or is at work; the layer that knows the
    /// key then answers in the verb's stead.
    pub async fn begin(&self) -> Result<Transaction> {
        match &self.once {
            None => self.db.begin().await,
            Some(once) => once.begin(&self.db, &self.actor).await,
        }
    }

    /// The rows that the caller may know of.
    pub fn visible<E: Scoped>(&self) -> Select<E> {
        authz::visible(&self.actor)
    }

    /// The rows of the journal that the caller's feed tells of.
    pub fn told(&self) -> Select<journal::Entity> {
        authz::told(&self.actor)
    }

    /// A conditional change, kept within the caller's scope.
    pub fn change<E: Scoped>(&self) -> UpdateMany<E> {
        authz::change(&self.actor)
    }

    /// A conditional removal, kept within the caller's scope.
    pub fn remove<E: Scoped>(&self) -> DeleteMany<E> {
        authz::remove(&self.actor)
    }

    /// One row to do something with.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] without a token where one is needed, [`Error::NotFound`]
    /// where there is no such row for the caller, [`Error::Forbidden`] where it may only look.
    pub async fn one<E: Scoped>(
        &self,
        db: &impl ConnectionTrait,
        action: Action,
        which: impl IntoCondition + Send,
    ) -> Result<<E as EntityTrait>::Model> {
        self.known(E::KIND)?;
        let row = self.visible::<E>().filter(which.into_condition()).one(db).await?.ok_or(Error::NotFound(E::KIND))?;
        self.require(action, E::KIND)?;
        Ok(row)
    }

    /// Refuses a caller without a token where only a token shows anything.
    pub fn known(&self, kind: Kind) -> Result<()> {
        if self.actor.role == Role::Public && !authz::allows(Role::Public, Action::Read, kind) {
            return Err(unauthenticated());
        }
        Ok(())
    }

    /// Refuses what the caller's role may not do.
    pub fn require(&self, action: Action, kind: Kind) -> Result<()> {
        if authz::allows(self.actor.role, action, kind) {
            if authz::includes(self.actor.duty, action, kind) {
                return Ok(());
            }
            return Err(Error::Forbidden(authz::hint_of_duty(self.actor.duty)));
        }
        if self.actor.role == Role::Public {
            return Err(unauthenticated());
        }
        Err(Error::Forbidden(authz::hint(action, kind)))
    }
}

fn unauthenticated() -> Error {
    Error::Unauthenticated(Text::new(
        "此操作需要访问令牌：请向 /oauth/token 申请，并以 Authorization: Bearer 发送",
        "This needs an access token: get one at /oauth/token and send it as Authorization: Bearer",
    ))
}

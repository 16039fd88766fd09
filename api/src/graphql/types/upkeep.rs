//! What the upkeep of the registry shows: other names, the history, what may be one and the same.

use async_graphql::{ID, Json, Object, SimpleObject};
use entity::{alias, registry_change};
use serde_json::Value;

use super::{
    major::etag,
    words::{DuplicateBasis, EntityType, EntryKind},
};
use crate::{
    domain::{holders, registry::duplicates::Pair},
    graphql::{
        ids,
        paging::{Placed, connection},
        scalars::{Day, Instant},
    },
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Alias<'a>(pub &'a Registry, pub &'a alias::Model);

/// Another name of a school, an enterprise, a consortium or an institution.
#[Object]
impl<'a> Alias<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Alias", &self.1.id.to_string())
    }

    /// What it stands for.
    async fn entity_type(&self) -> EntityType {
        self.1.entity_type.into()
    }

    /// The code of what it stands for.
    async fn entity(&self) -> &str {
        &self.1.entity_code
    }

    /// The name.
    async fn alias(&self) -> &str {
        &self.1.alias
    }

    /// How it is known: `stated`, `short_form`, `typographic`, `inferred`; `possible` is a suggestion.
    async fn basis(&self) -> &str {
        &self.1.basis
    }

    /// A remark.
    async fn note(&self) -> Option<&str> {
        self.1.note.as_deref()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<alias::Entity>(self.0, self.1)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct RegistryChange(pub registry_change::Model);

impl Placed for RegistryChange {
    fn cursor(&self) -> String {
        holders::cursor(self.0.id)
    }
}

connection!(
    /// A page of the registry's history.
    RegistryChangeConnection,
    /// A change and where it stands in the list.
    RegistryChangeEdge,
    RegistryChange
);

/// What an official has changed in the registry.
#[Object]
impl RegistryChange {
    /// Its id.
    async fn change_id(&self) -> String {
        self.0.id.to_string()
    }

    /// What the entry is.
    async fn kind(&self) -> EntryKind {
        self.0.kind.into()
    }

    /// The code of the entry, or its id.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Since which day it is so in the world.
    async fn effective_on(&self) -> Day {
        Day(self.0.effective_on)
    }

    /// When it was entered.
    async fn changed_at(&self) -> Instant {
        Instant(self.0.changed_at)
    }

    /// In which role.
    async fn role(&self) -> &str {
        &self.0.changed_role
    }

    /// Of which organisation.
    async fn org(&self) -> Option<&str> {
        self.0.changed_org.as_deref()
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Everything that was said before, in the words of REST; nothing of a new entry.
    async fn before(&self) -> Option<Json<Value>> {
        self.0.before.as_deref().map(|said| Json(serde_json::from_str(said).unwrap_or_default()))
    }

    /// Everything that is said since, in the words of REST.
    async fn after(&self) -> Json<Value> {
        Json(serde_json::from_str(&self.0.after).unwrap_or_default())
    }
}

/// One of two entries that may be one.
#[derive(Clone, Debug, SimpleObject)]
pub struct LikenedEntry {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
}

/// Two entries that may be one and the same under two names.
#[derive(Clone, Debug, SimpleObject)]
pub struct Duplicate {
    /// What they are.
    kind: EntryKind,
    /// The one.
    one: LikenedEntry,
    /// The other.
    other: LikenedEntry,
    /// How alike their names are, of 100.
    score: u32,
    /// Why they are proposed, the strongest reason first.
    basis: Vec<DuplicateBasis>,
}

impl From<Pair> for Duplicate {
    fn from(pair: Pair) -> Self {
        let likened = |(code, name)| LikenedEntry { code, name };
        Self {
            kind: pair.kind.into(),
            one: likened(pair.one),
            other: likened(pair.other),
            score: pair.score,
            basis: pair.basis.into_iter().map(DuplicateBasis::from).collect(),
        }
    }
}

//! A body that is neither a school of the province nor an enterprise.

use async_graphql::{ID, Object};
use entity::external_institution;

use super::{
    city::City,
    major::{etag, term},
};
use crate::{
    graphql::{ids, scalars::Day},
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Institution<'a>(pub &'a Registry, pub &'a external_institution::Model);

impl<'a> Institution<'a> {
    /// The institution with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.institutions.get(code).map(|row| Self(registry, row))
    }
}

/// A body that is neither a school of the province nor an enterprise: a university, an association, a park.
#[Object]
impl<'a> Institution<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Institution", self.1.code.as_str())
    }

    /// The exchange's own code.
    async fn code(&self) -> &str {
        self.1.code.as_str()
    }

    /// The official Chinese name.
    async fn name(&self) -> &str {
        &self.1.name
    }

    /// The English name.
    async fn name_en(&self) -> Option<&str> {
        self.1.name_en.as_deref()
    }

    /// What it is, as in `university`.
    async fn kind(&self) -> &str {
        &self.1.kind
    }

    /// Its city, where known.
    async fn city(&self) -> Option<City<'a>> {
        City::of(self.0, self.1.city_code.as_ref()?.as_str())
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Its first day, where that is known.
    async fn since(&self) -> Option<Day> {
        term::<external_institution::Entity>(self.0, self.1).since.map(Day)
    }

    /// Its last day, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<external_institution::Entity>(self.0, self.1).until.map(Day)
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<external_institution::Entity>(self.0, self.1)
    }

    /// The codes of what was merged into it; they lead to it.
    async fn merged_codes(&self) -> Vec<&'a str> {
        self.0.merged_into(entity::words::EntryKind::Institution, self.1.code.as_str())
    }
}

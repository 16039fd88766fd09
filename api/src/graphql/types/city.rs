//! A prefecture-level division.

use async_graphql::{Context, ID, Object};
use entity::city;

use super::opportunity::Opportunity;
use crate::{
    domain::opportunities::Of,
    graphql::{
        error::GqlResult,
        ids,
        lean::{or_null, plain},
        limits, paging,
        written::text,
    },
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct City<'a>(pub &'a Registry, pub &'a city::Model);

impl<'a> City<'a> {
    /// The city with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.cities.get(code).map(|row| Self(registry, row))
    }
}

plain!(City<'_>, |it, _registry, _set, out| {
    "id" => text(&ids::id("City", it.1.code.as_str()), out),
    "code" => text(it.1.code.as_str(), out),
    "name" => text(&it.1.name, out),
    "nameEn" => or_null(it.1.name_en.as_deref(), text, out),
    "kind" => text(&it.1.kind, out),
});

/// A prefecture-level division (市州), whose bureau reviews its schools.
#[Object]
impl<'a> City<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("City", self.1.code.as_str())
    }

    /// GB/T 2260, as in `620100`.
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

    /// `city` or `autonomous_prefecture`.
    async fn kind(&self) -> &str {
        &self.1.kind
    }

    /// How many schools it has; list them by `schools(filter: {city: …})`.
    async fn school_count(&self) -> usize {
        self.0.schools_of_city.get(self.1.code.as_str()).map_or(0, Vec::len)
    }

    /// What is sought and offered there, as far as it is there for the caller: the newest, at most 200.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn opportunities(&self, cx: &Context<'_>, first: Option<i32>) -> GqlResult<Vec<Opportunity>> {
        let of = Of::City(self.1.code.clone());
        Opportunity::some(cx, of, first).await
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}

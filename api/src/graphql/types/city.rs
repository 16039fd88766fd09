//! A prefecture-level division.

use async_graphql::{Context, ID, Object};
use entity::city;

use super::{
    city_page::{CityCompliance, TableProgress},
    consortium::Consortium,
    school::{School, SchoolConnection},
    target::Target,
    task::Task,
};
use crate::{
    domain::cities,
    graphql::{
        self,
        error::GqlResult,
        ids,
        lean::{or_null, plain},
        limits::{self, CELLS, MEMBERS},
        loaders::Loaders,
        paging::{self, Paging},
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

    /// Its schools, by code; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn schools(&self, first: Option<i32>, after: Option<String>) -> GqlResult<SchoolConnection<'a>> {
        let kept = self.0.schools_of_city.get(self.1.code.as_str()).cloned().unwrap_or_default();
        let (shelf, paging) = (&self.0.schools, Paging { first, after, ..Paging::default() });
        let page = paging::cut(kept, &paging, |code| shelf.position(code), |at| Some(School(self.0, shelf.at(at)?)))?;
        Ok(page.into())
    }

    /// How far its schools' tables are, by table and period: of the period that is named, or of every period with a
    /// collection and of the newest that is published. `null` for whoever does not oversee it.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn submissions_progress(
        &self,
        cx: &Context<'_>,
        period: Option<String>,
    ) -> GqlResult<Option<Vec<TableProgress>>> {
        if !cities::oversees(graphql::ctx(cx), self.1.code.as_str()) {
            return Ok(None);
        }
        let found = cx.data_unchecked::<Loaders>().city_progress(self.1.code.as_str(), period).await?;
        Ok(Some(found.iter().cloned().map(TableProgress).collect()))
    }

    /// Who of its schools meets the standards (合格指标): in the period that is named, or in the newest that is
    /// published. `null` where nothing is.
    #[graphql(complexity = "20 + child_complexity")]
    async fn compliance(&self, cx: &Context<'_>, period: Option<String>) -> GqlResult<Option<CityCompliance>> {
        let found = cx.data_unchecked::<Loaders>().compliance(period).await?;
        Ok(found.map(|compliance| CityCompliance::new(compliance, self.1.code.as_str())))
    }

    /// The consortia in which its schools, enterprises or other bodies have a place.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn consortia(&self) -> Vec<Consortium<'a>> {
        let places = cities::consortia(self.0, self.1.code.as_str());
        places.into_iter().filter_map(|at| Some(Consortium(self.0, self.0.consortia.at(at)?))).collect()
    }

    /// The tasks of its list and of its schools that are there for the caller.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn tasks(&self, cx: &Context<'_>) -> GqlResult<Vec<Task>> {
        let found = cx.data_unchecked::<Loaders>().tasks(self.1.code.as_str()).await?;
        Ok(found.iter().cloned().map(Task).collect())
    }

    /// What it has promised in figures.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn targets(&self) -> Vec<Target> {
        let own = self.0.targets.iter().filter(|row| row.city_code.as_ref() == Some(&self.1.code));
        own.cloned().map(Target::from).collect()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}

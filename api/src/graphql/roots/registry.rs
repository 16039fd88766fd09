//! Cities, schools, enterprises, consortia.

use async_graphql::{Context, Object};

use crate::graphql::{
    self,
    error::GqlResult,
    filters::{self, ConsortiumFilter, EnterpriseFilter, SchoolFilter, SchoolOrder},
    lean::LeanList,
    limits::{self, CITIES},
    paging::{self, Paging},
    types::{
        city::City,
        consortium::{Consortium, ConsortiumConnection},
        enterprise::{Enterprise, EnterpriseConnection},
        school::{School, SchoolConnection},
    },
};

/// The registry.
#[derive(Default)]
pub struct RegistryQuery;

#[Object]
impl RegistryQuery {
    /// All cities, by code.
    #[graphql(complexity = "limits::times(CITIES, child_complexity)")]
    async fn cities<'a>(&self, cx: &Context<'a>) -> LeanList<City<'a>> {
        let registry = graphql::registry(cx);
        registry.cities.all().iter().map(|row| City(registry, row)).collect()
    }

    /// A city by its GB/T 2260 code.
    async fn city<'a>(&self, cx: &Context<'a>, code: String) -> Option<City<'a>> {
        City::of(graphql::registry(cx), &code)
    }

    /// Schools, at most 200 a page.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    #[graphql(complexity = "limits::times(paging::size(first, last), child_complexity)")]
    async fn schools<'a>(
        &self,
        cx: &Context<'a>,
        filter: Option<SchoolFilter>,
        order_by: Option<SchoolOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> GqlResult<SchoolConnection<'a>> {
        let registry = graphql::registry(cx);
        let kept = filters::schools(registry, &graphql::ctx(cx).memory.frame(), filter, order_by);
        let (shelf, paging) = (&registry.schools, Paging { first, after, last, before });
        let page = paging::cut(kept, &paging, |code| shelf.position(code), |at| Some(School(registry, shelf.at(at)?)))?;
        Ok(page.into())
    }

    /// A school by its code.
    async fn school<'a>(&self, cx: &Context<'a>, code: String) -> Option<School<'a>> {
        School::of(graphql::registry(cx), &code)
    }

    /// Enterprises in the order of the list, at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, last), child_complexity)")]
    async fn enterprises<'a>(
        &self,
        cx: &Context<'a>,
        filter: Option<EnterpriseFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> GqlResult<EnterpriseConnection<'a>> {
        let registry = graphql::registry(cx);
        let (shelf, kept) = (&registry.enterprises, filter.unwrap_or_default().kept(registry));
        let paging = Paging { first, after, last, before };
        let page =
            paging::cut(kept, &paging, |code| shelf.position(code), |at| Some(Enterprise(registry, shelf.at(at)?)))?;
        Ok(page.into())
    }

    /// An enterprise by its code.
    async fn enterprise<'a>(&self, cx: &Context<'a>, code: String) -> Option<Enterprise<'a>> {
        Enterprise::of(graphql::registry(cx), &code)
    }

    /// Consortia in the order of the list, at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, last), child_complexity)")]
    async fn consortia<'a>(
        &self,
        cx: &Context<'a>,
        filter: Option<ConsortiumFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> GqlResult<ConsortiumConnection<'a>> {
        let registry = graphql::registry(cx);
        let (shelf, kept) = (&registry.consortia, filter.unwrap_or_default().kept(registry));
        let paging = Paging { first, after, last, before };
        let page =
            paging::cut(kept, &paging, |code| shelf.position(code), |at| Some(Consortium(registry, shelf.at(at)?)))?;
        Ok(page.into())
    }

    /// A consortium by its code.
    async fn consortium<'a>(&self, cx: &Context<'a>, code: String) -> Option<Consortium<'a>> {
        Consortium::of(graphql::registry(cx), &code)
    }
}

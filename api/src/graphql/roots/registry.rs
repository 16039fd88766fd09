//! Cities, schools, enterprises, consortia.

use async_graphql::{Context, Object};

use crate::domain::{
    holders,
    registry::{changes, duplicates},
};
use crate::graphql::{
    self,
    error::GqlResult,
    filters::{self, ConsortiumFilter, EnterpriseFilter, MajorFilter, SchoolFilter, SchoolOrder},
    lean::LeanList,
    limits::{self, CITIES, INDICATORS, SOME},
    paging::{self, Paging},
    types::{
        city::City,
        consortium::{Consortium, ConsortiumConnection},
        enterprise::{Enterprise, EnterpriseConnection},
        major::{IndustryChain, Major, MajorConnection},
        school::{School, SchoolConnection},
        upkeep::{Alias, Duplicate, RegistryChange, RegistryChangeConnection},
        words::EntryKind,
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

    /// The catalogue of majors, by code; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, last), child_complexity)")]
    async fn majors<'a>(
        &self,
        cx: &Context<'a>,
        filter: Option<MajorFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> GqlResult<MajorConnection<'a>> {
        let registry = graphql::registry(cx);
        let (shelf, kept) = (&registry.majors, filter.unwrap_or_default().kept(registry));
        let paging = Paging { first, after, last, before };
        let page = paging::cut(kept, &paging, |code| shelf.position(code), |at| Some(Major(registry, shelf.at(at)?)))?;
        Ok(page.into())
    }

    /// A major by its six digits.
    async fn major<'a>(&self, cx: &Context<'a>, code: String) -> Option<Major<'a>> {
        Major::of(graphql::registry(cx), &code)
    }

    /// The industry chains of the province, in the order of the list.
    #[graphql(complexity = "limits::times(CITIES, child_complexity)")]
    async fn industry_chains<'a>(&self, cx: &Context<'a>) -> Vec<IndustryChain<'a>> {
        let registry = graphql::registry(cx);
        registry.chains.all().iter().map(|row| IndustryChain(registry, row)).collect()
    }

    /// Other names of a school, an enterprise, a consortium or an institution, by its code.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn aliases<'a>(&self, cx: &Context<'a>, of: String) -> Vec<Alias<'a>> {
        let registry = graphql::registry(cx);
        registry.aliases.of(&of).map(|row| Alias(registry, row)).collect()
    }

    /// What officials have changed in the registry, newest first; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn registry_changes(
        &self,
        cx: &Context<'_>,
        kind: Option<EntryKind>,
        code: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<RegistryChangeConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(holders::read_cursor)?;
        let filter = changes::Filter { kind: kind.map(Into::into), code };
        Ok(changes::list(graphql::ctx(cx), &filter, &ask).await?.map(RegistryChange).into())
    }

    /// Entries that may be one and the same under two names, the likeliest first: for the province, which decides.
    #[graphql(complexity = "limits::times(INDICATORS, child_complexity)")]
    async fn duplicates(&self, cx: &Context<'_>, kind: Option<EntryKind>) -> GqlResult<Vec<Duplicate>> {
        let found = duplicates::list(graphql::ctx(cx), kind.map(Into::into))?;
        Ok(found.into_iter().map(Duplicate::from).collect())
    }
}

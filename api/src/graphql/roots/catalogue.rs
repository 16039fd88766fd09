//! Datasets, indicators, periods.

use async_graphql::{Context, Object};

use crate::graphql::{
    self,
    error::GqlResult,
    filters::IndicatorFilter,
    lean::LeanList,
    limits::{self, INDICATORS, SOME},
    loaders,
    types::{dataset::Dataset, indicator::Indicator, period::Period},
};

/// The catalogue.
#[derive(Default)]
pub struct CatalogueQuery;

#[Object]
impl CatalogueQuery {
    /// All tables, in the order of the list.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn datasets<'a>(&self, cx: &Context<'a>) -> Vec<Dataset<'a>> {
        let registry = graphql::registry(cx);
        registry.datasets.all().iter().map(|row| Dataset(registry, row)).collect()
    }

    /// A table by its code.
    async fn dataset<'a>(&self, cx: &Context<'a>, code: String) -> Option<Dataset<'a>> {
        Dataset::of(graphql::registry(cx), &code)
    }

    /// Indicators, table by table, in the order of the forms.
    #[graphql(complexity = "limits::times(INDICATORS, child_complexity)")]
    async fn indicators<'a>(&self, cx: &Context<'a>, filter: Option<IndicatorFilter>) -> LeanList<Indicator<'a>> {
        let (registry, filter) = (graphql::registry(cx), filter.unwrap_or_default());
        registry.indicators.all().iter().filter(|row| filter.keeps(row)).map(|row| Indicator(registry, row)).collect()
    }

    /// An indicator by its code.
    async fn indicator<'a>(&self, cx: &Context<'a>, code: String) -> Option<Indicator<'a>> {
        Indicator::of(graphql::registry(cx), &code)
    }

    /// The periods that something was reported for, in order.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn periods(&self, cx: &Context<'_>) -> GqlResult<Vec<Period>> {
        let found = loaders::periods(graphql::ctx(cx)).await?;
        Ok(found.iter().filter_map(|row| Period::of(row.code.as_str())).collect())
    }
}

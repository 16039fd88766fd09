//! Datasets, indicators, periods.

use async_graphql::{Context, Object};
use entity::{indicator, rule};

use crate::domain::{periods, rules};
use crate::graphql::{
    self,
    error::GqlResult,
    filters::IndicatorFilter,
    lean::LeanList,
    limits::{self, INDICATORS, SOME},
    types::{
        dataset::Dataset,
        indicator::Indicator,
        period::Period,
        rule::{Rule, Trial},
    },
};

/// The catalogue.
#[derive(Default)]
pub struct CatalogueQuery;

#[Object]
impl CatalogueQuery {
    /// All tables, in the order of the list, or those that are reported for a period.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn datasets<'a>(
        &self,
        cx: &Context<'a>,
        #[graphql(desc = "By code.")] period: Option<String>,
    ) -> GqlResult<Vec<Dataset<'a>>> {
        let registry = graphql::registry(cx);
        Ok(match period.map(|period| periods::Period::read(&period, "/period")).transpose()? {
            None => registry.datasets.all().iter().map(|row| Dataset(registry, row)).collect(),
            Some(period) => {
                registry.datasets_in(period.kind, period.code.as_str()).map(|row| Dataset(registry, row)).collect()
            }
        })
    }

    /// A table by its code.
    async fn dataset<'a>(&self, cx: &Context<'a>, code: String) -> Option<Dataset<'a>> {
        Dataset::of(graphql::registry(cx), &code)
    }

    /// Indicators, table by table, in the order of the forms.
    #[graphql(complexity = "limits::times(INDICATORS, child_complexity)")]
    async fn indicators<'a>(
        &self,
        cx: &Context<'a>,
        filter: Option<IndicatorFilter>,
    ) -> GqlResult<LeanList<Indicator<'a>>> {
        let (registry, filter) = (graphql::registry(cx), filter.unwrap_or_default());
        let period = filter.period.as_deref().map(|period| periods::Period::read(period, "/filter/period"));
        let kept = |row: &&indicator::Model| filter.keeps(row);
        let shown = |row| Indicator(registry, row);
        Ok(match period.transpose()? {
            None => registry.indicators.all().iter().filter(kept).map(shown).collect(),
            Some(period) => registry.indicators_in(period.kind, period.code.as_str()).filter(kept).map(shown).collect(),
        })
    }

    /// An indicator by its code.
    async fn indicator<'a>(&self, cx: &Context<'a>, code: String) -> Option<Indicator<'a>> {
        Indicator::of(graphql::registry(cx), &code)
    }

    /// The rules by which pushes are judged, those that are off among them; of one table or of all.
    #[graphql(complexity = "limits::times(INDICATORS, child_complexity)")]
    async fn rules(&self, cx: &Context<'_>, dataset: Option<String>) -> Vec<Rule> {
        let is_asked = |row: &rule::Model| dataset.as_ref().is_none_or(|code| row.dataset_code == code.as_str());
        let rows = graphql::registry(cx).rules.all().iter().map(|rule| &rule.row);
        rows.filter(|row| is_asked(row)).map(|row| Rule(row.clone())).collect()
    }

    /// Tries an expression against the tables of some periods; stores nothing.
    #[graphql(complexity = "limits::times(periods.len(), child_complexity)")]
    async fn rule_trial(
        &self,
        cx: &Context<'_>,
        #[graphql(desc = "The table that it would judge.")] dataset: String,
        #[graphql(desc = "True for a good table.")] expression: String,
        #[graphql(desc = "By code.")] periods: Vec<String>,
    ) -> GqlResult<Vec<Trial>> {
        let trials = rules::dry_run(graphql::ctx(cx), &dataset, &expression, &periods).await?;
        Ok(trials.into_iter().map(Trial).collect())
    }

    /// The periods that are announced, or that something was reported for, in order.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn periods(&self, cx: &Context<'_>) -> GqlResult<Vec<Period>> {
        let found = periods::list(graphql::ctx(cx)).await?;
        Ok(found.iter().filter_map(|row| Period::of(row.code.as_str())).collect())
    }
}

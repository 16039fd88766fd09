//! Aggregates, claims, releases.

use async_graphql::{Context, ID, Object};

use crate::{
    domain::{aggregates, claims, compliance, releases},
    graphql::{
        self,
        error::{GqlResult, maybe, relocated},
        filters::{ClaimFilter, SchoolFilter},
        limits::{self, CLAIMS, SOME},
        paging::{self, Paging},
        types::{
            aggregate::{AggregateInput, AggregateResult},
            claim::Claim,
            compliance::ComplianceResult,
            outcome::ClaimOutcome,
            reconciliation::{self, Reconciliation, ReconciliationConnection},
            release::Release,
            words::ClaimVerdict,
        },
    },
};

/// Published figures.
#[derive(Default)]
pub struct FiguresQuery;

#[Object]
impl FiguresQuery {
    /// Answers a question about figures of schools, exactly: from a release or, for officials within
    /// their scope, from what is not published yet.
    #[graphql(complexity = "limits::times(input.cells(), child_complexity)")]
    async fn aggregate(&self, cx: &Context<'_>, input: AggregateInput) -> GqlResult<AggregateResult> {
        let ask = input.into();
        let answer = aggregates::answer(graphql::ctx(cx), &ask).await;
        let answer = answer.map_err(|error| relocated(error, |pointer| format!("/input{pointer}")))?;
        Ok(AggregateResult::new(ask.indicators, answer))
    }

    /// Who meets the standards in a period: by school, by city, in the province, and over the periods of the release.
    async fn compliance(
        &self,
        cx: &Context<'_>,
        period: String,
        filter: Option<SchoolFilter>,
        #[graphql(desc = "A version or a range; the newest release without it.")] release: Option<String>,
    ) -> GqlResult<ComplianceResult> {
        let ask = compliance::Ask { period, filter: filter.map(Into::into).unwrap_or_default(), release };
        Ok(ComplianceResult(compliance::compliance(graphql::ctx(cx), &ask).await?))
    }

    /// Printed figures, in the order of the list.
    #[graphql(complexity = "limits::times(CLAIMS, child_complexity)")]
    async fn claims<'a>(&self, cx: &Context<'a>, filter: Option<ClaimFilter>) -> Vec<Claim<'a>> {
        let (registry, filter) = (graphql::registry(cx), filter.unwrap_or_default());
        registry.claims.iter().filter(|row| filter.keeps(row)).map(|row| Claim(registry, row)).collect()
    }

    /// Printed figures held against a release (the newest where nothing is said), and against each other: one
    /// entry for each claim, and one for each pair that cannot both be true.
    #[graphql(complexity = "limits::times(2 * CLAIMS, child_complexity)")]
    async fn reconciliation(
        &self,
        cx: &Context<'_>,
        release: Option<String>,
        verdict: Option<Vec<ClaimVerdict>>,
    ) -> GqlResult<Vec<ClaimOutcome>> {
        let reconciled = claims::reconcile(graphql::ctx(cx), claims::Ask { claims: None, release }).await?;
        let wanted: Option<Vec<claims::Verdict>> = verdict.map(|words| words.into_iter().map(Into::into).collect());
        let outcomes = reconciled.outcomes.into_iter();
        let is_asked = |one: &claims::Outcome| wanted.as_ref().is_none_or(|wanted| wanted.contains(&one.verdict));
        Ok(outcomes.filter(is_asked).map(ClaimOutcome).collect())
    }

    /// Reconciliations that were kept, newest first: the province's all, of a city its own; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn reconciliations(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<ReconciliationConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(reconciliation::read_cursor)?;
        let page = claims::list(graphql::ctx(cx), ask.limit, ask.after.as_deref()).await?;
        Ok(page.map(Reconciliation::listed).into())
    }

    /// One that was kept, with everything that it said; `null` where there is none of this id for the caller.
    async fn kept_reconciliation(&self, cx: &Context<'_>, id: ID) -> GqlResult<Option<Reconciliation>> {
        Ok(maybe(claims::get(graphql::ctx(cx), &id).await)?.map(Into::into))
    }

    /// The releases that are there for the caller, newest first.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn releases(&self, cx: &Context<'_>) -> GqlResult<Vec<Release>> {
        Ok(releases::list(graphql::ctx(cx)).await?.into_iter().map(Release).collect())
    }

    /// The release that a version (`1.0.0`) or a range (`2.*`) means.
    async fn release(&self, cx: &Context<'_>, version: String) -> GqlResult<Option<Release>> {
        Ok(maybe(releases::resolve(graphql::ctx(cx), Some(&version)).await)?.map(Release))
    }
}

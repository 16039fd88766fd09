//! A revision of a table, and what differs from one to another.

use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::submission;

use super::{
    finding::Finding,
    indicator::Indicator,
    observation::Observation,
    words::{CellChange, RevisionSource},
};
use crate::{
    domain::submissions::{
        diff::{self, Change, diff, in_form_order},
        history::{self, Head, Past, Sight},
    },
    formats::document::{Cell, Cells},
    graphql::{
        self,
        error::GqlResult,
        lean::LeanList,
        limits::{self, CELLS, SOME},
        loaders::Loaders,
        paging::{Placed, connection},
        scalars::Instant,
    },
    memory::registry::Registry,
    page::{Ask, Page},
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Revision {
    row: Arc<submission::Model>,
    past: Arc<Past>,
    head: Head,
}

impl Revision {
    /// A page of the history of a table.
    pub async fn page(cx: &Context<'_>, row: &Arc<submission::Model>, ask: &Ask<i32>) -> GqlResult<Page<Self>> {
        let loaders = cx.data_unchecked::<Loaders>();
        let past = loaders.past(row).await?;
        let span = history::numbers(past.newest, ask.after, ask.limit);
        let heads = match span {
            Some((first, last)) => loaders.heads(&past, first, last).await?,
            None => Arc::default(),
        };
        let one = |head: &Head| Self { row: Arc::clone(row), past: Arc::clone(&past), head: head.clone() };
        Ok(Page {
            items: heads.iter().map(one).collect(),
            has_next: span.is_some_and(|(first, _)| first > 1),
            has_previous: ask.after.is_some(),
            total: u64::try_from(past.newest).unwrap_or_default(),
        })
    }

    /// The revision of a number, if there is one.
    pub async fn find(cx: &Context<'_>, row: &Arc<submission::Model>, number: i32) -> GqlResult<Option<Self>> {
        let loaders = cx.data_unchecked::<Loaders>();
        let past = loaders.past(row).await?;
        if !(1..=past.newest).contains(&number) {
            return Ok(None);
        }
        let heads = loaders.heads(&past, number, number).await?;
        Ok(heads.first().map(|head| Self { row: Arc::clone(row), past: Arc::clone(&past), head: head.clone() }))
    }

    fn sight(&self) -> Option<Sight> {
        self.past.sight(self.head.number)
    }
}

impl Placed for Revision {
    fn cursor(&self) -> String {
        history::cursor(self.head.number)
    }
}

connection!(
    /// A page of revisions, newest first.
    RevisionConnection,
    /// A revision and where it stands in the list.
    RevisionEdge,
    Revision
);

/// Cells in the order of the form.
pub(super) fn in_order(registry: &Registry, cells: &Cells, period: &str) -> LeanList<Observation> {
    let mut lines: Vec<_> = cells.iter().map(|(code, cell)| (registry.indicators.position(code), code, cell)).collect();
    lines.sort_unstable_by_key(|(position, code, _)| (*position, *code));
    lines.into_iter().map(|(_, code, cell)| Observation::cell(code, period, cell, registry.decimals(code))).collect()
}

/// An immutable state of a table (修订). Of one that was never put before a reviewer it sees number and date;
/// the rest is `null`.
#[Object]
impl Revision {
    /// From 1, without gaps.
    async fn number(&self) -> i32 {
        self.head.number
    }

    /// When it was pushed.
    async fn created_at(&self) -> Instant {
        Instant(self.head.created_at)
    }

    /// SHA-256 of the canonical document.
    async fn hash(&self) -> Option<&str> {
        Some(&self.head.inside.as_ref()?.hash)
    }

    /// SHA-256 of the hash and the chain hash before; `null` where a revision before is hidden.
    async fn chain_hash(&self) -> Option<&str> {
        self.head.inside.as_ref()?.chain_hash.as_deref()
    }

    /// The client or account that pushed it, as the journal names it.
    async fn author(&self) -> Option<&str> {
        Some(&self.head.inside.as_ref()?.author)
    }

    /// By which door it came in.
    async fn source(&self) -> Option<RevisionSource> {
        Some(self.head.inside.as_ref()?.source.into())
    }

    /// The cells, in the order of the form.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn observations(&self, cx: &Context<'_>) -> GqlResult<Option<LeanList<Observation>>> {
        let Some(sight) = self.sight() else { return Ok(None) };
        let cells = cx.data_unchecked::<Loaders>().said(sight).await?;
        Ok(Some(in_order(graphql::registry(cx), &cells, self.row.period_code.as_str())))
    }

    /// What the checks found in it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn findings(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<Finding>>> {
        let Some(sight) = self.sight() else { return Ok(None) };
        let found = cx.data_unchecked::<Loaders>().found(sight).await?;
        Ok(Some(found.iter().cloned().map(Finding).collect()))
    }

    /// The revision that `diff` compares it with: the one before that the caller has seen, if there is one.
    async fn against(&self) -> Option<i32> {
        self.sight()?;
        Some(self.past.before(self.head.number)?.number())
    }

    /// What differs from the one before that the caller has seen, in the order of the form.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn diff(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<CellDiff>>> {
        let Some(sight) = self.sight() else { return Ok(None) };
        let before = self.past.before(self.head.number);
        CellDiff::between(cx, before.as_ref(), &sight, self.row.period_code.as_str()).await.map(Some)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct CellDiff {
    one: diff::CellDiff,
    /// The period of what was before.
    earlier: Arc<str>,
    period: Arc<str>,
}

impl CellDiff {
    /// What differs between a table of one period and one of another.
    pub fn all(diff: &[diff::CellDiff], earlier: &str, period: &str) -> Vec<Self> {
        let (earlier, period): (Arc<str>, Arc<str>) = (earlier.into(), period.into());
        let of = |one: &diff::CellDiff| Self {
            one: one.clone(),
            earlier: Arc::clone(&earlier),
            period: Arc::clone(&period),
        };
        diff.iter().map(of).collect()
    }

    /// What differs between two revisions of a table of this period; everything is new after nothing.
    pub async fn between(cx: &Context<'_>, from: Option<&Sight>, to: &Sight, period: &str) -> GqlResult<Vec<Self>> {
        let loaders = cx.data_unchecked::<Loaders>();
        let before = async {
            match from {
                Some(from) => loaders.said(from.clone()).await,
                None => Ok(Arc::default()),
            }
        };
        let (before, after) = futures::try_join!(before, loaders.said(to.clone()))?;
        let diff = in_form_order(graphql::registry(cx), diff(&before, &after));
        Ok(Self::all(&diff, period, period))
    }

    fn cell(&self, cx: &Context<'_>, cell: Option<&Cell>, period: &str) -> Option<Observation> {
        let decimals = graphql::registry(cx).decimals(&self.one.indicator);
        Some(Observation::cell(&self.one.indicator, period, cell?, decimals))
    }
}

/// A cell that differs: value, status and note all count.
#[Object]
impl CellDiff {
    /// Which cell; nothing where the catalogue does not know it any more.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> Option<Indicator<'a>> {
        Indicator::of(graphql::registry(cx), &self.one.indicator)
    }

    /// What became of it.
    async fn change(&self) -> CellChange {
        match self.one.change {
            Change::Added(_) => CellChange::Added,
            Change::Removed(_) => CellChange::Removed,
            Change::Changed { .. } => CellChange::Changed,
        }
    }

    /// What it said; `null` where it was not there.
    async fn before(&self, cx: &Context<'_>) -> Option<Observation> {
        self.cell(cx, self.one.before(), &self.earlier)
    }

    /// What it says; `null` where it is not there any more.
    async fn after(&self, cx: &Context<'_>) -> Option<Observation> {
        self.cell(cx, self.one.after(), &self.period)
    }
}

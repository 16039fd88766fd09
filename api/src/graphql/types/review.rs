//! What a reviewer needs beside a table, and a school before it submits.

use std::sync::Arc;

use async_graphql::{Context, MergedObject, Object, SimpleObject};
use entity::submission;

use super::{
    finding::Finding, indicator::Indicator, period::Period, promised, revision::CellDiff, step::ReviewStep,
    words::ObservationStatus,
};
use crate::{
    domain::submissions::{
        Content, Key,
        review::{self, Compared},
    },
    graphql::{
        self,
        error::GqlResult,
        limits::{self, CELLS, SOME},
        loaders::Loaders,
        scalars::Decimal,
    },
    request_id,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Review {
    row: Arc<submission::Model>,
    content: Arc<Content>,
}

impl Review {
    /// The review of a table whose values are the caller's to see.
    pub const fn new(row: Arc<submission::Model>, content: Arc<Content>) -> Self {
        Self { row, content }
    }

    fn differs(&self, compared: Option<&Compared>) -> Option<Vec<CellDiff>> {
        compared.map(|compared| CellDiff::all(&compared.diff, &compared.period, self.row.period_code.as_str()))
    }
}

/// What a reviewer needs beside a table (审核要点): what was found in it and what the school says of it, what
/// differs from before, where its peers are, and how often it came back.
#[Object]
impl Review {
    /// What the checks found in the newest revision, with what the school says of it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn findings(&self, cx: &Context<'_>) -> GqlResult<Vec<ReviewFinding>> {
        let past = cx.data_unchecked::<Loaders>().past(&self.row).await?;
        let justified = |one: &crate::error::Finding| {
            let said = review::justification(&past, &one.code).map(str::to_owned);
            ReviewFinding(Finding(one.clone()), Justified { justification: said })
        };
        Ok(self.content.findings.iter().map(justified).collect())
    }

    /// What differs from the revision that was accepted last; `null` where none was.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn since_accepted(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<CellDiff>>> {
        let compared = cx.data_unchecked::<Loaders>().compared(&self.row).await?;
        Ok(self.differs(compared.accepted.as_ref()))
    }

    /// What differs from the same table of the period before, of which what was accepted counts, or else the
    /// newest revision that the caller may see; `null` where there is none.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn since_last_year(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<CellDiff>>> {
        let compared = cx.data_unchecked::<Loaders>().compared(&self.row).await?;
        Ok(self.differs(compared.last_year.as_ref()))
    }

    /// Where the school's peers lie, of every line of the table in the order of the form.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn peers(&self, cx: &Context<'_>) -> GqlResult<Vec<PeerMedian>> {
        PeerMedian::all(cx, &self.row, Some(&self.content)).await
    }

    /// Every time it was returned or opened again, oldest first. The words are told where the revision was put
    /// before the caller.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn returns(&self, cx: &Context<'_>) -> GqlResult<Vec<ReviewStep>> {
        let past = cx.data_unchecked::<Loaders>().past(&self.row).await?;
        let step = |taken| ReviewStep::of(graphql::registry(cx), self.row.school_code.as_str(), taken);
        Ok(review::returns(&past).into_iter().map(step).collect())
    }
}

/// Something that is wrong with a table, and what the school says of it.
#[derive(Clone, Debug, MergedObject)]
pub struct ReviewFinding(Finding, Justified);

/// What a school says of a warning.
#[derive(Clone, Debug, SimpleObject)]
pub struct Justified {
    /// Why it is as it is; `null` where nothing was asked, or this revision was not submitted yet.
    justification: Option<String>,
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct PeerMedian(review::Beside);

impl PeerMedian {
    /// Every line of a table, in the order of the form.
    pub async fn all(cx: &Context<'_>, row: &submission::Model, content: Option<&Content>) -> GqlResult<Vec<Self>> {
        let peers = cx.data_unchecked::<Loaders>().medians(row).await?;
        let cells = content.map(|content| &content.cells);
        let all = review::beside(graphql::registry(cx), &Key::of(row), cells, &peers);
        Ok(all.into_iter().map(Self).collect())
    }
}

/// A figure of the table beside the medians of the school's peers, itself among them.
#[Object]
impl PeerMedian {
    /// Which figure.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> GqlResult<Indicator<'a>> {
        promised(Indicator::of(graphql::registry(cx), &self.0.indicator))
    }

    /// What the table says.
    async fn value(&self) -> Option<Decimal> {
        Some(Decimal::Exact(self.0.value.as_ref()?.parse().ok()?))
    }

    /// Over the schools of its city.
    async fn city(&self) -> PeerGroup<'_> {
        PeerGroup(&self.0.city)
    }

    /// Over the schools of its field in the province.
    async fn category(&self) -> PeerGroup<'_> {
        PeerGroup(&self.0.category)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct PeerGroup<'a>(&'a review::Quartiles);

/// Where schools lie: for officials of all of them what is accepted, for everybody else what the newest release
/// tells, of the period itself or else of the last one before it, and of at least three schools. It says nothing that
/// `aggregate` would not tell the same caller.
#[Object]
impl PeerGroup<'_> {
    /// The median; `null` where there is none, or none is told.
    async fn median(&self) -> Option<Decimal> {
        self.0.median.map(Decimal::Exact)
    }

    /// The lower quartile, where it is told.
    async fn p25(&self) -> Option<Decimal> {
        self.0.p25.map(Decimal::Exact)
    }

    /// The upper quartile, where it is told.
    async fn p75(&self) -> Option<Decimal> {
        self.0.p75.map(Decimal::Exact)
    }

    /// Of which period the figures are, where it is an earlier one than the table's.
    async fn period(&self) -> Option<Period> {
        Period::of(self.0.period.as_deref()?)
    }

    /// How many schools contributed.
    async fn schools(&self) -> Option<i32> {
        self.0.schools.map(|schools| i32::try_from(schools).unwrap_or(i32::MAX))
    }

    /// What the figure says; `SUPPRESSED` where it is not told.
    async fn status(&self) -> ObservationStatus {
        self.0.status.into()
    }

    /// Why no median is told, in the language of the request.
    async fn reason(&self) -> Option<&str> {
        Some(self.0.reason.as_ref()?.in_(request_id::current_language()))
    }
}

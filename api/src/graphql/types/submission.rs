//! A school's table for one period.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::submission;

use super::{
    dataset::Dataset,
    finding::Finding,
    indicator::Indicator,
    observation::Observation,
    period::Period,
    promised,
    review::{PeerMedian, Review},
    revision::{self, CellDiff, Revision, RevisionConnection},
    school::School,
    step::ReviewStep,
    words::{ReviewSide, SubmissionState},
};
use crate::{
    domain::{
        checks,
        precondition::etag,
        submissions::{self, Content, Key, Table, history, turns},
    },
    graphql::{
        self,
        error::GqlResult,
        ids,
        lean::{Lean, LeanList},
        limits::{self, CELLS, SOME},
        loaders::Loaders,
        paging::{self, Paging, Placed, connection},
        scalars::Instant,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Submission {
    row: Arc<submission::Model>,
    /// What it says, where it has been read already; the inner nothing means "not this caller's to see".
    content: Option<Option<Arc<Content>>>,
    /// Whether it only would stand there.
    is_dry_run: bool,
}

impl Submission {
    /// One of a list: what it says is read when it is asked for.
    pub fn listed(row: Arc<submission::Model>) -> Self {
        Self { row, content: None, is_dry_run: false }
    }

    async fn content(&self, cx: &Context<'_>) -> GqlResult<Option<Arc<Content>>> {
        match &self.content {
            Some(content) => Ok(content.clone()),
            None => cx.data_unchecked::<Loaders>().inside(&self.row).await,
        }
    }

    fn seen<T>(&self, cx: &Context<'_>, value: impl FnOnce(&submission::Model) -> T) -> Option<T> {
        submissions::sees_values(graphql::ctx(cx), graphql::registry(cx), &self.row).then(|| value(&self.row))
    }
}

impl From<Table> for Submission {
    fn from(table: Table) -> Self {
        let Table { row, content, is_dry_run, .. } = table;
        Self { row: Arc::new(row), content: Some(content.map(Arc::new)), is_dry_run }
    }
}

impl Placed for Submission {
    fn cursor(&self) -> String {
        submissions::cursor(&Key::of(&self.row))
    }
}

connection!(
    /// A page of submissions.
    SubmissionConnection,
    /// A submission and where it stands in the list.
    SubmissionEdge,
    Submission
);

/// A school's table for one period (填报), and where it stands. A reviewer whose turn has not come
/// sees state and dates; the rest is `null` until then.
#[Object]
impl Submission {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::submission(self.row.school_code.as_str(), self.row.dataset_code.as_str(), self.row.period_code.as_str())
    }

    /// The school that reports.
    async fn school<'a>(&self, cx: &Context<'a>) -> GqlResult<Lean<School<'a>>> {
        promised(School::of(graphql::registry(cx), self.row.school_code.as_str())).map(Lean)
    }

    /// The table.
    async fn dataset<'a>(&self, cx: &Context<'a>) -> GqlResult<Dataset<'a>> {
        promised(Dataset::of(graphql::registry(cx), self.row.dataset_code.as_str()))
    }

    /// The period.
    async fn period(&self) -> GqlResult<Lean<Period>> {
        promised(Period::of(self.row.period_code.as_str())).map(Lean)
    }

    /// Where it stands.
    async fn state(&self) -> SubmissionState {
        self.row.state.into()
    }

    /// The number of the newest revision.
    async fn revision(&self, cx: &Context<'_>) -> Option<i32> {
        self.seen(cx, |row| row.revision)
    }

    /// SHA-256 of the canonical document of the newest revision; may be handed in as `ifMatch`.
    async fn hash(&self, cx: &Context<'_>) -> Option<String> {
        self.seen(cx, |row| row.content_hash.clone())
    }

    /// Stands for revision and state together; hand it in as `ifMatch`. A dry run has made none.
    async fn etag(&self, cx: &Context<'_>) -> Option<String> {
        self.seen(cx, etag).filter(|_| !self.is_dry_run)
    }

    /// The cells, in the order of the form.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn observations(&self, cx: &Context<'_>) -> GqlResult<Option<LeanList<Observation>>> {
        let Some(content) = self.content(cx).await? else { return Ok(None) };
        let registry = graphql::registry(cx);
        Ok(Some(revision::in_order(registry, &content.cells, self.row.period_code.as_str())))
    }

    /// What the checks found when the newest revision was pushed.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn findings(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<Finding>>> {
        let content = self.content(cx).await?;
        Ok(content.map(|content| content.findings.iter().cloned().map(Finding).collect()))
    }

    /// Rules that could not be asked, because a figure that they need is not there: their codes.
    async fn skipped_rules(&self, cx: &Context<'_>) -> GqlResult<Option<Vec<String>>> {
        let Some(content) = self.content(cx).await? else { return Ok(None) };
        let skipped = match &content.skipped {
            Some(skipped) => skipped.clone(),
            None => submissions::skipped(graphql::ctx(cx), &Key::of(&self.row), &content.cells).await?,
        };
        Ok(Some(skipped.into_iter().map(|code| code.0).collect()))
    }

    /// Required indicators that are still open; a submit is refused while there is one.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn missing<'a>(&self, cx: &Context<'a>) -> GqlResult<Option<Vec<Indicator<'a>>>> {
        let Some(content) = self.content(cx).await? else { return Ok(None) };
        let registry = graphql::registry(cx);
        let period = self.row.period_code.as_str();
        let open = checks::missing(registry, self.row.dataset_code.as_str(), period, &content.cells);
        let line = |code: &str| registry.indicator_in(code, period).map(|row| Indicator(registry, row));
        Ok(Some(open.iter().filter_map(|one| line(one.indicator.as_ref()?.as_str())).collect()))
    }

    /// The newest step of the review: why it was returned, what is wrong where, what the school says of warnings.
    async fn last_step(&self, cx: &Context<'_>) -> GqlResult<Option<ReviewStep>> {
        let content = self.content(cx).await?;
        let step = content.and_then(|content| content.last_step.clone());
        Ok(step.map(|step| ReviewStep::of(graphql::registry(cx), self.row.school_code.as_str(), step)))
    }

    /// Whose turn it is; `null` once it is accepted.
    async fn waits_for(&self, cx: &Context<'_>) -> Option<ReviewSide> {
        let school = graphql::registry(cx).schools.get(self.row.school_code.as_str())?;
        turns::waits_for(self.row.state, school.affiliation).map(Into::into)
    }

    /// What a reviewer needs beside the table; `null` while the values are not the caller's to see.
    async fn review(&self, cx: &Context<'_>) -> GqlResult<Option<Review>> {
        let content = self.content(cx).await?;
        Ok(content.map(|content| Review::new(Arc::clone(&self.row), content)))
    }

    /// Where the school's peers lie (同类院校比较), of every line in the order of the form, before it submits as after:
    /// quartiles over at least three schools, that nobody is named by.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn peers(&self, cx: &Context<'_>) -> GqlResult<Vec<PeerMedian>> {
        let content = self.content(cx).await?;
        PeerMedian::all(cx, &self.row, content.as_deref()).await
    }

    /// Its history, newest first; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn revisions(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<RevisionConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(history::read_cursor)?;
        Ok(Revision::page(cx, &self.row, &ask).await?.into())
    }

    /// One revision; `null` where there is none of that number.
    async fn revision_at(&self, cx: &Context<'_>, number: i32) -> GqlResult<Option<Revision>> {
        Revision::find(cx, &self.row, number).await
    }

    /// What differs from one revision to another, in the order of the form; `null` where the caller does not
    /// see both.
    #[graphql(complexity = "limits::times(CELLS, child_complexity)")]
    async fn diff(&self, cx: &Context<'_>, from: i32, to: i32) -> GqlResult<Option<Vec<CellDiff>>> {
        let past = cx.data_unchecked::<Loaders>().past(&self.row).await?;
        match (past.sight(from), past.sight(to)) {
            (Some(from), Some(to)) => {
                CellDiff::between(cx, Some(&from), &to, self.row.period_code.as_str()).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// When it last changed.
    async fn updated_at(&self) -> Instant {
        Instant(self.row.updated_at)
    }

    /// When it was first pushed.
    async fn created_at(&self) -> Instant {
        Instant(self.row.created_at)
    }
}

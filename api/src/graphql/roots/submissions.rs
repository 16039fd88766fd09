//! Submissions.

use async_graphql::{Context, Object};

use crate::{
    domain::submissions::{self, Key},
    graphql::{
        self,
        error::{GqlResult, maybe_of},
        filters::SubmissionFilter,
        limits,
        paging::{self, Paging},
        types::submission::{Submission, SubmissionConnection},
    },
    page::Page,
};

/// What schools have reported, as far as it is there for the caller.
#[derive(Default)]
pub struct SubmissionsQuery;

#[Object]
impl SubmissionsQuery {
    /// The submissions that are there for the caller, by school, table and period; at most 200 a page.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn submissions(
        &self,
        cx: &Context<'_>,
        filter: Option<SubmissionFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<SubmissionConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(submissions::read_cursor)?;
        let page = match filter.unwrap_or_default().narrowed() {
            Some(filter) => submissions::list(graphql::ctx(cx), &filter, &ask).await?,
            None => Page { items: Vec::new(), has_next: false, has_previous: false, total: 0 },
        };
        Ok(page.map(|row| Submission::listed(row.into())).into())
    }

    /// A school's table for one period.
    async fn submission(
        &self,
        cx: &Context<'_>,
        school: String,
        dataset: String,
        period: String,
    ) -> GqlResult<Option<Submission>> {
        let ctx = graphql::ctx(cx);
        let found = submissions::get(ctx, &Key::new(&school, &dataset, &period)).await;
        Ok(maybe_of(ctx, &school, found)?.map(Submission::from))
    }
}

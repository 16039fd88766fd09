//! The journal and the records of access, for auditors.

use async_graphql::{Context, InputObject, Object};

use crate::{
    domain::{accesses, audit},
    graphql::{
        self,
        error::GqlResult,
        limits,
        paging::{self, Paging},
        scalars::Instant,
        types::journal::{DataAccess, DataAccessConnection, JournalConnection, JournalEntry},
    },
};

/// Which entries of the journal.
#[derive(Clone, Debug, Default, InputObject)]
pub struct JournalFilter {
    /// Only of this actor: `account:<id>`, `client:<client_id>`, `job:<task>` or `public`.
    actor: Option<String>,
    /// Only this action, `submission.pushed`; or all of a noun, `submission`.
    action: Option<String>,
    /// Only of this object, as in `62001/talent/2023`.
    object: Option<String>,
    /// Only of this school, by code.
    school: Option<String>,
    /// Only since then.
    from: Option<Instant>,
    /// Only before then.
    to: Option<Instant>,
    /// Only of this request.
    request_id: Option<String>,
}

/// Which records of access.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AccessFilter {
    /// Only of this reader.
    actor: Option<String>,
    /// Only of readers of this organisation.
    org: Option<String>,
    /// Only of this school's tables.
    school: Option<String>,
    /// Only of this table.
    dataset: Option<String>,
    /// Only of this period.
    period: Option<String>,
    /// Only since then.
    from: Option<Instant>,
    /// Only before then.
    to: Option<Instant>,
    /// Only of this request.
    request_id: Option<String>,
}

/// What an auditor reads.
#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// The journal, in the order of its numbers; at most 200 entries a page. An auditor's alone.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn journal(
        &self,
        cx: &Context<'_>,
        filter: Option<JournalFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<JournalConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(audit::read_cursor)?;
        let JournalFilter { actor, action, object, school, from, to, request_id } = filter.unwrap_or_default();
        let (from, to) = (from.map(|from| from.0), to.map(|to| to.0));
        let filter = audit::Filter { actor, action, object, school, from, to, request_id };
        let page = audit::list(graphql::ctx(cx), &filter, &ask).await?;
        Ok(page.map(JournalEntry).into())
    }

    /// Who has read what is not published, oldest first; at most 200 records a page. An auditor sees all of them,
    /// a school which officials have read its own tables.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn accesses(
        &self,
        cx: &Context<'_>,
        filter: Option<AccessFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<DataAccessConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(accesses::read_cursor)?;
        let AccessFilter { actor, org, school, dataset, period, from, to, request_id } = filter.unwrap_or_default();
        let (from, to) = (from.map(|from| from.0), to.map(|to| to.0));
        let filter = accesses::Filter { actor, org, school, dataset, period, from, to, request_id };
        let page = accesses::list(graphql::ctx(cx), &filter, &ask).await?;
        Ok(page.map(DataAccess).into())
    }
}

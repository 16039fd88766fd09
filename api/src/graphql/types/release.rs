//! A published version.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    dataset::Dataset,
    indicator::Indicator,
    period::Period,
    promised,
    words::{CellChange, ObservationStatus, ReleaseKind},
};
use crate::{
    domain::releases::{self, New, changes},
    graphql::{
        self,
        error::{GqlResult, relocated},
        ids,
        limits::{self, SOME},
        paging::{self, Paging, Placed, connection},
        scalars::{Decimal, Instant},
    },
    memory::{ReleaseHead, TableHead},
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Release(pub Arc<ReleaseHead>);

/// A published version (发布版本): immutable, signed, cumulative.
#[Object]
impl Release {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Release", self.0.row.version.as_str())
    }

    /// By semantic versioning, as in `1.2.0`.
    async fn version(&self) -> &str {
        self.0.row.version.as_str()
    }

    /// What it changed.
    async fn kind(&self) -> ReleaseKind {
        self.0.row.kind.into()
    }

    /// What it is for.
    async fn note(&self) -> &str {
        &self.0.row.note
    }

    /// The period that was brought up to date; nothing for all.
    async fn period(&self) -> Option<Period> {
        Period::of(self.0.row.period_code.as_deref()?)
    }

    /// When it was built.
    async fn created_at(&self) -> Instant {
        Instant(self.0.row.created_at)
    }

    /// Until then only the province sees it.
    async fn publish_at(&self) -> Instant {
        Instant(self.0.row.publish_at)
    }

    /// Its tables.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn tables(&self) -> Vec<ReleaseTable<'_>> {
        self.0.tables.iter().map(ReleaseTable).collect()
    }

    /// What it says differently from the release before it, cell by cell; at most 200 a page. Cells of protected
    /// lines are told to officials of the school and to the school.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn changes(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        #[graphql(desc = "Only of this dataset.")] dataset: Option<String>,
        #[graphql(desc = "Only of this period.")] period: Option<String>,
        #[graphql(desc = "Only of this school.")] school: Option<String>,
    ) -> GqlResult<ReleaseChangeConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(changes::read_cursor)?;
        let only = changes::Only { dataset, period, school };
        let version = self.0.row.version.as_str();
        let (_, page) = changes::changes(graphql::ctx(cx), version, &only, &ask).await?;
        Ok(page.map(ReleaseChange).into())
    }

    /// SHA-256 of the registry and catalogue as they stood.
    async fn registry_hash(&self) -> &str {
        &self.0.row.registry_hash
    }

    /// What was signed, byte for byte: JSON.
    async fn manifest(&self) -> &str {
        &self.0.row.manifest
    }

    /// JWS over the manifest; the key is in `/.well-known/jwks.json`.
    async fn signature(&self) -> &str {
        &self.0.row.signature
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseTable<'a>(pub &'a TableHead);

/// One dataset and period of a release.
#[Object]
impl<'r> ReleaseTable<'r> {
    /// The table.
    async fn dataset<'a>(&self, cx: &Context<'a>) -> GqlResult<Dataset<'a>> {
        promised(Dataset::of(graphql::registry(cx), self.0.dataset_code.as_str()))
    }

    /// The period.
    async fn period(&self) -> GqlResult<Period> {
        promised(Period::of(self.0.period_code.as_str()))
    }

    /// How many schools have a public figure in it.
    async fn schools(&self) -> i32 {
        self.0.schools
    }

    /// SHA-256 of the published columns.
    async fn hash(&self) -> &str {
        &self.0.public_hash
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct ReleaseChange(pub changes::CellChange);

impl Placed for ReleaseChange {
    fn cursor(&self) -> String {
        self.0.cursor()
    }
}

connection!(
    /// A page of changes, in the order of dataset, period, school and indicator.
    ReleaseChangeConnection,
    /// A change and where it stands in the list.
    ReleaseChangeEdge,
    ReleaseChange
);

/// A cell that a release says differently from the one before.
#[Object]
impl ReleaseChange {
    /// The code of the school: one of that day, which the registry may not have any more.
    async fn school(&self) -> &str {
        let [_, _, school, _] = &self.0.place;
        school
    }

    /// The period.
    async fn period(&self) -> GqlResult<Period> {
        let [_, period, _, _] = &self.0.place;
        promised(Period::of(period))
    }

    /// The line.
    async fn indicator<'a>(&self, cx: &Context<'a>) -> GqlResult<Indicator<'a>> {
        let [.., indicator] = &self.0.place;
        promised(Indicator::of(graphql::registry(cx), indicator))
    }

    /// How it differs.
    async fn change(&self) -> CellChange {
        match (&self.0.before, &self.0.after) {
            (None, _) => CellChange::Added,
            (_, None) => CellChange::Removed,
            _ => CellChange::Changed,
        }
    }

    /// The value in the release before, where it had one.
    async fn before(&self) -> Option<Decimal> {
        self.0.before.as_ref()?.value.map(Decimal::Exact)
    }

    /// What the cell said; `null` where it was not there.
    async fn status_before(&self) -> Option<ObservationStatus> {
        Some(self.0.before.as_ref()?.status.into())
    }

    /// The value in the release, where it has one.
    async fn after(&self) -> Option<Decimal> {
        self.0.after.as_ref()?.value.map(Decimal::Exact)
    }

    /// What the cell says; `null` where it is not there any more.
    async fn status_after(&self) -> Option<ObservationStatus> {
        Some(self.0.after.as_ref()?.status.into())
    }

    /// Why: for what the table was opened again, or what the release is for.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
}

/// What a release would be.
#[derive(Clone, Debug, InputObject)]
pub struct PreviewReleaseInput {
    /// Only this period is brought up to date; the others stand as before. All without it.
    period: Option<String>,
    /// What it would change, by semantic versioning.
    kind: ReleaseKind,
}

impl PreviewReleaseInput {
    /// Builds the release as it would be, and drops it.
    pub async fn preview(self, cx: &Context<'_>) -> GqlResult<PreviewReleasePayload> {
        let new = New { period: self.period, kind: self.kind.into(), publish_at: None, note: "preview".to_owned() };
        let preview = releases::preview(graphql::ctx(cx), new, &mut |_| {}).await;
        let preview = preview.map_err(|error| relocated(error, |pointer| format!("/input{pointer}")))?;
        Ok(PreviewReleasePayload {
            version: preview.version,
            previous: preview.previous,
            all_tables: preview.all,
            tables: preview.tables.into_iter().map(Into::into).collect(),
        })
    }
}

/// What a release would be, had it been made (发布预览): nothing was changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct PreviewReleasePayload {
    /// The version that it would have.
    version: String,
    /// The release before it.
    previous: Option<String>,
    /// How many tables it would have in all.
    all_tables: usize,
    /// Those that it would say differently.
    tables: Vec<TablePreview>,
}

/// One table that a release would say differently.
#[derive(Clone, Debug, SimpleObject)]
pub struct TablePreview {
    /// The code of the dataset.
    dataset: String,
    /// The period.
    period: String,
    /// Whether the release before did not have it.
    is_new: bool,
    /// How many cells of schools would be another, or new, or gone.
    cells: usize,
    /// How many figures of protected lines everybody would be told anew.
    told: usize,
    /// How many would stand as they were told before.
    standing: usize,
    /// How many would be suppressed.
    suppressed: usize,
}

impl From<releases::TablePreview> for TablePreview {
    fn from(table: releases::TablePreview) -> Self {
        let releases::TablePreview { dataset, period, is_new, cells, told, standing, suppressed } = table;
        Self { dataset, period, is_new, cells, told, standing, suppressed }
    }
}

//! A published version.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{dataset::Dataset, period::Period, promised, words::ReleaseKind};
use crate::{
    graphql::{
        self,
        error::GqlResult,
        ids,
        limits::{self, SOME},
        scalars::Instant,
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

    /// How many schools have a table.
    async fn schools(&self) -> i32 {
        self.0.schools
    }

    /// SHA-256 of the published columns.
    async fn hash(&self) -> &str {
        &self.0.public_hash
    }
}

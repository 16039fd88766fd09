//! The root fields, split by noun. Each parses its arguments, calls one verb, and wraps what comes back.

mod audit;
mod catalogue;
mod changes;
mod collections;
mod events;
mod figures;
mod people;
mod registry;
mod submissions;
mod tasks;

use async_graphql::{Context, ID, MergedObject, Object};

pub use audit::AuditQuery;
pub use catalogue::CatalogueQuery;
pub use changes::Mutation;
pub use collections::CollectionsQuery;
pub use events::Subscription;
pub use figures::FiguresQuery;
pub use people::PeopleQuery;
pub use registry::RegistryQuery;
pub use submissions::SubmissionsQuery;
pub use tasks::TasksQuery;

use super::{
    error::GqlResult,
    types::{
        node::{self, Node},
        principal::Principal,
    },
};

/// Everything that can be read. A look-up answers `null` for what is not there, and the same for what is
/// not this caller's to see.
#[derive(MergedObject, Default)]
pub struct Query(
    CallerQuery,
    RegistryQuery,
    CatalogueQuery,
    CollectionsQuery,
    SubmissionsQuery,
    FiguresQuery,
    AuditQuery,
    PeopleQuery,
    TasksQuery,
);

/// The caller, and everything by its id.
#[derive(Default)]
pub struct CallerQuery;

#[Object]
impl CallerQuery {
    /// The caller; nothing without a token.
    async fn me(&self, cx: &Context<'_>) -> Option<Principal> {
        Principal::of(super::ctx(cx))
    }

    /// Anything by its id.
    async fn node<'a>(&self, cx: &Context<'a>, id: ID) -> GqlResult<Option<Node<'a>>> {
        node::find(super::ctx(cx), super::registry(cx), &id).await
    }
}

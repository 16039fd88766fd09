//! An interest in an opportunity, and how both sides are reached.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::{
    enterprise::Enterprise,
    opportunity::{OfficeContact, Opportunity},
    school::School,
    words::InterestState,
};
use crate::{
    domain::interests::{self, Contacts, Known},
    graphql::{
        self,
        error::GqlResult,
        ids,
        loaders::Loaders,
        paging::{Placed, connection},
        scalars::Instant,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Interest(pub Arc<Known>);

impl From<Known> for Interest {
    fn from(known: Known) -> Self {
        Self(Arc::new(known))
    }
}

impl Placed for Interest {
    fn cursor(&self) -> String {
        interests::cursor(&self.0.row)
    }
}

connection!(
    /// A page of interests.
    InterestConnection,
    /// An interest and where it stands in the list.
    InterestEdge,
    Interest
);

/// A school or an enterprise would like to meet an opportunity of another (对接意向).
#[Object]
impl Interest {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Interest", &self.0.row.id.to_string())
    }

    /// Its id by REST, and in events.
    async fn key(&self) -> String {
        self.0.row.id.to_string()
    }

    /// Who is interested, where it is a school.
    async fn school<'a>(&self, cx: &Context<'a>) -> Option<School<'a>> {
        School::of(graphql::registry(cx), self.0.row.school_code.as_ref()?.as_str())
    }

    /// Who is interested, where it is an enterprise.
    async fn enterprise<'a>(&self, cx: &Context<'a>) -> Option<Enterprise<'a>> {
        Enterprise::of(graphql::registry(cx), self.0.row.enterprise_code.as_ref()?.as_str())
    }

    /// In what; nothing where that is not the caller's to see any more.
    async fn opportunity(&self) -> Option<Opportunity> {
        self.0.of.clone().map(Opportunity::from)
    }

    /// Where it stands.
    async fn state(&self) -> InterestState {
        self.0.row.state.into()
    }

    /// What the other side is to know.
    async fn note(&self) -> Option<&str> {
        self.0.row.note.as_deref()
    }

    /// Why it was declined.
    async fn reason(&self) -> Option<&str> {
        self.0.row.reason.as_deref()
    }

    /// How both sides are reached: for the two of them, once both have said yes. Each answer is in the journal
    /// (`contact.shown`), and both sides hear of it.
    async fn contact(&self, cx: &Context<'_>) -> GqlResult<Option<InterestContact>> {
        let told = cx.data_unchecked::<Loaders>().contacts(self.0.row.id).await?;
        Ok(told.map(InterestContact::from))
    }

    /// When it was expressed.
    async fn created_at(&self) -> Instant {
        Instant(self.0.row.created_at)
    }

    /// When it was changed last.
    async fn updated_at(&self) -> Instant {
        Instant(self.0.row.updated_at)
    }

    /// Hand it back as `ifMatch`.
    async fn etag(&self) -> String {
        interests::etag(&self.0.row)
    }
}

/// How both sides are reached.
#[derive(Clone, Debug, SimpleObject)]
pub struct InterestContact {
    /// The owner of the opportunity.
    owner: OfficeContact,
    /// Who is interested.
    interested: OfficeContact,
}

impl From<Contacts> for InterestContact {
    fn from(contacts: Contacts) -> Self {
        Self { owner: contacts.owner.into(), interested: contacts.interested.into() }
    }
}

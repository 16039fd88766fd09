//! A consortium.

use std::borrow::Cow;

use async_graphql::{ID, Object};
use entity::consortium;

use super::{
    application::ConsortiumActivity,
    major::{IndustryChain, etag, term},
    membership::ConsortiumMembership,
    words::{ConsortiumKind, ConsortiumScope},
};
use crate::{
    graphql::{
        ids,
        lean::{LeanList, or_null, plain, word},
        limits::{self, MEMBERS, SOME},
        paging::{Placed, connection},
        scalars::Day,
        written::text,
    },
    memory::registry::Registry,
    page,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Consortium<'a>(pub &'a Registry, pub &'a consortium::Model);

impl<'a> Consortium<'a> {
    /// The consortium with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.consortia.get(code).map(|row| Self(registry, row))
    }
}

impl Placed for Consortium<'_> {
    fn cursor(&self) -> String {
        page::cursor(&[self.1.code.as_str()])
    }
}

connection!(
    /// A page of consortia.
    ConsortiumConnection,
    /// A consortium and where it stands in the list.
    ConsortiumEdge,
    Consortium<'a>
);

plain!(Consortium<'_>, |it, _registry, _set, out| {
    "id" => text(&ids::id("Consortium", it.1.code.as_str()), out),
    "code" => text(it.1.code.as_str(), out),
    "name" => text(&it.1.name, out),
    "nameEn" => or_null(it.1.name_en.as_deref(), text, out),
    "kind" => word(ConsortiumKind::from(it.1.kind), out),
    "scope" => word(ConsortiumScope::from(it.1.scope), out),
    "foundedOn" => or_null(it.1.founded_on.as_deref(), text, out),
});

/// A body that schools and enterprises form (产教联合体、共同体、职教集团、联盟).
#[Object]
impl<'a> Consortium<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Consortium", self.1.code.as_str())
    }

    /// The exchange's own code.
    async fn code(&self) -> &str {
        self.1.code.as_str()
    }

    /// The official Chinese name.
    async fn name(&self) -> &str {
        &self.1.name
    }

    /// The English name.
    async fn name_en(&self) -> Option<&str> {
        self.1.name_en.as_deref()
    }

    /// What kind of body it is.
    async fn kind(&self) -> ConsortiumKind {
        self.1.kind.into()
    }

    /// How far it reaches.
    async fn scope(&self) -> ConsortiumScope {
        self.1.scope.into()
    }

    /// When it was founded, as printed, which may be a year only.
    async fn founded_on(&self) -> Option<&str> {
        self.1.founded_on.as_deref()
    }

    /// Its present members, with their parts in it.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn members(&self) -> LeanList<ConsortiumMembership<'a>> {
        self.0.members.of(self.1.code.as_str()).map(|row| ConsortiumMembership(self.0, row)).collect()
    }

    /// Members that have left, those that left first at the head.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn former_members(&self) -> Vec<ConsortiumMembership<'a>> {
        self.0.ended.members.of(self.1.code.as_str()).map(|row| ConsortiumMembership(self.0, row)).collect()
    }

    /// The industry chain that it serves, where that was said.
    async fn industry_chain(&self) -> Option<IndustryChain<'a>> {
        IndustryChain::of(self.0, self.1.chain_code.as_ref()?.as_str())
    }

    /// What it has done, newest first.
    #[graphql(complexity = "limits::times(MEMBERS, child_complexity)")]
    async fn activities(&self) -> Vec<ConsortiumActivity<'a>> {
        let rows = self.0.activities.of(self.1.code.as_str());
        rows.map(|row| ConsortiumActivity(Cow::Borrowed(row))).collect()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Its first day, where that is known.
    async fn since(&self) -> Option<Day> {
        term::<consortium::Entity>(self.0, self.1).since.map(Day)
    }

    /// Its last day, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<consortium::Entity>(self.0, self.1).until.map(Day)
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<consortium::Entity>(self.0, self.1)
    }

    /// Other names it is printed under.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn aliases(&self) -> Vec<&'a str> {
        self.0.aliases.of(self.1.code.as_str()).map(|alias| alias.alias.as_str()).collect()
    }

    /// The codes of what was merged into it; they lead to it.
    async fn merged_codes(&self) -> Vec<&'a str> {
        self.0.merged_into(entity::words::EntryKind::Consortium, self.1.code.as_str())
    }
}

//! Majors, what schools teach, and the industry chains it serves.

use async_graphql::{ID, Object};
use entity::{consortium, industry_chain, major, major_chain, programme};

use super::{consortium::Consortium, promised, school::School, words::MajorLevel};
use crate::{
    domain::registry::{self, Entry},
    graphql::{
        error::GqlResult,
        ids,
        limits::{self, SOME},
        paging::{Placed, connection},
        scalars::Day,
    },
    memory::registry::{Registry, Term},
    page,
};

/// The strong ETag of an entry.
pub(super) fn etag<E: Entry>(registry: &Registry, row: &E::Model) -> String {
    registry::etag::<E>(row, E::term(registry, row))
}

/// Since when and until when an entry is.
pub(super) fn term<E: Entry>(registry: &Registry, row: &E::Model) -> Term {
    E::term(registry, row)
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Major<'a>(pub &'a Registry, pub &'a major::Model);

impl<'a> Major<'a> {
    /// The major with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.majors.get(code).map(|row| Self(registry, row))
    }
}

impl Placed for Major<'_> {
    fn cursor(&self) -> String {
        page::cursor(&[self.1.code.as_str()])
    }
}

connection!(
    /// A page of majors.
    MajorConnection,
    /// A major and where it stands in the list.
    MajorEdge,
    Major<'a>
);

/// A major (专业) of the catalogue.
#[Object]
impl<'a> Major<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Major", self.1.code.as_str())
    }

    /// Its six digits.
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

    /// 专业大类.
    async fn category(&self) -> &str {
        &self.1.category
    }

    /// 专业类.
    async fn class(&self) -> &str {
        &self.1.class
    }

    /// For which schools it is.
    async fn level(&self) -> MajorLevel {
        self.1.level.into()
    }

    /// Of the catalogue, as in `2021`.
    async fn edition(&self) -> &str {
        &self.1.edition
    }

    /// Its last day in the catalogue, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<major::Entity>(self.0, self.1).until.map(Day)
    }

    /// Which schools teach it, or have taught it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn programmes(&self) -> Vec<Programme<'a>> {
        self.0.programmes.of(self.1.code.as_str()).map(|row| Programme(self.0, row)).collect()
    }

    /// The industry chains that it serves.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn industry_chains(&self) -> Vec<IndustryChain<'a>> {
        let links = self.0.major_chains.of(self.1.code.as_str());
        links.filter_map(|link| IndustryChain::of(self.0, link.chain_code.as_str())).collect()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<major::Entity>(self.0, self.1)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Programme<'a>(pub &'a Registry, pub &'a programme::Model);

/// That a school teaches a major (专业点).
#[Object]
impl<'a> Programme<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Programme", &self.1.id.to_string())
    }

    /// The school.
    async fn school(&self) -> GqlResult<School<'a>> {
        promised(School::of(self.0, self.1.school_code.as_str()))
    }

    /// The major.
    async fn major(&self) -> GqlResult<Major<'a>> {
        promised(Major::of(self.0, self.1.major_code.as_str()))
    }

    /// Since which day, where that is known.
    async fn since(&self) -> Option<Day> {
        self.1.since.map(Day)
    }

    /// The last day, where it has ended.
    async fn until(&self) -> Option<Day> {
        self.1.until.map(Day)
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<programme::Entity>(self.0, self.1)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct IndustryChain<'a>(pub &'a Registry, pub &'a industry_chain::Model);

impl<'a> IndustryChain<'a> {
    /// The chain with this code.
    pub fn of(registry: &'a Registry, code: &str) -> Option<Self> {
        registry.chains.get(code).map(|row| Self(registry, row))
    }
}

/// An industry chain (产业链) of the province.
#[Object]
impl<'a> IndustryChain<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("IndustryChain", self.1.code.as_str())
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

    /// Its last day, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<industry_chain::Entity>(self.0, self.1).until.map(Day)
    }

    /// The consortia that serve it, in the order of the list.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn consortia(&self) -> Vec<Consortium<'a>> {
        let serves = |row: &&consortium::Model| row.chain_code.as_ref() == Some(&self.1.code);
        self.0.consortia.all().iter().filter(serves).map(|row| Consortium(self.0, row)).collect()
    }

    /// Which majors serve it.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn majors(&self) -> Vec<MajorChain<'a>> {
        self.0.major_chains.of(self.1.code.as_str()).map(|row| MajorChain(self.0, row)).collect()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<industry_chain::Entity>(self.0, self.1)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct MajorChain<'a>(pub &'a Registry, pub &'a major_chain::Model);

/// That a major serves an industry chain.
#[Object]
impl<'a> MajorChain<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("MajorChain", &self.1.id.to_string())
    }

    /// The major.
    async fn major(&self) -> GqlResult<Major<'a>> {
        promised(Major::of(self.0, self.1.major_code.as_str()))
    }

    /// The industry chain.
    async fn industry_chain(&self) -> GqlResult<IndustryChain<'a>> {
        promised(IndustryChain::of(self.0, self.1.chain_code.as_str()))
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<major_chain::Entity>(self.0, self.1)
    }
}

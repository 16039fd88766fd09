//! What a school is given: a place in a consortium, a title.

use async_graphql::{ID, Object};
use entity::{consortium_member, designation};

use super::{
    consortium::Consortium,
    enterprise::Enterprise,
    institution::Institution,
    major::{etag, term},
    promised,
    school::School,
    words::MemberRole,
};
use crate::{
    graphql::{
        error::GqlResult,
        ids,
        lean::{object, or_null, plain, word},
        scalars::Day,
        written::text,
    },
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct ConsortiumMembership<'a>(pub &'a Registry, pub &'a consortium_member::Model);

plain!(ConsortiumMembership<'_>, |it, registry, set, out| {
    "id" => text(&ids::id("ConsortiumMembership", &it.1.id.to_string()), out),
    "consortium" => object(&Consortium::of(it.0, it.1.consortium_code.as_str())?, registry, set, out)?,
    "role" => word(MemberRole::from(it.1.role), out),
    "memberType" => text(&it.1.member_type, out),
    "nameAsPrinted" => or_null(it.1.name_as_printed.as_deref(), text, out),
});

/// A member of a consortium and its part in it. Exactly one of school, enterprise and institution is there.
#[Object]
impl<'a> ConsortiumMembership<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("ConsortiumMembership", &self.1.id.to_string())
    }

    /// The consortium.
    async fn consortium(&self) -> GqlResult<Consortium<'a>> {
        promised(Consortium::of(self.0, self.1.consortium_code.as_str()))
    }

    /// The member's part in it.
    async fn role(&self) -> MemberRole {
        self.1.role.into()
    }

    /// What the member is: `school`, `enterprise`, `university`, `park`, `government`, `association`.
    async fn member_type(&self) -> &str {
        &self.1.member_type
    }

    /// The member, if it is a school of the province.
    async fn school(&self) -> Option<School<'a>> {
        School::of(self.0, self.1.school_code.as_ref()?.as_str())
    }

    /// The member, if it is an enterprise.
    async fn enterprise(&self) -> Option<Enterprise<'a>> {
        Enterprise::of(self.0, self.1.enterprise_code.as_ref()?.as_str())
    }

    /// The member, if it is another body.
    async fn institution(&self) -> Option<Institution<'a>> {
        Institution::of(self.0, self.1.institution_code.as_ref()?.as_str())
    }

    /// The member's name as printed.
    async fn name_as_printed(&self) -> Option<&str> {
        self.1.name_as_printed.as_deref()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Its first day, where that is known.
    async fn since(&self) -> Option<Day> {
        term::<consortium_member::Entity>(self.0, self.1).since.map(Day)
    }

    /// Its last day, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<consortium_member::Entity>(self.0, self.1).until.map(Day)
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<consortium_member::Entity>(self.0, self.1)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Designation<'a>(pub &'a Registry, pub &'a designation::Model);

/// A title that a school holds.
#[Object]
impl<'a> Designation<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Designation", &self.1.id.to_string())
    }

    /// The school that holds it.
    async fn school(&self) -> GqlResult<School<'a>> {
        promised(School::of(self.0, self.1.school_code.as_str()))
    }

    /// The official Chinese name.
    async fn name(&self) -> &str {
        &self.1.name
    }

    /// The English name.
    async fn name_en(&self) -> Option<&str> {
        self.1.name_en.as_deref()
    }

    /// `national` or `provincial`.
    async fn level(&self) -> &str {
        &self.1.level
    }

    /// The branch, base or project that holds it.
    async fn detail(&self) -> Option<&str> {
        self.1.detail.as_deref()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// Its first day, where that is known.
    async fn since(&self) -> Option<Day> {
        term::<designation::Entity>(self.0, self.1).since.map(Day)
    }

    /// Its last day, where it has one.
    async fn until(&self) -> Option<Day> {
        term::<designation::Entity>(self.0, self.1).until.map(Day)
    }

    /// Hand it back in `ifMatch`.
    async fn etag(&self) -> String {
        etag::<designation::Entity>(self.0, self.1)
    }
}

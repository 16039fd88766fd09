//! What exists between a school and an enterprise.

use async_graphql::{ID, Object};
use entity::partnership;

use super::{enterprise::Enterprise, institution::Institution, school::School};
use crate::{
    graphql::{ids, scalars::Decimal},
    memory::registry::Registry,
};

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Partnership<'a>(pub &'a Registry, pub &'a partnership::Model);

/// What exists between a school and an enterprise (校企合作).
#[Object]
impl<'a> Partnership<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Partnership", &self.1.id.to_string())
    }

    /// The school, if it is one of the province's.
    async fn school(&self) -> Option<School<'a>> {
        School::of(self.0, self.1.school_code.as_ref()?.as_str())
    }

    /// The school, if it is not one of the province's list.
    async fn institution(&self) -> Option<Institution<'a>> {
        Institution::of(self.0, self.1.institution_code.as_ref()?.as_str())
    }

    /// The enterprise, where it is named.
    async fn enterprise(&self) -> Option<Enterprise<'a>> {
        Enterprise::of(self.0, self.1.enterprise_code.as_ref()?.as_str())
    }

    /// Another partner, as printed.
    async fn other_partner(&self) -> Option<&str> {
        self.1.other_partner.as_deref()
    }

    /// An open code list: `order_class`, `apprenticeship`, `industry_college` …
    async fn kind(&self) -> &str {
        &self.1.kind
    }

    /// The official Chinese name.
    async fn name(&self) -> &str {
        &self.1.label
    }

    /// The English name.
    async fn name_en(&self) -> Option<&str> {
        self.1.label_en.as_deref()
    }

    /// How many, as printed.
    async fn count(&self) -> Option<Decimal> {
        Decimal::printed(self.1.count.as_deref()?)
    }

    /// The unit of the count.
    async fn unit(&self) -> Option<&str> {
        self.1.unit.as_deref()
    }

    /// The printed hedge of the count: 余, 多, 近.
    async fn qualifier(&self) -> Option<&str> {
        self.1.qualifier.as_deref()
    }

    /// `existing` or `planned`.
    async fn status(&self) -> &str {
        &self.1.status
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}

//! What exists between a school and an enterprise, and what all of it comes to.

use std::borrow::Cow;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::partnership;

use super::{
    city::City,
    consortium::Consortium,
    enterprise::Enterprise,
    institution::Institution,
    school::School,
    words::{PartnershipSide, PartnershipState},
};
use crate::{
    domain::partnerships::{self, By, Line},
    graphql::{
        self, ids,
        limits::{self, SOME},
        paging::{Placed, connection},
        scalars::{Day, Decimal, Instant},
    },
    memory::{
        derived::{MONEY, Total},
        registry::Registry,
    },
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Partnership<'a>(pub &'a Registry, pub Cow<'a, partnership::Model>);

impl<'a> Partnership<'a> {
    /// One that is held in memory.
    pub const fn held(registry: &'a Registry, row: &'a partnership::Model) -> Self {
        Self(registry, Cow::Borrowed(row))
    }

    /// One that was read for this caller.
    pub const fn read(registry: &'a Registry, row: partnership::Model) -> Self {
        Self(registry, Cow::Owned(row))
    }
}

impl Placed for Partnership<'_> {
    fn cursor(&self) -> String {
        partnerships::cursor(partnerships::place(&self.1))
    }
}

connection!(
    /// A page of partnerships.
    PartnershipConnection,
    /// A partnership and where it stands in the list.
    PartnershipEdge,
    Partnership<'a>
);

/// What exists between a school and an enterprise (校企合作), printed somewhere or entered by one side and confirmed
/// by the other. What is proposed, refused or withdrawn is there for its two sides, their cities and the province.
#[Object]
impl<'a> Partnership<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Partnership", &self.1.id.to_string())
    }

    /// By which REST, `partnership(id)` and the mutations know it.
    async fn code(&self) -> String {
        self.1.id.to_string()
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

    /// `existing` or `planned`, as printed; of what was entered, whether it has been confirmed.
    async fn status(&self) -> &str {
        &self.1.status
    }

    /// Where it stands.
    async fn state(&self) -> PartnershipState {
        self.1.state.into()
    }

    /// Who entered it; of what is printed the province.
    async fn proposed_by(&self) -> PartnershipSide {
        self.1.proposed_by.into()
    }

    /// Whether it was loaded from a file, and so is public whatever its state.
    async fn is_printed(&self) -> bool {
        self.1.is_printed
    }

    /// The six digits of the major that it is about, where it is about one.
    async fn major(&self) -> Option<&str> {
        self.1.major_code.as_deref()
    }

    /// The first day, where it is known.
    async fn starts_on(&self) -> Option<Day> {
        self.1.starts_on.map(Day)
    }

    /// The last day; of an active one the last that is agreed.
    async fn ends_on(&self) -> Option<Day> {
        self.1.ends_on.map(Day)
    }

    /// How many students are in it.
    async fn students(&self) -> Option<i32> {
        self.1.students
    }

    /// What is put into it, in yuan.
    async fn investment(&self) -> Option<Decimal> {
        self.1.investment.map(|amount| Decimal::fixed(amount, MONEY))
    }

    /// Addresses of what shows it.
    async fn evidence(&self) -> Vec<String> {
        partnerships::evidence_of(&self.1.evidence)
    }

    /// Why it was refused, or has ended.
    async fn reason(&self) -> Option<&str> {
        self.1.reason.as_deref()
    }

    /// Where it is printed; empty for what was entered.
    async fn source(&self) -> &str {
        &self.1.source
    }

    /// When it was entered; nothing for what was loaded.
    async fn created_at(&self) -> Option<Instant> {
        self.1.created_at.map(Instant)
    }

    /// When it last changed; nothing for what was loaded and has not changed since.
    async fn updated_at(&self) -> Option<Instant> {
        self.1.updated_at.map(Instant)
    }

    /// Hand it back as `ifMatch`; goes up with every change.
    async fn etag(&self) -> String {
        partnerships::etag(&self.1)
    }
}

/// What a step has made of a partnership.
#[derive(SimpleObject)]
pub struct PartnershipPayload<'a> {
    /// The partnership as it now stands.
    partnership: Partnership<'a>,
}

impl<'a> PartnershipPayload<'a> {
    /// The answer to a step.
    pub fn new(cx: &Context<'a>, row: partnership::Model) -> Self {
        Self { partnership: Partnership::read(graphql::registry(cx), row) }
    }
}

/// By what partnerships are parted.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "By")]
pub enum PartnershipDimension {
    /// The kind.
    Kind,
    /// The city of the school; of the enterprise where no school of the province is named.
    City,
    /// The school.
    School,
    /// The enterprise.
    Enterprise,
    /// Consortia that the school or the enterprise is a member of: one may be in several, or in none.
    Consortium,
    /// The major.
    Major,
}

/// What partnerships come to.
pub struct PartnershipStatistics<'a> {
    /// The state of the registry.
    pub registry: &'a Registry,
    /// By what they are parted.
    pub by: By,
    /// All of them.
    pub total: Total,
    /// The groups.
    pub lines: Vec<Line>,
}

/// What the partnerships that stand, or that stood in a period, come to.
#[Object]
impl<'a> PartnershipStatistics<'a> {
    /// How many they are.
    async fn partnerships(&self) -> i64 {
        self.total.count
    }

    /// Students of those that say how many; nothing where none does.
    async fn students(&self) -> Option<i64> {
        self.total.students
    }

    /// What is put into those that say how much, in yuan; nothing where none does.
    async fn investment(&self) -> Option<Decimal> {
        self.total.investment.map(|amount| Decimal::fixed(amount, MONEY))
    }

    /// The groups, in the order of their keys; those that do not say last.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn groups(&self) -> Vec<PartnershipGroup<'a>> {
        self.lines.iter().map(|line| PartnershipGroup(self.registry, self.by, line.clone())).collect()
    }
}

/// See the description of the GraphQL type.
pub struct PartnershipGroup<'a>(&'a Registry, By, Line);

impl PartnershipGroup<'_> {
    fn of(&self, by: By) -> Option<&str> {
        self.2.key.as_deref().filter(|_| self.1 == by)
    }
}

/// One group of partnerships. The member of the dimension is set; nothing is for partnerships that do not say.
#[Object]
impl<'a> PartnershipGroup<'a> {
    /// The code or word of the group.
    async fn key(&self) -> Option<&str> {
        self.2.key.as_deref()
    }

    /// The city.
    async fn city(&self) -> Option<City<'a>> {
        City::of(self.0, self.of(By::City)?)
    }

    /// The school.
    async fn school(&self) -> Option<School<'a>> {
        School::of(self.0, self.of(By::School)?)
    }

    /// The enterprise.
    async fn enterprise(&self) -> Option<Enterprise<'a>> {
        Enterprise::of(self.0, self.of(By::Enterprise)?)
    }

    /// The consortium.
    async fn consortium(&self) -> Option<Consortium<'a>> {
        Consortium::of(self.0, self.of(By::Consortium)?)
    }

    /// How many partnerships.
    async fn partnerships(&self) -> i64 {
        self.2.total.count
    }

    /// Students of those that say how many; nothing where none does.
    async fn students(&self) -> Option<i64> {
        self.2.total.students
    }

    /// What is put into those that say how much, in yuan; nothing where none does.
    async fn investment(&self) -> Option<Decimal> {
        self.2.total.investment.map(|amount| Decimal::fixed(amount, MONEY))
    }
}

//! A target and what the data say of it, policies, and the printed figures of cities.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use entity::{city_figure, policy, target};

use super::{city::City, period::Period, promised, school::School};
use crate::{
    domain::targets::{self, Judgement},
    graphql::{self, error::GqlResult, ids, loaders::Loaders, scalars::Decimal},
    memory::registry::Registry,
    request_id,
};

/// What the data say of a target.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "targets::Verdict")]
pub enum TargetVerdict {
    /// The newest figure, of a period that ends with the due year or before, is as was promised.
    Kept,
    /// It is not, and the due year is not over, or there is none.
    OnTheWay,
    /// It is not, the due year is over, and the figure is of that year.
    Missed,
    /// No expression, no figure for this caller, or none of the due year, which is over.
    NoData,
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Target(pub Arc<target::Model>);

impl From<target::Model> for Target {
    fn from(row: target::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// What a province, a city or a school has promised in figures (目标值).
#[Object]
impl Target {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Target", &self.0.id.to_string())
    }

    /// Its id in REST and in mutations.
    async fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// Who has promised it, as printed.
    async fn owner_name(&self) -> &str {
        &self.0.owner_name
    }

    /// `province`, `city`, `school`, or another word as printed.
    async fn owner_type(&self) -> &str {
        &self.0.owner_type
    }

    /// Who has promised it, where it is a city of the registry.
    async fn city<'a>(&self, cx: &Context<'a>) -> Option<City<'a>> {
        City::of(graphql::registry(cx), self.0.city_code.as_ref()?.as_str())
    }

    /// Who has promised it, where it is a school of the registry.
    async fn school<'a>(&self, cx: &Context<'a>) -> Option<School<'a>> {
        School::of(graphql::registry(cx), self.0.school_code.as_ref()?.as_str())
    }

    /// What is promised, as printed.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// In English.
    async fn label_en(&self) -> Option<&str> {
        self.0.label_en.as_deref()
    }

    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about: no further off than half a unit of the last printed digit that
    /// is not a zero.
    async fn comparator(&self) -> &str {
        &self.0.comparator
    }

    /// The digits, or a ratio such as `4:6`.
    async fn value(&self) -> &str {
        &self.0.value
    }

    /// As printed, where that is another text.
    async fn value_printed(&self) -> Option<&str> {
        self.0.value_printed.as_deref()
    }

    /// The unit, as printed.
    async fn unit(&self) -> Option<&str> {
        self.0.unit.as_deref()
    }

    /// The year with whose end it is due; `null` where none is said.
    async fn due_year(&self) -> Option<i32> {
        self.0.due_year.map(i32::from)
    }

    /// What it is judged by, in the language of the claims; `null` where nothing can judge it.
    async fn expression(&self) -> Option<&str> {
        self.0.expression.as_deref()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// What the newest release says of it, as far as that may be told to the caller.
    #[graphql(complexity = "5 + child_complexity")]
    async fn judgement(&self, cx: &Context<'_>) -> GqlResult<TargetJudgement> {
        Ok(TargetJudgement(cx.data_unchecked::<Loaders>().judgement(&self.0).await?))
    }

    /// Hand it back as `ifMatch`; goes up with every change.
    async fn etag(&self) -> String {
        targets::etag(&self.0)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct TargetJudgement(pub Arc<Judgement>);

/// What the data say of a target, with the figure it was judged by.
#[Object]
impl TargetJudgement {
    /// Whether it is kept.
    async fn verdict(&self) -> TargetVerdict {
        self.0.verdict.into()
    }

    /// The figure, unrounded; `null` where there is none, or it is not the caller's to see.
    async fn figure(&self) -> Option<Decimal> {
        self.0.figure.map(Decimal::Exact)
    }

    /// The period of the figure.
    async fn period(&self) -> Option<Period> {
        Period::of(self.0.period.as_deref()?)
    }

    /// The version of the release that the figure is of.
    async fn release(&self) -> Option<&str> {
        self.0.release.as_deref()
    }

    /// In words, in the language of the request.
    async fn reason(&self) -> &str {
        self.0.reason.in_(request_id::current_language())
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a>(pub &'a Registry, pub &'a policy::Model);

/// A policy of a policy list (政策清单).
#[Object]
impl<'a> Policy<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("Policy", &self.1.id.to_string())
    }

    /// The city whose document it stands in, where that is known.
    async fn city(&self) -> Option<City<'a>> {
        City::of(self.0, self.1.city_code.as_ref()?.as_str())
    }

    /// What it says.
    async fn content(&self) -> &str {
        &self.1.content
    }

    /// In English.
    async fn content_en(&self) -> Option<&str> {
        self.1.content_en.as_deref()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Copy, Debug)]
pub struct CityFigure<'a>(pub &'a Registry, pub &'a city_figure::Model);

/// A figure that somebody printed about a city. It is held against nothing.
#[Object]
impl<'a> CityFigure<'a> {
    /// Opaque, for `node(id)`.
    pub(super) async fn id(&self) -> ID {
        ids::id("CityFigure", &self.1.id.to_string())
    }

    /// The city.
    async fn city(&self) -> GqlResult<City<'a>> {
        promised(City::of(self.0, self.1.city_code.as_str()))
    }

    /// What the figure is called by programs.
    async fn key(&self) -> &str {
        &self.1.key
    }

    /// What it is, as printed.
    async fn label(&self) -> &str {
        &self.1.label
    }

    /// In English.
    async fn label_en(&self) -> Option<&str> {
        self.1.label_en.as_deref()
    }

    /// The unit, as printed.
    async fn unit(&self) -> &str {
        &self.1.unit
    }

    /// The period, as printed, where one is.
    async fn period(&self) -> Option<&str> {
        self.1.period.as_deref()
    }

    /// The digits, as printed.
    async fn value(&self) -> Option<Decimal> {
        Decimal::printed(&self.1.value)
    }

    /// The printed hedge of the number: 余, 多, 近.
    async fn qualifier(&self) -> Option<&str> {
        self.1.qualifier.as_deref()
    }

    /// Where it is printed.
    async fn source(&self) -> &str {
        &self.1.source
    }
}

//! A collection, who was given longer, and how far it is.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, SimpleObject};
use entity::{collection, collection_extension};

use super::{city::City, dataset::Dataset, period::Period, promised, school::School};
use crate::{
    authz::Role,
    domain::collections::{self, Counts, Days},
    graphql::{
        self,
        error::GqlResult,
        limits::{self, CITIES, SOME},
        loaders::Loaders,
        scalars::{Day, Instant},
    },
};

/// Where a collection stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "collections::Stage")]
pub enum CollectionState {
    /// Nothing is taken yet.
    Upcoming,
    /// In time.
    Open,
    /// Still taken, but late.
    Overdue,
    /// Nothing is taken any more.
    Closed,
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Collection(Arc<collection::Model>);

impl From<collection::Model> for Collection {
    fn from(row: collection::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// The days within which schools report a table for a period (采集任务). Days are those of Asia/Shanghai,
/// each with all of its hours. A table and period without a collection is open.
#[Object]
impl Collection {
    /// The table.
    async fn dataset<'a>(&self, cx: &Context<'a>) -> GqlResult<Dataset<'a>> {
        promised(Dataset::of(graphql::registry(cx), self.0.dataset_code.as_str()))
    }

    /// The period.
    async fn period(&self) -> GqlResult<Period> {
        promised(Period::of(self.0.period_code.as_str()))
    }

    /// The first day on which anything is taken.
    async fn opens_on(&self) -> Day {
        Day(self.0.opens_on)
    }

    /// The last day in time.
    async fn due_on(&self) -> Day {
        Day(self.0.due_on)
    }

    /// The last day on which anything is taken; the day on which it is due where nothing else was said.
    async fn closes_on(&self) -> Day {
        Day(Days::of(&self.0).closes_on)
    }

    /// What the schools are to know.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// Where it stands now; for a school with the time that it was given.
    async fn state(&self, cx: &Context<'_>) -> GqlResult<CollectionState> {
        let ctx = graphql::ctx(cx);
        let extensions = match ctx.actor.role {
            Role::School => cx.data_unchecked::<Loaders>().extensions(&self.0).await?,
            _ => Arc::default(),
        };
        Ok(collections::stage(ctx, &self.0, &extensions).into())
    }

    /// Who was given longer: the newest word for each school of the caller's.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn extensions(&self, cx: &Context<'_>) -> GqlResult<Vec<CollectionExtension>> {
        let extensions = cx.data_unchecked::<Loaders>().extensions(&self.0).await?;
        Ok(extensions.iter().cloned().map(CollectionExtension).collect())
    }

    /// How far it is now, over the caller's own schools.
    async fn progress(&self, cx: &Context<'_>) -> GqlResult<CollectionProgress> {
        let progress = cx.data_unchecked::<Loaders>().progress(&self.0).await?;
        Ok(CollectionProgress(progress))
    }

    /// Hand it back as `ifMatch`; goes up with every change of the days.
    async fn etag(&self) -> String {
        collections::etag(&self.0)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct CollectionExtension(pub collection_extension::Model);

/// More time for one school.
#[Object]
impl CollectionExtension {
    /// The school.
    async fn school<'a>(&self, cx: &Context<'a>) -> GqlResult<School<'a>> {
        promised(School::of(graphql::registry(cx), self.0.school_code.as_str()))
    }

    /// The last day (Asia/Shanghai) on which it may write.
    async fn until(&self) -> Day {
        Day(self.0.until)
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// When it was granted.
    async fn at(&self) -> Instant {
        Instant(self.0.at)
    }
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct CollectionProgress(Arc<collections::Progress>);

/// How far a collection is: schools of the caller's scope, counted by where their tables stand now. A table that
/// was returned or reopened is with its school again, and counts as received.
#[Object]
impl CollectionProgress {
    /// Schools that are to report: all of the scope.
    async fn expected(&self) -> usize {
        self.0.total.expected
    }

    /// Schools that have such a table at all, if only a draft.
    async fn received(&self) -> usize {
        self.0.total.received
    }

    /// Schools whose table is submitted, approved or accepted.
    async fn submitted(&self) -> usize {
        self.0.total.submitted
    }

    /// Schools whose table is approved or accepted.
    async fn approved(&self) -> usize {
        self.0.total.approved
    }

    /// Schools whose table is accepted.
    async fn accepted(&self) -> usize {
        self.0.total.accepted
    }

    /// Schools that are late: their day, with the time they were given, is over, and their table is not
    /// submitted or further.
    async fn overdue(&self) -> usize {
        self.0.total.overdue
    }

    /// The same city by city, for cities with a school of the scope.
    #[graphql(complexity = "limits::times(CITIES, child_complexity)")]
    async fn cities<'a>(&self, cx: &Context<'a>) -> GqlResult<Vec<CityProgress<'a>>> {
        let registry = graphql::registry(cx);
        let line = |(code, counts): (&entity::ids::CityCode, &Counts)| {
            let Counts { expected, received, submitted, approved, accepted, overdue } = *counts;
            let city = promised(City::of(registry, code.as_str()))?;
            Ok(CityProgress { city, expected, received, submitted, approved, accepted, overdue })
        };
        self.0.cities.iter().map(line).collect()
    }
}

/// How far the schools of one city are; the counts are those of `CollectionProgress`.
#[derive(SimpleObject)]
pub struct CityProgress<'a> {
    /// The city.
    city: City<'a>,
    /// Schools that are to report.
    expected: usize,
    /// Schools that have such a table at all, if only a draft.
    received: usize,
    /// Schools whose table is submitted, approved or accepted.
    submitted: usize,
    /// Schools whose table is approved or accepted.
    approved: usize,
    /// Schools whose table is accepted.
    accepted: usize,
    /// Schools that are late.
    overdue: usize,
}

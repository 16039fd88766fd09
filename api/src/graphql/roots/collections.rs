//! Collections: looked at and looked after.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};

use crate::{
    domain::{
        collections::{self, Change, Extend, Filter, Key, New},
        precondition::Match,
    },
    graphql::{
        self,
        error::{GqlResult, maybe, relocated},
        limits::{self, SOME},
        scalars::Day,
        types::collection::{Collection, CollectionExtension},
    },
};

/// Which collections. What is left out keeps all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CollectionFilter {
    /// Only of these tables, by code.
    #[graphql(validator(max_items = 1_000))]
    dataset: Option<Vec<String>>,
    /// Only of these periods, by code.
    #[graphql(validator(max_items = 1_000))]
    period: Option<Vec<String>>,
}

/// The collections.
#[derive(Default)]
pub struct CollectionsQuery;

#[Object]
impl CollectionsQuery {
    /// The days within which schools report, by table and period.
    #[graphql(complexity = "limits::times(SOME, child_complexity)")]
    async fn collections(&self, cx: &Context<'_>, filter: Option<CollectionFilter>) -> GqlResult<Vec<Collection>> {
        let filter = filter.unwrap_or_default();
        let filter = Filter { dataset: filter.dataset, period: filter.period };
        let rows = collections::all(graphql::ctx(cx), &filter).await?;
        Ok(rows.into_iter().map(Collection::from).collect())
    }

    /// The collection of a table for a period; nothing where there is none, and the table is open.
    async fn collection(&self, cx: &Context<'_>, dataset: String, period: String) -> GqlResult<Option<Collection>> {
        let found = collections::get(graphql::ctx(cx), &Key::new(&dataset, &period)).await;
        Ok(maybe(found)?.map(Collection::from))
    }
}

/// A collection to open.
#[derive(Clone, Debug, InputObject)]
pub struct OpenCollectionInput {
    /// The table, by code.
    dataset: String,
    /// The period, as in `2023` or `2022-2023`.
    period: String,
    /// The first day on which anything is taken.
    opens_on: Day,
    /// The last day in time.
    due_on: Day,
    /// The last day on which anything is taken; the day on which it is due where nothing is said.
    closes_on: Option<Day>,
    /// What the schools are to know.
    note: Option<String>,
}

/// What is to be different about a collection; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeCollectionInput {
    /// The table, by code.
    dataset: String,
    /// The period, as in `2023` or `2022-2023`.
    period: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// The first day on which anything is taken.
    opens_on: Option<Day>,
    /// The last day in time.
    due_on: Option<Day>,
    /// The last day on which anything is taken; `null` for the day on which it is due.
    closes_on: MaybeUndefined<Day>,
    /// What the schools are to know; `null` takes it away.
    note: MaybeUndefined<String>,
}

/// More time for one school.
#[derive(Clone, Debug, InputObject)]
pub struct ExtendCollectionInput {
    /// The table, by code.
    dataset: String,
    /// The period, as in `2023` or `2022-2023`.
    period: String,
    /// The school, by code.
    school: String,
    /// The last day on which it may write, after the day on which the collection closes.
    until: Day,
    /// Why; reaches the school and its city.
    reason: String,
}

/// What a collection has become.
#[derive(SimpleObject)]
pub struct CollectionPayload {
    /// The collection as it now stands.
    collection: Collection,
}

/// What a school was given.
#[derive(SimpleObject)]
pub struct ExtendCollectionPayload {
    /// The collection.
    collection: Collection,
    /// What was granted.
    extension: CollectionExtension,
}

/// Where the parts of a collection stand in its input.
fn placed(pointer: &str) -> String {
    let names = [("opens_on", "opensOn"), ("due_on", "dueOn"), ("closes_on", "closesOn")];
    format!("/input{}", names.iter().fold(pointer.to_owned(), |pointer, (rest, own)| pointer.replace(rest, own)))
}

fn maybe_undefined<T>(member: MaybeUndefined<T>) -> Option<Option<T>> {
    match member {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

fn written(day: Day) -> String {
    day.0.to_string()
}

impl OpenCollectionInput {
    /// Opens it.
    pub async fn open(self, cx: &Context<'_>) -> GqlResult<CollectionPayload> {
        let new = New {
            dataset: self.dataset,
            period: self.period,
            opens_on: written(self.opens_on),
            due_on: written(self.due_on),
            closes_on: self.closes_on.map(written),
            note: self.note,
        };
        let opened = collections::open(graphql::ctx(cx), new).await;
        Ok(CollectionPayload { collection: opened.map_err(|error| relocated(error, placed))?.into() })
    }
}

impl ChangeCollectionInput {
    /// Changes it.
    pub async fn change(self, cx: &Context<'_>) -> GqlResult<CollectionPayload> {
        let key = Key::new(&self.dataset, &self.period);
        let if_match = self.if_match.as_deref().map(Match::read);
        let change = Change {
            opens_on: self.opens_on.map(written),
            due_on: self.due_on.map(written),
            closes_on: maybe_undefined(self.closes_on).map(|day| day.map(written)),
            note: maybe_undefined(self.note),
        };
        let changed = collections::change(graphql::ctx(cx), &key, change, if_match.as_ref()).await;
        Ok(CollectionPayload { collection: changed.map_err(|error| relocated(error, placed))?.into() })
    }
}

impl ExtendCollectionInput {
    /// Gives the school longer.
    pub async fn extend(self, cx: &Context<'_>) -> GqlResult<ExtendCollectionPayload> {
        let key = Key::new(&self.dataset, &self.period);
        let extend = Extend { school: self.school, until: written(self.until), reason: self.reason };
        let extended = collections::extend(graphql::ctx(cx), &key, extend).await;
        let (row, granted) = extended.map_err(|error| relocated(error, placed))?;
        Ok(ExtendCollectionPayload { collection: row.into(), extension: CollectionExtension(granted) })
    }
}

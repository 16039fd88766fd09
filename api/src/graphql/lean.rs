//! A short way for objects whose fields are plain: no future for each field.
//!
//! The library boxes a future for every field of every object, which is most of what a list of
//! thousands of small objects costs. Where a selection asks for plain fields only, the answer is
//! written straight away; everything else (arguments, directives, fragments, fields that wait) takes
//! the usual way. Both say the same: a test asks for every plain field both ways.

use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
    registry,
};

use crate::memory::registry::Registry;

/// An object with plain fields.
pub trait Plain: OutputType {
    /// The value of one of its plain fields; nothing for every other field.
    fn field(&self, registry: &Registry, name: &str, set: &SelectionSet) -> Option<Value>;
}

/// A text.
pub fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A value or `null`.
pub fn or_null(value: Option<impl Into<Value>>) -> Value {
    value.map_or(Value::Null, Into::into)
}

/// An object, if its selection asks for plain fields only.
pub fn object<T: Plain>(it: &T, registry: &Registry, set: &SelectionSet) -> Option<Value> {
    let mut members = IndexMap::with_capacity(set.items.len());
    for selection in &set.items {
        let Selection::Field(field) = &selection.node else { return None };
        let field = &field.node;
        if !(field.directives.is_empty() && field.arguments.is_empty()) {
            return None;
        }
        let value = match field.name.node.as_str() {
            "__typename" => Value::String(T::type_name().into_owned()),
            name => it.field(registry, name, &field.selection_set.node)?,
        };
        let key: &Name = &field.alias.as_ref().unwrap_or(&field.name).node;
        if members.insert(key.clone(), value).is_some() {
            // Asked for twice: what is below may have to be merged.
            return None;
        }
    }
    Some(Value::Object(members))
}

/// A list of objects, if its selection asks for plain fields only.
pub fn list<T: Plain>(rows: &[T], registry: &Registry, set: &SelectionSet) -> Option<Value> {
    rows.iter().map(|row| object(row, registry, set)).collect::<Option<_>>().map(Value::List)
}

/// An object that goes the short way where it can.
#[derive(Clone, Debug)]
pub struct Lean<T>(pub T);

impl<T: Plain> OutputType for Lean<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut registry::Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, cx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match object(&self.0, super::registry(cx), &cx.item.node) {
            Some(value) => Ok(value),
            None => self.0.resolve(cx, field).await,
        }
    }
}

/// A list of objects that goes the short way where it can.
#[derive(Clone, Debug)]
pub struct LeanList<T>(pub Vec<T>);

impl<T> FromIterator<T> for LeanList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl<T: Plain> OutputType for LeanList<T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<T>>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<T>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut registry::Registry) -> String {
        <Vec<T>>::create_type_info(registry)
    }

    async fn resolve(&self, cx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match list(&self.0, super::registry(cx), &cx.item.node) {
            Some(value) => Ok(value),
            None => self.0.resolve(cx, field).await,
        }
    }
}

/// The plain fields of a type, each with the value it has.
macro_rules! plain {
    ($type:ty, |$this:ident, $registry:ident, $set:ident| { $($name:literal => $value:expr),* $(,)? }) => {
        impl $crate::graphql::lean::Plain for $type {
            fn field(
                &self,
                $registry: &$crate::memory::registry::Registry,
                name: &str,
                $set: &async_graphql::parser::types::SelectionSet,
            ) -> Option<async_graphql::Value> {
                let ($this, _, _) = (self, $registry, $set);
                Some(match name {
                    $($name => $value,)*
                    _ => return None,
                })
            }
        }
    };
}
pub(super) use plain;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{
        complete::Shapes,
        request::{GraphqlRequest, execute},
        sdl,
    };
    use crate::{
        House,
        authz::{Actor, Role},
        config::Config,
        db::Db,
        domain::demo,
        house,
    };

    /// How an object of each lean type is come by; `$` is what is asked of it.
    const WAYS: &[(&str, &str)] = &[
        ("School", "{submissions(first: 3) {nodes {school {$}}}}"),
        ("City", "{schools(first: 3) {nodes {city {$}}}}"),
        ("City", "{cities {$}}"),
        ("ConsortiumMembership", "{schools(first: 3) {nodes {consortia {$}}}}"),
        ("Consortium", "{schools(first: 3) {nodes {consortia {consortium {$}}}}}"),
        ("Indicator", "{indicators {$}}"),
        ("Observation", "{schools(first: 3) {nodes {observations(period: \"2023\") {$}}}}"),
        ("Period", "{schools(first: 3) {nodes {observations(period: \"2023\") {period {$}}}}}"),
        (
            "AggregateGroup",
            "{aggregate(input: {indicators: [\"scale.students\"], period: \"2023\", groupBy: [CITY, TIER, CONSORTIUM]}) {groups {$}}}",
        ),
        (
            "AggregateGroup",
            "{aggregate(input: {indicators: [\"scale.students\"], period: \"2023\", groupBy: [OWNERSHIP, CATEGORY]}) {groups {$}}}",
        ),
        (
            "AggregateCell",
            "{aggregate(input: {indicators: [\"scale.students\", \"online.national_banks_led\"], period: \"2023\", groupBy: [CITY]}) {groups {cells {$}}}}",
        ),
    ];

    async fn ask(house: &House, query: &str) -> serde_json::Value {
        let ctx = house.ctx(Actor::with(Role::Province, Some("620000"), "client:test", "test"));
        let body = serde_json::json!({ "query": query }).to_string();
        let answer = execute(&house.schema, ctx, GraphqlRequest::read(body.as_bytes()).unwrap(), false).await;
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer
    }

    #[tokio::test]
    async fn the_short_way_says_what_the_long_way_says() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::for_demo(0, dir.path()).unwrap();
        let db = Db::connect(&house::reach(&config)).await.unwrap();
        house::migrate(&db).await.unwrap();
        let house = House::over(config, db).await.unwrap();
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023");
        demo::fill(&house.ctx(Actor::system("test")), &reference, &mut |_| {}).await.unwrap();

        let shapes = Shapes::read(&sdl());
        for (kind, way) in WAYS {
            for (field, is_object) in shapes.plain_fields(kind) {
                let asked = if is_object { format!("{field} {{__typename}}") } else { field.to_owned() };
                let short = ask(&house, &way.replace('$', &format!("it: {asked}"))).await;
                let long = ask(&house, &way.replace('$', &format!("... {{it: {asked}}}"))).await;
                assert_eq!(short, long, "{kind}.{field}");
                assert!(short.to_string().contains("\"it\""), "{kind}.{field}: {short}");
            }
        }
    }
}

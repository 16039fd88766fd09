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
    /// The names of its plain fields.
    const FIELDS: &'static [&'static str];

    /// The value of one of them; nothing for every other field.
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
            const FIELDS: &'static [&'static str] = &[$($name),*];

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

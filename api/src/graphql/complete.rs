//! What a failed field leaves behind, as the specification says it: `null` where the schema allows it,
//! else `null` for the nearest thing around it that may be.
//!
//! The library (7.2) records the error and leaves the field out. That happens only where something
//! failed, so what follows is off the usual way.

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Positioned, ServerError, Value,
    parser::{
        parse_schema,
        types::{
            BaseType, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type, TypeKind,
            TypeSystemDefinition,
        },
    },
};

/// The types of all fields, by object and interface.
#[derive(Debug, Default)]
pub struct Shapes(HashMap<String, HashMap<String, Type>>);

impl Shapes {
    /// Reads them from the schema's own text.
    pub fn read(sdl: &str) -> Self {
        let Ok(document) = parse_schema(sdl) else { return Self::default() };
        let mut shapes = HashMap::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(kind) = definition else { continue };
            let fields = match kind.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let fields =
                fields.into_iter().map(|field| (field.node.name.node.to_string(), field.node.ty.node)).collect();
            shapes.insert(kind.node.name.node.to_string(), fields);
        }
        Self(shapes)
    }

    fn field(&self, object: &str, field: &str) -> Option<&Type> {
        self.0.get(object)?.get(field)
    }
}

/// Puts a `null` for every error: at its place, or at the nearest place around it that may be `null`.
pub fn complete(
    shapes: &Shapes,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    root: &str,
    data: &mut Value,
    errors: &[ServerError],
) {
    for error in errors.iter().filter(|error| !error.path.is_empty()) {
        let length = nullable(shapes, document, &operation.selection_set, root, &error.path).unwrap_or(0);
        if let Some(path) = error.path.get(..length) {
            put_null(data, path);
        }
    }
}

/// How many segments of a path lead to the innermost place that may be `null`; none is the whole answer.
fn nullable(
    shapes: &Shapes,
    document: &ExecutableDocument,
    whole: &Positioned<SelectionSet>,
    root: &str,
    path: &[PathSegment],
) -> Option<usize> {
    let mut sets = vec![whole];
    let mut parent = root.to_owned();
    let mut present: Option<Type> = None;
    let mut length = 0;
    for (at, segment) in path.iter().enumerate() {
        let kind = match (segment, present.take()) {
            (PathSegment::Index(_), Some(Type { base: BaseType::List(inner), .. })) => *inner,
            (PathSegment::Index(_), _) => return None,
            (PathSegment::Field(key), _) => {
                let mut found = Vec::new();
                for set in &sets {
                    selected(document, set, None, key, &mut found);
                }
                let (on, field) = found.first().map(|one| (one.on, one.field))?;
                sets = found.into_iter().map(|one| one.set).collect();
                shapes.field(on.unwrap_or(&parent), field)?.clone()
            }
        };
        if kind.nullable {
            length = at + 1;
        }
        let mut base = &kind.base;
        while let BaseType::List(inner) = base {
            base = &inner.base;
        }
        if let BaseType::Named(name) = base {
            parent = name.to_string();
        }
        present = Some(kind);
    }
    Some(length)
}

/// A field that is answered under some key.
struct Selected<'a> {
    /// The type that a fragment narrows to, if it stands in one.
    on: Option<&'a str>,
    field: &'a str,
    set: &'a Positioned<SelectionSet>,
}

fn selected<'a>(
    document: &'a ExecutableDocument,
    set: &'a Positioned<SelectionSet>,
    on: Option<&'a str>,
    key: &str,
    found: &mut Vec<Selected<'a>>,
) {
    for selection in &set.node.items {
        match &selection.node {
            Selection::Field(field) => {
                let field = &field.node;
                if field.alias.as_ref().unwrap_or(&field.name).node == key {
                    found.push(Selected { on, field: field.name.node.as_str(), set: &field.selection_set });
                }
            }
            Selection::InlineFragment(fragment) => {
                let narrowed = fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                selected(document, &fragment.node.selection_set, narrowed.or(on), key, found);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    let narrowed = fragment.node.type_condition.node.on.node.as_str();
                    selected(document, &fragment.node.selection_set, Some(narrowed), key, found);
                }
            }
        }
    }
}

fn put_null(data: &mut Value, path: &[PathSegment]) {
    let Some((last, way)) = path.split_last() else {
        *data = Value::Null;
        return;
    };
    let mut place = data;
    for segment in way {
        place = match (segment, place) {
            (PathSegment::Field(key), Value::Object(members)) => match members.get_mut(key.as_str()) {
                Some(inner) => inner,
                None => return,
            },
            (PathSegment::Index(at), Value::List(rows)) => match rows.get_mut(*at) {
                Some(inner) => inner,
                None => return,
            },
            // What is `null` already needs no more.
            _ => return,
        };
    }
    match (last, place) {
        (PathSegment::Field(key), Value::Object(members)) => {
            members.insert(Name::new(key), Value::Null);
        }
        (PathSegment::Index(at), Value::List(rows)) => {
            if let Some(row) = rows.get_mut(*at) {
                *row = Value::Null;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
impl Shapes {
    /// The fields of an object that can be asked for without arguments, and whether they lead to objects.
    pub fn plain_fields<'a>(&'a self, object: &str) -> Vec<(&'a str, bool)> {
        let named = |kind: &Type| {
            let mut base = &kind.base;
            while let BaseType::List(inner) = base {
                base = &inner.base;
            }
            matches!(base, BaseType::Named(name) if self.0.contains_key(name.as_str()))
        };
        let fields = self.0.get(object).into_iter().flatten();
        fields
            .filter(|(name, _)| !matches!(name.as_str(), "observations" | "submissions"))
            .map(|(name, kind)| (name.as_str(), named(kind)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    const SDL: &str = "type Query { one: One must: One! all: [One!]! some: [One] node: Node }
        interface Node { id: ID! } type One implements Node { id: ID! name: String inner: One }";

    fn completed(query: &str, data: serde_json::Value, path: &[&str]) -> serde_json::Value {
        let document = parse_query(query).unwrap();
        let segment = |text: &&str| match text.parse() {
            Ok(at) => PathSegment::Index(at),
            Err(_) => PathSegment::Field((*text).to_owned()),
        };
        let error = ServerError::new("", None).with_path(path.iter().map(segment).collect());
        let mut data = Value::from_json(data).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        complete(&Shapes::read(SDL), &document, &operation.node, "Query", &mut data, &[error]);
        data.into_json().unwrap()
    }

    #[test]
    fn a_field_that_may_be_null_is_null() {
        assert_eq!(completed("{one {name}}", json!({}), &["one"]), json!({"one": null}));
        assert_eq!(
            completed("{one {id name}}", json!({"one": {"id": "1"}}), &["one", "name"]),
            json!({"one": {"id": "1", "name": null}})
        );
        assert_eq!(
            completed("{a: one {...F}} fragment F on One {b: name id}", json!({"a": {"id": "1"}}), &["a", "b"]),
            json!({"a": {"id": "1", "b": null}})
        );
    }

    #[test]
    fn a_field_that_may_not_takes_what_is_around_it_along() {
        assert_eq!(completed("{one {id name}}", json!({"one": {"name": "x"}}), &["one", "id"]), json!({"one": null}));
        assert_eq!(completed("{must {id} one {id}}", json!({"one": {"id": "1"}}), &["must"]), json!(null));
        assert_eq!(completed("{all {id}}", json!({"all": [{}, {"id": "1"}]}), &["all", "0", "id"]), json!(null));
        assert_eq!(
            completed("{some {id name}}", json!({"some": [{"name": "x"}]}), &["some", "0", "id"]),
            json!({"some": [null]})
        );
        assert_eq!(
            completed("{node {... on One {inner {id}}}}", json!({"node": {"inner": {}}}), &["node", "inner", "id"]),
            json!({"node": {"inner": null}})
        );
    }
}

//! What an operation takes from its caller's budgets, and what of the schema its caller may ask for.
//!
//! Every request costs a read; a change costs a write more, a question about the schema one of structure, and
//! each what its document costs by the measure of `limits`. The library tells its own measure to nobody, so it is
//! taken by a second validation, and remembered: the same document with variables of the same size costs the same.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, PoisonError, RwLock},
};

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet},
};

use crate::{
    authz::Role,
    config::Shown,
    ctx::Ctx,
    error::{Error, Result, Text},
    rate::{Budget, Caller, Rates, Standing},
    request_id,
};

/// How many costs are remembered; then all are forgotten and taken anew.
const MOST: usize = 4_096;

/// Where a caller stands after an operation, and what the operation cost.
#[derive(Clone, Debug, Default)]
pub struct Charged {
    /// The budgets that it took from.
    pub standings: Vec<Standing>,
    /// The cost of the operation, once it is known.
    pub cost: Option<usize>,
}

impl Charged {
    /// Takes from a budget.
    pub async fn take(&mut self, rates: &Rates, ctx: &Ctx, budget: Budget, amount: u64) -> Result<()> {
        let address = request_id::current_address();
        let Some(caller) = Caller::of(&ctx.actor, address.as_deref()) else { return Ok(()) };
        match rates.take(caller, budget, amount).await {
            Ok(standing) => {
                self.standings.extend(standing);
                Ok(())
            }
            Err(refusal) => {
                self.standings.push(refusal.standing);
                Err(refusal.error())
            }
        }
    }
}

/// What documents cost, as far as it was asked before.
#[derive(Debug, Default)]
pub struct Costs {
    hasher: RandomState,
    known: RwLock<HashMap<u64, usize>>,
}

impl Costs {
    /// The number of a document with its variables, by a seed that nobody outside knows.
    pub fn key(&self, query: &str, operation: Option<&str>, variables: &Variables) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        query.hash(&mut hasher);
        operation.hash(&mut hasher);
        for (name, value) in variables.iter() {
            name.as_str().hash(&mut hasher);
            match value {
                // A text alone counts no rows, whichever it is; a word in capitals may be a way of grouping.
                Value::String(text) if !is_word(text) => 0_u8.hash(&mut hasher),
                value => size(value, &mut hasher),
            }
        }
        hasher.finish()
    }

    /// What it costs, if it is known.
    pub fn known(&self, key: u64) -> Option<usize> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    /// Remembers it.
    pub fn learn(&self, key: u64, cost: usize) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, cost);
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn size(value: &Value, hasher: &mut impl Hasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null | Value::Binary(_) => {}
        Value::Boolean(flag) => flag.hash(hasher),
        Value::Number(number) => number.hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Enum(name) => name.as_str().hash(hasher),
        Value::List(values) => {
            values.len().hash(hasher);
            values.iter().for_each(|value| size(value, hasher));
        }
        Value::Object(members) => {
            members.len().hash(hasher);
            for (name, value) in members {
                name.as_str().hash(hasher);
                size(value, hasher);
            }
        }
    }
}

/// Whether an operation asks for the schema.
pub fn asks_structure(document: &ExecutableDocument, operation: &OperationDefinition) -> bool {
    fn asks(document: &ExecutableDocument, set: &Positioned<SelectionSet>) -> bool {
        set.node.items.iter().any(|selection| match &selection.node {
            Selection::Field(field) => matches!(field.node.name.node.as_str(), "__schema" | "__type"),
            Selection::InlineFragment(fragment) => asks(document, &fragment.node.selection_set),
            // No fragment holds itself: that has been judged.
            Selection::FragmentSpread(spread) => {
                let name: &Name = &spread.node.fragment_name.node;
                document.fragments.get(name).is_some_and(|fragment| asks(document, &fragment.node.selection_set))
            }
        })
    }
    operation.ty == OperationType::Query && asks(document, &operation.selection_set)
}

/// Whether the caller may ask for the schema.
pub fn may_see_structure(shown: Shown, role: Role) -> Result<()> {
    match shown {
        Shown::Everyone => Ok(()),
        Shown::Members if role != Role::Public => Ok(()),
        Shown::Members => Err(Error::Forbidden(Text::new(
            "此处的结构查询（内省）只对持令牌者开放",
            "Here only holders of a token may ask for the schema",
        ))),
        Shown::Nobody => {
            Err(Error::Forbidden(Text::new("此处不开放结构查询（内省）", "Here nobody may ask for the schema")))
        }
    }
}

/// What the library proposes instead of a name that it does not know: for members alone.
pub fn without_suggestions(message: &mut String) {
    if let Some(at) = message.find(" Did you mean ") {
        message.truncate(at);
    }
}

/// What operations are charged and judged by, beside their document.
#[derive(Clone, Debug)]
pub struct House {
    /// The budgets.
    pub rates: Arc<Rates>,
    /// Who may ask for the schema.
    pub introspection: Shown,
    /// What documents cost.
    pub costs: Arc<Costs>,
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_question_about_the_schema_is_known_wherever_it_stands() {
        let asks = |text: &str| {
            let document = parse_query(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            asks_structure(&document, &operation.node)
        };
        assert!(asks("{ __schema { types { name } } }"));
        assert!(asks("{ me { id } x: __type(name: \"City\") { name } }"));
        assert!(asks("{ ... on Query { ...F } } fragment F on Query { __schema { types { name } } }"));
        assert!(!asks("{ __typename me { id } }"));
    }

    #[test]
    fn variables_count_by_what_they_can_cost() {
        let costs = Costs::default();
        let key = |variables| costs.key("{a}", None, &Variables::from_json(variables));
        assert_eq!(key(json!({ "code": "62001" })), key(json!({ "code": "62002" })));
        assert_ne!(key(json!({ "by": "CITY" })), key(json!({ "by": "TIER" })));
        assert_ne!(key(json!({ "first": 10 })), key(json!({ "first": 200 })));
        assert_ne!(key(json!({ "indicators": ["a"] })), key(json!({ "indicators": ["a", "b"] })));
        assert_ne!(key(json!({ "indicators": null })), key(json!({ "indicators": "a" })));
        assert_ne!(key(json!({ "input": { "groupBy": ["CITY"] } })), key(json!({ "input": { "groupBy": ["TIER"] } })));
        assert_ne!(costs.key("{a}", None, &Variables::default()), costs.key("{b}", None, &Variables::default()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let costs = Costs::default();
        for key in 0..10_000_u64 {
            costs.learn(key, 1);
        }
        assert!(costs.known.read().unwrap().len() <= MOST);
        assert_eq!(costs.known(9_999), Some(1));
    }

    #[test]
    fn a_proposal_is_taken_out_and_nothing_else() {
        let mut message = "Unknown field \"nam\" on type \"City\". Did you mean \"name\"?".to_owned();
        without_suggestions(&mut message);
        assert_eq!(message, "Unknown field \"nam\" on type \"City\".");
    }
}

//! Documents that were read and judged before: what programs ask again and again is not read again.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use async_graphql::{
    Pos, ServerError,
    parser::{self, parse_query, types::ExecutableDocument},
};

use super::{Schema, lean::IsSimple, limits, tokens};

/// How many documents are remembered; then all are forgotten and read anew.
const MOST: usize = 1_024;

/// The longest text that is remembered, in bytes: whoever fills the memory with long ones fills it with 4 MiB of them.
const LONGEST: usize = 4_096;

/// A document within the bounds, ready to be run.
#[derive(Debug)]
pub struct Prepared {
    /// As it was read.
    pub document: ExecutableDocument,
    /// Whether nothing in it has to be merged.
    pub is_simple: IsSimple,
}

/// The documents of one schema, by their text. What is in a text is the same for every caller.
#[derive(Debug, Default)]
pub struct Known(RwLock<HashMap<String, Arc<Prepared>>>);

impl Known {
    fn find(&self, query: &str) -> Option<Arc<Prepared>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(query).cloned()
    }

    fn learn(&self, query: &str, prepared: &Arc<Prepared>) {
        if query.len() > LONGEST {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(query.to_owned(), Arc::clone(prepared));
    }
}

/// Judges the text, reads it, judges the document; or remembers that it was good.
pub fn prepare(schema: &Schema, query: &str) -> Result<Arc<Prepared>, ServerError> {
    if let Some(known) = schema.known.find(query) {
        return Ok(known);
    }
    limits::check_text(&schema.limits, query)?;
    let document = parse_query(tokens::with_exact_numbers(query).as_ref()).map_err(unreadable)?;
    limits::check_document(&schema.limits, &document)?;
    let prepared = Arc::new(Prepared { is_simple: IsSimple::of(&document), document });
    schema.known.learn(query, &prepared);
    Ok(prepared)
}

fn unreadable(fault: parser::Error) -> ServerError {
    let mut error = ServerError::new(fault.to_string(), None);
    error.locations = fault.positions().collect::<Vec<Pos>>();
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(query: &str) -> Arc<Prepared> {
        let document = parse_query(query).unwrap();
        Arc::new(Prepared { is_simple: IsSimple::of(&document), document })
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_length() {
        let known = Known::default();
        for number in 0..3 * MOST {
            let query = format!("{{a{number}}}");
            known.learn(&query, &prepared(&query));
        }
        assert!(known.0.read().unwrap().len() <= MOST);
        let last = format!("{{a{}}}", 3 * MOST - 1);
        assert!(known.find(&last).is_some());
        let long = format!("{{a{}}}", " ".repeat(LONGEST));
        known.learn(&long, &prepared(&long));
        assert!(known.find(&long).is_none());
    }

    #[test]
    fn one_text_is_never_taken_for_another() {
        let known = Known::default();
        known.learn("{a}", &prepared("{a}"));
        assert!(known.find("{b}").is_none() && known.find("{ a}").is_none());
        assert!(known.find("{a}").unwrap().is_simple.0);
    }
}

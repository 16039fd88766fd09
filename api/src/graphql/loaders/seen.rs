//! Rows as they were seen, as keys of what hangs on them.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use entity::{collection, ids::OpportunityId, ids::RowId, opportunity, submission, target};

/// A row of which there is another version after each change.
pub(super) trait Versioned {
    /// What tells it from others, and from itself at other times.
    type Key<'a>: Eq + Hash
    where
        Self: 'a;

    fn key(&self) -> Self::Key<'_>;
}

impl Versioned for submission::Model {
    type Key<'a> = (&'a str, &'a str, &'a str, i32);

    fn key(&self) -> Self::Key<'_> {
        (self.school_code.as_str(), self.dataset_code.as_str(), self.period_code.as_str(), self.version)
    }
}

impl Versioned for collection::Model {
    type Key<'a> = (&'a str, &'a str, i32);

    fn key(&self) -> Self::Key<'_> {
        (self.dataset_code.as_str(), self.period_code.as_str(), self.version)
    }
}

impl Versioned for target::Model {
    type Key<'a> = (RowId, i32);

    fn key(&self) -> Self::Key<'_> {
        (self.id, self.version)
    }
}

impl Versioned for opportunity::Model {
    type Key<'a> = (OpportunityId, i32);

    fn key(&self) -> Self::Key<'_> {
        (self.id, self.version)
    }
}

/// One version of a row: two are the same where their keys are.
#[derive(Debug)]
pub(super) struct Seen<R>(pub(super) Arc<R>);

impl<R> Clone for Seen<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Versioned> PartialEq for Seen<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl<R: Versioned> Eq for Seen<R> {}

impl<R: Versioned> Hash for Seen<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key().hash(state);
    }
}

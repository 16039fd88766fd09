//! What a caller says it builds on: `If-Match` and `If-None-Match`, for REST and GraphQL alike.

use entity::submission;

use crate::error::{Error, Result};

/// The states a caller accepts to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// `If-Match`: nothing, any state, or one of these tags.
    pub if_match: Option<Match>,
    /// `If-None-Match: *`: only if there is nothing yet.
    pub if_absent: bool,
}

/// The value of `If-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// `*`: overwrites knowingly, for scripts that own the table.
    Any,
    /// An ETag or the content hash of the revision, without quotes.
    Tags(Vec<String>),
}

impl Match {
    /// Reads the value of the header. Weak tags never match a write.
    pub fn read(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        Self::Tags(
            header
                .split(',')
                .map(str::trim)
                .filter(|tag| !tag.starts_with("W/"))
                .map(|tag| tag.trim_matches('"').to_owned())
                .collect(),
        )
    }

    /// Judges an overwrite of something with this tag: 428 where no state is named, 412 where another is.
    pub fn judge(seen: Option<&Self>, current: String) -> Result<()> {
        match seen {
            Some(Self::Any) => Ok(()),
            Some(Self::Tags(tags)) if tags.iter().any(|tag| tag == current.trim_matches('"')) => Ok(()),
            Some(Self::Tags(_)) => Err(Error::PreconditionFailed { current: Some(current) }),
            None => Err(Error::PreconditionRequired { current }),
        }
    }
}

/// The strong ETag of a table: it stands for revision and state together.
pub fn etag(row: &submission::Model) -> String {
    let hash: String = row.content_hash.chars().take(16).collect();
    format!("\"{}-{}-{hash}\"", row.revision, row.version)
}

impl Precondition {
    /// Nothing asked for.
    pub const NONE: Self = Self { if_match: None, if_absent: false };

    /// With the value of `If-Match`, as GraphQL hands it in.
    pub fn if_match(value: Option<&str>) -> Self {
        Self { if_match: value.map(Match::read), if_absent: false }
    }

    /// Judges an overwrite: 412 where another state is named, 428 where none is.
    /// `tell` says whether the caller may be told the present tag.
    pub fn check(&self, row: Option<&submission::Model>, is_required: bool, tell: bool) -> Result<()> {
        let current = row.filter(|_| tell).map(etag);
        if self.if_absent && row.is_some() {
            return Err(Error::PreconditionFailed { current });
        }
        match (&self.if_match, row) {
            (Some(Match::Any), _) | (None, None) => Ok(()),
            (Some(Match::Tags(_)), None) => Err(Error::PreconditionFailed { current: None }),
            (Some(Match::Tags(tags)), Some(row)) => {
                let etag = etag(row);
                let present = etag.trim_matches('"');
                if tags.iter().any(|tag| tag == present || *tag == row.content_hash) {
                    Ok(())
                } else {
                    Err(Error::PreconditionFailed { current })
                }
            }
            (None, Some(_)) if is_required => {
                Err(Error::PreconditionRequired { current: current.unwrap_or_else(|| "*".to_owned()) })
            }
            (None, Some(_)) => Ok(()),
        }
    }
}

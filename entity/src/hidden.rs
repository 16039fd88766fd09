//! A stored secret: what no log, message or `Debug` may show.

use sea_orm::{DbErr, TryFromU64, prelude::*};

/// A password's hash, a secret's hash, a private key.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct Hidden(pub String);

impl Hidden {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

// Asked of every primary key by the ORM; a hash has no such form.
impl TryFromU64 for Hidden {
    fn try_from_u64(_: u64) -> Result<Self, DbErr> {
        Err(DbErr::ConvertFromU64("Hidden"))
    }
}

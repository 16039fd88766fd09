//! What a fault of the database is for a caller.

use std::borrow::Cow;

use sea_orm::{DbErr, RuntimeErr, SqlErr};

use super::{Error, Text};

impl From<DbErr> for Error {
    fn from(cause: DbErr) -> Self {
        match cause.sql_err() {
            // Two wrote the same new row; the later one reads again and decides anew.
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Conflict(Text::new(
                "同时有另一请求写入了同一数据，请重新读取后再试",
                "Another request wrote the same row at the same time: read again, then retry",
            )),
            // Every connection is at work: soon there will be one.
            _ if matches!(cause, DbErr::ConnectionAcquire(_)) => Self::Unavailable("no free connection"),
            _ => match state(&cause).as_deref() {
                Some(state) if is_contention(state) => Self::Contended(cause),
                // PostgreSQL holds no NUL in a text and says so by this state; what has one is nobody's code.
                Some("22021") => Self::Malformed(Text::new(
                    "文本中含有不允许的字符（NUL）",
                    "A text has a character that no text may have (NUL)",
                )),
                _ => Self::Db(cause),
            },
        }
    }
}

/// What the database calls its refusal: a state of five letters and digits on PostgreSQL, a number on SQLite.
fn state(cause: &DbErr) -> Option<Cow<'_, str>> {
    let (DbErr::Query(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Conn(RuntimeErr::SqlxError(cause))) = cause
    else {
        return None;
    };
    cause.as_database_error()?.code()
}

/// Whether others were in the way: a deadlock, a lock that was not to be had, a snapshot that is not true any more.
fn is_contention(state: &str) -> bool {
    if state.len() == 5 {
        return matches!(state, "40001" | "40P01" | "55P03");
    }
    // Busy and locked; what is above the lowest byte says more of it.
    state.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contention_is_told_from_what_looks_like_it() {
        for state in ["40001", "40P01", "55P03", "5", "6", "261", "517"] {
            assert!(is_contention(state), "{state}");
        }
        // The lowest byte of 22021 is 5, and 23503 and 787 are keys that lead nowhere.
        for state in ["22021", "23503", "787", "1", "", "busy"] {
            assert!(!is_contention(state), "{state}");
        }
    }
}

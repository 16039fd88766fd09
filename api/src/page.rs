//! Paging, once: keyset, capped, one row more than asked to learn whether there is more.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::error::{Error, Result, Text};

/// What a caller asks for: how many, and after or before which row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask<K> {
    /// How many rows.
    pub limit: usize,
    /// Only rows after this key.
    pub after: Option<K>,
    /// Only rows before this key.
    pub before: Option<K>,
    /// The last rows instead of the first.
    pub from_end: bool,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Whether rows follow.
    pub has_next: bool,
    /// Whether rows come before.
    pub has_previous: bool,
    /// How many rows there are in all, for this caller and filter.
    pub total: u64,
}

impl<T> Page<T> {
    /// The same page with other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
            total: self.total,
        }
    }
}

/// A limit within bounds; more is refused, never clamped.
pub fn limit(asked: Option<i64>, default: usize, most: usize, pointer: &str) -> Result<usize> {
    let Some(asked) = asked else { return Ok(default) };
    usize::try_from(asked).ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| {
        Error::Invalid(vec![
            crate::error::Finding::error(
                "page_size",
                pointer,
                Text::new(
                    format!("每页数量应在 1 到 {most} 之间"),
                    format!("The page size must be between 1 and {most}"),
                ),
            )
            .with(format!("1..={most}"), asked.to_string()),
        ])
    })
}

/// Makes a cursor that callers pass back and do not read.
pub fn cursor(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(parts.join("\u{1f}"))
}

/// Reads a cursor of `N` parts.
pub fn read_cursor<const N: usize>(cursor: &str, pointer: &str) -> Result<[String; N]> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| <[String; N]>::try_from(text.split('\u{1f}').map(str::to_owned).collect::<Vec<_>>()).ok())
        .ok_or_else(|| no_cursor(pointer))
}

/// The error for what is no cursor of the list.
pub fn no_cursor(pointer: &str) -> Error {
    Error::invalid(
        "cursor",
        pointer,
        Text::new(
            "游标无效，请使用上一页返回的游标",
            "Not a cursor of this list: use the one that the page before gave",
        ),
    )
}

/// Cuts a page out of a list that is in memory and in order, by the key of each row.
pub fn cut<T, K: PartialEq>(all: Vec<T>, ask: &Ask<K>, key: impl Fn(&T) -> K) -> Page<T> {
    let total = all.len();
    let start = match &ask.after {
        Some(after) => all.iter().position(|row| key(row) == *after).map_or(total, |at| at + 1),
        None => 0,
    };
    let end = match &ask.before {
        Some(before) => all.iter().position(|row| key(row) == *before).unwrap_or(start),
        None => total,
    }
    .max(start);
    let (from, to) = if ask.from_end {
        (end.saturating_sub(ask.limit).max(start), end)
    } else {
        (start, start.saturating_add(ask.limit).min(end))
    };
    Page {
        items: all.into_iter().skip(from).take(to - from).collect(),
        has_next: to < total,
        has_previous: from > 0,
        total: u64::try_from(total).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(limit: usize, after: Option<i32>, before: Option<i32>, from_end: bool) -> Ask<i32> {
        Ask { limit, after, before, from_end }
    }

    #[test]
    fn pages_cover_the_list_without_overlap() {
        let first = cut((0..5).collect(), &ask(2, None, None, false), |n| *n);
        assert_eq!((first.items.clone(), first.has_next, first.has_previous), (vec![0, 1], true, false));
        let last = cut((0..5).collect(), &ask(3, Some(1), None, false), |n| *n);
        assert_eq!((last.items, last.has_next, last.has_previous), (vec![2, 3, 4], false, true));
    }

    #[test]
    fn the_last_rows_before_a_key() {
        let page = cut((0..5).collect(), &ask(2, None, Some(4), true), |n| *n);
        assert_eq!((page.items, page.has_next, page.has_previous), (vec![2, 3], true, true));
    }

    #[test]
    fn too_large_a_page_is_refused_not_clamped() {
        assert!(limit(Some(201), 50, 200, "/first").is_err());
        assert!(limit(Some(0), 50, 200, "/first").is_err());
        assert_eq!(limit(Some(200), 50, 200, "/first").ok(), Some(200));
    }

    #[test]
    fn cursors_come_back_as_they_went() {
        let parts: Result<[String; 2]> = read_cursor(&cursor(&["62001", "scale"]), "/after");
        assert_eq!(parts.ok(), Some(["62001".to_owned(), "scale".to_owned()]));
        assert!(read_cursor::<2>("?", "/after").is_err());
    }
}

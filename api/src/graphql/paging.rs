//! Connections: pages of a list, as Relay asks for them.

use async_graphql::connection::PageInfo;

use crate::{
    error::{Error, Result, Text},
    page::{self, Ask, Page},
};

/// The size of a page that nobody stated.
const DEFAULT: usize = 50;
/// The largest page; more is refused, never clamped.
const MOST: usize = 200;

/// The arguments of a connection.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// How many from the start.
    pub first: Option<i32>,
    /// Only after this cursor.
    pub after: Option<String>,
    /// How many from the end.
    pub last: Option<i32>,
    /// Only before this cursor.
    pub before: Option<String>,
}

impl Paging {
    /// What they ask for; `read` reads a cursor of the list.
    pub fn ask<K>(&self, read: impl Fn(&str, &str) -> Result<K>) -> Result<Ask<K>> {
        if self.first.is_some() && self.last.is_some() {
            return Err(Error::invalid(
                "first_and_last",
                "/last",
                Text::new("first 与 last 不能同时使用", "Ask for `first` or for `last`, not for both"),
            ));
        }
        let (asked, pointer) = match self.last {
            Some(last) => (Some(last), "/last"),
            None => (self.first, "/first"),
        };
        Ok(Ask {
            limit: page::limit(asked.map(i64::from), DEFAULT, MOST, pointer)?,
            after: self.after.as_deref().map(|cursor| read(cursor, "/after")).transpose()?,
            before: self.before.as_deref().map(|cursor| read(cursor, "/before")).transpose()?,
            from_end: self.last.is_some(),
        })
    }
}

/// How many rows a page will have at most, for the cost of a query.
pub fn size(first: Option<i32>, last: Option<i32>) -> usize {
    first.or(last).map_or(DEFAULT, |asked| usize::try_from(asked).unwrap_or(1))
}

/// A row of a connection.
pub trait Placed {
    /// Where it stands in its list.
    fn cursor(&self) -> String;
}

/// A list in memory, cut to a page. `row` makes a row of a position, `place` finds the position of a key.
pub fn cut<T>(
    positions: Vec<usize>,
    paging: &Paging,
    place: impl Fn(&str) -> Option<usize>,
    row: impl Fn(usize) -> Option<T>,
) -> Result<Page<T>> {
    // A key that is not there any more stands after everything, as one that the filter leaves out does.
    let read = |cursor: &str, pointer: &str| -> Result<usize> {
        let [key] = page::read_cursor(cursor, pointer)?;
        Ok(place(&key).unwrap_or(usize::MAX))
    };
    let ask = paging.ask(read)?;
    let Page { items, has_next, has_previous, total } = page::cut(positions, &ask, |at| *at);
    Ok(Page { items: items.into_iter().filter_map(row).collect(), has_next, has_previous, total })
}

/// What Relay wants to know of a page.
pub fn info<T: Placed>(page: &Page<T>) -> PageInfo {
    PageInfo {
        has_previous_page: page.has_previous,
        has_next_page: page.has_next,
        start_cursor: page.items.first().map(Placed::cursor),
        end_cursor: page.items.last().map(Placed::cursor),
    }
}

/// A total as GraphQL's `Int` can say it.
pub fn total<T>(page: &Page<T>) -> i32 {
    i32::try_from(page.total).unwrap_or(i32::MAX)
}

/// A connection type and its edge type.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $(#[$edge_doc:meta])* $edge:ident, $node:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $connection<'a>(pub crate::page::Page<$node>, pub std::marker::PhantomData<&'a ()>);

        impl<'a> From<crate::page::Page<$node>> for $connection<'a> {
            fn from(page: crate::page::Page<$node>) -> Self {
                Self(page, std::marker::PhantomData)
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl<'a> $connection<'a> {
            /// The rows with their cursors.
            async fn edges(&self) -> Vec<$edge<'_>> {
                self.0.items.iter().map($edge).collect()
            }

            /// The rows.
            async fn nodes(&self) -> &[$node] {
                &self.0.items
            }

            /// Whether and where to go on.
            async fn page_info(&self) -> async_graphql::connection::PageInfo {
                crate::graphql::paging::info(&self.0)
            }

            /// How many rows there are in all, for this caller and filter.
            async fn total_count(&self) -> i32 {
                crate::graphql::paging::total(&self.0)
            }
        }

        $(#[$edge_doc])*
        #[derive(Debug)]
        pub struct $edge<'a>(&'a $node);

        $(#[$edge_doc])*
        #[async_graphql::Object]
        impl<'a> $edge<'a> {
            /// Hand it back as `after` or `before`.
            async fn cursor(&self) -> String {
                crate::graphql::paging::Placed::cursor(self.0)
            }

            /// The row.
            async fn node(&self) -> &$node {
                self.0
            }
        }
    };
}
pub(super) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(first: Option<i32>, last: Option<i32>) -> Paging {
        Paging { first, last, ..Paging::default() }
    }

    fn limit(first: Option<i32>, last: Option<i32>) -> Option<usize> {
        paging(first, last).ask(|_, _| Ok(())).ok().map(|ask| ask.limit)
    }

    #[test]
    fn a_page_over_200_is_refused_never_clamped() {
        assert_eq!(limit(None, None), Some(50));
        assert_eq!(limit(Some(200), None), Some(200));
        assert_eq!(limit(None, Some(200)), Some(200));
        for wrong in [201, 0, -1, i32::MAX, i32::MIN] {
            assert_eq!(limit(Some(wrong), None), None, "{wrong}");
            assert_eq!(limit(None, Some(wrong)), None, "{wrong}");
        }
        assert_eq!(limit(Some(1), Some(1)), None);
    }

    #[test]
    fn a_refusal_points_at_the_argument() {
        let pointer = |paging: Paging| match paging.ask(|_, _| Ok(())) {
            Err(Error::Invalid(findings)) => findings.first().map(|one| one.pointer.clone()).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(pointer(paging(Some(201), None)), "/first");
        assert_eq!(pointer(paging(None, Some(201))), "/last");
        assert_eq!(pointer(paging(Some(1), Some(1))), "/last");
    }
}

//! Opaque ids: the type and the key of an object, for `node(id)` and for caches.

use async_graphql::ID;

use crate::page;

/// What an id stands for. The names of the types are part of every id that was ever handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// A type whose key is one word.
    One(String, String),
    /// A submission: school, dataset, period.
    Submission(String, String, String),
}

/// The id of an object whose key is one word.
pub fn id(kind: &str, key: &str) -> ID {
    ID(page::cursor(&[kind, key]))
}

/// The id of a submission.
pub fn submission(school: &str, dataset: &str, period: &str) -> ID {
    ID(page::cursor(&["Submission", school, dataset, period]))
}

/// The key that a caller means: that of an id of this type, or what was said, as REST has it.
pub fn key(kind: &str, said: &str) -> String {
    match read(said) {
        Some(Id::One(of, key)) if of == kind => key,
        _ => said.to_owned(),
    }
}

/// Reads an id; nothing for what no id looks like.
pub fn read(id: &str) -> Option<Id> {
    if let Ok([kind, key]) = page::read_cursor::<2>(id, "/id") {
        return Some(Id::One(kind, key));
    }
    match page::read_cursor::<4>(id, "/id") {
        Ok([kind, school, dataset, period]) if kind == "Submission" => Some(Id::Submission(school, dataset, period)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_went() {
        assert_eq!(read(&id("School", "62001")), Some(Id::One("School".to_owned(), "62001".to_owned())));
        assert_eq!(
            read(&id("Claim", "talent.graduates.2023.附表1"))
                .map(|id| matches!(id, Id::One(_, key) if key == "talent.graduates.2023.附表1")),
            Some(true)
        );
        assert_eq!(
            read(&submission("62001", "scale", "2023")),
            Some(Id::Submission("62001".to_owned(), "scale".to_owned(), "2023".to_owned()))
        );
    }

    #[test]
    fn a_key_is_taken_as_it_is_and_out_of_an_id_of_its_own_type() {
        assert_eq!(key("School", "62001"), "62001");
        assert_eq!(key("School", &id("School", "62001")), "62001");
        let of_another = id("City", "620100");
        assert_eq!(key("School", &of_another), of_another.as_str());
    }

    #[test]
    fn garbage_is_no_id() {
        for garbage in ["", "?", "62001", "School", "U2Nob29s", &"A".repeat(10_000), "职桥"] {
            assert_eq!(read(garbage), None, "{garbage}");
        }
        assert_eq!(read(&page::cursor(&["School", "a", "b"])), None);
        assert_eq!(read(&page::cursor(&["School", "a", "b", "c"])), None);
    }
}

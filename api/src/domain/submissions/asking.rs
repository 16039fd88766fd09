//! How the database is asked for the rows of several tables at once.
//!
//! A branch for each table would have a planner that underrates a new period read all of it and try every
//! branch on every row. So tables of one dataset and period share a branch, or those of one school and dataset,
//! whichever makes fewer: two equalities and a list, which an index answers.

use std::collections::{BTreeMap, BTreeSet};

use entity::{finding, revision, submission, transition};
use sea_orm::{ColumnTrait, Condition};

use super::Key;

/// The columns by which a row names its table.
pub(in crate::domain) trait OfTable: ColumnTrait {
    const KEY: [Self; 3];
}

/// The column by which it names its revision.
pub(in crate::domain) trait OfRevision: OfTable {
    const NUMBER: Self;
}

macro_rules! of {
    ($($child:ident),*) => {$(
        impl OfTable for $child::Column {
            const KEY: [Self; 3] = [Self::SchoolCode, Self::DatasetCode, Self::PeriodCode];
        }
    )*};
}

of!(submission, revision, finding, transition);

impl OfRevision for revision::Column {
    const NUMBER: Self = Self::Number;
}

impl OfRevision for finding::Column {
    const NUMBER: Self = Self::Number;
}

/// The rows of one table.
pub(in crate::domain) fn of_key<C: OfTable>(key: &Key) -> Condition {
    let [school, dataset, period] = C::KEY;
    Condition::all()
        .add(school.eq(key.school.as_str()))
        .add(dataset.eq(key.dataset.as_str()))
        .add(period.eq(key.period.as_str()))
}

/// The rows of any of some tables; of none where there are none.
pub(in crate::domain) fn of_keys<'k, C: OfTable>(keys: impl IntoIterator<Item = &'k Key>) -> Condition {
    let mut places = Places::default();
    for key in keys {
        places.add(key, ());
    }
    places.condition::<C>(|(), all| all)
}

/// The same in parts, each for a statement of its own: where tables of many schools have a period in common, SQLite
/// would read all of that period. Tables of one school are one part.
pub(in crate::domain) fn of_keys_apart<'k, C: OfTable>(keys: impl IntoIterator<Item = &'k Key>) -> Vec<Condition> {
    let mut places = Places::default();
    for key in keys {
        places.add(key, ());
    }
    let schools: BTreeSet<&str> = places.periods.keys().map(|(school, _, ())| *school).collect();
    match schools.len() {
        0 => Vec::new(),
        1 => vec![places.condition::<C>(|(), all| all)],
        _ => places.branches::<C>(&|(), all| all).collect(),
    }
}

/// The rows of any of some revisions, each named by its table and number.
pub(in crate::domain) fn of_revisions<'k, C: OfRevision>(
    revisions: impl IntoIterator<Item = (&'k Key, i32)>,
) -> Condition {
    let mut places = Places::default();
    for (key, number) in revisions {
        places.add(key, number);
    }
    places.condition::<C>(|number, all| all.add(C::NUMBER.eq(number)))
}

/// The same tables sorted in two ways; `M` is what else the rows of a branch have in common.
#[derive(Debug)]
struct Places<'k, M> {
    /// Schools by dataset and period.
    schools: BTreeMap<(&'k str, &'k str, M), BTreeSet<&'k str>>,
    /// Periods by school and dataset.
    periods: BTreeMap<(&'k str, &'k str, M), BTreeSet<&'k str>>,
}

impl<M> Default for Places<'_, M> {
    fn default() -> Self {
        Self { schools: BTreeMap::new(), periods: BTreeMap::new() }
    }
}

impl<'k, M: Copy + Ord> Places<'k, M> {
    fn add(&mut self, key: &'k Key, more: M) {
        let (school, dataset, period) = (key.school.as_str(), key.dataset.as_str(), key.period.as_str());
        self.schools.entry((dataset, period, more)).or_default().insert(school);
        self.periods.entry((school, dataset, more)).or_default().insert(period);
    }

    fn condition<C: OfTable>(self, narrowed: impl Fn(M, Condition) -> Condition) -> Condition {
        self.branches::<C>(&narrowed).fold(Condition::any(), Condition::add)
    }

    fn branches<C: OfTable>(self, narrowed: &impl Fn(M, Condition) -> Condition) -> impl Iterator<Item = Condition> {
        let [school, dataset, period] = C::KEY;
        let (first, second, listed, branches) = if self.schools.len() <= self.periods.len() {
            (dataset, period, school, self.schools)
        } else {
            (school, dataset, period, self.periods)
        };
        branches.into_iter().map(move |((one, other, more), list)| {
            narrowed(more, Condition::all().add(first.eq(one)).add(second.eq(other)).add(listed.is_in(list)))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;
    use sea_orm::{DbBackend, EntityTrait, QueryFilter, QueryTrait};

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "nothing is asked: only the words are looked at")]
    fn words(condition: Condition) -> String {
        let sql = revision::Entity::find().filter(condition).build(DbBackend::Sqlite).to_string();
        sql.split_once(" WHERE ").unwrap().1.replace("\"revision\".", "").replace('"', "")
    }

    #[test]
    fn tables_of_one_dataset_and_period_share_a_branch() {
        let keys = [Key::new("a", "scale", "2024"), Key::new("b", "scale", "2024"), Key::new("b", "talent", "2024")];
        assert_eq!(
            words(of_keys::<revision::Column>(&keys)),
            "(dataset_code = 'scale' AND period_code = '2024' AND school_code IN ('a', 'b')) \
             OR (dataset_code = 'talent' AND period_code = '2024' AND school_code IN ('b'))"
        );
    }

    #[test]
    fn a_school_in_many_periods_is_one_branch() {
        let keys = [Key::new("a", "scale", "2022"), Key::new("a", "scale", "2023"), Key::new("a", "scale", "2024")];
        assert_eq!(
            words(of_revisions::<revision::Column>(keys.iter().map(|key| (key, 7)))),
            "school_code = 'a' AND dataset_code = 'scale' AND period_code IN ('2022', '2023', '2024') AND number = 7"
        );
    }

    #[test]
    fn tables_of_many_schools_are_asked_for_in_parts_and_those_of_one_at_once() {
        let keys =
            [("a", "scale"), ("b", "scale"), ("a", "talent"), ("b", "talent")].map(|(s, d)| Key::new(s, d, "2024"));
        let parts = |keys: &[Key]| of_keys_apart::<revision::Column>(keys).into_iter().map(words).collect::<Vec<_>>();
        assert_eq!(
            parts(&keys),
            [
                "dataset_code = 'scale' AND period_code = '2024' AND school_code IN ('a', 'b')",
                "dataset_code = 'talent' AND period_code = '2024' AND school_code IN ('a', 'b')",
            ]
        );
        let [a, _, b, _] = keys;
        assert_eq!(parts(&[a, b]).len(), 1);
        assert_eq!(parts(&[]), [""; 0]);
    }

    /// How SQLite would answer a question, step by step.
    #[expect(clippy::disallowed_methods, reason = "nothing is asked for: only the plan is looked at")]
    async fn plan<C: OfTable>(db: &sea_orm::DatabaseConnection, condition: Condition) -> Vec<String>
    where
        <C as ColumnTrait>::EntityName: EntityTrait,
    {
        let select = <C::EntityName as EntityTrait>::find().filter(condition).build(DbBackend::Sqlite).to_string();
        let asked = sea_orm::Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {select}"));
        let steps = sea_orm::ConnectionTrait::query_all_raw(db, asked).await.unwrap();
        steps.iter().map(|step| step.try_get("", "detail").unwrap()).collect()
    }

    #[tokio::test]
    async fn sqlite_finds_them_by_an_index_that_knows_the_school() {
        let mut memory = sea_orm::ConnectOptions::new("sqlite::memory:");
        memory.max_connections(1);
        let db = sea_orm::Database::connect(memory).await.unwrap();
        <migration::Migrator as migration::MigratorTrait>::up(&db, None).await.unwrap();
        let many: Vec<Key> = (0..256).map(|at| Key::new(&at.to_string(), "scale", "2024")).collect();
        let one: Vec<Key> = (0..9).map(|at| Key::new("a", "scale", &format!("202{at}"))).collect();
        let mut plans = Vec::new();
        for keys in [&many, &one] {
            for part in of_keys_apart::<submission::Column>(keys) {
                plans.extend(plan::<submission::Column>(&db, part).await);
            }
            let numbered = || keys.iter().map(|key| (key, 7));
            plans.extend(plan::<revision::Column>(&db, of_revisions::<revision::Column>(numbered())).await);
            plans.extend(plan::<finding::Column>(&db, of_revisions::<finding::Column>(numbered())).await);
        }
        plans.extend(plan::<transition::Column>(&db, of_key::<transition::Column>(&one[0])).await);
        assert!(plans.len() >= 7, "{plans:?}");
        for step in plans {
            assert!(step.starts_with("SEARCH ") && step.contains("school_code=?"), "{step}");
        }
    }

    #[test]
    fn no_tables_have_no_rows() {
        let none = words(of_keys::<revision::Column>(&[]));
        assert!(["FALSE", "1 = 2", "0 = 1"].contains(&none.as_str()), "{none}");
    }

    /// What a condition of these keys keeps, taken from its own branches.
    fn kept(places: &Places<'_, i32>) -> [BTreeSet<(String, String, String, i32)>; 2] {
        let by_table = places.schools.iter().flat_map(|((dataset, period, number), schools)| {
            schools.iter().map(|school| ((*school).into(), (*dataset).into(), (*period).into(), *number))
        });
        let by_school = places.periods.iter().flat_map(|((school, dataset, number), periods)| {
            periods.iter().map(|period| ((*school).into(), (*dataset).into(), (*period).into(), *number))
        });
        [by_table.collect(), by_school.collect()]
    }

    proptest! {
        #[test]
        fn both_ways_keep_exactly_what_was_asked_for(
            asked in proptest::collection::vec(("[ab]", "[cd]", "202[0-3]", 1..3_i32), 0..20)
        ) {
            let keys: Vec<(Key, i32)> = asked.iter().map(|(s, d, p, n)| (Key::new(s, d, p), *n)).collect();
            let mut places = Places::default();
            for (key, number) in &keys {
                places.add(key, *number);
            }
            let wanted: BTreeSet<_> = asked.into_iter().collect();
            for one in kept(&places) {
                prop_assert_eq!(&one, &wanted);
            }
        }
    }
}

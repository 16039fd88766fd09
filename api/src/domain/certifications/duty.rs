//! The duty to offer places for interns: two in a hundred of the staff, counted exactly, for certified enterprises.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{enterprise_certification as certification, words::EnterpriseCertificationState};
use sea_orm::{ColumnTrait, QueryFilter};

use super::enterprises::is_valid;
use crate::{ctx::Ctx, error::Result};

/// Of so many people who work there …
const OF: u64 = 100;
/// … so many places are owed.
const PLACES: u64 = 2;

/// Whether an enterprise does what it owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It offers as many as it owes, or more.
    Meets,
    /// It offers fewer.
    Misses,
    /// Staff or places are not known.
    NoData,
}

impl Standing {
    /// Every standing.
    pub const ALL: &'static [Self] = &[Self::Meets, Self::Misses, Self::NoData];

    /// The word of REST.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Meets => "meets",
            Self::Misses => "misses",
            Self::NoData => "no_data",
        }
    }
}

/// What a certified enterprise owes, and what it offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The enterprise, by code.
    pub enterprise: String,
    /// People who work there.
    pub staff: Option<u64>,
    /// Places that it owes: 2 % of the staff, a part of a place counted as a whole one.
    pub required: Option<u64>,
    /// Places that it offers.
    pub offered: Option<u64>,
    /// How many are missing; zero where it offers enough.
    pub missing: Option<u64>,
    /// What follows.
    pub standing: Standing,
}

/// Places that are owed for so many people: 2 %, rounded up, so that 1 to 50 people owe one place and 51 owe two.
pub const fn required(staff: u64) -> u64 {
    staff.saturating_mul(PLACES).div_ceil(OF)
}

impl Duty {
    /// What follows from a certification.
    pub fn of(row: &certification::Model) -> Self {
        let count = |count: Option<i32>| count.and_then(|count| u64::try_from(count).ok());
        let (staff, offered) = (count(row.staff), count(row.internship_places));
        let owed = staff.map(required);
        let missing = owed.zip(offered).map(|(owed, offered)| owed.saturating_sub(offered));
        let standing = match missing {
            Some(0) => Standing::Meets,
            Some(_) => Standing::Misses,
            None => Standing::NoData,
        };
        Self { enterprise: row.enterprise_code.0.clone(), staff, required: owed, offered, missing, standing }
    }

    /// What follows from all certifications of an enterprise: the newest that is valid counts.
    pub fn newest<'r>(ctx: &Ctx, rows: impl IntoIterator<Item = &'r certification::Model>) -> Option<Self> {
        let today = ctx.actor.today();
        let valid = rows.into_iter().filter(|row| is_valid(row, today));
        valid.max_by_key(|row| order(row)).map(Self::of)
    }
}

/// What is known of figures goes before what is not; then the newer.
fn order(row: &certification::Model) -> (bool, DateTime<Utc>) {
    (row.staff.is_some(), row.created_at)
}

/// The duties of all enterprises that are certified today, by code; of one standing, or of all.
pub async fn list(ctx: &Ctx, standing: Option<Standing>) -> Result<Vec<Duty>> {
    let today = ctx.actor.today();
    let rows = ctx
        .visible::<certification::Entity>()
        .filter(certification::Column::State.eq(EnterpriseCertificationState::Certified))
        .all(ctx.db.read())
        .await?;
    let mut newest: BTreeMap<String, certification::Model> = BTreeMap::new();
    for row in rows.into_iter().filter(|row| is_valid(row, today)) {
        match newest.get(row.enterprise_code.as_str()) {
            Some(other) if order(other) >= order(&row) => {}
            _ => {
                newest.insert(row.enterprise_code.0.clone(), row);
            }
        }
    }
    let duties = newest.values().map(Duty::of);
    Ok(duties.filter(|duty| standing.is_none_or(|wanted| wanted == duty.standing)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::required;

    #[test]
    fn a_part_of_a_place_is_a_place() {
        for (staff, places) in [(0, 0), (1, 1), (49, 1), (50, 1), (51, 2), (100, 2), (101, 3), (10_000_000, 200_000)] {
            assert_eq!(required(staff), places, "{staff}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_least_that_is_two_in_a_hundred(staff in 0_u64..10_000_000) {
            let places = required(staff);
            prop_assert!(places * 100 >= staff * 2);
            prop_assert!(places == 0 || (places - 1) * 100 < staff * 2);
        }
    }
}

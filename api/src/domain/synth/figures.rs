//! The figures: every one a function of the seed, the school, the indicator and the year.

use crate::formats::document::{Cell, Cells, Status};

use super::{NEWEST_YEAR, code_of_indicator};

/// What a synthetic indicator is; its number within the table decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A count that adds up.
    Count,
    /// An amount with two decimals that adds up.
    Amount,
    /// A figure per school, averaged over schools.
    Mean,
    /// A percentage, weighted by the table's first count.
    Share,
}

impl Line {
    pub(super) const fn of(number: u32) -> Self {
        match number % 10 {
            5 => Self::Mean,
            0 => Self::Share,
            7 => Self::Amount,
            _ => Self::Count,
        }
    }

    pub(super) const fn decimals(self) -> i16 {
        match self {
            Self::Count => 0,
            Self::Amount | Self::Mean | Self::Share => 2,
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a small generator whose numbers never change with a
/// library's version, and that can be started anywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// A sequence of its own for each place.
    pub(super) fn at(seed: u64, place: [u32; 3]) -> Self {
        let mut chance = Self(seed);
        for part in place {
            chance.0 ^= u64::from(part);
            chance.0 = chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The upper half of the product is even but for parts of 2^-40, which no figure here shows.
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.below(width)).unwrap_or_default()
    }
}

/// The cells of one school's table: most of them plain values, some left out, some not applicable or estimated.
pub(super) fn table(seed: u64, school: u32, table: u32, indicators: u32, year: u32) -> Cells {
    // Few schools are large: 200 to 30,000 students. A school's size moves by some percent a year.
    let mut of_school = Chance::at(seed, [school, 0, 0]);
    let rank = of_school.between(0, 1_000);
    let size = 200 + 29_800 * rank * rank / 1_000_000;
    let yearly = of_school.between(-30, 50);
    let years = i64::from(NEWEST_YEAR.saturating_sub(year));
    let size = (size - size * yearly * years / 1_000).max(60);

    (1..=indicators)
        .filter_map(|number| {
            let cell = cell(seed, school, table, number, year, size)?;
            Some((code_of_indicator(table, number), cell))
        })
        .collect()
}

fn cell(seed: u64, school: u32, table: u32, number: u32, year: u32, size: i64) -> Option<Cell> {
    // What kind of school has what: the same every year.
    let part = Chance::at(seed, [0, table, number]).between(20, 900);
    let mut standing = Chance::at(seed, [school, table, number]);
    let own = standing.between(700, 1_300);
    let has_none = number % 20 == 13 && standing.below(8) == 0;
    let mut chance = Chance::at(seed ^ u64::from(year), [school, table, number]);
    let move_ = chance.between(960, 1_040);
    if has_none {
        return Some(Cell { value: None, status: Status::NotApplicable, note: None });
    }
    // The first count is the table's size and stands in every table.
    if number > 1 && chance.below(200) == 0 {
        return None;
    }
    let value = match Line::of(number) {
        Line::Count if number == 1 => size,
        Line::Count => size * part * own / 1_000_000 * move_ / 1_000,
        Line::Amount => size * part * own / 10_000 * move_ / 1_000,
        Line::Mean => part * own * move_ / 10_000,
        Line::Share => (10_000 - part * own * move_ / 400_000).max(0),
    };
    let is_estimate = number % 20 == 17 && chance.below(20) == 0;
    Some(if is_estimate {
        Cell { value: Some(value), status: Status::Estimated, note: None }
    } else {
        Cell::reported(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first numbers of SplitMix64 from the state 1234567, as its authors' code gives them.
        let mut chance = Chance(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| chance.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_figure_depends_on_its_place_and_the_seed_only() {
        let whole = table(1, 5, 1, 150, 2023);
        let part = table(1, 5, 1, 40, 2023);
        assert!(part.iter().all(|(code, cell)| whole.get(code) == Some(cell)));
        assert_eq!(whole, table(1, 5, 1, 150, 2023));
        assert_ne!(whole, table(2, 5, 1, 150, 2023));
        assert_ne!(whole, table(1, 6, 1, 150, 2023));
        assert_ne!(whole, table(1, 5, 1, 150, 2022));
    }

    #[test]
    fn figures_are_plausible() {
        for school in 1..=500 {
            let cells = table(3, school, 1, 150, 2021);
            assert!(cells.len() > 130);
            for (code, cell) in &cells {
                let number: u32 = code.rsplit('i').next().unwrap().parse().unwrap();
                match (cell.value, Line::of(number)) {
                    (Some(value), Line::Share) => assert!((0..=10_000).contains(&value), "{code} {value}"),
                    (Some(value), _) => assert!((0..100_000_000_000).contains(&value), "{code} {value}"),
                    (None, _) => assert_eq!(cell.status, Status::NotApplicable),
                }
            }
        }
    }
}

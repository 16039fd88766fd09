//! Synthetic data of any size, labelled as such in every name and every code, the same for the same seed.
//!
//! A figure depends on the seed, the school, the indicator and the year alone, not on the order of
//! writing: more schools or more years leave the others as they are. Schools are `9` and at least five
//! digits, cities `99` and four (no division has such a code), tables `synthetic_1`, `synthetic_2`, …
//! of at most 150 indicators, periods the calendar years from 2023 backwards.
//!
//! What is written stays: a database with anybody's real submissions is refused.

mod figures;
mod registry;

use std::time::{Duration, Instant};

use entity::{school, submission, words::ReleaseKind};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Query};
use tokio::{sync::mpsc, task};

use super::{
    bulk::{self, Document, Written},
    releases,
    submissions::Key,
};
use crate::{
    authn::keys::KeySet,
    authz::{Action, Actor, Kind, Role},
    ctx::Ctx,
    error::{Error, Result, Text},
};

/// The most indicators of one table.
pub const INDICATORS_OF_A_TABLE: u32 = 150;

/// The newest year.
const NEWEST_YEAR: u32 = 2023;

/// Where synthetic rows say that they come from.
const SOURCE: &str = "synthetic 合成";

/// How much, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many schools.
    pub schools: u32,
    /// How many indicators, over all tables.
    pub indicators: u32,
    /// How many calendar years, the newest being 2023.
    pub years: u32,
    /// The same seed gives the same figures.
    pub seed: u64,
}

impl Size {
    /// One city for every 32 schools (a nation has 11,000 schools in 340 prefectures), at least a province's 14.
    pub fn cities(self) -> u32 {
        self.schools.div_ceil(32).max(14).min(self.schools)
    }

    /// The indicators of each table, by their numbers within it.
    fn tables(self) -> impl Iterator<Item = (u32, u32)> {
        let full = self.indicators / INDICATORS_OF_A_TABLE;
        let rest = self.indicators % INDICATORS_OF_A_TABLE;
        (1..=full).map(|table| (table, INDICATORS_OF_A_TABLE)).chain((rest > 0).then_some((full + 1, rest)))
    }

    fn years(self) -> impl Iterator<Item = u32> {
        (0..self.years).map(|back| NEWEST_YEAR - back)
    }

    /// How many tables of schools that makes.
    pub fn submissions(self) -> u64 {
        u64::from(self.schools) * u64::from(self.indicators.div_ceil(INDICATORS_OF_A_TABLE)) * u64::from(self.years)
    }
}

/// What has been written.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Tables and observations.
    pub written: Written,
    /// How long the tables took, from the first figure to the last commit.
    pub took: Duration,
    /// The release that was built over them.
    pub release: Option<String>,
}

fn code_of_school(number: u32) -> String {
    format!("9{number:05}")
}

fn code_of_city(number: u32) -> String {
    format!("99{number:04}")
}

fn code_of_table(number: u32) -> String {
    format!("synthetic_{number}")
}

fn code_of_indicator(table: u32, number: u32) -> String {
    format!("synthetic_{table}.i{number:03}")
}

/// Fills the database. `progress` hears how many tables stand of how many.
///
/// # Errors
/// 409 for a database that holds real submissions, and, where a release is wanted, without a signing key.
pub async fn fill(
    ctx: &Ctx,
    size: Size,
    release: bool,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Summary> {
    ctx.require(Action::Create, Kind::Submission)?;
    refuse_real_data(ctx).await?;
    if release && !KeySet::new(&ctx.memory.keys()).can_sign() {
        return Err(Error::Conflict(Text::new(
            "发布需要签名密钥：请先运行 `zhiqiao key rotate`",
            "A release needs a signing key: run `zhiqiao key rotate` first",
        )));
    }
    registry::write(ctx, size).await?;

    let began = Instant::now();
    // One prepares while the other writes; the channel is short, so that memory does not grow.
    let (sender, mut chunks) = mpsc::channel::<Vec<Document>>(2);
    let registry = ctx.memory.registry();
    let preparing = task::spawn_blocking(move || {
        let mut chunk = Vec::with_capacity(bulk::TABLES);
        for year in size.years() {
            for (table, indicators) in size.tables() {
                for school in 1..=size.schools {
                    let key = Key::new(&code_of_school(school), &code_of_table(table), &year.to_string());
                    let cells = figures::table(size.seed, school, table, indicators, year);
                    chunk.push(Document::new(&registry, key, &cells));
                    if chunk.len() == bulk::TABLES && sender.blocking_send(std::mem::take(&mut chunk)).is_err() {
                        // The writer has failed, and says why.
                        return;
                    }
                }
            }
        }
        let _nobody_listens = sender.blocking_send(chunk);
    });
    let mut written = Written::default();
    while let Some(chunk) = chunks.recv().await {
        let part = bulk::accept(ctx, chunk).await?;
        written.tables += part.tables;
        written.unchanged += part.unchanged;
        written.observations += part.observations;
        let done = u64::try_from(written.tables + written.unchanged).map_err(Error::internal)?;
        progress(done, size.submissions());
    }
    preparing.await.map_err(Error::internal)?;
    let took = began.elapsed();
    let release = if release { Some(publish(ctx, size).await?) } else { None };
    Ok(Summary { written, took, release })
}

/// A pilot's database must not be spoilt by accident: nothing that is written here can be taken back.
async fn refuse_real_data(ctx: &Ctx) -> Result<()> {
    let synthetic = Query::select()
        .column(school::Column::Code)
        .from(school::Entity)
        .and_where(school::Column::Source.eq(SOURCE))
        .to_owned();
    let real = ctx
        .visible::<submission::Entity>()
        .filter(submission::Column::SchoolCode.not_in_subquery(synthetic))
        .limit(1)
        .count(ctx.db.read())
        .await?;
    if real == 0 {
        return Ok(());
    }
    Err(Error::Conflict(Text::new(
        "此数据库中已有真实填报，不写入合成数据：请换用其他数据库",
        "This database holds real submissions: synthetic data go into a database of their own",
    )))
}

/// Releases what was written, as the province would.
async fn publish(ctx: &Ctx, size: Size) -> Result<String> {
    let province = ctx.as_(Actor::with(Role::Province, None, ctx.actor.subject.clone(), ctx.actor.name.clone()));
    let note = format!(
        "合成数据 Synthetic data: {} schools, {} indicators, {} years, seed {}",
        size.schools, size.indicators, size.years, size.seed
    );
    let new = releases::New { period: None, kind: ReleaseKind::Minor, publish_at: None, note };
    Ok(releases::create(&province, new).await?.row.version.0.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(schools: u32, indicators: u32) -> Size {
        Size { schools, indicators, years: 2, seed: 7 }
    }

    #[test]
    fn indicators_are_parted_into_tables_of_150() {
        let tables = |indicators| size(1, indicators).tables().collect::<Vec<_>>();
        assert_eq!(tables(1), [(1, 1)]);
        assert_eq!(tables(150), [(1, 150)]);
        assert_eq!(tables(200), [(1, 150), (2, 50)]);
        assert_eq!(size(11_000, 200).submissions(), 44_000);
        assert_eq!(size(3, 150).submissions(), 6);
    }

    #[test]
    fn there_are_as_many_cities_as_a_country_of_that_size_has() {
        assert_eq!(size(11_000, 1).cities(), 344);
        assert_eq!(size(29, 1).cities(), 14);
        assert_eq!(size(3, 1).cities(), 3);
    }

    #[test]
    fn the_newest_year_comes_first() {
        assert_eq!(size(1, 1).years().collect::<Vec<_>>(), [2023, 2022]);
    }
}

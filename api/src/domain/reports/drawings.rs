//! The drawings of a report: schools by field, by level and by city, students by city, and how figures move.

use std::collections::BTreeMap;

use entity::words::{Ownership, SchoolCategory, SchoolTier};
use rust_decimal::Decimal;

use super::{figures::Source, tables::years};
use crate::{
    domain::cube::Dimension,
    error::Result,
    formats::report::drawing::{Drawing, Kind, Series},
    memory::frame::FrameSchool,
};

/// The indicators that are drawn by city and over the years, where the catalogue has them.
const STUDENTS: &str = "scale.students";
const MOVING: [&str; 3] = ["scale.students", "scale.intake", "scale.graduates"];

/// All drawings.
pub(super) async fn all(source: &Source<'_>) -> Result<Vec<Drawing>> {
    let words = source.words;
    let mut drawings = vec![
        bars("schools-by-category", words.pick("院校类别分布（所）", "Schools by category"), by_category(source)),
        bars("schools-by-ownership", words.pick("办学性质分布（所）", "Schools by ownership"), by_ownership(source)),
        bars("schools-by-tier", words.pick("办学层次分布（所）", "Schools by level"), by_tier(source)),
        bars("schools-by-city", words.pick("各市州院校分布（所）", "Schools by city"), by_city(source)),
    ];
    let period = source.period.code.as_str();
    let (groups, figures) = source.counted(&[STUDENTS.to_owned()], period, &[Dimension::City]).await?;
    let students: Vec<_> = groups
        .iter()
        .zip(figures.into_iter().next().unwrap_or_default())
        .map(|(key, counted)| (source.city(key.city.as_deref().unwrap_or_default()), counted.value))
        .collect();
    if students.iter().any(|(_, value)| value.is_some()) {
        drawings.push(bars("students-by-city", words.pick("各市州在校生人数（人）", "Students by city"), students));
    }
    let years = years(source.period);
    let lines: Vec<_> = MOVING.iter().filter_map(|code| source.registry.indicator_in(code, period)).collect();
    let codes: Vec<String> = lines.iter().map(|line| line.code.0.clone()).collect();
    let name = |line: &entity::indicator::Model| {
        words.pick(&line.label, line.label_en.as_deref().unwrap_or(&line.label)).to_owned()
    };
    let mut series: Vec<Series> = lines.iter().map(|line| Series { name: name(line), points: Vec::new() }).collect();
    for year in &years {
        for (one, counted) in series.iter_mut().zip(source.of_province(&codes, year).await?) {
            one.points.push((year.clone(), counted.value));
        }
    }
    if !series.is_empty() {
        let title = words.pick("办学规模变化", "Scale over the years").to_owned();
        drawings.push(Drawing { file: "trend-of-scale".to_owned(), title, kind: Kind::Lines, points: series });
    }
    Ok(drawings)
}

fn bars(file: &str, title: &str, points: Vec<(String, Option<Decimal>)>) -> Drawing {
    let series = Series { name: String::new(), points };
    Drawing { file: file.to_owned(), title: title.to_owned(), kind: Kind::Bars, points: vec![series] }
}

/// How many schools have each word of a list; those that no school has are left out.
fn words_of<T: Copy + PartialEq>(
    source: &Source<'_>,
    all: &[T],
    of: impl Fn(&FrameSchool) -> Option<T>,
    name: impl Fn(T) -> &'static str,
) -> Vec<(String, Option<Decimal>)> {
    let count = |word: T| source.frame.schools.iter().filter(|school| of(school) == Some(word)).count();
    let counted = all.iter().map(|word| (name(*word).to_owned(), count(*word)));
    counted.filter(|(_, count)| *count > 0).map(|(name, count)| (name, Some(Decimal::from(count)))).collect()
}

fn by_category(source: &Source<'_>) -> Vec<(String, Option<Decimal>)> {
    words_of(source, SchoolCategory::ALL, FrameSchool::category, |word| source.words.category_of(word))
}

fn by_ownership(source: &Source<'_>) -> Vec<(String, Option<Decimal>)> {
    words_of(source, Ownership::ALL, FrameSchool::ownership, |word| source.words.ownership_of(word))
}

fn by_tier(source: &Source<'_>) -> Vec<(String, Option<Decimal>)> {
    words_of(source, SchoolTier::ALL, FrameSchool::tier, |word| source.words.tier_of(word))
}

fn by_city(source: &Source<'_>) -> Vec<(String, Option<Decimal>)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for school in &source.frame.schools {
        *counts.entry(school.city.as_str()).or_default() += 1;
    }
    counts.into_iter().map(|(city, count)| (source.city(city), Some(Decimal::from(count)))).collect()
}

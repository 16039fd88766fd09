//! The frame that figures are hung on: which schools there are, in which groups, and how an indicator is counted.
//!
//! A release keeps the frame of its day, so that a later change of a school's category
//! moves no published figure. Unpublished figures hang on the frame of now.

use std::collections::{BTreeMap, HashMap};

use entity::{
    indicator,
    words::{Aggregation, Better, Disclosure, EntryKind, Ownership, Partition, SchoolCategory, SchoolTier},
};
use serde::{Deserialize, Serialize};

use super::{editions, registry::Registry, search::Names};
use crate::{
    error::{Error, Result},
    formats::document,
};

/// A school as far as groups and filters ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameSchool {
    /// The exchange's code.
    pub code: String,
    /// The names it answers to in a search, joined by line breaks, in lower case.
    pub names: String,
    /// GB/T 2260.
    pub city: String,
    ownership: String,
    category: String,
    tier: String,
    #[serde(skip)]
    read: Read,
    /// The same names, ready to be searched.
    #[serde(skip)]
    pub found: Names,
}

/// The words of a school as values, read once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Read {
    city: usize,
    ownership: Option<Ownership>,
    category: Option<SchoolCategory>,
    tier: Option<SchoolTier>,
}

impl FrameSchool {
    /// Where its city stands among the cities of the frame.
    pub const fn city_at(&self) -> usize {
        self.read.city
    }

    /// Who runs it.
    pub const fn ownership(&self) -> Option<Ownership> {
        self.read.ownership
    }

    /// Its field.
    pub const fn category(&self) -> Option<SchoolCategory> {
        self.read.category
    }

    /// Its level.
    pub const fn tier(&self) -> Option<SchoolTier> {
        self.read.tier
    }
}

/// An indicator as far as counting asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameIndicator {
    /// The table it stands in.
    pub dataset: String,
    /// The decimals of its values.
    pub decimals: i16,
    aggregation: String,
    /// The indicator that weighs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The indicator of which it is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Whether its direct parts add up to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adds_up: bool,
    /// The standard (合格指标), as a fixed-point integer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    better: Option<String>,
    disclosure: String,
    /// What was said of it before some periods, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<FrameEarlier>,
}

/// How an indicator was counted before a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FrameEarlier {
    before: String,
    line: FrameIndicator,
}

impl From<&indicator::Model> for FrameIndicator {
    fn from(row: &indicator::Model) -> Self {
        Self {
            dataset: row.dataset_code.0.clone(),
            decimals: row.decimals,
            aggregation: row.aggregation.word().to_owned(),
            weight: row.weight_code.as_ref().map(|code| code.0.clone()),
            within: row.within_code.as_ref().map(|code| code.0.clone()),
            adds_up: row.is_parts_complete,
            threshold: row.threshold,
            better: row.better.map(|better| better.word().to_owned()),
            disclosure: row.disclosure.word().to_owned(),
            earlier: Vec::new(),
        }
    }
}

impl FrameIndicator {
    /// How figures of schools become one.
    pub fn aggregation(&self) -> Aggregation {
        Aggregation::of(&self.aggregation).unwrap_or(Aggregation::Sum)
    }

    /// Which side of its standard is the good one, where it has one.
    pub fn better(&self) -> Option<Better> {
        self.better.as_deref().and_then(Better::of)
    }

    /// Who may see the figure of one school; what cannot be read is for officials only.
    pub fn disclosure(&self) -> Disclosure {
        Disclosure::of(&self.disclosure).unwrap_or(Disclosure::Internal)
    }
}

/// That one school came after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameSuccession {
    /// The school that is there now.
    pub school: String,
    /// The one before it.
    pub predecessor: String,
    /// `renamed`, `upgraded`, `merged` or `split`.
    pub kind: String,
    /// Since which day; nothing where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<chrono::NaiveDate>,
}

/// Schools and indicators of one day.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Frame {
    /// By code.
    pub schools: Vec<FrameSchool>,
    /// The positions of the member schools, by the code of the consortium.
    pub consortia: BTreeMap<String, Vec<usize>>,
    /// What a consortium was merged into, by the code that went.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    merged: BTreeMap<String, String>,
    /// By code.
    pub indicators: BTreeMap<String, FrameIndicator>,
    /// By what the schools of a dataset are parted where protected figures are told, if not by city.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    partitions: BTreeMap<String, String>,
    /// What became of schools, by the school that is there now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successions: Vec<FrameSuccession>,
    /// The codes of the cities that have a school, in order.
    #[serde(skip)]
    pub cities: Vec<String>,
    #[serde(skip)]
    at: HashMap<String, usize>,
    /// SHA-256 of the document, in hexadecimal; empty for the frame of now.
    #[serde(skip)]
    pub hash: String,
}

impl Frame {
    /// The frame of now.
    pub fn of(registry: &Registry) -> Self {
        let schools = registry
            .schools
            .all()
            .iter()
            .map(|school| FrameSchool {
                code: school.code.0.clone(),
                names: [Some(school.code.as_str()), Some(school.name.as_str()), school.name_en.as_deref()]
                    .into_iter()
                    .flatten()
                    .chain(registry.aliases.of(school.code.as_str()).map(|alias| alias.alias.as_str()))
                    .collect::<Vec<_>>()
                    .join("\n")
                    .to_lowercase(),
                city: school.city_code.0.clone(),
                ownership: school.ownership.word().to_owned(),
                category: school.category.word().to_owned(),
                tier: school.tier.word().to_owned(),
                read: Read::default(),
                found: Names::default(),
            })
            .collect();
        let consortia = registry
            .consortia
            .all()
            .iter()
            .map(|consortium| {
                let mut members: Vec<usize> = registry
                    .members
                    .of(consortium.code.as_str())
                    .filter_map(|member| registry.schools.position(member.school_code.as_ref()?.as_str()))
                    .collect();
                members.sort_unstable();
                members.dedup();
                (consortium.code.0.clone(), members)
            })
            .collect();
        let merged = registry
            .consortia
            .all()
            .iter()
            .flat_map(|kept| {
                let gone = registry.merged_into(EntryKind::Consortium, kept.code.as_str());
                gone.into_iter().map(|gone| (gone.to_owned(), kept.code.0.clone()))
            })
            .collect();
        let mut indicators: BTreeMap<String, FrameIndicator> =
            registry.indicators.every().iter().map(|row| (row.code.0.clone(), FrameIndicator::from(row))).collect();
        for (code, list) in editions::by_code(registry) {
            let Some(line) = indicators.get_mut(code) else { continue };
            let earlier = list.iter().map(|one| (one.before.0.clone(), FrameIndicator::from(&one.line)));
            line.earlier = earlier.map(|(before, line)| FrameEarlier { before, line }).collect();
        }
        let partitions = registry
            .datasets
            .all()
            .iter()
            .filter(|row| row.parted_by != Partition::City)
            .map(|row| (row.code.0.clone(), row.parted_by.word().to_owned()))
            .collect();
        let successions = registry
            .successions
            .all()
            .iter()
            .map(|row| FrameSuccession {
                school: row.school_code.0.clone(),
                predecessor: row.predecessor_code.0.clone(),
                kind: row.kind.word().to_owned(),
                effective_on: row.effective_on,
            })
            .collect();
        let (cities, at, hash) = Default::default();
        Self { schools, consortia, merged, indicators, partitions, successions, cities, at, hash }.indexed()
    }

    fn indexed(mut self) -> Self {
        self.cities = self.schools.iter().map(|school| school.city.clone()).collect();
        self.cities.sort_unstable();
        self.cities.dedup();
        for school in &mut self.schools {
            school.found = Names::new(school.names.lines());
            school.read = Read {
                city: self.cities.binary_search(&school.city).unwrap_or_default(),
                ownership: Ownership::of(&school.ownership),
                category: SchoolCategory::of(&school.category),
                tier: SchoolTier::of(&school.tier),
            };
        }
        self.at = self.schools.iter().enumerate().map(|(at, school)| (school.code.clone(), at)).collect();
        self
    }

    /// The document that a release keeps, and its hash.
    pub fn document(&self) -> Result<(String, String)> {
        let document = serde_json::to_string(self).map_err(Error::internal)?;
        let hash = document::sha256(&document);
        Ok((document, hash))
    }

    /// Reads the document that a release kept.
    pub fn read(document: &str) -> Result<Self> {
        let mut frame = serde_json::from_str::<Self>(document).map_err(Error::internal)?.indexed();
        frame.hash = document::sha256(document);
        Ok(frame)
    }

    /// How an indicator is counted in a period. One that does not hold in it has no figures there.
    pub fn line(&self, code: &str, period: &str) -> Option<&FrameIndicator> {
        let now = self.indicators.get(code)?;
        Some(now.earlier.iter().find(|one| period < one.before.as_str()).map_or(now, |one| &one.line))
    }

    /// By what the schools of a dataset are parted where protected figures are told.
    pub fn partition(&self, dataset: &str) -> Partition {
        self.partitions.get(dataset).and_then(|word| Partition::of(word)).unwrap_or(Partition::City)
    }

    /// The positions of the member schools of a consortium, by its code or one that was merged into it.
    pub fn members(&self, code: &str) -> Option<&Vec<usize>> {
        self.consortia.get(code).or_else(|| self.consortia.get(self.merged.get(code)?))
    }

    /// Where a school stands.
    pub fn position(&self, code: &str) -> Option<usize> {
        self.at.get(code).copied()
    }
}

//! What codes are called, in both languages.

use entity::words::{Ownership, SchoolCategory, SchoolTier};

use crate::{
    domain::cube::Dimension,
    error::{Language, Text},
    formats::document::Status,
    memory::registry::Registry,
};

/// Every dimension, with the name of its column.
pub const DIMENSIONS: [Dimension; 5] =
    [Dimension::City, Dimension::Ownership, Dimension::Category, Dimension::Tier, Dimension::Consortium];

/// The column of a dimension's codes.
pub const fn dimension(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::City => "city",
        Dimension::Ownership => "ownership",
        Dimension::Category => "category",
        Dimension::Tier => "tier",
        Dimension::Consortium => "consortium",
    }
}

/// The column of a dimension's names.
pub const fn dimension_name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::City => "city_name",
        Dimension::Ownership => "ownership_name",
        Dimension::Category => "category_name",
        Dimension::Tier => "tier_name",
        Dimension::Consortium => "consortium_name",
    }
}

/// Who runs a school.
pub fn ownership(word: Ownership) -> Text {
    match word {
        Ownership::Public => Text::new("公办", "Public"),
        Ownership::Private => Text::new("民办", "Private"),
    }
}

/// The field of a school.
pub fn category(word: SchoolCategory) -> Text {
    match word {
        SchoolCategory::ScienceEngineering => Text::new("理工类", "Science and engineering"),
        SchoolCategory::TeacherTraining => Text::new("师范类", "Teacher training"),
        SchoolCategory::PoliticalScienceLaw => Text::new("政法类", "Political science and law"),
        SchoolCategory::AgricultureForestry => Text::new("农林类", "Agriculture and forestry"),
        SchoolCategory::FinanceEconomics => Text::new("财经类", "Finance and economics"),
        SchoolCategory::Medical => Text::new("医药类", "Medical"),
        SchoolCategory::Comprehensive => Text::new("综合类", "Comprehensive"),
        SchoolCategory::Language => Text::new("语文类", "Language"),
    }
}

/// The level of a school.
pub fn tier(word: SchoolTier) -> Text {
    match word {
        SchoolTier::UndergraduateVocational => Text::new("职业本科", "Undergraduate vocational"),
        SchoolTier::HigherVocational => Text::new("高职", "Higher vocational"),
        SchoolTier::JuniorCollege => Text::new("高专", "Junior college"),
        SchoolTier::SecondaryVocational => Text::new("中职", "Secondary vocational"),
    }
}

/// What a cell says of its value.
pub fn status(status: Status) -> Text {
    match status {
        Status::Reported => Text::new("填报", "Reported"),
        Status::NotApplicable => Text::new("不适用", "Not applicable"),
        Status::Missing => Text::new("缺失", "Missing"),
        Status::Suppressed => {
            Text::new("因保护个别学校数据而不公布", "Not shown, for the protection of single schools")
        }
        Status::Estimated => Text::new("估计", "Estimated"),
    }
}

/// A Chinese name, or the English one where it is asked for and there is one.
pub fn chosen<'a>(language: Language, zh: &'a str, en: Option<&'a str>) -> &'a str {
    match language {
        Language::Chinese => zh,
        Language::English => en.unwrap_or(zh),
    }
}

/// The name of a city.
pub fn city<'a>(registry: &'a Registry, code: &str, language: Language) -> Option<&'a str> {
    registry.cities.get(code).map(|row| chosen(language, &row.name, row.name_en.as_deref()))
}

/// The name of a school.
pub fn school<'a>(registry: &'a Registry, code: &str, language: Language) -> Option<&'a str> {
    registry.schools.get(code).map(|row| chosen(language, &row.name, row.name_en.as_deref()))
}

/// The name of a consortium.
pub fn consortium<'a>(registry: &'a Registry, code: &str, language: Language) -> Option<&'a str> {
    registry.consortia.get(code).map(|row| chosen(language, &row.name, row.name_en.as_deref()))
}

//! Filters and orders of lists: what the caller keeps, and in which order.

use std::cmp::Ordering;

use async_graphql::{Enum, InputObject};
use entity::{claim, consortium, enterprise, indicator, major, words::EntryKind};

use super::types::words::{
    ConsortiumKind, ConsortiumScope, Disclosure, MajorLevel, Ownership, SchoolCategory, SchoolTier, SubmissionState,
};
use crate::{
    domain::{
        cube::{self, Grouping},
        submissions,
    },
    memory::{
        frame::Frame,
        registry::Registry,
        search::{Names, Words},
    },
};

/// Which schools; the same for `schools` and `aggregate`. What is left out keeps everything.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SchoolFilter {
    /// Only in these cities, by code.
    pub city: Option<Vec<String>>,
    /// Only run by these.
    pub ownership: Option<Vec<Ownership>>,
    /// Only of these fields.
    pub category: Option<Vec<SchoolCategory>>,
    /// Only of these levels.
    pub tier: Option<Vec<SchoolTier>>,
    /// Only members of this consortium, by code.
    pub consortium: Option<String>,
    /// Only schools that answer to these words: by code, name, English name or another printed name. A Chinese word is
    /// also found in pieces (石化大学 in 兰州石化职业技术大学); without an order, those that answer best come first.
    pub search: Option<String>,
}

impl From<SchoolFilter> for cube::Filter {
    fn from(filter: SchoolFilter) -> Self {
        fn all<T, U: From<T>>(words: Option<Vec<T>>) -> Option<Vec<U>> {
            words.map(|words| words.into_iter().map(U::from).collect())
        }
        Self {
            city: filter.city,
            ownership: all(filter.ownership),
            category: all(filter.category),
            tier: all(filter.tier),
            consortium: filter.consortium,
            search: filter.search,
        }
    }
}

/// By what schools are ordered; equals by their code.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchoolOrderField {
    /// The exchange's own code.
    Code,
    /// The official Chinese name.
    Name,
    /// The English name; those without one come first.
    NameEn,
    /// The code of the city.
    City,
    /// The level.
    Tier,
    /// The field.
    Category,
}

/// Upwards or downwards.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderDirection {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// In which order.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct SchoolOrder {
    /// By what.
    #[graphql(default_with = "SchoolOrderField::Code")]
    pub field: SchoolOrderField,
    /// Upwards or downwards.
    #[graphql(default_with = "OrderDirection::Asc")]
    pub direction: OrderDirection,
}

/// The positions of the schools that a filter keeps, in the order asked for.
pub fn schools(
    registry: &Registry,
    frame: &Frame,
    filter: Option<SchoolFilter>,
    order: Option<SchoolOrder>,
) -> Vec<usize> {
    let filter = filter.map(cube::Filter::from).unwrap_or_default();
    let words = filter.search.as_deref().map(Words::new);
    let mut kept: Vec<usize> = if filter.is_empty() {
        (0..registry.schools.all().len()).collect()
    } else {
        // The one filter that aggregates are computed with, on the frame of now.
        let kept = Grouping::new(frame, &[], &filter, |_| true).members.into_iter().next().unwrap_or_default();
        kept.into_iter().filter_map(|at| registry.schools.position(&frame.schools.get(at)?.code)).collect()
    };
    if let Some(SchoolOrder { field, direction }) = order {
        let by = |a: &usize, b: &usize| -> Ordering {
            let (Some(a), Some(b)) = (registry.schools.at(*a), registry.schools.at(*b)) else { return Ordering::Equal };
            let order = match field {
                SchoolOrderField::Code => Ordering::Equal,
                SchoolOrderField::Name => a.name.cmp(&b.name),
                SchoolOrderField::NameEn => a.name_en.cmp(&b.name_en),
                SchoolOrderField::City => a.city_code.cmp(&b.city_code),
                SchoolOrderField::Tier => a.tier.cmp(&b.tier),
                SchoolOrderField::Category => a.category.cmp(&b.category),
            };
            order.then_with(|| a.code.cmp(&b.code))
        };
        kept.sort_unstable_by(by);
        if direction == OrderDirection::Desc {
            kept.reverse();
        }
    } else if let Some(words) = words {
        best_first(&mut kept, &words, |at| registry.names(EntryKind::School, registry.schools.at(at)?.code.as_str()));
    }
    kept
}

/// What answers best comes first; equals stay in their order.
fn best_first<'a>(kept: &mut [usize], words: &Words, names: impl Fn(usize) -> Option<&'a Names>) {
    kept.sort_by_cached_key(|at| names(*at).and_then(|names| words.rank(names)).unwrap_or(u32::MAX));
}

/// Keeps everything where nothing is asked for.
fn among<T: PartialEq<U>, U>(wanted: Option<&Vec<T>>, is: Option<U>) -> bool {
    wanted.is_none_or(|wanted| is.is_some_and(|is| wanted.iter().any(|one| *one == is)))
}

/// Keeps what holds the words, upper and lower case alike.
fn holds<'a>(words: Option<&String>, texts: impl IntoIterator<Item = Option<&'a str>>) -> bool {
    words.is_none_or(|words| {
        let words = words.trim().to_lowercase();
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&words))
    })
}

/// Which enterprises. What is left out keeps everything.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EnterpriseFilter {
    /// Only in these cities, by code.
    pub city: Option<Vec<String>>,
    /// Only of these industries, in the words of the list.
    pub industry: Option<Vec<String>>,
    /// Only with these certifications, in the words of the list.
    pub certification: Option<Vec<String>>,
    /// Only those that answer to these words, as schools do; those that answer best come first.
    pub search: Option<String>,
}

impl EnterpriseFilter {
    /// The positions of the enterprises that it keeps; those that answer best first.
    pub fn kept(&self, registry: &Registry) -> Vec<usize> {
        let words = self.search.as_deref().map(Words::new);
        let names = |row: &enterprise::Model| registry.names(EntryKind::Enterprise, row.code.as_str());
        let found = |row: &enterprise::Model| {
            words.as_ref().is_none_or(|words| names(row).is_some_and(|names| words.find(names)))
        };
        let all = registry.enterprises.all().iter().enumerate();
        let mut kept: Vec<usize> = all.filter(|(_, row)| self.keeps(row) && found(row)).map(|(at, _)| at).collect();
        if let Some(words) = &words {
            best_first(&mut kept, words, |at| names(registry.enterprises.at(at)?));
        }
        kept
    }

    fn keeps(&self, row: &enterprise::Model) -> bool {
        among(self.city.as_ref(), row.city_code.as_ref().map(|code| code.as_str()))
            && among(self.industry.as_ref(), row.industry.as_deref())
            && among(self.certification.as_ref(), row.certification.as_deref())
    }
}

/// Which consortia. What is left out keeps everything.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ConsortiumFilter {
    /// Only of these kinds.
    pub kind: Option<Vec<ConsortiumKind>>,
    /// Only of these reaches.
    pub scope: Option<Vec<ConsortiumScope>>,
    /// Only those that answer to these words, as schools do; those that answer best come first.
    pub search: Option<String>,
}

impl ConsortiumFilter {
    /// The positions of the consortia that it keeps; those that answer best first.
    pub fn kept(&self, registry: &Registry) -> Vec<usize> {
        let words = self.search.as_deref().map(Words::new);
        let names = |row: &consortium::Model| registry.names(EntryKind::Consortium, row.code.as_str());
        let found = |row: &consortium::Model| {
            words.as_ref().is_none_or(|words| names(row).is_some_and(|names| words.find(names)))
        };
        let all = registry.consortia.all().iter().enumerate();
        let mut kept: Vec<usize> = all.filter(|(_, row)| self.keeps(row) && found(row)).map(|(at, _)| at).collect();
        if let Some(words) = &words {
            best_first(&mut kept, words, |at| names(registry.consortia.at(at)?));
        }
        kept
    }

    fn keeps(&self, row: &consortium::Model) -> bool {
        among(self.kind.as_ref(), Some(ConsortiumKind::from(row.kind)))
            && among(self.scope.as_ref(), Some(ConsortiumScope::from(row.scope)))
    }
}

/// Which majors. What is left out keeps everything.
#[derive(Clone, Debug, Default, InputObject)]
pub struct MajorFilter {
    /// Only of these levels.
    pub level: Option<Vec<MajorLevel>>,
    /// Only of these 专业大类, by name or by their first two digits.
    pub category: Option<Vec<String>>,
    /// Only of these editions of the catalogue.
    pub edition: Option<Vec<String>>,
    /// Only those that serve this industry chain, by code.
    pub chain: Option<String>,
    /// Only those that answer to these words, as schools do; those that answer best come first.
    pub search: Option<String>,
}

impl MajorFilter {
    /// The positions of the majors that it keeps; those that answer best first.
    pub fn kept(&self, registry: &Registry) -> Vec<usize> {
        let words = self.search.as_deref().map(Words::new);
        let names = |row: &major::Model| registry.names(EntryKind::Major, row.code.as_str());
        let found =
            |row: &major::Model| words.as_ref().is_none_or(|words| names(row).is_some_and(|names| words.find(names)));
        let all = registry.majors.all().iter().enumerate();
        let mut kept: Vec<usize> =
            all.filter(|(_, row)| self.keeps(registry, row) && found(row)).map(|(at, _)| at).collect();
        if let Some(words) = &words {
            best_first(&mut kept, words, |at| names(registry.majors.at(at)?));
        }
        kept
    }

    fn keeps(&self, registry: &Registry, row: &major::Model) -> bool {
        let code = row.code.as_str();
        among(self.level.as_ref(), Some(MajorLevel::from(row.level)))
            && self
                .category
                .as_ref()
                .is_none_or(|all| all.iter().any(|one| *one == row.category || code.get(..2) == Some(one.as_str())))
            && among(self.edition.as_ref(), Some(row.edition.as_str()))
            && self
                .chain
                .as_ref()
                .is_none_or(|chain| registry.major_chains.of(code).any(|link| link.chain_code == chain.as_str()))
    }
}

/// Which indicators. What is left out keeps everything.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IndicatorFilter {
    /// Only of these tables, by code.
    pub dataset: Option<Vec<String>>,
    /// Only of these disclosure classes.
    pub disclosure: Option<Vec<Disclosure>>,
    /// Only those that a table cannot be submitted without, or only the others.
    pub required: Option<bool>,
    /// The catalogue of this period: only what is reported for it, as it is said of it.
    pub period: Option<String>,
    /// Only those that answer to these words: by code, name or English name.
    pub search: Option<String>,
}

impl IndicatorFilter {
    /// Whether it keeps an indicator.
    pub fn keeps(&self, row: &indicator::Model) -> bool {
        among(self.dataset.as_ref(), Some(row.dataset_code.as_str()))
            && among(self.disclosure.as_ref(), Some(Disclosure::from(row.disclosure)))
            && self.required.is_none_or(|required| row.is_required == required)
            && holds(
                self.search.as_ref(),
                [
                    Some(row.code.as_str()),
                    Some(row.label.as_str()),
                    row.label_en.as_deref(),
                    Some(row.printed_label.as_str()),
                ],
            )
    }
}

/// Which printed figures. What is left out keeps everything.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ClaimFilter {
    /// Only about these indicators, by code.
    pub indicator: Option<Vec<String>>,
    /// Only of these scopes: `province`, `city`, `school`.
    pub scope: Option<Vec<String>>,
    /// Only about these, by code.
    pub scope_code: Option<Vec<String>>,
    /// Only of these periods, by code.
    pub period: Option<Vec<String>>,
    /// Only those that answer to these words: by key, label or source.
    pub search: Option<String>,
}

impl ClaimFilter {
    /// Whether it keeps a claim.
    pub fn keeps(&self, row: &claim::Model) -> bool {
        among(self.indicator.as_ref(), row.indicator_code.as_deref())
            && among(self.scope.as_ref(), Some(row.scope.as_str()))
            && among(self.scope_code.as_ref(), Some(row.scope_code.as_str()))
            && among(self.period.as_ref(), Some(row.period_code.as_str()))
            && holds(
                self.search.as_ref(),
                [Some(row.key.as_str()), Some(row.label.as_str()), Some(row.source.as_str())],
            )
    }
}

/// Which submissions. What is left out keeps everything that is there for the caller.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SubmissionFilter {
    /// Only of these schools, by code.
    #[graphql(validator(max_items = 1_000))]
    pub school: Option<Vec<String>>,
    /// Only of schools in these cities, by code.
    #[graphql(validator(max_items = 1_000))]
    pub city: Option<Vec<String>>,
    /// Only these tables, by code.
    #[graphql(validator(max_items = 1_000))]
    pub dataset: Option<Vec<String>>,
    /// Only of these periods, by code.
    #[graphql(validator(max_items = 1_000))]
    pub period: Option<Vec<String>>,
    /// Only in these states.
    #[graphql(validator(max_items = 1_000))]
    pub state: Option<Vec<SubmissionState>>,
}

impl SubmissionFilter {
    /// The domain's filter; nothing if one of the lists is empty, which keeps nothing.
    pub fn narrowed(self) -> Option<submissions::Filter> {
        // There an empty list is one that was not given.
        fn list<T, U: From<T>>(words: Option<Vec<T>>) -> Option<Vec<U>> {
            match words {
                None => Some(Vec::new()),
                Some(words) => {
                    Some(words).filter(|words| !words.is_empty()).map(|words| words.into_iter().map(U::from).collect())
                }
            }
        }
        Some(submissions::Filter {
            school: list(self.school)?,
            city: list(self.city)?,
            dataset: list(self.dataset)?,
            period: list(self.period)?,
            state: list(self.state)?,
        })
    }
}

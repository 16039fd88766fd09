//! A question for rows, as an address asks it: everything that is wrong with it at once.

use std::{collections::BTreeSet, sync::Arc};

use entity::words::{Ownership, SchoolCategory, SchoolTier};

use super::words;
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        aggregates::{self, Ask, MAX_INDICATORS},
        cube::{Dimension, Filter},
        periods::Period,
        releases,
    },
    error::{Error, Finding, Language, Result, Text},
    memory::{ReleaseHead, frame::Frame, registry::Registry},
};

/// Where the figures come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A release.
    Release(Arc<ReleaseHead>),
    /// `live` or `current`.
    Unpublished(String),
}

impl Source {
    /// The version, `live` or `current`.
    pub fn name(&self) -> &str {
        match self {
            Self::Release(release) => release.row.version.as_str(),
            Self::Unpublished(name) => name,
        }
    }
}

/// A question that can be answered.
#[derive(Clone, Debug)]
pub struct Question {
    /// The table.
    pub dataset: String,
    /// Where the figures come from.
    pub source: Source,
    /// The codes of the lines, in the order of the form.
    pub lines: Vec<String>,
    /// The periods, in order.
    pub periods: Vec<String>,
    /// By what schools are grouped; nothing for the figures of single schools.
    pub by: Option<Vec<Dimension>>,
    /// In which language codes are named beside them.
    pub labels: Option<Language>,
    /// Schools and lines as they stood.
    pub frame: Arc<Frame>,
    pub(super) filter: Filter,
    /// Only these schools.
    pub(super) schools: Option<BTreeSet<String>>,
    /// Whether the lines were named, so that a refusal of one is the answer.
    pub(super) is_named: bool,
}

/// The parameters, as they were sent.
#[derive(Debug, Default)]
struct Sent {
    period: Option<Vec<String>>,
    indicator: Option<Vec<String>>,
    school: Option<Vec<String>>,
    group_by: Option<Vec<String>>,
    city: Option<Vec<String>>,
    ownership: Option<Vec<String>>,
    category: Option<Vec<String>>,
    tier: Option<Vec<String>>,
    consortium: Option<String>,
    search: Option<String>,
    release: Option<String>,
    labels: Option<String>,
}

impl Sent {
    fn read(pairs: &[(String, String)]) -> Result<Self> {
        let mut sent = Self::default();
        for (name, value) in pairs {
            let many = |list: &mut Option<Vec<String>>| {
                let words = value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned);
                list.get_or_insert_default().extend(words);
            };
            match name.as_str() {
                "period" => many(&mut sent.period),
                "indicator" => many(&mut sent.indicator),
                "school" => many(&mut sent.school),
                "group_by" => many(&mut sent.group_by),
                "city" => many(&mut sent.city),
                "ownership" => many(&mut sent.ownership),
                "category" => many(&mut sent.category),
                "tier" => many(&mut sent.tier),
                "consortium" => sent.consortium = Some(value.clone()),
                "search" => sent.search = Some(value.clone()),
                "release" => sent.release = Some(value.clone()).filter(|text| !text.is_empty()),
                "labels" => sent.labels = Some(value.clone()).filter(|text| !text.is_empty()),
                other => {
                    return Err(Error::Malformed(Text::new(
                        format!("地址参数无法读取：没有参数“{other}”"),
                        format!(
                            "The parameters could not be read: unknown parameter `{other}`, expected period, indicator, \
                             school, group_by, city, ownership, category, tier, consortium, search, release, labels or bom"
                        ),
                    )));
                }
            }
        }
        Ok(sent)
    }
}

/// What is wrong, as it is found.
#[derive(Default)]
struct Faults(Vec<Finding>);

impl Faults {
    fn add(&mut self, code: &str, pointer: String, message: Text, expected: impl Into<String>, got: &str) {
        self.0.push(Finding::error(code, pointer, message).with(expected, got));
    }

    /// The values of some words of a closed list.
    fn words<T>(
        &mut self,
        name: &str,
        all: &[T],
        word: fn(&T) -> &'static str,
        sent: Option<Vec<String>>,
    ) -> Option<Vec<T>>
    where
        T: Copy,
    {
        let sent = sent?;
        let mut found = Vec::with_capacity(sent.len());
        for (at, text) in sent.iter().enumerate() {
            match all.iter().find(|one| word(one).eq_ignore_ascii_case(text)) {
                Some(one) => found.push(*one),
                None => {
                    let list: Vec<&str> = all.iter().map(word).collect();
                    let message = Text::new(
                        format!("{name} 没有“{text}”；可用的有 {}", list.join("、")),
                        format!("`{name}` knows no `{text}`; it knows {}", list.join(", ")),
                    );
                    self.add("unknown_word", format!("/{name}/{at}"), message, list.join(", "), text);
                }
            }
        }
        Some(found)
    }

    /// Codes that must be known.
    fn codes<'a>(&mut self, name: &str, sent: impl IntoIterator<Item = &'a String>, is_known: impl Fn(&str) -> bool) {
        for (at, code) in sent.into_iter().enumerate().filter(|(_, code)| !is_known(code)) {
            let message =
                Text::new(format!("{name} 没有代码“{code}”"), format!("There is no `{name}` of the code `{code}`"));
            self.add("unknown_code", format!("/{name}/{at}"), message, "a code of the registry", code);
        }
    }
}

impl Question {
    /// Reads the parameters of an address.
    ///
    /// # Errors
    /// 404 where there is no such table or release, 400 for an unknown parameter, 422 with everything that is wrong
    /// with the known ones, 403 for what is not published and for named lines that could be taken apart.
    pub async fn read(ctx: &Ctx, dataset: &str, pairs: &[(String, String)]) -> Result<Self> {
        let sent = Sent::read(pairs)?;
        let registry = ctx.memory.registry();
        let is_dataset = |frame: &Frame| {
            registry.datasets.get(dataset).is_some() || frame.indicators.values().any(|line| line.dataset == dataset)
        };
        let mut faults = Faults::default();
        let (source, frame) = match sent.release.as_deref() {
            Some(name @ ("live" | "current")) => {
                if !is_dataset(&ctx.memory.frame()) {
                    return Err(Error::NotFound(Kind::Catalogue));
                }
                ctx.require(Action::Read, Kind::LiveFigure)?;
                (Source::Unpublished(name.to_owned()), ctx.memory.frame())
            }
            wanted => match releases::resolve(ctx, wanted).await {
                Ok(release) => {
                    let frame = ctx.memory.frame_of(&release).await?;
                    (Source::Release(release), frame)
                }
                Err(Error::Invalid(findings)) => {
                    faults.0.extend(findings);
                    (Source::Unpublished(String::new()), ctx.memory.frame())
                }
                Err(other) => return Err(other),
            },
        };
        if !is_dataset(&frame) {
            return Err(Error::NotFound(Kind::Catalogue));
        }
        let question = Self::checked(dataset, source, frame, &registry, sent, &mut faults);
        if !faults.0.is_empty() {
            return Err(Error::Invalid(faults.0));
        }
        question.allowed(ctx).await?;
        Ok(question)
    }

    fn checked(
        dataset: &str,
        source: Source,
        frame: Arc<Frame>,
        registry: &Registry,
        sent: Sent,
        faults: &mut Faults,
    ) -> Self {
        let by = sent.group_by.map(|sent| dimensions(sent, faults));
        if by.is_none() && matches!(&source, Source::Unpublished(name) if !name.is_empty()) {
            let message = Text::new(
                "各校数据只提供已发布的；live 和 current 须与 group_by 同用",
                "Figures of single schools are those of a release: use live and current with group_by",
            );
            faults.add("unpublished", "/release".to_owned(), message, "a version", source.name());
        }
        if by.is_some() && sent.school.is_some() {
            let message = Text::new("分组时不能指定学校；请用筛选条件", "A grouping takes no schools: use the filters");
            faults.add(
                "school_in_groups",
                "/school".to_owned(),
                message,
                "city, ownership, category, tier, …",
                "school",
            );
        }
        let labels = sent.labels.and_then(|text| match text.as_str() {
            "zh" => Some(Language::Chinese),
            "en" => Some(Language::English),
            other => {
                let message = Text::new("labels 应为 zh 或 en", "`labels` is zh or en");
                faults.add("labels", "/labels".to_owned(), message, "zh, en", other);
                None
            }
        });
        let filter = Filter {
            city: sent.city,
            ownership: faults.words("ownership", Ownership::ALL, |word| word.word(), sent.ownership),
            category: faults.words("category", SchoolCategory::ALL, |word| word.word(), sent.category),
            tier: faults.words("tier", SchoolTier::ALL, |word| word.word(), sent.tier),
            consortium: sent.consortium,
            search: sent.search,
        };
        faults.codes("city", filter.city.iter().flatten(), |code| {
            registry.cities.get(code).is_some() || frame.cities.iter().any(|city| city == code)
        });
        faults.codes("consortium", &filter.consortium, |code| frame.members(code).is_some());
        faults.codes("school", sent.school.iter().flatten(), |code| frame.position(code).is_some());
        let is_named = sent.indicator.is_some();
        Self {
            periods: periods(dataset, &source, sent.period, faults),
            lines: lines(dataset, &frame, registry, sent.indicator, faults),
            dataset: dataset.to_owned(),
            by,
            labels,
            filter,
            schools: sent.school.map(|codes| codes.into_iter().collect()),
            is_named,
            source,
            frame,
        }
    }

    /// Refuses named lines that could be taken apart, before the first byte of a file.
    async fn allowed(&self, ctx: &Ctx) -> Result<()> {
        if self.by.is_none() || !self.is_named {
            return Ok(());
        }
        for period in &self.periods {
            for codes in self.lines.chunks(MAX_INDICATORS) {
                aggregates::allowed(ctx, &self.ask(period, codes)).await?;
            }
        }
        Ok(())
    }

    /// The same question for some lines and one period.
    pub fn ask(&self, period: &str, codes: &[String]) -> Ask {
        Ask {
            indicators: codes.to_vec(),
            period: period.to_owned(),
            group_by: self.by.clone().unwrap_or_default(),
            filter: self.filter.clone(),
            release: Some(self.source.name().to_owned()),
        }
    }

    /// Everything that a file with names says of codes, as one text.
    pub(super) fn write_names(&self, registry: &Registry, out: &mut String) {
        let mut put = |code: &str, zh: &str, en: Option<&str>| {
            out.extend([code, "\t", zh, "\t", en.unwrap_or_default(), "\n"]);
        };
        for row in self.lines.iter().filter_map(|code| registry.indicators.get(code)) {
            put(row.code.as_str(), &row.label, row.label_en.as_deref());
            put(row.code.as_str(), &row.unit, row.unit_en.as_deref());
        }
        for period in &self.periods {
            for row in registry.lines_in(&self.dataset, period) {
                put(row.code.as_str(), &row.label, row.label_en.as_deref());
                put(row.code.as_str(), &row.unit, row.unit_en.as_deref());
            }
        }
        registry.schools.all().iter().for_each(|row| put(row.code.as_str(), &row.name, row.name_en.as_deref()));
        registry.cities.all().iter().for_each(|row| put(row.code.as_str(), &row.name, row.name_en.as_deref()));
        registry.consortia.all().iter().for_each(|row| put(row.code.as_str(), &row.name, row.name_en.as_deref()));
    }
}

fn dimensions(sent: Vec<String>, faults: &mut Faults) -> Vec<Dimension> {
    let mut by = Vec::new();
    for (at, text) in sent.iter().enumerate() {
        if text.eq_ignore_ascii_case("province") {
            // The whole province is the grouping by nothing.
            continue;
        }
        match words::DIMENSIONS.into_iter().find(|one| words::dimension(*one).eq_ignore_ascii_case(text)) {
            Some(dimension) if by.contains(&dimension) => {
                let message = Text::new("分组维度重复", "A dimension is named twice");
                faults.add("duplicate_dimension", format!("/group_by/{at}"), message, "each once", text);
            }
            Some(dimension) => by.push(dimension),
            None => {
                let list = "province, city, ownership, category, tier, consortium";
                let message = Text::new(
                    format!("没有分组维度“{text}”；可用的有 {list}"),
                    format!("There is no dimension `{text}`; there are {list}"),
                );
                faults.add("unknown_dimension", format!("/group_by/{at}"), message, list, text);
            }
        }
    }
    by
}

fn periods(dataset: &str, source: &Source, sent: Option<Vec<String>>, faults: &mut Faults) -> Vec<String> {
    let Some(mut sent) = sent.filter(|sent| !sent.is_empty()) else {
        return match source {
            Source::Release(release) => {
                let tables = release.tables.iter().filter(|head| head.dataset_code == dataset);
                tables.map(|head| head.period_code.0.clone()).collect()
            }
            Source::Unpublished(name) if name.is_empty() => Vec::new(),
            Source::Unpublished(name) => {
                let message = Text::new("live 和 current 须指定统计期", "`live` and `current` are asked for by period");
                faults.add("period_missing", "/period".to_owned(), message, "2023", name);
                Vec::new()
            }
        };
    };
    for (at, period) in sent.iter().enumerate().filter(|(_, period)| Period::parse(period).is_none()) {
        let message = Text::new("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023");
        faults.add("period_form", format!("/period/{at}"), message, "2023, 2022-2023", period);
    }
    sent.sort_unstable();
    sent.dedup();
    sent
}

/// The lines that were asked for, or all; in the order of the form as it is now, then those that it has lost.
fn lines(
    dataset: &str,
    frame: &Frame,
    registry: &Registry,
    sent: Option<Vec<String>>,
    faults: &mut Faults,
) -> Vec<String> {
    let now = registry.lines(dataset).map(|row| row.code.0.clone()).filter(|code| frame.indicators.contains_key(code));
    let mut all: Vec<String> = now.collect();
    let known: BTreeSet<&str> = registry.lines(dataset).map(|row| row.code.as_str()).collect();
    let lost = frame.indicators.iter().filter(|(code, line)| line.dataset == dataset && !known.contains(code.as_str()));
    all.extend(lost.map(|(code, _)| code.clone()));
    let Some(sent) = sent else { return all };
    for (at, code) in sent.iter().enumerate().filter(|(_, code)| !all.contains(code)) {
        let message = Text::new(
            format!("报表“{dataset}”没有指标“{code}”"),
            format!("Table `{dataset}` has no indicator `{code}`"),
        );
        faults.add("unknown_indicator", format!("/indicator/{at}"), message, format!("{dataset}.<indicator>"), code);
    }
    all.retain(|code| sent.contains(code));
    all
}

//! The side of the data: figures by scope and period, from one release or from what is not published yet.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use entity::{
    claim,
    words::{Disclosure, Ownership, SchoolCategory, SchoolTier},
};
use rust_decimal::Decimal;

use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    domain::{
        aggregates::{self, MAX_INDICATORS, Told},
        cube::{Dimension, Filter, Grouping},
        observations,
        periods::Period,
        releases,
        submissions::{self, Unpublished},
    },
    error::{Error, Result, Text},
    formats::{
        decimal,
        document::{self, Status},
    },
    memory::{ReleaseHead, frame::Frame},
};

/// A figure that a claim needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Wanted {
    scope: String,
    scope_code: String,
    period: String,
    indicator: String,
}

impl Wanted {
    /// The figure of an indicator in the scope and period of a claim, or in the period before.
    pub(super) fn of(claim: &claim::Model, indicator: &str, is_previous: bool) -> Self {
        let period = claim.period_code.as_str();
        let before = || Period::parse(period).map(|period| period.previous().0);
        Self {
            scope: claim.scope.clone(),
            scope_code: claim.scope_code.clone(),
            period: if is_previous { before().unwrap_or_default() } else { period.to_owned() },
            indicator: indicator.to_owned(),
        }
    }

    /// The period that is meant.
    pub(super) fn period(&self) -> &str {
        &self.period
    }
}

/// What the data say.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Figure(Decimal, Option<(usize, usize)>),
    Nothing(Text),
}

impl Cell {
    /// The figure, or why there is none.
    pub(super) fn value(&self) -> std::result::Result<Decimal, Text> {
        match self {
            Self::Figure(value, _) => Ok(*value),
            Self::Nothing(why) => Err(why.clone()),
        }
    }

    /// How many schools contributed, and how many should have.
    pub(super) const fn schools(&self) -> Option<(usize, usize)> {
        match self {
            Self::Figure(_, schools) => *schools,
            Self::Nothing(_) => None,
        }
    }
}

/// Where figures come from.
enum Origin {
    Release(Arc<ReleaseHead>),
    Unpublished(Unpublished, &'static str),
    /// There is no release, and the caller may see nothing else.
    Nowhere,
}

/// The data that claims are held against.
pub(super) struct Data {
    origin: Origin,
    frame: Arc<Frame>,
    version: String,
    wanted: BTreeSet<Wanted>,
    cells: HashMap<Wanted, Cell>,
}

impl Data {
    /// Finds the release that is meant.
    pub(super) async fn of(ctx: &Ctx, release: Option<&str>) -> Result<Self> {
        let may_see_more = ctx.actor.role == Role::Province;
        let origin = match release {
            Some("live") => Origin::Unpublished(Unpublished::Live, "live"),
            Some("current") => Origin::Unpublished(Unpublished::Current, "current"),
            wanted => match releases::resolve(ctx, wanted).await {
                Ok(release) => Origin::Release(release),
                Err(Error::NotFound(_)) if wanted.is_none() && may_see_more => {
                    Origin::Unpublished(Unpublished::Live, "live")
                }
                Err(Error::NotFound(_)) if wanted.is_none() => Origin::Nowhere,
                Err(fault) => return Err(fault),
            },
        };
        let (frame, version) = match &origin {
            Origin::Release(release) => (ctx.memory.frame_of(release).await?, release.row.version.0.clone()),
            Origin::Unpublished(_, name) => {
                ctx.require(Action::Read, Kind::LiveFigure)?;
                (ctx.memory.frame(), (*name).to_owned())
            }
            Origin::Nowhere => (ctx.memory.frame(), String::new()),
        };
        Ok(Self { origin, frame, version, wanted: BTreeSet::new(), cells: HashMap::new() })
    }

    /// The version, `live` or `current`; nothing where there is no release.
    pub(super) fn release(&self) -> Option<&str> {
        (!self.version.is_empty()).then_some(self.version.as_str())
    }

    /// What the data are called.
    pub(super) fn place(&self) -> Text {
        match &self.origin {
            Origin::Release(_) => Text::new(format!("发布版本 {}", self.version), format!("release {}", self.version)),
            Origin::Unpublished(Unpublished::Live, _) => Text::new("已接受的数据（live）", "what is accepted (live)"),
            Origin::Unpublished(Unpublished::Current, _) => {
                Text::new("当前数据（current）", "what is there now (current)")
            }
            Origin::Nowhere => Text::new("机构名录", "the registry"),
        }
    }

    /// Notes a figure to be gathered.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted.insert(wanted);
    }

    /// Gathers everything that is wanted, a question for each scope and period.
    pub(super) async fn gather(&mut self, ctx: &Ctx) -> Result<()> {
        let mut questions: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
        for one in std::mem::take(&mut self.wanted) {
            // All cities are one question.
            let code = if one.scope == "school" { one.scope_code } else { String::new() };
            let indicators = questions.entry((one.scope, one.period, code)).or_default();
            if indicators.last() != Some(&one.indicator) {
                indicators.push(one.indicator);
            }
        }
        for ((scope, period, code), mut indicators) in questions {
            indicators.sort_unstable();
            indicators.dedup();
            if matches!(self.origin, Origin::Nowhere) || Period::parse(&period).is_none() {
                continue;
            }
            for some in indicators.chunks(MAX_INDICATORS) {
                match scope.as_str() {
                    "school" => self.of_school(ctx, &code, &period, some).await?,
                    "city" => self.of_groups(ctx, &period, some, true).await?,
                    _ => self.of_groups(ctx, &period, some, false).await?,
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, scope: &str, code: &str, period: &str, indicator: &str, cell: Cell) {
        let wanted = Wanted {
            scope: scope.to_owned(),
            scope_code: code.to_owned(),
            period: period.to_owned(),
            indicator: indicator.to_owned(),
        };
        self.cells.insert(wanted, cell);
    }

    /// The province, or each of its cities.
    async fn of_groups(&mut self, ctx: &Ctx, period: &str, indicators: &[String], by_city: bool) -> Result<()> {
        if matches!(self.origin, Origin::Unpublished(..)) && ctx.actor.role != Role::Province && !by_city {
            // It sees its own schools only, and they are not the province.
            return Ok(());
        }
        let ask = aggregates::Ask {
            indicators: indicators.to_vec(),
            period: period.to_owned(),
            group_by: if by_city { vec![Dimension::City] } else { Vec::new() },
            filter: Filter::default(),
            release: Some(self.version.clone()),
        };
        let (groups, told) = aggregates::each(ctx, &ask).await?;
        for (indicator, told) in indicators.iter().zip(told) {
            match told {
                Told::Figures(figures) => {
                    for (key, figures) in groups.iter().zip(figures.iter()) {
                        let cell = match (figures.value, figures.schools.zip(figures.expected)) {
                            (Some(value), schools) => Cell::Figure(value, schools),
                            (None, _) => Cell::Nothing(self.silent(figures.status, indicator, period)),
                        };
                        let code = key.city.clone().unwrap_or_default();
                        self.put(if by_city { "city" } else { "province" }, &code, period, indicator, cell);
                    }
                }
                Told::Refused(why) => self.put("*", "", period, indicator, Cell::Nothing(why)),
                Told::Unknown => {}
            }
        }
        Ok(())
    }

    /// One school.
    async fn of_school(&mut self, ctx: &Ctx, school: &str, period: &str, indicators: &[String]) -> Result<()> {
        match &self.origin {
            Origin::Release(release) => {
                let release = Arc::clone(release);
                let known: Vec<String> =
                    indicators.iter().filter(|code| self.frame.indicators.contains_key(*code)).cloned().collect();
                for one in observations::in_release(ctx, &release, school, period, Some(&known)).await? {
                    let cell = match one.value {
                        Some(value) => Cell::Figure(value, None),
                        None => Cell::Nothing(self.silent(one.status, &one.indicator, period)),
                    };
                    self.put("school", school, period, &one.indicator, cell);
                }
            }
            Origin::Unpublished(which, _) => {
                let which = *which;
                let mut of: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
                let frame = Arc::clone(&self.frame);
                for code in indicators {
                    if let Some(line) = frame.indicators.get(code) {
                        of.entry(line.dataset.as_str()).or_default().push(code);
                    }
                }
                for (dataset, codes) in of {
                    let all = submissions::documents(ctx, ctx.db.read(), dataset, period, which).await?;
                    let Some((_, text)) = all.iter().find(|(code, _)| code.as_str() == school) else { continue };
                    let mut read = Vec::new();
                    document::visit(text, |code, stored| {
                        let decimals = frame.indicators.get(code).map_or(0, |line| line.decimals);
                        if codes.iter().any(|wanted| *wanted == code)
                            && let Ok(document::Cell { value: Some(value), .. }) = stored.cell(decimals)
                        {
                            read.push((code.to_owned(), decimal::exact(i128::from(value), decimals)));
                        }
                    })
                    .map_err(Error::internal)?;
                    for (code, value) in read {
                        self.put("school", school, period, &code, Cell::Figure(value, None));
                    }
                }
            }
            Origin::Nowhere => {}
        }
        Ok(())
    }

    /// Why a cell has no figure.
    fn silent(&self, status: Status, indicator: &str, period: &str) -> Text {
        match status {
            Status::Suppressed => Text::new(
                format!("“{indicator}”受保护，此处不公布"),
                format!("`{indicator}` is protected, and not published here"),
            ),
            Status::NotApplicable => {
                Text::new(format!("“{indicator}”不适用"), format!("`{indicator}` is not applicable"))
            }
            _ => self.missing(indicator, period),
        }
    }

    fn missing(&self, indicator: &str, period: &str) -> Text {
        match &self.origin {
            Origin::Nowhere => Text::new("尚无已发布的数据", "There is no release yet"),
            Origin::Release(_) => Text::new(
                format!("发布版本 {} 没有 {period} 的“{indicator}”", self.version),
                format!("Release {} has no `{indicator}` of {period}", self.version),
            ),
            Origin::Unpublished(..) => Text::new(
                format!("没有 {period} 的“{indicator}”（{}）", self.version),
                format!("There is no `{indicator}` of {period} ({})", self.version),
            ),
        }
    }

    /// What the data say to a claim.
    pub(super) fn cell(&self, wanted: &Wanted) -> Cell {
        let mut key = wanted.clone();
        if key.scope == "province" {
            key.scope_code = String::new();
        }
        if let Some(cell) = self.cells.get(&key) {
            return cell.clone();
        }
        let refused = Wanted { scope: "*".to_owned(), scope_code: String::new(), ..key };
        match self.cells.get(&refused) {
            Some(cell) if wanted.scope != "school" => cell.clone(),
            _ => Cell::Nothing(self.missing(&wanted.indicator, &wanted.period)),
        }
    }

    /// The tables and periods of which figures are told that are not everybody's.
    pub(super) fn protected(&self) -> BTreeSet<(String, String)> {
        let is_published = matches!(self.origin, Origin::Release(_));
        let told = self.cells.iter().filter(|(_, cell)| matches!(cell, Cell::Figure(..)));
        told.filter_map(|(wanted, _)| {
            let line = self.frame.line(&wanted.indicator, &wanted.period)?;
            let is_open = is_published && line.disclosure() == Disclosure::Public;
            (!is_open).then(|| (line.dataset.clone(), wanted.period.clone()))
        })
        .collect()
    }

    /// How many schools of a claim's scope a filter keeps, by the registry as it stood.
    pub(super) fn count(&self, claim: &claim::Model, filter: &str) -> std::result::Result<Decimal, Text> {
        let filter = filter_of(filter)?;
        let within = |school: &crate::memory::frame::FrameSchool| match claim.scope.as_str() {
            "school" => school.code == claim.scope_code,
            "city" => school.city == claim.scope_code,
            _ => true,
        };
        let grouping = Grouping::new(&self.frame, &[], &filter, within);
        Ok(Decimal::from(grouping.members.first().map_or(0, Vec::len)))
    }
}

/// Reads a filter: `tier=junior_college|higher_vocational`, several with commas between; nothing for all schools.
///
/// # Errors
/// What of it is not known, with what is.
pub(in crate::domain) fn filter_of(text: &str) -> std::result::Result<Filter, Text> {
    fn words<T: Copy>(
        value: &str,
        of: impl Fn(&str) -> Option<T>,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> std::result::Result<Option<Vec<T>>, Text> {
        let known: std::result::Result<Vec<T>, &str> =
            value.split('|').map(str::trim).map(|one| of(one).ok_or(one)).collect();
        known.map(Some).map_err(|unknown| {
            let all: Vec<&str> = all.iter().map(|one| word(*one)).collect();
            Text::new(
                format!("筛选条件中的“{unknown}”不可识别，应为 {} 之一", all.join("、")),
                format!("`{unknown}` in the filter is not one of {}", all.join(", ")),
            )
        })
    }
    let mut filter = Filter::default();
    for part in text.split([',', '&', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let is_again = match name.trim() {
            "city" => {
                let cities = value.split('|').map(|one| one.trim().to_owned()).collect();
                filter.city.replace(cities).is_some()
            }
            "ownership" => {
                let ownership = words(value, Ownership::of, Ownership::ALL, Ownership::word)?;
                std::mem::replace(&mut filter.ownership, ownership).is_some()
            }
            "category" => {
                let category = words(value, SchoolCategory::of, SchoolCategory::ALL, SchoolCategory::word)?;
                std::mem::replace(&mut filter.category, category).is_some()
            }
            "tier" => {
                let tier = words(value, SchoolTier::of, SchoolTier::ALL, SchoolTier::word)?;
                std::mem::replace(&mut filter.tier, tier).is_some()
            }
            "consortium" => filter.consortium.replace(value.trim().to_owned()).is_some(),
            other => {
                return Err(Text::new(
                    format!("学校不能按“{other}”筛选，可用 city、ownership、category、tier、consortium"),
                    format!(
                        "Schools are not filtered by `{other}`: city, ownership, category, tier, consortium are known"
                    ),
                ));
            }
        };
        if is_again {
            let name = name.trim();
            return Err(Text::new(format!("筛选条件“{name}”出现两次"), format!("The filter names `{name}` twice")));
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_says_which_schools() {
        assert!(filter_of("").unwrap().is_empty());
        let filter = filter_of("tier=junior_college|higher_vocational, ownership = public").unwrap();
        assert_eq!(filter.tier, Some(vec![SchoolTier::JuniorCollege, SchoolTier::HigherVocational]));
        assert_eq!(filter.ownership, Some(vec![Ownership::Public]));
        for wrong in ["tier=", "tier=x", "size=3", "tier", "tier=junior_college,tier=secondary", "ownership=Public"] {
            assert!(filter_of(wrong).is_err(), "{wrong}");
        }
    }
}

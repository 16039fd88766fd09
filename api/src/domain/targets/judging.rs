//! What the data say of targets: *kept*, *on the way*, *missed*, or *no data*.
//!
//! A target with an expression is judged by the newest figure that the release has for its owner, of a period that
//! ends with its due year or before. That figure is computed and told as a claim's is: what is protected from the
//! caller is no data for it, and neither the figure nor a verdict made of it goes out.
//!
//! - **kept**: the figure is as was promised (`fits`).
//! - **on the way**: it is not, and the due year is not over (Asia/Shanghai), or there is none.
//! - **missed**: it is not, the due year is over, and the figure is of a period that ends in that year.
//! - **no data**: no expression, no figure for this caller, or, once the due year is over, only an earlier figure
//!   that is not yet as was promised: what became of it in its last year nobody can say.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{Datelike, NaiveDate};
use entity::target;
use rust_decimal::Decimal;

use crate::{
    ctx::Ctx,
    domain::{
        claims::{self, Answer, Beside, Question, filter_of},
        compliance::{self, Compliance},
        cube::Grouping,
        periods::Period,
        releases, tasks,
    },
    error::{Error, Result, Text},
    formats::{decimal, document::Status, formula::Formula},
    memory::{ReleaseHead, frame::Frame, registry::Registry},
};

/// How many periods are tried, the newest first.
const TRIED: usize = 3;

/// The part of a filter of schools that asks for the standards.
const STANDARDS: &str = "standards";

/// What the data say of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As was promised.
    Kept,
    /// Not yet.
    OnTheWay,
    /// Not, and its time is over.
    Missed,
    /// Nothing to judge it by, for this caller.
    NoData,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: &'static [Self] = &[Self::Kept, Self::OnTheWay, Self::Missed, Self::NoData];

    /// The word of REST.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::OnTheWay => "on_the_way",
            Self::Missed => "missed",
            Self::NoData => "no_data",
        }
    }
}

/// A target, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The figure it was judged by, unrounded.
    pub figure: Option<Decimal>,
    /// The period of the figure.
    pub period: Option<String>,
    /// The release of the figure.
    pub release: Option<String>,
    /// In words.
    pub reason: Text,
}

impl Judgement {
    fn nothing(release: Option<&str>, reason: Text) -> Self {
        let release = release.map(str::to_owned);
        Self { verdict: Verdict::NoData, figure: None, period: None, release, reason }
    }
}

/// Whether a figure is as was promised. `~` is kept by what is no further off than half a unit of the last printed
/// digit that is not a zero (about 200: 150 to 250), `=` by what rounds to the printed digits. A ratio `4:6` is
/// kept by the quotient, held against it without a rounding.
pub fn fits(comparator: &str, value: &str, figure: Decimal) -> bool {
    let Some((one, other)) = value.split_once(':') else { return claims::goes_with(comparator, value, figure) };
    // Held against the first part of the ratio, so that nothing is divided.
    let Ok(other) = other.parse::<Decimal>() else { return false };
    let Ok(part) = one.parse::<Decimal>() else { return false };
    let Some(figure) = figure.checked_mul(other) else { return false };
    match comparator {
        "=" => figure == part,
        comparator => claims::goes_with(comparator, one, figure),
    }
}

/// The verdict on a figure of a period that ends in a year.
fn verdict(row: &target::Model, figure: Decimal, ends_in: i32, this_year: i32) -> Verdict {
    if fits(&row.comparator, &row.value, figure) {
        return Verdict::Kept;
    }
    match row.due_year.map(i32::from) {
        None => Verdict::OnTheWay,
        Some(due) if due >= this_year => Verdict::OnTheWay,
        Some(due) if due == ends_in => Verdict::Missed,
        Some(_) => Verdict::NoData,
    }
}

/// Judges targets by a release: the newest for nothing. In their order.
///
/// # Errors
/// 404 where there is no such release.
pub async fn judge(ctx: &Ctx, rows: &[&target::Model], release: Option<&str>) -> Result<Vec<Judgement>> {
    let release = match releases::resolve(ctx, release).await {
        Ok(release) => release,
        Err(Error::NotFound(_)) if release.is_none() => {
            let why = |row: &&target::Model| match row.expression {
                Some(_) => Text::new("尚无已发布的数据", "There is no release yet"),
                None => no_expression(),
            };
            return Ok(rows.iter().map(|row| Judgement::nothing(None, why(row))).collect());
        }
        Err(fault) => return Err(fault),
    };
    let frame = ctx.memory.frame_of(&release).await?;
    let of_standards: BTreeSet<&str> =
        frame.indicators.values().filter(|line| line.threshold.is_some()).map(|line| line.dataset.as_str()).collect();
    let ends: HashMap<String, NaiveDate> = release
        .tables
        .iter()
        .filter_map(|head| Some((head.period_code.0.clone(), Period::parse(head.period_code.as_str())?.days().ok()?.1)))
        .collect();

    let mut questions = Vec::new();
    let mut at = Vec::new();
    let mut of_compliance = BTreeSet::new();
    for row in rows {
        let asked = row.expression.as_deref().and_then(|text| Some((text, asked(text)?)));
        at.push(asked.map(|(text, asked)| {
            let periods = periods(&release, &asked, &of_standards, row.due_year, &ends);
            if asked.has_standards {
                of_compliance.extend(periods.iter().cloned());
            }
            let (scope, scope_code) = scope(row);
            questions.push(Question { scope, scope_code, expression: text.to_owned(), periods });
            questions.len() - 1
        }));
    }
    let mut own = Own { registry: ctx.memory.registry(), frame, compliance: HashMap::new() };
    for period in of_compliance {
        let ask = compliance::Ask {
            period: period.clone(),
            release: Some(release.row.version.0.clone()),
            ..compliance::Ask::default()
        };
        own.compliance.insert(period, compliance::compliance(ctx, &ask).await?);
    }
    let answers = claims::answer(ctx, &release, &questions, &own).await?;
    let version = release.row.version.as_str();
    let this_year = tasks::today(ctx.actor.at).year();
    Ok(rows
        .iter()
        .zip(at)
        .map(|(row, at)| match at.and_then(|at| answers.get(at)) {
            None if row.expression.is_some() => Judgement::nothing(Some(version), unreadable()),
            None => Judgement::nothing(None, no_expression()),
            Some(Answer::Nothing(why)) => Judgement::nothing(Some(version), why.clone()),
            Some(Answer::Figure(figure, period)) => {
                let ends_in = ends.get(period).map_or(0, Datelike::year);
                let verdict = verdict(row, *figure, ends_in, this_year);
                Judgement {
                    verdict,
                    figure: Some(*figure),
                    period: Some(period.clone()),
                    release: Some(version.to_owned()),
                    reason: said(row, verdict, *figure, period, version),
                }
            }
        })
        .collect())
}

fn no_expression() -> Text {
    Text::new("没有可用数据判断的表达式", "No expression says by which data it could be judged")
}

fn unreadable() -> Text {
    Text::new("表达式无法读取", "The expression cannot be read")
}

fn said(row: &target::Model, verdict: Verdict, figure: Decimal, period: &str, version: &str) -> Text {
    let mut digits = String::new();
    decimal::write_exact(&mut digits, &figure);
    let promised = format!("{} {}", row.comparator, row.value);
    let (zh, en) = match verdict {
        Verdict::Kept => (format!("符合 {promised}"), format!("which is {promised}")),
        Verdict::OnTheWay => {
            (format!("尚未达到 {promised}，期限未过"), format!("not yet {promised}, and its time is not over"))
        }
        Verdict::Missed => (format!("未达到 {promised}，期限已过"), format!("not {promised}, and its time is over")),
        Verdict::NoData => {
            let due = row.due_year.unwrap_or_default();
            (
                format!("未达到 {promised}；期限已过，而没有 {due} 年的数据"),
                format!("not yet {promised} then; its time is over, and there are no data of {due}"),
            )
        }
    };
    Text::new(
        format!("发布版本 {version} 中 {period} 为 {digits}，{zh}"),
        format!("Release {version} has {digits} for {period}, {en}"),
    )
}

fn scope(row: &target::Model) -> (&'static str, String) {
    if let Some(school) = &row.school_code {
        return ("school", school.0.clone());
    }
    if let Some(city) = &row.city_code {
        return ("city", city.0.clone());
    }
    match row.owner_type.as_str() {
        "province" => ("province", String::new()),
        // Who is not in the registry has no figures, and is not the province.
        _ => ("school", String::new()),
    }
}

/// What an expression asks for.
struct Asked {
    datasets: BTreeSet<String>,
    has_standards: bool,
}

fn asked(text: &str) -> Option<Asked> {
    let formula = Formula::compile(text).ok()?;
    let datasets = formula.inputs().iter().map(|input| input.dataset.clone()).collect();
    let has_standards = formula.counts().iter().any(|filter| standards(filter).is_some());
    Some(Asked { datasets, has_standards })
}

/// The periods by which a target can be judged, the newest first: of the tables that it asks for, none that ends
/// after its due year.
fn periods(
    release: &ReleaseHead,
    asked: &Asked,
    of_standards: &BTreeSet<&str>,
    due_year: Option<i16>,
    ends: &HashMap<String, NaiveDate>,
) -> Vec<String> {
    let is_asked = |dataset: &str| {
        let of_standards = asked.has_standards && of_standards.contains(dataset);
        let of_inputs = asked.datasets.contains(dataset);
        // What counts schools alone, or asks for what is in no table, is as of any period.
        let has_table = asked.has_standards
            || asked.datasets.iter().any(|one| release.tables.iter().any(|head| head.dataset_code == one.as_str()));
        of_standards || of_inputs || !has_table
    };
    let tables = release.tables.iter().filter(|head| is_asked(head.dataset_code.as_str()));
    let mut found: Vec<(NaiveDate, &str)> = tables
        .filter_map(|head| {
            let code = head.period_code.as_str();
            let end = *ends.get(code)?;
            due_year.is_none_or(|due| end.year() <= i32::from(due)).then_some((end, code))
        })
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.dedup();
    found.into_iter().take(TRIED).map(|(_, code)| code.to_owned()).collect()
}

/// The word of a filter that asks for the standards, and the rest of the filter.
fn standards(filter: &str) -> Option<(&str, String)> {
    let parts = || filter.split([',', '&', ';']).map(str::trim);
    let of = |part: &'_ str| part.split_once('=').filter(|(name, _)| name.trim() == STANDARDS).is_some();
    let word = parts().find(|part| of(part))?.split_once('=')?.1.trim();
    let rest: Vec<&str> = parts().filter(|part| !of(part)).collect();
    Some((word, rest.join(",")))
}

/// What is wrong with the filters of an expression.
pub(super) fn unknown_filter(filter: &str) -> Option<Text> {
    let rest = match standards(filter) {
        None => filter.to_owned(),
        Some(("met" | "judged", rest)) => rest,
        Some((word, _)) => {
            return Some(Text::new(
                format!("standards 应为 met 或 judged，而不是“{word}”"),
                format!("`standards` is `met` or `judged`, not `{word}`"),
            ));
        }
    };
    filter_of(&rest).err()
}

/// Figures that no indicator has: partnerships of the registry, and schools by the standards.
struct Own {
    registry: Arc<Registry>,
    frame: Arc<Frame>,
    compliance: HashMap<String, Compliance>,
}

impl Own {
    fn is_within(question: &Question, school: &str, city: &str) -> bool {
        match question.scope {
            "school" => school == question.scope_code,
            "city" => city == question.scope_code,
            _ => true,
        }
    }

    /// How many partnerships there are that a school of the scope has, those that are only planned left out.
    fn partnerships(&self, question: &Question) -> Decimal {
        let is_theirs = |row: &&entity::partnership::Model| {
            let school = row.school_code.as_ref().and_then(|code| self.registry.schools.get(code.as_str()));
            row.status == "existing"
                && school
                    .is_some_and(|school| Self::is_within(question, school.code.as_str(), school.city_code.as_str()))
        };
        Decimal::from(self.registry.partnerships.all().iter().filter(is_theirs).count())
    }

    /// How many schools that a filter keeps meet all standards, or have a figure for each.
    fn meeting(&self, question: &Question, word: &str, rest: &str, period: &str) -> std::result::Result<Decimal, Text> {
        let filter = filter_of(rest)?;
        let grouping =
            Grouping::new(&self.frame, &[], &filter, |school| Self::is_within(question, &school.code, &school.city));
        let kept = grouping.members.first().map(Vec::as_slice).unwrap_or_default();
        let codes: BTreeSet<&str> =
            kept.iter().filter_map(|at| Some(self.frame.schools.get(*at)?.code.as_str())).collect();
        let compliance = self.compliance.get(period).filter(|one| !one.standards.is_empty()).ok_or_else(|| {
            Text::new(format!("{period} 没有合格指标的数据"), format!("There are no standards for {period}"))
        })?;
        let (mut met, mut judged) = (0_u32, 0_u32);
        for school in compliance.schools.iter().filter(|school| codes.contains(school.code.as_str())) {
            if school.cells.iter().any(|cell| cell.status == Status::Suppressed) {
                return Err(Text::new(
                    "各校是否达标受保护，此处不公布",
                    "Which schools meet the standards is protected, and not told here",
                ));
            }
            if let Some(meets) = school.meets_all() {
                judged += 1;
                met += u32::from(meets);
            }
        }
        Ok(Decimal::from(if word == "met" { met } else { judged }))
    }
}

impl Beside for Own {
    fn figure(&self, question: &Question, name: &str, _period: &str) -> Option<std::result::Result<Decimal, Text>> {
        // Where a table has such a line, that is what is meant.
        if self.frame.indicators.contains_key(name) {
            return None;
        }
        (name == super::PARTNERSHIPS).then(|| Ok(self.partnerships(question)))
    }

    fn schools(&self, question: &Question, filter: &str, period: &str) -> Option<std::result::Result<Decimal, Text>> {
        let (word, rest) = standards(filter)?;
        Some(self.meeting(question, word, &rest, period))
    }
}

#[cfg(test)]
mod tests {
    use entity::ids::RowId;

    use super::*;

    fn target(comparator: &str, value: &str, due_year: Option<i16>) -> target::Model {
        target::Model {
            id: RowId(uuid::Uuid::nil()),
            position: 1,
            owner_name: String::new(),
            owner_type: "province".to_owned(),
            city_code: None,
            school_code: None,
            label: String::new(),
            label_en: None,
            comparator: comparator.to_owned(),
            value: value.to_owned(),
            unit: None,
            due_year,
            expression: None,
            source: String::new(),
            value_printed: None,
            is_amended: false,
            version: 1,
        }
    }

    #[test]
    fn the_four_verdicts_part_at_the_end_of_the_due_year() {
        use Verdict as V;
        for (figure, due, ends_in, this_year, is) in [
            ("50", Some(2025), 2023, 2026, V::Kept),
            ("50", Some(2025), 2025, 2026, V::Kept),
            ("50", None, 2023, 2026, V::Kept),
            ("49.99", None, 2023, 2026, V::OnTheWay),
            ("49.99", Some(2025), 2023, 2025, V::OnTheWay),
            ("49.99", Some(2025), 2025, 2025, V::OnTheWay),
            ("49.99", Some(2025), 2025, 2026, V::Missed),
            ("49.99", Some(2025), 2024, 2026, V::NoData),
            ("49.99", Some(2026), 2025, 2026, V::OnTheWay),
        ] {
            let row = target(">=", "50", due);
            assert_eq!(verdict(&row, figure.parse().unwrap(), ends_in, this_year), is, "{figure} {due:?} {ends_in}");
        }
    }

    #[test]
    fn a_figure_is_as_was_promised_or_not() {
        for (comparator, value, figure, is) in [
            (">=", "50", "50", true),
            (">=", "50", "49.999", false),
            ("<=", "2", "2", true),
            ("<=", "2", "2.01", false),
            (">", "2", "2", false),
            ("<", "2", "1.99", true),
            ("=", "14", "14", true),
            ("=", "14", "14.4", true),
            ("=", "14", "15", false),
            ("=", "77.19", "77.194", true),
            ("=", "77.19", "77.2", false),
            // Half a unit of the last printed digit that is not a zero.
            ("~", "200", "150", true),
            ("~", "200", "250", true),
            ("~", "200", "149.9", false),
            ("~", "200", "250.1", false),
            ("~", "30", "25", true),
            ("~", "30", "24", false),
            ("~", "8", "8.5", true),
            ("~", "8", "9", false),
            ("~", "10000", "5000", true),
            ("~", "10000", "4999", false),
            // 4:6 is two thirds, and nothing is rounded.
            (">=", "4:6", "0.66666666666666666666666667", true),
            (">=", "4:6", "0.6666", false),
            (">=", "4:6", "1", true),
            ("<=", "4:6", "0.6666", true),
            ("=", "4:8", "0.5", true),
            ("=", "4:8", "0.501", false),
            ("~", "4:8", "0.5625", true),
            ("~", "4:8", "0.57", false),
        ] {
            assert_eq!(fits(comparator, value, figure.parse().unwrap()), is, "{figure} {comparator} {value}");
        }
    }

    #[test]
    fn a_filter_may_ask_for_the_standards() {
        assert_eq!(standards("tier=a, standards = met"), Some(("met", "tier=a".to_owned())));
        assert_eq!(standards("standards=judged"), Some(("judged", String::new())));
        assert_eq!(standards("tier=a"), None);
        assert!(unknown_filter("standards=met,tier=junior_college").is_none());
        for wrong in ["standards=all", "standards=met,size=3", "tier=x"] {
            assert!(unknown_filter(wrong).is_some(), "{wrong}");
        }
    }
}

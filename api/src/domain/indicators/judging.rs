//! What is wrong with the definition of an indicator: alone, among its table's, and in every period it holds in.

use std::collections::BTreeSet;

use entity::{
    ids::{IndicatorCode, PeriodCode},
    indicator,
    words::{Aggregation, Better, Disclosure},
};

use super::{New, Said, unsaid};
use crate::{
    domain::{
        catalogue::{kind_of, said},
        faults::Faults,
    },
    formats::{
        decimal::{self, Fault, MAX_DIGITS},
        expression::is_code,
    },
    memory::{editions::holds, registry::Registry},
};

/// The longest code.
const MAX_CODE: usize = 100;

/// Which edition of an indicator is meant: all of them that there are, where nothing bounds it.
#[derive(Clone, Debug, Default)]
pub(super) struct Edition {
    /// The first period that it holds for.
    pub begins: Option<PeriodCode>,
    /// The first that it does not hold for any more; nothing for what is said now.
    pub before: Option<PeriodCode>,
    /// The period from which on it takes over from what was said there; nothing for a correction in place.
    pub splits: Option<PeriodCode>,
}

impl Edition {
    fn has(&self, period: &str) -> bool {
        self.begins.as_ref().is_none_or(|begins| begins.as_str() <= period)
            && self.before.as_ref().is_none_or(|before| period < before.as_str())
    }
}

/// A new indicator before the rest is said: what never changes.
pub(super) fn blank(registry: &Registry, new: &New, faults: &mut Faults) -> indicator::Model {
    let code = new.code.as_str();
    let dataset = code.split_once('.').map(|(dataset, _)| dataset).unwrap_or_default();
    if !is_code(code) || code.len() > MAX_CODE {
        let text = ("指标编码应如 scale.students", "An indicator's code is written like scale.students");
        faults.add("indicator_code", "/code", text, "<dataset>.<name>", code);
    } else if registry.datasets.get(dataset).is_none() {
        let text = (
            format!("没有报表“{dataset}”：编码以其报表开头"),
            format!("There is no table `{dataset}`: the code is led by the indicator's table"),
        );
        faults.add("unknown_dataset", "/code", text, "", code);
    } else if registry.indicators.get(code).is_some() {
        faults.taken(code);
    }
    let last = registry.indicators.all().last().map_or(0, |line| line.position);
    let mut row = unsaid(code, dataset, last.saturating_add(1));
    match &new.unit {
        Some(unit) => {
            faults.text("/unit", unit, true);
            row.unit.clone_from(unit);
        }
        None => faults.missing("/unit"),
    }
    match new.decimals {
        Some(decimals) => match i16::try_from(decimals).ok().filter(|decimals| (0..=15).contains(decimals)) {
            Some(decimals) => row.decimals = decimals,
            None => {
                let text = ("小数位数应为 0 到 15", "An indicator has 0 to 15 decimals");
                faults.add("decimals", "/decimals", text, "0..=15", decimals.to_string());
            }
        },
        None => faults.missing("/decimals"),
    }
    match &new.aggregation {
        Some(word) => {
            if let Some(word) = faults.word("aggregation", word, Aggregation::ALL, Aggregation::word) {
                row.aggregation = word;
            }
        }
        None => faults.missing("/aggregation"),
    }
    row
}

/// What never changes, named in a change: good only as it is.
pub(super) fn fixed(old: &indicator::Model, member: &str, got: &str, faults: &mut Faults) {
    let another = (
        "单位、小数位数和汇总方式不能更改：不同的数字是另一个指标。请为本指标设 valid_to，并新增指标",
        "Unit, decimals and aggregation never change: such a figure is another indicator. Give this one a valid_to \
         and add the other",
    );
    let code = ("编码及所属报表不能更改，也不会重复使用", "Code and table never change, and are never used again");
    match member {
        "code" => faults.fixed(member, old.code.as_str(), got, code),
        "dataset" => faults.fixed(member, old.dataset_code.as_str(), got, code),
        "unit" => faults.fixed(member, &old.unit, got, another),
        "decimals" => faults.fixed(member, &old.decimals.to_string(), got, another),
        _ => faults.fixed(member, old.aggregation.word(), got, another),
    }
}

/// The edition that a change is about, and what it says before.
pub(super) fn meant(
    registry: &Registry,
    old: &indicator::Model,
    from: Option<&Option<String>>,
    faults: &mut Faults,
) -> (Edition, indicator::Model) {
    let earlier = registry.earlier(old.code.as_str());
    let from = match from {
        None => {
            let begins = earlier.last().map(|one| one.before.clone());
            return (Edition { begins, ..Edition::default() }, old.clone());
        }
        Some(from) => from.as_deref(),
    };
    if let Some(from) = from
        && !faults.period("/from", from, kind_of(registry, old.dataset_code.as_str()))
    {
        return (Edition::default(), old.clone());
    }
    let at = match from {
        None => 0,
        Some(from) => earlier.partition_point(|one| one.before.as_str() <= from),
    };
    let (before, line) = match earlier.get(at) {
        Some(one) => (Some(one.before.clone()), &one.line),
        None => (None, old),
    };
    let there = at.checked_sub(1).and_then(|at| earlier.get(at)).map(|one| one.before.clone());
    let splits = from.filter(|from| there.as_ref().is_none_or(|there| there != from)).map(PeriodCode::from);
    let begins = splits.clone().or(there);
    (Edition { begins, before, splits }, line.clone())
}

/// A new edition begins after the indicator does, and before it ends.
pub(super) fn within_validity(line: &indicator::Model, from: &PeriodCode, faults: &mut Faults) {
    let is_after = line.valid_from.as_ref().is_none_or(|first| first < from);
    if is_after && line.valid_to.as_ref().is_none_or(|last| from <= last) {
        return;
    }
    let bound = |bound: &Option<PeriodCode>| bound.as_ref().map(|period| period.0.clone()).unwrap_or_default();
    let validity = format!("{}–{}", bound(&line.valid_from), bound(&line.valid_to));
    let text = (
        format!("指标有效期为 {validity}，不能自 {from} 起另作规定；更正现行规定请不要写 from"),
        format!(
            "The indicator holds for {validity}: nothing new can hold from {from} on; to correct it leave `from` out"
        ),
    );
    faults.add("edition_from", "/from", text, validity, from.as_str());
}

/// Lays what is said over what is there.
pub(super) fn applied(
    registry: &Registry,
    there: &indicator::Model,
    new: &Said,
    faults: &mut Faults,
) -> indicator::Model {
    let number =
        |at: &str, new: &Option<Option<String>>, there: Option<i64>, places: i16, faults: &mut Faults| match new {
            None => there,
            Some(None) => None,
            Some(Some(text)) => match decimal::parse(text, places) {
                Ok(value) => Some(value),
                Err(why) => {
                    let (code, text_zh, text_en, expected) = match why {
                        Fault::NotANumber => ("wrong_type", "不是数字", "It is not a number", "number".to_owned()),
                        Fault::TooManyDecimals => (
                            "too_many_decimals",
                            "小数位数超过本指标的规定",
                            "It has more decimals than the indicator",
                            format!("≤ {places}"),
                        ),
                        Fault::TooManyDigits => (
                            "too_many_digits",
                            "有效数字过多",
                            "It has too many significant digits",
                            format!("≤ {MAX_DIGITS}"),
                        ),
                    };
                    faults.add(code, at, (text_zh, text_en), expected, text.as_str());
                    None
                }
            },
        };
    let text = |new: &Option<String>, there: &String| new.clone().unwrap_or_else(|| there.clone());
    let mut line = indicator::Model {
        position: new.position.unwrap_or(there.position),
        line_no: text(&new.line_no, &there.line_no),
        parent_code: said(&new.parent, &there.parent_code),
        within_code: said(&new.within, &there.within_code),
        is_parts_complete: new.parts_complete.unwrap_or(there.is_parts_complete),
        is_required: new.required.unwrap_or(there.is_required),
        is_starred: new.starred.unwrap_or(there.is_starred),
        label: text(&new.name, &there.label),
        label_en: said(&new.name_en, &there.label_en),
        printed_label: text(&new.printed_label, &there.printed_label),
        unit_en: said(&new.unit_en, &there.unit_en),
        weight_code: said(&new.weight, &there.weight_code),
        minimum: number("/minimum", &new.minimum, there.minimum, there.decimals, faults),
        maximum: number("/maximum", &new.maximum, there.maximum, there.decimals, faults),
        threshold: number("/threshold", &new.threshold, there.threshold, there.decimals, faults),
        source: text(&new.source, &there.source),
        valid_from: said(&new.valid_from, &there.valid_from),
        valid_to: said(&new.valid_to, &there.valid_to),
        ..there.clone()
    };
    // What was printed as the name is, unless it is said otherwise.
    if new.printed_label.is_none() && there.printed_label == there.label {
        line.printed_label.clone_from(&line.label);
    }
    let usual = number("/usual_change", &new.usual_change, line.usual_change.map(i64::from), 2, faults);
    line.usual_change = usual.and_then(|change| {
        let change_is = i32::try_from(change).ok().filter(|change| *change >= 0);
        if change_is.is_none() {
            let most = decimal::digits(i64::from(i32::MAX), 2);
            let text = ("通常变动以百分数表示，不小于零", "The usual move is a percentage, zero or more");
            faults.add("usual_change", "/usual_change", text, format!("0–{most}"), decimal::digits(change, 2));
        }
        change_is
    });
    match &new.better {
        None => {}
        Some(None) => line.better = None,
        Some(Some(word)) => line.better = faults.word("better", word, Better::ALL, Better::word),
    }
    if let Some(word) = &new.disclosure
        && let Some(word) = faults.word("disclosure", word, Disclosure::ALL, Disclosure::word)
    {
        line.disclosure = word;
    }
    faults.validity(line.valid_from.as_ref(), line.valid_to.as_ref(), kind_of(registry, line.dataset_code.as_str()));
    line
}

/// What is wrong with a definition as a whole, and among the others of its table in the periods of its edition.
pub(super) fn whole(registry: &Registry, line: &indicator::Model, edition: &Edition, faults: &mut Faults) {
    faults.position(line.position);
    faults.text("/name", &line.label, true);
    let texts = [
        ("/name_en", line.label_en.as_ref()),
        ("/printed_label", Some(&line.printed_label).filter(|printed| **printed != line.label)),
        ("/line_no", Some(&line.line_no)),
        ("/unit_en", line.unit_en.as_ref()),
        ("/source", Some(&line.source)),
    ];
    for (at, text) in texts {
        text.into_iter().for_each(|text| faults.text(at, text, false));
    }
    if let (Some(minimum), Some(maximum)) = (line.minimum, line.maximum)
        && minimum > maximum
    {
        let digits = |value| decimal::digits(value, line.decimals);
        let text = ("上限小于下限", "The maximum is less than the minimum");
        faults.add("bounds", "/maximum", text, format!("≥ {}", digits(minimum)), digits(maximum));
    }
    if line.threshold.is_some() != line.better.is_some() {
        let text = ("threshold 与 better 应同时填写", "threshold and better go together");
        faults.add("threshold", "/better", text, "", line.better.map_or("", Better::word));
    }
    if (line.aggregation == Aggregation::WeightedMean) != line.weight_code.is_some() {
        let text =
            ("weighted_mean 需要权重指标，其他方式没有权重", "weighted_mean needs a weight, and nothing else has one");
        faults.add("weight", "/weight", text, "", line.weight_code.as_ref().map_or("", IndicatorCode::as_str));
    }
    let others = [("/parent", &line.parent_code), ("/within", &line.within_code), ("/weight", &line.weight_code)];
    for (at, other) in others {
        let Some(other) = other else { continue };
        let is_own = *other == line.code && at != "/weight";
        let there = registry.indicators.get(other.as_str()).filter(|there| there.dataset_code == line.dataset_code);
        if !is_own && there.is_none() {
            let text = (
                format!("报表“{}”没有指标“{other}”", line.dataset_code),
                format!("Table `{}` has no indicator `{other}`", line.dataset_code),
            );
            faults.add("unknown_indicator", at, text, format!("{}.…", line.dataset_code), other.as_str());
        }
    }
    among(registry, line, edition, faults);
}

/// Circles and doubled names, in any period that the edition holds in; each is told once.
fn among(registry: &Registry, line: &indicator::Model, edition: &Edition, faults: &mut Faults) {
    let mut periods: BTreeSet<String> = registry.runs(line.dataset_code.as_str()).into_iter().collect();
    periods.extend(edition.begins.iter().chain(&line.valid_from).map(|period| period.0.clone()));
    let held =
        |period: &&String| edition.has(period) && holds(line.valid_from.as_ref(), line.valid_to.as_ref(), period);
    let (mut circles, mut doubles) = (BTreeSet::new(), BTreeSet::new());
    for period in periods.iter().filter(held) {
        type Next = fn(&indicator::Model) -> Option<&IndicatorCode>;
        let ways: [(&str, Next); 2] =
            [("/parent", |line| line.parent_code.as_ref()), ("/within", |line| line.within_code.as_ref())];
        for (at, next) in ways {
            circles.extend(circle(registry, line, period, next).map(|chain| (at, chain)));
        }
        let same = |other: &&indicator::Model| other.code != line.code && other.label == line.label;
        if !line.label.is_empty() {
            doubles.extend(registry.lines_in(line.dataset_code.as_str(), period).find(same).map(|other| &other.code));
        }
    }
    for (at, chain) in circles {
        let text = (format!("循环引用：{chain}"), format!("It leads back to itself: {chain}"));
        faults.add("cycle", at, text, "", chain);
    }
    for other in doubles {
        let text = (
            format!("同一统计期内，“{}”已是 {other} 的名称", line.label),
            format!("In the same period `{other}` has this name"),
        );
        faults.add("name_taken", "/name", text, "", line.label.as_str());
    }
}

/// The chain that leads from an indicator back to it, in a period.
fn circle(
    registry: &Registry,
    line: &indicator::Model,
    period: &str,
    next: fn(&indicator::Model) -> Option<&IndicatorCode>,
) -> Option<String> {
    let mut chain = vec![line.code.as_str()];
    let mut at = next(line)?;
    while *at != line.code {
        if chain.contains(&at.as_str()) {
            // A circle of others.
            return None;
        }
        chain.push(at.as_str());
        at = next(registry.indicator_in(at.as_str(), period)?)?;
    }
    Some(format!("{} → {}", chain.join(" → "), line.code))
}

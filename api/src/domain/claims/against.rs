//! Claims against each other: what cannot all be true, whatever the data say.
//!
//! - Two claims of one quantity that differ.
//! - A total whose parts are complete and do not add up to it. A part is taken from where the total is printed, if
//!   it is printed there.
//! - A part that is larger than what it lies within.
//! - A rule that is broken where the claims themselves are taken as the data. Where a figure is claimed in several
//!   ways, each is tried with each.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use entity::claim;
use rust_decimal::Decimal;

use super::{
    Basis, Outcome, Verdict,
    printed::{agree, is_exact, value_of},
    too_many,
};
use crate::{
    domain::periods::Period,
    error::{Result, Text},
    formats::formula::{self, Broken, Figures, Side},
    memory::registry::{Registry, Rule},
};

/// The most contradictions that are told.
const MOST: usize = 20_000;

/// How many ways of reading the claims are tried for one rule.
const READINGS: usize = 64;

type Claim = Arc<claim::Model>;
/// Scope, its code, period.
type Place<'a> = (&'a str, &'a str, &'a str);
/// The claims of one place that state a figure, by indicator.
type Stated<'a> = HashMap<&'a str, Vec<&'a Claim>>;

/// Every contradiction among some claims, in the order of the claims that stand first.
pub(super) fn each_other(registry: &Registry, claims: &[Claim]) -> Result<Vec<Outcome>> {
    let mut places: BTreeMap<Place<'_>, Stated<'_>> = BTreeMap::new();
    for claim in claims.iter().filter(|claim| is_exact(claim) && value_of(claim).is_some()) {
        let Some(code) = claim.indicator_code.as_deref() else { continue };
        let place = (claim.scope.as_str(), claim.scope_code.as_str(), claim.period_code.as_str());
        places.entry(place).or_default().entry(code).or_default().push(claim);
    }
    let mut found = Found::default();
    quantities(claims, &mut found)?;
    for (place, stated) in &places {
        tree(registry, place.2, stated, &mut found)?;
        let previous = Period::parse(place.2).map(|period| period.previous().0).unwrap_or_default();
        let before = places.get(&(place.0, place.1, previous.as_str()));
        rules(registry, place.2, stated, before, &mut found)?;
    }
    let order: HashMap<&str, usize> = claims.iter().enumerate().map(|(at, claim)| (claim.key.as_str(), at)).collect();
    let mut outcomes = found.outcomes;
    // Stable: those of one claim stay in the order of quantity, tree, rules.
    outcomes.sort_by_key(|outcome| order.get(outcome.claim.key.as_str()).copied());
    Ok(outcomes)
}

#[derive(Default)]
struct Found {
    outcomes: Vec<Outcome>,
    /// Pairs that are told already, whichever way round.
    pairs: HashMap<(String, String), usize>,
}

impl Found {
    fn add(&mut self, outcome: Outcome) -> Result<()> {
        let pair = (outcome.claim.key.0.clone(), outcome.other.clone());
        let same = self.pairs.get(&pair).or_else(|| self.pairs.get(&(pair.1.clone(), pair.0.clone())));
        if let Some(told) = same.and_then(|at| self.outcomes.get_mut(*at)) {
            // One pair, and another reason.
            if !told.reason.zh.contains(&outcome.reason.zh) {
                told.reason.zh = format!("{}；{}", told.reason.zh, outcome.reason.zh);
                told.reason.en = format!("{}; {}", told.reason.en, outcome.reason.en);
            }
            return Ok(());
        }
        if self.outcomes.len() >= MOST {
            return Err(too_many(MOST));
        }
        self.pairs.insert(pair, self.outcomes.len());
        self.outcomes.push(outcome);
        Ok(())
    }
}

fn contradiction(claim: &Claim, other: String, value: Decimal, source: String, basis: Basis, reason: Text) -> Outcome {
    let difference = value_of(claim).and_then(|own| own.checked_sub(value)).map(|difference| difference.normalize());
    Outcome {
        verdict: Verdict::Contradicts,
        claim: Arc::clone(claim),
        other,
        other_value: Some(value.normalize()),
        other_source: source,
        difference,
        reason,
        basis,
        schools: None,
        explanation: None,
    }
}

/// Two claims of one quantity that differ.
fn quantities(claims: &[Claim], found: &mut Found) -> Result<()> {
    let mut quantities: HashMap<(&str, &str, &str, &str), Vec<&Claim>> = HashMap::new();
    for claim in claims {
        let what = claim.indicator_code.as_deref().unwrap_or(claim.statistic.as_str());
        let quantity = (what, claim.scope.as_str(), claim.scope_code.as_str(), claim.period_code.as_str());
        let earlier = quantities.entry(quantity).or_default();
        for one in earlier.iter().filter(|one| !agree(one, claim)) {
            let Some(value) = value_of(claim) else { continue };
            let reason = Text::new(
                format!(
                    "同一指标、范围和统计期，{}印为 {}，{}印为 {}",
                    one.source,
                    said(one),
                    claim.source,
                    said(claim)
                ),
                format!(
                    "One indicator, scope and period: {} prints {}, {} prints {}",
                    one.source,
                    said(one),
                    claim.source,
                    said(claim)
                ),
            );
            let key = claim.key.0.clone();
            found.add(contradiction(one, key, value, claim.source.clone(), Basis::Quantity, reason))?;
        }
        earlier.push(claim);
    }
    Ok(())
}

/// The figure as it is printed, with its sign where it is a bound.
fn said(claim: &claim::Model) -> String {
    if is_exact(claim) { claim.value.clone() } else { format!("{} {}", claim.comparator, claim.value) }
}

/// Those that say different figures, each figure once.
fn distinct<'a>(claims: &[&'a Claim]) -> Vec<&'a Claim> {
    let mut seen = HashSet::new();
    claims.iter().copied().filter(|claim| value_of(claim).is_some_and(|value| seen.insert(value.normalize()))).collect()
}

/// The tables that claims of a place speak of, in the order of the catalogue.
fn datasets<'r>(registry: &'r Registry, stated: &Stated<'_>) -> impl Iterator<Item = &'r str> {
    let named: HashSet<String> = stated
        .keys()
        .filter_map(|code| registry.indicators.get(code).map(|line| line.dataset_code.0.clone()))
        .collect();
    registry.datasets.all().iter().map(|row| row.code.as_str()).filter(move |code| named.contains(*code))
}

/// What does not add up, and what exceeds its whole.
fn tree(registry: &Registry, period: &str, stated: &Stated<'_>, found: &mut Found) -> Result<()> {
    for line in datasets(registry, stated).flat_map(|dataset| registry.lines_in(dataset, period)) {
        let Some(own) = stated.get(line.code.as_str()) else { continue };
        if line.is_parts_complete {
            let parts: Vec<_> = registry
                .lines_in(line.dataset_code.as_str(), period)
                .filter(|part| part.within_code.as_ref() == Some(&line.code))
                .collect();
            for total in distinct(own) {
                let claimed = |part: &&entity::indicator::Model| {
                    let all = stated.get(part.code.as_str())?;
                    all.iter().find(|claim| claim.source == total.source).or_else(|| all.first()).copied()
                };
                let Some(printed) = parts.iter().map(claimed).collect::<Option<Vec<&Claim>>>() else { continue };
                let sum = printed.iter().try_fold(Decimal::ZERO, |sum, claim| sum.checked_add(value_of(claim)?));
                let Some(sum) = sum.filter(|sum| !parts.is_empty() && Some(*sum) != value_of(total)) else { continue };
                let codes: Vec<&str> = parts.iter().map(|part| part.code.as_str()).collect();
                let digits: Vec<&str> = printed.iter().map(|claim| claim.value.as_str()).collect();
                let reason = Text::new(
                    format!("总计 {} 不等于各分项之和 {}（{}）", total.value, sum.normalize(), digits.join("＋")),
                    format!(
                        "The total {} is not the sum {} of its parts ({})",
                        total.value,
                        sum.normalize(),
                        digits.join(" + ")
                    ),
                );
                let source = sources(&printed);
                found.add(contradiction(total, codes.join(" + "), sum, source, Basis::Parts, reason))?;
            }
        }
        let Some(whole) = line.within_code.as_ref().and_then(|code| stated.get(code.as_str())) else { continue };
        for part in distinct(own) {
            for whole in distinct(whole) {
                let (Some(less), Some(more)) = (value_of(part), value_of(whole)) else { continue };
                if less <= more {
                    continue;
                }
                let reason = Text::new(
                    format!("分项“{}” {} 大于其所属的“{}” {}", part.label, part.value, whole.label, whole.value),
                    format!("The part {} is larger than {}, which it lies within", part.value, whole.value),
                );
                let key = whole.key.0.clone();
                found.add(contradiction(part, key, more, whole.source.clone(), Basis::Within, reason))?;
            }
        }
    }
    Ok(())
}

/// Where some claims are printed, each place once.
fn sources(claims: &[&Claim]) -> String {
    let mut places: Vec<&str> = Vec::new();
    for claim in claims {
        if !places.contains(&claim.source.as_str()) {
            places.push(&claim.source);
        }
    }
    places.join("、")
}

/// One choice of claims, as the data of a rule: by the figure as the rule writes it.
struct Reading<'a>(HashMap<String, &'a Claim>);

impl Figures for Reading<'_> {
    fn figure(&self, indicator: &str, is_previous: bool) -> Option<Decimal> {
        let name = if is_previous { format!("prev.{indicator}") } else { indicator.to_owned() };
        self.0.get(&name).and_then(|claim| value_of(claim))
    }

    fn schools(&self, _: &str) -> Option<Decimal> {
        None
    }
}

/// The rules that are broken.
fn rules(
    registry: &Registry,
    period: &str,
    stated: &Stated<'_>,
    before: Option<&Stated<'_>>,
    found: &mut Found,
) -> Result<()> {
    for rule in registry.rules.all().iter().filter(|rule| rule.judges(period)) {
        for reading in readings(rule, stated, before) {
            for broken in formula::broken(&rule.expression, &reading) {
                if let Some(outcome) = told(rule, &broken, &reading) {
                    found.add(outcome)?;
                }
            }
        }
    }
    Ok(())
}

/// The ways to read claims as the data of a rule; none where a figure of it is not claimed.
fn readings<'a>(rule: &Rule, stated: &Stated<'a>, before: Option<&Stated<'a>>) -> Vec<Reading<'a>> {
    let mut choices: Vec<(String, Vec<&'a Claim>)> = Vec::new();
    for input in rule.expression.inputs() {
        let from = if input.is_previous { before } else { Some(stated) };
        let Some(claims) = from.and_then(|stated| stated.get(input.indicator.as_str())) else { return Vec::new() };
        choices.push((input.written(), distinct(claims)));
    }
    let ways = choices.iter().try_fold(1_usize, |ways, (_, claims)| ways.checked_mul(claims.len()));
    if ways.is_none_or(|ways| ways > READINGS) {
        // Too many to try each with each: the first of all, and each with the first of the others.
        let first = || choices.iter().filter_map(|(name, claims)| Some((name.clone(), *claims.first()?)));
        let each = choices.iter().flat_map(|(name, claims)| claims.iter().map(move |claim| (name, *claim)));
        return each.map(|(name, claim)| Reading(first().chain([(name.clone(), claim)]).collect())).collect();
    }
    choices.into_iter().fold(vec![Reading(HashMap::new())], |readings, (name, claims)| {
        let with = |reading: &Reading<'a>, claim: &'a Claim| {
            let mut chosen = reading.0.clone();
            chosen.insert(name.clone(), claim);
            Reading(chosen)
        };
        readings
            .iter()
            .flat_map(|reading| claims.iter().map(|claim| with(reading, claim)).collect::<Vec<_>>())
            .collect()
    })
}

/// What is told of a comparison that does not hold: the side that is one figure, and the other.
fn told(rule: &Rule, broken: &Broken, reading: &Reading<'_>) -> Option<Outcome> {
    let Broken { left, sign, right } = broken;
    let claimed = |name: &String| reading.0.get(name).copied();
    let plain = |side: &Side| if side.is_plain { side.inputs.first().and_then(claimed) } else { None };
    let (own, other, value) = match (plain(left), plain(right)) {
        (Some(one), Some(other)) => (one, other.key.0.clone(), right.value),
        (Some(one), None) => (one, right.text.clone(), right.value),
        (None, Some(one)) => (one, left.text.clone(), left.value),
        // Neither side is one figure: the first that is named, and the comparison as it stands.
        (None, None) => {
            let first = left.inputs.iter().chain(&right.inputs).find_map(claimed)?;
            (first, format!("{} {sign} {}", left.text, right.text), right.value)
        }
    };
    let others: Vec<&Claim> =
        left.inputs.iter().chain(&right.inputs).filter_map(claimed).filter(|claim| claim.key != own.key).collect();
    let code = &rule.row.code;
    // Against a bound that the rule itself names, the place is the rule.
    let source = if others.is_empty() { format!("rule {code}") } else { sources(&others) };
    let sides =
        format!("{} = {} {sign} {} = {}", left.text, left.value.normalize(), right.text, right.value.normalize());
    let reason = Text::new(
        format!("违反规则 {code}：{}（{sides}）", rule.row.message_zh),
        format!("Breaks the rule {code}: {} ({sides})", rule.row.message_en),
    );
    Some(contradiction(own, other, value, source, Basis::Rule(code.0.clone()), reason))
}

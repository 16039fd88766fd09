//! What a catalogue gives away: protected lines whose figure of a school follows from its public figures.
//!
//! Parts that add up to their whole are one equation for each school; where all but one of its lines are public, the
//! last one is public too, whatever its class says. So is a line that a binding rule sets equal to public ones, as a
//! ratio to its two sides.

use std::collections::BTreeSet;

use entity::{
    indicator,
    words::{Disclosure, Severity},
};

use crate::{error::Text, formats::expression::Expression};

/// A protected line, and what gives it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The line.
    pub indicator: String,
    /// The public lines that it follows from.
    pub by: Vec<String>,
    /// The rule by which it does; nothing where parts add up to their whole.
    pub rule: Option<String>,
}

impl Given {
    /// What is wrong with that, and what to do.
    pub fn text(&self) -> Text {
        let Self { indicator, by, rule } = self;
        let (zh, en) = match rule {
            None => ("各分项之和等于总计".to_owned(), "the parts add up to the whole".to_owned()),
            Some(rule) => (format!("规则 {rule}"), format!("by the rule {rule}")),
        };
        Text::new(
            format!(
                "“{indicator}”受保护，却可由公开指标 {} 推算出来（{zh}）；请将其改为公开，或至少再保护其中一个指标\
                 （逐个修改时，可先取消总计的 parts_complete）",
                by.join("、")
            ),
            format!(
                "`{indicator}` is protected and follows from the public {} ({en}): make it public, or protect at \
                 least one more of them (to change one after the other, take `parts_complete` from the whole meanwhile)",
                by.join(", ")
            ),
        )
    }

    /// Whether a line has to do with it.
    pub fn names(&self, code: &str) -> bool {
        self.indicator == code || self.by.iter().any(|other| other == code)
    }
}

/// The only protected one among lines that make one equation, where there is but one.
fn only_protected(equation: &[&indicator::Model], rule: Option<&str>) -> Option<Given> {
    let (public, protected): (Vec<&indicator::Model>, Vec<&indicator::Model>) =
        equation.iter().copied().partition(|line| line.disclosure == Disclosure::Public);
    let ([only], false) = (protected.as_slice(), public.is_empty()) else { return None };
    Some(Given {
        indicator: only.code.0.clone(),
        by: public.iter().map(|line| line.code.0.clone()).collect(),
        rule: rule.map(str::to_owned),
    })
}

/// What follows from parts that add up, among the lines of one table in one period.
pub fn by_parts(lines: &[&indicator::Model]) -> Vec<Given> {
    let wholes = lines.iter().copied().filter(|line| line.is_parts_complete);
    let equation = |whole: &indicator::Model| {
        let parts = lines.iter().copied().filter(|part| part.within_code.as_ref() == Some(&whole.code));
        parts.collect::<Vec<&indicator::Model>>()
    };
    wholes
        .filter_map(|whole| {
            let parts = equation(whole);
            // A whole without parts is no sum of anything.
            if parts.is_empty() {
                return None;
            }
            let all: Vec<&indicator::Model> = std::iter::once(whole).chain(parts).collect();
            only_protected(&all, None)
        })
        .collect()
}

/// What follows from a rule that blocks and says that two sides are the same, of one period.
pub fn by_rule<'a>(
    (code, severity): (&str, Severity),
    expression: &Expression,
    line: impl Fn(&str) -> Option<&'a indicator::Model>,
) -> Option<Given> {
    let inputs = expression.inputs();
    if severity != Severity::Error || !expression.is_equation() || inputs.iter().any(|input| input.is_previous) {
        return None;
    }
    let codes: BTreeSet<&str> = inputs.iter().map(|input| input.indicator.as_str()).collect();
    let lines = codes.into_iter().map(line).collect::<Option<Vec<&indicator::Model>>>()?;
    only_protected(&lines, Some(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::indicators::blank_for_tests as blank;

    fn line(code: &str, within: Option<&str>, is_public: bool) -> indicator::Model {
        let disclosure = if is_public { Disclosure::Public } else { Disclosure::Aggregate };
        indicator::Model {
            within_code: within.map(Into::into),
            is_parts_complete: within.is_none(),
            disclosure,
            ..blank(code)
        }
    }

    fn found(whole: bool, one: bool, other: bool) -> Option<String> {
        let lines =
            [line("a.all", None, whole), line("a.one", Some("a.all"), one), line("a.two", Some("a.all"), other)];
        let all: Vec<&indicator::Model> = lines.iter().collect();
        by_parts(&all).into_iter().map(|given| given.indicator).next()
    }

    #[test]
    fn the_last_line_of_a_sum_is_no_secret() {
        assert_eq!(found(false, true, true).as_deref(), Some("a.all"));
        assert_eq!(found(true, true, false).as_deref(), Some("a.two"));
        for [whole, one, other] in
            [[true, true, true], [false, false, true], [false, false, false], [true, false, false]]
        {
            assert_eq!(found(whole, one, other), None, "{whole} {one} {other}");
        }
        // Parts that do not add up to it say nothing of a whole.
        let whole = indicator::Model { is_parts_complete: false, ..line("a.all", None, false) };
        assert_eq!(by_parts(&[&whole, &line("a.one", Some("a.all"), true)]), []);
        assert_eq!(by_parts(&[&line("a.all", None, false)]), []);
    }

    #[test]
    fn a_rule_that_binds_says_what_it_sets_equal() {
        let lines = [line("a.ratio", None, false), line("a.people", None, true), line("a.places", None, true)];
        let of = |text: &str, severity| {
            let rule = Expression::compile(text).unwrap();
            by_rule(("a.rule", severity), &rule, |code| lines.iter().find(|line| line.code == code))
        };
        let given = of("a.ratio == a.people / a.places", Severity::Error).unwrap();
        assert_eq!((given.indicator.as_str(), given.by.len(), given.rule.as_deref()), ("a.ratio", 2, Some("a.rule")));
        assert!(given.text().zh.contains("a.people") && given.text().en.contains("a.places"));
        assert_eq!(of("a.ratio == a.people / a.places", Severity::Warning), None);
        assert_eq!(of("a.ratio <= a.people / a.places", Severity::Error), None);
        assert_eq!(of("a.ratio == prev.a.people", Severity::Error), None);
        assert_eq!(of("a.people == a.places", Severity::Error), None);
    }
}

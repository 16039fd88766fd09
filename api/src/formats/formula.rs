//! What an expression yields, exactly: of a printed figure, and of each side of a rule that is broken.
//!
//! The language is that of the rules (`formats::expression`), with `schools('ownership=public')` for a number of
//! schools. Figures are exact decimals here; a quotient that does not end has 28 digits.

use std::str::FromStr;

use cel::{
    Program,
    common::ast::{Expr, IdedExpr, LiteralValue, operators},
};
use rust_decimal::Decimal;

use super::expression::{Expression, Fault, Input, PREVIOUS, SCHOOLS, Yields, read};
use crate::error::Text;

/// An expression that yields a figure.
#[derive(Debug)]
pub struct Formula {
    program: Program,
    inputs: Vec<Input>,
    counts: Vec<String>,
}

/// Where the figures of an expression come from.
pub trait Figures {
    /// A figure; nothing where it is not known.
    fn figure(&self, indicator: &str, is_previous: bool) -> Option<Decimal>;
    /// How many schools a filter keeps; nothing where they are not counted.
    fn schools(&self, filter: &str) -> Option<Decimal>;
}

impl Formula {
    /// Reads an expression that yields a figure.
    ///
    /// # Errors
    /// What cannot be read, what is not allowed, or what does not yield a figure.
    pub fn compile(text: &str) -> Result<Self, Fault> {
        let read = read(text, true)?;
        if read.yields == Yields::Truth {
            let (zh, en) = (Yields::Truth.zh(), Yields::Truth.en());
            let message =
                Text::new(format!("此式应得出数值，而得出{zh}"), format!("This is to yield a figure, and yields {en}"));
            return Err(Fault { line: 0, column: 0, message });
        }
        Ok(Self { program: read.program, inputs: read.inputs, counts: read.counts })
    }

    /// The figures that it asks for, each once.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The filters by which it counts schools.
    pub fn counts(&self) -> &[String] {
        &self.counts
    }

    /// What it yields; nothing where a figure is not there, or where it cannot be computed (a division by zero).
    pub fn value(&self, figures: &impl Figures) -> Option<Decimal> {
        figure(self.program.expression(), figures)
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// As an expression.
    pub text: String,
    /// What it yields.
    pub value: Decimal,
    /// The figures in it, as they are written.
    pub inputs: Vec<String>,
    /// Whether it is one figure and nothing else.
    pub is_plain: bool,
}

/// A comparison that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Before the sign.
    pub left: Side,
    /// `==`, `<=`.
    pub sign: &'static str,
    /// After it.
    pub right: Side,
}

/// The comparisons that break a rule; none where it holds, or cannot be asked for want of a figure.
pub fn broken(rule: &Expression, figures: &impl Figures) -> Vec<Broken> {
    let mut found = Vec::new();
    if truth(rule.root(), figures) == Some(false) {
        gather(rule.root(), figures, &mut found);
    }
    found
}

/// The comparisons below a part that is false, as far as they are false themselves.
fn gather(node: &IdedExpr, figures: &impl Figures, found: &mut Vec<Broken>) {
    let Expr::Call(call) = &node.expr else { return };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, parts) => {
            for part in parts.iter().filter(|part| truth(part, figures) == Some(false)) {
                gather(part, figures, found);
            }
        }
        (name, [left, right]) => {
            if let (Some(sign), Some(left), Some(right)) = (sign(name), side(left, figures), side(right, figures)) {
                found.push(Broken { left, sign, right });
            }
        }
        _ => {}
    }
}

fn side(node: &IdedExpr, figures: &impl Figures) -> Option<Side> {
    let value = figure(node, figures)?;
    let mut inputs = Vec::new();
    named(node, &mut inputs);
    Some(Side { text: shown(node, 0), value, inputs, is_plain: matches!(node.expr, Expr::Select(_)) })
}

/// The figures below a part, as they are written, each once.
fn named(node: &IdedExpr, names: &mut Vec<String>) {
    match &node.expr {
        Expr::Select(_) => {
            let name = path(node);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Expr::Call(call) => call.args.iter().for_each(|part| named(part, names)),
        _ => {}
    }
}

/// A name with its points.
fn path(node: &IdedExpr) -> String {
    match &node.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", path(&select.operand), select.field),
        _ => String::new(),
    }
}

/// The sign of a comparison.
fn sign(name: &str) -> Option<&'static str> {
    Some(match name {
        operators::EQUALS => "==",
        operators::NOT_EQUALS => "!=",
        operators::LESS => "<",
        operators::LESS_EQUALS => "<=",
        operators::GREATER => ">",
        operators::GREATER_EQUALS => ">=",
        _ => return None,
    })
}

/// An expression as it is written; `outer` says how tightly what it stands in binds.
fn shown(node: &IdedExpr, outer: u8) -> String {
    let Expr::Call(call) = &node.expr else {
        return match &node.expr {
            Expr::Literal(LiteralValue::Double(double)) => format!("{:?}", double.inner()),
            Expr::Literal(LiteralValue::Int(int)) => int.inner().to_string(),
            _ => path(node),
        };
    };
    let infix = |sign: &str, own: u8, [left, right]: [&IdedExpr; 2]| {
        // What is taken away or divided by keeps its brackets: a - (b - c).
        let text = format!("{} {sign} {}", shown(left, own), shown(right, own + 1));
        if outer > own { format!("({text})") } else { text }
    };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::ADD, [left, right]) => infix("+", 1, [left, right]),
        (operators::SUBSTRACT, [left, right]) => infix("-", 1, [left, right]),
        (operators::MULTIPLY, [left, right]) => infix("*", 3, [left, right]),
        (operators::DIVIDE, [left, right]) => infix("/", 3, [left, right]),
        (operators::NEGATE, [one]) => format!("-{}", shown(one, 5)),
        (operators::CONDITIONAL, [_, left, right]) => format!("(… ? {} : {})", shown(left, 0), shown(right, 0)),
        _ => "…".to_owned(),
    }
}

/// What a part yields, where it is a figure.
fn figure(node: &IdedExpr, figures: &impl Figures) -> Option<Decimal> {
    computed(node, figures).map(|(value, _)| value)
}

/// A figure, and whether it is whole by its kind: two whole numbers are divided without a rest.
fn computed(node: &IdedExpr, figures: &impl Figures) -> Option<(Decimal, bool)> {
    match &node.expr {
        // The digits that the number is written with, not those of its nearest double.
        Expr::Literal(LiteralValue::Double(double)) => Some((exact(*double.inner())?, false)),
        Expr::Literal(LiteralValue::Int(int)) => Some((Decimal::from(*int.inner()), true)),
        Expr::Select(_) => {
            let name = path(node);
            let previous = name.strip_prefix(PREVIOUS).and_then(|rest| rest.strip_prefix('.'));
            Some((figures.figure(previous.unwrap_or(&name), previous.is_some())?, false))
        }
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (SCHOOLS, [IdedExpr { expr: Expr::Literal(LiteralValue::String(filter)), .. }]) => {
                Some((figures.schools(filter.inner())?, false))
            }
            (operators::NEGATE, [one]) => computed(one, figures).map(|(value, is_whole)| (-value, is_whole)),
            (operators::CONDITIONAL, [which, left, right]) => {
                computed(if truth(which, figures)? { left } else { right }, figures)
            }
            (name, [left, right]) => {
                let ((left, is_whole), (right, _)) = (computed(left, figures)?, computed(right, figures)?);
                let value = match name {
                    operators::ADD => left.checked_add(right),
                    operators::SUBSTRACT => left.checked_sub(right),
                    operators::MULTIPLY => left.checked_mul(right),
                    operators::DIVIDE if is_whole => left.checked_div(right).map(|value| value.trunc()),
                    operators::DIVIDE => left.checked_div(right),
                    _ => None,
                };
                Some((value?, is_whole))
            }
            _ => None,
        },
        _ => None,
    }
}

/// What a part says, where it is true or false. What cannot be computed says nothing, but beside what decides.
fn truth(node: &IdedExpr, figures: &impl Figures) -> Option<bool> {
    let call = match &node.expr {
        Expr::Literal(LiteralValue::Boolean(word)) => return Some(*word.inner()),
        Expr::Call(call) => call,
        _ => return None,
    };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, [left, right]) => match (truth(left, figures), truth(right, figures)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (left, right) => Some(left? && right?),
        },
        (operators::LOGICAL_OR, [left, right]) => match (truth(left, figures), truth(right, figures)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (left, right) => Some(left? || right?),
        },
        (operators::LOGICAL_NOT, [one]) => truth(one, figures).map(|word| !word),
        (operators::CONDITIONAL, [which, left, right]) => {
            truth(if truth(which, figures)? { left } else { right }, figures)
        }
        (name, [left, right]) => {
            if let (Some(left), Some(right)) = (figure(left, figures), figure(right, figures)) {
                return Some(match name {
                    operators::EQUALS => left == right,
                    operators::NOT_EQUALS => left != right,
                    operators::LESS => left < right,
                    operators::LESS_EQUALS => left <= right,
                    operators::GREATER => left > right,
                    operators::GREATER_EQUALS => left >= right,
                    _ => return None,
                });
            }
            let (left, right) = (truth(left, figures)?, truth(right, figures)?);
            match name {
                operators::EQUALS => Some(left == right),
                operators::NOT_EQUALS => Some(left != right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The decimal that a double is written as.
fn exact(double: f64) -> Option<Decimal> {
    let written = format!("{double}");
    Decimal::from_str(&written).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    struct Given(HashMap<&'static str, &'static str>);

    impl Figures for Given {
        fn figure(&self, indicator: &str, is_previous: bool) -> Option<Decimal> {
            let name = if is_previous { format!("prev.{indicator}") } else { indicator.to_owned() };
            self.0.get(name.as_str())?.parse().ok()
        }

        fn schools(&self, filter: &str) -> Option<Decimal> {
            self.0.get(filter)?.parse().ok()
        }
    }

    fn given(figures: &[(&'static str, &'static str)]) -> Given {
        Given(figures.iter().copied().collect())
    }

    #[test]
    fn a_formula_yields_exact_figures() {
        let figures = given(&[
            ("talent.placed", "86222"),
            ("talent.graduates", "94358"),
            ("prev.scale.students", "10"),
            ("a.zero", "0"),
            ("ownership=public", "26"),
            ("", "29"),
        ]);
        let value =
            |text: &str| Formula::compile(text).unwrap().value(&figures).map(|value| value.round_dp(12).to_string());
        assert_eq!(value("100.0 * talent.placed / talent.graduates").unwrap(), "91.377519659170");
        assert_eq!(value("100.0 * schools('ownership=public') / schools('')").unwrap(), "89.655172413793");
        assert_eq!(value("0.1 + 0.2 - prev.scale.students").as_deref(), Some("-9.7"));
        assert_eq!(value("a.zero > 0.0 ? 1.0 : -2.5").as_deref(), Some("-2.5"));
        assert_eq!(value("7 / 2").as_deref(), Some("3"));
        for nothing in ["talent.placed / a.zero", "a.absent + 1.0", "schools('tier=x')", "1e300 * 1e300"] {
            assert_eq!(value(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn schools_are_counted_by_a_text_and_only_where_they_can_be() {
        let formula = Formula::compile("schools('') - schools('tier=a|b') + a.b").unwrap();
        assert_eq!((formula.counts(), formula.inputs().len()), (["".to_owned(), "tier=a|b".to_owned()].as_slice(), 1));
        for wrong in
            ["schools()", "schools(a.b)", "schools('a', 'b')", "schools(1.0)", "'x'", "a.b > 1.0", "a.schools('')"]
        {
            assert!(Formula::compile(wrong).is_err(), "{wrong}");
        }
        assert!(Expression::compile("schools('') > 1.0").is_err());
    }

    #[test]
    fn a_broken_rule_shows_its_sides() {
        let figures = given(&[("a.b", "5"), ("a.c", "3"), ("a.d", "4"), ("a.zero", "0")]);
        let sides = |text: &str| -> Vec<String> {
            let broken = broken(&Expression::compile(text).unwrap(), &figures);
            let side = |side: Side| format!("{} = {}", side.text, side.value);
            broken.into_iter().map(|one| format!("{} {} {}", side(one.left), one.sign, side(one.right))).collect()
        };
        assert_eq!(sides("a.b == a.c"), ["a.b = 5 == a.c = 3"]);
        assert_eq!(sides("a.b + a.c <= a.d * 1.5"), ["a.b + a.c = 8 <= a.d * 1.5 = 6.0"]);
        assert_eq!(sides("a.b - (a.c - a.d) < 2.0"), ["a.b - (a.c - a.d) = 6 < 2.0 = 2"]);
        assert_eq!(sides("a.b >= 1.0 && a.b <= 2.0 * (a.c - a.d)"), ["a.b = 5 <= 2.0 * (a.c - a.d) = -2"]);
        assert_eq!(sides("a.zero > 0.0 || a.b == 0.0"), ["a.zero = 0 > 0.0 = 0", "a.b = 5 == 0.0 = 0"]);
        for holds in ["a.b == 5.0", "a.zero == 0.0 || a.b / a.zero > 1.0", "a.absent > 1.0", "a.b / a.zero > 1.0"] {
            assert_eq!(sides(holds), [""; 0], "{holds}");
        }
    }
}

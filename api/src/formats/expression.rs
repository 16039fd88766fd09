//! Expressions over figures: the language of validation rules, a part of CEL.
//!
//! `talent.placed <= talent.graduates`, `prev.scale.students` for the period before. Every figure is a
//! double; sums, products, comparisons, `&&`, `||`, `!` and `? :` are there, functions, lists and
//! macros are not: so the work of one evaluation is bounded by the length of the text.
//! What an expression yields is known before it runs, so a rule that cannot be judged is refused
//! when it is written, with the place of its fault.

use std::collections::{HashMap, hash_map::Entry};

use cel::{
    Context, Program, Value,
    common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators},
};

use crate::error::Text;

/// The longest expression, in characters.
pub const MAX_LENGTH: usize = 1_000;

/// The most brackets within each other, and the most signs and negations: a parser's stack has an end.
const MAX_DEPTH: usize = 10;

/// The most characters of operators.
const MAX_OPERATORS: usize = 40;

/// The stack that the parser is given. It takes some 100 KB for each pair of brackets with nothing in it, and a thread
/// that runs out of its stack takes the whole service along.
const STACK_BYTES: usize = 64 << 20;

/// The name under which the period before is reached.
pub(super) const PREVIOUS: &str = "prev";

/// The name under which schools are counted, where they can be.
pub(super) const SCHOOLS: &str = "schools";

/// Whether a text can be one of the two names of an indicator or a rule: `scale`, `students_2`.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a text is the name of a table and one of its own, as in `scale.students`.
pub fn is_code(text: &str) -> bool {
    text.split_once('.').is_some_and(|(dataset, name)| is_name(dataset) && is_name(name))
}

/// A figure that an expression asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Input {
    /// The table.
    pub dataset: String,
    /// The whole code of the indicator, `talent.placed`.
    pub indicator: String,
    /// Whether the period before is meant.
    pub is_previous: bool,
}

impl Input {
    /// As it stands in the expression.
    pub fn written(&self) -> String {
        if self.is_previous { format!("{PREVIOUS}.{}", self.indicator) } else { self.indicator.clone() }
    }
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1; 0 where the whole text is meant.
    pub line: usize,
    /// In characters, from 1; 0 where the whole text is meant.
    pub column: usize,
    /// What.
    pub message: Text,
}

impl Fault {
    /// What is wrong, with its place where there is one.
    pub fn placed(&self) -> Text {
        let Self { line, column, message } = self;
        if *column == 0 {
            return message.clone();
        }
        Text::new(
            format!("第 {line} 行第 {column} 个字符：{}", message.zh),
            format!("Line {line}, character {column}: {}", message.en),
        )
    }
}

/// What a rule says of some figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It is broken.
    Breaks,
    /// These figures are not there, so it was not asked.
    Skipped(Vec<Input>),
}

/// Figures by what expressions call them, gathered once for all that are asked.
pub struct Facts<'a> {
    known: HashMap<&'a Input, f64>,
    context: Context<'a>,
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts").field("known", &self.known).finish_non_exhaustive()
    }
}

impl<'a> Facts<'a> {
    /// The figures that are asked for, as far as they are there; each is looked for once.
    pub fn of(inputs: impl IntoIterator<Item = &'a Input>, figure: impl Fn(&Input) -> Option<f64>) -> Self {
        let mut known = HashMap::new();
        let (mut now, mut before) = (HashMap::new(), HashMap::new());
        for input in inputs {
            let Entry::Vacant(free) = known.entry(input) else { continue };
            let Some(value) = figure(input) else { continue };
            free.insert(value);
            let tables = if input.is_previous { &mut before } else { &mut now };
            let table: &mut HashMap<String, f64> = tables.entry(input.dataset.clone()).or_default();
            let name = input.indicator.split_once('.').map_or(input.indicator.as_str(), |(_, name)| name);
            table.insert(name.to_owned(), value);
        }
        let mut context = Context::empty();
        for (dataset, table) in now {
            context.add_variable_from_value(dataset, table);
        }
        context.add_variable_from_value(PREVIOUS, before);
        Self { known, context }
    }
}

/// A rule's expression, ready to be asked.
#[derive(Debug)]
pub struct Expression {
    program: Program,
    inputs: Vec<Input>,
}

/// What a part of an expression yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Yields {
    Figure,
    Whole,
    Truth,
}

impl Yields {
    pub(super) const fn zh(self) -> &'static str {
        match self {
            Self::Figure => "数值",
            Self::Whole => "整数",
            Self::Truth => "真假",
        }
    }

    pub(super) const fn en(self) -> &'static str {
        match self {
            Self::Figure => "a figure",
            Self::Whole => "a whole number",
            Self::Truth => "true or false",
        }
    }
}

impl Expression {
    /// Reads an expression that is true or false.
    ///
    /// # Errors
    /// What cannot be read, what is not allowed, or what does not fit together.
    pub fn compile(text: &str) -> Result<Self, Fault> {
        let read = read(text, false)?;
        match read.yields {
            Yields::Truth => Ok(Self { program: read.program, inputs: read.inputs }),
            other => Err(of_whole(
                format!("规则应得出真假，而此式得出{}", other.zh()),
                format!("A rule is true or false; this yields {}", other.en()),
            )),
        }
    }

    /// The expression itself, for who computes its parts.
    pub(super) fn root(&self) -> &IdedExpr {
        self.program.expression()
    }

    /// Whether it says of two sides that they are the same, and nothing else.
    pub fn is_equation(&self) -> bool {
        matches!(&self.root().expr, Expr::Call(call) if call.func_name == operators::EQUALS)
    }

    /// The figures that it asks for, in the order of the text, each once.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Asks it. Anything that cannot be computed (a division by zero) breaks no rule.
    pub fn judge(&self, facts: &Facts<'_>) -> Verdict {
        let absent: Vec<Input> = self.inputs.iter().filter(|input| !facts.known.contains_key(input)).cloned().collect();
        if !absent.is_empty() {
            return Verdict::Skipped(absent);
        }
        match self.program.execute(&facts.context) {
            Ok(Value::Bool(false)) => Verdict::Breaks,
            _ => Verdict::Holds,
        }
    }
}

/// A fault of a whole text.
fn of_whole(zh: String, en: String) -> Fault {
    Fault { line: 0, column: 0, message: Text::new(zh, en) }
}

/// A text that was read.
pub(super) struct Read {
    pub(super) program: Program,
    pub(super) inputs: Vec<Input>,
    /// The filters by which it counts schools, in the order of the text.
    pub(super) counts: Vec<String>,
    pub(super) yields: Yields,
}

/// Reads an expression; with `schools('…')` only where schools can be counted.
pub(super) fn read(text: &str, counts_schools: bool) -> Result<Read, Fault> {
    let length = text.chars().count();
    if length > MAX_LENGTH {
        return Err(of_whole(
            format!("表达式超过 {MAX_LENGTH} 个字符"),
            format!("The expression is longer than {MAX_LENGTH} characters"),
        ));
    }
    if !is_shallow(text) {
        return Err(of_whole(
            format!("括号嵌套超过 {MAX_DEPTH} 层，或括号、运算符超过 {MAX_OPERATORS} 个"),
            format!(
                "More than {MAX_DEPTH} brackets within each other, or more than {MAX_OPERATORS} brackets or operators"
            ),
        ));
    }
    let unreadable = || of_whole("表达式无法读取".to_owned(), "It cannot be read".to_owned());
    let program = parse(text).unwrap_or_else(|| Err(unreadable()))?;
    let mut reader = Reader { text, inputs: Vec::new(), counts: counts_schools.then(Vec::new) };
    let yields = reader.yields(program.expression())?;
    let Reader { inputs, counts, .. } = reader;
    Ok(Read { program, inputs, counts: counts.unwrap_or_default(), yields })
}

/// Has the parser read a text, on a stack of its own; nothing where it lost its head.
fn parse(text: &str) -> Option<Result<Program, Fault>> {
    let read = || {
        Program::compile(text).map_err(|faults| {
            let first = faults.errors.first();
            let place = |at: isize| usize::try_from(at).unwrap_or(0);
            let said = first.map_or(String::new(), |fault| format!(": {}", fault.msg));
            Fault {
                line: first.map_or(0, |fault| place(fault.pos.0)),
                column: first.map_or(0, |fault| place(fault.pos.1)),
                message: Text::new(
                    format!("表达式无法读取{}", said.replacen(": ", "：", 1)),
                    format!("It cannot be read{said}"),
                ),
            }
        })
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, read).ok()?.join().ok()
    })
}

/// Whether a recursive parser may be let loose on a text.
fn is_shallow(text: &str) -> bool {
    let (mut depth, mut signs, mut operators, mut brackets) = (0_usize, 0_usize, 0_usize, 0_usize);
    for one in text.chars() {
        match one {
            '(' | '[' | '{' => {
                depth += 1;
                brackets += 1;
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '!' | '-' | '?' => signs += 1,
            '+' | '*' | '/' | '%' | '<' | '>' | '=' | '&' | '|' => operators += 1,
            _ => {}
        }
        if depth > MAX_DEPTH || signs > MAX_DEPTH || operators.max(brackets) > MAX_OPERATORS {
            return false;
        }
    }
    true
}

struct Reader<'t> {
    text: &'t str,
    inputs: Vec<Input>,
    /// The filters by which it counts schools; nothing where they cannot be counted.
    counts: Option<Vec<String>>,
}

impl Reader<'_> {
    /// A fault where a name first stands in the text.
    fn at(&self, name: &str, message: Text) -> Fault {
        let before = self.text.find(name).and_then(|at| self.text.get(..at));
        let Some(before) = before else { return Fault { line: 0, column: 0, message } };
        let last = before.rsplit('\n').next().unwrap_or_default();
        Fault { line: before.matches('\n').count() + 1, column: last.chars().count() + 1, message }
    }

    fn not_allowed(&self, name: &str) -> Fault {
        let message = Text::new(
            format!("规则中不能使用“{name}”：只能用指标、数字、四则运算、比较和 && || ! ?:"),
            format!("`{name}` cannot be used: only indicators, numbers, arithmetic, comparisons and && || ! ?:"),
        );
        self.at(name, message)
    }

    /// What an expression yields; gathers its figures on the way. The parser bounds its depth.
    fn yields(&mut self, node: &IdedExpr) -> Result<Yields, Fault> {
        match &node.expr {
            Expr::Literal(LiteralValue::Double(_)) => Ok(Yields::Figure),
            Expr::Literal(LiteralValue::Int(_)) => Ok(Yields::Whole),
            Expr::Literal(LiteralValue::Boolean(_)) => Ok(Yields::Truth),
            Expr::Select(select) if !select.test => {
                let mut path = vec![select.field.as_str()];
                let mut operand = &select.operand.expr;
                while let Expr::Select(inner) = operand {
                    path.push(&inner.field);
                    operand = &inner.operand.expr;
                }
                if let Expr::Ident(first) = operand {
                    path.push(first);
                }
                path.reverse();
                self.input(&path)
            }
            Expr::Call(call) => self.call(call),
            Expr::Ident(name) => Err(self.not_an_indicator(name)),
            Expr::Comprehension(_) => Err(self.not_allowed("(")),
            Expr::List(_) => Err(self.not_allowed("[")),
            Expr::Map(_) | Expr::Struct(_) => Err(self.not_allowed("{")),
            Expr::Literal(_) => Err(self.not_allowed("\"")),
            Expr::Select(_) | Expr::Unspecified => Err(self.not_allowed("has")),
        }
    }

    fn not_an_indicator(&self, name: &str) -> Fault {
        let message = Text::new(
            format!("“{name}”不是指标：应写作 报表.指标 或 prev.报表.指标"),
            format!("`{name}` is no indicator: write dataset.indicator or prev.dataset.indicator"),
        );
        self.at(name, message)
    }

    fn input(&mut self, path: &[&str]) -> Result<Yields, Fault> {
        let (dataset, name, is_previous) = match path {
            [first, dataset, name] if *first == PREVIOUS => (dataset, name, true),
            [dataset, name] if *dataset != PREVIOUS => (dataset, name, false),
            _ => return Err(self.not_an_indicator(&path.join("."))),
        };
        let indicator = format!("{dataset}.{name}");
        let input = Input { dataset: (*dataset).to_owned(), indicator, is_previous };
        if !self.inputs.contains(&input) {
            self.inputs.push(input);
        }
        Ok(Yields::Figure)
    }

    fn call(&mut self, call: &CallExpr) -> Result<Yields, Fault> {
        use Yields::{Figure, Truth, Whole};
        let shown = call.func_name.trim_matches(['_', '@']).to_owned();
        if call.target.is_some() {
            return Err(self.not_allowed(&shown));
        }
        if let (SCHOOLS, Some(counts)) = (call.func_name.as_str(), &mut self.counts) {
            let [IdedExpr { expr: Expr::Literal(LiteralValue::String(filter)), .. }] = call.args.as_slice() else {
                let message = Text::new(
                    "schools 的参数是一个筛选条件，如 schools('ownership=public')",
                    "schools takes one filter, as in schools('ownership=public')",
                );
                return Err(self.at(SCHOOLS, message));
            };
            counts.push(filter.inner().to_owned());
            return Ok(Figure);
        }
        let parts = call.args.iter().map(|part| self.yields(part)).collect::<Result<Vec<_>, _>>()?;
        let yields = match (call.func_name.as_str(), parts.as_slice()) {
            (
                operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE,
                [left @ (Figure | Whole), right],
            ) if left == right => Some(*left),
            (operators::NEGATE, [one @ (Figure | Whole)]) => Some(*one),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [Figure | Whole, Figure | Whole],
            )
            | (operators::LOGICAL_AND | operators::LOGICAL_OR, [Truth, Truth])
            | (operators::LOGICAL_NOT, [Truth]) => Some(Truth),
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) if (*left == Truth) == (*right == Truth) => {
                Some(Truth)
            }
            (operators::CONDITIONAL, [Truth, left, right]) if left == right => Some(*left),
            _ => None,
        };
        if let Some(yields) = yields {
            return Ok(yields);
        }
        let is_operator = !call.func_name.starts_with(|first: char| first.is_ascii_alphabetic());
        if !is_operator || parts.is_empty() {
            return Err(self.not_allowed(&shown));
        }
        let (zh, en): (Vec<_>, Vec<_>) = parts.iter().map(|part| (part.zh(), part.en())).unzip();
        let message = Text::new(
            format!("“{shown}”不能用于{}；数字请写成小数，如 2.0", zh.join("与")),
            format!("`{shown}` does not go with {}; write numbers as doubles, as in 2.0", en.join(" and ")),
        );
        Err(self.at(&shown, message))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn input(written: &str) -> Input {
        let (is_previous, code) = match written.strip_prefix("prev.") {
            Some(code) => (true, code),
            None => (false, written),
        };
        let dataset = code.split_once('.').unwrap().0.to_owned();
        Input { dataset, indicator: code.to_owned(), is_previous }
    }

    fn judge(text: &str, figures: &[(&str, f64)]) -> Verdict {
        let rule = Expression::compile(text).unwrap();
        let figures: HashMap<Input, f64> = figures.iter().map(|(name, value)| (input(name), *value)).collect();
        rule.judge(&Facts::of(rule.inputs(), |input| figures.get(input).copied()))
    }

    /// `()` twenty times, forty letters, once took the process along.
    #[test]
    fn a_text_that_the_parser_cannot_bear_is_refused() {
        for (part, most) in [
            ("()", 40),
            ("[]", 40),
            ("{}", 40),
            ("(a)", 40),
            ("a()", 40),
            ("a[0]", 40),
            ("('')", 40),
            ("a.(", 10),
            (".a", 400),
            ("a in ", 150),
        ] {
            for count in [1, 5, 10, most, 1_000] {
                assert!(Expression::compile(&part.repeat(count)).is_err(), "{part} {count} times");
                assert!(
                    Expression::compile(&format!("{}1 > 2{}", "(".repeat(10), part.repeat(count))).is_err(),
                    "{part} {count} times"
                );
            }
        }
    }

    #[test]
    fn a_rule_holds_breaks_or_is_skipped() {
        let rule = "scale.students <= 1.15 * (prev.scale.students + scale.intake - 2.0)";
        let figures = [("scale.students", 100.0), ("prev.scale.students", 80.0), ("scale.intake", 30.0)];
        assert_eq!(judge(rule, &figures), Verdict::Holds);
        assert_eq!(judge(rule, &[("scale.students", 200.0), figures[1], figures[2]]), Verdict::Breaks);
        assert_eq!(
            judge(rule, &figures[..1]),
            Verdict::Skipped(vec![input("prev.scale.students"), input("scale.intake")])
        );
        assert_eq!(judge("a.b == 0.0 || a.c / a.b > 1.0", &[("a.b", 0.0), ("a.c", 1.0)]), Verdict::Holds);
        assert_eq!(judge("!(a.b >= 1500)", &[("a.b", 1500.0)]), Verdict::Breaks);
        assert_eq!(judge("(a.b > 1.0 ? a.b : 1.0) == 2.0", &[("a.b", 2.0)]), Verdict::Holds);
    }

    #[test]
    fn a_fault_says_where_it_is() {
        for (text, line, column, part) in [
            ("a.b <=", 1, 7, "read"),
            ("a.b\n  <= size", 2, 6, "size"),
            ("students > 1.0", 1, 1, "students"),
            ("a.b.c > 1.0", 1, 1, "a.b.c"),
            ("a.b + 1.0", 0, 0, "true or false"),
            ("a.b + 1 > 2.0", 1, 5, "doubles"),
            ("a.b && a.c > 1.0", 1, 5, "&&"),
            ("size(a.b) > 1", 1, 1, "size"),
            ("[1.0].exists(x, x > a.b)", 0, 0, ""),
            ("a.b in [1.0]", 1, 8, "["),
            ("a.b == \"x\"", 1, 8, "\""),
            ("a.b % 2.0 == 0.0", 1, 5, "%"),
            ("has(a.b)", 1, 1, "has"),
            ("", 0, 0, ""),
        ] {
            let fault = Expression::compile(text).unwrap_err();
            assert!(fault.message.en.contains(part), "{text}: {fault:?}");
            if column > 0 {
                assert_eq!((fault.line, fault.column), (line, column), "{text}: {fault:?}");
            }
        }
    }

    #[test]
    fn what_is_endless_is_refused_not_followed() {
        for text in [
            "(".repeat(MAX_LENGTH),
            "!".repeat(MAX_LENGTH - 4) + "true",
            "-".repeat(MAX_LENGTH - 3) + "a.b",
            format!("{}a.b{} > 1.0", "(".repeat(400), ")".repeat(400)),
            "x".repeat(MAX_LENGTH + 1),
            "a.".repeat(MAX_LENGTH / 2),
            format!("{} > 1.0", vec!["a.b"; MAX_OPERATORS].join("+")),
            format!("{}a.b > 1.0{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)),
            format!("{}a.b > 1.0", "!".repeat(MAX_DEPTH)),
            format!("{}1.0 == 1.0", "a.b > 1.0 ? 1.0 : ".repeat(MAX_DEPTH)),
        ] {
            // Refused or read and asked, but never the end of the process.
            if let Ok(rule) = Expression::compile(&text) {
                rule.judge(&Facts::of(rule.inputs(), |_| Some(1.0)));
            }
        }
        let long = vec!["a.b > 1.0"; 14].join(" && ");
        assert_eq!(judge(&long, &[("a.b", 2.0)]), Verdict::Holds);
    }

    #[test]
    fn every_rule_of_the_reference_data_can_be_judged() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023/rules.csv");
        let mut rules = 0;
        for row in csv::Reader::from_path(path).unwrap().records() {
            let row = row.unwrap();
            let rule = Expression::compile(&row[3]).unwrap_or_else(|fault| panic!("{}: {fault:?}", &row[0]));
            assert_ne!(rule.judge(&Facts::of(rule.inputs(), |_| Some(1.0))), Verdict::Skipped(Vec::new()));
            rules += 1;
        }
        assert_eq!(rules, 36);
    }

    proptest! {
        #[test]
        fn no_text_ends_the_process(text in "[ab.()!&|<>=+*/?: 0-9\\-\"\\[\\]{}\n]{0,60}") {
            let _either = Expression::compile(&text);
        }
    }
}

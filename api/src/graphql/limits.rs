//! What a query may cost, judged before anything recurses into it or runs.
//!
//! First the text: size of a nesting and number of tokens, in one pass that cannot overflow a stack.
//! Then the parsed document: operations, aliases, directives, depth, and how much it grows when its
//! fragments are spread. Last, inside the library, the complexity. Every refusal names the bound,
//! the limit, and what the query had.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, ServerError,
    parser::types::{Directive, ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

use super::{
    error::server_error,
    tokens::{Kind, Tokens},
};
use crate::{
    config::Limits,
    error::{Error, Text},
};

/// What a short list without a limit is taken for.
pub const SOME: usize = 5;
/// The cells of a table or a school, where nobody says how many are wanted.
pub const CELLS: usize = 40;
/// The members of a consortium.
pub const MEMBERS: usize = 10;
/// All cities.
pub const CITIES: usize = 14;
/// All indicators.
pub const INDICATORS: usize = 150;
/// All claims.
pub const CLAIMS: usize = 200;
/// The most groups that an aggregate is taken to have.
pub const GROUPS: usize = 200;

/// A cost so high that no limit allows it, and so low that sums of it do not overflow.
const BEYOND: usize = 1 << 40;
/// The most that a look at the schema may be taken to answer: half as much again as what tools ask for.
const INTROSPECTION: usize = 1_000_000;
/// How much deeper brackets may be nested than fields: arguments hold inputs, inputs hold lists.
const INPUTS: usize = 8;

/// The cost of a list: itself, and its rows.
pub fn times(rows: usize, child: usize) -> usize {
    rows.saturating_mul(child).min(BEYOND).saturating_add(1)
}

/// A bound that a query has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The name of the bound, as in the configuration.
    pub bound: &'static str,
    /// The most that is allowed.
    pub limit: usize,
    /// What the query has.
    pub cost: usize,
}

impl Passed {
    fn check(bound: &'static str, limit: usize, cost: usize) -> Result<(), Self> {
        if cost > limit { Err(Self { bound, limit, cost }) } else { Ok(()) }
    }

    fn text(self) -> Text {
        let Self { bound, limit, cost } = self;
        let zh = match bound {
            "tokens" => "词元数",
            "nesting" => "括号嵌套层数",
            "operations" => "操作数",
            "aliases" => "别名数",
            "directives" => "指令数",
            "depth" => "字段嵌套层数",
            "fragments" => "片段嵌套层数",
            "introspection" => "内省查询规模",
            _ => "复杂度",
        };
        Text::new(
            format!("查询超出限额：{zh}（{bound}）为 {cost}，上限为 {limit}"),
            format!("The query exceeds a bound: {bound} {cost}, limit {limit}"),
        )
    }
}

impl From<Passed> for ServerError {
    fn from(passed: Passed) -> Self {
        let mut error = server_error(Error::TooCostly(passed.text()));
        if let Some(values) = &mut error.extensions {
            values.set("bound", passed.bound);
            values.set("limit", passed.limit);
            values.set("cost", passed.cost);
        }
        error
    }
}

/// The complexity bound, for a cost that the library has found.
pub const fn complexity(limits: &Limits, cost: usize) -> Passed {
    Passed { bound: "complexity", limit: limits.graphql_complexity, cost }
}

/// How deep brackets may be nested in a text.
const fn nesting(limits: &Limits) -> usize {
    // The outermost bracket is the operation's own.
    limits.graphql_depth.saturating_add(1 + INPUTS)
}

/// How deep fields and fragments together may be nested.
pub const fn levels(limits: &Limits) -> usize {
    limits.graphql_depth.saturating_mul(2).saturating_add(2)
}

/// Judges a text by its tokens alone.
pub fn check_text(limits: &Limits, text: &str) -> Result<(), Passed> {
    let (mut count, mut depth, mut deepest) = (0_usize, 0_usize, 0_usize);
    for token in Tokens::of(text) {
        count += 1;
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Number | Kind::Other => {}
        }
        deepest = deepest.max(depth);
    }
    Passed::check("tokens", limits.graphql_tokens, count)?;
    Passed::check("nesting", nesting(limits), deepest)
}

/// Judges a parsed document, all of its operations.
pub fn check_document(limits: &Limits, document: &ExecutableDocument) -> Result<(), ServerError> {
    match judge(limits, document)? {
        None => Ok(()),
        Some(name) => Err(server_error(Error::Malformed(Text::new(
            format!("片段 {name} 包含自身"),
            format!("The fragment `{name}` holds itself"),
        )))),
    }
}

/// Whether all bounds hold; with the name of a fragment that holds itself, if there is one.
fn judge<'a>(limits: &Limits, document: &'a ExecutableDocument) -> Result<Option<&'a str>, Passed> {
    Passed::check("operations", limits.graphql_operations, document.operations.iter().count())?;
    let written = written(document);
    Passed::check("aliases", limits.graphql_aliases, written.aliases)?;
    Passed::check("directives", limits.graphql_directives, written.directives)?;

    let (fragments, most) = (&document.fragments, levels(limits));
    let mut measured = Measured { fragments, most, known: HashMap::new(), cycle: None };
    let mut all = Extent::default();
    for (_, operation) in document.operations.iter() {
        all = all.beside(measured.set(&operation.node.selection_set, 0));
    }
    Passed::check("depth", limits.graphql_depth, all.depth)?;
    Passed::check("fragments", levels(limits), all.levels)?;
    Passed::check("introspection", INTROSPECTION, all.introspected)?;
    // Every field costs at least one: spread fragments that grow beyond the limit are not walked at all.
    Passed::check("complexity", limits.graphql_complexity, all.fields)?;
    Ok(measured.cycle)
}

/// What stands in a document, each thing counted where it is written.
#[derive(Default)]
struct Written {
    aliases: usize,
    directives: usize,
}

fn written(document: &ExecutableDocument) -> Written {
    fn walk(set: &Positioned<SelectionSet>, found: &mut Written) {
        for selection in &set.node.items {
            found.directives += selection.node.directives().len();
            match &selection.node {
                Selection::Field(field) => {
                    found.aliases += usize::from(field.node.alias.is_some());
                    walk(&field.node.selection_set, found);
                }
                Selection::InlineFragment(fragment) => walk(&fragment.node.selection_set, found),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut found = Written::default();
    let count = |directives: &[Positioned<Directive>]| directives.len();
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        found.directives += count(&operation.directives)
            + operation.variable_definitions.iter().map(|one| count(&one.node.directives)).sum::<usize>();
        walk(&operation.selection_set, &mut found);
    }
    for fragment in document.fragments.values() {
        found.directives += count(&fragment.node.directives);
        walk(&fragment.node.selection_set, &mut found);
    }
    found
}

/// How much a selection is once its fragments are spread.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    fields: usize,
    /// Fields below each other.
    depth: usize,
    /// Fields and fragments below each other.
    levels: usize,
    /// About how much it answers, if it is about the schema.
    answers: usize,
    /// The same of what really is about the schema.
    introspected: usize,
}

impl Extent {
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            depth: self.depth.max(other.depth),
            levels: self.levels.max(other.levels),
            answers: self.answers.saturating_add(other.answers),
            introspected: self.introspected.saturating_add(other.introspected),
        }
    }

    /// Below a field.
    fn below(self, field: &str) -> Self {
        let is_schema = matches!(field, "__schema" | "__type");
        Self {
            fields: self.fields.saturating_add(1),
            depth: self.depth.saturating_add(1),
            levels: self.levels.saturating_add(1),
            answers: self.answers.saturating_add(1).saturating_mul(rows(field)),
            introspected: if is_schema { self.answers } else { self.introspected },
        }
    }

    /// Below a fragment.
    fn spread(self) -> Self {
        Self { levels: self.levels.saturating_add(1), ..self }
    }
}

/// How many there are in a list of the schema. The library counts such a list as one, whatever is asked of each:
/// `possibleTypes { interfaces { … } }` over and over would answer gigabytes.
fn rows(field: &str) -> usize {
    match field {
        "types" => 200,
        "possibleTypes" => 32,
        "fields" | "inputFields" | "enumValues" => 12,
        "directives" => 8,
        "args" => 4,
        "interfaces" => 2,
        _ => 1,
    }
}

/// Each fragment is measured once, so that a few lines that would spread to billions cost nothing.
struct Measured<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Nothing below this many levels is looked at: the document is refused for it.
    most: usize,
    /// Nothing while a fragment is being measured.
    known: HashMap<&'a str, Option<Extent>>,
    cycle: Option<&'a str>,
}

impl<'a> Measured<'a> {
    fn set(&mut self, set: &'a Positioned<SelectionSet>, level: usize) -> Extent {
        if level > self.most {
            return Extent::default();
        }
        set.node.items.iter().fold(Extent::default(), |all, selection| {
            all.beside(match &selection.node {
                Selection::Field(field) => {
                    self.set(&field.node.selection_set, level + 1).below(field.node.name.node.as_str())
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set, level + 1).spread(),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, level + 1).spread(),
            })
        })
    }

    fn fragment(&mut self, name: &Name, level: usize) -> Extent {
        // One that is not there is left to the validation.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else { return Extent::default() };
        match self.known.get(name.as_str()) {
            Some(Some(known)) => return *known,
            Some(None) => {
                self.cycle = Some(name.as_str());
                return Extent::default();
            }
            None => {}
        }
        self.known.insert(name.as_str(), None);
        let extent = self.set(&fragment.node.selection_set, level);
        self.known.insert(name.as_str(), Some(extent));
        extent
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn limits() -> Limits {
        Limits {
            body_bytes: 0,
            batch_bytes: 0,
            graphql_body_bytes: 0,
            graphql_depth: 3,
            graphql_complexity: 100,
            graphql_aliases: 2,
            graphql_directives: 2,
            graphql_tokens: 40,
            graphql_operations: 2,
            header_timeout_seconds: 1,
            answer_timeout_seconds: 1,
            request_timeout_seconds: 1,
            address_bytes: 0,
            header_lines: 0,
            header_bytes: 0,
            body_grace_seconds: 1,
            body_bytes_per_second: 1,
        }
    }

    fn text(text: &str) -> Option<Passed> {
        check_text(&limits(), text).err()
    }

    fn document(text: &str) -> Option<Passed> {
        judge(&limits(), &parse_query(text).unwrap()).err()
    }

    fn passed(bound: &'static str, limit: usize) -> Option<Passed> {
        Some(Passed { bound, limit, cost: limit + 1 })
    }

    #[test]
    fn tokens_at_the_bound_and_one_over() {
        assert_eq!(text(&"a ".repeat(40)), None);
        assert_eq!(text(&"a ".repeat(41)), passed("tokens", 40));
        assert_eq!(text(&format!("{} # {}", "a, ".repeat(40), "a ".repeat(99))), None);
    }

    #[test]
    fn nesting_at_the_bound_and_one_over() {
        assert_eq!(text(&format!("{}{}", "{a".repeat(12), "}".repeat(12))), None);
        assert_eq!(text(&"[".repeat(13)), passed("nesting", 12));
        assert_eq!(text(&format!("{{ a(b: \"{}\") }}", "{".repeat(99))), None);
        assert_eq!(text(&format!("{{ a(b: \"\"\"{}\"\"\") }}", "[".repeat(99))), None);
    }

    #[test]
    fn a_hundred_thousand_brackets_do_not_overflow_the_stack() {
        let found = text(&"{a".repeat(100_000)).unwrap();
        assert_eq!((found.bound, found.cost), ("tokens", 200_000));
    }

    #[test]
    fn operations_at_the_bound_and_one_over() {
        assert_eq!(document("query A {a} query B {a}"), None);
        assert_eq!(document("query A {a} query B {a} query C {a}"), passed("operations", 2));
    }

    #[test]
    fn aliases_at_the_bound_and_one_over() {
        assert_eq!(document("{b: a c: a}"), None);
        assert_eq!(document("{b: a c: a d: a}"), passed("aliases", 2));
        assert_eq!(document("{b: a ...F} fragment F on T {c: a ... {d: a}}"), passed("aliases", 2));
    }

    #[test]
    fn directives_at_the_bound_and_one_over() {
        assert_eq!(document("{a @b @c}"), None);
        assert_eq!(document("{a @b @c @d}"), passed("directives", 2));
        assert_eq!(document("query ($v: Int @b) @c {...F @d} fragment F on T {a}"), passed("directives", 2));
    }

    #[test]
    fn depth_at_the_bound_and_one_over() {
        assert_eq!(document("{a {b {c}}}"), None);
        assert_eq!(document("{a {b {c {d}}}}"), passed("depth", 3));
        assert_eq!(document("{a {...F}} fragment F on T {b {... {c {d}}}}"), passed("depth", 3));
    }

    #[test]
    fn fragments_at_the_bound_and_one_over() {
        let chain = |length: usize| {
            let links: String = (1..length).map(|at| format!("fragment F{at} on T {{...F{}}} ", at + 1)).collect();
            format!("{{...F1}} {links} fragment F{length} on T {{a}}")
        };
        assert_eq!(document(&chain(7)), None);
        assert_eq!(document(&chain(8)), passed("fragments", 8));
    }

    #[test]
    fn growth_at_the_bound_and_one_over() {
        let fields = |count: usize| format!("{{{}}}", "a ".repeat(count));
        assert_eq!(document(&fields(100)), None);
        assert_eq!(document(&fields(101)), passed("complexity", 100));
    }

    #[test]
    fn fragments_that_would_spread_to_billions_are_never_walked() {
        let mut bomb = "{...F0}".to_owned();
        for at in 0..6 {
            bomb.push_str(&format!(" fragment F{at} on T {{{}}}", format!("...F{} ", at + 1).repeat(50)));
        }
        bomb.push_str(" fragment F6 on T {a}");
        let found = document(&bomb).unwrap();
        assert_eq!((found.bound, found.cost), ("complexity", 15_625_000_000));
    }

    #[test]
    fn what_tools_ask_of_the_schema_is_allowed_and_a_schema_that_grows_is_not() {
        let limits = Limits { graphql_depth: 15, graphql_complexity: 20_000, ..limits() };
        let judged = |text: &str| judge(&limits, &parse_query(text).unwrap()).err();
        // As graphql-js writes it, with every option on.
        let of_type = (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
        let tools = format!(
            "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }}
             subscriptionType {{ name kind }} types {{ ...FullType }}
             directives {{ name description isRepeatable locations args(includeDeprecated: true) {{ ...InputValue }} }} }} }}
             fragment FullType on __Type {{ kind name description specifiedByURL
             fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }}
             type {{ ...TypeRef }} isDeprecated deprecationReason }}
             inputFields(includeDeprecated: true) {{ ...InputValue }} interfaces {{ ...TypeRef }}
             enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
             possibleTypes {{ ...TypeRef }} }}
             fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }}
             fragment TypeRef on __Type {{ {of_type} }}"
        );
        assert_eq!(judged(&tools), None);
        let grown = |pairs: usize| {
            let (open, close) = ("possibleTypes { interfaces { ".repeat(pairs), "} } ".repeat(pairs));
            format!("{{ __type(name: \"Node\") {{ {open} name {close} }} }}")
        };
        assert_eq!(judged(&grown(2)), None);
        let found = judged(&grown(6)).unwrap();
        assert_eq!((found.bound, found.limit), ("introspection", INTROSPECTION));
        // By fragments as well, and beside each other.
        let parts = format!(
            "{{ __type(name: \"Node\") {{ ...A }} }} fragment A on __Type {{ {} ...B {} }} fragment B on __Type {{ {} name {} }}",
            "possibleTypes { interfaces { ".repeat(2),
            "} } ".repeat(2),
            "possibleTypes { interfaces { ".repeat(2),
            "} } ".repeat(2)
        );
        assert_eq!(judged(&parts).unwrap().bound, "introspection");
        let beside = format!("{{ {} }}", "__schema { types { fields { args { name } } } } ".repeat(60));
        assert_eq!(judged(&beside).unwrap().bound, "introspection");
        // The same words in a table of ours are no look at the schema.
        assert_eq!(judged(&grown(6).replace("__type", "own")), None);
    }

    #[test]
    fn a_fragment_that_holds_itself_is_refused() {
        for text in ["{...F} fragment F on T {a ...F}", "{...F} fragment F on T {...G} fragment G on T {...F ...F}"] {
            assert!(check_document(&limits(), &parse_query(text).unwrap()).is_err());
        }
    }

    #[test]
    fn a_chain_of_thousands_of_fragments_does_not_overflow_the_stack() {
        let links: String = (0..5_000).map(|at| format!("fragment F{at} on T {{...F{}}} ", at + 1)).collect();
        let found = document(&format!("{{...F0}} {links} fragment F5000 on T {{a}}")).unwrap();
        assert_eq!((found.bound, found.limit, found.cost), ("fragments", 8, 9));
    }

    #[test]
    fn a_refusal_names_the_bound_the_limit_and_the_cost() {
        let error = ServerError::from(Passed { bound: "aliases", limit: 50, cost: 51 });
        let values = error.extensions.unwrap();
        assert_eq!(values.get("code"), Some(&"TOO_COSTLY".into()));
        assert_eq!((values.get("limit"), values.get("cost")), (Some(&50.into()), Some(&51.into())));
        assert!(error.message.contains("aliases") && error.message.contains("50") && error.message.contains("51"));
    }
}

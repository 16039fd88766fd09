//! By which words a file may call schools, tables, indicators and statuses: their codes, and the names of people.
//!
//! A name stands for one thing or for none. Width, blanks and capitals make no difference; whatever
//! else differs is another name.

use std::collections::HashMap;

use entity::{dataset, ids::SchoolCode, indicator, school, words::EntityType};

use crate::{
    ctx::Ctx,
    error::{Finding, Text},
    formats::{
        document::{Status, sha256, short},
        figure::plain,
    },
    memory::registry::Registry,
};

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Led {
    To(usize),
    Several,
}

type Words = HashMap<String, Led>;

/// What indicators of a table are called over a run of periods in which its lines do not change.
#[derive(Debug)]
struct Run {
    begins: String,
    words: Words,
    version: String,
}

/// The names that one caller may use.
#[derive(Debug)]
pub(super) struct Names<'r> {
    registry: &'r Registry,
    schools: Words,
    datasets: Words,
    lines: HashMap<String, Vec<Run>>,
}

/// A name as it is compared.
fn folded(name: &str) -> String {
    name.chars().map(plain).filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn learn(words: &mut Words, name: &str, to: usize) {
    let name = folded(name);
    if name.is_empty() {
        return;
    }
    words
        .entry(name)
        .and_modify(|led| {
            if *led != Led::To(to) {
                *led = Led::Several
            }
        })
        .or_insert(Led::To(to));
}

/// A code stands for its own thing, whatever else has it for a name.
fn learn_code(words: &mut Words, code: &str, to: usize) {
    words.insert(folded(code), Led::To(to));
}

impl<'r> Names<'r> {
    /// The names of what the caller may state: a school that is not its own is none.
    pub(super) fn new(ctx: &Ctx, registry: &'r Registry) -> Self {
        let mut schools = Words::new();
        let own = |school: &school::Model| ctx.actor.covers(school.code.as_str(), school.city_code.as_str());
        for (at, school) in registry.schools.all().iter().enumerate().filter(|(_, school)| own(school)) {
            learn(&mut schools, &school.name, at);
            school.name_en.iter().for_each(|name| learn(&mut schools, name, at));
            for alias in registry.aliases.of(school.code.as_str()) {
                if alias.entity_type == EntityType::School {
                    learn(&mut schools, &alias.alias, at);
                }
            }
        }
        for (at, school) in registry.schools.all().iter().enumerate().filter(|(_, school)| own(school)) {
            learn_code(&mut schools, school.code.as_str(), at);
        }
        let mut datasets = Words::new();
        let mut lines = HashMap::new();
        for (at, table) in registry.datasets.all().iter().enumerate() {
            learn(&mut datasets, &table.name, at);
            table.name_en.iter().for_each(|name| learn(&mut datasets, name, at));
            let runs = registry.runs(table.code.as_str()).into_iter().map(|begins| Run {
                words: lines_of(registry, table, &begins),
                version: version_of(registry, table.code.as_str(), &begins),
                begins,
            });
            lines.insert(table.code.0.clone(), runs.collect());
        }
        for (at, table) in registry.datasets.all().iter().enumerate() {
            learn_code(&mut datasets, table.code.as_str(), at);
        }
        Self { registry, schools, datasets, lines }
    }

    /// The school that a name stands for.
    pub(super) fn school(&self, name: &str) -> Result<&'r school::Model, Box<Finding>> {
        match self.schools.get(&folded(name)) {
            Some(Led::To(at)) => self.registry.schools.at(*at).ok_or_else(|| unknown_school(name)),
            Some(Led::Several) => Err(several("ambiguous_school", "学校", "school", name)),
            None => Err(unknown_school(name)),
        }
    }

    /// The table that a name stands for.
    pub(super) fn dataset(&self, name: &str) -> Result<&'r dataset::Model, Box<Finding>> {
        let unknown = || {
            let codes: Vec<&str> = self.registry.datasets.all().iter().map(|table| table.code.as_str()).collect();
            let named = short(name.trim());
            let text = Text::new(format!("没有报表“{named}”"), format!("There is no table `{named}`"));
            Box::new(Finding::error("unknown_dataset", "dataset", text).with(codes.join(", "), named))
        };
        match self.datasets.get(&folded(name)) {
            Some(Led::To(at)) => self.registry.datasets.at(*at).ok_or_else(unknown),
            Some(Led::Several) => Err(several("ambiguous_dataset", "报表", "table", name)),
            None => Err(unknown()),
        }
    }

    fn run(&self, dataset: &str, period: &str) -> Option<&Run> {
        let runs = self.lines.get(dataset)?;
        runs.get(runs.partition_point(|run| run.begins.as_str() <= period).saturating_sub(1))
    }

    /// Where the indicator of a table and period stands that a name stands for; nothing where there is none.
    /// A code stands for its indicator in every period: what is wrong with it there is for the checks to say.
    pub(super) fn line(&self, (dataset, period): (&str, &str), name: &str) -> Option<usize> {
        let is_own = |at: &usize| self.registry.indicators.at(*at).is_some_and(|line| line.dataset_code == dataset);
        if let Some(at) = self.registry.indicators.position(name).filter(is_own) {
            return Some(at);
        }
        match self.run(dataset, period)?.words.get(&folded(name))? {
            Led::To(at) => Some(*at),
            Led::Several => None,
        }
    }

    /// Whether a label of a table and period stands for several of its indicators.
    pub(super) fn is_ambiguous(&self, (dataset, period): (&str, &str), name: &str) -> bool {
        self.run(dataset, period).and_then(|run| run.words.get(&folded(name))) == Some(&Led::Several)
    }

    /// The version of a table's catalogue in a period.
    pub(super) fn version(&self, dataset: &str, period: &str) -> Option<&str> {
        self.run(dataset, period).map(|run| run.version.as_str())
    }
}

fn lines_of(registry: &Registry, table: &dataset::Model, period: &str) -> Words {
    let mut words = Words::new();
    let lines: Vec<(usize, &indicator::Model)> = registry
        .lines_in(table.code.as_str(), period)
        .filter_map(|line| registry.indicators.position(line.code.as_str()).map(|at| (at, line)))
        .collect();
    // The label first: a printed label that several lines share says nothing, a label of one's own does.
    for (at, line) in &lines {
        learn(&mut words, &line.label, *at);
    }
    let mut others = Words::new();
    for (at, line) in &lines {
        learn(&mut others, &line.printed_label, *at);
        line.label_en.iter().for_each(|label| learn(&mut others, label, *at));
    }
    for (name, led) in others {
        words.entry(name).or_insert(led);
    }
    for (at, line) in &lines {
        learn_code(&mut words, line.code.as_str(), *at);
    }
    words
}

/// The version of a table's catalogue in a period: a form made from another one does not fit any more.
pub(in crate::domain) fn version_of(registry: &Registry, dataset: &str, period: &str) -> String {
    let mut text = String::new();
    for line in registry.lines_in(dataset, period) {
        text.push_str(&format!("{}|{}|{}|{}\n", line.code, line.label, line.unit, line.decimals));
    }
    sha256(text).chars().take(16).collect()
}

/// The same sentence for a school that is not there and for one that is not the caller's.
fn unknown_school(name: &str) -> Box<Finding> {
    let finding = Finding::error(
        "unknown_school",
        "school",
        Text::new(
            format!("学校“{}”不存在，或不在您的权限范围内", short(name.trim())),
            format!("No school `{}` in your scope", short(name.trim())),
        ),
    )
    .with("code / 学校名称", short(name));
    Box::new(finding)
}

fn several(code: &str, zh: &str, en: &str, name: &str) -> Box<Finding> {
    let finding = Finding::error(
        code,
        en,
        Text::new(
            format!("{zh}名称“{}”对应多个，请用代码", short(name.trim())),
            format!("The {en} name `{}` stands for several: use the code", short(name.trim())),
        ),
    )
    .with("code", short(name));
    Box::new(finding)
}

/// The contract's word for a status as people write it.
pub(super) fn status(text: &str) -> String {
    let word = folded(text);
    let known = match word.as_str() {
        "填报" | "已填报" | "正常" => Some(Status::Reported),
        "估计" | "估算" => Some(Status::Estimated),
        "不适用" => Some(Status::NotApplicable),
        "缺失" | "缺报" => Some(Status::Missing),
        _ => Status::stated(&word.to_uppercase()),
    };
    known.map_or_else(|| text.trim().to_owned(), |status| status.word().to_owned())
}

/// A code of a school, for what is grouped by it.
pub(super) fn code_of(school: &school::Model) -> SchoolCode {
    school.code.clone()
}

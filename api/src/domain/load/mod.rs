//! `load`: a folder of reference data becomes registry, catalogue, claims, tasks and targets.
//!
//! The folder has the layout of `data/gansu-2023`: one CSV file a kind, known by its name, with the
//! agreed columns by name and any others beside them. Nothing about a province is built in; what
//! differs between provinces stands in the files.
//!
//! 1. Everything is read and judged before anything is written, and **every** fault is named with file,
//!    line and column ([`Error::Invalid`]). A name that does not resolve
//!    is a fault; nothing is guessed.
//! 2. One transaction then brings the tables to what the files say: new rows are inserted, rows that
//!    differ are updated, the rest is not touched, so a second load changes nothing. **Nothing is
//!    deleted**: rows of the database that the folder does not have may come from another folder or
//!    have submissions hanging on them; they are counted as *left*.
//!
//! What officials have changed through the interfaces: a row of the registry that one of them has added or changed is
//! left alone, and a name that was merged stands for what it was merged into (`kept`); an indicator, dataset or rule is brought to what the files
//! say, except for validity, switches, and what they let hold from a period on (`editions`).
//!
//! Codes and ids do not depend on the order of a file: schools carry their own code or the province's
//! two digits and their number; enterprises, institutions and consortia a hash of their official name;
//! everything without a name of its own a UUIDv5 over what it says. So a renamed enterprise is a new
//! one, and the old one is left.

mod catalogue;
mod certifications;
mod claims;
mod editions;
mod faults;
mod kept;
mod known;
mod majors;
mod observations;
pub(super) mod pledges;
mod registry;
mod row;
mod rules;
mod sheet;
mod store;
mod summary;
mod ties;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use entity::indicator_edition;
use sea_orm::{ConnectionTrait, ModelTrait};
use serde_json::json;

pub use self::{
    observations::{ObservationRow, read_observations},
    summary::{KindCount, Summary},
};

use self::{
    catalogue::{Datasets, Indicators},
    certifications::{Certifications, TeacherCounts},
    claims::Claims,
    faults::{Faults, Place, Wrong},
    known::Known,
    majors::{Chains, MajorChains, Majors, Programmes},
    pledges::{CityFigures, Expressions, Policies, Targets, Tasks},
    registry::{Cities, Consortia, Enterprises, Institutions, Schools},
    row::{Kind, Notes, rows},
    rules::Rules,
    sheet::Sheet,
    store::store,
    ties::{Aliases, Designations, Members, Partnerships},
};
use super::{disclosure::giving, journal};
use crate::{
    authz::{self, Action},
    ctx::Ctx,
    error::{Error, Result},
    formats::expression::Expression,
    memory::{self, Thing},
};

/// The kinds in the order of writing: what is referred to comes first.
macro_rules! kinds {
    ($($field:ident: $kind:ident),* $(,)?) => {
        /// The files that are loaded, with their agreed columns.
        const FILES: &[(&str, &[&str], bool)] = &[$(($kind::FILE, $kind::COLUMNS, $kind::IS_OPTIONAL)),*];

        /// All rows of a folder, without a fault.
        struct Plan { $($field: Vec<<$kind as Kind>::Model>),* }

        impl Plan {
            fn read(folder: &Folder, known: &Known, notes: &mut Notes) -> Self {
                Self { $($field: rows::<$kind>(folder.sheet($kind::FILE), known, notes)),* }
            }

            async fn store(self, db: &impl ConnectionTrait, progress: &mut dyn FnMut(&str)) -> Result<Vec<KindCount>> {
                let mut counts = Vec::new();
                $(
                    progress(&format!("写入 writing {}: {}", $kind::FILE, self.$field.len()));
                    let count = store::<<<$kind as Kind>::Model as ModelTrait>::Entity>(
                        db, $kind::FILE, self.$field, $kind::settled,
                    ).await?;
                    // Of what the folder need not have, and nobody has ever had, there is nothing to tell.
                    if !$kind::IS_OPTIONAL || count.created + count.changed + count.unchanged + count.left > 0 {
                        counts.push(count);
                    }
                )*
                Ok(counts)
            }
        }
    };
}

kinds! {
    cities: Cities,
    schools: Schools,
    enterprises: Enterprises,
    institutions: Institutions,
    consortia: Consortia,
    datasets: Datasets,
    indicators: Indicators,
    rules: Rules,
    designations: Designations,
    members: Members,
    aliases: Aliases,
    partnerships: Partnerships,
    majors: Majors,
    chains: Chains,
    major_chains: MajorChains,
    programmes: Programmes,
    claims: Claims,
    tasks: Tasks,
    targets: Targets,
    policies: Policies,
    city_figures: CityFigures,
}

/// Every file that is read: what is stored by itself, and what is stored with others.
fn files() -> impl Iterator<Item = (&'static str, &'static [&'static str], bool)> {
    FILES.iter().copied().chain([(Expressions::FILE, Expressions::COLUMNS, Expressions::IS_OPTIONAL)])
}

/// The files of a folder that are loaded.
struct Folder {
    sheets: HashMap<&'static str, Sheet>,
    nothing: Sheet,
}

impl Folder {
    fn open(dir: &Path, faults: &mut Faults) -> Result<Self> {
        if !dir.is_dir() {
            let mut faults = Faults::default();
            faults.add(Place { file: "", line: None, column: None }, &Wrong::NoFolder, "", dir.display().to_string());
            faults.verdict()?;
        }
        let sheets = files()
            .map(|(file, columns, optional)| (file, Sheet::read(dir, file, columns, optional, faults)))
            .collect();
        Ok(Self { sheets, nothing: Sheet::nothing() })
    }

    fn sheet(&self, file: &str) -> &Sheet {
        self.sheets.get(file).unwrap_or(&self.nothing)
    }
}

/// What a folder says: its rows, its certifications, and what was left alone. What was merged stands for what it was
/// merged into.
fn plan(dir: &Path, merged: &HashMap<String, String>) -> Result<(Plan, Certifications, Vec<String>)> {
    let mut notes = Notes::default();
    let folder = Folder::open(dir, &mut notes.faults)?;
    let mut known = Known::of(&folder, merged);
    let expressions = rows::<Expressions>(folder.sheet(Expressions::FILE), &known, &mut notes);
    known.expressions = expressions.into_iter().map(|(source, label, text)| ((source, label), text)).collect();
    let plan = Plan::read(&folder, &known, &mut notes);
    giveaways(&folder, &plan, &mut notes.faults);
    let certifications = Certifications::read(dir, &known, &plan.enterprises, &mut notes);
    let lines = notes.verdict()?;
    Ok((plan, certifications, left_alone(dir, &lines)?))
}

/// Faults every protected line whose figures follow from public ones. Asked of a catalogue that is whole: where a
/// line could not be read, others would seem to be given away.
fn giveaways(folder: &Folder, plan: &Plan, faults: &mut Faults) {
    if !faults.is_empty() {
        return;
    }
    let lines: HashMap<&str, &entity::indicator::Model> =
        plan.indicators.iter().map(|line| (line.code.as_str(), line)).collect();
    let mut given = giving::by_parts(&plan.indicators.iter().collect::<Vec<_>>());
    for rule in plan.rules.iter().filter(|rule| rule.is_enabled) {
        let Ok(expression) = Expression::compile(&rule.expression) else { continue };
        let by = (rule.code.as_str(), rule.severity);
        given.extend(giving::by_rule(by, &expression, |code| lines.get(code).copied()));
    }
    let sheet = folder.sheet(Indicators::FILE);
    for one in given {
        let line = sheet.lines.iter().find(|line| sheet.cell(line, "code") == Some(one.indicator.as_str()));
        let Some(line) = line else { continue };
        faults.add(sheet.place(line, "disclosure"), &Wrong::GivenAway(one.text()), "public", "");
    }
}

/// Files that are not for this version, and lines of the others that are not.
fn left_alone(dir: &Path, lines: &BTreeMap<(String, &'static str), usize>) -> Result<Vec<String>> {
    let mut others = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(Error::internal)? {
        let file = entry.map_err(Error::internal)?.file_name().to_string_lossy().into_owned();
        let is_loaded = |name: &str| name == TeacherCounts::FILE || files().any(|(loaded, ..)| loaded == name);
        if file.strip_suffix(".csv").is_some_and(|name| !is_loaded(name)) {
            others.push(file);
        }
    }
    others.sort_unstable();
    let lines = lines.iter().map(|((file, reason), count)| format!("{file}: {count} × {reason}"));
    Ok(lines.chain(others).collect())
}

/// Brings registry, catalogue and claims to what a folder says: all of it or nothing.
///
/// # Errors
/// [`Error::Invalid`] with every fault of the folder, before anything is written.
pub async fn load(ctx: &Ctx, dir: &Path, progress: &mut dyn FnMut(&str)) -> Result<Summary> {
    ctx.require(Action::Create, authz::Kind::EnterpriseCertification)?;
    for kind in [
        authz::Kind::Registry,
        authz::Kind::Catalogue,
        authz::Kind::Claim,
        authz::Kind::CertificationPlan,
        authz::Kind::Task,
        authz::Kind::Target,
    ] {
        ctx.require(Action::Create, kind)?;
        ctx.require(Action::Change, kind)?;
    }
    progress(&format!("检查 checking {}", dir.display()));
    let merged = kept::merged(ctx.db.read()).await?;
    let (mut plan, certifications, mut left_alone) = plan(dir, &merged)?;

    let tx = ctx.begin().await?;
    left_alone.splice(0..0, kept::settle(&tx, &mut plan).await?);
    plan.rules = rules::settle(&tx, plan.rules).await?;
    plan.tasks = pledges::settle_tasks(&tx, plan.tasks).await?;
    plan.targets = pledges::settle_targets(&tx, plan.targets).await?;
    let settled = editions::settle(&tx, plan.datasets, plan.indicators).await?;
    (plan.datasets, plan.indicators) = (settled.datasets, settled.indicators);
    if !settled.editions.is_empty() {
        // Counted with their indicators, whose version they raise.
        store::<indicator_edition::Entity>(&tx, "indicators", settled.editions, |row, _| row).await?;
    }
    let mut kinds = plan.store(&tx, progress).await?;
    kinds.extend(certifications.store(ctx, &tx).await?);
    let summary = Summary { kinds, left_alone };
    if summary.has_changes() {
        let counts: serde_json::Map<String, serde_json::Value> = summary
            .kinds
            .iter()
            .filter(|kind| kind.created + kind.changed > 0)
            .map(|kind| (kind.kind.to_owned(), json!({ "created": kind.created, "changed": kind.changed })))
            .collect();
        let event = journal::Event {
            action: "registry.loaded",
            // The name of the folder says what was loaded; where it lies is nobody's business.
            object: dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            data: counts.into(),
            ..journal::Event::default()
        };
        journal::record(&tx, ctx, event).await?;
        memory::raise(&tx, Thing::Registry).await?;
        tx.commit().await?;
        ctx.memory.refresh().await?;
    }
    Ok(summary)
}

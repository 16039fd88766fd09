//! The registry and the catalogue as they stand now, whole: a province is small, and everybody asks for it.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{
    alias, city, city_figure, claim, consortium, consortium_activity, consortium_member, dataset, designation,
    duplicate_decision, enterprise, external_institution, indicator, indicator_edition, industry_chain, major,
    major_chain, partnership, policy, programme, registry_term, rule, school, school_succession, target,
    words::{DuplicateVerdict, EntityType, EntryKind},
};
use sea_orm::{ConnectionTrait, QueryOrder};

use super::{
    derived,
    editions::{self, Editions},
    search::Names,
};
use crate::{
    authz::{self, Actor, Whole},
    error::Result,
    formats::expression::Expression,
};

/// Rows in their own order, found by their code.
#[derive(Debug)]
pub struct Shelf<T> {
    rows: Vec<T>,
    /// How many of them are listed; those behind are found by their code alone.
    listed: usize,
    // Asked several times for each cell of a batch: by a hash that is quicker than the usual one.
    at: HashMap<String, usize, foldhash::fast::RandomState>,
}

impl<T> Shelf<T> {
    fn new(rows: Vec<T>, code: impl Fn(&T) -> &str) -> Self {
        let at = rows.iter().enumerate().map(|(at, row)| (code(row).to_owned(), at)).collect();
        let listed = rows.len();
        Self { rows, listed, at }
    }

    /// With rows that no list has: they are there for whoever names them.
    fn with_unlisted(mut rows: Vec<T>, unlisted: Vec<T>, code: impl Fn(&T) -> &str) -> Self {
        rows.retain(|row| !unlisted.iter().any(|other| code(other) == code(row)));
        let listed = rows.len();
        rows.extend(unlisted);
        Self { listed, ..Self::new(rows, code) }
    }

    /// The row with this code.
    pub fn get(&self, code: &str) -> Option<&T> {
        self.rows.get(*self.at.get(code)?)
    }

    /// Lets another code lead to a row: that of one that has been merged into it.
    fn also(&mut self, gone: &str, kept: &str) {
        if let Some(at) = self.position(kept) {
            self.at.insert(gone.to_owned(), at);
        }
    }

    /// Where the row with this code stands.
    pub fn position(&self, code: &str) -> Option<usize> {
        self.at.get(code).copied()
    }

    /// The row at a position.
    pub fn at(&self, position: usize) -> Option<&T> {
        self.rows.get(position)
    }

    /// All rows that are listed, in order.
    pub fn all(&self) -> &[T] {
        self.rows.get(..self.listed).unwrap_or_default()
    }

    /// Those, and behind them the rows that are found by their code alone.
    pub fn every(&self) -> &[T] {
        &self.rows
    }
}

/// Rows found by the code of what they belong to.
#[derive(Debug)]
pub struct Belonging<T> {
    rows: Vec<T>,
    of: HashMap<String, Vec<usize>>,
}

impl<T> Belonging<T> {
    fn new<'a>(rows: Vec<T>, owners: impl Fn(&T) -> Vec<String> + 'a) -> Self {
        let mut of: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            for owner in owners(row) {
                of.entry(owner).or_default().push(at);
            }
        }
        Self { rows, of }
    }

    /// The rows that belong to this code, in order.
    pub fn of(&self, code: &str) -> impl Iterator<Item = &T> {
        self.of.get(code).into_iter().flatten().filter_map(|at| self.rows.get(*at))
    }

    /// Where the rows that belong to this code stand.
    pub fn positions(&self, code: &str) -> &[usize] {
        self.of.get(code).map_or(&[], Vec::as_slice)
    }

    /// The row at a position.
    pub fn at(&self, position: usize) -> Option<&T> {
        self.rows.get(position)
    }

    /// All rows, in order.
    pub fn all(&self) -> &[T] {
        &self.rows
    }
}

/// Since when and until when something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// Its first day, where that is known.
    pub since: Option<NaiveDate>,
    /// Its last day, where it has one.
    pub until: Option<NaiveDate>,
}

/// What was there and has ended, of what is only listed while it is there.
#[derive(Debug)]
pub struct Ended {
    /// Memberships, by the code of the consortium and of the member alike, as those codes lead today.
    pub members: Belonging<consortium_member::Model>,
    /// Other printed names.
    pub aliases: Vec<alias::Model>,
    /// Successions.
    pub successions: Vec<school_succession::Model>,
    /// Links between majors and chains.
    pub major_chains: Vec<major_chain::Model>,
}

/// A validation rule, and its expression ready to be asked.
#[derive(Debug)]
pub struct Rule {
    /// As stored.
    pub row: rule::Model,
    /// Its expression.
    pub expression: Expression,
}

impl Rule {
    /// Whether it judges tables of this period. Periods of one kind are in the order of their codes.
    pub fn judges(&self, period: &str) -> bool {
        self.row.is_enabled && editions::holds(self.row.valid_from.as_ref(), self.row.valid_to.as_ref(), period)
    }
}

/// Reads the expressions once; one that cannot be read any more judges nothing, and somebody should look.
fn compiled(rows: Vec<rule::Model>) -> Vec<Rule> {
    rows.into_iter()
        .filter_map(|row| match Expression::compile(&row.expression) {
            Ok(expression) => Some(Rule { row, expression }),
            Err(fault) => {
                tracing::error!(rule = %row.code, fault = %fault.placed().en, "a stored rule cannot be read");
                None
            }
        })
        .collect()
}

/// Cities, schools, partners and the catalogue, as one consistent state.
#[derive(Debug)]
pub struct Registry {
    /// Prefecture-level divisions, by code.
    pub cities: Shelf<city::Model>,
    /// Schools, by code.
    pub schools: Shelf<school::Model>,
    /// Schools, by the code of their city.
    pub schools_of_city: HashMap<String, Vec<usize>>,
    /// Successions, by the code of the school that is there now.
    pub successions: Belonging<school_succession::Model>,
    /// Titles, by school.
    pub designations: Belonging<designation::Model>,
    /// Enterprises, in the order of the file.
    pub enterprises: Shelf<enterprise::Model>,
    /// Universities, associations, parks.
    pub institutions: Shelf<external_institution::Model>,
    /// Consortia, in the order of the file.
    pub consortia: Shelf<consortium::Model>,
    /// Present memberships, by the code of the consortium and of the member alike.
    pub members: Belonging<consortium_member::Model>,
    /// What is listed no more, because it has ended.
    pub ended: Ended,
    /// What consortia have done, newest first, by the code of the consortium.
    pub activities: Belonging<consortium_activity::Model>,
    /// Partnerships that are public, by the code of the school, of the enterprise and of their cities alike.
    pub partnerships: Belonging<partnership::Model>,
    /// Other printed names, by the code of what they stand for; suggestions are left out.
    pub aliases: Belonging<alias::Model>,
    /// Tables, in the order of the file; not listed among them is what no school states ([`derived`]).
    pub datasets: Shelf<dataset::Model>,
    /// Indicators as they are now, in the order of the forms; those that no period has any more among them.
    pub indicators: Shelf<indicator::Model>,
    /// What they said before.
    pub editions: Editions,
    /// Indicators, by dataset.
    pub indicators_of: HashMap<String, Vec<usize>>,
    /// Validation rules, by dataset, in their order; those that are off among them.
    pub rules: Belonging<Rule>,
    /// Published figures, in the order of the file.
    pub claims: Vec<claim::Model>,
    /// Majors, by code.
    pub majors: Shelf<major::Model>,
    /// Industry chains, in the order of the file.
    pub chains: Shelf<industry_chain::Model>,
    /// Which majors serve which chains, by the code of the major and of the chain alike.
    pub major_chains: Belonging<major_chain::Model>,
    /// What schools teach, by the code of the school and of the major alike; what has ended among them.
    pub programmes: Belonging<programme::Model>,
    /// Since when and until when entries are, where their own table does not say.
    terms: HashMap<EntryKind, HashMap<String, Term>>,
    /// What was merged, and into what.
    merged: MergedCodes,
    /// What was said not to be one and the same, the smaller code first.
    pub distinct: Vec<(EntryKind, String, String)>,
    /// Names that may stand for the same as another one: suggestions, kept out of the aliases.
    pub possible: Vec<alias::Model>,
    /// The names that things answer to.
    names: HashMap<EntryKind, HashMap<String, Names>>,
    /// What was promised in figures, in the order of the file.
    pub targets: Vec<target::Model>,
    /// Policies, in the order of the list.
    pub policies: Vec<policy::Model>,
    /// Printed figures of cities, in the order of the file.
    pub city_figures: Vec<city_figure::Model>,
}

async fn rows<E: Whole>(db: &impl ConnectionTrait) -> Result<Vec<E::Model>> {
    Ok(authz::whole::<E>().all(db).await?)
}

fn group<T>(rows: &[T], by: impl Fn(&T) -> &str) -> HashMap<String, Vec<usize>> {
    let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        groups.entry(by(row).to_owned()).or_default().push(at);
    }
    groups
}

/// What was merged, and into what.
type MergedCodes = HashMap<EntryKind, HashMap<String, String>>;

/// Follows a code to the one that is there.
fn survivor<'a>(merged: &'a MergedCodes, kind: EntryKind, code: &'a str) -> &'a str {
    let Some(of) = merged.get(&kind) else { return code };
    let mut at = code;
    // No chain is longer than the list of what was merged.
    for _ in 0..=of.len() {
        match of.get(at) {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

impl Registry {
    /// Reads the whole registry. Give it a transaction where it must be one state.
    pub async fn load(db: &impl ConnectionTrait) -> Result<Self> {
        let cities = authz::whole::<city::Entity>().order_by_asc(city::Column::Code).all(db).await?;
        let schools = authz::whole::<school::Entity>().order_by_asc(school::Column::Code).all(db).await?;
        let mut designations = rows::<designation::Entity>(db).await?;
        designations.sort_by_key(|row| row.position);
        let mut enterprises = rows::<enterprise::Entity>(db).await?;
        enterprises.sort_by_key(|row| row.position);
        let mut institutions = rows::<external_institution::Entity>(db).await?;
        institutions.sort_by_key(|row| row.position);
        let mut consortia = rows::<consortium::Entity>(db).await?;
        consortia.sort_by_key(|row| row.position);
        let mut members = rows::<consortium_member::Entity>(db).await?;
        members.sort_by_key(|row| (row.position, row.id));
        // Whoever leaves does so on a day that has come.
        let (mut former, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|row| row.left_on.is_some());
        former.sort_by_key(|row| (row.left_on, row.id));
        let mut activities = rows::<consortium_activity::Entity>(db).await?;
        activities.sort_by_key(|row| std::cmp::Reverse((row.held_on, row.id)));
        // What is only proposed is its two sides' own, and not held in memory.
        let mut partnerships = authz::visible::<partnership::Entity>(&Actor::public()).all(db).await?;
        partnerships.sort_by_key(|row| (row.position, row.id));
        let aliases = rows::<alias::Entity>(db).await?;
        let mut terms: HashMap<EntryKind, HashMap<String, Term>> = HashMap::new();
        for row in rows::<registry_term::Entity>(db).await? {
            terms.entry(row.kind).or_default().insert(row.code, Term { since: row.since, until: row.until });
        }
        let is_over = |kind: EntryKind, id: entity::ids::RowId| {
            terms.get(&kind).and_then(|of| of.get(&id.to_string())).is_some_and(|term| term.until.is_some())
        };
        let (mut old_aliases, aliases): (Vec<_>, Vec<_>) =
            aliases.into_iter().partition(|row| is_over(EntryKind::Alias, row.id));
        old_aliases.sort_by(|a, b| (&a.entity_code, &a.alias, a.id).cmp(&(&b.entity_code, &b.alias, b.id)));
        let (mut possible, mut aliases): (Vec<_>, Vec<_>) =
            aliases.into_iter().partition(|row| row.basis == "possible");
        possible.sort_by_key(|row| row.id);
        aliases.sort_by(|a, b| (&a.entity_code, &a.alias).cmp(&(&b.entity_code, &b.alias)));
        let mut datasets = rows::<dataset::Entity>(db).await?;
        datasets.sort_by(|a, b| (a.position, &a.code).cmp(&(b.position, &b.code)));
        let mut indicators = rows::<indicator::Entity>(db).await?;
        indicators.sort_by(|a, b| (a.position, &a.code).cmp(&(b.position, &b.code)));
        let editions = rows::<indicator_edition::Entity>(db).await?;
        let mut rules = rows::<rule::Entity>(db).await?;
        rules.sort_by(|a, b| (a.position, &a.code).cmp(&(b.position, &b.code)));
        let mut claims = rows::<claim::Entity>(db).await?;
        claims.sort_by_key(|row| row.position);
        let mut targets = rows::<target::Entity>(db).await?;
        targets.sort_by_key(|row| (row.position, row.id));
        let mut policies = rows::<policy::Entity>(db).await?;
        policies.sort_by_key(|row| (row.position, row.id));
        let mut city_figures = rows::<city_figure::Entity>(db).await?;
        city_figures.sort_by_key(|row| (row.position, row.id));
        let mut successions = rows::<school_succession::Entity>(db).await?;
        successions.sort_by_key(|row| (row.effective_on, row.id));
        let (old_successions, successions): (Vec<_>, Vec<_>) =
            successions.into_iter().partition(|row| is_over(EntryKind::SchoolSuccession, row.id));
        let majors = authz::whole::<major::Entity>().order_by_asc(major::Column::Code).all(db).await?;
        let mut chains = rows::<industry_chain::Entity>(db).await?;
        chains.sort_by(|a, b| (a.position, &a.code).cmp(&(b.position, &b.code)));
        let mut major_chains = rows::<major_chain::Entity>(db).await?;
        major_chains.sort_by_key(|row| (row.position, row.id));
        let (old_links, major_chains): (Vec<_>, Vec<_>) =
            major_chains.into_iter().partition(|row| is_over(EntryKind::MajorChain, row.id));
        let mut programmes = rows::<programme::Entity>(db).await?;
        programmes.sort_by(|a, b| (&a.school_code, &a.major_code, a.id).cmp(&(&b.school_code, &b.major_code, b.id)));

        // What was merged is listed no more; its code leads to what it was merged into.
        let mut merged = MergedCodes::new();
        let mut distinct = Vec::new();
        for row in rows::<duplicate_decision::Entity>(db).await? {
            match row.verdict {
                DuplicateVerdict::Merged => {
                    merged.entry(row.kind).or_default().insert(row.code, row.other_code);
                }
                DuplicateVerdict::Distinct => distinct.push((row.kind, row.code, row.other_code)),
            }
        }
        let is_gone = |kind: EntryKind, code: &str| merged.get(&kind).is_some_and(|of| of.contains_key(code));
        enterprises.retain(|row| !is_gone(EntryKind::Enterprise, row.code.as_str()));
        institutions.retain(|row| !is_gone(EntryKind::Institution, row.code.as_str()));
        consortia.retain(|row| !is_gone(EntryKind::Consortium, row.code.as_str()));

        let (more, lines) = derived::catalogue();
        let indicators = Shelf::with_unlisted(indicators, lines, |row| row.code.as_str());
        let indicators_of = group(indicators.every(), |row| row.dataset_code.as_str());
        let code = |code: &Option<entity::ids::SchoolCode>| code.as_ref().map(|code| code.0.clone());
        let city_of_school: HashMap<String, String> =
            schools.iter().map(|row| (row.code.0.clone(), row.city_code.0.clone())).collect();
        let city_of_enterprise: HashMap<String, String> = enterprises
            .iter()
            .filter_map(|row| Some((row.code.0.clone(), row.city_code.as_ref()?.0.clone())))
            .collect();
        let ended = Ended {
            members: Belonging::new(former, |row| {
                let kept = |kind: EntryKind, code: &str| survivor(&merged, kind, code).to_owned();
                let school = row.school_code.as_ref().map(|code| code.0.clone());
                let enterprise = row.enterprise_code.as_ref().map(|code| kept(EntryKind::Enterprise, code.as_str()));
                let other = row.institution_code.as_ref().map(|code| kept(EntryKind::Institution, code.as_str()));
                let consortium = kept(EntryKind::Consortium, row.consortium_code.as_str());
                std::iter::once(consortium).chain(school.or(enterprise).or(other)).collect()
            }),
            aliases: old_aliases,
            successions: old_successions,
            major_chains: old_links,
        };
        let mut registry = Self {
            ended,
            majors: Shelf::new(majors, |row| row.code.as_str()),
            chains: Shelf::new(chains, |row| row.code.as_str()),
            major_chains: Belonging::new(major_chains, |row| vec![row.major_code.0.clone(), row.chain_code.0.clone()]),
            programmes: Belonging::new(programmes, |row| vec![row.school_code.0.clone(), row.major_code.0.clone()]),
            terms,
            merged,
            distinct,
            possible,
            names: HashMap::new(),
            schools_of_city: group(&schools, |row| row.city_code.as_str()),
            cities: Shelf::new(cities, |row| row.code.as_str()),
            schools: Shelf::new(schools, |row| row.code.as_str()),
            successions: Belonging::new(successions, |row| vec![row.school_code.0.clone()]),
            designations: Belonging::new(designations, |row| vec![row.school_code.0.clone()]),
            enterprises: Shelf::new(enterprises, |row| row.code.as_str()),
            institutions: Shelf::new(institutions, |row| row.code.as_str()),
            consortia: Shelf::new(consortia, |row| row.code.as_str()),
            members: Belonging::new(members, move |row| {
                let member = code(&row.school_code)
                    .or_else(|| row.enterprise_code.as_ref().map(|code| code.0.clone()))
                    .or_else(|| row.institution_code.as_ref().map(|code| code.0.clone()));
                std::iter::once(row.consortium_code.0.clone()).chain(member).collect()
            }),
            activities: Belonging::new(activities, |row| vec![row.consortium_code.0.clone()]),
            partnerships: Belonging::new(partnerships, move |row| {
                let enterprise = row.enterprise_code.as_ref().map(|code| code.0.clone());
                let cities = [
                    row.school_code.as_ref().and_then(|code| city_of_school.get(code.as_str())),
                    enterprise.as_ref().and_then(|code| city_of_enterprise.get(code.as_str())),
                ];
                let mut cities: Vec<String> = cities.into_iter().flatten().cloned().collect();
                cities.dedup();
                code(&row.school_code).into_iter().chain(enterprise).chain(cities).collect()
            }),
            aliases: Belonging::new(aliases, |row| vec![row.entity_code.clone()]),
            indicators_of,
            datasets: Shelf::with_unlisted(datasets, vec![more], |row| row.code.as_str()),
            editions: Editions::new(&indicators, editions),
            indicators,
            rules: Belonging::new(compiled(rules), |rule| vec![rule.row.dataset_code.0.clone()]),
            claims,
            targets,
            policies,
            city_figures,
        };
        registry.lead_on();
        registry.names = registry.named();
        Ok(registry)
    }

    /// Lets the codes of what was merged lead to what it was merged into.
    fn lead_on(&mut self) {
        let pairs = |kind: EntryKind| -> Vec<(String, String)> {
            let gone = self.merged.get(&kind).into_iter().flat_map(HashMap::keys);
            gone.map(|gone| (gone.clone(), self.survivor(kind, gone).to_owned())).collect()
        };
        let [enterprises, institutions, consortia] =
            [EntryKind::Enterprise, EntryKind::Institution, EntryKind::Consortium].map(pairs);
        enterprises.iter().for_each(|(gone, kept)| self.enterprises.also(gone, kept));
        institutions.iter().for_each(|(gone, kept)| self.institutions.also(gone, kept));
        consortia.iter().for_each(|(gone, kept)| self.consortia.also(gone, kept));
    }

    /// The names that things answer to: code, official names, every other printed one.
    fn named(&self) -> HashMap<EntryKind, HashMap<String, Names>> {
        let of = |kind: EntryKind, code: &str, name: &str, name_en: Option<&str>| {
            let wanted = match kind {
                EntryKind::School => Some(EntityType::School),
                EntryKind::Enterprise => Some(EntityType::Enterprise),
                EntryKind::Institution => Some(EntityType::Institution),
                EntryKind::Consortium => Some(EntityType::Consortium),
                _ => None,
            };
            let others = self.aliases.of(code).filter(|alias| Some(alias.entity_type) == wanted);
            let all = [Some(code), Some(name), name_en].into_iter().flatten();
            (code.to_owned(), Names::new(all.chain(others.map(|alias| alias.alias.as_str()))))
        };
        macro_rules! named {
            ($($kind:ident: $shelf:ident),*) => {
                [$((
                    EntryKind::$kind,
                    self.$shelf
                        .all()
                        .iter()
                        .map(|row| of(EntryKind::$kind, row.code.as_str(), &row.name, row.name_en.as_deref()))
                        .collect(),
                )),*]
            };
        }
        HashMap::from(named!(
            City: cities,
            School: schools,
            Enterprise: enterprises,
            Institution: institutions,
            Consortium: consortia,
            Major: majors,
            IndustryChain: chains
        ))
    }

    /// The names that something answers to in a search.
    pub fn names(&self, kind: EntryKind, code: &str) -> Option<&Names> {
        self.names.get(&kind)?.get(code)
    }

    /// The code that is there for this one: its own, or that of what it was merged into.
    pub fn survivor<'a>(&'a self, kind: EntryKind, code: &'a str) -> &'a str {
        survivor(&self.merged, kind, code)
    }

    /// The codes of what was merged into something.
    pub fn merged_into(&self, kind: EntryKind, code: &str) -> Vec<&str> {
        let Some(of) = self.merged.get(&kind) else { return Vec::new() };
        let mut found: Vec<&str> =
            of.keys().map(String::as_str).filter(|gone| self.survivor(kind, gone) == code).collect();
        found.sort_unstable();
        found
    }

    /// Since when and until when an entry is, where its own table does not say.
    pub fn term(&self, kind: EntryKind, code: &str) -> Term {
        self.terms.get(&kind).and_then(|of| of.get(code)).copied().unwrap_or_default()
    }

    /// What is said of the term of an entry from now on.
    pub fn set_term(&mut self, kind: EntryKind, code: String, term: Term) {
        self.terms.entry(kind).or_default().insert(code, term);
    }

    /// The indicators of a table as they are now, whatever their validity, in order.
    pub fn lines(&self, dataset: &str) -> impl Iterator<Item = &indicator::Model> {
        self.indicators_of.get(dataset).into_iter().flatten().filter_map(|at| self.indicators.at(*at))
    }

    /// The decimals of an indicator's fixed-point values.
    pub fn decimals(&self, indicator: &str) -> i16 {
        self.indicators.get(indicator).map_or(0, |row| row.decimals)
    }
}

//! The registry and the catalogue as they stand now, whole: a province is small, and everybody asks for it.

use std::collections::HashMap;

use entity::{
    alias, city, city_figure, claim, consortium, consortium_member, dataset, designation, enterprise,
    external_institution, indicator, indicator_edition, partnership, policy, rule, school, school_succession, target,
    words::EntityType,
};
use sea_orm::{ConnectionTrait, QueryOrder};

use super::editions::{self, Editions};
use crate::{
    authz::{self, Whole},
    error::Result,
    formats::expression::Expression,
};

/// Rows in their own order, found by their code.
#[derive(Debug)]
pub struct Shelf<T> {
    rows: Vec<T>,
    // Asked several times for each cell of a batch: by a hash that is quicker than the usual one.
    at: HashMap<String, usize, foldhash::fast::RandomState>,
}

impl<T> Shelf<T> {
    fn new(rows: Vec<T>, code: impl Fn(&T) -> &str) -> Self {
        let at = rows.iter().enumerate().map(|(at, row)| (code(row).to_owned(), at)).collect();
        Self { rows, at }
    }

    /// The row with this code.
    pub fn get(&self, code: &str) -> Option<&T> {
        self.rows.get(*self.at.get(code)?)
    }

    /// Where the row with this code stands.
    pub fn position(&self, code: &str) -> Option<usize> {
        self.at.get(code).copied()
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
    /// Memberships, by the code of the consortium and of the member alike.
    pub members: Belonging<consortium_member::Model>,
    /// Partnerships, by the code of the school and of the enterprise alike.
    pub partnerships: Belonging<partnership::Model>,
    /// Other printed names, by the code of what they stand for; suggestions are left out.
    pub aliases: Belonging<alias::Model>,
    /// Tables, in the order of the file.
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
        members.sort_by_key(|row| row.position);
        let mut partnerships = rows::<partnership::Entity>(db).await?;
        partnerships.sort_by_key(|row| row.position);
        let mut aliases = rows::<alias::Entity>(db).await?;
        aliases.retain(|row| row.basis != "possible");
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

        let indicators_of = group(&indicators, |row| row.dataset_code.as_str());
        let indicators = Shelf::new(indicators, |row| row.code.as_str());
        let code = |code: &Option<entity::ids::SchoolCode>| code.as_ref().map(|code| code.0.clone());
        Ok(Self {
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
            partnerships: Belonging::new(partnerships, move |row| {
                code(&row.school_code)
                    .into_iter()
                    .chain(row.enterprise_code.as_ref().map(|code| code.0.clone()))
                    .collect()
            }),
            aliases: Belonging::new(aliases, |row| vec![row.entity_code.clone()]),
            indicators_of,
            datasets: Shelf::new(datasets, |row| row.code.as_str()),
            editions: Editions::new(&indicators, editions),
            indicators,
            rules: Belonging::new(compiled(rules), |rule| vec![rule.row.dataset_code.0.clone()]),
            claims,
            targets,
            policies,
            city_figures,
        })
    }

    /// The indicators of a table as they are now, whatever their validity, in order.
    pub fn lines(&self, dataset: &str) -> impl Iterator<Item = &indicator::Model> {
        self.indicators_of.get(dataset).into_iter().flatten().filter_map(|at| self.indicators.at(*at))
    }

    /// The decimals of an indicator's fixed-point values.
    pub fn decimals(&self, indicator: &str) -> i16 {
        self.indicators.get(indicator).map_or(0, |row| row.decimals)
    }

    /// Whether a school answers to these words: by code, name, English name or another printed name.
    pub fn matches(&self, school: &school::Model, words: &str) -> bool {
        let words = words.trim().to_lowercase();
        let holds = |text: &str| text.to_lowercase().contains(&words);
        holds(school.code.as_str())
            || holds(&school.name)
            || school.name_en.as_deref().is_some_and(holds)
            || self
                .aliases
                .of(school.code.as_str())
                .any(|alias| alias.entity_type == EntityType::School && holds(&alias.alias))
    }
}

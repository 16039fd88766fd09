//! Targets (目标值): what a province, its cities and schools have promised in figures, by when.
//!
//! They are public, and held in memory with the registry. Here is their upkeep; `judging` says whether they are kept.

mod judging;

use entity::{
    ids::{CityCode, RowId, SchoolCode},
    target,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

pub use self::judging::{Judgement, Verdict, fits, judge};
use super::{
    faults::Faults,
    journal::{self, Event},
    load::pledges::{COMPARATORS, is_ratio},
    precondition::Match,
    tasks::{maybe_text, text},
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    error::{Error, Result, Text},
    formats::{decimal, document::short, formula::Formula},
    memory::{self, Thing, registry::Registry},
    page::{self, Ask, Page},
};

/// What an expression may ask for beside indicators.
pub(super) const PARTNERSHIPS: &str = "partnerships.count";

/// Where what was entered here is printed.
const ENTERED: &str = "平台录入";

/// What a target says; what is not named stays, or is not said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What is promised.
    pub label: Option<String>,
    /// In English.
    pub label_en: Option<Option<String>>,
    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about.
    pub comparator: Option<String>,
    /// Digits, or a ratio such as `4:6`.
    pub value: Option<String>,
    /// Its unit.
    pub unit: Option<Option<String>>,
    /// The year with whose end it is due.
    pub due_year: Option<Option<i64>>,
    /// What it is judged by, in the language of the claims.
    pub expression: Option<Option<String>>,
    /// Where it is printed.
    pub source: Option<String>,
}

/// A target to add: of a city, of a school, or of the province.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The city that promises.
    pub city: Option<String>,
    /// The school that promises.
    pub school: Option<String>,
    /// What.
    pub said: Said,
}

/// Which targets; what is not named keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `province`, `city`, `school`.
    pub owner_type: Option<Vec<String>>,
    /// Of these cities.
    pub city: Option<Vec<String>>,
    /// Of these schools.
    pub school: Option<Vec<String>>,
    /// Due in one of these years.
    pub due_year: Option<Vec<i16>>,
    /// With an expression, or without.
    pub has_expression: Option<bool>,
}

impl Filter {
    /// Whether it keeps a target.
    pub fn keeps(&self, row: &target::Model) -> bool {
        let has = |words: &Option<Vec<String>>, own: Option<&str>| {
            words.as_ref().is_none_or(|words| own.is_some_and(|own| words.iter().any(|word| word == own)))
        };
        has(&self.owner_type, Some(&row.owner_type))
            && has(&self.city, row.city_code.as_ref().map(|code| code.as_str()))
            && has(&self.school, row.school_code.as_ref().map(|code| code.as_str()))
            && self.due_year.as_ref().is_none_or(|years| row.due_year.is_some_and(|year| years.contains(&year)))
            && self.has_expression.is_none_or(|is| is == row.expression.is_some())
    }
}

/// The strong ETag of a target.
pub fn etag(row: &target::Model) -> String {
    format!("\"{}\"", row.version)
}

/// A page of the targets that the filter keeps, in the order of the file. A cursor is an id.
pub fn list(registry: &Registry, filter: &Filter, ask: &Ask<String>) -> Page<target::Model> {
    let kept = registry.targets.iter().filter(|row| filter.keeps(row)).cloned().collect();
    page::cut(kept, ask, |row| row.id.to_string())
}

/// One target.
///
/// # Errors
/// 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<target::Model> {
    ctx.one::<target::Entity>(ctx.db.read(), Action::Read, is(id)?).await
}

fn is(id: &str) -> Result<Condition> {
    let id = Uuid::parse_str(id).map_err(|_| Error::NotFound(Kind::Target))?;
    Ok(Condition::all().add(target::Column::Id.eq(RowId(id))))
}

/// Adds a target.
///
/// # Errors
/// 403 for a city that speaks for another, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, new: New) -> Result<target::Model> {
    ctx.require(Action::Create, Kind::Target)?;
    let registry = ctx.memory.registry();
    let mut faults = Faults::default();
    let owner = owner(ctx, &registry, &new, &mut faults);
    let empty = target::Model {
        id: RowId(Uuid::now_v7()),
        position: 0,
        owner_name: owner.name,
        owner_type: owner.kind.to_owned(),
        city_code: owner.city,
        school_code: owner.school,
        label: String::new(),
        label_en: None,
        comparator: String::new(),
        value: String::new(),
        unit: None,
        due_year: None,
        expression: None,
        source: ENTERED.to_owned(),
        value_printed: None,
        is_amended: true,
        version: 1,
    };
    let row = new.said.apply(&registry, empty, &mut faults);
    faults.verdict()?;
    speaks_for(ctx, &registry, &row)?;
    let tx = ctx.begin().await?;
    let last = ctx.visible::<target::Entity>().order_by_desc(target::Column::Position).one(&tx).await?;
    let row = target::Model { position: last.map_or(0, |last| last.position) + 1, ..row };
    target::Entity::insert(target::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "target.added", &row).await?;
    memory::raise(&tx, Thing::Registry).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(row)
}

/// Changes a target; who has promised it stays.
///
/// # Errors
/// In this order: 404, 403 for a city that speaks for another, 428 without and 412 with another version than the
/// present one, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(ctx: &Ctx, id: &str, said: Said, if_match: Option<&Match>) -> Result<target::Model> {
    let registry = ctx.memory.registry();
    let tx = ctx.begin().await?;
    let old = ctx.one::<target::Entity>(&tx, Action::Change, is(id)?).await?;
    speaks_for(ctx, &registry, &old)?;
    Match::judge(if_match, etag(&old))?;
    let mut faults = Faults::default();
    let row = said.apply(&registry, old.clone(), &mut faults);
    faults.verdict()?;
    if row == old {
        return Ok(old);
    }
    let row = target::Model { is_amended: true, version: old.version + 1, ..row };
    replace(ctx, &tx, &old, &row).await?;
    note(ctx, &tx, "target.changed", &row).await?;
    memory::raise(&tx, Thing::Registry).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(row)
}

/// Who promises.
#[derive(Default)]
struct Owner {
    kind: &'static str,
    name: String,
    city: Option<CityCode>,
    school: Option<SchoolCode>,
}

fn owner(ctx: &Ctx, registry: &Registry, new: &New, faults: &mut Faults) -> Owner {
    let own = (ctx.actor.role == Role::City).then(|| ctx.actor.org().to_owned());
    match (&new.city, &new.school) {
        (Some(_), Some(_)) => {
            let said = ("city 与 school 只能填其一", "It is of a city or of a school, not of both");
            faults.add("two_owners", "/school", said, "", "");
            Owner::default()
        }
        (None, Some(code)) => match registry.schools.get(code) {
            Some(school) => Owner {
                kind: "school",
                name: school.name.clone(),
                school: Some(school.code.clone()),
                ..Owner::default()
            },
            None => {
                let said = (format!("没有学校“{code}”"), format!("There is no school `{code}`"));
                faults.add("unknown_school", "/school", said, "", code.as_str());
                Owner::default()
            }
        },
        (city, None) => match city.clone().or(own) {
            Some(code) => match registry.cities.get(&code) {
                Some(city) => {
                    Owner { kind: "city", name: city.name.clone(), city: Some(city.code.clone()), ..Owner::default() }
                }
                None => {
                    let said = (format!("没有市州“{code}”"), format!("There is no city `{code}`"));
                    faults.add("unknown_city", "/city", said, "", code.as_str());
                    Owner::default()
                }
            },
            // The province itself, by the name under which it has promised before.
            None => {
                let before = registry.targets.iter().find(|row| row.owner_type == "province");
                let name = before.map_or_else(|| ctx.actor.org().to_owned(), |row| row.owner_name.clone());
                Owner { kind: "province", name, ..Owner::default() }
            }
        },
    }
}

/// Refuses a city that speaks for another, or for the province.
fn speaks_for(ctx: &Ctx, registry: &Registry, row: &target::Model) -> Result<()> {
    let school = row.school_code.as_ref().and_then(|code| registry.schools.get(code.as_str()));
    let city = row.city_code.as_ref().or_else(|| school.map(|school| &school.city_code));
    let is_own = city.is_some_and(|city| ctx.actor.org() == city.as_str());
    if ctx.actor.role != Role::City || is_own {
        return Ok(());
    }
    Err(Error::Forbidden(Text::new(
        "目标值由省级（PROVINCE）或该市自己（CITY，含其学校）制定和修改",
        "Targets are set by the province (PROVINCE) and by the city itself for itself and its schools (CITY)",
    )))
}

impl Said {
    /// The target with what is said of it.
    fn apply(self, registry: &Registry, mut row: target::Model, faults: &mut Faults) -> target::Model {
        match self.label {
            Some(label) => {
                text("/label", &label, faults);
                row.label = label;
            }
            None if row.label.is_empty() => faults.missing("/label"),
            None => {}
        }
        if let Some(label) = self.label_en {
            maybe_text("/label_en", label.as_deref(), faults);
            row.label_en = label;
        }
        match self.comparator {
            Some(sign) => {
                if !COMPARATORS.contains(&sign.as_str()) {
                    let list = COMPARATORS.join("  ");
                    let said = (format!("应为 {list} 之一"), format!("is one of {list}"));
                    faults.add("unknown_comparator", "/comparator", said, list, short(&sign));
                }
                row.comparator = sign;
            }
            None if row.comparator.is_empty() => faults.missing("/comparator"),
            None => {}
        }
        match self.value {
            Some(value) => {
                if !is_value(&value) {
                    let said = ("应为数字或比例，如 50 或 4:6", "is a number or a ratio, as in 50 or 4:6");
                    faults.add("value_form", "/value", said, "50 / 4:6", short(&value));
                }
                row.value = value;
            }
            None if row.value.is_empty() => faults.missing("/value"),
            None => {}
        }
        if let Some(unit) = self.unit {
            maybe_text("/unit", unit.as_deref(), faults);
            row.unit = unit;
        }
        if let Some(year) = self.due_year {
            let read = year.map(|year| i16::try_from(year).ok().filter(|year| (1949..=2199).contains(year)));
            if read == Some(None) {
                let said = ("应为年份，如 2027", "is a year, as in 2027");
                let got = year.map(|year| year.to_string()).unwrap_or_default();
                faults.add("year_form", "/due_year", said, "1949–2199", got);
            }
            row.due_year = read.flatten();
        }
        if let Some(expression) = self.expression {
            if let Some(text) = &expression {
                unreadable(registry, text, faults);
            }
            row.expression = expression;
        }
        if let Some(source) = self.source {
            text("/source", &source, faults);
            row.source = source;
        }
        row
    }
}

/// Whether a text is a number of at most fifteen digits, or a ratio.
fn is_value(text: &str) -> bool {
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    // `decimal::parse` reads what programs write, exponents among it; a promise is digits.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    is_ratio(text) || is_plain && decimal::parse(text, i16::try_from(decimals).unwrap_or(i16::MAX)).is_ok()
}

/// What is wrong with an expression: all that it names and nobody knows.
fn unreadable(registry: &Registry, text: &str, faults: &mut Faults) {
    let formula = match Formula::compile(text) {
        Ok(formula) => formula,
        Err(fault) => {
            let why = fault.placed();
            return faults.add("expression_form", "/expression", (why.zh, why.en), "", short(text));
        }
    };
    let strangers = formula
        .inputs()
        .iter()
        .filter(|input| input.indicator != PARTNERSHIPS && registry.indicators.get(&input.indicator).is_none());
    for input in strangers {
        let code = &input.indicator;
        let said = (format!("没有指标“{code}”"), format!("There is no indicator `{code}`"));
        faults.add("unknown_indicator", "/expression", said, "", code.as_str());
    }
    for filter in formula.counts() {
        if let Some(why) = judging::unknown_filter(filter) {
            faults.add("unknown_filter", "/expression", (why.zh, why.en), "", filter.as_str());
        }
    }
}

/// Replaces a target's row if it still is the one that was read.
async fn replace(ctx: &Ctx, db: &impl ConnectionTrait, old: &target::Model, new: &target::Model) -> Result<()> {
    use target::Column as C;
    let done = ctx
        .change::<target::Entity>()
        .col_expr(C::Label, Expr::value(new.label.clone()))
        .col_expr(C::LabelEn, Expr::value(new.label_en.clone()))
        .col_expr(C::Comparator, Expr::value(new.comparator.clone()))
        .col_expr(C::Value, Expr::value(new.value.clone()))
        .col_expr(C::Unit, Expr::value(new.unit.clone()))
        .col_expr(C::DueYear, Expr::value(new.due_year))
        .col_expr(C::Expression, Expr::value(new.expression.clone()))
        .col_expr(C::Source, Expr::value(new.source.clone()))
        .col_expr(C::IsAmended, Expr::value(new.is_amended))
        .col_expr(C::Version, Expr::value(new.version))
        .filter(C::Id.eq(old.id))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

async fn note(ctx: &Ctx, db: &impl ConnectionTrait, action: &'static str, row: &target::Model) -> Result<()> {
    let data = json!({
        "city": row.city_code.as_ref().map(|code| code.as_str()),
        "school": row.school_code.as_ref().map(|code| code.as_str()), "version": row.version,
    });
    journal::record(db, ctx, Event { action, object: row.id.to_string(), data, ..Event::default() }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_number_or_a_ratio() {
        for (text, is) in [
            ("50", true),
            ("-3.25", true),
            ("4:6", true),
            ("", false),
            ("4:0", false),
            ("1e3", false),
            ("1234567890123456", false),
            ("五", false),
        ] {
            assert_eq!(is_value(text), is, "{text}");
        }
    }
}

//! Tasks, targets, policies, printed figures of cities: what was promised, by whom, and until when.
//!
//! A document names its city in its targets; a task or policy belongs to the city of its document, unless a
//! column `city_code` of its own says another.

use std::collections::HashMap;

use chrono::{Months, NaiveDate};
use entity::{
    city_figure,
    ids::{CityCode, RowId},
    policy, target, task,
    words::{TaskSetter, TaskState},
};
use sea_orm::ConnectionTrait;

use super::{
    faults::Wrong,
    known::{Body, Known, Look},
    row::{Form, Kind, Row, filled},
};
use crate::{
    authz::{self, Actor},
    db::now,
    error::Result,
    formats::formula::Formula,
};

/// `tasks.csv`.
pub(super) struct Tasks;
/// `targets.csv`.
pub(super) struct Targets;
/// `target_expressions.csv`, beside the reference files: by what targets are judged.
pub(super) struct Expressions;
/// `policies.csv`.
pub(super) struct Policies;
/// `city_figures.csv`.
pub(super) struct CityFigures;

/// Files that older folders do not have.
pub(super) const MAY_BE_MISSING: [&str; 5] =
    [Tasks::FILE, Targets::FILE, Expressions::FILE, Policies::FILE, CityFigures::FILE];

/// The years that are years.
const YEARS: (i64, i64) = (1949, 2199);

/// The signs of a target.
pub(crate) const COMPARATORS: &[&str] = &["=", ">=", "<=", ">", "<", "~"];

const RATIO: Form = Form { like: "4:6", is: is_ratio };

/// Whether a text is a ratio of two numbers that are not zero, as in `4:6`.
pub(crate) fn is_ratio(text: &str) -> bool {
    let is_part = |part: &str| {
        (1..=9).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte != b'0')
    };
    text.split_once(':').is_some_and(|(one, other)| is_part(one) && is_part(other))
}

/// The document of a source: what stands before the first blank.
pub(super) fn document(source: &str) -> &str {
    source.split_whitespace().next().unwrap_or_default()
}

/// The year of a printed day of ending, and the last day of it: `2021年4月` ends with April, `2025年` with December.
/// Nothing where it has no year.
pub(crate) fn ending(due: &str) -> Option<(i16, NaiveDate)> {
    let (year, rest) = due.trim().split_once('年')?;
    let year: i16 = year.trim().parse().ok().filter(|year| (1949..=2199).contains(year))?;
    let rest = rest.trim();
    let month = match rest.strip_suffix('月') {
        Some(month) => month.trim().parse::<u32>().ok().filter(|month| (1..=12).contains(month))?,
        None if ["", "底", "年底", "末"].contains(&rest) => 12,
        None => return None,
    };
    Some((year, last_day(year, month)?))
}

/// The last day of a month.
pub(crate) fn last_day(year: i16, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::from(year), month, 1)?.checked_add_months(Months::new(1))?.pred_opt()
}

/// Its own city, or that of its document.
fn city(row: &mut Row<'_>, known: &Known) -> Option<Option<CityCode>> {
    if !row.cell("city_code").is_empty() {
        return row.refer("city_code", &known.cities).map(Some);
    }
    Some(known.city_of.get(document(row.cell("source"))).cloned().flatten())
}

impl Kind for Tasks {
    type Model = task::Model;
    const FILE: &'static str = "tasks";
    const COLUMNS: &'static [&'static str] =
        &["seq", "title_zh", "title_en", "departments_zh", "due", "due_year", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["seq", "source"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<task::Model> {
        row.whole::<i32>("seq", 1, 99_999);
        let city_code = city(row, known).and_then(|city| {
            // Where a file cannot be read as a whole, the city may stand in what is missing of it.
            if city.is_none() && known.is_certain_of_cities {
                row.fault("source", &Wrong::Unresolved("targets.csv"), "city_code");
            }
            city
        });
        let due = row.text("due");
        let ends = due.as_deref().map(|due| ends(row, due));
        let ends = ends.flatten();
        filled!(task::Model {
            id: row.id(&["seq", "source"]),
            position: row.position(),
            city_code,
            school_code: Some(None),
            department: Some(None),
            title: row.text("title_zh"),
            title_en: row.maybe_text("title_en"),
            departments: departments(row),
            due,
            due_year: ends.map(|ends| ends.map(|(year, _)| year)),
            due_on: ends.map(|ends| ends.map(|(_, day)| day)),
            set_by: Some(TaskSetter::City),
            source: row.text("source").map(Some),
            state: Some(TaskState::Open),
            is_amended: Some(false),
            version: Some(1),
            created_at: Some(now()),
            updated_at: Some(now()),
        })
    }
}

/// When a task ends: by the printed day, or by the year alone; it never ends where neither says one.
fn ends(row: &mut Row<'_>, due: &str) -> Option<Option<(i16, NaiveDate)>> {
    let said = ending(due);
    if row.cell("due_year").is_empty() {
        if said.is_some() {
            row.contradiction("due_year", "due 中有年份，此处应填该年", "must be the year that `due` names");
            return None;
        }
        return Some(None);
    }
    let year = row.whole::<i16>("due_year", YEARS.0, YEARS.1)?;
    match said {
        Some((other, _)) if other != year => {
            row.contradiction("due_year", "与 due 中的年份不一致", "is not the year that `due` names");
            None
        }
        Some(said) => Some(Some(said)),
        None => Some(Some((year, last_day(year, 12)?))),
    }
}

/// Names with bars between them, none of them empty.
fn departments(row: &mut Row<'_>) -> Option<String> {
    let text = row.text("departments_zh")?;
    if text.split('|').any(|name| name.trim().is_empty()) {
        row.fault("departments_zh", &Wrong::Form, "市教育局|市财政局");
        return None;
    }
    Some(text)
}

impl Kind for Targets {
    type Model = target::Model;
    const FILE: &'static str = "targets";
    const COLUMNS: &'static [&'static str] =
        &["owner_name_zh", "owner_type", "label_zh", "label_en", "comparator", "value", "unit", "due_year", "source"];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<target::Model> {
        let name = row.text("owner_name_zh");
        let owner = name.as_deref().map(|name| owner(row.cell("owner_type"), name, known)).unwrap_or_default();
        let value = if row.cell("value").contains(':') { row.form("value", RATIO) } else { row.printed("value") };
        let due_year = if row.cell("due_year").is_empty() {
            Some(None)
        } else {
            row.whole::<i16>("due_year", YEARS.0, YEARS.1).map(Some)
        };
        let key = (row.cell("source").to_owned(), row.cell("label_zh").to_owned());
        filled!(target::Model {
            id: row.id(&["owner_name_zh", "label_zh", "label_en", "comparator", "source"]),
            position: row.position(),
            owner_name: name,
            owner_type: row.text("owner_type"),
            city_code: Some(owner.0),
            school_code: Some(owner.1),
            label: row.text("label_zh"),
            label_en: row.maybe_text("label_en"),
            comparator: row.one_of("comparator", COMPARATORS),
            value,
            unit: row.maybe_text("unit"),
            due_year,
            expression: Some(known.expressions.get(&key).cloned()),
            source: row.text("source"),
            value_printed: row.maybe_text("value_printed"),
            is_amended: Some(false),
            version: Some(1),
        })
    }
}

type Owner = (Option<CityCode>, Option<entity::ids::SchoolCode>);

/// What an owner is in the registry. One that is not there stays as it is printed.
fn owner(kind: &str, name: &str, known: &Known) -> Owner {
    match kind {
        "city" => (known.city_named.get(name).cloned(), None),
        "school" => match known.bodies.look(name) {
            Look::There(Body::School(code)) => (None, Some(code)),
            _ => (None, None),
        },
        _ => (None, None),
    }
}

impl Kind for Expressions {
    /// Source, label, expression.
    type Model = (String, String, String);
    const FILE: &'static str = "target_expressions";
    const COLUMNS: &'static [&'static str] = &["source", "label_zh", "expression"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["source", "label_zh"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<Self::Model> {
        let (source, label) = (row.text("source"), row.text("label_zh"));
        if let (Some(source), Some(label)) = (&source, &label)
            && known.promised.as_ref().is_some_and(|all| !all.contains(&(source.clone(), label.clone())))
        {
            row.fault("label_zh", &Wrong::Unresolved("targets.csv"), "");
            return None;
        }
        let expression = expression(row, known);
        Some((source?, label?, expression?))
    }
}

/// An expression that yields a figure of what is known.
fn expression(row: &mut Row<'_>, known: &Known) -> Option<String> {
    let text = row.text("expression")?;
    let formula = match Formula::compile(&text) {
        Ok(formula) => formula,
        Err(fault) => {
            row.fault("expression", &Wrong::Together(fault.placed()), "");
            return None;
        }
    };
    let mut is_good = true;
    for input in formula.inputs() {
        let is_known = input.indicator == crate::domain::targets::PARTNERSHIPS
            || !matches!(known.indicators.look(&input.indicator), Look::Nowhere);
        if !is_known {
            row.fault_of("expression", &Wrong::Unresolved(known.indicators.file), "", &input.indicator);
            is_good = false;
        }
    }
    is_good.then_some(text)
}

impl Kind for Policies {
    type Model = policy::Model;
    const FILE: &'static str = "policies";
    const COLUMNS: &'static [&'static str] = &["seq", "content_zh", "content_en", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["seq", "source"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<policy::Model> {
        row.whole::<i32>("seq", 1, 99_999);
        filled!(policy::Model {
            id: row.id(&["seq", "source"]),
            position: row.position(),
            city_code: city(row, known),
            content: row.text("content_zh"),
            content_en: row.maybe_text("content_en"),
            source: row.text("source"),
        })
    }
}

impl Kind for CityFigures {
    type Model = city_figure::Model;
    const FILE: &'static str = "city_figures";
    const COLUMNS: &'static [&'static str] =
        &["city_code", "key", "label_zh", "label_en", "unit", "period", "value", "source"];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<city_figure::Model> {
        filled!(city_figure::Model {
            id: row.id(&["city_code", "key", "label_zh", "source"]),
            position: row.position(),
            city_code: row.refer("city_code", &known.cities),
            key: row.text("key"),
            label: row.text("label_zh"),
            label_en: row.maybe_text("label_en"),
            unit: row.text("unit"),
            period: row.maybe_text("period"),
            value: row.printed("value"),
            qualifier: row.maybe_text("qualifier_zh"),
            source: row.text("source"),
        })
    }
}

/// What the tasks of a file become beside those that are there: where they stand stays as it is, and so does what
/// an official has said of them.
pub(super) async fn settle_tasks(db: &impl ConnectionTrait, rows: Vec<task::Model>) -> Result<Vec<task::Model>> {
    let there = authz::visible::<task::Entity>(&Actor::system("load")).all(db).await?;
    let there: HashMap<RowId, task::Model> = there.into_iter().map(|row| (row.id, row)).collect();
    let settled = |row: task::Model| {
        let Some(old) = there.get(&row.id) else { return row };
        if old.is_amended {
            return old.clone();
        }
        let same = task::Model {
            school_code: old.school_code.clone(),
            department: old.department.clone(),
            set_by: old.set_by,
            state: old.state,
            is_amended: old.is_amended,
            version: old.version,
            created_at: old.created_at,
            updated_at: old.updated_at,
            ..row
        };
        if same == *old { same } else { task::Model { version: old.version + 1, updated_at: now(), ..same } }
    };
    Ok(rows.into_iter().map(settled).collect())
}

/// The same of targets.
pub(super) async fn settle_targets(db: &impl ConnectionTrait, rows: Vec<target::Model>) -> Result<Vec<target::Model>> {
    let there = authz::whole::<target::Entity>().all(db).await?;
    let there: HashMap<RowId, target::Model> = there.into_iter().map(|row| (row.id, row)).collect();
    let settled = |row: target::Model| {
        let Some(old) = there.get(&row.id) else { return row };
        if old.is_amended {
            return old.clone();
        }
        let same = target::Model { version: old.version, ..row };
        if same == *old { same } else { target::Model { version: old.version + 1, ..same } }
    };
    Ok(rows.into_iter().map(settled).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_day_of_ending_is_the_last_day_of_its_month_or_year() {
        for (due, is) in [
            ("2021年4月", Some((2021, "2021-04-30"))),
            ("2024年2月", Some((2024, "2024-02-29"))),
            ("2021年12月", Some((2021, "2021-12-31"))),
            ("2025年", Some((2025, "2025-12-31"))),
            ("2025年底", Some((2025, "2025-12-31"))),
            ("长期坚持", None),
            ("2021年13月", None),
            ("年", None),
            ("", None),
            ("99999年", None),
        ] {
            let is = is.map(|(year, day)| (year, day.parse().unwrap()));
            assert_eq!(ending(due), is, "{due}");
        }
    }

    #[test]
    fn a_ratio_has_two_numbers() {
        for (text, is) in [
            ("4:6", true),
            ("50:50", true),
            ("4:", false),
            (":6", false),
            ("4:0", false),
            ("4:6:1", false),
            ("a:b", false),
        ] {
            assert_eq!(is_ratio(text), is, "{text}");
        }
    }
}

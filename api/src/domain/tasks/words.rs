//! What is said of a task when it is set or changed, and everything that may be wrong with it.

use chrono::{Datelike, NaiveDate};
use entity::{
    ids::{CityCode, RowId, SchoolCode},
    task,
    words::{TaskSetter, TaskState},
};
use uuid::Uuid;

use crate::{
    authz::Role,
    ctx::Ctx,
    domain::{
        load::pledges::{ending, last_day},
        reviews::{said, unfit},
    },
    error::{Error, Finding, Result, Text},
    memory::registry::Registry,
};

/// The words of a task without an end.
pub(super) const STANDING: &str = "长期坚持";

/// The most departments that a task names.
const MAX_DEPARTMENTS: usize = 30;

/// A task to set.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// Whose list; a city's own, or the city of the school, where nothing is said.
    pub city: Option<String>,
    /// The school that is to do it.
    pub school: Option<String>,
    /// The department of the city that is to do it.
    pub department: Option<String>,
    /// What is to be done.
    pub title: String,
    /// In English.
    pub title_en: Option<String>,
    /// The departments that are named.
    pub departments: Vec<String>,
    /// As printed: `2026年6月`, `2026年`, `长期坚持`.
    pub due: Option<String>,
    /// The last day in time, like `2026-06-30`.
    pub due_on: Option<String>,
}

/// What is to be different; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The school that is to do it; the inner nothing gives it to the city.
    pub school: Option<Option<String>>,
    /// The department of the city; the inner nothing gives it to the city.
    pub department: Option<Option<String>>,
    /// What is to be done.
    pub title: Option<String>,
    /// In English.
    pub title_en: Option<Option<String>>,
    /// The departments that are named.
    pub departments: Option<Vec<String>>,
    /// As printed; the day follows from it where none is said with it.
    pub due: Option<String>,
    /// The last day in time; what is printed follows from it where nothing is said with it.
    pub due_on: Option<String>,
}

impl New {
    /// The task that it says, without what its setting adds.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub(super) fn read(self, ctx: &Ctx, registry: &Registry) -> Result<task::Model> {
        let mut faults = Vec::new();
        let school = self.school.as_deref().and_then(|code| school(code, registry, &mut faults));
        let own = (ctx.actor.role == Role::City).then(|| ctx.actor.org().to_owned());
        let city = match (&self.city, &school, own) {
            (Some(code), ..) => city(code, registry, &mut faults),
            (None, Some((_, city)), _) => Some(city.clone()),
            (None, None, Some(own)) => Some(CityCode(own)),
            (None, None, None) => {
                if self.school.is_none() {
                    let text = Text::new("应说明属于哪个市", "Say whose city's list it is for");
                    faults.push(Finding::error("missing_city", "/city", text));
                }
                None
            }
        };
        if let (Some(city), Some((_, other))) = (&city, &school)
            && city != other
        {
            faults.push(elsewhere());
        }
        one_assignee(self.school.is_some(), self.department.is_some(), &mut faults);
        text("/title", &self.title, &mut faults);
        maybe_text("/title_en", self.title_en.as_deref(), &mut faults);
        maybe_text("/department", self.department.as_deref(), &mut faults);
        let departments = departments(&self.departments, &mut faults);
        let due = due(self.due.as_deref(), self.due_on.as_deref(), &mut faults);
        let (true, Some(city), Some(due)) = (faults.is_empty(), city, due) else {
            return Err(Error::Invalid(faults));
        };
        Ok(task::Model {
            id: RowId(Uuid::nil()),
            position: 0,
            city_code: city,
            school_code: school.map(|(code, _)| code),
            department: self.department,
            title: self.title,
            title_en: self.title_en,
            departments,
            due: due.0,
            due_year: due.1.map(|(year, _)| year),
            due_on: due.1.map(|(_, day)| day),
            set_by: TaskSetter::Province,
            source: None,
            state: TaskState::Open,
            is_amended: false,
            version: 1,
            created_at: ctx.actor.at,
            updated_at: ctx.actor.at,
        })
    }
}

impl Change {
    /// The task with what is to be different.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub(super) fn apply(self, _ctx: &Ctx, registry: &Registry, old: &task::Model) -> Result<task::Model> {
        let mut faults = Vec::new();
        let mut row = old.clone();
        match self.school.as_ref().map(Option::as_deref) {
            None => {}
            Some(None) => row.school_code = None,
            Some(Some(code)) => {
                if let Some((code, city)) = school(code, registry, &mut faults) {
                    if city != old.city_code {
                        faults.push(elsewhere());
                    }
                    row.school_code = Some(code);
                }
            }
        }
        if let Some(department) = self.department {
            maybe_text("/department", department.as_deref(), &mut faults);
            row.department = department;
        }
        one_assignee(row.school_code.is_some(), row.department.is_some(), &mut faults);
        if let Some(title) = self.title {
            text("/title", &title, &mut faults);
            row.title = title;
        }
        if let Some(title) = self.title_en {
            maybe_text("/title_en", title.as_deref(), &mut faults);
            row.title_en = title;
        }
        if let Some(names) = self.departments {
            row.departments = departments(&names, &mut faults);
        }
        if (self.due.is_some() || self.due_on.is_some())
            && let Some((said, ends)) = due(self.due.as_deref(), self.due_on.as_deref(), &mut faults)
        {
            row.due = said;
            row.due_year = ends.map(|(year, _)| year);
            row.due_on = ends.map(|(_, day)| day);
        }
        if faults.is_empty() { Ok(row) } else { Err(Error::Invalid(faults)) }
    }
}

fn school(code: &str, registry: &Registry, faults: &mut Vec<Finding>) -> Option<(SchoolCode, CityCode)> {
    let found = registry.schools.get(code).map(|school| (school.code.clone(), school.city_code.clone()));
    if found.is_none() {
        let (zh, en) = (format!("没有学校“{code}”"), format!("There is no school `{code}`"));
        faults.push(Finding::error("unknown_school", "/school", Text::new(zh, en)));
    }
    found
}

pub(in crate::domain) fn city(code: &str, registry: &Registry, faults: &mut Vec<Finding>) -> Option<CityCode> {
    let found = registry.cities.get(code).map(|city| city.code.clone());
    if found.is_none() {
        let (zh, en) = (format!("没有市州“{code}”"), format!("There is no city `{code}`"));
        faults.push(Finding::error("unknown_city", "/city", Text::new(zh, en)));
    }
    found
}

fn elsewhere() -> Finding {
    let text = Text::new("这所学校不在该市", "The school is not in that city");
    Finding::error("school_elsewhere", "/school", text)
}

fn one_assignee(has_school: bool, has_department: bool, faults: &mut Vec<Finding>) {
    if has_school && has_department {
        let text = Text::new("任务只能交给学校或部门之一", "A task is given to a school or to a department, not to both");
        faults.push(Finding::error("two_assignees", "/department", text));
    }
}

/// A text that must be there and may be stored.
pub(in crate::domain) fn text(at: &str, text: &str, faults: &mut Vec<Finding>) {
    if text.trim().is_empty() {
        faults.push(Finding::error("empty_text", at, Text::new("不能为空", "must not be empty")));
        return;
    }
    faults.extend(unfit(at, text));
}

pub(in crate::domain) fn maybe_text(at: &str, said: Option<&str>, faults: &mut Vec<Finding>) {
    if let Some(said) = said {
        text(at, said, faults);
    }
}

/// A reason, which must be there.
pub(super) fn reason(at: &str, text: &str, faults: &mut Vec<Finding>) {
    faults.extend(said(at, text));
}

fn departments(names: &[String], faults: &mut Vec<Finding>) -> String {
    if names.len() > MAX_DEPARTMENTS {
        let text = Text::new(
            format!("部门不超过 {MAX_DEPARTMENTS} 个"),
            format!("At most {MAX_DEPARTMENTS} departments are named"),
        );
        let finding = Finding::error("too_many", "/departments", text);
        faults.push(finding.with(format!("≤ {MAX_DEPARTMENTS}"), names.len().to_string()));
    }
    for (at, name) in names.iter().enumerate() {
        let pointer = format!("/departments/{at}");
        text(&pointer, name, faults);
        if name.contains('|') {
            let text = Text::new("部门名称中不能有竖线", "A department's name has no bar in it");
            faults.push(Finding::error("bar_in_name", pointer, text));
        }
    }
    names.join("|")
}

type Ends = Option<(i16, NaiveDate)>;

/// When a task ends: as printed, and the day; nothing after a fault.
fn due(printed: Option<&str>, day: Option<&str>, faults: &mut Vec<Finding>) -> Option<(String, Ends)> {
    let read = |day: &str| {
        let date = day.parse::<NaiveDate>().ok();
        let date = date.filter(|date| date.to_string() == day && (1949..=2199).contains(&date.year()))?;
        Some((i16::try_from(date.year()).ok()?, date))
    };
    let day = match day.map(|day| (day, read(day))) {
        None => None,
        Some((_, Some(date))) => Some(date),
        Some((day, None)) => {
            let said = Text::new("日期应如 2026-12-31", "A day is written like 2026-12-31");
            faults.push(Finding::error("day_form", "/due_on", said).with("YYYY-MM-DD", day));
            return None;
        }
    };
    let Some(printed) = printed.map(str::trim) else {
        let Some((year, date)) = day else {
            let text = Text::new(
                "应说明期限：due（如 2026年6月、长期坚持）或 due_on（如 2026-06-30）",
                "Say until when: `due` (as in 2026年6月, 长期坚持) or `due_on` (as in 2026-06-30)",
            );
            faults.push(Finding::error("missing_due", "/due", text));
            return None;
        };
        return Some((date.to_string(), Some((year, date))));
    };
    faults.extend(unfit("/due", printed));
    let said = ending(printed).or_else(|| read(printed));
    match (said, day) {
        (None, None) if printed == STANDING => Some((printed.to_owned(), None)),
        (None, None) => {
            let text = Text::new(
                "期限应如 2026年6月、2026年、2026-06-30 或 长期坚持",
                "A day of ending is written like 2026年6月, 2026年, 2026-06-30 or 长期坚持",
            );
            faults.push(Finding::error("due_form", "/due", text).with("2026年6月", printed));
            None
        }
        (None, Some(_)) if printed == STANDING => {
            faults.push(apart());
            None
        }
        (Some((_, end)), Some((_, day))) if end != day => {
            faults.push(apart());
            None
        }
        (said, day) => Some((printed.to_owned(), day.or(said))),
    }
}

fn apart() -> Finding {
    let text = Text::new("due 与 due_on 不一致", "`due` and `due_on` say different days");
    Finding::error("due_apart", "/due_on", text)
}

/// Whether a year can be evaluated, and its last day.
pub(super) fn year(at: &str, year: i16, today: NaiveDate, faults: &mut Vec<Finding>) -> Option<NaiveDate> {
    let end = last_day(year, 12).filter(|_| (1949..=2199).contains(&year));
    if end.is_none() || i32::from(year) > today.year() {
        let text = Text::new("不能考核尚未开始的年度", "A year that has not begun is not evaluated");
        let finding = Finding::error("year_ahead", at, text);
        faults.push(finding.with(format!("1949–{}", today.year()), year.to_string()));
        return None;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_printed_or_a_day_and_both_say_the_same() {
        let read = |printed: Option<&str>, day: Option<&str>| {
            let mut faults = Vec::new();
            let due = due(printed, day, &mut faults);
            assert_eq!(due.is_none(), !faults.is_empty());
            due.map(|(said, ends)| (said, ends.map(|(year, day)| (year, day.to_string()))))
                .ok_or_else(|| faults.into_iter().map(|one| one.code).collect::<Vec<_>>())
        };
        let ends = |said: &str, year, day: &str| Ok((said.to_owned(), Some((year, day.to_owned()))));
        assert_eq!(read(Some("2026年6月"), None), ends("2026年6月", 2026, "2026-06-30"));
        assert_eq!(read(Some("2026年6月"), Some("2026-06-30")), ends("2026年6月", 2026, "2026-06-30"));
        assert_eq!(read(None, Some("2026-06-15")), ends("2026-06-15", 2026, "2026-06-15"));
        // Words of one's own, with a day.
        assert_eq!(read(Some("开学前"), Some("2026-08-31")), ends("开学前", 2026, "2026-08-31"));
        assert_eq!(read(Some("长期坚持"), None), Ok(("长期坚持".to_owned(), None)));
        for (printed, day, code) in [
            (None, None, "missing_due"),
            (Some("明年"), None, "due_form"),
            (Some("2026年6月"), Some("2026-06-29"), "due_apart"),
            (Some("长期坚持"), Some("2026-06-29"), "due_apart"),
            (None, Some("2026-6-29"), "day_form"),
            (None, Some("2026-02-30"), "day_form"),
        ] {
            assert_eq!(read(printed, day), Err(vec![code.to_owned()]), "{printed:?} {day:?}");
        }
    }
}

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
        faults::{Faults, MAX_PROSE},
        load::pledges::{ending, last_day},
    },
    error::{Error, Result},
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
        let mut faults = Faults::default();
        let school = self.school.as_deref().and_then(|code| school(code, registry, &mut faults));
        let own = (ctx.actor.role == Role::City).then(|| ctx.actor.org().to_owned());
        let city = match (&self.city, &school, own) {
            (Some(code), ..) => city(code, registry, &mut faults),
            (None, Some((_, city)), _) => Some(city.clone()),
            (None, None, Some(own)) => Some(CityCode(own)),
            (None, None, None) => {
                if self.school.is_none() {
                    faults.missing("/city");
                }
                None
            }
        };
        if let (Some(city), Some((_, other))) = (&city, &school)
            && city != other
        {
            elsewhere(&mut faults);
        }
        one_assignee(self.school.is_some(), self.department.is_some(), &mut faults);
        text("/title", &self.title, &mut faults);
        maybe_text("/title_en", self.title_en.as_deref(), &mut faults);
        maybe_text("/department", self.department.as_deref(), &mut faults);
        let departments = departments(&self.departments, &mut faults);
        let due = due(self.due.as_deref(), self.due_on.as_deref(), &mut faults);
        faults.verdict()?;
        let (Some(city), Some(due)) = (city, due) else {
            return Err(Error::internal("a task without a fault or a city"));
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
        let mut faults = Faults::default();
        let mut row = old.clone();
        match self.school.as_ref().map(Option::as_deref) {
            None => {}
            Some(None) => row.school_code = None,
            Some(Some(code)) => {
                if let Some((code, city)) = school(code, registry, &mut faults) {
                    if city != old.city_code {
                        elsewhere(&mut faults);
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
        faults.verdict()?;
        Ok(row)
    }
}

fn school(code: &str, registry: &Registry, faults: &mut Faults) -> Option<(SchoolCode, CityCode)> {
    let found = registry.schools.get(code).map(|school| (school.code.clone(), school.city_code.clone()));
    if found.is_none() {
        let said = (format!("没有学校“{code}”"), format!("There is no school `{code}`"));
        faults.add("unknown_school", "/school", said, "", code);
    }
    found
}

pub(in crate::domain) fn city(code: &str, registry: &Registry, faults: &mut Faults) -> Option<CityCode> {
    let found = registry.cities.get(code).map(|city| city.code.clone());
    if found.is_none() {
        let said = (format!("没有市州“{code}”"), format!("There is no city `{code}`"));
        faults.add("unknown_city", "/city", said, "", code);
    }
    found
}

pub(super) fn elsewhere(faults: &mut Faults) {
    faults.add("school_elsewhere", "/school", ("这所学校不在该市", "The school is not in that city"), "", "");
}

fn one_assignee(has_school: bool, has_department: bool, faults: &mut Faults) {
    if has_school && has_department {
        let said = ("任务只能交给学校或部门之一", "A task is given to a school or to a department, not to both");
        faults.add("two_assignees", "/department", said, "", "");
    }
}

/// A text that must be there.
pub(in crate::domain) fn text(at: &str, text: &str, faults: &mut Faults) {
    faults.prose(at, text, MAX_PROSE, true);
}

/// A text that may be missing, and says something where it is there.
pub(in crate::domain) fn maybe_text(at: &str, said: Option<&str>, faults: &mut Faults) {
    if let Some(said) = said {
        text(at, said, faults);
    }
}

fn departments(names: &[String], faults: &mut Faults) -> String {
    if names.len() > MAX_DEPARTMENTS {
        let said =
            (format!("部门不超过 {MAX_DEPARTMENTS} 个"), format!("At most {MAX_DEPARTMENTS} departments are named"));
        faults.add("too_many", "/departments", said, format!("≤ {MAX_DEPARTMENTS}"), names.len().to_string());
    }
    for (at, name) in names.iter().enumerate() {
        let pointer = format!("/departments/{at}");
        text(&pointer, name, faults);
        if name.contains('|') {
            faults.add(
                "bar_in_name",
                &pointer,
                ("部门名称中不能有竖线", "A department's name has no bar in it"),
                "",
                name,
            );
        }
    }
    names.join("|")
}

type Ends = Option<(i16, NaiveDate)>;

/// When a task ends: as printed, and the day; nothing after a fault.
fn due(printed: Option<&str>, day: Option<&str>, faults: &mut Faults) -> Option<(String, Ends)> {
    let read = |day: &str| {
        let date = day.parse::<NaiveDate>().ok();
        let date = date.filter(|date| date.to_string() == day && (1949..=2199).contains(&date.year()))?;
        Some((i16::try_from(date.year()).ok()?, date))
    };
    let day = match day.map(|day| (day, read(day))) {
        None => None,
        Some((_, Some(date))) => Some(date),
        Some((day, None)) => {
            let said = ("日期应如 2026-12-31", "A day is written like 2026-12-31");
            faults.add("day_form", "/due_on", said, "YYYY-MM-DD", day);
            return None;
        }
    };
    let Some(printed) = printed.map(str::trim) else {
        let Some((year, date)) = day else {
            let said = (
                "应说明期限：due（如 2026年6月、长期坚持）或 due_on（如 2026-06-30）",
                "Say until when: `due` (as in 2026年6月, 长期坚持) or `due_on` (as in 2026-06-30)",
            );
            faults.add("missing_due", "/due", said, "", "");
            return None;
        };
        return Some((date.to_string(), Some((year, date))));
    };
    text("/due", printed, faults);
    let said = ending(printed).or_else(|| read(printed));
    match (said, day) {
        (None, None) if printed == STANDING => Some((printed.to_owned(), None)),
        (None, None) => {
            let said = (
                "期限应如 2026年6月、2026年、2026-06-30 或 长期坚持",
                "A day of ending is written like 2026年6月, 2026年, 2026-06-30 or 长期坚持",
            );
            faults.add("due_form", "/due", said, "2026年6月", printed.chars().take(100).collect::<String>());
            None
        }
        (None, Some(_)) if printed == STANDING => {
            apart(faults);
            None
        }
        (Some((_, end)), Some((_, day))) if end != day => {
            apart(faults);
            None
        }
        (said, day) => Some((printed.to_owned(), day.or(said))),
    }
}

fn apart(faults: &mut Faults) {
    faults.add("due_apart", "/due_on", ("due 与 due_on 不一致", "`due` and `due_on` say different days"), "", "");
}

/// Whether a year can be evaluated, and its last day.
pub(super) fn year(at: &str, year: i16, today: NaiveDate, faults: &mut Faults) -> Option<NaiveDate> {
    let end = last_day(year, 12).filter(|_| (1949..=2199).contains(&year));
    if end.is_none() || i32::from(year) > today.year() {
        let said = ("不能考核尚未开始的年度", "A year that has not begun is not evaluated");
        faults.add("year_ahead", at, said, format!("1949–{}", today.year()), year.to_string());
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
            let mut faults = Faults::default();
            let due = due(printed, day, &mut faults);
            let codes = match faults.verdict() {
                Ok(()) => Vec::new(),
                Err(Error::Invalid(found)) => found.into_iter().map(|one| one.code).collect(),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(due.is_none(), !codes.is_empty());
            due.map(|(said, ends)| (said, ends.map(|(year, day)| (year, day.to_string())))).ok_or(codes)
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

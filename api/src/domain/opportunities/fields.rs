//! What an opportunity may say: every finding at once.

use chrono::{Datelike, Months, NaiveDate};
use entity::{
    opportunity,
    words::{OpportunityKind, OpportunitySide},
};
use serde_json::json;

use super::{listed, local_day, unknown};
use crate::{
    ctx::Ctx,
    domain::{plain_text, reviews::unfit},
    error::{Error, Finding, Result, Text},
};

/// The longest title, in characters.
const LONGEST_TITLE: usize = 120;
/// The longest word of a major, name of an industry or of a department.
const LONGEST_WORD: usize = 80;
/// The most majors, as codes and as words.
const MOST_MAJORS: usize = 20;
/// The largest headcount.
const MOST_HEADS: i64 = 100_000;
/// How many years ahead something may stand.
const YEARS_AHEAD: u32 = 3;

/// How an office is reached. Never a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The office.
    pub department: Option<String>,
    /// Its telephone: a landline.
    pub telephone: Option<String>,
    /// Its e-mail.
    pub email: Option<String>,
}

/// An opportunity as it is stated, whole.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// A word of the list of kinds.
    pub kind: String,
    /// `supply` or `demand`.
    pub side: String,
    /// What it is called.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where, by code; the owner's city where nothing is said.
    pub city: Option<String>,
    /// Six-digit codes of majors.
    pub majors: Vec<String>,
    /// Majors in free words.
    pub major_words: Vec<String>,
    /// The industry, in free words.
    pub industry: Option<String>,
    /// How many.
    pub headcount: Option<i64>,
    /// The last day on which it stands, as in `2026-12-31`.
    pub valid_until: String,
    /// How its owner is reached.
    pub contact: Contact,
}

/// The contact of a row.
pub fn contact_of(row: &opportunity::Model) -> Contact {
    Contact {
        department: row.contact_department.clone(),
        telephone: row.contact_telephone.clone(),
        email: row.contact_email.clone(),
    }
}

pub(super) fn unknown_kind(got: &str) -> Finding {
    let all: Vec<&str> = OpportunityKind::ALL.iter().map(|kind| kind.word()).collect();
    unknown("opportunity_kind", "/kind", got, &all)
}

pub(super) fn unknown_side(got: &str) -> Finding {
    let all: Vec<&str> = OpportunitySide::ALL.iter().map(|side| side.word()).collect();
    unknown("opportunity_side", "/side", got, &all)
}

fn too_long(at: &str, text: &str, most: usize) -> Option<Finding> {
    let length = text.chars().count();
    (length > most).then(|| {
        let said = Text::new(format!("文字超过 {most} 字"), format!("More than {most} characters"));
        Finding::error("too_long", at, said).with(format!("≤ {most}"), length.to_string())
    })
}

/// What a text from outside may not be: too long, unreadable, somebody's number.
fn free(at: &str, text: &str, most: usize) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(unfit(at, text));
    if found.is_empty() {
        found.extend(too_long(at, text, most));
    }
    found.extend(plain_text::personal(at, text));
    found
}

/// The same of a text that everybody or the other side reads at once: a contact in it would be told too early.
pub(in crate::domain) fn open_text(at: &str, text: &str, most: usize) -> Vec<Finding> {
    let mut found = free(at, text, most);
    if found.is_empty() && tells_contact(text) {
        let said = Text::new(
            "请勿在此写电话或邮箱：联系方式只在双方均同意后显示，请填写在 contact 中",
            "No telephone or e-mail here: a contact is told once both sides have said yes, and stands in `contact`",
        );
        found.push(Finding::error("contact_in_text", at, said));
    }
    found
}

/// Whether a text holds something of the shape of an e-mail address or of a telephone: seven digits on end.
fn tells_contact(text: &str) -> bool {
    let is_digit = |letter: &char| letter.is_ascii_digit() || ('０'..='９').contains(letter);
    let mut run = 0_usize;
    text.chars().any(|letter| {
        run = if is_digit(&letter) { run + 1 } else { 0 };
        run >= 7 || letter == '@' || letter == '＠'
    })
}

/// A landline as it is written here: digits with blanks, hyphens, brackets and a plus between.
fn telephone(at: &str, text: &str) -> Option<Finding> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_good = (7..=20).contains(&digits)
        && text.chars().all(|letter| letter.is_ascii_digit() || " -+()".contains(letter));
    (!is_good).then(|| {
        let said = Text::new("办公电话应如 0931-1234567", "An office's telephone is written like 0931-1234567");
        Finding::error("telephone_form", at, said).with("0931-1234567", "")
    })
}

fn email(at: &str, text: &str) -> Option<Finding> {
    let is_good = match text.split_once('@') {
        Some((name, host)) => {
            !name.is_empty()
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
                && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "@._+-".contains(letter))
                && text.matches('@').count() == 1
        }
        None => false,
    };
    (!is_good).then(|| {
        let said = Text::new("邮箱应如 office@example.org", "An e-mail is written like office@example.org");
        Finding::error("email_form", at, said).with("office@example.org", "")
    })
}

/// What is wrong with a contact.
pub(in crate::domain) fn contact(contact: &Contact) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(text) = &contact.department {
        found.extend(free("/contact/department", text, LONGEST_WORD));
    }
    if let Some(text) = &contact.telephone {
        let wrong = free("/contact/telephone", text, LONGEST_WORD);
        found.extend(if wrong.is_empty() { telephone("/contact/telephone", text).into_iter().collect() } else { wrong });
    }
    if let Some(text) = &contact.email {
        let wrong = free("/contact/email", text, LONGEST_WORD);
        found.extend(if wrong.is_empty() { email("/contact/email", text).into_iter().collect() } else { wrong });
    }
    if contact.telephone.is_none() && contact.email.is_none() {
        let said = Text::new("请给出办公电话或邮箱", "Give an office's telephone or e-mail");
        found.push(Finding::error("contact_missing", "/contact", said));
    }
    found
}

fn day(at: &str, text: &str) -> Result<NaiveDate, Finding> {
    let day = text.parse::<NaiveDate>().ok();
    let day = day.filter(|day| day.to_string() == text && (1949..=2199).contains(&day.year()));
    day.ok_or_else(|| {
        let said = Text::new("日期应如 2026-12-31", "A day is written like 2026-12-31");
        Finding::error("day_form", at, said).with("YYYY-MM-DD", text)
    })
}

fn majors(codes: &[String], words: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, many) in [("/majors", codes.len()), ("/major_words", words.len())] {
        if many > MOST_MAJORS {
            let said = Text::new(format!("最多 {MOST_MAJORS} 个"), format!("At most {MOST_MAJORS}"));
            found.push(Finding::error("too_many", at, said).with(format!("≤ {MOST_MAJORS}"), many.to_string()));
        }
    }
    for (number, code) in codes.iter().enumerate().take(MOST_MAJORS) {
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            let said = Text::new("专业代码为六位数字", "A major's code has six digits");
            found.push(Finding::error("major_form", format!("/majors/{number}"), said).with("460104", code.as_str()));
        }
    }
    for (number, word) in words.iter().enumerate().take(MOST_MAJORS) {
        found.extend(open_text(&format!("/major_words/{number}"), word, LONGEST_WORD));
    }
    found
}

fn missing(at: &str) -> Finding {
    Finding::error("missing", at, Text::new("必须填写", "This must be given"))
}

/// A row with what was stated, or everything that is wrong with it.
///
/// # Errors
/// 422.
pub fn filled(ctx: &Ctx, new: New, row: opportunity::Model) -> Result<opportunity::Model> {
    let mut faults = Vec::new();
    let kind = OpportunityKind::of(&new.kind);
    if kind.is_none() {
        faults.push(unknown_kind(&new.kind));
    }
    let side = OpportunitySide::of(&new.side);
    if side.is_none() {
        faults.push(unknown_side(&new.side));
    }
    if new.title.trim().is_empty() {
        faults.push(missing("/title"));
    }
    faults.extend(open_text("/title", &new.title, LONGEST_TITLE));
    faults.extend(open_text("/text", &new.text, usize::MAX));
    if let Some(code) = &new.city
        && ctx.memory.registry().cities.get(code).is_none()
    {
        let said = Text::new(format!("没有市州“{code}”"), format!("There is no city `{code}`"));
        faults.push(Finding::error("unknown_city", "/city", said));
    }
    faults.extend(majors(&new.majors, &new.major_words));
    if let Some(text) = &new.industry {
        faults.extend(open_text("/industry", text, LONGEST_WORD));
    }
    let headcount = match new.headcount {
        Some(count) if !(1..=MOST_HEADS).contains(&count) => {
            let said = Text::new(
                format!("人数应在 1 到 {MOST_HEADS} 之间"),
                format!("A headcount lies between 1 and {MOST_HEADS}"),
            );
            faults.push(Finding::error("headcount", "/headcount", said).with(format!("1..={MOST_HEADS}"), count.to_string()));
            None
        }
        count => count.and_then(|count| i32::try_from(count).ok()),
    };
    let today = local_day(ctx.actor.at);
    let last = today.checked_add_months(Months::new(12 * YEARS_AHEAD)).unwrap_or(today);
    let valid_until = match day("/valid_until", &new.valid_until) {
        Ok(day) if !(today..=last).contains(&day) => {
            let said = Text::new(
                format!("有效期应在 {today} 与 {last} 之间"),
                format!("It stands until a day between {today} and {last}"),
            );
            let range = format!("{today}..={last}");
            faults.push(Finding::error("valid_until", "/valid_until", said).with(range, day.to_string()));
            None
        }
        Ok(day) => Some(day),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    faults.extend(contact(&new.contact));
    let (Some(kind), Some(side), Some(valid_until), true) = (kind, side, valid_until, faults.is_empty()) else {
        return Err(Error::Invalid(faults));
    };
    let tidy = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut codes = new.majors;
    codes.sort();
    codes.dedup();
    let words: Vec<String> = new.major_words.into_iter().filter_map(|word| tidy(Some(word))).collect();
    Ok(opportunity::Model {
        kind,
        side,
        title: new.title.trim().to_owned(),
        text: new.text.trim().to_owned(),
        city_code: new.city.map(Into::into).or_else(|| row.owner_city_code.clone()),
        majors: json!(codes).to_string(),
        major_words: json!(words).to_string(),
        industry: tidy(new.industry),
        headcount,
        valid_until,
        contact_department: tidy(new.contact.department),
        contact_telephone: tidy(new.contact.telephone),
        contact_email: tidy(new.contact.email),
        ..row
    })
}

/// The fields of majors by their first two digits, of a row.
pub(in crate::domain) fn major_fields(row: &opportunity::Model) -> Vec<String> {
    let mut fields: Vec<String> = listed(&row.majors).iter().filter_map(|code| code.get(..2).map(str::to_owned)).collect();
    fields.sort();
    fields.dedup();
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_in_a_text_is_seen_and_a_date_is_none() {
        for text in ["电话 0931-1234567", "请致电1234567", "office@example.org", "ｏ＠ｘ"] {
            assert!(tells_contact(text), "{text}");
        }
        for text in ["2026-2027 学年", "2026-06-30 前", "招 120 名焊工", "20260" , "代码 460104"] {
            assert!(!tells_contact(text), "{text}");
        }
    }

    #[test]
    fn an_office_has_a_landline_and_a_plain_address() {
        for good in ["0931-1234567", "(0931) 1234567", "+86 931 1234567", "400-123-4567"] {
            assert_eq!(telephone("/t", good), None, "{good}");
        }
        for bad in ["", "call us", "12345", "0931-1234567 转张"] {
            assert!(telephone("/t", bad).is_some(), "{bad}");
        }
        assert_eq!(email("/e", "zhaosheng@school.edu.cn"), None);
        for bad in ["", "school.edu.cn", "a@b", "a b@c.d", "a@b@c.d", "@c.d", "a@.c"] {
            assert!(email("/e", bad).is_some(), "{bad}");
        }
    }
}

//! What an opportunity may say: every finding at once.

use chrono::{Datelike, Months, NaiveDate};
use entity::{
    opportunity,
    words::{OpportunityKind, OpportunitySide},
};
use serde_json::json;

use super::{listed, local_day};
use crate::{
    ctx::Ctx,
    domain::faults::{Faults, MAX_PROSE},
    error::{Error, Result},
    formats::personal,
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

/// A text that everybody or the other side reads at once: a contact in it would be told too early.
pub(in crate::domain) fn open_text(faults: &mut Faults, at: &str, text: &str, most: usize, is_needed: bool) {
    faults.prose(at, text, most, is_needed);
    if tells_contact(text) && personal::find(text).is_none() {
        let said = (
            "请勿在此写电话或邮箱：联系方式只在双方均同意后显示，请填写在 contact 中",
            "No telephone or e-mail here: a contact is told once both sides have said yes, and stands in `contact`",
        );
        faults.add("contact_in_text", at, said, "", "");
    }
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
fn is_telephone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (7..=20).contains(&digits) && text.chars().all(|letter| letter.is_ascii_digit() || " -+()".contains(letter))
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !host.contains('@')
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "@._+-".contains(letter))
    })
}

/// What is wrong with a contact.
pub(in crate::domain) fn contact(faults: &mut Faults, contact: &Contact) {
    if let Some(text) = &contact.department {
        faults.prose("/contact/department", text, LONGEST_WORD, false);
    }
    if let Some(text) = &contact.telephone {
        faults.prose("/contact/telephone", text, LONGEST_WORD, false);
        if personal::find(text).is_none() && !is_telephone(text) {
            let said = ("办公电话应如 0931-1234567", "An office's telephone is written like 0931-1234567");
            faults.add("telephone_form", "/contact/telephone", said, "0931-1234567", "");
        }
    }
    if let Some(text) = &contact.email {
        faults.prose("/contact/email", text, LONGEST_WORD, false);
        if personal::find(text).is_none() && !is_email(text) {
            let said = ("邮箱应如 office@example.org", "An e-mail is written like office@example.org");
            faults.add("email_form", "/contact/email", said, "office@example.org", "");
        }
    }
    if contact.telephone.is_none() && contact.email.is_none() {
        faults.add(
            "contact_missing",
            "/contact",
            ("请给出办公电话或邮箱", "Give an office's telephone or e-mail"),
            "",
            "",
        );
    }
}

fn day(faults: &mut Faults, at: &str, text: &str) -> Option<NaiveDate> {
    let day = text.parse::<NaiveDate>().ok();
    let day = day.filter(|day| day.to_string() == text && (1949..=2199).contains(&day.year()));
    if day.is_none() {
        let said = ("日期应如 2026-12-31", "A day is written like 2026-12-31");
        faults.add("day_form", at, said, "YYYY-MM-DD", text);
    }
    day
}

fn majors(faults: &mut Faults, codes: &[String], words: &[String]) {
    for (at, many) in [("/majors", codes.len()), ("/major_words", words.len())] {
        if many > MOST_MAJORS {
            let said = (format!("最多 {MOST_MAJORS} 个"), format!("At most {MOST_MAJORS}"));
            faults.add("too_many", at, said, format!("≤ {MOST_MAJORS}"), many.to_string());
        }
    }
    for (number, code) in codes.iter().enumerate().take(MOST_MAJORS) {
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            let said = ("专业代码为六位数字", "A major's code has six digits");
            let got: String = code.chars().take(20).collect();
            faults.add("major_form", &format!("/majors/{number}"), said, "460104", got);
        }
    }
    for (number, word) in words.iter().enumerate().take(MOST_MAJORS) {
        open_text(faults, &format!("/major_words/{number}"), word, LONGEST_WORD, false);
    }
}

/// A row with what was stated, or everything that is wrong with it.
///
/// # Errors
/// 422.
pub fn filled(ctx: &Ctx, new: New, row: opportunity::Model) -> Result<opportunity::Model> {
    let mut faults = Faults::default();
    let kind = faults.word("kind", &new.kind, OpportunityKind::ALL, OpportunityKind::word);
    let side = faults.word("side", &new.side, OpportunitySide::ALL, OpportunitySide::word);
    open_text(&mut faults, "/title", &new.title, LONGEST_TITLE, true);
    open_text(&mut faults, "/text", &new.text, MAX_PROSE, false);
    if let Some(code) = &new.city
        && ctx.memory.registry().cities.get(code).is_none()
    {
        let got: String = code.chars().take(20).collect();
        faults.add("unknown_city", "/city", ("没有这个市州", "There is no such city"), "620100", got);
    }
    majors(&mut faults, &new.majors, &new.major_words);
    if let Some(text) = &new.industry {
        open_text(&mut faults, "/industry", text, LONGEST_WORD, false);
    }
    if let Some(count) = new.headcount.filter(|count| !(1..=MOST_HEADS).contains(count)) {
        let said = (format!("人数应在 1 到 {MOST_HEADS} 之间"), format!("A headcount lies between 1 and {MOST_HEADS}"));
        faults.add("headcount", "/headcount", said, format!("1..={MOST_HEADS}"), count.to_string());
    }
    let headcount = new.headcount.and_then(|count| i32::try_from(count).ok());
    let today = local_day(ctx.actor.at);
    let last = today.checked_add_months(Months::new(12 * YEARS_AHEAD)).unwrap_or(today);
    let valid_until = day(&mut faults, "/valid_until", &new.valid_until);
    if let Some(day) = valid_until.filter(|day| !(today..=last).contains(day)) {
        let said =
            (format!("有效期应在 {today} 与 {last} 之间"), format!("It stands until a day between {today} and {last}"));
        faults.add("valid_until", "/valid_until", said, format!("{today}..={last}"), day.to_string());
    }
    contact(&mut faults, &new.contact);
    faults.verdict()?;
    let (Some(kind), Some(side), Some(valid_until)) = (kind, side, valid_until) else {
        return Err(Error::internal("a fault that was not gathered"));
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
    let mut fields: Vec<String> =
        listed(&row.majors).iter().filter_map(|code| code.get(..2).map(str::to_owned)).collect();
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
        for text in ["2026-2027 学年", "2026-06-30 前", "招 120 名焊工", "20260", "代码 460104"] {
            assert!(!tells_contact(text), "{text}");
        }
    }

    #[test]
    fn an_office_has_a_landline_and_a_plain_address() {
        for good in ["0931-1234567", "(0931) 1234567", "+86 931 1234567", "400-123-4567"] {
            assert!(is_telephone(good), "{good}");
        }
        for bad in ["", "call us", "12345", "0931-1234567 转张"] {
            assert!(!is_telephone(bad), "{bad}");
        }
        assert!(is_email("zhaosheng@school.edu.cn"));
        for bad in ["", "school.edu.cn", "a@b", "a b@c.d", "a@b@c.d", "@c.d", "a@.c"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}

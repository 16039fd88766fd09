//! What is said of a partnership, and everything that can be wrong with it.

use chrono::{Datelike, NaiveDate};
use entity::partnership;

use crate::{
    authz::Role,
    ctx::Ctx,
    domain::faults::Faults,
    formats::{decimal, expression::is_name},
    memory::derived::MONEY,
};

/// The longest name, in characters.
const MAX_NAME: usize = 200;
/// The longest kind.
const MAX_KIND: usize = 60;
/// The most heads of one partnership.
const MAX_STUDENTS: i64 = 1_000_000;
/// The most money of one partnership, in yuan.
const MAX_INVESTMENT: i64 = 1_000_000_000_000;

/// What is said of a partnership. What is not named stays, or is nothing of a new one; an inner nothing takes it away.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// A word of the open list of kinds: `order_class`.
    pub kind: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// In English.
    pub name_en: Option<Option<String>>,
    /// A major, by its six digits.
    pub major: Option<Option<String>>,
    /// The first day, `2026-09-01`.
    pub starts_on: Option<Option<String>>,
    /// The last day that is agreed.
    pub ends_on: Option<Option<String>>,
    /// Heads.
    pub students: Option<Option<i64>>,
    /// Digits of an amount in yuan, with at most two decimals.
    pub investment: Option<Option<String>>,
    /// Addresses of what shows it.
    pub evidence: Option<Vec<String>>,
}

/// A partnership to enter.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The school, by code; of a school its own where nothing is said.
    pub school: Option<String>,
    /// The enterprise, by code; of an enterprise its own where nothing is said.
    pub enterprise: Option<String>,
    /// The rest.
    pub said: Said,
}

/// Reads a day, or says what is wrong with it.
pub(in crate::domain) fn day(at: &str, text: &str, faults: &mut Faults) -> Option<NaiveDate> {
    let day = text.parse::<NaiveDate>().ok();
    let day = day.filter(|day| day.to_string() == text && (1949..=2199).contains(&day.year()));
    if day.is_none() {
        faults.add("day_form", at, ("日期应如 2026-12-31", "A day is written like 2026-12-31"), "YYYY-MM-DD", text);
    }
    day
}

/// A short text that must say something, and what is wrong with it.
pub(in crate::domain) fn title(at: &str, text: &str, faults: &mut Faults) {
    faults.prose(at, text, MAX_NAME, true);
}

/// A word of an open list.
pub(in crate::domain) fn kind(at: &str, word: &str, like: &str, faults: &mut Faults) {
    if !is_name(word) || word.len() > MAX_KIND {
        let said = (
            format!("类别用小写英文字母、数字和下划线，如 {like}"),
            format!("A kind is a word of small letters, digits and underscores, like {like}"),
        );
        faults.add("kind_form", at, said, like, word.chars().take(MAX_KIND).collect::<String>());
    }
    faults.personal(at, word);
}

/// Addresses of evidence as they are stored, with what is wrong with them.
pub(in crate::domain) fn evidence(at: &str, addresses: &[String], faults: &mut Faults) -> String {
    faults.links(at, addresses);
    serde_json::Value::from(addresses).to_string()
}

/// The addresses of stored evidence.
pub(crate) fn evidence_of(stored: &str) -> Vec<String> {
    serde_json::from_str(stored).unwrap_or_default()
}

/// Lays what is said over what is there, and says what is wrong with it.
pub(super) fn applied(
    there: &partnership::Model,
    said: &Said,
    is_new: bool,
    faults: &mut Faults,
) -> partnership::Model {
    let mut row = there.clone();
    if let Some(word) = &said.kind {
        kind("/kind", word, "order_class", faults);
        row.kind.clone_from(word);
    } else if is_new {
        faults.missing("/kind");
    }
    if let Some(name) = &said.name {
        title("/name", name, faults);
        row.label.clone_from(name);
    } else if is_new {
        faults.missing("/name");
    }
    if let Some(name) = &said.name_en {
        name.iter().for_each(|name| title("/name_en", name, faults));
        row.label_en.clone_from(name);
    }
    if let Some(major) = &said.major {
        if let Some(code) = major.as_ref().filter(|code| code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit())) {
            let said = ("专业代码为六位数字", "A major has a code of six digits");
            faults.add("major_code", "/major", said, "560301", code.chars().take(20).collect::<String>());
        }
        row.major_code.clone_from(major);
    }
    if let Some(stated) = &said.starts_on {
        row.starts_on = stated.as_deref().and_then(|text| day("/starts_on", text, faults));
    }
    if let Some(stated) = &said.ends_on {
        row.ends_on = stated.as_deref().and_then(|text| day("/ends_on", text, faults));
    }
    if let (Some(from), Some(until)) = (row.starts_on, row.ends_on)
        && until < from
    {
        let said = ("结束日早于开始日", "It ends before it begins");
        faults.add("ends_before_start", "/ends_on", said, format!("≥ {from}"), until.to_string());
    }
    if let Some(stated) = said.students {
        row.students = stated.and_then(|count| {
            let good = i32::try_from(count).ok().filter(|_| (0..=MAX_STUDENTS).contains(&count));
            if good.is_none() {
                let text = ("学生人数应在 0 到 1000000 之间", "Students are between 0 and 1,000,000");
                faults.add("students", "/students", text, "0..=1000000", count.to_string());
            }
            good
        });
    }
    if let Some(stated) = &said.investment {
        row.investment = stated.as_deref().and_then(|digits| money(digits, faults));
    }
    if let Some(addresses) = &said.evidence {
        row.evidence = evidence("/evidence", addresses, faults);
    }
    row
}

/// An amount in yuan as hundredths of it.
fn money(digits: &str, faults: &mut Faults) -> Option<i64> {
    let most = MAX_INVESTMENT.saturating_mul(100);
    let amount = decimal::parse(digits, MONEY).ok().filter(|amount| (0..=most).contains(amount));
    if amount.is_none() {
        let said = (
            "投入以元为单位，不小于 0，至多两位小数",
            "An investment is in yuan, zero or more, with at most two decimals",
        );
        faults.add("investment", "/investment", said, "1500000.00", digits.chars().take(40).collect::<String>());
    }
    amount
}

/// The two sides of a new partnership, with what is wrong with them: schools and enterprises enter their own.
pub(super) fn sides(ctx: &Ctx, new: &New, faults: &mut Faults) -> (Option<String>, Option<String>) {
    let registry = ctx.memory.registry();
    let mut side = |at: &str, own: Role, said: &Option<String>, is_known: &dyn Fn(&str) -> bool| {
        let is_own = ctx.actor.role == own;
        let Some(code) = said.clone().or_else(|| is_own.then(|| ctx.actor.org().to_owned())) else {
            faults.missing(at);
            return None;
        };
        if is_own && code != ctx.actor.org() {
            let text = ("只能登记本单位的合作", "You enter partnerships of your own organisation only");
            faults.add("not_own", at, text, ctx.actor.org(), code.as_str());
            return None;
        }
        if !is_known(&code) {
            let text = (format!("机构名单中没有“{code}”"), format!("The registry has no `{code}`"));
            faults.add("unknown_code", at, text, "a code of the registry", code.as_str());
            return None;
        }
        Some(code)
    };
    let school = side("/school", Role::School, &new.school, &|code| registry.schools.get(code).is_some());
    let enterprise =
        side("/enterprise", Role::Enterprise, &new.enterprise, &|code| registry.enterprises.get(code).is_some());
    (school, enterprise)
}

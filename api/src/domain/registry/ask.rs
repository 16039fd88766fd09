//! What somebody says of an entry, member by member: looked at once, with every fault named and not only the first.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use super::Said;
use crate::{
    domain::faults::Faults,
    error::Result,
    formats::uscc,
    memory::registry::{Registry, Term},
};

/// How far Asia/Shanghai is ahead of UTC, in every season.
const AHEAD: TimeDelta = TimeDelta::hours(8);

/// The longest text that somebody writes about itself, in characters.
const MAX_PROSE: usize = 2_000;

/// The longest reason, in characters.
const MAX_REASON: usize = 1_000;

/// What is said, as far as nobody has looked at it yet.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The registry beside it, as it then stands.
    pub registry: &'a Registry,
    /// What is wrong so far.
    pub(in crate::domain) faults: Faults,
    said: Said,
    /// The local day of the request.
    pub today: NaiveDate,
}

impl<'a> Ask<'a> {
    /// Begins to read what was said at an instant.
    pub fn new(registry: &'a Registry, said: Said, at: DateTime<Utc>) -> Self {
        let today = at.checked_add_signed(AHEAD).unwrap_or(at).date_naive();
        Self { registry, faults: Faults::default(), said, today }
    }

    /// Everything that was wrong, and every member that nobody has looked at.
    ///
    /// # Errors
    /// 409 where nothing is wrong but that there is such an entry already, 422 otherwise.
    pub fn verdict(mut self) -> Result<()> {
        for member in std::mem::take(&mut self.said).keys() {
            let text = ("这一类条目没有此成员", "Entries of this kind have no such member");
            self.faults.add("unknown_member", &format!("/{member}"), text, "", member.as_str());
        }
        self.faults.verdict()
    }

    /// What was said of a member: nothing, that it is to be empty, or a text.
    fn said(&mut self, member: &str) -> Option<Option<String>> {
        match self.said.remove(member)? {
            Value::Null => Some(None),
            Value::String(text) => {
                let text = text.trim().to_owned();
                Some(Some(text).filter(|text| !text.is_empty()))
            }
            other => {
                self.faults.add(
                    "type",
                    &format!("/{member}"),
                    ("应为文本", "It is a text"),
                    "\"…\"",
                    other.to_string(),
                );
                None
            }
        }
    }

    /// A text that is never empty.
    pub fn text(&mut self, member: &str, old: Option<&str>) -> String {
        let at = format!("/{member}");
        let text = match (self.said(member), old) {
            (Some(text), _) => text.unwrap_or_default(),
            (None, Some(old)) => return old.to_owned(),
            (None, None) => String::new(),
        };
        self.faults.text(&at, &text, true);
        text
    }

    /// A text that may be empty, and then says nothing.
    pub fn blank(&mut self, member: &str, old: Option<&str>) -> String {
        self.maybe(member, old.filter(|old| !old.is_empty())).unwrap_or_default()
    }

    /// A text that may be taken away.
    pub fn maybe(&mut self, member: &str, old: Option<&str>) -> Option<String> {
        match self.said(member) {
            None => old.map(str::to_owned),
            Some(text) => {
                text.iter().for_each(|text| self.faults.text(&format!("/{member}"), text, false));
                text
            }
        }
    }

    /// Some sentences that may be taken away.
    pub fn prose(&mut self, member: &str, old: Option<&str>) -> Option<String> {
        match self.said(member) {
            None => old.map(str::to_owned),
            Some(text) => {
                text.iter().for_each(|text| self.faults.prose(&format!("/{member}"), text, MAX_PROSE, false));
                text
            }
        }
    }

    /// An address on the web that may be taken away.
    pub fn link(&mut self, member: &str, old: Option<&str>) -> Option<String> {
        let text = self.maybe(member, old)?;
        let is_good = reqwest::Url::parse(&text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        });
        if !is_good {
            let said = ("应为完整网址", "This is a whole address of the web");
            self.faults.add("link", &format!("/{member}"), said, "https://example.com", text.as_str());
        }
        Some(text)
    }

    /// A unified social credit code with its check digit.
    pub fn uscc(&mut self, member: &str, old: Option<&str>) -> Option<String> {
        let text = self.maybe(member, old)?;
        if !uscc::is_uscc(&text) {
            let said = (
                "统一社会信用代码的校验位不符（GB 32100），请核对",
                "The check digit of this unified social credit code is wrong (GB 32100): compare it with the licence",
            );
            self.faults.add("uscc", &format!("/{member}"), said, uscc::LIKE, text.as_str());
        }
        Some(text)
    }

    /// A text of a form that may be taken away.
    pub fn form(&mut self, member: &str, old: Option<&str>, like: &str, is: impl Fn(&str) -> bool) -> Option<String> {
        let text = self.maybe(member, old)?;
        self.formed(member, &text, like, is);
        Some(text)
    }

    /// Faults a text that is not of a form.
    pub fn formed(&mut self, member: &str, text: &str, like: &str, is: impl Fn(&str) -> bool) {
        if !text.is_empty() && !is(text) {
            let said = (format!("格式应如 {like}"), format!("It is written like {like}"));
            self.faults.add("form", &format!("/{member}"), said, like, text);
        }
    }

    /// A word of a closed list; the usual one where nothing is said of a new entry.
    pub fn word<T: Copy>(
        &mut self,
        member: &str,
        all: &[T],
        word: fn(T) -> &'static str,
        old: Option<T>,
        usual: Option<T>,
    ) -> Option<T> {
        match self.said(member) {
            Some(Some(text)) => self.faults.word(member, &text, all, word),
            None if old.is_some() => old,
            None if usual.is_some() => usual,
            Some(None) | None => {
                self.faults.missing(&format!("/{member}"));
                None
            }
        }
    }

    /// A word of a list that has no type.
    pub fn one_of(&mut self, member: &str, list: &[&'static str], old: Option<&str>, usual: Option<&str>) -> String {
        match self.said(member) {
            Some(Some(text)) => {
                self.formed(member, &text, &list.join(", "), |text| list.contains(&text));
                text
            }
            said => match said.map_or(old.or(usual), |_| usual) {
                Some(text) => text.to_owned(),
                None => {
                    self.faults.missing(&format!("/{member}"));
                    String::new()
                }
            },
        }
    }

    /// The code of something that has to be there.
    pub fn refer(&mut self, member: &str, old: Option<&str>, is_there: impl Fn(&Registry, &str) -> bool) -> String {
        let code = self.text(member, old);
        self.there(member, &code, is_there);
        code
    }

    /// The code of something that has to be there; it may be taken away.
    pub fn maybe_refer(
        &mut self,
        member: &str,
        old: Option<&str>,
        is_there: impl Fn(&Registry, &str) -> bool,
    ) -> Option<String> {
        let code = self.maybe(member, old)?;
        self.there(member, &code, is_there);
        Some(code)
    }

    /// The code of something that has to be there, and never changes.
    pub fn owner(&mut self, member: &str, old: Option<&str>, is_there: impl Fn(&Registry, &str) -> bool) -> String {
        let code = self.refer(member, None.or(old), is_there);
        self.same(member, old, &code);
        code
    }

    /// Faults a member that never changes and was said differently.
    pub fn same(&mut self, member: &str, old: Option<&str>, got: &str) {
        if let Some(old) = old {
            let text = (
                "此成员不能更改：请为本条设 until，并另建一条",
                "This never changes: give this entry an `until`, and add another",
            );
            self.faults.fixed(member, old, got, text);
        }
    }

    fn there(&mut self, member: &str, code: &str, is_there: impl Fn(&Registry, &str) -> bool) {
        if !code.is_empty() && !is_there(self.registry, code) {
            let text = (format!("没有“{code}”"), format!("There is no `{code}`"));
            self.faults.add("unknown_code", &format!("/{member}"), text, "", code);
        }
    }

    /// A day; the inner nothing takes it away.
    pub fn day(&mut self, member: &str, old: Option<NaiveDate>) -> Option<NaiveDate> {
        match self.said(member) {
            None => old,
            Some(None) => None,
            Some(Some(text)) => {
                let day = text.parse().ok();
                if day.is_none() {
                    let said = ("日期应如 2024-09-01", "A day is written like 2024-09-01");
                    self.faults.add("day_form", &format!("/{member}"), said, "2024-09-01", text);
                }
                day
            }
        }
    }

    /// Since when and until when it is.
    pub(super) fn term(&mut self, old: Term, may_end_later: bool) -> Term {
        let term = Term { since: self.day("since", old.since), until: self.day("until", old.until) };
        if let (Some(since), Some(until)) = (term.since, term.until)
            && since > until
        {
            let text = ("止于开始之前", "It ends before it begins");
            self.faults.add("validity", "/until", text, format!("≥ {since}"), until.to_string());
        }
        if let Some(until) = term.until
            && !may_end_later
            && until > self.today
        {
            let text = ("这一类条目不能预先设定结束日期", "Entries of this kind end on a day that has come");
            self.faults.add("future", "/until", text, format!("≤ {}", self.today), until.to_string());
        }
        term
    }

    /// Since when a change holds, and why it was made. The day it is made on where nothing is said, or the last day of
    /// what ends by it.
    pub(super) fn history(&mut self, ends: Option<NaiveDate>) -> (NaiveDate, Option<String>) {
        let usual = ends.filter(|ends| *ends <= self.today).unwrap_or(self.today);
        let when = self.day("effective_on", Some(usual)).unwrap_or(usual);
        if when > self.today {
            let text = ("不能登记尚未发生的变更", "What has not come yet cannot be entered");
            self.faults.add("future", "/effective_on", text, format!("≤ {}", self.today), when.to_string());
        }
        let reason = self.said("reason").flatten();
        reason.iter().for_each(|reason| self.faults.prose("/reason", reason, MAX_REASON, false));
        (when, reason)
    }

    /// Faults an official name that another body has; names are compared folded.
    pub fn own_name(&mut self, name: &str, own: Option<&str>, others: &[(&str, &str)]) {
        let folded = crate::formats::words::fold(name);
        let same =
            others.iter().find(|(code, other)| Some(*code) != own && crate::formats::words::fold(other) == folded);
        if let Some((code, other)) = same.filter(|_| !folded.is_empty()) {
            let text = (
                format!("“{other}”已在册，编码 {code}；若确为同一机构请直接修改该条"),
                format!("`{code}` has this name (`{other}`): if it is the same body, change that entry"),
            );
            self.faults.add("name_taken", "/name", text, "", name);
        }
    }
}

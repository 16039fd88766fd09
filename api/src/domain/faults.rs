//! Everything that is wrong with what was sent, gathered before it is told.

use reqwest::Url;

use crate::{
    error::{Error, Finding, Result, Text},
    formats::personal::{self, Shape},
};

/// What is told where there is one of this code already.
const TAKEN: &str = "code_taken";

/// The longest text of a definition, in characters.
const MAX_TEXT: usize = 500;

/// The longest text somebody writes in words, in characters.
pub(super) const MAX_PROSE: usize = 4_000;

/// The longest address, in characters.
const MAX_LINK: usize = 2_000;

/// The most links of one piece of evidence.
const MOST_LINKS: usize = 20;

/// Everything that is wrong with what was sent.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Finding>);

impl Faults {
    /// One more.
    pub(super) fn add(
        &mut self,
        code: &str,
        at: &str,
        (zh, en): (impl Into<String>, impl Into<String>),
        expected: impl Into<String>,
        got: impl Into<String>,
    ) {
        let mut finding = Finding::error(code, at, Text::new(zh, en));
        finding.expected = Some(expected.into()).filter(|text| !text.is_empty());
        finding.got = Some(got.into());
        self.0.push(finding);
    }

    /// Nothing, or all of them.
    ///
    /// # Errors
    /// 409 where nothing is wrong but that there is one of this code already, 422 otherwise.
    pub(super) fn verdict(mut self) -> Result<()> {
        match self.0.as_slice() {
            [] => Ok(()),
            [only] if only.code == TAKEN => {
                Err(Error::Conflict(self.0.pop().map(|finding| finding.message).unwrap_or_default()))
            }
            _ => Err(Error::Invalid(self.0)),
        }
    }

    /// There is one of this code already.
    pub(super) fn taken(&mut self, code: &str) {
        let text = (format!("“{code}”已存在"), format!("There is `{code}` already; a code is never used again"));
        self.add(TAKEN, "/code", text, "", code);
    }

    /// A member that a new one needs.
    pub(super) fn missing(&mut self, at: &str) {
        self.add("missing", at, ("缺少此成员", "It is missing"), "", "");
    }

    /// A word of a closed list.
    pub(super) fn word<T: Copy>(
        &mut self,
        code: &str,
        text: &str,
        all: &[T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        let found = all.iter().copied().find(|one| word(*one) == text);
        if found.is_none() {
            let list: Vec<&str> = all.iter().map(|one| word(*one)).collect();
            let list = list.join(", ");
            let said = (format!("{code} 应为 {list} 之一"), format!("{code} is one of {list}"));
            self.add(code, &format!("/{code}"), said, list, text);
        }
        found
    }

    /// A place in an order.
    pub(super) fn position(&mut self, position: i32) {
        if position < 0 {
            let text = ("顺序号不小于零", "A position is zero or more");
            self.add("position", "/position", text, "≥ 0", position.to_string());
        }
    }

    /// A text of a definition: as [`Faults::prose`], and short.
    pub(super) fn text(&mut self, at: &str, text: &str, is_needed: bool) {
        self.prose(at, text, MAX_TEXT, is_needed);
    }

    /// What somebody writes in words: there where it is needed, of at most so many characters, one that every
    /// database takes, and without a number by which a person is known.
    pub(super) fn prose(&mut self, at: &str, text: &str, most: usize, is_needed: bool) {
        let length = text.trim().chars().count();
        if is_needed && length == 0 {
            self.missing(at);
        }
        if length > most {
            let said = (format!("最多 {most} 个字符"), format!("It has at most {most} characters"));
            self.add("too_long", at, said, format!("≤ {most}"), length.to_string());
        }
        if text.contains('\0') {
            self.add("unfit_text", at, ("文本含有 NUL 字符", "The text has the character NUL"), "", "\\0");
        }
        self.personal(at, text);
    }

    /// A text that may say anything but a number by which a person is known. The number itself is not told again.
    pub(super) fn personal(&mut self, at: &str, text: &str) {
        let Some(shape) = personal::find(text) else { return };
        let (zh, en) = match shape {
            Shape::Identity => ("居民身份证号", "an identity number"),
            Shape::Mobile => ("手机号码", "a mobile number"),
        };
        let said = (
            format!("文本中似有{zh}；本平台不收集个人信息，请删去，联系方式请用办公电话或单位邮箱"),
            format!(
                "This looks like it has {en}; no personal data is kept here: leave it out, and give an office telephone or mailbox"
            ),
        );
        self.add("personal_data", at, said, "", shape.masked());
    }

    /// Where evidence lies: absolute addresses by https, without a password in them.
    pub(super) fn links(&mut self, at: &str, links: &[String]) {
        if links.len() > MOST_LINKS {
            let said = (format!("最多 {MOST_LINKS} 个链接"), format!("There are at most {MOST_LINKS} links"));
            self.add("too_many", at, said, format!("≤ {MOST_LINKS}"), links.len().to_string());
        }
        for (position, link) in links.iter().take(MOST_LINKS).enumerate() {
            let at = format!("{at}/{position}");
            self.prose(&at, link, MAX_LINK, true);
            let is_good = Url::parse(link).is_ok_and(|url| {
                url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
            });
            if !is_good {
                let said = (
                    "应为 https 开头的完整网址，且不含账号口令",
                    "This is a whole https address without a name or password in it",
                );
                self.add("link", &at, said, "https://example.edu.cn/…", link.chars().take(200).collect::<String>());
            }
        }
    }

    /// A member that was named and never changes.
    pub(super) fn fixed(&mut self, member: &str, is: &str, got: &str, (zh, en): (&str, &str)) {
        if is != got {
            self.add("fixed", &format!("/{member}"), (zh, en), is, got);
        }
    }
}

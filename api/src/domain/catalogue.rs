//! What the upkeep of datasets and indicators shares: its transaction and its versions.

use entity::{dataset, words::PeriodKind};

use super::precondition::Match;
use crate::{
    ctx::Ctx,
    db::Transaction,
<<<<<<< HEAD
    error::{Error, Finding, Result, Text},
    memory::{self, Thing, derived, registry::Registry},
=======
    error::{Error, Result},
    memory::{self, Thing, registry::Registry},
>>>>>>> main
};

/// Begins a change of the catalogue, and reads the whole of it as it then stands.
///
/// The epoch is raised first: whoever changes the catalogue at the same time, on whichever instance, waits here,
/// so that two changes which are good each by itself never make a circle together.
pub(super) async fn begin(ctx: &Ctx) -> Result<(Transaction, Registry)> {
    let tx = ctx.begin().await?;
    memory::raise(&tx, Thing::Registry).await?;
    let registry = Registry::load(&tx).await?;
    Ok((tx, registry))
}

/// The strong ETag of a version.
pub(super) fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

/// Holds `If-Match` against a version: 428 without, 412 where it is another.
pub(super) fn matched(if_match: Option<&Match>, version: i32) -> Result<()> {
    match if_match {
        None => Err(Error::PreconditionRequired { current: etag(version) }),
        Some(Match::Tags(tags)) if !tags.iter().any(|tag| *tag == version.to_string()) => {
            Err(Error::PreconditionFailed { current: Some(etag(version)) })
        }
        Some(Match::Any | Match::Tags(_)) => Ok(()),
    }
}

<<<<<<< HEAD
/// What is told of a table that nobody states.
pub(super) fn of_nobody(at: &str, dataset: &str) -> Finding {
    let text = Text::new(
        format!("报表“{dataset}”由登记的校企合作自动汇总，不需填报，也不能修改：请登记或确认校企合作（/v1/partnerships）"),
        format!(
            "`{dataset}` is derived from the registered partnerships: nobody states or changes it; enter or confirm \
             partnerships instead (/v1/partnerships)"
        ),
    );
    Finding::error("derived_dataset", at, text)
}

/// Refuses to state or to change a table that nobody states.
///
/// # Errors
/// 422.
pub(super) fn expect_stated(at: &str, dataset: &str) -> Result<()> {
    if derived::is_derived(dataset) { Err(Error::Invalid(vec![of_nobody(at, dataset)])) } else { Ok(()) }
}

/// Everything that is wrong with a definition.
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

    /// A text of a definition: not too long, and one that every database takes.
    pub(super) fn text(&mut self, at: &str, text: &str, is_needed: bool) {
        let length = text.trim().chars().count();
        if is_needed && length == 0 {
            self.missing(at);
        }
        if length > MAX_TEXT {
            let said = (format!("最多 {MAX_TEXT} 个字符"), format!("It has at most {MAX_TEXT} characters"));
            self.add("too_long", at, said, format!("≤ {MAX_TEXT}"), length.to_string());
        }
        if text.contains('\0') {
            self.add("unfit_text", at, ("文本含有 NUL 字符", "The text has the character NUL"), "", "\\0");
        }
    }

    /// A period of a table of this kind; of any kind where the table is not known.
    pub(super) fn period(&mut self, at: &str, period: &str, kind: Option<PeriodKind>) -> bool {
        let is_good = Period::parse(period).is_some_and(|period| kind.is_none_or(|kind| kind == period.kind));
        if !is_good {
            let form = match kind {
                Some(PeriodKind::SchoolYear) => "2022-2023",
                Some(PeriodKind::CalendarYear) | None => "2023",
            };
            self.add("period_form", at, ("不是该报表的统计期", "This is not a period of the table"), form, period);
        }
        is_good
    }

    /// The first and the last period that something holds for.
    pub(super) fn validity(&mut self, from: Option<&PeriodCode>, to: Option<&PeriodCode>, kind: Option<PeriodKind>) {
        let bounds = [("/valid_from", from), ("/valid_to", to)];
        let good = bounds.map(|(at, bound)| bound.is_none_or(|bound| self.period(at, bound.as_str(), kind)));
        if let ([true, true], Some(from), Some(to)) = (good, from, to)
            && from > to
        {
            let said = ("止于开始之前", "It ends before it begins");
            self.add("validity", "/valid_to", said, format!("≥ {from}"), to.as_str());
        }
    }

    /// A member that was named and never changes.
    pub(super) fn fixed(&mut self, member: &str, is: &str, got: &str, (zh, en): (&str, &str)) {
        if is != got {
            self.add("fixed", &format!("/{member}"), (zh, en), is, got);
        }
    }
}

=======
>>>>>>> main
/// What its periods are, where there is such a table.
pub(super) fn kind_of(registry: &Registry, dataset: &str) -> Option<PeriodKind> {
    registry.datasets.get(dataset).map(|row: &dataset::Model| row.period_kind)
}

/// What was said, or what is there; the inner nothing takes it away.
pub(super) fn said<T: Clone, U: From<T> + Clone>(said: &Option<Option<T>>, there: &Option<U>) -> Option<U> {
    match said {
        None => there.clone(),
        Some(new) => new.clone().map(U::from),
    }
}

//! `zhiqiao reconcile`: every printed figure held against the data, and against every other.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::{Args as ClapArgs, ValueEnum};
use unicode_width::UnicodeWidthStr;

use super::{Failure, output};
use crate::{
    House,
    authz::{Actor, Role},
    domain::claims::{self, Ask, Basis, Outcome, Reconciliation, Verdict},
    error::{Error, Language, Result},
    formats::{decimal, guarded},
    rest::claims::{OutcomeView, verdicts},
};

/// What to reconcile, and how to say it.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// A table for people, JSON or CSV for programs.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// End with 1 if there is one of these verdicts: differs,contradicts.
    #[arg(long, value_name = "VERDICTS")]
    fail_on: Option<String>,
    /// Show only these verdicts.
    #[arg(long, value_name = "VERDICTS")]
    only: Option<String>,
    /// A version or range; `live` for what is accepted, `current` for what is there. The newest release without it.
    #[arg(long, value_name = "VERSION")]
    release: Option<String>,
    /// A file with the columns of claims.csv, instead of the claims of the registry; - reads the standard input.
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// Keep what comes of it in the database: who had it made, when, and against which release.
    #[arg(long)]
    keep: bool,
    /// The data of a demo; ./zhiqiao-data where no database is configured.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// The language of labels and reasons.
    #[arg(long, value_enum, default_value_t = Spoken::Zh)]
    language: Spoken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

/// In which language a command speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Spoken {
    Zh,
    En,
}

impl From<Spoken> for Language {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::Zh => Self::Chinese,
            Spoken::En => Self::English,
        }
    }
}

/// The largest file of claims.
const MAX_BYTES: u64 = 8 << 20;

/// Runs the command: whoever holds the database acts for the province here.
pub async fn run(args: Args, house: &House) -> Result<(), Failure> {
    let ctx = house.ctx(Actor::with(Role::Province, None, "job:reconcile", "reconcile"));
    let (fail_on, only) = (verdicts(args.fail_on.as_deref())?, verdicts(args.only.as_deref())?);
    let claims = match &args.claims {
        None => None,
        Some(file) => Some(claims::read(&ctx.memory.registry(), &bytes(file)?)?),
    };
    let reconciled = claims::reconcile(&ctx, Ask { claims, release: args.release }).await?;
    if args.keep {
        claims::store(&ctx, &reconciled, args.claims.is_some()).await?;
    }
    let language = args.language.into();
    match args.format {
        Format::Table => output::raw(&table(&reconciled, &only, language))?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&OutcomeView::all(&reconciled, &only, language));
            output::raw(&(text.map_err(Error::internal)? + "\n"))?;
        }
        Format::Csv => output::raw(&csv(&reconciled, &only, language)?)?,
    }
    let failed: Vec<String> = BTreeSet::from_iter(fail_on)
        .into_iter()
        .map(|verdict| (verdict, reconciled.count(verdict)))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", verdict.word()))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::Refused(format!("{} (--fail-on)", failed.join(", ")))) }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let fault = |fault: std::io::Error| Failure::Refused(format!("{}: {fault}", path.display()));
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(fault)?;
    } else {
        std::fs::File::open(path).map_err(fault)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(fault)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        let text = format!("{}: larger than {MAX_BYTES} bytes / 文件超过 {MAX_BYTES} 字节", path.display());
        return Err(Failure::Refused(text));
    }
    Ok(bytes)
}

/// A text filled up to a width on a terminal, where a Chinese letter takes two places.
fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

/// A text cut to a width.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if kept.width() > width.saturating_sub(1) {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

/// The widest label that is not cut.
const LABEL: usize = 44;

fn printed(outcome: &Outcome) -> String {
    let claim = &outcome.claim;
    let sign = if claim.comparator == "=" { String::new() } else { format!("{} ", claim.comparator) };
    // A ratio has the unit `:`, which says nothing behind its figure.
    let unit = if claim.unit == ":" { "" } else { claim.unit.as_str() };
    format!("{sign}{} {unit}", claim.value).trim_end().to_owned()
}

fn digits(value: Option<&rust_decimal::Decimal>) -> String {
    let mut digits = String::new();
    if let Some(value) = value {
        decimal::write_exact(&mut digits, value);
    }
    digits
}

/// Everything by verdict, what matters most first, and a line that sums it up.
fn table(reconciled: &Reconciliation, only: &[Verdict], language: Language) -> String {
    let mut text = String::new();
    for verdict in Verdict::ALL.iter().filter(|verdict| only.is_empty() || only.contains(verdict)) {
        let outcomes: Vec<&Outcome> =
            reconciled.outcomes.iter().filter(|outcome| outcome.verdict == *verdict).collect();
        if outcomes.is_empty() {
            continue;
        }
        let title = verdict.text();
        text.push_str(&format!("{}  {}  {}\n", title.zh, title.en, outcomes.len()));
        if *verdict == Verdict::Contradicts {
            pairs(&mut text, &outcomes, language);
        } else {
            lines(&mut text, &outcomes, language);
        }
        text.push('\n');
    }
    text.push_str(&summary(reconciled, language));
    text
}

/// Pairs: both figures below each other, each with its place.
fn pairs(text: &mut String, outcomes: &[&Outcome], language: Language) {
    for outcome in outcomes {
        let (own, other) = (printed(outcome), digits(outcome.other_value.as_ref()));
        let figures = own.width().max(other.width());
        let places = outcome.claim.source.width().max(outcome.other_source.width());
        text.push_str(&format!("  {}\n", outcome.claim.label));
        for (figure, place, name) in [
            (own, outcome.claim.source.as_str(), outcome.claim.key.as_str()),
            (other, outcome.other_source.as_str(), outcome.other.as_str()),
        ] {
            text.push_str(&format!("    {}  {}  {name}\n", right(&figure, figures), left(place, places)));
        }
        text.push_str(&format!("    {}\n", outcome.reason.in_(language)));
    }
}

/// One line a claim: label, figure, where it is printed, and what the data say.
fn lines(text: &mut String, outcomes: &[&Outcome], language: Language) {
    let widest = |of: &dyn Fn(&Outcome) -> usize| outcomes.iter().map(|outcome| of(outcome)).max().unwrap_or(0);
    let labels = widest(&|outcome| cut(&outcome.claim.label, LABEL).width());
    let figures = widest(&|outcome| printed(outcome).width());
    let places = widest(&|outcome| outcome.claim.source.width());
    let computed = widest(&|outcome| digits(outcome.other_value.as_ref()).width());
    for outcome in outcomes {
        let data = digits(outcome.other_value.as_ref());
        let data = if computed == 0 { String::new() } else { format!("{}  ", right(&data, computed)) };
        text.push_str(&format!(
            "  {}  {}  {}  {data}{}\n",
            left(&cut(&outcome.claim.label, LABEL), labels),
            right(&printed(outcome), figures),
            left(&outcome.claim.source, places),
            outcome.reason.in_(language),
        ));
    }
}

fn summary(reconciled: &Reconciliation, language: Language) -> String {
    let count = |verdict| reconciled.count(verdict);
    let (holds, differs, none) = (count(Verdict::Holds), count(Verdict::Differs), count(Verdict::NoData));
    let (all, pairs) = (holds + differs + none, count(Verdict::Contradicts));
    let of = |basis: &Basis| reconciled.outcomes.iter().filter(|outcome| outcome.basis.word() == basis.word()).count();
    let (quantity, parts, within) = (of(&Basis::Quantity), of(&Basis::Parts), of(&Basis::Within));
    let rules = of(&Basis::Rule(String::new()));
    let release = reconciled.release.as_deref();
    match language {
        Language::Chinese => {
            let against = release.map_or("尚无发布版本".to_owned(), |release| format!("依据 {release}"));
            format!(
                "{all} 个公布数（{against}）：相符 {holds}，不符 {differs}，无数据 {none}；\
                 矛盾 {pairs} 处：同一数据 {quantity}，分项之和 {parts}，分项过大 {within}，校验规则 {rules}\n"
            )
        }
        Language::English => {
            let against = release.map_or("no release yet".to_owned(), |release| format!("against {release}"));
            format!(
                "{all} claims ({against}): {holds} hold, {differs} differ, {none} without data; \
                 {pairs} contradictions: {quantity} of one quantity, {parts} of sums, {within} of parts, {rules} of rules\n"
            )
        }
    }
}

const COLUMNS: &[&str] = &[
    "verdict",
    "claim",
    "label",
    "value",
    "unit",
    "source",
    "other",
    "other_value",
    "other_source",
    "difference",
    "reason",
    "basis",
    "rule",
    "schools",
    "expected",
    "release",
];

fn csv(reconciled: &Reconciliation, only: &[Verdict], language: Language) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(Error::internal)?;
    for view in OutcomeView::all(reconciled, only, language) {
        let number = |value: &Option<Box<serde_json::value::RawValue>>| {
            value.as_ref().map(|value| value.get().to_owned()).unwrap_or_default()
        };
        let count = |count: Option<usize>| count.map(|count| count.to_string()).unwrap_or_default();
        let record = [
            view.verdict.to_owned(),
            guarded::cell(&view.claim).into_owned(),
            guarded::cell(&view.label).into_owned(),
            number(&view.value),
            guarded::cell(&view.unit).into_owned(),
            guarded::cell(&view.source).into_owned(),
            guarded::cell(&view.other).into_owned(),
            number(&view.other_value),
            guarded::cell(&view.other_source).into_owned(),
            number(&view.difference),
            guarded::cell(&view.reason).into_owned(),
            view.basis.to_owned(),
            view.rule.unwrap_or_default(),
            count(view.schools),
            count(view.expected),
            view.release.unwrap_or_default(),
        ];
        writer.write_record(&record).map_err(Error::internal)?;
    }
    String::from_utf8(writer.into_inner().map_err(Error::internal)?).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_letter_takes_two_places() {
        assert_eq!(left("生师比", 8), "生师比  ");
        assert_eq!(right("12 人", 8), "   12 人");
        assert_eq!(cut("毕业生面向三次产业就业人数", 10), "毕业生面…");
        assert_eq!(cut("abc", 3), "abc");
    }
}

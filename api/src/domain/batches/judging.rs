//! A table of a batch, judged by the checks of every push, and written by its statements.

use std::collections::{BTreeSet, HashMap};

use entity::{
    batch_table,
    ids::BatchId,
    indicator, revision, submission,
    words::{BatchVerdict, Source},
};
use sea_orm::{ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{
    causes::{Causes, Example},
    gather::Gathered,
    names,
    packed::{Line, Unpacked},
};
use crate::{
    ctx::Ctx,
    domain::{
        checks::{Beside, Form},
        collections,
        periods::Period,
        submissions::{self, Draft, Key, Terms, of_keys_apart, of_revisions, still_open},
    },
    error::{Error, Finding, Result, Text},
    formats::{
        batch::Unfit,
        document::{self, Cells, Given, GivenCell, GivenValue, Place, short},
        figure::{self, Figure, Unclear, plain},
    },
    memory::registry::Registry,
};

/// How many tables one question to the database names: each is a branch of its condition.
const ASKED: usize = 128;

/// A table that has been looked at.
#[derive(Debug)]
pub(super) struct Judged {
    key: Key,
    rows: u32,
    faults: Vec<(u64, Finding)>,
    cells: Cells,
    findings: Vec<Finding>,
    written: String,
    hash: String,
}

/// What became of a table.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Which table.
    pub key: Key,
    /// How many rows state it.
    pub rows: u32,
    /// Whether it was taken.
    pub verdict: BatchVerdict,
    /// The revision that it is now, or would be.
    pub revision: Option<i32>,
    /// Why it was rejected, by row; the row 0 is the table as a whole.
    pub faults: Vec<(u64, Finding)>,
}

impl Outcome {
    /// How it is noted.
    pub(super) fn row(&self, batch: BatchId) -> Result<batch_table::Model> {
        Ok(batch_table::Model {
            batch_id: batch,
            school_code: self.key.school.clone(),
            dataset_code: self.key.dataset.clone(),
            period_code: self.key.period.clone(),
            state: self.verdict,
            revision: self.revision,
            cells: i32::try_from(self.rows).map_err(Error::internal)?,
        })
    }

    /// Whether it was taken.
    pub(super) const fn is_accepted(&self) -> bool {
        !matches!(self.verdict, BatchVerdict::Rejected)
    }

    /// Counts why it was rejected. The rows of a table fall together: those without a fault for the first one.
    pub(super) fn explain(&self, causes: &mut Causes) {
        let rows = u64::from(self.rows);
        let mut seen = BTreeSet::new();
        for (at, (row, finding)) in self.faults.iter().enumerate() {
            let at_fault = if *row == 0 { rows } else { u64::from(seen.insert((*row, finding.code.clone()))) };
            let rejected = if at == 0 { rows } else { 0 };
            causes.add(finding, at_fault, rejected, || Example {
                row: *row,
                school: self.key.school.0.clone(),
                dataset: self.key.dataset.0.clone(),
                period: self.key.period.0.clone(),
                indicator: finding.indicator.as_ref().map(|code| code.0.clone()),
                expected: None,
                got: None,
            });
        }
    }
}

/// Judges a table by its rows alone.
pub(super) fn judge(registry: &Registry, form: &Form<'_>, table: &Gathered, beside: &Beside) -> Judged {
    let mut faults = Vec::new();
    let mut given = Vec::with_capacity(usize::try_from(table.rows).unwrap_or_default());
    for row in table.rows() {
        match cell(registry, &row) {
            Ok(one) => given.push(one),
            Err(finding) => faults.push((row.number, *finding)),
        }
    }
    if faults.is_empty() && given.iter().all(|one| one.cell.is_none()) {
        faults.push((0, empty_table()));
    }
    let key = table.key.clone();
    let checked = form.check(given, beside);
    faults.extend(checked.faults.into_iter().map(|finding| (row_of(&finding), finding)));
    faults.sort_by_key(|(row, _)| *row);
    let (school, dataset, period) = (key.school.as_str(), key.dataset.as_str(), key.period.as_str());
    let written = document::canonical(school, dataset, period, &checked.cells, |code| registry.decimals(code));
    Judged {
        hash: document::sha256(&written),
        rows: table.rows,
        cells: checked.cells,
        findings: checked.judged.findings,
        faults,
        written,
        key,
    }
}

/// The row that a finding points to.
fn row_of(finding: &Finding) -> u64 {
    finding
        .pointer
        .strip_prefix("/rows/")
        .and_then(|rest| rest.split('/').next())
        .and_then(|row| row.parse().ok())
        .unwrap_or(0)
}

fn empty_table() -> Finding {
    Finding::error(
        "table_empty",
        "",
        Text::new(
            "该表没有一个数值，未作任何改动；若确要清空，请用 PUT",
            "The table has no figure at all, and nothing was changed; use PUT if it is to be emptied",
        ),
    )
}

/// A row as a cell of a push.
fn cell<'a>(registry: &'a Registry, row: &Unpacked<'a>) -> Result<Given<'a>, Box<Finding>> {
    let place = Place::Row(row.number);
    let (line, name) = match row.line {
        Line::Known(at) => {
            (registry.indicators.at(at), registry.indicators.at(at).map_or("", |line| line.code.as_str()))
        }
        Line::Unknown(name) => (None, name),
        Line::Ambiguous(name) => {
            return Err(Box::new(
                Finding::error(
                    "ambiguous_indicator",
                    format!("/rows/{}", row.number),
                    Text::new(
                        format!("指标名称“{name}”对应多个指标，请用代码"),
                        format!("The label `{name}` stands for several indicators: use the code"),
                    ),
                )
                .with("code", name),
            ));
        }
    };
    let value = value(line, row)?;
    let status = Some(row.status.trim())
        .filter(|text| !text.is_empty())
        .map(|text| GivenValue::Text(names::status(text).into()));
    let note = match row.note {
        "" => None,
        text if is_formula(text) => {
            return Err(Box::new(
                Finding::error(
                    "formula_text",
                    format!("/rows/{}/note", row.number),
                    Text::new(
                        "备注以 = + - @ 开头，在电子表格中会被当作公式：请改写开头",
                        "The note begins with = + - @ and would run as a formula in a spreadsheet: begin it otherwise",
                    ),
                )
                .with("text", short(text)),
            ));
        }
        text => Some(GivenValue::Text(text.into())),
    };
    let is_empty = value.is_none() && status.is_none() && note.is_none();
    let cell = GivenCell { value, status, note, unknown: Vec::new(), is_object: true };
    Ok(Given { indicator: name.into(), place, cell: (!is_empty).then_some(cell) })
}

/// Whether a spreadsheet would take a text for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r'])
        || text.trim_start().chars().next().map(plain).is_some_and(|first| matches!(first, '=' | '+' | '-' | '@'))
}

/// The figure of a row, in the unit of its line.
fn value<'a>(line: Option<&indicator::Model>, row: &Unpacked<'a>) -> Result<Option<GivenValue<'a>>, Box<Finding>> {
    let (label, code, unit) =
        line.map_or(("", "", ""), |line| (line.label.as_str(), line.code.as_str(), line.unit.as_str()));
    let refuse = |what: &str, zh: String, en: String, expected: &str| {
        let mut finding = Finding::error(
            what,
            format!("/rows/{}/value", row.number),
            Text::new(format!("“{label}”{zh}"), format!("`{code}` {en}")),
        )
        .with(expected, short(row.value));
        finding.indicator = line.map(|line| line.code.clone());
        Err(Box::new(finding))
    };
    let unfit = |unfit: Unfit| unfit.letter();
    match row.kind {
        b'N' => return Ok(Some(GivenValue::Number(row.value.into()))),
        b'P' if unit == "%" => return Ok(Some(GivenValue::Number(figure::times_hundred(row.value).into()))),
        b'P' => {
            return refuse(
                "percent_sign",
                format!("的单元格显示为百分比，而其单位是“{unit}”：请改为常规格式并核对数值"),
                format!(
                    "is shown as a percentage, but its unit is `{unit}`: format the cell as a number and look at it"
                ),
                unit,
            );
        }
        kind if kind == unfit(Unfit::Formula) => {
            return refuse(
                "formula_cell",
                "是公式：请粘贴为数值".into(),
                "is a formula: paste it as a value".into(),
                "number",
            );
        }
        kind if kind == unfit(Unfit::Failed) => {
            return refuse("error_cell", "是错误值".into(), "is an error value".into(), "number");
        }
        kind if kind == unfit(Unfit::Date) => {
            return refuse("date_cell", "是日期格式".into(), "is formatted as a date".into(), "number");
        }
        kind if kind == unfit(Unfit::Kind) => return Ok(Some(GivenValue::Other(short(row.value)))),
        _ => {}
    }
    match figure::read(row.value) {
        Figure::Nothing => Ok(None),
        Figure::Digits(digits) => Ok(Some(GivenValue::Number(digits))),
        Figure::Percent(digits) if unit == "%" => Ok(Some(GivenValue::Number(digits.into()))),
        Figure::Percent(_) => refuse(
            "percent_sign",
            format!("带有百分号，而其单位是“{unit}”"),
            format!("has a percent sign, but its unit is `{unit}`"),
            unit,
        ),
        Figure::Unclear(Unclear::Separators) => refuse(
            "thousands_separator",
            "的分隔符不是千位分隔：请写成 1234567.5".into(),
            "has separators that are not of thousands: write 1234567.5".into(),
            "1234567.5",
        ),
        Figure::Unclear(Unclear::Scientific) => refuse(
            "scientific_notation",
            "是科学记数法或日期，可能已丢失数位：请写出全部数字".into(),
            "is in scientific notation or a date, and digits may be lost: write all of them".into(),
            "1234567.5",
        ),
        Figure::Unclear(Unclear::Unit) => refuse(
            "unit_in_value",
            format!("的数值中含有文字：请只写以“{unit}”计的数字"),
            format!("has words beside its digits: write the digits alone, in `{unit}`"),
            unit,
        ),
        Figure::Word => Ok(Some(GivenValue::Text(row.value.trim().into()))),
    }
}

/// Writes what was judged, or says what would be written: all or nothing for each table.
///
/// # Errors
/// 409 or 412 where another writer came in between; nothing of the transaction counts then.
pub(super) async fn settle(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    judged: &[Judged],
    terms: Terms,
    batch: &str,
) -> Result<Vec<Outcome>> {
    let registry = ctx.memory.registry();
    let mut refused = HashMap::new();
    for some in judged.chunks(ASKED) {
        refused.extend(collections::refused(ctx, db, some.iter().map(|one| &one.key)).await?);
    }
    let good: Vec<&Judged> = judged.iter().filter(|one| one.faults.is_empty()).collect();
    let mut present: HashMap<Key, submission::Model> = HashMap::new();
    for some in of_keys_apart::<submission::Column>(good.iter().map(|one| &one.key)) {
        let mut rows = ctx
            .visible::<submission::Entity>()
            .filter(some)
            .order_by_asc(submission::Column::SchoolCode)
            .order_by_asc(submission::Column::DatasetCode)
            .order_by_asc(submission::Column::PeriodCode);
        if !terms.is_dry_run {
            // A push that comes now waits, instead of spoiling the whole transaction.
            rows = rows.lock_exclusive();
        }
        present.extend(rows.all(db).await?.into_iter().map(|row| (Key::of(&row), row)));
    }
    let overwritten = good.iter().filter_map(|one| present.get(&one.key).filter(|row| row.content_hash != one.hash));
    let heads = heads(ctx, db, overwritten).await?;
    let mut outcomes = Vec::with_capacity(judged.len());
    let mut changed = Vec::new();
    for one in judged {
        let mut outcome = Outcome {
            key: one.key.clone(),
            rows: one.rows,
            verdict: BatchVerdict::Rejected,
            revision: None,
            faults: one.faults.clone(),
        };
        if let Some(refusal) = refused.remove(&one.key) {
            // Before what is wrong with its rows: correcting them would not help.
            outcome.faults.insert(0, (0, Finding::error(refusal.code, "", refusal.text)));
        } else if one.faults.is_empty() {
            let row = present.get(&one.key);
            match row.map_or(Ok(()), still_open) {
                Err(Error::Conflict(text)) => outcome.faults.push((0, Finding::error("conflict", "", text))),
                Err(other) => return Err(other),
                Ok(())
                    if !terms.may_shrink
                        && let Some(shrunk) = shrunk(&registry, one, heads.get(&one.key))? =>
                {
                    outcome.faults.push((0, shrunk));
                }
                Ok(()) => {
                    let same = row.filter(|row| row.content_hash == one.hash);
                    outcome.verdict = match same.map(|row| row.state) {
                        Some(entity::words::SubmissionState::Returned) => BatchVerdict::Returned,
                        _ => BatchVerdict::Draft,
                    };
                    outcome.revision =
                        Some(same.map_or_else(|| row.map_or(1, |row| row.revision + 1), |row| row.revision));
                    if same.is_none() {
                        changed.push((one, row.cloned()));
                    }
                }
            }
        }
        outcomes.push(outcome);
    }
    if terms.is_dry_run || changed.is_empty() {
        return Ok(outcomes);
    }
    let periods: BTreeSet<&str> = changed.iter().map(|(one, _)| one.key.period.as_str()).collect();
    for period in periods {
        Period::parse(period).ok_or_else(|| Error::internal("a period that is none"))?.ensure(db).await?;
    }
    let drafts: Vec<Draft> = changed
        .into_iter()
        .map(|(one, present)| Draft {
            chain_before: heads.get(&one.key).map(|head| head.chain.clone()).unwrap_or_default(),
            key: one.key.clone(),
            present,
            written: one.written.clone(),
            hash: one.hash.clone(),
            cells: one.cells.len(),
            findings: one.findings.clone(),
            source: Source::Bulk,
            batch: Some(batch.to_owned()),
        })
        .collect();
    submissions::store(ctx, db, &drafts).await?;
    Ok(outcomes)
}

/// What the newest revision of a table said.
struct Head {
    chain: String,
    document: String,
}

/// The newest revision of each row.
async fn heads<'r>(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    rows: impl Iterator<Item = &'r submission::Model>,
) -> Result<HashMap<Key, Head>> {
    let rows: Vec<&submission::Model> = rows.collect();
    let mut heads = HashMap::new();
    for some in rows.chunks(ASKED) {
        let keys: Vec<Key> = some.iter().map(|row| Key::of(row)).collect();
        let newest = keys.iter().zip(some.iter().map(|row| row.revision));
        let found: Vec<(String, String, String, String, String)> = ctx
            .visible::<revision::Entity>()
            .select_only()
            .columns([
                revision::Column::SchoolCode,
                revision::Column::DatasetCode,
                revision::Column::PeriodCode,
                revision::Column::ChainHash,
                revision::Column::Document,
            ])
            .filter(of_revisions::<revision::Column>(newest))
            .into_tuple()
            .all(db)
            .await?;
        heads.extend(found.into_iter().map(|(school, dataset, period, chain, document)| {
            (Key::new(&school, &dataset, &period), Head { chain, document })
        }));
    }
    if heads.len() == rows.len() { Ok(heads) } else { Err(Error::internal("a table without its newest revision")) }
}

/// The guard of every push, for a table that is overwritten.
fn shrunk(registry: &Registry, one: &Judged, head: Option<&Head>) -> Result<Option<Finding>> {
    let Some(head) = head else { return Ok(None) };
    let before = document::read(&head.document, |code| registry.decimals(code)).map_err(Error::internal)?;
    let stated = one.cells.keys().map(String::as_str).collect();
    Ok(submissions::shrunk(&before, &stated).map(|finding| Finding { pointer: String::new(), ..finding }))
}

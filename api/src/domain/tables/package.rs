//! What a release holds, for programs: its tables as files, with their sums, and the dictionary of its lines.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use moka::future::Cache;
use sha2::{Digest, Sha256};

use super::{EDITION, Fingerprint, Question, Rows};
use crate::{
    authz::Actor,
    ctx::Ctx,
    domain::releases,
    error::{Error, Result, Text},
    formats::{
        decimal,
        document::{hex, sha256},
        table::{Block, Column, End, Field, Format, Head, Writer},
    },
    memory::{ReleaseHead, frame::Frame},
};

/// More figures than this are not added up for a descriptor.
const MOST_ROWS: usize = 4_000_000;

/// A table of a release as a file.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The table.
    pub dataset: String,
    /// What it is called; the English name may be missing.
    pub name: Text,
    /// The periods that it has, in order.
    pub periods: Vec<String>,
    /// The codes of its lines.
    pub lines: Vec<String>,
    /// Bytes and SHA-256 of the CSV that everybody gets, where they are known.
    pub measured: Option<(u64, String)>,
}

/// A release as a package of data.
#[derive(Clone, Debug)]
pub struct Package {
    /// The release.
    pub release: Arc<ReleaseHead>,
    /// What tells this description from others.
    pub fingerprint: Fingerprint,
    /// Its tables.
    pub resources: Vec<Resource>,
}

/// Sums of files, by what tells the files apart; a release never changes.
static SUMS: LazyLock<Cache<String, (u64, String)>> =
    LazyLock::new(|| Cache::builder().time_to_idle(Duration::from_secs(86_400)).max_capacity(10_000).build());

/// Describes a release.
///
/// # Errors
/// 404 and 422 as [`releases::resolve`].
pub async fn package(ctx: &Ctx, version: &str) -> Result<Package> {
    let release = releases::resolve(ctx, Some(version)).await?;
    let exact = release.row.version.0.clone();
    let registry = ctx.memory.registry();
    let mut datasets: Vec<&str> = release.tables.iter().map(|head| head.dataset_code.as_str()).collect();
    datasets.dedup();
    let mut resources = Vec::with_capacity(datasets.len());
    let mut said = format!("{EDITION} {exact} {}", ctx.issuer);
    for dataset in datasets {
        let question = Question::read(ctx, dataset, &[("release".to_owned(), exact.clone())]).await?;
        let row = registry.datasets.get(dataset);
        let name = row.map(|row| Text::new(&row.name, row.name_en.as_deref().unwrap_or_default())).unwrap_or_default();
        let measured = measured(ctx, dataset, &exact).await?;
        said.push_str(&format!("\n{dataset} {name:?} {measured:?} {:?} {:?}", question.periods, question.lines));
        resources.push(Resource {
            dataset: dataset.to_owned(),
            name,
            periods: question.periods,
            lines: question.lines,
            measured,
        });
    }
    Ok(Package { release, fingerprint: Fingerprint { hash: sha256(said), is_public: true }, resources })
}

/// Bytes and SHA-256 of the CSV of a table as everybody gets it; nothing while the release is hidden, or for one that
/// is too large to be added up in passing.
async fn measured(ctx: &Ctx, dataset: &str, version: &str) -> Result<Option<(u64, String)>> {
    let everybody = ctx.as_(Actor::public());
    let question = match Question::read(&everybody, dataset, &[("release".to_owned(), version.to_owned())]).await {
        Ok(question) => question,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    let rows = question.frame.schools.len().saturating_mul(question.lines.len()).saturating_mul(question.periods.len());
    let Some(known) = question.fingerprint(&everybody).filter(|_| rows <= MOST_ROWS) else { return Ok(None) };
    if let Some(sum) = SUMS.get(&known.hash).await {
        return Ok(Some(sum));
    }
    let mut writer = Writer::new(Format::Csv, &question.head(false)).map_err(Error::internal)?;
    let mut rows = Rows::new(everybody, question);
    let (mut sum, mut length) = (Sha256::new(), 0_u64);
    let mut add = |bytes: &[u8]| {
        sum.update(bytes);
        length += u64::try_from(bytes.len()).unwrap_or_default();
    };
    while let Some(block) = rows.next().await? {
        add(&writer.write(&block).map_err(Error::internal)?);
    }
    if let End::Bytes(bytes) = writer.finish().map_err(Error::internal)? {
        add(&bytes);
    }
    let found = (length, hex(&sum.finalize()));
    SUMS.insert(known.hash, found.clone()).await;
    Ok(Some(found))
}

/// The columns of a dictionary.
pub const DICTIONARY: [(&str, &str, &str); 17] = [
    ("indicator", "指标代码", "Code of the indicator"),
    ("dataset", "报表代码", "Code of the table"),
    ("line_no", "序号", "Printed serial number"),
    ("parent", "上级指标", "The line above, for display"),
    ("within", "不得超过的指标", "The line that it must not exceed"),
    ("label_zh", "名称", "Name in Chinese"),
    ("label_en", "英文名称", "Name in English"),
    ("unit_zh", "单位", "Unit in Chinese"),
    ("unit_en", "英文单位", "Unit in English"),
    ("decimals", "小数位数", "Decimals of a school's figure"),
    ("aggregation", "汇总方法", "How figures of schools become one"),
    ("weight", "权重指标", "The line that weighs a weighted mean"),
    ("minimum", "下限", "Lower bound"),
    ("maximum", "上限", "Upper bound"),
    ("threshold", "合格指标", "Standard"),
    ("better", "优向", "Which side of the standard is the good one"),
    ("disclosure", "公开级别", "Who may see the figure of one school"),
];

/// The dictionary of a release: its lines, as they are called now and counted then.
///
/// # Errors
/// 404 and 422 as [`releases::resolve`].
pub async fn dictionary(ctx: &Ctx, version: &str) -> Result<(Arc<ReleaseHead>, Fingerprint, Head, Block)> {
    let release = releases::resolve(ctx, Some(version)).await?;
    let frame: Arc<Frame> = ctx.memory.frame_of(&release).await?;
    let registry = ctx.memory.registry();
    let mut rows: Vec<[Option<String>; 17]> = Vec::new();
    for (code, line) in registry.indicators.every().iter().filter_map(|row| {
        let line = frame.indicators.get(row.code.as_str())?;
        Some((row, line))
    }) {
        let digits = |value: Option<i64>| value.map(|value| decimal::digits(value, code.decimals));
        rows.push([
            Some(code.code.0.clone()),
            Some(line.dataset.clone()),
            Some(code.line_no.clone()),
            code.parent_code.as_ref().map(|code| code.0.clone()),
            code.within_code.as_ref().map(|code| code.0.clone()),
            Some(code.label.clone()),
            code.label_en.clone(),
            Some(code.unit.clone()),
            code.unit_en.clone(),
            Some(line.decimals.to_string()),
            Some(line.aggregation().word().to_owned()),
            line.weight.clone(),
            digits(code.minimum),
            digits(code.maximum),
            digits(code.threshold),
            code.better.map(|word| word.word().to_owned()),
            Some(line.disclosure().word().to_owned()),
        ]);
    }
    let hash = sha256(format!("{EDITION} {} {rows:?}", release.row.version));
    let column = |at: usize| {
        let cells = rows.iter().map(|row| row.get(at).cloned().flatten().map(Arc::from));
        Column::Text(cells.collect())
    };
    let block = Block { columns: (0..DICTIONARY.len()).map(column).collect(), rows: rows.len() };
    let head = Head {
        name: format!("dictionary {}", release.row.version),
        fields: DICTIONARY.map(|(name, _, _)| Field::text(name)).to_vec(),
        facts: Vec::new(),
        created_at: release.row.created_at,
        has_bom: false,
    };
    Ok((release, Fingerprint { hash, is_public: true }, head, block))
}

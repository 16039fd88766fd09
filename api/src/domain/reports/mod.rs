//! The annual report (质量年报): its tables and drawings, made from one release through the one cube and the one gate.
//!
//! A report is made as everybody may see it, whoever asks: so it can be published as it is. The province may have it
//! made with what only officials see, and then it says so on every page.

mod drawings;
mod figures;
mod tables;
mod words;

use chrono::{DateTime, Utc};

use self::{figures::Source, words::Words};
use super::{claims, periods::Period, releases};
use crate::{
    authz::{Action, Actor, Kind, Role},
    ctx::Ctx,
    error::{Error, Language, Result, Text},
    formats::report::{Report, Table, book, page, sheet},
};

/// Which report.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Of which period.
    pub period: String,
    /// A version or range, or `live`; the newest release for nothing.
    pub release: Option<String>,
    /// With what only officials see.
    pub is_internal: bool,
    /// Its language.
    pub language: Language,
}

/// A report, ready to be written.
#[derive(Debug)]
pub struct Compiled {
    /// Its tables and drawings.
    pub report: Report,
    /// The version it was made from, or `live`.
    pub release: String,
    /// The day of that: a report of a release says the same whenever it is written.
    pub made_at: DateTime<Utc>,
    /// Whether it is for officials alone.
    pub is_internal: bool,
}

/// A file of a report.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

const HTML: &str = "text/html; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";
const SVG: &str = "image/svg+xml";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Makes the report of a period.
///
/// # Errors
/// 404 where there is no such release for the caller, 401 or 403 for what only the province may have, 422 for a
/// period that is none.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn compile(ctx: &Ctx, ask: &Ask) -> Result<Compiled> {
    let period = Period::read(&ask.period, "/period")?;
    if matches!(ask.release.as_deref(), Some("current")) {
        let text = Text::new("年报取自发布版本或 live", "A report is made from a release, or from live");
        return Err(Error::invalid("release_form", "/release", text));
    }
    let is_live = ask.release.as_deref() == Some("live");
    if is_live || ask.is_internal {
        // A city's is not the province's report.
        ctx.require(Action::Read, Kind::LiveFigure)?;
        if ctx.actor.role != Role::Province {
            let text = Text::new("未发布的年报只供省级使用", "A report that is not published needs the role PROVINCE");
            return Err(Error::Forbidden(text));
        }
    }
    let (release, made_at) = if is_live {
        ("live".to_owned(), ctx.actor.at)
    } else {
        let release = releases::resolve(ctx, ask.release.as_deref()).await?;
        (release.row.version.0.clone(), release.row.created_at.max(release.row.publish_at))
    };
    let is_internal = is_live || ask.is_internal;
    let reader = if is_internal {
        ctx.clone()
    } else {
        // What everybody will see on the day of the release, which may be a day to come.
        ctx.as_(Actor { at: ctx.actor.at.max(made_at), ..Actor::public() })
    };
    let reconciled = claims::reconcile(&reader, claims::Ask { claims: None, release: Some(release.clone()) }).await?;
    let words = Words::of(ask.language);
    let source = Source::of(&reader, &release, &period, reconciled, words).await?;
    let tables = tables::all(&source).await?;
    let drawings = drawings::all(&source).await?;
    let day = made_at.with_timezone(&chrono_tz::Asia::Shanghai).format("%Y-%m-%d");
    let report = Report {
        language: words.code,
        title: (words.title)(period.code.as_str()),
        origin: (words.origin)(&release, &day.to_string(), is_internal),
        legend: words.legend.iter().map(|text| (*text).to_owned()).collect(),
        notes_title: words.notes.to_owned(),
        tables,
        drawings,
    };
    Ok(Compiled { report, release, made_at, is_internal })
}

impl Compiled {
    /// The names of all its files.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec!["index.html".to_owned(), "report.xlsx".to_owned()];
        for table in &self.report.tables {
            names.extend(["html", "xlsx", "csv"].map(|end| format!("{}.{end}", table.file)));
        }
        names.extend(self.report.drawings.iter().map(|drawing| format!("{}.svg", drawing.file)));
        names
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.report.tables.iter().find(|table| table.file == name)
    }

    /// One of its files; nothing for a name that is none.
    ///
    /// # Errors
    /// Only where the file cannot be written.
    pub fn file(&self, name: &str) -> Result<Option<File>> {
        let (kind, bytes) = match name.rsplit_once('.') {
            Some(("index", "html")) => (HTML, page::of_report(&self.report).into_bytes()),
            Some(("report", "xlsx")) => {
                let all: Vec<&Table> = self.report.tables.iter().collect();
                (XLSX, book::write(&self.report, &all, self.made_at).map_err(Error::internal)?)
            }
            Some((drawing, "svg")) => {
                let Some(drawing) = self.report.drawings.iter().find(|one| one.file == drawing) else {
                    return Ok(None);
                };
                (SVG, drawing.svg().into_bytes())
            }
            Some((table, end)) => {
                let Some(table) = self.table(table) else { return Ok(None) };
                match end {
                    "html" => (HTML, page::of_table(&self.report, table).into_bytes()),
                    "csv" => (CSV, sheet::write(table, &self.release).map_err(Error::internal)?.into_bytes()),
                    "xlsx" => (XLSX, book::write(&self.report, &[table], self.made_at).map_err(Error::internal)?),
                    _ => return Ok(None),
                }
            }
            None => return Ok(None),
        };
        Ok(Some(File { name: name.to_owned(), kind, bytes }))
    }
}

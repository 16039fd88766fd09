//! A bulletin as it was published: once for each year, by the province, as a document that never changes. It is told
//! in every form from that document.

use chrono::{DateTime, Utc};
use entity::bulletin;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Bulletin, Count, Dimension, Line, Outcomes, begun, make};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    domain::journal::{self, Event},
    error::{Error, Result, Text},
    formats::document::sha256,
};

/// The document that a bulletin was published as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// When.
    pub at: DateTime<Utc>,
    /// Canonical JSON (RFC 8785).
    pub document: String,
    /// SHA-256 of the document, in hexadecimal.
    pub hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    year: i32,
    made_at: DateTime<Utc>,
    lines: Vec<DocumentLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DocumentLine {
    dimension: String,
    key: String,
    name: DocumentName,
    supply: Count,
    demand: Count,
    outcomes: Option<Outcomes>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DocumentName {
    zh: String,
    en: String,
}

impl From<&Bulletin> for Document {
    fn from(bulletin: &Bulletin) -> Self {
        let line = |line: &Line| DocumentLine {
            dimension: line.dimension.word().to_owned(),
            key: line.key.clone(),
            name: DocumentName { zh: line.name.zh.clone(), en: line.name.en.clone() },
            supply: line.supply,
            demand: line.demand,
            outcomes: line.outcomes,
        };
        Self { year: bulletin.year, made_at: bulletin.made_at, lines: bulletin.lines.iter().map(line).collect() }
    }
}

/// Reads a row.
fn read(row: bulletin::Model) -> Result<Bulletin> {
    let document: Document = serde_json::from_str(&row.document).map_err(Error::internal)?;
    let line = |line: DocumentLine| {
        let dimension = Dimension::ALL.iter().copied().find(|one| one.word() == line.dimension);
        Some(Line {
            dimension: dimension?,
            key: line.key,
            name: Text::new(line.name.zh, line.name.en),
            supply: line.supply,
            demand: line.demand,
            outcomes: line.outcomes,
        })
    };
    let lines: Option<Vec<Line>> = document.lines.into_iter().map(line).collect();
    Ok(Bulletin {
        year: document.year,
        is_final: true,
        made_at: document.made_at,
        lines: lines.ok_or_else(|| Error::internal("a stored bulletin with an unknown dimension"))?,
        published: Some(Published { at: row.at, document: row.document, hash: row.hash }),
    })
}

/// The bulletin of a year as it was published, if it was.
pub(super) async fn find(ctx: &Ctx, db: &impl ConnectionTrait, year: i32) -> Result<Option<Bulletin>> {
    let year = i16::try_from(year).map_err(Error::internal)?;
    let row = ctx.visible::<bulletin::Entity>().filter(bulletin::Column::Year.eq(year)).one(db).await?;
    row.map(read).transpose()
}

fn conflict(zh: String, en: String) -> Error {
    Error::Conflict(Text::new(zh, en))
}

/// Publishes the bulletin of a year that is over, once: from now on it says what it says now.
///
/// # Errors
/// In this order: 404 for what is no year or one that has not begun, 401, 403, 409 where the year goes on or its
/// bulletin was published already.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn publish(ctx: &Ctx, year: &str) -> Result<Bulletin> {
    let year = begun(ctx, year)?;
    ctx.require(Action::Create, Kind::Bulletin)?;
    let tx = ctx.begin().await?;
    if find(ctx, &tx, year).await?.is_some() {
        return Err(conflict(
            format!("{year} 年公报已发布，不能更改"),
            format!("The bulletin of {year} was published already, and does not change"),
        ));
    }
    let made = make(ctx, &tx, year).await?;
    if !made.is_final {
        return Err(conflict(
            format!("{year} 年尚未结束，年终之后才能发布公报"),
            format!("The year {year} is not over: its bulletin is published afterwards"),
        ));
    }
    let document = serde_json_canonicalizer::to_string(&Document::from(&made)).map_err(Error::internal)?;
    let row = bulletin::Model {
        year: i16::try_from(year).map_err(Error::internal)?,
        hash: sha256(&document),
        document,
        actor: ctx.actor.subject.clone(),
        at: now(),
    };
    bulletin::Entity::insert(bulletin::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    let event = Event {
        action: "bulletin.published",
        object: year.to_string(),
        after: Some(&row.hash),
        data: json!({ "year": year, "hash": row.hash }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    tx.commit().await?;
    read(row)
}

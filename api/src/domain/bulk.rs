//! The bulk path: whole tables as accepted documents, many to a transaction.
//!
//! It is for data that nobody reviews (synthetic ones; a migration from an older system), and for
//! the service itself only: no table passes a person here. What it writes is what a push and two
//! reviews would have left: the canonical document, its hash, the chain of revisions, the state.
//! The journal has one row for each transaction, not one for each table.

use std::collections::{BTreeSet, HashMap};

use entity::{
    ids::SchoolCode,
    revision, submission,
    words::{Source, SubmissionState},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{
    journal::{self, Event},
    periods::Period,
    submissions::{Key, chain},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::{Error, Result, Text},
    formats::document::{self, Cells},
    memory::registry::Registry,
};

/// How many tables a transaction takes well: the statement stays within SQLite's 32,766 parameters.
pub const TABLES: usize = 500;

/// A table, written and hashed; made apart from the transaction, because it is work for the processor only.
#[derive(Clone, Debug)]
pub struct Document {
    key: Key,
    written: String,
    hash: String,
    cells: usize,
}

impl Document {
    /// Writes a table in its canonical form.
    pub fn new(registry: &Registry, key: Key, cells: &Cells) -> Self {
        let (school, dataset, period) = (key.school.as_str(), key.dataset.as_str(), key.period.as_str());
        let written = document::canonical(school, dataset, period, cells, |code| registry.decimals(code));
        Self { hash: document::sha256(&written), cells: cells.len(), written, key }
    }
}

/// What a transaction has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Tables that were not there before.
    pub tables: usize,
    /// Tables that were there with the same content.
    pub unchanged: usize,
    /// The cells of both.
    pub observations: usize,
}

/// Writes tables as accepted, in one transaction. A table that is there with the same content is left alone.
///
/// # Errors
/// 409 for a table that is there with another content: whoever changes a figure does it by a push.
pub async fn accept(ctx: &Ctx, documents: Vec<Document>) -> Result<Written> {
    ctx.require(Action::Create, Kind::Submission)?;
    let tx = ctx.begin().await?;
    let present = present(ctx, &tx, &documents).await?;
    let mut written = Written::default();
    let mut new = Vec::with_capacity(documents.len());
    for document in documents {
        written.observations += document.cells;
        match present.get(&document.key) {
            None => new.push(document),
            Some(hash) if *hash == document.hash => written.unchanged += 1,
            Some(_) => return Err(other_content(&document.key)),
        }
    }
    written.tables = new.len();
    if new.is_empty() {
        return Ok(written);
    }
    let periods: BTreeSet<&str> = new.iter().map(|document| document.key.period.as_str()).collect();
    for period in periods {
        Period::parse(period).ok_or_else(|| Error::internal("a period that is none"))?.ensure(&tx).await?;
    }
    let summary = json!({ "tables": written.tables, "observations": written.observations });
    let (object, sum) = (range(&new), sum(&new));
    insert(ctx, &tx, new).await?;
    let event = Event { action: "submissions.loaded", object, after: Some(&sum), data: summary, ..Event::default() };
    journal::record(&tx, ctx, event).await?;
    tx.commit().await?;
    Ok(written)
}

fn other_content(key: &Key) -> Error {
    let object = key.object();
    Error::Conflict(Text::new(
        format!("{object} 已有不同的内容，批量写入不会覆盖"),
        format!("{object} is there with other content; the bulk path overwrites nothing"),
    ))
}

/// Which of the tables are there already, and with which content.
async fn present(ctx: &Ctx, db: &impl ConnectionTrait, documents: &[Document]) -> Result<HashMap<Key, String>> {
    let schools: BTreeSet<&SchoolCode> = documents.iter().map(|document| &document.key.school).collect();
    Ok(ctx
        .visible::<submission::Entity>()
        .filter(submission::Column::SchoolCode.is_in(schools.into_iter().cloned()))
        .all(db)
        .await?
        .into_iter()
        .map(|row| (Key::of(&row), row.content_hash))
        .collect())
}

/// How the journal names them: the first and the last.
fn range(documents: &[Document]) -> String {
    match documents {
        [] => String::new(),
        [one] => one.key.object(),
        [first, .., last] => format!("{} … {}", first.key.object(), last.key.object()),
    }
}

/// One hash for all of them: the journal vouches for every table it stands for.
fn sum(documents: &[Document]) -> String {
    document::sha256(documents.iter().map(|document| document.hash.as_str()).collect::<String>())
}

async fn insert(ctx: &Ctx, db: &impl ConnectionTrait, documents: Vec<Document>) -> Result<()> {
    let now = now();
    let submissions = documents.iter().map(|document| submission::ActiveModel {
        school_code: Set(document.key.school.clone()),
        dataset_code: Set(document.key.dataset.clone()),
        period_code: Set(document.key.period.clone()),
        state: Set(SubmissionState::Accepted),
        version: Set(1),
        revision: Set(1),
        content_hash: Set(document.hash.clone()),
        submitted_revision: Set(Some(1)),
        approved_revision: Set(Some(1)),
        accepted_revision: Set(Some(1)),
        created_at: Set(now),
        updated_at: Set(now),
    });
    submission::Entity::insert_many(submissions).exec_without_returning(db).await?;
    let mut revisions = Vec::with_capacity(documents.len());
    for document in documents {
        revisions.push(revision::ActiveModel {
            school_code: Set(document.key.school),
            dataset_code: Set(document.key.dataset),
            period_code: Set(document.key.period),
            number: Set(1),
            document: Set(document.written),
            chain_hash: Set(chain(&document.hash, "")),
            content_hash: Set(document.hash),
            cells: Set(i32::try_from(document.cells).map_err(Error::internal)?),
            author: Set(ctx.actor.subject.clone()),
            source: Set(Source::Bulk),
            created_at: Set(now),
        });
    }
    revision::Entity::insert_many(revisions).exec_without_returning(db).await?;
    Ok(())
}

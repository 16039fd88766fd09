//! Where a revision is written: one table of a push, or many of a batch, by the same statements.

use entity::{
    finding, revision, submission,
    words::{Source, SubmissionState},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, prelude::DateTimeUtc};
use serde_json::json;

use super::{Key, chain, replace};
use crate::{
    ctx::Ctx,
    db::{now, statements},
    domain::{
        journal::{self, Event},
        receipts::{self, Stated},
    },
    error::{Error, Finding, Result},
    formats::document,
};

/// A table that has passed the checks and says something new.
#[derive(Clone, Debug)]
pub(in crate::domain) struct Draft {
    /// Which table.
    pub key: Key,
    /// Its row as it was read in this transaction; nothing for a table that was not there.
    pub present: Option<submission::Model>,
    /// The chain hash of the revision before; empty for the first.
    pub chain_before: String,
    /// The canonical document.
    pub written: String,
    /// Its hash.
    pub hash: String,
    /// How many cells it has.
    pub cells: usize,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// By which door.
    pub source: Source,
    /// The batch it came with.
    pub batch: Option<String>,
}

impl Draft {
    /// The row of the table once this is stored.
    pub(super) fn row(&self, now: DateTimeUtc) -> submission::Model {
        match &self.present {
            None => submission::Model {
                school_code: self.key.school.clone(),
                dataset_code: self.key.dataset.clone(),
                period_code: self.key.period.clone(),
                state: SubmissionState::Draft,
                version: 1,
                revision: 1,
                content_hash: self.hash.clone(),
                submitted_revision: None,
                approved_revision: None,
                accepted_revision: None,
                created_at: now,
                updated_at: now,
            },
            Some(old) => submission::Model {
                state: SubmissionState::Draft,
                version: old.version + 1,
                revision: old.revision + 1,
                content_hash: self.hash.clone(),
                updated_at: now,
                ..old.clone()
            },
        }
    }
}

/// How the journal and the receipt call a push.
pub(super) const EVENT: &str = "submission.pushed";

/// Writes the next revision of each table: its row, the immutable revision, the findings and the journal.
/// The rows come back in the same order, each with its receipt; the tables of a batch share the batch's.
pub(in crate::domain) async fn store(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    drafts: &[Draft],
) -> Result<Vec<(submission::Model, Option<String>)>> {
    let now = now();
    let mut rows = Vec::with_capacity(drafts.len());
    let mut first = Vec::new();
    for draft in drafts {
        let row = draft.row(now);
        match &draft.present {
            None => first.push(submission::ActiveModel::from(row.clone())),
            Some(old) => replace(ctx, db, old, &row).await?,
        }
        rows.push(row);
    }
    for some in statements(first) {
        submission::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    write_revisions(ctx, db, drafts, &rows).await?;
    let found = drafts.iter().zip(&rows).map(|(draft, row)| (row, draft.findings.as_slice()));
    write_findings(db, found).await?;
    let mut receipts = Vec::with_capacity(drafts.len());
    for (draft, row) in drafts.iter().zip(&rows) {
        let stated = || Stated::of(row, draft.cells, &draft.findings);
        receipts.push(match draft.batch {
            None => Some(receipts::of(ctx, EVENT, row.updated_at, &stated())?),
            Some(_) => None,
        });
    }
    let events = drafts.iter().zip(&rows).zip(&receipts).map(|((draft, row), receipt)| {
        let mut data = json!({ "revision": row.revision, "cells": draft.cells, "findings": draft.findings.len() });
        if let Some(data) = data.as_object_mut() {
            let more = [("batch", draft.batch.clone()), ("receipt", receipt.as_ref().map(document::sha256))];
            data.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
        }
        Event {
            action: EVENT,
            object: draft.key.object(),
            school: Some(draft.key.school.as_str()),
            before: draft.present.as_ref().map(|row| row.content_hash.as_str()),
            after: Some(&draft.hash),
            data,
            ..Event::default()
        }
    });
    journal::record_all(db, ctx, events.collect()).await?;
    Ok(rows.into_iter().zip(receipts).collect())
}

/// Writes again what is to be said of a revision: its school has stated other tables since.
pub(in crate::domain) async fn renote(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    row: &submission::Model,
    findings: &[Finding],
) -> Result<()> {
    ctx.remove::<finding::Entity>()
        .filter(finding::Column::SchoolCode.eq(row.school_code.clone()))
        .filter(finding::Column::DatasetCode.eq(row.dataset_code.clone()))
        .filter(finding::Column::PeriodCode.eq(row.period_code.clone()))
        .filter(finding::Column::Number.eq(row.revision))
        .exec(db)
        .await?;
    write_findings(db, std::iter::once((row, findings))).await
}

/// The immutable revisions that the rows now point to.
async fn write_revisions(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    drafts: &[Draft],
    rows: &[submission::Model],
) -> Result<()> {
    let mut revisions = Vec::with_capacity(drafts.len());
    for (draft, row) in drafts.iter().zip(rows) {
        revisions.push(revision::ActiveModel {
            school_code: Set(row.school_code.clone()),
            dataset_code: Set(row.dataset_code.clone()),
            period_code: Set(row.period_code.clone()),
            number: Set(row.revision),
            document: Set(draft.written.clone()),
            content_hash: Set(row.content_hash.clone()),
            chain_hash: Set(chain(&row.content_hash, &draft.chain_before)),
            cells: Set(i32::try_from(draft.cells).map_err(Error::internal)?),
            author: Set(ctx.actor.subject.clone()),
            source: Set(draft.source),
            created_at: Set(row.updated_at),
        });
    }
    for some in statements(revisions) {
        revision::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Writes what was found in each revision.
async fn write_findings<'a>(
    db: &impl ConnectionTrait,
    of: impl Iterator<Item = (&'a submission::Model, &'a [Finding])>,
) -> Result<()> {
    let mut found = Vec::new();
    for (row, findings) in of {
        found.extend((0_i32..).zip(findings).map(|(position, one)| finding::ActiveModel {
            school_code: Set(row.school_code.clone()),
            dataset_code: Set(row.dataset_code.clone()),
            period_code: Set(row.period_code.clone()),
            number: Set(row.revision),
            position: Set(position),
            severity: Set(one.severity),
            code: Set(one.code.clone()),
            indicator_code: Set(one.indicator.clone()),
            pointer: Set(one.pointer.clone()),
            message_zh: Set(one.message.zh.clone()),
            message_en: Set(one.message.en.clone()),
            expected: Set(one.expected.clone()),
            got: Set(one.got.clone()),
            previous: Set(one.previous.clone()),
        }));
    }
    for some in statements(found) {
        finding::Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

//! Datasets: officials add tables and look after their names and validity.
//!
//! Code and kind of periods never change. A table that is not reported any more is given a last period: its old
//! tables stay, and are judged by the catalogue of their own periods.

use entity::{
    dataset,
    ids::{DatasetCode, PeriodCode},
    words::{Partition, PeriodKind},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

use super::{
    catalogue::{self, said},
    faults::Faults,
    journal::{self, Event},
    precondition::Match,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::{Error, Result},
    formats::{document, expression::is_name},
    memory::registry::Registry,
};

/// The longest code.
const MAX_CODE: usize = 50;

/// What is said of a table. What is not named stays, or is the usual of a new one; an inner nothing takes it away.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its place in the list.
    pub position: Option<i32>,
    /// The official name.
    pub name: Option<String>,
    /// In English.
    pub name_en: Option<Option<String>>,
    /// Where it is printed.
    pub source: Option<String>,
    /// The first period that it is reported for.
    pub valid_from: Option<Option<String>>,
    /// The last period that it is reported for.
    pub valid_to: Option<Option<String>>,
    /// By what its schools are parted where protected figures are told.
    pub parted_by: Option<String>,
}

/// A new table.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// Its code, `scale`.
    pub code: String,
    /// `calendar_year` or `school_year`.
    pub period_kind: Option<String>,
    /// The rest.
    pub said: Said,
}

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Members that never change, with what was sent for them.
    pub fixed: Vec<(&'static str, String)>,
    /// What is said of it.
    pub said: Said,
}

/// The strong ETag of a table's description.
pub fn etag(row: &dataset::Model) -> String {
    catalogue::etag(row.version)
}

/// Adds a table, still without an indicator.
///
/// # Errors
/// 403, 409 where there is one of this code, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, new: New) -> Result<dataset::Model> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let (tx, registry) = catalogue::begin(ctx).await?;
    let mut faults = Faults::default();
    let code = new.code.as_str();
    // `prev` is what rules call the period before.
    if !is_name(code) || code.len() > MAX_CODE || code == "prev" {
        let text = ("报表编码应如 scale，且不能是 prev", "A table's code is written like scale, and is not prev");
        faults.add("dataset_code", "/code", text, "scale", code);
    } else if registry.datasets.get(code).is_some() {
        faults.taken(code);
    }
    let kind = match &new.period_kind {
        Some(word) => faults.word("period_kind", word, PeriodKind::ALL, PeriodKind::word),
        None => {
            faults.missing("/period_kind");
            None
        }
    };
    let last = registry.datasets.all().last().map_or(0, |row| row.position);
    let blank = dataset::Model {
        code: DatasetCode::from(code),
        position: last.saturating_add(1),
        name: String::new(),
        name_en: None,
        period_kind: kind.unwrap_or(PeriodKind::CalendarYear),
        source: String::new(),
        valid_from: None,
        valid_to: None,
        version: 1,
        parted_by: Partition::City,
    };
    let row = applied(&registry, &blank, &new.said, kind, &mut faults);
    faults.verdict()?;
    dataset::Entity::insert(dataset::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "dataset.added", None, &row).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(row)
}

/// Changes what is said of a table.
///
/// # Errors
/// 403, 404, 428 without and 412 with another version than the present one, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), dataset.code = code))]
pub async fn change(ctx: &Ctx, code: &str, change: Change, if_match: Option<&Match>) -> Result<dataset::Model> {
    ctx.require(Action::Change, Kind::Catalogue)?;
    let (tx, registry) = catalogue::begin(ctx).await?;
    let old = registry.datasets.get(code).ok_or(Error::NotFound(Kind::Catalogue))?;
    catalogue::matched(if_match, old.version)?;
    let mut faults = Faults::default();
    for (member, got) in &change.fixed {
        let is = if *member == "code" { old.code.as_str() } else { old.period_kind.word() };
        let text = (
            "报表的编码和统计期类型不能更改：请为本报表设 valid_to，并新增报表",
            "A table's code and kind of periods never change: give this one a valid_to and add another",
        );
        faults.fixed(member, is, got, text);
    }
    let new = applied(&registry, old, &change.said, Some(old.period_kind), &mut faults);
    faults.verdict()?;
    if new == *old {
        return Ok(new);
    }
    let new = dataset::Model { version: old.version + 1, ..new };
    replace(&tx, old, &new).await?;
    note(ctx, &tx, "dataset.changed", Some(old), &new).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    Ok(new)
}

/// Lays what is said over what is there, and says what is wrong with it.
fn applied(
    registry: &Registry,
    there: &dataset::Model,
    new: &Said,
    kind: Option<PeriodKind>,
    faults: &mut Faults,
) -> dataset::Model {
    let text = |new: &Option<String>, there: &String| new.clone().unwrap_or_else(|| there.clone());
    let row = dataset::Model {
        position: new.position.unwrap_or(there.position),
        name: text(&new.name, &there.name),
        name_en: said(&new.name_en, &there.name_en),
        source: text(&new.source, &there.source),
        valid_from: said(&new.valid_from, &there.valid_from),
        valid_to: said(&new.valid_to, &there.valid_to),
        parted_by: new
            .parted_by
            .as_deref()
            .and_then(|word| faults.word("parted_by", word, Partition::ALL, Partition::word))
            .unwrap_or(there.parted_by),
        ..there.clone()
    };
    faults.position(row.position);
    faults.text("/name", &row.name, true);
    row.name_en.iter().for_each(|name| faults.text("/name_en", name, false));
    faults.text("/source", &row.source, false);
    faults.validity(row.valid_from.as_ref(), row.valid_to.as_ref(), kind);
    let same = |other: &&dataset::Model| other.code != row.code && other.name == row.name;
    if let Some(other) = registry.datasets.all().iter().find(same).filter(|_| !row.name.is_empty()) {
        let text = (format!("“{}”已是 {} 的名称", row.name, other.code), format!("`{}` has this name", other.code));
        faults.add("name_taken", "/name", text, "", row.name.as_str());
    }
    row
}

#[expect(clippy::disallowed_methods, reason = "a table belongs to no caller; who may change it was asked above")]
async fn replace(db: &impl ConnectionTrait, old: &dataset::Model, new: &dataset::Model) -> Result<()> {
    use dataset::Column as C;
    let done = dataset::Entity::update_many()
        .col_expr(C::Position, Expr::value(new.position))
        .col_expr(C::Name, Expr::value(new.name.clone()))
        .col_expr(C::NameEn, Expr::value(new.name_en.clone()))
        .col_expr(C::Source, Expr::value(new.source.clone()))
        .col_expr(C::ValidFrom, Expr::value(new.valid_from.clone()))
        .col_expr(C::ValidTo, Expr::value(new.valid_to.clone()))
        .col_expr(C::PartedBy, Expr::value(new.parted_by))
        .col_expr(C::Version, Expr::value(new.version))
        .filter(C::Code.eq(old.code.clone()))
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// Everything that is said of a table, for the journal.
fn definition(row: &dataset::Model) -> Value {
    json!({
        "position": row.position, "name": row.name, "name_en": row.name_en,
        "period_kind": row.period_kind.word(), "source": row.source,
        "valid_from": row.valid_from.as_ref().map(PeriodCode::as_str),
        "valid_to": row.valid_to.as_ref().map(PeriodCode::as_str),
        "parted_by": row.parted_by.word(),
    })
}

async fn note(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    action: &'static str,
    before: Option<&dataset::Model>,
    after: &dataset::Model,
) -> Result<()> {
    let hash = |row: &dataset::Model| document::sha256(definition(row).to_string());
    let data = json!({ "version": after.version, "definition": definition(after), "was": before.map(definition) });
    let (before, after_hash) = (before.map(hash), hash(after));
    let object = format!("dataset/{}", after.code);
    let event = Event { action, object, before: before.as_deref(), after: Some(&after_hash), data, ..Event::default() };
    journal::record(db, ctx, event).await
}

//! Collections (采集任务): the days within which schools report a table for a period, and who was given longer.
//!
//! Here are the verbs. `window` says when a table may be written, `progress` how far a collection is.

mod progress;
mod window;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};
use entity::{
    collection, collection_extension,
    ids::{DatasetCode, PeriodCode},
    school,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

pub(super) use self::window::{expect_open, refused};
pub use self::{
    progress::{Counts, Progress, progress},
    window::{Days, Stage},
};
use super::{
    catalogue,
    journal::{self, Event},
    periods::Period,
    precondition::Match,
    reasons::{said, unfit},
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
    memory::derived,
    page::{self, Ask, Page},
};

/// Which collection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The table.
    pub dataset: DatasetCode,
    /// The period.
    pub period: PeriodCode,
}

impl Key {
    /// A key of two codes.
    pub fn new(dataset: &str, period: &str) -> Self {
        Self { dataset: dataset.into(), period: period.into() }
    }

    /// The key of a row.
    pub fn of(row: &collection::Model) -> Self {
        Self { dataset: row.dataset_code.clone(), period: row.period_code.clone() }
    }

    /// How the journal names it.
    fn object(&self) -> String {
        format!("{}/{}", self.dataset, self.period)
    }

    fn is(&self) -> Condition {
        Condition::all()
            .add(collection::Column::DatasetCode.eq(self.dataset.clone()))
            .add(collection::Column::PeriodCode.eq(self.period.clone()))
    }
}

/// A collection to open. Days are written like `2026-12-31`.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The first day on which anything is taken.
    pub opens_on: String,
    /// The last day in time.
    pub due_on: String,
    /// The last day on which anything is taken; nothing for the day on which it is due.
    pub closes_on: Option<String>,
    /// What the schools are to know.
    pub note: Option<String>,
}

/// What is to be different; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The first day on which anything is taken.
    pub opens_on: Option<String>,
    /// The last day in time.
    pub due_on: Option<String>,
    /// The last day on which anything is taken; the inner nothing means the day on which it is due.
    pub closes_on: Option<Option<String>>,
    /// What the schools are to know; the inner nothing takes it away.
    pub note: Option<Option<String>>,
}

/// More time for one school.
#[derive(Clone, Debug, Default)]
pub struct Extend {
    /// The school.
    pub school: String,
    /// The last day on which it may write.
    pub until: String,
    /// Why; reaches the school and its city.
    pub reason: String,
}

/// The strong ETag of a collection; extensions do not change it.
pub fn etag(row: &collection::Model) -> String {
    format!("\"{}\"", row.version)
}

/// Where a collection stands for the caller: for a school with the time that it was given.
pub fn stage(ctx: &Ctx, row: &collection::Model, extensions: &[collection_extension::Model]) -> Stage {
    let own = extensions.iter().find(|one| ctx.actor.role == Role::School && one.school_code == ctx.actor.org());
    Days::of(row).extended(own.map(|one| one.until)).stage(ctx.actor.at)
}

/// Opens a collection.
///
/// # Errors
/// 403, 409 where there is one, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn open(ctx: &Ctx, new: New) -> Result<collection::Model> {
    ctx.require(Action::Create, Kind::Collection)?;
    let registry = ctx.memory.registry();
    let mut faults = Vec::new();
    let kind = registry.datasets.get(&new.dataset).map(|dataset| dataset.period_kind);
    if kind.is_none() {
        let (zh, en) = (format!("没有报表“{}”", new.dataset), format!("There is no table `{}`", new.dataset));
        faults.push(Finding::error("unknown_dataset", "/dataset", Text::new(zh, en)));
    }
    if derived::is_derived(&new.dataset) {
        faults.push(catalogue::of_nobody("/dataset", &new.dataset));
    }
    let period = Period::parse(&new.period);
    if let Err(Error::Invalid(found)) = match (kind, &period) {
        (Some(kind), _) => Period::expect(&new.period, kind, "/period").map(|_| ()),
        (None, Some(_)) => Ok(()),
        // Of a table that is not there any kind will do.
        (None, None) => Period::expect(&new.period, entity::words::PeriodKind::CalendarYear, "/period").map(|_| ()),
    } {
        faults.extend(found);
    }
    let at = now();
    let opens_on = day("/opens_on", &new.opens_on, &mut faults);
    let due_on = day("/due_on", &new.due_on, &mut faults);
    let closes_on = new.closes_on.as_deref().map(|text| day("/closes_on", text, &mut faults));
    let row = collection::Model {
        dataset_code: new.dataset.into(),
        period_code: new.period.into(),
        opens_on: opens_on.unwrap_or_default(),
        due_on: due_on.unwrap_or_default(),
        closes_on: closes_on.flatten(),
        note: new.note,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    in_order(&row, opens_on, due_on, &mut faults);
    let (true, Some(period)) = (faults.is_empty(), period) else { return Err(Error::Invalid(faults)) };

    let tx = ctx.begin().await?;
    if ctx.visible::<collection::Entity>().filter(Key::of(&row).is()).one(&tx).await?.is_some() {
        let (dataset, period) = (&row.dataset_code, &row.period_code);
        return Err(Error::Conflict(Text::new(
            format!("{dataset} {period} 的采集任务已存在，请修改它"),
            format!("There is a collection of {dataset} for {period} already: change it"),
        )));
    }
    period.ensure(&tx).await?;
    collection::Entity::insert(collection::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    note(ctx, &tx, "collection.opened", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Changes the days of a collection.
///
/// # Errors
/// In this order: 404, 403, 428 without and 412 with another version than the present one, 422 with everything
/// that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn change(ctx: &Ctx, key: &Key, change: Change, if_match: Option<&Match>) -> Result<collection::Model> {
    ctx.known(Kind::Collection)?;
    let tx = ctx.begin().await?;
    let old = ctx.one::<collection::Entity>(&tx, Action::Change, key.is()).await?;
    match if_match {
        None => return Err(Error::PreconditionRequired { current: etag(&old) }),
        Some(Match::Tags(tags)) if !tags.iter().any(|tag| *tag == old.version.to_string()) => {
            return Err(Error::PreconditionFailed { current: Some(etag(&old)) });
        }
        Some(Match::Any | Match::Tags(_)) => {}
    }
    let mut faults = Vec::new();
    let mut stated = |at: &str, text: Option<String>, old: NaiveDate| match text {
        Some(text) => day(at, &text, &mut faults),
        None => Some(old),
    };
    let opens_on = stated("/opens_on", change.opens_on, old.opens_on);
    let due_on = stated("/due_on", change.due_on, old.due_on);
    let closes_on = match change.closes_on {
        None => old.closes_on,
        Some(None) => None,
        Some(Some(text)) => day("/closes_on", &text, &mut faults),
    };
    let row = collection::Model {
        opens_on: opens_on.unwrap_or_default(),
        due_on: due_on.unwrap_or_default(),
        closes_on,
        note: change.note.unwrap_or_else(|| old.note.clone()),
        ..old.clone()
    };
    in_order(&row, opens_on, due_on, &mut faults);
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    if row == old {
        return Ok(old);
    }
    let row = collection::Model { version: old.version + 1, updated_at: now(), ..row };
    replace(ctx, &tx, &old, &row).await?;
    note(ctx, &tx, "collection.changed", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Gives one school longer than the others. A later word takes the place of an earlier one.
///
/// # Errors
/// 404, 403, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name(), school.code = extend.school))]
pub async fn extend(ctx: &Ctx, key: &Key, extend: Extend) -> Result<(collection::Model, collection_extension::Model)> {
    use collection_extension::Column as E;
    ctx.known(Kind::Collection)?;
    let tx = ctx.begin().await?;
    let row = ctx.one::<collection::Entity>(&tx, Action::Change, key.is()).await?;
    let mut faults = Vec::new();
    let registry = ctx.memory.registry();
    let school: Option<&school::Model> = registry.schools.get(&extend.school);
    if school.is_none() {
        let (zh, en) = (format!("没有学校“{}”", extend.school), format!("There is no school `{}`", extend.school));
        faults.push(Finding::error("unknown_school", "/school", Text::new(zh, en)));
    }
    let until = day("/until", &extend.until, &mut faults);
    let closes_on = Days::of(&row).closes_on;
    if let Some(until) = until.filter(|until| *until <= closes_on) {
        let text = Text::new(
            format!("延期应晚于截止日 {closes_on}"),
            format!("An extension ends after the day on which the collection closes, {closes_on}"),
        );
        let finding = Finding::error("extension_too_early", "/until", text);
        faults.push(finding.with(format!("> {closes_on}"), until.to_string()));
    }
    faults.extend(said("/reason", &extend.reason));
    let (true, Some(school), Some(until)) = (faults.is_empty(), school, until) else {
        return Err(Error::Invalid(faults));
    };

    let last = ctx
        .visible::<collection_extension::Entity>()
        .filter(E::SchoolCode.eq(school.code.clone()))
        .filter(E::DatasetCode.eq(key.dataset.clone()))
        .filter(E::PeriodCode.eq(key.period.clone()))
        .order_by_desc(E::Number)
        .one(&tx)
        .await?;
    let granted = collection_extension::Model {
        school_code: school.code.clone(),
        dataset_code: key.dataset.clone(),
        period_code: key.period.clone(),
        number: last.map_or(0, |last| last.number) + 1,
        until,
        reason: extend.reason,
        actor: ctx.actor.subject.clone(),
        at: now(),
    };
    let active = collection_extension::ActiveModel::from(granted.clone());
    collection_extension::Entity::insert(active).exec_without_returning(&tx).await?;
    let event = Event {
        action: "collection.extended",
        object: format!("{}/{}", granted.school_code, key.object()),
        school: Some(granted.school_code.as_str()),
        data: json!({ "until": granted.until, "number": granted.number }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    tx.commit().await?;
    Ok((row, granted))
}

/// One collection, with the extensions that are the caller's to see.
///
/// # Errors
/// 401 without a token, 404.
pub async fn get(ctx: &Ctx, key: &Key) -> Result<collection::Model> {
    ctx.one::<collection::Entity>(ctx.db.read(), Action::Read, key.is()).await
}

/// Which collections; what is not named keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these tables.
    pub dataset: Option<Vec<String>>,
    /// Only these periods.
    pub period: Option<Vec<String>>,
}

/// Every collection that the filter keeps, by table and period.
///
/// # Errors
/// 401 without a token; for a role that has nothing to do with collections there are none.
pub async fn all(ctx: &Ctx, filter: &Filter) -> Result<Vec<collection::Model>> {
    use collection::Column as C;
    ctx.known(Kind::Collection)?;
    let some = |column: C, words: &Option<Vec<String>>| {
        words.as_ref().map(|words| column.is_in(words.iter().map(String::as_str)))
    };
    let kept = Condition::all()
        .add_option(some(C::DatasetCode, &filter.dataset))
        .add_option(some(C::PeriodCode, &filter.period));
    let rows = ctx.visible::<collection::Entity>().filter(kept);
    Ok(rows.order_by_asc(C::DatasetCode).order_by_asc(C::PeriodCode).all(ctx.db.read()).await?)
}

/// A page of [`all`]. They are as many as tables and periods, so they are read whole.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<Key>) -> Result<Page<collection::Model>> {
    Ok(page::cut(all(ctx, filter).await?, ask, Key::of))
}

/// A cursor of [`list`].
pub fn cursor(key: &Key) -> String {
    page::cursor(&[key.dataset.as_str(), key.period.as_str()])
}

/// Reads a cursor of [`list`].
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<Key> {
    let [dataset, period] = page::read_cursor(cursor, pointer)?;
    Ok(Key::new(&dataset, &period))
}

/// The extensions that count, as far as they are the caller's to see, by school: one statement.
pub async fn extensions(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    keys: &BTreeSet<Key>,
) -> Result<HashMap<Key, Vec<collection_extension::Model>>> {
    use collection_extension::Column as E;
    // Of more collections than are asked for where both lists have several: those are passed by.
    let rows = ctx
        .visible::<collection_extension::Entity>()
        .filter(E::DatasetCode.is_in(keys.iter().map(|key| key.dataset.as_str())))
        .filter(E::PeriodCode.is_in(keys.iter().map(|key| key.period.as_str())))
        .order_by_asc(E::Number)
        .all(db)
        .await?;
    let mut newest: HashMap<Key, BTreeMap<String, collection_extension::Model>> = HashMap::new();
    for row in rows {
        let key = Key { dataset: row.dataset_code.clone(), period: row.period_code.clone() };
        if keys.contains(&key) {
            newest.entry(key).or_default().insert(row.school_code.0.clone(), row);
        }
    }
    Ok(newest.into_iter().map(|(key, rows)| (key, rows.into_values().collect())).collect())
}

/// Replaces a collection's row if it still is the one that was read.
async fn replace(ctx: &Ctx, db: &impl ConnectionTrait, old: &collection::Model, new: &collection::Model) -> Result<()> {
    use collection::Column as C;
    let done = ctx
        .change::<collection::Entity>()
        .col_expr(C::OpensOn, Expr::value(new.opens_on))
        .col_expr(C::DueOn, Expr::value(new.due_on))
        .col_expr(C::ClosesOn, Expr::value(new.closes_on))
        .col_expr(C::Note, Expr::value(new.note.clone()))
        .col_expr(C::Version, Expr::value(new.version))
        .col_expr(C::UpdatedAt, Expr::value(new.updated_at))
        .filter(Key::of(old).is())
        .filter(C::Version.eq(old.version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

async fn note(ctx: &Ctx, db: &impl ConnectionTrait, action: &'static str, row: &collection::Model) -> Result<()> {
    let days = Days::of(row);
    let data = json!({
        "version": row.version, "opens_on": days.opens_on, "due_on": days.due_on, "closes_on": days.closes_on,
        "note": row.note,
    });
    journal::record(db, ctx, Event { action, object: Key::of(row).object(), data, ..Event::default() }).await
}

/// Reads a day, or says what is wrong with it.
fn day(at: &str, text: &str, faults: &mut Vec<Finding>) -> Option<NaiveDate> {
    let day = text.parse::<NaiveDate>().ok();
    // One day has one form, and no collection lies further off than a period can.
    let day = day.filter(|day| day.to_string() == text && (1949..=2199).contains(&day.year()));
    if day.is_none() {
        let said = Text::new("日期应如 2026-12-31", "A day is written like 2026-12-31");
        faults.push(Finding::error("day_form", at, said).with("YYYY-MM-DD", text));
    }
    day
}

/// What is wrong with the order of the days that can be read, and with the note.
fn in_order(
    row: &collection::Model,
    opens_on: Option<NaiveDate>,
    due_on: Option<NaiveDate>,
    faults: &mut Vec<Finding>,
) {
    let mut ordered = |code: &str, at: &str, text: Text, first: Option<NaiveDate>, then: Option<NaiveDate>| {
        if let (Some(first), Some(then)) = (first, then)
            && then < first
        {
            faults.push(Finding::error(code, at, text).with(format!("≥ {first}"), then.to_string()));
        }
    };
    let due = Text::new("应交日早于开始日", "It is due before it opens");
    ordered("due_before_opening", "/due_on", due, opens_on, due_on);
    let closes = Text::new("截止日早于应交日", "It closes before it is due");
    ordered("closes_before_due", "/closes_on", closes, due_on, row.closes_on);
    faults.extend(row.note.as_deref().and_then(|text| unfit("/note", text)));
}

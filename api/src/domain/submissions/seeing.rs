//! The way out: one table, lists of tables, and the documents that figures are made of.

use std::{collections::HashMap, sync::Arc};

use entity::{
    finding,
    ids::{RuleCode, SchoolCode},
    revision, school, submission, transition,
    words::SubmissionState,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
    sea_query::{Expr, ExprTrait, Query, SimpleExpr},
};

use super::{
    Content, Key, Table, Taken,
    asking::{of_key, of_keys, of_keys_apart, of_revisions},
};
use crate::{
    authz::{self, Action, Kind},
    ctx::{Ctx, trail::EVERY_SCHOOL},
    domain::{
        checks::{Beside, Form, Judged},
        periods::Period,
    },
    error::{Error, Finding, Result, Text},
    formats::document::{self, Cells},
    memory::registry::Registry,
    page::{self, Ask, Page},
};

pub(super) async fn head(ctx: &Ctx, db: &impl ConnectionTrait, row: &submission::Model) -> Result<revision::Model> {
    ctx.visible::<revision::Entity>()
        .filter(revision::Column::SchoolCode.eq(row.school_code.clone()))
        .filter(revision::Column::DatasetCode.eq(row.dataset_code.clone()))
        .filter(revision::Column::PeriodCode.eq(row.period_code.clone()))
        .filter(revision::Column::Number.eq(row.revision))
        .one(db)
        .await?
        .ok_or_else(|| Error::Internal(format!("no revision {} of {}", row.revision, Key::of(row).object())))
}

pub(super) fn cells_of(registry: &Registry, head: &revision::Model) -> Result<Cells> {
    document::read(&head.document, |code| registry.decimals(code)).map_err(Error::internal)
}

/// How many tables one question to the database stands for.
const ASKED: usize = 128;

/// The tables beside some others as they are stored; to be read where there is time for it.
#[derive(Debug, Default)]
pub(in crate::domain) struct Unread {
    /// For which table, in which place beside it, which table.
    asked: Vec<(Key, (String, bool), Key)>,
    documents: HashMap<Key, String>,
}

impl Unread {
    /// Reads the documents, each once.
    pub(in crate::domain) fn read(self, registry: &Registry) -> Result<HashMap<Key, Beside>> {
        let mut tables: HashMap<Key, Arc<Cells>> = HashMap::with_capacity(self.documents.len());
        for (key, written) in self.documents {
            let cells = document::read(&written, |code| registry.decimals(code)).map_err(Error::internal)?;
            tables.insert(key, Arc::new(cells));
        }
        let mut all: HashMap<Key, Beside> = HashMap::new();
        for (key, place, other) in self.asked {
            let beside = all.entry(key).or_default();
            if let Some(cells) = tables.get(&other) {
                beside.0.insert(place, Arc::clone(cells));
            }
        }
        Ok(all)
    }
}

/// The tables beside each of some that its rules ask for: the newest revisions of the same school.
pub(in crate::domain) async fn beside(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    registry: &Registry,
    keys: &[Key],
) -> Result<Unread> {
    let mut unread = Unread::default();
    for some in keys.chunks(ASKED) {
        let first = unread.asked.len();
        for key in some {
            let Some(period) = Period::parse(key.period.as_str()) else { continue };
            for (dataset, is_previous) in Beside::wanted(registry, key.dataset.as_str(), key.period.as_str()) {
                let period = if is_previous { period.previous() } else { key.period.clone() };
                let other = Key { school: key.school.clone(), dataset: dataset.as_str().into(), period };
                unread.asked.push((key.clone(), (dataset, is_previous), other));
            }
        }
        // Of the tables, not of their revisions: these are then found by their whole key.
        let others = unread.asked.iter().skip(first).map(|(_, _, other)| other);
        for part in of_keys_apart::<submission::Column>(others) {
            let rows = ctx
                .visible::<revision::Entity>()
                .join(JoinType::InnerJoin, revision::Relation::Submission.def())
                .select_only()
                .columns([revision::Column::SchoolCode, revision::Column::DatasetCode])
                .columns([revision::Column::PeriodCode, revision::Column::Document])
                .filter(part)
                .filter(same(submission::Column::Revision, revision::Column::Number))
                .into_tuple::<(String, String, String, String)>()
                .all(db)
                .await?;
            let rows = rows
                .into_iter()
                .map(|(school, dataset, period, written)| (Key::new(&school, &dataset, &period), written));
            unread.documents.extend(rows);
        }
    }
    Ok(unread)
}

/// Judges the newest revision of a table again, beside what its school has stated since.
pub async fn judge(ctx: &Ctx, db: &impl ConnectionTrait, key: &Key, cells: &Cells) -> Result<Judged> {
    let registry = ctx.memory.registry();
    let beside =
        beside(ctx, db, &registry, std::slice::from_ref(key)).await?.read(&registry)?.remove(key).unwrap_or_default();
    Ok(Form::new(&registry, key.dataset.as_str(), key.period.as_str()).judge(cells, &beside))
}

/// The rules of a table that cannot be asked as things stand.
pub async fn skipped(ctx: &Ctx, key: &Key, cells: &Cells) -> Result<Vec<RuleCode>> {
    Ok(judge(ctx, ctx.db.read(), key, cells).await?.skipped)
}

/// The newest step of a table's review.
pub(super) async fn last_step(ctx: &Ctx, db: &impl ConnectionTrait, row: &submission::Model) -> Result<Option<Taken>> {
    ctx.visible::<transition::Entity>()
        .filter(of_key::<transition::Column>(&Key::of(row)))
        .order_by_desc(transition::Column::Version)
        .limit(1)
        .one(db)
        .await?
        .map(Taken::read)
        .transpose()
}

/// Where a table stands among others.
fn place(row: &submission::Model) -> (&str, &str, &str) {
    (row.school_code.as_str(), row.dataset_code.as_str(), row.period_code.as_str())
}

/// One table as the caller sees it.
pub async fn get(ctx: &Ctx, key: &Key) -> Result<Table> {
    let row = ctx.one::<submission::Entity>(ctx.db.read(), Action::Read, key.is()).await?;
    ctx.listed([place(&row)].into_iter())?;
    let mut content = contents(ctx, ctx.db.read(), std::slice::from_ref(&row)).await?.remove(key);
    if let Some(content) = &mut content {
        content.skipped = Some(skipped(ctx, key, &content.cells).await?);
    }
    Ok(Table { row, content, receipt: None, is_dry_run: false })
}

/// Which of the caller's tables to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these schools.
    pub school: Vec<String>,
    /// Only schools of these cities.
    pub city: Vec<String>,
    /// Only these tables.
    pub dataset: Vec<String>,
    /// Only these periods.
    pub period: Vec<String>,
    /// Only these states.
    pub state: Vec<SubmissionState>,
}

impl Filter {
    fn condition(&self) -> Condition {
        use submission::Column as C;
        let some =
            |column: C, words: &[String]| (!words.is_empty()).then(|| column.is_in(words.iter().map(String::as_str)));
        Condition::all()
            .add_option(some(C::SchoolCode, &self.school))
            .add_option(some(C::DatasetCode, &self.dataset))
            .add_option(some(C::PeriodCode, &self.period))
            .add_option((!self.state.is_empty()).then(|| C::State.is_in(self.state.iter().copied())))
            .add_option((!self.city.is_empty()).then(|| {
                C::SchoolCode.in_subquery(
                    Query::select()
                        .column(school::Column::Code)
                        .from(school::Entity)
                        .and_where(school::Column::CityCode.is_in(self.city.iter().map(String::as_str)))
                        .to_owned(),
                )
            }))
    }
}

/// The caller's tables, in the order of their keys; where they stand, not what they say.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<Key>) -> Result<Page<submission::Model>> {
    let all = ctx.visible::<submission::Entity>().filter(filter.condition());
    let total = all.clone().count(ctx.db.read()).await?;
    let mut cursor = all.cursor_by((
        submission::Column::SchoolCode,
        submission::Column::DatasetCode,
        submission::Column::PeriodCode,
    ));
    let parts = |key: &Key| (key.school.0.clone(), key.dataset.0.clone(), key.period.0.clone());
    if let Some(after) = &ask.after {
        cursor.after(parts(after));
    }
    if let Some(before) = &ask.before {
        cursor.before(parts(before));
    }
    let over = u64::try_from(ask.limit).map_err(Error::internal)? + 1;
    if ask.from_end {
        cursor.last(over)
    } else {
        cursor.first(over)
    };
    let mut items = cursor.all(ctx.db.read()).await?;
    let more = items.len() > ask.limit;
    if more && ask.from_end {
        items.remove(0);
    }
    items.truncate(ask.limit);
    ctx.listed(items.iter().map(place))?;
    Ok(Page {
        items,
        has_next: if ask.from_end { ask.before.is_some() } else { more },
        has_previous: if ask.from_end { more } else { ask.after.is_some() },
        total,
    })
}

/// A cursor of [`list`].
pub fn cursor(key: &Key) -> String {
    page::cursor(&[key.school.as_str(), key.dataset.as_str(), key.period.as_str()])
}

/// Reads a cursor of [`list`].
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<Key> {
    let [school, dataset, period] = page::read_cursor(cursor, pointer)?;
    Ok(Key::new(&school, &dataset, &period))
}

/// The tables of several schools, for one loader call.
pub async fn of_schools(ctx: &Ctx, schools: &[SchoolCode]) -> Result<HashMap<SchoolCode, Vec<submission::Model>>> {
    let rows = ctx
        .visible::<submission::Entity>()
        .filter(submission::Column::SchoolCode.is_in(schools.iter().cloned()))
        .order_by_asc(submission::Column::PeriodCode)
        .order_by_asc(submission::Column::DatasetCode)
        .all(ctx.db.read())
        .await?;
    ctx.listed(rows.iter().map(place))?;
    let mut of: HashMap<SchoolCode, Vec<submission::Model>> = HashMap::new();
    for row in rows {
        of.entry(row.school_code.clone()).or_default().push(row);
    }
    Ok(of)
}

/// Whether the caller may see the values of this table as it now stands.
pub fn sees_values(ctx: &Ctx, registry: &Registry, row: &submission::Model) -> bool {
    registry
        .schools
        .get(row.school_code.as_str())
        .is_some_and(|school| authz::sees_values(ctx.actor.role, row.state, school.affiliation))
}

/// The insides of several tables in three statements, left out where the values are not the caller's to see.
pub async fn contents(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    rows: &[submission::Model],
) -> Result<HashMap<Key, Content>> {
    let registry = ctx.memory.registry();
    let mut contents = HashMap::new();
    let open: Vec<&submission::Model> = rows.iter().filter(|row| sees_values(ctx, &registry, row)).collect();
    for chunk in open.chunks(200) {
        let keys: Vec<Key> = chunk.iter().map(|row| Key::of(row)).collect();
        let revisions = || keys.iter().zip(chunk.iter().map(|row| row.revision));
        let heads = of_revisions::<revision::Column>(revisions());
        for head in ctx.visible::<revision::Entity>().filter(heads).all(db).await? {
            let cells = document::read(&head.document, |code| registry.decimals(code)).map_err(Error::internal)?;
            let key = Key { school: head.school_code, dataset: head.dataset_code, period: head.period_code };
            ctx.saw(key.school.as_str(), key.dataset.as_str(), key.period.as_str())?;
            contents.insert(key, Content { cells, findings: Vec::new(), skipped: None, last_step: None });
        }
        let found = of_revisions::<finding::Column>(revisions());
        let found =
            ctx.visible::<finding::Entity>().filter(found).order_by_asc(finding::Column::Position).all(db).await?;
        for row in found {
            let key = Key {
                school: row.school_code.clone(),
                dataset: row.dataset_code.clone(),
                period: row.period_code.clone(),
            };
            if let Some(content) = contents.get_mut(&key) {
                content.findings.push(read_finding(row));
            }
        }
        let tables = of_keys::<transition::Column>(&keys);
        let steps = ctx
            .visible::<transition::Entity>()
            .filter(tables)
            .order_by_asc(transition::Column::Version)
            .all(db)
            .await?;
        for step in steps {
            let key = Key {
                school: step.school_code.clone(),
                dataset: step.dataset_code.clone(),
                period: step.period_code.clone(),
            };
            if let Some(content) = contents.get_mut(&key) {
                content.last_step = Some(Taken::read(step)?);
            }
        }
    }
    Ok(contents)
}

/// What a row says that a check found.
pub(super) fn read_finding(row: finding::Model) -> Finding {
    Finding {
        severity: row.severity,
        code: row.code,
        indicator: row.indicator_code,
        pointer: row.pointer,
        message: Text::new(row.message_zh, row.message_en),
        expected: row.expected,
        got: row.got,
        previous: row.previous,
    }
}

/// Which state of unpublished tables is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpublished {
    /// The last accepted revision of each table, even while it is reopened.
    Live,
    /// The newest revision whose values the caller may see.
    Current,
}

/// The documents of one table and period, one for each school of the caller's scope.
pub async fn documents(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    dataset: &str,
    period: &str,
    which: Unpublished,
) -> Result<Vec<(SchoolCode, String)>> {
    ctx.require(Action::Read, Kind::LiveFigure)?;
    ctx.saw(EVERY_SCHOOL, dataset, period)?;
    let registry = ctx.memory.registry();
    // At most two revisions of a table can be meant, however many it has. One statement for both sides:
    // between two, a table that is accepted again would be in neither.
    let mut documents: Vec<(SchoolCode, String)> = ctx
        .visible::<revision::Entity>()
        .join(JoinType::InnerJoin, revision::Relation::Submission.def())
        .select_only()
        .columns([revision::Column::SchoolCode, revision::Column::Number, revision::Column::Document])
        .columns([submission::Column::State, submission::Column::Revision, submission::Column::AcceptedRevision])
        .filter(submission::Column::DatasetCode.eq(dataset))
        .filter(submission::Column::PeriodCode.eq(period))
        .filter(
            Condition::any()
                .add(same(submission::Column::AcceptedRevision, revision::Column::Number))
                .add(same(submission::Column::Revision, revision::Column::Number)),
        )
        .into_tuple::<(SchoolCode, i32, String, SubmissionState, i32, Option<i32>)>()
        .all(db)
        .await?
        .into_iter()
        .filter(|(code, number, _, state, newest, accepted)| {
            let sees = || {
                let school = registry.schools.get(code.as_str());
                school.is_some_and(|school| authz::sees_values(ctx.actor.role, *state, school.affiliation))
            };
            match which {
                Unpublished::Current if sees() => number == newest,
                Unpublished::Current | Unpublished::Live => Some(*number) == *accepted,
            }
        })
        .map(|(school, _, document, ..)| (school, document))
        .collect();
    documents.sort_unstable();
    Ok(documents)
}

fn same(left: submission::Column, right: revision::Column) -> SimpleExpr {
    Expr::col((submission::Entity, left)).equals((revision::Entity, right))
}

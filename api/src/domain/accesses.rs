//! Records of access: who has read which tables that are not published, when, and by which door.
//!
//! Written in batches off the way of the request, see [`crate::ctx::trail`]; kept three years.

use std::collections::HashMap;

use chrono::{DateTime, Months, Utc};
use entity::{data_access, data_access_table, ids::AccessId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Query,
};
use uuid::Uuid;

use crate::{
    authz::{Action, Kind, Role},
    ctx::{Ctx, trail::Queue},
    db::statements,
    error::Result,
    page::{self, Ask, Page},
};

/// How many requests go into a transaction.
const BLOCK: usize = 500;

/// How long they are kept.
const KEPT: Months = Months::new(36);

/// Writes what waits; returns how many requests.
///
/// # Errors
/// What the database said; what was not written waits on.
pub async fn write(ctx: &Ctx, queue: &Queue) -> Result<usize> {
    ctx.require(Action::Create, Kind::Access)?;
    let mut written = 0;
    loop {
        let taken = queue.take(BLOCK);
        if taken.is_empty() {
            return Ok(written);
        }
        let (mut requests, mut tables) = (Vec::with_capacity(taken.len()), Vec::new());
        for access in &taken {
            let id = AccessId(Uuid::now_v7());
            requests.push(data_access::ActiveModel {
                id: Set(id),
                at: Set(access.at),
                actor: Set(access.actor.subject.clone()),
                actor_role: Set(access.actor.role.name().to_owned()),
                actor_org: Set(access.actor.org.clone()),
                door: Set(access.door.clone()),
                request_id: Set(access.request_id.clone()),
                address: Set(access.address.clone()),
            });
            let listed = access.listed.difference(&access.tables).map(|place| (place, true));
            let told = access.tables.iter().map(|place| (place, false)).chain(listed);
            tables.extend(told.map(|((school, dataset, period), is_listed)| data_access_table::ActiveModel {
                access_id: Set(id),
                school_code: Set(school.clone()),
                dataset_code: Set(dataset.as_str().into()),
                period_code: Set(period.as_str().into()),
                is_listed: Set(is_listed),
            }));
        }
        let stored = async {
            let tx = ctx.begin().await?;
            for some in statements(requests) {
                data_access::Entity::insert_many(some).exec_without_returning(&tx).await?;
            }
            for some in statements(tables) {
                data_access_table::Entity::insert_many(some).exec_without_returning(&tx).await?;
            }
            tx.commit().await?;
            Ok(())
        };
        if let Err(fault) = stored.await {
            queue.put_back(taken);
            return Err(fault);
        }
        queue.done(taken.len());
        written += taken.len();
    }
}

/// Throws away what is older than three years; returns how many requests.
pub async fn purge(ctx: &Ctx) -> Result<u64> {
    ctx.require(Action::Change, Kind::Access)?;
    let Some(before) = Utc::now().checked_sub_months(KEPT) else { return Ok(0) };
    let old = Query::select()
        .column(data_access::Column::Id)
        .from(data_access::Entity)
        .and_where(data_access::Column::At.lt(before))
        .to_owned();
    let tx = ctx.begin().await?;
    ctx.remove::<data_access_table::Entity>()
        .filter(data_access_table::Column::AccessId.in_subquery(old))
        .exec(&tx)
        .await?;
    let gone = ctx.remove::<data_access::Entity>().filter(data_access::Column::At.lt(before)).exec(&tx).await?;
    tx.commit().await?;
    Ok(gone.rows_affected)
}

/// Which records.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this reader.
    pub actor: Option<String>,
    /// Only of readers of this organisation.
    pub org: Option<String>,
    /// Only of this school's tables.
    pub school: Option<String>,
    /// Only of this table.
    pub dataset: Option<String>,
    /// Only of this period.
    pub period: Option<String>,
    /// Only since then.
    pub from: Option<DateTime<Utc>>,
    /// Only before then.
    pub to: Option<DateTime<Utc>>,
    /// Only of this request.
    pub request_id: Option<String>,
}

impl Filter {
    fn condition(&self) -> Condition {
        use data_access::Column as C;
        use data_access_table::Column as T;
        let tables = Condition::all()
            .add_option(self.school.as_deref().map(|school| T::SchoolCode.is_in([school, "*"])))
            .add_option(self.dataset.as_deref().map(|dataset| T::DatasetCode.eq(dataset)))
            .add_option(self.period.as_deref().map(|period| T::PeriodCode.eq(period)));
        let of_tables = (!tables.is_empty()).then(|| {
            let some =
                Query::select().column(T::AccessId).from(data_access_table::Entity).cond_where(tables).to_owned();
            C::Id.in_subquery(some)
        });
        Condition::all()
            .add_option(self.actor.as_deref().map(|actor| C::Actor.eq(actor)))
            .add_option(self.org.as_deref().map(|org| C::ActorOrg.eq(org)))
            .add_option(self.from.map(|from| C::At.gte(from)))
            .add_option(self.to.map(|to| C::At.lt(to)))
            .add_option(self.request_id.as_deref().map(|id| C::RequestId.eq(id)))
            .add_option(of_tables)
    }
}

/// A request that has read what is not published, as far as the caller may know.
#[derive(Clone, Debug)]
pub struct Access {
    /// Its row.
    pub id: AccessId,
    /// When it read.
    pub at: DateTime<Utc>,
    /// The account or client, for auditors.
    pub actor: Option<String>,
    /// The role of the reader.
    pub role: String,
    /// The organisation of the reader.
    pub org: Option<String>,
    /// By which door.
    pub door: String,
    /// The request, for auditors.
    pub request_id: Option<String>,
    /// Where it came from, for auditors.
    pub address: Option<String>,
    /// What it read: school (`*` for all of the reader's scope), dataset, period.
    pub tables: Vec<[String; 3]>,
    /// Of which it was told only where they stand.
    pub listed: Vec<[String; 3]>,
}

/// The records that are there for the caller, oldest first: an auditor sees all of them, a school which officials
/// have read its own tables.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<AccessId>) -> Result<Page<Access>> {
    ctx.require(Action::Read, Kind::Access)?;
    let db = ctx.db.read();
    let all = ctx.visible::<data_access::Entity>().filter(filter.condition());
    let total = all.clone().count(db).await?;
    let over = u64::try_from(ask.limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut rows = all
        .filter(Condition::all().add_option(ask.after.map(|after| data_access::Column::Id.gt(after))))
        .order_by_asc(data_access::Column::Id)
        .limit(over)
        .all(db)
        .await?;
    let has_next = rows.len() > ask.limit;
    rows.truncate(ask.limit);
    let mut tables: HashMap<(AccessId, bool), Vec<[String; 3]>> = HashMap::new();
    let found = ctx
        .visible::<data_access_table::Entity>()
        .filter(data_access_table::Column::AccessId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(data_access_table::Column::SchoolCode)
        .order_by_asc(data_access_table::Column::DatasetCode)
        .order_by_asc(data_access_table::Column::PeriodCode)
        .all(db)
        .await?;
    for row in found {
        let place = [row.school_code, row.dataset_code.0, row.period_code.0];
        tables.entry((row.access_id, row.is_listed)).or_default().push(place);
    }
    let is_auditor = matches!(ctx.actor.role, Role::Auditor | Role::System);
    let items = rows.into_iter().map(|row| Access {
        tables: tables.remove(&(row.id, false)).unwrap_or_default(),
        listed: tables.remove(&(row.id, true)).unwrap_or_default(),
        id: row.id,
        at: row.at,
        actor: is_auditor.then_some(row.actor),
        role: row.actor_role,
        org: row.actor_org,
        door: row.door,
        request_id: row.request_id.filter(|_| is_auditor),
        address: row.address.filter(|_| is_auditor),
    });
    Ok(Page { items: items.collect(), has_next, has_previous: ask.after.is_some(), total })
}

/// A cursor of [`list`].
pub fn cursor(id: AccessId) -> String {
    page::cursor(&["access", &id.to_string()])
}

/// Reads a cursor of [`list`].
///
/// # Errors
/// 422 where it is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<AccessId> {
    match page::read_cursor(cursor, pointer)? {
        [kind, id] if kind == "access" => Uuid::parse_str(&id).ok().map(AccessId),
        _ => None,
    }
    .ok_or_else(|| page::no_cursor(pointer))
}

//! Releases: immutable, versioned, signed, cumulative.
//!
//! A release keeps its tables as columns, the frame they hang on, and a signed manifest of
//! SHA-256 sums. It never changes; what changes is which one is the newest.

mod building;
pub mod changes;
pub mod copies;
mod preview;
mod spill;
mod verifying;

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, SubsecRound, Utc};
use entity::{
    ids::{DatasetCode, ReleaseVersion},
    registry_snapshot, release, release_table,
    words::ReleaseKind,
};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, QueryOrder, QuerySelect, Statement,
    sea_query::OnConflict,
};
use semver::{Version, VersionReq};

pub use preview::{Preview, TablePreview, preview};
pub use verifying::verify;

use self::{
    building::{Built, Place, Slip, Slips},
    spill::Spill,
    verifying::{Manifest, SIGNED_TYPE},
};
use super::{
    embargo,
    journal::{self, Event},
    periods::Period,
};
use crate::{
    authn::keys,
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::{Error, Finding, Result, Text},
    memory::{self, ReleaseHead, TableHead, Thing, frame::Frame},
};

/// What a new release shall be.
#[derive(Clone, Debug)]
pub struct New {
    /// Only this period is brought up to date; the others stand as before. Nothing for all.
    pub period: Option<String>,
    /// What it changes, by semantic versioning.
    pub kind: ReleaseKind,
    /// Until then only the province sees it.
    pub publish_at: Option<DateTime<Utc>>,
    /// What it is for.
    pub note: String,
}

/// The longest note, in characters.
const MAX_NOTE: usize = 4_000;

/// The newest release that is there for the caller, as of a moment ago.
pub fn newest(ctx: &Ctx) -> Option<Arc<ReleaseHead>> {
    ctx.memory.releases(&ctx.actor).into_iter().next()
}

/// All releases that are there for the caller, newest first.
pub async fn list(ctx: &Ctx) -> Result<Vec<Arc<ReleaseHead>>> {
    ctx.require(Action::Read, Kind::Release)?;
    ctx.memory.current(&ctx.actor).await
}

/// The release that a version (`1.0.0`) or a range (`2.*`, `^1.2`) means; the newest for nothing.
pub async fn resolve(ctx: &Ctx, wanted: Option<&str>) -> Result<Arc<ReleaseHead>> {
    let all = list(ctx).await?;
    let found = match wanted {
        None => all.first(),
        Some(text) => match Version::parse(text) {
            Ok(version) => all.iter().find(|release| release.version() == version),
            Err(_) => {
                let range = VersionReq::parse(text).map_err(|_| {
                    Error::invalid(
                        "release_form",
                        "/release",
                        Text::new(
                            format!("“{text}”不是版本号；应如 1.0.0、2.*，或 live、current"),
                            format!("`{text}` is not a version; write 1.0.0, 2.*, live or current"),
                        ),
                    )
                })?;
                all.iter().find(|release| range.matches(&release.version()))
            }
        },
    };
    found.cloned().ok_or(Error::NotFound(Kind::Release))
}

/// What is done of a build: tables, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tables that are done.
    pub done: usize,
    /// Tables that there are to do.
    pub of: usize,
}

/// Builds a release from everything that is accepted.
///
/// # Errors
/// As [`build`].
pub async fn create(ctx: &Ctx, new: New) -> Result<Arc<ReleaseHead>> {
    build(ctx, new, &mut |_| {}).await
}

/// Builds a release from everything that is accepted, and says how far it is.
///
/// # Errors
/// 403 for all but the province, 422 for a note, a period or another partition that will not do, 409 where nothing
/// has changed since the release before.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn build(ctx: &Ctx, new: New, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Arc<ReleaseHead>> {
    ctx.require(Action::Create, Kind::Release)?;
    check(&new)?;
    let tx = ctx.begin().await?;
    let mut spill = Spill::new()?;
    let prepared = prepare(ctx, &tx, &new, progress, &mut |_, _, built| spill.put(built)).await?;
    let Prepared { version, before, tables, registry_hash, document, .. } = prepared;

    let created_at = now();
    let publish_at = new.publish_at.map_or(created_at, |at| at.max(created_at).trunc_subsecs(6));
    if let Some(hidden) = before.as_ref().filter(|before| before.publish_at > publish_at) {
        return Err(too_early(hidden, publish_at));
    }
    let manifest = Manifest {
        release: version.to_string(),
        previous: before.as_ref().map(|before| before.version.0.clone()),
        kind: new.kind.word().to_owned(),
        note: new.note.clone(),
        created_at,
        publish_at,
        registry_sha256: registry_hash.clone(),
        tables: tables.values().map(Slip::sealed).collect(),
    };
    let manifest = serde_json::to_string(&manifest).map_err(Error::internal)?;
    let signature = keys::sign(&ctx.memory.keys(), manifest.as_bytes(), SIGNED_TYPE)?;

    registry_snapshot::Entity::insert(registry_snapshot::ActiveModel {
        hash: Set(registry_hash.clone()),
        document: Set(document),
        created_at: Set(created_at),
    })
    .on_conflict(OnConflict::column(registry_snapshot::Column::Hash).do_nothing().to_owned())
    .try_insert()
    .exec_without_returning(&tx)
    .await?;
    let part = |number: u64| i32::try_from(number).map_err(Error::internal);
    let name = ReleaseVersion(version.to_string());
    let row = release::Model {
        version: name.clone(),
        major: part(version.major)?,
        minor: part(version.minor)?,
        patch: part(version.patch)?,
        kind: new.kind,
        note: new.note,
        period_code: new.period,
        registry_hash,
        manifest,
        signature,
        created_by: ctx.actor.subject.clone(),
        created_at,
        publish_at,
    };
    release::Entity::insert(release::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    let heads: Vec<TableHead> = tables.values().map(|slip| slip.head(&name)).collect();
    for (key, slip) in &tables {
        // One after the other: what is built waits on the disk, what stays as it was in the release before.
        let built = match (spill.take(slip)?, &before) {
            (Some(built), _) => built,
            (None, Some(before)) => building::one(ctx, &tx, before, key).await?.ok_or_else(lost)?,
            (None, None) => return Err(lost()),
        };
        release_table::Entity::insert(built.row(&name)).exec_without_returning(&tx).await?;
    }
    journal::record(
        &tx,
        ctx,
        Event {
            action: if publish_at > created_at { embargo::CREATED } else { embargo::PUBLISHED },
            object: name.0.clone(),
            data: embargo::data(name.as_str(), new.kind.word(), heads.len(), publish_at),
            ..Event::default()
        },
    )
    .await?;
    memory::raise(&tx, Thing::Releases).await?;
    tx.commit().await?;
    ctx.memory.refresh().await?;
    // Other instances may be as far behind: after this none of them answers from the release before.
    tokio::time::sleep(memory::FRESH).await;
    Ok(Arc::new(ReleaseHead { row, tables: heads }))
}

fn lost() -> Error {
    Error::internal("a table of a release that was neither built nor there before")
}

/// Everything that a release would be but the columns, before any of it is written.
struct Prepared {
    version: Version,
    before: Option<release::Model>,
    /// The registry and the catalogue as they stand, and the hash of that.
    document: String,
    registry_hash: String,
    tables: Slips,
}

/// What is done with a table that was built for this version, beside the same of the release before.
type Each<'a> = dyn FnMut(&str, Option<&Built>, &Built) -> Result<()> + Send + 'a;

/// Builds every table, one after the other, in a transaction that may still be dropped.
async fn prepare(
    ctx: &Ctx,
    tx: &impl ConnectionTrait,
    new: &New,
    progress: &mut (dyn FnMut(Progress) + Send),
    each: &mut Each<'_>,
) -> Result<Prepared> {
    if tx.get_database_backend() == DbBackend::Postgres {
        // Releases are numbered one after the other; the number is any constant of ours.
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, "SELECT pg_advisory_xact_lock(7236479)")).await?;
    }
    let frame = Frame::of(&ctx.memory.registry());
    let (document, registry_hash) = frame.document()?;
    let frame = Arc::new(frame);
    let before = ctx
        .visible::<release::Entity>()
        .order_by_desc(release::Column::Major)
        .order_by_desc(release::Column::Minor)
        .order_by_desc(release::Column::Patch)
        .limit(1)
        .one(tx)
        .await?;
    let version = next(before.as_ref(), new.kind);
    let mut tables = building::carried(ctx, tx, before.as_ref()).await?;
    let mut accepted = building::accepted(ctx, tx, new.period.as_deref()).await?;
    accepted.extend(building::derived(tables.keys().chain(&accepted.clone()), new.period.as_deref()));
    if let Some(before) = &before {
        let old = building::frame(tx, &before.registry_hash).await?;
        same_partitions(&old, &frame, tables.keys().map(|(dataset, _)| dataset), new.kind)?;
    }
    let is_same_registry = before.as_ref().is_some_and(|before| before.registry_hash == registry_hash);
    let place = Place { version: version.to_string().into(), frame, is_same_registry };
    progress(Progress { done: 0, of: accepted.len() });
    for (done, key) in (1..).zip(&accepted) {
        let old = match before.as_ref().filter(|_| tables.contains_key(key)) {
            Some(before) => building::one(ctx, tx, before, key).await?,
            None => None,
        };
        let table = building::table(ctx, tx, &place, key, old.as_ref()).await?;
        each(&place.version, old.as_ref(), &table)?;
        tables.insert(key.clone(), table.slip);
        progress(Progress { done, of: accepted.len() });
    }
    if tables.is_empty() {
        return Err(Error::Conflict(Text::new(
            "还没有已采纳的数据，无法发布",
            "Nothing is accepted yet: there is nothing to release",
        )));
    }
    if let Some(before) = before.as_ref().filter(|_| is_same_registry) {
        let old: Manifest = serde_json::from_str(&before.manifest).map_err(Error::internal)?;
        if old.tables == tables.values().map(Slip::sealed).collect::<Vec<_>>() {
            return Err(Error::Conflict(Text::new(
                format!("自 {} 以来没有变化，无需发布", before.version),
                format!("Nothing has changed since {}: there is nothing to release", before.version),
            )));
        }
    }
    Ok(Prepared { version, before, document, registry_hash, tables })
}

/// The partition of a dataset is fixed within a major version.
fn same_partitions<'a>(
    old: &Frame,
    new: &Frame,
    datasets: impl Iterator<Item = &'a DatasetCode>,
    kind: ReleaseKind,
) -> Result<()> {
    if kind == ReleaseKind::Major {
        return Ok(());
    }
    let datasets: BTreeSet<&DatasetCode> = datasets.collect();
    let mut faults = Vec::new();
    for code in datasets {
        let (is, was) = (new.partition(code.as_str()).word(), old.partition(code.as_str()).word());
        if is != was {
            let text = Text::new(
                format!("报表“{code}”的分组方式由 {was} 改为 {is}，只能随主版本（major）发布"),
                format!("`{code}` is parted by {is} instead of {was}: that takes a major release"),
            );
            faults.push(Finding::error("partition", "/kind", text).with("major", kind.word()));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

fn check(new: &New) -> Result<()> {
    let mut faults = Vec::new();
    let length = new.note.chars().count();
    if new.note.trim().is_empty() || length > MAX_NOTE || new.note.contains('\0') {
        faults.push(
            Finding::error(
                "note",
                "/note",
                Text::new(
                    format!("请用 1 到 {MAX_NOTE} 字说明本次发布"),
                    format!("Say in 1 to {MAX_NOTE} characters what this release is for"),
                ),
            )
            .with(format!("1..={MAX_NOTE}"), length.to_string()),
        );
    }
    if let Some(period) = new.period.as_deref().filter(|period| Period::parse(period).is_none()) {
        faults.push(
            Finding::error(
                "period_form",
                "/period",
                Text::new("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023"),
            )
            .with("2023", period),
        );
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// A release is cumulative: one that is there before a hidden one would publish what that one hides.
fn too_early(hidden: &release::Model, publish_at: DateTime<Utc>) -> Error {
    let day = hidden.publish_at.to_rfc3339();
    Error::Invalid(vec![
        Finding::error(
            "publish_at",
            "/publish_at",
            Text::new(
                format!("{} 将于 {day} 公布，其后的版本不能更早公布", hidden.version),
                format!("{} is hidden until {day}; a later version cannot be there before it", hidden.version),
            ),
        )
        .with(format!("≥ {day}"), publish_at.to_rfc3339()),
    ])
}

/// The version after this one.
fn next(before: Option<&release::Model>, kind: ReleaseKind) -> Version {
    let Some(before) = before else { return Version::new(1, 0, 0) };
    let part = |number: i32| u64::try_from(number).unwrap_or(0);
    let (major, minor, patch) = (part(before.major), part(before.minor), part(before.patch));
    match kind {
        ReleaseKind::Major => Version::new(major + 1, 0, 0),
        ReleaseKind::Minor => Version::new(major, minor + 1, 0),
        ReleaseKind::Patch => Version::new(major, minor, patch + 1),
    }
}

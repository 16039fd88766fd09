//! Releases: immutable, versioned, signed, cumulative.
//!
//! A release keeps its tables as columns, the frame they hang on, and a signed manifest of
//! SHA-256 sums. It never changes; what changes is which one is the newest.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, SubsecRound, Utc};
use entity::{
    ids::{DatasetCode, PeriodCode, ReleaseVersion},
    registry_snapshot, release, release_table, submission,
    words::{Disclosure, ReleaseKind},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement, sea_query::OnConflict,
};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::{
    embargo,
    journal::{self, Event},
    periods::Period,
    submissions::{self, Unpublished},
};
use crate::{
    authn::keys,
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::{Error, Result, Text},
    formats::{
        columns::{self, Series},
        document::{self, Status, sha256},
    },
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

/// One table of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    dataset: String,
    period: String,
    schools: i32,
    public_sha256: String,
    protected_sha256: String,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    release: String,
    previous: Option<String>,
    kind: String,
    note: String,
    created_at: DateTime<Utc>,
    publish_at: DateTime<Utc>,
    registry_sha256: String,
    tables: Vec<Sealed>,
}

/// Builds a release from everything that is accepted.
///
/// # Errors
/// 403 for all but the province, 422 for a note or a period that will not do, 409 where nothing has
/// changed since the release before.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn create(ctx: &Ctx, new: New) -> Result<Arc<ReleaseHead>> {
    ctx.require(Action::Create, Kind::Release)?;
    check(&new)?;
    let registry = ctx.memory.registry();
    let frame = Frame::of(&registry);
    let (document, registry_hash) = frame.document()?;

    let tx = ctx.begin().await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        // Releases are numbered one after the other; the number is any constant of ours.
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, "SELECT pg_advisory_xact_lock(7236479)")).await?;
    }
    let before = ctx
        .visible::<release::Entity>()
        .order_by_desc(release::Column::Major)
        .order_by_desc(release::Column::Minor)
        .order_by_desc(release::Column::Patch)
        .limit(1)
        .one(&tx)
        .await?;
    let version = next(before.as_ref(), new.kind);
    let mut tables = carried(ctx, &tx, before.as_ref()).await?;
    for (dataset, period) in accepted(ctx, &tx, new.period.as_deref()).await? {
        let table = table(ctx, &tx, &frame, &dataset, &period).await?;
        tables.insert((dataset, period), table);
    }
    if tables.is_empty() {
        return Err(Error::Conflict(Text::new(
            "还没有已采纳的数据，无法发布",
            "Nothing is accepted yet: there is nothing to release",
        )));
    }
    let sealed: Vec<Sealed> = tables.values().map(Built::sealed).collect();
    if let Some(before) = before.as_ref().filter(|before| before.registry_hash == registry_hash) {
        let old: Manifest = serde_json::from_str(&before.manifest).map_err(Error::internal)?;
        if old.tables == sealed {
            return Err(Error::Conflict(Text::new(
                format!("自 {} 以来没有变化，无需发布", before.version),
                format!("Nothing has changed since {}: there is nothing to release", before.version),
            )));
        }
    }

    let created_at = now();
    let publish_at = new.publish_at.map_or(created_at, |at| at.max(created_at).trunc_subsecs(6));
    if let Some(hidden) = before.as_ref().filter(|before| before.publish_at > publish_at) {
        return Err(too_early(hidden, publish_at));
    }
    let manifest = Manifest {
        release: version.to_string(),
        previous: before.map(|before| before.version.0),
        kind: new.kind.word().to_owned(),
        note: new.note.clone(),
        created_at,
        publish_at,
        registry_sha256: registry_hash.clone(),
        tables: sealed,
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
    let heads: Vec<TableHead> = tables.values().map(|built| built.head(&name)).collect();
    for ((dataset, period), built) in tables {
        release_table::Entity::insert(built.row(&name, dataset, period)).exec_without_returning(&tx).await?;
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

/// The `typ` of a manifest's signature.
const SIGNED_TYPE: &str = "zhiqiao-release+jws";

fn check(new: &New) -> Result<()> {
    let mut faults = Vec::new();
    let length = new.note.chars().count();
    if new.note.trim().is_empty() || length > MAX_NOTE || new.note.contains('\0') {
        faults.push(
            crate::error::Finding::error(
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
            crate::error::Finding::error(
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
        crate::error::Finding::error(
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

/// The columns of one table, ready to be written.
struct Built {
    dataset: DatasetCode,
    period: PeriodCode,
    schools: i32,
    public_hash: String,
    public_columns: Vec<u8>,
    protected_hash: String,
    protected_columns: Vec<u8>,
}

impl Built {
    fn sealed(&self) -> Sealed {
        Sealed {
            dataset: self.dataset.0.clone(),
            period: self.period.0.clone(),
            schools: self.schools,
            public_sha256: self.public_hash.clone(),
            protected_sha256: self.protected_hash.clone(),
        }
    }

    fn head(&self, version: &ReleaseVersion) -> TableHead {
        TableHead {
            version: version.clone(),
            dataset_code: self.dataset.clone(),
            period_code: self.period.clone(),
            schools: self.schools,
            public_hash: self.public_hash.clone(),
            protected_hash: self.protected_hash.clone(),
        }
    }

    fn row(self, version: &ReleaseVersion, dataset: DatasetCode, period: PeriodCode) -> release_table::ActiveModel {
        release_table::ActiveModel {
            version: Set(version.clone()),
            dataset_code: Set(dataset),
            period_code: Set(period),
            schools: Set(self.schools),
            public_hash: Set(self.public_hash),
            public_columns: Set(self.public_columns),
            protected_hash: Set(self.protected_hash),
            protected_columns: Set(self.protected_columns),
        }
    }
}

type Tables = BTreeMap<(DatasetCode, PeriodCode), Built>;

/// The tables of the release before: a release is cumulative.
async fn carried(ctx: &Ctx, db: &impl ConnectionTrait, before: Option<&release::Model>) -> Result<Tables> {
    let Some(before) = before else { return Ok(Tables::new()) };
    let rows = ctx
        .visible::<release_table::Entity>()
        .filter(release_table::Column::Version.eq(before.version.clone()))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let built = Built {
                dataset: row.dataset_code.clone(),
                period: row.period_code.clone(),
                schools: row.schools,
                public_hash: row.public_hash,
                public_columns: row.public_columns,
                protected_hash: row.protected_hash,
                protected_columns: row.protected_columns,
            };
            ((row.dataset_code, row.period_code), built)
        })
        .collect())
}

/// The tables of which at least one school's is accepted.
async fn accepted(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    period: Option<&str>,
) -> Result<BTreeSet<(DatasetCode, PeriodCode)>> {
    let mut rows = ctx
        .visible::<submission::Entity>()
        .select_only()
        .distinct()
        .columns([submission::Column::DatasetCode, submission::Column::PeriodCode])
        .filter(submission::Column::AcceptedRevision.is_not_null());
    if let Some(period) = period {
        rows = rows.filter(submission::Column::PeriodCode.eq(period));
    }
    Ok(rows.into_tuple::<(DatasetCode, PeriodCode)>().all(db).await?.into_iter().collect())
}

/// The columns of one table from its accepted documents.
async fn table(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    frame: &Frame,
    dataset: &DatasetCode,
    period: &PeriodCode,
) -> Result<Built> {
    let documents = submissions::documents(ctx, db, dataset.as_str(), period.as_str(), Unpublished::Live).await?;
    let registry = ctx.memory.registry();
    // An indicator that does not hold in the period has no column there.
    let mut series: BTreeMap<&str, Series> = registry
        .lines_in(dataset.as_str(), period.as_str())
        .map(|line| {
            let empty =
                Series { code: line.code.0.clone(), decimals: line.decimals, cells: vec![None; documents.len()] };
            (line.code.as_str(), empty)
        })
        .collect();
    for (at, (school, text)) in documents.iter().enumerate() {
        let mut fault = None;
        document::visit(text, |code, stored| {
            let Some(series) = series.get_mut(code) else { return };
            match (stored.cell(series.decimals), series.cells.get_mut(at)) {
                (Ok(cell), Some(slot)) => *slot = Some((cell.value, cell.status)),
                (Err(unreadable), _) => fault = Some(unreadable),
                (Ok(_), None) => {}
            }
        })
        .map_err(Error::internal)?;
        if let Some(unreadable) = fault {
            return Err(Error::Internal(format!("{school} {dataset} {period}: {unreadable}")));
        }
    }
    debug_assert!(
        series.values().all(|one| one.cells.iter().flatten().all(|(_, status)| *status != Status::Suppressed))
    );

    let schools: Vec<&str> = documents.iter().map(|(school, _)| school.as_str()).collect();
    let is_public =
        |code: &str| frame.line(code, period.as_str()).is_some_and(|line| line.disclosure() == Disclosure::Public);
    // In the order of the form, as people know it.
    let of = |public: bool| -> Vec<Series> {
        registry
            .lines_in(dataset.as_str(), period.as_str())
            .filter(|line| is_public(line.code.as_str()) == public)
            .filter_map(|line| series.get(line.code.as_str()).cloned())
            .collect()
    };
    let public_columns = columns::write(&schools, &of(true)).map_err(Error::internal)?;
    let protected_columns = columns::write(&schools, &of(false)).map_err(Error::internal)?;
    Ok(Built {
        dataset: dataset.clone(),
        period: period.clone(),
        schools: i32::try_from(schools.len()).map_err(Error::internal)?,
        public_hash: sha256(&public_columns),
        public_columns,
        protected_hash: sha256(&protected_columns),
        protected_columns,
    })
}

/// Recomputes a release: every sum of the manifest, the registry, and the signature.
/// Returns what does not agree; nothing is good news.
pub async fn verify(ctx: &Ctx, version: &str) -> Result<Vec<String>> {
    let release = resolve(ctx, Some(version)).await?;
    let mut faults = Vec::new();
    if let Err(fault) =
        keys::verify(&ctx.memory.keys(), &release.row.signature, release.row.manifest.as_bytes(), SIGNED_TYPE)
    {
        faults.push(format!("signature: {fault}"));
    }
    let manifest: Manifest = serde_json::from_str(&release.row.manifest).map_err(Error::internal)?;
    if manifest.release != release.row.version.0 || manifest.registry_sha256 != release.row.registry_hash {
        faults.push("manifest: names another release or registry".to_owned());
    }
    let frame = ctx.memory.frame_of(&release).await?;
    if frame.hash != manifest.registry_sha256 {
        faults.push("registry: SHA-256 differs".to_owned());
    }
    let rows = ctx
        .visible::<release_table::Entity>()
        .filter(release_table::Column::Version.eq(release.row.version.clone()))
        .all(ctx.db.read())
        .await?;
    for sealed in &manifest.tables {
        let name = format!("{} {}", sealed.dataset, sealed.period);
        match rows
            .iter()
            .find(|row| row.dataset_code == sealed.dataset.as_str() && row.period_code == sealed.period.as_str())
        {
            None => faults.push(format!("{name}: the table is gone")),
            Some(row) => {
                if sha256(&row.public_columns) != sealed.public_sha256 {
                    faults.push(format!("{name}: the public columns differ"));
                }
                if sha256(&row.protected_columns) != sealed.protected_sha256 {
                    faults.push(format!("{name}: the protected columns differ"));
                }
            }
        }
    }
    if rows.len() != manifest.tables.len() {
        faults.push(format!("{} tables stand here, {} were signed", rows.len(), manifest.tables.len()));
    }
    Ok(faults)
}

//! The tables of a release: those of the release before, and those that are built anew from what is accepted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use entity::{
    ids::{DatasetCode, PeriodCode, ReleaseVersion},
    registry_snapshot, release, release_table, submission,
    words::{Disclosure, PeriodKind},
};
use rand::{TryRng, rngs::SysRng};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};

use super::verifying::Sealed;
use crate::{
    authz,
    ctx::Ctx,
    domain::{
        disclosure::writing::{self, Edition, Told},
        periods::Period,
        submissions::{self, Unpublished},
    },
    error::{Error, Result},
    formats::{
        columns::{self, File, Series},
        document::{self, Status, hex, sha256},
    },
    memory::{TableHead, columns::Table, derived, disclosed::Disclosed, frame::Frame},
};

/// What a manifest and memory say of a table: everything but its columns.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Slip {
    #[sea_orm(from_alias = "dataset_code")]
    pub(super) dataset: DatasetCode,
    #[sea_orm(from_alias = "period_code")]
    pub(super) period: PeriodCode,
    /// How many schools have a public figure.
    pub(super) schools: i32,
    pub(super) public_hash: String,
    pub(super) protected_hash: String,
    pub(super) disclosure_hash: Option<String>,
    pub(super) salt: Option<String>,
}

impl Slip {
    /// What the manifest says of it.
    pub(super) fn sealed(&self) -> Sealed {
        let commitment = match (&self.salt, &self.disclosure_hash) {
            (Some(salt), Some(told)) => Some(commitment(salt, &self.protected_hash, told)),
            _ => None,
        };
        Sealed {
            dataset: self.dataset.0.clone(),
            period: self.period.0.clone(),
            schools: self.schools,
            public_sha256: self.public_hash.clone(),
            protected_sha256: commitment.is_none().then(|| self.protected_hash.clone()),
            protected_commitment: commitment,
        }
    }

    /// What memory holds of it.
    pub(super) fn head(&self, version: &ReleaseVersion) -> TableHead {
        TableHead {
            version: version.clone(),
            dataset_code: self.dataset.clone(),
            period_code: self.period.clone(),
            schools: self.schools,
            public_hash: self.public_hash.clone(),
            protected_hash: self.protected_hash.clone(),
            disclosure_hash: self.disclosure_hash.clone(),
        }
    }
}

/// One table of a release, ready to be written.
pub(super) struct Built {
    pub(super) slip: Slip,
    pub(super) public_columns: Vec<u8>,
    pub(super) protected_columns: Vec<u8>,
    pub(super) disclosure: Option<String>,
}

impl Built {
    /// The row of a release.
    pub(super) fn row(self, version: &ReleaseVersion) -> release_table::ActiveModel {
        let Slip { dataset, period, schools, public_hash, protected_hash, disclosure_hash, salt } = self.slip;
        release_table::ActiveModel {
            version: Set(version.clone()),
            dataset_code: Set(dataset),
            period_code: Set(period),
            schools: Set(schools),
            public_hash: Set(public_hash),
            public_columns: Set(self.public_columns),
            protected_hash: Set(protected_hash),
            protected_columns: Set(self.protected_columns),
            disclosure: Set(self.disclosure),
            disclosure_hash: Set(disclosure_hash),
            salt: Set(salt),
        }
    }
}

impl From<release_table::Model> for Built {
    fn from(row: release_table::Model) -> Self {
        Self {
            slip: Slip {
                dataset: row.dataset_code,
                period: row.period_code,
                schools: row.schools,
                public_hash: row.public_hash,
                protected_hash: row.protected_hash,
                disclosure_hash: row.disclosure_hash,
                salt: row.salt,
            },
            public_columns: row.public_columns,
            protected_columns: row.protected_columns,
            disclosure: row.disclosure,
        }
    }
}

/// By what the public manifest holds the service to the protected columns, and to what is told of them: nobody
/// without the salt can hold a guessed table against it.
pub(super) fn commitment(salt: &str, protected_hash: &str, disclosure_hash: &str) -> String {
    sha256(format!("{salt}\n{protected_hash}\n{disclosure_hash}"))
}

/// The tables of a release, without their columns.
pub(super) type Slips = BTreeMap<(DatasetCode, PeriodCode), Slip>;

/// The tables of the release before: a release is cumulative.
pub(super) async fn carried(ctx: &Ctx, db: &impl ConnectionTrait, before: Option<&release::Model>) -> Result<Slips> {
    use release_table::Column as C;
    let Some(before) = before else { return Ok(Slips::new()) };
    let slips = ctx
        .visible::<release_table::Entity>()
        .filter(C::Version.eq(before.version.clone()))
        .select_only()
        .columns([
            C::DatasetCode,
            C::PeriodCode,
            C::Schools,
            C::PublicHash,
            C::ProtectedHash,
            C::DisclosureHash,
            C::Salt,
        ])
        .into_model::<Slip>()
        .all(db)
        .await?;
    Ok(slips.into_iter().map(|slip| ((slip.dataset.clone(), slip.period.clone()), slip)).collect())
}

/// One table of a release.
pub(super) async fn one(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    release: &release::Model,
    (dataset, period): &(DatasetCode, PeriodCode),
) -> Result<Option<Built>> {
    let row = ctx
        .visible::<release_table::Entity>()
        .filter(release_table::Column::Version.eq(release.version.clone()))
        .filter(release_table::Column::DatasetCode.eq(dataset.clone()))
        .filter(release_table::Column::PeriodCode.eq(period.clone()))
        .one(db)
        .await?;
    Ok(row.map(Built::from))
}

/// A cell of a released table: school, line, value and status.
type Stated = (String, String, Option<i64>, &'static str);

/// How many cells of schools are not the same in two editions of a table.
pub(super) fn differing(old: Option<&Built>, new: &Built) -> Result<usize> {
    let cells = |built: &Built| -> Result<BTreeSet<Stated>> {
        let mut all = BTreeSet::new();
        for bytes in [&built.public_columns, &built.protected_columns] {
            let file = File::open(Bytes::copy_from_slice(bytes)).map_err(Error::internal)?;
            for code in file.indicators() {
                let Some(series) = file.series(code).map_err(Error::internal)? else { continue };
                let there = file.schools().iter().zip(series.cells).filter_map(|(school, cell)| Some((school, cell?)));
                all.extend(
                    there.map(|(school, (value, status))| (school.clone(), code.to_owned(), value, status.word())),
                );
            }
        }
        Ok(all)
    };
    let (new, old) = (cells(new)?, old.map(cells).transpose()?.unwrap_or_default());
    // A cell that says something else is in both differences: it is one.
    let places: BTreeSet<(&String, &String)> =
        new.symmetric_difference(&old).map(|(school, code, ..)| (school, code)).collect();
    Ok(places.len())
}

/// The tables of which at least one school's is accepted.
pub(super) async fn accepted(
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

/// The derived table, for each calendar year of which there is any other table.
pub(super) fn derived<'k>(
    tables: impl Iterator<Item = &'k (DatasetCode, PeriodCode)>,
    period: Option<&str>,
) -> BTreeSet<(DatasetCode, PeriodCode)> {
    let is_year = |code: &str| Period::parse(code).is_some_and(|period| period.kind == PeriodKind::CalendarYear);
    tables
        .map(|(_, code)| code)
        .filter(|code| is_year(code.as_str()) && period.is_none_or(|period| *code == period))
        .map(|code| (DatasetCode::from(derived::PARTNERSHIPS), code.clone()))
        .collect()
}

/// Where a new table is to stand.
pub(super) struct Place {
    /// The version of the release.
    pub(super) version: Arc<str>,
    /// Schools and lines as they are now.
    pub(super) frame: Arc<Frame>,
    /// Whether the release before had the same.
    pub(super) is_same_registry: bool,
}

/// One table from its accepted documents, and what is told of it; `before` is the same table of the release before.
pub(super) async fn table(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    place: &Place,
    (dataset, period): &(DatasetCode, PeriodCode),
    before: Option<&Built>,
) -> Result<Built> {
    let built = columns(ctx, db, &place.frame, dataset, period).await?;
    if let Some(before) = before.filter(|before| place.is_same_registry && before.disclosure.is_some())
        && before.slip.public_hash == built.slip.public_hash
        && before.slip.protected_hash == built.slip.protected_hash
    {
        // Nothing has changed: what was told stands, by the same salt.
        let (disclosure_hash, salt) = (before.slip.disclosure_hash.clone(), before.slip.salt.clone());
        let slip = Slip { disclosure_hash, salt, ..built.slip };
        return Ok(Built { slip, disclosure: before.disclosure.clone(), ..built });
    }
    let past = past(ctx, db, dataset, period).await?;
    let edition = Edition {
        version: Arc::clone(&place.version),
        frame: Arc::clone(&place.frame),
        table: Arc::new(open(&built.public_columns, &built.protected_columns, &place.frame)?),
    };
    let told = writing::write(&edition, &past, dataset.as_str(), period.as_str())?;
    let disclosure = serde_json::to_string(&told).map_err(Error::internal)?;
    let mut salt = [0; 32];
    SysRng.try_fill_bytes(&mut salt).map_err(Error::internal)?;
    let same = before.filter(|before| {
        before.slip.protected_hash == built.slip.protected_hash && before.disclosure.as_ref() == Some(&disclosure)
    });
    let salt = same.and_then(|before| before.slip.salt.clone()).unwrap_or_else(|| hex(&salt));
    let slip = Slip { disclosure_hash: Some(sha256(&disclosure)), salt: Some(salt), ..built.slip };
    Ok(Built { slip, disclosure: Some(disclosure), ..built })
}

fn open(public: &[u8], protected: &[u8], frame: &Frame) -> Result<Table> {
    let open = |bytes: &[u8]| File::open(Bytes::copy_from_slice(bytes)).map_err(Error::internal);
    Table::new(open(public)?, open(protected)?, frame)
}

/// A frame by its hash.
pub(super) async fn frame(db: &impl ConnectionTrait, hash: &str) -> Result<Frame> {
    let row = authz::whole::<registry_snapshot::Entity>()
        .filter(registry_snapshot::Column::Hash.eq(hash))
        .one(db)
        .await?
        .ok_or_else(|| Error::internal("a release without its registry"))?;
    Frame::read(&row.document)
}

/// What releases of a table differ by.
#[derive(FromQueryResult)]
struct Version {
    version: ReleaseVersion,
    protected_hash: String,
    disclosure_hash: Option<String>,
    registry_hash: String,
}

/// What was told of a table before, oldest first: the first release of each that told something else.
async fn past(ctx: &Ctx, db: &impl ConnectionTrait, dataset: &DatasetCode, period: &PeriodCode) -> Result<Vec<Told>> {
    use release_table::Column as C;
    let of_table = || {
        ctx.visible::<release_table::Entity>()
            .filter(C::DatasetCode.eq(dataset.clone()))
            .filter(C::PeriodCode.eq(period.clone()))
    };
    let versions: Vec<Version> = of_table()
        .join(JoinType::InnerJoin, release_table::Relation::Release.def())
        .select_only()
        .columns([C::Version, C::ProtectedHash, C::DisclosureHash])
        .column(release::Column::RegistryHash)
        .order_by_asc(release::Column::Major)
        .order_by_asc(release::Column::Minor)
        .order_by_asc(release::Column::Patch)
        .into_model::<Version>()
        .all(db)
        .await?;
    let mut seen = BTreeSet::new();
    let mut frames: BTreeMap<String, Arc<Frame>> = BTreeMap::new();
    let mut past = Vec::new();
    for one in versions {
        if !seen.insert((one.disclosure_hash.clone().unwrap_or(one.protected_hash), one.disclosure_hash.is_none())) {
            continue;
        }
        let frame = match frames.get(&one.registry_hash) {
            Some(frame) => Arc::clone(frame),
            None => {
                let read = Arc::new(frame(db, &one.registry_hash).await?);
                frames.insert(one.registry_hash, Arc::clone(&read));
                read
            }
        };
        let row = of_table().filter(C::Version.eq(one.version.clone())).one(db).await?;
        let row = row.ok_or_else(|| Error::internal("a release without one of its tables"))?;
        let table = Arc::new(open(&row.public_columns, &row.protected_columns, &frame)?);
        let edition = Edition { version: one.version.0.into(), frame, table };
        let disclosed = match row.disclosure.as_deref() {
            Some(text) => serde_json::from_str::<Disclosed>(text).map_err(Error::internal)?,
            None => writing::fresh(&edition, dataset.as_str(), period.as_str())?,
        };
        past.push(Told { edition, disclosed: Arc::new(disclosed) });
    }
    Ok(past)
}

/// The columns of one table from its accepted documents.
async fn columns(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    frame: &Frame,
    dataset: &DatasetCode,
    period: &PeriodCode,
) -> Result<Built> {
    let registry = ctx.memory.registry();
    if derived::is_derived(dataset.as_str()) {
        let schools: Vec<&str> = frame.schools.iter().map(|school| school.code.as_str()).collect();
        let days = Period::read(period.as_str(), "/period")?.days()?;
        let series = derived::series(&registry, schools.iter().copied(), days);
        return written((dataset, period), (&schools, &series), (&schools, &[]));
    }
    let documents = submissions::documents(ctx, db, dataset.as_str(), period.as_str(), Unpublished::Live).await?;
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
    // Who has a row among the public columns has a public figure: that a school has stated protected ones is not told.
    let open = of(true);
    let is_there = |at: &usize| open.iter().any(|one| matches!(one.cells.get(*at), Some(Some(_))));
    let rows: Vec<usize> = (0..schools.len()).filter(is_there).collect();
    let named: Vec<&str> = rows.iter().filter_map(|at| schools.get(*at).copied()).collect();
    let only =
        |one: Series| Series { cells: rows.iter().map(|at| one.cells.get(*at).copied().flatten()).collect(), ..one };
    let open: Vec<Series> = open.into_iter().map(only).collect();
    written((dataset, period), (&named, &open), (&schools, &of(false)))
}

/// Some schools and their columns.
type Columns<'c> = (&'c [&'c str], &'c [Series]);

/// A table of these public and these protected columns.
fn written(
    (dataset, period): (&DatasetCode, &PeriodCode),
    (named, open): Columns<'_>,
    (schools, protected): Columns<'_>,
) -> Result<Built> {
    let public_columns = columns::write(named, open).map_err(Error::internal)?;
    let protected_columns = columns::write(schools, protected).map_err(Error::internal)?;
    let slip = Slip {
        dataset: dataset.clone(),
        period: period.clone(),
        schools: i32::try_from(named.len()).map_err(Error::internal)?,
        public_hash: sha256(&public_columns),
        protected_hash: sha256(&protected_columns),
        disclosure_hash: None,
        salt: None,
    };
    Ok(Built { slip, public_columns, protected_columns, disclosure: None })
}

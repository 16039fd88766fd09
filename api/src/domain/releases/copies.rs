//! A release as a folder: to be kept elsewhere, and verified without the service.
//!
//! What everybody may have: the manifest as it was signed, its signature, the registry, the public columns. With it,
//! for officials, the protected columns, what is told of them, and the salts that the manifest's commitments need.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use entity::{registry_snapshot, release_table};
use sea_orm::{ColumnTrait, QueryFilter};
use serde_json::json;

use super::{
    building::commitment,
    resolve,
    verifying::{Manifest, SIGNED_TYPE},
};
use crate::{
    authn::keys::{KeySet, PublicKeys},
    authz,
    ctx::{Ctx, trail::EVERY_SCHOOL},
    error::{Error, Result},
    formats::document::sha256,
};

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.jws";
const REGISTRY: &str = "registry.json";
const KEYS: &str = "jwks.json";
const SALTS: &str = "salts.json";

fn table(dataset: &str, period: &str, what: &str) -> String {
    format!("{dataset}-{period}.{what}")
}

/// Writes a release into a folder, with what is for officials only where that is asked for; returns its version.
///
/// # Errors
/// 404 where there is no such release, [`Error::Internal`] where the folder cannot be written.
pub async fn export(ctx: &Ctx, version: &str, dir: &Path, with_protected: bool) -> Result<String> {
    let release = resolve(ctx, Some(version)).await?;
    let row = &release.row;
    let snapshot = authz::whole::<registry_snapshot::Entity>()
        .filter(registry_snapshot::Column::Hash.eq(row.registry_hash.clone()))
        .one(ctx.db.read())
        .await?
        .ok_or_else(|| Error::internal("a release without its registry"))?;
    fs::create_dir_all(dir).map_err(Error::internal)?;
    let write = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).map_err(Error::internal);
    write(MANIFEST, row.manifest.as_bytes())?;
    write(SIGNATURE, row.signature.as_bytes())?;
    write(REGISTRY, snapshot.document.as_bytes())?;
    let jwks = serde_json::to_vec_pretty(&KeySet::new(&ctx.memory.keys()).jwks()).map_err(Error::internal)?;
    write(KEYS, &jwks)?;
    let mut salts = BTreeMap::new();
    for head in &release.tables {
        let (dataset, period) = (head.dataset_code.as_str(), head.period_code.as_str());
        let table_row = ctx
            .visible::<release_table::Entity>()
            .filter(release_table::Column::Version.eq(row.version.clone()))
            .filter(release_table::Column::DatasetCode.eq(dataset))
            .filter(release_table::Column::PeriodCode.eq(period))
            .one(ctx.db.read())
            .await?
            .ok_or_else(|| Error::internal("a release without one of its tables"))?;
        write(&table(dataset, period, "public.parquet"), &table_row.public_columns)?;
        if with_protected {
            ctx.saw(EVERY_SCHOOL, dataset, period)?;
            write(&table(dataset, period, "protected.parquet"), &table_row.protected_columns)?;
            if let (Some(told), Some(salt)) = (&table_row.disclosure, table_row.salt) {
                write(&table(dataset, period, "told.json"), told.as_bytes())?;
                salts.insert(format!("{dataset}-{period}"), salt);
            }
        }
    }
    if with_protected {
        write(SALTS, &serde_json::to_vec_pretty(&json!(salts)).map_err(Error::internal)?)?;
    }
    Ok(row.version.0.clone())
}

/// What was found in a folder.
#[derive(Debug)]
pub struct Examined {
    /// The version that it says it is.
    pub version: String,
    /// What does not agree; nothing is good news.
    pub faults: Vec<String>,
    /// How many protected tables were there to be verified.
    pub protected: usize,
    /// Whether the signature was held against the keys of the folder itself.
    pub has_own_keys: bool,
}

/// Verifies a folder without the service: the signature of the manifest, and every sum in it of which the file is there.
///
/// # Errors
/// What keeps the folder from being read.
pub fn examine(dir: &Path, keys: Option<&PublicKeys>) -> std::result::Result<Examined, String> {
    let path = |name: &str| -> PathBuf { dir.join(name) };
    let bytes = |name: &str| fs::read(path(name)).map_err(|fault| format!("{}: {fault}", path(name).display()));
    let text = |name: &str| -> std::result::Result<String, String> {
        String::from_utf8(bytes(name)?).map_err(|fault| format!("{}: {fault}", path(name).display()))
    };
    let manifest_text = text(MANIFEST)?;
    let manifest: Manifest = serde_json::from_str(&manifest_text).map_err(|fault| format!("{MANIFEST}: {fault}"))?;
    let mut faults = Vec::new();
    let own = match keys {
        Some(_) => None,
        None => Some(PublicKeys::read(&text(KEYS)?).map_err(|fault| format!("{KEYS}: {fault}"))?),
    };
    match keys.or(own.as_ref()).map(|keys| keys.open(text(SIGNATURE).unwrap_or_default().trim(), &[SIGNED_TYPE])) {
        Some(Ok(opened)) if opened.payload == manifest_text.as_bytes() => {}
        Some(Ok(_)) => faults.push("signature: of another manifest".to_owned()),
        Some(Err(refusal)) => faults.push(format!("signature: {refusal}")),
        None => faults.push("signature: no key".to_owned()),
    }
    match bytes(REGISTRY) {
        Ok(registry) if sha256(&registry) == manifest.registry_sha256 => {}
        Ok(_) => faults.push("registry: SHA-256 differs".to_owned()),
        Err(fault) => faults.push(fault),
    }
    let salts: BTreeMap<String, String> = match text(SALTS) {
        Ok(text) => serde_json::from_str(&text).map_err(|fault| format!("{SALTS}: {fault}"))?,
        Err(_) => BTreeMap::new(),
    };
    let mut protected = 0;
    for sealed in &manifest.tables {
        let name = format!("{} {}", sealed.dataset, sealed.period);
        let file = |what: &str| bytes(&table(&sealed.dataset, &sealed.period, what));
        match file("public.parquet") {
            Ok(columns) if sha256(&columns) == sealed.public_sha256 => {}
            Ok(_) => faults.push(format!("{name}: the public columns differ")),
            Err(fault) => faults.push(fault),
        }
        let Ok(columns) = file("protected.parquet") else { continue };
        protected += 1;
        let sum = sha256(&columns);
        let salt = salts.get(&format!("{}-{}", sealed.dataset, sealed.period));
        let is_same = match (&sealed.protected_commitment, salt, file("told.json")) {
            (Some(sealed), Some(salt), Ok(told)) => commitment(salt, &sum, &sha256(&told)) == *sealed,
            (None, ..) => sealed.protected_sha256.as_ref() == Some(&sum),
            _ => false,
        };
        if !is_same {
            faults.push(format!("{name}: the protected columns, or what is told of them, differ"));
        }
    }
    Ok(Examined { version: manifest.release, faults, protected, has_own_keys: own.is_some() })
}

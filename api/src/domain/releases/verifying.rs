//! The manifest of a release, and whether everything is as it was signed.

use chrono::{DateTime, Utc};
use entity::release_table;
use sea_orm::{ColumnTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use super::{building::commitment, resolve};
use crate::{
    authn::keys,
    ctx::Ctx,
    error::{Error, Result},
    formats::document::sha256,
};

/// The `typ` of a manifest's signature.
pub(super) const SIGNED_TYPE: &str = "zhiqiao-release+jws";

/// One table of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) dataset: String,
    pub(super) period: String,
    pub(super) schools: i32,
    pub(super) public_sha256: String,
    /// Releases of before have the sum itself, by which a guessed table could be known for the true one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) protected_sha256: Option<String>,
    /// SHA-256 of the salt, of the sum of the protected columns, and of the sum of what is told of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) protected_commitment: Option<String>,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) release: String,
    pub(super) previous: Option<String>,
    pub(super) kind: String,
    pub(super) note: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) publish_at: DateTime<Utc>,
    pub(super) registry_sha256: String,
    pub(super) tables: Vec<Sealed>,
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
                let protected = sha256(&row.protected_columns);
                let is_same = match (&sealed.protected_commitment, &row.salt, &row.disclosure) {
                    (Some(sealed), Some(salt), Some(told)) => commitment(salt, &protected, &sha256(told)) == *sealed,
                    (None, ..) => sealed.protected_sha256.as_ref() == Some(&protected),
                    _ => false,
                };
                if !is_same {
                    faults.push(format!("{name}: the protected columns, or what is told of them, differ"));
                }
            }
        }
    }
    if rows.len() != manifest.tables.len() {
        faults.push(format!("{} tables stand here, {} were signed", rows.len(), manifest.tables.len()));
    }
    Ok(faults)
}

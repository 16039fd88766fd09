//! Copies of a SQLite database: made while others read and write it, and looked at before they are trusted.

use sea_orm::{ConnectionTrait, Statement};

use crate::{
    db::Db,
    error::{Error, Result},
};

/// Writes the database, as it stands at one instant, into a file that is not there yet. Nobody waits for it.
///
/// # Errors
/// What SQLite said, for example that there is no room.
pub async fn copy(db: &Db, file: &str) -> Result<()> {
    let statement = format!("VACUUM INTO '{}'", file.replace('\'', "''"));
    db.write().execute_raw(Statement::from_string(db.backend(), statement)).await?;
    Ok(())
}

/// What is broken in the file itself, or refers to what is not there; nothing where it is sound.
pub async fn broken(db: &Db) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), "PRAGMA integrity_check")).await?;
    for row in rows {
        let said: String = row.try_get_by_index(0).map_err(Error::from)?;
        if said != "ok" {
            found.push(said);
        }
    }
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), "PRAGMA foreign_key_check")).await?;
    for row in rows {
        let table: String = row.try_get_by_index(0).map_err(Error::from)?;
        found.push(format!("{table}: a row refers to what is not there"));
    }
    Ok(found)
}

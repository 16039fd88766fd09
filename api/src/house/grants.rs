//! What the service's own role on PostgreSQL may do to each table; it owns none of them.
//!
//! The migrations run under the role that owns the tables. What is written once the service can only read and add
//! to: no fault and no intruder in the service changes it, because the database refuses.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TransactionTrait};

use crate::{
    db::Db,
    error::{Error, Result, Text},
};

const READ: &str = "SELECT";
const ADD: &str = "SELECT, INSERT";
const CHANGE: &str = "SELECT, INSERT, UPDATE";
const QUEUE: &str = "SELECT, INSERT, DELETE";
const ALL: &str = "SELECT, INSERT, UPDATE, DELETE";

/// Every table and view, and what the service does with it. A test holds it against the schema.
pub const GRANTS: &[(&str, &str)] = &[
    ("account", CHANGE),
    ("alias", CHANGE),
    ("batch", ALL),
    ("batch_part", QUEUE),
    ("batch_table", QUEUE),
    ("bulletin", ADD),
    ("certificate_sequence", CHANGE),
    ("certification_agency", CHANGE),
    ("certification_assignment", QUEUE),
    ("certification_batch", CHANGE),
    ("city", CHANGE),
    ("claim", CHANGE),
    ("claim_explanation", ADD),
    ("city_figure", CHANGE),
    ("client", CHANGE),
    ("client_assertion", QUEUE),
    ("client_key", QUEUE),
    ("collection", CHANGE),
    ("collection_extension", ADD),
    ("consortium", CHANGE),
    ("consortium_activity", CHANGE),
    ("consortium_application", CHANGE),
    ("consortium_member", CHANGE),
    // Old records go after three years; a trigger refuses earlier.
    ("data_access", QUEUE),
    ("data_access_table", QUEUE),
    ("dataset", CHANGE),
    ("designation", CHANGE),
    ("duplicate_decision", ADD),
    ("enterprise", CHANGE),
    ("enterprise_certification", CHANGE),
    ("enterprise_certification_step", ADD),
    ("epoch", "SELECT, UPDATE"),
    ("external_institution", CHANGE),
    ("finding", QUEUE),
    ("idempotency", ALL),
    ("incentive", CHANGE),
    ("indicator", CHANGE),
    ("indicator_edition", CHANGE),
    ("industry_chain", CHANGE),
    ("journal", ADD),
    ("journal_checkpoint", ADD),
    ("journal_pending", QUEUE),
    ("journal_seal", ADD),
    ("lockout", ALL),
    ("major", CHANGE),
    ("major_chain", CHANGE),
    ("observation", READ),
    ("opportunity", CHANGE),
    ("opportunity_interest", CHANGE),
    ("opportunity_match", ADD),
    ("partnership", CHANGE),
    ("period", CHANGE),
    ("policy", CHANGE),
    ("programme", CHANGE),
    ("rate_bucket", ALL),
    ("reconciliation", ADD),
    ("recovery_code", ALL),
    ("refresh_token", ALL),
    ("registry_change", ADD),
    ("registry_snapshot", ADD),
    ("registry_term", CHANGE),
    ("release", ADD),
    ("release_table", ADD),
    ("revision", ADD),
    ("revocation", ALL),
    ("rule", CHANGE),
    ("school", CHANGE),
    ("school_succession", CHANGE),
    ("seaql_migrations", READ),
    ("second_factor", ALL),
    ("signing_key", CHANGE),
    ("submission", CHANGE),
    ("target", CHANGE),
    ("task", CHANGE),
    ("task_evaluation", ADD),
    ("task_report", ADD),
    ("task_verdict", ADD),
    ("teacher_certificate", CHANGE),
    ("teacher_certification", CHANGE),
    ("teacher_certification_count", CHANGE),
    ("teacher_certification_step", ADD),
    ("token_family", ALL),
    ("transition", ADD),
    ("webhook", ALL),
    ("webhook_delivery", ALL),
];

/// The tables and views that are there.
const THERE: &str = "SELECT relname::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname";

/// How many tables belong to the present role, or to one that it is a member of.
const OWNED: &str = "SELECT count(*) FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND pg_has_role(relowner, 'USAGE')";

fn text(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text::new(zh, en)
}

async fn ask(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>> {
    Ok(db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?)
}

/// Whether the role of this connection could change what is written once. On SQLite there are no roles.
pub async fn owns_tables(db: &Db) -> Result<bool> {
    if db.backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let rows = ask(db.read(), OWNED).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count > 0)
}

/// Gives a role what the service needs, table by table, and takes everything else from it. Returns how many tables.
///
/// # Errors
/// [`Error::Conflict`] where it is not PostgreSQL, the role is not there or has more than can be taken from it, or a
/// table is there of which nobody has said what the service does with it.
pub async fn grant(db: &Db, role: &str) -> Result<usize> {
    if db.backend() != DbBackend::Postgres {
        return Err(Error::Conflict(text(
            "SQLite 没有角色，无须授权",
            "SQLite has no roles: there is nothing to grant",
        )));
    }
    let tx = db.write().begin().await?;
    let quoted = role.replace('\'', "''");
    let about = format!(
        "SELECT rolsuper OR EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace
             AND relkind = 'r' AND pg_has_role(rolname, relowner, 'MEMBER')) FROM pg_roles WHERE rolname = '{quoted}'"
    );
    match ask(&tx, &about).await?.first().map(|row| row.try_get_by_index::<bool>(0)).transpose()? {
        Some(false) => {}
        Some(true) => {
            return Err(Error::Conflict(text(
                format!("角色 {role} 是超级用户或表的所有者，无法限制其权力：请另建一个角色"),
                format!("The role {role} is a superuser or owns the tables: nothing can be kept from it; make another"),
            )));
        }
        None => {
            return Err(Error::Conflict(text(
                format!("没有角色 {role}：请先执行 CREATE ROLE … LOGIN PASSWORD …"),
                format!("There is no role {role}: make it first, with CREATE ROLE … LOGIN PASSWORD …"),
            )));
        }
    }
    let mut there = Vec::new();
    for row in ask(&tx, THERE).await? {
        there.push(row.try_get_by_index::<String>(0)?);
    }
    let unknown: Vec<&str> =
        there.iter().map(String::as_str).filter(|name| !GRANTS.iter().any(|(table, _)| table == name)).collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        return Err(Error::Conflict(text(
            format!("不知应如何授权的表：{unknown}"),
            format!("Nobody has said what the service does with: {unknown}"),
        )));
    }
    let schema: String = match ask(&tx, "SELECT quote_ident(current_schema())").await?.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => return Err(Error::internal("no schema")),
    };
    let to = format!("\"{}\"", role.replace('"', "\"\""));
    let mut statements = vec![
        // Before PostgreSQL 15 everybody may make tables there.
        format!("REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"),
        format!("REVOKE ALL ON SCHEMA {schema} FROM {to}"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {to}"),
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {to}"),
    ];
    let granted = GRANTS.iter().filter(|(table, _)| there.iter().any(|name| name == table));
    statements.extend(granted.map(|(table, rights)| format!("GRANT {rights} ON {schema}.{table} TO {to}")));
    for statement in statements {
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, statement)).await?;
    }
    tx.commit().await?;
    Ok(there.len())
}

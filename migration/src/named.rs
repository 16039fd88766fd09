//! Keys, checks and indexes that cannot be made without a name, alike on both databases.
//!
//! Every migration is built from these few functions, released ones too: what they
//! make of the same arguments must never change. Add a function rather than alter one.

use sea_orm_migration::{
    prelude::*,
    sea_orm::DbBackend,
    sea_query::{Check, PostgresQueryBuilder, SqliteQueryBuilder},
};

/// The primary key of a table.
pub(crate) fn primary(name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create();
    key.name(name).primary();
    for column in columns {
        key.col(*column);
    }
    key
}

/// A reference of `columns` to `to_columns` of the table `to`; what is referred to cannot be deleted.
pub(crate) fn foreign(
    name: &'static str,
    columns: &[&'static str],
    to: &'static str,
    to_columns: &[&'static str],
) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(name).to_tbl(to);
    for column in columns {
        key.from_col(*column);
    }
    for column in to_columns {
        key.to_col(*column);
    }
    key
}

/// An invariant of a row, in SQL that both databases read.
pub(crate) fn check(name: &'static str, condition: &'static str) -> Check {
    Check::named(name, Expr::cust(condition))
}

/// The closed list of words that a column takes; an absent value passes.
pub(crate) fn words(name: &'static str, column: &'static str, list: &[&'static str]) -> Check {
    Check::named(name, Expr::col(column).is_in(list.iter().copied()))
}

/// SHA-256 in hexadecimal: sixty-four digits; an absent value passes.
pub(crate) fn sha256(name: &'static str, column: &'static str) -> Check {
    Check::named(name, Func::cust("length").arg(Expr::col(column)).eq(64))
}

/// An index for reading.
pub(crate) fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// A unique key. An index and not a constraint, because SQLite forgets the names of unique constraints.
pub(crate) fn unique(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    index(name, table, columns).unique().take()
}

/// Creates a table with the names of all its constraints.
///
/// SeaQuery leaves the names of foreign keys out on SQLite, so they are put in here.
pub(crate) async fn create(manager: &SchemaManager<'_>, table: &TableCreateStatement) -> Result<(), DbErr> {
    const KEY: &str = "FOREIGN KEY (";
    let sql = match manager.get_database_backend() {
        DbBackend::Sqlite => {
            let bare = table.to_string(SqliteQueryBuilder);
            let mut parts = bare.split(KEY);
            let mut sql = parts.next().unwrap_or_default().to_owned();
            for (part, key) in parts.zip(table.get_foreign_key_create_stmts()) {
                let name = key.get_foreign_key().get_name().unwrap_or_default();
                sql.push_str(&format!(r#"CONSTRAINT "{name}" {KEY}{part}"#));
            }
            sql
        }
        DbBackend::Postgres => table.to_string(PostgresQueryBuilder),
        other => return Err(unsupported(other)),
    };
    run(manager, &sql).await
}

/// Drops tables, the dependent ones first.
pub(crate) async fn drop(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).to_owned()).await?;
    }
    Ok(())
}

/// Runs SQL of the database's own: the first on SQLite, the second on PostgreSQL.
pub(crate) async fn either(manager: &SchemaManager<'_>, sqlite: &str, postgres: &str) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::Sqlite => run(manager, sqlite).await,
        DbBackend::Postgres => run(manager, postgres).await,
        other => Err(unsupported(other)),
    }
}

/// Runs SQL that both databases read.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

fn unsupported(backend: DbBackend) -> DbErr {
    DbErr::Migration(format!("zhiqiao runs on SQLite and PostgreSQL, not on {backend:?}"))
}

//! What a database says of itself, alike for SQLite and PostgreSQL, and how to fill one.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// Puts at least one row into every table.
pub async fn fill(db: &DatabaseConnection) {
    let mut sql = include_str!("filled.sql").to_owned();
    let sqlite = db.get_database_backend() == DbBackend::Sqlite;
    for n in 1..=3 {
        let uuid = if sqlite { format!("X'{n:032}'") } else { format!("'00000000-0000-0000-0000-{n:012}'") };
        sql = sql.replace(&format!("UUID_{n}"), &uuid).replace(&format!("HASH_{n}"), &format!("'{n:064}'"));
    }
    let bytes = if sqlite { "X'00ff'" } else { r"'\x00ff'" };
    sql = sql.replace("BYTES", bytes);
    db.execute_unprepared(&sql).await.unwrap();
}

/// The first column of every row.
pub async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap()
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}

pub async fn count(db: &DatabaseConnection, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// The SQL of this database.
pub fn on<'a>(db: &DatabaseConnection, sqlite: &'a str, postgres: &'a str) -> &'a str {
    match db.get_database_backend() {
        DbBackend::Sqlite => sqlite,
        _ => postgres,
    }
}

/// Our own tables.
pub async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = on(
        db,
        "SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'seaql_migrations'",
        "SELECT tablename::text FROM pg_tables
         WHERE schemaname = current_schema() AND tablename <> 'seaql_migrations'",
    );
    texts(db, sql).await
}

/// Columns with type and nullability, primary keys, foreign keys and unique keys, without their names.
pub async fn structure(db: &DatabaseConnection) -> BTreeSet<String> {
    let sql = on(
        db,
        r#"
        WITH ours AS (SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'seaql_migrations')
        SELECT ours.name || '.' || c.name || ' ' || c.type || CASE c."notnull" WHEN 1 THEN ' NOT NULL' ELSE '' END
        FROM ours, pragma_table_xinfo(ours.name) AS c
        UNION ALL
        SELECT ours.name || ' PRIMARY KEY (' || group_concat(c.name, ', ' ORDER BY c.pk) || ')'
        FROM ours, pragma_table_xinfo(ours.name) AS c WHERE c.pk > 0 GROUP BY ours.name
        UNION ALL
        SELECT ours.name || ' FOREIGN KEY (' || group_concat(f."from", ', ' ORDER BY f.seq) || ') REFERENCES '
            || f."table" || '(' || group_concat(f."to", ', ' ORDER BY f.seq) || ')' || f.on_update || f.on_delete
        FROM ours, pragma_foreign_key_list(ours.name) AS f GROUP BY ours.name, f.id
        UNION ALL
        SELECT ours.name || ' UNIQUE (' || group_concat(c.name, ', ' ORDER BY c.seqno) || ')'
        FROM ours, pragma_index_list(ours.name) AS i, pragma_index_info(i.name) AS c
        WHERE i."unique" = 1 AND i.origin <> 'pk' GROUP BY ours.name, i.name
        "#,
        "
        WITH ours AS (
            SELECT oid, relname FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> 'seaql_migrations'
        )
        SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
            || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
        FROM ours JOIN pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT relname || ' ' || pg_get_constraintdef(c.oid)
        FROM ours JOIN pg_constraint AS c ON conrelid = ours.oid AND contype IN ('p', 'f')
        UNION ALL
        SELECT relname || ' UNIQUE ' || regexp_replace(pg_get_indexdef(indexrelid), '.* USING ', '')
        FROM ours JOIN pg_index ON indrelid = ours.oid AND indisunique AND NOT indisprimary
        ",
    );
    texts(db, sql).await.into_iter().collect()
}

/// Everything that was made, with all its names.
pub async fn shape(db: &DatabaseConnection) -> BTreeSet<String> {
    let sql = on(
        db,
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master
         WHERE tbl_name <> 'seaql_migrations'",
        "
        WITH ours AS (
            SELECT oid, relname, relkind FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relname NOT LIKE 'seaql_migrations%'
        )
        SELECT relkind::text || ' ' || relname || ' ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull
        FROM ours JOIN pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT conname || ' ' || pg_get_constraintdef(c.oid) FROM ours JOIN pg_constraint AS c ON conrelid = ours.oid
        UNION ALL
        SELECT pg_get_indexdef(oid) FROM ours WHERE relkind = 'i'
        UNION ALL
        SELECT pg_get_triggerdef(t.oid) FROM ours JOIN pg_trigger AS t ON tgrelid = ours.oid WHERE NOT tgisinternal
        UNION ALL
        SELECT relname || ' ' || pg_get_viewdef(oid) FROM ours WHERE relkind = 'v'
        UNION ALL
        SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        ",
    );
    texts(db, sql).await.into_iter().collect()
}

/// The name of every key, check, index and trigger, each after its table.
pub async fn names(db: &DatabaseConnection) -> Vec<String> {
    if db.get_database_backend() == DbBackend::Sqlite {
        let mut found = texts(
            db,
            "SELECT tbl_name || ' ' || name FROM sqlite_master
             WHERE type IN ('index', 'trigger') AND tbl_name <> 'seaql_migrations'
               AND name NOT IN (SELECT i.name FROM sqlite_master AS t, pragma_index_list(t.name) AS i
                                WHERE t.type = 'table' AND i.origin = 'pk')",
        )
        .await;
        for table in tables(db).await {
            for (name, _) in constraints(db, &table).await {
                found.push(format!("{table} {name}"));
            }
        }
        return found;
    }
    texts(
        db,
        "
        WITH ours AS (
            SELECT oid, relname FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> 'seaql_migrations'
        )
        SELECT relname || ' ' || conname FROM ours JOIN pg_constraint ON conrelid = ours.oid AND contype <> 'n'
        UNION
        SELECT ours.relname || ' ' || i.relname
        FROM ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class AS i ON i.oid = indexrelid
        UNION
        SELECT relname || ' ' || tgname FROM ours JOIN pg_trigger ON tgrelid = ours.oid WHERE NOT tgisinternal
        ",
    )
    .await
}

/// The text of every check by its name.
pub async fn checks(db: &DatabaseConnection) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if db.get_database_backend() == DbBackend::Sqlite {
        for table in tables(db).await {
            found.extend(constraints(db, &table).await);
        }
        return found;
    }
    for line in texts(
        db,
        "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = current_schema()::regnamespace AND contype = 'c'",
    )
    .await
    {
        let (name, text) = line.split_once(' ').unwrap();
        found.insert(name.to_owned(), text.to_owned());
    }
    found
}

/// The constraints of a table of SQLite, which has their names in the table's text only: name and text.
async fn constraints(db: &DatabaseConnection, table: &str) -> Vec<(String, String)> {
    let sql = format!("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{table}'");
    let sql = texts(db, &sql).await.remove(0);
    let mut found = Vec::new();
    for (number, part) in sql.split("CONSTRAINT \"").enumerate() {
        let text = if number == 0 {
            part
        } else {
            let (name, text) = part.split_once('"').unwrap();
            found.push((name.to_owned(), text.to_owned()));
            text
        };
        // One constraint follows each name, and none stands before the first.
        let here = ["PRIMARY KEY", "FOREIGN KEY", "REFERENCES", "UNIQUE", "CHECK"]
            .iter()
            .map(|word| text.matches(word).count())
            .sum::<usize>();
        let is_foreign = text.contains("FOREIGN KEY");
        let expected = usize::from(number > 0) + usize::from(is_foreign);
        assert_eq!(here, expected, "{table} has a constraint without a name: {text}");
    }
    found
}

//! On PostgreSQL the service runs as a role that owns no table: it can do its work, and cannot change what is
//! written once.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::keys,
    house::grants::{self, GRANTS},
};

use crate::{
    app::{Server, TestApp, postgres},
    schema::database::{tables, texts},
    stage,
    surface::{BOTH, Verb},
    tour::{end, on, said},
};

/// A role of the cluster's; gone with the test.
struct Restricted<'a> {
    app: &'a TestApp,
    name: String,
}

impl<'a> Restricted<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let name = format!("zhiqiao_role_{}_{}", std::process::id(), uuid::Uuid::now_v7().simple());
        let make = format!("CREATE ROLE {name} LOGIN PASSWORD 'a-password'");
        app.house.db.write().execute_unprepared(&make).await.unwrap();
        Self { app, name }
    }

    /// The address of the database, as this role.
    fn url(&self) -> String {
        let (scheme, rest) = self.app.url().split_once("://").unwrap();
        let (_, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        format!("{scheme}://{}:a-password@{place}", self.name)
    }

    async fn end(self) {
        let db = self.app.house.db.write();
        db.execute_unprepared(&format!("DROP OWNED BY {}", self.name)).await.unwrap();
        db.execute_unprepared(&format!("DROP ROLE {}", self.name)).await.unwrap();
    }
}

#[tokio::test]
async fn every_table_has_its_rights_and_what_is_written_once_is_only_added_to() {
    let app = TestApp::empty().await;
    let there: BTreeSet<String> = tables(app.house.db.read())
        .await
        .into_iter()
        .chain(["observation", "seaql_migrations"].map(str::to_owned))
        .collect();
    let known: BTreeSet<String> = GRANTS.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(known, there);
    for table in [
        "collection_extension",
        "journal",
        "journal_checkpoint",
        "journal_seal",
        "registry_snapshot",
        "release",
        "release_table",
        "revision",
        "transition",
    ] {
        let (_, rights) = GRANTS.iter().find(|(name, _)| *name == table).unwrap();
        assert_eq!(*rights, "SELECT, INSERT", "{table}");
    }
    assert!(GRANTS.iter().all(|(_, rights)| !rights.contains("TRUNCATE") && !rights.contains("ALL")));
}

#[tokio::test]
async fn sqlite_has_no_roles() {
    if postgres().is_some() {
        return;
    }
    let app = TestApp::empty().await;
    assert!(grants::grant(&app.house.db, "anybody").await.is_err());
    assert!(!grants::owns_tables(&app.house.db).await.unwrap());
}

#[tokio::test]
async fn the_service_lives_under_a_role_that_owns_nothing() {
    if postgres().is_none() {
        return;
    }
    let app = TestApp::new().await;
    let restricted = Restricted::new(&app).await;
    let (owner, dir) = (app.url().to_owned(), app.dir().to_owned());
    let given = end(on(&owner, &dir).args(["migrate", "grant", "--role", &restricted.name]));
    assert!(given.status.success(), "{:?}", said(&given));
    let again = end(on(&owner, &dir).args(["migrate", "up", "--grant", &restricted.name]));
    assert!(again.status.success(), "{:?}", said(&again));
    for (role, says) in [("nobody-of-that-name", "no role"), ("postgres", "superuser")] {
        let refused = end(on(&owner, &dir).args(["migrate", "grant", "--role", role]));
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).1.contains(says), "{:?}", said(&refused));
    }
    assert!(grants::owns_tables(&app.house.db).await.unwrap());

    let under = app.under(&restricted.url()).await;
    assert!(!grants::owns_tables(&under.house.db).await.unwrap());
    live(&under).await;
    assert_eq!(end(on(&restricted.url(), &dir).args(["audit", "verify"])).status.code(), Some(0));

    let db = under.house.db.write();
    for refused in [
        "UPDATE journal SET actor = actor",
        "DELETE FROM journal",
        "TRUNCATE journal CASCADE",
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "ALTER TABLE journal ADD COLUMN x text",
        "DROP TRIGGER tr_journal_no_change ON journal",
        "DROP TABLE journal CASCADE",
        "UPDATE journal_seal SET chain_hash = chain_hash",
        "DELETE FROM journal_seal",
        "UPDATE journal_checkpoint SET token = token",
        "DELETE FROM journal_checkpoint",
        "UPDATE revision SET document = document",
        "DELETE FROM transition",
        "UPDATE release SET note = note",
        "UPDATE data_access SET actor = actor",
        "DELETE FROM seaql_migrations",
        "CREATE TABLE x (y int)",
        "SET ROLE postgres",
    ] {
        let fault = db.execute_unprepared(refused).await.expect_err(refused).to_string();
        assert!(fault.contains("permission denied") || fault.contains("must be owner"), "{refused}: {fault}");
    }
    // Removing what is old is not the service's either.
    let pruned = end(on(&restricted.url(), &dir).args(["migrate", "up"]));
    assert!(pruned.status.success() || said(&pruned).1.contains("permission denied"), "{:?}", said(&pruned));
    under.house.db.clone().close().await.unwrap();
    restricted.end().await;
}

#[tokio::test]
async fn where_it_is_said_so_the_service_does_not_start_as_the_owner_of_its_tables() {
    if postgres().is_none() {
        return;
    }
    let app = TestApp::empty().await;
    keys::rotate(&app.system()).await.unwrap();
    let serve = |owner: &str| {
        let mut command = on(app.url(), app.dir());
        // A port that is taken ends whoever comes so far.
        command.arg("serve").env("ZHIQIAO_DATABASE__OWNER", owner).env("ZHIQIAO_LISTEN", "192.0.2.1:1");
        said(&end(&mut command)).1
    };
    assert!(serve("refuse").contains("owns the tables"));
    let warned = serve("warn");
    assert!(warned.contains("owns the tables") && warned.contains("cannot listen"), "{warned}");
    assert!(!serve("allow").contains("owns the tables"));
}

/// The ordinary life of a table, and of everything around it.
async fn live(app: &TestApp) {
    let server = app.serve().await;
    let [school, city, province] = [
        server.client("school-62001").await,
        server.client("city-620100").await,
        server.client("province-620000").await,
    ];
    let key = ["62001", "talent", "2013"];
    for surface in BOTH {
        let verb = if surface == BOTH[0] {
            Verb::Put(stage::talent(8_000))
        } else {
            Verb::Patch(json!({ "talent.graduates": 8_001 }))
        };
        let pushed = surface.act(&school, key, &verb, Some("*")).await;
        assert!(pushed.status < 300, "{}", pushed.text);
        let said: Value = pushed.table["findings"]
            .as_array()
            .map(|all| {
                all.iter()
                    .map(|one| (one["code"].as_str().unwrap().to_owned(), json!("as it is")))
                    .collect::<serde_json::Map<_, _>>()
            })
            .unwrap_or_default()
            .into();
        for (caller, verb) in [
            (&school, Verb::Submit(said)),
            (&city, Verb::Approve),
            (&province, Verb::Accept),
            (&province, Verb::Reopen("again")),
        ] {
            let done = surface.act(caller, key, &verb, Some("*")).await;
            assert!(done.status < 300, "{verb:?}: {}", done.text);
        }
    }
    let keyed = json!({ "observations": stage::talent(7_000) });
    for _ in 0..2 {
        let headers = [("idempotency-key", "one"), ("if-match", "*")];
        let answer = school.send("PUT", "/v1/schools/62001/submissions/talent/2014", &headers, Some(&keyed)).await;
        assert!(answer.status < 300, "{}", answer.text);
    }
    let csv = "school,dataset,period,indicator,value\n62001,talent,2015,talent.graduates,100\n";
    let batch = crate::wire::send(&school, "POST", "/v1/batches", &[("content-type", "text/csv")], csv).await;
    assert!(batch.status < 300, "{}", batch.text);
    let hook = school.post("/v1/webhooks", None, &json!({ "url": "http://127.0.0.1:9/" })).await.expect(201).json();
    let id = hook["id"].as_str().unwrap();
    school.send("DELETE", &format!("/v1/webhooks/{id}"), &[("if-match", "*")], None).await.expect(204);
    let collection = json!({ "dataset": "talent", "period": "2031", "opens_on": "2000-01-01", "due_on": "2098-12-31" });
    province.post("/v1/collections", None, &collection).await.expect(201);
    let extension = json!({ "school": "62001", "until": "2099-02-28", "reason": "a reason" });
    province.post("/v1/collections/talent/2031/extensions", None, &extension).await.expect(201);
    province.post("/v1/periods", None, &json!({ "code": "2032" })).await.expect(201);
    let release = json!({ "kind": "minor", "note": "under another role" });
    province.post("/v1/releases", None, &release).await.expect(201);
    school.get("/v1/changes?wait=1").await.expect(200);
    server.anonymous().get("/health/ready").await.expect(200);
    server.client("auditor").await.get("/v1/audit?action=release").await.expect(200);
    city.get("/v1/nothing").await.expect(404);
    server.client("admin").await.get("/v1/audit").await.expect(403);
    purge(app).await;
    keys::rotate(&app.system()).await.unwrap();
    zhiqiao::domain::demo::fill(&app.system(), &crate::app::reference(), &mut |_| {}).await.unwrap();
    let written = Server::stop(server);
    written.await;
    let rows = texts(app.house.db.read(), "SELECT door FROM data_access").await;
    assert!(!rows.is_empty(), "records of access are written");
    let refused = texts(app.house.db.read(), "SELECT object FROM journal WHERE action = 'access.refused'").await;
    assert_eq!(refused, ["GET /v1/audit"]);
    assert_ne!(app.as_(Role::Auditor, "").db.statements(), 0);
}

/// What the jobs throw away when its time has come.
async fn purge(app: &TestApp) {
    let ctx = app.system();
    zhiqiao::domain::idempotency::purge(&ctx).await.unwrap();
    zhiqiao::domain::webhooks::courier::purge(&ctx).await.unwrap();
    zhiqiao::domain::batches::purge(&ctx).await.unwrap();
    zhiqiao::domain::accesses::purge(&ctx).await.unwrap();
}

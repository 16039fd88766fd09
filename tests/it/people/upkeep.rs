//! What administrators do with accounts and clients, and that nobody is two of administrator, auditor and official.

use entity::idempotency;

use super::*;
use crate::tour::on;

async fn admin(server: &Server) -> Caller {
    with(server, &sign_in(server, "admin", "demo-admin-password").await)
}

async fn of(caller: &Caller, username: &str) -> Value {
    let all = caller.get("/v1/accounts").await.expect(200).json();
    let all = all["accounts"].as_array().unwrap();
    all.iter().find(|one| one["username"] == username).unwrap_or_else(|| panic!("{username}")).clone()
}

#[tokio::test]
async fn an_administrator_keeps_the_people_without_a_shell() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let admin = admin(&server).await;
    let new = json!({ "username": "lanzhou", "display_name": "兰州市教育局", "role": "CITY", "org": "620100" });
    let added = admin.post("/v1/accounts", None, &new).await.expect(201);
    let (path, tag) = (added.header("location").unwrap().to_owned(), added.header("etag").unwrap().to_owned());
    let body = added.json();
    assert_eq!((&body["must_change_password"], &body["enabled"]), (&json!(true), &json!(true)));
    let first = body["password"].as_str().unwrap();
    let body = json!({ "username": "lanzhou", "password": first, "new_password": GOOD });
    let session = with(&server, &ask(&server, body).await.expect(200));
    session.get("/v1/submissions").await.expect(200);

    // By ETag, all that is wrong at once, and what is not known is refused.
    let change = async |tag: Option<&str>, body: Value| {
        let headers: Vec<(&str, &str)> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
        admin.send("PATCH", &path, &headers, Some(&body)).await
    };
    change(None, json!({ "enabled": false })).await.expect(428);
    change(Some("\"99\""), json!({ "enabled": false })).await.expect(412);
    change(Some(&tag), json!({ "password": "x" })).await.expect(400);
    let wrong = change(Some(&tag), json!({ "org": "62001", "display_name": " ", "duty": "fill" })).await.expect(422);
    assert_eq!(wrong.json()["errors"].as_array().unwrap().len(), 3, "{}", wrong.text);
    change(Some(&tag), json!({ "role": "KING" })).await.expect(422);
    let renamed = change(Some(&tag), json!({ "display_name": "兰州" })).await.expect(200);
    assert_eq!(renamed.json()["display_name"], "兰州");
    session.get("/v1/submissions").await.expect(200);
    let tag = renamed.header("etag").unwrap().to_owned();
    // Another city: who was let in for the first is out.
    let moved = change(Some(&tag), json!({ "org": "620500" })).await.expect(200);
    session.get("/v1/submissions").await.expect(401);
    let tag = moved.header("etag").unwrap().to_owned();
    change(Some(&tag), json!({ "org": "620100" })).await.expect(200);
    session.get("/v1/submissions").await.expect(401);
    change(Some("*"), json!({ "enabled": false })).await.expect(200);
    sign_in(&server, "lanzhou", GOOD).await.expect(401);
    change(Some("*"), json!({ "enabled": true })).await.expect(200);
    sign_in(&server, "lanzhou", GOOD).await.expect(200);
    let reset = admin.post(&format!("{path}/reset"), None, &json!({})).await.expect(200).json();
    sign_in(&server, "lanzhou", GOOD).await.expect(401);
    let told = reset["password"].as_str().unwrap();
    problem(&sign_in(&server, "lanzhou", told).await, 403, "password-change-required");
    assert!(!admin.get(&path).await.expect(200).text.contains(told));

    // Pages, in the order of their making.
    let first = admin.get("/v1/accounts?limit=5").await.expect(200).json();
    let next = first["next"].as_str().unwrap();
    let second = admin.get(&format!("/v1/accounts?limit=1000&cursor={next}")).await.expect(200).json();
    let count = |page: &Value| page["accounts"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second), &second["next"]), (5, 7, &Value::Null));
    admin.get("/v1/accounts?limit=1001").await.expect(422);
    server.stop().await;
}

#[tokio::test]
async fn an_administrator_keeps_the_clients_too() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let admin = admin(&server).await;
    let new = json!({ "client_id": "campus", "name": "校园系统", "role": "SCHOOL", "org": "62001", "duty": "fill" });
    let added = admin.post("/v1/clients", None, &new).await.expect(201);
    let secret = added.json()["client_secret"].as_str().unwrap().to_owned();
    let campus = server.holder("campus", &secret).await;
    campus.get("/v1/submissions").await.expect(200);
    assert!(!admin.get("/v1/clients").await.expect(200).text.contains(&secret));
    let tag = admin.get("/v1/clients/campus").await.expect(200).header("etag").unwrap().to_owned();
    let change = async |tag: &str, body: Value| {
        admin.send("PATCH", "/v1/clients/campus", &[("if-match", tag)], Some(&body)).await
    };
    change(&tag, json!({ "name": "校园" })).await.expect(200);
    change(&tag, json!({ "duty": "sign" })).await.expect(412);
    campus.get("/v1/submissions").await.expect(200);
    // Another part of the reporting: what it was let in with before ends.
    change("*", json!({ "duty": "all" })).await.expect(200);
    campus.get("/v1/submissions").await.expect(401);
    // Beside the new secret the old one goes on, and no token ends.
    let rotate = async |terms: Value| admin.post("/v1/clients/campus/rotate", None, &terms).await;
    let beside = rotate(json!({ "overlap_hours": 24, "expires_days": 90 })).await.expect(200).json();
    let old = server.holder("campus", &secret).await;
    old.get("/v1/submissions").await.expect(200);
    server.holder("campus", beside["client_secret"].as_str().unwrap()).await.get("/v1/submissions").await.expect(200);
    let refused = problem(&rotate(json!({ "overlap_hours": 0, "expires_days": i64::MAX })).await, 422, "invalid");
    let pointers: Vec<&Value> = refused["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    assert_eq!(pointers, ["/overlap_hours", "/expires_days"], "{refused}");
    rotate(json!({ "overlap": 24 })).await.expect(400);
    old.get("/v1/submissions").await.expect(200);
    let rotated = rotate(json!({})).await.expect(200).json();
    old.get("/v1/submissions").await.expect(401);
    let again = server.holder("campus", rotated["client_secret"].as_str().unwrap()).await;
    change("*", json!({ "enabled": false })).await.expect(200);
    again.get("/v1/submissions").await.expect(401);
    server.stop().await;
}

/// The same verbs by the other door.
#[tokio::test]
async fn an_administrator_keeps_people_and_clients_by_graphql() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let admin = admin(&server).await;
    let ask = async |query: &str| admin.graphql(query, json!({})).await;
    let it = async |query: &str| Caller::data(ask(query).await)["it"].clone();

    let added = it("mutation { it: addAccount(input: { username: \"lanzhou\", displayName: \"兰州\", role: CITY, org: \"620100\" }) { password account { accountId username role org duty isEnabled mustChangePassword hasSecondFactor etag } } }").await;
    let (id, tag) = (added["account"]["accountId"].as_str().unwrap(), added["account"]["etag"].as_str().unwrap());
    assert_eq!((&added["account"]["role"], &added["account"]["mustChangePassword"]), (&json!("CITY"), &json!(true)));
    let told = added["password"].as_str().unwrap();
    problem(&sign_in(&server, "lanzhou", told).await, 403, "password-change-required");
    assert_eq!(admin.get(&format!("/v1/accounts/{id}")).await.expect(200).header("etag"), Some(tag));
    let wrong =
        ask("mutation { addAccount(input: { username: \"A\", displayName: \" \", role: CITY }) { password } }").await;
    let pointers: Vec<&Value> =
        wrong["errors"][0]["extensions"]["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    assert_eq!(pointers, ["/input/username", "/input/displayName", "/input/org"], "{wrong}");

    let change = |more: &str| {
        format!(
            "mutation {{ it: changeAccount(input: {{ accountId: \"{id}\", {more} }}) {{ password account {{ org isEnabled etag }} }} }}"
        )
    };
    for (more, code) in
        [("isEnabled: false", "PRECONDITION_REQUIRED"), ("ifMatch: \"99\", isEnabled: false", "PRECONDITION_FAILED")]
    {
        assert_eq!(ask(&change(more)).await["errors"][0]["extensions"]["code"], code);
    }
    let quoted = tag.replace('"', "");
    let changed = it(&change(&format!("ifMatch: \"{quoted}\", org: \"620500\", isEnabled: false"))).await;
    assert_eq!((&changed["account"]["org"], &changed["account"]["isEnabled"]), (&json!("620500"), &json!(false)));
    assert_eq!(changed["password"], Value::Null);
    let reset = it(&format!(
        "mutation {{ it: resetAccount(input: {{ accountId: \"{id}\", secondFactor: true }}) {{ password }} }}"
    ))
    .await;
    assert_ne!(reset["password"], told);

    let added = it("mutation { it: addClient(input: { clientId: \"campus\", name: \"校园\", role: SCHOOL, org: \"62001\", duty: FILL }) { clientSecret client { duty isEnabled } } }").await;
    assert_eq!(added["client"]["duty"], "FILL");
    let campus = server.holder("campus", added["clientSecret"].as_str().unwrap()).await;
    campus.get("/v1/submissions").await.expect(200);
    let rotate = |terms: &str| {
        format!("mutation {{ it: rotateClient(input: {{ clientId: \"campus\"{terms} }}) {{ clientSecret }} }}")
    };
    let refused = ask(&rotate(", overlapHours: 721")).await;
    assert_eq!(refused["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/overlapHours", "{refused}");
    it(&rotate(", overlapHours: 720, expiresDays: 3660")).await;
    campus.get("/v1/submissions").await.expect(200);
    let rotated = it(&rotate("")).await;
    campus.get("/v1/submissions").await.expect(401);
    let again = server.holder("campus", rotated["clientSecret"].as_str().unwrap()).await;
    it("mutation { it: changeClient(input: { clientId: \"campus\", ifMatch: \"*\", isEnabled: false }) { client { etag } } }").await;
    again.get("/v1/submissions").await.expect(401);

    // Pages, in the order of their making; no secret in any of them.
    for (list, name) in [("accounts", "username"), ("clients", "clientId")] {
        let mut seen = Vec::new();
        let mut after = "null".to_owned();
        loop {
            let page = it(&format!("{{ it: {list}(first: 5, after: {after}) {{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {name} }} }} }}")).await;
            seen.extend(page["nodes"].as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()));
            after = page["pageInfo"]["endCursor"].to_string();
            if page["pageInfo"]["hasNextPage"] == false {
                assert_eq!(page["totalCount"], seen.len());
                break;
            }
        }
        let own = if list == "accounts" { "lanzhou" } else { "campus" };
        assert!(seen.len() > 5 && seen.iter().any(|one| one == own), "{seen:?}");
    }
    server.stop().await;
}

/// The effect of a key is had once; the secret is told once, and the database never has it.
#[tokio::test]
async fn an_idempotency_key_keeps_no_secret() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let admin = admin(&server).await;
    let account = json!({ "username": "once", "display_name": "once", "role": "ANALYST" });
    let client = json!({ "client_id": "once", "name": "once", "role": "ANALYST" });
    for (path, body, member) in [("/v1/accounts", account, "password"), ("/v1/clients", client, "client_secret")] {
        let headers = [("idempotency-key", path)];
        let first = admin.send("POST", path, &headers, Some(&body)).await.expect(201);
        let secret = first.json()[member].as_str().unwrap().to_owned();
        let again = admin.send("POST", path, &headers, Some(&body)).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        let (mut was, is) = (first.json(), again.json());
        was.as_object_mut().unwrap().remove(member);
        assert_eq!(was, is, "the same, without the secret");
        let kept = idempotency::Entity::find().all(app.house.db.read()).await.unwrap();
        assert!(kept.iter().all(|row| !row.body.contains(&secret)), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_two_of_administrator_auditor_and_official() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let admin = admin(&server).await;
    for (from, to, org, expected) in [
        ("admin", "AUDITOR", Value::Null, 422),
        ("admin", "PROVINCE", json!("620000"), 422),
        ("auditor", "ADMIN", Value::Null, 422),
        ("auditor", "ANALYST", Value::Null, 422),
        ("province-620000", "ADMIN", Value::Null, 422),
        ("city-620100", "AUDITOR", Value::Null, 422),
        ("city-620100", "PROVINCE", json!("620000"), 200),
    ] {
        let body = json!({ "role": to, "org": org });
        let path = format!("/v1/accounts/{}", of(&admin, from).await["id"].as_str().unwrap());
        let answer = admin.send("PATCH", &path, &[("if-match", "*")], Some(&body)).await.expect(expected);
        if expected == 422 {
            assert_eq!(answer.json()["errors"][0]["code"], "role_group", "{from} {to}");
        }
        let path = format!("/v1/clients/demo-{from}");
        let answer = admin.send("PATCH", &path, &[("if-match", "*")], Some(&body)).await.expect(expected);
        assert_eq!(answer.text.contains("role_group"), expected == 422, "{from} {to}");
    }
    server.stop().await;
}

const PUSH: &str = r#"mutation { pushSubmission(input: { school: "62001", dataset: "scale", period: "2023", observations: [], ifMatch: "*" }) { submission { id } } }"#;

#[tokio::test]
async fn an_administrator_reads_no_figures_and_an_auditor_changes_nothing() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let admin = admin(&server).await;
    let auditor = with(&server, &sign_in(&server, "auditor", "demo-auditor-password").await);
    let table = "/v1/schools/62001/submissions/scale/2023";
    for caller in [&admin, &auditor] {
        caller.get(table).await.expect(404);
        caller.get(&format!("{table}/revisions")).await.expect(404);
        caller.get("/v1/submissions").await.expect(403);
        caller.put(table, Some("*"), &json!({ "observations": {} })).await.expect(404);
        caller.post("/v1/releases", None, &json!({ "kind": "patch", "note": "x" })).await.expect(403);
        let live =
            r#"{ aggregate(input: { indicators: ["scale.students"], period: "2023", release: "live" }) { release } }"#;
        assert_eq!(caller.graphql(live, json!({})).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let seen =
            r#"{ submissions { totalCount } submission(school: "62001", dataset: "scale", period: "2023") { id } }"#;
        let seen = Caller::data(caller.graphql(seen, json!({})).await);
        assert_eq!(seen, json!({ "submissions": { "totalCount": 0 }, "submission": null }));
        assert_eq!(caller.graphql(PUSH, json!({})).await["errors"][0]["extensions"]["code"], "NOT_FOUND");
        // The feed tells neither who did what to whom.
        let told = caller.get("/v1/changes?limit=1000").await.expect(200).text;
        assert!(!told.contains("\"account.") && !told.contains("\"session.") && !told.contains("\"submission."));
    }
    auditor.get("/v1/accounts").await.expect(403);
    auditor
        .post("/v1/accounts", None, &json!({ "username": "x", "display_name": "x", "role": "ADMIN" }))
        .await
        .expect(403);
    let path = format!("/v1/accounts/{}", of(&admin, "admin").await["id"].as_str().unwrap());
    auditor.send("PATCH", &path, &[("if-match", "*")], Some(&json!({ "enabled": false }))).await.expect(404);
    auditor.post("/v1/clients/demo-admin/rotate", None, &json!({})).await.expect(404);
    // The journal is the auditor's alone.
    let journal = |role| journal_of(&app, role);
    assert_eq!(journal(zhiqiao::authz::Role::Admin).await, 0);
    assert_eq!(journal(zhiqiao::authz::Role::Province).await, 0);
    assert!(journal(zhiqiao::authz::Role::Auditor).await > 0);
    server.stop().await;
}

async fn journal_of(app: &TestApp, role: zhiqiao::authz::Role) -> usize {
    let ctx = app.as_(role, if role == zhiqiao::authz::Role::Province { "620000" } else { "" });
    ctx.visible::<journal::Entity>().all(ctx.db.read()).await.unwrap().len()
}

#[tokio::test]
async fn the_last_administrator_stays_also_where_two_are_taken_at_once() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let admin = admin(&here).await;
    let path = |account: &Value| format!("/v1/accounts/{}", account["id"].as_str().unwrap());
    let first = of(&admin, "admin").await;
    let off = json!({ "enabled": false });
    let disable = async |caller: &Caller, account: &Value| {
        caller.send("PATCH", &path(account), &[("if-match", "*")], Some(&off)).await.status
    };
    assert_eq!(disable(&admin, &first).await, 409);
    // By the command neither.
    // Beside the instances and not in their stead: one of them may have the writer just now.
    let mut command = on(app.url(), app.dir());
    command.args(["user", "disable", "admin"]);
    let command = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert_eq!(command.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&command.stderr).contains("last enabled administrator"));

    for round in 0..4 {
        let other = format!("chief-{round}");
        add(&app, &other, Role::Admin, None).await;
        // By a client of the role, which stays in whatever happens to the two.
        let (one, two) = (here.client("admin").await, there.client("admin").await);
        let other = of(&one, &other).await;
        let (a, b) = tokio::join!(disable(&one, &first), disable(&two, &other));
        let mut both = [a, b];
        both.sort_unstable();
        assert!(both == [200, 409] || both == [200, 412], "{both:?}");
        let enabled = account::Entity::find()
            .filter(account::Column::Role.eq(Role::Admin))
            .filter(account::Column::IsDisabled.eq(false))
            .all(app.house.db.read())
            .await
            .unwrap();
        assert_eq!(enabled.len(), 1);
        // For the next round there is the first alone.
        let back = json!({ "enabled": true });
        one.send("PATCH", &path(&first), &[("if-match", "*")], Some(&back)).await.expect(200);
        one.send("PATCH", &path(&other), &[("if-match", "*")], Some(&off)).await.expect(200);
    }
    here.stop().await;
    there.stop().await;
}

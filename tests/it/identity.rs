//! Who is who: tokens, sign-in, keys, and how fast a disabled holder is out, here and on another instance.

use std::time::{Duration, Instant};

use entity::words::{Duty, Role};
use serde_json::{Value, json};
use zhiqiao::{
    config::Secret,
    domain::{accounts, clients, keys},
    error::Error,
};

use crate::app::{Answer, Caller, Server, TestApp};

const GRANT: &str = "grant_type=client_credentials";

async fn ask(server: &Server, basic: Option<(&str, &str)>, form: &str) -> Answer {
    let mut request = server.http.post(format!("{}/oauth/token", server.base));
    if let Some((id, secret)) = basic {
        request = request.basic_auth(id, Some(secret));
    }
    let answer =
        request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned()).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

fn with(server: &Server, token: &str) -> Caller {
    Caller { token: Some(token.to_owned()), ..server.anonymous() }
}

fn token(answer: Answer) -> String {
    answer.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_token_endpoint_answers_as_the_rfc_says() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (id, secret) = ("demo-school-62001", "demo-school-62001-secret");

    for answer in [
        ask(&server, Some((id, secret)), GRANT).await,
        ask(&server, None, &format!("{GRANT}&client_id={id}&client_secret={secret}&scope=zhiqiao")).await,
    ] {
        let answer = answer.expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body = answer.json();
        assert_eq!(
            (&body["token_type"], &body["expires_in"], &body["scope"]),
            (&json!("Bearer"), &json!(900), &json!("zhiqiao"))
        );
    }

    let mut said = Vec::new();
    for (id, secret) in [(id, "wrong"), ("nobody", secret), ("", ""), ("console", secret)] {
        let answer = ask(&server, Some((id, secret)), GRANT).await.expect(401);
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
        assert_eq!(answer.json()["error"], "invalid_client");
        said.push(answer.text);
    }
    assert_eq!(said[0], said[1], "an unknown client and a wrong secret are not told apart");
    for (form, error) in [
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("", "invalid_request"),
        ("grant_type=client_credentials&client_id=x&client_secret=y", "invalid_request"),
        ("grant_type=client_credentials&scope=everything", "invalid_scope"),
    ] {
        assert_eq!(ask(&server, Some((id, secret)), form).await.expect(400).json()["error"], error, "{form}");
    }
    let large = format!("{GRANT}&x={}", "y".repeat(9_000));
    ask(&server, Some((id, secret)), &large).await.expect(413);
    server.stop().await;
}

#[tokio::test]
async fn the_documents_say_what_is_there() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let document = anonymous.get("/.well-known/oauth-authorization-server").await.expect(200).json();
    let issuer = document["issuer"].as_str().unwrap();
    assert_eq!(document["token_endpoint"], format!("{issuer}/oauth/token"));
    assert_eq!(document["jwks_uri"], format!("{issuer}/.well-known/jwks.json"));
    let keys = anonymous.get("/.well-known/jwks.json").await.expect(200).json();
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
    let mut members: Vec<&String> = key.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    server.stop().await;
}

#[tokio::test]
async fn a_bad_token_is_refused_at_every_address() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    for path in ["/health/live", "/.well-known/jwks.json", "/openapi.json", "/v1/releases", "/nowhere"] {
        for bad in ["", "a.b.c", "ey"] {
            let answer = with(&server, bad).get(path).await.expect(401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"zhiqiao\", error=\"invalid_token\""));
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert!(answer.header("x-request-id").is_some());
            assert_eq!(answer.json()["type"], "urn:zhiqiao:problem:unauthenticated");
        }
        let basic = server.anonymous().send("GET", path, &[("authorization", "Basic YTpi")], None).await;
        basic.expect(401);
    }
    // The body of a refused request is read, so that the answer arrives.
    let large = json!({ "observations": "x".repeat(1_000_000) });
    with(&server, "a.b.c").put("/v1/schools/62001/submissions/scale/2023", None, &large).await.expect(401);
    server.stop().await;
}

#[tokio::test]
async fn a_person_signs_in_and_nobody_learns_who_exists() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let anonymous = server.anonymous();
    let sign_in = async |username: &str, password: &str| {
        anonymous.post("/v1/session", None, &json!({ "username": username, "password": password })).await
    };
    let good = sign_in("school-62001", "demo-school-62001-password").await;
    assert_eq!(good.header("cache-control"), Some("no-store"));
    let token = token(good);
    with(&server, &token).get("/v1/schools/62001/submissions/scale/2023").await.expect(200);
    with(&server, &token).get("/v1/schools/62002/submissions/scale/2023").await.expect(404);

    let detail = |answer: Answer| answer.expect(401).json()["detail"].clone();
    let wrong = detail(sign_in("school-62001", "demo-school-62002-password").await);
    let unknown = detail(sign_in("school-69999", "demo-school-62001-password").await);
    accounts::disable(&app.system(), "school-62001").await.unwrap();
    let disabled = detail(sign_in("school-62001", "demo-school-62001-password").await);
    assert!(wrong == unknown && unknown == disabled, "{wrong} {unknown} {disabled}");
    with(&server, &token).get("/v1/releases").await.expect(401);

    let faults =
        anonymous.post("/v1/session", None, &json!({ "username": 1, "remember": true })).await.expect(422).json();
    assert_eq!(faults["errors"].as_array().unwrap().len(), 3, "{faults}");
    server.stop().await;
}

#[tokio::test]
async fn a_disabled_client_is_out_at_once_here_and_within_a_second_elsewhere() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let caller = here.client("school-62001").await;
    let elsewhere = with(&there, caller.token.as_deref().unwrap());
    caller.get("/v1/releases").await.expect(200);
    // Issuers differ by port only where the address is configured so; here both are the same.
    elsewhere.get("/v1/releases").await.expect(200);

    clients::disable(&app.system(), "demo-school-62001").await.unwrap();
    let at = Instant::now();
    caller.get("/v1/releases").await.expect(401);
    ask(&here, Some(("demo-school-62001", "demo-school-62001-secret")), GRANT).await.expect(401);
    while elsewhere.get("/v1/releases").await.status != 401 {
        assert!(at.elapsed() < Duration::from_secs(1), "still in after {:?}", at.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn what_another_instance_has_just_made_is_known_here() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let before = there.client("school-62001").await;

    // Neither the client nor the key is in the other's memory when its token comes.
    let told = clients::add(
        &twin.system(),
        clients::Add {
            client_id: "campus-62002".to_owned(),
            name: "校园系统".to_owned(),
            role: Role::School,
            org: Some("62002".to_owned()),
            duty: Duty::All,
            secret: clients::ClientSecret::Random,
        },
    )
    .await
    .unwrap();
    let fresh = token(ask(&there, Some(("campus-62002", told.secret.expose())), GRANT).await);
    with(&here, &fresh).get("/v1/releases").await.expect(200);
    keys::rotate(&twin.system()).await.unwrap();
    let fresh = token(ask(&there, Some(("campus-62002", told.secret.expose())), GRANT).await);
    with(&here, &fresh).get("/v1/releases").await.expect(200);
    with(&here, before.token.as_deref().unwrap()).get("/v1/releases").await.expect(200);
    let shown: Value = here.anonymous().get("/.well-known/jwks.json").await.json();
    assert_eq!(shown["keys"].as_array().unwrap().len(), 2);

    // A new secret ends the old one.
    let again = clients::renew(&twin.system(), "campus-62002", clients::Renewal::default()).await.unwrap();
    ask(&here, Some(("campus-62002", told.secret.expose())), GRANT).await.expect(401);
    ask(&here, Some(("campus-62002", again.secret.expose())), GRANT).await.expect(200);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_good_token_costs_no_statement() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let caller = server.client("school-62001").await;
    let memory = &app.house.memory;
    let tokens = zhiqiao::authn::tokens::Tokens::new(&app.house.config);
    let twin = app.twin().await;
    let before = twin.house.db.statements();
    for _ in 0..100 {
        let actor = tokens.authenticate(&twin.house.memory, caller.token.as_deref().unwrap()).await.unwrap();
        assert_eq!((actor.org(), actor.subject.as_str()), ("62001", "client:demo-school-62001"));
    }
    assert_eq!(twin.house.db.statements(), before);
    assert!(!memory.keys().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn an_account_is_checked_as_a_whole() {
    let app = TestApp::new().await;
    let ctx = app.system();
    let add = |role, org: Option<&str>| accounts::Add {
        username: "new-user".to_owned(),
        display_name: "new".to_owned(),
        role,
        org: org.map(str::to_owned),
        duty: Duty::All,
        password: accounts::Password::Random,
    };
    for (role, org, code) in [
        (Role::School, None, "org_missing"),
        (Role::School, Some("62999"), "org_unknown"),
        (Role::School, Some("620100"), "org_unknown"),
        (Role::City, Some("620000"), "org_unknown"),
        (Role::Province, Some("620100"), "org_unknown"),
        (Role::Province, Some("630000"), "org_unknown"),
        (Role::Enterprise, Some("62001"), "org_unknown"),
        (Role::Agency, Some("Agency"), "org_unknown"),
        (Role::Admin, Some("620000"), "org_not_allowed"),
        (Role::Analyst, Some("62001"), "org_not_allowed"),
    ] {
        let Err(Error::Invalid(found)) = accounts::add(&ctx, add(role, org)).await else { panic!("{role:?} {org:?}") };
        assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), [code], "{role:?} {org:?}");
    }
    let wrong = accounts::Add {
        username: "A".to_owned(),
        display_name: " ".to_owned(),
        password: accounts::Password::Chosen(Secret::new("short")),
        ..add(Role::City, Some("62001"))
    };
    let Err(Error::Invalid(found)) = accounts::add(&ctx, wrong).await else { panic!() };
    assert_eq!(found.len(), 4, "{found:?}");

    let told = accounts::add(&ctx, add(Role::Province, Some("620000"))).await.unwrap();
    let Err(Error::Invalid(found)) = accounts::add(&ctx, add(Role::Province, Some("620000"))).await else { panic!() };
    assert_eq!(found[0].code, "taken");
    let again = accounts::reset(&ctx, "new-user", accounts::Password::Random).await.unwrap();
    assert_ne!(told.password, again.password);
    assert!(matches!(accounts::disable(&ctx, "nobody").await, Err(Error::NotFound(_))));
    for role in [zhiqiao::authz::Role::Province, zhiqiao::authz::Role::School, zhiqiao::authz::Role::Auditor] {
        let ctx = app.as_(role, "62001");
        assert!(matches!(accounts::add(&ctx, add(Role::Admin, None)).await, Err(Error::Forbidden(_))));
        assert!(matches!(accounts::disable(&ctx, "new-user").await, Err(Error::NotFound(_))));
        assert!(matches!(keys::rotate(&ctx).await, Err(Error::Forbidden(_))));
        assert!(matches!(keys::list(&ctx).await, Err(Error::Forbidden(_))));
    }
    assert!(matches!(keys::list(&app.anonymous()).await, Err(Error::Unauthenticated(_))));
}

//! Sign-ins that go on, and tokens that end before their time, here and on another instance.

mod assertions;
mod keys;
mod secrets;

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use entity::{
    account, client_assertion, journal, refresh_token, revocation, token_family,
    words::{Duty, Role as Word},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use serde_json::{Value, json};
use zhiqiao::{
    authz::{Actor, Role},
    ctx::Ctx,
    domain::{
        accounts::{self, Wish},
        clients::{self, Renewal},
        grants,
        precondition::Match,
    },
    error::Error,
};

use crate::app::{Answer, Caller, Server, TestApp};

/// How soon every instance must know.
const SOON: Duration = Duration::from_secs(1);

/// A place where nobody changes anything.
const QUIET: &str = "/v1/releases";

/// Sends a form, with HTTP Basic where credentials are given.
async fn form(server: &Server, path: &str, basic: Option<(&str, &str)>, members: &[(&str, &str)]) -> Answer {
    let mut request = server.http.post(format!("{}{path}", server.base)).form(members);
    if let Some((id, secret)) = basic {
        request = request.basic_auth(id, Some(secret));
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

async fn refresh(server: &Server, token: &str) -> Answer {
    form(server, "/oauth/token", None, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// The access token and the refresh token of an answer.
#[derive(Clone, Debug)]
struct Pair {
    access: String,
    refresh: String,
}

fn pair(answer: Answer) -> Pair {
    let body = answer.expect(200).json();
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name}: {body}")).to_owned();
    Pair { access: text("access_token"), refresh: text("refresh_token") }
}

async fn sign_in(server: &Server, name: &str) -> Pair {
    let body = json!({ "username": name, "password": format!("demo-{name}-password") });
    pair(server.anonymous().post("/v1/session", None, &body).await)
}

fn with(server: &Server, token: &str) -> Caller {
    Caller { token: Some(token.to_owned()), ..server.anonymous() }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!((answer.status, body["error"].as_str()), (status, Some(error)), "{}", answer.text);
    assert!(body["error_description"].as_str().is_some_and(|text| text.len() > 10), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// Nothing comes of a token on the instance that knows, and a second later at most on the other.
async fn ends(here: &Server, there: &Server, token: &str) {
    let since = Instant::now();
    let answer = with(here, token).get(QUIET).await.expect(401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"zhiqiao\", error=\"invalid_token\""));
    while with(there, token).get(QUIET).await.status != 401 {
        assert!(since.elapsed() < SOON, "still good elsewhere");
        tokio::task::yield_now().await;
    }
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
}

async fn change(ctx: &Ctx, name: &str, wish: Wish) -> Result<account::Model, Error> {
    accounts::change(ctx, accounts::is(name), wish, Some(&Match::Any)).await
}

async fn good(server: &Server, token: &str) {
    with(server, token).get(QUIET).await.expect(200);
}

/// What the journal says under an action, with who did it.
async fn told(app: &TestApp, action: &str) -> Vec<(String, Value)> {
    let rows = journal::Entity::find().filter(journal::Column::Action.eq(action)).all(app.house.db.read()).await;
    rows.unwrap().into_iter().map(|row| (row.actor, serde_json::from_str(&row.data).unwrap())).collect()
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_second_use_ends_everything() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let answer = here
        .anonymous()
        .post("/v1/session", None, &json!({ "username": "school-62001", "password": "demo-school-62001-password" }))
        .await;
    assert_eq!(answer.json()["refresh_expires_in"], app.house.config.token.refresh_idle_seconds);
    let first = pair(answer);
    // The next comes from wherever one asks.
    let second = pair(refresh(&there, &first.refresh).await);
    let third = pair(refresh(&here, &second.refresh).await);
    assert!(first.refresh != second.refresh && second.refresh != third.refresh);
    for one in [&first, &second, &third] {
        good(&here, &one.access).await;
        good(&there, &one.access).await;
    }
    with(&here, &third.access).get("/v1/schools/62001/submissions/scale/2023").await.expect(200);
    let other = sign_in(&here, "school-62001").await;

    // The first is in two hands now.
    refused(&refresh(&here, &first.refresh).await, 400, "invalid_grant");
    for one in [&first, &second, &third] {
        ends(&here, &there, &one.access).await;
        refused(&refresh(&there, &one.refresh).await, 400, "invalid_grant");
    }
    let said = with(&here, &third.access).get(QUIET).await.json();
    assert!(said["detail"].as_str().unwrap().contains("撤销"), "{said}");
    // Another sign-in of the same person is another family.
    good(&here, &other.access).await;
    pair(refresh(&there, &other.refresh).await);

    let ended = told(&app, "session.revoked").await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert!(ended[0].0.starts_with("account:"), "{ended:?}");
    assert_eq!(ended[0].1["because"], "reuse");
    assert_eq!(told(&app, "session.opened").await.len(), 2);
    // Machines have none.
    let body = form(
        &here,
        "/oauth/token",
        Some(("demo-school-62001", "demo-school-62001-secret")),
        &[("grant_type", "client_credentials")],
    )
    .await
    .expect(200)
    .json();
    assert!(body.get("refresh_token").is_none() && body.get("refresh_expires_in").is_none(), "{body}");
    here.stop().await;
    there.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_uses_at_once_one_wins_and_neither_goes_on() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    for round in 0..6 {
        let first = sign_in(&here, "school-62001").await;
        let both = if round % 2 == 0 { &there } else { &here };
        let (a, b) = tokio::join!(refresh(&here, &first.refresh), refresh(both, &first.refresh));
        let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
        refused(&lost, 400, "invalid_grant");
        let won = pair(won);
        let since = Instant::now();
        for server in [&here, &there] {
            while with(server, &won.access).get(QUIET).await.status != 401 {
                assert!(since.elapsed() < SOON, "still good in round {round}");
                tokio::task::yield_now().await;
            }
            refused(&refresh(server, &won.refresh).await, 400, "invalid_grant");
        }
    }
    assert_eq!(told(&app, "session.revoked").await.len(), 6);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_refresh_token_ends_by_itself_and_belongs_to_the_console() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let db = app.house.db.write();
    let ask = async |token: &str, basic: Option<(&str, &str)>, more: &[(&str, &str)]| {
        let mut members = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        members.extend(more);
        form(&server, "/oauth/token", basic, &members).await
    };
    let school = Some(("demo-school-62001", "demo-school-62001-secret"));
    let one = sign_in(&server, "school-62001").await;
    // Whoever proves to be somebody else gets nothing, and takes nothing away.
    refused(&ask(&one.refresh, school, &[]).await, 400, "invalid_grant");
    refused(&ask(&one.refresh, Some(("demo-school-62001", "wrong")), &[]).await, 401, "invalid_client");
    refused(&ask(&one.refresh, None, &[("client_id", "demo-school-62001")]).await, 400, "invalid_grant");
    refused(&ask(&one.refresh, None, &[("scope", "everything")]).await, 400, "invalid_scope");
    for unknown in ["x", "ey.ey.ey", &one.access, &one.refresh.to_uppercase()] {
        refused(&ask(unknown, None, &[]).await, 400, "invalid_grant");
    }
    refused(&ask("", None, &[]).await, 400, "invalid_request");
    let one = pair(ask(&one.refresh, None, &[("client_id", "console"), ("scope", "zhiqiao")]).await);

    // The end of the family is that of its last token, too.
    let end = Utc::now() + TimeDelta::seconds(100);
    let families = token_family::Entity::update_many().col_expr(token_family::Column::ExpiresAt, Expr::value(end));
    families.exec(db).await.unwrap();
    let answer = ask(&one.refresh, None, &[]).await;
    let left = answer.json()["refresh_expires_in"].as_u64().unwrap();
    assert!((90..=100).contains(&left), "{left}");
    let one = pair(answer);
    // Nobody has used it in time. An access token goes on until it ends by itself.
    let idle = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::ExpiresAt, Expr::value(Utc::now() - TimeDelta::seconds(1)));
    idle.exec(db).await.unwrap();
    refused(&ask(&one.refresh, None, &[]).await, 400, "invalid_grant");
    good(&server, &one.access).await;
    // And where the whole family is over, no token of it is good for longer.
    let one = sign_in(&server, "school-62001").await;
    let past = Utc::now() - TimeDelta::seconds(1);
    let families = token_family::Entity::update_many()
        .col_expr(token_family::Column::CreatedAt, Expr::value(past - TimeDelta::hours(1)))
        .col_expr(token_family::Column::ExpiresAt, Expr::value(past));
    families.exec(db).await.unwrap();
    refused(&ask(&one.refresh, None, &[]).await, 400, "invalid_grant");
    assert!(told(&app, "session.revoked").await.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn who_has_changed_since_gets_nothing_here_and_elsewhere() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let ctx = app.as_(Role::Admin, "");
    for what in ["demoted", "moved", "moved back", "parted", "reset", "disabled"] {
        let name = if what == "reset" { "city-620100" } else { "school-62001" };
        if what == "moved back" {
            change(&ctx, name, Wish { org: Some(Some("62001".to_owned())), ..Wish::default() }).await.unwrap();
        }
        if what == "moved" {
            let wish = Wish { role: Some(Word::School), org: Some(Some("62001".to_owned())), ..Wish::default() };
            change(&ctx, name, wish).await.unwrap();
        }
        let one = sign_in(&there, name).await;
        good(&here, &one.access).await;
        good(&there, &one.access).await;
        match what {
            "demoted" => {
                let wish = Wish { role: Some(Word::Analyst), ..Wish::default() };
                change(&ctx, name, wish).await.unwrap();
            }
            "moved" => {
                let wish = Wish { org: Some(Some("62002".to_owned())), ..Wish::default() };
                change(&ctx, name, wish).await.unwrap();
            }
            "moved back" => {
                // There and back: what was let in before is not let in again.
                for org in ["62005", "62001"] {
                    let wish = Wish { org: Some(Some(org.to_owned())), ..Wish::default() };
                    change(&ctx, name, wish).await.unwrap();
                }
            }
            "parted" => {
                let wish = Wish { duty: Some(Duty::Fill), ..Wish::default() };
                change(&ctx, name, wish).await.unwrap();
            }
            "reset" => {
                accounts::reset(&ctx, name, accounts::Password::Random).await.unwrap();
            }
            _ => {
                accounts::disable(&ctx, name).await.unwrap();
            }
        }
        ends(&here, &there, &one.access).await;
        refused(&refresh(&there, &one.refresh).await, 400, "invalid_grant");
        refused(&refresh(&here, &one.refresh).await, 400, "invalid_grant");
    }
    let because: Vec<Value> =
        told(&app, "session.revoked").await.into_iter().map(|(_, data)| data["because"].clone()).collect();
    assert_eq!(because, vec![json!("changed"); 6]);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_person_is_changed_as_a_whole() {
    let app = TestApp::new().await;
    let admin = app.as_(Role::Admin, "");
    let to = |role: Option<Word>, org: Option<&str>, duty| Wish {
        role,
        org: org.map(|org| Some(org.to_owned())),
        duty,
        ..Wish::default()
    };
    for (wish, code) in [
        (to(Some(Word::City), None, None), "org_missing"),
        (to(Some(Word::City), Some("62001"), None), "org_unknown"),
        (to(Some(Word::Analyst), Some("62001"), None), "org_not_allowed"),
        (to(Some(Word::Analyst), None, Some(Duty::Fill)), "duty"),
        (to(Some(Word::Auditor), None, None), "role_group"),
        (to(None, Some("62999"), None), "org_unknown"),
    ] {
        let Err(Error::Invalid(found)) = change(&admin, "school-62001", wish.clone()).await else { panic!("{wish:?}") };
        assert_eq!(found[0].code, code, "{wish:?}");
    }
    let before = told(&app, "account.changed").await.len();
    let same = change(&admin, "school-62001", to(Some(Word::School), Some("62001"), None)).await.unwrap();
    assert_eq!((same.generation, told(&app, "account.changed").await.len()), (1, before));
    for role in [Role::Province, Role::School, Role::Auditor] {
        let ctx = app.as_(role, "62001");
        let refused = change(&ctx, "school-62001", to(Some(Word::Admin), None, None)).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_token_is_revoked_by_whom_it_was_issued_to() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let (id, secret) = ("demo-school-62001", "demo-school-62001-secret");
    let machine = here.client("school-62001").await.token.unwrap();
    let spare = here.client("school-62001").await.token.unwrap();
    let foreign = here.client("school-62002").await.token.unwrap();
    let person = sign_in(&here, "school-62001").await;
    let revoke = async |token: &str, basic: Option<(&str, &str)>, more: &[(&str, &str)]| {
        let mut members = vec![("token", token)];
        members.extend(more);
        form(&here, "/oauth/revoke", basic, &members).await
    };
    let me = Some((id, secret));
    // What is not there is gone already.
    for unknown in ["x", "ey.ey.ey", &format!("{machine}x"), &format!("{machine}.x")] {
        assert_eq!(revoke(unknown, me, &[]).await.expect(200).text, "");
        revoke(unknown, None, &[]).await.expect(200);
        revoke(unknown, None, &[("client_id", "console"), ("token_type_hint", "nonsense")]).await.expect(200);
    }
    refused(&revoke(&machine, None, &[]).await, 401, "invalid_client");
    refused(&revoke(&machine, None, &[("client_id", id)]).await, 401, "invalid_client");
    refused(&revoke("x", Some((id, "wrong")), &[]).await, 401, "invalid_client");
    refused(&revoke("", me, &[]).await, 400, "invalid_request");
    refused(&revoke(&foreign, me, &[]).await, 400, "invalid_grant");
    refused(&revoke(&person.access, me, &[]).await, 400, "invalid_grant");
    refused(&revoke(&person.refresh, me, &[]).await, 400, "invalid_grant");
    for token in [&machine, &spare, &foreign, &person.access] {
        good(&here, token).await;
        good(&there, token).await;
    }

    // One ends, its sibling lives; twice is once.
    revoke(&machine, None, &[("client_id", id), ("client_secret", secret)]).await.expect(200);
    ends(&here, &there, &machine).await;
    revoke(&machine, me, &[("token_type_hint", "refresh_token")]).await.expect(200);
    good(&there, &spare).await;
    assert_eq!(told(&app, "token.revoked").await.len(), 1);
    // Whoever holds a token of the console may end it, alone or with its family.
    let next = pair(refresh(&here, &person.refresh).await);
    revoke(&person.access, None, &[]).await.expect(200);
    ends(&here, &there, &person.access).await;
    good(&there, &next.access).await;
    revoke(&next.refresh, None, &[("client_id", "console")]).await.expect(200);
    ends(&here, &there, &next.access).await;
    refused(&refresh(&there, &next.refresh).await, 400, "invalid_grant");
    assert_eq!(told(&app, "session.revoked").await[0].1["because"], "revoked");
    // A third instance that starts now knows it, too.
    let third = app.twin().await;
    let late = third.serve().await;
    with(&late, &machine).get(QUIET).await.expect(401);
    with(&late, &next.access).get(QUIET).await.expect(401);
    good(&late, &spare).await;
    for server in [here, there, late] {
        server.stop().await;
    }
}

#[tokio::test]
async fn who_signs_out_is_out() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let first = sign_in(&here, "city-620100").await;
    let second = pair(refresh(&here, &first.refresh).await);
    let other = sign_in(&here, "city-620100").await;
    let machine = here.client("city-620100").await;
    let answer = with(&here, &first.access).send("DELETE", "/v1/session", &[], None).await.expect(204);
    assert_eq!(answer.text, "");
    ends(&here, &there, &first.access).await;
    ends(&here, &there, &second.access).await;
    refused(&refresh(&there, &second.refresh).await, 400, "invalid_grant");
    good(&there, &other.access).await;
    machine.send("DELETE", "/v1/session", &[], None).await.expect(204);
    ends(&here, &there, machine.token.as_deref().unwrap()).await;
    // Done twice, nothing happens; a token that was ended is a bad one here, too.
    here.anonymous().send("DELETE", "/v1/session", &[], None).await.expect(204);
    with(&here, &first.access).send("DELETE", "/v1/session", &[], None).await.expect(401);
    assert_eq!((told(&app, "session.closed").await.len(), told(&app, "token.revoked").await.len()), (1, 1));
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_client_that_is_given_another_secret_is_out_at_once_unless_the_old_one_goes_on() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let ctx = app.as_(Role::Admin, "");
    let old = there.client("school-62001").await.token.unwrap();
    let told = clients::renew(&ctx, "demo-school-62001", clients::Renewal::default()).await.unwrap();
    ends(&here, &there, &old).await;
    let second = there.holder("demo-school-62001", told.secret.expose()).await.token.unwrap();
    good(&here, &second).await;
    let renewal = Renewal { overlap: Some(TimeDelta::hours(1)), expires_in: None };
    let third = clients::renew(&ctx, "demo-school-62001", renewal).await.unwrap();
    good(&here, &second).await;
    for secret in [&told.secret, &third.secret] {
        let token = there.holder("demo-school-62001", secret.expose()).await.token.unwrap();
        good(&here, &token).await;
    }
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn what_is_over_by_itself_is_thrown_away() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let broom = app.house.ctx(Actor::system("broom"));
    let db = app.house.db.write();
    let (old, new) = (sign_in(&server, "school-62001").await, sign_in(&server, "city-620100").await);
    pair(refresh(&server, &old.refresh).await);
    with(&server, &new.access).send("DELETE", "/v1/session", &[], None).await.expect(204);
    let spent = client_assertion::ActiveModel { digest: Set("a".repeat(64)), until: Set(Utc::now()) };
    client_assertion::Entity::insert(spent).exec_without_returning(db).await.unwrap();
    let fresh =
        client_assertion::ActiveModel { digest: Set("b".repeat(64)), until: Set(Utc::now() + TimeDelta::hours(1)) };
    client_assertion::Entity::insert(fresh).exec_without_returning(db).await.unwrap();
    assert_eq!(grants::purge(&broom).await.unwrap(), 1);

    let past = Utc::now() - TimeDelta::seconds(1);
    let school = account::Entity::find().filter(account::Column::Username.eq("school-62001")).one(db).await.unwrap();
    token_family::Entity::update_many()
        .col_expr(token_family::Column::CreatedAt, Expr::value(past - TimeDelta::hours(12)))
        .col_expr(token_family::Column::ExpiresAt, Expr::value(past))
        .filter(token_family::Column::AccountId.eq(school.unwrap().id))
        .exec(db)
        .await
        .unwrap();
    revocation::Entity::update_many().col_expr(revocation::Column::Until, Expr::value(past)).exec(db).await.unwrap();
    // A family, its two tokens, and a revocation, which the memory forgets as well.
    assert_eq!(app.house.memory.revoked().len(), 1);
    assert_eq!(grants::purge(&broom).await.unwrap(), 4);
    app.house.memory.refresh().await.unwrap();
    assert!(app.house.memory.revoked().is_empty());
    assert_eq!(refresh_token::Entity::find().count(db).await.unwrap(), 1);
    assert_eq!(client_assertion::Entity::find().count(db).await.unwrap(), 1);
    let statements = app.house.db.statements();
    assert_eq!(grants::purge(&broom).await.unwrap(), 0);
    assert!(app.house.db.statements() - statements < 50);
    server.stop().await;
}

#[tokio::test]
async fn whoever_revokes_very_many_tokens_ends_them_all_and_fills_no_memory() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let db = app.house.db.write();
    let (id, secret) = ("demo-school-62001", "demo-school-62001-secret");
    let (one, other) = (server.client("school-62001").await.token.unwrap(), server.client("school-62001").await);
    let rows = (0..1_000).map(|number| revocation::ActiveModel {
        name: Set(format!("token:{number}")),
        subject: Set(format!("client:{id}")),
        created_at: Set(Utc::now()),
        until: Set(Utc::now() + TimeDelta::minutes(10)),
    });
    revocation::Entity::insert_many(rows).exec_without_returning(db).await.unwrap();
    form(&server, "/oauth/revoke", Some((id, secret)), &[("token", &one)]).await.expect(200);
    with(&server, &one).get(QUIET).await.expect(401);
    other.get(QUIET).await.expect(401);
    assert_eq!(told(&app, "token.revoked").await[0].1["all"], true);
    assert_eq!(revocation::Entity::find().count(db).await.unwrap(), 1_000);
    // It is not shut out: the next token is as good as any.
    server.client("school-62001").await.get(QUIET).await.expect(200);
    server.client("school-62002").await.get(QUIET).await.expect(200);
    server.stop().await;
}

/// Sessions are looked up by the door alone.
#[tokio::test]
async fn nobody_lists_sessions() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    sign_in(&server, "school-62001").await;
    for role in Role::ALL.iter().filter(|role| !matches!(role, Role::System)) {
        let ctx = app.as_(*role, "62001");
        assert_eq!(ctx.visible::<token_family::Entity>().count(ctx.db.read()).await.unwrap(), 0, "{role:?}");
        assert_eq!(ctx.visible::<refresh_token::Entity>().count(ctx.db.read()).await.unwrap(), 0, "{role:?}");
        let all = Expr::col(token_family::Column::Generation).add(1);
        let change = ctx.change::<token_family::Entity>().col_expr(token_family::Column::Generation, all);
        assert_eq!(change.exec(ctx.db.write()).await.unwrap().rows_affected, 0, "{role:?}");
    }
    server.stop().await;
}

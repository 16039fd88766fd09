//! The second factor: enrolled, asked for, used once, lost.

use entity::{recovery_code, second_factor};
use zhiqiao::{authn::totp, config::SecondFactor, domain::second_factor as factor};

use super::*;

/// What an authenticator shows for a secret, so many steps from now.
fn code(secret: &str, steps: i64) -> String {
    let seed = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(seed).build().unwrap();
    totp.generate(u64::try_from(Utc::now().timestamp() + 30 * steps).unwrap()).to_string()
}

/// Enrols somebody who is signed in: the secret, the code that confirmed it, and the recovery codes.
async fn enrol(caller: &Caller, password: &str) -> (String, String, Vec<String>) {
    let begun = caller.post("/v1/session/totp", None, &json!({ "password": password })).await.expect(200);
    assert_eq!(begun.header("cache-control"), Some("no-store"));
    let begun = begun.json();
    let secret = begun["secret"].as_str().unwrap().to_owned();
    assert!(begun["otpauth_uri"].as_str().unwrap().starts_with("otpauth://totp/zhiqiao:"), "{begun}");
    assert!(begun["otpauth_uri"].as_str().unwrap().contains(&secret));
    let first = code(&secret, 0);
    let told = confirm(caller, json!({ "code": first })).await.expect(200).json();
    let codes: Vec<String> =
        told["recovery_codes"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), totp::RECOVERY_CODES);
    (secret, first, codes)
}

async fn confirm(caller: &Caller, body: Value) -> Answer {
    caller.post("/v1/session/totp/confirm", None, &body).await
}

async fn sign_in_with(server: &Server, username: &str, code: &str) -> Answer {
    ask(server, json!({ "username": username, "password": GOOD, "code": code })).await
}

#[tokio::test]
async fn a_code_is_asked_for_and_good_once() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    settled(&app, &server, "office", Role::Province, Some("620000")).await;
    let office = with(&server, &sign_in(&server, "office", GOOD).await);
    // Nothing is to be confirmed yet, a wrong password begins nothing, and a wrong code confirms nothing.
    confirm(&office, json!({ "code": "000000" })).await.expect(409);
    office.post("/v1/session/totp", None, &json!({ "password": "not the password" })).await.expect(401);
    let begun = office.post("/v1/session/totp", None, &json!({ "password": GOOD })).await.expect(200).json();
    let stale = begun["secret"].as_str().unwrap().to_owned();
    sign_in(&server, "office", GOOD).await.expect(200);
    let (secret, used, codes) = enrol(&office, GOOD).await;
    assert_ne!(secret, stale, "the second beginning took the place of the first");
    office.post("/v1/session/totp", None, &json!({ "password": GOOD })).await.expect(409);

    let asked = sign_in(&server, "office", GOOD).await;
    problem(&asked, 401, "second-factor-required");
    assert!(asked.header("www-authenticate").is_some());
    // Only who has the password is asked.
    problem(&sign_in(&server, "office", "not the password").await, 401, "unauthenticated");
    // The code that confirmed is used up; the next one is good, and only once.
    for wrong in [used, code(&secret, 5), code(&stale, 0), "12345".to_owned(), String::new()] {
        problem(&sign_in_with(&server, "office", &wrong).await, 401, "second-factor-required");
        zhiqiao::domain::lockout::lift_name(app.house.db.write(), &app.system(), "office").await.unwrap();
    }
    let next = code(&secret, 1);
    sign_in_with(&server, "office", &next).await.expect(200);
    problem(&sign_in_with(&server, "office", &next).await, 401, "second-factor-required");
    // So is a recovery code, however it is typed.
    let typed = codes[0].to_uppercase().replace('-', " ");
    sign_in_with(&server, "office", &typed).await.expect(200);
    problem(&sign_in_with(&server, "office", &codes[0]).await, 401, "second-factor-required");
    sign_in_with(&server, "office", &codes[1]).await.expect(200);

    // The database has neither.
    let db = app.house.db.read();
    let kept = second_factor::Entity::find().one(db).await.unwrap().unwrap();
    assert!(kept.secret.expose().starts_with("v1.") && !kept.secret.expose().contains(&secret));
    let hashes = recovery_code::Entity::find().all(db).await.unwrap();
    assert_eq!(hashes.len(), totp::RECOVERY_CODES);
    assert!(hashes.iter().all(|row| !codes.iter().any(|code| row.hash.expose().contains(code.as_str()))));
    server.stop().await;
}

#[tokio::test]
async fn whoever_has_a_code_takes_its_factor_away_and_enrols_another() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    settled(&app, &server, "office", Role::Province, Some("620000")).await;
    let office = with(&server, &sign_in(&server, "office", GOOD).await);
    let remove = async |password: &str, code: &str| {
        let body = json!({ "password": password, "code": code });
        office.post("/v1/session/totp/remove", None, &body).await
    };
    problem(&remove(GOOD, "000000").await, 409, "conflict");
    let (secret, used, codes) = enrol(&office, GOOD).await;
    // Neither alone will do, nor a code that was used.
    problem(&remove("not the password", &code(&secret, 1)).await, 401, "unauthenticated");
    for wrong in ["", "000000", &used] {
        problem(&remove(GOOD, wrong).await, 401, "second-factor-required");
        zhiqiao::domain::lockout::lift_name(app.house.db.write(), &app.system(), "office").await.unwrap();
    }
    problem(&sign_in(&server, "office", GOOD).await, 401, "second-factor-required");
    remove(GOOD, &codes[2]).await.expect(204);
    assert!(recovery_code::Entity::find().all(app.house.db.read()).await.unwrap().is_empty());
    sign_in(&server, "office", GOOD).await.expect(200);
    let (other, ..) = enrol(&office, GOOD).await;
    assert_ne!(other, secret);
    problem(&sign_in_with(&server, "office", &codes[3]).await, 401, "second-factor-required");
    remove(GOOD, &code(&other, 1)).await.expect(204);
    let removed = journalled(&app).await.into_iter().filter(|row| row.action == "account.factor_removed");
    assert!(removed.map(|row| row.actor.starts_with("account:")).eq([true, true]));
    server.stop().await;
}

#[tokio::test]
async fn two_at_once_with_one_code_and_one_gets_in() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    settled(&app, &here, "office", Role::Province, Some("620000")).await;
    let office = with(&here, &sign_in(&here, "office", GOOD).await);
    let (secret, _, codes) = enrol(&office, GOOD).await;
    for code in [code(&secret, 1), codes[3].clone()] {
        let (one, other) = tokio::join!(sign_in_with(&here, "office", &code), sign_in_with(&there, "office", &code));
        let mut both = [one.status, other.status];
        both.sort_unstable();
        assert_eq!(both, [200, 401], "{} {}", one.text, other.text);
    }
    here.stop().await;
    there.stop().await;
}

/// Two requests may both judge a code good before either has used it up: only one of them does.
#[tokio::test]
async fn a_code_that_was_judged_good_twice_is_spent_once() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    settled(&app, &server, "office", Role::Province, Some("620000")).await;
    let office = with(&server, &sign_in(&server, "office", GOOD).await);
    let (secret, _, codes) = enrol(&office, GOOD).await;
    let (ctx, db) = (app.system(), app.house.db.write());
    let enrolled = second_factor::Entity::find().one(db).await.unwrap().unwrap();
    for code in [code(&secret, 1), codes[3].clone()] {
        let first = factor::judge(&ctx, &enrolled, &code).await.unwrap();
        let second = factor::judge(&ctx, &enrolled, &code).await.unwrap();
        factor::spend(db, &ctx, enrolled.account_id, &first).await.unwrap();
        let late = factor::spend(db, &ctx, enrolled.account_id, &second).await;
        assert!(matches!(late, Err(zhiqiao::error::Error::SecondFactorRequired(_))), "{late:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn wrong_codes_lock_and_a_missing_one_does_not() {
    let app = TestApp::new().await;
    let server = serve(&app, narrow).await;
    settled(&app, &server, "office", Role::Province, Some("620000")).await;
    let office = with(&server, &sign_in(&server, "office", GOOD).await);
    let (_, _, codes) = enrol(&office, GOOD).await;
    for _ in 0..5 {
        problem(&sign_in(&server, "office", GOOD).await, 401, "second-factor-required");
    }
    for _ in 0..3 {
        problem(&sign_in_with(&server, "office", "000000").await, 401, "second-factor-required");
    }
    problem(&sign_in_with(&server, "office", &codes[0]).await, 429, "locked-out");
    server.stop().await;
}

#[tokio::test]
async fn a_role_that_must_have_one_enrols_before_anything_else() {
    let app = TestApp::new().await;
    let server = serve(&app, |config| config.people.second_factor = SecondFactor::Required).await;
    // Who is not of those roles is not asked.
    sign_in(&server, "school-62001", "demo-school-62001-password").await.expect(200);
    for (name, role, org) in
        [("chief", Role::Admin, None), ("audit", Role::Auditor, None), ("lz", Role::City, Some("620100"))]
    {
        let first = add(&app, name, role, org).await;
        let anonymous = server.anonymous();
        // First the password …
        let claim = json!({ "username": name, "password": first });
        problem(&anonymous.post("/v1/session/totp", None, &claim).await, 403, "password-change-required");
        problem(&ask(&server, claim.clone()).await, 403, "password-change-required");
        let changed = ask(&server, json!({ "username": name, "password": first, "new_password": GOOD })).await;
        // … which is changed by now; then the factor; then the session.
        let said = problem(&changed, 403, "second-factor-enrolment-required");
        assert!(said["detail"].as_str().unwrap().contains("/v1/session/totp"), "{said}");
        let claim = json!({ "username": name, "password": GOOD });
        problem(&ask(&server, claim.clone()).await, 403, "second-factor-enrolment-required");
        let begun = anonymous.post("/v1/session/totp", None, &claim).await.expect(200).json();
        let secret = begun["secret"].as_str().unwrap();
        problem(&ask(&server, claim.clone()).await, 403, "second-factor-enrolment-required");
        let claimed = json!({ "username": name, "password": GOOD, "code": code(secret, 0) });
        confirm(&anonymous, claimed).await.expect(200);
        problem(&ask(&server, claim).await, 401, "second-factor-required");
        sign_in_with(&server, name, &code(secret, 1)).await.expect(200);
    }
    server.stop().await;
}

#[tokio::test]
async fn without_a_key_nobody_enrols_and_a_reset_takes_the_factor_away() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    settled(&app, &server, "office", Role::Province, Some("620000")).await;
    // It signs nothing without one, but takes what another instance has signed.
    let keyless = serve(&app, |config| config.keys.encryption_key = None).await;
    let session = sign_in(&server, "office", GOOD).await;
    let refused = with(&keyless, &session).post("/v1/session/totp", None, &json!({ "password": GOOD })).await;
    assert!(problem(&refused, 409, "conflict")["detail"].as_str().unwrap().contains("encryption_key"));
    keyless.stop().await;

    let office = with(&server, &session);
    enrol(&office, GOOD).await;
    let which = || accounts::is("office");
    let told = accounts::reset_where(&app.system(), which(), Password::Random, false).await.unwrap();
    let again = json!({ "username": "office", "password": told.password.expose(), "new_password": OTHER });
    problem(&ask(&server, again).await, 401, "second-factor-required");
    let told = accounts::reset_where(&app.system(), which(), Password::Random, true).await.unwrap();
    let again = json!({ "username": "office", "password": told.password.expose(), "new_password": GOOD });
    ask(&server, again).await.expect(200);
    assert!(recovery_code::Entity::find().all(app.house.db.read()).await.unwrap().is_empty());
    server.stop().await;
}

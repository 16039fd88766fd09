//! Clients that prove who they are by a signature (`private_key_jwt`), and every way of pretending to.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::Utc;
use entity::words::{Duty, Role as Word};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use zhiqiao::{
    authn::{client_keys, keys},
    authz::Role,
    domain::{
        client_keys as registered,
        clients::{self, Add, ClientSecret},
    },
    error::Error,
};

use super::{ends, form, good, refused};
use crate::app::{Answer, Server, TestApp};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A pair of keys of somebody outside.
struct Pair {
    kid: String,
    alg: &'static str,
    private: EncodingKey,
    jwk: Value,
}

impl Pair {
    fn ed(kid: &str) -> Self {
        let made = keys::generate().unwrap();
        let private = EncodingKey::from_ed_der(&STANDARD.decode(made.private_key.expose()).unwrap());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": made.public_key, "kid": kid, "use": "sig" });
        Self { kid: kid.to_owned(), alg: "EdDSA", private, jwk }
    }

    /// The key of RFC 7515, appendix A.3, in PKCS#8.
    fn ec(kid: &str) -> Self {
        let d = URL_SAFE_NO_PAD.decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap();
        let head = [
            0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
            0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
        ];
        let private = EncodingKey::from_ec_der(&[head.as_slice(), &d].concat());
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        });
        Self { kid: kid.to_owned(), alg: "ES256", private, jwk }
    }

    fn public(&self) -> Vec<client_keys::ClientKey> {
        client_keys::read_all(&self.jwk.to_string()).unwrap()
    }

    fn header(&self) -> Value {
        json!({ "alg": self.alg, "kid": self.kid, "typ": "JWT" })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let algorithm = if self.alg == "EdDSA" { Algorithm::EdDSA } else { Algorithm::ES256 };
        let signature = crypto::sign(message.as_bytes(), &self.private, algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn claims(app: &TestApp, client: &str) -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": client, "sub": client, "aud": format!("{}/oauth/token", app.house.config.public_url),
        "iat": now, "exp": now + 60, "jti": Uuid::new_v4().to_string(),
    })
}

fn but(claims: &Value, changes: Value) -> Value {
    let mut all: Map<String, Value> = claims.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            all.remove(name)
        } else {
            all.insert(name.clone(), value.clone())
        };
    }
    Value::Object(all)
}

async fn ask(server: &Server, assertion: &str) -> Answer {
    let members =
        [("grant_type", "client_credentials"), ("client_assertion_type", KIND), ("client_assertion", assertion)];
    form(server, "/oauth/token", None, &members).await
}

async fn add(app: &TestApp, client: &str, pair: &Pair) {
    let add = Add {
        client_id: client.to_owned(),
        name: "校园系统".to_owned(),
        role: Word::School,
        org: Some("62001".to_owned()),
        duty: Duty::All,
        secret: ClientSecret::Keys(pair.public()),
    };
    let told = clients::add(&app.as_(Role::Admin, ""), add).await.unwrap();
    assert_eq!(told.secret.expose(), "");
}

#[tokio::test]
async fn a_signature_gets_a_token_and_needs_no_secret() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (ed, ec) = (Pair::ed("ed"), Pair::ec("ec"));
    add(&app, "campus-ed", &ed).await;
    add(&app, "campus-ec", &ec).await;
    for (client, pair) in [("campus-ed", &ed), ("campus-ec", &ec)] {
        let good_claims = || claims(&app, client);
        let issuer = app.house.config.public_url.clone();
        for (header, claims) in [
            (pair.header(), good_claims()),
            (json!({ "alg": pair.alg }), good_claims()),
            (pair.header(), but(&good_claims(), json!({ "aud": issuer }))),
            (pair.header(), but(&good_claims(), json!({ "aud": [issuer], "iat": null }))),
            (pair.header(), but(&good_claims(), json!({ "exp": Utc::now().timestamp() + 300 }))),
        ] {
            let body = ask(&server, &pair.sign(&header, &claims)).await.expect(200).json();
            assert!(body.get("refresh_token").is_none(), "{body}");
            let token = body["access_token"].as_str().unwrap();
            super::with(&server, token).get("/v1/schools/62001/submissions/scale/2023").await.expect(200);
        }
        let named = pair.sign(&pair.header(), &good_claims());
        let members = |id| {
            vec![
                ("grant_type", "client_credentials"),
                ("client_assertion_type", KIND),
                ("client_assertion", named.as_str()),
                ("client_id", id),
            ]
        };
        form(&server, "/oauth/token", None, &members(client)).await.expect(200);
        // By the same proof a token ends.
        let token = ask(&server, &pair.sign(&pair.header(), &good_claims())).await.json();
        let token = token["access_token"].as_str().unwrap();
        let proof = pair.sign(&pair.header(), &good_claims());
        let members = [("token", token), ("client_assertion_type", KIND), ("client_assertion", &proof)];
        form(&server, "/oauth/revoke", None, &members).await.expect(200);
        super::with(&server, token).get("/v1/releases").await.expect(401);
        // There is no secret: not the empty one, and not that of zeros.
        for secret in ["", "0", &"0".repeat(64)] {
            let members = [("grant_type", "client_credentials")];
            refused(&form(&server, "/oauth/token", Some((client, secret)), &members).await, 401, "invalid_client");
        }
        let refused = clients::renew(&app.as_(Role::Admin, ""), client, clients::Renewal::default()).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    let document = server.anonymous().get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!(document["grant_types_supported"], json!(["client_credentials", "refresh_token"]));
    assert_eq!(document["token_endpoint_auth_signing_alg_values_supported"], json!(["EdDSA", "ES256"]));
    assert!(document["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("private_key_jwt")));
    assert_eq!(document["revocation_endpoint"], format!("{}/oauth/revoke", app.house.config.public_url));
    server.stop().await;
}

#[tokio::test]
async fn everything_that_only_looks_like_a_proof_is_refused() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let (mine, others, unknown, ec) = (Pair::ed("mine"), Pair::ed("others"), Pair::ed("mine"), Pair::ec("mine"));
    add(&app, "campus-one", &mine).await;
    add(&app, "campus-two", &others).await;
    let disabled = Pair::ed("disabled");
    add(&app, "campus-off", &disabled).await;
    clients::disable(&app.as_(Role::Admin, ""), "campus-off").await.unwrap();
    let claims = claims(&app, "campus-one");
    let now = Utc::now().timestamp();
    let header = |changes: Value| but(&mine.header(), changes);
    let public = URL_SAFE_NO_PAD.decode(mine.jwk["x"].as_str().unwrap()).unwrap();
    let by_secret = |secret: &[u8], alg: &str| {
        let message = format!("{}.{}", part(&header(json!({ "alg": alg }))), part(&claims));
        let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    };
    let unsigned = format!("{}.{}.", part(&header(json!({ "alg": "none" }))), part(&claims));
    let signed = mine.sign(&mine.header(), &claims);
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let elsewhere = json!("https://elsewhere.example/keys");
    let cases = [
        ("wrong aud", mine.sign(&mine.header(), &but(&claims, json!({ "aud": "https://elsewhere.example" })))),
        ("audience of access tokens", mine.sign(&mine.header(), &but(&claims, json!({ "aud": "zhiqiao" })))),
        ("two aud", mine.sign(&mine.header(), &but(&claims, json!({ "aud": [claims["aud"], elsewhere] })))),
        ("no aud", mine.sign(&mine.header(), &but(&claims, json!({ "aud": null })))),
        ("wrong iss", mine.sign(&mine.header(), &but(&claims, json!({ "iss": "campus-two" })))),
        ("wrong sub", mine.sign(&mine.header(), &but(&claims, json!({ "sub": "campus-two" })))),
        ("no iss", mine.sign(&mine.header(), &but(&claims, json!({ "iss": null })))),
        ("expired", mine.sign(&mine.header(), &but(&claims, json!({ "exp": now - 10 })))),
        ("too long", mine.sign(&mine.header(), &but(&claims, json!({ "exp": now + 3_600 })))),
        ("no exp", mine.sign(&mine.header(), &but(&claims, json!({ "exp": null })))),
        ("not yet", mine.sign(&mine.header(), &but(&claims, json!({ "nbf": now + 60 })))),
        ("no jti", mine.sign(&mine.header(), &but(&claims, json!({ "jti": null })))),
        ("alg none", unsigned),
        ("alg none, signed", mine.sign(&header(json!({ "alg": "none" })), &claims)),
        ("HS256 with the public key", by_secret(&public, "HS256")),
        ("HS256 with the public key's text", by_secret(mine.jwk["x"].as_str().unwrap().as_bytes(), "HS256")),
        ("HS256 with the JWK", by_secret(mine.jwk.to_string().as_bytes(), "HS256")),
        ("HS256 called EdDSA", by_secret(&public, "EdDSA")),
        ("another algorithm in the header", mine.sign(&header(json!({ "alg": "ES256" })), &claims)),
        ("another algorithm under the kid", ec.sign(&ec.header(), &claims)),
        ("unknown kid", mine.sign(&header(json!({ "kid": "nobody" })), &claims)),
        ("empty kid", mine.sign(&header(json!({ "kid": "" })), &claims)),
        ("kid as a path", mine.sign(&header(json!({ "kid": "../../dev/null" })), &claims)),
        ("kid as SQL", mine.sign(&header(json!({ "kid": "x' OR '1'='1" })), &claims)),
        ("another key under the kid", unknown.sign(&unknown.header(), &claims)),
        ("another client's key", others.sign(&others.header(), &claims)),
        ("another client's key, no kid", others.sign(&json!({ "alg": "EdDSA" }), &claims)),
        ("jku", unknown.sign(&header(json!({ "jku": elsewhere })), &claims)),
        ("jku, rightly signed", mine.sign(&header(json!({ "jku": elsewhere })), &claims)),
        ("x5u", unknown.sign(&header(json!({ "x5u": elsewhere })), &claims)),
        ("jwk", unknown.sign(&header(json!({ "jwk": unknown.jwk })), &claims)),
        ("crit", mine.sign(&header(json!({ "crit": ["b64"], "b64": true })), &claims)),
        ("typ of an access token", mine.sign(&header(json!({ "typ": "at+jwt" })), &claims)),
        ("nobody", mine.sign(&mine.header(), &but(&claims, json!({ "iss": "nobody", "sub": "nobody" })))),
        ("console", mine.sign(&mine.header(), &but(&claims, json!({ "iss": "console", "sub": "console" })))),
        ("disabled", disabled.sign(&disabled.header(), &self::claims(&app, "campus-off"))),
        ("changed", format!("{}x.{signature}", message)),
        ("no signature", format!("{message}.")),
        ("five parts", format!("{signed}.a.b")),
        ("nonsense", "职桥".to_owned()),
        ("long", "a".repeat(5_000)),
    ];
    let mut unproved = Vec::new();
    for (what, assertion) in &cases {
        let answer = ask(&server, assertion).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        refused(&answer, 401, "invalid_client");
        if ["unknown kid", "another key under the kid", "another client's key", "nobody", "disabled"].contains(what) {
            unproved.push(answer.json());
        }
    }
    unproved.dedup();
    assert_eq!(unproved.len(), 1, "who exists and which keys there are is not told: {unproved:?}");
    // A token of ours is no assertion, and an assertion no token.
    let token = server.client("school-62001").await.token.unwrap();
    refused(&ask(&server, &token).await, 401, "invalid_client");
    super::with(&server, &signed).get("/v1/releases").await.expect(401);
    // And nothing of all this has used the good one up.
    ask(&server, &signed).await.expect(200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_is_good_once_over_all_instances() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let (one, other) = (Pair::ed("a"), Pair::ec("b"));
    add(&app, "campus-one", &one).await;
    add(&app, "campus-two", &other).await;
    let shared = claims(&app, "campus-one");
    let first = one.sign(&one.header(), &shared);
    ask(&here, &first).await.expect(200);
    for server in [&here, &there] {
        let answer = ask(server, &first).await;
        refused(&answer, 401, "invalid_client");
        assert!(answer.text.contains("has been used"), "{}", answer.text);
    }
    // Signed anew it is the same, and under the same name another client has its own.
    let again = one.sign(&one.header(), &but(&shared, json!({ "exp": Utc::now().timestamp() + 90 })));
    refused(&ask(&there, &again).await, 401, "invalid_client");
    let theirs = other.sign(&other.header(), &but(&claims(&app, "campus-two"), json!({ "jti": shared["jti"] })));
    ask(&there, &theirs).await.expect(200);
    // At once, on both: one.
    for _ in 0..5 {
        let proof = one.sign(&one.header(), &claims(&app, "campus-one"));
        let (a, b) = tokio::join!(ask(&here, &proof), ask(&there, &proof));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", a.text, b.text);
    }
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn keys_come_and_go() {
    let app = TestApp::new().await;
    let twin = app.twin().await;
    let (here, there) = (app.serve().await, twin.serve().await);
    let admin = app.as_(Role::Admin, "");
    let (old, new) = (Pair::ed("2025"), Pair::ec("2026"));
    add(&app, "campus", &old).await;
    let by = |pair: &Pair| pair.sign(&pair.header(), &claims(&app, "campus"));
    refused(&ask(&here, &by(&new)).await, 401, "invalid_client");
    assert_eq!(registered::add(&admin, "campus", &new.public()).await.unwrap().len(), 2);
    let token = ask(&there, &by(&old)).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
    ask(&there, &by(&new)).await.expect(200);
    // With two, the header has to say which.
    let nameless = new.sign(&json!({ "alg": new.alg }), &claims(&app, "campus"));
    refused(&ask(&here, &nameless).await, 401, "invalid_client");
    good(&here, &token).await;
    good(&there, &token).await;
    registered::remove(&admin, "campus", "2025").await.unwrap();
    ends(&here, &there, &token).await;
    refused(&ask(&there, &by(&old)).await, 401, "invalid_client");
    ask(&there, &by(&new)).await.expect(200);

    let found = registered::add(&admin, "campus", &new.public()).await.unwrap_err();
    assert!(matches!(&found, Error::Invalid(found) if found[0].code == "taken"), "{found:?}");
    let many: Vec<_> = (0..10).flat_map(|number| Pair::ed(&format!("k{number}")).public()).collect();
    let found = registered::add(&admin, "campus", &many).await.unwrap_err();
    assert!(matches!(&found, Error::Invalid(found) if found[0].code == "jwk_count"), "{found:?}");
    assert!(matches!(registered::remove(&admin, "campus", "2025").await, Err(Error::NotFound(_))));
    for role in [Role::Province, Role::School, Role::Auditor] {
        let ctx = app.as_(role, "62001");
        assert!(matches!(registered::list(&ctx, "campus").await, Err(Error::NotFound(_))), "{role:?}");
        assert!(matches!(registered::add(&ctx, "campus", &many).await, Err(Error::NotFound(_))), "{role:?}");
        assert!(matches!(registered::remove(&ctx, "campus", "2026").await, Err(Error::NotFound(_))), "{role:?}");
    }
    // A client with a secret may have keys beside it: so it moves from the one to the other.
    let also = Pair::ed("also");
    registered::add(&admin, "demo-school-62001", &also.public()).await.unwrap();
    ask(&here, &also.sign(&also.header(), &claims(&app, "demo-school-62001"))).await.expect(200);
    here.client("school-62001").await;
    here.stop().await;
    there.stop().await;
}

//! Tokens that somebody made, changed, or kept too long: none of them opens anything, at any door.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::Utc;
use ed25519_dalek::{Signer, SigningKey};
use futures::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use zhiqiao::{
    authn::keys::KeySet,
    domain::{clients, keys},
};

use super::{is_well, refused, soon};
use crate::{
    app::{Caller, Server, TestApp},
    wire::send,
};

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// What a good token of a school says at this instant.
fn claims(app: &TestApp) -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": app.house.config.public_url, "aud": app.house.config.token.audience, "sub": "demo-school-62001",
        "client_id": "demo-school-62001", "jti": uuid::Uuid::new_v4().to_string(), "iat": now, "exp": now + 600,
        "scope": "zhiqiao", "role": "SCHOOL", "org": "62001",
    })
}

/// Claims with other values for some.
fn with(mut claims: Value, changes: &[(&str, Value)]) -> Value {
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    claims
}

/// A token under the service's own key.
fn signed(app: &TestApp, typ: &str, claims: &Value) -> String {
    KeySet::new(&app.house.memory.keys()).sign(claims.to_string().as_bytes(), typ).unwrap()
}

/// A token under a key of the attacker's.
fn forged(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).to_bytes());
    format!("{message}.{signature}")
}

/// Every token that is not to be believed, by what is wrong with it.
fn bad(app: &TestApp) -> Vec<(String, String)> {
    let keys = app.house.memory.keys();
    let ours = KeySet::new(&keys).signer().unwrap();
    let (kid, public) = (ours.kid.clone(), ours.public_key.clone());
    let mine = SigningKey::from_bytes(&[7; 32]);
    let point = URL_SAFE_NO_PAD.encode(mine.verifying_key().to_bytes());
    let header = json!({ "alg": "EdDSA", "kid": kid, "typ": "at+jwt" });
    let good = claims(app);
    let now = good["iat"].as_i64().unwrap();
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, token: String| all.push((name.to_owned(), token));

    // No signature at all.
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let message = format!("{}.{}", part(&with(header.clone(), &[("alg", json!(alg))])), part(&good));
        for end in ["", "AA", "e30"] {
            add(&format!("alg `{alg}`, signature `{end}`"), format!("{message}.{end}"));
        }
    }
    // The public key as a shared secret, in every form in which it is published.
    let jwks = serde_json::to_string(&KeySet::new(&keys).jwks()).unwrap();
    let point_of_ours = URL_SAFE_NO_PAD.decode(&public).unwrap();
    for alg in ["HS256", "HS384", "EdDSA", "RS256", "ES256"] {
        for secret in [public.as_bytes(), point_of_ours.as_slice(), jwks.as_bytes(), b""] {
            let message = format!("{}.{}", part(&with(header.clone(), &[("alg", json!(alg))])), part(&good));
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(message.as_bytes());
            let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
            add(&format!("alg {alg}, a public key as secret"), format!("{message}.{signature}"));
        }
    }
    // A key of one's own: by our name, by none, brought along, or to be fetched; and names that are paths or SQL.
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": point, "kid": kid, "alg": "EdDSA", "use": "sig" });
    let attempts: [(&str, &[(&str, Value)]); 14] = [
        ("our kid over a foreign signature", &[]),
        ("jwk", &[("jwk", jwk.clone())]),
        ("jku", &[("jku", json!("https://attacker.example/jwks.json"))]),
        ("jku of ours", &[("jku", json!("http://127.0.0.1/.well-known/jwks.json"))]),
        ("x5u", &[("x5u", json!("https://attacker.example/key.pem"))]),
        ("x5c", &[("x5c", json!([point]))]),
        ("crit", &[("crit", json!(["exp"]))]),
        ("b64", &[("b64", json!(false)), ("crit", json!(["b64"]))]),
        ("kid of a path", &[("kid", json!("../../../../dev/null"))]),
        ("kid of SQL", &[("kid", json!("x' UNION SELECT 'AAAA' --"))]),
        ("kid that is no text", &[("kid", json!([kid]))]),
        ("kid with a NUL", &[("kid", json!(format!("{kid}\u{0}")))]),
        ("no kid", &[("kid", Value::Null)]),
        ("zip", &[("zip", json!("DEF"))]),
    ];
    for (name, changes) in attempts {
        add(name, forged(&mine, &with(header.clone(), changes), &good));
    }
    // Our own signature, under a header that asks to be read in another way.
    let open = STANDARD.decode(ours.private_key.expose()).unwrap();
    let stolen = SigningKey::from_bytes(open[16..].try_into().unwrap());
    let odd: [(&str, &[(&str, Value)]); 6] = [
        ("alg none over our signature", &[("alg", json!("none"))]),
        ("alg HS256 over our signature", &[("alg", json!("HS256"))]),
        ("alg in other letters over our signature", &[("alg", json!("eddsa"))]),
        ("crit over our signature", &[("crit", json!(["exp"]))]),
        ("crit that is nothing over our signature", &[("crit", Value::Null)]),
        ("no typ over our signature", &[("typ", Value::Null)]),
    ];
    for (name, changes) in odd {
        add(name, forged(&stolen, &with(header.clone(), changes), &good));
    }
    // Our own signature, over something else than an access token for here and now.
    let wrong: [(&str, &[(&str, Value)]); 16] = [
        ("another audience", &[("aud", json!("another"))]),
        ("audiences", &[("aud", json!([good["aud"]]))]),
        ("another issuer", &[("iss", json!("https://attacker.example"))]),
        ("an issuer with a slash", &[("iss", json!(format!("{}/", app.house.config.public_url)))]),
        ("expired", &[("iat", json!(now - 900)), ("exp", json!(now - 60))]),
        ("expired long ago", &[("iat", json!(1)), ("exp", json!(600))]),
        ("not yet valid", &[("iat", json!(now + 600)), ("exp", json!(now + 900))]),
        ("lives too long", &[("exp", json!(now + 100_000))]),
        ("lives for ever", &[("exp", json!(i64::MAX))]),
        ("an expiry that is a fraction", &[("exp", json!(1e300))]),
        ("no expiry", &[("exp", Value::Null)]),
        ("another scope", &[("scope", json!("openid"))]),
        ("another role", &[("role", json!("PROVINCE")), ("org", json!("620000"))]),
        ("another school", &[("org", json!("62002"))]),
        ("a client that is not there", &[("sub", json!("nobody")), ("client_id", json!("nobody"))]),
        ("a client as a person", &[("client_id", json!("console"))]),
    ];
    for (name, changes) in wrong {
        add(name, signed(app, "at+jwt", &with(good.clone(), changes)));
    }
    for typ in ["JWT", "receipt+jws", "", "AT+JWT", "at+jwt "] {
        add(&format!("typ `{typ}`"), signed(app, typ, &good));
    }
    add("a receipt's bytes", signed(app, "at+jwt", &json!({ "iss": good["iss"], "school": "62001" })));
    add("an array for claims", signed(app, "at+jwt", &json!([good])));
    // A good one, spoilt.
    let fine = signed(app, "at+jwt", &good);
    let (message, signature) = fine.rsplit_once('.').unwrap();
    let (head, payload) = message.split_once('.').unwrap();
    let richer = part(&with(good.clone(), &[("role", json!("ADMIN")), ("org", Value::Null)]));
    add("other claims under our signature", format!("{head}.{richer}.{signature}"));
    add("claims twice", format!("{head}.{payload}.{payload}.{signature}"));
    add("padding", format!("{fine}="));
    add(
        "JSON instead of compact",
        json!({ "payload": payload, "signatures": [{ "signature": signature }] }).to_string(),
    );
    add("a signature of zeros", format!("{message}.{}", "A".repeat(86)));
    add("60 KB of dots", ".".repeat(30_000));
    add("a header 30 KB deep", format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode("[".repeat(20_000))));
    all
}

/// What a websocket that greets with a token is closed with.
async fn greeted(server: &Server, token: &str) -> u16 {
    let mut request = format!("{}/graphql", server.base.replace("http://", "ws://")).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let mut socket = connect_async(request).await.unwrap().0;
    let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } });
    socket.send(Message::text(init.to_string())).await.unwrap();
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(frame))) => return frame.map_or(1005, |frame| frame.code.into()),
            Some(Ok(Message::Text(text))) => panic!("{text}"),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn no_forged_token_opens_anything() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let fine = Caller { token: Some(signed(&app, "at+jwt", &claims(&app))), ..server.anonymous() };
    fine.get("/v1/schools/62001/submissions/scale/2023").await.expect(200);
    let table = json!({ "observations": { "scale.students": 1 } });
    for (name, token) in bad(&app) {
        let caller = Caller { token: Some(token.clone()), ..server.anonymous() };
        for (method, path, body) in [
            ("GET", "/v1/schools/62001/submissions/scale/2023", None),
            ("PUT", "/v1/schools/62001/submissions/scale/2023", Some(&table)),
            ("GET", "/v1/releases", None),
            ("GET", "/v1/changes", None),
            ("POST", "/graphql", Some(&json!({ "query": "{ me { id } }" }))),
            ("GET", "/graphql?query=%7Bme%7Bid%7D%7D", None),
            ("GET", "/nowhere", None),
        ] {
            let about = format!("{name}: {method} {path}");
            let answer = soon(&about, caller.send(method, path, &[("if-match", "*")], body)).await;
            refused(&answer, &about);
            assert_eq!(answer.status, 401, "{about}: {}", answer.text);
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "{about}: {challenge}");
            assert!(!answer.text.contains(&token), "{about} hands the token back");
        }
        assert_eq!(soon(&name, greeted(&server, &token)).await, 4403, "{name}");
    }
    let none = send(&server.anonymous(), "GET", "/v1/changes", &[("authorization", "Bearer")], "").await;
    assert_eq!(none.status, 401);
    is_well(&server).await;
    server.stop().await;
}

/// Whoever has lost its standing is out with the next request, whatever its token says; a retired key signs nothing new.
#[tokio::test]
async fn standing_that_is_revoked_is_revoked_at_every_door() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let token = school.token.clone().unwrap();
    school.get("/v1/changes").await.expect(200);
    clients::disable(&app.system(), "demo-school-62001").await.unwrap();
    for path in ["/v1/changes", "/v1/schools/62001/submissions/scale/2023", "/v1/releases", "/openapi.json"] {
        school.get(path).await.expect(401);
    }
    school.send("POST", "/graphql", &[], Some(&json!({ "query": "{ me { id } }" }))).await.expect(401);
    assert_eq!(greeted(&server, &token).await, 4403);

    // A stolen key that was retired: what it signs from now on is not believed, though its name is still known.
    let old = app.house.memory.keys();
    keys::rotate(&app.system()).await.unwrap();
    let now = Utc::now().timestamp() + 60;
    let other = with(
        claims(&app),
        &[
            ("sub", json!("demo-school-62002")),
            ("client_id", json!("demo-school-62002")),
            ("org", json!("62002")),
            ("iat", json!(now)),
            ("exp", json!(now + 600)),
        ],
    );
    let stolen = KeySet::new(&old).sign(other.to_string().as_bytes(), "at+jwt").unwrap();
    Caller { token: Some(stolen), ..server.anonymous() }.get("/v1/changes").await.expect(401);
    let other = server.client("school-62002").await;
    other.get("/v1/changes").await.expect(200);
    server.stop().await;
}

/// What the token endpoint is asked in bad faith: each a refusal of RFC 6749, and none tells who exists.
#[tokio::test]
async fn the_token_endpoint_gives_nothing_to_who_asks_in_bad_faith() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let (id, secret) = ("demo-school-62001", "demo-school-62001-secret");
    let good = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let twice = format!("{good}&client_id=demo-admin");
    let again = format!("{good}&client_secret=x");
    let many = format!("grant_type=client_credentials{}", "&client_id=a".repeat(500));
    let json = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret }).to_string();
    for (name, headers, body) in [
        ("a client twice", &form[..], twice.as_str()),
        ("a secret twice", &form, &again),
        ("five hundred clients", &form, &many),
        ("JSON", &[("content-type", "application/json")], &json),
        ("JSON as a form", &form, &json),
        ("broken percent-encoding", &form, "grant_type=client_credentials&client_id=%ff%fe&client_secret=%zz"),
        ("NUL", &form, "grant_type=client_credentials&client_id=demo%00&client_secret=x"),
        (
            "SQL",
            &form,
            "grant_type=client_credentials&client_id=%27%20OR%201%3D1--&client_secret=%27%20OR%20%27%27%3D%27",
        ),
        ("an empty secret", &form, "grant_type=client_credentials&client_id=demo-school-62001&client_secret="),
        (
            "a hash for the secret",
            &form,
            "grant_type=client_credentials&client_id=demo-school-62001&client_secret=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        ("another grant", &form, "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=x"),
        ("more scope", &form, &format!("{good}&scope=admin")),
        ("nothing", &[], ""),
    ] {
        let answer = soon(name, send(&server.anonymous(), "POST", "/oauth/token", headers, body.to_owned())).await;
        refused(&answer, name);
        assert!(!answer.text.contains(secret), "{name}");
        assert!(answer.json()["access_token"].is_null(), "{name}: {}", answer.text);
    }
    is_well(&server).await;
    server.stop().await;
}

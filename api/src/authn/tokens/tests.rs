//! What a token is refused for, one row a reason.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::slice;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use entity::{signing_key, words::Duty};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::*;
use crate::authn::keys;

const NOW: i64 = 1_800_000_000;

fn tokens() -> Tokens<'static> {
    Tokens { issuer: "https://exchange.example", audience: "zhiqiao", lifetime_seconds: 900 }
}

fn school() -> Holder {
    Holder {
        subject: "demo-school-62001".to_owned(),
        client_id: "demo-school-62001".to_owned(),
        role: Role::School,
        org: Some("62001".to_owned()),
        generation: 0,
    }
}

fn good() -> Value {
    json!({
        "iss": "https://exchange.example", "aud": "zhiqiao", "sub": "demo-school-62001",
        "client_id": "demo-school-62001", "jti": "one", "iat": NOW, "exp": NOW + 900,
        "scope": SCOPE, "role": "SCHOOL", "org": "62001",
    })
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with any header, signed by our key.
fn forged(key: &signing_key::Model, header: &Value, claims: &Value) -> String {
    use base64::engine::general_purpose::STANDARD;
    let private = EncodingKey::from_ed_der(&STANDARD.decode(key.private_key.expose()).unwrap());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(message.as_bytes(), &private, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

#[test]
fn what_is_issued_is_accepted_while_it_lives() {
    let (tokens, key) = (tokens(), keys::generate().unwrap());
    let keys = KeySet::new(slice::from_ref(&key));
    let issued = tokens.issue_at(keys, &school(), NOW).unwrap();
    assert_eq!((issued.expires_in, issued.scope), (900, SCOPE));
    let header = issued.token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(header, json!({ "alg": "EdDSA", "kid": key.kid, "typ": "at+jwt" }));

    // Twice each: as a new token, and as one that was seen before.
    for (now, verdict) in [
        (NOW - 6, Err(Refusal::Early)),
        (NOW - 5, Ok("client:demo-school-62001")),
        (NOW, Ok("client:demo-school-62001")),
        (NOW + 904, Ok("client:demo-school-62001")),
        (NOW + 905, Err(Refusal::Expired)),
        (NOW - 6, Err(Refusal::Early)),
    ] {
        for _ in 0..2 {
            let subject = tokens.verify(keys, &issued.token, now).map(|claims| claims.subject().unwrap());
            assert_eq!(subject.as_deref().map_err(|refusal| *refusal), verdict, "{now}");
        }
    }
}

#[test]
fn every_claim_is_checked() {
    let key = keys::generate().unwrap();
    let keys = KeySet::new(slice::from_ref(&key));
    let header = json!({ "alg": "EdDSA", "kid": key.kid, "typ": "at+jwt" });
    let verdict = |claims: &Value| tokens().verify(keys, &forged(&key, &header, claims), NOW).map(|_| ());
    assert_eq!(verdict(&good()), Ok(()));
    for (claim, value, refusal) in [
        ("iss", json!("https://elsewhere.example"), Refusal::Issuer),
        ("iss", json!("https://exchange.example/"), Refusal::Issuer),
        ("aud", json!("another"), Refusal::Audience),
        ("aud", json!(["zhiqiao"]), Refusal::Claims),
        ("exp", json!(NOW - 5), Refusal::Claims),
        ("exp", json!(NOW + 901), Refusal::Lifetime),
        ("exp", json!(i64::MAX), Refusal::Lifetime),
        ("exp", json!("soon"), Refusal::Claims),
        ("iat", json!(NOW + 6), Refusal::Early),
        ("iat", json!(NOW - 1), Refusal::Lifetime),
        ("iat", json!(i64::MIN), Refusal::Lifetime),
        ("scope", json!(""), Refusal::Scope),
        ("scope", json!("zhiqiao2 other"), Refusal::Scope),
        ("jti", json!(""), Refusal::Claims),
        ("org", json!(62001), Refusal::Claims),
    ] {
        let mut claims = good();
        claims[claim] = value.clone();
        assert_eq!(verdict(&claims), Err(refusal), "{claim} = {value}");
    }
    for claim in ["iss", "aud", "sub", "client_id", "jti", "iat", "exp", "scope", "role"] {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(claim);
        assert_eq!(verdict(&claims), Err(Refusal::Claims), "without {claim}");
    }
    let mut past = good();
    past["iat"] = json!(NOW - 905);
    past["exp"] = json!(NOW - 5);
    assert_eq!(verdict(&past), Err(Refusal::Expired));
}

#[test]
fn every_header_is_checked() {
    let (key, foreign) = (keys::generate().unwrap(), keys::generate().unwrap());
    let keys = KeySet::new(slice::from_ref(&key));
    let verdict = |token: &str| tokens().verify(keys, token, NOW).map(|_| ());
    for (header, expected) in [
        (json!({ "alg": "EdDSA", "kid": key.kid, "typ": "application/at+jwt" }), Ok(())),
        (json!({ "alg": "EdDSA", "kid": key.kid, "typ": "JWT" }), Err(Refusal::Type)),
        (json!({ "alg": "EdDSA", "kid": key.kid, "typ": "receipt+jws" }), Err(Refusal::Type)),
        (json!({ "alg": "EdDSA", "kid": key.kid }), Err(Refusal::Type)),
        (json!({ "alg": "EdDSA", "typ": "at+jwt" }), Err(Refusal::Key)),
        (json!({ "alg": "EdDSA", "kid": foreign.kid, "typ": "at+jwt" }), Err(Refusal::Key)),
        (json!({ "alg": "ES256", "kid": key.kid, "typ": "at+jwt" }), Err(Refusal::Algorithm)),
        (json!({ "alg": "eddsa", "kid": key.kid, "typ": "at+jwt" }), Err(Refusal::Algorithm)),
        (json!({ "alg": "none", "kid": key.kid, "typ": "at+jwt" }), Err(Refusal::Algorithm)),
        (json!({ "kid": key.kid, "typ": "at+jwt" }), Err(Refusal::Malformed)),
        (
            json!({ "alg": "EdDSA", "kid": key.kid, "typ": "at+jwt", "crit": ["b64"], "b64": false }),
            Err(Refusal::Critical),
        ),
        (json!({ "alg": "EdDSA", "kid": key.kid, "typ": "at+jwt", "crit": null }), Err(Refusal::Critical)),
        (json!("EdDSA"), Err(Refusal::Malformed)),
    ] {
        assert_eq!(verdict(&forged(&key, &header, &good())), expected, "{header}");
    }
    // Our kid over another's signature, with the other's key brought along.
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": foreign.public_key });
    let header = json!({ "alg": "EdDSA", "kid": key.kid, "typ": "at+jwt", "jwk": jwk });
    assert_eq!(verdict(&forged(&foreign, &header, &good())), Err(Refusal::Signature));
}

#[test]
fn the_public_key_is_no_secret_to_sign_with() {
    let key = keys::generate().unwrap();
    let keys = KeySet::new(slice::from_ref(&key));
    let point = URL_SAFE_NO_PAD.decode(&key.public_key).unwrap();
    for secret in [point.as_slice(), key.public_key.as_bytes()] {
        for alg in ["HS256", "EdDSA"] {
            let header = json!({ "alg": alg, "kid": key.kid, "typ": "at+jwt" });
            let message = format!("{}.{}", part(&header), part(&good()));
            let secret = EncodingKey::from_secret(secret);
            let signature = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap();
            let expected = if alg == "EdDSA" { Refusal::Signature } else { Refusal::Algorithm };
            assert_eq!(tokens().verify(keys, &format!("{message}.{signature}"), NOW).unwrap_err(), expected);
        }
    }
    let header = json!({ "alg": "none", "kid": key.kid, "typ": "at+jwt" });
    let unsigned = format!("{}.{}.", part(&header), part(&good()));
    assert_eq!(tokens().verify(keys, &unsigned, NOW).unwrap_err(), Refusal::Algorithm);
}

#[test]
fn a_changed_or_broken_token_is_refused() {
    let (tokens, key) = (tokens(), keys::generate().unwrap());
    let keys = KeySet::new(slice::from_ref(&key));
    let token = tokens.issue_at(keys, &school(), NOW).unwrap().token;
    tokens.verify(keys, &token, NOW).unwrap();
    let [header, payload, signature] = <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).unwrap();

    let mut richer = good();
    richer["role"] = json!("PROVINCE");
    for changed in [format!("{header}.{}.{signature}", part(&richer)), format!("{header}.{payload}.{}", "A".repeat(86))]
    {
        assert_eq!(tokens.verify(keys, &changed, NOW).unwrap_err(), Refusal::Signature);
    }
    for broken in [
        String::new(),
        "zhiqiao".to_owned(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{token}.{signature}"),
        format!("{token}="),
        format!("{token} "),
        format!(" {token}"),
        token.replace('.', ""),
        format!("{header}.{payload}.{signature}").replace(header, "e30="),
        "a".repeat(LONGEST_BYTES + 1),
    ] {
        assert_eq!(tokens.verify(keys, &broken, NOW).unwrap_err(), Refusal::Malformed, "{broken}");
    }
    assert_eq!(tokens.verify(keys, &format!("{header}.{payload}."), NOW).unwrap_err(), Refusal::Signature);
}

#[test]
fn a_retired_key_vouches_for_what_it_signed_before() {
    let (tokens, old) = (tokens(), keys::generate().unwrap());
    let before = tokens.issue_at(KeySet::new(slice::from_ref(&old)), &school(), NOW - 10).unwrap().token;
    let after = tokens.issue_at(KeySet::new(slice::from_ref(&old)), &school(), NOW + 6).unwrap().token;
    let retired = signing_key::Model { retired_at: DateTime::from_timestamp(NOW, 0), ..old };
    let new = keys::generate().unwrap();
    let both = [new.clone(), retired];
    let keys = KeySet::new(&both);
    assert!(tokens.verify(keys, &before, NOW + 7).is_ok());
    assert_eq!(tokens.verify(keys, &after, NOW + 7).unwrap_err(), Refusal::Key);
    // A key that is gone takes its tokens along, seen or not; so does one that another has taken the name of.
    let namesake = signing_key::Model { kid: both[1].kid.clone(), ..new.clone() };
    assert_eq!(tokens.verify(KeySet::new(&[namesake]), &before, NOW + 7).unwrap_err(), Refusal::Key);
    assert_eq!(tokens.verify(KeySet::new(slice::from_ref(&new)), &before, NOW + 7).unwrap_err(), Refusal::Key);
}

#[test]
fn a_holder_is_what_it_is_now() {
    let claims: Claims = serde_json::from_value(good()).unwrap();
    let standing = |role, org: Option<&str>| {
        Some(Standing { role, org: org.map(str::to_owned), name: "名".to_owned(), duty: Duty::All, generation: 0 })
    };
    let verdict = |standing| stands(&claims, claims.subject().unwrap(), standing);
    let actor = verdict(standing(Role::School, Some("62001"))).unwrap();
    assert_eq!((actor.role, actor.org(), actor.subject.as_str()), (Role::School, "62001", "client:demo-school-62001"));
    for other in [
        None,
        standing(Role::School, Some("62002")),
        standing(Role::School, None),
        standing(Role::Province, Some("62001")),
        // Its sessions were ended after this token was issued.
        standing(Role::School, Some("62001")).map(|standing| Standing { generation: 1, ..standing }),
    ] {
        assert_eq!(verdict(other).unwrap_err(), Refusal::Standing);
    }
}

#[test]
fn people_and_clients_are_not_confused() {
    let id = "0197a1b2-7c3d-7000-8000-000000000000";
    for (sub, client_id, subject) in [
        ("exchange", "exchange", Some("client:exchange".to_owned())),
        (id, CONSOLE, Some(format!("account:{id}"))),
        (id, id, Some(format!("client:{id}"))),
        (CONSOLE, CONSOLE, None),
        ("exchange", CONSOLE, None),
        ("exchange", "another", None),
    ] {
        let claims: Claims = serde_json::from_value({
            let mut claims = good();
            claims["sub"] = json!(sub);
            claims["client_id"] = json!(client_id);
            claims
        })
        .unwrap();
        assert_eq!(claims.subject(), subject, "{sub} {client_id}");
    }
}

#[test]
fn what_was_seen_is_bounded() {
    let seen = Seen::default();
    let claims: Arc<Claims> = Arc::new(serde_json::from_value(good()).unwrap());
    let digest = |number: usize| <[u8; 32]>::from(Sha256::digest(number.to_be_bytes()));
    for number in 0..=2 * GENERATION {
        let vouched = Vouched { kid: "k".to_owned(), public_key: "x".to_owned(), claims: Arc::clone(&claims) };
        seen.put(digest(number), vouched);
    }
    assert!(seen.get(&digest(0)).is_none());
    assert!(seen.get(&digest(GENERATION)).is_some());
    assert!(seen.get(&digest(2 * GENERATION)).is_some());
    let both = seen.0.read().unwrap();
    assert_eq!(both.young.len() + both.old.len(), GENERATION + 1);
}

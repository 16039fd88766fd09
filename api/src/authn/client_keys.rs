//! Public keys of clients, as JWK (RFC 7517): Ed25519 and P-256, and nothing else.
//!
//! A key says its algorithm by its kind; no header of an assertion does. A file with private members is
//! refused: whoever sends one has given the key away, and is to make another.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, Finding, Result, Text};

/// Most keys of one client: two for a rotation, and a few systems.
pub const MOST: usize = 10;

/// Members that only a private or a shared key has.
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The algorithms that are accepted, by their JOSE names.
pub const ALGORITHMS: [&str; 2] = ["EdDSA", "ES256"];

/// Longest name of a key, in characters.
const LONGEST_KID: usize = 128;

/// A public key of a client, ready to verify with.
#[derive(Clone)]
pub struct ClientKey {
    /// Its name: that of the JWK, or its thumbprint (RFC 7638).
    pub kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
    /// The JWK, with the members that mean something here.
    pub jwk: Value,
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl ClientKey {
    /// The JOSE name of its algorithm.
    pub const fn algorithm(&self) -> &'static str {
        let [eddsa, es256] = ALGORITHMS;
        if matches!(self.algorithm, Algorithm::EdDSA) { eddsa } else { es256 }
    }

    /// Whether it has signed a message; `signature` is base64url.
    pub fn has_signed(&self, message: &str, signature: &str) -> bool {
        matches!(crypto::verify(signature, message.as_bytes(), &self.key, self.algorithm), Ok(true))
    }

    /// Reads a key that was read before.
    ///
    /// # Errors
    /// [`Error::Internal`] where the database has something else.
    pub fn stored(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(Error::internal)?;
        value.as_object().and_then(|members| read(members, "").ok()).ok_or_else(|| Error::internal("a stored key"))
    }
}

/// Reads one JWK, or a set of them (`{"keys": […]}`).
///
/// # Errors
/// Everything that is wrong with all of them.
pub fn read_all(text: &str) -> Result<Vec<ClientKey>> {
    let whole = |code: &str, message: Text| Error::Invalid(vec![Finding::error(code, "", message)]);
    let no_keys = || {
        let message = Text::new(
            "应为一个 JWK，或 {\"keys\": […]} 形式的 JWK 集合",
            "This should be a JWK, or a set of them: {\"keys\": […]}",
        );
        whole("jwk", message)
    };
    let value: Value = serde_json::from_str(text).map_err(|_| no_keys())?;
    let document = value.as_object().ok_or_else(no_keys)?;
    let (all, is_set) = match document.get("keys") {
        Some(keys) => (keys.as_array().ok_or_else(no_keys)?.iter().collect(), true),
        None => (vec![&value], false),
    };
    if all.is_empty() || all.len() > MOST {
        let message = Text::new(format!("应有 1 至 {MOST} 个公钥"), format!("There should be 1 to {MOST} keys"));
        return Err(whole("jwk_count", message));
    }
    let (mut keys, mut findings): (Vec<ClientKey>, Vec<Finding>) = (Vec::new(), Vec::new());
    for (at, one) in all.into_iter().enumerate() {
        let pointer = if is_set { format!("/keys/{at}") } else { String::new() };
        match one.as_object().map(|members| read(members, &pointer)) {
            Some(Ok(key)) if keys.iter().any(|other| other.kid == key.kid) => {
                let message = Text::new("kid 重复", "The kid is there twice");
                findings.push(Finding::error("jwk_kid", format!("{pointer}/kid"), message).with("", &key.kid));
            }
            Some(Ok(key)) => keys.push(key),
            Some(Err(found)) => findings.push(*found),
            None => findings.push(Finding::error("jwk", pointer, Text::new("不是 JSON 对象", "Not a JSON object"))),
        }
    }
    if findings.is_empty() { Ok(keys) } else { Err(Error::Invalid(findings)) }
}

fn read(members: &Map<String, Value>, pointer: &str) -> std::result::Result<ClientKey, Box<Finding>> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let wrong = |name: &str, message: Text, expected: &str| {
        let found = Finding::error("jwk", format!("{pointer}/{name}"), message);
        Box::new(found.with(expected, text(name).unwrap_or_default()))
    };
    if let Some(name) = PRIVATE.iter().find(|name| members.contains_key(**name)) {
        let message = Text::new(
            "这是私钥或共享密钥，请勿交出：请另行生成密钥对，只登记公钥",
            "This is a private or shared key, which nobody else should ever have: make another pair, and register the public one",
        );
        return Err(Box::new(Finding::error("jwk_private", format!("{pointer}/{name}"), message)));
    }
    let point = |name: &str| {
        let bytes = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).filter(|bytes| bytes.len() == 32);
        bytes.ok_or_else(|| {
            wrong(name, Text::new("应为 32 字节的 base64url", "This should be 32 bytes in base64url"), "")
        })
    };
    let kind = Text::new("只接受 Ed25519 和 P-256 公钥", "Only public keys of Ed25519 and P-256 are accepted");
    let (algorithm, name, key, mut jwk) = match (text("kty"), text("crv")) {
        (Some("OKP"), Some("Ed25519")) => {
            let x = point("x")?;
            let jwk = json!({ "crv": "Ed25519", "kty": "OKP", "x": URL_SAFE_NO_PAD.encode(&x) });
            (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_der(&x), jwk)
        }
        (Some("EC"), Some("P-256")) => {
            let (x, y) = (point("x")?, point("y")?);
            let point: Vec<u8> = [4].into_iter().chain(x.iter().copied()).chain(y.iter().copied()).collect();
            let (x, y) = (URL_SAFE_NO_PAD.encode(&x), URL_SAFE_NO_PAD.encode(&y));
            let jwk = json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y });
            (Algorithm::ES256, "ES256", DecodingKey::from_ec_der(&point), jwk)
        }
        (Some("OKP" | "EC"), _) => return Err(wrong("crv", kind, "Ed25519, P-256")),
        _ => return Err(wrong("kty", kind, "OKP, EC")),
    };
    if members.contains_key("alg") && text("alg") != Some(name) {
        return Err(wrong("alg", Text::new("与密钥类型不符", "Not the algorithm of such a key"), name));
    }
    if members.contains_key("use") && text("use") != Some("sig") {
        return Err(wrong("use", Text::new("该密钥不用于签名", "The key is not for signatures"), "sig"));
    }
    // A key that no point belongs to says so here, and not at the first assertion.
    if crypto::verify(&"A".repeat(86), b"", &key, algorithm).is_err() {
        return Err(wrong("x", Text::new("不是曲线上的点", "Not a point of the curve"), ""));
    }
    // RFC 7638: the members that make the key, in the order of their names, which is that of the map.
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(jwk.to_string()));
    let kid = match members.get("kid") {
        None => thumbprint,
        Some(Value::String(kid)) if is_name(kid) => kid.clone(),
        Some(_) => {
            let message = Text::new(
                format!("kid 须为 1 至 {LONGEST_KID} 个可见 ASCII 字符"),
                format!("A kid has 1 to {LONGEST_KID} visible ASCII characters"),
            );
            return Err(wrong("kid", message, ""));
        }
    };
    if let Some(jwk) = jwk.as_object_mut() {
        jwk.insert("alg".to_owned(), json!(name));
        jwk.insert("kid".to_owned(), json!(kid));
    }
    Ok(ClientKey { kid, algorithm, key, jwk })
}

fn is_name(kid: &str) -> bool {
    (1..=LONGEST_KID).contains(&kid.len()) && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    /// RFC 8037, appendix A; RFC 7515, appendix A.3.
    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    #[test]
    fn a_key_is_read_kept_and_read_again() {
        let ed = read_all(ED).unwrap().remove(0);
        assert_eq!((ed.kid.as_str(), ed.algorithm()), ("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "EdDSA"));
        let set = format!(r#"{{"keys":[{ED},{}]}}"#, EC.replace('{', r#"{"kid":"one","use":"sig","alg":"ES256","#));
        let both = read_all(&set).unwrap();
        assert_eq!(both.iter().map(|key| (key.kid.as_str(), key.algorithm())).collect::<Vec<_>>()[1], ("one", "ES256"));
        for key in both {
            let again = ClientKey::stored(&key.jwk.to_string()).unwrap();
            assert_eq!((again.kid, again.algorithm, again.jwk), (key.kid, key.algorithm, key.jwk));
        }
    }

    #[test]
    fn the_example_of_rfc_7515_verifies() {
        let key = read_all(EC).unwrap().remove(0);
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(key.has_signed(message, signature));
        assert!(!key.has_signed(&message.replace("eyJh", "eyJi"), signature));
        assert!(!key.has_signed(message, "short"));
    }

    #[test]
    fn every_other_key_is_refused() {
        let ec = |from: &str, to: &str| EC.replace(from, to);
        for (text, code) in [
            ("".to_owned(), "jwk"),
            ("[]".to_owned(), "jwk"),
            (r#"{"keys":{}}"#.to_owned(), "jwk"),
            (r#"{"keys":[]}"#.to_owned(), "jwk_count"),
            (r#"{"keys":[1]}"#.to_owned(), "jwk"),
            (format!(r#"{{"keys":[{ED},{ED}]}}"#), "jwk_kid"),
            (r#"{"kty":"oct","k":"AAAA"}"#.to_owned(), "jwk_private"),
            (ED.replace('{', r#"{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","#), "jwk_private"),
            (r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.to_owned(), "jwk"),
            (ec("P-256", "P-384"), "jwk"),
            (ec("P-256", "secp256k1"), "jwk"),
            (ec("f83O", "f83P"), "jwk"),
            (ec("f83O", ""), "jwk"),
            (ec("{", r#"{"alg":"HS256","#), "jwk"),
            (ec("{", r#"{"alg":"EdDSA","#), "jwk"),
            (ec("{", r#"{"alg":7,"#), "jwk"),
            (ec("{", r#"{"use":"enc","#), "jwk"),
            (ec("{", r#"{"kid":"","#), "jwk"),
            (ec("{", r#"{"kid":7,"#), "jwk"),
            (ec("{", r#"{"kid":"a b","#), "jwk"),
        ] {
            let Err(Error::Invalid(found)) = read_all(&text) else { panic!("{text}") };
            assert_eq!(found[0].code, code, "{text} {found:?}");
        }
        let many = [ED; MOST + 1].join(",");
        assert!(read_all(&format!(r#"{{"keys":[{many}]}}"#)).is_err());
    }
}

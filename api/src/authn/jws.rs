//! Compact JWS (RFC 7515) in the one form that this house signs and accepts.
//!
//! EdDSA and nothing else; the key is named by `kid`; the kind of thing that was signed by
//! `typ`, so that a receipt is never taken for a token. Headers that ask the reader to
//! understand more (`crit`) are refused, keys brought along (`jwk`, `jku`, `x5c`) are not looked at.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::error::{Error, Result, Text};

/// The one algorithm.
pub const ALGORITHM: &str = "EdDSA";

/// The protected header.
#[derive(Debug, Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

/// What is read of a header that came from outside.
#[derive(Debug, Deserialize)]
struct Received {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// Whether a member is there, be it `null`.
fn present<'de, D: serde::Deserializer<'de>>(value: D) -> std::result::Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

/// Why a signed text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not three base64url parts with a JSON header.
    Malformed,
    /// Another algorithm, or none.
    Algorithm,
    /// Signed as something else.
    Type,
    /// It asks for extensions that are not known here.
    Critical,
    /// No key of that name.
    Key,
    /// The signature does not belong to key and content.
    Signature,
    /// A claim is missing or of the wrong type.
    Claims,
    /// Issued by somebody else.
    Issuer,
    /// Meant for somebody else.
    Audience,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    Early,
    /// It lives longer than a token may.
    Lifetime,
    /// The scope does not cover this service.
    Scope,
    /// Whoever it names is disabled, gone, or has another role now.
    Standing,
    /// It was revoked, or its holder has signed out.
    Revoked,
}

impl Refusal {
    /// Why an access token is refused, in words that help its holder and nobody else.
    pub fn text(self) -> Text {
        let (zh, en) = match self {
            Self::Malformed => ("访问令牌格式不正确", "The token is malformed"),
            Self::Algorithm => {
                ("访问令牌的签名算法不被接受，只接受 EdDSA", "The token's algorithm is not accepted; only EdDSA is")
            }
            Self::Type => ("该令牌不是访问令牌", "This is not an access token"),
            Self::Critical => {
                ("访问令牌含有不支持的扩展（crit）", "The token asks for extensions that are not supported (crit)")
            }
            Self::Key => {
                ("访问令牌的签名密钥未知，请重新申请", "The token is signed with an unknown key; get a new one")
            }
            Self::Signature => ("访问令牌的签名无效", "The token's signature is not valid"),
            Self::Claims => ("访问令牌缺少必需的声明", "The token lacks a required claim"),
            Self::Issuer => ("访问令牌不是由本服务签发的", "The token was not issued by this service"),
            Self::Audience => ("访问令牌不是签发给本服务使用的", "The token is meant for another service"),
            Self::Expired => ("访问令牌已过期，请重新申请", "The token has expired; get a new one"),
            Self::Early => ("访问令牌的签发时间在未来", "The token was issued in the future"),
            Self::Lifetime => ("访问令牌的有效期过长", "The token lives longer than allowed"),
            Self::Scope => ("访问令牌的 scope 不包含本服务", "The token's scope does not cover this service"),
            Self::Standing => (
                "令牌持有者已停用、已结束会话，或其角色、机构、密码或密钥已变更，请重新申请",
                "Its holder is disabled, has ended its sessions, or has another role, organisation, password or secret now; get a new token",
            ),
            Self::Revoked => ("访问令牌已被撤销，请重新申请", "The token has been revoked; get a new one"),
        };
        Text::new(zh, en)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::Algorithm => "not signed with EdDSA",
            Self::Type => "signed as another type",
            Self::Critical => "critical extensions",
            Self::Key => "unknown key",
            Self::Signature => "wrong signature",
            Self::Claims => "missing claims",
            Self::Issuer => "another issuer",
            Self::Audience => "another audience",
            Self::Expired => "expired",
            Self::Early => "issued in the future",
            Self::Lifetime => "lives too long",
            Self::Scope => "another scope",
            Self::Standing => "its holder is disabled or has changed",
            Self::Revoked => "revoked",
        })
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Unauthenticated(refusal.text())
    }
}

/// Signs some bytes as a thing of this type.
pub fn sign(key: &EncodingKey, kid: &str, typ: &str, payload: &[u8]) -> Result<String> {
    let header = serde_json::to_vec(&Header { alg: ALGORITHM, kid, typ }).map_err(Error::internal)?;
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = crypto::sign(message.as_bytes(), key, Algorithm::EdDSA).map_err(Error::internal)?;
    Ok(format!("{message}.{signature}"))
}

/// What a signed text says, and the key that signed it.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// The `kid`.
    pub kid: String,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
}

/// Opens a signed text of one of these types; `key` finds the key of a name.
pub fn open(
    text: &str,
    types: &[&str],
    key: impl FnOnce(&str) -> Option<DecodingKey>,
) -> std::result::Result<Opened, Refusal> {
    let (message, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(Refusal::Malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed);
    let payload = decode(payload)?;
    decode(signature)?;
    let header: Received = serde_json::from_slice(&decode(header)?).map_err(|_| Refusal::Malformed)?;
    if header.alg != ALGORITHM {
        return Err(Refusal::Algorithm);
    }
    if header.crit {
        return Err(Refusal::Critical);
    }
    if !header.typ.is_some_and(|typ| types.contains(&typ.as_str())) {
        return Err(Refusal::Type);
    }
    let kid = header.kid.ok_or(Refusal::Key)?;
    let key = key(&kid).ok_or(Refusal::Key)?;
    match crypto::verify(signature, message.as_bytes(), &key, Algorithm::EdDSA) {
        Ok(true) => Ok(Opened { kid, payload }),
        Ok(false) | Err(_) => Err(Refusal::Signature),
    }
}

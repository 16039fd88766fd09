//! The current request: its id, the language its answer is given in, where it came from.
//!
//! A task-local, set by the outermost middleware: an error is turned into an answer
//! where the request is no longer at hand. A task spawned from within a request does
//! not inherit it; pass what it needs, or open a `scope` of its own.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::futures::TaskLocalFuture;
use uuid::Uuid;

use crate::error::Language;

tokio::task_local! {
    static CURRENT: Request;
}

/// What every answer and every journal row may want to know of its request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Identifies the request in answers and logs.
    pub id: String,
    /// The language of the answer.
    pub language: Language,
    /// The address it came from.
    pub address: Option<String>,
    /// By which door it came: method and pattern, as in `PUT /v1/schools/{school}/…`; empty where it came by none.
    pub door: String,
    /// What it was refused so far.
    pub refused: Refused,
}

/// The codes of what a request was refused, each with how often.
#[derive(Clone, Debug, Default)]
pub struct Refused(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Refused {
    /// Notes one more.
    pub fn note(&self, code: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// Hands over what was noted, and begins anew.
    pub fn take(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs a future as part of a request.
pub fn scope<F: Future>(request: Request, future: F) -> TaskLocalFuture<Request, F> {
    CURRENT.scope(request, future)
}

/// The current request, to be handed to what outlives it or runs beside it.
pub fn current() -> Option<Request> {
    CURRENT.try_with(Request::clone).ok()
}

/// The id of the current request; empty outside of one.
pub fn current_id() -> String {
    CURRENT.try_with(|request| request.id.clone()).unwrap_or_default()
}

/// The language of the current answer; Chinese outside of a request.
pub fn current_language() -> Language {
    CURRENT.try_with(|request| request.language).unwrap_or_default()
}

/// The address the current request came from.
pub fn current_address() -> Option<String> {
    CURRENT.try_with(|request| request.address.clone()).ok().flatten()
}

/// Notes that the current request was refused something; outside of one it is nobody's.
pub fn note_refusal(code: &'static str) {
    let _outside = CURRENT.try_with(|request| request.refused.note(code));
}

/// The id a request goes by: its own where that is fit for logs, else a new one.
pub fn accept_request_id(header: Option<&str>) -> String {
    let fit = |id: &&str| {
        (8..=128).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    header.filter(fit).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The language of the answer to a request with this `Accept-Language`: English where
/// it is preferred over Chinese, else Chinese.
pub fn accept_language(header: Option<&str>) -> Language {
    let wishes: Vec<(&str, Preference)> = header.unwrap_or_default().split(',').enumerate().filter_map(wish).collect();
    let best = |language: &str| {
        let about = |range: &str| range.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(language));
        wishes.iter().filter(|(range, _)| about(range)).map(|(_, preference)| *preference).max()
    };
    let any = best("*");
    let (english, chinese) = (best("en").or(any), best("zh").or(any));
    if english > chinese && english.is_some_and(|(weight, _)| weight > 0) {
        Language::English
    } else {
        Language::Chinese
    }
}

/// The weight in thousandths; of equal weights the one named first.
type Preference = (u16, Reverse<usize>);

/// One item of the header, as in `en-GB;q=0.8`; one that cannot be read is passed over.
fn wish((place, item): (usize, &str)) -> Option<(&str, Preference)> {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = quality.map_or(Some(1_000), thousandths)?;
    Some((range, (weight, Reverse(place))))
}

/// `0`, `0.` to `0.999`, `1`, `1.000`: as RFC 9110 writes a weight, and nothing else.
fn thousandths(quality: &str) -> Option<u16> {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_unless_english_is_preferred() {
        for (header, expected) in [
            (None, Language::Chinese),
            (Some(""), Language::Chinese),
            (Some("*"), Language::Chinese),
            (Some("fr"), Language::Chinese),
            (Some("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese),
            (Some("zh, en"), Language::Chinese),
            (Some("fr, *;q=0.5"), Language::Chinese),
            (Some("*, en;q=0.5"), Language::Chinese),
            (Some("en;q=0"), Language::Chinese),
            (Some("zh;q=0"), Language::Chinese),
            (Some("en;q=2"), Language::Chinese),
            (Some("en;q=0.1234"), Language::Chinese),
            (Some("en;q=-1, english"), Language::Chinese),
            (Some("en"), Language::English),
            (Some("EN-gb"), Language::English),
            (Some("en, zh"), Language::English),
            (Some("fr,en;q=0.3"), Language::English),
            (Some("zh;q=0.7 , en-US ; q=0.8"), Language::English),
            (Some("zh;q=0, *"), Language::English),
            (Some("zh-TW;q=0.999,en;q=1.000"), Language::English),
        ] {
            assert_eq!(accept_language(header), expected, "{header:?}");
        }
    }

    #[test]
    fn an_id_is_kept_only_where_it_is_fit_for_logs() {
        for good in ["abcdefgh", "0197a1b2-7c3d-7000-8000-000000000000", "A.b_c-1.2", &"x".repeat(128)] {
            assert_eq!(accept_request_id(Some(good)), good);
        }
        for bad in ["", "short", "with blank", "line\nbreak", "职桥职桥职桥", "<script>alert", &"x".repeat(129)] {
            let id = accept_request_id(Some(bad));
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 7, "{bad:?}");
        }
        assert_ne!(accept_request_id(None), accept_request_id(None));
    }

    #[tokio::test]
    async fn a_request_is_known_within_its_scope_only() {
        let request = Request {
            id: "request-1".to_owned(),
            language: Language::English,
            address: Some("192.0.2.1".to_owned()),
            door: "GET /".to_owned(),
            refused: Refused::default(),
        };
        assert_eq!(current_id(), "");
        let seen = scope(request, async { (current_id(), current_language(), current_address()) }).await;
        assert_eq!(seen, ("request-1".to_owned(), Language::English, Some("192.0.2.1".to_owned())));
        assert_eq!((current_id(), current_language(), current_address()), (String::new(), Language::Chinese, None));
    }
}

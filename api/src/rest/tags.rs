//! Entity tags, both ways: the states that a caller builds on, and the tag that an answer goes out with.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{self, HeaderMap, HeaderName},
};
use serde::Serialize;

use crate::domain::precondition::Match;

/// The text of a header that is a list: several lines of it are one.
pub(super) fn list(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// What `If-Match` says.
pub(super) fn if_match(headers: &HeaderMap) -> Option<Match> {
    list(headers, header::IF_MATCH).map(|text| Match::read(&text))
}

/// An answer with its tag, to be asked for again before it is used again.
pub(super) fn tagged(mut answer: HttpResponseBuilder, etag: &str, view: impl Serialize) -> HttpResponse {
    answer.insert_header((header::ETAG, etag)).insert_header((header::CACHE_CONTROL, "no-cache")).json(view)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn several_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        assert_eq!(if_match(&headers), None);
        headers.append(header::IF_MATCH, HeaderValue::from_static("\"1-1-a\""));
        headers.append(header::IF_MATCH, HeaderValue::from_static("\"2-1-b\""));
        assert_eq!(if_match(&headers), Some(Match::read("\"1-1-a\", \"2-1-b\"")));
    }
}

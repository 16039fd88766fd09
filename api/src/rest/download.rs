//! Answers that are files: tagged, asked for again only when they have changed, and to be had in parts.
//!
//! What comes from a release never changes, so its tag is known before its bytes are. A file whose length has to be
//! known (Parquet and XLSX, and any of which a part is asked for) is first put by, on disk; for everybody's files the
//! next part is then only read.

use std::{
    io::{Read, Seek, SeekFrom, Write},
    pin::Pin,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, Header, HeaderMap, HeaderName, HttpDate},
    },
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use moka::future::Cache;
use tempfile::NamedTempFile;

use super::problem::Problem;
use crate::{
    domain::tables::Fingerprint,
    error::{Error, Result, Text},
    formats::{
        document::sha256,
        table::{Block, End, Fault, Head, Writer},
    },
};

/// The bytes of a file, as they are made.
pub type Bytewise = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// So much is read from a file at a time.
const PIECE: usize = 64 * 1024;

/// The most bytes that files of everybody take on disk, and how long one stays that nobody asks for.
const KEPT_BYTES: u64 = 512 << 20;
const KEPT: Duration = Duration::from_secs(600);

/// What a file is, before it is made.
#[derive(Debug)]
pub struct File {
    /// What tells it from others; nothing for what changes at any moment.
    pub fingerprint: Option<Fingerprint>,
    /// When it became what it is.
    pub modified: DateTime<Utc>,
    /// The media type.
    pub media_type: String,
    /// What it is called where it is kept.
    pub name: Option<String>,
    /// Whether it is compressed in itself, and of a length that readers ask for.
    pub is_packed: bool,
    /// Where its description is.
    pub described_by: Option<String>,
}

/// A file that is put by.
struct Kept {
    file: NamedTempFile,
    length: u64,
}

static FILES: LazyLock<Cache<String, Arc<Kept>>> = LazyLock::new(|| {
    let weigh = |_: &String, kept: &Arc<Kept>| u32::try_from(kept.length).unwrap_or(u32::MAX);
    Cache::builder().time_to_idle(KEPT).weigher(weigh).max_capacity(KEPT_BYTES).build()
});

/// Answers with a file, with a part of it, or that it has not changed. `make` is called only if bytes are needed.
///
/// # Errors
/// 416 for a part that is not there, and whatever goes wrong before the first bytes.
pub async fn answer(
    request: &HttpRequest,
    file: File,
    make: impl FnOnce() -> Bytewise,
) -> std::result::Result<HttpResponse, Problem> {
    let headers = request.headers();
    let wants_part = file.fingerprint.is_some() && headers.contains_key(header::RANGE);
    let is_whole = file.is_packed || wants_part;
    let encoding = if is_whole { Encoding::identity() } else { encoding(request) };
    let tag = file.fingerprint.as_ref().map(|known| format!("\"{}\"", digest(known, &file.media_type, &encoding)));
    let mut answer = HttpResponse::Ok();
    let cached = match &file.fingerprint {
        Some(known) if known.is_public => "public, no-cache",
        Some(_) => "private, no-cache",
        None => "no-store",
    };
    answer.insert_header((header::CACHE_CONTROL, cached));
    answer.append_header((header::VARY, "Accept, Accept-Encoding, Authorization, Cookie"));
    if let Some(tag) = &tag {
        answer.insert_header((header::ETAG, tag.as_str()));
        answer.insert_header((header::LAST_MODIFIED, HttpDate::from(SystemTime::from(file.modified))));
        answer.insert_header((header::ACCEPT_RANGES, "bytes"));
        if is_unchanged(headers, tag, file.modified) {
            return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
        }
    }
    answer.content_type(file.media_type.as_str());
    if let Some(name) = &file.name {
        answer.insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    }
    if let Some(place) = &file.described_by {
        answer.insert_header((header::LINK, format!("<{place}>; rel=\"describedby\"")));
    }
    if !is_whole {
        return Ok(answer.streaming(begun(make()).await?.inspect_err(Error::log)));
    }
    // Taken away again at the border: it keeps what is packed from being packed once more.
    answer.insert_header((header::CONTENT_ENCODING, "identity"));
    let everybodys = file.fingerprint.as_ref().filter(|known| known.is_public).and(tag.clone());
    let kept = put_by(everybodys, make).await?;
    let part = match (&tag, wants_part && is_same_still(headers, tag.as_deref(), file.modified)) {
        (Some(_), true) => asked(headers, kept.length),
        _ => Part::Whole,
    };
    let (from, to) = match part {
        Part::Whole => (0, kept.length),
        Part::Of(from, to) => {
            answer.status(StatusCode::PARTIAL_CONTENT);
            answer.insert_header((
                header::CONTENT_RANGE,
                format!("bytes {from}-{}/{}", to.saturating_sub(1), kept.length),
            ));
            (from, to)
        }
        Part::Nowhere => return Err(Error::NoSuchPart { length: kept.length }.into()),
    };
    Ok(answer.body(SizedStream::new(to - from, pieces(kept, from, to).inspect_err(Error::log))))
}

/// The tag of a file: strong, so it stands for its bytes as they are sent.
fn digest(known: &Fingerprint, media_type: &str, encoding: &Encoding) -> String {
    let mut hash = sha256(format!("{} {media_type} {encoding}", known.hash));
    hash.truncate(32);
    hash
}

/// How the layer that compresses will send it.
fn encoding(request: &HttpRequest) -> Encoding {
    let known = [Encoding::identity(), Encoding::gzip(), Encoding::deflate()];
    match AcceptEncoding::parse(request) {
        Ok(accepted) if request.headers().contains_key(header::ACCEPT_ENCODING) => {
            accepted.negotiate(known.iter()).unwrap_or(Encoding::identity())
        }
        _ => Encoding::identity(),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    text(headers, name)?.parse::<HttpDate>().ok().map(|date| DateTime::from(SystemTime::from(date)))
}

/// Whether the caller has it already. A tag, where there is one, says more than a date.
fn is_unchanged(headers: &HeaderMap, tag: &str, modified: DateTime<Utc>) -> bool {
    match text(headers, &header::IF_NONE_MATCH) {
        Some(known) => known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag),
        None => {
            date(headers, &header::IF_MODIFIED_SINCE).is_some_and(|since| modified.timestamp() <= since.timestamp())
        }
    }
}

/// Whether the part that is asked for is of the same file as the parts before.
fn is_same_still(headers: &HeaderMap, tag: Option<&str>, modified: DateTime<Utc>) -> bool {
    match text(headers, &header::IF_RANGE) {
        None => true,
        Some(known) if known.starts_with('"') => Some(known) == tag,
        Some(_) => date(headers, &header::IF_RANGE).is_some_and(|since| modified.timestamp() == since.timestamp()),
    }
}

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// From, and up to but without.
    Of(u64, u64),
    Nowhere,
}

/// Reads `Range`; several ranges, and what is not understood, are the whole file.
fn asked(headers: &HeaderMap, length: u64) -> Part {
    let Some((from, to)) = text(headers, &header::RANGE)
        .and_then(|range| range.strip_prefix("bytes="))
        .filter(|range| !range.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Part::Whole;
    };
    let part = match (from, to) {
        ("", last) => match last.parse::<u64>() {
            Ok(0) => return Part::Nowhere,
            Ok(last) => (length.saturating_sub(last), length),
            Err(_) => return Part::Whole,
        },
        (from, to) => {
            let to = if to.is_empty() { Ok(u64::MAX) } else { to.parse::<u64>() };
            match (from.parse::<u64>(), to) {
                (Ok(from), Ok(to)) if from <= to => (from, to.saturating_add(1).min(length)),
                _ => return Part::Whole,
            }
        }
    };
    if part.0 < part.1 { Part::Of(part.0, part.1) } else { Part::Nowhere }
}

/// The stream with its first bytes made, so that what goes wrong at once is an answer of its own.
async fn begun(mut bytes: Bytewise) -> Result<Bytewise> {
    let first = bytes.try_next().await?;
    Ok(Box::pin(stream::iter(first.map(Ok)).chain(bytes)))
}

/// The whole file on disk; everybody's is kept for whoever asks next.
async fn put_by(everybodys: Option<String>, make: impl FnOnce() -> Bytewise) -> Result<Arc<Kept>> {
    if let Some(tag) = &everybodys
        && let Some(kept) = FILES.get(tag).await
    {
        return Ok(kept);
    }
    let (mut file, mut length) = (NamedTempFile::new().map_err(Error::internal)?, 0_u64);
    let mut bytes = make();
    while let Some(piece) = bytes.try_next().await? {
        length += u64::try_from(piece.len()).map_err(Error::internal)?;
        file.write_all(&piece).map_err(Error::internal)?;
    }
    file.flush().map_err(Error::internal)?;
    let kept = Arc::new(Kept { file, length });
    if let Some(tag) = everybodys {
        FILES.insert(tag, Arc::clone(&kept)).await;
    }
    Ok(kept)
}

/// A part of a file, piece by piece.
fn pieces(kept: Arc<Kept>, from: u64, to: u64) -> impl Stream<Item = Result<Bytes>> {
    stream::try_unfold((kept, None, from), move |(kept, open, at)| async move {
        if at >= to {
            return Ok(None);
        }
        let many = usize::try_from(to - at).unwrap_or(usize::MAX).min(PIECE);
        let reading = move || -> std::io::Result<_> {
            let mut file = match open {
                Some(file) => file,
                None => {
                    let mut file: std::fs::File = kept.file.reopen()?;
                    file.seek(SeekFrom::Start(at))?;
                    file
                }
            };
            let mut piece = vec![0; many];
            file.read_exact(&mut piece)?;
            Ok((kept, file, piece))
        };
        let (kept, file, piece) =
            tokio::task::spawn_blocking(reading).await.map_err(Error::internal)?.map_err(Error::internal)?;
        let next = at + u64::try_from(piece.len()).map_err(Error::internal)?;
        Ok(Some((Bytes::from(piece), (kept, Some(file), next))))
    })
}

/// Rows as a file of a format, made as they are read.
pub fn written<R>(head: Head, format: crate::formats::table::Format, rows: R) -> Bytewise
where
    R: Stream<Item = Result<Block>> + Send + Unpin + 'static,
{
    enum Step<R> {
        Begin(Box<Head>, R),
        Rows(Writer, R),
        Rest(std::fs::File),
        End,
    }
    let internal = |fault: Fault| Error::internal(fault);
    Box::pin(stream::try_unfold(Step::Begin(Box::new(head), rows), move |mut step| async move {
        loop {
            step = match step {
                Step::Begin(head, rows) => Step::Rows(Writer::new(format, &head).map_err(internal)?, rows),
                Step::Rows(mut writer, mut rows) => match rows.try_next().await? {
                    Some(block) => {
                        let bytes = writer.write(&block).map_err(internal)?;
                        if !bytes.is_empty() {
                            return Ok(Some((Bytes::from(bytes), Step::Rows(writer, rows))));
                        }
                        Step::Rows(writer, rows)
                    }
                    None => {
                        // A workbook is put together here: that takes its time.
                        let end = tokio::task::spawn_blocking(|| writer.finish()).await.map_err(Error::internal)?;
                        match end.map_err(internal)? {
                            End::Bytes(bytes) => return Ok(Some((Bytes::from(bytes), Step::End))),
                            End::Whole(file) => Step::Rest(file),
                        }
                    }
                },
                Step::Rest(mut file) => {
                    let mut piece = vec![0; PIECE];
                    let many = file.read(&mut piece).map_err(Error::internal)?;
                    if many == 0 {
                        return Ok(None);
                    }
                    piece.truncate(many);
                    return Ok(Some((Bytes::from(piece), Step::Rest(file))));
                }
                Step::End => return Ok(None),
            };
        }
    }))
}

/// Reads a parameter that is yes or no.
///
/// # Errors
/// 422 for anything else.
pub fn flag(name: &str, value: &str) -> Result<bool> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        other => Err(Error::Invalid(vec![
            crate::error::Finding::error(
                "flag",
                format!("/{name}"),
                Text::new(format!("{name} 应为 true 或 false"), format!("`{name}` is true or false")),
            )
            .with("true, false", other),
        ])),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_range_is_read_as_the_standard_writes_it() {
        for (range, part) in [
            ("bytes=0-9", Part::Of(0, 10)),
            ("bytes=90-", Part::Of(90, 100)),
            ("bytes=90-200", Part::Of(90, 100)),
            ("bytes=-10", Part::Of(90, 100)),
            ("bytes=-200", Part::Of(0, 100)),
            ("bytes=99-99", Part::Of(99, 100)),
            ("bytes=100-", Part::Nowhere),
            ("bytes=-0", Part::Nowhere),
            ("bytes=9-1", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("rows=0-1", Part::Whole),
            ("bytes=a-b", Part::Whole),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().unwrap());
            assert_eq!(asked(&headers, 100), part, "{range}");
        }
    }
}

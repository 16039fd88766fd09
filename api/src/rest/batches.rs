//! `/v1/batches`: many tables in one file.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    get,
    http::header,
    post,
    web::{self, Bytes},
};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use multer::Multipart;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    bounds,
    extract::drain,
    problem::{Problem, ProblemView},
    submissions::Confirm,
};
use crate::{
    House,
    authz::Kind,
    ctx::Ctx,
    domain::{
        batches::{self, Batch, Cause, Intake, Tray},
        submissions::Terms,
    },
    error::{Error, Result, Text},
    formats::batch::Format,
    request_id,
};

/// How much may come of a form before the head of a part is at its end.
const PART_HEAD: usize = 1 << 20;

/// How much of a body is read on and thrown away after it was refused.
const DRAINED: usize = 16 << 20;

/// What became of a table of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchTableView {
    /// The school's code.
    pub school: String,
    /// The table.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// `draft` (or `returned`, where nothing has changed), or `rejected`: then nothing of it was stored.
    pub state: &'static str,
    /// The revision that it is now, or after a dry run would be; nothing for a rejected one.
    pub revision: Option<i32>,
}

/// How many rows.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowsView {
    /// Worked off so far.
    pub read: i64,
    /// In tables that were taken.
    pub accepted: i64,
    /// In tables that were rejected.
    pub rejected: i64,
    /// In the file; nothing until it has been read once.
    pub total: Option<i64>,
}

/// A row that shows a cause.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExampleView {
    /// The line of the file or the row of the sheet; the header is 1. Nothing where it is about the table or the file.
    pub row: Option<u64>,
    /// The school, as the file names it.
    pub school: String,
    /// The table, as the file names it.
    pub dataset: String,
    /// The period, as the file names it.
    pub period: String,
    /// The indicator, where it is about one.
    pub indicator: Option<String>,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was there.
    pub got: Option<String>,
}

/// Why rows were rejected.
#[derive(Debug, Serialize, ToSchema)]
pub struct CauseView {
    /// The stable name of what is wrong.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// How many rows have it.
    pub rows: u64,
    /// How many rows were rejected for it, the good ones of the same tables among them.
    pub rejected: u64,
    /// One of the rows.
    pub example: ExampleView,
}

impl From<Cause> for CauseView {
    fn from(cause: Cause) -> Self {
        let message = cause.message().in_(request_id::current_language()).to_owned();
        let example = cause.example;
        Self {
            code: cause.code,
            message,
            rows: cause.rows,
            rejected: cause.rejected,
            example: ExampleView {
                row: Some(example.row).filter(|row| *row > 0),
                school: example.school,
                dataset: example.dataset,
                period: example.period,
                indicator: example.indicator,
                expected: example.expected,
                got: example.got,
            },
        }
    }
}

/// A batch as its sender sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchView {
    /// Its id; only its sender knows of it.
    #[schema(value_type = String)]
    pub id: Uuid,
    /// `running`, `done`, or `failed`: then the file itself could not be worked with.
    pub state: &'static str,
    /// Whether nothing is stored.
    pub dry_run: bool,
    /// `csv`, `ndjson` or `xlsx`.
    pub format: &'static str,
    /// How far it is.
    pub rows: RowsView,
    /// What became of its tables, by their keys; the first 10,000.
    pub tables: Vec<BatchTableView>,
    /// Whether there are more tables than are listed.
    pub has_more_tables: bool,
    /// Why rows were rejected, grouped by what is behind it.
    pub causes: Vec<CauseView>,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// SHA-256 of the file, once it has come in.
    pub hash: Option<String>,
    /// The service's signed word that it has worked off the file, a compact JWS; nothing for a dry run.
    pub receipt: Option<String>,
}

impl From<Batch> for BatchView {
    fn from(batch: Batch) -> Self {
        use entity::words::BatchState as State;
        let row = batch.row;
        Self {
            id: row.id.0,
            state: match row.state {
                State::Receiving | State::Running => "running",
                State::Done => "done",
                State::Failed => "failed",
            },
            dry_run: row.is_dry_run,
            format: row.format.word(),
            rows: RowsView {
                read: row.rows_read,
                accepted: row.rows_accepted,
                rejected: row.rows_rejected,
                total: row.rows_total,
            },
            tables: batch
                .tables
                .into_iter()
                .map(|table| BatchTableView {
                    school: table.school_code.0,
                    dataset: table.dataset_code.0,
                    period: table.period_code.0,
                    state: table.state.word(),
                    revision: table.revision,
                })
                .collect(),
            has_more_tables: batch.has_more_tables,
            causes: batch.causes.into_iter().map(CauseView::from).collect(),
            created_at: row.created_at,
            finished_at: row.finished_at,
            hash: row.content_hash,
            receipt: row.receipt,
        }
    }
}

/// How a batch is sent.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BatchQuery {
    /// Judges everything and stores nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// `shrink`: it is meant that more than half of a stored table goes.
    pub confirm: Option<Confirm>,
}

impl BatchQuery {
    fn terms(&self) -> Terms {
        Terms { is_dry_run: self.dry_run, may_shrink: self.confirm == Some(Confirm::Shrink) }
    }
}

/// What a body calls itself.
enum Sent {
    Plain(Format),
    Form(String),
}

fn sent(request: &HttpRequest) -> Result<Sent> {
    let header = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "multipart/form-data" {
        return multer::parse_boundary(header).map(Sent::Form).map_err(|_| {
            Error::Malformed(Text::new("multipart/form-data 缺少 boundary", "multipart/form-data without a boundary"))
        });
    }
    format_of(&kind).map(Sent::Plain).ok_or_else(|| {
        Error::UnsupportedMediaType(Text::new(
            format!("此处读取 text/csv、application/x-ndjson，或以 multipart/form-data 发送的 XLSX（收到 {kind}）"),
            format!("text/csv, application/x-ndjson or an XLSX as multipart/form-data are read here (got {kind})"),
        ))
    })
}

fn format_of(kind: &str) -> Option<Format> {
    match kind {
        "text/csv" | "application/csv" => Some(Format::Csv),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Format::Ndjson),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Some(Format::Xlsx),
        _ => None,
    }
}

/// Many tables in one file, each whole, as by `PUT` with `If-Match: *`: CSV, NDJSON, or XLSX as `multipart/form-data`.
#[utoipa::path(
    tag = "batches", params(BatchQuery),
    request_body(content(
        (String = "text/csv"), (String = "application/x-ndjson"), (Vec<u8> = "multipart/form-data"))),
    responses(
        (status = 200, body = BatchView, description = "Worked off"),
        (status = 202, body = BatchView, description = "Kept; `Location` says how far it is"),
        (status = 400, body = ProblemView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
        (status = 409, body = ProblemView), (status = 413, body = ProblemView), (status = 415, body = ProblemView),
        (status = 422, body = ProblemView, description = "The file itself cannot be worked with; nothing is stored")),
    security(("bearer" = []))
)]
#[post("/v1/batches")]
pub async fn create(
    request: HttpRequest,
    ctx: Ctx,
    query: web::Query<BatchQuery>,
    house: web::Data<House>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut payload = payload.into_inner();
    // Who may not at all learns that first, before a large file is on its way.
    let sent = match batches::admit(&ctx).and_then(|()| sent(&request)) {
        Ok(sent) => sent,
        Err(refused) => {
            drain(payload, DRAINED).await;
            return Err(refused.into());
        }
    };
    let limit = house.config.limits.batch_bytes;
    let batch = match sent {
        Sent::Plain(format) => {
            let mut intake = Intake::new(&ctx, &house.tray, format, query.terms(), limit)?;
            while let Some(chunk) = payload.next().await {
                let taken = match chunk {
                    Ok(chunk) => intake.take(&chunk).await,
                    Err(fault) => Err(bounds::broken(&fault)),
                };
                if let Err(fault) = taken {
                    intake.abandon().await;
                    drain(payload, DRAINED).await;
                    return Err(fault.into());
                }
            }
            intake.end().await?
        }
        Sent::Form(boundary) => form(&ctx, &house.tray, payload, boundary, query.terms(), limit).await?,
    };
    let view = BatchView::from(batch);
    let mut answer = if view.state == "running" { HttpResponse::Accepted() } else { HttpResponse::Ok() };
    answer.insert_header((header::LOCATION, format!("/v1/batches/{}", view.id)));
    Ok(answer.insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}

fn broken_off() -> Error {
    Error::Malformed(Text::new("请求内容在传输中中断", "The body broke off on its way"))
}

/// The one file of a form. The payload belongs to this thread and the parser may go anywhere, so they talk by a channel.
async fn form(
    ctx: &Ctx,
    tray: &Tray,
    mut payload: Payload,
    boundary: String,
    terms: Terms,
    limit: usize,
) -> Result<Batch> {
    let (send, mut receive) = mpsc::channel::<io::Result<Bytes>>(2);
    let feeding = async move {
        while let Some(chunk) = payload.next().await {
            if send.send(chunk.map_err(io::Error::other)).await.is_err() {
                drain(payload, DRAINED).await;
                return;
            }
        }
    };
    // What has come and is part of no file yet: the parser gathers the head of a part without a bound of its own.
    let unread = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&unread);
    let chunks = futures::stream::poll_fn(move |task| {
        receive.poll_recv(task).map(|chunk| {
            chunk.map(|chunk| {
                let chunk = chunk?;
                let before = counted.fetch_add(chunk.len(), Ordering::Relaxed);
                if before > PART_HEAD { Err(io::Error::other("the head of a part is too large")) } else { Ok(chunk) }
            })
        })
    });
    let reading = read_form(ctx, tray, Multipart::new(chunks, boundary), terms, limit, &unread);
    futures::join!(reading, feeding).0
}

async fn read_form(
    ctx: &Ctx,
    tray: &Tray,
    mut form: Multipart<'static>,
    terms: Terms,
    limit: usize,
    unread: &AtomicUsize,
) -> Result<Batch> {
    let unreadable = |fault: multer::Error| {
        Error::Malformed(Text::new(
            format!("multipart/form-data 无法读取：{fault}"),
            format!("The multipart/form-data does not read: {fault}"),
        ))
    };
    let mut intake: Option<Intake<'_>> = None;
    loop {
        let next = form.next_field().await;
        unread.store(0, Ordering::Relaxed);
        let ended = match next {
            Ok(None) => break,
            Ok(Some(field)) => match (field_format(&field), &intake) {
                (Err(fault), _) => Err(fault),
                (Ok(_), Some(_)) => Err(Error::Malformed(Text::new("一次只能上传一个文件", "One file at a time"))),
                (Ok(format), None) => match Intake::new(ctx, tray, format, terms, limit) {
                    Ok(new) => take_field(intake.insert(new), field, unread).await,
                    Err(fault) => Err(fault),
                },
            },
            Err(fault) => Err(unreadable(fault)),
        };
        if let Err(fault) = ended {
            if let Some(intake) = intake {
                intake.abandon().await;
            }
            return Err(fault);
        }
    }
    match intake {
        Some(intake) => intake.end().await,
        None => Err(Error::Malformed(Text::new(
            "multipart/form-data 中没有文件",
            "There is no file in the multipart/form-data",
        ))),
    }
}

async fn take_field(intake: &mut Intake<'_>, mut field: multer::Field<'_>, unread: &AtomicUsize) -> Result<()> {
    while let Some(chunk) = field.chunk().await.map_err(|_| broken_off())? {
        unread.store(0, Ordering::Relaxed);
        intake.take(&chunk).await?;
    }
    Ok(())
}

/// The format of a form's file, by its name or its media type.
fn field_format(field: &multer::Field<'_>) -> Result<Format> {
    let name = field.file_name().map(str::to_ascii_lowercase);
    let by_name = name.as_deref().and_then(|name| match name.rsplit('.').next() {
        Some("xlsx" | "xlsm") => Some(Format::Xlsx),
        Some("csv") => Some(Format::Csv),
        Some("ndjson" | "jsonl") => Some(Format::Ndjson),
        _ => None,
    });
    let by_kind = || field.content_type().and_then(|kind| format_of(kind.essence_str()));
    match by_name.or_else(by_kind) {
        Some(format) => Ok(format),
        None if name.is_none() && field.name() != Some("file") => Err(Error::Malformed(Text::new(
            format!("表单中有未知字段“{}”：只需一个文件", field.name().unwrap_or_default()),
            format!("The form has an unknown field `{}`: send the file alone", field.name().unwrap_or_default()),
        ))),
        None => Err(Error::UnsupportedMediaType(Text::new(
            "文件应为 .xlsx、.csv 或 .ndjson",
            "The file is an .xlsx, a .csv or an .ndjson",
        ))),
    }
}

/// How far a batch is, what became of its tables, and why rows were rejected. For its sender only.
#[utoipa::path(
    tag = "batches", params(("id" = String, Path)),
    responses((status = 200, body = BatchView), (status = 401, body = ProblemView), (status = 404, body = ProblemView)),
    security(("bearer" = []))
)]
#[get("/v1/batches/{id}")]
pub async fn get(ctx: Ctx, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    ctx.known(Kind::Batch)?;
    let id = Uuid::parse_str(&id).map_err(|_| Error::NotFound(Kind::Batch))?;
    let view = BatchView::from(batches::get(&ctx, id).await?);
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "private, no-cache")).json(view))
}

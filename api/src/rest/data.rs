//! `/v1/data`: released figures as files, of single schools or of groups.

use actix_web::{HttpRequest, HttpResponse, get, web};
use futures::stream;

use super::{
    download::{self, File},
    problem::{Problem, ProblemView},
};
use crate::{
    ctx::Ctx,
    domain::tables::{Question, Rows, Source},
    error::{Error, Result},
    formats::table::Format,
};

type Pairs = web::Query<Vec<(String, String)>>;

/// What of a table. Lists take several words, parted by commas or given more than once. This describes the
/// parameters; they are read as pairs.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DataQuery {
    /// Only these periods; all that the release has unless given.
    pub period: Option<String>,
    /// Only these lines, by their codes; all of the table unless given.
    pub indicator: Option<String>,
    /// Figures of groups instead of those of single schools: `city`, `ownership`, `category`, `tier`, `consortium`;
    /// `province`, or nothing, for all schools together.
    pub group_by: Option<String>,
    /// Only these schools; not with `group_by`.
    pub school: Option<String>,
    /// Only schools of these cities.
    pub city: Option<String>,
    /// Only schools run so: `public`, `private`.
    pub ownership: Option<String>,
    /// Only schools of these fields.
    pub category: Option<String>,
    /// Only schools of these levels.
    pub tier: Option<String>,
    /// Only members of this consortium.
    pub consortium: Option<String>,
    /// Only schools that answer to these words.
    pub search: Option<String>,
    /// A version (`1.0.0`) or a range (`2.*`); the newest release without it. For officials, with `group_by` and
    /// `period`: `live` or `current`.
    pub release: Option<String>,
    /// Names beside the codes: `zh` or `en`.
    pub labels: Option<String>,
    /// `true`: a CSV begins with a byte-order mark, for Excel.
    pub bom: Option<bool>,
}

async fn file(
    request: &HttpRequest,
    ctx: Ctx,
    dataset: &str,
    pairs: Pairs,
    format: Format,
) -> std::result::Result<HttpResponse, Problem> {
    let (marks, pairs): (Vec<_>, Vec<_>) = pairs.into_inner().into_iter().partition(|(name, _)| name == "bom");
    let has_bom = marks.iter().try_fold(false, |is, (name, value)| Ok(download::flag(name, value)? || is));
    let question = Question::read(&ctx, dataset, &pairs).await;
    let (question, has_bom) = both(question, has_bom)?;
    let head = question.head(has_bom);
    let mut fingerprint = question.fingerprint(&ctx);
    if has_bom && let Some(known) = &mut fingerprint {
        known.hash.push_str(" bom");
    }
    let (modified, described_by) = match &question.source {
        Source::Release(release) => {
            (release.row.publish_at, Some(format!("/v1/releases/{}/datapackage.json", release.row.version)))
        }
        Source::Unpublished(_) => (head.created_at, None),
    };
    let file = File {
        fingerprint,
        modified,
        media_type: format.media_type().to_owned(),
        // Codes and versions: nothing in them needs quoting.
        name: Some(format!("{}-{}.{}", question.dataset, question.source.name(), format.extension())),
        is_packed: format.is_packed(),
        described_by,
    };
    let rows = || {
        let rows = stream::try_unfold(Rows::new(ctx, question), |mut rows| async move {
            Ok(rows.next().await?.map(|block| (block, rows)))
        });
        download::written(head, format, Box::pin(rows))
    };
    download::answer(request, file, rows).await
}

/// Two results, with everything that is wrong in either.
fn both<A, B>(first: Result<A>, second: Result<B>) -> Result<(A, B)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(Error::Invalid(mut all)), Err(Error::Invalid(more))) => {
            all.extend(more);
            Err(Error::Invalid(all))
        }
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
    }
}

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident $path:literal $format:ident $kind:literal $body:ty;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            tag = "data", params(("dataset" = String, Path), DataQuery),
            responses((status = 200, body = $body, content_type = $kind),
                      (status = 206, body = $body, content_type = $kind, description = "The part that was asked for"),
                      (status = 304, description = "It has not changed"),
                      (status = 400, body = ProblemView), (status = 401, body = ProblemView),
                      (status = 403, body = ProblemView), (status = 404, body = ProblemView),
                      (status = 416, body = ProblemView), (status = 422, body = ProblemView))
        )]
        #[get($path)]
        pub async fn $name(
            request: HttpRequest,
            ctx: Ctx,
            dataset: web::Path<String>,
            query: Pairs,
        ) -> std::result::Result<HttpResponse, Problem> {
            file(&request, ctx, &dataset, query, Format::$format).await
        }
    )*};
}

formats! {
    /// Released figures as CSV
    ///
    /// RFC 4180, UTF-8. Figures of single schools have the columns of a batch; those of groups begin with the codes of
    /// the groups. A figure that may not be told has no value and the status `SUPPRESSED`.
    csv "/v1/data/{dataset}.csv" Csv "text/csv" String;
    /// Released figures as JSON
    ///
    /// A list of objects, one for each row of the CSV; numbers have their exact digits.
    json "/v1/data/{dataset}.json" Json "application/json" Vec<Object>;
    /// Released figures as Parquet
    ///
    /// The columns of the CSV; numbers are `DECIMAL`.
    parquet "/v1/data/{dataset}.parquet" Parquet "application/vnd.apache.parquet" Vec<u8>;
    /// Released figures as an Excel workbook
    ///
    /// The columns of the CSV; numbers are those of Excel, which keep fifteen digits.
    xlsx "/v1/data/{dataset}.xlsx" Xlsx "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" Vec<u8>;
    /// Released figures as an Arrow file
    ///
    /// The columns of the CSV in Arrow's IPC file format; numbers are `Decimal128`.
    arrow "/v1/data/{dataset}.arrow" Arrow "application/vnd.apache.arrow.file" Vec<u8>;
}

/// The heads of the same files, for readers that ask for the length first.
pub fn heads(config: &mut web::ServiceConfig) {
    for format in [Format::Csv, Format::Json, Format::Parquet, Format::Xlsx, Format::Arrow] {
        let route = web::head().to(
            move |request: HttpRequest, ctx: Ctx, dataset: web::Path<String>, query: Pairs| async move {
                file(&request, ctx, &dataset, query, format).await
            },
        );
        config.route(&format!("/v1/data/{{dataset}}.{}", format.extension()), route);
    }
}

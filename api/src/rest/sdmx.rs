//! `/sdmx/2.1`: SDMX REST, structures and data. Addresses may be cut short, end in a slash, or say `all` and `latest`.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, HeaderMap},
    web,
};
use bytes::Bytes;
use futures::stream;

use super::{
    download::{self, Bytewise, File},
    problem::{Problem, ProblemView},
};
use crate::{
    authz::Kind,
    ctx::Ctx,
    domain::sdmx::{self, Artefact, Ask, Named, References, Wanted},
    error::{Error, Finding, Result, Text},
    formats::sdmx::{AGENCY, ALL_DIMENSIONS, DataFormat, DataWriter, Detail, TIME, write},
};

/// Where it is.
const ROOT: &str = "/sdmx/2.1/";

/// Structures are SDMX-ML.
const STRUCTURE: &str = "application/vnd.sdmx.structure+xml;version=2.1";

/// What SDMX has and this service has not.
const ELSEWHERE: &[&str] = &[
    "actualconstraint",
    "allowedconstraint",
    "attachmentconstraint",
    "availableconstraint",
    "customtypescheme",
    "dataconsumerscheme",
    "dataproviderscheme",
    "hierarchicalcodelist",
    "metadata",
    "metadataflow",
    "metadatastructure",
    "namepersonalisationscheme",
    "organisationunitscheme",
    "process",
    "provisionagreement",
    "reportingtaxonomy",
    "rulesetscheme",
    "schema",
    "structureset",
    "transformationscheme",
    "userdefinedoperatorscheme",
    "vtlmappingscheme",
];

type Pairs = web::Query<Vec<(String, String)>>;

/// How much of which periods. This describes the parameters; they are read as pairs.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SdmxDataQuery {
    /// From this period on: a year, or anything that begins with one.
    #[param(rename = "startPeriod")]
    pub start_period: Option<String>,
    /// Up to this period.
    #[param(rename = "endPeriod")]
    pub end_period: Option<String>,
    /// Only if the release is newer than this instant.
    #[param(rename = "updatedAfter")]
    pub updated_after: Option<String>,
    /// Only so many periods, from the first.
    #[param(rename = "firstNObservations")]
    pub first_n_observations: Option<u32>,
    /// Only so many periods, up to the last.
    #[param(rename = "lastNObservations")]
    pub last_n_observations: Option<u32>,
    /// `TIME_PERIOD`, or `AllDimensions` for observations that stand alone; other layouts are not offered.
    #[param(rename = "dimensionAtObservation")]
    pub dimension_at_observation: Option<String>,
    /// `full`, `dataonly`, `serieskeysonly` or `nodata`.
    pub detail: Option<String>,
}

/// Which others come along.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SdmxStructureQuery {
    /// `none`, `parents`, `parentsandsiblings`, `children`, `descendants`, `all`, or a kind.
    pub references: Option<String>,
    /// `full`; what else there is in SDMX is answered in full, too.
    pub detail: Option<String>,
}

/// Figures of the newest release by SDMX
///
/// A flow is a table. A key is `FREQ.REF_AREA.INDICATOR.OWNERSHIP.CATEGORY.TIER`; an empty part, and `all`, mean all.
/// `Accept` decides between generic SDMX-ML, structure-specific SDMX-ML, SDMX-CSV and SDMX-JSON.
#[utoipa::path(
    tag = "sdmx", params(("flow" = String, Path), ("key" = String, Path), SdmxDataQuery),
    responses((status = 200, content(
                  (String = "application/vnd.sdmx.genericdata+xml"),
                  (String = "application/vnd.sdmx.structurespecificdata+xml"),
                  (String = "application/vnd.sdmx.data+csv"),
                  (Object = "application/vnd.sdmx.data+json"))),
              (status = 206, description = "The part that was asked for"), (status = 304, description = "It has not changed"),
              (status = 400, body = ProblemView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 406, body = ProblemView), (status = 416, body = ProblemView), (status = 422, body = ProblemView),
              (status = 501, body = ProblemView))
)]
#[get("/sdmx/2.1/data/{flow}/{key}")]
pub async fn data(request: HttpRequest, ctx: Ctx, query: Pairs) -> std::result::Result<HttpResponse, Problem> {
    any(request, ctx, query).await
}

/// Structures by SDMX
///
/// `dataflow`, `datastructure`, `codelist`, `conceptscheme`, `contentconstraint`, `categoryscheme`, `categorisation`,
/// `agencyscheme` and `structure` (all of them), as SDMX-ML.
#[utoipa::path(
    tag = "sdmx",
    params(("resource" = String, Path), ("agency" = String, Path), ("id" = String, Path), ("version" = String, Path),
           SdmxStructureQuery),
    responses((status = 200, body = String, content_type = "application/vnd.sdmx.structure+xml"),
              (status = 206, description = "The part that was asked for"), (status = 304, description = "It has not changed"),
              (status = 400, body = ProblemView), (status = 404, body = ProblemView), (status = 406, body = ProblemView),
              (status = 416, body = ProblemView), (status = 422, body = ProblemView), (status = 501, body = ProblemView))
)]
#[get("/sdmx/2.1/{resource}/{agency}/{id}/{version}")]
pub async fn structure(request: HttpRequest, ctx: Ctx, query: Pairs) -> std::result::Result<HttpResponse, Problem> {
    any(request, ctx, query).await
}

/// Every other way to write these addresses.
pub fn others(config: &mut web::ServiceConfig) {
    config.route("/sdmx/2.1/{tail:.*}", web::get().to(any));
    config.route("/sdmx/2.1/{tail:.*}", web::head().to(any));
}

async fn any(request: HttpRequest, ctx: Ctx, query: Pairs) -> std::result::Result<HttpResponse, Problem> {
    let path = request.path().replace("%2B", "+").replace("%2b", "+");
    let mut parts = path.strip_prefix(ROOT).unwrap_or_default().trim_end_matches('/').split('/');
    let resource = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    if resource == "data" {
        return figures(&request, ctx, &parts, &query).await;
    }
    match Artefact::of(resource) {
        Some(kinds) => structures(&request, &ctx, kinds, &parts, &query).await,
        None if ELSEWHERE.contains(&resource) => Err(Error::NotImplemented(Text::new(
            format!("不提供 SDMX 资源“{resource}”；可用的有 data、dataflow、datastructure、codelist、conceptscheme、contentconstraint、categoryscheme、categorisation、agencyscheme"),
            format!(
                "The SDMX resource `{resource}` is not offered; there are data, dataflow, datastructure, codelist, \
                 conceptscheme, contentconstraint, categoryscheme, categorisation and agencyscheme"
            ),
        ))
        .into()),
        None => Err(Error::NotFound(Kind::Route).into()),
    }
}

async fn structures(
    request: &HttpRequest,
    ctx: &Ctx,
    kinds: &'static [Artefact],
    parts: &[&str],
    query: &[(String, String)],
) -> std::result::Result<HttpResponse, Problem> {
    let part =
        |at: usize, usual: &str| parts.get(at).copied().filter(|part| !part.is_empty()).unwrap_or(usual).to_owned();
    if parts.len() > 3 {
        return Err(Error::NotFound(Kind::Route).into());
    }
    let named = Named { kinds, agency: part(0, "all"), id: part(1, "all"), version: part(2, "latest") };
    let mut references = References::default();
    for (name, value) in query {
        match name.as_str() {
            "references" => {
                references = References::of(value).ok_or_else(|| {
                    wrong(
                        "references",
                        "references",
                        "none, parents, parentsandsiblings, children, descendants, all",
                        value,
                    )
                })?;
            }
            "detail" => {}
            other => return Err(unknown(other, "references, detail").into()),
        }
    }
    accepted(
        request.headers(),
        &[(STRUCTURE, &["application/vnd.sdmx.structure+xml", "application/xml", "text/xml"])],
    )?;
    let (structures, fingerprint, prepared) = sdmx::select(ctx, &named, references).await?;
    let modified = prepared.parse().map_err(Error::internal)?;
    let id = fingerprint.hash.get(..16).unwrap_or_default().to_owned();
    let file = File {
        fingerprint: Some(fingerprint),
        modified,
        media_type: STRUCTURE.to_owned(),
        name: None,
        is_packed: false,
        described_by: None,
    };
    let bytes = move || -> Bytewise {
        Box::pin(stream::iter([Ok(Bytes::from(write(&structures, &format!("S{id}"), &prepared)))]))
    };
    download::answer(request, file, bytes).await
}

async fn figures(
    request: &HttpRequest,
    ctx: Ctx,
    parts: &[&str],
    query: &[(String, String)],
) -> std::result::Result<HttpResponse, Problem> {
    let (flow, key, provider) = match parts {
        [flow] => (*flow, "all", "all"),
        [flow, key] => (*flow, *key, "all"),
        [flow, key, provider] => (*flow, *key, *provider),
        _ => return Err(Error::NotFound(Kind::Route).into()),
    };
    let flow = flow_of(flow).ok_or(Error::NotFound(Kind::Catalogue))?;
    if !["all", AGENCY, ""].contains(&provider) {
        return Err(Error::NotFound(Kind::Catalogue).into());
    }
    let format = accepted(
        request.headers(),
        &[
            (DataFormat::Generic, &["application/vnd.sdmx.genericdata+xml", "application/xml", "text/xml"]),
            (DataFormat::Specific, &["application/vnd.sdmx.structurespecificdata+xml"]),
            (DataFormat::Csv, &["application/vnd.sdmx.data+csv", "text/csv"]),
            (DataFormat::Json, &["application/vnd.sdmx.data+json", "application/json"]),
        ],
    )?;
    let Read { ask, updated_after } = read(flow, key, query)?;
    let (head, fingerprint, series, release) = sdmx::message(&ctx, &ask).await?;
    if updated_after.is_some_and(|after| release.row.publish_at <= after) {
        return Err(Error::NotFound(Kind::Catalogue).into());
    }
    let file = File {
        fingerprint: Some(fingerprint),
        modified: release.row.publish_at,
        media_type: format.media_type().to_owned(),
        name: None,
        is_packed: false,
        described_by: None,
    };
    download::answer(request, file, || written(DataWriter::new(format, head), series)).await
}

/// The flow of `scale`, `ZHIQIAO,scale` or `ZHIQIAO,scale,1.0`.
fn flow_of(part: &str) -> Option<&str> {
    let mut words = part.split(',');
    let (first, second, version) = (words.next()?, words.next(), words.next());
    let is_version = version.is_none_or(|version| ["latest", "all", "1.0", ""].contains(&version));
    match second {
        None => Some(first),
        Some(flow) => (["all", AGENCY].contains(&first) && is_version && words.next().is_none()).then_some(flow),
    }
}

/// What the parameters say.
struct Read {
    ask: Ask,
    updated_after: Option<chrono::DateTime<chrono::Utc>>,
}

fn read(flow: &str, key: &str, query: &[(String, String)]) -> Result<Read> {
    let mut faults = Vec::new();
    let mut ask = Ask {
        flow: flow.to_owned(),
        wanted: Wanted::read(key)?,
        first_year: None,
        last_year: None,
        first: None,
        last: None,
        detail: Detail::Full,
        is_flat: false,
    };
    let mut updated_after = None;
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        let mut fault = |expected: &str| {
            if let Error::Invalid(found) = wrong("sdmx_parameter", name, expected, value) {
                faults.extend(found);
            }
        };
        let year = || value.get(..4).and_then(|year| year.parse::<i32>().ok());
        match name.as_str() {
            "startPeriod" => match year() {
                Some(year) => ask.first_year = Some(year),
                None => fault("2023, 2023-01, 2023-01-31"),
            },
            "endPeriod" => match year() {
                Some(year) => ask.last_year = Some(year),
                None => fault("2023, 2023-01, 2023-01-31"),
            },
            "firstNObservations" => match value.parse() {
                Ok(many) => ask.first = Some(many),
                Err(_) => fault("a whole number"),
            },
            "lastNObservations" => match value.parse() {
                Ok(many) => ask.last = Some(many),
                Err(_) => fault("a whole number"),
            },
            "updatedAfter" => match value.replace(' ', "+").parse() {
                Ok(at) => updated_after = Some(at),
                Err(_) => fault("2026-01-31T00:00:00Z"),
            },
            "detail" => match value.as_str() {
                "full" => ask.detail = Detail::Full,
                "dataonly" => ask.detail = Detail::DataOnly,
                "serieskeysonly" => ask.detail = Detail::KeysOnly,
                "nodata" => ask.detail = Detail::NoData,
                _ => fault("full, dataonly, serieskeysonly, nodata"),
            },
            "dimensionAtObservation" if value == TIME => {}
            "dimensionAtObservation" if value == ALL_DIMENSIONS => ask.is_flat = true,
            "dimensionAtObservation" => {
                return Err(Error::NotImplemented(Text::new(
                    format!("只提供按 {TIME} 排列的序列，以及 {ALL_DIMENSIONS}"),
                    format!(
                        "Observations are laid out by `{TIME}` or by `{ALL_DIMENSIONS}`: leave \
                         `dimensionAtObservation` out"
                    ),
                )));
            }
            "includeHistory" if value == "false" => {}
            "includeHistory" => {
                return Err(Error::NotImplemented(Text::new(
                    "不提供历史版本；各发布版本见 /v1/data 的 release 参数",
                    "`includeHistory` is not offered: /v1/data has `release` for earlier ones",
                )));
            }
            other => {
                let known = "startPeriod, endPeriod, updatedAfter, firstNObservations, lastNObservations, \
                             dimensionAtObservation, detail";
                return Err(unknown(other, known));
            }
        }
    }
    if faults.is_empty() { Ok(Read { ask, updated_after }) } else { Err(Error::Invalid(faults)) }
}

fn wrong(code: &str, name: &str, expected: &str, got: &str) -> Error {
    let message = Text::new(format!("{name} 应为 {expected}"), format!("`{name}` is written like {expected}"));
    Error::Invalid(vec![Finding::error(code, format!("/{name}"), message).with(expected, got)])
}

fn unknown(name: &str, known: &str) -> Error {
    Error::Malformed(Text::new(
        format!("地址参数无法读取：没有参数“{name}”；可用的有 {known}"),
        format!("The parameters could not be read: unknown parameter `{name}`, expected {known}"),
    ))
}

/// The first of the offers that the caller takes, by its own preference; the first of all where it does not mind.
fn accepted<T: Copy>(headers: &HeaderMap, offers: &[(T, &[&str])]) -> Result<T> {
    let said: Vec<&str> = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    let said = said.join(",");
    let mut wanted: Vec<(f32, &str)> = said
        .split(',')
        .filter_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            let kind = parts.next().filter(|kind| !kind.is_empty())?;
            let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
            (quality > 0.0).then_some((quality, kind))
        })
        .collect();
    // A stable sort: what is said first goes first among equals.
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let first = offers.first().map(|(offer, _)| *offer);
    let found = if wanted.is_empty() {
        first
    } else {
        wanted.iter().find_map(|(_, kind)| match *kind {
            "*/*" | "application/*" => first,
            kind => offers.iter().find(|(_, kinds)| kinds.contains(&kind)).map(|(offer, _)| *offer),
        })
    };
    found.ok_or_else(|| {
        let all: Vec<&str> = offers.iter().filter_map(|(_, kinds)| kinds.first().copied()).collect();
        Error::NotAcceptable(Text::new(
            format!("可提供的格式：{}", all.join("、")),
            format!("What can be made is {}", all.join(", ")),
        ))
    })
}

/// A message as it is made. Nothing is written before there is a first series: what is not there is no message.
fn written(writer: DataWriter, series: sdmx::Stream) -> Bytewise {
    enum Step {
        Begin(DataWriter),
        Go(DataWriter),
        End,
    }
    Box::pin(stream::try_unfold((Step::Begin(writer), series), |(step, mut series)| async move {
        let (mut writer, mut bytes) = match step {
            Step::Begin(writer) => (writer, None),
            Step::Go(writer) => (writer, Some(Vec::new())),
            Step::End => return Ok(None),
        };
        match series.next().await? {
            Some(block) => {
                let mut out = match bytes.take() {
                    Some(out) => out,
                    None => writer.begin().map_err(Error::internal)?,
                };
                out.extend(writer.write(&block).map_err(Error::internal)?);
                Ok(Some((Bytes::from(out), (Step::Go(writer), series))))
            }
            None => Ok(Some((Bytes::from(writer.finish()), (Step::End, series)))),
        }
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_caller_chooses_by_accept() {
        let offers: &[(u8, &[&str])] = &[(1, &["a/x", "application/xml"]), (2, &["a/y"]), (3, &["a/z"])];
        for (said, is) in [
            (None, Some(1)),
            (Some("*/*"), Some(1)),
            (Some("a/y"), Some(2)),
            (Some("a/y;version=2.1, a/z"), Some(2)),
            (Some("a/y;q=0.5, a/z"), Some(3)),
            (Some("b/q, a/z;q=0.1"), Some(3)),
            (Some("a/z;q=0, */*;q=0.1"), Some(1)),
            (Some("b/q"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(said) = said {
                headers.insert(header::ACCEPT, said.parse().unwrap());
            }
            assert_eq!(accepted(&headers, offers).ok(), is, "{said:?}");
        }
    }

    #[test]
    fn a_flow_is_named_with_its_agency_or_without() {
        for (part, is) in [
            ("scale", Some("scale")),
            ("ZHIQIAO,scale", Some("scale")),
            ("ZHIQIAO,scale,1.0", Some("scale")),
            ("all,scale,latest", Some("scale")),
            ("ECB,scale", None),
            ("ZHIQIAO,scale,2.0", None),
            ("ZHIQIAO,scale,1.0,x", None),
        ] {
            assert_eq!(flow_of(part), is, "{part}");
        }
    }
}

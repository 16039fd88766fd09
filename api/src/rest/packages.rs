//! `/v1/releases/{version}/datapackage.json` and `dictionary.csv`: what a release holds, for programs and for people.

use actix_web::{HttpRequest, HttpResponse, get, web};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    download::{self, Bytewise, File},
    problem::{Problem, ProblemView},
};
use crate::{
    ctx::Ctx,
    domain::tables::{self, DICTIONARY},
    error::{Error, Result, Text},
    formats::{document::Status, table::Format},
};

/// What something is called in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct TitlesView {
    /// Chinese.
    pub zh: String,
    /// English, where there is a name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub en: String,
}

impl TitlesView {
    fn new(text: &Text) -> Self {
        Self { zh: text.zh.clone(), en: text.en.clone() }
    }
}

/// What every value of a column must be.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ConstraintsView {
    /// Whether there is always one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The words that there are.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// A column of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// Its name in the file.
    pub name: String,
    /// `string` or `number`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it is called.
    pub title: String,
    /// What it is called in both languages.
    pub titles: TitlesView,
    /// What its values must be.
    pub constraints: ConstraintsView,
}

impl FieldView {
    fn new(name: &str, kind: &'static str, title: Text, constraints: ConstraintsView) -> Self {
        Self { name: name.to_owned(), kind, title: title.zh.clone(), titles: TitlesView::new(&title), constraints }
    }
}

/// The columns of a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchemaView {
    /// The columns.
    pub fields: Vec<FieldView>,
    /// Which of them tell rows apart.
    pub primary_key: Vec<&'static str>,
    /// What stands for no value.
    pub missing_values: Vec<&'static str>,
}

/// A file of a package.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceView {
    /// Its name within the package.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// What it is called.
    pub title: String,
    /// What it is called in both languages.
    pub titles: TitlesView,
    /// `csv`.
    pub format: &'static str,
    /// The media type.
    pub mediatype: &'static str,
    /// `utf-8`.
    pub encoding: &'static str,
    /// `tabular-data-resource`.
    pub profile: &'static str,
    /// Its length, as everybody gets it, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its SHA-256, as everybody gets it, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The periods that it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<String>,
    /// The same in other formats.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<String>,
    /// Its columns.
    pub schema: SchemaView,
}

/// A release as a Frictionless data package.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageView {
    /// `data-package`.
    pub profile: &'static str,
    /// Its name.
    pub name: String,
    /// The version of the release.
    pub version: String,
    /// What it is.
    pub title: String,
    /// What it is, in both languages.
    pub titles: TitlesView,
    /// What the release is for.
    pub description: String,
    /// When the release was made.
    pub created: DateTime<Utc>,
    /// Where the release itself is, with manifest and signature.
    pub homepage: String,
    /// SHA-256 of the manifest that was signed.
    pub manifest_sha256: String,
    /// Its files.
    pub resources: Vec<ResourceView>,
}

fn data_schema(lines: &[String]) -> SchemaView {
    let required = || ConstraintsView { required: Some(true), ..ConstraintsView::default() };
    let words = |words: Vec<String>| ConstraintsView { required: Some(true), words };
    let statuses = Status::STATED.iter().chain(&[Status::Suppressed]).map(|status| status.word().to_owned()).collect();
    SchemaView {
        fields: vec![
            FieldView::new("school", "string", Text::new("学校代码", "Code of the school"), required()),
            FieldView::new("dataset", "string", Text::new("报表代码", "Code of the table"), required()),
            FieldView::new("period", "string", Text::new("统计期", "Period"), required()),
            FieldView::new(
                "indicator",
                "string",
                Text::new("指标代码", "Code of the indicator"),
                words(lines.to_vec()),
            ),
            FieldView::new("value", "number", Text::new("数值", "Value"), ConstraintsView::default()),
            FieldView::new("status", "string", Text::new("状态", "Status"), words(statuses)),
        ],
        primary_key: vec!["school", "period", "indicator"],
        missing_values: vec![""],
    }
}

fn resource(place: &str, version: &str, one: tables::Resource) -> ResourceView {
    let path = |format: Format| format!("{place}/v1/data/{}.{}?release={version}", one.dataset, format.extension());
    let (bytes, hash) = one.measured.clone().map(|(bytes, sum)| (bytes, format!("sha256:{sum}"))).unzip();
    ResourceView {
        name: one.dataset.clone(),
        path: path(Format::Csv),
        title: one.name.zh.clone(),
        titles: TitlesView::new(&one.name),
        format: "csv",
        mediatype: "text/csv",
        encoding: "utf-8",
        profile: "tabular-data-resource",
        bytes,
        hash,
        alternatives: [Format::Json, Format::Parquet, Format::Xlsx, Format::Arrow].map(path).to_vec(),
        schema: data_schema(&one.lines),
        periods: one.periods,
    }
}

fn dictionary_resource(place: &str, version: &str) -> ResourceView {
    let title = Text::new("数据字典", "Data dictionary");
    let field = |(name, zh, en): (&str, &str, &str)| {
        FieldView::new(name, "string", Text::new(zh, en), ConstraintsView::default())
    };
    ResourceView {
        name: "dictionary".to_owned(),
        path: format!("{place}/v1/releases/{version}/dictionary.csv"),
        title: title.zh.clone(),
        titles: TitlesView::new(&title),
        format: "csv",
        mediatype: "text/csv",
        encoding: "utf-8",
        profile: "tabular-data-resource",
        bytes: None,
        hash: None,
        periods: Vec::new(),
        alternatives: Vec::new(),
        schema: SchemaView {
            fields: DICTIONARY.map(field).into_iter().collect(),
            primary_key: vec!["indicator"],
            missing_values: vec![""],
        },
    }
}

/// A release as a Frictionless data package
///
/// Its files with their columns, sums and lengths, and the dictionary of its lines.
#[utoipa::path(
    tag = "releases", params(("version" = String, Path)),
    responses((status = 200, body = PackageView), (status = 206, description = "The part that was asked for"),
              (status = 304, description = "It has not changed"), (status = 404, body = ProblemView),
              (status = 416, body = ProblemView), (status = 422, body = ProblemView))
)]
#[get("/v1/releases/{version}/datapackage.json")]
pub async fn datapackage(
    request: HttpRequest,
    ctx: Ctx,
    version: web::Path<String>,
) -> std::result::Result<HttpResponse, Problem> {
    let package = tables::package(&ctx, &version).await?;
    let row = &package.release.row;
    let (version, place) = (row.version.0.clone(), ctx.issuer.trim_end_matches('/').to_owned());
    let title = Text::new(format!("职业教育数据 {version}"), format!("Vocational education data {version}"));
    let mut resources: Vec<ResourceView> =
        package.resources.into_iter().map(|one| resource(&place, &version, one)).collect();
    resources.push(dictionary_resource(&place, &version));
    let view = PackageView {
        profile: "data-package",
        name: format!("zhiqiao-{version}"),
        title: title.zh.clone(),
        titles: TitlesView::new(&title),
        description: row.note.clone(),
        created: row.created_at,
        homepage: format!("{place}/v1/releases/{version}"),
        manifest_sha256: crate::formats::document::sha256(&row.manifest),
        version,
        resources,
    };
    let file = File {
        fingerprint: Some(package.fingerprint),
        modified: row.publish_at,
        media_type: "application/json".to_owned(),
        name: None,
        is_packed: false,
        described_by: None,
    };
    let text = serde_json::to_vec_pretty(&view).map_err(Error::internal)?;
    download::answer(&request, file, || -> Bytewise { Box::pin(stream::iter([Ok(Bytes::from(text))])) }).await
}

/// The dictionary of a release
///
/// Every line of its tables: labels and units in both languages, decimals, rule, bounds, standard, who may see it.
#[utoipa::path(
    tag = "releases", params(("version" = String, Path)),
    responses((status = 200, body = String, content_type = "text/csv"),
              (status = 206, description = "The part that was asked for"), (status = 304, description = "It has not changed"),
              (status = 404, body = ProblemView), (status = 416, body = ProblemView), (status = 422, body = ProblemView))
)]
#[get("/v1/releases/{version}/dictionary.csv")]
pub async fn dictionary(
    request: HttpRequest,
    ctx: Ctx,
    version: web::Path<String>,
) -> std::result::Result<HttpResponse, Problem> {
    let (release, fingerprint, head, block) = tables::dictionary(&ctx, &version).await?;
    let file = File {
        fingerprint: Some(fingerprint),
        modified: release.row.publish_at,
        media_type: Format::Csv.media_type().to_owned(),
        name: Some(format!("dictionary-{}.csv", release.row.version)),
        is_packed: false,
        described_by: None,
    };
    let rows = stream::iter([Result::Ok(block)]);
    download::answer(&request, file, || download::written(head, Format::Csv, rows)).await
}

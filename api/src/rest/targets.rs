//! `/v1/targets`: what was promised in figures, and whether it is kept; `/v1/policies` and `/v1/city-figures`.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use entity::{city_figure, policy, target};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{self, Body, stated},
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::targets::{self, Filter, Judgement, New, Said},
    error::{Error, Result},
    formats::decimal,
    page, request_id,
};

/// What the data say of a target, as far as that may be told to the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct JudgementView {
    /// `kept`, `on_the_way`, `missed` or `no_data`.
    pub verdict: &'static str,
    /// The digits of the figure it was judged by, unrounded.
    pub figure: Option<String>,
    /// The period of the figure.
    pub period: Option<String>,
    /// The version of the release that it is of.
    pub release: Option<String>,
    /// In words, in the language of the request.
    pub reason: String,
}

impl From<&Judgement> for JudgementView {
    fn from(one: &Judgement) -> Self {
        let digits = |figure: &rust_decimal::Decimal| {
            let mut digits = String::new();
            decimal::write_exact(&mut digits, figure);
            digits
        };
        Self {
            verdict: one.verdict.word(),
            figure: one.figure.as_ref().map(digits),
            period: one.period.clone(),
            release: one.release.clone(),
            reason: one.reason.in_(request_id::current_language()).to_owned(),
        }
    }
}

/// What a province, a city or a school has promised in figures (目标值).
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetView {
    /// Its id.
    pub id: String,
    /// Who has promised it, as printed.
    pub owner_name: String,
    /// `province`, `city`, `school`, or another word as printed.
    pub owner_type: String,
    /// The owner, where it is a city of the registry.
    pub city: Option<String>,
    /// The owner, where it is a school of the registry.
    pub school: Option<String>,
    /// What is promised, as printed.
    pub label: String,
    /// In English.
    pub label_en: Option<String>,
    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about: no further off than half a unit of the last printed digit that
    /// is not a zero.
    pub comparator: String,
    /// The digits, or a ratio such as `4:6`.
    pub value: String,
    /// As printed, where that is another text.
    pub value_printed: Option<String>,
    /// The unit, as printed.
    pub unit: Option<String>,
    /// The year with whose end it is due; nothing where none is said.
    pub due_year: Option<i16>,
    /// What it is judged by, in the language of the claims.
    pub expression: Option<String>,
    /// Where it is printed.
    pub source: String,
    /// What the newest release says of it.
    pub judgement: JudgementView,
    /// Goes up with every change.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl TargetView {
    fn new(row: &target::Model, judgement: &Judgement) -> Self {
        Self {
            id: row.id.to_string(),
            owner_name: row.owner_name.clone(),
            owner_type: row.owner_type.clone(),
            city: row.city_code.as_ref().map(|code| code.0.clone()),
            school: row.school_code.as_ref().map(|code| code.0.clone()),
            label: row.label.clone(),
            label_en: row.label_en.clone(),
            comparator: row.comparator.clone(),
            value: row.value.clone(),
            value_printed: row.value_printed.clone(),
            unit: row.unit.clone(),
            due_year: row.due_year,
            expression: row.expression.clone(),
            source: row.source.clone(),
            judgement: judgement.into(),
            version: row.version,
            etag: targets::etag(row),
        }
    }
}

/// A page of targets.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetsView {
    /// In the order of the file.
    pub targets: Vec<TargetView>,
    /// How many there are in all.
    pub total: u64,
    /// Hand it back as `cursor` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Which targets, and how the list is paged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TargetsQuery {
    /// `province`, `city` or `school`.
    pub owner_type: Option<String>,
    /// Only of this city.
    pub city: Option<String>,
    /// Only of this school.
    pub school: Option<String>,
    /// Only those that are due in this year.
    pub due_year: Option<i16>,
    /// Only those that the data can judge, or only the others.
    pub has_expression: Option<bool>,
    /// 1 to 1,000 (100 unless given); more is refused.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

fn tagged(answer: HttpResponseBuilder, view: TargetView) -> HttpResponse {
    tags::tagged(answer, &view.etag.clone(), view)
}

async fn view(ctx: &Ctx, row: &target::Model) -> Result<TargetView> {
    let judged = targets::judge(ctx, &[row], None).await?;
    let judgement = judged.first().ok_or_else(|| Error::internal("a target without a judgement"))?;
    Ok(TargetView::new(row, judgement))
}

/// What was promised in figures, and what the data say of it.
#[utoipa::path(
    tag = "targets", params(TargetsQuery),
    responses((status = 200, body = TargetsView), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/targets")]
pub async fn list(ctx: Ctx, query: web::Query<TargetsQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let after = |cursor: &str| page::read_cursor::<1>(cursor, "/cursor").map(|[id]| id);
    let ask = page::Ask {
        limit: page::limit(query.limit, 100, 1_000, "/limit")?,
        after: query.cursor.as_deref().map(after).transpose()?,
        before: None,
        from_end: false,
    };
    let one = |word: Option<String>| word.map(|word| vec![word]);
    let filter = Filter {
        owner_type: one(query.owner_type),
        city: one(query.city),
        school: one(query.school),
        due_year: query.due_year.map(|year| vec![year]),
        has_expression: query.has_expression,
    };
    let page = targets::list(&ctx.memory.registry(), &filter, &ask);
    let rows: Vec<&target::Model> = page.items.iter().collect();
    let judged = targets::judge(&ctx, &rows, None).await?;
    let next = page.items.last().filter(|_| page.has_next).map(|row| page::cursor(&[&row.id.to_string()]));
    let view = TargetsView {
        targets: rows.iter().zip(&judged).map(|(row, judgement)| TargetView::new(row, judgement)).collect(),
        total: page.total,
        next,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(view))
}

/// One target.
#[utoipa::path(
    tag = "targets", params(("target" = String, Path)),
    responses((status = 200, body = TargetView), (status = 404, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/targets/{target}")]
pub async fn get(ctx: Ctx, target: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = targets::get(&ctx, &target).await?;
    Ok(tagged(HttpResponse::Ok(), view(&ctx, &row).await?))
}

/// A target to add: the province's own where neither city nor school is named (by a city: its own).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTargetBody {
    /// The city that promises.
    #[serde(default)]
    pub city: Option<String>,
    /// The school that promises.
    #[serde(default)]
    pub school: Option<String>,
    /// What is promised.
    pub label: String,
    /// In English.
    #[serde(default)]
    pub label_en: Option<String>,
    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about.
    pub comparator: String,
    /// Digits, or a ratio such as `4:6`.
    pub value: String,
    /// The unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// The year with whose end it is due.
    #[serde(default)]
    pub due_year: Option<i64>,
    /// What it is judged by, in the language of the claims.
    #[serde(default)]
    pub expression: Option<String>,
    /// Where it is printed.
    #[serde(default)]
    pub source: Option<String>,
}

/// Adds a target.
#[utoipa::path(
    tag = "targets", request_body = NewTargetBody,
    responses((status = 201, body = TargetView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/targets")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Target)?;
    let body: NewTargetBody = body::json(&body.0)?;
    let said = Said {
        label: Some(body.label),
        label_en: Some(body.label_en),
        comparator: Some(body.comparator),
        value: Some(body.value),
        unit: Some(body.unit),
        due_year: Some(body.due_year),
        expression: Some(body.expression),
        source: body.source,
    };
    let row = targets::add(&ctx, New { city: body.city, school: body.school, said }).await?;
    Ok(tagged(HttpResponse::Created(), view(&ctx, &row).await?))
}

/// What is to be different about a target; what is left out stays, and so does who has promised it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeTargetBody {
    /// What is promised.
    pub label: Option<String>,
    /// In English; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub label_en: Option<Option<String>>,
    /// `=`, `>=`, `<=`, `>`, `<`, or `~` for about.
    pub comparator: Option<String>,
    /// Digits, or a ratio such as `4:6`.
    pub value: Option<String>,
    /// The unit; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub unit: Option<Option<String>>,
    /// The year with whose end it is due; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<i64>)]
    pub due_year: Option<Option<i64>>,
    /// What it is judged by; `null` takes it away.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub expression: Option<Option<String>>,
    /// Where it is printed.
    pub source: Option<String>,
}

/// Changes a target.
#[utoipa::path(
    tag = "targets", params(("target" = String, Path)), request_body = ChangeTargetBody,
    responses((status = 200, body = TargetView), (status = 401, body = ProblemView),
              (status = 403, body = ProblemView), (status = 404, body = ProblemView),
              (status = 412, body = ProblemView), (status = 422, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/targets/{target}")]
pub async fn change(
    ctx: Ctx,
    target: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: ChangeTargetBody = body::json(&body.0)?;
    let said = Said {
        label: body.label,
        label_en: body.label_en,
        comparator: body.comparator,
        value: body.value,
        unit: body.unit,
        due_year: body.due_year,
        expression: body.expression,
        source: body.source,
    };
    let row = targets::change(&ctx, &target, said, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), view(&ctx, &row).await?))
}

/// A policy of a policy list (政策清单).
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    /// Its id.
    pub id: String,
    /// The city whose document it stands in, where that is known.
    pub city: Option<String>,
    /// What it says.
    pub content: String,
    /// In English.
    pub content_en: Option<String>,
    /// Where it is printed.
    pub source: String,
}

impl From<&policy::Model> for PolicyView {
    fn from(row: &policy::Model) -> Self {
        Self {
            id: row.id.to_string(),
            city: row.city_code.as_ref().map(|code| code.0.clone()),
            content: row.content.clone(),
            content_en: row.content_en.clone(),
            source: row.source.clone(),
        }
    }
}

/// Policies.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoliciesView {
    /// In the order of their list.
    pub policies: Vec<PolicyView>,
}

/// Of which city.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfCityQuery {
    /// Only of this city.
    pub city: Option<String>,
}

/// The policies.
#[utoipa::path(
    tag = "targets", params(OfCityQuery),
    responses((status = 200, body = PoliciesView), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/policies")]
pub async fn policies(ctx: Ctx, query: web::Query<OfCityQuery>) -> Result<HttpResponse, Problem> {
    let city = query.into_inner().city;
    let of_city = |row: &&policy::Model| {
        city.as_ref().is_none_or(|city| row.city_code.as_ref().is_some_and(|code| code.0 == *city))
    };
    let registry = ctx.memory.registry();
    Ok(HttpResponse::Ok()
        .json(PoliciesView { policies: registry.policies.iter().filter(of_city).map(Into::into).collect() }))
}

/// A figure that somebody printed about a city.
#[derive(Debug, Serialize, ToSchema)]
pub struct CityFigureView {
    /// Its id.
    pub id: String,
    /// The city.
    pub city: String,
    /// What the figure is called by programs.
    pub key: String,
    /// What it is, as printed.
    pub label: String,
    /// In English.
    pub label_en: Option<String>,
    /// The unit, as printed.
    pub unit: String,
    /// The period, as printed, where one is.
    pub period: Option<String>,
    /// The digits, as printed.
    pub value: String,
    /// The printed hedge of the number: 余, 多, 近.
    pub qualifier: Option<String>,
    /// Where it is printed.
    pub source: String,
}

impl From<&city_figure::Model> for CityFigureView {
    fn from(row: &city_figure::Model) -> Self {
        Self {
            id: row.id.to_string(),
            city: row.city_code.0.clone(),
            key: row.key.clone(),
            label: row.label.clone(),
            label_en: row.label_en.clone(),
            unit: row.unit.clone(),
            period: row.period.clone(),
            value: row.value.clone(),
            qualifier: row.qualifier.clone(),
            source: row.source.clone(),
        }
    }
}

/// Printed figures of cities.
#[derive(Debug, Serialize, ToSchema)]
pub struct CityFiguresView {
    /// In the order of the file.
    pub figures: Vec<CityFigureView>,
}

/// Figures that were printed of cities.
#[utoipa::path(
    tag = "targets", params(OfCityQuery),
    responses((status = 200, body = CityFiguresView), (status = 422, body = ProblemView)),
    security((), ("bearer" = []))
)]
#[get("/v1/city-figures")]
pub async fn city_figures(ctx: Ctx, query: web::Query<OfCityQuery>) -> Result<HttpResponse, Problem> {
    let city = query.into_inner().city;
    let of_city = |row: &&city_figure::Model| city.as_ref().is_none_or(|city| row.city_code.0 == *city);
    let registry = ctx.memory.registry();
    Ok(HttpResponse::Ok()
        .json(CityFiguresView { figures: registry.city_figures.iter().filter(of_city).map(Into::into).collect() }))
}

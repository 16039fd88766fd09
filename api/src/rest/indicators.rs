//! `/v1/indicators`: the lines of the tables, as they are now or as they stand in a period.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, http::header, patch, post, web};
use entity::{
    ids::{IndicatorCode, PeriodCode},
    indicator,
    words::Better,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    body::{self, Body, stated},
    catalogue::open,
    problem::{Problem, ProblemView},
    tags,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::{
        indicators::{self, Change, Kept, New, Said},
        periods::Period,
    },
    formats::decimal,
};

/// A line of a table (指标).
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorView {
    /// Its code, `scale.students`.
    pub code: String,
    /// Its table.
    pub dataset: String,
    /// Its place in the form.
    pub position: i32,
    /// The printed serial number.
    pub line_no: String,
    /// Its name.
    pub name: String,
    /// In English.
    pub name_en: Option<String>,
    /// The name as printed in the form.
    pub printed_label: String,
    /// The unit of its values.
    pub unit: String,
    /// In English.
    pub unit_en: Option<String>,
    /// How many decimals a value may have.
    pub decimals: i16,
    /// The line above it, for display only.
    pub parent: Option<String>,
    /// Whether a table without it cannot be submitted.
    pub required: bool,
    /// The printed `*`.
    pub starred: bool,
    /// The total that it must not exceed.
    pub within: Option<String>,
    /// Whether its direct parts add up to it.
    pub parts_complete: bool,
    /// `sum`, `mean`, `median` or `weighted_mean`.
    pub aggregation: &'static str,
    /// The indicator that weighs a weighted mean.
    pub weight: Option<String>,
    /// The smallest value that is taken.
    #[schema(value_type = Option<f64>)]
    pub minimum: Option<Box<RawValue>>,
    /// The largest value that is taken.
    #[schema(value_type = Option<f64>)]
    pub maximum: Option<Box<RawValue>>,
    /// The standard (合格指标).
    #[schema(value_type = Option<f64>)]
    pub threshold: Option<Box<RawValue>>,
    /// `higher` or `lower`: which side of the standard is the good one.
    pub better: Option<&'static str>,
    /// The usual move from year to year, in percent.
    #[schema(value_type = Option<f64>)]
    pub usual_change: Option<Box<RawValue>>,
    /// `public`, `aggregate` or `internal`.
    pub disclosure: &'static str,
    /// Where it is printed.
    pub source: String,
    /// The first period that it is reported for; nothing for all before.
    pub valid_from: Option<String>,
    /// The last period that it is reported for; nothing for all after.
    pub valid_to: Option<String>,
    /// The periods from which on something else is said of it, in order.
    pub changes: Vec<String>,
    /// Goes up with every change.
    pub version: i32,
    /// Hand it back in `If-Match`.
    pub etag: String,
}

impl IndicatorView {
    fn new(row: &indicator::Model, changes: Vec<String>) -> Self {
        let number = |value: Option<i64>, places| {
            value.and_then(|value| RawValue::from_string(decimal::digits(value, places)).ok())
        };
        let code = |code: &Option<IndicatorCode>| code.as_ref().map(|code| code.0.clone());
        let period = |period: &Option<PeriodCode>| period.as_ref().map(|period| period.0.clone());
        Self {
            code: row.code.0.clone(),
            dataset: row.dataset_code.0.clone(),
            position: row.position,
            line_no: row.line_no.clone(),
            name: row.label.clone(),
            name_en: row.label_en.clone(),
            printed_label: row.printed_label.clone(),
            unit: row.unit.clone(),
            unit_en: row.unit_en.clone(),
            decimals: row.decimals,
            parent: code(&row.parent_code),
            required: row.is_required,
            starred: row.is_starred,
            within: code(&row.within_code),
            parts_complete: row.is_parts_complete,
            aggregation: row.aggregation.word(),
            weight: code(&row.weight_code),
            minimum: number(row.minimum, row.decimals),
            maximum: number(row.maximum, row.decimals),
            threshold: number(row.threshold, row.decimals),
            better: row.better.map(Better::word),
            usual_change: number(row.usual_change.map(i64::from), 2),
            disclosure: row.disclosure.word(),
            source: row.source.clone(),
            valid_from: period(&row.valid_from),
            valid_to: period(&row.valid_to),
            changes,
            version: row.version,
            etag: indicators::etag(row),
        }
    }
}

/// Indicators.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorsView {
    /// In the order of the catalogue.
    pub indicators: Vec<IndicatorView>,
}

/// Of which table and period.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfTable {
    /// Only this table.
    pub dataset: Option<String>,
    /// The catalogue of this period: only what is reported for it, as it is said of it.
    pub period: Option<String>,
}

/// The lines of the tables.
#[utoipa::path(
    tag = "catalogue", operation_id = "indicators", params(OfTable),
    responses((status = 200, body = IndicatorsView), (status = 422, body = ProblemView))
)]
#[get("/v1/indicators")]
pub async fn list(ctx: Ctx, query: web::Query<OfTable>) -> Result<HttpResponse, Problem> {
    let registry = ctx.memory.registry();
    let is_asked =
        |row: &&indicator::Model| query.dataset.as_ref().is_none_or(|dataset| row.dataset_code == dataset.as_str());
    let view = |row: &indicator::Model| IndicatorView::new(row, indicators::changes(&registry, row.code.as_str()));
    let indicators = match query.period.as_deref().map(|period| Period::read(period, "/period")).transpose()? {
        None => registry.indicators.all().iter().filter(is_asked).map(view).collect(),
        Some(period) => registry.indicators_in(period.kind, period.code.as_str()).filter(is_asked).map(view).collect(),
    };
    Ok(open(IndicatorsView { indicators }))
}

/// The two bodies have most members in common.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($own)*
            /// Its place in the form, in all periods.
            pub position: Option<i32>,
            /// The printed serial number.
            pub line_no: Option<String>,
            /// Its name.
            pub name: Option<String>,
            /// In English; `null` takes it away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub name_en: Option<Option<String>>,
            /// The name as printed in the form; goes with the name where it was the same.
            pub printed_label: Option<String>,
            /// The unit in English; `null` takes it away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub unit_en: Option<Option<String>>,
            /// The line above it, for display only; `null` takes it away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub parent: Option<Option<String>>,
            /// The total that it must not exceed; `null` takes it away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub within: Option<Option<String>>,
            /// Whether its direct parts add up to it.
            pub parts_complete: Option<bool>,
            /// Whether a table cannot be submitted without it.
            pub required: Option<bool>,
            /// The printed `*`.
            pub starred: Option<bool>,
            /// The indicator that weighs a weighted mean.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub weight: Option<Option<String>>,
            /// The smallest value that is taken; `null` takes the bound away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<f64>)]
            pub minimum: Option<Option<Box<RawValue>>>,
            /// The largest value that is taken; `null` takes the bound away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<f64>)]
            pub maximum: Option<Option<Box<RawValue>>>,
            /// The standard (合格指标); `null` takes it away, and `better` with it has to go.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<f64>)]
            pub threshold: Option<Option<Box<RawValue>>>,
            /// `higher` or `lower`: which side of the standard is the good one.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub better: Option<Option<String>>,
            /// The usual move from year to year, in percent; `null` for the usual 30 %.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<f64>)]
            pub usual_change: Option<Option<Box<RawValue>>>,
            /// `public`, `aggregate` or `internal`.
            pub disclosure: Option<String>,
            /// Where it is printed.
            pub source: Option<String>,
            /// The first period that it is reported for; `null` takes the bound away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub valid_from: Option<Option<String>>,
            /// The last period that it is reported for; `null` takes the bound away.
            #[serde(deserialize_with = "stated")]
            #[schema(value_type = Option<String>)]
            pub valid_to: Option<Option<String>>,
        }

        impl $name {
            fn said(self) -> Said {
                let digits = |number: Option<Option<Box<RawValue>>>| {
                    number.map(|number| number.map(|number| number.get().to_owned()))
                };
                Said {
                    position: self.position,
                    line_no: self.line_no,
                    name: self.name,
                    name_en: self.name_en,
                    printed_label: self.printed_label,
                    unit_en: self.unit_en,
                    parent: self.parent,
                    within: self.within,
                    parts_complete: self.parts_complete,
                    required: self.required,
                    starred: self.starred,
                    weight: self.weight,
                    minimum: digits(self.minimum),
                    maximum: digits(self.maximum),
                    threshold: digits(self.threshold),
                    better: self.better,
                    usual_change: digits(self.usual_change),
                    disclosure: self.disclosure,
                    source: self.source,
                    valid_from: self.valid_from,
                    valid_to: self.valid_to,
                }
            }
        }
    };
}

body!(
    /// A new indicator. `code`, `name`, `unit`, `decimals`, `aggregation` and `disclosure` are needed.
    NewIndicatorBody {
        /// Led by its table, `scale.students`; never changes.
        pub code: String,
        /// The unit of its values; never changes.
        pub unit: Option<String>,
        /// How many decimals a value may have, 0 to 15; never changes.
        pub decimals: Option<i64>,
        /// `sum`, `mean`, `median` or `weighted_mean`; never changes.
        pub aggregation: Option<String>,
    }
);

body!(
    /// What is to be different about an indicator; what is left out stays.
    ChangeIndicatorBody {
        /// From which period on; `null` for the first edition. Left out, the present edition is corrected.
        #[serde(deserialize_with = "stated")]
        #[schema(value_type = Option<String>)]
        pub from: Option<Option<String>>,
        /// Never changes: good only as it is.
        pub code: Option<String>,
        /// Never changes: good only as it is.
        pub dataset: Option<String>,
        /// Never changes: good only as it is. A figure of another unit is another indicator.
        pub unit: Option<String>,
        /// Never changes: good only as it is.
        pub decimals: Option<i64>,
        /// Never changes: good only as it is.
        pub aggregation: Option<String>,
    }
);

fn tagged(mut answer: HttpResponseBuilder, kept: Kept) -> HttpResponse {
    answer
        .insert_header((header::ETAG, indicators::etag(&kept.line)))
        .json(IndicatorView::new(&kept.line, kept.changes))
}

/// Adds an indicator.
#[utoipa::path(
    tag = "catalogue", operation_id = "add_indicator", request_body = NewIndicatorBody,
    responses((status = 201, body = IndicatorView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 409, body = ProblemView), (status = 422, body = ProblemView)),
    security(("bearer" = []))
)]
#[post("/v1/indicators")]
pub async fn add(ctx: Ctx, body: Body) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let mut body: NewIndicatorBody = body::json(&body.0)?;
    let new = New {
        code: std::mem::take(&mut body.code),
        unit: body.unit.take(),
        decimals: body.decimals,
        aggregation: body.aggregation.take(),
        said: body.said(),
    };
    Ok(tagged(HttpResponse::Created(), indicators::add(&ctx, new).await?))
}

/// Corrects an indicator, or says what holds from a period on. Answers what is said of it now.
#[utoipa::path(
    tag = "catalogue", operation_id = "change_indicator", params(("indicator" = String, Path)), request_body = ChangeIndicatorBody,
    responses((status = 200, body = IndicatorView), (status = 401, body = ProblemView), (status = 403, body = ProblemView),
              (status = 404, body = ProblemView), (status = 412, body = ProblemView), (status = 422, body = ProblemView),
              (status = 428, body = ProblemView)),
    security(("bearer" = []))
)]
#[patch("/v1/indicators/{indicator}")]
pub async fn change(
    ctx: Ctx,
    code: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    ctx.require(Action::Change, Kind::Catalogue)?;
    let mut body: ChangeIndicatorBody = body::json(&body.0)?;
    let fixed = [
        ("code", body.code.take()),
        ("dataset", body.dataset.take()),
        ("unit", body.unit.take()),
        ("decimals", body.decimals.map(|decimals| decimals.to_string())),
        ("aggregation", body.aggregation.take()),
    ];
    let change = Change {
        from: body.from.take(),
        fixed: fixed.into_iter().filter_map(|(member, got)| Some((member, got?))).collect(),
        said: body.said(),
    };
    let kept = indicators::change(&ctx, &code, change, tags::if_match(request.headers()).as_ref()).await?;
    Ok(tagged(HttpResponse::Ok(), kept))
}

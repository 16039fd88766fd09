//! `/v1/compliance`: who meets the standards, and by how much.

use actix_web::{HttpResponse, get, http::header, web};
use entity::words::{Ownership, SchoolCategory, SchoolTier};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::problem::{Problem, ProblemView};
use crate::{
    ctx::Ctx,
    domain::{
        compliance::{self, Ask, Cell, Compliance, Group, Judged, Share, Standard},
        cube::Filter,
    },
    error::{Error, Finding, Result, Text},
    formats::decimal,
};

/// Of which period and schools. Lists are separated by commas.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ComplianceQuery {
    /// The period.
    pub period: String,
    /// A version or range; the newest release without it.
    pub release: Option<String>,
    /// Only in these cities, by code.
    pub city: Option<String>,
    /// Only run by these: `public`, `private`.
    pub ownership: Option<String>,
    /// Only of these fields.
    pub category: Option<String>,
    /// Only of these levels.
    pub tier: Option<String>,
    /// Only members of this consortium, by code.
    pub consortium: Option<String>,
    /// Only schools that answer to these words.
    pub search: Option<String>,
}

type Number = Option<Box<RawValue>>;

fn number(value: Option<Decimal>) -> Number {
    let mut text = String::new();
    decimal::write_exact(&mut text, &value?);
    RawValue::from_string(text).ok()
}

/// A standard.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandardView {
    /// The indicator that has it.
    pub indicator: String,
    /// The standard itself, in the unit of the indicator.
    #[schema(value_type = f64)]
    pub threshold: Number,
    /// `higher` or `lower`: which side of it is the good one.
    pub better: &'static str,
}

/// A figure held against a standard.
#[derive(Debug, Serialize, ToSchema)]
pub struct JudgedView {
    /// The indicator that has the standard.
    pub indicator: String,
    /// The figure; `null` where there is none, or it is not the caller's to see.
    #[schema(value_type = Option<f64>)]
    pub value: Number,
    /// How far it is on the good side, in the unit; negative where it misses.
    #[schema(value_type = Option<f64>)]
    pub gap: Number,
    /// Whether it meets the standard.
    pub meets: Option<bool>,
    /// What the figure says; `SUPPRESSED` where it is not told.
    pub status: &'static str,
}

impl JudgedView {
    fn new(indicator: &str, judged: &Judged) -> Self {
        Self {
            indicator: indicator.to_owned(),
            value: number(judged.value),
            gap: number(judged.gap),
            meets: judged.meets(),
            status: judged.status.word(),
        }
    }
}

/// One standard in a group of schools.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComplianceCellView {
    /// The group's own statistic against the standard.
    #[serde(flatten)]
    pub judged: JudgedView,
    /// How many schools contribute to it.
    pub schools: Option<usize>,
    /// How many schools have a figure; `null` where that is not told.
    pub judged_schools: Option<usize>,
    /// How many of them meet the standard.
    pub meeting: Option<usize>,
    /// The same in percent.
    #[schema(value_type = Option<f64>)]
    pub share: Number,
}

/// A group of schools.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComplianceGroupView {
    /// The city; `null` for the province.
    pub city: Option<String>,
    /// In the order of the standards.
    pub cells: Vec<ComplianceCellView>,
    /// How many schools have a figure for every standard that applies to them; `null` where that is not told.
    pub judged_schools: Option<usize>,
    /// How many of them meet all standards.
    pub meeting_all: Option<usize>,
    /// The same in percent; the target is 70.
    #[schema(value_type = Option<f64>)]
    pub share_meeting_all: Number,
}

/// A school.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchoolComplianceView {
    /// Its code.
    pub school: String,
    /// Its city in the release.
    pub city: String,
    /// Whether it meets all standards that apply to it; `null` where that cannot be said, or is not told.
    pub meets_all: Option<bool>,
    /// In the order of the standards.
    pub cells: Vec<JudgedView>,
}

/// All schools together in one period.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComplianceTrendView {
    /// The period.
    pub period: String,
    /// The province.
    #[serde(flatten)]
    pub province: ComplianceGroupView,
}

/// Who meets the standards.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComplianceView {
    /// The version it was answered from.
    pub release: String,
    /// The period.
    pub period: String,
    /// The standards that hold in it.
    pub standards: Vec<StandardView>,
    /// All schools together.
    pub province: ComplianceGroupView,
    /// City by city.
    pub cities: Vec<ComplianceGroupView>,
    /// School by school.
    pub schools: Vec<SchoolComplianceView>,
    /// All schools together in each period of the release, oldest first.
    pub trend: Vec<ComplianceTrendView>,
}

fn group(standards: &[Standard], group: &Group) -> ComplianceGroupView {
    let cell = |(indicator, cell): (&str, &Cell)| ComplianceCellView {
        judged: JudgedView::new(indicator, &cell.judged),
        schools: cell.schools,
        judged_schools: cell.share.map(|share| share.of),
        meeting: cell.share.map(|share| share.meeting),
        share: number(cell.share.and_then(Share::percent)),
    };
    let codes = standards.iter().map(|standard| standard.indicator.as_str());
    ComplianceGroupView {
        city: group.city.clone(),
        cells: codes.zip(&group.cells).map(cell).collect(),
        judged_schools: group.all.map(|share| share.of),
        meeting_all: group.all.map(|share| share.meeting),
        share_meeting_all: number(group.all.and_then(Share::percent)),
    }
}

impl From<&Compliance> for ComplianceView {
    fn from(answer: &Compliance) -> Self {
        let standards = answer.standards.iter().map(|one| StandardView {
            indicator: one.indicator.clone(),
            threshold: number(Some(one.threshold)),
            better: one.better.word(),
        });
        let schools = answer.schools.iter().map(|school| SchoolComplianceView {
            school: school.code.clone(),
            city: school.city.clone(),
            meets_all: school.meets_all(),
            cells: answer
                .standards
                .iter()
                .zip(&school.cells)
                .map(|(standard, judged)| JudgedView::new(&standard.indicator, judged))
                .collect(),
        });
        let trend = answer.trend.iter().map(|one| ComplianceTrendView {
            period: one.period.clone(),
            province: group(&one.standards, &one.province),
        });
        Self {
            release: answer.release.clone(),
            period: answer.period.clone(),
            standards: standards.collect(),
            province: group(&answer.standards, &answer.province),
            cities: answer.cities.iter().map(|one| group(&answer.standards, one)).collect(),
            schools: schools.collect(),
            trend: trend.collect(),
        }
    }
}

/// The words of a list, each of them known.
fn words<T: Copy>(
    name: &str,
    text: Option<&str>,
    all: &[T],
    word: fn(T) -> &'static str,
    faults: &mut Vec<Finding>,
) -> Option<Vec<T>> {
    let list: Vec<&str> = all.iter().map(|one| word(*one)).collect();
    let mut read = Vec::new();
    for said in text?.split(',').map(str::trim) {
        match all.iter().find(|one| word(**one) == said.to_lowercase()) {
            Some(one) => read.push(*one),
            None => {
                let message = Text::new(
                    format!("{name} 应为 {} 之一", list.join(", ")),
                    format!("`{name}` is one of {}", list.join(", ")),
                );
                faults.push(Finding::error("filter", format!("/{name}"), message).with(list.join(", "), said));
            }
        }
    }
    Some(read)
}

fn filter(query: &ComplianceQuery) -> Result<Filter> {
    let mut faults = Vec::new();
    let filter = Filter {
        city: query.city.as_deref().map(|list| list.split(',').map(|code| code.trim().to_owned()).collect()),
        ownership: words("ownership", query.ownership.as_deref(), Ownership::ALL, Ownership::word, &mut faults),
        category: words("category", query.category.as_deref(), SchoolCategory::ALL, SchoolCategory::word, &mut faults),
        tier: words("tier", query.tier.as_deref(), SchoolTier::ALL, SchoolTier::word, &mut faults),
        consortium: query.consortium.clone(),
        search: query.search.clone(),
    };
    if faults.is_empty() { Ok(filter) } else { Err(Error::Invalid(faults)) }
}

/// Who meets the standards: by school, by city, in the province, and over the periods of the release.
///
/// Of protected standards whoever is not an official of the schools is told the groups' own statistic and its gap.
#[utoipa::path(
    tag = "releases", operation_id = "compliance", params(ComplianceQuery),
    responses((status = 200, body = ComplianceView), (status = 403, body = ProblemView),
              (status = 404, body = ProblemView), (status = 422, body = ProblemView))
)]
#[get("/v1/compliance")]
pub async fn get(ctx: Ctx, query: web::Query<ComplianceQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let filter = filter(&query)?;
    let ask = Ask { period: query.period, filter, release: query.release };
    let answer = compliance::compliance(&ctx, &ask).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(ComplianceView::from(&answer)))
}

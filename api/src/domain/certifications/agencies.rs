//! Agencies (评估机构): who evaluates the teachers of which major categories. The province says so.

use std::collections::BTreeMap;

use entity::{certification_agency as agency, certification_assignment as assignment, ids::AgencyCode};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    domain::{
        faults::Faults,
        journal::{self, Event},
        precondition::Match,
    },
    error::{Error, Result, Text},
};

/// The most major categories of one agency.
const MOST: usize = 100;

/// An agency and what it evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// The agency.
    pub row: agency::Model,
    /// Its major categories, in the order of their names.
    pub major_categories: Vec<String>,
}

impl Agency {
    /// Its strong ETag.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.row.version)
    }
}

/// What an agency is to be: stated whole.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What it is called.
    pub name: String,
    /// What it evaluates from now on; what is with it stays with it.
    pub major_categories: Vec<String>,
}

/// Every agency, by code.
pub async fn all(ctx: &Ctx) -> Result<Vec<Agency>> {
    read(ctx, ctx.db.read()).await
}

async fn read(ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Vec<Agency>> {
    let rows = ctx.visible::<agency::Entity>().order_by_asc(agency::Column::Code).all(db).await?;
    let assigned = ctx.visible::<assignment::Entity>().order_by_asc(assignment::Column::MajorCategory).all(db).await?;
    let mut of: BTreeMap<AgencyCode, Vec<String>> = BTreeMap::new();
    for one in assigned {
        of.entry(one.agency_code).or_default().push(one.major_category);
    }
    Ok(rows.into_iter().map(|row| Agency { major_categories: of.remove(&row.code).unwrap_or_default(), row }).collect())
}

/// Who evaluates a major category now, if anybody.
pub(super) async fn of_category(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    major_category: &str,
) -> Result<Option<AgencyCode>> {
    let found = ctx
        .visible::<assignment::Entity>()
        .filter(assignment::Column::MajorCategory.eq(major_category))
        .one(db)
        .await?;
    Ok(found.map(|row| row.agency_code))
}

/// States an agency whole; one that is not there yet is made. Returns whether it was made now.
///
/// # Errors
/// In this order: 403, 428 without and 412 with another version than the present one, 422 with everything that is
/// wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn state(ctx: &Ctx, code: &str, said: State, if_match: Option<&Match>) -> Result<(Agency, bool)> {
    ctx.require(Action::Create, Kind::CertificationPlan)?;
    let tx = ctx.begin().await?;
    let there = read(ctx, &tx).await?;
    let old = there.iter().find(|one| one.row.code == *code);
    if let Some(old) = old {
        Match::judge(if_match, old.etag())?;
    }
    let mut faults = Faults::default();
    if !is_code(code) {
        let text = (
            "机构代码由小写字母、数字和连字符组成，最长 40 位",
            "A code has lower-case letters, digits and hyphens, at most 40",
        );
        faults.add("code_form", "/agency", text, "engineering", code.chars().take(80).collect::<String>());
    }
    faults.text("/name", &said.name, true);
    let categories: Vec<String> = said.major_categories.iter().map(|word| word.trim().to_owned()).collect();
    check(&categories, code, &there, &mut faults);
    faults.verdict()?;

    let at = now();
    let mut categories = categories;
    categories.sort_unstable();
    let is_new = old.is_none();
    let row = agency::Model {
        code: code.into(),
        name: said.name.trim().to_owned(),
        version: old.map_or(1, |old| old.row.version + 1),
        created_at: old.map_or(at, |old| old.row.created_at),
        updated_at: at,
    };
    if let Some(old) = old {
        if old.row.name == row.name && old.major_categories == categories {
            return Ok((old.clone(), false));
        }
        replace(ctx, &tx, old.row.version, &row).await?;
    } else {
        agency::Entity::insert(agency::ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    }
    ctx.remove::<assignment::Entity>().filter(assignment::Column::AgencyCode.eq(code)).exec(&tx).await?;
    let assigned = categories.iter().map(|word| {
        assignment::ActiveModel::from(assignment::Model { major_category: word.clone(), agency_code: code.into() })
    });
    if !categories.is_empty() {
        assignment::Entity::insert_many(assigned).exec_without_returning(&tx).await?;
    }
    let event = Event {
        action: "certification_agency.stated",
        object: code.to_owned(),
        data: json!({ "name": row.name, "major_categories": categories, "version": row.version }),
        ..Event::default()
    };
    journal::record(&tx, ctx, event).await?;
    tx.commit().await?;
    Ok((Agency { row, major_categories: categories }, is_new))
}

fn is_code(code: &str) -> bool {
    (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn check(categories: &[String], code: &str, there: &[Agency], faults: &mut Faults) {
    if categories.len() > MOST {
        let said = (format!("最多 {MOST} 个专业大类"), format!("There are at most {MOST} major categories"));
        faults.add("too_many", "/major_categories", said, format!("≤ {MOST}"), categories.len().to_string());
    }
    for (at, word) in categories.iter().enumerate().take(MOST) {
        let pointer = format!("/major_categories/{at}");
        faults.text(&pointer, word, true);
        if categories.iter().take(at).any(|other| other == word) {
            faults.add(
                "twice",
                &pointer,
                ("此专业大类重复", "This major category stands here twice"),
                "",
                word.as_str(),
            );
        }
        let other = there.iter().find(|one| one.row.code != *code && one.major_categories.contains(word));
        if let Some(other) = other {
            let said = (
                format!("专业大类“{word}”已由 {} 评估，请先从该机构移除", other.row.code),
                format!("`{word}` is evaluated by {}: take it from there first", other.row.code),
            );
            faults.add("assigned_elsewhere", &pointer, said, "", word.as_str());
        }
    }
}

async fn replace(ctx: &Ctx, db: &impl ConnectionTrait, version: i32, row: &agency::Model) -> Result<()> {
    use agency::Column as C;
    let done = ctx
        .change::<agency::Entity>()
        .col_expr(C::Name, Expr::value(row.name.clone()))
        .col_expr(C::Version, Expr::value(row.version))
        .col_expr(C::UpdatedAt, Expr::value(row.updated_at))
        .filter(C::Code.eq(row.code.clone()))
        .filter(C::Version.eq(version))
        .exec(db)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::PreconditionFailed { current: None }) }
}

/// The refusal where nobody evaluates a major category.
pub(super) fn nobody(major_category: &str) -> Error {
    Error::Conflict(Text::new(
        format!("专业大类“{major_category}”尚无评估机构，请由 PROVINCE 指定"),
        format!("Nobody evaluates `{major_category}` yet: PROVINCE assigns an agency"),
    ))
}

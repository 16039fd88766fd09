//! Partnerships (校企合作): entered by one side, confirmed by the other, and ended by either.
//!
//! Here is who is found how; `steps` has the verbs, `said` judges what they are given, `statistics` counts. What is
//! proposed, refused or withdrawn is its two sides' own, with their cities and the province; what is active or has
//! ended is public, held in memory, and counted in the derived table (`memory::derived`).

mod said;
mod statistics;
mod steps;

use std::collections::BTreeSet;

use entity::{
    enterprise,
    ids::RowId,
    partnership, school,
    words::{EntryKind, PartnershipSide, PartnershipState},
};
use sea_orm::{
    ColumnTrait, Condition, PaginatorTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, Query},
};
use uuid::Uuid;

pub(crate) use self::said::evidence_of;
pub use self::{
    said::{New, Said},
    statistics::{By, Line, statistics},
    steps::{change, confirm, end, propose, refuse, withdraw},
};
pub(super) use self::{
    said::{day, evidence, kind, title},
    steps::today,
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::{Error, Finding, Result, Text},
    formats::words::narrow,
    memory::{registry::Registry, search::Words},
    page::{self, Ask, Page},
};

/// Where partnerships that were entered stand among those of a file: behind them, in the order in which they came.
const ENTERED: i32 = i32::MAX;

/// Which partnerships; what is not named keeps all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these kinds.
    pub kind: Option<Vec<String>>,
    /// In these states.
    pub state: Option<Vec<PartnershipState>>,
    /// Of these schools, by code.
    pub school: Option<Vec<String>>,
    /// Of these enterprises, by code.
    pub enterprise: Option<Vec<String>>,
    /// Of schools or enterprises in these cities, by code.
    pub city: Option<Vec<String>>,
    /// Of schools or enterprises that are members of this consortium, by code.
    pub consortium: Option<String>,
    /// About these majors, by their six digits.
    pub major: Option<Vec<String>>,
    /// Each of these words in what it is called, or in a name of one of its sides.
    pub search: Option<String>,
}

/// The most words of a search.
const MOST_WORDS: usize = 20;

/// The most names that the words of a search may be found in, all together: each is a parameter of the statement,
/// and SQLite takes 32,766.
const MOST_NAMED: usize = 20_000;

impl Filter {
    fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use partnership::Column as C;
        let some = |column: C, words: &Option<Vec<String>>| {
            words.as_ref().map(|words| column.is_in(words.iter().map(String::as_str)))
        };
        let of_city = self.city.as_ref().map(|cities| {
            let cities = || cities.iter().map(String::as_str);
            let schools = Query::select()
                .column(school::Column::Code)
                .from(school::Entity)
                .and_where(school::Column::CityCode.is_in(cities()))
                .to_owned();
            let enterprises = Query::select()
                .column(enterprise::Column::Code)
                .from(enterprise::Entity)
                .and_where(enterprise::Column::CityCode.is_in(cities()))
                .to_owned();
            Condition::any().add(C::SchoolCode.in_subquery(schools)).add(C::EnterpriseCode.in_subquery(enterprises))
        });
        let registry = ctx.memory.registry();
        // What was merged is asked for by its old code, too.
        let enterprises = self.enterprise.as_ref().map(|codes| {
            let kept = codes.iter().map(|code| registry.survivor(EntryKind::Enterprise, code));
            C::EnterpriseCode.is_in(kept.collect::<Vec<_>>())
        });
        let of_consortium = self.consortium.as_ref().map(|code| {
            let code = registry.survivor(EntryKind::Consortium, code);
            let members = || registry.members.of(code);
            let schools: Vec<_> = members().filter_map(|row| row.school_code.clone()).collect();
            let enterprises: Vec<_> = members().filter_map(|row| row.enterprise_code.clone()).collect();
            Condition::any().add(C::SchoolCode.is_in(schools)).add(C::EnterpriseCode.is_in(enterprises))
        });
        let answering = self.search.as_deref().map(|typed| found(&registry, typed)).transpose()?;
        Ok(Condition::all()
            .add_option(some(C::Kind, &self.kind))
            .add_option(self.state.as_ref().map(|states| C::State.is_in(states.iter().copied())))
            .add_option(some(C::SchoolCode, &self.school))
            .add_option(enterprises)
            .add_option(of_city)
            .add_option(of_consortium)
            .add_option(some(C::MajorCode, &self.major))
            .add_option(answering))
    }
}

/// What answers to each of some words: by what it is called, or by a name of one of its sides.
///
/// # Errors
/// 422 for more words, or words that more names have, than one statement takes.
fn found(registry: &Registry, typed: &str) -> Result<Condition> {
    use partnership::Column as C;
    let typed: BTreeSet<&str> = typed.split_whitespace().collect();
    if typed.len() > MOST_WORDS {
        let text = Text::new(format!("最多 {MOST_WORDS} 个词"), format!("At most {MOST_WORDS} words"));
        let finding = Finding::error("too_many", "/search", text);
        return Err(Error::Invalid(vec![finding.with(format!("≤ {MOST_WORDS}"), typed.len().to_string())]));
    }
    let (mut all, mut named) = (Condition::all(), 0);
    for typed in typed {
        let words = Words::new(typed);
        let answers = |kind: EntryKind, code: &str| registry.names(kind, code).is_some_and(|names| words.find(names));
        let schools: Vec<_> = {
            let rows = registry.schools.all().iter().map(|row| &row.code);
            rows.filter(|code| answers(EntryKind::School, code.as_str())).cloned().collect()
        };
        let enterprises: Vec<_> = {
            let rows = registry.enterprises.all().iter().map(|row| &row.code);
            rows.filter(|code| answers(EntryKind::Enterprise, code.as_str())).cloned().collect()
        };
        let institutions: Vec<_> = {
            let rows = registry.institutions.all().iter().map(|row| &row.code);
            rows.filter(|code| answers(EntryKind::Institution, code.as_str())).cloned().collect()
        };
        named += schools.len() + enterprises.len() + institutions.len();
        if named > MOST_NAMED {
            let text =
                Text::new("符合这些词的名称太多，请写得更具体", "Too many names have these words: say more of one");
            let finding = Finding::error("too_general", "/search", text);
            return Err(Error::Invalid(vec![finding.with(format!("≤ {MOST_NAMED}"), format!("> {MOST_NAMED}"))]));
        }
        let called = |column: C| {
            let plain = narrow(typed).to_lowercase();
            // What means something to LIKE stands for itself.
            let plain = plain.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            Expr::expr(Func::lower(Expr::col((partnership::Entity, column))))
                .like(LikeExpr::new(format!("%{plain}%")).escape('\\'))
        };
        all = all.add(
            Condition::any()
                .add(C::SchoolCode.is_in(schools))
                .add(C::EnterpriseCode.is_in(enterprises))
                .add(C::InstitutionCode.is_in(institutions))
                .add(called(C::Label))
                .add(called(C::LabelEn))
                .add(called(C::OtherPartner)),
        );
    }
    Ok(all)
}

/// Where a partnership stands in the list.
pub type Place = (i32, Uuid);

/// The place of a row.
pub const fn place(row: &partnership::Model) -> Place {
    (row.position, row.id.0)
}

/// The partnerships that are there for the caller: those of files in their order, then those that were entered.
///
/// # Errors
/// 422 for a search that no statement takes.
pub async fn list(ctx: &Ctx, filter: &Filter, ask: &Ask<Place>) -> Result<Page<partnership::Model>> {
    let all = ctx.visible::<partnership::Entity>().filter(filter.condition(ctx)?);
    let total = all.clone().count(ctx.db.read()).await?;
    let mut cursor = all.cursor_by((partnership::Column::Position, partnership::Column::Id));
    if let Some((position, id)) = ask.after {
        cursor.after((position, RowId(id)));
    }
    cursor.first(u64::try_from(ask.limit).map_err(Error::internal)? + 1);
    let mut items = cursor.all(ctx.db.read()).await?;
    let has_next = items.len() > ask.limit;
    items.truncate(ask.limit);
    Ok(Page { items, has_next, has_previous: ask.after.is_some(), total })
}

/// A cursor of [`list`].
pub fn cursor((position, id): Place) -> String {
    page::cursor(&[&position.to_string(), &id.to_string()])
}

/// Reads a cursor of [`list`].
///
/// # Errors
/// 422 for what is none.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<Place> {
    let [position, id] = page::read_cursor(cursor, pointer)?;
    position.parse().ok().zip(id.parse().ok()).ok_or_else(|| page::no_cursor(pointer))
}

/// One partnership.
///
/// # Errors
/// 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<partnership::Model> {
    ctx.one::<partnership::Entity>(ctx.db.read(), Action::Read, which(id)?).await
}

/// The partnership of an id; what is no id is nothing that is there.
fn which(id: &str) -> Result<Condition> {
    let id: Uuid = id.parse().map_err(|_| Error::NotFound(Kind::Partnership))?;
    Ok(Condition::all().add(partnership::Column::Id.eq(RowId(id))))
}

/// The strong ETag of a partnership.
pub fn etag(row: &partnership::Model) -> String {
    format!("\"{}\"", row.version)
}

/// What a side is called in a sentence.
const fn called(side: PartnershipSide) -> (&'static str, &'static str) {
    match side {
        PartnershipSide::School => ("学校（SCHOOL）", "the school (SCHOOL)"),
        PartnershipSide::Enterprise => ("企业（ENTERPRISE）", "the enterprise (ENTERPRISE)"),
        PartnershipSide::Province => ("省级（PROVINCE）", "the province (PROVINCE)"),
    }
}

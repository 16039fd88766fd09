//! Statistical periods: `2023` is a calendar year, `2022-2023` a school year.
//!
//! Any well-formed period exists. Officials may announce one, for everybody to see before anything is reported.

use chrono::NaiveDate;
use entity::{dataset, ids::PeriodCode, period, release_table, submission, words::PeriodKind};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, OnConflict},
};
use serde_json::json;

use super::{
    faults::Faults,
    journal::{self, Event},
};
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::{Error, Finding, Result, Text},
    memory::editions,
};

/// A period that is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// As written.
    pub code: PeriodCode,
    /// What it is.
    pub kind: PeriodKind,
    first_year: i32,
}

impl Period {
    /// Reads a period's code.
    pub fn parse(code: &str) -> Option<Self> {
        let year = |text: &str| {
            let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i32>().ok().filter(|year| digits && (1949..=2099).contains(year))
        };
        let (kind, first_year) = match code.split_once('-') {
            None => (PeriodKind::CalendarYear, year(code)?),
            Some((first, second)) => {
                let first = year(first)?;
                (PeriodKind::SchoolYear, (year(second)? == first + 1).then_some(first)?)
            }
        };
        Some(Self { code: PeriodCode(code.to_owned()), kind, first_year })
    }

    /// Reads a period's code of either kind, or says that it is none.
    pub fn read(code: &str, pointer: &str) -> Result<Self> {
        Self::parse(code).ok_or_else(|| {
            let text = Text::new("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023");
            Error::Invalid(vec![Finding::error("period_form", pointer, text).with("2023, 2022-2023", code)])
        })
    }

    /// Reads a period's code for a table of this kind, or says what is wrong with it.
    pub fn expect(code: &str, kind: PeriodKind, pointer: &str) -> Result<Self> {
        let form = match kind {
            PeriodKind::CalendarYear => "2023",
            PeriodKind::SchoolYear => "2022-2023",
        };
        Self::parse(code).filter(|period| period.kind == kind).ok_or_else(|| {
            Error::Invalid(vec![
                Finding::error(
                    "period_form",
                    pointer,
                    Text::new(
                        format!("统计期“{code}”的写法不对，应如 {form}"),
                        format!("`{code}` is not a period of this table; it is written like {form}"),
                    ),
                )
                .with(form, code),
            ])
        })
    }

    /// Reads a period's code for a table, or says what is wrong: that it is none of this table's kind, or that the
    /// table is not reported for it.
    pub fn of(dataset: &dataset::Model, code: &str, pointer: &str) -> Result<Self> {
        let period = Self::expect(code, dataset.period_kind, pointer)?;
        if editions::is_reported(dataset, period.code.as_str()) {
            return Ok(period);
        }
        let bound = |bound: &Option<PeriodCode>| bound.as_ref().map(|period| period.0.clone()).unwrap_or_default();
        let reported = format!("{}–{}", bound(&dataset.valid_from), bound(&dataset.valid_to));
        let text = Text::new(
            format!("报表“{}”不在统计期 {code} 填报（{reported}）", dataset.name),
            format!("Table `{}` is not reported for {code} ({reported})", dataset.code),
        );
        Err(Error::Invalid(vec![Finding::error("period_validity", pointer, text).with(reported, code)]))
    }

    /// The period before, of the same kind.
    pub fn previous(&self) -> PeriodCode {
        let year = self.first_year - 1;
        PeriodCode(match self.kind {
            PeriodKind::CalendarYear => year.to_string(),
            PeriodKind::SchoolYear => format!("{year}-{}", self.first_year),
        })
    }

    /// Its first and its last day: a school year runs from September to August.
    pub fn days(&self) -> Result<(NaiveDate, NaiveDate)> {
        let date = |year, month, day| {
            NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| Error::internal("a period without dates"))
        };
        Ok(match self.kind {
            PeriodKind::CalendarYear => (date(self.first_year, 1, 1)?, date(self.first_year, 12, 31)?),
            PeriodKind::SchoolYear => (date(self.first_year, 9, 1)?, date(self.first_year + 1, 8, 31)?),
        })
    }

    fn row(&self, is_announced: bool) -> Result<period::Model> {
        let (starts_on, ends_on) = self.days()?;
        Ok(period::Model { code: self.code.clone(), kind: self.kind, starts_on, ends_on, is_announced })
    }

    /// Makes sure that the period has a row: any well-formed period exists.
    pub async fn ensure(&self, db: &impl ConnectionTrait) -> Result<()> {
        period::Entity::insert(period::ActiveModel::from(self.row(false)?))
            .on_conflict(OnConflict::column(period::Column::Code).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(db)
            .await?;
        Ok(())
    }
}

/// Every period that is announced, or that the caller knows a table or a release of, in the order of their
/// beginning. A period has a row as soon as anybody drafts a table for it, and that is nobody else's business.
pub async fn list(ctx: &Ctx) -> Result<Vec<period::Model>> {
    let reported =
        ctx.visible::<submission::Entity>().select_only().column(submission::Column::PeriodCode).into_query();
    let released =
        ctx.visible::<release_table::Entity>().select_only().column(release_table::Column::PeriodCode).into_query();
    let known = Condition::any()
        .add(period::Column::IsAnnounced.eq(true))
        .add(period::Column::Code.in_subquery(reported))
        .add(period::Column::Code.in_subquery(released));
    let rows = ctx
        .visible::<period::Entity>()
        .filter(known)
        .order_by_asc(period::Column::StartsOn)
        .order_by_asc(period::Column::Code);
    Ok(rows.all(ctx.db.read()).await?)
}

/// A period to announce. Kind and days follow from the code; they are there to be checked.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// `2023`, or `2022-2023`.
    pub code: String,
    /// `calendar_year` or `school_year`.
    pub kind: Option<String>,
    /// Its first day.
    pub starts_on: Option<NaiveDate>,
    /// Its last day.
    pub ends_on: Option<NaiveDate>,
}

/// Announces a period, for everybody to see before anything is reported for it.
///
/// # Errors
/// 403, 409 where it is announced already, 422 with everything that is wrong with it.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn add(ctx: &Ctx, new: New) -> Result<period::Model> {
    ctx.require(Action::Create, Kind::Catalogue)?;
    let row = judge(&new)?;
    let tx = ctx.begin().await?;
    // It may have a row already, since somebody drafts a table for it: that is not told.
    let Some(period) = Period::parse(&new.code) else { return Err(Error::internal("a period that is none")) };
    period.ensure(&tx).await?;
    let announced = ctx
        .change::<period::Entity>()
        .col_expr(period::Column::IsAnnounced, Expr::value(true))
        .filter(period::Column::Code.eq(row.code.clone()))
        .filter(period::Column::IsAnnounced.eq(false))
        .exec(&tx)
        .await?;
    if announced.rows_affected == 0 {
        return Err(Error::Conflict(Text::new(
            format!("统计期 {} 已经公布", row.code),
            format!("The period {} is there already", row.code),
        )));
    }
    let data = json!({ "kind": row.kind.word(), "starts_on": row.starts_on, "ends_on": row.ends_on });
    let object = format!("period/{}", row.code);
    journal::record(&tx, ctx, Event { action: "period.added", object, data, ..Event::default() }).await?;
    tx.commit().await?;
    Ok(row)
}

/// What may be wrong with the periods that something is about.
impl Faults {
    /// A period of a table of this kind; of any kind where the table is not known.
    pub(super) fn period(&mut self, at: &str, period: &str, kind: Option<PeriodKind>) -> bool {
        let is_good = Period::parse(period).is_some_and(|period| kind.is_none_or(|kind| kind == period.kind));
        if !is_good {
            let form = match kind {
                Some(PeriodKind::SchoolYear) => "2022-2023",
                Some(PeriodKind::CalendarYear) | None => "2023",
            };
            self.add("period_form", at, ("不是该报表的统计期", "This is not a period of the table"), form, period);
        }
        is_good
    }

    /// The first and the last period that something holds for.
    pub(super) fn validity(&mut self, from: Option<&PeriodCode>, to: Option<&PeriodCode>, kind: Option<PeriodKind>) {
        let bounds = [("/valid_from", from), ("/valid_to", to)];
        let good = bounds.map(|(at, bound)| bound.is_none_or(|bound| self.period(at, bound.as_str(), kind)));
        if let ([true, true], Some(from), Some(to)) = (good, from, to)
            && from > to
        {
            let said = ("止于开始之前", "It ends before it begins");
            self.add("validity", "/valid_to", said, format!("≥ {from}"), to.as_str());
        }
    }
}

fn judge(new: &New) -> Result<period::Model> {
    let mut faults = Faults::default();
    let kind = new.kind.as_ref().and_then(|word| faults.word("kind", word, PeriodKind::ALL, PeriodKind::word));
    let Some(period) = Period::parse(&new.code) else {
        let text = ("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023");
        faults.add("period_form", "/code", text, "2023, 2022-2023", new.code.as_str());
        faults.verdict()?;
        return Err(Error::internal("a fault that is none"));
    };
    let row = period.row(true)?;
    if let Some(kind) = kind.filter(|kind| *kind != row.kind) {
        let text = ("与统计期编码不符", "The code says another kind");
        faults.add("kind", "/kind", text, row.kind.word(), kind.word());
    }
    for (at, said, is) in [("/starts_on", new.starts_on, row.starts_on), ("/ends_on", new.ends_on, row.ends_on)] {
        if let Some(said) = said.filter(|said| *said != is) {
            let text = (
                "公历年为 1 月 1 日至 12 月 31 日，学年为 9 月 1 日至次年 8 月 31 日",
                "A calendar year is from 1 January to 31 December, a school year from 1 September to 31 August",
            );
            faults.add("period_days", at, text, is.to_string(), said.to_string());
        }
    }
    faults.verdict()?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_year_or_two_consecutive_ones() {
        assert_eq!(Period::parse("2023").unwrap().previous(), PeriodCode::from("2022"));
        assert_eq!(Period::parse("2022-2023").unwrap().previous(), PeriodCode::from("2021-2022"));
        for wrong in ["", "23", "02023", "2023-", "2022-2024", "2023-2022", "２０２３", "2023 ", "1900"] {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
    }
}

//! Statistical periods: `2023` is a calendar year, `2022-2023` a school year.

use chrono::NaiveDate;
use entity::{ids::PeriodCode, period, words::PeriodKind};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};

use crate::error::{Error, Finding, Result, Text};

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

    /// The period before, of the same kind.
    pub fn previous(&self) -> PeriodCode {
        let year = self.first_year - 1;
        PeriodCode(match self.kind {
            PeriodKind::CalendarYear => year.to_string(),
            PeriodKind::SchoolYear => format!("{year}-{}", self.first_year),
        })
    }

    /// Makes sure that the period has a row: any well-formed period exists.
    pub async fn ensure(&self, db: &impl ConnectionTrait) -> Result<()> {
        let date = |year, month, day| {
            NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| Error::internal("a period without dates"))
        };
        // A school year runs from September to August.
        let (starts_on, ends_on) = match self.kind {
            PeriodKind::CalendarYear => (date(self.first_year, 1, 1)?, date(self.first_year, 12, 31)?),
            PeriodKind::SchoolYear => (date(self.first_year, 9, 1)?, date(self.first_year + 1, 8, 31)?),
        };
        period::Entity::insert(period::ActiveModel {
            code: Set(self.code.clone()),
            kind: Set(self.kind),
            starts_on: Set(starts_on),
            ends_on: Set(ends_on),
        })
        .on_conflict(OnConflict::column(period::Column::Code).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
        Ok(())
    }
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

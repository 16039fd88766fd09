//! Certificates (证书): numbered in their order, verified by a code that nobody guesses, and silent on the person.

use std::collections::HashMap;

use chrono::{Datelike, Months, NaiveDate};
use entity::{
    certificate_sequence as sequence, ids::RowId, teacher_certificate as certificate,
    teacher_certification as certification,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    authn::secrets,
    authz::{Action, Kind},
    ctx::Ctx,
    db::now,
    error::{Error, Result},
};

/// Letters of a code: as many as hold sixteen random bytes. No digits, so that no part of one is ever taken for
/// a number of somebody's.
const LETTERS: usize = 28;
const ALPHABET: u128 = 26;

/// Whether a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is.
    Valid,
    /// Its last day is over.
    Expired,
    /// It was taken away.
    Revoked,
}

impl Standing {
    /// The word of REST.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// What a certificate is on a day.
    pub fn of(row: &certificate::Model, today: NaiveDate) -> Self {
        if row.revoked_at.is_some() {
            Self::Revoked
        } else if row.valid_until < today {
            Self::Expired
        } else {
            Self::Valid
        }
    }
}

/// A code of sixteen random bytes, in letters.
fn code() -> Result<String> {
    let mut rest = u128::from_be_bytes(secrets::random_bytes::<16>()?);
    let mut code = String::with_capacity(LETTERS);
    for _ in 0..LETTERS {
        let digit = u8::try_from(rest % ALPHABET).map_err(Error::internal)?;
        code.push(char::from(b'a' + digit));
        rest /= ALPHABET;
    }
    Ok(code)
}

/// What no code looks like is not looked up.
fn is_code(text: &str) -> bool {
    text.len() == LETTERS && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Issues the certificate of an application: the next number of its year.
pub(super) async fn issue(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    row: &certification::Model,
    valid_until: Option<NaiveDate>,
) -> Result<()> {
    let valid_from = ctx.actor.today();
    let months = Months::new(ctx.terms.validity_years.saturating_mul(12));
    let usual = valid_from.checked_add_months(months).and_then(|day| day.pred_opt()).unwrap_or(valid_from);
    let province: String = ctx.actor.org().chars().take(2).collect();
    let year = valid_from.year();
    let issued = certificate::Model {
        code: code()?,
        number: format!("{year}-{province}-{:06}", next(ctx, db, year).await?),
        application_id: row.id,
        school_code: row.school_code.clone(),
        level: row.level,
        major_category: row.major_category.clone(),
        valid_from,
        valid_until: valid_until.unwrap_or(usual),
        revoked_at: None,
        created_at: now(),
    };
    certificate::Entity::insert(certificate::ActiveModel::from(issued)).exec_without_returning(db).await?;
    Ok(())
}

/// The next running number of a year. Its row is locked until the transaction ends, so that two officials who
/// decide at once wait for each other and no number is given twice.
async fn next(ctx: &Ctx, db: &impl ConnectionTrait, year: i32) -> Result<i32> {
    use sequence::Column as C;
    let first = sequence::ActiveModel::from(sequence::Model { year, last: 0 });
    sequence::Entity::insert(first)
        .on_conflict(OnConflict::column(C::Year).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    ctx.change::<sequence::Entity>()
        .col_expr(C::Last, Expr::col(C::Last).add(1))
        .filter(C::Year.eq(year))
        .exec(db)
        .await?;
    Ok(ctx.one::<sequence::Entity>(db, Action::Accept, C::Year.eq(year)).await?.last)
}

/// Takes the certificate of an application away.
pub(super) async fn revoke(ctx: &Ctx, db: &impl ConnectionTrait, row: &certification::Model) -> Result<()> {
    ctx.change::<certificate::Entity>()
        .col_expr(certificate::Column::RevokedAt, Expr::value(Some(now())))
        .filter(certificate::Column::ApplicationId.eq(row.id))
        .exec(db)
        .await?;
    Ok(())
}

/// The certificate with this code, whoever asks.
///
/// # Errors
/// 404.
pub async fn get(ctx: &Ctx, code: &str) -> Result<certificate::Model> {
    if !is_code(code) {
        return Err(Error::NotFound(Kind::Certificate));
    }
    ctx.one::<certificate::Entity>(ctx.db.read(), Action::Read, certificate::Column::Code.eq(code)).await
}

/// The certificates of applications that the caller has before it: one statement.
pub async fn of_applications(ctx: &Ctx, ids: &[RowId]) -> Result<HashMap<RowId, certificate::Model>> {
    let rows = ctx
        .visible::<certificate::Entity>()
        .filter(certificate::Column::ApplicationId.is_in(ids.iter().copied()))
        .all(ctx.db.read())
        .await?;
    Ok(rows.into_iter().map(|row| (row.application_id, row)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn codes_are_of_letters_and_differ() {
        let codes: std::collections::HashSet<String> = (0..1_000).map(|_| code().unwrap()).collect();
        assert_eq!(codes.len(), 1_000);
        assert!(codes.iter().all(|code| is_code(code)), "{codes:?}");
        for wrong in ["", "a", &"A".repeat(28), &"a".repeat(29), &"1".repeat(28)] {
            assert!(!is_code(wrong), "{wrong}");
        }
    }
}

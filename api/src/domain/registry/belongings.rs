//! What hangs on an entry beside the registry, and moves when it is merged into another: what an enterprise was
//! certified and given, where it applied, what it seeks and offers and was interested in; who wants to join a
//! consortium, and what it has done.

use entity::{
    consortium_activity, consortium_application, enterprise_certification, incentive, opportunity, opportunity_interest,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter,
    sea_query::{Expr, Query},
};

use crate::{
    authz::{self, Actor},
    error::Result,
    memory::market,
};

/// Moves all that is an enterprise's; says how many rows that were.
///
/// Where there can be one row only and the one that is kept has it already, that of the one that goes stays with
/// its code: both are true of what they were, and the old code leads on.
pub(super) async fn carry(db: &impl ConnectionTrait, kept: &str, gone: &str) -> Result<u64> {
    let service = Actor::system("merge");
    let mut moved = 0;

    use incentive::Column as I;
    let given = authz::change::<incentive::Entity>(&service)
        .col_expr(I::EnterpriseCode, Expr::value(kept))
        .filter(I::EnterpriseCode.eq(gone));
    moved += given.exec(db).await?.rows_affected;

    use consortium_application::Column as A;
    let asked = authz::change::<consortium_application::Entity>(&service)
        .col_expr(A::EnterpriseCode, Expr::value(kept))
        .filter(A::EnterpriseCode.eq(gone));
    moved += asked.exec(db).await?.rows_affected;

    use enterprise_certification::Column as C;
    let applied = Query::select()
        .column(C::BatchCode)
        .from(enterprise_certification::Entity)
        .and_where(C::EnterpriseCode.eq(kept))
        .to_owned();
    let certified = authz::change::<enterprise_certification::Entity>(&service)
        .col_expr(C::EnterpriseCode, Expr::value(kept))
        .filter(C::EnterpriseCode.eq(gone))
        .filter(C::BatchCode.not_in_subquery(applied));
    moved += certified.exec(db).await?.rows_affected;

    use opportunity::Column as O;
    let stamp = market::stamp(db).await?;
    let posted = authz::change::<opportunity::Entity>(&service)
        .col_expr(O::EnterpriseCode, Expr::value(kept))
        .col_expr(O::Stamp, Expr::value(stamp))
        .filter(O::EnterpriseCode.eq(gone));
    moved += posted.exec(db).await?.rows_affected;

    use opportunity_interest::Column as N;
    let spoken = Query::select()
        .column(N::OpportunityId)
        .from(opportunity_interest::Entity)
        .and_where(N::Party.eq(kept))
        .to_owned();
    let interested = authz::change::<opportunity_interest::Entity>(&service)
        .col_expr(N::EnterpriseCode, Expr::value(kept))
        .col_expr(N::Party, Expr::value(kept))
        .filter(N::EnterpriseCode.eq(gone))
        .filter(N::OpportunityId.not_in_subquery(spoken));
    moved += interested.exec(db).await?.rows_affected;
    Ok(moved)
}

/// Moves all that is a consortium's; says how many rows that were. Who has asked to join both is told by both.
pub(super) async fn carry_consortium(db: &impl ConnectionTrait, kept: &str, gone: &str) -> Result<u64> {
    let service = Actor::system("merge");
    use consortium_application::Column as A;
    let asked = authz::change::<consortium_application::Entity>(&service)
        .col_expr(A::ConsortiumCode, Expr::value(kept))
        .filter(A::ConsortiumCode.eq(gone));
    use consortium_activity::Column as C;
    let done = authz::change::<consortium_activity::Entity>(&service)
        .col_expr(C::ConsortiumCode, Expr::value(kept))
        .filter(C::ConsortiumCode.eq(gone));
    Ok(asked.exec(db).await?.rows_affected + done.exec(db).await?.rows_affected)
}

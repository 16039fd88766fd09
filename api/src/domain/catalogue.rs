//! What the upkeep of datasets and indicators shares: its transaction and its versions.

use entity::{dataset, words::PeriodKind};

use super::precondition::Match;
use crate::{
    ctx::Ctx,
    db::Transaction,
    error::{Error, Finding, Result, Text},
    memory::{self, Thing, derived, registry::Registry},
};

/// Begins a change of the catalogue, and reads the whole of it as it then stands.
///
/// The epoch is raised first: whoever changes the catalogue at the same time, on whichever instance, waits here,
/// so that two changes which are good each by itself never make a circle together.
pub(super) async fn begin(ctx: &Ctx) -> Result<(Transaction, Registry)> {
    let tx = ctx.begin().await?;
    memory::raise(&tx, Thing::Registry).await?;
    let registry = Registry::load(&tx).await?;
    Ok((tx, registry))
}

/// The strong ETag of a version.
pub(super) fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

/// Holds `If-Match` against a version: 428 without, 412 where it is another.
pub(super) fn matched(if_match: Option<&Match>, version: i32) -> Result<()> {
    match if_match {
        None => Err(Error::PreconditionRequired { current: etag(version) }),
        Some(Match::Tags(tags)) if !tags.iter().any(|tag| *tag == version.to_string()) => {
            Err(Error::PreconditionFailed { current: Some(etag(version)) })
        }
        Some(Match::Any | Match::Tags(_)) => Ok(()),
    }
}

/// What is told of a table that nobody states.
pub(super) fn of_nobody(at: &str, dataset: &str) -> Finding {
    let text = Text::new(
        format!(
            "报表“{dataset}”由登记的校企合作自动汇总，不需填报，也不能修改：请登记或确认校企合作（/v1/partnerships）"
        ),
        format!(
            "`{dataset}` is derived from the registered partnerships: nobody states or changes it; enter or confirm \
             partnerships instead (/v1/partnerships)"
        ),
    );
    Finding::error("derived_dataset", at, text)
}

/// Refuses to state or to change a table that nobody states.
///
/// # Errors
/// 422.
pub(super) fn expect_stated(at: &str, dataset: &str) -> Result<()> {
    if derived::is_derived(dataset) { Err(Error::Invalid(vec![of_nobody(at, dataset)])) } else { Ok(()) }
}

/// What its periods are, where there is such a table.
pub(super) fn kind_of(registry: &Registry, dataset: &str) -> Option<PeriodKind> {
    registry.datasets.get(dataset).map(|row: &dataset::Model| row.period_kind)
}

/// What was said, or what is there; the inner nothing takes it away.
pub(super) fn said<T: Clone, U: From<T> + Clone>(said: &Option<Option<T>>, there: &Option<U>) -> Option<U> {
    match said {
        None => there.clone(),
        Some(new) => new.clone().map(U::from),
    }
}

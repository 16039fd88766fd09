//! What officials have said through the interfaces stays as they have said it: a row of the registry that one of
//! them has changed is left alone, whatever a folder says of it.

use std::collections::{HashMap, HashSet};

use entity::{
    duplicate_decision, registry_change,
    words::{DuplicateVerdict, EntryKind},
};
use sea_orm::{ConnectionTrait, QuerySelect};

use super::Plan;
use crate::{authz, domain::registry::Entry, error::Result};

/// What was merged, and into what, by code; the end of every chain.
pub(super) async fn merged(db: &impl ConnectionTrait) -> Result<HashMap<String, String>> {
    let decided = authz::whole::<duplicate_decision::Entity>().all(db).await?;
    let merged = decided.into_iter().filter(|row| row.verdict == DuplicateVerdict::Merged);
    let next: HashMap<String, String> = merged.map(|row| (row.code, row.other_code)).collect();
    let last = |code: &String| {
        let mut at = code;
        for _ in 0..next.len() {
            match next.get(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        at.clone()
    };
    Ok(next.keys().map(|gone| (gone.clone(), last(gone))).collect())
}

/// Takes out of a plan what is the officials' own, and says how much of which file that was.
pub(super) async fn settle(db: &impl ConnectionTrait, plan: &mut Plan) -> Result<Vec<String>> {
    use registry_change::Column as C;
    let touched: Vec<(EntryKind, String)> = authz::whole::<registry_change::Entity>()
        .select_only()
        .columns([C::Kind, C::Code])
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let touched: HashSet<(EntryKind, String)> = touched.into_iter().collect();
    let mut told = Vec::new();
    macro_rules! leave {
        ($($list:ident: $entity:ident),* $(,)?) => {$(
            let before = plan.$list.len();
            plan.$list.retain(|row| {
                type Kept = entity::$entity::Entity;
                !touched.contains(&(<Kept as Entry>::KIND, <Kept as Entry>::code(row)))
            });
            let left = before - plan.$list.len();
            if left > 0 {
                told.push(format!(
                    "{}: {left} × 官员已修改，保留 / changed by officials, kept",
                    <entity::$entity::Entity as Entry>::KIND.word()
                ));
            }
        )*};
    }
    leave!(
        cities: city,
        schools: school,
        enterprises: enterprise,
        institutions: external_institution,
        consortia: consortium,
        designations: designation,
        members: consortium_member,
        aliases: alias,
        majors: major,
        chains: industry_chain,
        major_chains: major_chain,
        programmes: programme,
    );
    Ok(told)
}

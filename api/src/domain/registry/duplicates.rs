//! Entries that may be one and the same under two names: proposed by similarity, decided by a person.
//!
//! Two names are likened without what every second name has (有限责任公司, 集团): 金川集团公司 and
//! 金川集团股份有限公司 are both 金川. Nothing is ever merged by itself.

use std::collections::{BTreeSet, HashMap};

use entity::{
    duplicate_decision,
    ids::RowId,
    words::{DuplicateVerdict, EntryKind},
};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;
use uuid::Uuid;

use super::require_official;
use crate::{
    ctx::Ctx,
    db::now,
    domain::{
        catalogue,
        faults::Faults,
        journal::{self, Event},
    },
    error::{Error, Result, Text},
    formats::words::{fold, grams},
    memory::registry::Registry,
};

/// From here on two names are alike, of 100.
const ALIKE: u32 = 70;

/// A pair of letters that more names have tells nothing apart.
const COMMON: usize = 200;

/// What names of enterprises and other bodies end in, or have in them, without saying who it is. The longer first.
const USUAL: &[&str] =
    &["有限责任公司", "股份有限公司", "有限公司", "总公司", "分公司", "公司", "集团", "控股", "股份", "实业"];

/// Why two entries are proposed, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Both have one unified social credit code.
    Uscc,
    /// Somebody has suggested it: an alias with the basis `possible`.
    Suggested,
    /// The names say the same but for what every second name has.
    SameCore,
    /// The names are alike.
    Similar,
}

impl Basis {
    /// Every reason.
    pub const ALL: &'static [Self] = &[Self::Uscc, Self::Suggested, Self::SameCore, Self::Similar];

    /// As REST calls it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Uscc => "uscc",
            Self::Suggested => "suggested",
            Self::SameCore => "same_core",
            Self::Similar => "similar",
        }
    }
}

/// Two entries that may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What they are.
    pub kind: EntryKind,
    /// The code of the one, and its name: the smaller code.
    pub one: (String, String),
    /// The code of the other, and its name.
    pub other: (String, String),
    /// How alike their names are, of 100.
    pub score: u32,
    /// Why they are proposed: all that holds, the strongest first.
    pub basis: Vec<Basis>,
}

/// The kinds that can be merged. What becomes of a school is a succession, with a day.
pub const KINDS: &[EntryKind] = &[EntryKind::Enterprise, EntryKind::Institution, EntryKind::Consortium];

/// An entry, as far as it is likened.
struct Likened<'a> {
    code: &'a str,
    name: &'a str,
    uscc: Option<&'a str>,
    core: String,
}

/// A folded name without what every second name has; the whole of it where nothing else is left.
fn core(name: &str) -> String {
    let folded = fold(name);
    let core = USUAL.iter().fold(folded.clone(), |core, usual| core.replace(usual, ""));
    if core.chars().count() < 2 { folded } else { core }
}

/// Listed entries of a kind.
fn listed(registry: &Registry, kind: EntryKind) -> Vec<(&str, &str, Option<&str>)> {
    match kind {
        EntryKind::Enterprise => {
            let all = registry.enterprises.all().iter();
            all.map(|row| (row.code.as_str(), row.name.as_str(), row.uscc.as_deref())).collect()
        }
        EntryKind::Institution => {
            registry.institutions.all().iter().map(|row| (row.code.as_str(), row.name.as_str(), None)).collect()
        }
        EntryKind::Consortium => {
            registry.consortia.all().iter().map(|row| (row.code.as_str(), row.name.as_str(), None)).collect()
        }
        _ => Vec::new(),
    }
}

/// How alike two names are, of 100: the share of the pairs of letters that their cores have in common (Dice), and of
/// a core that is the beginning of another nothing less than where it begins to count.
fn likeness(one: &Likened<'_>, other: &Likened<'_>) -> u32 {
    if one.core == other.core {
        return 100;
    }
    let mut left = grams(&other.core);
    let total = grams(&one.core).len() + left.len();
    let shared = grams(&one.core)
        .into_iter()
        .filter(|gram| match left.iter().position(|other| other == gram) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
        .count();
    u32::try_from(200 * shared / total.max(1)).unwrap_or(0).min(99)
}

/// Pairs of one kind that nobody has decided on, the likeliest first.
fn proposed(registry: &Registry, kind: EntryKind) -> Vec<Pair> {
    let all: Vec<Likened<'_>> = listed(registry, kind)
        .into_iter()
        .map(|(code, name, uscc)| Likened { code, name, uscc, core: core(name) })
        .collect();
    let at: HashMap<&str, usize> = all.iter().enumerate().map(|(at, one)| (one.code, at)).collect();
    let decided: BTreeSet<(&str, &str)> = registry
        .distinct
        .iter()
        .filter(|(of, _, _)| *of == kind)
        .map(|(_, one, other)| ordered(registry.survivor(kind, one), registry.survivor(kind, other)))
        .collect();

    // Only what shares a pair of letters, a code or a suggestion is held side by side.
    let mut sharing: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, one) in all.iter().enumerate() {
        let keys: BTreeSet<&str> = grams(&one.core).into_iter().chain(one.uscc).collect();
        keys.into_iter().for_each(|key| sharing.entry(key).or_default().push(at));
    }
    let suggested: BTreeSet<(usize, usize)> = registry
        .possible
        .iter()
        .filter_map(|alias| {
            let by_name = all.iter().position(|one| one.name == alias.alias)?;
            let of = *at.get(registry.survivor(kind, &alias.entity_code))?;
            (by_name != of).then(|| (by_name.min(of), by_name.max(of)))
        })
        .collect();
    let mut pairs = suggested.clone();
    for together in sharing.values().filter(|together| together.len() <= COMMON) {
        for (nth, one) in together.iter().enumerate() {
            pairs.extend(together.iter().skip(nth + 1).map(|other| (*one, *other)));
        }
    }

    let mut found: Vec<Pair> = pairs
        .into_iter()
        .filter_map(|(a, b)| {
            let (one, other) = (all.get(a)?, all.get(b)?);
            if decided.contains(&ordered(one.code, other.code)) {
                return None;
            }
            let score = likeness(one, other);
            let mut basis = Vec::new();
            if one.uscc.is_some() && one.uscc == other.uscc {
                basis.push(Basis::Uscc);
            }
            if suggested.contains(&(a, b)) {
                basis.push(Basis::Suggested);
            }
            if score == 100 {
                basis.push(Basis::SameCore);
            } else if score >= ALIKE {
                basis.push(Basis::Similar);
            }
            if basis.is_empty() {
                return None;
            }
            let (one, other) = if one.code < other.code { (one, other) } else { (other, one) };
            let said = |one: &Likened<'_>| (one.code.to_owned(), one.name.to_owned());
            Some(Pair { kind, one: said(one), other: said(other), score, basis })
        })
        .collect();
    found.sort_by(|a, b| (&a.basis, b.score, &a.one, &a.other).cmp(&(&b.basis, a.score, &b.one, &b.other)));
    found
}

fn ordered<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    if one < other { (one, other) } else { (other, one) }
}

/// What may be one and the same, kind by kind, the likeliest first. The province's to see.
///
/// # Errors
/// 401, 403.
pub fn list(ctx: &Ctx, kind: Option<EntryKind>) -> Result<Vec<Pair>> {
    require_official(ctx)?;
    let registry = ctx.memory.registry();
    let kinds = KINDS.iter().copied().filter(|one| kind.is_none_or(|kind| kind == *one));
    Ok(kinds.flat_map(|kind| proposed(&registry, kind)).collect())
}

/// What somebody decides on.
#[derive(Clone, Debug)]
pub struct Decide {
    /// `enterprise`, `institution` or `consortium`.
    pub kind: String,
    /// Of two to be merged the one that is kept.
    pub one: (&'static str, String),
    /// Of two to be merged the one that goes.
    pub other: (&'static str, String),
    /// Why.
    pub reason: Option<String>,
}

/// Looks at a decision: the kind and both codes as they stand.
pub(super) fn judged(registry: &Registry, decide: &Decide) -> Result<(EntryKind, String, String)> {
    let mut faults = Faults::default();
    let kind = faults.word("kind", &decide.kind, KINDS, EntryKind::word);
    let codes = [&decide.one, &decide.other].map(|(member, code)| {
        let Some(kind) = kind else { return code.clone() };
        let code = registry.survivor(kind, code).to_owned();
        if !listed(registry, kind).iter().any(|(other, _, _)| *other == code) {
            let text = (format!("没有“{code}”"), format!("There is no `{code}`"));
            faults.add("unknown_code", &format!("/{member}"), text, "", code.as_str());
        }
        code
    });
    let [one, other] = &codes;
    if one == other {
        let text = ("两者已是同一条目", "The two are one entry already");
        faults.add("same_entry", &format!("/{}", decide.other.0), text, "", other.as_str());
    }
    if let Some(reason) = &decide.reason {
        faults.text("/reason", reason, false);
    }
    faults.verdict()?;
    let [one, other] = codes;
    Ok((kind.ok_or_else(|| Error::internal("no kind and no fault"))?, one, other))
}

/// Says that two entries are not the same: they are not proposed again.
///
/// # Errors
/// 401, 403, 409 where that was said before, 422 with everything that is wrong.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn distinguish(ctx: &Ctx, decide: Decide) -> Result<()> {
    require_official(ctx)?;
    let (tx, registry) = catalogue::begin(ctx).await?;
    let (kind, one, other) = judged(&registry, &decide)?;
    let (one, other) = ordered(&one, &other);
    if registry.distinct.iter().any(|(of, a, b)| *of == kind && (a.as_str(), b.as_str()) == (one, other)) {
        return Err(Error::Conflict(Text::new(
            "此前已认定两者不是同一机构",
            "It has been said before that the two are not the same",
        )));
    }
    let row = duplicate_decision::Model {
        id: RowId(Uuid::now_v7()),
        kind,
        code: one.to_owned(),
        other_code: other.to_owned(),
        verdict: DuplicateVerdict::Distinct,
        reason: decide.reason,
        decided_by: ctx.actor.subject.clone(),
        decided_at: now(),
    };
    let data = json!({ "kind": kind.word(), "one": one, "other": other, "reason": row.reason });
    let object = format!("{}/{one}", kind.word());
    duplicate_decision::Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
    journal::record(&tx, ctx, Event { action: "registry.distinguished", object, data, ..Event::default() }).await?;
    tx.commit().await?;
    ctx.memory.refresh().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_likened_without_what_every_name_has() {
        let like = |one: &str, other: &str| {
            let of = |name| Likened { code: "", name: "", uscc: None, core: core(name) };
            likeness(&of(one), &of(other))
        };
        assert_eq!(like("金川集团公司", "金川集团股份有限公司"), 100);
        assert_eq!(like("金川集团（公司）", "金川集团公司"), 100);
        assert!(like("兰州金味德拉面集团", "甘肃金味德拉面文化产业集团有限公司") < 100);
        assert!(like("兰州兰石集团有限公司", "兰州佛慈制药股份有限公司") < ALIKE);
        assert_eq!(core("有限公司"), "有限公司");
    }
}

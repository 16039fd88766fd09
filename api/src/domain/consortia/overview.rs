//! How consortia are made up and overlap, and who is in none. All of it is public registry.

use std::collections::{BTreeMap, BTreeSet};

use entity::consortium_member;

use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    error::Result,
    memory::registry::Registry,
};

/// One consortium by its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composition {
    /// The consortium, by code.
    pub consortium: String,
    /// How many members it has.
    pub members: usize,
    /// How many of each type.
    pub by_type: BTreeMap<String, usize>,
    /// How many of each city, by code; members of which no city is known are left out.
    pub by_city: BTreeMap<String, usize>,
}

/// Two consortia that share members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The one that comes first in the list, by code.
    pub consortium: String,
    /// The other, by code.
    pub other: String,
    /// The members of both, by code.
    pub members: Vec<String>,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// In the order of the list.
    pub consortia: Vec<Composition>,
    /// Members of any consortium by type, each body counted once.
    pub by_type: BTreeMap<String, usize>,
    /// The same by city.
    pub by_city: BTreeMap<String, usize>,
    /// Pairs that share members, those with most first.
    pub overlaps: Vec<Overlap>,
    /// Schools that are in none, by code.
    pub schools_in_none: Vec<String>,
    /// Certified enterprises that are in none, by code.
    pub certified_in_none: Vec<String>,
    /// Industry chains that no consortium serves, by code.
    pub chains_in_none: Vec<String>,
}

fn code(row: &consortium_member::Model) -> Option<&str> {
    row.school_code
        .as_ref()
        .map(|code| code.as_str())
        .or_else(|| row.enterprise_code.as_ref().map(|code| code.as_str()))
        .or_else(|| row.institution_code.as_ref().map(|code| code.as_str()))
}

fn city<'r>(registry: &'r Registry, row: &consortium_member::Model) -> Option<&'r str> {
    let of_school =
        row.school_code.as_ref().and_then(|code| Some(registry.schools.get(code.as_str())?.city_code.as_str()));
    let of_enterprise = || {
        let code = row.enterprise_code.as_ref()?;
        Some(registry.enterprises.get(code.as_str())?.city_code.as_ref()?.as_str())
    };
    let of_institution = || {
        let code = row.institution_code.as_ref()?;
        Some(registry.institutions.get(code.as_str())?.city_code.as_ref()?.as_str())
    };
    of_school.or_else(of_enterprise).or_else(of_institution)
}

/// The present members of a consortium, each body once.
fn bodies<'r>(registry: &'r Registry, consortium: &str) -> BTreeMap<&'r str, &'r consortium_member::Model> {
    let rows = registry.members.of(consortium).filter(|row| row.consortium_code == *consortium);
    rows.filter_map(|row| Some((code(row)?, row))).collect()
}

fn counted<'r>(rows: impl Iterator<Item = &'r str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in rows {
        *counts.entry(word.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// The overview of all consortia as they are now.
///
/// # Errors
/// None for whoever may read the registry, which is everybody.
pub fn overview(ctx: &Ctx) -> Result<Overview> {
    ctx.require(Action::Read, Kind::Registry)?;
    let registry = ctx.memory.registry();
    let all: Vec<(&str, BTreeMap<&str, &consortium_member::Model>)> =
        registry.consortia.all().iter().map(|row| (row.code.as_str(), bodies(&registry, row.code.as_str()))).collect();
    let by_type = |rows: &BTreeMap<&str, &consortium_member::Model>| {
        counted(rows.values().map(|row| row.member_type.as_str()).collect::<Vec<_>>().into_iter())
    };
    let by_city = |rows: &BTreeMap<&str, &consortium_member::Model>| {
        counted(rows.values().filter_map(|row| city(&registry, row)).collect::<Vec<_>>().into_iter())
    };
    let mut together = BTreeMap::new();
    let mut shared: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    // By member and not by pair: most pairs share nobody.
    let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (_, rows)) in all.iter().enumerate() {
        for (code, row) in rows {
            of.entry(code).or_default().push(at);
            together.insert(*code, *row);
        }
    }
    for (code, places) in &of {
        for (nth, one) in places.iter().enumerate() {
            for other in places.iter().skip(nth + 1) {
                shared.entry((*one, *other)).or_default().push((*code).to_owned());
            }
        }
    }
    let name = |at: usize| all.get(at).map(|(code, _)| (*code).to_owned()).unwrap_or_default();
    let mut overlaps: Vec<Overlap> = shared
        .into_iter()
        .map(|((one, other), members)| Overlap { consortium: name(one), other: name(other), members })
        .collect();
    overlaps.sort_by_key(|overlap| std::cmp::Reverse(overlap.members.len()));
    let members: BTreeSet<&str> = together.keys().copied().collect();
    let schools = registry.schools.all().iter().map(|row| row.code.as_str());
    let certified =
        registry.enterprises.all().iter().filter(|row| row.certification.is_some()).map(|row| row.code.as_str());
    let without = |codes: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        codes.filter(|code| !members.contains(code)).map(str::to_owned).collect()
    };
    let served: BTreeSet<&str> =
        registry.consortia.all().iter().filter_map(|row| Some(row.chain_code.as_ref()?.as_str())).collect();
    let chains = registry.chains.all().iter().map(|row| row.code.as_str());
    Ok(Overview {
        chains_in_none: chains.filter(|code| !served.contains(code)).map(str::to_owned).collect(),
        by_type: by_type(&together),
        by_city: by_city(&together),
        overlaps,
        schools_in_none: without(&mut { schools }),
        certified_in_none: without(&mut { certified }),
        consortia: all
            .iter()
            .map(|(code, rows)| Composition {
                consortium: (*code).to_owned(),
                members: rows.len(),
                by_type: by_type(rows),
                by_city: by_city(rows),
            })
            .collect(),
    })
}

//! What the standing partnerships come to, by what the cube knows and by what it does not: kind, partner, major.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::partnership;

use super::steps::today;
use crate::{
    authz::{Action, Kind},
    ctx::Ctx,
    domain::periods::Period,
    error::Result,
    memory::{
        derived::{self, Total},
        registry::Registry,
    },
};

/// By what partnerships are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The kind.
    Kind,
    /// The city of the school; of the enterprise where no school of the province is named.
    City,
    /// The school.
    School,
    /// The enterprise.
    Enterprise,
    /// Consortia that the school or the enterprise is a member of: one may be in several, or in none.
    Consortium,
    /// The major.
    Major,
}

impl By {
    /// Every one, with its word.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Kind, "kind"),
        (Self::City, "city"),
        (Self::School, "school"),
        (Self::Enterprise, "enterprise"),
        (Self::Consortium, "consortium"),
        (Self::Major, "major"),
    ];

    /// By its word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(word)).map(|(by, _)| *by)
    }

    /// The groups that a partnership is in; nothing where it does not say.
    fn keys(self, registry: &Registry, row: &partnership::Model) -> Vec<Option<String>> {
        let school = row.school_code.as_ref().map(|code| code.0.clone());
        let enterprise = row.enterprise_code.as_ref().map(|code| code.0.clone());
        match self {
            Self::Kind => vec![Some(row.kind.clone())],
            Self::School => vec![school],
            Self::Enterprise => vec![enterprise],
            Self::Major => vec![row.major_code.clone()],
            Self::City => {
                let of_school = school.and_then(|code| Some(registry.schools.get(&code)?.city_code.0.clone()));
                let of_enterprise =
                    || enterprise.and_then(|code| Some(registry.enterprises.get(&code)?.city_code.as_ref()?.0.clone()));
                vec![of_school.or_else(of_enterprise)]
            }
            Self::Consortium => {
                let members = [school, enterprise].into_iter().flatten();
                let mut all: Vec<Option<String>> = members
                    .flat_map(|code| {
                        registry.members.of(&code).map(|row| Some(row.consortium_code.0.clone())).collect::<Vec<_>>()
                    })
                    .collect();
                all.sort_unstable();
                all.dedup();
                if all.is_empty() { vec![None] } else { all }
            }
        }
    }
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its code or word; nothing for partnerships that do not say.
    pub key: Option<String>,
    /// What they come to.
    pub total: Total,
}

/// What the partnerships that stand, or that stood in a period, come to: group by group in the order of their keys,
/// what does not say last; the total of all of them before.
///
/// # Errors
/// 422 for what is no period.
pub fn statistics(ctx: &Ctx, by: By, period: Option<&str>) -> Result<(Total, Vec<Line>)> {
    ctx.require(Action::Read, Kind::Partnership)?;
    let registry = ctx.memory.registry();
    let (first, last): (NaiveDate, NaiveDate) = match period {
        Some(code) => Period::read(code, "/period")?.days()?,
        None => (today(ctx), today(ctx)),
    };
    let mut groups: BTreeMap<(bool, Option<String>), Total> = BTreeMap::new();
    let mut all = Total::default();
    for row in registry.partnerships.all().iter().filter(|row| derived::stood(row, first, last)) {
        all = all.with(row);
        for key in by.keys(&registry, row) {
            let group = groups.entry((key.is_none(), key)).or_default();
            *group = group.with(row);
        }
    }
    Ok((all, groups.into_iter().map(|((_, key), total)| Line { key, total }).collect()))
}

//! What may be told of a protected indicator to somebody who is not an official of its schools.
//!
//! Only the province's total and one partition, by city, without filters; only the indicator's
//! own statistic and the count; no cell with fewer than [`K`] contributing schools, and with a
//! suppressed cell at least one more, so that together they hide at least [`K`] schools from
//! whoever subtracts the rest from the total.

use entity::words::Disclosure;

use super::cube::{Dimension, Figures, Filter, Grouping};
use crate::{
    authz::Actor,
    error::{Error, Result, Text},
    memory::frame::{Frame, FrameIndicator},
};

/// The fewest schools that a published cell of a protected indicator stands for.
pub const K: usize = 3;

/// Refuses a question whose answer could be taken apart.
pub fn ask(
    actor: &Actor,
    frame: &Frame,
    grouping: &Grouping,
    code: &str,
    line: &FrameIndicator,
    by: &[Dimension],
    filter: &Filter,
) -> Result<()> {
    let plain = filter.is_empty() && (by.is_empty() || by == [Dimension::City]);
    let all_own = (0..grouping.keys.len()).all(|group| is_own(actor, frame, grouping, group));
    match line.disclosure() {
        Disclosure::Public => Ok(()),
        Disclosure::Aggregate if plain || all_own => Ok(()),
        Disclosure::Internal if all_own => Ok(()),
        Disclosure::Aggregate => Err(Error::Forbidden(Text::new(
            format!("“{code}”为受保护指标：只提供全省合计和按市州的分组，且不能筛选，以免推算出个别学校的数据"),
            format!(
                "`{code}` is protected: only the province's total and the groups by city, without filters, are published, \
                 so that no school's figure can be worked out"
            ),
        ))),
        Disclosure::Internal => Err(Error::Forbidden(Text::new(
            format!("“{code}”仅供主管部门使用"),
            format!("`{code}` is for officials of these schools only"),
        ))),
    }
}

/// Whether every school of a group is within the caller's own scope.
fn is_own(actor: &Actor, frame: &Frame, grouping: &Grouping, group: usize) -> bool {
    grouping.members.get(group).is_some_and(|members| {
        members.iter().all(|at| frame.schools.get(*at).is_some_and(|school| actor.covers(&school.code, &school.city)))
    })
}

/// Takes out of the figures of one indicator what this caller may not be told.
pub fn gate(
    actor: &Actor,
    frame: &Frame,
    grouping: &Grouping,
    line: &FrameIndicator,
    figures: &[Figures],
) -> Vec<Figures> {
    if line.disclosure() == Disclosure::Public {
        return figures.to_vec();
    }
    let hidden = suppressed(&figures.iter().map(|figures| figures.schools.unwrap_or(0)).collect::<Vec<_>>());
    figures
        .iter()
        .zip(hidden)
        .enumerate()
        .map(|(group, (figures, is_hidden))| {
            if is_own(actor, frame, grouping, group)
                && grouping.members.get(group).is_some_and(|members| !members.is_empty())
            {
                figures.clone()
            } else if is_hidden {
                Figures::SUPPRESSED
            } else {
                figures.own_statistic_only(line.aggregation())
            }
        })
        .collect()
}

/// Which groups of a partition are hidden, by how many schools contribute to each.
pub fn suppressed(counts: &[usize]) -> Vec<bool> {
    let mut hidden: Vec<bool> = counts.iter().map(|count| (1..K).contains(count)).collect();
    if !hidden.contains(&true) {
        return hidden;
    }
    let mut others: Vec<usize> =
        (0..counts.len()).filter(|at| counts.get(*at).is_some_and(|count| *count >= K)).collect();
    others.sort_by_key(|at| (counts.get(*at).copied(), *at));
    for next in others {
        let (cells, schools) = counts
            .iter()
            .zip(&hidden)
            .filter(|(_, hidden)| **hidden)
            .fold((0, 0), |(cells, schools), (count, _)| (cells + 1, schools + count));
        if cells >= 2 && schools >= K {
            break;
        }
        if let Some(slot) = hidden.get_mut(next) {
            *slot = true;
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_smallest_goes_with_a_lonely_one() {
        assert_eq!(suppressed(&[1, 3, 5]), [true, true, false]);
        assert_eq!(suppressed(&[1, 1, 5, 4]), [true, true, false, true]);
        assert_eq!(suppressed(&[2, 1, 5]), [true, true, false]);
        assert_eq!(suppressed(&[3, 5, 0]), [false, false, false]);
        assert_eq!(suppressed(&[2]), [true]);
    }

    proptest! {
        #[test]
        fn what_is_hidden_cannot_be_subtracted_out(counts in proptest::collection::vec(0_usize..8, 1..20)) {
            let hidden = suppressed(&counts);
            let all: Vec<usize> = counts.iter().copied().filter(|count| *count > 0).collect();
            let of: Vec<usize> = counts.iter().zip(&hidden).filter(|(_, hidden)| **hidden).map(|(count, _)| *count).collect();
            for (count, hidden) in counts.iter().zip(&hidden) {
                prop_assert!(*hidden || *count == 0 || *count >= K);
            }
            // Everything hidden is safe; otherwise at least two cells and K schools are.
            prop_assert!(of.is_empty() || of.len() == all.len() || (of.len() >= 2 && of.iter().sum::<usize>() >= K));
        }
    }
}

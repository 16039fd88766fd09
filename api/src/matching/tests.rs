//! Laws of the matching: order, symmetry, synonyms, and that the index overlooks nobody.

use std::cmp::Reverse;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::{
    index::{Found, Index, Scratch},
    *,
};

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, day).unwrap()
}

/// Words as people use them: of the list and others.
const WORDS: &[&str] =
    &["焊工", "数控", "护理", "宝石琢磨", "电商", "厨师", "软件", "PLC", "矿山", "釉料", "需要", "人才"];

fn posting() -> impl Strategy<Value = (Posting, Vec<&'static str>)> {
    let words = prop::collection::vec(prop::sample::select(WORDS), 1..4);
    let majors = prop::collection::btree_set(prop::sample::select(vec!["460104", "460103", "460201", "520201"]), 0..3);
    let city = prop::option::of(prop::sample::select(vec!["620100", "620400", "620500"]));
    let owner = prop::sample::select(vec!["62001", "62005", "E1", "E2"]);
    (
        any::<u128>(),
        any::<bool>(),
        0..Kind::ALL.len(),
        owner,
        city,
        majors,
        words,
        prop::option::of(1_u32..200),
        1_u32..28,
    )
        .prop_map(|(id, is_supply, kind, owner, city, majors, words, headcount, until)| {
            let posting = Posting {
                id: Uuid::from_u128(id),
                side: if is_supply { Side::Supply } else { Side::Demand },
                kind: Kind::ALL[kind],
                owner: owner.to_owned(),
                city: city.map(str::to_owned),
                majors: majors.into_iter().map(str::to_owned).collect(),
                major_words: BTreeSet::new(),
                industry_words: BTreeSet::new(),
                words: BTreeSet::new(),
                headcount,
                valid_until: day(until),
            };
            (said(posting, &words), words)
        })
}

fn said(posting: Posting, words: &[&str]) -> Posting {
    let majors: Vec<String> = words.iter().take(2).map(|word| (*word).to_owned()).collect();
    let text = words.join("，");
    posting.saying(&Texts { title: words[0], text: &text, majors: &majors, industry: words[words.len() - 1] })
}

fn around() -> Surroundings {
    let mut around = Surroundings::default();
    around.neighbours("620100", "620400");
    around.partners("62001", "E1");
    around
}

fn ranked(all: &[Posting], of: &Posting) -> Vec<Found> {
    let mut index = Index::default();
    for one in all {
        index.put(one.clone());
    }
    index.top(of, usize::MAX, 0, day(1), &around(), &mut Scratch::default())
}

proptest! {
    #[test]
    fn a_score_is_the_same_from_either_side((one, _) in posting(), (other, _) in posting()) {
        let around = around();
        let (there, back) = (score(&one, &other, &around), score(&other, &one, &around));
        prop_assert_eq!(&there, &back);
        if let Some(score) = there {
            prop_assert_eq!(score.total, score.parts.iter().map(|part| part.points).sum::<u32>());
            prop_assert!(score.total <= 100);
            prop_assert!(score.parts.iter().all(|part| part.points <= part.most));
            prop_assert_eq!(score.parts.iter().map(|part| part.most).sum::<u32>(), 100);
            prop_assert!(score.parts.iter().all(|part| !part.text.zh.is_empty() && !part.text.en.is_empty()));
        }
    }

    #[test]
    fn the_index_tells_what_every_pair_tells(all in prop::collection::vec(posting(), 1..30), on in 1_u32..28) {
        let all: Vec<Posting> = all.into_iter().map(|(posting, _)| posting).collect();
        let (around, mut scratch, mut index) = (around(), Scratch::default(), Index::default());
        for one in &all {
            index.put(one.clone());
        }
        for one in &all {
            let mut pairs: Vec<Found> = all
                .iter()
                .filter(|other| other.valid_until >= day(on))
                .filter_map(|other| {
                    score(one, other, &around).map(|score| Found { total: Reverse(score.total), id: other.id })
                })
                .collect();
            pairs.sort();
            prop_assert_eq!(&index.top(one, usize::MAX, 0, day(on), &around, &mut scratch), &pairs);
            // Fewer are the first of all.
            let some: Vec<Found> = pairs.iter().copied().filter(|found| found.total.0 >= 30).take(3).collect();
            prop_assert_eq!(index.top(one, 3, 30, day(on), &around, &mut scratch), some);
        }
        // However many work on it.
        let alone = index.every(5, 20, day(on), &around, 1);
        prop_assert_eq!(&alone, &index.every(5, 20, day(on), &around, 3));
        for (id, found) in alone {
            let one = index.get(id).unwrap().clone();
            prop_assert_eq!(found, index.top(&one, 5, 20, day(on), &around, &mut scratch));
        }
    }

    #[test]
    fn the_order_of_coming_and_what_has_gone_change_nothing(
        all in prop::collection::vec(posting(), 2..20),
        seed in any::<u64>(),
    ) {
        let mut all: Vec<Posting> = all.into_iter().map(|(posting, _)| posting).collect();
        let of = all.pop().unwrap();
        let first = ranked(&all, &of);
        let mut shuffled = all.clone();
        shuffled.sort_by_key(|one| one.id.as_u64_pair().1 ^ seed);
        prop_assert_eq!(&ranked(&shuffled, &of), &first);
        // What was put in and taken out again, and what was put in twice.
        let mut index = Index::default();
        for one in all.iter().chain(&all) {
            index.put(Posting { id: Uuid::from_u128(one.id.as_u128() ^ 1), ..one.clone() });
            index.put(one.clone());
        }
        for one in &all {
            index.take(Uuid::from_u128(one.id.as_u128() ^ 1));
        }
        let left = all.iter().map(|one| one.id).collect::<BTreeSet<_>>();
        if left.len() == all.len() && all.iter().all(|one| !left.contains(&Uuid::from_u128(one.id.as_u128() ^ 1))) {
            prop_assert_eq!(index.len(), all.len());
            prop_assert_eq!(index.top(&of, usize::MAX, 0, day(1), &around(), &mut Scratch::default()), first);
        }
    }

    #[test]
    fn synonyms_and_fillers_change_nothing(
        all in prop::collection::vec(posting(), 2..12),
        line in 0_usize..40,
        which in 0_usize..8,
        with in 0_usize..8,
        filler in 0_usize..50,
    ) {
        let lines = words::synonyms();
        let line = &lines[line % lines.len()];
        let (which, with) = (line[which % line.len()].as_str(), line[with % line.len()].as_str());
        let fillers = words::fillers();
        let filler = fillers[filler % fillers.len()].as_str();
        let say = |word: &str, other: &str| -> Vec<Posting> {
            all.iter()
                .map(|(posting, words)| {
                    let mut words: Vec<&str> = words.clone();
                    let both = format!("琢{word}磨");
                    words.extend([both.as_str(), other, word]);
                    said(posting.clone(), &words)
                })
                .collect()
        };
        let (one, other) = (say(which, filler), say(with, "人才"));
        for (a, b) in one.iter().zip(&other) {
            prop_assert_eq!(a, b);
            prop_assert_eq!(ranked(&one, a), ranked(&other, b));
        }
    }
}

fn plain(id: u128, side: Side, owner: &str, majors: &[&str], words: &[&str]) -> Posting {
    let posting = Posting {
        id: Uuid::from_u128(id),
        side,
        kind: Kind::Talent,
        owner: owner.to_owned(),
        city: Some("620100".to_owned()),
        majors: majors.iter().map(|code| (*code).to_owned()).collect(),
        major_words: BTreeSet::new(),
        industry_words: BTreeSet::new(),
        words: BTreeSet::new(),
        headcount: Some(20),
        valid_until: day(30),
    };
    said(posting, words)
}

#[test]
fn every_part_says_what_it_is_for() {
    let supply = plain(1, Side::Supply, "62001", &["460104"], &["焊接", "机械制造"]);
    let demand = Posting { headcount: Some(10), ..plain(2, Side::Demand, "E1", &["460104"], &["电焊工", "机床"]) };
    let score = score(&supply, &demand, &around()).unwrap();
    let points: Vec<(&str, u32)> = score.parts.iter().map(|part| (part.code, part.points)).collect();
    assert_eq!(
        points,
        [
            ("kind", 20),
            ("major", 25),
            ("industry", 15),
            ("words", 3),
            ("city", 15),
            ("headcount", 5),
            ("partnership", 5)
        ]
    );
    assert_eq!(score.total, 88);
    assert_eq!(score.parts[2].text.zh, "行业相同的词：机械");
    // A neighbour's city, a near kind, no partnership, a code of the same group.
    let far = Posting {
        kind: Kind::Internship,
        city: Some("620400".to_owned()),
        owner: "E2".to_owned(),
        majors: BTreeSet::from(["460103".to_owned()]),
        ..plain(3, Side::Demand, "E2", &[], &["釉料"])
    };
    let score = super::score(&supply, &far, &around()).unwrap();
    let points: Vec<u32> = score.parts.iter().map(|part| part.points).collect();
    assert_eq!(points, [8, 17, 0, 0, 9, 10, 0]);
}

#[test]
fn what_has_nothing_in_common_is_no_match() {
    let supply = plain(1, Side::Supply, "62001", &[], &["焊接"]);
    for other in [
        plain(2, Side::Demand, "E1", &[], &["护理"]),
        // Its own, and the same side.
        plain(3, Side::Demand, "62001", &[], &["焊接"]),
        plain(4, Side::Supply, "E1", &[], &["焊接"]),
        Posting { kind: Kind::ResearchProject, ..plain(5, Side::Demand, "E1", &[], &["焊接"]) },
    ] {
        assert_eq!(score(&supply, &other, &around()), None, "{other:?}");
    }
}

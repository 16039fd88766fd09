//! Supply and demand: 10,000 of each, all matched with all, and one more posting.
//!
//! `cargo bench --package zhiqiao --bench matching`; `cargo xtask bench` runs it with the others.

use std::{collections::BTreeSet, hint::black_box, time::Duration};

use chrono::NaiveDate;
use criterion::{Criterion, criterion_group, criterion_main};
use entity::words::{OpportunityKind, OpportunitySide};
use uuid::Uuid;
use zhiqiao::matching::{
    Posting, Surroundings, Texts,
    index::{Index, Scratch},
    score, words,
};

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MANY: u64 = 10_000;
const MOST: usize = 10;
const LEAST: u32 = 40;
const CITIES: u64 = 14;

/// The same numbers every time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(u64::try_from(all.len()).unwrap_or(1));
        all.get(usize::try_from(at).unwrap_or(0))
    }
}

/// What postings are about: the words of the list, which many share, and others, which few do.
fn vocabulary() -> Vec<String> {
    let mut all: Vec<String> = words::synonyms().into_iter().flatten().collect();
    let (first, second) = ("金木水火土山石田禾竹米丝虫鱼鸟兽皮骨血气", "工艺学器料力型线板管件模组剂液粉纤维膜片");
    for one in first.chars() {
        all.extend(second.chars().map(|other| format!("{one}{other}")));
    }
    all
}

fn posting(numbers: &mut Numbers, side: OpportunitySide, words: &[String], on: NaiveDate) -> Posting {
    let mut some = |least: u64, more: u64| -> Vec<String> {
        let many = least + numbers.below(more);
        (0..many).filter_map(|_| numbers.of(words).cloned()).collect()
    };
    let (majors, industry, text) = (some(1, 3), some(1, 1).concat(), some(4, 12).join("，"));
    let kind = numbers.of(OpportunityKind::ALL).copied().unwrap_or(OpportunityKind::Talent);
    let code = format!("{}{:02}{:02}", 41 + numbers.below(19), 1 + numbers.below(9), 1 + numbers.below(20));
    let (owner, city) = (numbers.below(700), numbers.below(CITIES));
    let title = majors.join("");
    Posting {
        id: Uuid::from_u64_pair(numbers.next(), numbers.next()),
        side,
        kind,
        owner: format!("P{owner}"),
        city: Some(format!("62{city:02}00")),
        majors: BTreeSet::from([code]),
        major_words: BTreeSet::new(),
        industry_words: BTreeSet::new(),
        words: BTreeSet::new(),
        headcount: u32::try_from(1 + numbers.below(120)).ok(),
        valid_until: on,
    }
    .saying(&Texts { title: &title, text: &text, majors: &majors, industry: &industry })
}

fn matching(criterion: &mut Criterion) {
    let Some(on) = NaiveDate::from_ymd_opt(2026, 6, 30) else { return };
    let (words, mut numbers, mut index) = (vocabulary(), Numbers(1), Index::default());
    for _ in 0..MANY {
        for side in [OpportunitySide::Supply, OpportunitySide::Demand] {
            index.put(posting(&mut numbers, side, &words, on));
        }
    }
    let mut around = Surroundings::default();
    for city in 1..CITIES {
        around.neighbours(&format!("62{:02}00", city - 1), &format!("62{city:02}00"));
    }
    for _ in 0..500 {
        around.partners(&format!("P{}", numbers.below(700)), &format!("P{}", numbers.below(700)));
    }
    let new = posting(&mut numbers, OpportunitySide::Supply, &words, on);
    let mut scratch = Scratch::default();
    criterion.bench_function("matching: one new posting, its words read, 10 of 10,000 found and explained", |bench| {
        bench.iter(|| {
            let text: Vec<String> = new.words.iter().cloned().collect();
            let texts = Texts { title: "", text: &text.join("，"), majors: &[], industry: "" };
            black_box(new.clone().saying(&texts));
            let found = index.top(&new, MOST, LEAST, on, &around, &mut scratch);
            let explain = |id| score(&new, index.get(id)?, &around);
            found.into_iter().filter_map(|found| explain(found.id)).count()
        });
    });
    let mut whole = criterion.benchmark_group("matching");
    whole.sample_size(10).measurement_time(Duration::from_secs(20));
    whole.bench_function("10,000 supplies and 10,000 demands, 10 of each, two threads", |bench| {
        bench.iter(|| index.every(MOST, LEAST, on, &around, 2).len());
    });
    whole.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = matching
}
criterion_main!(benches);

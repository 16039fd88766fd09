//! Matching (供需匹配): which supply meets which demand, how well, and why.
//!
//! Pure: texts, codes and whole numbers go in, a ranking with its reasons comes out. Points are whole and every
//! tie is broken by the id, so the same postings rank the same in whatever order they came, on every machine.
//! A score is the same from either side. [`index::Index`] finds counterparts without looking at all of them, and
//! tells the same as [`score`] for each pair.

pub mod index;
pub mod words;

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use entity::words::{OpportunityKind as Kind, OpportunitySide as Side};
use uuid::Uuid;

use crate::error::Text;

/// The most points for the kind.
const KIND: u32 = 20;
/// Those for a kind that is not the same but near.
const KIND_NEAR: u32 = 8;
/// The most points for majors.
const MAJOR: u32 = 25;
/// Those for a code of the same group of majors (four digits), and of the same field (two).
const MAJOR_GROUP: u32 = 17;
/// See [`MAJOR_GROUP`].
const MAJOR_FIELD: u32 = 9;
/// The most points for the industry.
const INDUSTRY: u32 = 15;
/// The most points for the words of title and text.
const WORDS: u32 = 10;
/// So many words in common are as many as can be asked for.
const ENOUGH_WORDS: u64 = 6;
/// Majors, industry and words give so many points together, or it is no match.
const LEAST_CONTENT: u32 = 5;
/// The most points for the city.
const CITY: u32 = 15;
/// Those for a neighbouring city, and for another of the province.
const CITY_NEAR: u32 = 9;
/// See [`CITY_NEAR`].
const CITY_PROVINCE: u32 = 4;
/// The most points for the headcount.
const HEADCOUNT: u32 = 10;
/// The points for partners who stand together already.
const PARTNERSHIP: u32 = 5;

/// What is sought or offered, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Breaks every tie.
    pub id: Uuid,
    /// Sought or offered.
    pub side: Side,
    /// What.
    pub kind: Kind,
    /// The code of the school or enterprise.
    pub owner: String,
    /// The code of the city, where it is known.
    pub city: Option<String>,
    /// Six-digit codes of majors.
    pub majors: BTreeSet<String>,
    /// The words of majors and title.
    pub major_words: BTreeSet<String>,
    /// The words of the industry.
    pub industry_words: BTreeSet<String>,
    /// All words, those of the text among them.
    pub words: BTreeSet<String>,
    /// How many.
    pub headcount: Option<u32>,
    /// The last day on which it stands.
    pub valid_until: NaiveDate,
}

/// The texts of a posting, from which its words are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts<'a> {
    /// What it is called.
    pub title: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Majors in free words.
    pub majors: &'a [String],
    /// The industry.
    pub industry: &'a str,
}

impl Posting {
    /// The same posting with the words of its texts.
    #[must_use]
    pub fn saying(mut self, texts: &Texts<'_>) -> Self {
        self.major_words = words::terms(&format!("{}\n{}", texts.title, texts.majors.join("\n")));
        self.industry_words = words::terms(texts.industry);
        self.words = words::terms(texts.text);
        self.words.extend(self.major_words.iter().chain(&self.industry_words).cloned());
        self
    }
}

/// What lies around the postings: which cities are neighbours, and who stands together with whom.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    neighbours: HashMap<String, HashSet<String>>,
    partners: HashMap<String, HashSet<String>>,
}

fn pair(into: &mut HashMap<String, HashSet<String>>, one: &str, other: &str) {
    into.entry(one.to_owned()).or_default().insert(other.to_owned());
    into.entry(other.to_owned()).or_default().insert(one.to_owned());
}

impl Surroundings {
    /// Two cities are neighbours, whichever is named first.
    pub fn neighbours(&mut self, one: &str, other: &str) {
        pair(&mut self.neighbours, one, other);
    }

    /// A school and an enterprise stand together.
    pub fn partners(&mut self, one: &str, other: &str) {
        pair(&mut self.partners, one, other);
    }

    fn city(&self, one: Option<&str>, other: Option<&str>) -> Near {
        match (one, other) {
            (Some(one), Some(other)) if one == other => Near::Same,
            (Some(one), Some(other)) if self.neighbours.get(one).is_some_and(|near| near.contains(other)) => {
                Near::Neighbour
            }
            (Some(_), Some(_)) => Near::Province,
            _ => Near::Unknown,
        }
    }

    fn are_partners(&self, one: &str, other: &str) -> bool {
        self.partners.get(one).is_some_and(|others| others.contains(other))
    }
}

/// How far two cities are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Near {
    Same,
    Neighbour,
    Province,
    Unknown,
}

impl Near {
    const fn points(self) -> u32 {
        match self {
            Self::Same => CITY,
            Self::Neighbour => CITY_NEAR,
            Self::Province => CITY_PROVINCE,
            Self::Unknown => 0,
        }
    }
}

/// How far two majors are from each other, the nearest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Code {
    #[default]
    Other,
    Field,
    Group,
    Same,
}

impl Code {
    const fn points(self) -> u32 {
        match self {
            Self::Other => 0,
            Self::Field => MAJOR_FIELD,
            Self::Group => MAJOR_GROUP,
            Self::Same => MAJOR,
        }
    }

    /// How many digits are the same.
    const fn digits(self) -> usize {
        match self {
            Self::Other => 0,
            Self::Field => 2,
            Self::Group => 4,
            Self::Same => 6,
        }
    }

    const ALL: [Self; 3] = [Self::Same, Self::Group, Self::Field];

    /// How near the nearest two of these majors are.
    fn of(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Self {
        let shares = |digits: usize| {
            let heads: BTreeSet<&str> = one.iter().filter_map(|code| code.get(..digits)).collect();
            other.iter().filter_map(|code| code.get(..digits)).any(|head| heads.contains(head))
        };
        Self::ALL.into_iter().find(|code| shares(code.digits())).unwrap_or_default()
    }
}

/// Kinds that may meet though they are not the same: who seeks graduates may take interns, who seeks a partner may
/// find one for research.
const NEAR_KINDS: &[(Kind, Kind)] = &[
    (Kind::Talent, Kind::Internship),
    (Kind::Cooperation, Kind::ResearchProject),
    (Kind::Cooperation, Kind::TechnicalService),
    (Kind::ResearchProject, Kind::TechnicalService),
    (Kind::PartTimeTeacher, Kind::TeacherPlacement),
];

/// The points for two kinds; nothing where they never meet.
fn of_kinds(one: Kind, other: Kind) -> Option<u32> {
    let is_near = |(a, b): &(Kind, Kind)| (*a, *b) == (one, other) || (*a, *b) == (other, one);
    if one == other { Some(KIND) } else { NEAR_KINDS.iter().any(is_near).then_some(KIND_NEAR) }
}

/// `most` times a share, rounded down; of nothing nothing.
fn share(most: u32, part: u64, whole: u64) -> u32 {
    let points = u64::from(most).saturating_mul(part.min(whole)).checked_div(whole).unwrap_or(0);
    u32::try_from(points).unwrap_or(most)
}

/// How much two sets of words have in common, of the smaller one.
fn overlap(most: u32, common: u16, one: u16, other: u16) -> u32 {
    share(most, common.into(), one.min(other).into())
}

/// The points of a pair, each for what it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Points {
    kind: u32,
    major: u32,
    industry: u32,
    words: u32,
    city: u32,
    headcount: u32,
    partnership: u32,
}

/// What two postings have in common, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Common {
    code: Code,
    major: u16,
    industry: u16,
    words: u16,
}

/// How many words a posting has of its majors and of its industry, and for how many it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sizes {
    major: u16,
    industry: u16,
    headcount: Option<u32>,
}

/// A number of words, of which there are never so many.
fn few(words: usize) -> u16 {
    u16::try_from(words).unwrap_or(u16::MAX)
}

impl Sizes {
    fn of(posting: &Posting) -> Self {
        Self {
            major: few(posting.major_words.len()),
            industry: few(posting.industry_words.len()),
            headcount: posting.headcount,
        }
    }
}

impl Points {
    /// The points of a pair by what it has in common; nothing where that is too little.
    fn of(kind: u32, city: u32, is_partner: bool, common: Common, one: Sizes, other: Sizes) -> Option<Self> {
        let by_words = overlap(MAJOR, common.major, one.major, other.major);
        let major = common.code.points().max(by_words);
        let industry = overlap(INDUSTRY, common.industry, one.industry, other.industry);
        let words = share(WORDS, common.words.into(), ENOUGH_WORDS);
        // A kind and a city alone are no match, nor is one word among many.
        if major + industry + words < LEAST_CONTENT {
            return None;
        }
        let headcount = match (one.headcount, other.headcount) {
            (Some(one), Some(other)) => share(HEADCOUNT, one.min(other).into(), one.max(other).into()),
            _ => 0,
        };
        let partnership = if is_partner { PARTNERSHIP } else { 0 };
        Some(Self { kind, major, industry, words, city, headcount, partnership })
    }

    const fn total(self) -> u32 {
        self.kind + self.major + self.industry + self.words + self.city + self.headcount + self.partnership
    }
}

/// How well two postings meet, of 100, and what that is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// 0 to 100; the sum of its parts.
    pub total: u32,
    /// What it is made of, always all of them in one order.
    pub parts: Vec<Part>,
}

/// Points for one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `kind`, `major`, `industry`, `words`, `city`, `headcount` or `partnership`.
    pub code: &'static str,
    /// Those it gives.
    pub points: u32,
    /// The most that it can give.
    pub most: u32,
    /// Why.
    pub text: Text,
}

/// At most so many words stand in a sentence.
const MOST_NAMED: usize = 6;

fn named<'a>(words: impl Iterator<Item = &'a String>) -> (String, String) {
    let some: Vec<&str> = words.take(MOST_NAMED).map(String::as_str).collect();
    (some.join("、"), some.join(", "))
}

fn of_words(common: Vec<&String>, zh: &str, en: &str) -> Text {
    if common.is_empty() {
        return Text::new(format!("{zh}没有相同的词"), format!("No words of {en} in common"));
    }
    let (in_zh, in_en) = named(common.into_iter());
    Text::new(format!("{zh}相同的词：{in_zh}"), format!("Words of {en} in common: {in_en}"))
}

/// How well two postings meet, and why; nothing where they do not.
pub fn score(one: &Posting, other: &Posting, around: &Surroundings) -> Option<Score> {
    fn shared<'a>(one: &'a BTreeSet<String>, other: &'a BTreeSet<String>) -> Vec<&'a String> {
        one.intersection(other).collect()
    }
    let major = shared(&one.major_words, &other.major_words);
    let industry = shared(&one.industry_words, &other.industry_words);
    let words = shared(&one.words, &other.words);
    let code = Code::of(&one.majors, &other.majors);
    let common = Common { code, major: few(major.len()), industry: few(industry.len()), words: few(words.len()) };
    if one.side == other.side || one.owner == other.owner {
        return None;
    }
    let near = around.city(one.city.as_deref(), other.city.as_deref());
    let is_partner = around.are_partners(&one.owner, &other.owner);
    let kind = of_kinds(one.kind, other.kind)?;
    let points = Points::of(kind, near.points(), is_partner, common, Sizes::of(one), Sizes::of(other))?;
    let kind = if points.kind == KIND {
        Text::new("类型相同", "The same kind")
    } else {
        Text::new("类型相近", "Kinds that are near each other")
    };
    let by_code = common.code.points();
    let major = if by_code > 0 && by_code >= points.major {
        match code {
            Code::Same => Text::new("专业代码相同", "The same code of a major"),
            Code::Group => Text::new("同一专业类", "Majors of the same group"),
            Code::Field | Code::Other => Text::new("同一专业大类", "Majors of the same field"),
        }
    } else {
        of_words(major, "专业", "majors")
    };
    let city = match near {
        Near::Same => Text::new("同一市州", "The same city"),
        Near::Neighbour => Text::new("相邻市州", "Neighbouring cities"),
        Near::Province => Text::new("同在本省", "In the same province"),
        Near::Unknown => Text::new("市州不明", "A city is not known"),
    };
    let headcount = match (one.headcount, other.headcount) {
        (Some(one), Some(other)) => {
            let (few, many) = (one.min(other), one.max(other));
            Text::new(format!("人数 {few} 与 {many}"), format!("Numbers {few} and {many}"))
        }
        _ => Text::new("人数未全部说明", "Not both say how many"),
    };
    let partnership = if points.partnership > 0 {
        Text::new("双方已有合作", "The two stand together already")
    } else {
        Text::new("双方尚无合作", "The two do not stand together yet")
    };
    let part = |code, points, most, text| Part { code, points, most, text };
    let parts = vec![
        part("kind", points.kind, KIND, kind),
        part("major", points.major, MAJOR, major),
        part("industry", points.industry, INDUSTRY, of_words(industry, "行业", "the industry")),
        part("words", points.words, WORDS, of_words(words, "标题与正文", "title and text")),
        part("city", points.city, CITY, city),
        part("headcount", points.headcount, HEADCOUNT, headcount),
        part("partnership", points.partnership, PARTNERSHIP, partnership),
    ];
    Some(Score { total: points.total(), parts })
}

#[cfg(test)]
mod tests;

//! Words: how a text becomes terms that can be compared.
//!
//! Fillers say nothing and part what stands around them; each synonym counts as the first of its line. What the
//! list does not know is taken in pairs of neighbouring characters, and letters and digits as whole words. No
//! dictionary: see decision 35.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use crate::formats::words::fold;

/// The list, as it is compiled in.
const LIST: &str = include_str!("words.txt");

/// The most terms of one text; what comes after them is of no use for a ranking.
const MOST_TERMS: usize = 400;

/// What the list says of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    /// It says nothing.
    Filler,
    /// It counts as this one.
    Same(String),
}

/// The list, ready to be asked.
#[derive(Debug)]
struct Lexicon {
    meanings: HashMap<String, Meaning>,
    /// How long the words are that begin with a character, the longest first.
    lengths: HashMap<char, Vec<usize>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(LIST));

impl Lexicon {
    fn read(list: &str) -> Self {
        let mut meanings = HashMap::new();
        for line in list.lines() {
            let mut words = line.split_whitespace();
            let mark = words.next();
            let words: Vec<String> = words.map(fold).filter(|word| !word.is_empty()).collect();
            match (mark, words.first()) {
                (Some("-"), _) => {
                    for word in words {
                        meanings.entry(word).or_insert(Meaning::Filler);
                    }
                }
                (Some("="), Some(first)) => {
                    for word in &words {
                        // Of two lines the first counts.
                        meanings.entry(word.clone()).or_insert_with(|| Meaning::Same(first.clone()));
                    }
                }
                _ => {}
            }
        }
        let mut lengths: HashMap<char, Vec<usize>> = HashMap::new();
        for word in meanings.keys() {
            let of = lengths.entry(word.chars().next().unwrap_or_default()).or_default();
            of.push(word.chars().count());
        }
        for of in lengths.values_mut() {
            of.sort_unstable_by(|a, b| b.cmp(a));
            of.dedup();
        }
        Self { meanings, lengths }
    }

    /// The longest word of the list that stands at the beginning of these characters, and how long it is.
    fn at(&self, rest: &[char]) -> Option<(usize, &Meaning)> {
        let lengths = self.lengths.get(rest.first()?)?;
        lengths.iter().find_map(|length| {
            let word: String = rest.get(..*length)?.iter().collect();
            self.meanings.get(&word).map(|meaning| (*length, meaning))
        })
    }
}

/// Letters and digits that stand together are one word.
const fn is_latin(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
}

/// What a text is about: its terms, each once.
pub fn terms(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // Signs and blanks part words; folding alone would join what they part.
    for piece in text.split(|letter: char| !letter.is_alphanumeric()) {
        let letters: Vec<char> = fold(piece).chars().collect();
        collect(&letters, &mut found);
        if found.len() >= MOST_TERMS {
            break;
        }
    }
    found
}

fn collect(letters: &[char], found: &mut BTreeSet<String>) {
    let mut run: Vec<char> = Vec::new();
    let mut rest = letters;
    while let Some(first) = rest.first() {
        let (length, meaning) = if is_latin(*first) {
            let length = rest.iter().take_while(|letter| is_latin(**letter)).count();
            let word: String = rest.iter().take(length).collect();
            let meaning = LEXICON.meanings.get(&word).cloned().unwrap_or(Meaning::Same(word));
            (length, Some(meaning))
        } else {
            match LEXICON.at(rest) {
                Some((length, meaning)) => (length, Some(meaning.clone())),
                None => (1, None),
            }
        };
        match meaning {
            None => run.push(*first),
            Some(meaning) => {
                pairs(&mut run, found);
                if let Meaning::Same(word) = meaning {
                    found.insert(word);
                }
            }
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    pairs(&mut run, found);
}

/// Pairs of neighbours of what the list does not know; a character that stands alone is a term itself.
fn pairs(run: &mut Vec<char>, found: &mut BTreeSet<String>) {
    if let [alone] = run.as_slice() {
        found.insert(alone.to_string());
    }
    for pair in run.windows(2) {
        found.insert(pair.iter().collect());
    }
    run.clear();
}

/// The words that count as one, line by line: for tests of what must change nothing.
pub fn synonyms() -> Vec<Vec<String>> {
    let lines = LIST.lines().filter_map(|line| line.strip_prefix("= "));
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// The words that count for nothing: for tests of what must change nothing.
pub fn fillers() -> Vec<String> {
    let lines = LIST.lines().filter_map(|line| line.strip_prefix("- "));
    lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        terms(text).into_iter().collect()
    }

    #[test]
    fn fillers_say_nothing_and_synonyms_say_the_same() {
        assert_eq!(said("招聘电焊工若干名"), ["焊接"]);
        assert_eq!(said("急聘：焊工、Ｗｅｌｄｉｎｇ"), ["焊接"]);
        assert_eq!(said("需要的人才"), Vec::<String>::new());
        assert_eq!(said(""), Vec::<String>::new());
    }

    #[test]
    fn what_the_list_does_not_know_is_taken_in_pairs() {
        assert_eq!(said("宝石琢"), ["宝石", "石琢"]);
        assert_eq!(said("宝"), ["宝"]);
        assert_eq!(said("PLC-300 宝石"), ["300", "plc", "宝石"]);
        // A sign parts words, as it does for a reader.
        assert_eq!(said("宝、石"), ["宝", "石"]);
    }

    #[test]
    fn each_synonym_of_the_list_counts_as_the_first() {
        for line in synonyms() {
            let first = terms(&line[0]);
            assert_eq!(first.len(), 1, "{line:?}");
            for word in &line {
                assert_eq!(terms(word), first, "{word}");
                assert_eq!(terms(&format!("琢{word}琢")), terms(&format!("琢{}琢", line[0])), "{word}");
            }
        }
        for word in fillers() {
            assert_eq!(terms(&word), BTreeSet::new(), "{word}");
        }
    }

    #[test]
    fn no_word_stands_in_two_lines() {
        let mut seen = BTreeSet::new();
        for word in synonyms().into_iter().flatten().chain(fillers()) {
            assert!(seen.insert(fold(&word)), "{word} stands twice");
        }
    }
}

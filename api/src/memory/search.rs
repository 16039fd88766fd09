//! Finding organisations by words: over folded names in memory, so alike on both databases.
//!
//! Chinese names have no blanks, and people leave out of the middle of them: 石化大学 is asked for and
//! 兰州石化职业技术大学 is meant. So a word is found in a name that holds it, or that holds it in pieces of two
//! letters or more, in order; or, where it has three letters or more, that has all its letters in order, as short
//! forms have (甘农职院). What is found by the stricter rule comes first.

use std::collections::HashSet;

use crate::formats::words::fold;

/// Longer words are only looked for in one piece.
const LONGEST: usize = 40;

/// Names that something answers to, made ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<Name>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    folded: String,
    letters: u64,
}

/// Which letters a text has, roughly: a name without one of them is not looked at.
fn letters(text: &str) -> u64 {
    text.chars().fold(0, |set, letter| set | 1 << (u32::from(letter) % 64))
}

impl Names {
    /// The names of one thing: its code, its official names, and every other one.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let named = names.into_iter().map(fold).filter(|folded| !folded.is_empty());
        Self(named.map(|folded| Name { letters: letters(&folded), folded }).collect())
    }
}

/// What somebody asks for, made ready: each word is to be found.
#[derive(Clone, Debug)]
pub struct Words {
    words: Vec<Word>,
    /// Nothing but blanks keeps everything; nothing but marks finds nothing.
    is_blank: bool,
}

#[derive(Clone, Debug)]
struct Word {
    folded: String,
    letters: u64,
    /// Its letters, where it may be found in pieces: Chinese, and not too long.
    pieces: Vec<char>,
}

/// Han, with its extension A and the compatibility forms that folding leaves.
fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

impl Words {
    /// Reads what somebody has typed.
    pub fn new(typed: &str) -> Self {
        let mut once = HashSet::new();
        let words = typed
            .split_whitespace()
            .map(fold)
            // What is said a thousand times is looked for once.
            .filter(|folded| !folded.is_empty() && once.insert(folded.clone()))
            .map(|folded| {
                let mut pieces: Vec<char> = folded.chars().collect();
                if pieces.len() > LONGEST || !pieces.iter().copied().all(is_han) {
                    pieces.clear();
                }
                Word { letters: letters(&folded), pieces, folded }
            })
            .collect();
        Self { words, is_blank: typed.trim().is_empty() }
    }

    /// How well something answers to all the words: the lower the better, nothing where one of them is not found.
    pub fn rank(&self, names: &Names) -> Option<u32> {
        if self.words.is_empty() {
            return self.is_blank.then_some(0);
        }
        self.words.iter().map(|word| names.0.iter().filter_map(|name| word.rank(name)).min()).sum()
    }

    /// Whether something answers to all the words.
    pub fn find(&self, names: &Names) -> bool {
        self.rank(names).is_some()
    }
}

impl Word {
    /// 0 for the whole name, 1 for its beginning, 2 for a part of it, 3 for pieces, 4 for letters.
    fn rank(&self, name: &Name) -> Option<u32> {
        if name.letters & self.letters != self.letters {
            return None;
        }
        if let Some(at) = name.folded.find(&self.folded) {
            return Some(if name.folded == self.folded { 0 } else { 1 + u32::from(at > 0) });
        }
        if self.pieces.len() < 3 {
            return None;
        }
        let name: Vec<char> = name.folded.chars().collect();
        if in_pieces(&self.pieces, &name) {
            return Some(3);
        }
        let mut rest = name.iter();
        self.pieces.iter().all(|letter| rest.any(|other| other == letter)).then_some(4)
    }
}

/// Whether a name holds a word cut into pieces of two letters or more, in order and side by side at most.
fn in_pieces(word: &[char], name: &[char]) -> bool {
    // The earliest place of the name behind which each beginning of the word is found.
    let mut ends: Vec<Option<usize>> = vec![None; word.len() + 1];
    if let Some(first) = ends.first_mut() {
        *first = Some(0);
    }
    for to in 2..=word.len() {
        let mut best: Option<usize> = None;
        for from in 0..=to - 2 {
            let (Some(Some(start)), Some(piece)) = (ends.get(from), word.get(from..to)) else { continue };
            let rest = name.get(*start..).unwrap_or_default();
            if let Some(at) = rest.windows(piece.len()).position(|window| window == piece) {
                let end = start + at + piece.len();
                best = Some(best.map_or(end, |best| best.min(end)));
            }
        }
        if let Some(slot) = ends.get_mut(to) {
            *slot = best;
        }
    }
    ends.last().copied().flatten().is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rank(typed: &str, name: &str) -> Option<u32> {
        Words::new(typed).rank(&Names::new([name, "62001"]))
    }

    #[test]
    fn words_are_found_as_people_type_them() {
        let name = "兰州石化职业技术大学";
        for (typed, is) in [
            ("兰州石化职业技术大学", Some(0)),
            ("６２００１", Some(0)),
            ("兰州石化", Some(1)),
            ("石化", Some(2)),
            ("石化大学", Some(3)),
            ("石化　大学", Some(4)),
            ("大学 石化", Some(4)),
            ("兰石大", Some(4)),
            ("(石化)大学", Some(3)),
            ("", Some(0)),
            ("  ", Some(0)),
            ("（）", None),
            ("大学石化", None),
            ("化大", None),
            ("石大", None),
            ("石化学院", None),
            ("6200", Some(1)),
            ("6201", None),
        ] {
            assert_eq!(rank(typed, name), is, "{typed}");
        }
        assert_eq!(rank("lanzhou UNIVERSITY", "Lanzhou Petrochemical University"), Some(3));
        assert_eq!(rank("lanzhou univ of", "Lanzhou Petrochemical University"), None);
    }

    proptest! {
        #[test]
        fn a_part_of_a_name_finds_it(name in "[一-十]{1,12}", from in 0usize..12, length in 1usize..12) {
            let letters: Vec<char> = name.chars().collect();
            let from = from % letters.len();
            let part: String = letters[from..].iter().take(length).collect();
            prop_assert!(rank(&part, &name).is_some_and(|rank| rank <= 2));
        }

        #[test]
        fn pieces_in_order_find_it(parts in prop::collection::vec("[一-十]{2,4}", 1..4), between in "[甲-癸]{1,4}") {
            let (name, typed) = (parts.join(&between), parts.concat());
            prop_assert!(rank(&typed, &name).is_some_and(|rank| rank <= 3));
        }
    }
}

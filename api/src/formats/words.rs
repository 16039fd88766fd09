//! Names and words, made comparable: the one way in which they are compared and searched.

use unicode_normalization::UnicodeNormalization;

/// The text with full-width forms, ligatures and the like as their plain ones (NFKC).
pub fn narrow(text: &str) -> String {
    text.nfkc().collect()
}

/// The letters and digits of a text, narrow and in lower case: blanks, brackets, dots and dashes say nothing.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()).collect()
}

/// The pairs of neighbouring letters of a folded text, in order; of a single letter, the letter itself.
///
/// Chinese has no blanks between words, and most of its words have two letters.
pub fn grams(folded: &str) -> Vec<&str> {
    let starts: Vec<usize> = folded.char_indices().map(|(at, _)| at).chain([folded.len()]).collect();
    match starts.as_slice() {
        [] | [_] => Vec::new(),
        [_, _] => vec![folded],
        more => more.iter().zip(more.iter().skip(2)).filter_map(|(from, to)| folded.get(*from..*to)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_that_look_alike_are_alike() {
        assert_eq!(fold("兰州石化 职业技术大学（新校区）"), "兰州石化职业技术大学新校区");
        assert_eq!(fold("ＡＢ－１２"), fold("ab12"));
    }

    #[test]
    fn pairs_are_of_letters_and_not_of_bytes() {
        assert_eq!(grams("石化大学"), ["石化", "化大", "大学"]);
        assert_eq!(grams("石"), ["石"]);
        assert_eq!(grams(""), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn what_is_folded_stays(text in "\\PC{0,40}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.clone());
            let letters = folded.chars().count();
            prop_assert_eq!(grams(&folded).len(), if letters < 2 { letters } else { letters - 1 });
        }
    }
}

//! By what supply and demand are matched.

use serde::Deserialize;

use crate::error::Text;

/// How counterparts are ranked, and how many of them are told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// Cities that border on each other.
    pub neighbours: Vec<Neighbours>,
    /// The fewest points, of 100, that make a match.
    pub least: u32,
    /// How many matches of a new posting are recorded and told.
    pub most: usize,
}

/// Two cities that border on each other, written as `620100-620400`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Neighbours(pub String, pub String);

impl Neighbours {
    /// Reads a pair.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Text> {
        let is_code = |code: &str| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        match text.split_once('-') {
            Some((one, other)) if is_code(one) && is_code(other) && one != other => {
                Ok(Self(one.to_owned(), other.to_owned()))
            }
            _ => Err(Text::new("不是一对市州代码", "not a pair of cities' codes")),
        }
    }
}

impl TryFrom<String> for Neighbours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text).map_err(|fault| fault.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_two_codes_that_are_not_the_same() {
        assert_eq!(Neighbours::read("620100-620400").ok(), Some(Neighbours("620100".to_owned(), "620400".to_owned())));
        for wrong in ["", "620100", "620100-620100", "62010-620400", "620100-620400-620500", "兰州市-白银市"] {
            assert!(Neighbours::read(wrong).is_err(), "{wrong}");
        }
    }
}

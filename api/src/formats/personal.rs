//! Numbers by which a person is known, found by their shape: what is not to be kept here must not come in.

use std::sync::LazyLock;

use regex::Regex;

use super::words::narrow;

/// What a number looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A resident's identity number (GB 11643): 18 places, or the 15 of before 1999.
    Identity,
    /// A mobile telephone number: eleven digits, with or without the country's prefix.
    Mobile,
}

impl Shape {
    /// The shape in place of the number.
    pub const fn masked(self) -> &'static str {
        match self {
            Self::Identity => "******YYYYMMDD****",
            Self::Mobile => "1**********",
        }
    }
}

/// Six digits of a place, a day of birth, three digits and a check; groups may stand apart.
const IDENTITY: &str = r"(?x)
    (?:^|[^0-9])
    [1-9][0-9]{5} [\ -]?
    (?:
        (?:18|19|20)[0-9]{2} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01]) [\ -]? [0-9]{3}[0-9Xx]
      | [0-9]{2} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01]) [\ -]? [0-9]{3}
    )
    (?:[^0-9]|$)";

/// Eleven digits in one piece, or as people write them: 3-4-4.
const MOBILE: &str = r"(?x)
    (?:^|[^0-9])
    (?:(?:00)?86[\ -]?)?
    1[3-9][0-9] [\ -]? [0-9]{4} [\ -]? [0-9]{4}
    (?:[^0-9]|$)";

#[expect(clippy::expect_used, reason = "constants, read by every test that finds anything")]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours is good")
}

static PATTERNS: LazyLock<[(Shape, Regex); 2]> =
    LazyLock::new(|| [(Shape::Identity, compiled(IDENTITY)), (Shape::Mobile, compiled(MOBILE))]);

/// The first kind of personal number that a text has the look of, full-width digits among them.
pub fn find(text: &str) -> Option<Shape> {
    // Most texts have no digits at all.
    text.chars().filter(|letter| letter.is_numeric()).nth(10)?;
    let text = narrow(text);
    PATTERNS.iter().find(|(_, pattern)| pattern.is_match(&text)).map(|(shape, _)| *shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No number of anybody's: the place does not exist, and the check digit is wrong.
    #[test]
    fn numbers_of_persons_are_found_however_they_are_written() {
        for text in [
            "990000199002300012",
            "证号：99000019900230001x。",
            "９９００００１９９００２３０００１Ｘ",
            "990000 19900230 0012",
            "990000900230001",
            "T-990000199002300012-3",
        ] {
            assert_eq!(find(text), Some(Shape::Identity), "{text}");
        }
        for text in
            ["电话13000000000", "tel:+86 130 0000 0000", "130-0000-0000", "１３０００００００００", "008613000000000"]
        {
            assert_eq!(find(text), Some(Shape::Mobile), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "",
            "0931-8888888",
            "2023年9月1日至2024年6月30日",
            "2023-09-01 2024-06-30",
            "投资 15000 万元，1200 人",
            "12620000438003106X",
            "91350100M000100Y43",
            "01997f00-0000-7000-8000-000000000000",
            "130000000001",
            "6.2001",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}

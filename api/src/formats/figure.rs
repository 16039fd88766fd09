//! Figures as people write them: full-width digits, thousands separators, percent signs.
//!
//! What can be read in one way only is read; everything else is refused by name. Nothing is guessed:
//! `1,23` is neither 123 nor 1.23.

use std::borrow::Cow;

/// A figure as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure<'a> {
    /// Nothing was written.
    Nothing,
    /// The digits of a number.
    Digits(Cow<'a, str>),
    /// The digits before a percent sign; they are the value where the unit is a percentage, and nothing elsewhere.
    Percent(String),
    /// It cannot be read in one way only.
    Unclear(Unclear),
    /// It is no number.
    Word,
}

/// Why a figure cannot be read in one way only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// Separators that do not part groups of three digits.
    Separators,
    /// `1.2E+05`: a spreadsheet has put it short, and digits may be gone.
    Scientific,
    /// A unit or a multiplier beside the digits, such as `万` or `‰`.
    Unit,
}

/// A full-width character as its plain one.
pub fn plain(letter: char) -> char {
    match letter {
        '\u{3000}' | '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        '\u{2212}' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

/// Digits, with a decimal point between them or without: what nearly every cell holds, and nothing has to be told of.
fn is_bare(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 18 && are_digits(whole) && are_digits(fraction)
}

/// Reads a figure from the text of a cell.
pub fn read(text: &str) -> Figure<'_> {
    if is_bare(text) {
        return Figure::Digits(Cow::Borrowed(text));
    }
    let folded: String = text.chars().map(plain).collect();
    let folded = folded.trim();
    if folded.is_empty() {
        return Figure::Nothing;
    }
    let (number, is_percent) = match folded.strip_suffix('%') {
        Some(number) => (number.trim_end(), true),
        None => (folded, false),
    };
    let (sign, unsigned) = match number.strip_prefix(['-', '+']) {
        Some(rest) => (if number.starts_with('-') { "-" } else { "" }, rest.trim_start()),
        None => ("", number),
    };
    if !unsigned.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Figure::Word;
    }
    let is_plain = |letter: char| letter.is_ascii_digit() || letter == '.';
    let digits = if unsigned.chars().all(is_plain) {
        unsigned.to_owned()
    } else if unsigned.chars().all(|letter| is_plain(letter) || matches!(letter, ',' | '\'' | ' ' | '_' | '、')) {
        match without_separators(unsigned) {
            Some(digits) => digits,
            None => return Figure::Unclear(Unclear::Separators),
        }
    } else if unsigned.chars().all(|letter| is_plain(letter) || matches!(letter, 'e' | 'E' | '+' | '-')) {
        return Figure::Unclear(Unclear::Scientific);
    } else {
        return Figure::Unclear(Unclear::Unit);
    };
    if digits.matches('.').count() > 1 || digits.ends_with('.') {
        return Figure::Word;
    }
    let digits = format!("{sign}{digits}");
    if is_percent { Figure::Percent(digits) } else { Figure::Digits(digits.into()) }
}

/// `1,234,567.5` as `1234567.5`; nothing where the groups are not of three digits.
fn without_separators(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = (1..=3).contains(&first.len()) && all_digits(first) && !(first.starts_with('0'));
    let are_groups = whole.contains(',') && groups.all(|group| group.len() == 3 && all_digits(group));
    let is_fraction = fraction.is_none_or(|fraction| !fraction.is_empty() && all_digits(fraction));
    (is_first && are_groups && is_fraction).then(|| text.replace(',', ""))
}

/// The digits of a spreadsheet's number. It holds a floating-point number of which it shows fifteen
/// digits at most; what stands behind them is the noise of its own arithmetic.
pub fn of_spreadsheet(text: &str) -> Option<String> {
    let value: f64 = text.trim().parse().ok().filter(|value: &f64| value.is_finite())?;
    let shortest = format!("{value:e}");
    let digits = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    if digits <= 15 || value.abs() >= 1e15 {
        return Some(plain_digits(&shortest));
    }
    Some(plain_digits(&format!("{value:.14e}")))
}

/// Moves the decimal point of digits two places to the right: a fraction as a percentage.
pub fn times_hundred(digits: &str) -> String {
    let (sign, unsigned) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let moved: String = fraction.chars().chain("00".chars()).take(2).collect();
    let rest: String = fraction.chars().skip(2).collect();
    let whole = format!("{whole}{moved}");
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// `1.25e2` as `125`, without zeros that say nothing.
fn plain_digits(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (first, rest) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{first}{rest}");
    let digits = digits.trim_end_matches('0');
    let point = exponent.parse::<i64>().unwrap_or(0) + 1;
    let Ok(length) = i64::try_from(digits.len()) else { return scientific.to_owned() };
    if digits.is_empty() {
        return "0".to_owned();
    }
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0).min(400));
    if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= length {
        format!("{sign}{digits}{}", zeros(point - length))
    } else {
        let at = usize::try_from(point).unwrap_or(0);
        let (whole, fraction) = digits.split_at_checked(at).unwrap_or((digits, ""));
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_be_read_in_one_way_is_read() {
        for (text, digits) in [
            ("1234", "1234"),
            ("１２３４．５", "1234.5"),
            ("1,234,567.50", "1234567.50"),
            ("１２，３４５", "12345"),
            (" 12 ", "12"),
            ("\u{3000}12\u{a0}", "12"),
            ("-3", "-3"),
            ("−3", "-3"),
            ("+3", "3"),
            ("1,234", "1234"),
        ] {
            assert_eq!(read(text), Figure::Digits(digits.into()), "{text}");
        }
        assert_eq!(read("61.25%"), Figure::Percent("61.25".to_owned()));
        assert_eq!(read("６１．２５ ％"), Figure::Percent("61.25".to_owned()));
        assert_eq!(read("  "), Figure::Nothing);
    }

    #[test]
    fn what_cannot_is_refused_by_name() {
        for text in ["1,23", "12,34,567", "1234,567", "1,2345", "0,123", "1 234", "1'234", "1,234,", "1,234.5,6"] {
            assert_eq!(read(text), Figure::Unclear(Unclear::Separators), "{text}");
        }
        for text in ["1.2E+05", "1e3", "2023-01-01"] {
            assert_eq!(read(text), Figure::Unclear(Unclear::Scientific), "{text}");
        }
        for text in ["3万", "12‰", "5人", "12亿", "0x1F", "1/2"] {
            assert_eq!(read(text), Figure::Unclear(Unclear::Unit), "{text}");
        }
        for text in ["无", "—", "-", "N/A", "=1+1", "(123)", ".5", "1.", "1.2.3", "NaN", "inf", "%"] {
            assert_eq!(read(text), Figure::Word, "{text}");
        }
    }

    #[test]
    fn a_spreadsheet_shows_fifteen_digits() {
        for (text, digits) in [
            ("1.1000000000000001", "1.1"),
            ("0.30000000000000004", "0.3"),
            ("4012.4999999999995", "4012.5"),
            ("25688", "25688"),
            ("1E3", "1000"),
            ("-0.5", "-0.5"),
            ("0", "0"),
            ("12345678901234567", "12345678901234568"),
        ] {
            assert_eq!(of_spreadsheet(text).as_deref(), Some(digits), "{text}");
        }
        for text in ["", "x", "NaN", "inf"] {
            assert_eq!(of_spreadsheet(text), None, "{text}");
        }
        for (digits, hundredfold) in [("0.6125", "61.25"), ("1", "100"), ("-0.5", "-50"), ("0.001", "0.1"), ("0", "0")]
        {
            assert_eq!(times_hundred(digits), hundredfold);
        }
    }

    proptest! {
        #[test]
        fn separators_change_no_figure(value in 0_u64..1_000_000_000_000, cents in 0_u8..100) {
            let plain = format!("{value}.{cents:02}");
            let mut grouped = String::new();
            let whole = value.to_string();
            for (at, digit) in whole.chars().enumerate() {
                if at > 0 && (whole.len() - at) % 3 == 0 { grouped.push(','); }
                grouped.push(digit);
            }
            let written: String = format!("{grouped}.{cents:02}")
                .chars()
                .map(|letter| char::from_u32(u32::from(letter) + 0xfee0).unwrap())
                .collect();
            prop_assert_eq!(read(&written), Figure::Digits(plain.into()));
        }

        #[test]
        fn nothing_panics(text in ".{0,40}") {
            let _read = read(&text);
            let _number = of_spreadsheet(&text);
            let _moved = times_hundred(&text);
        }

        #[test]
        fn a_spreadsheets_number_is_its_own_digits(value in -999_999_999_999_i64..999_999_999_999, places in 0_u32..4) {
            let written = crate::formats::decimal::digits(value, i16::try_from(places).unwrap());
            prop_assert_eq!(of_spreadsheet(&written).unwrap(), written);
        }
    }
}

//! Scalars: exact decimals, instants, days.

use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use super::written;
use crate::formats::decimal::{self, Fault};

/// An exact decimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// A computed or stored value.
    Exact(rust_decimal::Decimal),
    /// Digits as printed or as sent: `6609.00` stays so.
    Digits(String),
}

impl Decimal {
    /// A fixed-point integer with so many decimals.
    pub fn fixed(value: i64, decimals: i16) -> Self {
        Self::Exact(decimal::exact(i128::from(value), decimals))
    }

    /// Digits as printed, if they are a number.
    pub fn printed(digits: &str) -> Option<Self> {
        is_number(digits).then(|| Self::Digits(digits.to_owned()))
    }

    /// Writes it as JSON.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Exact(value) => decimal::write_exact(out, value),
            Self::Digits(digits) => out.push_str(digits),
        }
    }

    /// The digits.
    pub fn digits(self) -> String {
        match self {
            Self::Exact(value) => value.to_string(),
            Self::Digits(digits) => digits,
        }
    }
}

/// Whether a text is a number as JSON writes it.
fn is_number(text: &str) -> bool {
    let whole = text.strip_prefix('-').unwrap_or(text);
    let leads_with_zero = whole.starts_with('0') && whole.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    !leads_with_zero && !matches!(decimal::parse(text, i16::MAX), Err(Fault::NotANumber))
}

/// A number as it is handed out: an integer as such, anything else as its own digits, never as floating point.
fn raw(digits: String) -> Value {
    if let Ok(integer) = digits.parse::<i64>() {
        return Value::Number(Number::from(integer));
    }
    written::json(digits)
}

/// An exact decimal: a JSON number written with its exact digits. As input also a string of digits,
/// for clients whose numbers are floating point.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Number(number) => Ok(Self::Digits(number.to_string())),
            Value::String(text) if is_number(&text) => Ok(Self::Digits(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        match value {
            Value::Number(_) => true,
            Value::String(text) => is_number(text),
            _ => false,
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Exact(value) => match i64::try_from(*value) {
                Ok(integer) if value.is_integer() => Value::Number(Number::from(integer)),
                _ => raw(value.to_string()),
            },
            Self::Digits(digits) => match digits.contains(['.', 'e', 'E']) {
                false => raw(digits.clone()),
                true => written::json(digits.clone()),
            },
        }
    }
}

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

/// An instant as RFC 3339 writes it, in UTC: `2026-11-22T08:00:00Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for Instant {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => DateTime::parse_from_rfc3339(text)
                .map(|at| Self(at.with_timezone(&Utc)))
                .map_err(|_| InputValueError::custom("an instant is written like 2026-11-22T08:00:00Z")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if DateTime::parse_from_rfc3339(text).is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub NaiveDate);

/// A day: `2023-12-31`.
#[Scalar(name = "Date")]
impl ScalarType for Day {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                text.parse().map(Self).map_err(|_| InputValueError::custom("a day is written like 2023-12-31"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.parse::<NaiveDate>().is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn out(decimal: &Decimal) -> String {
        serde_json::to_string(&decimal.to_value()).unwrap()
    }

    #[test]
    fn a_decimal_leaves_as_a_number_with_its_exact_digits() {
        for digits in ["0", "-7", "294013", "999999999999999", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(out(&Decimal::Exact(digits.parse().unwrap())), digits);
        }
        for digits in
            ["0.1", "12.34", "-0.000000000001", "0.333333333333", "10138.379310344828", "99999999999999999999"]
        {
            assert_eq!(out(&Decimal::Exact(digits.parse().unwrap())), digits);
        }
    }

    #[test]
    fn printed_digits_stay_as_printed() {
        assert_eq!(out(&Decimal::printed("6609.00").unwrap()), "6609.00");
        assert_eq!(out(&Decimal::printed("92.45").unwrap()), "92.45");
        for wrong in ["", "1,000", "NaN", "[1]", "\"1\"", "1.", ".5", "+1", "01", "-", "1 ", "１", "0x1", "Infinity"] {
            assert_eq!(Decimal::printed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn input_keeps_digits_and_refuses_what_is_no_number() {
        let parse = |value| Decimal::parse(value).ok().map(Decimal::digits);
        assert_eq!(parse(Value::from(12)), Some("12".to_owned()));
        assert_eq!(parse(Value::from("0.1000000000000000055")), Some("0.1000000000000000055".to_owned()));
        assert_eq!(parse(Value::from("1e400")), Some("1e400".to_owned()));
        for wrong in [Value::from("abc"), Value::from(""), Value::from(true), Value::List(vec![])] {
            assert!(!Decimal::is_valid(&wrong));
            assert_eq!(parse(wrong), None);
        }
    }

    proptest! {
        #[test]
        fn a_cell_is_handed_out_exactly(value in -999_999_999_999_999_i64..=999_999_999_999_999, decimals in 0_i16..=4) {
            let written = out(&Decimal::fixed(value, decimals));
            prop_assert_eq!(decimal::parse(&written, decimals), Ok(value));
            prop_assert_eq!(written, decimal::digits(value, decimals));
        }
    }

    #[test]
    fn instants_and_days_read_what_they_write() {
        let at = Instant("2026-11-22T08:00:00.123456Z".parse().unwrap());
        assert_eq!(Instant::parse(at.to_value()).ok(), Some(at));
        let day = Day("2023-12-31".parse().unwrap());
        assert_eq!(Day::parse(day.to_value()).ok(), Some(day));
        assert!(!Day::is_valid(&Value::from("2023-02-30")));
    }
}

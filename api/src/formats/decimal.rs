//! Exact decimals: fixed-point integers, from the pushed digits to the sum. No floating point on the way.

use rust_decimal::Decimal;

/// More significant digits than this do not survive canonical JSON, whose numbers are doubles.
pub const MAX_DIGITS: usize = 15;
/// Decimal places that a quotient is given with, where it does not end before.
pub const QUOTIENT_PLACES: u32 = 12;

/// Why digits are not a value of an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a number.
    NotANumber,
    /// More decimals than the indicator has.
    TooManyDecimals,
    /// More than 15 significant digits, or too large to be exact.
    TooManyDigits,
}

/// Reads a JSON number as a fixed-point integer with `decimals` places. `100.0` is a good integer.
pub fn parse(text: &str, decimals: i16) -> Result<i64, Fault> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| Fault::NotANumber)?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || !all_digits(whole)
        || !all_digits(fraction)
        || (unsigned.contains('.') && fraction.is_empty())
    {
        return Err(Fault::NotANumber);
    }
    // The significant digits: those between the first and the last that is not a zero.
    let (mut significant, mut count, mut trailing) = (0_i64, 0_usize, 0_i64);
    for digit in whole.bytes().chain(fraction.bytes()).map(|byte| i64::from(byte - b'0')) {
        if digit == 0 {
            trailing += i64::from(significant != 0);
            continue;
        }
        count += 1 + usize::try_from(trailing).map_err(|_| Fault::TooManyDigits)?;
        if count > MAX_DIGITS {
            return Err(Fault::TooManyDigits);
        }
        for _ in 0..trailing {
            significant *= 10;
        }
        significant = significant * 10 + digit;
        trailing = 0;
    }
    if significant == 0 {
        return Ok(0);
    }
    // How many places the significant digits stand away from the last place of the indicator.
    let places = i64::try_from(fraction.len()).map_err(|_| Fault::TooManyDigits)? - trailing - i64::from(exponent);
    let shift = i64::from(decimals) - places;
    if shift < 0 {
        return Err(Fault::TooManyDecimals);
    }
    let scaled = u32::try_from(shift)
        .ok()
        .and_then(|shift| 10_i64.checked_pow(shift))
        .and_then(|factor| significant.checked_mul(factor))
        .filter(|value| *value < 1_000_000_000_000_000_000)
        .ok_or(Fault::TooManyDigits)?;
    Ok(if negative { -scaled } else { scaled })
}

/// The digits of a fixed-point integer, without trailing zeros: the form of canonical JSON.
pub fn digits(value: i64, decimals: i16) -> String {
    let mut text = String::new();
    write_digits(&mut text, value, decimals);
    text
}

/// The same at the end of a text.
pub fn write_digits(out: &mut String, value: i64, decimals: i16) {
    let mut places = usize::try_from(decimals).unwrap_or(0);
    let factor = u32::try_from(places).ok().and_then(|places| 10_u64.checked_pow(places)).unwrap_or(1);
    let (whole, mut fraction) = (value.unsigned_abs() / factor, value.unsigned_abs() % factor);
    if value < 0 {
        out.push('-');
    }
    // Not by `write!`: documents are made of digits, and this is most of their writing.
    let mut buffer = itoa::Buffer::new();
    out.push_str(buffer.format(whole));
    if fraction == 0 {
        return;
    }
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        places -= 1;
    }
    out.push('.');
    let written = buffer.format(fraction);
    out.extend(std::iter::repeat_n('0', places.saturating_sub(written.len())));
    out.push_str(written);
}

/// A fixed-point integer as the double nearest to it.
///
/// It is what reading its digits gives: both numbers of the quotient are exact, or the digits are read.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "looked at before")]
pub fn double(value: i64, decimals: i16) -> f64 {
    if value.unsigned_abs() < 1 << f64::MANTISSA_DIGITS {
        value as f64 / 10_f64.powi(i32::from(decimals))
    } else {
        digits(value, decimals).parse().unwrap_or(f64::NAN)
    }
}

/// The digits of an exact decimal at the end of a text, without trailing zeros.
pub fn write_exact(out: &mut String, value: &Decimal) {
    match (i64::try_from(value.mantissa()), i16::try_from(value.scale())) {
        (Ok(fixed), Ok(places)) if places < 19 => write_digits(out, fixed, places),
        _ => out.push_str(&value.normalize().to_string()),
    }
}

/// A fixed-point integer as an exact decimal, without trailing zeros.
pub fn exact(value: i128, decimals: i16) -> Decimal {
    let scale = u32::try_from(decimals).unwrap_or(0);
    Decimal::try_from_i128_with_scale(value, scale).map_or(Decimal::ZERO, |decimal| decimal.normalize())
}

/// `numerator / denominator`, rounded half away from zero to [`QUOTIENT_PLACES`]; nothing for a zero denominator.
pub fn quotient(numerator: i128, denominator: i128) -> Option<Decimal> {
    if denominator == 0 {
        return None;
    }
    let negative = (numerator < 0) != (denominator < 0);
    let (numerator, denominator) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let mut value = numerator / denominator;
    let mut rest = numerator % denominator;
    // Long division, one place at a time, so that nothing overflows before it is rounded.
    let mut places = 0;
    while rest != 0 && places < QUOTIENT_PLACES {
        let next = value.checked_mul(10)?;
        rest = rest.checked_mul(10)?;
        value = next + rest / denominator;
        rest %= denominator;
        places += 1;
    }
    if rest >= denominator - rest {
        value += 1;
    }
    let signed = i128::try_from(value).ok()?;
    Decimal::try_from_i128_with_scale(if negative { -signed } else { signed }, places).ok().map(|d| d.normalize())
}

/// Ten to the power of an indicator's decimals.
pub fn factor(decimals: i16) -> i128 {
    u32::try_from(decimals).ok().and_then(|places| 10_i128.checked_pow(places)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_the_exact_decimal(value in any::<i64>(), decimals in 0_i16..=15) {
            let written = digits(value, decimals);
            prop_assert_eq!(&written, &exact(i128::from(value), decimals).to_string());
            if value.unsigned_abs() < 1_000_000_000_000_000 {
                prop_assert_eq!(parse(&written, decimals), Ok(value));
                let (quotient, mut again) = (quotient(i128::from(value), 7).unwrap(), String::new());
                write_exact(&mut again, &quotient);
                prop_assert_eq!(again, quotient.to_string());
            }
        }
    }

    proptest! {
        #[test]
        fn a_double_is_what_reading_the_digits_gives(value in -1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000, short in -99_999_999_i64..99_999_999, decimals in 0_i16..=15) {
            for value in [value, short, short * 1_000_000_000] {
                let read: f64 = digits(value, decimals).parse().unwrap();
                prop_assert_eq!(double(value, decimals).to_bits(), (read + 0.0).to_bits());
            }
        }
    }

    #[test]
    fn a_good_integer_may_be_written_with_a_point() {
        assert_eq!(parse("100.0", 0), Ok(100));
        assert_eq!(parse("1e3", 0), Ok(1000));
        assert_eq!(parse("1.25e1", 1), Ok(125));
        assert_eq!(parse("-0", 2), Ok(0));
    }

    #[test]
    fn too_much_is_refused_not_rounded() {
        assert_eq!(parse("1.5", 0), Err(Fault::TooManyDecimals));
        assert_eq!(parse("1.255", 2), Err(Fault::TooManyDecimals));
        assert_eq!(parse("1234567890123456", 0), Err(Fault::TooManyDigits));
        assert_eq!(parse("1e18", 0), Err(Fault::TooManyDigits));
        assert_eq!(parse("1e999999999", 0), Err(Fault::TooManyDigits));
        assert_eq!(parse("1e-999999999", 0), Err(Fault::TooManyDecimals));
        for text in ["", "-", "1.", ".5", "1,000", "NaN", "0x10", "１"] {
            assert_eq!(parse(text, 2), Err(Fault::NotANumber), "{text}");
        }
    }

    #[test]
    fn a_quotient_is_rounded_half_away_from_zero() {
        assert_eq!(quotient(1, 3).map(|d| d.to_string()).as_deref(), Some("0.333333333333"));
        assert_eq!(quotient(-2, 3).map(|d| d.to_string()).as_deref(), Some("-0.666666666667"));
        assert_eq!(quotient(10, 4).map(|d| d.to_string()).as_deref(), Some("2.5"));
        assert_eq!(quotient(1, 0), None);
    }

    proptest! {
        #[test]
        fn digits_and_value_are_the_same_thing(value in -999_999_999_999_999_i64..=999_999_999_999_999, decimals in 0_i16..=4) {
            prop_assert_eq!(parse(&digits(value, decimals), decimals), Ok(value));
        }

        #[test]
        fn a_quotient_is_within_half_a_unit_of_its_last_place(n in -1_000_000_000_i64..1_000_000_000, d in 1_i64..1_000_000) {
            let got = quotient(i128::from(n), i128::from(d)).unwrap();
            let back = got * Decimal::from(d) - Decimal::from(n);
            prop_assert!(back.abs() <= Decimal::from(d) / Decimal::from(2_000_000_000_000_i64));
        }
    }
}

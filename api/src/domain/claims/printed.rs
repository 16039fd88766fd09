//! What printed digits say, and whether a figure goes with them.

use entity::claim;
use rust_decimal::{Decimal, RoundingStrategy};

/// The printed figure.
pub(super) fn value_of(claim: &claim::Model) -> Option<Decimal> {
    claim.value.parse().ok()
}

/// How many places are printed after the point.
fn places(value: Decimal) -> u32 {
    value.scale()
}

fn rounded(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Half a unit of the last printed digit that is not a zero: how far *about 12,000* may be off.
fn about(value: Decimal) -> Option<Decimal> {
    let value = value.normalize();
    let (mut digits, mut unit) = (value.mantissa().unsigned_abs(), Decimal::new(1, value.scale()));
    while digits > 0 && digits.is_multiple_of(10) {
        digits /= 10;
        unit = unit.checked_mul(Decimal::TEN)?;
    }
    unit.checked_div(Decimal::TWO)
}

/// Whether a computed figure goes with what a claim says: one that is printed as it is, if it rounds to the printed
/// digits.
pub(super) fn fits(claim: &claim::Model, computed: Decimal) -> bool {
    let Some(printed) = value_of(claim) else { return false };
    match claim.comparator.as_str() {
        ">=" => computed >= printed,
        ">" => computed > printed,
        "<=" => computed <= printed,
        "<" => computed < printed,
        "~" => {
            about(printed).zip(computed.checked_sub(printed)).is_some_and(|(most, difference)| difference.abs() <= most)
        }
        _ => rounded(computed, places(printed)) == printed,
    }
}

/// Whether a claim says a figure, and not only a bound of it.
pub(super) fn is_exact(claim: &claim::Model) -> bool {
    claim.comparator == "="
}

/// Whether two claims of one quantity can both be true. Of two figures the finer must round to the coarser.
pub(super) fn agree(one: &claim::Model, other: &claim::Model) -> bool {
    let (Some(a), Some(b)) = (value_of(one), value_of(other)) else { return true };
    match (is_exact(one), is_exact(other)) {
        (true, true) => {
            let coarser = places(a).min(places(b));
            rounded(a, coarser) == rounded(b, coarser)
        }
        (true, false) => fits(other, a),
        (false, true) => fits(one, b),
        (false, false) => {
            let (low, high) = (bounds(one, a), bounds(other, b));
            let apart =
                |low: Option<Decimal>, high: Option<Decimal>| low.zip(high).is_some_and(|(low, high)| low > high);
            !apart(low.0, high.1) && !apart(high.0, low.1)
        }
    }
}

/// The least and the most that a claim allows.
fn bounds(claim: &claim::Model, value: Decimal) -> (Option<Decimal>, Option<Decimal>) {
    match claim.comparator.as_str() {
        ">=" | ">" => (Some(value), None),
        "<=" | "<" => (None, Some(value)),
        _ => {
            let most = about(value).unwrap_or_default();
            (value.checked_sub(most), value.checked_add(most))
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::ids::{ClaimKey, PeriodCode};

    use super::*;

    fn claim(comparator: &str, value: &str) -> claim::Model {
        claim::Model {
            key: ClaimKey::from("a.b.2023"),
            position: 1,
            label: String::new(),
            indicator_code: Some("a.b".to_owned()),
            statistic: "value".to_owned(),
            scope: "province".to_owned(),
            scope_code: "620000".to_owned(),
            period_code: PeriodCode::from("2023"),
            comparator: comparator.to_owned(),
            value: value.to_owned(),
            unit: String::new(),
            source: String::new(),
        }
    }

    #[test]
    fn a_claim_holds_if_the_figure_rounds_to_the_printed_digits() {
        for (comparator, printed, computed, holds) in [
            ("=", "91.38", "91.377519659170", true),
            ("=", "91.38", "91.3749", false),
            ("=", "91.38", "91.385", false),
            ("=", "0.13", "0.125", true),
            ("=", "-0.13", "-0.125", true),
            ("=", "6609.00", "6609", true),
            ("=", "6609.00", "6609.004", true),
            ("=", "6609.00", "6609.005", false),
            ("=", "4", "4.4999", true),
            ("=", "0", "0.5", false),
            (">=", "12000", "12000", true),
            (">=", "12000", "9654.07", false),
            (">", "12000", "12000", false),
            ("<=", "18", "17.6", true),
            ("<", "18", "18", false),
            ("~", "12000", "12499", true),
            ("~", "12000", "12501", false),
            ("~", "12.5", "12.54", true),
            ("~", "0", "0.4", true),
        ] {
            assert_eq!(
                fits(&claim(comparator, printed), computed.parse().unwrap()),
                holds,
                "{computed} {comparator} {printed}"
            );
        }
    }

    #[test]
    fn two_claims_agree_or_do_not_whichever_is_asked_first() {
        for (one, other, agrees) in [
            (("=", "294013"), ("=", "287383"), false),
            (("=", "17.6"), ("=", "17.60"), true),
            (("=", "17.6"), ("=", "17.64"), true),
            (("=", "17.6"), ("=", "17.65"), false),
            (("=", "9654.07"), (">=", "12000"), false),
            (("=", "12000"), (">=", "12000"), true),
            ((">=", "5"), ("<=", "3"), false),
            ((">=", "3"), ("<=", "5"), true),
            (("~", "300"), ("=", "349"), true),
            (("~", "300"), ("=", "351"), false),
        ] {
            let (one, other) = (claim(one.0, one.1), claim(other.0, other.1));
            assert_eq!(agree(&one, &other), agrees, "{one:?} {other:?}");
            assert_eq!(agree(&other, &one), agrees, "{one:?} {other:?}");
        }
    }
}

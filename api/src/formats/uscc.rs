//! Unified social credit codes (统一社会信用代码, GB 32100): the one place where their check digit is computed.

/// The digits, in the order of their values; I, O, S, V and Z are none.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// How one is written, for an error.
pub const LIKE: &str = "91350100M000100Y43 (GB 32100)";

/// Whether a unified social credit code has its eighteen digits, the last of which checks the others.
pub fn is_uscc(code: &str) -> bool {
    let digits: Option<Vec<usize>> = code.chars().map(|digit| ALPHABET.find(digit)).collect();
    let Some((check, body)) = digits.as_deref().and_then(|digits| digits.split_last()) else { return false };
    let mut weight = 1;
    let mut sum = 0;
    for digit in body {
        sum += digit * weight;
        weight = weight * 3 % 31;
    }
    body.len() == 17 && (31 - sum % 31) % 31 == *check
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_social_credit_code_has_its_check_digit() {
        assert!(is_uscc("91350100M000100Y43"));
        for wrong in ["", "4", "91350100M000100Y44", "91350100M000100I43", "91350100M000100Y4", "91350100m000100Y43"] {
            assert!(!is_uscc(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn of_the_last_digits_exactly_one_is_good(body in "[0-9A-HJ-NPQRTUWXY]{17}") {
            let good = ALPHABET.chars().filter(|last| is_uscc(&format!("{body}{last}"))).count();
            prop_assert_eq!(good, 1);
        }
    }
}

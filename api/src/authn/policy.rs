//! What a password must be: long, and more than what everybody tries first.
//!
//! No classes of letters are asked for (NIST SP 800-63B): they make `Password2026!`. What is common, the user's
//! own name, years, runs and rows of the keyboard are taken out, and enough must be left.

use std::{collections::HashSet, sync::LazyLock};

use crate::{
    config::Secret,
    error::{Finding, Text},
};

/// Shortest password, in characters.
const SHORTEST: usize = 12;
/// Longest password, in characters.
const LONGEST: usize = 128;
/// How many different characters it has at least.
const DIFFERENT: usize = 5;
/// How many characters are left at least when everything common is taken out.
const LEFT: usize = 6;
/// How long a run is that counts for nothing: `aaa`, `123`, `cba`.
const RUN: usize = 3;

/// What people try first, longest first.
static COMMON: LazyLock<Vec<Vec<char>>> = LazyLock::new(|| {
    let mut words: Vec<Vec<char>> =
        include_str!("common.txt").lines().filter(|line| !line.is_empty()).map(|line| line.chars().collect()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
});

/// Everything that is wrong with a password for this person. What it was is not repeated.
pub fn check(pointer: &str, password: &Secret, username: &str) -> Vec<Finding> {
    let text = password.expose();
    let length = text.chars().count();
    let fault = |code: &str, zh: String, en: String, expected: String, got: String| {
        vec![Finding::error(code, pointer, Text::new(zh, en)).with(expected, got)]
    };
    if !(SHORTEST..=LONGEST).contains(&length) {
        return fault(
            "password_length",
            format!("密码须为 {SHORTEST} 至 {LONGEST} 个字符"),
            format!("A password has {SHORTEST} to {LONGEST} characters"),
            format!("{SHORTEST}–{LONGEST}"),
            length.to_string(),
        );
    }
    if text.chars().any(char::is_control) {
        return fault(
            "password_characters",
            "密码不能含控制字符".to_owned(),
            "A password has no control characters".to_owned(),
            "no control characters".to_owned(),
            "control characters".to_owned(),
        );
    }
    let different = text.chars().collect::<HashSet<_>>().len();
    if different < DIFFERENT {
        return fault(
            "password_repeats",
            format!("密码至少须有 {DIFFERENT} 个不同的字符"),
            format!("A password has at least {DIFFERENT} different characters"),
            format!("≥ {DIFFERENT}"),
            different.to_string(),
        );
    }
    let left = left(text, username);
    if left < LEFT {
        return fault(
            "password_common",
            format!("密码过于常见：除去常用词、用户名、年份和连续字符后，至少还须有 {LEFT} 个字符"),
            format!(
                "The password is too common: without common words, the user name, years and runs at least {LEFT} characters must be left"
            ),
            format!("≥ {LEFT}"),
            left.to_string(),
        );
    }
    Vec::new()
}

/// How many characters are left of a password when everything that is tried first is taken out.
fn left(password: &str, username: &str) -> usize {
    let plain: Vec<char> = password.to_lowercase().chars().collect();
    // `p@ssw0rd` is no better than the word.
    let written_out: Vec<char> = plain
        .iter()
        .map(|letter| match letter {
            '0' => 'o',
            '1' => 'l',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => *other,
        })
        .collect();
    let mut own: Vec<Vec<char>> = username.split('-').chain([username]).map(|part| part.chars().collect()).collect();
    own.retain(|part| part.len() >= RUN);
    own.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let (mut at, mut left) = (0, 0);
    while at < plain.len() {
        let (rest, other) = (plain.get(at..).unwrap_or_default(), written_out.get(at..).unwrap_or_default());
        let word = own.iter().chain(COMMON.iter()).filter(|word| rest.starts_with(word) || other.starts_with(word));
        let taken = word.map(Vec::len).max().unwrap_or(0).max(run(rest)).max(year(rest));
        if taken > 0 {
            at += taken;
        } else {
            left +=
                usize::from(rest.first().is_some_and(|letter| letter.is_alphanumeric() || !" -_.".contains(*letter)));
            at += 1;
        }
    }
    left
}

/// How long the run is at the beginning: one letter again and again, or the alphabet up or down.
fn run(rest: &[char]) -> usize {
    let step = |pair: &[char]| match pair {
        [a, b] => Some(i64::from(u32::from(*b)) - i64::from(u32::from(*a))).filter(|step| step.abs() <= 1),
        _ => None,
    };
    let Some(first) = rest.get(..2).and_then(step) else { return 0 };
    let length = 1 + rest.windows(2).take_while(|pair| step(pair) == Some(first)).count();
    if length >= RUN { length } else { 0 }
}

/// Four digits that are a year of this century or the one before.
fn year(rest: &[char]) -> usize {
    match rest {
        ['1', '9', a, b, ..] | ['2', '0', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;
    use crate::authn::passwords;

    fn code(password: &str) -> String {
        let found = check("/password", &Secret::new(password), "office-620000");
        found.first().map(|one| one.code.clone()).unwrap_or_default()
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for (password, expected) in [
            ("", "password_length"),
            ("short-one-xy", ""),
            ("x1y2z3w4v5u", "password_length"),
            (&"职业教育数据交换平台登录".chars().take(11).collect::<String>(), "password_length"),
            (&"ab3!x".repeat(26), "password_length"),
            ("line\nbreak-kzqxw", "password_characters"),
            ("aaaaaaaaaaaaaa", "password_repeats"),
            ("abababababababab", "password_repeats"),
            ("password2026!", "password_common"),
            ("P@ssw0rd2025!!", "password_common"),
            ("123456789012", "password_common"),
            ("qwertyuiop1234", "password_common"),
            ("1qaz2wsx3edc!", "password_common"),
            ("woaini1314520", "password_common"),
            ("Zhiqiao-2026-admin", "password_common"),
            ("office-620000-2026", "password_common"),
            ("Office620000!!!!", "password_common"),
            ("abcdefghijklmn", "password_common"),
            ("zhongguo-Lanzhou-2026", "password_common"),
            ("密码密码密码2026管理员", "password_common"),
            ("correct horse battery staple", ""),
            ("今晚的月亮很圆，我们去散步吧", ""),
            ("Trout-lamp.river9", ""),
            ("v8Kq2!mZr7Tw", ""),
        ] {
            assert_eq!(code(password), expected, "{password}");
        }
    }

    #[test]
    fn what_was_wrong_is_not_repeated() {
        for password in ["password2026!", "aaaaaaaaaaaaaa", "short"] {
            let said = format!("{:?}", check("/password", &Secret::new(password), "office"));
            assert!(!said.contains(password), "{said}");
        }
    }

    #[test]
    fn a_random_password_always_passes() {
        for _ in 0..2_000 {
            let made = passwords::random().unwrap();
            assert!(check("/password", &made, "office-620000").is_empty(), "{}", made.expose());
        }
    }

    proptest! {
        #[test]
        fn every_text_is_judged(password in ".{0,160}", username in "[a-z0-9-]{0,20}") {
            let found = check("/password", &Secret::new(password.clone()), &username);
            prop_assert!(found.len() <= 1);
            prop_assert!(left(&password, &username) <= password.to_lowercase().chars().count());
        }
    }
}

//! The words that somebody gives for what it does: a reason, a remark, a justification.

use crate::error::{Finding, Text};

/// The longest of them, in characters.
const MAX_WORDS: usize = 4_000;

/// Words that must be there.
pub(super) fn said(at: &str, text: &str) -> Option<Finding> {
    if text.trim().is_empty() {
        return Some(Finding::error("reason_missing", at, Text::new("必须说明理由", "A reason is needed")));
    }
    unfit(at, text)
}

/// What a text may not be.
pub(super) fn unfit(at: &str, text: &str) -> Option<Finding> {
    if text.contains('\0') {
        let message =
            Text::new("文字中含有不允许的字符（NUL）", "The text has a character that no text may have (NUL)");
        return Some(Finding::error("unfit_text", at, message));
    }
    let length = text.chars().count();
    (length > MAX_WORDS).then(|| {
        Finding::error(
            "too_long",
            at,
            Text::new(format!("文字超过 {MAX_WORDS} 字"), format!("More than {MAX_WORDS} characters")),
        )
        .with(format!("≤ {MAX_WORDS}"), length.to_string())
    })
}

//! Texts of others on their way into a spreadsheet: none of them is a formula.

use std::borrow::Cow;

/// A text as a cell of a CSV file: one that a spreadsheet would take for a formula is led by an apostrophe.
pub fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_looks_like_a_formula_is_a_text() {
        for formula in ["=1+1", "+1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        for text in ["", "毕业生人数", "a=1", " =1"] {
            assert_eq!(cell(text), text);
        }
    }
}

//! The tokens of a query or of JSON: what can be learnt of a text before any parser recurses into it.

use std::borrow::Cow;

/// What a token is, as far as bounds ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{`, `(`, `[`.
    Open,
    /// `}`, `)`, `]`.
    Close,
    /// A number.
    Number,
    /// A name, a string, a sign.
    Other,
}

/// One token and where it stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub from: usize,
    /// The byte after it.
    pub to: usize,
}

/// The tokens of a text, in order. Comments, blanks and commas are none; nothing here can fail,
/// what is not well-formed is left to the parser.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens of a text.
    pub const fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn starts(&self, at: usize, with: &[u8]) -> bool {
        self.text.get(at..).is_some_and(|rest| rest.starts_with(with))
    }

    /// The byte after the last one that belongs.
    fn run(&self, mut at: usize, belongs: impl Fn(u8) -> bool) -> usize {
        while self.byte(at).is_some_and(&belongs) {
            at += 1;
        }
        at
    }

    fn string(&self, from: usize) -> usize {
        let mut at = from + 1;
        loop {
            match self.byte(at) {
                None | Some(b'\n' | b'\r') => return at,
                Some(b'"') => return at + 1,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
    }

    fn block_string(&self, from: usize) -> usize {
        let mut at = from + 3;
        loop {
            match self.byte(at) {
                None => return at,
                Some(b'\\') if self.starts(at, b"\\\"\"\"") => at += 4,
                Some(b'"') if self.starts(at, b"\"\"\"") => return at + 3,
                Some(_) => at += 1,
            }
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let from = loop {
            match self.byte(self.at)? {
                b'#' => self.at = self.run(self.at, |byte| byte != b'\n' && byte != b'\r'),
                b' ' | b'\t' | b'\n' | b'\r' | b',' => self.at += 1,
                0xEF if self.starts(self.at, "\u{feff}".as_bytes()) => self.at += 3,
                _ => break self.at,
            }
        };
        let (kind, to) = match self.byte(from)? {
            b'{' | b'(' | b'[' => (Kind::Open, from + 1),
            b'}' | b')' | b']' => (Kind::Close, from + 1),
            b'"' if self.starts(from, b"\"\"\"") => (Kind::Other, self.block_string(from)),
            b'"' => (Kind::Other, self.string(from)),
            b'-' | b'0'..=b'9' => {
                let part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
                (Kind::Number, self.run(from + 1, part))
            }
            b'.' if self.starts(from, b"...") => (Kind::Other, from + 3),
            byte if byte == b'_' || byte.is_ascii_alphabetic() => {
                (Kind::Other, self.run(from, |byte| byte == b'_' || byte.is_ascii_alphanumeric()))
            }
            byte if !byte.is_ascii() => (Kind::Other, self.run(from, |byte| !byte.is_ascii())),
            _ => (Kind::Other, from + 1),
        };
        self.at = to.min(self.text.len());
        Some(Token { kind, from, to: self.at })
    }
}

/// The text with those numbers quoted that a parser of doubles would change: more than 15 significant
/// digits, or an exponent. `Decimal` takes a string of digits as well, so that what was sent is judged
/// by its own digits; 15 digits come through a double unchanged.
pub fn with_exact_numbers(text: &str) -> Cow<'_, str> {
    let mut exact = String::new();
    let mut done = 0;
    for token in Tokens::of(text).filter(|token| token.kind == Kind::Number) {
        let Some(digits) = text.get(token.from..token.to).filter(|digits| is_changed(digits)) else { continue };
        exact.push_str(text.get(done..token.from).unwrap_or_default());
        exact.extend(["\"", digits, "\""]);
        done = token.to;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    exact.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(exact)
}

fn is_changed(number: &str) -> bool {
    if number.parse::<i64>().is_ok() {
        return false;
    }
    let significant = number.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    significant > 15 || number.contains(['e', 'E'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        Tokens::of(text).map(|token| text.get(token.from..token.to).unwrap()).collect()
    }

    #[test]
    fn tokens_are_those_of_the_grammar() {
        assert_eq!(
            texts("{ a: b(c: -1.5e3, d: $e) ...f @g }"),
            ["{", "a", ":", "b", "(", "c", ":", "-1.5e3", "d", ":", "$", "e", ")", "...", "f", "@", "g", "}"]
        );
        assert_eq!(texts("# { \" \n a,,, b\u{feff}"), ["a", "b"]);
        assert_eq!(
            texts(r#""{" "\"{" "" """{ "quoted" \""" " """ x"#),
            [r#""{""#, r#""\"{""#, r#""""#, r#""""{ "quoted" \""" " """"#, "x"]
        );
    }

    #[test]
    fn what_is_cut_off_ends() {
        for text in ["\"", "\"\\", "\"\"\"", "\"\"\"\\", "#", "-", "职桥", "\u{feff}"] {
            assert!(texts(text).len() <= 2, "{text}");
        }
    }

    #[test]
    fn only_numbers_that_a_double_would_change_are_quoted() {
        for same in ["1", "12.50", "-0.000000000012345", "294013", "99999999999999.5", "9223372036854775807", "\"1e5\""]
        {
            assert_eq!(with_exact_numbers(same), same);
        }
        assert_eq!(with_exact_numbers("[0.1000000000000000055, 2]"), "[\"0.1000000000000000055\", 2]");
        assert_eq!(with_exact_numbers("{\"a\":1e3}"), "{\"a\":\"1e3\"}");
        assert_eq!(with_exact_numbers("f(v: 92233720368547758070)"), "f(v: \"92233720368547758070\")");
    }
}

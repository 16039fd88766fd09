//! JSON that is written already, on its way through the library's values and into an answer.
//!
//! The library knows such a text by the name of an object's one member, and its own way out reads
//! all of it again to be sure that it is JSON. What is written here was written by us: it is copied.

use async_graphql::{Name, Value, indexmap::IndexMap};

/// The name of the one member by which `async-graphql-value` knows that a text is JSON already
/// (feature `raw_value`; `async_graphql_value::RAW_VALUE_TOKEN`, which is not re-exported).
const RAW_VALUE_TOKEN: &str = "$serde_json::private::RawValue";

/// JSON that is written already, as a value.
pub fn json(text: String) -> Value {
    Value::Object(IndexMap::from_iter([(Name::new(RAW_VALUE_TOKEN), Value::String(text))]))
}

/// Writes a text as JSON has it.
pub fn text(text: &str, out: &mut String) {
    out.push('"');
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let quoted = serde_json::Value::from(text).to_string();
        out.push_str(quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default());
    } else {
        out.push_str(text);
    }
    out.push('"');
}

/// Writes a value as JSON.
pub fn value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(true) => out.push_str("true"),
        Value::Boolean(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(string) => text(string, out),
        Value::Enum(name) => text(name, out),
        // No scalar of ours is one; the library writes it as a list of numbers.
        Value::Binary(bytes) => out.push_str(&serde_json::Value::from(bytes.to_vec()).to_string()),
        Value::List(values) => {
            out.push('[');
            for (at, one) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                self::value(one, out);
            }
            out.push(']');
        }
        Value::Object(members) => match members.get(RAW_VALUE_TOKEN) {
            Some(Value::String(json)) => out.push_str(json),
            _ => object(members, out),
        },
    }
}

fn object(members: &IndexMap<Name, Value>, out: &mut String) {
    out.push('{');
    for (at, (name, one)) in members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        text(name, out);
        out.push(':');
        value(one, out);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_written_as_json_has_it() {
        for sample in ["", "职桥", "\"", "\\", "a\nb", "\u{1f}", "</script>", "\u{2028}"] {
            let mut out = String::new();
            text(sample, &mut out);
            assert_eq!(out, serde_json::to_string(sample).unwrap());
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
            "[A-Z_]{1,6}".prop_map(|name| Value::Enum(Name::new(name))),
            (any::<i32>(), 0_u32..999).prop_map(|(whole, part)| json(format!("{whole}.{part:03}"))),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                proptest::collection::vec(("[a-z]{1,5}", inner), 0..6).prop_map(|members| Value::Object(
                    members.into_iter().map(|(name, value)| (Name::new(name), value)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_is_written_as_the_library_writes_it(sample in values()) {
            let mut out = String::new();
            value(&sample, &mut out);
            prop_assert_eq!(out, serde_json::to_string(&sample).unwrap());
        }
    }
}

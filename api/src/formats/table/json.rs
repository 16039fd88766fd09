//! JSON: a list of objects, one for each row, with all members; `null` for what has no value.

use super::{Block, Cell, Head};
use crate::formats::decimal;

/// A list being written.
pub(super) struct Writer {
    /// The names of the members, as JSON.
    names: Vec<String>,
    begun: bool,
}

impl Writer {
    pub(super) fn new(head: &Head) -> Result<Self, serde_json::Error> {
        let names = head.fields.iter().map(|field| serde_json::to_string(field.name)).collect::<Result<_, _>>()?;
        Ok(Self { names, begun: false })
    }

    pub(super) fn write(&mut self, block: &Block) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = String::with_capacity(block.rows * self.names.len() * 24);
        for at in 0..block.rows {
            out.push_str(if self.begun { ",\n" } else { "[" });
            self.begun = true;
            for (number, (name, cell)) in self.names.iter().zip(block.row(at)).enumerate() {
                out.push(if number == 0 { '{' } else { ',' });
                out.push_str(name);
                out.push(':');
                match cell {
                    Cell::Text(text) => out.push_str(&serde_json::to_string(text)?),
                    Cell::Count(count) => out.push_str(&count.to_string()),
                    Cell::Number(number) => decimal::write_exact(&mut out, number),
                    Cell::Nothing => out.push_str("null"),
                }
            }
            out.push('}');
        }
        Ok(out.into_bytes())
    }

    pub(super) fn finish(self) -> Vec<u8> {
        if self.begun { b"]\n".to_vec() } else { b"[]\n".to_vec() }
    }
}

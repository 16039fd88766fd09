//! What a load did, as a small table.

use std::fmt;

/// What a load did to one kind of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindCount {
    /// The name of the file, without its ending.
    pub kind: &'static str,
    /// Rows that were not there before.
    pub created: usize,
    /// Rows that said something else before.
    pub changed: usize,
    /// Rows that said the same before.
    pub unchanged: usize,
    /// Rows of the database that the folder does not have. A load deletes nothing.
    pub left: usize,
}

/// What a load did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// By kind, in the order of writing.
    pub kinds: Vec<KindCount>,
    /// Files and lines that are not for this version, each with the reason.
    pub left_alone: Vec<String>,
}

impl Summary {
    /// Whether anything was written.
    pub fn has_changes(&self) -> bool {
        self.kinds.iter().any(|kind| kind.created + kind.changed > 0)
    }
}

/// How many columns of a terminal a text takes: Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|character| if character < '\u{2e80}' { 1 } else { 2 }).sum()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", "新增 created", "变更 changed", "未变 unchanged", "保留 left"].map(str::to_owned);
        let body = self.kinds.iter().map(|row| {
            let [created, changed, unchanged, left] =
                [row.created, row.changed, row.unchanged, row.left].map(|count| count.to_string());
            [row.kind.to_owned(), created, changed, unchanged, left]
        });
        let table: Vec<[String; 5]> = std::iter::once(head).chain(body).collect();
        let widths = [0, 1, 2, 3, 4]
            .map(|column| table.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0));
        for row in &table {
            let mut text = String::new();
            for (column, (cell, wide)) in row.iter().zip(widths).enumerate() {
                let blanks = " ".repeat(wide - width(cell));
                // Names to the left, numbers to the right.
                text.push_str(&if column == 0 { format!("{cell}{blanks}") } else { format!("  {blanks}{cell}") });
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        if !self.left_alone.is_empty() {
            writeln!(f, "未处理 left alone:")?;
            for what in &self.left_alone {
                writeln!(f, "  {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_a_table_with_straight_columns() {
        let kind = |kind, created| KindCount { kind, created, changed: 0, unchanged: 12, left: 0 };
        let summary = Summary {
            kinds: vec![kind("cities", 14), kind("consortium_members", 1)],
            left_alone: vec!["rules.csv".to_owned()],
        };
        let expected = [
            "                    新增 created  变更 changed  未变 unchanged  保留 left",
            "cities                        14             0              12          0",
            "consortium_members             1             0              12          0",
            "未处理 left alone:",
            "  rules.csv",
        ];
        assert_eq!(summary.to_string().lines().collect::<Vec<_>>(), expected);
    }
}

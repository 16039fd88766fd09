//! What can be wrong with a folder of reference data, and how it is told: file, line, column, both languages.

use crate::{
    error::{Error, Finding, Result, Text},
    formats::decimal,
};

/// Where something is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The file, with its ending; empty for the folder as a whole.
    pub(super) file: &'a str,
    /// The line of the file, from 1; none for the file as a whole.
    pub(super) line: Option<usize>,
    /// The column, by the name in the header.
    pub(super) column: Option<&'a str>,
}

impl Place<'_> {
    /// `schools.csv#/7/city_code`.
    fn pointer(self) -> String {
        let mut pointer = self.file.to_owned();
        if let Some(line) = self.line {
            pointer.push_str(&format!("#/{line}"));
        }
        if let Some(column) = self.column {
            // RFC 6901.
            pointer.push_str(&format!("/{}", column.replace('~', "~0").replace('/', "~1")));
        }
        pointer
    }

    /// The same in words, in front of what is wrong.
    fn in_front_of(self, what: &Text) -> Text {
        if self.file.is_empty() {
            return what.clone();
        }
        let (mut zh, mut en) = (self.file.to_owned(), self.file.to_owned());
        if let Some(line) = self.line {
            zh.push_str(&format!(" 第 {line} 行"));
            en.push_str(&format!(", line {line}"));
        }
        if let Some(column) = self.column {
            zh.push_str(&format!(" {column}"));
            en.push_str(&format!(", {column}"));
        }
        Text::new(format!("{zh}：{}", what.zh), format!("{en}: {}", what.en))
    }
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Wrong {
    /// There is no such folder.
    NoFolder,
    /// A file of the layout is not there.
    NoFile,
    /// The file is there, but the system does not hand it out.
    Unreadable(String),
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A column of the layout is not in the header.
    NoColumn,
    /// The header names a column twice.
    ColumnTwice,
    /// The line has more or fewer cells than the header.
    CellCount,
    /// A cell that must not be empty is.
    Empty,
    /// A character that no text has and no database keeps.
    ControlCharacter,
    /// Not one of the words.
    NotAWord,
    /// Not the number that the column wants.
    Number(decimal::Fault),
    /// A number outside its bounds.
    OutOfRange,
    /// Not of the form that the column wants.
    Form,
    /// Said before, in that line of that file.
    Twice(String, usize),
    /// Two names that come to the same code: that line has the other.
    SameCode(usize),
    /// Nothing of this name in the file named.
    Unresolved(&'static str),
    /// There is a body of this name, but of another kind.
    AnotherKind,
    /// Belongs to another dataset.
    OtherDataset,
    /// The chain of references comes back to its start.
    Cycle,
    /// A protected line that follows from public ones.
    GivenAway(Text),
    /// Two columns that do not go together.
    Together(Text),
}

impl Wrong {
    /// Stable name, for programs.
    const fn code(&self) -> &'static str {
        match self {
            Self::NoFolder => "missing_folder",
            Self::NoFile => "missing_file",
            Self::Unreadable(_) => "unreadable_file",
            Self::NotUtf8 => "not_utf8",
            Self::NoColumn => "missing_column",
            Self::ColumnTwice => "duplicate_column",
            Self::CellCount => "cell_count",
            Self::Empty => "empty_cell",
            Self::ControlCharacter => "control_character",
            Self::NotAWord => "unknown_word",
            Self::Number(decimal::Fault::NotANumber) => "not_a_number",
            Self::Number(decimal::Fault::TooManyDecimals) => "too_many_decimals",
            Self::Number(decimal::Fault::TooManyDigits) => "too_many_digits",
            Self::OutOfRange => "out_of_range",
            Self::Form => "wrong_form",
            Self::Twice(..) => "duplicate",
            Self::SameCode(_) => "same_code",
            Self::Unresolved(_) => "unresolved",
            Self::AnotherKind => "another_kind",
            Self::OtherDataset => "other_dataset",
            Self::Cycle => "cycle",
            Self::GivenAway(_) => "given_away",
            Self::Together(_) => "contradiction",
        }
    }

    /// The sentence, without the place.
    fn text(&self, expected: &str, got: &str) -> Text {
        match self {
            Self::NoFolder => Text::new(format!("没有文件夹“{got}”"), format!("there is no folder `{got}`")),
            Self::NoFile => Text::new(
                "缺少此文件；确无内容时，请保留只有表头的文件",
                "this file is missing; where there is nothing to say, leave it with its header row only",
            ),
            Self::Unreadable(cause) => {
                Text::new(format!("无法读取文件：{cause}"), format!("the file cannot be read: {cause}"))
            }
            Self::NotUtf8 => Text::new(
                "不是 UTF-8 编码；请在保存时选择“CSV UTF-8”",
                "this is not UTF-8; save the file as `CSV UTF-8`",
            ),
            Self::NoColumn => {
                Text::new(format!("表头缺少列 {expected}"), format!("the header lacks column {expected}"))
            }
            Self::ColumnTwice => Text::new("表头中此列出现两次", "the header names this column twice"),
            Self::CellCount => Text::new(
                format!("应有 {expected} 个单元格，实有 {got} 个；含逗号的文字须加引号"),
                format!("{got} cells instead of {expected}; text with a comma needs quotes"),
            ),
            Self::Empty => Text::new("不能为空", "must not be empty"),
            Self::ControlCharacter => Text::new("含有控制字符", "holds a control character"),
            Self::NotAWord => Text::new(
                format!("“{got}”不是可用的词，应为 {expected} 之一"),
                format!("`{got}` is not one of the words {expected}"),
            ),
            Self::Number(decimal::Fault::NotANumber) => {
                Text::new(format!("“{got}”不是数字"), format!("`{got}` is not a number"))
            }
            Self::Number(decimal::Fault::TooManyDecimals) => Text::new(
                format!("{got} 的小数位过多，最多 {expected} 位"),
                format!("{got} has too many decimals, at most {expected} are kept"),
            ),
            Self::Number(decimal::Fault::TooManyDigits) => Text::new(
                format!("{got} 超过 {expected} 位有效数字"),
                format!("{got} has more than {expected} significant digits"),
            ),
            Self::OutOfRange => {
                Text::new(format!("{got} 不在 {expected} 范围内"), format!("{got} is not within {expected}"))
            }
            Self::Form => Text::new(
                format!("“{got}”的写法不对，应为 {expected}"),
                format!("`{got}` is not written like {expected}"),
            ),
            Self::Twice(file, line) => Text::new(
                format!("“{got}”与 {file} 第 {line} 行重复"),
                format!("`{got}` is already in {file}, line {line}"),
            ),
            Self::SameCode(line) => Text::new(
                format!("“{got}”与第 {line} 行的名称得出相同的代码 {expected}"),
                format!("`{got}` and the name in line {line} make the same code {expected}"),
            ),
            Self::Unresolved(file) => {
                let (hint_zh, hint_en) = if expected.is_empty() {
                    (String::new(), String::new())
                } else {
                    (format!("；是否指“{expected}”？"), format!("; is `{expected}` meant?"))
                };
                Text::new(format!("{file} 中没有“{got}”{hint_zh}"), format!("{file} has no `{got}`{hint_en}"))
            }
            Self::AnotherKind => Text::new(
                format!("所指的是 {got}，应为 {expected}"),
                format!("what it names is of kind {got}, expected is {expected}"),
            ),
            Self::OtherDataset => Text::new(
                format!("“{got}”不属于报表 {expected}"),
                format!("`{got}` is not a line of dataset {expected}"),
            ),
            Self::Cycle => Text::new(format!("引用成环：{got}"), format!("the references run in a circle: {got}")),
            Self::Together(text) | Self::GivenAway(text) => text.clone(),
        }
    }
}

/// Everything that is wrong with a folder.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(String, Option<usize>, Finding)>);

impl Faults {
    /// One more. `expected` and `got` may be empty where there is nothing to say.
    pub(super) fn add(&mut self, place: Place<'_>, wrong: &Wrong, expected: impl Into<String>, got: impl Into<String>) {
        let (expected, got) = (expected.into(), got.into());
        let message = place.in_front_of(&wrong.text(&expected, &got));
        let mut finding = Finding::error(wrong.code(), place.pointer(), message);
        finding.expected = Some(expected).filter(|text| !text.is_empty());
        finding.got = Some(got).filter(|text| !text.is_empty());
        self.0.push((place.file.to_owned(), place.line, finding));
    }

    /// Whether nothing is wrong so far.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing, if nothing is wrong; all of it, by file and line, if anything is.
    pub(super) fn verdict(mut self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        Err(Error::Invalid(self.0.into_iter().map(|(_, _, finding)| finding).collect()))
    }
}

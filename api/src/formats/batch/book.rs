//! What a workbook says beside its sheets: their names, its texts, and how numbers are shown.

use std::io::{Read, Seek};

use zip::{ZipArchive, result::ZipError};

use super::{
    Fault,
    xml::{Piece, Xml, damaged},
};

/// The most files in a workbook.
const PARTS: usize = 2_000;
/// The largest sheet, unpacked.
const SHEET_BYTES: u64 = 1 << 30;
/// All texts of a workbook together; they are held while it is read.
const TEXT_BYTES: usize = 64 << 20;
/// The largest of the other parts, unpacked.
const PART_BYTES: u64 = 256 << 20;

/// How a cell shows its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a number.
    Number,
    /// Times a hundred, with a percent sign.
    Percent,
    /// As a date or a time.
    Date,
}

/// A sheet.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// What its tab says.
    pub name: String,
    /// Where it stands in the archive.
    pub part: String,
    /// Whether people see it.
    pub is_visible: bool,
}

/// A workbook that is open.
pub(super) struct Book<R> {
    archive: ZipArchive<R>,
    /// Its sheets, in order.
    pub sheets: Vec<Sheet>,
    texts: String,
    ends: Vec<usize>,
    shown: Vec<Shown>,
}

impl<R: Read + Seek> Book<R> {
    pub(super) fn open(file: R) -> Result<Self, Fault> {
        let archive = ZipArchive::new(file).map_err(|fault| no_workbook(&fault))?;
        if archive.len() > PARTS {
            return Err(damaged("zip", "too many parts"));
        }
        let mut book = Self { archive, sheets: Vec::new(), texts: String::new(), ends: Vec::new(), shown: Vec::new() };
        book.read_sheets()?;
        book.read_styles()?;
        book.read_texts()?;
        Ok(book)
    }

    /// A part as XML; nothing where there is no such part.
    fn part(&mut self, name: &str, most: u64) -> Result<Option<Xml<impl Read>>, Fault> {
        match self.archive.by_name(name) {
            Ok(part) => {
                let packed = part.compressed_size();
                Ok(Some(Xml::new(part, name, packed, most)))
            }
            Err(ZipError::FileNotFound) => Ok(None),
            Err(fault) => Err(damaged(name, &fault.to_string())),
        }
    }

    /// The sheet at this place of the list.
    pub(super) fn sheet(&mut self, part: &str) -> Result<Xml<impl Read>, Fault> {
        self.part(part, SHEET_BYTES)?.ok_or_else(|| damaged(part, "missing"))
    }

    /// Texts and formats, taken out so that a sheet can be read at the same time.
    pub(super) fn take_texts(&mut self) -> (String, Vec<usize>, Vec<Shown>) {
        (std::mem::take(&mut self.texts), std::mem::take(&mut self.ends), std::mem::take(&mut self.shown))
    }

    fn read_sheets(&mut self) -> Result<(), Fault> {
        let mut targets = std::collections::HashMap::new();
        if let Some(mut xml) = self.part("xl/_rels/workbook.xml.rels", PART_BYTES)? {
            loop {
                match xml.next()? {
                    Piece::Start(one) if one.name() == "Relationship" => {
                        if let (Some(id), Some(target)) = (one.attribute("Id"), one.attribute("Target")) {
                            targets.insert(id, target);
                        }
                    }
                    Piece::End_ => break,
                    _ => {}
                }
            }
        }
        let mut sheets = Vec::new();
        let Some(mut xml) = self.part("xl/workbook.xml", PART_BYTES)? else {
            return Err(damaged("xl/workbook.xml", "missing"));
        };
        loop {
            match xml.next()? {
                Piece::Start(one) if one.name() == "sheet" => {
                    // `id` is the relationship, `sheetId` a number of no use here.
                    let target = one.attribute("id").and_then(|id| targets.get(&id).cloned());
                    let Some(target) = target else { continue };
                    let part = match target.strip_prefix('/') {
                        Some(absolute) => absolute.to_owned(),
                        None => format!("xl/{target}"),
                    };
                    let is_visible = one.attribute("state").is_none_or(|state| state == "visible");
                    sheets.push(Sheet { name: one.attribute("name").unwrap_or_default(), part, is_visible });
                }
                Piece::End_ => break,
                _ => {}
            }
        }
        drop(xml);
        if sheets.is_empty() {
            return Err(damaged("xl/workbook.xml", "no sheet"));
        }
        self.sheets = sheets;
        Ok(())
    }

    fn read_styles(&mut self) -> Result<(), Fault> {
        let mut formats = std::collections::HashMap::new();
        let mut shown = Vec::new();
        if let Some(mut xml) = self.part("xl/styles.xml", PART_BYTES)? {
            let mut is_of_cells = false;
            loop {
                match xml.next()? {
                    Piece::Start(one) => match one.name() {
                        "numFmt" => {
                            if let (Some(id), Some(code)) = (one.attribute("numFmtId"), one.attribute("formatCode")) {
                                formats.insert(id, shown_by(&code));
                            }
                        }
                        "cellXfs" => is_of_cells = true,
                        "xf" if is_of_cells => {
                            let id = one.attribute("numFmtId").unwrap_or_default();
                            shown.push(formats.get(&id).copied().unwrap_or_else(|| built_in(&id)));
                        }
                        _ => {}
                    },
                    Piece::End(name) if name == "cellXfs" => is_of_cells = false,
                    Piece::End_ => break,
                    _ => {}
                }
            }
        }
        self.shown = shown;
        Ok(())
    }

    fn read_texts(&mut self) -> Result<(), Fault> {
        let (mut texts, mut ends) = (String::new(), Vec::new());
        if let Some(mut xml) = self.part("xl/sharedStrings.xml", PART_BYTES)? {
            let (mut is_text, mut is_reading) = (false, false);
            loop {
                match xml.next()? {
                    Piece::Start(one) => match one.name() {
                        // How a text is read aloud is no part of it.
                        "rPh" => is_reading = true,
                        "t" => is_text = !is_reading,
                        _ => {}
                    },
                    Piece::End(name) => match name.as_ref() {
                        "rPh" => is_reading = false,
                        "t" => is_text = false,
                        "si" => ends.push(texts.len()),
                        _ => {}
                    },
                    Piece::Text(text) if is_text => {
                        texts.push_str(&text);
                        if texts.len() > TEXT_BYTES {
                            return Err(Fault::new(
                                "zip_bomb",
                                "工作簿中的文本过多",
                                "There is too much text in the workbook",
                            ));
                        }
                    }
                    Piece::Text(_) => {}
                    Piece::End_ => break,
                }
            }
        }
        (self.texts, self.ends) = (texts, ends);
        Ok(())
    }
}

fn no_workbook(fault: &ZipError) -> Fault {
    Fault::new(
        "xlsx",
        format!("不是 XLSX 工作簿（旧的 .xls 与加密的文件不能读取）：{fault}"),
        format!("Not an XLSX workbook (old .xls and encrypted files are not read): {fault}"),
    )
}

fn built_in(id: &str) -> Shown {
    match id.parse::<u32>().unwrap_or(0) {
        9 | 10 => Shown::Percent,
        14..=22 | 27..=36 | 45..=47 | 50..=58 => Shown::Date,
        _ => Shown::Number,
    }
}

/// What a format of the file's own shows: literal texts, colours and escapes do not count.
fn shown_by(code: &str) -> Shown {
    let mut bare = String::new();
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => while letters.next().is_some_and(|other| other != '"') {},
            '[' => {
                let inside: String = letters.by_ref().take_while(|other| *other != ']').collect();
                // `[h]:mm` counts hours.
                if inside.chars().all(|one| matches!(one, 'h' | 'm' | 's' | 'H' | 'M' | 'S')) {
                    bare.push('h');
                }
            }
            '\\' | '_' | '*' => drop(letters.next()),
            other => bare.push(other.to_ascii_lowercase()),
        }
    }
    let first = bare.split(';').next().unwrap_or_default();
    if first.contains('%') {
        Shown::Percent
    } else if first != "general" && first.contains(['y', 'm', 'd', 'h', 's']) {
        Shown::Date
    } else {
        Shown::Number
    }
}

//! A form in Excel: one table of one school for one period, to be filled in and sent back as a batch.
//!
//! Only the cells that are to be filled in are open. What the form is about stands on a hidden sheet,
//! so that it comes back to the right table whatever its file is called. Every text is written as a text:
//! nothing in it runs as a formula.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, Format, FormatBorder, Formula, Workbook,
    XlsxError,
};

use super::batch::{Column, FOR_PEOPLE, IDENTITY};

/// The row of the columns' names, counted from 1.
const HEADER: u32 = 4;

/// A form.
#[derive(Clone, Debug)]
pub struct Form {
    /// The school's code.
    pub school: String,
    /// The school's name.
    pub school_name: String,
    /// The table's code.
    pub dataset: String,
    /// The table's name.
    pub dataset_name: String,
    /// The period.
    pub period: String,
    /// The version of the table's catalogue.
    pub catalogue: String,
    /// Its lines.
    pub lines: Vec<FormLine>,
}

/// A line of a form.
#[derive(Clone, Debug)]
pub struct FormLine {
    /// The printed serial number.
    pub number: String,
    /// The indicator's code.
    pub code: String,
    /// The indicator's label.
    pub label: String,
    /// Its unit.
    pub unit: String,
    /// How many decimals it has.
    pub decimals: i16,
    /// The digits of its lower bound.
    pub minimum: Option<String>,
    /// The digits of its upper bound.
    pub maximum: Option<String>,
    /// Whether a value is required.
    pub is_required: bool,
    /// The digits of last year's value.
    pub last_year: Option<String>,
    /// The digits of the value that is there already.
    pub value: Option<String>,
    /// The word of the status that is there already, where it is not the usual one.
    pub status: Option<&'static str>,
    /// The note that is there already.
    pub note: Option<String>,
}

/// The words that a form offers for a status.
pub const STATUSES: [&str; 4] = ["填报", "估计", "不适用", "缺失"];

impl FormLine {
    fn hint(&self) -> String {
        let mut hint = match self.decimals {
            0 => "整数".to_owned(),
            places => format!("至多 {places} 位小数"),
        };
        match (&self.minimum, &self.maximum) {
            (Some(least), Some(most)) => hint.push_str(&format!("，{least} 至 {most}")),
            (Some(least), None) => hint.push_str(&format!("，不小于 {least}")),
            (None, Some(most)) => hint.push_str(&format!("，不大于 {most}")),
            (None, None) => {}
        }
        if self.is_required {
            hint.push_str("；必填");
        }
        hint
    }

    /// What a cell must hold, as a formula over it.
    fn condition(&self, cell: &str) -> String {
        let mut parts = vec![format!("ISNUMBER({cell})"), format!("ROUND({cell},{})={cell}", self.decimals)];
        parts.extend(self.minimum.iter().map(|least| format!("{cell}>={least}")));
        parts.extend(self.maximum.iter().map(|most| format!("{cell}<={most}")));
        format!("=AND({})", parts.join(","))
    }
}

/// The name of a sheet: at most 31 characters, and some are not allowed.
fn sheet_name(name: &str) -> String {
    let fit: String = name.chars().filter(|letter| !"[]:*?/\\'".contains(*letter)).take(31).collect();
    if fit.trim().is_empty() || fit == IDENTITY { "填报表".to_owned() } else { fit }
}

fn number(digits: &str) -> f64 {
    digits.parse().unwrap_or_default()
}

/// Writes a form as a workbook.
pub fn write(form: &Form) -> Result<Vec<u8>, XlsxError> {
    let bold = Format::new().set_bold();
    let title = Format::new().set_bold().set_font_size(14);
    let head = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x00DD_EBF7))
        .set_border(FormatBorder::Thin)
        .set_text_wrap();
    let fixed = Format::new().set_border(FormatBorder::Thin).set_text_wrap();
    let open =
        Format::new().set_unlocked().set_border(FormatBorder::Thin).set_background_color(Color::RGB(0x00FF_F8E1));
    let open_text = open.clone().set_text_wrap();

    let mut book = Workbook::new();
    let name = sheet_name(&form.dataset_name);
    let sheet = book.add_worksheet();
    sheet.set_name(&name)?;
    sheet.write_string_with_format(0, 0, &form.dataset_name, &title)?;
    sheet.write_string_with_format(
        1,
        0,
        format!("{}（{}）　统计期 {}", form.school_name, form.school, form.period),
        &bold,
    )?;
    sheet.write_string(2, 0, "只填黄色单元格；上传到 /v1/batches。未填的指标视为没有数据，原有数值会被移除。")?;
    let [serial, label, unit, last_year, hint] = match FOR_PEOPLE {
        [serial, label, unit, last_year, hint] => [*serial, *label, *unit, *last_year, *hint],
        _ => [""; 5],
    };
    let header = HEADER - 1;
    let names = [
        serial,
        label,
        Column::Indicator.zh(),
        unit,
        last_year,
        Column::Value.zh(),
        Column::Status.zh(),
        Column::Note.zh(),
        hint,
    ];
    for ((column, name), width) in (0_u16..).zip(names).zip([7.0, 36.0, 34.0, 9.0, 14.0, 16.0, 10.0, 40.0, 28.0]) {
        sheet.write_string_with_format(header, column, name, &head)?;
        sheet.set_column_width(column, width)?;
    }
    for (row, line) in (HEADER..).zip(&form.lines) {
        for (column, text) in [(0, &line.number), (1, &line.label), (2, &line.code), (3, &line.unit)] {
            sheet.write_string_with_format(row, column, text, &fixed)?;
        }
        match &line.last_year {
            Some(digits) => sheet.write_number_with_format(row, 4, number(digits), &fixed)?,
            None => sheet.write_blank(row, 4, &fixed)?,
        };
        match &line.value {
            Some(digits) => sheet.write_number_with_format(row, 5, number(digits), &open)?,
            None => sheet.write_blank(row, 5, &open)?,
        };
        match line.status {
            Some(word) => sheet.write_string_with_format(row, 6, word, &open)?,
            None => sheet.write_blank(row, 6, &open)?,
        };
        match &line.note {
            Some(note) => sheet.write_string_with_format(row, 7, note, &open_text)?,
            None => sheet.write_blank(row, 7, &open_text)?,
        };
        sheet.write_string_with_format(row, 8, line.hint(), &fixed)?;
        let rule = DataValidation::new()
            .allow_custom(Formula::new(line.condition(&format!("F{}", row + 1))))
            .ignore_blank(true)
            .set_error_style(DataValidationErrorStyle::Stop)
            .set_error_title("数值不合要求")?
            .set_error_message(format!("{}（{}）", line.hint(), line.unit))?;
        sheet.add_data_validation(row, 5, row, 5, &rule)?;
    }
    if let Some(last) = u32::try_from(form.lines.len()).ok().filter(|count| *count > 0).map(|count| header + count) {
        let status = DataValidation::new().allow_list_strings(&STATUSES)?;
        sheet.add_data_validation(HEADER, 6, last, 6, &status)?;
        let note = DataValidation::new().allow_text_length(DataValidationRule::LessThanOrEqualTo(2_000));
        sheet.add_data_validation(HEADER, 7, last, 7, &note)?;
    }
    sheet.set_freeze_panes(HEADER, 3)?;
    sheet.protect();

    let identity = book.add_worksheet();
    identity.set_name(IDENTITY)?;
    let header = HEADER.to_string();
    for (row, (key, value)) in (0_u32..).zip([
        ("school", &form.school),
        ("dataset", &form.dataset),
        ("period", &form.period),
        ("catalogue", &form.catalogue),
        ("sheet", &name),
        ("header", &header),
    ]) {
        identity.write_string(row, 0, key)?;
        identity.write_string(row, 1, value)?;
    }
    identity.protect();
    identity.set_very_hidden(true);
    book.save_to_buffer()
}

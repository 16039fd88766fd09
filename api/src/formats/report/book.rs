//! Tables of a report as a workbook: a sheet each, figures as numbers with their printed places, notes beside them.

use chrono::{DateTime, Utc};
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Note, Workbook, XlsxError};

use super::{Cell, Report, Table};

/// Writes tables as a workbook. `made_at` stands in its properties: the day of the release, not of the writing.
///
/// # Errors
/// What the library refuses.
pub fn write(report: &Report, tables: &[&Table], made_at: DateTime<Utc>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let made_at = ExcelDateTime::from_timestamp(made_at.timestamp())?;
    book.set_properties(
        &DocProperties::new().set_title(&report.title).set_comment(&report.origin).set_creation_datetime(&made_at),
    );
    let title = Format::new().set_bold().set_font_size(14);
    let head = Format::new().set_bold().set_border(FormatBorder::Thin).set_text_wrap().set_align(FormatAlign::Center);
    let bordered = Format::new().set_border(FormatBorder::Thin);
    let bold = bordered.clone().set_bold();
    for table in tables {
        let sheet = book.add_worksheet();
        sheet.set_name(&table.number)?;
        sheet.write_string_with_format(0, 0, format!("{} {}", table.number, table.name), &title)?;
        sheet.write_string(1, 0, &report.origin)?;
        for (column, heading) in (0_u16..).zip(&table.columns) {
            sheet.write_string_with_format(2, column, &heading.name, &head)?;
            let wide = heading.name.chars().count().max(6);
            sheet
                .set_column_width(column, if heading.is_figure { 14 } else { u32::try_from(wide * 2).unwrap_or(12) })?;
        }
        let mut last = 2_u32;
        for (line, row) in (3_u32..).zip(&table.rows) {
            last = line;
            let plain = if row.is_total { &bold } else { &bordered };
            for (column, cell) in (0_u16..).zip(&row.cells) {
                match cell {
                    Cell::Text(text, level) => {
                        let indent = u8::try_from(*level).unwrap_or(0);
                        let format = if indent == 0 { plain.clone() } else { plain.clone().set_indent(indent) };
                        sheet.write_string_with_format(line, column, text, &format)?;
                        if *level == 0 && text.chars().count() > 8 {
                            let wide = u32::try_from(text.chars().count().min(30) * 2).unwrap_or(20);
                            sheet.set_column_width(column, wide)?;
                        }
                    }
                    Cell::Figure(figure) => {
                        match figure.value.and_then(|value| value.to_f64()) {
                            Some(value) => {
                                let places = usize::try_from(figure.decimals).unwrap_or(0);
                                let form =
                                    if places == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(places)) };
                                let format = plain.clone().set_num_format(form);
                                sheet.write_number_with_format(line, column, value, &format)?;
                            }
                            None => {
                                let format = plain.clone().set_align(FormatAlign::Right);
                                sheet.write_string_with_format(line, column, figure.silent, &format)?;
                            }
                        }
                        // How many schools it is of, and what was printed, for whoever points at it.
                        if figure.schools.is_some() || !figure.claims.is_empty() {
                            sheet.insert_note(line, column, &Note::new(&figure.title).set_author("zhiqiao"))?;
                        }
                    }
                }
            }
        }
        for (number, note) in (1_u32..).zip(report.legend.iter().chain(&table.notes)) {
            sheet.write_string(last + 1 + number, 0, note)?;
        }
        sheet.set_freeze_panes(3, 0)?;
        sheet.set_repeat_rows(0, 2)?;
        sheet.set_paper_size(9);
        sheet.set_print_fit_to_pages(1, 0);
    }
    book.save_to_buffer()
}

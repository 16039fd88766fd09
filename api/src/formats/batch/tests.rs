//! The readers of a batch: what is written reads back, and nothing that comes makes them panic.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

#[derive(Default)]
struct Taken(Vec<(u64, Vec<String>)>);

impl Rows for Taken {
    fn row(&mut self, row: Row<'_>) -> ControlFlow<()> {
        let value = match row.value {
            Value::Text(text) | Value::Number(text) | Value::Fraction(text) | Value::Unfit(_, text) => text,
        };
        let texts = [row.school, row.dataset, row.period, row.indicator, value, row.status, row.note];
        self.0.push((row.number, texts.map(str::to_owned).to_vec()));
        ControlFlow::Continue(())
    }

    fn again(&mut self) {
        self.0.clear();
    }
}

/// The rows of a file as texts, or the codes of what is wrong with it.
fn read(bytes: &[u8], format: Format) -> Result<Vec<(u64, Vec<String>)>, Vec<&'static str>> {
    let mut taken = Taken::default();
    let ended = scan(Cursor::new(bytes), format, &mut taken);
    ended.map(|()| taken.0).map_err(|faults| faults.into_iter().map(|fault| fault.code).collect())
}

#[test]
fn rows_are_numbered_like_the_lines_of_the_file() {
    for ending in ["\n", "\r\n"] {
        let text =
            ["school,dataset,period,indicator,value", "a,b,c,d,1", "", "a,b,c,\"d\ne\",2", "a,b,c,f,3"].join(ending);
        let rows: Vec<u64> =
            read(text.as_bytes(), Format::Csv).unwrap().into_iter().map(|(number, _)| number).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!((rows[0], rows[2]), (2, 6), "{ending:?} {rows:?}");
    }
}

fn word() -> impl Strategy<Value = String> {
    "[a-z0-9，。\"',\u{4e00}-\u{4e20} ]{1,12}".prop_map(|word| format!("x{word}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_as_csv_reads_back(rows in proptest::collection::vec(proptest::collection::vec(word(), 7), 1..30)) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(Column::ALL.map(Column::zh)).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let back: Vec<Vec<String>> = read(&bytes, Format::Csv).unwrap().into_iter().map(|(_, row)| row).collect();
        prop_assert_eq!(&back, &rows);
        // In GBK it says the same, unless it happens to be good UTF-8 as well.
        let (gbk, _, has_strangers) = encoding_rs::GBK.encode(std::str::from_utf8(&bytes).unwrap());
        prop_assert!(!has_strangers);
        if std::str::from_utf8(&gbk).is_err() {
            let back: Vec<Vec<String>> = read(&gbk, Format::Csv).unwrap().into_iter().map(|(_, row)| row).collect();
            prop_assert_eq!(&back, &rows);
        }
    }

    #[test]
    fn what_is_written_as_ndjson_reads_back(rows in proptest::collection::vec(proptest::collection::vec(word(), 7), 1..30)) {
        let text: String = rows
            .iter()
            .map(|row| {
                let object: serde_json::Map<String, serde_json::Value> =
                    Column::ALL.iter().zip(row).map(|(column, text)| (column.word().to_owned(), text.as_str().into())).collect();
                serde_json::Value::from(object).to_string() + "\n"
            })
            .collect();
        let back: Vec<Vec<String>> = read(text.as_bytes(), Format::Ndjson).unwrap().into_iter().map(|(_, row)| row).collect();
        prop_assert_eq!(&back, &rows);
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), text in "\\PC{0,400}") {
        for format in [Format::Csv, Format::Ndjson, Format::Xlsx] {
            let _read = read(&bytes, format);
            let mut with_header = b"school,dataset,period,indicator,value,status,note\n".to_vec();
            with_header.extend_from_slice(&bytes);
            let _read = read(&with_header, format);
            let _read = read(text.as_bytes(), format);
        }
    }
}

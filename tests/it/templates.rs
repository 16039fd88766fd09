//! Forms in Excel: what stands in them, what is open, and that they come back to their table.

use std::io::{Cursor, Read, Write};

use calamine::{Data, Reader, SheetVisible, Xlsx};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{submissions::Key, templates},
};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    app::{Answer, Caller, TestApp},
    stage,
    wire::{problem, send},
};

/// The form of `talent` for 2031.
async fn form(app: &TestApp) -> Vec<u8> {
    templates::form(&app.as_(Role::School, "62001"), &Key::new("62001", "talent", "2031")).await.unwrap()
}

async fn send_back(caller: &Caller, bytes: &[u8]) -> Answer {
    let (kind, body) = crate::batches::files::form("talent.xlsx", bytes);
    send(caller, "POST", "/v1/batches", &[("content-type", &kind), ("accept-language", "en")], body).await
}

/// A part of a workbook as text.
fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    ZipArchive::new(Cursor::new(bytes)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The workbook with its first sheet changed.
fn edited(bytes: &[u8], edit: impl Fn(String) -> String) -> Vec<u8> {
    let mut from = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..from.len() {
        let mut file = from.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            content = edit(String::from_utf8(content).unwrap()).into_bytes();
        }
        to.start_file(name, SimpleFileOptions::default()).unwrap();
        to.write_all(&content).unwrap();
    }
    to.finish().unwrap().into_inner()
}

/// Fills in an empty cell.
fn filled(sheet: &str, cell: &str, inside: &str) -> String {
    let start = sheet.find(&format!("<c r=\"{cell}\"")).unwrap_or_else(|| panic!("no {cell}"));
    let end = start + sheet[start..].find("/>").unwrap();
    let kind = if inside.starts_with("<is>") { " t=\"inlineStr\"" } else { "" };
    format!("{}{kind}>{inside}</c>{}", &sheet[..end], &sheet[end + 2..])
}

#[tokio::test]
async fn a_form_has_labels_units_and_last_year_and_opens_only_what_is_to_be_filled_in() {
    let app = TestApp::new().await;
    stage::push(&app, &Key::new("62001", "talent", "2030"), &stage::talent(8_000)).await;
    let bytes = form(&app).await;
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes.clone())).unwrap();
    let visible: Vec<(String, SheetVisible)> =
        book.sheets_metadata().iter().map(|sheet| (sheet.name.clone(), sheet.visible)).collect();
    assert_eq!(visible.len(), 2);
    assert_eq!(visible[1], ("_zhiqiao".to_owned(), SheetVisible::VeryHidden));
    let sheet = book.worksheet_range(&visible[0].0).unwrap();
    let cell = |row, column| sheet.get_value((row, column)).cloned().unwrap_or(Data::Empty);
    let registry = app.house.memory.registry();
    assert_eq!(sheet.end().unwrap().0, 3 + u32::try_from(registry.lines("talent").count()).unwrap());
    for (row, line) in (4..).zip(registry.lines("talent")) {
        assert_eq!(cell(row, 1), Data::String(line.label.clone()));
        assert_eq!(cell(row, 2), Data::String(line.code.0.clone()));
        assert_eq!(cell(row, 3), Data::String(line.unit.clone()));
        assert_eq!(cell(row, 5), Data::Empty);
    }
    assert_eq!(cell(4, 4), Data::Float(8_000.0), "last year's graduates");
    assert_eq!(cell(8, 4), Data::Float(61.25), "last year's rate");
    let identity = book.worksheet_range("_zhiqiao").unwrap();
    let said: Vec<String> = identity.rows().take(3).map(|row| row[1].to_string()).collect();
    assert_eq!(said, ["62001", "talent", "2031"]);

    let xml = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(xml.contains("<sheetProtection sheet=\"1\""), "the structure is locked");
    assert!(part(&bytes, "xl/worksheets/sheet2.xml").contains("<sheetProtection"));
    assert!(xml.contains("ROUND(F9,2)=F9,F9&gt;=0,F9&lt;=100"), "a rate has two decimals and lies within its bounds");
    assert!(xml.contains("不适用"), "the statuses are offered");
    let style = |cell: &str| {
        let at = xml.find(&format!("<c r=\"{cell}\" s=\"")).unwrap();
        xml[at..].split('"').nth(3).unwrap().parse::<usize>().unwrap()
    };
    let styles = part(&bytes, "xl/styles.xml");
    let formats: Vec<&str> = styles.split("<cellXfs").nth(1).unwrap().split("<xf ").skip(1).collect();
    for cell in ["F5", "G5", "H5"] {
        assert!(formats[style(cell)].contains("<protection locked=\"0\"/>"), "{cell} is open");
    }
    for cell in ["B5", "C5", "E5", "I5"] {
        assert!(!formats[style(cell)].contains("locked=\"0\""), "{cell} is closed");
    }
}

#[tokio::test]
async fn a_form_that_is_filled_in_comes_back_to_its_table() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let bytes = form(&app).await;

    // As it came it says nothing, and changes nothing.
    let empty = send_back(&school, &bytes).await.expect(200).json();
    assert_eq!(empty["causes"][0]["code"], "table_empty", "{empty}");
    let path = "/v1/schools/62001/submissions/talent/2031";
    school.get(path).await.expect(404);

    let full = edited(&bytes, |sheet| {
        let sheet = filled(&sheet, "F5", "<v>8000</v>");
        let sheet = filled(&sheet, "G6", "<is><t>不适用</t></is>");
        let sheet = filled(&sheet, "F9", "<v>61.25</v>");
        let sheet = filled(&sheet, "G9", "<is><t>估计</t></is>");
        filled(&sheet, "H9", "<is><t>年底初步数</t></is>")
    });
    let batch = send_back(&school, &full).await.expect(200).json();
    assert_eq!(batch["tables"][0]["state"], "draft", "{batch}");
    let table = school.get(path).await.expect(200).json();
    assert_eq!(
        table["observations"],
        json!({
            "talent.graduates": { "value": 8000, "status": "REPORTED", "note": null },
            "talent.placed": { "value": null, "status": "NOT_APPLICABLE", "note": null },
            "talent.local_placement_rate": { "value": 61.25, "status": "ESTIMATED", "note": "年底初步数" },
        })
    );

    // A form has what is there already: sent back untouched, it says the same.
    let again = send_back(&school, &form(&app).await).await.expect(200).json();
    assert_eq!(again["tables"][0]["revision"], 1, "{again}");
    assert_eq!(again["rows"]["rejected"], 0);

    // A form from before the catalogue changed does not fit any more.
    let old = {
        let mut from = ZipArchive::new(Cursor::new(&full)).unwrap();
        let strings = {
            let mut text = String::new();
            from.by_name("xl/sharedStrings.xml").unwrap().read_to_string(&mut text).unwrap();
            text
        };
        let version =
            strings.split("<t>catalogue</t></si><si><t>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let mut to = ZipWriter::new(Cursor::new(Vec::new()));
        for at in 0..from.len() {
            let mut file = from.by_index(at).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            let name = file.name().unwrap().into_owned();
            if name == "xl/sharedStrings.xml" {
                content = strings.replace(&version, "0000000000000000").into_bytes();
            }
            to.start_file(name, SimpleFileOptions::default()).unwrap();
            to.write_all(&content).unwrap();
        }
        to.finish().unwrap().into_inner()
    };
    let outdated = send_back(&school, &old).await.expect(200).json();
    assert_eq!(outdated["causes"][0]["code"], "form_outdated", "{outdated}");
    server.stop().await;
}

#[tokio::test]
async fn a_form_is_fetched_by_its_own_school() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let answer = school.get("/v1/templates/talent.xlsx?school=62001&period=2031").await.expect(200);
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"62001-talent-2031.xlsx\""));
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!(answer.header("content-type"), Some(kind));
    assert!(answer.text.starts_with("PK"));
    school.get("/v1/templates/talent.xlsx?period=2031").await.expect(200);
    for (path, status, kind) in [
        ("talent.xlsx?school=62002&period=2031", 404, "not-found"),
        ("nothing.xlsx?school=62001&period=2031", 404, "not-found"),
        ("talent.xlsx?school=62001&period=2030-2031", 422, "invalid"),
        ("talent.xlsx?school=62001", 400, "malformed"),
        ("talent.csv?school=62001&period=2031", 404, "not-found"),
    ] {
        problem(&school.get(&format!("/v1/templates/{path}")).await, status, kind);
    }
    server.stop().await;
}

/// Where LibreOffice is installed, it opens a form, and what it saves comes back to the table.
#[tokio::test]
async fn libreoffice_opens_a_form_and_saves_it_again() {
    let app = TestApp::new().await;
    let dir = app.dir().join("form.xlsx");
    stage::push(&app, &Key::new("62001", "talent", "2031"), &stage::talent(8_000)).await;
    std::fs::write(&dir, form(&app).await).unwrap();
    let out = app.dir().join("saved");
    let home = format!("-env:UserInstallation=file://{}", app.dir().join("home").display());
    let asked = std::process::Command::new("soffice")
        .args([&home, "--headless", "--convert-to", "xlsx", "--outdir"])
        .arg(&out)
        .arg(&dir)
        .output();
    let Ok(asked) = asked else {
        println!("soffice is not installed: whether LibreOffice opens a form was NOT tested");
        return;
    };
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let batch: Value = send_back(&school, &std::fs::read(out.join("form.xlsx")).unwrap()).await.expect(200).json();
    assert_eq!(batch["tables"][0]["revision"], 1, "{batch}");
    server.stop().await;
}

//! The analysts' page as it is written: its script runs, with the tools that it names, and prints what stands there.
//! And every table in every format, read by each of these tools.

use std::{path::Path, process::Command};

use crate::{app::TestApp, data::same};

/// Where the page says the service is.
const SITE: &str = "http://127.0.0.1:8080";

/// The blocks of one language, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in page.lines() {
        match (&mut open, line) {
            (None, line) if line.trim_end() == format!("```{language}") => open = Some(String::new()),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

/// The Python with their tools, where there is one.
fn python() -> Option<String> {
    let unseen = "no file was opened by pandas, polars, DuckDB, openpyxl or sdmx1";
    crate::python::with("sdmx, pandas, polars, duckdb, openpyxl, pyarrow", unseen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_analysts_page_does_what_it_says() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/analysts.md")).unwrap();
    let (steps, expected) = (blocks(&page, "python"), blocks(&page, "text"));
    assert!(steps.len() >= 5 && steps.len() == expected.len(), "{} steps, {} outputs", steps.len(), expected.len());
    let Some(python) = python() else { return };
    let app = TestApp::new().await;
    let server = app.serve().await;
    let mark = "-- next --";
    let script = steps.join(&format!("\nprint({mark:?})\n")).replace(SITE, &server.base);
    let file = app.dir().join("analysts.py");
    std::fs::write(&file, script).unwrap();
    let dir = app.dir().to_owned();
    let run = move || Command::new(python).arg(file).current_dir(dir).env("PYTHONUTF8", "1").output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<String> = said.split(&format!("{mark}\n")).map(|part| part.trim_end().to_owned()).collect();
    let expected: Vec<String> = expected.iter().map(|part| part.trim_end().to_owned()).collect();
    assert_eq!(said, expected);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_reads_every_table_in_every_format() {
    let Some(python) = python() else { return };
    let app = same::filled().await;
    let server = app.serve().await;
    // The derived table, too.
    let tables: Vec<String> =
        app.house.memory.registry().datasets.every().iter().map(|row| row.code.to_string()).collect();
    assert!(tables.iter().any(|table| table == "partnerships"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/tools.py");
    let mut command = Command::new(python);
    command.arg(script).arg(&server.base).args(&tables).current_dir(app.dir()).env("PYTHONUTF8", "1");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let read: Vec<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(read, tables);
    server.stop().await;
}

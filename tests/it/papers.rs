//! The papers, held against what they speak of: paths, rooms, names, settings, codes, tasks.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use zhiqiao::error::Code;

use crate::tour::tour;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// All papers: those at the root and below `docs`.
fn papers() -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.push(path);
            }
        }
    }
    let mut found: Vec<PathBuf> =
        ["README.md", "README.zh.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "migration/README.md"]
            .iter()
            .map(|paper| root().join(paper))
            .collect();
    walk(&root().join("docs"), &mut found);
    found
}

/// What a paper says in `code`, outside of fenced blocks.
fn spans(text: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            spans.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    spans
}

/// Source files of the service, by their path below `api/src`.
fn source() -> Vec<(String, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let base = root().join("api/src");
    let mut found = Vec::new();
    walk(&base, &mut found);
    found
        .into_iter()
        .map(|path| (path.strip_prefix(&base).unwrap().display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

/// A span that names a file or folder of the repository.
fn is_path(span: &str) -> bool {
    const ENDS: [&str; 8] = [".rs", ".md", ".toml", ".yml", ".json", ".graphql", ".txt", ".csv"];
    let plain = span.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    plain && !span.starts_with('/') && (span.contains('/') || ENDS.iter().any(|end| span.ends_with(end)))
}

#[test]
fn every_path_of_the_architecture_exists() {
    let paths: Vec<String> = spans(&read("ARCHITECTURE.md")).into_iter().filter(|span| is_path(span)).collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        assert!(root().join(&path).exists(), "ARCHITECTURE.md names {path}");
    }
}

#[test]
fn the_architecture_is_a_map_and_stays_one() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn every_room_stands_in_the_architecture() {
    let named: BTreeSet<String> = spans(&read("ARCHITECTURE.md")).into_iter().collect();
    for entry in std::fs::read_dir(root().join("api/src")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let room = name.trim_end_matches(".rs");
        // Beside the rooms stand files that a room reads.
        if !room.contains('.') {
            assert!(named.contains(room), "ARCHITECTURE.md does not know the room `{room}`");
        }
    }
}

/// Whether a name is defined in a text: a function, a type, a module, or a variant.
fn defines(text: &str, name: &str) -> bool {
    let is_whole = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    ["fn ", "struct ", "enum ", "trait ", "mod ", "type ", "const ", "static "].iter().any(|word| {
        let wanted = format!("{word}{name}");
        text.match_indices(&wanted).any(|(at, _)| is_whole(&text[at + wanted.len()..]))
    }) || text.lines().any(|line| {
        line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with([',', '(', ' ']) || rest.is_empty())
    })
}

#[test]
fn every_name_of_the_architecture_stands_in_the_source() {
    let source = source();
    let mut seen = 0;
    for span in spans(&read("ARCHITECTURE.md")) {
        let is_name =
            |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        let parts: Vec<&str> = span.split("::").collect();
        if parts.len() < 2 || !parts.iter().all(|part| is_name(part)) {
            continue;
        }
        seen += 1;
        let (name, within) = parts.split_last().unwrap();
        let (types, modules): (Vec<&str>, Vec<&str>) =
            within.iter().partition(|part| part.starts_with(char::is_uppercase));
        let found = source.iter().any(|(path, text)| {
            let stems: Vec<&str> = path.split('/').map(|part| part.trim_end_matches(".rs")).collect();
            modules.iter().all(|module| stems.contains(module))
                && types.iter().all(|one| defines(text, one))
                && (defines(text, name) || stems.contains(name))
        });
        assert!(found, "ARCHITECTURE.md names {span}");
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn links_lead_somewhere() {
    for paper in papers() {
        let text = std::fs::read_to_string(&paper).unwrap_or_else(|fault| panic!("{}: {fault}", paper.display()));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let target = paper.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{} links to {link}", paper.display());
        }
    }
}

/// The settings of the commented defaults: key and, where there is one, default.
fn settings() -> Vec<(String, Option<String>)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in read("api/src/zhiqiao.default.toml").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
            continue;
        }
        let (is_given, line) = line.strip_prefix("# ").map_or((true, line), |rest| (false, rest));
        let Some((key, value)) = line.split_once(" = ") else { continue };
        if key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') {
            found.push((format!("{section}{key}"), is_given.then(|| value.trim_matches('"').to_owned())));
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

#[test]
fn every_setting_stands_in_the_table_of_the_readme() {
    for paper in ["README.md", "README.zh.md"] {
        let text = read(paper);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        for (key, default) in settings() {
            let row = rows.iter().find(|row| row.starts_with(&format!("| `{key}` |")));
            let row = row.unwrap_or_else(|| panic!("{paper}: the table of settings lacks {key}"));
            if let Some(default) = default {
                assert!(row.contains(&format!("| `{default}` |")), "{paper}: the default of {key} is {default}");
            }
        }
        let known: BTreeSet<String> = settings().into_iter().map(|(key, _)| key).collect();
        for row in rows.iter().filter(|row| row.contains('.') && row.matches('|').count() == 4) {
            let key = row.split('`').nth(1).unwrap();
            let is_setting =
                known.iter().any(|known| key.split('.').next() == known.split('.').next() && known.contains('.'));
            assert!(!is_setting || known.contains(key), "{paper}: there is no setting {key}");
        }
    }
}

#[test]
fn the_chinese_tour_is_the_english_one() {
    let (en, zh) = (tour("README.md"), tour("README.zh.md"));
    for (en, zh) in en.iter().zip(&zh) {
        assert_eq!(zh.commands, en.commands, "README.zh.md:{} and README.md:{}", zh.line, en.line);
        assert_eq!(zh.expected, en.expected, "README.zh.md:{} and README.md:{}", zh.line, en.line);
    }
    assert_eq!(zh.len(), en.len(), "steps of the tour");
}

#[test]
fn both_readmes_have_the_same_commands_and_sections() {
    let (en, zh) = (read("README.md"), read("README.zh.md"));
    let count = |text: &str, start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    for start in ["## ", "### ", "```", "| "] {
        assert_eq!(count(&en, start), count(&zh, start), "lines that begin with `{start}`");
    }
}

#[test]
fn the_table_of_codes_is_complete() {
    let text = read("docs/api.md");
    for code in Code::ALL {
        let row = code.row();
        let start = format!("| `{}` | `{}` | {} |", row.name, row.kind, row.status);
        assert!(text.lines().any(|line| line.starts_with(&start)), "docs/api.md lacks {start}");
    }
    let stand = text
        .lines()
        .filter(|line| {
            line.starts_with("| `") && line.split('|').nth(3).is_some_and(|status| status.trim().parse::<u16>().is_ok())
        })
        .count();
    assert_eq!(stand, Code::ALL.len(), "docs/api.md has codes that are not there");
}

#[test]
fn codes_of_findings_stand_in_the_source() {
    let text = read("docs/api.md");
    let (_, after) = text.split_once("<!-- findings -->").expect("the table of findings");
    let (table, _) = after.split_once("<!-- /findings -->").expect("the end of the table of findings");
    let source: String = source().into_iter().map(|(_, text)| text).collect();
    let codes: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(codes.len() > 10, "{codes:?}");
    for code in codes {
        // `<indicator>.within` is made of the indicator's code.
        let literal =
            code.strip_prefix("<indicator>").map_or_else(|| format!("\"{code}\""), |end| format!("{{}}{end}\""));
        assert!(source.contains(&literal), "docs/api.md names the finding {code}");
    }
}

#[test]
fn every_metric_is_described() {
    let text = read("docs/logging.md");
    let telemetry = read("api/src/telemetry.rs");
    let names: Vec<&str> = telemetry
        .lines()
        .filter_map(|line| line.strip_prefix("const ")?.split_once(": &str = \"")?.1.split('"').next())
        .collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        assert!(text.contains(&format!("| `{name}` |")), "docs/logging.md lacks {name}");
    }
}

#[test]
fn tasks_that_papers_name_are_there() {
    let known = read("xtask/src/main.rs");
    for paper in papers() {
        let text = std::fs::read_to_string(&paper).unwrap_or_default();
        for rest in text.split("cargo xtask ").skip(1) {
            let task: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            let is_there = known.contains(&format!("(\"{task}\"")) || known.contains(&format!("\"{task}\" |"));
            assert!(task.is_empty() || is_there, "{} names `cargo xtask {task}`", paper.display());
        }
    }
}

/// What must have a row in the table of controls.
fn controls() -> Vec<String> {
    let mut wanted: Vec<String> = (1..=10).map(|number| format!("API{number} ")).collect();
    wanted.extend((1..=6).map(|number| format!("51 ({number}) ")));
    wanted.extend((52..=56).map(|article| format!("{article} ")));
    for (section, letters) in [
        ("8.1.4.1", "abcd"),
        ("8.1.4.2", "abcdefg"),
        ("8.1.4.3", "abcd"),
        ("8.1.4.4", "abcdef"),
        ("8.1.4.7", "ab"),
        ("8.1.4.8", "ab"),
        ("8.1.4.9", "abc"),
        ("8.1.4.10", "ab"),
        ("8.1.4.11", "ab"),
        ("8.1.2.2", "ab"),
    ] {
        wanted.extend(letters.chars().map(|letter| format!("{section} {letter}) ")));
    }
    wanted.extend(
        ["8.1.2.1", "8.1.2.3", "8.1.3.1", "8.1.3.2", "8.1.3.3", "8.1.3.4", "8.1.3.5"].map(|one| format!("{one} ")),
    );
    wanted.extend(["8.1.4.5", "8.1.4.6", "8.1.5.1", "8.1.5.2", "8.1.5.3", "8.1.5.4"].map(|one| format!("{one} ")));
    wanted
}

/// Whether a file has a test of this name: `file::function`.
fn is_test(proof: &str) -> bool {
    let Some((file, function)) = proof.rsplit_once("::") else { return false };
    let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
    let wanted = [format!("fn {function}("), format!("fn {function}<")];
    let Some(at) = wanted.iter().find_map(|wanted| text.find(wanted.as_str())) else { return false };
    // The attribute stands above it, with what else is said of it.
    let above = &text[..text[..at].rfind('\n').unwrap_or(0)];
    above
        .lines()
        .rev()
        .map(str::trim)
        .take_while(|line| !line.is_empty() && *line != "}")
        .any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
}

/// What is wrong with the tables of controls.
fn unproved(text: &str) -> Vec<String> {
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("|---"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .filter(|cells: &Vec<&str>| cells.get(2) != Some(&"proof"))
        .collect();
    let mut wrong: Vec<String> = controls()
        .into_iter()
        .filter(|control| !rows.iter().any(|cells| cells[0].starts_with(control.as_str())))
        .map(|control| format!("no row for {control}"))
        .collect();
    for cells in &rows {
        let [control, _, proof] = cells.as_slice() else {
            wrong.push(format!("not three cells: {cells:?}"));
            continue;
        };
        if proof.starts_with("organisational: ") || proof.starts_with("not here: ") {
            continue;
        }
        let tests: Vec<&str> = proof.split("<br>").collect();
        for test in tests {
            let name = test.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
            if !name.is_some_and(is_test) {
                wrong.push(format!("{control}: {test} is no test"));
            }
        }
    }
    wrong
}

#[test]
fn every_control_names_a_test_that_exists() {
    let text = read("docs/compliance.md");
    assert_eq!(unproved(&text), Vec::<String>::new());
    // The check itself can fail, by a test that is not there, a function that is none, and a row without proof.
    for (from, to) in [
        ("::every_header_is_checked`", "::every_header_is_checked_not`"),
        ("`tests/it/duties.rs::who_fills_in_does_not_sign_off_and_the_other_way_round`", "`tests/it/stage.rs::talent`"),
        ("organisational: the operator's |", "the operator's |"),
        ("| API7 ", "| API77 "),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(!unproved(&text.replacen(from, to, 1)).is_empty(), "{from}");
    }
}

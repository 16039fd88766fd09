//! The README's tour as it is written, and what the command line promises, with the real binary.
//!
//! A step of the tour is a fenced `sh` block. All of them run in one bash, so variables carry
//! over. The `text` block after a step is all that the step prints: line by line, where `…` stands
//! for anything within a line, and alone on a line for any number of lines.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;
use serde_json::Value;
use zhiqiao::{authz::Role, domain::keys};

use crate::app::{ENCRYPTION_KEY, TestApp, empty_database, http, reference};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// The binary, with no settings from outside.
fn zhiqiao(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zhiqiao"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ZHIQIAO_") {
            command.env_remove(name);
        }
    }
    // Not the repository: a `zhiqiao.toml` there is the developer's own.
    command.current_dir(dir).stdin(Stdio::null());
    command
}

/// The binary on a database.
pub fn on(url: &str, dir: &Path) -> Command {
    let mut command = zhiqiao(dir);
    command.env("ZHIQIAO_DATABASE__URL", url).env("ZHIQIAO_KEYS__ENCRYPTION_KEY", ENCRYPTION_KEY);
    command
}

/// Runs to the end, which must come soon.
fn end(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let read = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).unwrap();
            bytes
        })
    };
    let stdout = read(Box::new(child.stdout.take().unwrap()));
    let stderr = read(Box::new(child.stderr.take().unwrap()));
    let status = wait(&mut child, Duration::from_secs(60));
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

fn wait(child: &mut Child, patience: Duration) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > patience {
            child.kill().unwrap();
            panic!("it does not come to an end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn said(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What the papers ask their readers to have.
fn expect_tools() {
    for tool in ["bash", "curl", "jq", "python3"] {
        let there = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(
            there.is_ok_and(|status| status.success()),
            "`{tool}` is missing, and the README's tour needs it: install it (Debian: apt-get install {tool})"
        );
    }
}

/// A service that runs in a process of its own, and ends with the test.
struct Running {
    child: Child,
    base: String,
    /// What it said at its start.
    welcome: Vec<String>,
}

impl Running {
    /// The demo on a free port, with the reference data that the binary carries.
    fn demo(data: &Path) -> Self {
        let mut child = zhiqiao(data.parent().unwrap())
            .args(["demo", "--port", "0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(data.with_extension("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut welcome: Vec<String> = Vec::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            let is_last = line.starts_with("Ctrl-C stops it");
            welcome.push(line);
            if is_last {
                break;
            }
        }
        let base = welcome.iter().find_map(|line| line.strip_prefix("zhiqiao demo: ")).map(str::to_owned);
        let Some(base) = base else {
            let status = wait(&mut child, Duration::from_secs(10));
            panic!("the demo did not come up ({status}):\n{}", log(data));
        };
        // Nobody reads on; the demo must not wait for it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base, welcome }
    }

    /// Asks it to end, as an operator does, and waits until it has.
    fn terminate(&mut self) -> ExitStatus {
        let kill = Command::new("sh").args(["-c", "kill -TERM \"$0\""]).arg(self.child.id().to_string()).status();
        assert!(kill.unwrap().success());
        wait(&mut self.child, Duration::from_secs(40))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended where the test asked for it.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn log(data: &Path) -> String {
    std::fs::read_to_string(data.with_extension("log")).unwrap_or_default()
}

/// A step of the tour.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub line: usize,
    pub commands: String,
    pub expected: Vec<String>,
}

/// The fenced blocks between the marks of the tour.
pub fn tour(paper: &str) -> Vec<Step> {
    let text = read(paper);
    let mut steps: Vec<Step> = Vec::new();
    let mut is_tour = false;
    let mut fence: Option<(String, usize, Vec<String>)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut fence, line) {
            (None, "<!-- tour -->") => is_tour = true,
            (None, "<!-- /tour -->") => is_tour = false,
            (None, line) if is_tour && line.starts_with("```") => {
                fence = Some((line.trim_start_matches('`').to_owned(), number, Vec::new()));
            }
            (Some(_), "```") => {
                let (kind, began, lines) = fence.take().unwrap();
                match kind.as_str() {
                    "sh" => steps.push(Step { line: began, commands: lines.join("\n"), expected: Vec::new() }),
                    "text" => {
                        let step =
                            steps.last_mut().unwrap_or_else(|| panic!("{paper}:{began}: an answer without a question"));
                        assert!(step.expected.is_empty(), "{paper}:{began}: a second answer to one question");
                        step.expected = lines;
                    }
                    other => panic!("{paper}:{began}: `{other}` is no part of the tour"),
                }
            }
            (Some((_, _, lines)), line) => lines.push(line.to_owned()),
            (None, _) => {}
        }
    }
    assert!(steps.len() > 5, "{paper}: where is the tour?");
    steps
}

/// Whether a line is as expected; `…` is anything.
fn line_fits(expected: &str, is: &str) -> bool {
    let Some((first, others)) = expected.split_once('…') else { return expected == is };
    let Some(mut rest) = is.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = others.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether an output is as expected; a line of `…` is any number of lines.
fn fits(expected: &[&str], is: &[&str]) -> bool {
    match expected.split_first() {
        None => is.is_empty(),
        Some((&"…", others)) => (0..=is.len()).any(|at| fits(others, &is[at..])),
        Some((first, others)) => {
            is.split_first().is_some_and(|(line, rest)| line_fits(first, line) && fits(others, rest))
        }
    }
}

fn trimmed(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.into_iter().skip_while(|line| line.is_empty()).collect()
}

#[test]
fn expected_lines_have_wildcards() {
    assert!(line_fits("a…c", "abbc") && line_fits("a…", "a") && line_fits("…", "") && line_fits("a…b…c", "a1b2c"));
    assert!(!line_fits("a…c", "abb") && !line_fits("ab", "abc") && !line_fits("a…a", "a"));
    assert!(fits(&["a", "…", "d"], &["a", "b", "c", "d"]) && fits(&["…"], &[]));
    assert!(!fits(&["a"], &["a", "b"]) && !fits(&["a", "b"], &["a"]));
}

/// Runs the whole tour in one bash and gives the output of each step.
fn walk(steps: &[Step], base: &str, dir: &Path) -> Vec<String> {
    const MARK: &str = "\u{1e}zhiqiao-tour-step-done";
    let mut script = String::from("set -euo pipefail\n");
    let mut named = 0;
    for step in steps {
        for line in step.commands.lines() {
            if line == "ZHIQIAO=http://127.0.0.1:8080" {
                named += 1;
                script.push_str(&format!("ZHIQIAO={base}\n"));
            } else {
                script.push_str(line);
                script.push('\n');
            }
        }
        script.push_str(&format!("printf '%s\\n' '{MARK}'\n"));
    }
    assert_eq!(named, 1, "the tour names the address of the demo exactly once");
    assert!(!script.contains("127.0.0.1:8080"), "the tour takes the address from its variable");
    let file = dir.join("tour.sh");
    std::fs::write(&file, script).unwrap();
    let output = end(Command::new("bash").arg(&file).current_dir(dir).env_remove("BASH_ENV").stdin(Stdio::null()));
    let (stdout, stderr) = said(&output);
    let mut outputs: Vec<String> = stdout.split(&format!("{MARK}\n")).map(str::to_owned).collect();
    let rest = outputs.pop().unwrap_or_default();
    if let Some(step) = steps.get(outputs.len()) {
        panic!(
            "the step of line {} failed ({}):\n{}\n---\n{rest}\n---\n{stderr}",
            step.line, output.status, step.commands
        );
    }
    assert!(output.status.success(), "{stderr}");
    outputs
}

#[test]
fn the_tour_of_the_readme_runs_as_written() {
    expect_tools();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut demo = Running::demo(&data);
    let steps = tour("README.md");
    let outputs = walk(&steps, &demo.base, dir.path());
    for (step, output) in steps.iter().zip(&outputs) {
        let expected = step.expected.join("\n");
        assert!(
            fits(&trimmed(&expected), &trimmed(output)),
            "README.md:{}: expected\n{expected}\n--- but it said\n{output}\n--- log\n{}",
            step.line,
            log(&data)
        );
    }
    let status = demo.terminate();
    assert_eq!(status.code(), Some(0), "SIGTERM ends the demo well:\n{}", log(&data));
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} in {value}"))
}

#[tokio::test]
async fn the_demo_keeps_its_promises() {
    expect_tools();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut demo = Running::demo(&data);
    let http = http();

    // Credentials of everybody, in the shape of the contract.
    let file = std::fs::read_to_string(data.join("demo-credentials.json")).unwrap();
    let credentials: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(credentials.as_object().unwrap().keys().collect::<Vec<_>>(), ["accounts", "clients"]);
    let roles: BTreeSet<&str> =
        Role::ALL.iter().filter(|role| !matches!(role, Role::Public | Role::System)).map(|role| role.name()).collect();
    for (list, name, secret) in [("clients", "client_id", "client_secret"), ("accounts", "username", "password")] {
        let all = credentials[list].as_array().unwrap();
        for one in all {
            let members: BTreeSet<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, BTreeSet::from(["role", "org", name, secret]));
        }
        assert_eq!(all.iter().map(|one| text(one, "role")).collect::<BTreeSet<_>>(), roles, "{list}");
        let orgs = |role: &str| -> Vec<&str> {
            all.iter().filter(|one| one["role"] == role).filter_map(|one| one["org"].as_str()).collect()
        };
        for school in ["62001", "62002", "62005"] {
            assert!(orgs("SCHOOL").contains(&school), "{list}: {school}");
        }
        for city in ["620100", "620500"] {
            assert!(orgs("CITY").contains(&city), "{list}: {city}");
        }
        for one in all {
            let answer = if list == "clients" {
                http.post(format!("{}/oauth/token", demo.base))
                    .basic_auth(text(one, name), Some(text(one, secret)))
                    .form(&[("grant_type", "client_credentials")])
            } else {
                let body = serde_json::json!({ "username": one[name], "password": one[secret] });
                http.post(format!("{}/v1/session", demo.base)).json(&body)
            };
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{one}");
            assert!(answer.json::<Value>().await.unwrap()["access_token"].is_string(), "{one}");
        }
        // And all of them are printed, once.
        for one in all {
            assert!(demo.welcome.iter().any(|line| line.contains(text(one, name)) && line.contains(text(one, secret))));
        }
    }

    // What it prints can be pasted.
    let lines: Vec<&str> =
        demo.welcome.iter().map(|line| line.trim()).filter(|line| line.starts_with("curl ")).collect();
    assert!(lines.len() >= 2, "{:#?}", demo.welcome);
    for line in lines {
        let output = end(Command::new("bash").args(["-c", line]).current_dir(dir.path()).stdin(Stdio::null()));
        let (stdout, stderr) = said(&output);
        assert!(output.status.success(), "{line}\n{stderr}");
        let answer: Value = serde_json::from_str(&stdout).unwrap_or_else(|fault| panic!("{line}\n{stdout}\n{fault}"));
        assert!(answer.get("access_token").is_some() || answer["data"].is_object(), "{line}\n{answer:#}");
        assert!(answer.get("errors").is_none() && answer.get("error").is_none(), "{line}\n{answer:#}");
    }

    // What is served is what is printed.
    let get = async |base: &str, path: &str| {
        let answer = http.get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    let printed = end(zhiqiao(dir.path()).arg("openapi"));
    assert_eq!(get(&demo.base, "/openapi.json").await.as_bytes(), printed.stdout);
    assert!(get(&demo.base, "/docs/").await.contains("swagger"));

    // The key of the keys is its owner's alone.
    let secret = std::fs::read_to_string(data.join("encryption.key")).unwrap();
    assert_eq!(secret.trim().len(), 44);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.join("encryption.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    }

    // A second start finds everything as it was.
    let before = get(&demo.base, "/v1/releases").await;
    assert!(before.contains("\"1.0.0\""), "{before}");
    assert_eq!(demo.terminate().code(), Some(0), "{}", log(&data));
    let mut again = Running::demo(&data);
    assert_eq!(get(&again.base, "/v1/releases").await, before);
    assert!(!again.welcome.iter().any(|line| line.contains("demo-school-62002-secret")), "secrets are printed once");
    assert_eq!(again.terminate().code(), Some(0), "{}", log(&data));
    assert_eq!(std::fs::read_to_string(data.join("demo-credentials.json")).unwrap(), file);

    // And nobody takes this database for a real one.
    let url = format!("sqlite://{}?mode=rw", data.join("zhiqiao.db").display());
    refused(&mut on(&url, dir.path()), &["demo accounts", "演示账号"]);
}

/// `serve` ends with 1 and says these words.
#[track_caller]
fn refused(command: &mut Command, words: &[&str]) {
    let output = end(command.args(["serve"]));
    let (stdout, stderr) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in:\n{stderr}");
    }
    assert!(stderr.contains("zhiqiao: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[tokio::test]
async fn serve_refuses_what_is_not_fit_to_be_served() {
    let app = TestApp::new().await;
    refused(&mut on(app.url(), app.dir()), &["demo accounts"]);

    let app = TestApp::empty().await;
    refused(&mut on(app.url(), app.dir()), &["no signing key", "zhiqiao key rotate", "没有签名密钥"]);

    keys::rotate(&app.system()).await.unwrap();
    let another = "b3RoZXIga2V5IGZvciB0ZXN0cywgd2l0aCAzMiBieXQ=";
    refused(
        on(app.url(), app.dir()).env("ZHIQIAO_KEYS__ENCRYPTION_KEY", another),
        &["encrypted with another key", "zhiqiao key rotate", "另一个加密密钥"],
    );
    // Elsewhere: the folder of the database has a configuration with the key.
    let elsewhere = tempfile::tempdir().unwrap();
    refused(
        on(app.url(), elsewhere.path()).env_remove("ZHIQIAO_KEYS__ENCRYPTION_KEY"),
        &["no encryption key", "zhiqiao key secret", "ZHIQIAO_KEYS__ENCRYPTION_KEY", "加密密钥"],
    );
    let clear =
        "UPDATE signing_key SET private_key = 'MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g'";
    app.house.db.write().execute_unprepared(clear).await.unwrap();
    refused(&mut on(app.url(), app.dir()), &["not encrypted", "zhiqiao key rotate", "签名私钥未加密"]);
    assert_eq!(end(on(app.url(), app.dir()).args(["key", "rotate"])).status.code(), Some(0));
    let newer = "m29991231_235959_of_a_later_version";
    let statement = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{newer}', 0)");
    app.house.db.write().execute_unprepared(&statement).await.unwrap();
    refused(&mut on(app.url(), app.dir()), &[newer, "newer version"]);

    let (connection, guard) = empty_database().await;
    connection.close().await.unwrap();
    refused(&mut on(&guard.url, guard.dir.path()), &["zhiqiao migrate up"]);

    // Every fault of the configuration at once, without a panic and without a secret.
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = on("mysql://me:s3cret-word@localhost/x", dir.path());
    refused(
        wrong.env("ZHIQIAO_LISTEN", "here").env("ZHIQIAO_LOG__COLOUR", "red"),
        &["listen", "database.url", "log.colour"],
    );
    let (_, stderr) = said(&end(on("mysql://me:s3cret-word@localhost/x", dir.path()).arg("serve")));
    assert!(!stderr.contains("s3cret-word"), "{stderr}");
    refused(&mut zhiqiao(dir.path()), &["database.url", "ZHIQIAO_DATABASE__URL"]);
}

/// The way of the README's "by hand", on either database.
#[tokio::test]
async fn a_service_is_set_up_by_hand() {
    let (connection, guard) = empty_database().await;
    connection.close().await.unwrap();
    let dir = guard.dir.path();
    let folder = std::fs::canonicalize(reference()).unwrap();
    let run = |arguments: &[&str]| {
        let output = end(on(&guard.url, dir).args(arguments));
        let (stdout, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}\n{stdout}\n{stderr}");
        stdout
    };
    run(&["migrate", "up"]);
    assert!(run(&["migrate", "status"]).lines().all(|line| line.starts_with("applied ")));
    assert!(run(&["key", "rotate"]).contains("signs from now on"));
    let loaded = run(&["load", &folder.display().to_string()]);
    assert!(loaded.contains("schools") && loaded.contains("新增 created"), "{loaded}");
    assert!(run(&["load", &folder.display().to_string()]).contains("未变 unchanged"));
    let added =
        run(&["client", "add", "campus-62001", "--name", "Campus system", "--role", "school", "--org", "62001"]);
    let secret = added.lines().find_map(|line| line.strip_prefix("client_secret: ")).unwrap().trim().to_owned();
    run(&["user", "add", "office-620000", "--name", "Provincial office", "--role", "province", "--org", "620000"]);
    assert!(run(&["key", "list"]).contains("signs"));
    assert_eq!(run(&["release", "list"]), "");

    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://{address}");
    let child = on(&guard.url, dir)
        .arg("serve")
        .env("ZHIQIAO_LISTEN", address.to_string())
        .env("ZHIQIAO_PUBLIC_URL", &base)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(dir.join("serve.log")).unwrap())
        .spawn()
        .unwrap();
    let mut service = Running { child, base, welcome: Vec::new() };
    let http = http();
    let began = Instant::now();
    loop {
        let ready = http.get(format!("{}/health/ready", service.base)).send().await;
        if ready.is_ok_and(|answer| answer.status() == 200) {
            break;
        }
        let said = std::fs::read_to_string(dir.join("serve.log")).unwrap();
        assert!(began.elapsed() < Duration::from_secs(30) && service.child.try_wait().unwrap().is_none(), "{said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = http
        .post(format!("{}/oauth/token", service.base))
        .basic_auth("campus-62001", Some(&secret))
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let status = service.terminate();
    let said = std::fs::read_to_string(dir.join("serve.log")).unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains(&secret), "a secret in the log");
}

#[tokio::test]
async fn commands_end_with_the_code_that_says_how() {
    let app = TestApp::empty().await;
    let (url, dir) = (app.url(), app.dir());

    // 2: not understood. Nothing was done, and the answer says what would be right.
    for wrong in
        [&[][..], &["nonsense"], &["demo", "--port", "many"], &["client", "add", "x"], &["migrate", "sideways"]]
    {
        let output = end(on(url, dir).args(wrong));
        let (_, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {stderr}");
        assert!(stderr.contains("Usage: ") || stderr.contains("--help"), "{wrong:?}: {stderr}");
    }

    // 0: done.
    for right in [&["--help"][..], &["--version"], &["help", "serve"], &["migrate", "status"], &["release", "list"]] {
        let output = end(on(url, dir).args(right));
        assert_eq!(output.status.code(), Some(0), "{right:?}: {:?}", said(&output));
    }

    // 1: the work failed, and one message says why; results alone go to the standard output.
    for (failing, words) in [
        (&["load", "/no/such/folder"][..], &["/no/such/folder"][..]),
        (&["client", "disable", "nobody"], &["client"]),
        (&["client", "add", "UPPER", "--name", "x", "--role", "school"], &["client_id", "/org"]),
        (&["release", "verify", "9.9.9"], &["release"]),
        (&["release", "create", "--kind", "minor", "--note", "nothing"], &["nothing to release"]),
        (&["--config", "/no/such.toml", "key", "list"], &["/no/such.toml"]),
    ] {
        let output = end(on(url, dir).args(failing));
        let (stdout, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(1), "{failing:?}: {stdout}{stderr}");
        assert_eq!(stdout, "", "{failing:?}");
        assert_eq!(stderr.matches("zhiqiao: ").count(), 1, "{failing:?}: {stderr}");
        for word in words {
            assert!(stderr.contains(word), "{failing:?}: `{word}` is not in {stderr}");
        }
        assert!(!stderr.contains("panicked") && !stderr.contains("RUST_BACKTRACE"), "{failing:?}: {stderr}");
    }

    // The demo is for this machine only, and says so when its port is taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = end(zhiqiao(dir).args(["demo", "--port", &port, "--data-dir"]).arg(dir.join("never")));
    let (_, stderr) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{stderr}");
    drop(taken);
}

#[test]
fn every_command_is_well_formed() {
    // What clap would find only when somebody types that very command.
    <zhiqiao::cli::Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn the_binary_prints_what_is_committed() {
    let dir = tempfile::tempdir().unwrap();
    for (command, file) in [("schema", "schema.graphql"), ("openapi", "openapi.json")] {
        let output = end(zhiqiao(dir.path()).arg(command));
        let (stdout, stderr) = said(&output);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(stdout == read(file), "`zhiqiao {command}` is not {file}: review with `cargo xtask golden`");
    }
}

//! The demo, asked by schemathesis whether it keeps to its OpenAPI document: no failure of its own, no answer that
//! the document does not tell of.
//!
//! Schemathesis is a program of its own (`pip install schemathesis`). Where it is not installed the step is skipped,
//! as what can be checked without it the tests check: `tests/it/contract.rs`.

use std::{
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{steps::Steps, tasks::cargo};

const NAME: &str = "schemathesis";

/// What it looks for. That bad data are refused, and with which status, the service's own tests know better.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// How long the demo may take to be built, filled and ready.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// As whom it asks: the demo's clients, and nobody.
const CALLERS: &[(&str, Option<&str>)] = &[
    ("schemathesis: nobody", None),
    ("schemathesis: school", Some("school-62001")),
    ("schemathesis: city", Some("city-620100")),
    ("schemathesis: province", Some("province-620000")),
    ("schemathesis: enterprise", Some("enterprise-eeadeb0f3")),
    ("schemathesis: agency", Some("agency-engineering")),
    ("schemathesis: admin", Some("admin")),
    ("schemathesis: auditor", Some("auditor")),
];

/// Asks as each caller for so many seconds; skipped where the program is not there.
pub(crate) fn conform(steps: &mut Steps, seconds: u64) {
    let mut version = Command::new(NAME);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        return steps.skip(NAME, "schemathesis is not installed: pip install schemathesis");
    }
    let demo = match Demo::start() {
        Ok(demo) => demo,
        Err(why) => return steps.fail(NAME, &why),
    };
    for (name, client) in CALLERS {
        let mut command = Command::new(NAME);
        command.current_dir(&demo.folder);
        command.args(["run", &format!("http://127.0.0.1:{}/openapi.json", demo.port), "--checks", CHECKS]);
        command.args(["--max-time", &seconds.to_string(), "--request-timeout", "90", "--generation-database", "none"]);
        command.args(["--continue-on-failure", "--warnings", "off", "--suppress-health-check", "all"]);
        if let Some(client) = client {
            match demo.token(client) {
                Some(token) => command.args(["--header", &format!("Authorization: Bearer {token}")]),
                None => return steps.fail(name, "the demo gives no token"),
            };
        }
        steps.run(name, &mut command);
    }
}

/// A demo that runs on a port of its own and leaves nothing behind.
struct Demo {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself; the folder goes either way.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

impl Demo {
    fn start() -> Result<Self, String> {
        // The demo has its metrics one port further up.
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|fault| fault.to_string())?;
        let port = listener.local_addr().map_err(|fault| fault.to_string())?.port();
        drop(listener);
        let folder = env::temp_dir().join(format!("zhiqiao-conform-{}", process::id()));
        fs::create_dir_all(&folder).map_err(|fault| fault.to_string())?;
        let mut command = cargo();
        command.args(["run", "--quiet", "--package", "zhiqiao", "--bin", "zhiqiao", "--", "demo", "--data-dir"]);
        command.arg(&folder).args(["--port", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|fault| format!("the demo cannot be started: {fault}"))?;
        let mut demo = Self { child, port, folder };
        let began = Instant::now();
        while demo.ask("GET /health/ready", "", "").is_none_or(|answer| !answer.starts_with("HTTP/1.1 200")) {
            if let Ok(Some(status)) = demo.child.try_wait() {
                return Err(format!("the demo has ended: {status}"));
            }
            if began.elapsed() > PATIENCE {
                return Err("the demo is not ready".to_owned());
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(demo)
    }

    /// A token of one of the demo's clients, whose secrets are known to everybody.
    fn token(&self, client: &str) -> Option<String> {
        let form = format!("grant_type=client_credentials&client_id=demo-{client}&client_secret=demo-{client}-secret");
        let answer = self.ask("POST /oauth/token", "content-type: application/x-www-form-urlencoded\r\n", &form)?;
        let (_, rest) = answer.split_once("\"access_token\":\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    fn ask(&self, line: &str, headers: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

//! Every parser of bytes from outside, with bytes that nobody would send: none may panic, hang, or end in a failure of
//! ours. By default each sees some hundreds of inputs; `cargo xtask fuzz` gives each as many as fit into a time.
//!
//! Inputs are made from samples by small changes, and from nothing. It is blind to what they reach in the code: a
//! long run finds more than a short one, and none proves that there is nothing left.

mod published;
mod sent;

use std::{
    cell::RefCell,
    io::Cursor,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use entity::words::SubmissionState as State;
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};
use zhiqiao::{
    authn::keys::{self, KeySet, PublicKeys},
    authz::Role,
    domain::{claims, feed, idempotency, periods::Period, precondition::Match, submissions::Key},
    error::Error,
    formats::{
        batch::{Format, Row, Rows, scan},
        decimal, document,
        expression::{Expression, Facts},
        figure,
    },
    graphql::request::{GraphqlRequest, Media, execute},
    page, request_id, rest,
};

use crate::{
    app::{Caller, TestApp},
    batches::files,
    stage,
    wire::send,
};

/// How long one input may take, on a slow machine with a debug build.
const LONGEST: Duration = Duration::from_secs(20);

/// Gives a target its inputs: some, or for `FUZZ_SECONDS` as many as there is time for.
fn target<S: Strategy>(name: &str, cases: u32, strategy: S, run: impl Fn(S::Value) -> Result<(), String>)
where
    S::Value: Clone + std::fmt::Debug,
{
    let seconds: u64 = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let (began, mut done, longest) = (Instant::now(), 0_u64, RefCell::new(Duration::ZERO));
    loop {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&strategy, |input| {
            let one = Instant::now();
            run(input).map_err(TestCaseError::fail)?;
            let took = one.elapsed();
            if took > *longest.borrow() {
                *longest.borrow_mut() = took;
            }
            prop_assert!(took < LONGEST, "it took {took:?}");
            Ok(())
        });
        if let Err(fault) = outcome {
            panic!("{name}: {fault}");
        }
        done += u64::from(cases);
        if began.elapsed().as_secs() >= seconds {
            break;
        }
    }
    println!("fuzz {name}: {done} inputs in {:.1?}, the longest {:.1?}", began.elapsed(), longest.into_inner());
}

/// What parsers trip over.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b",",
    b":",
    b";",
    b"=",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"-",
    b"+",
    b".",
    b"0",
    b"1e999",
    b"-0",
    b"0.1",
    b"99999999999999999999",
    b"NaN",
    b"null",
    b"true",
    b"%",
    b"%00",
    b"%ff",
    b"\xe8\x81\x8c",
    b"\xe2\x80\xae",
    b"--",
    b"/*",
    b"#",
    b"@",
    b"$",
    b"...",
    b"__typename",
    b"W/",
    b"*",
    b"&&",
    b"prev.",
    b"<",
    b">",
    b"<!--",
    b"&amp;",
    b"&#0;",
    b"<![CDATA[",
    b"PK\x03\x04",
    b"=1+1",
];

/// One small change: where, in parts of the length, and what.
type Change = (u16, u8, u8, u16);

/// Samples with some changes, pieces of them, and bytes from nowhere.
fn mutated(samples: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let count = samples.len();
    let changed = (0..count, proptest::collection::vec(any::<Change>(), 0..12), 0..count).prop_map(
        move |(at, changes, other)| {
            let mut bytes = samples[at].clone();
            for change in changes {
                apply(&mut bytes, change, &samples[other]);
            }
            bytes
        },
    );
    prop_oneof![
        8 => changed,
        1 => proptest::collection::vec(any::<u8>(), 0..600),
        1 => proptest::collection::vec(proptest::sample::select(WORDS), 0..60).prop_map(|words| words.concat()),
    ]
}

fn apply(bytes: &mut Vec<u8>, (place, kind, value, much): Change, other: &[u8]) {
    let at = usize::from(place) * (bytes.len() + 1) / (usize::from(u16::MAX) + 1);
    let to = (at + usize::from(much) % 40).min(bytes.len());
    match kind % 9 {
        0 if at < bytes.len() => bytes[at] = value,
        1 if at < bytes.len() => bytes[at] ^= 1 << (value % 8),
        2 => drop(bytes.drain(at..to)),
        3 => drop(bytes.splice(at..at, WORDS[usize::from(value) % WORDS.len()].iter().copied())),
        4 => drop(bytes.splice(at..to, WORDS[usize::from(value) % WORDS.len()].iter().copied())),
        5 => {
            let piece = bytes[at..to].repeat(1 + usize::from(value) % 50);
            bytes.splice(at..at, piece);
        }
        6 => bytes.truncate(at),
        7 => {
            let from = usize::from(much) % (other.len() + 1);
            let piece = other[from..(from + usize::from(value)).min(other.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => {
            let word = WORDS[usize::from(value) % WORDS.len()].repeat(1 + usize::from(much) % 300);
            bytes.splice(at..at, word);
        }
    }
}

fn texts(samples: &[&str]) -> Vec<Vec<u8>> {
    samples.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The same as text, as far as it is one.
fn mutated_text(samples: &[&str]) -> impl Strategy<Value = String> + use<> {
    mutated(texts(samples)).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

const ROW: [&str; 5] = ["62001", "talent", "2031", "talent.graduates", "8000"];

/// Counts the rows of a file; they are texts without a NUL.
#[derive(Default)]
struct Counted(u32);

impl Rows for Counted {
    fn row(&mut self, row: Row<'_>) -> ControlFlow<()> {
        self.0 += 1;
        assert!(!row.school.contains('\0') && !row.note.contains('\0'));
        if self.0 > 100_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn again(&mut self) {
        self.0 = 0;
    }
}

/// Reads a file to its end.
fn read(bytes: &[u8], format: Format) -> Result<(), String> {
    let mut counted = Counted::default();
    match scan(Cursor::new(bytes), format, &mut counted) {
        Ok(()) if counted.0 == 0 => Err("neither a row nor a fault".to_owned()),
        Err(faults) if faults.is_empty() => Err("a failure without a fault".to_owned()),
        _ => Ok(()),
    }
}

#[test]
fn csv() {
    let plain = files::csv(&[ROW, ["62001", "talent", "2031", "毕业生人数", "\"1,5\""]]);
    let samples = vec![
        plain.clone().into_bytes(),
        files::gbk(&plain),
        plain.replace('\n', "\r\n").into_bytes(),
        "学校,报表,统计期,指标,数值,状态,备注\n62001,talent,2031,\"毕业生\n人数\",\"8,000\",已报,\"a\"\"b\"\n"
            .as_bytes()
            .to_vec(),
    ];
    target("csv", 400, mutated(samples), |bytes| read(&bytes, Format::Csv));
}

/// Read with care, and whatever is read can be reconciled.
#[test]
fn claims_file() {
    let runtime = runtime();
    let app = runtime.block_on(TestApp::new());
    let registry = app.house.memory.registry();
    let header = "key,label_zh,indicator,statistic,scope,scope_code,period,comparator,value,unit,source\n";
    let sample = |rows: &str| format!("{header}{rows}").into_bytes();
    let samples = vec![
        sample("a,标签,scale.students,value,province,620000,2023,=,294013,人,此处\n"),
        sample(
            "a,b,,100.0 * schools('tier=junior_college|higher_vocational') / schools(''),city,620100,2023,~,89.3,%,c\n",
        ),
        sample(
            "a,b,talent.placed,value,school,62001,2023,>=,1,人,c\nb,b,talent.placed,value,school,62001,2023,<,1,人,c\n",
        ),
    ];
    target("claims file", 200, mutated(samples), |bytes| {
        let claims = match claims::read(&registry, &bytes) {
            Ok(claims) => claims,
            Err(Error::Invalid(faults)) if !faults.is_empty() => return Ok(()),
            Err(fault) => return Err(format!("{fault:?}")),
        };
        let ask = claims::Ask { claims: Some(claims), release: None };
        let reconciled = runtime.block_on(claims::reconcile(&app.anonymous(), ask));
        reconciled.map(|_| ()).map_err(|fault| format!("{fault:?}"))
    });
    runtime.block_on(async { drop(app) });
}

#[test]
fn ndjson() {
    let samples = vec![
        files::ndjson(&[ROW]).into_bytes(),
        b"{\"school\":\"62001\",\"dataset\":\"talent\",\"period\":\"2031\",\"indicator\":\"talent.placed\",\"value\":1.50,\"status\":null,\"note\":\"a\\u00e9\"}\n".to_vec(),
    ];
    target("ndjson", 400, mutated(samples), |bytes| read(&bytes, Format::Ndjson));
}

#[test]
fn xlsx_as_bytes() {
    let samples = vec![files::xlsx(&[ROW]), files::workbook(&[("data", &files::header())])];
    target("xlsx as bytes", 200, mutated(samples), |bytes| read(&bytes, Format::Xlsx));
}

/// The parts changed before they are packed: most changes of the archive itself end at its checksums.
#[test]
fn xlsx_by_its_parts() {
    let sheet = files::header()
        + &files::row(2, &ROW)
        + &files::row(3, &["62001", "talent", "2031", "talent.placed", "<c r=\"@\" s=\"1\"><f>1+1</f><v>0.5</v></c>"]);
    let parts = files::parts(&[("data", &sheet)]);
    let samples: Vec<Vec<u8>> = parts.iter().map(|(_, bytes)| bytes.clone()).collect();
    let count = parts.len();
    target("xlsx by its parts", 200, (0..count, mutated(samples)), move |(at, bytes)| {
        let mut parts = parts.clone();
        parts[at].1 = bytes;
        read(&files::zipped(&parts), Format::Xlsx)
    });
}

#[test]
fn json_submission() {
    let samples = [
        r#"{"observations":{"talent.graduates":8000,"talent.placed":null,"talent.promotion_rate_3y":{"value":44.01,"status":"ESTIMATED","note":"a"}}}"#,
        r#"{"observations":{}}"#,
        r#"{"observations":{"a":"1","b":1e3,"c":-0.000,"d":[1],"e":true}}"#,
    ];
    target("json submission", 600, mutated(texts(&samples)), |bytes| {
        let Ok(given) = document::read_push(&bytes) else { return Ok(()) };
        for one in given {
            let _digits = decimal::parse(&document::short(&format!("{one:?}")), 2);
        }
        Ok(())
    });
}

#[test]
fn stored_document() {
    let samples = [
        r#"{"dataset":"talent","observations":{"talent.graduates":{"note":"x","status":"REPORTED","value":8000}},"period":"2031","school":"62001"}"#,
    ];
    target("stored document", 400, mutated_text(&samples), |text| {
        let _cells = document::read(&text, |_| 2);
        Ok(())
    });
}

#[test]
fn figures_and_decimals() {
    let samples = [
        "8,000",
        "1.5e3",
        "-0.00",
        "12.5%",
        "３．５",
        "1 000",
        "3万",
        "２０３１",
        "999999999999999.999",
        "1/2",
        "0x10",
    ];
    target("figures and decimals", 2_000, (mutated_text(&samples), -3_i16..20), |(text, decimals)| {
        let _figure = figure::read(&text);
        let _digits = figure::of_spreadsheet(&text);
        if let Ok(value) = decimal::parse(&text, decimals.clamp(0, 15)) {
            let back = decimal::digits(value, decimals.clamp(0, 15));
            if decimal::parse(&back, decimals.clamp(0, 15)) != Ok(value) {
                return Err(format!("{text} became {back}"));
            }
        }
        Ok(())
    });
}

#[test]
fn rule_expressions() {
    let samples = [
        "talent.placed <= talent.graduates",
        "prev.talent.placed > 1.0 ? talent.placed / prev.talent.placed < 1.5 : true",
        "!(talent.placed == 0.0) && talent.graduates * 2.0 >= 3.0 || false",
        "((((talent.placed))))",
        "'a' + \"b\" == [1, 2].map(x, x)",
        "has(talent.placed) && size(\"x\") > 0u",
        "- - - 1 < 2 // x",
    ];
    target("rule expressions", 500, mutated_text(&samples), |text| {
        if let Ok(expression) = Expression::compile(&text) {
            let figures = [0.0, 1.0, -1.0, f64::MAX, f64::MIN_POSITIVE];
            for figure in figures {
                let facts = Facts::of(expression.inputs(), |_| Some(figure));
                let _verdict = expression.judge(&facts);
            }
            let _skipped = expression.judge(&Facts::of([], |_| None));
        }
        Ok(())
    });
}

#[test]
fn cursors_and_ids() {
    let place = feed::Place::default().cursor();
    let samples = [
        place.as_str(),
        &page::cursor(&["62001", "talent", "2031"]),
        &page::cursor(&["Submission", "62001", "talent", "2031"]),
        "2031",
        "2030-2031",
        "2*",
    ];
    let samples: Vec<&str> = samples.to_vec();
    target("cursors and ids", 2_000, mutated_text(&samples), |text| {
        if let Ok(parts) = page::read_cursor::<3>(&text, "/cursor") {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let again = page::read_cursor::<3>(&page::cursor(&parts), "/cursor");
            if again.is_err() {
                return Err(format!("{text} does not come back"));
            }
        }
        let _place = feed::Place::read(&text, "/after");
        let _period = Period::parse(&text);
        let _ask = feed::Ask::read(Some(&text), Some(-1), Some(i64::MAX));
        Ok(())
    });
}

#[test]
fn tokens() {
    let key = keys::generate().unwrap();
    let set = [key];
    let keys = KeySet::new(&set);
    let good = keys.sign(br#"{"iss":"x","sub":"y","exp":1}"#, "at+jwt").unwrap();
    let header = good.split('.').next().unwrap().to_owned();
    let samples = [good.as_str(), "eyJhbGciOiJub25lIn0.e30.", "a.b.c", &header];
    target("tokens", 1_000, mutated_text(&samples), |text| match keys.open(&text, &["at+jwt"]) {
        Ok(_) if text != good => Err(format!("{text} is none of ours")),
        _ => Ok(()),
    });
}

#[test]
fn key_sets() {
    let key = keys::generate().unwrap();
    let jwks = serde_json::to_string(&KeySet::new(&[key]).jwks()).unwrap();
    target("key sets", 400, mutated_text(&[&jwks, "{\"keys\":[]}"]), |text| {
        if let Ok(keys) = PublicKeys::read(&text) {
            let _opened = keys.open("a.b.c", &["at+jwt"]);
        }
        Ok(())
    });
}

#[test]
fn headers() {
    let samples = [
        "\"1-1-0123456789abcdef\", W/\"x\"",
        "*",
        "zh-CN,zh;q=0.9,en;q=0.8,*;q=0.1",
        "Bearer a.b.c",
        "0197a1b2-7c3d-7000-8000-000000000000",
        "application/json;q=0.5, */*",
    ];
    target("headers", 2_000, mutated(texts(&samples)), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let _match = Match::read(&text);
        let _language = request_id::accept_language(Some(&text));
        let id = request_id::accept_request_id(Some(&text));
        if !(8..=128).contains(&id.len()) || !id.is_ascii() {
            return Err(format!("{id:?} is no id for a log"));
        }
        let _token = rest::extract::token(&text);
        if idempotency::check(&bytes).is_ok_and(|key| !key.is_ascii()) {
            return Err("a key that is not visible".to_owned());
        }
        Ok(())
    });
}

/// A runtime that a target asks from where nothing waits.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

const QUERIES: &[&str] = &[
    "{ me { id role } cities { code name } }",
    "query Q($c: String!, $n: Int = 3) { city(code: $c) { name } schools(first: $n, filter: { city: [$c], search: \"a\" }, orderBy: { field: NAME, direction: DESC }) { totalCount nodes { code } pageInfo { endCursor } } }",
    "{ aggregate(input: { indicators: [\"scale.students\"], period: \"2023\", groupBy: [CITY, TIER], filter: { ownership: [PUBLIC] }, release: \"1.*\" }) { release groups { city { code } cells { value median status } } } }",
    "{ submission(school: \"62001\", dataset: \"talent\", period: \"2031\") { ...F @include(if: true) } } fragment F on Submission { state observations { value note } revisions(first: 2) { nodes { number } } }",
    "mutation { pushSubmission(input: { school: \"62001\", dataset: \"talent\", period: \"2031\", observations: [{ indicator: \"talent.graduates\", value: 1.50 }], dryRun: true }) { removed } }",
    "{ submissions(filter: { state: [DRAFT], school: [\"62001\"] }, first: 5, after: \"AAAA\") { nodes { id } } node(id: \"UmVsZWFzZR8xLjAuMA\") { id } }",
    "{ __schema { types { name } } __type(name: \"School\") { fields { name } } }",
    "\"\"\"x\"\"\" subscription { events(after: \"1\") { type } }",
];

/// Whole requests, over a real database: whatever is sent is answered, and never with a failure of ours.
#[test]
fn graphql_requests() {
    let runtime = runtime();
    let app = runtime.block_on(TestApp::new());
    let bodies: Vec<Vec<u8>> = QUERIES
        .iter()
        .map(|query| {
            json!({ "query": query, "operationName": null, "variables": { "c": "620100", "n": 2 } })
                .to_string()
                .into_bytes()
        })
        .collect();
    let school = app.as_(Role::School, "62001");
    let asked = |read: zhiqiao::error::Result<GraphqlRequest>| -> Result<(), String> {
        let Ok(request) = read else { return Ok(()) };
        let answer = runtime.block_on(execute(&app.house.schema, school.clone(), request, false));
        let text = String::from_utf8(answer.body.clone()).map_err(|fault| fault.to_string())?;
        let said: Value = serde_json::from_str(&text).map_err(|fault| format!("{fault}: {text}"))?;
        let is_ours = answer.status(Media::Response) >= 500 || said["errors"].to_string().contains("\"INTERNAL\"");
        if is_ours { Err(text) } else { Ok(()) }
    };
    target("graphql bodies", 150, mutated(bodies), |bytes| asked(GraphqlRequest::read(&bytes)));
    target("graphql queries", 150, mutated_text(QUERIES), |query| {
        asked(GraphqlRequest::read(json!({ "query": query, "variables": { "c": "620100" } }).to_string().as_bytes()))
    });
    let addresses: Vec<String> = QUERIES
        .iter()
        .map(|query| {
            format!(
                "query={}&variables=%7B%7D&operationName=Q",
                query.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>()
            )
        })
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    target("graphql addresses", 100, mutated_text(&addresses), |text| asked(GraphqlRequest::read_address(&text)));
    runtime.block_on(async { drop(app) });
}

/// The words of filters: whatever they are, they keep what is the caller's or they are refused.
#[test]
fn filters() {
    let runtime = runtime();
    let app = runtime.block_on(async {
        let app = TestApp::new().await;
        stage::bring(&app, &Key::new("62002", "talent", "2031"), &stage::talent(8_000), State::Draft).await;
        app
    });
    let school = app.as_(Role::School, "62001");
    let words = || mutated_text(&["62002", "talent", "2031", "%", "_", "' OR 1=1 --", "DRAFT", "職橋"]);
    let lists = proptest::collection::vec(words(), 0..4);
    target("filters", 150, (lists, words()), |(list, word)| {
        let query = "query ($l: [String!], $w: String!) {
            a: submissions(filter: { school: $l }) { totalCount nodes { school { code } } }
            b: submissions(filter: { dataset: $l, period: $l, city: $l }) { nodes { school { code } } }
            c: schools(filter: { city: $l, consortium: $w, search: $w }) { totalCount }
            d: enterprises(filter: { industry: $l, search: $w }) { totalCount }
            e: indicators(filter: { dataset: $l, search: $w }) { code }
            f: claims(filter: { scope: $l, search: $w }) { id }
            g: school(code: $w) { code } }";
        let body = json!({ "query": query, "variables": { "l": list, "w": word } }).to_string();
        let Ok(request) = GraphqlRequest::read(body.as_bytes()) else { return Err("it is a good request".to_owned()) };
        let answer = runtime.block_on(execute(&app.house.schema, school.clone(), request, false));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if text.contains("\"INTERNAL\"") || text.contains("\"school\":{\"code\":\"62002\"}") {
            Err(text)
        } else {
            Ok(())
        }
    });
    runtime.block_on(async { drop(app) });
}

/// The whole service: any method, any path, any header, any body; no failure of ours, and it goes on.
#[test]
fn http_requests() {
    let runtime = runtime();
    let app = runtime.block_on(TestApp::new());
    let (server, school) = runtime.block_on(async {
        let server = app.serve().await;
        let school = server.client("school-62001").await;
        (server, school)
    });
    let document = serde_json::to_value(rest::openapi()).unwrap();
    let routes: Vec<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let path = path.replace("{school}", "62001").replace("{dataset}", "talent").replace("{period}", "2031").replace("{n}", "1");
            item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        })
        // Rotated keys and new secrets are no business of this test, and a wait of a minute none of its time.
        .filter(|(_, path)| path != "/v1/changes")
        .collect();
    let paths: Vec<&str> = routes.iter().map(|(_, path)| path.as_str()).collect();
    let kinds = [
        "application/json",
        "text/csv",
        "application/x-ndjson",
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=\"",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "x",
    ];
    let bodies = [
        r#"{"observations":{"talent.graduates":8000}}"#,
        r#"{"justifications":{"a":"b"}}"#,
        r#"{"tables":[{"school":"62001","dataset":"talent","period":"2031","if_match":"*"}]}"#,
        r#"{"reason":"a","cells":[{"indicator":"talent.graduates","remark":"b"}]}"#,
        r#"{"url":"https://example.org","events":["submission.*"],"enabled":true,"overlap_hours":1}"#,
        r#"{"username":"a","password":"b"}"#,
        "grant_type=client_credentials&client_id=a&client_secret=b",
        "school,dataset,period,indicator,value\n62001,talent,2031,talent.graduates,1\n",
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\ncontent-type: text/csv\r\n\r\nschool,dataset\r\n--b--\r\n",
    ];
    let route = proptest::sample::select(routes.clone());
    let strategy = (
        route,
        prop_oneof![4 => Just(None), 1 => mutated_text(&paths).prop_map(Some)],
        mutated(texts(&bodies)),
        proptest::sample::select(kinds.to_vec()),
        proptest::option::of(mutated_text(&["*", "\"1-1-0\"", "k1"])),
        any::<bool>(),
    );
    let anonymous = server.anonymous();
    target("http requests", 200, strategy, |((method, path), other, body, kind, word, is_known)| {
        // As a client library would write it: an address of letters that an address may have.
        let path: String = other
            .unwrap_or(path)
            .bytes()
            .map(|byte| {
                if byte.is_ascii_graphic() && byte != b'#' {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02x}")
                }
            })
            .collect();
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let word = word
            .map(|word| word.chars().filter(char::is_ascii_graphic).take(2_000).collect::<String>())
            .filter(|word| !word.is_empty());
        let mut headers = vec![("content-type", kind)];
        if let Some(word) = &word {
            headers.extend([
                ("if-match", word.as_str()),
                ("idempotency-key", word),
                ("accept-language", word),
                ("x-request-id", word),
            ]);
        }
        let caller: &Caller = if is_known { &school } else { &anonymous };
        let body = if method == "GET" { Vec::new() } else { body };
        let answer = runtime.block_on(send(caller, &method, &path, &headers, body));
        let is_problem = answer.status < 400
            || path.starts_with("/oauth/")
            || path.starts_with("/docs")
            || answer.header("content-type") == Some("application/problem+json");
        if answer.status >= 500 || !is_problem || answer.text.contains(".rs:") {
            return Err(format!("{method} {path}: {} {}", answer.status, answer.text));
        }
        Ok(())
    });
    runtime.block_on(async {
        crate::attacks::is_well(&server).await;
        server.stop().await;
        drop(app);
    });
}

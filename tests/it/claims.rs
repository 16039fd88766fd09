//! Claims: printed figures against the data and against each other, by every door.

use std::{collections::BTreeMap, path::Path};

use entity::words::{ReleaseKind, SubmissionState as State};
use serde_json::{Value, json};
use zhiqiao::{
    authz::Role,
    domain::{
        claims::{self, Ask, Verdict},
        submissions::Key,
    },
    error::Language,
    rest::claims::OutcomeView,
};

use crate::{
    app::{Caller, TestApp, golden, reference},
    stage,
    tour::{end, on, said},
};

const ROUTE: &str = "/v1/claims/reconciliation";

fn of<'a>(all: &'a Value, verdict: &str) -> Vec<&'a Value> {
    all.as_array().unwrap().iter().filter(|one| one["verdict"] == verdict).collect()
}

/// A pair as (claim, its figure, what it contradicts, that figure, the difference).
fn pair(one: &Value) -> (String, String, String, String, String) {
    let text = |name: &str| one[name].to_string().trim_matches('"').to_owned();
    (text("claim"), text("value"), text("other"), text("other_value"), text("difference"))
}

/// What is told of the claim of this key by the data.
fn by_data<'a>(all: &'a Value, key: &str) -> &'a Value {
    all.as_array().unwrap().iter().find(|one| one["claim"] == key && one["basis"] == "data").unwrap()
}

async fn served(app: &TestApp) -> (crate::app::Server, Value) {
    let server = app.serve().await;
    let all = server.anonymous().get(ROUTE).await.expect(200).json();
    (server, all)
}

#[tokio::test]
async fn the_printed_report_contradicts_itself_where_it_does() {
    let app = TestApp::new().await;
    let (server, all) = served(&app).await;
    let pairs: Vec<_> = of(&all, "contradicts").into_iter().map(pair).collect();
    for (claim, value, other, other_value, difference) in [
        // What everybody knows of this report.
        ("policy.students_full_time.2023.附表6", "287383", "policy.students_full_time.2023.1.2.1", "294013", "-6630"),
        (
            "talent.employed_in_sectors.2023.附表1",
            "63125",
            "talent.employed_primary + talent.employed_secondary + talent.employed_tertiary",
            "63873",
            "-748",
        ),
        // The other printed parents, whose parts are all printed and do not add up.
        (
            "resources.banks.2023.附表3",
            "198",
            "resources.banks_national + resources.banks_provincial + resources.banks_school",
            "205",
            "-7",
        ),
        (
            "resources.quality_courses.2023.附表3",
            "1069",
            "resources.quality_courses_national + resources.quality_courses_provincial + resources.quality_courses_school",
            "1286",
            "-217",
        ),
        (
            "resources.simulation_bases.2023.附表3",
            "95",
            "resources.simulation_bases_national + resources.simulation_bases_provincial + resources.simulation_bases_school",
            "102",
            "-7",
        ),
        (
            "international.standards_abroad.2023.附表5",
            "108",
            "international.major_standards_abroad + international.course_standards_abroad",
            "109",
            "-1",
        ),
        // A part larger than its whole.
        (
            "service.employed_small_enterprises.2023.附表4",
            "65884",
            "service.first_employment.2023.附表4",
            "63940",
            "1944",
        ),
        // A rule `A == B`: the pair is A and B.
        ("service.first_employment.2023.附表4", "63940", "talent.employed_in_sectors.2023.附表1", "63125", "815"),
        // A rule with a sum on one side.
        (
            "service.first_employment.2023.附表4",
            "63940",
            "service.employed_small_enterprises + service.employed_large_enterprises",
            "76759",
            "-12819",
        ),
        // A rule with a bound of its own, and a bound that is itself printed.
        ("policy.appropriation_per_student.2023.附表6", "9654.07", "12000.0", "12000", "-2345.93"),
        (
            "policy.appropriation_per_student.2023.附表6",
            "9654.07",
            "policy.appropriation_per_student.2023.7.4",
            "12000",
            "-2345.93",
        ),
        ("policy.students_full_time.2023.附表6", "287383", "policy.counsellors * 200.0", "271000", "16383"),
        ("service.training_projects.2023.附表4", "759", "service.training_projects.2023.表7", "760", "-1"),
    ] {
        let wanted =
            (claim.to_owned(), value.to_owned(), other.to_owned(), other_value.to_owned(), difference.to_owned());
        assert!(pairs.contains(&wanted), "{wanted:?} is not among {pairs:#?}");
    }
    // Those that are printed twice alike do not.
    for agreeing in ["talent.graduates.", "conditions.", "resources.student_teacher_ratio.", "scale."] {
        assert!(!pairs.iter().any(|pair| pair.0.starts_with(agreeing)), "{agreeing}");
    }
    // Each pair stands once, whichever way round; both places are named.
    let mut seen = std::collections::BTreeSet::new();
    for one in of(&all, "contradicts") {
        let (claim, _, other, ..) = pair(one);
        assert!(seen.insert((claim.clone(), other.clone())) && !seen.contains(&(other, claim)), "{one}");
        for member in ["source", "other_source", "label", "reason"] {
            assert!(!one[member].as_str().unwrap().is_empty(), "{member} of {one}");
        }
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for one in of(&all, "contradicts") {
        *kinds.entry(one["basis"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(kinds["parts"], 5, "all five printed parents: {kinds:?}");
    server.stop().await;
}

#[tokio::test]
async fn every_claim_is_held_against_the_release() {
    let app = TestApp::new().await;
    let (server, all) = served(&app).await;
    assert_eq!(of(&all, "holds").len() + of(&all, "differs").len() + of(&all, "no_data").len(), 222);
    for (key, verdict, other_value) in [
        ("scale.students.2023.1.2.1", "holds", "294013"),
        ("scale.intake.2023.1.2.2", "holds", "110025"),
        ("online.national_banks_led.2023.表6", "holds", "4"),
        ("online.national_banks_led.2023.8", "differs", "4"),
        ("majors.added.2023.表16", "holds", "65"),
        ("majors.added.2023.6.2", "differs", "65"),
        ("schools.all.2023.1.1", "holds", "29"),
        ("schools.tier=junior_college|higher_vocational.2023.1.1", "holds", "27"),
        ("schools_share.ownership=public.2023.1.1", "differs", "89.65517241379310344827586207"),
        ("talent.graduates.2023.附表1", "no_data", "null"),
        ("talent.placement_rate.2023.1.2.3", "no_data", "null"),
    ] {
        let one = by_data(&all, key);
        assert_eq!(one["verdict"], verdict, "{one}");
        // Read as a double here; the command's test looks at the digits.
        let other_value: Value = serde_json::from_str(other_value).unwrap();
        assert_eq!(one["other_value"], other_value, "{one}");
    }
    // Of single schools, as the table has them.
    assert_eq!(by_data(&all, "scale.students.62002.2023.1.2.1")["other"], "scale.students");
    let language = [("accept-language", "en")];
    let english = server.anonymous().send("GET", ROUTE, &language, None).await.expect(200).json();
    assert_eq!(
        by_data(&english, "scale.students.2023.1.2.1")["reason"],
        "Agrees with release 1.0.0 (29 of 29 schools)"
    );
    assert_eq!(by_data(&english, "scale.students.2023.1.2.1")["other_source"], "release 1.0.0");
    server.stop().await;
}

#[tokio::test]
async fn the_reconciliation_of_the_reference_data_is_as_reviewed() {
    let app = TestApp::new().await;
    let reconciled = claims::reconcile(&app.anonymous(), Ask::default()).await.unwrap();
    let views = OutcomeView::all(&reconciled, &[], Language::English);
    golden("tests/reconciliation.json", &(serde_json::to_string_pretty(&views).unwrap() + "\n"));
}

#[tokio::test]
async fn without_a_release_schools_are_counted_and_claims_contradict_each_other() {
    let app = TestApp::empty().await;
    zhiqiao::domain::load::load(&app.system(), &reference(), &mut |_| {}).await.unwrap();
    for ctx in [app.anonymous(), app.as_(Role::City, "620100"), app.as_(Role::Province, "620000")] {
        let reconciled = claims::reconcile(&ctx, Ask::default()).await.unwrap();
        let holds: Vec<&str> = reconciled
            .outcomes
            .iter()
            .filter(|one| one.verdict == Verdict::Holds)
            .map(|one| one.claim.statistic.as_str())
            .collect();
        assert!(holds.len() >= 13 && holds.iter().all(|statistic| statistic.contains("schools(")), "{holds:?}");
        assert!(reconciled.count(Verdict::Contradicts) > 30);
    }
}

/// What a caller is told of the median of a protected indicator.
async fn told(ctx: &zhiqiao::ctx::Ctx, release: Option<&str>) -> (Verdict, Option<String>) {
    let ask = Ask { claims: None, release: release.map(str::to_owned) };
    let reconciled = claims::reconcile(ctx, ask).await.unwrap();
    let key = "conditions.land_area_per_student.2023.1.3";
    let one = reconciled.outcomes.into_iter().find(|one| one.claim.key == key).unwrap();
    (one.verdict, one.other_value.map(|value| value.to_string()))
}

#[tokio::test]
async fn protected_figures_pass_the_gate() {
    let app = TestApp::new().await;
    for school in ["62001", "62002"] {
        stage::bring(&app, &Key::new(school, "conditions", "2023"), &stage::conditions(20.5), State::Accepted).await;
    }
    stage::release(&app, ReleaseKind::Minor).await;
    let figure = (Verdict::Differs, Some("70.5".to_owned()));
    let nothing = (Verdict::NoData, None);
    // Two schools are fewer than three: for nobody but who is responsible for them all.
    for (ctx, is) in [
        (app.anonymous(), &nothing),
        (app.as_(Role::Analyst, ""), &nothing),
        (app.as_(Role::School, "62001"), &nothing),
        (app.as_(Role::City, "620100"), &nothing),
        (app.as_(Role::Province, "620000"), &figure),
    ] {
        assert_eq!(told(&ctx, None).await, *is, "{:?}", ctx.actor.role);
    }
    stage::bring(&app, &Key::new("62005", "conditions", "2023"), &stage::conditions(20.5), State::Accepted).await;
    // Accepted, and not released: for the province, where it asks for it, and for no city.
    assert_eq!(told(&app.as_(Role::Province, "620000"), Some("live")).await, figure);
    assert_eq!(told(&app.as_(Role::City, "620100"), Some("live")).await, nothing);
    assert_eq!(told(&app.anonymous(), None).await, nothing);
    stage::release(&app, ReleaseKind::Minor).await;
    assert_eq!(told(&app.anonymous(), None).await, figure);
    // The earlier release stays as it was.
    assert_eq!(told(&app.anonymous(), Some("1.0.0")).await, nothing);

    let server = app.serve().await;
    for (path, status) in
        [("?release=live", 401), ("?release=9.9.9", 404), ("?release=nonsense", 422), ("?verdict=x", 422)]
    {
        server.anonymous().get(&format!("{ROUTE}{path}")).await.expect(status);
    }
    server.client("analyst").await.get(&format!("{ROUTE}?release=live")).await.expect(403);
    server.stop().await;
}

/// Holds a claim of one school against its own figures: `file` has the columns of `claims.csv` behind the key.
fn file(rows: &[&str]) -> Vec<u8> {
    let header = "key,label_zh,indicator,statistic,scope,scope_code,period,comparator,value,unit,source";
    let rows = rows.iter().enumerate().map(|(at, row)| format!("k{at},标签,{row}"));
    std::iter::once(header.to_owned()).chain(rows).collect::<Vec<_>>().join("\n").into_bytes()
}

#[tokio::test]
async fn a_protected_figure_of_one_school_is_its_own_and_its_officials() {
    let app = TestApp::new().await;
    stage::bring(&app, &Key::new("62001", "conditions", "2023"), &stage::conditions(20.5), State::Accepted).await;
    stage::release(&app, ReleaseKind::Minor).await;
    let text = file(&[
        "conditions.land_area_per_student,value,school,62001,2023,=,70.5,平方米,此处",
        ",conditions.land_area_per_student * 2.0,school,62001,2023,=,141,平方米,此处",
        ",schools(''),city,620100,2023,~,10,所,此处",
        "scale.students,value,city,620100,2023,>=,100000,人,此处",
    ]);
    for (ctx, verdict) in [
        (app.anonymous(), Verdict::NoData),
        (app.as_(Role::School, "62002"), Verdict::NoData),
        (app.as_(Role::City, "620500"), Verdict::NoData),
        (app.as_(Role::School, "62001"), Verdict::Holds),
        (app.as_(Role::City, "620100"), Verdict::Holds),
        (app.as_(Role::Province, "620000"), Verdict::Holds),
    ] {
        let claims = claims::read(&ctx.memory.registry(), &text).unwrap();
        let outcomes = claims::reconcile(&ctx, Ask { claims: Some(claims), release: None }).await.unwrap().outcomes;
        let is: Vec<Verdict> = outcomes.iter().map(|one| one.verdict).collect();
        assert_eq!(is, [verdict, verdict, Verdict::Holds, Verdict::Holds], "{:?}: {outcomes:#?}", ctx.actor.role);
    }
}

#[tokio::test]
async fn a_file_of_claims_is_read_with_care() {
    let app = TestApp::new().await;
    let registry = app.house.memory.registry();
    let faults = |bytes: &[u8]| -> Vec<(String, String)> {
        match claims::read(&registry, bytes) {
            Err(zhiqiao::error::Error::Invalid(found)) => {
                found.into_iter().map(|one| (one.code, one.pointer)).collect()
            }
            other => panic!("{other:?}"),
        }
    };
    let good = "scale.students,value,province,620000,2023,=,294013,人,此处";
    assert_eq!(claims::read(&registry, &file(&[good, good])).unwrap().len(), 2);
    let mut with_mark = b"\xef\xbb\xbf".to_vec();
    with_mark.extend(file(&[good]));
    assert_eq!(claims::read(&registry, &with_mark).unwrap().len(), 1);

    for (row, code, column) in [
        ("scale.nothing,value,province,620000,2023,=,1,人,此处", "unresolved", "indicator"),
        ("scale.students,scale.students,province,620000,2023,=,1,人,此处", "contradiction", "statistic"),
        (",value,province,620000,2023,=,1,人,此处", "contradiction", "statistic"),
        (",scale.students > 1.0,province,620000,2023,=,1,人,此处", "expression", "statistic"),
        (",scale.nothing + 1.0,province,620000,2023,=,1,人,此处", "expression", "statistic"),
        (",schools('size=3'),province,620000,2023,=,1,人,此处", "expression", "statistic"),
        ("scale.students,value,country,620000,2023,=,1,人,此处", "unknown_word", "scope"),
        ("scale.students,value,province,110000,2023,=,1,人,此处", "unresolved", "scope_code"),
        ("scale.students,value,school,62099,2023,=,1,人,此处", "unresolved", "scope_code"),
        ("scale.students,value,province,620000,2022-2023,=,1,人,此处", "period_form", "period"),
        ("scale.students,value,province,620000,2023,==,1,人,此处", "unknown_word", "comparator"),
        ("scale.students,value,province,620000,2023,=,\"1,000\",人,此处", "not_a_number", "value"),
        ("scale.students,value,province,620000,2023,=,1e3,人,此处", "not_a_number", "value"),
        ("scale.students,value,province,620000,2023,=,007,人,此处", "not_a_number", "value"),
        ("scale.students,value,province,620000,2023,=,1234567890123456,人,此处", "too_many_digits", "value"),
        ("scale.students,value,province,620000,2023,=,1,人,", "empty_cell", "source"),
        ("scale.students,value,province,620000,2023,=,1,\u{1b}[2J人,此处", "control_character", "unit"),
        ("scale.students,value,province,620000,2023,=,1,人,\u{202e}此处", "control_character", "source"),
    ] {
        assert_eq!(faults(&file(&[row])), [(code.to_owned(), format!("/2/{column}"))], "{row}");
    }
    assert_eq!(faults(&file(&["a,b"])), [("cell_count".to_owned(), "/2".to_owned())]);
    // All at once.
    assert_eq!(faults(&file(&[",value,x,y,z,?,!,人,"])).len(), 6);
    assert_eq!(faults(b"")[0].0, "missing_column");
    assert_eq!(faults(b"key,key\n")[0].0, "duplicate_column");
    assert_eq!(faults(b"key\n\xff\xfe")[0].0, "not_utf8");
    let twice = String::from_utf8(file(&[good, good])).unwrap().replace("k1,", "k0,");
    assert_eq!(faults(twice.as_bytes()), [("duplicate".to_owned(), "/3/key".to_owned())]);

    // Expressions that nobody means well with.
    for bomb in ["(".repeat(900), "1.0+".repeat(200) + "1.0", "-".repeat(900), "schools('".repeat(90), "x".repeat(999)]
    {
        let row = format!(",\"{bomb}\",province,620000,2023,=,1,人,此处");
        assert_eq!(faults(&file(&[&row]))[0], ("expression".to_owned(), "/2/statistic".to_owned()));
    }
    let long = format!(",\"{}\",province,620000,2023,=,1,人,此处", "x".repeat(5_000));
    assert_eq!(faults(&file(&[&long]))[0].0, "too_long");
    let many: Vec<&str> = std::iter::repeat_n(good, claims::MAX_CLAIMS + 1).collect();
    assert!(faults(&file(&many)).iter().any(|(code, _)| code == "too_many_claims"));
    // A thousand ways to say one thing are half a million contradictions.
    let rows: Vec<String> =
        (0..1_000).map(|at| format!("scale.students,value,province,620000,2023,=,{at},人,此处")).collect();
    let claims = claims::read(&registry, &file(&rows.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    let refused = claims::reconcile(&app.anonymous(), Ask { claims: Some(claims), release: None }).await;
    assert!(matches!(refused, Err(zhiqiao::error::Error::Invalid(_))), "{:?}", refused.map(|all| all.outcomes.len()));
}

#[tokio::test]
async fn graphql_says_the_same_as_rest() {
    let app = TestApp::new().await;
    let (server, all) = served(&app).await;
    let query = "query($verdict: [ClaimVerdict!]) { reconciliation(verdict: $verdict) { verdict claim { key label value source } other otherValue otherSource difference reason basis rule schools expected } }";
    let data = Caller::data(server.anonymous().graphql(query, json!({})).await);
    let flat: Vec<Value> = data["reconciliation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            json!([
                one["verdict"].as_str().unwrap().to_lowercase(),
                one["claim"]["key"],
                one["claim"]["value"],
                one["other"],
                one["otherValue"],
                one["otherSource"],
                one["difference"],
                one["reason"],
                one["basis"],
                one["rule"],
                one["schools"],
                one["expected"],
            ])
        })
        .collect();
    let rest: Vec<Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let names = [
                "verdict",
                "claim",
                "value",
                "other",
                "other_value",
                "other_source",
                "difference",
                "reason",
                "basis",
                "rule",
                "schools",
                "expected",
            ];
            names.iter().map(|name| one[name].clone()).collect()
        })
        .collect();
    assert_eq!(flat, rest);
    let only = Caller::data(server.anonymous().graphql(query, json!({ "verdict": ["DIFFERS"] })).await);
    assert_eq!(only["reconciliation"].as_array().unwrap().len(), of(&all, "differs").len());
    assert_eq!(
        server
            .anonymous()
            .get(&format!("{ROUTE}?verdict=differs,holds"))
            .await
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len(),
        of(&all, "differs").len() + of(&all, "holds").len()
    );
    server.stop().await;
}

fn write(dir: &Path, bytes: &[u8]) -> String {
    let file = dir.join("claims-of-test.csv");
    std::fs::write(&file, bytes).unwrap();
    file.display().to_string()
}

#[tokio::test]
async fn the_command_says_it_to_people_and_to_programs() {
    let app = TestApp::new().await;
    let run = |args: &[&str]| {
        let output = end(on(app.url(), app.dir()).arg("reconcile").args(args));
        let (stdout, stderr) = said(&output);
        (output.status.code(), stdout, stderr)
    };
    let (code, text, stderr) = run(&["--format", "json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let all: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(of(&all, "holds").len() + of(&all, "differs").len() + of(&all, "no_data").len(), 222);
    // Digits as printed.
    assert!(text.contains("\"value\": 6609.00,"), "{text}");

    let (code, table, _) = run(&[]);
    assert_eq!(code, Some(0));
    assert!(table.starts_with("互相矛盾  contradict each other"), "{table}");
    assert!(table.contains("    287383 人  001 附表6  policy.students_full_time.2023.附表6\n       294013  001 1.2.1  policy.students_full_time.2023.1.2.1\n"), "{table}");
    assert!(table.trim_end().lines().last().unwrap().starts_with("222 个公布数（依据 1.0.0）"), "{table}");
    let (_, english, _) = run(&["--language", "en", "--only", "holds"]);
    assert!(english.contains("Agrees with release 1.0.0") && !english.contains("contradict each other"), "{english}");

    let (code, _, stderr) = run(&["--format", "csv", "--fail-on", "differs,contradicts"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.starts_with("zhiqiao: ") && stderr.contains("contradicts") && stderr.lines().count() == 1,
        "{stderr}"
    );
    assert_eq!(run(&["--fail-on", "nonsense"]).0, Some(1));
    assert_eq!(run(&["--format", "nonsense"]).0, Some(2));
    assert_eq!(run(&["--release", "7.7.7"]).0, Some(1));

    // A file of its own, with what a spreadsheet would run.
    let rows = [
        "scale.students,value,province,620000,2023,=,294013,人,=cmd|' /C calc'!A0",
        "scale.students,value,province,620000,2023,=,294014,人,此处",
        ",-scale.students,province,620000,2023,=,-294013,人,此处",
    ];
    let good = write(app.dir(), &file(&rows));
    let (code, text, stderr) = run(&["--claims", &good, "--format", "csv"]);
    assert_eq!(code, Some(0), "{stderr}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 4, "{text}");
    let verdicts: Vec<&str> = records.iter().map(|record| &record[0]).collect();
    assert_eq!(verdicts, ["holds", "differs", "holds", "contradicts"]);
    assert_eq!(&records[0][5], "'=cmd|' /C calc'!A0");
    assert_eq!((&records[2][6], &records[2][7]), ("'-scale.students", "-294013"));
    assert_eq!(run(&["--claims", &good, "--fail-on", "no_data"]).0, Some(0));

    let broken = write(app.dir(), b"key,label_zh\nx");
    let (code, stdout, stderr) = run(&["--claims", &broken]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("indicator") && stderr.contains("comparator"), "{stderr}");
    assert_eq!(run(&["--claims", "/nowhere/claims.csv"]).0, Some(1));
}

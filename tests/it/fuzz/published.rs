//! What analysts send: expressions of claims, addresses of files and of SDMX, and the headers of a download.

use rust_decimal::Decimal;
use zhiqiao::formats::{
    expression::Expression,
    formula::{Figures, Formula, broken},
};

use super::{mutated_text, runtime, target};
use crate::{
    app::{Caller, TestApp},
    attacks,
    wire::send,
};

/// One figure for everything, and so many schools.
struct All(Decimal);

impl Figures for All {
    fn figure(&self, _: &str, is_previous: bool) -> Option<Decimal> {
        (!is_previous).then_some(self.0)
    }

    fn schools(&self, filter: &str) -> Option<Decimal> {
        filter.is_empty().then_some(self.0)
    }
}

#[test]
fn claim_formulas() {
    let samples = [
        "scale.students",
        "talent.placed / talent.graduates * 100.0",
        "schools('tier=junior_college|higher_vocational') - schools('')",
        "prev.scale.students + -1.5 * (scale.intake - scale.graduates)",
        "99999999999999999999999999.0 * talent.graduates / 3.0",
        "talent.placed == talent.graduates && talent.placed <= 7.0",
    ];
    let figures = [Decimal::ZERO, Decimal::ONE, Decimal::MAX, Decimal::MIN, Decimal::new(1, 28)].map(All);
    target("claim formulas", 500, mutated_text(&samples), |text| {
        if let Ok(formula) = Formula::compile(&text) {
            let _values: Vec<Option<Decimal>> = figures.iter().map(|all| formula.value(all)).collect();
        }
        if let Ok(rule) = Expression::compile(&text) {
            let _broken: Vec<usize> = figures.iter().map(|all| broken(&rule, all).len()).collect();
        }
        Ok(())
    });
}

const ADDRESSES: &[&str] = &[
    "/v1/data/scale.csv?period=2023&group_by=city,tier&labels=en&bom=true",
    "/v1/data/scale.json?period=2022,2023&indicator=scale.students&school=62001&status=REPORTED",
    "/v1/data/talent.parquet?period=2023&city=620100&ownership=public&release=1.*",
    "/v1/data/scale.xlsx?period=2023&category=science_engineering&search=%E5%85%B0%E5%B7%9E",
    "/v1/data/scale.arrow?period=2023&consortium=C1&tier=junior_college",
    "/sdmx/2.1/data/scale/A.620100+620200.scale.students..../all?startPeriod=2022&endPeriod=2023-Q1&detail=full",
    "/sdmx/2.1/data/ZHIQIAO,scale,1.0/all/ZHIQIAO?dimensionAtObservation=TIME_PERIOD&firstNObservations=1",
    "/sdmx/2.1/dataflow/ZHIQIAO/all/latest?references=descendants&detail=referencestubs",
    "/sdmx/2.1/codelist/ZHIQIAO/CL_AREA+CL_TIER/1.0",
    "/v1/releases/1.*/changes?limit=10&cursor=AAAA",
    "/v1/releases/1.0.0/datapackage.json",
    "/v1/claims/reconciliation?verdict=differs&claim=scale.students.2023",
    "/v1/reports/2023/tables/1.svg",
    "/v1/compliance?period=2023&city=620100",
];

/// Whatever is asked for, it is there, refused with a problem, or said to be not there yet.
#[test]
fn published_addresses() {
    let runtime = runtime();
    let (app, server) = runtime.block_on(async {
        let app = TestApp::new().await;
        let server = app.serve().await;
        (app, server)
    });
    let headers = &[
        "bytes=0-9",
        "bytes=-5",
        "bytes=5-",
        "bytes=9-2,4-4",
        "\"x\", W/\"y\"",
        "*",
        "Wed, 01 Jan 2025 00:00:00 GMT",
        "application/vnd.sdmx.data+json;version=1.0, application/vnd.sdmx.structurespecificdata+xml;q=0.5",
        "text/csv;q=0.1, */*;q=0",
        "br;q=1.0, gzip;q=0.8, *;q=0",
    ];
    let anonymous: Caller = server.anonymous();
    let strategy = (mutated_text(ADDRESSES), proptest::collection::vec(mutated_text(headers), 5));
    target("published addresses", 200, strategy, |(address, words)| {
        let path: String = address
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
        let words: Vec<String> =
            words.iter().map(|word| word.chars().filter(|one| (' '..='~').contains(one)).collect()).collect();
        let names = ["range", "if-range", "if-none-match", "accept", "accept-encoding"];
        let headers: Vec<(&str, &str)> = names.into_iter().zip(words.iter().map(|word| word.trim())).collect();
        let answer = runtime.block_on(send(&anonymous, "GET", &path, &headers, Vec::new()));
        if (answer.status >= 500 && answer.status != 501) || answer.text.contains(".rs:") {
            return Err(format!("{path} {headers:?}: {} {}", answer.status, answer.text));
        }
        Ok(())
    });
    runtime.block_on(async {
        attacks::is_well(&server).await;
        server.stop().await;
        drop(app);
    });
}

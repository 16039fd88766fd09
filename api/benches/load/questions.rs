//! What is asked, of each target in its own words.

use std::ops::Range;

use super::{
    client::{Asks, request},
    database::{Prepared, school},
};

/// The table that is pushed: 150 indicators.
pub const PUSHED: &str = "synthetic_1";

/// How the push is called.
const PUSH: &str = "push of 150 indicators";

/// The indicators of the cold queries: nobody else asks for them.
pub const COLD: Range<u32> = 61..65;

/// The indicator of the warm aggregate: a plain count.
pub const WARM: u32 = 2;

/// The indicators of the nested query.
const NESTED: Range<u32> = 1..11;

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The same server as below, which answers bytes it has.
    Constant,
    /// SQL through the driver, JSON made by hand.
    Sql,
    /// zhiqiao.
    Service,
}

/// A question, and what the issue wants of it.
#[derive(Debug)]
pub struct Question {
    /// As it stands in the report.
    pub name: &'static str,
    /// The least ratio to the bare SQL.
    pub target: Option<f64>,
    /// What a good answer of all targets contains.
    pub expects: &'static str,
    /// To zhiqiao.
    pub service: Asks,
    /// To the bare SQL; nothing where it has no counterpart.
    pub sql: Asks,
    body: usize,
}

impl Question {
    /// Whether it changes anything.
    pub fn is_push(&self) -> bool {
        self.name == PUSH
    }

    /// To the server that answers a constant of this size, with a body as long as the service's.
    pub fn constant(&self, size: usize) -> Asks {
        let body = "x".repeat(self.body);
        one(request("POST", &format!("/constant/{size}"), &[("content-type", "application/json")], &body))
    }
}

fn one(ask: Vec<u8>) -> Asks {
    vec![vec![ask]]
}

fn indicator(number: u32) -> String {
    format!("{PUSHED}.i{number:03}")
}

fn indicators(numbers: Range<u32>) -> Vec<String> {
    numbers.map(indicator).collect()
}

fn graphql(query: &str, token: Option<&str>) -> Vec<u8> {
    let body = serde_json::json!({ "query": query }).to_string();
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.iter().map(|bearer| ("authorization", bearer.as_str())));
    request("POST", "/graphql", &headers, &body)
}

fn sql(path: &str, body: &str) -> Vec<u8> {
    request("POST", path, &[("content-type", "application/json")], body)
}

/// One school with its city; a hundred schools take turns.
pub fn point(target: Target, token: Option<&str>) -> Asks {
    let each = (1..=100_u32).map(|number| {
        // Schools from all over the table.
        let code = school(number * 107);
        match target {
            Target::Service => {
                graphql(&format!("{{ school(code: \"{code}\") {{ code name city {{ code name }} }} }}"), token)
            }
            _ => sql("/sql/point", &code),
        }
    });
    vec![each.collect()]
}

fn nested(target: Target) -> Asks {
    let codes = indicators(NESTED);
    one(match target {
        Target::Service => graphql(
            &format!(
                "{{ schools(first: 50) {{ nodes {{ code name city {{ code name }} consortia {{ consortium {{ code name }} }} \
                 observations(period: \"2023\", indicators: {codes:?}) {{ indicator {{ code }} value }} }} }} }}"
            ),
            None,
        ),
        _ => sql("/sql/nested", &serde_json::json!(codes).to_string()),
    })
}

/// One indicator over all schools, by city.
pub fn aggregate(target: Target, number: u32) -> Asks {
    grouped(target, number, "groupBy: [CITY]", "city { code }", "city")
}

fn grouped(target: Target, number: u32, how: &str, key: &str, by: &str) -> Asks {
    let code = indicator(number);
    one(match target {
        Target::Service => graphql(
            &format!(
                "{{ aggregate(input: {{ indicators: [\"{code}\"], period: \"2023\", {how} }}) \
                 {{ groups {{ {key} cells {{ sum mean median }} }} }} }}"
            ),
            None,
        ),
        _ => sql(&format!("/sql/aggregate/{by}"), &code),
    })
}

fn push(target: Target, prepared: &Prepared, tokens: &[String]) -> Asks {
    let schools = (1_u32..).zip(&prepared.bodies).zip(tokens);
    schools
        .map(|((number, bodies), token)| {
            let code = school(number);
            bodies
                .iter()
                .map(|body| match target {
                    Target::Service => request(
                        "PUT",
                        &format!("/v1/schools/{code}/submissions/{PUSHED}/2024"),
                        &[
                            ("content-type", "application/json"),
                            ("if-match", "*"),
                            ("authorization", &format!("Bearer {token}")),
                        ],
                        body,
                    ),
                    _ => sql(&format!("/sql/push/{code}"), body),
                })
                .collect()
        })
        .collect()
}

/// Every question, in the order of the report.
pub fn all(prepared: &Prepared, tokens: &[String]) -> Vec<Question> {
    let new = |name, target, expects, service: Asks, sql| {
        let body = service.first().and_then(|list| list.first()).map_or(0, |ask| ask.len().saturating_sub(100));
        Question { name, target, expects, service, sql, body }
    };
    let token = tokens.first().map(String::as_str);
    let both = |ask: &dyn Fn(Target) -> Asks| (ask(Target::Service), ask(Target::Sql));
    let (point_service, point_sql) = both(&|target| point(target, None));
    let (nested_service, nested_sql) = both(&nested);
    let (by_city, by_city_sql) = both(&|target| aggregate(target, WARM));
    let (by_tier, by_tier_sql) = both(&|target| grouped(target, WARM, "groupBy: [TIER]", "tier", "tier"));
    let (filtered, filtered_sql) = both(&|target| {
        grouped(target, WARM, "groupBy: [CITY], filter: { ownership: [PUBLIC] }", "city { code }", "public")
    });
    let (pushed, pushed_sql) = both(&|target| push(target, prepared, tokens));
    vec![
        new("point", Some(1.0), "合成", point_service, point_sql.clone()),
        new("point, with a token", None, "合成", point(Target::Service, token), point_sql),
        new("nested, 50 schools", Some(2.0), "合成", nested_service, nested_sql),
        new("aggregate by city (344 groups)", Some(20.0), "990001", by_city, by_city_sql),
        new("aggregate by tier (4 groups)", Some(20.0), "median", by_tier, by_tier_sql),
        new("aggregate by city, public schools only", None, "990001", filtered, filtered_sql),
        new(PUSH, None, "9", pushed, pushed_sql),
    ]
}

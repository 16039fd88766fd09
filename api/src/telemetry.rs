//! Logs and metrics, set up once.
//!
//! Logs go to the standard error output: pretty on a terminal, JSON elsewhere. They
//! never hold a secret, a body, or the name of a person. Metrics are labelled by route
//! pattern and by words of our own, never by anything a caller can choose freely:
//! each label value is a time series for ever.

use std::{
    io::{self, IsTerminal},
    sync::OnceLock,
    time::Duration,
};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

const HTTP_REQUESTS: &str = "http_requests_total";
const HTTP_SECONDS: &str = "http_request_duration_seconds";
const GRAPHQL_OPERATIONS: &str = "graphql_operations_total";
const SUBMISSIONS: &str = "submissions_total";
const SEAL_LAG: &str = "journal_seal_lag_seconds";
const POOL_CONNECTIONS: &str = "db_pool_connections";

/// From what a point query takes to what a user gives up at.
const SECONDS: [f64; 14] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Starts logging; a second call changes nothing.
pub fn init(log: &Log) {
    let terminal = io::stderr().is_terminal();
    let pretty = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    // Checked with the configuration; a filter that cannot be read here must not keep the service silent.
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = if pretty {
        lines.with_ansi(terminal && std::env::var_os("NO_COLOR").is_none()).boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).boxed()
    };
    // Fails only where somebody has started logging already.
    let _already = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts counting, once, and gives the handle that renders.
///
/// Only where somebody will read it: until then every record is a no-op, and
/// afterwards `upkeep` must run, or samples pile up.
pub fn metrics() -> &'static PrometheusHandle {
    HANDLE.get_or_init(|| {
        let recorder = recorder();
        let handle = recorder.handle();
        if ::metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; ours stays empty");
        }
        describe();
        handle
    })
}

/// All metrics as Prometheus text, the answer of `GET /metrics`.
pub fn render() -> String {
    metrics().render()
}

/// Folds collected samples together; to be called every few seconds.
pub fn upkeep() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}

fn recorder() -> PrometheusRecorder {
    // An empty list of buckets would be the one fault.
    let builder = PrometheusBuilder::new().set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new());
    builder.build_recorder()
}

fn describe() {
    describe_counter!(HTTP_REQUESTS, Unit::Count, "HTTP requests by route pattern, method and status.");
    describe_histogram!(HTTP_SECONDS, Unit::Seconds, "Time from request to answer by route pattern and method.");
    describe_counter!(GRAPHQL_OPERATIONS, Unit::Count, "GraphQL operations by kind.");
    describe_counter!(SUBMISSIONS, Unit::Count, "Changes of submissions by verb.");
    describe_gauge!(SEAL_LAG, Unit::Seconds, "Age of the oldest journal row that is not sealed yet.");
    describe_gauge!(POOL_CONNECTIONS, Unit::Count, "Database connections by pool and state.");
}

/// Counts one HTTP request; `route` is the pattern it matched, if it matched one.
pub fn count_request(route: Option<&str>, method: &str, status: u16, took: Duration) {
    let route = route.unwrap_or("unmatched").to_owned();
    let method = known_method(method);
    counter!(HTTP_REQUESTS, "route" => route.clone(), "method" => method, "status" => status.to_string()).increment(1);
    histogram!(HTTP_SECONDS, "route" => route, "method" => method).record(took);
}

/// Counts one GraphQL operation: `query`, `mutation`, `subscription` or `invalid`.
pub fn count_operation(kind: &'static str) {
    counter!(GRAPHQL_OPERATIONS, "kind" => kind).increment(1);
}

/// Counts one change of a submission by its verb.
pub fn count_submission(verb: &'static str) {
    counter!(SUBMISSIONS, "verb" => verb).increment(1);
}

/// States how far the journal's seal is behind.
pub fn set_seal_lag(lag: Duration) {
    gauge!(SEAL_LAG).set(lag.as_secs_f64());
}

/// States how many connections of a pool (`read`, `write`) are open, and how many of them idle.
pub fn set_pool(pool: &'static str, open: u32, idle: usize) {
    let idle = u32::try_from(idle).unwrap_or(open).min(open);
    gauge!(POOL_CONNECTIONS, "pool" => pool, "state" => "idle").set(f64::from(idle));
    gauge!(POOL_CONNECTIONS, "pool" => pool, "state" => "used").set(f64::from(open.saturating_sub(idle)));
}

/// A method is a word that the caller chooses; only those we know become labels.
fn known_method(method: &str) -> &'static str {
    match method {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starting_twice_is_harmless() {
        let log = Log { format: LogFormat::Json, filter: "warn".to_owned() };
        init(&log);
        init(&log);
        assert!(std::ptr::eq(metrics(), metrics()));
    }

    #[test]
    fn metrics_are_rendered_with_bounded_labels() {
        let recorder = recorder();
        ::metrics::with_local_recorder(&recorder, || {
            describe();
            let took = Duration::from_millis(3);
            count_request(Some("/v1/schools/{school}"), "GET", 200, took);
            count_request(None, "BREW", 404, took);
            count_operation("query");
            count_submission("push");
            set_seal_lag(Duration::from_millis(1_500));
            set_pool("read", 4, 3);
        });
        let text = recorder.handle().render();
        for line in [
            "# HELP http_requests_total HTTP requests by route pattern, method and status.",
            r#"http_requests_total{route="/v1/schools/{school}",method="GET",status="200"} 1"#,
            r#"http_requests_total{route="unmatched",method="OTHER",status="404"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/v1/schools/{school}",method="GET",le="0.005"} 1"#,
            r#"graphql_operations_total{kind="query"} 1"#,
            r#"submissions_total{verb="push"} 1"#,
            "journal_seal_lag_seconds 1.5",
            r#"db_pool_connections{pool="read",state="idle"} 3"#,
            r#"db_pool_connections{pool="read",state="used"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nin\n{text}");
        }
    }
}

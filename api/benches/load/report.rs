//! What was measured, as Markdown.

use std::{fmt::Write, time::Duration};

use super::{client::Figures, import::Imported, questions::Question};

/// How soon a waiting reader is to be woken.
const WAKES: Duration = Duration::from_millis(200);

/// The tables of one database.
#[derive(Debug)]
pub struct Report {
    warm: String,
    cold: String,
    feed: String,
    import: String,
    notes: Vec<String>,
    head: String,
}

impl Report {
    /// Begins.
    pub fn new(database: &str, filled: &str) -> Self {
        Self {
            warm: String::new(),
            cold: String::new(),
            feed: String::new(),
            import: String::new(),
            notes: vec![filled.to_owned()],
            head: format!("### {database}\n"),
        }
    }

    /// A line of requests per second: of the constant, the SQL and the service, each over several rounds.
    pub fn warm(&mut self, question: &Question, connections: usize, rounds: &[Vec<Figures>; 3], size: usize) {
        if self.warm.is_empty() {
            self.warm.push_str(
                "Requests per second, medians:\n\n\
                 | question | connections | constant | bare SQL | zhiqiao | of bare SQL | of constant | wanted | median (99 %) |\n\
                 |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
            );
        }
        let [constant, sql, service] = rounds;
        let rates = [constant, sql, service].map(|figures| median(figures.iter().map(|one| one.rate).collect()));
        let [constant, sql, service_rate] = rates;
        let ratio = |to: f64| if to > 0.0 { format!("{:.2}", service_rate / to) } else { "–".to_owned() };
        let wanted = question.target.map_or_else(|| "–".to_owned(), |target| format!("{target:.1}"));
        let verdict = question.target.map_or("", |target| if service_rate / sql >= target { " ✓" } else { " ✗" });
        let half = median(service.iter().map(|one| one.median.as_secs_f64()).collect());
        let slow = median(service.iter().map(|one| one.slow.as_secs_f64()).collect());
        let _infallible = writeln!(
            self.warm,
            "| {} ({size} B) | {connections} | {} | {} | {} | {}{verdict} | {} | {wanted} | {} ({}) |",
            question.name,
            whole(constant),
            whole(sql),
            whole(service_rate),
            ratio(sql),
            ratio(constant),
            millis(half),
            millis(slow),
        );
    }

    /// The times of the first aggregate and of those after it: of the service, then of the SQL.
    pub fn cold(&mut self, first: &[Vec<Duration>; 2], further: &[Vec<Duration>; 2], starts: &[Duration]) {
        let half = |times: &[Duration]| median(times.iter().map(Duration::as_secs_f64).collect());
        self.cold.push_str(
            "| cold aggregate by city | bare SQL | zhiqiao | times the SQL | wanted |\n|---|---:|---:|---:|---:|\n",
        );
        for (name, [service, sql], wanted) in
            [("first after start", first, "≤ 1.5"), ("first of a further indicator", further, "≤ 1.5")]
        {
            let (service, sql) = (half(service), half(sql));
            let verdict = if service <= sql * 1.5 { "✓" } else { "✗" };
            let _infallible = writeln!(
                self.cold,
                "| {name} | {} | {} | {:.2} {verdict} | {wanted} |",
                millis(sql),
                millis(service),
                service / sql
            );
        }
        self.notes.push(format!("From the start of the process to readiness: {}", millis(half(starts))));
    }

    /// How soon the commits of an instance reached a reader at that or at another one: half of them, and all but a hundredth.
    pub fn feed(&mut self, place: &str, deliveries: usize, [half, slow]: [Duration; 2]) {
        if self.feed.is_empty() {
            self.feed.push_str(
                "| from commit to delivery | commits | median | 99 % | wanted |\n|---|---:|---:|---:|---:|\n",
            );
        }
        let verdict = if slow <= WAKES { "✓" } else { "✗" };
        let (half, slow) = (millis(half.as_secs_f64()), millis(slow.as_secs_f64()));
        let _infallible = writeln!(
            self.feed,
            "| a reader at {place} instance | {deliveries} | {half} | {slow} {verdict} | ≤ 200 ms |"
        );
    }

    /// A large batch, beside the same rows without validation.
    pub fn import(&mut self, one: &Imported) {
        let is_postgres = self.head.contains("PostgreSQL");
        let rate = |took: Duration| per_second(one.rows, took);
        let (name, target, times) =
            if is_postgres { ("`COPY`", Some(300_000.0), Some(6.0)) } else { ("inserts", None, None) };
        let ratio = one.bare.as_secs_f64() / one.took.as_secs_f64();
        let above = one.peak.saturating_sub(one.idle) / 1_024;
        let verdict = |is_good: Option<bool>| match is_good {
            Some(true) => " ✓",
            Some(false) => " ✗",
            None => "",
        };
        let wanted = |target: Option<f64>| target.map_or_else(|| "–".to_owned(), whole);
        let _infallible = write!(
            self.import,
            "| import of a batch | | wanted |\n|---|---:|---:|\n\
             | observations, tables, file | {}, {}, {} MB | |\n\
             | from the first byte to the answer | {:.1} s | |\n\
             | from the first byte to the end of the job | {:.1} s | |\n\
             | observations per second, validated | {}{} | {} |\n\
             | rows per second, bare {name} of one row per observation | {} | |\n\
             | times the bare {name} | {ratio:.2}{} | {} |\n\
             | memory: idle, at most, above idle | {} MB, {} MB, {above} MB{} | ≤ 256 MB |\n",
            grouped(one.rows),
            grouped(one.tables),
            one.bytes >> 20,
            one.sent.as_secs_f64(),
            one.took.as_secs_f64(),
            whole(rate(one.took)),
            verdict(target.map(|target| rate(one.took) >= target)),
            wanted(target),
            whole(rate(one.bare)),
            verdict(times.map(|times| ratio >= times)),
            wanted(times),
            one.idle / 1_024,
            one.peak / 1_024,
            verdict(Some(above <= 256)),
        );
    }

    /// Something else worth knowing.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// All of it.
    pub fn text(&self) -> String {
        let notes: String = self.notes.iter().map(|note| format!("- {note}\n")).collect();
        let parts = [&self.warm, &self.cold, &self.feed, &self.import];
        let tables: Vec<&str> = parts.into_iter().map(String::as_str).filter(|table| !table.is_empty()).collect();
        format!("\n{}\n{notes}\n{}", self.head, tables.join("\n"))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn per_second(count: u64, took: Duration) -> f64 {
    // A count of rows is far below what a double holds exactly.
    u32::try_from(count).map_or(0.0, f64::from) / took.as_secs_f64()
}

fn grouped(count: u64) -> String {
    in_groups(&count.to_string())
}

fn whole(rate: f64) -> String {
    if rate <= 0.0 {
        return "–".to_owned();
    }
    in_groups(&format!("{rate:.0}"))
}

fn in_groups(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn millis(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1_000.0)
}

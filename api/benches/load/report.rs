//! What was measured, as Markdown.

use std::{fmt::Write, time::Duration};

use super::{client::Figures, questions::Question};

/// The tables of one database.
#[derive(Debug)]
pub struct Report {
    warm: String,
    cold: String,
    notes: Vec<String>,
    head: String,
}

impl Report {
    /// Begins.
    pub fn new(database: &str, filled: &str) -> Self {
        Self {
            warm: String::from(
                "| question | connections | constant | bare SQL | zhiqiao | of bare SQL | of constant | wanted | median (99 %) |\n\
                 |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
            ),
            cold: String::new(),
            notes: vec![filled.to_owned()],
            head: format!("### {database}\n"),
        }
    }

    /// A line of requests per second: of the constant, the SQL and the service, each over several rounds.
    pub fn warm(&mut self, question: &Question, connections: usize, rounds: &[Vec<Figures>; 3], size: usize) {
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

    /// Something else worth knowing.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// All of it.
    pub fn text(&self) -> String {
        let notes: String = self.notes.iter().map(|note| format!("- {note}\n")).collect();
        format!("\n{}\n{notes}\nRequests per second, medians:\n\n{}\n{}", self.head, self.warm, self.cold)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn whole(rate: f64) -> String {
    if rate <= 0.0 {
        return "–".to_owned();
    }
    let digits = format!("{rate:.0}");
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

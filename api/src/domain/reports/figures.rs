//! Where the figures of a report come from, and what is known of each: release, schools, claims.

use std::{collections::HashMap, sync::Arc};

use entity::indicator;
use rust_decimal::Decimal;

use super::words::Words;
use crate::{
    ctx::Ctx,
    domain::{
        aggregates::{self, MAX_INDICATORS, Told},
        claims::{Outcome, Reconciliation, Verdict},
        cube::{Dimension, Figures, Filter, GroupKey},
        observations,
        periods::Period,
        releases,
    },
    error::Result,
    formats::{decimal, document::Status, report::Figure},
    memory::{ReleaseHead, frame::Frame, registry::Registry},
};

/// What a report is made from.
pub(super) struct Source<'c> {
    pub(super) ctx: &'c Ctx,
    pub(super) registry: Arc<Registry>,
    pub(super) frame: Arc<Frame>,
    pub(super) release: &'c str,
    head: Option<Arc<ReleaseHead>>,
    pub(super) period: &'c Period,
    pub(super) words: Words,
    /// What is said of claims, by scope, its code, indicator and period.
    claims: HashMap<(String, String, String), Vec<Outcome>>,
}

/// A figure of the cube, or why there is none.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) value: Option<Decimal>,
    pub(super) status: Status,
    pub(super) schools: Option<(usize, usize)>,
}

impl Counted {
    const MISSING: Self = Self { value: None, status: Status::Missing, schools: None };

    fn of(figures: &Figures) -> Self {
        Self { value: figures.value, status: figures.status, schools: figures.schools.zip(figures.expected) }
    }
}

impl<'c> Source<'c> {
    /// The release, its registry, and what is said of the claims of this period.
    pub(super) async fn of(
        ctx: &'c Ctx,
        release: &'c str,
        period: &'c Period,
        reconciled: Reconciliation,
        words: Words,
    ) -> Result<Self> {
        let head = if release == "live" { None } else { Some(releases::resolve(ctx, Some(release)).await?) };
        let frame = match &head {
            Some(head) => ctx.memory.frame_of(head).await?,
            None => ctx.memory.frame(),
        };
        let mut claims: HashMap<_, Vec<Outcome>> = HashMap::new();
        for outcome in reconciled.outcomes {
            // Of the province the code says nothing more.
            let about = |claim: &entity::claim::Model| {
                let code = if claim.scope == "province" { String::new() } else { claim.scope_code.clone() };
                Some((code, claim.indicator_code.clone()?, claim.period_code.0.clone()))
            };
            if let Some(key) = about(&outcome.claim) {
                claims.entry(key).or_default().push(outcome);
            }
        }
        Ok(Self { ctx, registry: ctx.memory.registry(), frame, release, head, period, words, claims })
    }

    /// Figures of the province, or of its cities, in the order of the indicators; what is refused is suppressed.
    pub(super) async fn counted(
        &self,
        indicators: &[String],
        period: &str,
        by: &[Dimension],
    ) -> Result<(Vec<GroupKey>, Vec<Vec<Counted>>)> {
        let (mut groups, mut all) = (Vec::new(), Vec::new());
        for some in indicators.chunks(MAX_INDICATORS) {
            let ask = aggregates::Ask {
                indicators: some.to_vec(),
                period: period.to_owned(),
                group_by: by.to_vec(),
                filter: Filter::default(),
                release: Some(self.release.to_owned()),
            };
            let (keys, told) = aggregates::each(self.ctx, &ask).await?;
            all.extend(told.into_iter().map(|told| match told {
                Told::Figures(figures) => figures.iter().map(Counted::of).collect(),
                Told::Refused(_) => {
                    vec![Counted { status: Status::Suppressed, ..Counted::MISSING }; keys.len()]
                }
                Told::Unknown => vec![Counted::MISSING; keys.len()],
            }));
            groups = keys;
        }
        Ok((groups, all))
    }

    /// Figures of the province.
    pub(super) async fn of_province(&self, indicators: &[String], period: &str) -> Result<Vec<Counted>> {
        let (_, all) = self.counted(indicators, period, &[]).await?;
        Ok(all.into_iter().map(|groups| groups.into_iter().next().unwrap_or(Counted::MISSING)).collect())
    }

    /// Figures of one school.
    pub(super) async fn of_school(&self, school: &str, indicators: &[String]) -> Result<Vec<Counted>> {
        let Some(head) = &self.head else { return Ok(vec![Counted::MISSING; indicators.len()]) };
        let known: Vec<String> =
            indicators.iter().filter(|code| self.frame.indicators.contains_key(*code)).cloned().collect();
        let period = self.period.code.as_str();
        let all = observations::in_release(self.ctx, head, school, period, Some(&known)).await?;
        let one = |code: &String| {
            let found = all.iter().find(|one| one.indicator == *code);
            found.map_or(Counted::MISSING, |one| Counted { value: one.value, status: one.status, schools: None })
        };
        Ok(indicators.iter().map(one).collect())
    }

    /// What is said of the claims of a figure; of the province without a code.
    fn said(&self, code: &str, indicator: &str, period: &str) -> &[Outcome] {
        let key = (code.to_owned(), indicator.to_owned(), period.to_owned());
        self.claims.get(&key).map_or(&[], Vec::as_slice)
    }

    /// A figure of a table. What somebody should know of its claims becomes a footnote.
    pub(super) fn figure(
        &self,
        line: &indicator::Model,
        code: &str,
        period: &str,
        counted: &Counted,
        notes: &mut Vec<String>,
    ) -> Figure {
        let words = self.words;
        let (mut claims, mut marks) = (Vec::new(), Vec::new());
        for outcome in self.said(code, line.code.as_str(), period) {
            let printed =
                format!("{} {}（{}）", words.pick("公布数", "printed"), outcome.claim.value, outcome.claim.source);
            let verdict = outcome.verdict.text();
            let verdict = match outcome.verdict {
                Verdict::Holds => words.pick("相符", "holds"),
                Verdict::Differs => words.pick("不符", "differs"),
                Verdict::NoData => words.pick("无数据可核对", "no data"),
                Verdict::Contradicts => words.pick(&verdict.zh, &verdict.en),
            };
            claims.push(format!("{printed}：{verdict}"));
            if matches!(outcome.verdict, Verdict::Differs | Verdict::Contradicts) {
                let mut note = format!("{}：{}", printed, outcome.reason.in_(words.language));
                if let Some(said) = &outcome.explanation {
                    let cause = match said.cause {
                        entity::words::ExplanationCause::Definition => words.pick("口径不同", "another definition"),
                        entity::words::ExplanationCause::Scope => words.pick("范围不同", "another scope"),
                        entity::words::ExplanationCause::Period => words.pick("时点不同", "another period"),
                        entity::words::ExplanationCause::Withdrawn => "",
                    };
                    note.push_str(&format!("。{}（{cause}）：{}", words.pick("说明", "Explanation"), said.text));
                }
                let number = notes.iter().position(|one| *one == note).map_or_else(
                    || {
                        notes.push(note);
                        notes.len()
                    },
                    |at| at + 1,
                );
                marks.push(number);
            }
        }
        claims.dedup();
        let (status, silent) = match counted.status {
            Status::Suppressed => ("SUPPRESSED", "…"),
            Status::NotApplicable => ("NOT_APPLICABLE", "/"),
            Status::Estimated => ("ESTIMATED", "—"),
            Status::Reported if counted.value.is_some() => ("REPORTED", "—"),
            Status::Reported | Status::Missing => ("MISSING", "—"),
        };
        let mut exact = String::new();
        match &counted.value {
            Some(value) => decimal::write_exact(&mut exact, value),
            None => exact.push_str(silent),
        }
        let mut title = format!("{} = {exact}；{} {}", line.code, words.pick("版本", "release"), self.release);
        if let Some((schools, expected)) = counted.schools {
            title.push_str(&format!("；{} {schools}/{expected}", words.pick("学校数", "schools")));
        }
        for claim in &claims {
            title.push_str(&format!("；{claim}"));
        }
        Figure {
            value: counted.value,
            decimals: u32::try_from(line.decimals).unwrap_or(0),
            silent,
            indicator: line.code.0.clone(),
            period: period.to_owned(),
            status,
            schools: counted.schools,
            claims,
            title,
            notes: marks,
        }
    }

    /// The name of a school as it is printed.
    pub(super) fn school(&self, code: &str) -> String {
        let Some(school) = self.registry.schools.get(code) else { return code.to_owned() };
        self.words.pick(&school.name, school.name_en.as_deref().unwrap_or(&school.name)).to_owned()
    }

    /// The name of a city.
    pub(super) fn city(&self, code: &str) -> String {
        let Some(city) = self.registry.cities.get(code) else { return code.to_owned() };
        self.words.pick(&city.name, city.name_en.as_deref().unwrap_or(&city.name)).to_owned()
    }
}

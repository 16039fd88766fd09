//! What expressions yield for whoever asks: the computing of claims, for those who have no claim.
//!
//! The same language, the same figures, the same gate. Beside the indicators of a release a caller may bring
//! figures of its own, by name.

use std::sync::Arc;

use entity::{
    claim,
    ids::{ClaimKey, PeriodCode},
};
use rust_decimal::Decimal;

use super::{
    Asked,
    computed::{Data, Wanted},
    formula, printed,
};
use crate::{
    ctx::Ctx,
    error::{Result, Text},
    formats::formula::Figures,
    memory::ReleaseHead,
};

/// What is asked of the data.
#[derive(Clone, Debug)]
pub(in crate::domain) struct Question {
    /// `province`, `city` or `school`.
    pub scope: &'static str,
    /// The code of that.
    pub scope_code: String,
    /// In the language of the claims.
    pub expression: String,
    /// The periods that will do, the best first.
    pub periods: Vec<String>,
}

/// What the data say.
#[derive(Clone, Debug)]
pub(in crate::domain) enum Answer {
    /// A figure, unrounded, and its period.
    Figure(Decimal, String),
    /// Why there is none for this caller.
    Nothing(Text),
}

/// Figures that no indicator has.
pub(in crate::domain) trait Beside: Sync {
    /// A figure by its name; nothing where the name is not of this kind.
    fn figure(&self, question: &Question, name: &str, period: &str) -> Option<std::result::Result<Decimal, Text>>;

    /// A number of schools by a filter; nothing where the filter is not of this kind.
    fn schools(&self, question: &Question, filter: &str, period: &str) -> Option<std::result::Result<Decimal, Text>>;
}

/// The places of an expression's figures: a claim of its scope and period that prints nothing.
fn place(question: &Question, period: &str) -> claim::Model {
    claim::Model {
        key: ClaimKey(String::new()),
        position: 0,
        label: String::new(),
        indicator_code: None,
        statistic: question.expression.clone(),
        scope: question.scope.to_owned(),
        scope_code: question.scope_code.clone(),
        period_code: PeriodCode(period.to_owned()),
        comparator: "=".to_owned(),
        value: String::new(),
        unit: String::new(),
        source: String::new(),
    }
}

/// Whether a figure goes with a printed one, by the rules of claims: `=` if it rounds to the printed digits, `~` if
/// it is no further off than half a unit of the last printed digit that is not a zero.
pub(in crate::domain) fn fits(comparator: &str, value: &str, figure: Decimal) -> bool {
    let mut claim = place(
        &Question { scope: "province", scope_code: String::new(), expression: String::new(), periods: Vec::new() },
        "",
    );
    claim.comparator = comparator.to_owned();
    claim.value = value.to_owned();
    printed::fits(&claim, figure)
}

struct Of<'a, B> {
    data: &'a Data,
    claim: &'a claim::Model,
    question: &'a Question,
    beside: &'a B,
}

impl<B: Beside> Figures for Of<'_, B> {
    fn figure(&self, indicator: &str, is_previous: bool) -> Option<Decimal> {
        let wanted = Wanted::of(self.claim, indicator, is_previous);
        match self.beside.figure(self.question, indicator, wanted.period()) {
            Some(said) => said.ok(),
            None => self.data.cell(&wanted).value().ok(),
        }
    }

    fn schools(&self, filter: &str) -> Option<Decimal> {
        match self.beside.schools(self.question, filter, self.claim.period_code.as_str()) {
            Some(said) => said.ok(),
            None => self.data.count(self.claim, filter).ok(),
        }
    }
}

/// Why an expression yields nothing.
fn absent<B: Beside>(of: &Of<'_, B>, asked: &Asked) -> Text {
    for (indicator, is_previous) in asked.inputs() {
        let wanted = Wanted::of(of.claim, &indicator, is_previous);
        match of.beside.figure(of.question, &indicator, wanted.period()) {
            Some(Err(why)) => return why,
            Some(Ok(_)) => {}
            None => {
                if let Err(why) = of.data.cell(&wanted).value() {
                    return why;
                }
            }
        }
    }
    if let Asked::Formula(formula) = asked {
        let said = |filter: &String| {
            let beside = of.beside.schools(of.question, filter, of.claim.period_code.as_str());
            beside.unwrap_or_else(|| of.data.count(of.claim, filter)).err()
        };
        if let Some(why) = formula.counts().iter().find_map(said) {
            return why;
        }
    }
    Text::new("无法计算（如除数为零）", "It cannot be computed, as where it is divided by zero")
}

/// Answers questions from one release, as far as it may be told to the caller: however many they are, with one
/// question to the aggregates for each kind of scope, school and period.
pub(in crate::domain) async fn answer<B: Beside>(
    ctx: &Ctx,
    release: &Arc<ReleaseHead>,
    questions: &[Question],
    beside: &B,
) -> Result<Vec<Answer>> {
    let mut data = Data::of(ctx, Some(release.row.version.0.as_str())).await?;
    let asked: Vec<Asked> = questions
        .iter()
        .map(|question| match formula(&question.expression) {
            Ok(formula) => Asked::Formula(formula),
            Err(fault) => Asked::Unreadable(fault),
        })
        .collect();
    for (question, asked) in questions.iter().zip(&asked) {
        for period in &question.periods {
            let claim = place(question, period);
            for (indicator, is_previous) in asked.inputs() {
                if beside.figure(question, &indicator, period).is_none() {
                    data.want(Wanted::of(&claim, &indicator, is_previous));
                }
            }
        }
    }
    data.gather(ctx).await?;
    let answers = questions.iter().zip(&asked).map(|(question, asked)| {
        if let Asked::Unreadable(fault) = asked {
            let why = fault.placed();
            let (zh, en) =
                (format!("表达式无法读取：{}", why.zh), format!("The expression cannot be read: {}", why.en));
            return Answer::Nothing(Text::new(zh, en));
        }
        let Asked::Formula(formula) = asked else { return Answer::Nothing(no_period()) };
        let mut first = None;
        for period in &question.periods {
            let claim = place(question, period);
            let of = Of { data: &data, claim: &claim, question, beside };
            if let Some(value) = formula.value(&of) {
                return Answer::Figure(value.normalize(), period.clone());
            }
            // Why the best of the periods has none.
            if first.is_none() {
                first = Some(absent(&of, asked));
            }
        }
        Answer::Nothing(first.unwrap_or_else(no_period))
    });
    Ok(answers.collect())
}

fn no_period() -> Text {
    Text::new("已发布的数据中没有可用的统计期", "The release has no period that will do")
}

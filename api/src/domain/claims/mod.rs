//! Claims: figures that somebody printed, held against the data and against each other.
//!
//! Each claim *holds*, *differs* or finds *no data*; and pairs of claims *contradict* each other, whether there are
//! data or not. What is computed comes from the one cube and through the one gate, for the caller as it stands:
//! what a caller may not be told is no data for it.

mod against;
mod computed;
mod explained;
mod figures;
pub mod file;
mod kept;
mod printed;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use entity::{claim, claim_explanation};
use rust_decimal::Decimal;

pub(super) use self::{
    computed::filter_of,
    figures::{Answer, Beside, Question, answer, fits as goes_with},
};
use self::{
    computed::{Data, Wanted},
    printed::{fits, value_of},
};
pub use self::{
    explained::{Explain, Explanations, explain, list as explanations, pair_hash},
    file::{MAX_CLAIMS, read},
    kept::{Kept, Said, Told, get, keep, list, store},
};
use crate::{
    ctx::Ctx,
    error::{Error, Result, Text},
    formats::{
        decimal,
        expression::Fault,
        formula::{Figures, Formula},
    },
};

/// What is said of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It does not go together with another claim.
    Contradicts,
    /// The data say something else.
    Differs,
    /// The data say the same, as far as it is printed.
    Holds,
    /// Nothing to hold it against, for this caller.
    NoData,
}

impl Verdict {
    /// Every verdict, what matters most first.
    pub const ALL: &'static [Self] = &[Self::Contradicts, Self::Differs, Self::Holds, Self::NoData];

    /// The contract's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Contradicts => "contradicts",
            Self::Differs => "differs",
            Self::Holds => "holds",
            Self::NoData => "no_data",
        }
    }

    /// The verdict of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verdict| verdict.word() == word)
    }

    /// For people.
    pub fn text(self) -> Text {
        match self {
            Self::Contradicts => Text::new("互相矛盾", "contradict each other"),
            Self::Differs => Text::new("与数据不符", "differ from the data"),
            Self::Holds => Text::new("与数据相符", "hold"),
            Self::NoData => Text::new("没有数据可核对", "no data to hold them against"),
        }
    }
}

/// Why two things belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The claim and what is computed for it.
    Data,
    /// Two claims of one quantity.
    Quantity,
    /// A total and the sum of its parts.
    Parts,
    /// A part and what it lies within.
    Within,
    /// A validation rule, by its code.
    Rule(String),
}

impl Basis {
    /// Its word, for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Quantity => "quantity",
            Self::Parts => "parts",
            Self::Within => "within",
            Self::Rule(_) => "rule",
        }
    }

    /// The code of the rule, where it is one.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Rule(code) => Some(code),
            _ => None,
        }
    }
}

/// One thing that is said of a claim.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What.
    pub verdict: Verdict,
    /// The claim; of a pair the one that stands first.
    pub claim: Arc<claim::Model>,
    /// What it is held against: an expression, or the key of another claim.
    pub other: String,
    /// What that yields, unrounded.
    pub other_value: Option<Decimal>,
    /// Where that stands: the release, or where the other claims are printed.
    pub other_source: String,
    /// What is printed less what it is held against.
    pub difference: Option<Decimal>,
    /// In words.
    pub reason: Text,
    /// By what the two belong together.
    pub basis: Basis,
    /// How many schools contributed, and how many should have; of one indicator only.
    pub schools: Option<(usize, usize)>,
    /// Why the two contradict each other, where an official has said it.
    pub explanation: Option<Arc<claim_explanation::Model>>,
}

/// Everything that is said of some claims.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    /// The version that they were held against, `live` or `current`; nothing where there is no release yet.
    pub release: Option<String>,
    /// One for each claim in their order, then the contradictions.
    pub outcomes: Vec<Outcome>,
    /// The tables and periods whose figures in it are not everybody's.
    pub protected: BTreeSet<(String, String)>,
}

impl Reconciliation {
    /// How many there are of a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.verdict == verdict).count()
    }
}

/// Which claims against what.
#[derive(Debug, Default)]
pub struct Ask {
    /// Claims of a file; those of the registry without them.
    pub claims: Option<Vec<claim::Model>>,
    /// A version or range, `live`, `current`, or nothing for the newest release.
    pub release: Option<String>,
}

/// Holds claims against the data and against each other.
///
/// Where there is no release yet, whoever may see it has them held against what is accepted (`live`); for everybody
/// else only schools can be counted.
///
/// # Errors
/// 404 where there is no such release, 403 for unpublished figures, 422 where the contradictions are too many to tell.
#[tracing::instrument(skip_all, fields(actor.role = ctx.actor.role.name()))]
pub async fn reconcile(ctx: &Ctx, ask: Ask) -> Result<Reconciliation> {
    let registry = ctx.memory.registry();
    let claims: Vec<Arc<claim::Model>> = match ask.claims {
        Some(claims) => claims.into_iter().map(Arc::new).collect(),
        None => registry.claims.iter().cloned().map(Arc::new).collect(),
    };
    let mut data = Data::of(ctx, ask.release.as_deref()).await?;
    let asked: Vec<Asked> = claims.iter().map(|claim| Asked::of(claim)).collect();
    for (claim, asked) in claims.iter().zip(&asked) {
        for input in asked.inputs() {
            data.want(Wanted::of(claim, &input.0, input.1));
        }
    }
    data.gather(ctx).await?;
    let mut outcomes: Vec<Outcome> =
        claims.iter().zip(&asked).map(|(claim, asked)| judged(claim, asked, &data)).collect();
    outcomes.extend(against::each_other(&registry, &claims)?);
    let explanations = explained::all(ctx, ctx.db.read()).await?;
    if !explanations.is_empty() {
        for one in outcomes.iter_mut().filter(|one| one.verdict == Verdict::Contradicts) {
            one.explanation = explanations.get(&pair_hash(one.claim.key.as_str(), &one.other)).cloned();
        }
    }
    Ok(Reconciliation { release: data.release().map(str::to_owned), outcomes, protected: data.protected() })
}

/// How many expressions are kept: more than the claims of a province have.
const KEPT: usize = 1_000;

/// Reads an expression, or finds one that was read before: reading takes longer than everything that is computed.
fn formula(text: &str) -> std::result::Result<Arc<Formula>, Fault> {
    static READ: LazyLock<Mutex<HashMap<String, Arc<Formula>>>> = LazyLock::new(Mutex::default);
    let kept = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(formula) = kept().get(text) {
        return Ok(Arc::clone(formula));
    }
    let formula = Arc::new(Formula::compile(text)?);
    let mut kept = kept();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(text.to_owned(), Arc::clone(&formula));
    Ok(formula)
}

/// What a claim asks for.
enum Asked {
    Indicator(String),
    Formula(Arc<Formula>),
    Unreadable(Fault),
}

impl Asked {
    fn of(claim: &claim::Model) -> Self {
        match &claim.indicator_code {
            Some(code) => Self::Indicator(code.clone()),
            None => match formula(&claim.statistic) {
                Ok(formula) => Self::Formula(formula),
                Err(fault) => Self::Unreadable(fault),
            },
        }
    }

    /// The indicators that it asks for, and whether of the period before.
    fn inputs(&self) -> Vec<(String, bool)> {
        match self {
            Self::Indicator(code) => vec![(code.clone(), false)],
            Self::Formula(formula) => {
                formula.inputs().iter().map(|input| (input.indicator.clone(), input.is_previous)).collect()
            }
            Self::Unreadable(_) => Vec::new(),
        }
    }
}

/// The figures of one claim's scope and period.
struct Of<'a> {
    data: &'a Data,
    claim: &'a claim::Model,
}

impl Figures for Of<'_> {
    fn figure(&self, indicator: &str, is_previous: bool) -> Option<Decimal> {
        self.data.cell(&Wanted::of(self.claim, indicator, is_previous)).value().ok()
    }

    fn schools(&self, filter: &str) -> Option<Decimal> {
        self.data.count(self.claim, filter).ok()
    }
}

/// Why a claim has nothing to be held against.
fn absent(claim: &claim::Model, asked: &Asked, data: &Data) -> Text {
    if let Asked::Unreadable(fault) = asked {
        let why = fault.placed();
        return Text::new(format!("表达式无法读取：{}", why.zh), format!("The expression cannot be read: {}", why.en));
    }
    for (indicator, is_previous) in asked.inputs() {
        if let Err(why) = data.cell(&Wanted::of(claim, &indicator, is_previous)).value() {
            return why;
        }
    }
    if let Asked::Formula(formula) = asked
        && let Some(why) = formula.counts().iter().find_map(|filter| data.count(claim, filter).err())
    {
        return why;
    }
    Text::new("无法计算（如除数为零）", "It cannot be computed, as where it is divided by zero")
}

/// Holds one claim against the data.
fn judged(claim: &Arc<claim::Model>, asked: &Asked, data: &Data) -> Outcome {
    let figures = Of { data, claim };
    let (computed, schools, other) = match asked {
        Asked::Indicator(code) => {
            let cell = data.cell(&Wanted::of(claim, code, false));
            (cell.value().ok(), cell.schools(), code.clone())
        }
        Asked::Formula(formula) => (formula.value(&figures), None, claim.statistic.clone()),
        Asked::Unreadable(_) => (None, None, claim.statistic.clone()),
    };
    let computed = computed.map(|value| value.normalize());
    let place = data.place();
    let (verdict, difference, reason) = match (computed, value_of(claim)) {
        (Some(computed), Some(printed)) => {
            let difference = printed.checked_sub(computed).map(|difference| difference.normalize());
            if fits(claim, computed) {
                (Verdict::Holds, difference, with_coverage(&agrees(&place), schools))
            } else {
                let text = differs(claim, computed, difference, &place);
                (Verdict::Differs, difference, with_coverage(&text, schools))
            }
        }
        (None, _) => (Verdict::NoData, None, absent(claim, asked, data)),
        (_, None) => (Verdict::NoData, None, Text::new("公布数不是数字", "What is printed is no number")),
    };
    Outcome {
        verdict,
        claim: Arc::clone(claim),
        other,
        other_value: computed,
        other_source: place.en,
        difference,
        reason,
        basis: Basis::Data,
        schools,
        explanation: None,
    }
}

fn agrees(place: &Text) -> Text {
    Text::new(format!("与{}一致", place.zh), format!("Agrees with {}", place.en))
}

fn differs(claim: &claim::Model, computed: Decimal, difference: Option<Decimal>, place: &Text) -> Text {
    let mut digits = String::new();
    decimal::write_exact(&mut digits, &computed);
    let by = difference.map(|difference| {
        let mut by = String::new();
        decimal::write_exact(&mut by, &difference.abs());
        (by, difference.is_sign_negative())
    });
    let (zh, en) = match (claim.comparator.as_str(), by) {
        ("=" | "~", Some((by, true))) => (format!("，公布数少 {by}"), format!("; the claim is {by} less")),
        ("=" | "~", Some((by, false))) => (format!("，公布数多 {by}"), format!("; the claim is {by} more")),
        (sign, _) => (format!("，不满足 {sign} {}", claim.value), format!(", which is not {sign} {}", claim.value)),
    };
    Text::new(format!("{}为 {digits}{zh}", place.zh), format!("{} has {digits}{en}", place.en))
}

/// Says how many schools it is computed from, where that is known.
fn with_coverage(text: &Text, schools: Option<(usize, usize)>) -> Text {
    match schools {
        Some((schools, expected)) => Text::new(
            format!("{}（{schools}/{expected} 所学校）", text.zh),
            format!("{} ({schools} of {expected} schools)", text.en),
        ),
        None => text.clone(),
    }
}

/// The error where contradictions are too many to tell.
fn too_many(most: usize) -> Error {
    let text = Text::new(
        format!("矛盾超过 {most} 处：请把文件分成几份"),
        format!("There are more than {most} contradictions: split the file"),
    );
    Error::invalid("too_many_contradictions", "", text)
}

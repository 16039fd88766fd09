//! A reconciliation that was kept.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::reconciliation;

use super::words::{ClaimVerdict, ExplanationCause};
use crate::{
    domain::claims::{self, Ask, Kept, Told, Verdict},
    error::{Error, Language, Result},
    graphql::{
        self,
        error::GqlResult,
        limits::{self, CLAIMS},
        paging::{Placed, connection},
        scalars::{Decimal, Instant},
    },
    page, request_id,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    row: reconciliation::Model,
    outcomes: Option<Vec<Told>>,
}

impl Reconciliation {
    /// One of a list, without what it said.
    pub const fn listed(row: reconciliation::Model) -> Self {
        Self { row, outcomes: None }
    }
}

impl From<Kept> for Reconciliation {
    fn from(kept: Kept) -> Self {
        Self { row: kept.row, outcomes: Some(kept.outcomes) }
    }
}

/// Reads the cursor of a list.
pub fn read_cursor(cursor: &str, pointer: &str) -> Result<String> {
    let [id] = page::read_cursor(cursor, pointer)?;
    Ok(id)
}

impl Placed for Reconciliation {
    fn cursor(&self) -> String {
        page::cursor(&[self.row.id.to_string().as_str()])
    }
}

connection!(
    /// A page of kept reconciliations, newest first.
    ReconciliationConnection,
    /// A kept reconciliation and where it stands in the list.
    ReconciliationEdge,
    Reconciliation
);

/// What printed figures were found to be, against the data and against each other, at a time (核对记录).
#[Object]
impl Reconciliation {
    /// By which it is found again.
    async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }

    /// When it was made.
    async fn at(&self) -> Instant {
        Instant(self.row.at)
    }

    /// Who had it made: an account, a client or a command.
    async fn actor(&self) -> &str {
        &self.row.actor
    }

    /// The version that claims were held against, `live` or `current`; `null` where there was no release.
    async fn release(&self) -> Option<&str> {
        self.row.release.as_deref()
    }

    /// Whether the claims came in a file.
    async fn is_of_file(&self) -> bool {
        self.row.is_of_file
    }

    /// SHA-256 of the claims.
    async fn claims_hash(&self) -> &str {
        &self.row.claims_hash
    }

    /// How many claims hold.
    async fn holds(&self) -> i32 {
        self.row.holds
    }

    /// How many differ from the data.
    async fn differs(&self) -> i32 {
        self.row.differs
    }

    /// How many there was nothing to hold against for.
    async fn no_data(&self) -> i32 {
        self.row.no_data
    }

    /// How many pairs contradict each other.
    async fn contradicts(&self) -> i32 {
        self.row.contradicts
    }

    /// Everything that was said; `null` in lists.
    #[graphql(complexity = "limits::times(CLAIMS, child_complexity)")]
    async fn outcomes(&self) -> GqlResult<Option<Vec<KeptOutcome>>> {
        let Some(outcomes) = &self.outcomes else { return Ok(None) };
        let language = request_id::current_language();
        Ok(Some(outcomes.iter().map(|told| KeptOutcome::new(told, language)).collect::<Result<_>>()?))
    }
}

/// What was said of a printed figure, as it was said then.
#[derive(Clone, Debug, SimpleObject)]
pub struct KeptOutcome {
    /// What.
    verdict: ClaimVerdict,
    /// The key of the claim.
    claim: String,
    /// What it is called where it is printed.
    label: String,
    /// The figure as printed.
    value: String,
    /// Where it is printed.
    source: String,
    /// What it was held against: an expression, or the key of another claim.
    other: String,
    /// What that yielded, unrounded; `null` where there were no data.
    other_value: Option<Decimal>,
    /// Where that stands.
    other_source: String,
    /// What is printed less what it was held against.
    difference: Option<Decimal>,
    /// In words, in the language of the request.
    reason: String,
    /// `data`, `quantity`, `parts`, `within` or `rule`: by what the two belong together.
    basis: String,
    /// The code of the rule, where it is one.
    rule: Option<String>,
    /// How many schools contributed.
    schools: Option<usize>,
    /// How many should have.
    expected: Option<usize>,
    /// In one word, why the two contradict each other, where an official had said it.
    cause: Option<ExplanationCause>,
    /// The same in the official's words.
    explanation: Option<String>,
}

impl KeptOutcome {
    fn new(told: &Told, language: Language) -> Result<Self> {
        let verdict = Verdict::of(&told.verdict).ok_or_else(|| Error::internal("a kept verdict that is none"))?;
        let digits = |digits: &Option<String>| digits.as_deref().and_then(Decimal::printed);
        let reason = if language == Language::Chinese { &told.reason_zh } else { &told.reason_en };
        let said = told.explanation.as_ref();
        Ok(Self {
            verdict: verdict.into(),
            claim: told.claim.clone(),
            label: told.label.clone(),
            value: told.value.clone(),
            source: told.source.clone(),
            other: told.other.clone(),
            other_value: digits(&told.other_value),
            other_source: told.other_source.clone(),
            difference: digits(&told.difference),
            reason: reason.clone(),
            basis: told.basis.clone(),
            rule: told.rule.clone(),
            schools: told.schools,
            expected: told.expected,
            cause: said.and_then(|said| entity::words::ExplanationCause::of(&said.cause)).map(Into::into),
            explanation: said.map(|said| said.text.clone()),
        })
    }
}

/// Against what the printed figures are held.
#[derive(Clone, Debug, InputObject)]
pub struct KeepReconciliationInput {
    /// A version (`1.0.0`) or a range (`2.*`), `live` or `current`; the newest release without it.
    release: Option<String>,
}

impl KeepReconciliationInput {
    /// Holds the printed figures against the data and against each other, and keeps what comes of it.
    pub async fn keep(self, cx: &Context<'_>) -> GqlResult<KeepReconciliationPayload> {
        let kept = claims::keep(graphql::ctx(cx), Ask { claims: None, release: self.release }).await?;
        Ok(KeepReconciliationPayload { reconciliation: kept.into() })
    }
}

/// What was kept.
#[derive(Clone, Debug, SimpleObject)]
pub struct KeepReconciliationPayload {
    /// With everything that it said.
    reconciliation: Reconciliation,
}

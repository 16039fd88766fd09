//! What is said of a printed figure.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::claim_explanation;

use super::{
    claim::Claim,
    words::{ClaimVerdict, ExplanationCause},
};
use crate::{
    domain::claims::{Explain, Outcome},
    graphql::{
        self,
        scalars::{Decimal, Instant},
    },
    request_id,
};

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct ClaimOutcome(pub Outcome);

/// What is said of a printed figure: by the data, or by another printed figure.
#[Object]
impl ClaimOutcome {
    /// What.
    async fn verdict(&self) -> ClaimVerdict {
        self.0.verdict.into()
    }

    /// The claim; of a pair the one that stands first.
    async fn claim<'a>(&'a self, cx: &Context<'a>) -> Claim<'a> {
        Claim(graphql::registry(cx), &self.0.claim)
    }

    /// What it is held against: an expression, or the key of another claim.
    async fn other(&self) -> &str {
        &self.0.other
    }

    /// What that yields, unrounded; nothing where there are no data.
    async fn other_value(&self) -> Option<Decimal> {
        self.0.other_value.map(Decimal::Exact)
    }

    /// Where that stands: the release, or where the other claims are printed.
    async fn other_source(&self) -> &str {
        &self.0.other_source
    }

    /// What is printed less what it is held against.
    async fn difference(&self) -> Option<Decimal> {
        self.0.difference.map(Decimal::Exact)
    }

    /// In words, in the language of the request.
    async fn reason(&self) -> &str {
        self.0.reason.in_(request_id::current_language())
    }

    /// `data`, `quantity`, `parts`, `within` or `rule`: by what the two belong together.
    async fn basis(&self) -> &str {
        self.0.basis.word()
    }

    /// The code of the rule, where it is one.
    async fn rule(&self) -> Option<&str> {
        self.0.basis.rule()
    }

    /// Why the two contradict each other, where an official has said it.
    async fn explanation(&self) -> Option<Explanation> {
        self.0.explanation.as_deref().map(Explanation::from)
    }

    /// How many schools contributed to the computed value of an indicator.
    async fn schools(&self) -> Option<usize> {
        self.0.schools.map(|(schools, _)| schools)
    }

    /// How many should have.
    async fn expected(&self) -> Option<usize> {
        self.0.schools.map(|(_, expected)| expected)
    }
}

/// Why two printed figures contradict each other.
#[derive(Clone, Debug, SimpleObject)]
pub struct Explanation {
    /// One side: the key of a claim.
    claim: String,
    /// The other.
    other: String,
    /// In one word.
    cause: ExplanationCause,
    /// In the official's words.
    text: String,
    /// When it was said.
    at: Instant,
}

impl From<&claim_explanation::Model> for Explanation {
    fn from(row: &claim_explanation::Model) -> Self {
        Self {
            claim: row.claim.clone(),
            other: row.other.clone(),
            cause: row.cause.into(),
            text: row.text.clone(),
            at: Instant(row.at),
        }
    }
}

/// Why two printed figures contradict each other.
#[derive(Clone, Debug, InputObject)]
pub struct ExplainClaimInput {
    /// One side: the key of a claim.
    claim: String,
    /// The other, as the reconciliation names it.
    other: String,
    /// In one word.
    cause: ExplanationCause,
    /// In words, for the report's footnote.
    text: String,
}

impl From<ExplainClaimInput> for Explain {
    fn from(input: ExplainClaimInput) -> Self {
        let cause: entity::words::ExplanationCause = input.cause.into();
        Self { claim: input.claim, other: input.other, cause: cause.word().to_owned(), text: input.text }
    }
}

/// What has been said.
#[derive(Clone, Debug, SimpleObject)]
pub struct ExplainClaimPayload {
    /// The word that now stands, or that took an earlier one back.
    pub explanation: Explanation,
}

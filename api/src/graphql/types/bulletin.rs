//! The yearly bulletin of supply and demand.

use async_graphql::{Enum, Object, SimpleObject};

use crate::{
    domain::bulletins,
    graphql::{limits, scalars::Instant},
    request_id,
};

/// By what a line of the bulletin counts.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "bulletins::Dimension")]
pub enum BulletinDimension {
    /// Everything.
    Total,
    /// By kind.
    Kind,
    /// By industry, as its owners name it.
    Industry,
    /// By city.
    City,
    /// By field of majors: the first two digits of their codes.
    Major,
}

/// See the description of the GraphQL type.
#[derive(Clone, Debug)]
pub struct Bulletin(pub bulletins::Bulletin);

/// What was sought and offered in a year, and how much of it was met (年度供需公报): the same for everybody.
#[Object]
impl Bulletin {
    /// Postings that were published first in this year (Asia/Shanghai).
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// Whether the year is over.
    async fn is_final(&self) -> bool {
        self.0.is_final
    }

    /// When it was made.
    async fn made_at(&self) -> Instant {
        Instant(self.0.made_at)
    }

    /// When it was published; from then on it does not change. Nothing before.
    async fn published_at(&self) -> Option<Instant> {
        self.0.published.as_ref().map(|published| Instant(published.at))
    }

    /// SHA-256 of the document, in hexadecimal.
    async fn hash(&self) -> Option<&str> {
        self.0.published.as_ref().map(|published| published.hash.as_str())
    }

    /// What was published: canonical JSON (RFC 8785).
    async fn document(&self) -> Option<&str> {
        self.0.published.as_ref().map(|published| published.document.as_str())
    }

    /// By dimension and key, the total first.
    #[graphql(complexity = "limits::times(limits::GROUPS, child_complexity)")]
    async fn lines(&self) -> Vec<BulletinLine> {
        self.0.lines.iter().cloned().map(BulletinLine::from).collect()
    }
}

/// A line of the bulletin.
#[derive(Clone, Debug, SimpleObject)]
pub struct BulletinLine {
    /// By what.
    dimension: BulletinDimension,
    /// The word, name or code; empty for the total and for what does not say.
    key: String,
    /// For people, in the caller's language.
    name: String,
    /// What was offered.
    supply: BulletinCount,
    /// What was sought.
    demand: BulletinCount,
    /// `null` where fewer than three owners stand behind it, or it would tell of such a line.
    outcomes: Option<BulletinOutcomes>,
}

/// So many postings, and the heads that they name together.
#[derive(Clone, Debug, SimpleObject)]
pub struct BulletinCount {
    /// Postings.
    postings: i64,
    /// The sum of their headcounts, as far as they name one.
    headcount: i64,
}

/// What has come of the postings of a line.
#[derive(Clone, Debug, SimpleObject)]
pub struct BulletinOutcomes {
    /// Closed as met.
    met: i64,
    /// Closed as met in part.
    partly_met: i64,
    /// Closed as unmet, taken back or down, or past their day without a word.
    unmet: i64,
    /// Still standing.
    open: i64,
    /// How many heads were met, as far as it was said.
    heads_met: i64,
}

impl From<bulletins::Line> for BulletinLine {
    fn from(line: bulletins::Line) -> Self {
        let count = |count: bulletins::Count| BulletinCount { postings: count.postings, headcount: count.headcount };
        Self {
            dimension: line.dimension.into(),
            name: line.name.in_(request_id::current_language()).to_owned(),
            key: line.key,
            supply: count(line.supply),
            demand: count(line.demand),
            outcomes: line.outcomes.map(|all| BulletinOutcomes {
                met: all.met,
                partly_met: all.partly_met,
                unmet: all.unmet,
                open: all.open,
                heads_met: all.heads_met,
            }),
        }
    }
}

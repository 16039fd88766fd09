//! How much a caller may ask for: budgets that fill again with time.
//!
//! A caller is the holder of a token, or an address. Each has a bucket for every budget, and a bucket is one
//! number: when it will be full again. One that is full is not kept, so memory holds only who has lately asked,
//! and no more of them than [`MOST`]. Instances count for themselves, or lease what they hand out from
//! PostgreSQL in pieces (`lease`), so that most requests cost no statement either way.

mod bucket;
mod lease;

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use self::{
    bucket::{Buckets, Taken},
    lease::Leases,
};
use crate::{
    authz::{Actor, Role},
    config::{Pace, Rate},
    db::Db,
    error::{Error, Result},
};

/// The most callers that are remembered, all budgets together; beyond it the one that owes least is forgotten.
pub const MOST: usize = 131_072;

/// What is counted, each for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// Requests that change nothing.
    Reads,
    /// Requests that may change something.
    Writes,
    /// Questions about the interface itself: introspection, the OpenAPI document, its reader.
    Structure,
    /// Requests for a token and sign-ins.
    Login,
    /// What GraphQL operations cost, in their own measure.
    Cost,
}

impl Budget {
    /// The name in headers and refusals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Structure => "structure",
            Self::Login => "login",
            Self::Cost => "cost",
        }
    }

    const fn zh(self) -> &'static str {
        match self {
            Self::Reads => "读取",
            Self::Writes => "写入",
            Self::Structure => "结构查询",
            Self::Login => "登录",
            Self::Cost => "查询复杂度",
        }
    }
}

/// Whose budget it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// The holder of a token, by its subject.
    Holder(&'a str),
    /// An address.
    Address(IpAddr),
}

impl<'a> Caller<'a> {
    /// Who counts for an actor that asks from an address. The service itself is not counted.
    pub fn of(actor: &'a Actor, address: Option<&str>) -> Option<Self> {
        match actor.role {
            Role::System => None,
            Role::Public => Some(Self::at(address)),
            _ => Some(Self::Holder(&actor.subject)),
        }
    }

    /// An address as it counts: of IPv6 the network of a subscriber.
    pub fn at(address: Option<&str>) -> Self {
        let address = address.and_then(|text| text.parse::<IpAddr>().ok()).map(|address| address.to_canonical());
        match address {
            Some(IpAddr::V6(wide)) => Self::Address(IpAddr::from((wide.to_bits() >> 64 << 64).to_be_bytes())),
            Some(narrow) => Self::Address(narrow),
            // Without an address all share one budget: never a way round.
            None => Self::Address(IpAddr::from([0, 0, 0, 0])),
        }
    }

    const fn is_holder(self) -> bool {
        matches!(self, Self::Holder(_))
    }
}

/// Where a caller stands with one budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The budget.
    pub budget: Budget,
    /// How much it holds when full.
    pub quota: u64,
    /// How long it takes to fill, in seconds.
    pub window: u64,
    /// What is left.
    pub remaining: u64,
    /// Seconds until it is full again.
    pub reset: u64,
}

/// A refusal: where the caller stands, and when it may come again.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// Where the caller stands.
    pub standing: Standing,
    /// Seconds until what was asked for is there, at least one.
    pub retry_after: u64,
}

impl Refusal {
    /// The refusal as an error of the house.
    pub const fn error(self) -> Error {
        Error::RateLimited {
            budget: (self.standing.budget.zh(), self.standing.budget.name()),
            retry_after: self.retry_after,
        }
    }
}

/// The hand of time, in nanoseconds: the machine's, or a test's.
#[derive(Clone, Debug)]
pub enum Clock {
    /// Since the service began.
    Running(Instant),
    /// As a test says.
    Set(Arc<AtomicU64>),
}

impl Clock {
    fn now(&self) -> u64 {
        match self {
            // 584 years.
            Self::Running(began) => u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
            Self::Set(now) => now.load(Ordering::Relaxed),
        }
    }

    /// A clock that stands until it is moved.
    pub fn set() -> (Self, Arc<AtomicU64>) {
        let now = Arc::new(AtomicU64::new(0));
        (Self::Set(Arc::clone(&now)), now)
    }
}

/// All budgets of one instance.
#[derive(Debug)]
pub struct Rates {
    config: Rate,
    clock: Clock,
    hasher: RandomState,
    buckets: Buckets,
    leases: Option<Leases>,
}

impl Rates {
    /// The budgets of the configuration; shared where it says so and the database can.
    pub fn new(config: &Rate, db: &Db) -> Self {
        let leases = config.shared.then(|| Leases::over(db)).flatten();
        Self { leases, ..Self::alone(config, Clock::Running(Instant::now()), MOST) }
    }

    /// The budgets of one instance for itself, by a clock of one's own.
    pub fn alone(config: &Rate, clock: Clock, most: usize) -> Self {
        let hasher = RandomState::new();
        Self { config: config.clone(), clock, hasher, buckets: Buckets::new(most), leases: None }
    }

    /// Takes from a budget. Nothing where nothing is counted.
    ///
    /// What costs more than a whole budget takes all of it.
    pub async fn take(
        &self,
        caller: Caller<'_>,
        budget: Budget,
        amount: u64,
    ) -> std::result::Result<Option<Standing>, Refusal> {
        if !self.config.enabled {
            return Ok(None);
        }
        let pace = self.pace(caller, budget);
        let amount = amount.min(pace.burst);
        let key = self.key(caller, budget);
        let now = self.clock.now();
        let taken = match &self.leases {
            None => self.buckets.take(key, pace, amount, now),
            Some(leases) => match self.buckets.take_leased(key, amount, now) {
                Some(taken) => taken,
                None => self.lease(leases, key, caller, budget, pace, amount).await,
            },
        };
        told(budget, pace, taken).map(Some)
    }

    /// Whether a leased piece is fetched; another request of the same caller may have been quicker.
    async fn lease(
        &self,
        leases: &Leases,
        key: u64,
        caller: Caller<'_>,
        budget: Budget,
        pace: Pace,
        amount: u64,
    ) -> Taken {
        let _turn = leases.turn(key).await;
        if let Some(taken) = self.buckets.take_leased(key, amount, self.clock.now()) {
            return taken;
        }
        match leases.fetch(caller, budget, pace, amount).await {
            Ok(lease) => self.buckets.put_lease(key, pace, amount, lease, self.clock.now()),
            Err(fault) => {
                // Without the database an instance counts for itself: no budget is ever without end.
                tracing::warn!(%fault, "budgets are not shared just now");
                self.buckets.take(key, pace, amount, self.clock.now())
            }
        }
    }

    /// Forgets what is full again in the table that instances share.
    pub async fn sweep(&self) -> Result<u64> {
        match &self.leases {
            Some(leases) => leases.sweep().await,
            None => Ok(0),
        }
    }

    /// How many buckets are remembered.
    pub fn remembered(&self) -> usize {
        self.buckets.len()
    }

    const fn pace(&self, caller: Caller<'_>, budget: Budget) -> Pace {
        let config = &self.config;
        match (budget, caller.is_holder()) {
            (Budget::Reads, true) => config.client_reads,
            (Budget::Writes, true) => config.client_writes,
            (Budget::Structure, true) => config.client_structure,
            (Budget::Cost, true) => config.client_cost,
            (Budget::Reads, false) => config.address_reads,
            (Budget::Writes, false) => config.address_writes,
            (Budget::Structure, false) => config.address_structure,
            (Budget::Cost, false) => config.address_cost,
            (Budget::Login, _) => config.login,
        }
    }

    /// A number for a bucket, of a seed that nobody outside knows.
    fn key(&self, caller: Caller<'_>, budget: Budget) -> u64 {
        match caller {
            Caller::Holder(subject) => self.hasher.hash_one((budget, subject)),
            Caller::Address(address) => self.hasher.hash_one((budget, address)),
        }
    }
}

/// What became of a request, in words for headers.
const fn told(budget: Budget, pace: Pace, taken: Taken) -> std::result::Result<Standing, Refusal> {
    let standing = Standing {
        budget,
        quota: pace.burst,
        window: pace.window(),
        remaining: taken.remaining,
        reset: seconds_of(taken.full_in),
    };
    match taken.wait {
        None => Ok(standing),
        Some(wait) => {
            let retry_after = seconds_of(wait);
            Err(Refusal { standing, retry_after: if retry_after == 0 { 1 } else { retry_after } })
        }
    }
}

const fn seconds_of(nanos: u64) -> u64 {
    nanos.div_ceil(1_000_000_000)
}

/// How long a leased piece is good for.
const LEASE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;

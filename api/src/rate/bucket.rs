//! Buckets in memory: bounded in number, one short lock a request.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Mutex, PoisonError},
};

use super::{LEASE, lease::Lease};
use crate::config::Pace;

/// Many small maps, so that callers do not wait for each other.
const SHARDS: usize = 64;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// What is left.
    pub remaining: u64,
    /// Nanoseconds until the bucket is full.
    pub full_in: u64,
    /// Nanoseconds until what was asked for is there; nothing where it was.
    pub wait: Option<u64>,
}

/// One bucket, and what is held of a lease.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// When it is full again: all that was taken, in time that it takes to come back.
    full_at: u64,
    /// What is in hand of a lease.
    held: u64,
    /// Until when it is good.
    held_until: u64,
    /// Until when the shared bucket is known to have nothing.
    dry_until: u64,
}

impl Bucket {
    /// Whether there is nothing to remember of it.
    const fn is_fresh(&self, now: u64) -> bool {
        self.full_at <= now && (self.held == 0 || self.held_until <= now) && self.dry_until <= now
    }
}

/// The keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Shard = HashMap<u64, Bucket, BuildHasherDefault<AsIs>>;

/// The buckets of all callers.
#[derive(Debug)]
pub(super) struct Buckets {
    shards: Vec<Mutex<Shard>>,
    /// The most buckets of one shard.
    most: usize,
}

impl Buckets {
    pub(super) fn new(most: usize) -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), most: most.div_ceil(SHARDS).max(1) }
    }

    /// Takes from a bucket of this instance's own.
    pub(super) fn take(&self, key: u64, pace: Pace, amount: u64, now: u64) -> Taken {
        self.with(key, now, |bucket| {
            let whole = pace.nanos.saturating_mul(pace.burst);
            let owed = bucket.full_at.saturating_sub(now);
            let after = owed.saturating_add(pace.nanos.saturating_mul(amount));
            let wait = after.checked_sub(whole).filter(|over| *over > 0);
            let owed = if wait.is_none() { after } else { owed };
            bucket.full_at = now.saturating_add(owed);
            Taken { remaining: left(whole, owed, pace), full_in: owed, wait }
        })
    }

    /// Takes from a leased piece, or says that there is nothing to be had; nothing where one must be fetched.
    pub(super) fn take_leased(&self, key: u64, amount: u64, now: u64) -> Option<Taken> {
        self.with(key, now, |bucket| {
            if bucket.held >= amount && now < bucket.held_until {
                bucket.held = bucket.held.saturating_sub(amount);
                // Known to this instance: what it holds. The rest of the bucket may be anybody's.
                return Some(Taken { remaining: bucket.held, full_in: bucket.full_at.saturating_sub(now), wait: None });
            }
            let dry = bucket.dry_until.saturating_sub(now);
            (dry > 0).then(|| Taken { remaining: 0, full_in: bucket.full_at.saturating_sub(now), wait: Some(dry) })
        })
    }

    /// Takes in a piece that was fetched, and takes from it.
    pub(super) fn put_lease(&self, key: u64, pace: Pace, amount: u64, lease: Lease, now: u64) -> Taken {
        self.with(key, now, |bucket| {
            if bucket.held_until <= now {
                bucket.held = 0;
            }
            bucket.held = bucket.held.saturating_add(lease.granted);
            bucket.held_until = now.saturating_add(u64::try_from(LEASE.as_nanos()).unwrap_or(u64::MAX));
            bucket.full_at = now.saturating_add(lease.owed);
            let wait = if bucket.held >= amount {
                bucket.held = bucket.held.saturating_sub(amount);
                bucket.dry_until = 0;
                None
            } else {
                let wait = pace.nanos.saturating_mul(amount.saturating_sub(bucket.held)).max(1);
                bucket.dry_until = now.saturating_add(wait);
                Some(wait)
            };
            let whole = pace.nanos.saturating_mul(pace.burst);
            let remaining = left(whole, lease.owed, pace).saturating_add(bucket.held);
            Taken { remaining: if wait.is_some() { 0 } else { remaining }, full_in: lease.owed, wait }
        })
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn with<T>(&self, key: u64, now: u64, act: impl FnOnce(&mut Bucket) -> T) -> T {
        // The low bits choose the place within the shard.
        let at = usize::try_from((key >> 32) % 64).unwrap_or(0);
        let Some(shard) = self.shards.get(at) else { return act(&mut Bucket::default()) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = shard.get_mut(&key) {
            return act(bucket);
        }
        if shard.len() >= self.most {
            shard.retain(|_, bucket| !bucket.is_fresh(now));
        }
        if shard.len() >= self.most
            && let Some(least) = shard.iter().min_by_key(|(_, bucket)| bucket.full_at).map(|(key, _)| *key)
        {
            // Whoever owes least loses least by being forgotten.
            shard.remove(&least);
        }
        act(shard.entry(key).or_default())
    }
}

/// How much a bucket still has.
const fn left(whole: u64, owed: u64, pace: Pace) -> u64 {
    // A pace is at least a nanosecond.
    match whole.saturating_sub(owed).checked_div(pace.nanos) {
        Some(left) => left,
        None => 0,
    }
}

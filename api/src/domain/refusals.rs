//! Attempts that were refused: counted in memory for each caller, door, code and minute, and
//! written to the journal when the minute is over. Nothing of it is on the way of a request but a counter.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::journal::{self, By, Event};
use crate::{
    authz::{Action, Actor, Kind},
    ctx::Ctx,
    error::Result,
};

/// How many callers, doors and codes are told apart within a minute; what is beyond is counted together.
pub const MOST: usize = 1_000;

/// How many minutes are kept while the database takes nothing; older ones are given up.
const MINUTES: usize = 15;

const SECONDS: i64 = 60;

/// Who was refused what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    actor: String,
    role: &'static str,
    org: Option<String>,
    /// Of a caller without a good token, which is known by nothing else.
    address: Option<String>,
    door: String,
    code: &'static str,
}

/// How often, and an example.
#[derive(Clone, Debug)]
struct Times {
    count: u64,
    request_id: String,
    address: Option<String>,
}

type Minute = HashMap<Key, Times>;

/// What this instance has refused and not written yet.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<i64, Minute>>);

/// A request that was refused something.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Who asked; nothing where nobody is known by a good token.
    pub actor: Option<&'a Actor>,
    /// From where.
    pub address: Option<&'a str>,
    /// By which door.
    pub door: &'a str,
    /// Its id.
    pub request_id: &'a str,
}

impl Refusals {
    /// Counts what a request was refused.
    pub fn count(&self, at: DateTime<Utc>, attempt: Attempt<'_>, codes: &BTreeMap<&'static str, u64>) {
        if codes.is_empty() {
            return;
        }
        let public = Actor::public();
        let actor = attempt.actor.unwrap_or(&public);
        let is_known = actor.role != public.role;
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = minutes.entry(at.timestamp().div_euclid(SECONDS)).or_default();
        for (code, count) in codes {
            let mut key = Key {
                actor: actor.subject.clone(),
                role: actor.role.name(),
                org: actor.org.clone(),
                address: attempt.address.filter(|_| !is_known).map(str::to_owned),
                door: attempt.door.to_owned(),
                code,
            };
            if minute.len() >= MOST && !minute.contains_key(&key) {
                key = Key {
                    actor: "others".to_owned(),
                    role: public.role.name(),
                    org: None,
                    address: None,
                    door: "*".to_owned(),
                    code,
                };
            }
            let times = minute.entry(key).or_insert_with(|| Times {
                count: 0,
                request_id: attempt.request_id.to_owned(),
                address: attempt.address.map(str::to_owned),
            });
            times.count += count;
        }
        while minutes.len() > MINUTES {
            if let Some((_, lost)) = minutes.pop_first() {
                let count: u64 = lost.values().map(|times| times.count).sum();
                tracing::error!(count, "refused attempts could not be written to the journal and are given up");
            }
        }
    }

    fn oldest(&self, before: i64) -> Option<(i64, Minute)> {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = minutes.first_key_value().map(|(minute, _)| *minute).filter(|minute| *minute < before)?;
        minutes.remove_entry(&first)
    }

    fn put_back(&self, minute: i64, refused: Minute) {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody counts in a minute that is over.
        minutes.entry(minute).or_insert(refused);
    }
}

/// Writes the minutes that are over, or at the end all of them. Returns how many entries were written.
///
/// # Errors
/// What the database said; nothing is lost by it.
pub async fn write(ctx: &Ctx, refusals: &Refusals, is_end: bool) -> Result<usize> {
    ctx.require(Action::Create, Kind::Journal)?;
    let present = Utc::now().timestamp().div_euclid(SECONDS);
    let before = if is_end { i64::MAX } else { present };
    let mut written = 0;
    while let Some((minute, refused)) = refusals.oldest(before) {
        match write_minute(ctx, minute, &refused).await {
            Ok(()) => written += refused.len(),
            Err(fault) => {
                refusals.put_back(minute, refused);
                return Err(fault);
            }
        }
    }
    Ok(written)
}

async fn write_minute(ctx: &Ctx, minute: i64, refused: &Minute) -> Result<()> {
    let from = DateTime::from_timestamp(minute * SECONDS, 0).unwrap_or_default();
    let from = from.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut events: Vec<(By, Event<'_>)> = refused
        .iter()
        .map(|(key, times)| {
            let by = By {
                actor: key.actor.clone(),
                role: key.role.to_owned(),
                org: key.org.clone(),
                request_id: Some(times.request_id.clone()).filter(|id| !id.is_empty()),
                address: times.address.clone(),
            };
            let event = Event {
                action: "access.refused",
                object: key.door.clone(),
                data: json!({ "code": key.code, "count": times.count, "minute": from }),
                ..Event::default()
            };
            (by, event)
        })
        .collect();
    events.sort_by(|(a, left), (b, right)| (&a.actor, &left.object).cmp(&(&b.actor, &right.object)));
    let tx = ctx.begin().await?;
    journal::record_of(&tx, events).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Role;

    #[test]
    fn a_minute_tells_apart_so_many_and_counts_the_rest_together() {
        let refusals = Refusals::default();
        let codes = BTreeMap::from([("FORBIDDEN", 1)]);
        let at = DateTime::from_timestamp(600, 0).unwrap();
        let city = Actor::with(Role::City, Some("620100"), "client:city", "");
        for number in 0..MOST + 50 {
            let address = format!("192.0.2.{number}");
            let attempt = Attempt { actor: None, address: Some(&address), door: "GET /x", request_id: "r" };
            refusals.count(at, attempt, &codes);
            // A caller who is known is one, wherever it calls from.
            refusals.count(at, Attempt { actor: Some(&city), ..attempt }, &codes);
        }
        let (minute, refused) = refusals.oldest(i64::MAX).unwrap();
        assert_eq!((minute, refused.len()), (10, MOST + 1));
        let of = |actor: &str| -> u64 {
            refused.iter().filter(|(key, _)| key.actor == actor).map(|(_, times)| times.count).sum()
        };
        assert_eq!((of("client:city"), of("others"), of("public")), (1_050, 51, 999));
    }

    #[test]
    fn minutes_that_nobody_takes_are_given_up_in_the_end() {
        let refusals = Refusals::default();
        let attempt = Attempt { actor: None, address: None, door: "GET /x", request_id: "" };
        for minute in 0..100 {
            let at = DateTime::from_timestamp(minute * 60, 0).unwrap();
            refusals.count(at, attempt, &BTreeMap::from([("NOT_FOUND", 2)]));
        }
        assert_eq!(refusals.oldest(i64::MAX).unwrap().0, 100 - 15);
    }
}

//! Unit tests of the budgets, by a clock that stands.

use std::sync::atomic::Ordering;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn rates(pace: &str, most: usize) -> (Rates, Arc<AtomicU64>) {
    let pace = Pace::read(pace).unwrap();
    let config = Rate {
        enabled: true,
        shared: false,
        client_reads: pace,
        client_writes: pace,
        client_structure: pace,
        client_cost: pace,
        address_reads: pace,
        address_writes: pace,
        address_structure: pace,
        address_cost: pace,
        login: pace,
    };
    let (clock, now) = Clock::set();
    (Rates::alone(&config, clock, most), now)
}

fn holder(name: &str) -> Caller<'_> {
    Caller::Holder(name)
}

#[tokio::test]
async fn a_budget_is_spent_and_comes_back_with_time() {
    let (rates, now) = rates("2/s, 4", 100);
    for left in [3, 2, 1, 0] {
        let standing = rates.take(holder("a"), Budget::Reads, 1).await.unwrap().unwrap();
        assert_eq!((standing.remaining, standing.quota, standing.window), (left, 4, 2));
    }
    let refused = rates.take(holder("a"), Budget::Reads, 1).await.unwrap_err();
    assert_eq!((refused.retry_after, refused.standing.remaining, refused.standing.reset), (1, 0, 2));
    // Being refused costs nothing, and half a second brings one back.
    now.store(SECOND / 2, Ordering::Relaxed);
    assert_eq!(rates.take(holder("a"), Budget::Reads, 1).await.unwrap().unwrap().remaining, 0);
    rates.take(holder("a"), Budget::Reads, 1).await.unwrap_err();
    now.store(100 * SECOND, Ordering::Relaxed);
    assert_eq!(rates.take(holder("a"), Budget::Reads, 1).await.unwrap().unwrap().remaining, 3);
}

#[tokio::test]
async fn callers_and_budgets_do_not_share() {
    let (rates, _) = rates("1/s, 1", 100);
    for caller in [holder("a"), holder("b"), Caller::at(Some("192.0.2.1")), Caller::at(Some("192.0.2.2"))] {
        for budget in [Budget::Reads, Budget::Writes, Budget::Structure, Budget::Login, Budget::Cost] {
            assert!(rates.take(caller, budget, 1).await.is_ok(), "{caller:?} {budget:?}");
            assert!(rates.take(caller, budget, 1).await.is_err(), "{caller:?} {budget:?}");
        }
    }
}

#[tokio::test]
async fn what_costs_more_than_all_takes_all() {
    let (rates, now) = rates("10/s, 100", 100);
    assert_eq!(rates.take(holder("a"), Budget::Cost, 5_000).await.unwrap().unwrap().remaining, 0);
    let refused = rates.take(holder("a"), Budget::Cost, 30).await.unwrap_err();
    assert_eq!(refused.retry_after, 3);
    now.store(3 * SECOND, Ordering::Relaxed);
    assert!(rates.take(holder("a"), Budget::Cost, 30).await.is_ok());
}

#[test]
fn addresses_count_as_subscribers() {
    let at = |text| Caller::at(Some(text));
    assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
    assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
    assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    assert_eq!(Caller::at(None), at("nonsense"));
}

#[tokio::test]
async fn the_service_itself_is_not_counted_and_nobody_is_where_nothing_is() {
    assert_eq!(Caller::of(&Actor::system("sealer"), None), None);
    let (mut rates, _) = rates("1/s, 1", 100);
    rates.config.enabled = false;
    for _ in 0..3 {
        assert_eq!(rates.take(holder("a"), Budget::Reads, 1).await.unwrap(), None);
    }
    assert_eq!(rates.remembered(), 0);
}

#[tokio::test]
async fn memory_is_bounded_however_many_ask() {
    let (rates, now) = rates("1/s, 10", 640);
    for number in 0..20_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(number).to_string();
        assert!(rates.take(Caller::at(Some(&address)), Budget::Reads, 1).await.is_ok());
    }
    assert!(rates.remembered() <= 640, "{}", rates.remembered());
    // One who owes much is not forgotten for many who owe little.
    for _ in 0..10 {
        rates.take(holder("much"), Budget::Reads, 1).await.unwrap();
    }
    for number in 0..20_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(number).to_string();
        rates.take(Caller::at(Some(&address)), Budget::Writes, 1).await.unwrap();
    }
    assert!(rates.take(holder("much"), Budget::Reads, 1).await.is_err());
    // What is full again makes room first.
    now.store(60 * SECOND, Ordering::Relaxed);
    for number in 0..20_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(number).to_string();
        rates.take(Caller::at(Some(&address)), Budget::Login, 1).await.unwrap();
    }
    assert!(rates.remembered() <= 640, "{}", rates.remembered());
}

//! The courier: carries messages to webhooks.
//!
//! It follows no redirect, uses no proxy, waits ten seconds at most, reads little of an answer, and
//! connects to nothing but the addresses that were judged at the moment of the connection.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::CONTENT_TYPE,
    redirect::Policy,
};
use tokio::sync::watch;

use crate::{
    House,
    authz::Actor,
    config::{Config, PrivateTargets},
    ctx::Ctx,
    db::now,
    domain::webhooks::{
        courier::{self, Outcome, Parcel},
        target,
    },
    error::{Error, Result},
};

/// How often it looks.
pub const EVERY: Duration = Duration::from_millis(250);

/// How long one attempt may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How much of an answer is read.
const ANSWER_BYTES: usize = 16 * 1024;

/// What it keeps from round to round.
#[derive(Debug)]
pub struct Courier {
    client: Client,
    may_be_inside: bool,
    /// Up to where the journal has become messages, as far as this instance knows.
    seen: AtomicI64,
}

impl Courier {
    /// By the settings of an instance.
    pub fn new(config: &Config) -> Result<Self> {
        let may_be_inside = config.webhooks.private_targets == PrivateTargets::Allow;
        let provider = rustls::crypto::ring::default_provider();
        // Somebody in this process may have been first; it is the same one.
        let _was_first = provider.install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(LIMIT)
            .connect_timeout(LIMIT)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("zhiqiao/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Guarded { may_be_inside }))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { client, may_be_inside, seen: AtomicI64::new(-1) })
    }
}

/// Goes round after round until told to stop.
pub async fn run(house: Arc<House>, stopped: watch::Receiver<bool>, courier: Result<Courier>) {
    let courier = match courier {
        Ok(courier) => Arc::new(courier),
        Err(fault) => return fault.log(),
    };
    let carry = move |house| carry(house, Arc::clone(&courier));
    super::every(EVERY, stopped, house, carry).await;
}

/// Goes one round.
async fn carry(house: Arc<House>, courier: Arc<Courier>) {
    let ctx = house.ctx(Actor::system("courier"));
    if let Err(fault) = courier.round(&ctx).await {
        fault.log();
    }
}

impl Courier {
    async fn round(&self, ctx: &Ctx) -> Result<()> {
        let sealed = ctx.memory.sealed().await?;
        if self.seen.load(Ordering::Relaxed) != sealed && !courier::fan_out(ctx).await? {
            self.seen.store(sealed, Ordering::Relaxed);
        }
        loop {
            let parcels = courier::take(ctx).await?;
            if parcels.is_empty() {
                return Ok(());
            }
            for done in join_all(parcels.iter().map(|parcel| self.bring(ctx, parcel))).await {
                done?;
            }
        }
    }

    async fn bring(&self, ctx: &Ctx, parcel: &Parcel) -> Result<()> {
        let outcome = self.send(ctx, parcel).await?;
        courier::settle(ctx, parcel, outcome, rand::random::<f64>()).await
    }

    async fn send(&self, ctx: &Ctx, parcel: &Parcel) -> Result<Outcome> {
        let url = match Url::parse(&parcel.to.url) {
            // An address of digits asks no resolver.
            Ok(url) if self.may_be_inside || !target::is_written_inside(&url) => url,
            _ => return Ok(Outcome::Lost("the address is in a private network".to_owned())),
        };
        let label = parcel.label(ctx, now())?;
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", label.id)
            .header("webhook-timestamp", label.timestamp)
            .header("webhook-signature", label.signature)
            .body(parcel.row.body.clone());
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(fault) => return Ok(Outcome::Lost(chain(&fault))),
        };
        let status = answer.status();
        if status.is_success() {
            return Ok(Outcome::Arrived(status.as_u16()));
        }
        let mut read = Vec::new();
        while read.len() < ANSWER_BYTES {
            match answer.chunk().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                _ => break,
            }
        }
        read.truncate(ANSWER_BYTES);
        Ok(Outcome::Refused(status.as_u16(), String::from_utf8_lossy(&read).into_owned()))
    }
}

/// A failure with its causes; the address, which may hold a secret of its owner's, is left out.
fn chain(fault: &reqwest::Error) -> String {
    let mut text = if fault.is_timeout() { "time limit".to_owned() } else { "no connection".to_owned() };
    let mut cause = std::error::Error::source(fault);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// Resolves names, and hands over no address of an inner network: what is connected to is what was judged.
#[derive(Debug)]
struct Guarded {
    may_be_inside: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let may_be_inside = self.may_be_inside;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let good: Vec<SocketAddr> =
                found.filter(|address| may_be_inside || !target::is_inside(address.ip())).collect();
            if good.is_empty() {
                return Err("the name has no address outside of private networks".into());
            }
            let addresses: Addrs = Box::new(good.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_inside_has_no_address() {
        let resolve = async |may_be_inside| {
            Guarded { may_be_inside }.resolve("localhost".parse().unwrap()).await.map(|found| found.count())
        };
        assert!(resolve(false).await.is_err_and(|fault| fault.to_string().contains("private networks")));
        assert!(resolve(true).await.unwrap() > 0);
    }
}

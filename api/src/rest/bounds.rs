//! The bounds of a request before anything is done for it: its address, its head, the speed of its body, and
//! the address it really comes from.

use std::{
    cell::Cell,
    io,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header::{self, HeaderMap},
    web::Bytes,
};
use futures::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    config::{Limits, Network},
    error::{Error, Result, Text},
};

/// The address a request comes from: the peer's, or what trusted proxies say of theirs.
///
/// `X-Forwarded-For` is read from its end, where our own proxies write: the first address that is none of them
/// is the client. What stands before it, anybody can have made up.
pub fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let is_ours = |address: IpAddr| trusted.iter().any(|network| network.has(address));
    let mut client = peer?.to_canonical();
    if !is_ours(client) {
        return Some(client);
    }
    let lines: Vec<&str> = headers.get_all(header::X_FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    for said in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // What cannot be read is nobody's address; the proxy that passed it on is the last that is known.
        let Ok(address) = said.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_ours(client) {
            break;
        }
    }
    Some(client)
}

/// Whether address and head are within their bounds.
pub fn head(limits: &Limits, request: &ServiceRequest) -> Result<()> {
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |both| both.as_str().len());
    if length > limits.address_bytes {
        return Err(Error::AddressTooLong { limit_bytes: limits.address_bytes });
    }
    let headers = request.headers();
    let lines = headers.len();
    if lines > limits.header_lines {
        let most = limits.header_lines;
        return Err(Error::HeadTooLarge(Text::new(
            format!("请求头有 {lines} 行，上限为 {most} 行"),
            format!("The head has {lines} lines, the limit is {most}"),
        )));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len())).sum();
    if bytes > limits.header_bytes {
        let most = limits.header_bytes;
        return Err(Error::HeadTooLarge(Text::new(
            format!("请求头共 {bytes} 字节，上限为 {most} 字节"),
            format!("The head has {bytes} bytes, the limit is {most}"),
        )));
    }
    Ok(())
}

/// Sees to it that a body does not come drop by drop for ever.
pub fn hurry(limits: &Limits, request: &mut ServiceRequest) -> Arrival {
    let arrival = Arrival { is_awaited: Rc::default(), bytes_per_second: limits.body_bytes_per_second };
    // A websocket may be silent: it has limits of its own.
    if request.headers().contains_key(header::SEC_WEBSOCKET_KEY) {
        return arrival;
    }
    match request.take_payload() {
        Payload::None => {}
        inner => {
            let hurried = Hurried::new(inner, limits, Rc::clone(&arrival.is_awaited));
            request.set_payload(Payload::Stream { payload: Box::pin(hurried) });
        }
    }
    arrival
}

/// Whether a body is still on its way.
#[derive(Debug, Default)]
pub struct Arrival {
    is_awaited: Rc<Cell<bool>>,
    bytes_per_second: u64,
}

impl Arrival {
    /// Whether the service is waiting for the client.
    pub fn is_awaited(&self) -> bool {
        self.is_awaited.get()
    }

    /// What is said to a client whose body is not there when its time is over.
    pub const fn too_slow(&self) -> Error {
        Error::TooSlow { bytes_per_second: self.bytes_per_second }
    }
}

/// Why a body was cut off, inside of the error that its readers get.
#[derive(Debug, thiserror::Error)]
#[error("too slow")]
struct Slow {
    bytes_per_second: u64,
}

/// The error of a body that did not come to its end.
pub fn broken(fault: &PayloadError) -> Error {
    let slow = match fault {
        PayloadError::Io(fault) => fault.get_ref().and_then(|inner| inner.downcast_ref::<Slow>()),
        _ => None,
    };
    match slow {
        Some(Slow { bytes_per_second }) => Error::TooSlow { bytes_per_second: *bytes_per_second },
        None => Error::Malformed(Text::new("请求内容在传输中中断", "The body broke off on its way")),
    }
}

/// A body that must bring so much on average. Only the time counts in which we wait for the client.
struct Hurried {
    inner: Payload,
    timer: Pin<Box<Sleep>>,
    /// Since when nothing has come.
    since: Option<Instant>,
    waited: Duration,
    bytes: u64,
    grace: Duration,
    rate: u64,
    is_awaited: Rc<Cell<bool>>,
}

impl Hurried {
    fn new(inner: Payload, limits: &Limits, is_awaited: Rc<Cell<bool>>) -> Self {
        Self {
            inner,
            is_awaited,
            timer: Box::pin(sleep_until(Instant::now())),
            since: None,
            waited: Duration::ZERO,
            bytes: 0,
            grace: Duration::from_secs(limits.body_grace_seconds),
            rate: limits.body_bytes_per_second.max(1),
        }
    }

    /// How long we may have waited for what has come.
    fn patience(&self) -> Duration {
        self.grace.max(Duration::from_secs(self.bytes.checked_div(self.rate).unwrap_or(0)))
    }
}

impl Stream for Hurried {
    type Item = std::result::Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_next(cx);
        this.is_awaited.set(polled.is_pending());
        if let Poll::Ready(come) = polled {
            if let Some(since) = this.since.take() {
                this.waited = this.waited.saturating_add(since.elapsed());
            }
            if let Some(Ok(chunk)) = &come {
                this.bytes = this.bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            }
            return Poll::Ready(come);
        }
        if this.since.is_none() {
            let now = Instant::now();
            this.since = Some(now);
            let until = now + this.patience().saturating_sub(this.waited);
            this.timer.as_mut().reset(until);
        }
        match this.timer.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let slow = Slow { bytes_per_second: this.rate };
                Poll::Ready(Some(Err(PayloadError::Io(io::Error::new(io::ErrorKind::TimedOut, slow)))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn forwarded(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::X_FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted = ["10.0.0.0/8", "::1"].map(|text| Network::read(text).unwrap());
        for (peer, lines, expected) in [
            ("203.0.113.5", &[][..], "203.0.113.5"),
            // Whoever is no proxy of ours may say what it likes.
            ("203.0.113.5", &["192.0.2.1"], "203.0.113.5"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            // A client that writes the header itself only writes to the left of the truth.
            ("10.0.0.1", &["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.9", "192.0.2.1, 10.0.0.7"], "192.0.2.1"),
            ("10.0.0.1", &["192.0.2.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["nonsense, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ] {
            let found = client(Some(peer.parse().unwrap()), &forwarded(lines), &trusted);
            assert_eq!(found.unwrap().to_string(), expected, "{peer} {lines:?}");
        }
        assert_eq!(client(None, &forwarded(&["192.0.2.1"]), &trusted), None);
    }
}

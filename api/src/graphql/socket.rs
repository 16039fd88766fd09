//! GraphQL over a websocket: the protocol `graphql-transport-ws`, whatever the line is made of.
//!
//! A connection has one token, from its first message or its header. It is asked for again before
//! everything that is sent and once a second, so that a connection never outlives it.

use std::{future::poll_fn, task::Poll, time::Duration};

use futures::{StreamExt, stream::LocalBoxStream};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::{
    charges::Charged,
    request::{GraphqlAnswer, GraphqlRequest, follow},
};
use crate::{
    House,
    authn::tokens::Tokens,
    authz::Actor,
    error::{Error, Result, Text},
    rate::Budget,
    rest::extract,
};

/// The name of the protocol.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// How many operations may run at a time on one connection.
const MOST: usize = 10;
/// How often the token is asked for again.
const CHECK: Duration = Duration::from_secs(1);
/// After how many checks without a word the client is asked for a sign, and after how many it is taken for gone.
const QUIET: u32 = 25;
const SILENT: u32 = 60;

/// What comes over the line.
#[derive(Debug)]
pub enum Heard {
    /// A message.
    Text(String),
    /// No message, but a sign that somebody is there.
    Sign,
    /// Something that is no message.
    Noise,
    /// Nothing any more.
    Gone,
}

/// A line to one client.
pub trait Line {
    /// Waits for what comes next. Dropping the wait loses nothing.
    async fn hear(&mut self) -> Heard;
    /// Sends a message; `false` where nobody is there any more.
    async fn say(&mut self, text: String) -> bool;
    /// Asks for a sign; `false` where nobody is there any more.
    async fn ask(&mut self) -> bool;
}

/// Why a conversation ended: the code and the words of the protocol; nothing where the client has gone.
pub type Ending = Option<(u16, &'static str)>;

const GONE: Ending = None;
const GOING_AWAY: Ending = Some((1001, "Going away"));
const TRY_AGAIN: Ending = Some((1013, "Try again later"));
const BAD_MESSAGE: Ending = Some((4400, "Invalid message"));
const UNGREETED: Ending = Some((4401, "Unauthorized"));
// Clients of this protocol take it for a reason to come again, with a new token.
const FORBIDDEN: Ending = Some((4403, "Forbidden"));
const TOO_SLOW: Ending = Some((4408, "Connection initialisation timeout"));
const TWICE: Ending = Some((4409, "Subscriber already exists"));
const GREETED_TWICE: Ending = Some((4429, "Too many initialisation requests"));

/// A message of the client.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// An operation that runs.
struct Running {
    id: String,
    answers: LocalBoxStream<'static, GraphqlAnswer>,
}

/// Speaks with a client until one of the two has had enough. `token` is that of the header, if there was one.
/// Why it ended, and who it was that was known by a good token.
pub async fn converse(house: &House, token: Option<String>, line: &mut impl Line) -> (Ending, Option<Actor>) {
    let mut talk = Talk { house, token, is_greeted: false, running: Vec::new(), known: None };
    let ending = match talk.run(line).await {
        Ok(ending) | Err(ending) => ending,
    };
    (ending, talk.known)
}

struct Talk<'a> {
    house: &'a House,
    token: Option<String>,
    is_greeted: bool,
    running: Vec<Running>,
    known: Option<Actor>,
}

impl Talk<'_> {
    async fn run(&mut self, line: &mut impl Line) -> Result<Ending, Ending> {
        let mut ear = self.house.memory.bell().listen();
        // To say who it is takes no longer than to send a head.
        let too_slow = Instant::now() + Duration::from_secs(self.house.config.limits.header_timeout_seconds);
        let mut checks = interval(CHECK);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut quiet = 0;
        loop {
            tokio::select! {
                // What the client says goes first: a `complete` is not to be overtaken.
                biased;
                _ = ear.beyond(i64::MAX) => return Ok(GOING_AWAY),
                heard = line.hear() => {
                    quiet = 0;
                    match heard {
                        Heard::Text(text) => self.answer(line, &text).await?,
                        Heard::Sign => {}
                        Heard::Noise => return Ok(BAD_MESSAGE),
                        Heard::Gone => return Ok(GONE),
                    }
                }
                () = sleep_until(too_slow), if !self.is_greeted => return Ok(TOO_SLOW),
                _ = checks.tick() => {
                    quiet += 1;
                    if quiet == QUIET && !line.ask().await || quiet > SILENT {
                        return Ok(GONE);
                    }
                    if self.is_greeted {
                        self.caller().await?;
                    }
                }
                (id, answer) = next(&mut self.running) => self.tell(line, &id, answer).await?,
            }
        }
    }

    /// Who asks, if the token is still good.
    async fn caller(&self) -> Result<Actor, Ending> {
        let Some(token) = &self.token else { return Ok(Actor::public()) };
        match Tokens::new(&self.house.config).authenticate(&self.house.memory, token).await {
            Ok(actor) => Ok(actor),
            Err(Error::Unauthenticated(_)) => Err(FORBIDDEN),
            Err(fault) => {
                fault.log();
                Err(TRY_AGAIN)
            }
        }
    }

    async fn answer(&mut self, line: &mut impl Line, text: &str) -> Result<(), Ending> {
        let Ok(message) = serde_json::from_str::<Message<'_>>(text) else { return Err(BAD_MESSAGE) };
        match (message.kind.as_str(), message.id, message.payload) {
            ("connection_init", None, payload) => {
                if self.is_greeted {
                    return Err(GREETED_TWICE);
                }
                if let Some(token) = greeting(payload)? {
                    self.token = Some(token);
                }
                self.known = Some(self.caller().await?);
                self.is_greeted = true;
                say(line, r#"{"type":"connection_ack"}"#.to_owned()).await
            }
            ("ping", None, _) => say(line, r#"{"type":"pong"}"#.to_owned()).await,
            ("pong", None, _) => Ok(()),
            ("subscribe", _, _) if !self.is_greeted => Err(UNGREETED),
            ("subscribe", Some(id), Some(payload)) => self.begin(line, id, payload).await,
            ("complete", Some(id), None) => {
                self.running.retain(|one| one.id != id);
                Ok(())
            }
            _ => Err(BAD_MESSAGE),
        }
    }

    async fn begin(&mut self, line: &mut impl Line, id: String, payload: &RawValue) -> Result<(), Ending> {
        if self.running.iter().any(|one| one.id == id) {
            return Err(TWICE);
        }
        let ctx = self.house.ctx(self.caller().await?);
        if let Err(refusal) = Charged::default().take(&self.house.rates, &ctx, Budget::Reads, 1).await {
            return self.tell(line, &id, Some(GraphqlAnswer::refused(refusal))).await;
        }
        let refusal = match GraphqlRequest::read(payload.get().as_bytes()) {
            Ok(_) if self.running.len() >= MOST => GraphqlAnswer::refused(too_many()),
            Ok(request) => {
                self.running.push(Running { id, answers: follow(&self.house.schema, ctx, request) });
                return Ok(());
            }
            Err(fault) => GraphqlAnswer::malformed(fault),
        };
        self.tell(line, &id, Some(refusal)).await
    }

    /// Hands on an answer, or the end of an operation.
    async fn tell(&mut self, line: &mut impl Line, id: &str, answer: Option<GraphqlAnswer>) -> Result<(), Ending> {
        let quoted = Value::from(id);
        let Some(answer) = answer else {
            return say(line, format!(r#"{{"id":{quoted},"type":"complete"}}"#)).await;
        };
        self.caller().await?;
        if let Some(errors) = answer.refusal() {
            // It is the last word on this operation.
            self.running.retain(|one| one.id != id);
            return say(line, format!(r#"{{"id":{quoted},"type":"error","payload":{errors}}}"#)).await;
        }
        let payload = String::from_utf8_lossy(&answer.body);
        say(line, format!(r#"{{"id":{quoted},"type":"next","payload":{payload}}}"#)).await
    }
}

async fn say(line: &mut impl Line, text: String) -> Result<(), Ending> {
    if line.say(text).await { Ok(()) } else { Err(GONE) }
}

/// The token in the first message.
fn greeting(payload: Option<&RawValue>) -> Result<Option<String>, Ending> {
    let Some(payload) = payload else { return Ok(None) };
    let members = match serde_json::from_str(payload.get()) {
        Ok(Value::Object(members)) => members,
        Ok(Value::Null) => return Ok(None),
        _ => return Err(BAD_MESSAGE),
    };
    let mut named = members.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        // A header that is not good is never taken for none.
        (Some((_, value)), None) => {
            value.as_str().and_then(extract::token).map(|token| Some(token.to_owned())).ok_or(FORBIDDEN)
        }
        (Some(_), Some(_)) => Err(FORBIDDEN),
    }
}

/// The next answer of any operation, each in its turn; an operation that has no more is taken out.
async fn next(running: &mut Vec<Running>) -> (String, Option<GraphqlAnswer>) {
    poll_fn(|cx| {
        let found = running.iter_mut().enumerate().find_map(|(at, one)| match one.answers.poll_next_unpin(cx) {
            Poll::Ready(answer) => Some((at, one.id.clone(), answer)),
            Poll::Pending => None,
        });
        let Some((at, id, answer)) = found else { return Poll::Pending };
        let one = running.remove(at);
        if answer.is_some() {
            running.push(one);
        }
        Poll::Ready((id, answer))
    })
    .await
}

fn too_many() -> Error {
    Error::TooCostly(Text::new(
        format!("一个连接最多同时进行 {MOST} 个操作"),
        format!("One connection runs at most {MOST} operations at a time"),
    ))
}

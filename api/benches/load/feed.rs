//! How soon a commit is delivered: from the answer to a push to the arrival of its event at a reader that waits.

use std::time::{Duration, Instant};

use super::{
    Outcome,
    client::{self, Connection, request},
    database::{Prepared, school},
    process::Process,
    questions::PUSHED,
};

/// So that the reader waits already when the push comes.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(serde::Deserialize)]
struct Page {
    events: Vec<Event>,
    next: String,
}

#[derive(serde::Deserialize)]
struct Event {
    object: String,
}

/// The half and the ninety-ninth part of so many deliveries; each period is pushed to once.
pub async fn measure(
    [writer, reader]: [&Process; 2],
    prepared: &Prepared,
    period: u32,
    rounds: usize,
) -> Outcome<[Duration; 2]> {
    let bodies = prepared.bodies.first().ok_or("no school")?;
    let client = prepared.clients.first().ok_or("no client")?;
    let tokens = client::tokens(writer.address, &[client.clone(), prepared.province.clone()]).await?;
    let [school_token, province_token] = tokens.as_slice() else { return Err("no token".into()) };
    let bearer = format!("Bearer {school_token}");
    let headers = [("content-type", "application/json"), ("if-match", "*"), ("authorization", bearer.as_str())];
    let path = format!("/v1/schools/{}/submissions/{PUSHED}/{period}", school(1));
    let pushes = bodies.each_ref().map(|body| request("PUT", &path, &headers, body));
    let bearer = format!("Bearer {province_token}");
    let changes =
        |query: &str| request("GET", &format!("/v1/changes?limit=1000&{query}"), &[("authorization", &bearer)], "");

    let mut writing = Connection::open(writer.address).await?;
    let mut reading = Connection::open(reader.address).await?;
    let mut place = String::new();
    loop {
        let page: Page = serde_json::from_slice(reading.ask(&changes(&format!("after={place}"))).await?)?;
        place = page.next;
        if page.events.is_empty() {
            break;
        }
    }
    let mut times = Vec::with_capacity(rounds);
    let object = format!("{}/{PUSHED}/{period}", school(1));
    for push in pushes.iter().cycle().take(rounds) {
        let arriving = async {
            loop {
                let ask = changes(&format!("wait=30&after={place}"));
                let answer = reading.ask(&ask).await?;
                let arrived = Instant::now();
                let page: Page = serde_json::from_slice(answer)?;
                place = page.next;
                if page.events.is_empty() {
                    return Err(format!("{object} was not told of").into());
                }
                // What was there before the service began may not have been numbered yet.
                if page.events.iter().any(|event| event.object == object) {
                    return Outcome::Ok(arrived);
                }
            }
        };
        let answering = async {
            tokio::time::sleep(PAUSE).await;
            writing.ask(push).await?;
            Outcome::Ok(Instant::now())
        };
        let (arrived, answered) = tokio::join!(arriving, answering);
        let (arrived, answered) = (arrived?, answered?);
        // The event may be there before the answer has been read.
        times.push(arrived.saturating_duration_since(answered));
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    Ok([at(50), at(99)])
}

//! GraphQL over a websocket: the events that are told, and the manners of `graphql-transport-ws`.

use std::time::{Duration, Instant};

use entity::words::ReleaseKind;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};
use zhiqiao::{
    authz::Role,
    domain::{
        accesses::{self, Filter},
        clients,
        submissions::Key,
    },
    page::Ask,
};

use crate::{
    app::{Server, TestApp},
    stage,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// One end of a websocket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What came over it.
#[derive(Debug, PartialEq)]
pub enum Came {
    Said(Value),
    Closed(u16),
}

impl Socket {
    pub async fn try_open(server: &Server, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("{}/graphql", server.base.replace("http://", "ws://")).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Ok(Self(connect_async(request).await?.0))
    }

    pub async fn open(server: &Server) -> Self {
        Self::try_open(server, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
    }

    /// A connection that has said who it is.
    async fn greeted(server: &Server, client: &str) -> Self {
        let mut socket = Self::open(server).await;
        let token = server.client(client).await.token.unwrap();
        socket
            .say(json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } }))
            .await;
        assert_eq!(socket.hear().await, Came::Said(json!({ "type": "connection_ack" })));
        socket
    }

    pub async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query, "variables": variables } })).await;
    }

    pub async fn hear(&mut self) -> Came {
        loop {
            match timeout(PATIENCE, self.0.next()).await.unwrap() {
                Some(Ok(Message::Text(text))) => return Came::Said(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Came::Closed(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next event of a subscription.
    async fn event(&mut self) -> Value {
        match self.hear().await {
            Came::Said(said) => {
                assert_eq!(said["type"], "next", "{said}");
                assert_eq!(said["payload"].get("errors"), None, "{said}");
                said["payload"]["data"]["events"].clone()
            }
            closed => panic!("{closed:?}"),
        }
    }
}

const EVENTS: &str = "subscription($after: String) { events(after: $after) { cursor type time school object data } }";

fn talent(school: &str, period: &str) -> Key {
    Key::new(school, "talent", period)
}

#[tokio::test]
async fn events_are_those_of_the_feed() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let city = server.client("city-620100").await;
    let next = city.get("/v1/changes?limit=1000").await.expect(200).json()["next"].clone();
    let mut socket = Socket::greeted(&server, "city-620100").await;
    let token = server.client("analyst").await.token.unwrap();
    let headers =
        [("sec-websocket-protocol", "other, graphql-transport-ws"), ("authorization", &format!("Bearer {token}"))];
    let mut analyst = Socket::try_open(&server, &headers).await.unwrap();
    analyst.say(json!({ "type": "connection_init" })).await;
    assert_eq!(analyst.hear().await, Came::Said(json!({ "type": "connection_ack" })));
    for socket in [&mut socket, &mut analyst] {
        socket.subscribe("one", EVENTS, json!({ "after": next })).await;
    }
    stage::push(&app, &talent("62005", "2020"), &stage::talent(8_000)).await;
    stage::bring(&app, &talent("62001", "2020"), &stage::talent(8_000), entity::words::SubmissionState::Accepted).await;
    stage::release(&app, ReleaseKind::Minor).await;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(socket.event().await);
    }
    let path = format!("/v1/changes?limit=1000&after={}", next.as_str().unwrap());
    let read = city.get(&path).await.expect(200).json()["events"].clone();
    assert_eq!(Value::from(told.clone()), read);
    assert_eq!(told[0]["data"], json!({ "to": "draft" }));
    assert_eq!(analyst.event().await, told[4]);
    // It goes on behind any event, as the feed does.
    socket.say(json!({ "type": "complete", "id": "one" })).await;
    socket.subscribe("two", EVENTS, json!({ "after": told[3]["cursor"] })).await;
    assert_eq!(socket.event().await, told[4]);
    server.stop().await;
}

#[tokio::test]
async fn what_a_line_is_told_is_recorded_while_it_is_open() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let next =
        server.client("city-620100").await.get("/v1/changes?limit=1000").await.expect(200).json()["next"].clone();
    let mut socket = Socket::greeted(&server, "city-620100").await;
    socket.subscribe("one", EVENTS, json!({ "after": next })).await;
    let filter = Filter { org: Some("620100".to_owned()), ..Filter::default() };
    for period in ["2020", "2021"] {
        let key = talent("62001", period);
        stage::push(&app, &key, &stage::talent(8_000)).await;
        assert_eq!(socket.event().await["object"], key.object());
        let began = Instant::now();
        loop {
            accesses::write(&app.system(), &app.house.accesses).await.unwrap();
            let ask = Ask { limit: 100, after: None, before: None, from_end: false };
            let found = accesses::list(&app.system(), &filter, &ask).await.unwrap().items;
            if found.iter().any(|one| one.listed.iter().any(|table| table.join("/") == key.object())) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{period}: {found:?}");
            tokio::task::yield_now().await;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn without_a_place_it_begins_now() {
    let app = TestApp::new().await;
    stage::push(&app, &talent("62001", "1990"), &stage::talent(8_000)).await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let mut socket = Socket::greeted(&server, "school-62001").await;
    socket.subscribe("one", "subscription { events { object } }", json!({})).await;
    let first = async { socket.event().await["object"].clone() };
    let pushing = async {
        for period in 1991.. {
            stage::push(&app, &talent("62001", &period.to_string()), &stage::talent(8_000)).await;
        }
    };
    tokio::select! {
        first = first => assert_ne!(first, "62001/talent/1990"),
        () = pushing => {}
    }
    server.stop().await;
}

/// What ends a connection, and by which code.
#[tokio::test]
async fn bad_manners_are_answered_by_their_code() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let token = server.client("school-62001").await.token.unwrap();
    let init = json!({ "type": "connection_init" });
    let with = |value: Value| json!({ "type": "connection_init", "payload": { "authorization": value } });
    let subscribe =
        json!({ "type": "subscribe", "id": "a", "payload": { "query": "subscription { events { type } }" } });
    let good = with(json!(format!("Bearer {token}")));
    for (messages, code) in [
        (vec![subscribe.clone()], 4401),
        (vec![init.clone(), init.clone()], 4429),
        (vec![good.clone(), subscribe.clone(), subscribe], 4409),
        (vec![with(json!("Bearer x"))], 4403),
        (vec![with(json!(format!("Bearer {token}x")))], 4403),
        (vec![with(json!(token))], 4403),
        (vec![with(json!(7))], 4403),
        (vec![json!({ "type": "connection_init", "payload": 7 })], 4400),
        (vec![json!({ "type": "hello" })], 4400),
        (vec![json!(["connection_init"])], 4400),
        (vec![json!({ "id": "a" })], 4400),
        (vec![init.clone(), json!({ "type": "subscribe", "payload": { "query": "{ me { id } }" } })], 4400),
        (vec![init.clone(), json!({ "type": "subscribe", "id": "a" })], 4400),
    ] {
        let mut socket = Socket::open(&server).await;
        for message in &messages {
            socket.say(message.clone()).await;
        }
        let ended = loop {
            match socket.hear().await {
                Came::Said(said) => assert_eq!(said["type"], "connection_ack", "{messages:?}"),
                ended => break ended,
            }
        };
        assert_eq!(ended, Came::Closed(code), "{messages:?}");
    }
    let mut socket = Socket::open(&server).await;
    socket.0.send(Message::binary(b"x".to_vec())).await.unwrap();
    assert_eq!(socket.hear().await, Came::Closed(4400));
    // Another protocol is none, and a token that is not good opens nothing.
    for (headers, status) in [
        (&[][..], 400),
        (&[("sec-websocket-protocol", "graphql-ws")], 400),
        (&[("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", "Bearer x")], 401),
    ] {
        match Socket::try_open(&server, headers).await {
            Err(Error::Http(answer)) => assert_eq!(answer.status(), status, "{headers:?}"),
            other => panic!("{headers:?} {:?}", other.err()),
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn one_operation_goes_wrong_alone() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let mut socket = Socket::open(&server).await;
    socket.say(json!({ "type": "connection_init", "payload": {} })).await;
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await, Came::Said(json!({ "type": "connection_ack" })));
    assert_eq!(socket.hear().await, Came::Said(json!({ "type": "pong" })));
    for (query, code) in [
        // Nobody in particular has no feed.
        ("subscription { events { type } }", "UNAUTHENTICATED"),
        ("subscription { events { nonsense } }", "MALFORMED"),
        ("subscription {", "MALFORMED"),
        ("", "MALFORMED"),
        ("query Q($v: String!) { school(code: $v) { code } }", "MALFORMED"),
    ] {
        socket.subscribe("a", query, json!({})).await;
        let Came::Said(said) = socket.hear().await else { panic!("{query}") };
        assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("a")), "{query}: {said}");
        assert_eq!(said["payload"][0]["extensions"]["code"], code, "{query}: {said}");
    }
    // Whatever is asked by POST can be asked here.
    socket.subscribe("\"b\"", "{ school(code: \"62001\") { code } }", json!({})).await;
    let payload = json!({ "data": { "school": { "code": "62001" } }, "extensions": { "cost": 2 } });
    let next = json!({ "id": "\"b\"", "type": "next", "payload": payload });
    let mut heard = Vec::new();
    while heard.len() < 2 {
        match socket.hear().await {
            // A refused subscription has had its last word.
            Came::Said(said) if said == json!({ "id": "a", "type": "complete" }) => panic!("twice the last word"),
            Came::Said(said) => heard.push(said),
            closed => panic!("{closed:?}"),
        }
    }
    assert_eq!(heard, [next, json!({ "id": "\"b\"", "type": "complete" })]);
    server.stop().await;
}

#[tokio::test]
async fn one_connection_has_ten_operations_at_most() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let mut socket = Socket::greeted(&server, "school-62001").await;
    for number in 0..11 {
        socket.subscribe(&number.to_string(), "subscription { events { type } }", json!({})).await;
    }
    let Came::Said(said) = socket.hear().await else { panic!() };
    assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("10")));
    assert_eq!(said["payload"][0]["extensions"]["code"], "TOO_COSTLY");
    // One that is over makes room.
    socket.say(json!({ "type": "complete", "id": "3" })).await;
    socket.subscribe("after", "{ school(code: \"62001\") { code } }", json!({})).await;
    let Came::Said(said) = socket.hear().await else { panic!() };
    assert_eq!((&said["type"], &said["id"]), (&json!("next"), &json!("after")));
    // A cursor that is none is told where it stands.
    socket.say(json!({ "type": "complete", "id": "4" })).await;
    socket.subscribe("x", EVENTS, json!({ "after": "x" })).await;
    let error = loop {
        let Came::Said(said) = socket.hear().await else { panic!() };
        if said["id"] == "x" {
            break said;
        }
    };
    assert_eq!(error["payload"][0]["extensions"]["errors"][0]["pointer"], "/after", "{error}");
    server.stop().await;
}

#[tokio::test]
async fn who_is_shut_out_is_told_no_more() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let mut socket = Socket::greeted(&server, "school-62002").await;
    let mut other = Socket::greeted(&server, "school-62001").await;
    for socket in [&mut socket, &mut other] {
        socket.subscribe("one", "subscription { events { type } }", json!({})).await;
    }
    clients::disable(&app.as_(Role::Admin, ""), "demo-school-62002").await.unwrap();
    assert_eq!(socket.hear().await, Came::Closed(4403));
    other.say(json!({ "type": "ping" })).await;
    assert_eq!(other.hear().await, Came::Said(json!({ "type": "pong" })));
    server.stop().await;
}

#[tokio::test]
async fn a_shutdown_says_goodbye() {
    let app = TestApp::new().await;
    stage::sealed(&app).await;
    let server = app.serve().await;
    let mut socket = Socket::greeted(&server, "school-62001").await;
    socket.subscribe("one", "subscription { events { type } }", json!({})).await;
    let goodbye = async {
        loop {
            match socket.hear().await {
                // The subscription's own end, if it is quicker.
                Came::Said(said) => assert_eq!(said["type"], "complete"),
                closed => return closed,
            }
        }
    };
    let (heard, ()) = tokio::join!(goodbye, server.stop());
    assert_eq!(heard, Came::Closed(1001));
}

#[tokio::test]
async fn a_cookie_is_good_for_a_page_of_the_service_alone() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let body = json!({ "username": "school-62001", "password": "demo-school-62001-password", "cookie": true });
    let answer = server.anonymous().post("/v1/session", None, &body).await.expect(200);
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    for (origin, role) in [
        (Some(server.base.as_str()), json!("SCHOOL")),
        (Some("https://evil.example"), Value::Null),
        (None, Value::Null),
    ] {
        let mut headers = vec![("sec-websocket-protocol", "graphql-transport-ws"), ("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let mut socket = Socket::try_open(&server, &headers).await.unwrap();
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.hear().await, Came::Said(json!({ "type": "connection_ack" })));
        socket.subscribe("1", "{ me { role } }", json!({})).await;
        let Came::Said(said) = socket.hear().await else { panic!("{origin:?}") };
        assert_eq!(said["payload"]["data"]["me"]["role"], role, "{origin:?} {said}");
    }
    server.stop().await;
}

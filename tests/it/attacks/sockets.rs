//! Websockets in bad faith: messages that are none, too large, too deep or too many, and lines that are never used.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use super::{is_well, soon, tells_nothing};
use crate::app::{Server, TestApp};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(server: &Server) -> Socket {
    let mut request = format!("{}/graphql", server.base.replace("http://", "ws://")).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    connect_async(request).await.unwrap().0
}

/// What a line ends with: the code, or nothing where it was simply cut.
async fn ends(socket: &mut Socket, about: &str) -> Option<u16> {
    soon(about, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(Message::Text(text))) => tells_nothing(&text, about),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    })
    .await
}

fn text(value: &str) -> Message {
    Message::text(value.to_owned())
}

fn subscribe(id: &str, query: &str) -> Message {
    text(&json!({ "type": "subscribe", "id": id, "payload": { "query": query } }).to_string())
}

#[tokio::test]
async fn a_line_in_bad_faith_is_closed() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let limit = app.house.config.limits.graphql_body_bytes;
    let init = || text(r#"{"type":"connection_init"}"#);
    let deep = |open: &str| format!(r#"{{"type":"connection_init","payload":{}"#, open.repeat(100_000));
    let cases: Vec<(&str, Vec<Message>)> = vec![
        ("a subscription before any word", vec![subscribe("a", "subscription { events { type } }")]),
        ("an operation before any word", vec![subscribe("a", "{ me { id } }")]),
        (
            "a thousand words before the first",
            (0..1_000).map(|at| subscribe(&at.to_string(), "{ me { id } }")).collect(),
        ),
        ("no JSON", vec![text("connection_init")]),
        ("lists 100,000 deep", vec![text(&deep("["))]),
        ("objects 100,000 deep", vec![text(&deep("{\"a\":"))]),
        ("an array", vec![text("[]")]),
        ("a type that is no text", vec![text(r#"{"type":{}}"#)]),
        ("an unknown type", vec![init(), text(r#"{"type":"start","id":"1"}"#)]),
        ("the older protocol", vec![init(), text(r#"{"type":"connection_terminate"}"#)]),
        ("words of the server", vec![init(), text(r#"{"type":"next","id":"1","payload":{}}"#)]),
        ("greeted twice", vec![init(), init()]),
        (
            "one id twice",
            vec![
                init(),
                subscribe("a", "subscription { events { type } }"),
                subscribe("a", "{ me { id } }"),
                subscribe("a", "{ me { id } }"),
            ],
        ),
        ("bytes", vec![Message::binary(vec![0; 1_000])]),
        ("a message over the limit", vec![text(&"x".repeat(limit + 1))]),
        ("a message of eight megabytes", vec![text(&"x".repeat(8 << 20))]),
        (
            "a token twice",
            vec![text(
                r#"{"type":"connection_init","payload":{"authorization":"Bearer a","Authorization":"Bearer b"}}"#,
            )],
        ),
        (
            "a frame that is no UTF-8",
            vec![Message::Frame(Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true))],
        ),
        (
            "a continuation of nothing",
            vec![Message::Frame(Frame::message(b"x".to_vec(), OpCode::Data(Data::Continue), true))],
        ),
        (
            "a reserved kind of frame",
            vec![Message::Frame(Frame::message(b"x".to_vec(), OpCode::Data(Data::Reserved(5)), true))],
        ),
        (
            "a message in pieces without end",
            (0..64)
                .map(|at| {
                    let kind = if at == 0 { Data::Text } else { Data::Continue };
                    Message::Frame(Frame::message(vec![b'x'; 16 << 10], OpCode::Data(kind), false))
                })
                .collect(),
        ),
    ];
    for (name, messages) in cases {
        let mut socket = open(&server).await;
        for message in messages {
            // Closed in the middle is closed.
            if soon(name, socket.send(message)).await.is_err() {
                break;
            }
        }
        let code = ends(&mut socket, name).await;
        // One subscription of nobody's may be refused before its id comes again; else the line is shut.
        assert!(
            code.is_none_or(|code| (4400..4500).contains(&code) || (1002..=1011).contains(&code)),
            "{name}: {code:?}"
        );
        // At once, and not when the time for a greeting is over.
        if name.contains("before") {
            assert_eq!(code, Some(4401), "{name}");
        }
    }
    is_well(&server).await;
    server.stop().await;
}

/// A query that grows is refused over a websocket as it is by POST, and the line goes on.
#[tokio::test]
async fn a_query_that_would_grow_is_refused_here_as_well() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let mut socket = open(&server).await;
    socket.send(text(r#"{"type":"connection_init"}"#)).await.unwrap();
    let aliases: String = (0..1_000).map(|at| format!("a{at}: __typename ")).collect();
    let grown = |open: &str, close: &str| {
        format!("{{ __type(name: \"Node\") {{ {} name {} }} }}", open.repeat(6), close.repeat(6))
    };
    for (at, query) in [
        format!("{{ {aliases} }}"),
        format!("subscription {{ {aliases} }}"),
        grown("possibleTypes { interfaces { ", "} } "),
        "{a".repeat(50_000),
        "{ ...F } fragment F on Query { ...F }".to_owned(),
        format!("subscription {{ events {{ type }} {} }}", "events { type } ".repeat(2_000)),
    ]
    .iter()
    .enumerate()
    {
        socket.send(subscribe(&at.to_string(), query)).await.unwrap();
        let said = soon(query, async {
            loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) if text.contains("connection_ack") => {}
                    Some(Ok(Message::Text(text))) => return text.to_string(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("{other:?}"),
                }
            }
        })
        .await;
        tells_nothing(&said, query);
        assert!(said.contains("\"type\":\"error\"") && !said.contains("INTERNAL"), "{said}");
    }
    socket.send(text(r#"{"type":"ping"}"#)).await.unwrap();
    let pong = tokio::time::timeout(Duration::from_secs(30), socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(pong.to_text().unwrap(), r#"{"type":"pong"}"#);
    is_well(&server).await;
    server.stop().await;
}

/// Two hundred lines that say nothing take nobody's place, and are shut when their time is over.
#[tokio::test]
async fn lines_that_say_nothing_take_nobodys_place() {
    let app = TestApp::new().await;
    let server = Server::over(&app.otherwise(|config| config.limits.header_timeout_seconds = 1).await);
    let mut lines = Vec::new();
    for _ in 0..200 {
        lines.push(open(&server).await);
    }
    soon("with two hundred lines open", is_well(&server)).await;
    for mut line in lines {
        assert_eq!(ends(&mut line, "a line that says nothing").await, Some(4408));
    }
    is_well(&server).await;
    server.stop().await;
}

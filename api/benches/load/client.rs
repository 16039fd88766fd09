//! A client that costs little: HTTP/1.1 over connections that stay open, requests made beforehand.

use std::{
    io::Read,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::Outcome;

/// Whole requests: for each connection a list that it goes through again and again.
pub type Asks = Vec<Vec<Vec<u8>>>;

/// What one measurement gave.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Requests per second over all connections.
    pub rate: f64,
    /// Half of the answers took longer.
    pub median: Duration,
    /// One in a hundred took longer.
    pub slow: Duration,
}

/// Writes a request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// A connection that stays open.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens one.
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request and waits for the whole answer; anything but success is an error.
    pub async fn ask(&mut self, request: &[u8]) -> Outcome<&[u8]> {
        self.stream.write_all(request).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Outcome<&[u8]> {
        self.buffer.clear();
        let mut searched = 0_usize;
        let body = loop {
            self.more().await?;
            let from = searched.saturating_sub(3);
            let rest = self.buffer.get(from..).unwrap_or_default();
            if let Some(at) = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break from + at + 4;
            }
            searched = self.buffer.len();
        };
        let head = std::str::from_utf8(self.buffer.get(..body).unwrap_or_default())?;
        let is_good = head.get(9..10) == Some("2");
        let length = head
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim().parse::<usize>())
            .transpose()?
            .ok_or_else(|| format!("an answer without its length: {head}"))?;
        while self.buffer.len() < body + length {
            self.more().await?;
        }
        if !is_good {
            return Err(String::from_utf8_lossy(&self.buffer).into());
        }
        Ok(self.buffer.get(body..).unwrap_or_default())
    }

    async fn more(&mut self) -> Outcome<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the server has closed the connection".into());
        }
        Ok(())
    }
}

/// One request over a connection of its own.
pub async fn once(address: SocketAddr, request: &[u8]) -> Outcome<Vec<u8>> {
    Ok(Connection::open(address).await?.ask(request).await?.to_vec())
}

/// Sends a file as the body of a request, piece by piece.
pub async fn upload(address: SocketAddr, path: &str, token: &str, kind: &str, file: &Path) -> Outcome<Vec<u8>> {
    let mut file = std::fs::File::open(file)?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\ncontent-type: {kind}\r\n\
         authorization: Bearer {token}\r\n\r\n",
        file.metadata()?.len()
    );
    let mut connection = Connection::open(address).await?;
    connection.stream.write_all(head.as_bytes()).await?;
    let mut piece = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut piece)?;
        match piece.get(..read) {
            Some([]) | None => break,
            Some(bytes) => connection.stream.write_all(bytes).await?,
        }
    }
    Ok(connection.answer().await?.to_vec())
}

/// Tokens of clients, by client id and secret.
pub async fn tokens(address: SocketAddr, clients: &[(String, String)]) -> Outcome<Vec<String>> {
    let mut tokens = Vec::new();
    for (id, secret) in clients {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let answer = once(address, &request("POST", "/oauth/token", &form, &body)).await?;
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        let token = answer.get("access_token").and_then(|token| token.as_str()).ok_or("no token")?;
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}

/// Asks over so many connections for so long, each as fast as the answers come.
pub async fn load(address: SocketAddr, asks: &Asks, connections: usize, span: Duration) -> Outcome<Figures> {
    let asks = Arc::new(asks.clone());
    let mut open = Vec::new();
    for place in 0..connections {
        let mut connection = Connection::open(address).await?;
        let list = place % asks.len();
        connection.ask(asks.get(list).and_then(|list| list.first()).ok_or("nothing to ask")?).await?;
        open.push((connection, list));
    }
    let began = Instant::now();
    let mut running: JoinSet<Outcome<Vec<Duration>>> = JoinSet::new();
    for (mut connection, list) in open {
        let asks = Arc::clone(&asks);
        running.spawn(async move {
            let mut times = Vec::new();
            let list = asks.get(list).ok_or("nothing to ask")?;
            for request in list.iter().cycle().skip(1) {
                let sent = Instant::now();
                connection.ask(request).await?;
                times.push(sent.elapsed());
                if began.elapsed() >= span {
                    break;
                }
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = running.join_next().await {
        times.extend(ended??);
    }
    let took = began.elapsed();
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    let count = u32::try_from(times.len())?;
    Ok(Figures { rate: f64::from(count) / took.as_secs_f64(), median: at(50), slow: at(99) })
}

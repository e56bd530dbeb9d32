//! What an open page of the dashboard asks its server for, over HTTP/1 as a browser does.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::interval,
};

use crate::{Error, NAME};

/// As `curriculum.js` has them: how often it looks, at which looks it asks for curves and diagnoses, how many tasks it shows.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const CURVES: u64 = 2;
const DIAGNOSIS: u64 = 5;
const WINDOW: u64 = 500;

/// A connection that is kept.
struct Connection {
    stream: BufReader<TcpStream>,
    authority: String,
    token: String,
}

/// Where a page is, and what opens it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    authority: String,
    token: String,
}

impl Address {
    /// From what `magister serve` prints.
    pub(crate) fn read(url: &str) -> Result<Self, Error> {
        let (authority, token) = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once("/?token="))
            .ok_or("the server has no dashboard")?;
        Ok(Self { authority: authority.to_owned(), token: token.to_owned() })
    }
}

/// Looks for as long as it is let.
pub(crate) async fn look(address: Address, first: Duration) -> Result<(), Error> {
    tokio::time::sleep(first).await;
    let mut watching = Connection::open(&address).await?;
    let message = format!("%7B%22curriculum%22:%22{NAME}%22,%22minInterval%22:%220.500s%22%7D");
    watching.send("GET", &format!("/api/stream/WatchDistribution?message={message}"), "").await?;
    let mut calls = Connection::open(&address).await?;
    let mut interval = interval(LOOK_EVERY);
    let mut seen = 0;
    let mut events = [0; 1 << 16];
    for turn in 0_u64.. {
        interval.tick().await;
        let described = calls.call("GetCurriculum", &json!({ "name": NAME })).await?;
        let described: Value = serde_json::from_slice(&described)?;
        let episodes: u64 = described["episodes"].as_str().ok_or("no episodes")?.parse()?;
        if episodes > seen {
            let from = (seen + 1).max((episodes + 1).saturating_sub(WINDOW));
            let range = json!({ "curriculum": NAME, "fromEpisode": from, "beforeEpisode": episodes + 1, "maxPoints": WINDOW });
            calls.call("ListEpisodePoints", &range).await?;
            seen = episodes;
        }
        if turn.is_multiple_of(CURVES) {
            calls.call("GetProgress", &json!({ "curriculum": NAME, "maxBuckets": 120 })).await?;
        }
        if turn.is_multiple_of(DIAGNOSIS) {
            calls.call("Diagnose", &json!({ "curriculum": NAME })).await?;
        }
        // Fits that have taken effect since: read, or the server would have to keep them.
        while let Ok(read) = watching.stream.get_mut().try_read(&mut events) {
            if read == 0 {
                return Err("the stream of fits ended".into());
            }
        }
    }
    Ok(())
}

impl Connection {
    async fn open(address: &Address) -> Result<Self, Error> {
        let Address { authority, token } = address.clone();
        let stream = TcpStream::connect(&authority).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), authority, token })
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<(), Error> {
        let Self { authority, token, .. } = self;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(self.stream.get_mut().write_all(request.as_bytes()).await?)
    }

    /// Makes a call, and leaves its answer unread but for its bytes: what a browser makes of it is not the server's time.
    async fn call(&mut self, name: &str, message: &Value) -> Result<Vec<u8>, Error> {
        self.send("POST", &format!("/api/{name}"), &message.to_string()).await?;
        let mut status = String::new();
        self.stream.read_line(&mut status).await?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            self.stream.read_line(&mut header).await?;
            match header.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        if !status.starts_with("HTTP/1.1 200") {
            return Err(format!("{name}: {status}{}", String::from_utf8_lossy(&body)).into());
        }
        Ok(body)
    }
}

//! A client of server-sent events, on a connection that a test can cut at any time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::server::Server;

/// A stream being read.
#[derive(Debug)]
pub struct Stream {
    reader: BufReader<TcpStream>,
    /// The HTTP status.
    pub status: u16,
    /// The lines of the head, in lower case.
    pub head: Vec<String>,
    /// The text that came and was not read yet.
    text: String,
}

/// One block of a stream.
#[derive(Debug, Default)]
pub struct Block {
    /// `id`, if it has one.
    pub id: Option<i64>,
    /// `event`.
    pub event: String,
    /// `data`; null of a block without.
    pub data: Value,
    /// Everything.
    pub text: String,
}

impl Stream {
    /// Asks for a stream; returns when the head of the answer is here.
    pub fn open(server: &Server, bearer: &str, path: &str, last_event_id: Option<i64>) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        let timeout = Some(Duration::from_mins(1));
        stream.set_read_timeout(timeout).unwrap();
        let id = last_event_id.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\n\
             Accept: text/event-stream\r\n{id}\r\n"
        );
        (&stream).write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim_end().to_lowercase();
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let status = head[0].split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            reader,
            status,
            head,
            text: String::new(),
        }
    }

    /// The next block; `None` at the end of the stream.
    pub fn block(&mut self) -> Option<Block> {
        loop {
            if let Some((text, rest)) = self.text.split_once("\n\n") {
                let block = Block::of(text);
                self.text = rest.to_owned();
                return Some(block);
            }
            let chunk = self.chunk();
            if chunk.is_empty() {
                return None;
            }
            self.text.push_str(&chunk);
        }
    }

    /// The next event, its place and its type.
    pub fn event(&mut self) -> Block {
        loop {
            let block = self.block().expect("the stream goes on");
            if block.data != Value::Null {
                return block;
            }
        }
    }

    fn chunk(&mut self) -> String {
        let mut size = String::new();
        self.reader.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.reader.read_exact(&mut chunk).unwrap();
        chunk.truncate(size);
        String::from_utf8(chunk).unwrap()
    }
}

impl Block {
    fn of(text: &str) -> Self {
        let mut block = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => block.id = id.parse().ok(),
                Some(("event", event)) => event.clone_into(&mut block.event),
                Some(("data", data)) => block.data = serde_json::from_str(data).unwrap(),
                _ => {}
            }
        }
        block
    }
}

//! Stands between a client and the server, and does something before it passes a certain request on:
//! so a change that may happen between two requests of a client happens there every time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::rest::Hosted;
use super::server::Server;

/// An action that is done once.
type Act = Box<dyn FnOnce() + Send>;

/// A running proxy; it ends with the test process.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// The server's port.
    upstream: u16,
    armed: Mutex<Option<Armed>>,
    /// The bodies of the POST requests that were passed on.
    posts: Mutex<Vec<Vec<u8>>>,
    /// How long the server may be silent before its connection is given up.
    patience: Option<Duration>,
    /// The server's last answer, the head apart and as it was sent: in chunks or not.
    answered: Mutex<Vec<u8>>,
}

struct Armed {
    /// Requests of which method count.
    method: &'static str,
    /// Such requests that pass before.
    passing: usize,
    act: Act,
    /// Bytes of the request's body that are passed on, before the connection breaks; `None`: all.
    cut_at: Option<usize>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy in front of the server.
    pub fn before(server: &Server) -> Self {
        Self::start(server, None)
    }

    /// A proxy that gives a request up when the server says nothing for so long.
    pub fn impatient(server: &Server, patience: Duration) -> Self {
        Self::start(server, Some(patience))
    }

    fn start(server: &Server, patience: Option<Duration>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            upstream: server.port(),
            armed: Mutex::default(),
            posts: Mutex::default(),
            patience,
            answered: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // A client that hangs up is not this proxy's failure.
                std::thread::spawn(move || drop(shared.pass(connection)));
            }
        });
        Self { port, shared }
    }

    /// The URL of a repository of the server, with its token, by way of the proxy.
    pub fn url(&self, hosted: &Hosted) -> String {
        let (ours, theirs) = (self.port, self.shared.upstream);
        let url = hosted.url();
        url.replacen(&format!(":{theirs}/"), &format!(":{ours}/"), 1)
    }

    /// The same without the token.
    pub fn remote(&self, hosted: &Hosted) -> String {
        let (ours, theirs) = (self.port, self.shared.upstream);
        let url = &hosted.remote;
        url.replacen(&format!(":{theirs}/"), &format!(":{ours}/"), 1)
    }

    /// Runs `act` before POST request number `number` from now on, counted from 1.
    pub fn before_post(&self, number: usize, act: impl FnOnce() + Send + 'static) {
        self.before_request("POST", number, act);
    }

    /// Runs `act` before request number `number` of this method from now on, counted from 1.
    pub fn before_request(
        &self,
        method: &'static str,
        number: usize,
        act: impl FnOnce() + Send + 'static,
    ) {
        self.arm(Armed {
            method,
            passing: number - 1,
            act: Box::new(act),
            cut_at: None,
        });
    }

    /// Breaks the next request of this method off behind so many bytes of its body.
    pub fn cut(&self, method: &'static str, bytes: usize) {
        self.arm(Armed {
            method,
            passing: 0,
            act: Box::new(|| {}),
            cut_at: Some(bytes),
        });
    }

    fn arm(&self, armed: Armed) {
        *self.shared.armed.lock().expect("no thread panics") = Some(armed);
        self.shared.posts.lock().expect("no thread panics").clear();
    }

    /// Whether the act was done.
    pub fn has_acted(&self) -> bool {
        self.shared
            .armed
            .lock()
            .expect("no thread panics")
            .is_none()
    }

    /// The server's last answer, without the head.
    pub fn last_answer(&self) -> Vec<u8> {
        let answered = self.shared.answered.lock();
        answered.expect("no thread panics").clone()
    }

    /// The bodies of the POST requests that came since [`Self::before_post`], or ever.
    pub fn posts(&self) -> Vec<Vec<u8>> {
        self.shared.posts.lock().expect("no thread panics").clone()
    }
}

impl Shared {
    /// Passes one request on, and its answer back.
    fn pass(&self, client: TcpStream) -> std::io::Result<()> {
        let mut from_client = BufReader::new(client.try_clone()?);
        let mut to_client = client;
        let request = Head::read(&mut from_client)?;
        let mut body = Vec::new();
        request.copy_body(&mut from_client, &mut body, false)?;
        let cut_at = self.act_if_due(&request.first);
        if request.first.starts_with("POST ") {
            self.posts
                .lock()
                .expect("no thread panics")
                .push(body.clone());
        }
        let mut server = TcpStream::connect(("127.0.0.1", self.upstream))?;
        request.write(&mut server)?;
        if let Some(bytes) = cut_at {
            return server.write_all(&body[..bytes]);
        }
        server.write_all(&body)?;
        server.set_read_timeout(self.patience)?;
        let mut from_server = BufReader::new(server);
        let answer = Head::read(&mut from_server)?;
        answer.write(&mut to_client)?;
        let mut both = Tee(to_client, Vec::new());
        answer.copy_body(&mut from_server, &mut both, true)?;
        *self.answered.lock().expect("no thread panics") = both.1;
        Ok(())
    }

    /// Does the act before this request, if it is due. Where the body is to be cut, if it is.
    fn act_if_due(&self, first_line: &str) -> Option<usize> {
        let mut armed = self.armed.lock().expect("no thread panics");
        let (method, _) = first_line.split_once(' ')?;
        match armed.take() {
            Some(due) if due.passing == 0 && due.method == method => {
                // Nobody else comes in between.
                (due.act)();
                due.cut_at
            }
            Some(mut later) => {
                later.passing -= usize::from(later.method == method);
                *armed = Some(later);
                None
            }
            None => None,
        }
    }
}

/// Writes to a connection, and keeps the bytes written.
struct Tee(TcpStream, Vec<u8>);

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The first line and the headers of a request or an answer.
struct Head {
    first: String,
    headers: Vec<String>,
}

impl Head {
    fn read(reader: &mut impl BufRead) -> std::io::Result<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
            lines.push(line);
        }
        if lines.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let first = lines.remove(0);
        Ok(Self {
            first,
            headers: lines,
        })
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Writes it for a connection that ends with this exchange.
    fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let mut out = self.first.clone();
        for line in &self.headers {
            let name = line.split(':').next().unwrap_or_default();
            if !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("expect") {
                out.push_str(line);
            }
        }
        out.push_str("Connection: close\r\n\r\n");
        to.write_all(out.as_bytes())
    }

    /// Copies the body that follows, in chunks as it comes; `to_end`: one of no told length goes on to
    /// the end of the connection.
    fn copy_body(
        &self,
        from: &mut impl BufRead,
        to: &mut impl Write,
        to_end: bool,
    ) -> std::io::Result<()> {
        if self.value("transfer-encoding").is_some() {
            return copy_chunks(from, to);
        }
        match self
            .value("content-length")
            .and_then(|length| length.parse().ok())
        {
            Some(length) => copy(&mut from.by_ref().take(length), to),
            None if to_end => copy(from, to),
            None => Ok(()),
        }
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<()> {
    std::io::copy(from, to).map(drop)
}

fn copy_chunks(from: &mut impl BufRead, to: &mut impl Write) -> std::io::Result<()> {
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        to.write_all(line.as_bytes())?;
        let digits = line.trim();
        let Ok(size) = u64::from_str_radix(digits, 16) else {
            return Err(std::io::ErrorKind::InvalidData.into());
        };
        // With the line end behind it.
        copy(&mut from.by_ref().take(size + 2), to)?;
        to.flush()?;
        if size == 0 {
            return Ok(());
        }
    }
}

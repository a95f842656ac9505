//! Another Git server: real git's `http-backend`, behind a small HTTP server that can be told to
//! misbehave.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::lfs_files::{self, LfsFiles};

mod wire;

/// The type of an answer to a fetch.
const FETCH_TYPE: &str = "application/x-git-upload-pack-result";

/// How the server behaves; changed while it runs.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Asks for this `user:password`.
    pub credentials: Option<String>,
    /// Answers every request for refs of a path that begins so with a redirect: the path's rest is
    /// put behind the target.
    pub redirect: Option<(String, String)>,
    /// Breaks off this many answers to a fetch (not to `ls-refs`), after so many bytes of pack.
    pub cuts: Option<(u32, usize)>,
    /// Sends at most this fast.
    pub bytes_per_second: Option<usize>,
    /// Answers everything with this status.
    pub status: Option<u16>,
    /// Does not know of protocol versions.
    pub is_old: bool,
    /// Answers with a web page.
    pub is_web_page: bool,
    /// Answers every request for a pack with this status.
    pub fetch_status: Option<u16>,
    /// Answers so many `ls-refs` with these lines, whatever the repository has.
    pub list: Option<(u32, Vec<String>)>,
    /// Answers every request for a pack with this one, whatever was asked for.
    pub pack: Option<Vec<u8>>,
    /// Gives out objects of Git LFS; without it there is no such server, as with real git.
    pub lfs: Option<LfsFiles>,
    /// How it takes pushes.
    pub push: Option<PushRule>,
}

/// How the server takes pushes, where it is not as git does.
#[derive(Debug, Clone)]
pub enum PushRule {
    /// Answers with this status and these headers.
    Status(u16, &'static str),
    /// Answers with this report, and changes nothing.
    Report(Vec<u8>),
    /// Changes what it is asked for, and breaks off before it says so.
    Lost,
    /// Says nothing until the rules are other ones.
    Hang,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When all of it was there.
    pub at: Instant,
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub body: String,
    /// Bytes of the body.
    pub bytes: usize,
    /// Whether its length was not told.
    pub is_chunked: bool,
}

/// A running server of the repositories below a folder.
#[derive(Debug)]
pub struct Remote {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    rules: Mutex<Rules>,
    seen: Mutex<Vec<Seen>>,
    /// Connections that are being answered.
    answering: AtomicUsize,
}

impl Remote {
    /// Serves the repositories below `root`; it ends with the test process.
    pub fn serve(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            rules: Mutex::default(),
            seen: Mutex::default(),
            answering: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // A client that hangs up is not this server's failure.
                shared.answering.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    drop(shared.answer(connection));
                    shared.answering.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, shared }
    }

    /// The URL of a repository below the root.
    pub fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    /// The same with credentials.
    pub fn url_with(&self, credentials: &str, name: &str) -> String {
        format!("http://{credentials}@127.0.0.1:{}/{name}", self.port)
    }

    /// Behaves like this from now on.
    pub fn set(&self, rules: Rules) {
        *self.shared.rules.lock().expect("no thread panics") = rules;
    }

    /// Whether every answer has ended.
    pub fn is_idle(&self) -> bool {
        self.shared.answering.load(Ordering::SeqCst) == 0
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("no thread panics").clone()
    }
}

impl Shared {
    fn answer(&self, connection: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(connection.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let headers = wire::headers(&mut reader)?;
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let is_chunked = header("transfer-encoding").is_some();
        let body = if is_chunked {
            wire::chunked(&mut reader)?
        } else {
            let length = header("content-length").and_then(|length| length.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body)?;
            body
        };
        let request = Request {
            method,
            target,
            authorization: header("authorization"),
            content_type: header("content-type").unwrap_or_default(),
            protocol: header("git-protocol"),
            body,
            is_chunked,
        };
        self.note(&request);
        self.respond(&request, connection)
    }

    fn note(&self, request: &Request) {
        let seen = Seen {
            at: Instant::now(),
            method: request.method.clone(),
            path: request.target.clone(),
            authorization: request.authorization.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            bytes: request.body.len(),
            is_chunked: request.is_chunked,
        };
        self.seen.lock().expect("no thread panics").push(seen);
    }

    fn respond(&self, request: &Request, mut out: TcpStream) -> std::io::Result<()> {
        let rules = self.rules.lock().expect("no thread panics").clone();
        if let Some(status) = rules.status {
            return wire::empty(&mut out, status, "");
        }
        if let Some((prefix, location)) = &rules.redirect
            && let Some(rest) = request.target.strip_prefix(prefix.as_str())
        {
            let to = format!("Location: {location}{rest}\r\n");
            return wire::empty(&mut out, 301, &to);
        }
        if rules.is_web_page {
            return wire::whole(&mut out, "text/html", b"<html>");
        }
        if let Some(files) = &rules.lfs
            && request.method == "GET"
            && let Some(oid) = lfs_files::object_in(&request.target)
        {
            return files.send(oid, out);
        }
        if let Some(credentials) = &rules.credentials
            && request.authorization.as_deref() != Some(wire::basic(credentials).as_str())
        {
            return wire::empty(&mut out, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n");
        }
        if let Some(files) = &rules.lfs
            && let Some(base) = request.target.strip_suffix("/objects/batch")
        {
            let base = format!("http://{}{base}", out.local_addr()?);
            return files.answer(&base, &request.body, out);
        }
        if request.is_fetch() {
            if let Some(status) = rules.fetch_status {
                return wire::empty(&mut out, status, "");
            }
            if let Some(pack) = &rules.pack {
                return wire::whole(&mut out, FETCH_TYPE, &wire::pack_answer(pack));
            }
        }
        if request.body.windows(7).any(|seven| seven == b"ls-refs")
            && let Some(lines) = self.take_list()
        {
            return wire::whole(&mut out, FETCH_TYPE, &wire::lines(&lines));
        }
        if let Some(rule) = &rules.push
            && request.method == "POST"
            && request.target.ends_with("/git-receive-pack")
        {
            return self.misbehave(rule, request, &rules, &mut out);
        }
        self.backend(request, &rules, &mut out)
    }

    /// Takes a push otherwise than git does.
    fn misbehave(
        &self,
        rule: &PushRule,
        request: &Request,
        rules: &Rules,
        out: &mut TcpStream,
    ) -> std::io::Result<()> {
        match rule {
            PushRule::Status(status, headers) => wire::empty(out, *status, headers),
            PushRule::Report(report) => {
                wire::whole(out, "application/x-git-receive-pack-result", report)
            }
            PushRule::Lost => self.backend(request, rules, &mut std::io::sink()),
            PushRule::Hang => {
                while matches!(
                    self.rules.lock().expect("no thread panics").push,
                    Some(PushRule::Hang)
                ) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            }
        }
    }

    /// Runs git's CGI program and passes its answer on.
    fn backend(
        &self,
        request: &Request,
        rules: &Rules,
        out: &mut impl std::io::Write,
    ) -> std::io::Result<()> {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        let protocol = request.protocol.as_deref().filter(|_| !rules.is_old);
        let mut child = Command::new("git")
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("REQUEST_METHOD", &request.method)
            .env("CONTENT_TYPE", &request.content_type)
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("GIT_PROTOCOL", protocol.unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut stdin = child.stdin.take().expect("it is a pipe");
        let body = request.body.clone();
        let writing = std::thread::spawn(move || drop(stdin.write_all(&body)));
        let mut answer = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let head = wire::headers(&mut answer)?;
        let status = head.iter().find(|(name, _)| name == "status");
        let status = status.map_or("200 OK", |(_, status)| status.as_str());
        write!(
            out,
            "HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        )?;
        for (name, value) in head.iter().filter(|(name, _)| name != "status") {
            write!(out, "{name}: {value}\r\n")?;
        }
        out.write_all(b"\r\n")?;
        let copied = self.copy(request, rules, &mut answer, out);
        drop(answer);
        let _ = child.kill();
        let _ = child.wait();
        let _ = writing.join();
        copied
    }

    fn copy(
        &self,
        request: &Request,
        rules: &Rules,
        answer: &mut impl Read,
        out: &mut impl std::io::Write,
    ) -> std::io::Result<()> {
        let is_fetch = request.is_fetch();
        let limit = if is_fetch { self.take_cut() } else { None };
        let mut copied = 0;
        let mut piece = [0; 4096];
        loop {
            let count = answer.read(&mut piece)?;
            if count == 0 {
                return out.write_all(b"0\r\n\r\n");
            }
            write!(out, "{count:x}\r\n")?;
            out.write_all(&piece[..count])?;
            out.write_all(b"\r\n")?;
            out.flush()?;
            copied += count;
            if limit.is_some_and(|limit| copied >= limit) {
                return Ok(());
            }
            if let Some(rate) = rules.bytes_per_second.filter(|_| is_fetch) {
                std::thread::sleep(Duration::from_micros((count * 1_000_000 / rate) as u64));
            }
        }
    }

    fn take_list(&self) -> Option<Vec<String>> {
        let mut rules = self.rules.lock().expect("no thread panics");
        let (left, lines) = rules.list.clone().filter(|(left, _)| *left > 0)?;
        rules.list = Some((left - 1, lines.clone()));
        Some(lines)
    }

    fn take_cut(&self) -> Option<usize> {
        let mut rules = self.rules.lock().expect("no thread panics");
        let (left, bytes) = rules.cuts.filter(|(left, _)| *left > 0)?;
        rules.cuts = Some((left - 1, bytes));
        Some(bytes)
    }
}

struct Request {
    method: String,
    target: String,
    authorization: Option<String>,
    content_type: String,
    protocol: Option<String>,
    body: Vec<u8>,
    is_chunked: bool,
}

impl Request {
    fn is_fetch(&self) -> bool {
        self.body.windows(5).any(|five| five == b"want ")
    }
}

//! Cairn with the S3 server to which large files go directly. The server checks signatures; its bucket is
//! the one that Cairn has.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::installed::installed;
use super::rest::Rest;
use super::server::Server;
use super::{package_root, port};

/// The bucket of wrangler.toml.
const BUCKET: &str = "cairn-packs";
const ACCESS_KEY_ID: &str = "the-key-of-these-tests";
/// The key, which must be in no answer and no log.
pub const SECRET_ACCESS_KEY: &str = "the-secret-of-these-tests";

/// Both servers, ended with this value.
#[derive(Debug)]
pub struct Presigning {
    /// Cairn.
    pub cairn: Server,
    /// Where the S3 server listens.
    pub s3_url: String,
    /// The bucket behind it, without signatures: `PUT` and `GET /<key>` as tests/support/bucket reads them.
    pub bucket: Rest,
    _s3: S3Server,
}

impl Presigning {
    /// Starts both; `Err` says why there is no S3 server on this machine.
    pub fn start() -> Result<Self, String> {
        let program = installed("s3")?.join("s3-server");
        let port = port::free();
        let bucket_url = format!("http://127.0.0.1:{port}");
        let (s3, s3_url) = S3Server::start(Command::new(program).args([
            &bucket_url,
            ACCESS_KEY_ID,
            SECRET_ACCESS_KEY,
        ]));
        let config = package_root().join("tests/support/bucket/wrangler.toml");
        let cairn = Server::start_with(&[
            ("CONSUMER", config.display().to_string().leak()),
            ("CONSUMER_PORT", port.to_string().leak()),
            ("CAIRN_S3_ENDPOINT", s3_url.clone().leak()),
            ("CAIRN_S3_BUCKET", BUCKET),
            ("CAIRN_S3_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("CAIRN_S3_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ]);
        Ok(Self {
            cairn,
            bucket: Rest::new(&format!("{bucket_url}/{BUCKET}"), None),
            s3_url,
            _s3: s3,
        })
    }
}

/// The S3 server, which ends when its standard input does.
#[derive(Debug)]
struct S3Server {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl S3Server {
    fn start(command: &mut Command) -> (Self, String) {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the S3 server starts");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        read.expect("the S3 server says where it listens");
        let url = line.trim_end().strip_prefix("ready on ");
        let url = url.expect("the S3 server is ready").to_owned();
        let stdin = child.stdin.take();
        (Self { child, stdin }, url)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

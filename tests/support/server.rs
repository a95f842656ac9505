//! The real Worker under workerd, as `make serve` runs it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::rest::Rest;
use super::scratch::Scratch;
use super::wait::{until, until_true};
use super::{package_root, port};

/// The operator key of every server of the tests.
pub const ADMIN_KEY: &str = "the-operator-of-these-tests";

/// How long a server may take to end by itself before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Names and values.
type Variables = Vec<(&'static str, &'static str)>;

/// A running server with a state of its own, ended with this value.
#[derive(Debug)]
pub struct Server {
    process: Running,
    /// The clone that it was built in.
    root: PathBuf,
    state: PathBuf,
    port: u16,
    /// Variables of the deployment, beside those of wrangler.toml.
    variables: Variables,
    /// Removes the state, unless the server does so itself.
    _folder: Option<Scratch>,
}

/// The server that all tests of this binary share. It ends when the test process does,
/// however that ends, because its standard input then does; and throws its state away.
pub fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| {
        let state = tempfile::Builder::new().prefix("cairn-state-").tempdir();
        let state = state.expect("a temporary folder can be made").keep();
        let root = package_root();
        let flags = ["--discard-state"];
        let (process, port) = Running::start(&root, &state, port::free(), &flags, &[]);
        Server {
            process,
            root,
            state,
            port,
            variables: Variables::new(),
            _folder: None,
        }
    })
}

impl Server {
    /// Starts a server on a free port, for a test that stops or breaks it.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with variables of the deployment.
    pub fn start_with(variables: &[(&'static str, &'static str)]) -> Self {
        let folder = Scratch::new();
        let state = folder.join("state");
        Self {
            _folder: Some(folder),
            ..Self::start_at(&package_root(), &state, variables)
        }
    }

    /// The same of the clone at `root`, an older version's say, on a folder that may have data.
    pub fn start_at(root: &Path, state: &Path, variables: &[(&'static str, &'static str)]) -> Self {
        let (process, port) = Running::start(root, state, port::free(), &[], variables);
        Self {
            process,
            root: root.to_owned(),
            state: state.to_owned(),
            port,
            variables: variables.to_vec(),
            _folder: None,
        }
    }

    /// Kills the server for good. Its folder of state stays, unless it is the server's own.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// Ends the server in an orderly way, and starts it on the same port and state.
    pub fn restart(&mut self) {
        self.process.stop();
        self.begin();
    }

    /// Like [`Self::restart`], with other variables of the deployment.
    pub fn restart_with(&mut self, variables: &[(&'static str, &'static str)]) {
        self.variables = variables.to_vec();
        self.restart();
    }

    /// Like [`Self::restart`], with `between` given the folder of state while nothing runs.
    pub fn restart_after(&mut self, between: impl FnOnce(&Path)) {
        self.process.stop();
        between(&self.state);
        self.begin();
    }

    /// Kills the server in the middle of its work, and starts it again.
    pub fn crash(&mut self) {
        self.crash_after(|_| {});
    }

    /// Like [`Self::crash`], with `between` given the folder of state while nothing runs.
    pub fn crash_after(&mut self, between: impl FnOnce(&Path)) {
        self.process.kill();
        between(&self.state);
        self.begin();
    }

    /// The same, but does not wait until the server answers: the arrangement in `between` may stop it before.
    pub fn crash_into(&mut self, between: impl FnOnce(&Path)) {
        self.process.kill();
        between(&self.state);
        self.await_port();
        self.process = Running::spawn(&self.root, &self.state, self.port, &[], &self.variables);
    }

    fn begin(&mut self) {
        self.await_port();
        let (root, state) = (&self.root, &self.state);
        (self.process, self.port) = Running::start(root, state, self.port, &[], &self.variables);
    }

    /// A killed workerd lets go of its port only once the kernel has freed its memory.
    fn await_port(&self) {
        until_true("the port is free", STOP_GRACE, || {
            TcpListener::bind(("127.0.0.1", self.port)).is_ok()
        });
    }

    /// Where it listens, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The CPU time that it has used since its last start.
    pub fn cpu_time(&self) -> Duration {
        cpu_time_of_group(self.process.child.id())
    }

    /// Its folder of state.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The objects in R2, by the tables of its emulation. (Its files tell less: one whose writing
    /// was killed stays, though no object has it.)
    pub fn r2_objects(&self) -> i64 {
        let folder = self.state.join("data/r2/miniflare-R2BucketObject");
        let files = std::fs::read_dir(folder).into_iter().flatten();
        let files = files.map(|file| file.unwrap().path());
        let objects = files
            .filter(|file| file.extension().is_some_and(|name| name == "sqlite"))
            .filter(|file| file.file_stem().is_some_and(|name| name != "metadata"))
            .map(|file| {
                let tables = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
                let count = "SELECT count(*) FROM _mf_objects";
                tables
                    .unwrap()
                    .query_one(count, (), |row| row.get::<_, i64>(0))
                    .unwrap()
            });
        objects.sum()
    }

    /// Its output since the last start.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.process.log).unwrap_or_default()).into_owned()
    }

    /// The lines of its log that are JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| {
            let (_, json) = line.split_once("] {")?;
            serde_json::from_str(&format!("{{{json}")).ok()
        };
        self.log().lines().filter_map(parse).collect()
    }

    /// The lines of requests in its log, as soon as they are enough: they come a moment after the
    /// answers.
    pub fn request_lines(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        until("lines in the log", Duration::from_secs(10), || {
            let mut found = self.json_lines();
            found.retain(|line| line["event"] == "request");
            Some(found).filter(|found| enough(found))
        })
    }

    /// A client with the operator's key.
    pub fn rest(&self) -> Rest {
        Rest::new(&self.url(), Some(ADMIN_KEY))
    }
}

/// `scripts/serve.mjs`, not yet started, with nothing set but the key and the state.
pub fn serve_command(state: &Path) -> Command {
    serve_command_of(&package_root(), state)
}

fn serve_command_of(root: &Path, state: &Path) -> Command {
    let mut command = Command::new(root.join("scripts/node"));
    command
        .arg(root.join("scripts/serve.mjs"))
        .env("STATE", state)
        .env("CAIRN_ADMIN_KEY", ADMIN_KEY)
        // Deleted repositories go at once, so that stories see the rest. Some stories set another time.
        .env("CAIRN_UNDELETE_SECONDS", "0")
        .env_remove("PORT");
    command
}

/// The processes of one start: serve.mjs and the workerd below it, in a group of their own.
#[derive(Debug)]
struct Running {
    child: Child,
    /// Kept to the end: the server may write to it.
    stdout: BufReader<ChildStdout>,
    /// Where its standard error goes.
    log: PathBuf,
}

impl Running {
    /// Starts on `port`, and returns with the port when it is ready.
    fn start(
        root: &Path,
        state: &Path,
        port: u16,
        flags: &[&str],
        variables: &[(&str, &str)],
    ) -> (Self, u16) {
        let mut running = Self::spawn(root, state, port, flags, variables);
        let Some(port) = running.ready() else {
            let said = std::fs::read_to_string(&running.log).unwrap_or_default();
            panic!("the server does not start (is it built? `make build`):\n{said}");
        };
        (running, port)
    }

    /// Starts on `port`.
    fn spawn(
        root: &Path,
        state: &Path,
        port: u16,
        flags: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let log = log_file();
        let mut child = serve_command_of(root, state)
            .arg("--until-stdin-closes")
            .args(flags)
            .envs(variables.iter().copied())
            .env("PORT", port.to_string())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("the server's log can be written"))
            .spawn()
            .expect("bash is installed");
        let stdout = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        Self { child, stdout, log }
    }

    /// Waits for the line that says where the server listens; nothing if it ends before.
    fn ready(&mut self) -> Option<u16> {
        let mut line = String::new();
        while self
            .stdout
            .read_line(&mut line)
            .is_ok_and(|bytes| bytes > 0)
        {
            if let Some(url) = line.trim_end().strip_prefix("ready on ") {
                return url.rsplit(':').next()?.parse().ok();
            }
            line.clear();
        }
        None
    }

    /// Lets it end by itself, as its standard input closes; kills one that does not.
    fn stop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + STOP_GRACE;
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
    }

    /// Kills the group: workerd would outlive serve.mjs otherwise.
    fn kill(&mut self) {
        let group = format!("kill -KILL -{}", self.child.id());
        let _ = Command::new("sh").args(["-c", &group]).status();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.stop();
        }
    }
}

/// The CPU time that the processes of a group and their threads have used, as the kernel's scheduler
/// counts it.
fn cpu_time_of_group(group: u32) -> Duration {
    let folders = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let is_in_group = |process: &Path| {
        let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        let mut fields = stat.rsplit(") ").next().unwrap_or("").split(' ');
        fields
            .nth(2)
            .is_some_and(|found| found == group.to_string())
    };
    let nanoseconds = |thread: &Path| {
        let text = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|first| first.parse::<u64>().ok())
    };
    let processes = folders(Path::new("/proc")).map(|process| process.path());
    let processes = processes.filter(|process| is_in_group(process));
    let threads = processes.flat_map(|process| folders(&process.join("task")));
    let nanoseconds = threads.filter_map(|thread| nanoseconds(&thread.path()));
    Duration::from_nanos(nanoseconds.sum())
}

/// Where a server's log is kept after the run: named after the test binary.
fn log_file() -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static STARTS: AtomicU32 = AtomicU32::new(0);
    let start = STARTS.fetch_add(1, Ordering::Relaxed);
    // The binary is `target/debug/deps/<suite>-<hash>`.
    let binary = std::env::current_exe().expect("a test binary has a path");
    let suite = binary
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let suite = suite.rsplit_once('-').map_or(&*suite, |(name, _)| name);
    let target = binary
        .ancestors()
        .nth(3)
        .expect("it is below a target folder");
    let folder = target.join("tmp");
    std::fs::create_dir_all(&folder).expect("the folder of the logs can be made");
    folder.join(format!("server-{suite}-{start}.log"))
}

//! The real binary on a data directory of its own, over real sockets.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::small_disk::SmallDisk;

/// The secret token that webhooks to a test server carry.
pub(crate) const WEBHOOK_TOKEN: &str = "a secret of the tests";

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory, and the server that runs on it now.
pub(crate) struct Server {
    dir: TempDir,
    disk: Option<SmallDisk>,
    /// How many files it may have open, if not as many as the test.
    open_files_max: Option<u32>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    base: String,
    client: Client,
    /// What it has logged.
    errors: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server on an empty data directory.
    #[track_caller]
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        let dir = private_dir();
        Self::start_in(dir, None, environment)
    }

    /// The same with a folder of the data directory, or all of it, on a disk of its own, of so many
    /// mebibytes.
    #[track_caller]
    pub(crate) fn start_on_small_disk(
        folder: &str,
        mebibytes: u32,
        environment: &[(&str, &str)],
    ) -> Self {
        let dir = private_dir();
        let at = dir.path().join(folder);
        std::fs::create_dir_all(&at).expect("it can be made");
        let disk = SmallDisk::mount(&at, mebibytes);
        Self::start_in(dir, Some(disk), environment)
    }

    /// The same where it may have so many files open.
    #[track_caller]
    pub(crate) fn start_with_open_files(max: u32, environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let mut server = Self::not_started(dir, None, environment);
        server.open_files_max = Some(max);
        server.restart();
        server
    }

    #[track_caller]
    fn start_in(dir: TempDir, disk: Option<SmallDisk>, environment: &[(&str, &str)]) -> Self {
        let mut server = Self::not_started(dir, disk, environment);
        server.restart();
        server
    }

    fn not_started(dir: TempDir, disk: Option<SmallDisk>, environment: &[(&str, &str)]) -> Self {
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Self {
            dir,
            disk,
            open_files_max: None,
            environment: environment.collect(),
            child: None,
            base: String::new(),
            client: client(),
            errors: Arc::default(),
        }
    }

    /// Starts the server again, after it was killed or stopped.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        assert!(self.child.is_none(), "the server still runs");
        let mut child = self
            .command(&["--listen", "127.0.0.1:0", "serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built");
        // Read from the beginning: a server that logs much would wait for its reader before it
        // listens.
        let errors = child.stderr.take().expect("standard error is a pipe");
        let said = Arc::clone(&self.errors);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut said = said
                    .lock()
                    .expect("no thread panics while it holds the lock");
                said.push_str(&line);
                said.push('\n');
            }
        });
        let mut line = String::new();
        let out = child.stdout.take().expect("standard output is a pipe");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("the server says where it listens");
        let Some(base) = line.trim().strip_prefix("listening on ") else {
            let _ = reader.join();
            panic!("the server did not start: {line}{}", self.logged());
        };
        self.base = base.to_owned();
        self.child = Some(child);
    }

    /// An empty data directory on which no server runs yet.
    pub(crate) fn not_running(environment: &[(&str, &str)]) -> Self {
        let dir = private_dir();
        Self::not_started(dir, None, environment)
    }

    /// Starts a server on the data directory of a demo with so many builds.
    #[track_caller]
    pub(crate) fn start_on_sample(builds: u32, environment: &[(&str, &str)]) -> Self {
        let dir = private_dir();
        let mut server = Self::not_started(dir, None, environment);
        server.fill_with_sample(builds);
        server.restart();
        server
    }

    /// Runs a demo on the data directory until it is ready, and kills it.
    #[track_caller]
    pub(crate) fn fill_with_sample(&self, builds: u32) {
        let mut demo = self
            .command(&["--listen", "127.0.0.1:0", "demo", "--builds"])
            .arg(builds.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary was built");
        let out = demo.stdout.take().expect("standard output is a pipe");
        let mut lines = BufReader::new(out).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.contains("ready at")));
        assert!(ready, "the demo did not start");
        demo.kill().expect("it can be killed");
        demo.wait().expect("it can be waited for");
    }

    /// Waits until every view is at the head of the log.
    pub(crate) async fn until_ready(&self) {
        let begun = Instant::now();
        let ready = || self.client.get(self.url("/readyz")).send();
        while !ready()
            .await
            .is_ok_and(|response| response.status().is_success())
        {
            assert!(begun.elapsed() < PATIENCE, "not ready: {}", self.logged());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the server as a power cut of the process would.
    #[track_caller]
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it can be waited for");
    }

    /// Signals the server to stop, and waits until it has.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        self.has_stopped();
    }

    /// Sends the server a signal, by its name.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("the server runs");
        let sent = Command::new("kill")
            .args(["-s", name, &child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Waits until the server has stopped, in order.
    #[track_caller]
    pub(crate) fn has_stopped(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        let status = child.wait().expect("it can be waited for");
        assert!(status.success(), "it did not stop in order: {status}");
    }

    /// Whether the server still runs.
    #[track_caller]
    pub(crate) fn runs(&mut self) -> bool {
        let child = self.child.as_mut().expect("the server was started");
        matches!(child.try_wait(), Ok(None))
    }

    /// Waits until the server has logged a text.
    pub(crate) async fn until_logged(&self, text: &str) {
        let begun = Instant::now();
        while !self.logged().contains(text) {
            assert!(
                begun.elapsed() < PATIENCE,
                "`{text}` was never logged:\n{}",
                self.logged()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The small disk that it was started on.
    #[track_caller]
    pub(crate) fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("it was started on a small disk")
    }

    /// What a meter without labels shows; 0 if there is none.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let metrics = self.metrics().await;
        let mut lines = metrics.lines().filter(|line| !line.starts_with('#'));
        let line = lines.find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
        value.unwrap_or(0.0)
    }

    async fn metrics(&self) -> String {
        let metrics = self.request(Method::GET, "/metrics").send().await;
        let metrics = metrics.expect("the server answers").text().await;
        metrics.expect("the answer is whole")
    }

    /// Panics that it has counted, and those that it has logged.
    pub(crate) async fn panics(&self) -> Vec<String> {
        let counted = self.metrics().await;
        let counted = counted
            .lines()
            .filter(|line| line.starts_with("tallyman_http_panics") && !line.ends_with(" 0"));
        let said = self
            .errors
            .lock()
            .expect("no thread panics while it holds the lock");
        let said = said.lines().filter(|line| line.contains("panicked at"));
        counted.chain(said).map(str::to_owned).collect()
    }

    /// What it has logged so far.
    pub(crate) fn logged(&self) -> String {
        self.errors.lock().expect("no test panics with it").clone()
    }

    /// The data directory.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The token of the data directory.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let path: PathBuf = self.dir().join("admin.token");
        let path = match &self.disk {
            Some(disk) => disk.outside(&path),
            None => path,
        };
        std::fs::read_to_string(path)
            .expect("the server made a token")
            .trim()
            .to_owned()
    }

    /// Where a path is on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A request with the token of the data directory.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, self.url(path))
            .bearer_auth(self.token())
    }

    /// Sends a GET request, and expects JSON and 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self
            .request(Method::GET, path)
            .send()
            .await
            .expect("the server answers");
        let status = response.status();
        let text = response.text().await.expect("the answer is whole");
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).expect("the answer is JSON")
    }

    /// Sends a GET request, and returns any answer.
    pub(crate) async fn get_any(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await;
        let response = response.expect("the server answers");
        response.json().await.unwrap_or(Value::Null)
    }

    /// Repeats a GET request until the answer is as wanted: for effects after an acknowledgement.
    pub(crate) async fn get_until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let value = self.get_any(path).await;
            if wanted(&value) {
                return value;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{path} never became as wanted: {value:#}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Posts a webhook as GitLab would.
    pub(crate) async fn collect(&self, body: &Value, key: Option<&str>) -> Response {
        self.try_collect(body, key)
            .await
            .expect("the server answers")
    }

    /// The same, when the server may be killed meanwhile.
    pub(crate) async fn try_collect(
        &self,
        body: &Value,
        key: Option<&str>,
    ) -> reqwest::Result<Response> {
        let mut request = self
            .client
            .post(self.url("/v1/collect"))
            .header("X-Gitlab-Event", "Job Hook")
            .header("X-Gitlab-Token", WEBHOOK_TOKEN)
            .json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        request.send().await
    }

    /// Runs the command line on the data directory.
    #[track_caller]
    pub(crate) fn cli(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .expect("the binary was built")
    }

    /// Starts the command line on the data directory, without waiting for it.
    #[track_caller]
    pub(crate) fn cli_start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary was built")
    }

    /// The command line on the data directory, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_tallyman");
        let mut command = match (&self.disk, self.open_files_max) {
            (Some(disk), _) => disk.command(program),
            (None, Some(max)) => {
                // Debian's util-linux; the process that it becomes is the one that is started here.
                let mut command = Command::new("prlimit");
                command.args([&format!("--nofile={max}:{max}"), program]);
                command
            }
            (None, None) => Command::new(program),
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TALLYMAN__SOURCES__DEFAULT__TOKEN", WEBHOOK_TOKEN)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("TALLYMAN__DATA__DIR", self.dir())
            .current_dir(self.dir())
            .args(arguments);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The test is over; whether it was still there does not matter.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An empty folder as a server would make its data directory: for its owner alone.
#[track_caller]
fn private_dir() -> TempDir {
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().expect("a temporary folder can be made")
}

/// It keeps no connection for as long as the server does: one that both give up at the same moment fails a request.
fn client() -> Client {
    let client = Client::builder().pool_idle_timeout(Duration::from_secs(30));
    client.build().expect("a client has what it needs")
}

/// A job hook with every field that the contract requires.
pub(crate) fn hook(build_id: i64, status: &str) -> Value {
    let over = ["success", "failed", "canceled"].contains(&status);
    serde_json::json!({
        "object_kind": "build",
        "build_id": build_id,
        "build_name": "emacs@29.2 /abcdefg",
        "build_stage": "stage-3",
        "build_status": status,
        "build_created_at": "2026-11-20 09:58:00 UTC",
        "build_started_at": "2026-11-20 10:00:00 UTC",
        "build_finished_at": if over { Some("2026-11-20 10:30:00 UTC") } else { None },
        "ref": "develop",
        "runner": {"id": 412, "description": "cluster-runner-7"},
        "project_id": 2,
    })
}

//! A server of our own binary, as a process of its own, for one measurement.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The secret token that the measured server expects of webhooks.
pub const TOKEN: &str = "bench";

/// How long a server may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// A server that is killed when the measurement is over.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took from its start to its first `ready`.
    pub ready_after: Duration,
}

impl Served {
    /// Starts this binary as a server on a data directory and waits until it is ready. `prefix` are the arguments
    /// after which it takes those of `tallyman`: none in `tallyman` itself.
    ///
    /// # Errors
    /// When the server does not start or is not ready in time.
    pub fn start(prefix: &[&str], data_dir: &Path) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(prefix)
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .arg("serve")
            .env("TALLYMAN__SOURCES__DEFAULT__TOKEN", TOKEN)
            .env("TALLYMAN__TELEMETRY__LOG", "warn")
            .env("TALLYMAN__COLLECTOR__ENABLED", "false")
            // Next to a server that has the default ports.
            .env("TALLYMAN__JOBRUNNER__BROADCASTER_PORT", "0")
            .env("TALLYMAN__JOBRUNNER__EVENT_PORT", "0")
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child
            .stdout
            .take()
            .ok_or_else(|| anyhow::anyhow!("no standard output"))?;
        let mut line = String::new();
        let mut lines = BufReader::new(out);
        // The first line has the address; it is printed once requests are served.
        lines.read_line(&mut line)?;
        let address = line
            .trim()
            .rsplit('/')
            .next()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                anyhow::anyhow!("expected an address, the server printed `{}`", line.trim())
            })?;
        let mut served = Self {
            child,
            address,
            ready_after: Duration::ZERO,
        };
        while !served.is_ready() {
            if begun.elapsed() > READY_WITHIN {
                anyhow::bail!("the server is not ready after {READY_WITHIN:?}");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        served.ready_after = begun.elapsed();
        Ok(served)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    /// When the system cannot end it.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn is_ready(&self) -> bool {
        use std::io::{Read, Write};
        let request = || -> std::io::Result<bool> {
            let mut stream = std::net::TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream
                .write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text.starts_with("HTTP/1.1 200"))
        };
        request().unwrap_or(false)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

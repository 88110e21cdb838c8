//! Says on the data directory where its server listens, so that the command line finds it.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The file's name.
const FILE: &str = "server.json";

/// How long a server that is there may take to take a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

#[derive(Serialize, Deserialize)]
struct Written {
    address: SocketAddr,
    pid: u32,
}

/// The file, for as long as the server runs.
pub(crate) struct Announcement(PathBuf);

impl Announcement {
    /// Says where this process listens.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn make(data_dir: &Path, address: SocketAddr) -> std::io::Result<Self> {
        let path = data_dir.join(FILE);
        let written = Written {
            address,
            pid: std::process::id(),
        };
        std::fs::write(&path, serde_json::to_vec(&written)?)?;
        Ok(Self(path))
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A file that stays behind names a process that is gone, and nobody believes it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The base address of the server that runs on a data directory, if one does.
pub(crate) fn running_at(data_dir: &Path) -> Option<String> {
    let text = std::fs::read(data_dir.join(FILE)).ok()?;
    let Written { address, pid } = serde_json::from_slice(&text).ok()?;
    let address = reachable(address);
    let alive = Path::new("/proc").join(pid.to_string()).exists();
    let answers = alive && TcpStream::connect_timeout(&address, CONNECT_WITHIN).is_ok();
    answers.then(|| format!("http://{address}"))
}

/// A server that listens on every address is reached on this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        let here = if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        address.set_ip(here);
    }
    address
}

//! Records in the data directory where its server listens, so that the command line finds it.
//!
//! The file alone is not trusted: it may be left from a dead server, whose process number and port
//! may belong to others by now. The command line sends its token only to the process that has the
//! lock of the log open and that listens on the port itself. Only who may enter the data directory
//! can have that file open.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use eventlog_file::LOCK_NAME;
use serde::{Deserialize, Serialize};

/// The file's name.
const FILE: &str = "server.json";

/// The state of a socket that listens, in the tables of `/proc`.
const LISTENS: &str = "0A";

#[derive(Serialize, Deserialize)]
struct Written {
    address: SocketAddr,
    pid: u32,
}

/// The file, for as long as the server runs.
pub(crate) struct Announcement(PathBuf);

impl Announcement {
    /// Records where this process listens.
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
        // A file that stays behind names a dead process, and is not trusted.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The base address of the server that runs on a data directory, if one does.
pub(crate) fn running_at(data_dir: &Path) -> Option<String> {
    let text = std::fs::read(data_dir.join(FILE)).ok()?;
    let Written { address, pid } = serde_json::from_slice(&text).ok()?;
    let is_it = holds(pid, &data_dir.join("log").join(LOCK_NAME), address.port());
    is_it.then(|| format!("http://{}", reachable(address)))
}

/// Whether a process has this file open and listens on this port.
fn holds(pid: u32, lock: &Path, port: u16) -> bool {
    let Ok(lock) = std::fs::metadata(lock) else {
        return false;
    };
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(open) = std::fs::read_dir(process.join("fd")) else {
        return false;
    };
    let (mut has_lock, mut sockets) = (false, BTreeSet::new());
    for file in open.flatten() {
        let Ok(target) = std::fs::read_link(file.path()) else {
            continue;
        };
        let target = target.to_string_lossy();
        let socket = target.strip_prefix("socket:[");
        if let Some(inode) = socket.and_then(|rest| rest.strip_suffix(']')) {
            sockets.insert(inode.to_owned());
        } else if let Ok(file) = std::fs::metadata(file.path()) {
            has_lock |= (file.dev(), file.ino()) == (lock.dev(), lock.ino());
        }
    }
    has_lock
        && ["tcp", "tcp6"].iter().any(|table| {
            let table = std::fs::read_to_string(process.join("net").join(table));
            listens(&table.unwrap_or_default(), port, &sockets)
        })
}

/// Whether one of these sockets listens on this port, by a table as `/proc/net/tcp` is one.
fn listens(table: &str, port: u16, sockets: &BTreeSet<String>) -> bool {
    let port = format!(":{port:04X}");
    table.lines().any(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, _, _, _, _, _, inode, ..] = columns[..] else {
            return false;
        };
        state == LISTENS && local.ends_with(&port) && sockets.contains(inode)
    })
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A data directory whose announcement names this process and a port on which it listens.
    fn announced() -> (tempfile::TempDir, TcpListener, Announcement) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("log")).unwrap();
        std::fs::write(dir.path().join("log").join(LOCK_NAME), "").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let announcement = Announcement::make(dir.path(), address).unwrap();
        (dir, listener, announcement)
    }

    #[test]
    fn a_server_is_found_only_while_it_has_the_lock_and_the_port() {
        let (dir, listener, announcement) = announced();
        let address = listener.local_addr().unwrap();
        assert_eq!(running_at(dir.path()), None, "nothing has the lock");
        let lock = std::fs::File::open(dir.path().join("log").join(LOCK_NAME)).unwrap();
        assert_eq!(running_at(dir.path()), Some(format!("http://{address}")));
        drop(listener);
        assert_eq!(running_at(dir.path()), None, "nothing listens");
        drop(lock);
        drop(announcement);
        assert_eq!(running_at(dir.path()), None, "nothing is announced");
    }

    /// The number of a dead process may belong to another, and its port to a third.
    #[test]
    fn a_port_of_another_process_is_not_the_servers() {
        let (dir, listener, _announcement) = announced();
        let _lock = std::fs::File::open(dir.path().join("log").join(LOCK_NAME)).unwrap();
        let mut other = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let written = Written {
            address: listener.local_addr().unwrap(),
            pid: other.id(),
        };
        let text = serde_json::to_vec(&written).unwrap();
        std::fs::write(dir.path().join(FILE), text).unwrap();
        let found = running_at(dir.path());
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(found, None);
    }
}

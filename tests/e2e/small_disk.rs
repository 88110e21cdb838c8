//! A small disk of a server's own, in a mount namespace that ends with the test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// Ways into a namespace in which one may mount, and back into it: as a user of one's own, or as
/// root.
const WAYS: [(&[&str], &[&str]); 2] = [
    (
        &["--map-root-user", "--mount"],
        &["--user", "--preserve-credentials", "--mount"],
    ),
    (&["--mount"], &["--mount"]),
];

/// A file system in memory that only those see who enter its namespace.
pub(crate) struct SmallDisk {
    at: PathBuf,
    /// Holds the namespace, until its standard input is closed: however the test ends.
    keeper: Child,
    enter: &'static [&'static str],
    _said: BufReader<ChildStdout>,
}

impl SmallDisk {
    /// Mounts so many mebibytes at an existing folder.
    #[track_caller]
    pub(crate) fn mount(at: &Path, mebibytes: u32) -> Self {
        let mut ways = WAYS.iter();
        let mounted = ways.find_map(|(make, enter)| Self::try_to_mount(at, mebibytes, make, enter));
        mounted.expect(
            "this test mounts a small disk, and may not: let `unshare --map-root-user --mount true` work here \
             (user namespaces), or run the tests as a root that may mount",
        )
    }

    #[track_caller]
    fn try_to_mount(
        at: &Path,
        mebibytes: u32,
        make: &[&str],
        enter: &'static [&'static str],
    ) -> Option<Self> {
        let size = format!("size={mebibytes}m");
        let script = "mount -t tmpfs -o \"$1\" tallyman \"$2\" && echo mounted && exec cat";
        let mut keeper = Command::new("unshare")
            .args(make)
            .args(["sh", "-c", script, "sh", &size])
            .arg(at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`ops/test install` installs Debian's util-linux");
        let out = keeper.stdout.take().expect("standard output is a pipe");
        let mut said = BufReader::new(out);
        let mut line = String::new();
        said.read_line(&mut line)
            .expect("the keeper says something");
        if line != "mounted\n" {
            let _ = keeper.wait();
            return None;
        }
        Some(Self {
            at: at.to_owned(),
            keeper,
            enter,
            _said: said,
        })
    }

    /// Gives the disk another size.
    #[track_caller]
    pub(crate) fn resize(&self, mebibytes: u32) {
        let status = self
            .command("mount")
            .args(["-o", &format!("remount,size={mebibytes}m")])
            .arg(&self.at)
            .status()
            .expect("nsenter runs");
        assert!(status.success(), "the disk could not be resized");
    }

    /// Fills the disk.
    #[track_caller]
    pub(crate) fn fill(&self) {
        // Ends when nothing more can be written.
        let status = self.shell("cat /dev/zero > \"$1/ballast\" 2>/dev/null");
        assert!(!status.success(), "the disk is not full");
    }

    /// Frees the space that [`SmallDisk::fill`] took.
    #[track_caller]
    pub(crate) fn relieve(&self) {
        let status = self.shell("rm \"$1/ballast\"");
        assert!(status.success(), "there is no more space than before");
    }

    #[track_caller]
    fn shell(&self, script: &str) -> ExitStatus {
        let mut command = self.command("sh");
        command.args(["-c", script, "sh"]).arg(&self.at);
        command.status().expect("nsenter runs")
    }

    /// Where a path of those who see the disk is found from outside.
    pub(crate) fn outside(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Runs a program that sees the disk. Its process is the one that is started here.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.keeper.id().to_string()])
            .args(self.enter)
            .args(["--", program]);
        command
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The test is over; whether it was still there does not matter.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

//! The envelope around the state of a strategy: what it is, in which version, and whether it is
//! whole.
//!
//! ```text
//! "tallyman" · kind (8 bytes, padded with spaces) · version (u16, little-endian) · check (16) · body
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

const MAGIC: &[u8; 8] = b"tallyman";
const CHECK_BYTES: usize = 16;
const HEADER_BYTES: usize = MAGIC.len() + 8 + 2 + CHECK_BYTES;

/// Why a snapshot is not restored. History is then learnt again from the start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The bytes are no snapshot of this app.
    #[error("the bytes are not a snapshot")]
    NotASnapshot,
    /// A snapshot of something else, or of a version that is not read.
    #[error("the snapshot holds `{found}`, not `{expected}`")]
    Other {
        /// Kind and version in the header.
        found: String,
        /// Kind and version that are read here.
        expected: String,
    },
    /// The checksum is wrong, or the state contradicts itself.
    #[error("the snapshot is damaged")]
    Damaged,
    /// It was learnt with other settings, so going on with it would mix two histories.
    #[error("the snapshot was learnt with other settings")]
    OtherSettings,
}

/// What a snapshot holds.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static [u8; 8],
    pub(crate) version: u16,
}

impl Kind {
    fn label(self) -> String {
        label(self.name, self.version)
    }
}

pub(crate) fn seal(kind: Kind, state: &impl Serialize) -> Vec<u8> {
    let body = postcard::to_stdvec(state).expect("plain data of known length always encodes");
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend(MAGIC);
    bytes.extend(kind.name);
    bytes.extend(kind.version.to_le_bytes());
    bytes.extend(&blake3::hash(&body).as_bytes()[..CHECK_BYTES]);
    bytes.extend(body);
    bytes
}

pub(crate) fn open<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T, SnapshotError> {
    let (header, body) = bytes
        .split_at_checked(HEADER_BYTES)
        .ok_or(SnapshotError::NotASnapshot)?;
    let header = header
        .strip_prefix(MAGIC)
        .ok_or(SnapshotError::NotASnapshot)?;
    let (name, header) = header.split_at(8);
    let (version, check) = header.split_at(2);
    if name != kind.name || version != kind.version.to_le_bytes() {
        return Err(SnapshotError::Other {
            found: label(name, u16::from_le_bytes([version[0], version[1]])),
            expected: kind.label(),
        });
    }
    if check != &blake3::hash(body).as_bytes()[..CHECK_BYTES] {
        return Err(SnapshotError::Damaged);
    }
    match postcard::take_from_bytes(body) {
        Ok((state, [])) => Ok(state),
        _ => Err(SnapshotError::Damaged),
    }
}

fn label(name: &[u8], version: u16) -> String {
    format!("{} v{version}", String::from_utf8_lossy(name).trim_end())
}

//! Remembers on the disk of one machine.
//!
//! A directory of segments, one writer, one flush per commit however many batches it carries. The
//! crate knows streams, revisions, positions and bytes, and nothing of the domain; it keeps every
//! promise of [`eventlog::EventLog`], which `eventlog::conformance` tests.
//!
//! Start reading at [`FileLog`]; `FORMAT.md` describes the files.

pub mod bench;
mod bytes_at;
mod config;
mod create;
mod disk;
mod engine;
mod fault;
mod files;
mod frame;
mod frames;
mod group;
mod head_record;
mod head_recorder;
mod header;
mod heads;
mod history;
mod ids;
mod keeper;
mod keys;
mod lock;
mod log;
mod memory_index;
mod open;
mod queue;
mod reader;
mod record;
mod record_reader;
mod recovery;
mod scan;
mod seal;
mod segment;
mod shared;
mod sidecar;
mod stats;
mod varint;
mod verify;
mod writer;

pub use config::{Clock, FileLogConfig};
pub use disk::{Faults, Operation, Verdict};
pub use fault::{Damage, Fault, OpenError};
pub use frame::{FRAME_HEADER_BYTES, FrameHeader, FrameKind};
pub use frames::{Frame, Records};
pub use head_record::{HeadRecord, HeadRecordError};
pub use header::{FORMAT_VERSION, FRAMES_START, HeaderError, SegmentHeader};
pub use history::{Evidence, Extent, Missing, MissingHistory, Wanted, missing};
pub use lock::LOCK_NAME;
pub use log::FileLog;
pub use record::RecordRef;
pub use scan::{Scan, fault_in};
pub use verify::{Report, verify};

#[cfg(test)]
mod tests;

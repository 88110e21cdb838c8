//! Where an import comes from.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ToolError;

/// How every zstd frame begins (0x28 is `(`, with which no line of an export begins).
const ZSTD_FIRST_BYTE: u8 = 0x28;

/// Where an import comes from. Compression is detected by the first bytes, not by the name.
pub enum Origin {
    File(PathBuf),
    /// Our standard input.
    Stdin,
    /// Anything else.
    Reader(Box<dyn Read + Send>),
}

/// How many bytes of the input were read so far, and how many there are if that is known.
#[derive(Clone, Default)]
pub(super) struct Gauge {
    pub read: Arc<AtomicU64>,
    pub total: Option<u64>,
}

impl Origin {
    /// What a command line means: `-` is standard input.
    #[must_use]
    pub fn named(name: &Path) -> Self {
        if name == Path::new("-") {
            Self::Stdin
        } else {
            Self::File(name.to_owned())
        }
    }

    pub(super) fn gauge(&self) -> Gauge {
        let total = match self {
            Self::File(path) => std::fs::metadata(path).ok().map(|file| file.len()),
            Self::Stdin | Self::Reader(_) => None,
        };
        let read = Arc::default();
        Gauge { read, total }
    }

    pub(super) fn open(self, gauge: &Gauge) -> Result<Box<dyn BufRead>, ToolError> {
        let (reader, path): (Box<dyn Read>, _) = match self {
            Self::Stdin => (Box::new(io::stdin()), PathBuf::from("-")),
            Self::Reader(reader) => (reader, PathBuf::from("-")),
            Self::File(path) => {
                let file = File::open(&path).map_err(|error| ToolError::file(&path, error))?;
                (Box::new(file), path)
            }
        };
        let read = Arc::clone(&gauge.read);
        let mut reader = BufReader::with_capacity(1 << 18, Counted { reader, read });
        let compressed =
            is_compressed(&mut reader).map_err(|error| ToolError::file(&path, error))?;
        if !compressed {
            return Ok(Box::new(reader));
        }
        let decoder = zstd::stream::read::Decoder::with_buffer(reader)
            .map_err(|error| ToolError::file(&path, error))?;
        Ok(Box::new(BufReader::with_capacity(1 << 18, decoder)))
    }
}

fn is_compressed(reader: &mut impl BufRead) -> io::Result<bool> {
    // One byte is enough, and a pipe may hand over no more than that at first.
    let begin = reader.fill_buf()?;
    Ok(begin.first() == Some(&ZSTD_FIRST_BYTE))
}

struct Counted<R> {
    reader: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

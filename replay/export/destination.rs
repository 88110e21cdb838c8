//! Where an export goes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::ToolError;

/// zstd's own default: a copy is written faster than a disk takes it, at a tenth of its size.
const COMPRESSION_LEVEL: i32 = 3;

/// Where an export goes.
pub enum Destination {
    /// A file, compressed when its name ends in `.zst`. It must not exist.
    File(PathBuf),
    /// Standard output, uncompressed.
    Stdout,
    /// Anything else, uncompressed.
    Writer(Box<dyn Write + Send>),
}

/// An open destination.
pub(super) enum Output {
    Plain(Box<dyn Write + Send>),
    Zstd(zstd::stream::write::Encoder<'static, File>),
    File(BufWriter<File>),
}

impl Destination {
    /// What a command line means: `-` is standard output.
    #[must_use]
    pub fn named(name: &Path) -> Self {
        if name == Path::new("-") {
            Self::Stdout
        } else {
            Self::File(name.to_owned())
        }
    }

    pub(super) fn open(&mut self) -> Result<Output, ToolError> {
        let path = match self {
            Self::Stdout => return Ok(Output::Plain(Box::new(BufWriter::new(io::stdout())))),
            Self::Writer(writer) => {
                let writer = std::mem::replace(writer, Box::new(io::sink()));
                return Ok(Output::Plain(writer));
            }
            Self::File(path) => path.clone(),
        };
        if path.exists() {
            return Err(ToolError::Usage(format!("{} exists", path.display())));
        }
        let partial = partial(&path);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&partial);
        let file = file.map_err(|error| ToolError::file(&partial, error))?;
        if path.extension().is_none_or(|extension| extension != "zst") {
            return Ok(Output::File(BufWriter::with_capacity(1 << 20, file)));
        }
        let mut encoder = zstd::stream::write::Encoder::new(file, COMPRESSION_LEVEL)
            .map_err(|error| ToolError::file(&partial, error))?;
        // A checksum, so that damage in an old copy is detected.
        encoder
            .include_checksum(true)
            .map_err(|error| ToolError::file(&partial, error))?;
        Ok(Output::Zstd(encoder))
    }

    /// Makes the output durable and gives it its name.
    pub(super) fn finish(&self, output: Output) -> Result<(), ToolError> {
        let file = match output {
            Output::Plain(mut writer) => return writer.flush().map_err(|error| self.failed(error)),
            Output::Zstd(encoder) => encoder.finish(),
            Output::File(writer) => writer.into_inner().map_err(io::IntoInnerError::into_error),
        };
        file.and_then(|file| file.sync_all())
            .map_err(|error| self.failed(error))?;
        if let Self::File(path) = self {
            std::fs::rename(partial(path), path).map_err(|error| self.failed(error))?;
            sync_folder_of(path).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// Removes what a failed copy has left.
    pub(super) fn discard(&self) {
        if let Self::File(path) = self {
            // It was ours and is of no use; when it cannot be removed the next try overwrites it.
            let _ = std::fs::remove_file(partial(path));
        }
    }

    pub(super) fn failed(&self, source: io::Error) -> ToolError {
        let path = match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdout | Self::Writer(_) => "-".to_owned(),
        };
        ToolError::File { path, source }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(writer) => writer.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::File(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(writer) => writer.flush(),
            Self::Zstd(encoder) => encoder.flush(),
            Self::File(writer) => writer.flush(),
        }
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// A new name survives a power cut only when its folder was written too.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

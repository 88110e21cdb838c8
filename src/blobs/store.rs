//! Putting and getting.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::task::spawn_blocking;

use crate::{BLOB_BYTES_MAX, BlobError, BlobRef, Digest, S3Config, local, s3};

/// Above this, hashing takes longer than an async thread should be held.
const HASHED_INLINE_BYTES_MAX: usize = 128 << 10;

/// A place for blobs. Cheap to clone.
///
/// What it does is behind boxed futures: the body of an `async fn` would be compiled again in every crate that awaits it.
///
/// A blob is stored at `ab/cdef…`, the first two digits of its digest and the others.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Where the names are to be synced, if the store is a folder.
    directory: Option<Arc<FilePath>>,
}

/// A blob that was found by [`Blobs::list`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name and size.
    pub blob: BlobRef,
    /// When it was written. A blob is written before the event that refers to it: give young ones
    /// time before counting them as unreferenced.
    pub written_at: SystemTime,
}

impl Blobs {
    /// Blobs in memory, for tests.
    pub fn memory() -> Self {
        Self {
            store: Arc::new(InMemory::new()),
            prefix: Path::default(),
            directory: None,
        }
    }

    /// Blobs in a folder, which is created if it is missing. Waits for the disk.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`] when the folder cannot be made or opened.
    pub fn local(directory: impl AsRef<FilePath>) -> Result<Self, BlobError> {
        let (store, directory) = local::open(directory.as_ref())?;
        let directory = Some(Arc::from(directory));
        Ok(Self {
            store: Arc::new(store),
            prefix: Path::default(),
            directory,
        })
    }

    /// Blobs in a bucket. Connects only when used: see [`Blobs::check`].
    ///
    /// # Errors
    /// [`BlobError::Unavailable`] when the configuration makes no sense.
    pub fn s3(config: &S3Config) -> Result<Self, BlobError> {
        let store = Arc::new(s3::open(config)?);
        let prefix = Path::parse(&config.prefix).map_err(object_store::Error::from)?;
        Ok(Self {
            store,
            prefix,
            directory: None,
        })
    }

    /// The blobs in a folder of this place, apart from the others: what is deleted there is deleted
    /// nowhere else. Any text is a name for a folder.
    #[must_use]
    pub fn within(&self, folder: &str) -> Self {
        Self {
            prefix: self.prefix.clone().join(folder),
            ..self.clone()
        }
    }

    /// The folder of bodies that a source sent and that were refused. The oldest of them are
    /// deleted when they are too many, which must not touch a body of the same name that is kept
    /// for good.
    #[must_use]
    pub fn refused_of(&self, source: &str) -> Self {
        self.within("refused").within(source)
    }

    /// Keeps a body. When this returns it is durable. One that is there already is not written
    /// again.
    ///
    /// # Errors
    /// [`BlobError::TooBig`] above [`BLOB_BYTES_MAX`], [`BlobError::Unavailable`].
    pub fn put(&self, body: Bytes) -> BoxFuture<'_, Result<BlobRef, BlobError>> {
        Box::pin(async move {
            let size = body.len() as u64;
            if size > BLOB_BYTES_MAX {
                return Err(BlobError::TooBig {
                    size,
                    size_max: BLOB_BYTES_MAX,
                });
            }
            let digest = hash(&body).await?;
            let path = self.path(digest);
            // Another size is damage, and the right bytes are at hand.
            if self.size(&path).await? == Some(size) {
                self.sync_name(&path).await?;
            } else {
                self.store.put(&path, body.into()).await?;
            }
            Ok(BlobRef { digest, size })
        })
    }

    /// Reads a body and checks its digest. `None` if there is none.
    ///
    /// # Errors
    /// [`BlobError::Fault`] for a damaged body, [`BlobError::TooBig`] for one above `size_max`
    /// bytes (which is not read), [`BlobError::Unavailable`].
    pub fn get(
        &self,
        digest: Digest,
        size_max: u64,
    ) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>> {
        Box::pin(async move {
            let size_max = size_max.min(BLOB_BYTES_MAX);
            let found = match self.store.get(&self.path(digest)).await {
                Ok(found) => found,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let size = found.meta.size;
            if size > size_max {
                return Err(BlobError::TooBig { size, size_max });
            }
            let body = found.bytes().await?;
            let actual = hash(&body).await?;
            if actual != digest {
                let reason = format!("the stored {} bytes have the digest {actual}", body.len());
                return Err(BlobError::Fault { digest, reason });
            }
            Ok(Some(body))
        })
    }

    /// Whether there is a body of this name; it is not read.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    pub fn has(&self, digest: Digest) -> BoxFuture<'_, Result<bool, BlobError>> {
        Box::pin(async move { Ok(self.size(&self.path(digest)).await?.is_some()) })
    }

    /// All blobs, in no certain order. Files that are not blobs are passed over.
    pub fn list(&self) -> BoxStream<'static, Result<Listed, BlobError>> {
        let prefix = self.prefix.clone();
        self.store
            .list(Some(&self.prefix))
            .map_err(BlobError::from)
            .try_filter_map(move |found| std::future::ready(Ok(listed(&found, &prefix))))
            .boxed()
    }

    /// Deletes a blob; one that is not there is deleted already.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    pub fn delete(&self, digest: Digest) -> BoxFuture<'_, Result<(), BlobError>> {
        Box::pin(async move {
            match self.store.delete(&self.path(digest)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Whether the store responds. A missing bucket is detected here: elsewhere it looks like a
    /// missing blob.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    pub fn check(&self) -> BoxFuture<'_, Result<(), BlobError>> {
        Box::pin(async move {
            if let Some(directory) = self.directory.clone() {
                let is_there = spawn_blocking(move || directory.is_dir())
                    .await
                    .unwrap_or(false);
                let reason = "the folder does not exist".to_owned();
                return if is_there {
                    Ok(())
                } else {
                    Err(BlobError::Unavailable { reason })
                };
            }
            self.store
                .list(Some(&self.prefix))
                .next()
                .await
                .transpose()?;
            Ok(())
        })
    }

    async fn size(&self, path: &Path) -> Result<Option<u64>, BlobError> {
        match self.store.head(path).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn sync_name(&self, path: &Path) -> Result<(), BlobError> {
        if let Some(directory) = self.directory.clone() {
            let name = path.to_string();
            in_background(move || local::sync_name(&directory, &name)).await??;
        }
        Ok(())
    }

    fn path(&self, digest: Digest) -> Path {
        let digest = digest.to_string();
        let (folder, name) = digest.split_at(2);
        self.prefix.clone().join(folder).join(name)
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.store)
    }
}

fn listed(found: &ObjectMeta, prefix: &Path) -> Option<Listed> {
    let digits: String = found
        .location
        .prefix_match(prefix)?
        .map(|part| part.as_ref().to_owned())
        .collect();
    let blob = BlobRef {
        digest: digits.parse().ok()?,
        size: found.size,
    };
    Some(Listed {
        blob,
        written_at: found.last_modified.into(),
    })
}

async fn hash(body: &Bytes) -> Result<Digest, BlobError> {
    if body.len() <= HASHED_INLINE_BYTES_MAX {
        return Ok(Digest::of(body));
    }
    let body = body.clone();
    in_background(move || Digest::of(&body)).await
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BlobError> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| BlobError::Unavailable {
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests;

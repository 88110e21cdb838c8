//! Refused bodies that are kept for an operator: the newest of each source, up to so many bytes.
//!
//! They are in folders of their own, one for each source: what is dropped there is dropped nowhere
//! else, although a script or the body of a build may have the same bytes and so the same name.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use blobs::{BlobError, Blobs, Digest};
use bytes::Bytes;
use domain::BlobRef;
use futures::TryStreamExt;
use parking_lot::Mutex;

use crate::Problem;

/// What even the smallest body takes on a disk, in bytes: there are to be only so many files as
/// well.
const FILE_BYTES: u64 = 4096;

/// The bodies that were refused.
pub struct KeptBodies {
    blobs: Blobs,
    bytes_max: u64,
    sources: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Option<Kept>>>>>,
    dropped: AtomicU64,
}

/// What is kept of one source, the oldest first.
#[derive(Default)]
struct Kept {
    oldest_first: VecDeque<(Digest, u64)>,
    known: BTreeSet<Digest>,
    bytes: u64,
}

impl KeptBodies {
    pub(crate) fn new(blobs: Blobs, bytes_max: u64) -> Self {
        Self {
            blobs,
            bytes_max,
            sources: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Keeps a body of a source; durable when this returns. When the source has more than it may,
    /// its oldest are dropped; the newest is kept in any case.
    ///
    /// # Errors
    /// 503 when the body cannot be kept.
    pub async fn keep(&self, source: &str, body: Bytes) -> Result<BlobRef, Problem> {
        self.put(source, body).await.map_err(|error| {
            tracing::error!(%error, source, "a refused body of {source} cannot be kept: {error}");
            Problem::unavailable("the body cannot be kept at present").retry_after(5)
        })
    }

    /// The bytes of a body that was refused; none when they are no longer kept.
    ///
    /// # Errors
    /// When the place of blobs cannot be read, or the body is damaged.
    pub async fn find(&self, source: &str, body: &BlobRef) -> Result<Option<Bytes>, BlobError> {
        let Ok(digest) = body.digest.parse() else {
            return Ok(None);
        };
        match self.blobs.refused_of(source).get(digest, body.size).await? {
            Some(found) => Ok(Some(found)),
            // Earlier versions kept them among all others, where none was ever dropped.
            None => self.blobs.get(digest, body.size).await,
        }
    }

    /// How many bodies were dropped since the start of this process.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    async fn put(&self, source: &str, body: Bytes) -> Result<BlobRef, BlobError> {
        let blobs = self.blobs.refused_of(source);
        let kept = Arc::clone(self.sources.lock().entry(source.to_owned()).or_default());
        // One at a time: a body that is being dropped must not be taken for one that is there
        // already.
        let mut kept = kept.lock().await;
        let kept = match &mut *kept {
            Some(kept) => kept,
            none => none.insert(Kept::found(&blobs).await?),
        };
        let blob = blobs.put(body).await?;
        kept.add(blob.digest, blob.size);
        let mut dropped = 0;
        while let Some(oldest) = kept.too_many(self.bytes_max) {
            blobs.delete(oldest).await?;
            kept.remove_oldest();
            dropped += 1;
        }
        if dropped > 0 {
            self.dropped.fetch_add(dropped, Ordering::Relaxed);
            let bytes_max = self.bytes_max;
            tracing::warn!(
                source,
                dropped,
                bytes_max,
                "dropped {dropped} refused bodies of source {source}: more than {bytes_max} bytes were kept"
            );
        }
        Ok(BlobRef {
            digest: blob.digest.to_string(),
            size: blob.size,
        })
    }
}

impl Kept {
    /// What an earlier process has kept.
    async fn found(blobs: &Blobs) -> Result<Self, BlobError> {
        let mut listed: Vec<_> = blobs.list().try_collect().await?;
        listed.sort_by_key(|listed| (listed.written_at, listed.blob.digest));
        let mut kept = Self::default();
        for listed in listed {
            kept.add(listed.blob.digest, listed.blob.size);
        }
        Ok(kept)
    }

    fn add(&mut self, digest: Digest, size: u64) {
        if self.known.insert(digest) {
            let size = size.max(FILE_BYTES);
            self.bytes += size;
            self.oldest_first.push_back((digest, size));
        }
    }

    /// The oldest body, if the bytes exceed the limit and there are others.
    fn too_many(&self, bytes_max: u64) -> Option<Digest> {
        let is_full = self.bytes > bytes_max && self.oldest_first.len() > 1;
        let oldest = self.oldest_first.front().filter(|_| is_full);
        oldest.map(|(digest, _)| *digest)
    }

    fn remove_oldest(&mut self) {
        if let Some((digest, size)) = self.oldest_first.pop_front() {
            self.known.remove(&digest);
            self.bytes -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY_BYTES: u64 = 10_000;

    fn body(number: u8) -> Bytes {
        Bytes::from(vec![number; usize::try_from(BODY_BYTES).unwrap()])
    }

    async fn kept_of(bodies: &KeptBodies, source: &str, refs: &[BlobRef]) -> Vec<bool> {
        let mut kept = Vec::new();
        for body in refs {
            kept.push(bodies.find(source, body).await.unwrap().is_some());
        }
        kept
    }

    /// One source that was set up wrongly filled the disk with what it sent.
    #[tokio::test]
    async fn the_oldest_bodies_of_a_source_make_way_and_those_of_others_stay() {
        let blobs = Blobs::memory();
        let bodies = KeptBodies::new(blobs.clone(), 3 * BODY_BYTES);
        let other = bodies.keep("other", body(0)).await.unwrap();
        let mut refs = Vec::new();
        for number in 0..5 {
            refs.push(bodies.keep("default", body(number)).await.unwrap());
            // The same body again uses no more space.
            bodies.keep("default", body(number)).await.unwrap();
        }
        let kept = [false, false, true, true, true];
        assert_eq!(kept_of(&bodies, "default", &refs).await, kept);
        assert_eq!(bodies.dropped(), 2);
        assert_eq!(kept_of(&bodies, "other", &[other]).await, [true]);

        // Another process finds what there is, and goes on.
        let bodies = KeptBodies::new(blobs, 3 * BODY_BYTES);
        refs.push(bodies.keep("default", body(9)).await.unwrap());
        let kept = kept_of(&bodies, "default", &refs).await;
        assert_eq!(kept.iter().filter(|is_kept| **is_kept).count(), 3);
        assert!(kept[5] && bodies.dropped() == 1);
    }

    /// A webhook with the bytes of a job's script, dropped later, would take the script with it.
    #[tokio::test]
    async fn what_is_kept_for_another_reason_stays() {
        let blobs = Blobs::memory();
        let script = blobs.put(body(1)).await.unwrap();
        let bodies = KeptBodies::new(blobs.clone(), BODY_BYTES);
        let refused = bodies.keep("default", body(1)).await.unwrap();
        assert_eq!(refused.digest, script.digest.to_string());
        bodies.keep("default", body(2)).await.unwrap();
        assert_eq!(bodies.dropped(), 1);
        assert!(blobs.has(script.digest).await.unwrap());
    }

    #[tokio::test]
    async fn small_bodies_take_a_file_each_and_the_newest_is_kept_in_any_case() {
        let bodies = KeptBodies::new(Blobs::memory(), 2 * FILE_BYTES);
        for number in 0..4 {
            bodies
                .keep("default", Bytes::from(vec![number]))
                .await
                .unwrap();
        }
        assert_eq!(bodies.dropped(), 2);
        let bodies = KeptBodies::new(Blobs::memory(), 0);
        let only = bodies.keep("default", body(1)).await.unwrap();
        assert_eq!(kept_of(&bodies, "default", &[only]).await, [true]);
    }
}

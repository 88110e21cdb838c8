//! What every place for blobs promises, one function per promise.
//!
//! Every function panics with the promise that was broken. The place need not be empty.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use crate::{BLOB_BYTES_MAX, BlobError, Blobs, Digest};

/// Checks every promise.
pub async fn check(blobs: &Blobs) {
    blobs.check().await.expect("the place answers");
    what_was_put_is_got(blobs).await;
    what_is_missing_is_none(blobs).await;
    putting_twice_keeps_one(blobs).await;
    concurrent_puts_agree(blobs).await;
    a_reader_sets_the_limit(blobs).await;
    too_big_is_refused(blobs).await;
    a_deleted_blob_is_gone(blobs).await;
}

/// Bodies of any bytes and sizes come back as they were, under the digest of their bytes.
pub async fn what_was_put_is_got(blobs: &Blobs) {
    for size in [0, 1, 1000, 1 << 20] {
        let body = body(b"got", size);
        let blob = blobs.put(body.clone()).await.expect("a body is put");
        assert_eq!(
            (blob.digest, blob.size),
            (Digest::of(&body), body.len() as u64)
        );
        assert!(blobs.has(blob.digest).await.expect("the place answers"));
        let found = blobs
            .get(blob.digest, blob.size)
            .await
            .expect("a body is read");
        assert_eq!(found, Some(body));
    }
}

/// A blob that was never put is not there, and that is no error.
pub async fn what_is_missing_is_none(blobs: &Blobs) {
    let digest = Digest::of(b"never put");
    assert!(!blobs.has(digest).await.expect("the place answers"));
    assert_eq!(blobs.get(digest, 1).await.expect("the place answers"), None);
}

/// The same body has one name and one copy.
pub async fn putting_twice_keeps_one(blobs: &Blobs) {
    let first = blobs.put(body(b"twice", 100)).await.expect("a body is put");
    let again = blobs
        .put(body(b"twice", 100))
        .await
        .expect("a body is put again");
    assert_eq!(first, again);
    assert_eq!(copies(blobs, first.digest).await, 1);
}

/// Many writers of one body all succeed, and leave it whole.
pub async fn concurrent_puts_agree(blobs: &Blobs) {
    let body = body(b"concurrent", 200_000);
    let puts = (0..16).map(|_| blobs.put(body.clone()));
    let all = futures::future::try_join_all(puts)
        .await
        .expect("every put succeeds");
    assert!(all.iter().all(|blob| *blob == all[0]));
    let found = blobs
        .get(all[0].digest, BLOB_BYTES_MAX)
        .await
        .expect("a body is read");
    assert_eq!(found, Some(body));
    assert_eq!(copies(blobs, all[0].digest).await, 1);
}

/// A body above the reader's limit is refused, not read.
pub async fn a_reader_sets_the_limit(blobs: &Blobs) {
    let blob = blobs.put(body(b"limit", 100)).await.expect("a body is put");
    let refused = blobs.get(blob.digest, blob.size - 1).await;
    let too_big = BlobError::TooBig {
        size: blob.size,
        size_max: blob.size - 1,
    };
    assert_eq!(refused.expect_err("the body is too big"), too_big);
}

/// A body above [`BLOB_BYTES_MAX`] is not taken.
pub async fn too_big_is_refused(blobs: &Blobs) {
    let body = Bytes::from(vec![
        0;
        usize::try_from(BLOB_BYTES_MAX + 1).expect("it fits")
    ]);
    let refused = blobs.put(body).await.expect_err("the body is too big");
    assert!(matches!(refused, BlobError::TooBig { .. }), "{refused}");
}

/// Deleting takes the body away, and deleting again is fine.
pub async fn a_deleted_blob_is_gone(blobs: &Blobs) {
    let blob = blobs
        .put(body(b"deleted", 100))
        .await
        .expect("a body is put");
    blobs.delete(blob.digest).await.expect("a blob is deleted");
    blobs
        .delete(blob.digest)
        .await
        .expect("a deleted blob is deleted already");
    assert!(!blobs.has(blob.digest).await.expect("the place answers"));
    assert_eq!(copies(blobs, blob.digest).await, 0);
}

async fn copies(blobs: &Blobs, digest: Digest) -> usize {
    let listed = blobs
        .list()
        .try_filter(|listed| std::future::ready(listed.blob.digest == digest));
    let listed: Vec<_> = listed.collect().await;
    assert!(listed.iter().all(Result::is_ok), "{listed:?}");
    listed.len()
}

/// A body of its own for every test.
fn body(name: &[u8], size: usize) -> Bytes {
    name.iter().copied().cycle().take(size).collect()
}

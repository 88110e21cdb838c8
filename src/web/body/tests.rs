use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;

use super::*;

fn headers(encoding: &'static str) -> HeaderMap {
    [(CONTENT_ENCODING, HeaderValue::from_static(encoding))]
        .into_iter()
        .collect()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_gzip_body_is_read_as_what_was_packed() {
    let body = Body::from(gzipped(b"{}"));
    assert_eq!(read_body(&headers("GZip"), body, 100).await.unwrap(), "{}");
}

#[tokio::test]
async fn a_small_gzip_that_inflates_beyond_the_limit_is_refused() {
    let bomb = gzipped(&vec![0; 10_000_000]);
    assert!(bomb.len() < 20_000);
    let refused = read_body(&headers("gzip"), Body::from(bomb), 20_000)
        .await
        .unwrap_err();
    assert_eq!(refused.status, 413);
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_the_senders_fault() {
    for (encoding, body, status) in [
        ("gzip", &b"not gzip"[..], 400),
        ("gzip", &gzipped(b"cut off")[..9], 400),
        ("gzip", b"", 400),
        ("br", b"{}", 415),
        ("gzip, gzip", b"{}", 415),
    ] {
        let refused = read_body(&headers(encoding), Body::from(body.to_vec()), 100).await;
        assert_eq!(refused.unwrap_err().status, status, "{encoding} {body:?}");
    }
}

#[tokio::test]
async fn a_body_may_have_exactly_the_limit_and_not_one_byte_more() {
    for (size, fits) in [(0, true), (9, true), (10, true), (11, false)] {
        let read = read_body(&HeaderMap::new(), Body::from(vec![b' '; size]), 10).await;
        assert_eq!(read.is_ok(), fits, "{size}");
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_whatever_comes() {
    let announced = [(CONTENT_LENGTH, HeaderValue::from_static("11"))]
        .into_iter()
        .collect();
    let refused = collect(&announced, Body::empty(), 10).await.unwrap_err();
    assert_eq!(refused.status, 413);
}

/// Many a sender reads no answer before all was sent; up to a limit, for who sends for ever is not
/// waited for.
#[tokio::test]
async fn what_is_left_of_a_refused_body_is_read_and_thrown_away() {
    const PIECE: usize = 64 * 1024;
    for (pieces, announced, read_max) in [
        (20, None, 20),
        (20, Some(20 * PIECE), 20),
        (usize::MAX, None, DRAINED_BYTES_MAX / PIECE + 3),
    ] {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let sent = futures::stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; PIECE]))
        });
        let body = Body::from_stream(futures::StreamExt::take(sent, pieces));
        let length = announced.map(|length| (CONTENT_LENGTH, HeaderValue::from(length)));
        let headers = length.into_iter().collect();
        let refused = collect(&headers, body, PIECE).await.unwrap_err();
        let read = read.load(Ordering::Relaxed);
        assert_eq!(refused.status, 413);
        assert!((20..=read_max).contains(&read), "{read} of {pieces}");
    }
}

/// A client that waits for `100 Continue` had to send its body before it was refused.
#[tokio::test]
async fn nothing_is_read_of_a_refused_body_that_waits_for_100_continue() {
    let read = Arc::new(AtomicUsize::new(0));
    let body = || {
        let counted = Arc::clone(&read);
        Body::from_stream(futures::stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
        }))
    };
    let headers: HeaderMap = [
        (EXPECT, HeaderValue::from_static("100-Continue")),
        (CONTENT_LENGTH, HeaderValue::from_static("11")),
    ]
    .into_iter()
    .collect();
    let refused = collect(&headers, body(), 10).await.unwrap_err();
    assert_eq!(refused.status, 413);
    assert_eq!(discard(&headers, body(), 10).await.unwrap_err().status, 413);
    assert!(discard(&headers, body(), 11).await.is_ok());
    assert!(drain(&headers, &mut body(), 11).await);
    assert_eq!(read.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_body_that_is_thrown_away_may_be_as_large_as_one_that_is_read() {
    let declared: HeaderMap = [(CONTENT_LENGTH, HeaderValue::from_static("11"))]
        .into_iter()
        .collect();
    for (headers, size, fits) in [
        (HeaderMap::new(), 10, true),
        (HeaderMap::new(), 11, false),
        (declared, 0, false),
    ] {
        let body = || Body::from(vec![b' '; size]);
        let (read, thrown_away) = (
            collect(&headers, body(), 10).await,
            discard(&headers, body(), 10).await,
        );
        assert_eq!((read.is_ok(), thrown_away.is_ok()), (fits, fits), "{size}");
    }
}

#[test]
fn depth_counts_brackets_and_not_text() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(check_depth(nested(JSON_DEPTH_MAX).as_bytes()), Ok(()));
    assert_eq!(
        check_depth(nested(JSON_DEPTH_MAX + 1).as_bytes()),
        Err(JSON_DEPTH_MAX)
    );
    let text = format!(r#"["\"{}"]"#, "[{".repeat(100));
    assert_eq!(check_depth(text.as_bytes()), Ok(()));
    let flat = "[],".repeat(100);
    assert_eq!(check_depth(flat.as_bytes()), Ok(()));
}

//! A digest has one text, and nothing else is one.

use super::*;

#[test]
fn a_digest_reads_back() {
    let digest = Digest::of(b"a body");
    assert_eq!(digest.to_string().parse(), Ok(digest));
    assert_ne!(digest, Digest::of(b"another body"));
}

#[test]
fn what_is_not_a_digest_is_refused() {
    let digest = Digest::of(b"a body").to_string();
    for text in [
        "",
        "../../etc/passwd",
        &digest[1..],
        &format!("{digest}0"),
        &format!("{digest}00"),
        &format!("g{}", &digest[1..]),
        &format!("A{}", &digest[1..]),
    ] {
        assert_eq!(text.parse::<Digest>(), Err(NotADigest), "{text}");
    }
}

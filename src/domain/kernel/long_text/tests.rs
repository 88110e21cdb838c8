use super::*;

#[test]
fn a_text_of_more_than_64_kib_does_not_fit() {
    for (bytes, expected) in [(0, true), (65_536, true), (65_537, false)] {
        let text = LongText::Inline("x".repeat(bytes));
        assert_eq!(text.fits(), expected, "{bytes}");
    }
    let (digest, size) = ("0".repeat(64), 800_000);
    assert!(LongText::Blob(BlobRef { digest, size }).fits());
}

#[test]
fn a_text_is_never_shown() {
    let text = LongText::Inline("export PASSWORD=hunter2".to_owned());
    assert_eq!(format!("{text:?}"), "LongText(23 bytes)");
}

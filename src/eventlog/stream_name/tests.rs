use super::*;

#[test]
fn a_name_is_split_at_its_first_hyphen() {
    let name = StreamName::parse("infrastructure-b4486ddb-32b7").unwrap();
    assert_eq!(
        ("infrastructure", "b4486ddb-32b7"),
        (name.category(), name.key())
    );
}

#[test]
fn names_that_cannot_be_read_back_are_refused() {
    for (name, expected) in [
        ("", NameError::Shape),
        ("build", NameError::Shape),
        ("-7", NameError::Shape),
        ("build-", NameError::Shape),
        ("build-a\nb", NameError::ControlCharacter),
        ("build-a\0b", NameError::ControlCharacter),
    ] {
        assert_eq!(StreamName::parse(name).unwrap_err(), expected, "{name:?}");
    }
    let long = format!("build-{}", "x".repeat(STREAM_NAME_BYTES_MAX));
    assert!(matches!(
        StreamName::parse(long),
        Err(NameError::TooLong { .. })
    ));
}

#[test]
fn a_category_has_no_hyphen() {
    assert_eq!(
        StreamName::new("kill-request", "7").unwrap_err(),
        NameError::Category
    );
}

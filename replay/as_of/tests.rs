use super::*;

#[test]
fn a_moment_is_written_as_a_position_or_a_time() {
    let noon = "2026-03-01T12:00:00Z".parse().unwrap();
    for (text, expected) in [
        ("42", Some(AsOf::Position(Position(42)))),
        (" 0 ", Some(AsOf::Position(Position(0)))),
        ("2026-03-01T12:00:00Z", Some(AsOf::Time(noon))),
        ("2026-03-01T13:00:00+01:00", Some(AsOf::Time(noon))),
        ("2026-03-01 12:00:00Z", Some(AsOf::Time(noon))),
        ("2026-03-01T12:00:00", None),
        ("99999999999999999999", None),
        ("-1", None),
        ("", None),
        ("yesterday", None),
    ] {
        assert_eq!(text.parse().ok(), expected, "{text:?}");
    }
}

#[test]
fn a_moment_reads_as_it_was_written() {
    for text in ["42", "2026-03-01T12:00:00Z"] {
        assert_eq!(text.parse::<AsOf>().unwrap().to_string(), text);
    }
}

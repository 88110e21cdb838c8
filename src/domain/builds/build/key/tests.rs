use proptest::prelude::*;

use super::*;

#[test]
fn a_bare_number_belongs_to_the_default_source() {
    for (text, source, number) in [
        ("9892514", "default", 9_892_514),
        ("gitlab:7", "gitlab", 7),
        ("gitlab@ci.example.org:7", "gitlab@ci.example.org", 7),
        ("a:-1", "a", -1),
    ] {
        let key: BuildKey = text.parse().unwrap();
        assert_eq!((key.source(), key.number()), (source, number), "{text}");
    }
}

#[test]
fn what_names_no_build_is_refused() {
    for (text, expected) in [
        ("", KeyError::Number),
        ("gitlab", KeyError::Number),
        ("gitlab:", KeyError::Number),
        ("gitlab:seven", KeyError::Number),
        ("gitlab:9223372036854775808", KeyError::Number),
        (":7", KeyError::Source),
        ("a b:7", KeyError::Source),
        ("a:b:7", KeyError::Source),
        ("a/b:7", KeyError::Source),
        ("\u{e9}:7", KeyError::Source),
        (&format!("{}:7", "x".repeat(129)), KeyError::Source),
    ] {
        assert_eq!(text.parse::<BuildKey>(), Err(expected), "{text:?}");
    }
}

proptest! {
    #[test]
    fn a_key_is_read_as_it_is_written(source in "[a-zA-Z0-9._@-]{1,128}", number in any::<i64>()) {
        let key = BuildKey::new(&source, number).unwrap();
        prop_assert_eq!(key.to_string().parse::<BuildKey>().unwrap(), key.clone());
        let json = serde_json::to_string(&key).unwrap();
        prop_assert_eq!(serde_json::from_str::<BuildKey>(&json).unwrap(), key);
    }

    #[test]
    fn no_text_makes_reading_a_key_panic(text in ".{0,60}") {
        let _ = text.parse::<BuildKey>();
    }
}

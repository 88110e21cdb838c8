use proptest::prelude::*;

use super::Variants;

#[test]
fn variants_read_as_history_compares_them() {
    for (text, json) in [
        ("", "{}"),
        ("+json", r#"{"json": true}"#),
        ("+json~x k=v", r#"{"json": true, "x": false, "k": "v"}"#),
        (
            "~a patches=02253c7,acb3805 build_system=cmake +b",
            r#"{"a": false, "patches": ["02253c7", "acb3805"], "build_system": "cmake", "b": true}"#,
        ),
        ("b=1 a=2", r#"{"b": "1", "a": "2"}"#),
        ("+a b=1 ~a", r#"{"a": false, "b": "1"}"#),
        ("k=", r#"{"k": ""}"#),
        ("k=, l=a,", r#"{"k": ["", ""], "l": ["a", ""]}"#),
        ("junk + ~ =v", "{}"),
        (
            "l:='c,c++' m:=a,b+x n:=\"c d\"~y",
            r#"{"l": ["c", "c++"], "m": ["a", "b"], "x": true, "n": "c d", "y": false}"#,
        ),
        ("k:='open +x", r#"{"k": "'open", "x": true}"#),
        ("k:='a\tb\nc'", r#"{"k": "a\tb\nc"}"#),
        ("k='c++'", r#"{"k": "'c", "'": true}"#),
        ("k=\"é\u{1f980}\"", r#"{"k": "\"\u00e9\ud83e\udd80\""}"#),
    ] {
        assert_eq!(Variants::parse(text).to_json(), json, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_is_written_becomes_one_ascii_object(text in any::<String>()) {
        let json = Variants::parse(&text).to_json();
        let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
        prop_assert!(json.is_ascii());
        prop_assert!(read.keys().all(|name| !name.is_empty()));
    }

    #[test]
    fn every_part_that_is_a_variant_is_kept(
        names in proptest::collection::btree_set("[a-z][a-z0-9_]{0,8}", 1..12),
        kind in 0..4_usize,
    ) {
        let written: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(index, name)| match (index + kind) % 4 {
                0 => format!("+{name}"),
                1 => format!("~{name}"),
                2 => format!(" {name}=text "),
                _ => format!(" {name}=a,b "),
            })
            .collect();
        let json = Variants::parse(&written.concat()).to_json();
        let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read.len(), names.len());
    }
}

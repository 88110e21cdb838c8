use proptest::prelude::*;
use serde_json::json;

use super::*;

/// One row per refused text and the part that its refusal must name.
#[test]
fn what_is_not_a_spec_is_refused_with_the_part_that_is_wrong() {
    for (text, part) in [
        ("", "name"),
        ("hi", "name"),
        ("@29.2 +json%gcc@12.3.0", "name"),
        ("@29.2 +json arch=x86_64%gcc@12.3.0", "name"),
        ("emacs@ +json arch=x%gcc@12", "version"),
        ("emacs@", "version"),
        ("emacs@29.2", "variants"),
        ("emacs@29.2 ", "variants"),
        ("emacs@29.2 arch=x%gcc@12", "variants"),
        ("emacs@29.2   arch=x%gcc@12", "variants"),
        ("emacs@29.2+json arch=x%gcc@12", "variants"),
        ("emacs@29.2 junk arch=x%gcc@12", "variants"),
        ("emacs@29.2 + ~ =x arch=x%gcc@12", "variants"),
        ("emacs@29.2 +json", "arch"),
        ("emacs@29.2 +json%gcc@12.3.0", "arch"),
        ("emacs@29.2 +jsonarch=x%gcc@12", "arch"),
        ("emacs@29.2 +json arch=%gcc@12", "arch"),
        ("emacs@29.2 +json arch= x%gcc@12", "arch"),
        ("emacs@29.2 +json arch=x86_64", "compiler"),
        ("emacs@29.2 +json arch=x86_64%gcc", "compiler"),
        ("emacs@29.2 +json arch=x86_64%@12", "compiler"),
        ("emacs@29.2 +json arch=x86_64%g!c@12", "compiler"),
        ("emacs@29.2 +json arch=x86_64%gcc @12", "compiler"),
        ("emacs@29.2 +json arch=x86_64%gcc@", "compiler version"),
        ("emacs@29.2 +js\0on arch=x86_64%gcc@12", "control character"),
    ] {
        let message = text.parse::<Spec>().expect_err(text).to_string();
        let named = message.starts_with(&format!("the {part} is "))
            || message.starts_with(&format!("the {part} are "))
            || message.starts_with(&format!("the spec has a {part} "));
        assert!(named, "{text:?}: {message}");
        assert!(message.contains(EXPECTED_FORM), "{text:?}: {message}");
    }
}

/// One row per text: the column that its refusal must name.
#[test]
fn a_refusal_names_the_column() {
    for (text, column) in [
        ("hi", 1),
        ("emacs@ +json arch=x%gcc@12", 7),
        ("emacs@29.2", 11),
        ("emacs@29.2  arch=x%gcc@12", 13),
        ("emacs@29.2 junk arch=x%gcc@12", 12),
        ("emacs@29.2 +json", 17),
        ("emacs@29.2 +json arch=%gcc@12", 23),
        ("emacs@29.2 +json arch=x86_64", 29),
        ("emacs@29.2 +json arch=x86_64%g!c@12", 31),
        ("emacs@29.2 +json arch=x86_64%gcc@", 34),
        ("emacs@29.2 +json arch=x86_64 %c,cxx=gcc", 40),
        ("émacs@29.2 +json flags:='-O2 arch=x%gcc@12", 25),
        ("emacs@29.2 flags:=\"-O2\"x +json arch=x%gcc@12", 19),
    ] {
        let error = text.parse::<Spec>().expect_err(text);
        let SpecError::Part { column: found, .. } = error else {
            panic!("{text}: {error}");
        };
        assert_eq!(found, column, "{text:?}: {error}");
        assert!(
            error.to_string().contains(&format!("at column {column};")),
            "{error}"
        );
    }
}

/// What Spack 1.x writes: one row per text, what it means in the form of the contract.
#[test]
fn the_forms_of_spack_1_are_read() {
    for (text, means) in [
        ("p@1 +x arch=a%c,cxx=gcc@12.3.0", "p@1 +x arch=a%gcc@12.3.0"),
        (
            "p@1 +x arch=a%c=clang@17%fortran=gcc@13",
            "p@1 +x arch=a%clang@17",
        ),
        (
            "p@1 +x arch=a %c,cxx,fortran=gcc@12 %x=y@1",
            "p@1 +x arch=a%gcc@12",
        ),
        (
            "p@1 +x arch=a-b%1 and arch=a%cxx=oneapi-x@2",
            "p@1 +x arch=a-b%1 arch=a%oneapi-x@2",
        ),
        (
            "gcc@13 languages:='c,c++,fortran' arch=a%gcc@12",
            "gcc@13 languages:='c,c++,fortran' arch=a%gcc@12",
        ),
        (
            "p@1 +x build_system:=cmake~y arch=a%gcc@12",
            "p@1 +x build_system=cmake ~y arch=a%gcc@12",
        ),
        (
            "p@1 cflags:=\"-O2 -g arch=b%c@1\"+x arch=a%gcc@12",
            "p@1 cflags:='-O2 -g arch=b%c@1' +x arch=a%gcc@12",
        ),
    ] {
        let spec: Spec = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(spec.to_string(), means, "{text}");
    }
    let spec: Spec = "gcc@13 languages:='c,c++' one:='c++' arch=a%gcc@12"
        .parse()
        .unwrap();
    assert_eq!(
        spec.variants.to_json(),
        r#"{"languages": ["c", "c++"], "one": "c++"}"#
    );
}

/// One row per text: name, version, variants as JSON, arch, compiler, compiler version.
#[test]
fn every_part_of_a_spec_is_read() {
    for (text, name, version, variants, arch, compiler, compiler_version) in [
        (
            "emacs@29.2 +json+native+treesitter arch=x86_64%gcc@12.3.0",
            "emacs",
            "29.2",
            r#"{"json": true, "native": true, "treesitter": true}"#,
            "x86_64",
            "gcc",
            "12.3.0",
        ),
        (
            "py-x@git.main=1.0  ~a+b  k=v  list=a,b,  +c~d \tarch=linux-x%1%my_c-c@=1@2 and more",
            "py-x",
            "git.main=1.0",
            r#"{"a": false, "b": true, "k": "v", "list": ["a", "b", ""], "c": true, "d": false}"#,
            "linux-x%1",
            "my_c-c",
            "=1@2",
        ),
        (
            "a@1@2 z=1 a=2 z=3 junk + k= arch=old arch=x%c@1 arch=y%d@2",
            "a",
            "1@2",
            r#"{"z": "3", "a": "2", "k": "", "arch": "old"}"#,
            "x",
            "c",
            "1",
        ),
        (
            "p@1 +a k=v=w,x +b=c é=\u{1f980} arch=x%c@1",
            "p",
            "1",
            r#"{"a": true, "k": ["v=w", "x"], "+b": "c", "\u00e9": "\ud83e\udd80"}"#,
            "x",
            "c",
            "1",
        ),
    ] {
        let spec: Spec = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(spec.name, name, "{text}");
        assert_eq!(spec.version, version, "{text}");
        assert_eq!(spec.variants.to_json(), variants, "{text}");
        assert_eq!(spec.arch, arch, "{text}");
        assert_eq!(spec.compiler, compiler, "{text}");
        assert_eq!(spec.compiler_version, compiler_version, "{text}");
    }
}

#[test]
fn a_spec_longer_than_the_bound_is_refused() {
    let fitting = |bytes: usize| {
        let frame = "a@1 + arch=x%c@1".len();
        format!("a@1 +{} arch=x%c@1", "v".repeat(bytes - frame))
    };
    assert!(fitting(SPEC_BYTES_MAX).parse::<Spec>().is_ok());
    assert_eq!(
        fitting(SPEC_BYTES_MAX + 1).parse::<Spec>(),
        Err(SpecError::TooLong {
            bytes: SPEC_BYTES_MAX + 1
        })
    );
}

#[test]
fn variants_keep_their_order_through_json() {
    let text = r#"{"z": true, "a": ["x", "y"], "m": "v"}"#;
    let variants: Variants = serde_json::from_str(text).unwrap();
    assert_eq!(variants.to_json(), text);
    assert_eq!(variants.to_string(), "+z a=x,y m=v");
    assert_eq!(
        serde_json::to_value(&variants).unwrap(),
        json!({"z": true, "a": ["x", "y"], "m": "v"})
    );
    assert!(serde_json::from_str::<Variants>(r#"{"z": 1}"#).is_err());
}

/// Pieces that the grammar knows, thrown together, reach far more of it than random characters do.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(" "),
        Just("  "),
        Just("@"),
        Just("%"),
        Just("+"),
        Just("~"),
        Just("="),
        Just(","),
        Just(" arch="),
        Just("arch="),
        Just("arch"),
        Just("%gcc@"),
        Just("a"),
        Just("b@1"),
        Just("1.2"),
        Just("é"),
        Just("\t"),
        Just("\n"),
        Just("\0"),
        Just("k=v"),
        Just("k=a,b"),
        Just("l:="),
        Just("'"),
        Just("\""),
        Just("l:='a,c++'"),
        Just("%c,cxx=gcc@1"),
        Just("x@1 +a arch=x%gcc@1"),
    ];
    prop_oneof![
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

/// Few names are compared one by one, many are looked up; both give the same result.
#[test]
fn a_variant_among_many_has_its_first_place_and_its_last_value() {
    for count in [2, 15, 16, 17, 40] {
        let name = |number: usize| format!("v{number}");
        let once = (0..count).map(|number| (name(number), VariantValue::Flag(false)));
        let again = (0..count)
            .rev()
            .map(|number| (name(number), VariantValue::Text(name(number))));
        let variants: Variants = once.chain(again).collect();
        let expected: Vec<_> = (0..count)
            .map(|number| (name(number), VariantValue::Text(name(number))))
            .collect();
        let found: Vec<_> = variants
            .iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        assert_eq!(found, expected, "{count}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in hostile_text()) {
        let _ = text.parse::<Spec>();
    }

    #[test]
    fn what_was_read_prints_as_a_text_that_reads_the_same(
        head in prop_oneof![Just(String::new()), Just("pkg@1 ".to_owned())],
        text in hostile_text(),
        tail in prop_oneof![Just(String::new()), Just(" +x arch=a%gcc@1".to_owned())],
    ) {
        if let Ok(spec) = format!("{head}{text}{tail}").parse::<Spec>() {
            prop_assert_eq!(spec.to_string().parse::<Spec>(), Ok(spec));
        }
    }

    #[test]
    fn variants_read_from_text_survive_json(text in hostile_text()) {
        let variants = Variants::parse(&text);
        let json = variants.to_json();
        prop_assert_eq!(&serde_json::from_str::<Variants>(&json).unwrap(), &variants);
        prop_assert!(json.is_ascii());
    }
}

use proptest::prelude::*;

use super::*;

fn key(byte: u8) -> Seal {
    Seal::new(&SecretSlice::from(vec![byte; KEY_BYTES])).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

proptest! {
    #[test]
    fn what_was_sealed_is_opened_again(text in any::<String>()) {
        let sealed = key(1).seal(&secret(&text)).unwrap();
        let opened = key(1).open(&sealed).unwrap();
        prop_assert_eq!(opened.expose_secret(), text);
    }

    #[test]
    fn a_sealed_secret_does_not_hold_the_secret(text in "[a-z]{8,40}") {
        let sealed = key(1).seal(&secret(&text)).unwrap();
        prop_assert!(!sealed.as_str().contains(&text));
        prop_assert!(!sealed.as_str().contains(&URL_SAFE_NO_PAD.encode(&text)));
    }

    #[test]
    fn one_changed_character_is_noticed(text in any::<String>(), place in any::<prop::sample::Index>()) {
        let sealed = key(1).seal(&secret(&text)).unwrap();
        let mut bytes = sealed.as_str().as_bytes().to_vec();
        let place = PREFIX.len() + place.index(bytes.len() - PREFIX.len());
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        // A text that is no sealed secret any more is noticed even earlier.
        if let Ok(changed) = Sealed::new(String::from_utf8(bytes).unwrap()) {
            prop_assert!(key(1).open(&changed).is_err());
        }
    }
}

#[test]
fn the_same_secret_never_looks_the_same() {
    let seal = key(1);
    let [one, two] = [(); 2].map(|()| seal.seal(&secret("verysecret")).unwrap());
    assert_ne!(one.as_str(), two.as_str());
}

#[test]
fn another_key_is_named_and_opens_nothing() {
    let sealed = key(1).seal(&secret("verysecret")).unwrap();
    let expected = SealError::OtherKey {
        theirs: key(1).key_name().to_owned(),
        ours: key(2).key_name().to_owned(),
    };
    assert_eq!(key(2).open(&sealed).unwrap_err(), expected);
    assert_ne!(key(1).key_name(), key(2).key_name());
}

#[test]
fn a_secret_under_another_keys_name_is_damaged() {
    let sealed = key(1).seal(&secret("verysecret")).unwrap();
    let renamed = sealed
        .as_str()
        .replace(key(1).key_name(), key(2).key_name());
    let renamed = Sealed::new(renamed).unwrap();
    assert_eq!(key(2).open(&renamed).unwrap_err(), SealError::Damaged);
}

#[test]
fn a_key_has_one_length() {
    for length in [0, 1, 16, 31, 33, 64] {
        let key = SecretSlice::from(vec![7; length]);
        assert_eq!(Seal::new(&key).unwrap_err(), SealError::Key, "{length}");
    }
}

#[test]
fn a_seal_shows_the_name_of_its_key_and_no_more() {
    let seal = key(0x41);
    assert_eq!(format!("{seal:?}"), format!("Seal({})", seal.key_name()));
    assert_eq!(seal.key_name().len(), 2 * KEY_NAME_BYTES);
}

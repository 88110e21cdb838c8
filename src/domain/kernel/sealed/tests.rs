use super::*;

#[test]
fn a_bare_secret_cannot_be_written_down() {
    for text in [
        "",
        "verysecret",
        "sealed:",
        "sealed:verysecret",
        &"a".repeat(64),
    ] {
        assert_eq!(
            Sealed::new(text.to_owned()),
            Err(BareSecret::NotSealed),
            "{text}"
        );
        let json = serde_json::to_string(text).unwrap();
        assert!(serde_json::from_str::<Sealed>(&json).is_err(), "{text}");
    }
    let spaced = format!("sealed:{}", "a b".repeat(20));
    assert_eq!(Sealed::new(spaced), Err(BareSecret::NotSealed));
    assert!(Sealed::new(format!("sealed:v1:{}", "Zm9v".repeat(10))).is_ok());
}

#[test]
fn a_password_cannot_be_written_down() {
    let salt = "c29tZXNhbHQ";
    for text in [
        "",
        "hunter2",
        "$argon2id$",
        "pbkdf2_sha256$10000$salt$digest",
    ] {
        assert_eq!(
            PasswordHash::new(text.to_owned()),
            Err(BareSecret::NotHashed),
            "{text}"
        );
    }
    let whole = format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${}", "d".repeat(43));
    assert!(PasswordHash::new(whole.clone()).is_ok());
    assert_eq!(
        PasswordHash::new(whole.replace("2id", "2d")),
        Err(BareSecret::NotHashed)
    );
    assert_eq!(
        PasswordHash::new(whole.replace('d', "")),
        Err(BareSecret::NotHashed)
    );
}

#[test]
fn a_secret_is_never_shown() {
    let sealed = Sealed::new(format!("sealed:{}", "Zm9v".repeat(10))).unwrap();
    assert_eq!(format!("{sealed:?}"), "Sealed");
}

use super::*;

const TOKEN: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const BODY: &[u8] = br#"{"object_kind":"build","build_id":90210}"#;
const SIGNATURE: &str = "v1,1xpNtsIL+9QJ7V66Dl/2QL9y6u+hnrX07A8WtASOsxA=";

fn signed(signatures: &str) -> Signed<'_> {
    Signed {
        id: "4f3c2a10-8f7e-4d6b-9c55-2b1a0e9d8c77",
        timestamp: "1795244400",
        signatures,
    }
}

#[test]
fn one_matching_signature_is_enough() {
    let key = SigningKey::parse(TOKEN).unwrap();
    let two = format!("v1,AAAA v2,x {SIGNATURE}");
    for (signatures, body, verified) in [
        (SIGNATURE, BODY, true),
        (&two, BODY, true),
        (SIGNATURE, &b"{}"[..], false),
        ("", BODY, false),
        ("v1,", BODY, false),
        ("v1,not base64", BODY, false),
        (&SIGNATURE[3..], BODY, false),
    ] {
        assert_eq!(
            key.verifies(signed(signatures), body),
            verified,
            "{signatures}"
        );
    }
}

#[test]
fn id_and_time_are_part_of_what_is_signed() {
    let key = SigningKey::parse(TOKEN).unwrap();
    for (id, timestamp) in [("other", "1795244400"), (signed("").id, "1795244401")] {
        let other = Signed {
            id,
            timestamp,
            signatures: SIGNATURE,
        };
        assert!(!key.verifies(other, BODY), "{id} {timestamp}");
    }
}

#[test]
fn a_signature_is_as_old_as_it_says() {
    let signed = signed(SIGNATURE);
    let tolerance = Duration::from_secs(300);
    for (now, fresh) in [
        (0, true),
        (300, true),
        (-300, true),
        (301, false),
        (-301, false),
    ] {
        let now = Timestamp::from_second(1_795_244_400 + now).unwrap();
        assert_eq!(signed.is_fresh(now, tolerance), fresh, "{now}");
    }
    let never = Signed {
        timestamp: "soon",
        ..signed
    };
    assert!(!never.is_fresh(Timestamp::UNIX_EPOCH, tolerance));
}

#[test]
fn a_signing_token_is_recognised_by_its_form() {
    for token in [
        "",
        "whsec_",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "whsec_AAEC",
        "whsec_%",
    ] {
        assert!(SigningKey::parse(token).is_err(), "{token}");
    }
}

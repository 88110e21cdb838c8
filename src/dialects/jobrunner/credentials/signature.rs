//! Signed requests, as workers send them.
//!
//! `Authorization: ApiKey <api key>:<digest>`, where the digest is the HMAC-SHA1 of the method, the
//! target and the body, one after the other, in lower-case hexadecimal digits. It contains no time
//! and no nonce: an eavesdropper can repeat a request, so workers belong behind TLS or on a network
//! of their own.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;

/// The longest header that is looked at.
const HEADER_BYTES_MAX: usize = 1024;

/// The parts of a signed request's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signed<'a> {
    pub(crate) api_key: &'a str,
    digest: [u8; 20],
}

impl<'a> Signed<'a> {
    /// Reads the header; `None` when it has another form.
    pub(crate) fn read(header: &'a HeaderValue) -> Option<Self> {
        let header = header
            .to_str()
            .ok()
            .filter(|header| header.len() <= HEADER_BYTES_MAX)?;
        let (api_key, hexadecimal) = header.strip_prefix("ApiKey ")?.split_once(':')?;
        let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if api_key.is_empty() || !hexadecimal.bytes().all(lower) {
            return None;
        }
        let mut digest = [0; 20];
        hex::decode_to_slice(hexadecimal, &mut digest).ok()?;
        Some(Self { api_key, digest })
    }

    /// Whether the secret made this digest of the method, the target and the body.
    pub(crate) fn is_of(
        &self,
        secret: &SecretString,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> bool {
        // The old server leaves a question mark away that nothing follows.
        let bare = target.strip_suffix('?');
        self.verifies(secret, method, target, body)
            || bare.is_some_and(|target| self.verifies(secret, method, target, body))
    }

    fn verifies(&self, secret: &SecretString, method: &str, target: &str, body: &[u8]) -> bool {
        // `verify_slice` compares in constant time.
        mac(secret, method, target, body)
            .verify_slice(&self.digest)
            .is_ok()
    }
}

/// The digest with which a worker signs a request, in lower-case hexadecimal digits.
#[must_use]
pub fn digest(secret: &SecretString, method: &str, target: &str, body: &[u8]) -> String {
    hex::encode(mac(secret, method, target, body).finalize().into_bytes())
}

fn mac(secret: &SecretString, method: &str, target: &str, body: &[u8]) -> Hmac<Sha1> {
    let secret = secret.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("a key may have any length");
    for part in [method.as_bytes(), target.as_bytes(), body] {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORKED: [(&str, &str, &str, &str); 4] = [
        (
            "GET",
            "/api/v1/worker/",
            "",
            "15d65869ed6aef5f9347499af60221c0b1396b4b",
        ),
        (
            "GET",
            "/api/v1/run/?state=in_queue&worker__api_key=worker1",
            "",
            "dc0dbe2493108b015368839b5faa1ca1583fe282",
        ),
        (
            "PATCH",
            "/api/v1/run/1/",
            r#"{"pid": 4242}"#,
            "3aad94b634dcb21d05b01b8d55558024f7d397e6",
        ),
        // The question mark alone is not signed by every client.
        (
            "GET",
            "/api/v1/worker/?",
            "",
            "15d65869ed6aef5f9347499af60221c0b1396b4b",
        ),
    ];

    fn secret() -> SecretString {
        SecretString::from("verysecret")
    }

    #[test]
    fn the_worked_examples_verify_and_nothing_that_differs_does() {
        for (method, target, body, digest) in WORKED {
            let header = HeaderValue::from_str(&format!("ApiKey worker1:{digest}")).unwrap();
            let signed = Signed::read(&header).unwrap();
            let body = body.as_bytes();
            assert_eq!(signed.api_key, "worker1");
            assert!(signed.is_of(&secret(), method, target, body), "{target}");
            let bare = target.trim_end_matches('?');
            assert_eq!(super::digest(&secret(), method, bare, body), digest);
            assert!(!signed.is_of(&"verysecret ".into(), method, target, body));
            assert!(!signed.is_of(&secret(), "POST", target, body));
            assert!(!signed.is_of(&secret(), method, &format!("{target}x"), body));
            assert!(!signed.is_of(&secret(), method, target, b"{}"));
        }
    }

    #[test]
    fn a_header_of_another_form_is_no_signature() {
        let digest = WORKED[0].3;
        for header in [
            String::new(),
            "ApiKey".to_owned(),
            "ApiKey worker1".to_owned(),
            "ApiKey worker1:".to_owned(),
            format!("ApiKey :{digest}"),
            format!("ApiKey worker1:{}", &digest[1..]),
            format!("ApiKey worker1:{digest}0"),
            format!("ApiKey worker1:{digest} "),
            format!("ApiKey worker1:{}", digest.to_uppercase()),
            format!("apikey worker1:{digest}"),
            format!("Bearer worker1:{digest}"),
            format!("ApiKey {}:{digest}", "k".repeat(2000)),
        ] {
            let value = HeaderValue::from_str(&header).unwrap();
            assert_eq!(Signed::read(&value), None, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_reader(header in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(value) = HeaderValue::from_bytes(&header) {
                let _ = Signed::read(&value);
            }
        }

        #[test]
        fn no_digest_of_chance_verifies(digest in any::<[u8; 20]>(), body in any::<Vec<u8>>()) {
            let header = format!("ApiKey worker1:{}", hex::encode(digest));
            let header = HeaderValue::from_str(&header).unwrap();
            let signed = Signed::read(&header).unwrap();
            prop_assert!(!signed.is_of(&secret(), "PATCH", "/api/v1/run/1/", &body));
        }
    }
}

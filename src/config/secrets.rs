//! How secret values are shown: not at all.
//!
//! `tallyman config` prints the typed configuration, never the text that was read. So what is
//! secret is decided by the type of a field: a `SecretString` does not serialise without
//! [`hidden`], and an address is a [`SecretUrl`].

use std::fmt;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// What is shown in the place of a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// Serialises a secret that is set as [`HIDDEN`].
pub(super) fn hidden<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| HIDDEN).serialize(serializer)
}

/// An address that may hold a user, a password, or a token in its query. None of these is ever
/// printed: not by `Display`, not by `Debug`, not when the configuration is shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct SecretUrl(SecretString);

impl SecretUrl {
    /// The whole address, for the client that connects to it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The whole address as a secret, for clients that keep it as one.
    pub(crate) fn secret(&self) -> SecretString {
        self.0.clone()
    }

    /// Whether it names a user or a password.
    pub(crate) fn has_credentials(&self) -> bool {
        self.expose().contains('@')
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_credentials(self.expose()))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An address without user, password and query; only [`HIDDEN`] when it cannot be parsed, because
/// the password cannot be located then.
pub(crate) fn without_credentials(url: &str) -> String {
    let parses = Url::parse(url).is_ok_and(|parsed| parsed.has_host());
    let Some((scheme, rest)) = url.split_once("://").filter(|_| parses) else {
        return HIDDEN.to_owned();
    };
    // The last `@`, wherever it is: a password with a slash or a question mark in it ends there as
    // well.
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => (format!("{HIDDEN}@"), rest),
        None => (String::new(), rest),
    };
    let (place, query) = match rest.find(['?', '#']) {
        Some(at) => (&rest[..at], format!("{}{HIDDEN}", &rest[at..=at])),
        None => (rest, String::new()),
    };
    format!("{scheme}://{user}{place}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_user_password_and_query() {
        for (url, shown) in [
            ("http://h:9090/api/v1", "http://h:9090/api/v1"),
            ("http://u:secret@h/api", "http://(hidden)@h/api"),
            ("smtps://u:se/cret@h:465", "(hidden)"),
            ("smtps://u:12/cret@h:465", "smtps://(hidden)@h:465"),
            ("http://u:se@cret@h", "http://(hidden)@h"),
            ("http://u:12?cret@h/x", "http://(hidden)@h/x"),
            ("http://secret@h", "http://(hidden)@h"),
            ("https://h/x?token=secret", "https://h/x?(hidden)"),
            ("https://h/x#secret", "https://h/x#(hidden)"),
            ("u:secret@h:25", "(hidden)"),
            ("secret", "(hidden)"),
            ("", "(hidden)"),
        ] {
            let held: SecretUrl = serde_json::from_value(url.into()).unwrap();
            assert_eq!(held.to_string(), shown, "{url}");
            assert_eq!(format!("{held:?}"), shown, "{url}");
            assert_eq!(serde_json::to_value(&held).unwrap(), shown, "{url}");
            assert_eq!(held.expose(), url);
        }
    }
}

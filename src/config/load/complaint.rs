//! Complaints about a configuration, without the secrets that the libraries would quote.

use std::collections::BTreeMap;
use std::path::Path;

use ::config::{File, FileFormat};

use super::super::secrets::HIDDEN;
use super::super::show::{self, Read};
use super::{ConfigError, EXAMPLE};

pub(super) fn source(error: ::config::ConfigError) -> ConfigError {
    // Its text may quote a line of the file.
    let reason = match error {
        ::config::ConfigError::FileParse { uri, .. } => {
            format!("{} is not valid TOML", uri.unwrap_or_default())
        }
        other => other.to_string(),
    };
    ConfigError::Source(reason)
}

/// Reports where a file is not TOML, because the library would quote the line.
pub(super) fn check_syntax(path: &Path) -> Result<(), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let Err(error) = toml::from_str::<toml::Table>(&text) else {
        return Ok(());
    };
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Err(ConfigError::Syntax {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    })
}

/// An invalid value or key, without any text that may be a secret, and with the place where it was
/// set, which the library omits for an unknown key.
pub(super) fn unfit(complaint: &str, read: &BTreeMap<Vec<String>, Read>) -> ConfigError {
    let origin = origin_of(complaint, read);
    let complaint = without_secrets(complaint, read);
    ConfigError::Key(match origin {
        Some(origin) if !complaint.contains(origin) => format!("{complaint} (set in {origin})"),
        _ => complaint,
    })
}

fn origin_of<'a>(complaint: &str, read: &'a BTreeMap<Vec<String>, Read>) -> Option<&'a str> {
    let quoted: Vec<&str> = complaint.split('`').skip(1).step_by(2).collect();
    let (field, section) = (*quoted.first()?, *quoted.last()?);
    let mut path: Vec<&str> = section.split('.').collect();
    if field != section {
        path.push(field);
    }
    let found = read
        .iter()
        .find(|(key, _)| key.len() >= path.len() && key.iter().zip(&path).all(|(a, b)| a == b));
    found.map(|(_, read)| read.origin.as_str())
}

/// The library quotes values that do not fit. Only values of keys that the example sets are quoted
/// to the operator: every other may be a secret, or one that was put under the wrong key.
fn without_secrets(complaint: &str, read: &BTreeMap<Vec<String>, Read>) -> String {
    let example = ::config::Config::builder()
        .add_source(File::from_str(EXAMPLE, FileFormat::Toml))
        .build();
    let plain = example.map_or_else(|_| BTreeMap::new(), |example| show::read(&example.cache));
    let mut texts: Vec<&str> = read
        .iter()
        .filter(|(key, _)| !plain.contains_key(*key))
        .map(|(_, read)| read.text.as_str())
        .filter(|text| !text.is_empty())
        .collect();
    // The longest first: one may be a part of another.
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let mut complaint = complaint.to_owned();
    for text in texts {
        let escaped = format!("{text:?}");
        complaint = complaint.replace(&escaped[1..escaped.len() - 1], HIDDEN);
        complaint = complaint.replace(text, HIDDEN);
    }
    complaint
}

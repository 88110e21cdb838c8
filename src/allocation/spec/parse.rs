//! The grammar of a spec, read by hand: every byte is looked at a bounded number of times, whatever it is.

use super::{SPEC_BYTES_MAX, Spec, SpecError, Variants};

const ARCH: &str = "arch=";

pub(super) fn spec(text: &str) -> Result<Spec, SpecError> {
    check_text(text)?;
    let (name, rest) = text.split_once('@').ok_or(SpecError::Name)?;
    if name.is_empty() {
        return Err(SpecError::Name);
    }
    let (version, rest) = split_word(rest);
    if version.is_empty() {
        return Err(SpecError::Version { name: name.into() });
    }
    let rest = rest.trim_start_matches(is_space);
    let (variants_text, target) = split_target(rest).map_err(|error| match error {
        // Only `arch=` follows: the variants are what is missing, not the target.
        SpecError::Arch if rest.is_empty() || rest.starts_with(ARCH) => SpecError::Variants {
            name: name.into(),
            version: version.into(),
        },
        error => error,
    })?;
    let variants = Variants::parse(variants_text);
    if variants.is_empty() {
        return Err(SpecError::NoVariant {
            text: variants_text.trim_end_matches(is_space).into(),
        });
    }
    Ok(Spec {
        name: name.into(),
        version: version.into(),
        variants,
        arch: target.arch.into(),
        compiler: target.compiler.into(),
        compiler_version: target.compiler_version.into(),
    })
}

/// What separates parts. Other control characters are refused before anything is split.
pub(super) fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

fn check_text(text: &str) -> Result<(), SpecError> {
    if text.len() > SPEC_BYTES_MAX {
        return Err(SpecError::TooLong { bytes: text.len() });
    }
    match text.find(|c: char| c.is_control() && !is_space(c)) {
        Some(offset) => Err(SpecError::ControlCharacter { offset }),
        None => Ok(()),
    }
}

/// The text up to the first space, and the rest from there.
fn split_word(text: &str) -> (&str, &str) {
    text.split_at(text.find(is_space).unwrap_or(text.len()))
}

struct Target<'a> {
    arch: &'a str,
    compiler: &'a str,
    compiler_version: &'a str,
}

/// Splits variants from target at the first ` arch=` that a whole target follows; an earlier one is a
/// variant called `arch`. If there is none, says what was wrong with the first.
fn split_target(text: &str) -> Result<(&str, Target<'_>), SpecError> {
    let mut first_error = None;
    for (at, _) in text.match_indices(ARCH) {
        let variants = &text[..at];
        if !variants.ends_with(is_space) {
            continue;
        }
        let (word, _) = split_word(&text[at + ARCH.len()..]);
        match target(word) {
            Ok(target) => return Ok((variants, target)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or(SpecError::Arch))
}

/// Reads `arch%compiler@version`. The arch may hold `%`: the last one that fits divides.
fn target(word: &str) -> Result<Target<'_>, SpecError> {
    let mut last_error = None;
    for (at, _) in word.rmatch_indices('%') {
        match target_divided(&word[..at], &word[at + 1..]) {
            Ok(target) => return Ok(target),
            Err(error) => last_error = last_error.or(Some(error)),
        }
    }
    Err(last_error.unwrap_or_else(|| match word {
        "" => SpecError::Arch,
        arch => SpecError::Compiler { arch: arch.into() },
    }))
}

fn target_divided<'a>(arch: &'a str, rest: &'a str) -> Result<Target<'a>, SpecError> {
    if arch.is_empty() {
        return Err(SpecError::Arch);
    }
    let name_end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(rest.len());
    let (compiler, rest) = rest.split_at(name_end);
    match rest.strip_prefix('@') {
        Some(compiler_version) if !compiler.is_empty() => match compiler_version {
            "" => Err(SpecError::CompilerVersion {
                compiler: compiler.into(),
            }),
            compiler_version => Ok(Target {
                arch,
                compiler,
                compiler_version,
            }),
        },
        _ => Err(SpecError::Compiler { arch: arch.into() }),
    }
}

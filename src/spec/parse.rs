//! The grammar of a spec, read by hand: every byte is looked at a bounded number of times, whatever
//! it is.

use super::error::Part;
use super::variants::{open_quote, word_end};
use super::{SPEC_BYTES_MAX, Spec, SpecError, Variants};

const ARCH: &str = "arch=";

/// How much of a text is shown that is wrong, in characters.
const SHOWN_CHARS_MAX: usize = 40;

pub(super) fn spec(text: &str) -> Result<Spec, SpecError> {
    check_text(text)?;
    read(text).map_err(|Wrong { at, what }| {
        let column = text[..at].chars().count() + 1;
        SpecError::Part { column, what }
    })
}

/// What is wrong, and where; in bytes.
struct Wrong {
    at: usize,
    what: Part,
}

fn read(text: &str) -> Result<Spec, Wrong> {
    // Every slice below is a part of the text.
    let at = |part: &str| part.as_ptr().addr() - text.as_ptr().addr();
    let wrong = |part: &str, what| Wrong { at: at(part), what };
    let (name, rest) = text.split_once('@').ok_or(wrong(text, Part::Name))?;
    if name.is_empty() {
        return Err(wrong(text, Part::Name));
    }
    let (version, rest) = split_word(rest);
    if version.is_empty() {
        return Err(wrong(rest, Part::Version { name: name.into() }));
    }
    let rest = rest.trim_start_matches(is_space);
    let (variants_text, target) = split_target(rest).map_err(|(part, what)| match what {
        // Only `arch=` follows: the variants are what is missing, not the target.
        Part::Arch if rest.is_empty() || rest.starts_with(ARCH) => {
            let (name, version) = (name.into(), version.into());
            wrong(rest, Part::Variants { name, version })
        }
        what => wrong(part, what),
    })?;
    if let Some(quote) = open_quote(variants_text) {
        let text = &variants_text[quote..];
        let shown = text.chars().take(SHOWN_CHARS_MAX).collect();
        return Err(wrong(text, Part::OpenQuote { text: shown }));
    }
    let variants = Variants::parse(variants_text);
    if variants.is_empty() {
        let text = variants_text.trim_end_matches(is_space).into();
        return Err(wrong(variants_text, Part::NoVariant { text }));
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

/// Splits variants from target at the first ` arch=` that a whole target follows; an earlier one is
/// a variant called `arch`. If there is none, returns the error of the first, with its place.
fn split_target(text: &str) -> Result<(&str, Target<'_>), (&str, Part)> {
    let mut first_error = None;
    let mut at = 0;
    while at < text.len() {
        let word = &text[at..];
        if let Some(word) = word.strip_prefix(ARCH).filter(|_| at > 0) {
            match target(word) {
                Ok(target) => return Ok((&text[..at], target)),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let rest = word[word_end(word)..].trim_start_matches(is_space);
        at = text.len() - rest.len();
    }
    Err(first_error.unwrap_or((&text[text.len()..], Part::Arch)))
}

/// Reads `arch%compiler@version`. The arch may hold `%`: the last one that fits divides.
///
/// Spack 1.x names the languages of a compiler, `arch%c,cxx=gcc@12`, also after a space and for
/// more than one: the first counts.
fn target(text: &str) -> Result<Target<'_>, (&str, Part)> {
    let (word, rest) = split_word(text);
    let mut last_error = None;
    for (at, _) in word.rmatch_indices('%') {
        match target_divided(&word[..at], &word[at + 1..]) {
            Ok(target) => return Ok(target),
            Err(error) => last_error = last_error.or(Some(error)),
        }
    }
    let mut divided = word
        .match_indices('%')
        .map(|(at, _)| (&word[..at], &word[at + 1..]));
    let used = divided.find_map(|(arch, rest)| Some((arch, compiler_used_for(rest)?)));
    let apart = rest.trim_start_matches(is_space).strip_prefix('%');
    let apart = apart.filter(|_| !word.is_empty() && !word.contains('%'));
    let apart = apart.and_then(|rest| Some((word, compiler_used_for(split_word(rest).0)?)));
    if let Some((arch, compiler)) = used.or(apart) {
        return target_divided(arch, compiler);
    }
    Err(last_error.unwrap_or_else(|| match word {
        "" => (word, Part::Arch),
        arch => (rest, Part::Compiler { arch: arch.into() }),
    }))
}

/// The `gcc@12` of `c,cxx=gcc@12`.
fn compiler_used_for(text: &str) -> Option<&str> {
    let (uses, compiler) = text.split_once('=')?;
    let is_named = !uses.is_empty() && uses.chars().all(|c| is_of_a_name(c) || c == ',');
    let (compiler, _) = compiler.split_once('%').unwrap_or((compiler, ""));
    is_named.then_some(compiler)
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn target_divided<'a>(arch: &'a str, text: &'a str) -> Result<Target<'a>, (&'a str, Part)> {
    if arch.is_empty() {
        return Err((arch, Part::Arch));
    }
    let name_end = text.find(|c| !is_of_a_name(c)).unwrap_or(text.len());
    let (compiler, rest) = text.split_at(name_end);
    match rest.strip_prefix('@') {
        Some(compiler_version) if !compiler.is_empty() => match compiler_version {
            "" => Err((
                compiler_version,
                Part::CompilerVersion {
                    compiler: compiler.into(),
                },
            )),
            compiler_version => Ok(Target {
                arch,
                compiler,
                compiler_version,
            }),
        },
        _ => Err((rest, Part::Compiler { arch: arch.into() })),
    }
}

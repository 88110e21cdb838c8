//! Under which twelve keys a build is filed, and under which a question looks for it.

use serde::Serialize;

use super::GantryMatch;
use crate::key::{Key, KeyFields, KeyMap};
use crate::{Spec, VariantValue};

/// The variants that change most what a build needs; they are compared when no build has all
/// variants equal.
pub const EXPENSIVE_VARIANTS: [&str; 8] = [
    "sycl", "mpi", "rocm", "cuda", "python", "fortran", "openmp", "hdf5",
];

/// How the variants of a build are compared with the requested ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantMatch {
    /// All of them are equal, in the same order.
    Exact,
    Expensive,
}

/// Which fields besides the name are compared.
struct Filter {
    version: bool,
    compiler: bool,
    compiler_version: bool,
}

const fn filter(version: bool, compiler: bool, compiler_version: bool) -> Filter {
    Filter {
        version,
        compiler,
        compiler_version,
    }
}

/// In the order in which they are tried.
const FILTERS: [Filter; 6] = [
    filter(true, true, true),
    filter(false, true, true),
    filter(true, true, false),
    filter(false, true, false),
    filter(true, false, false),
    filter(false, false, false),
];

/// The keys under which a build is found again; two for every filter, of which the second may be
/// none.
pub(super) type Filed = [Option<Key>; 2 * FILTERS.len()];

fn filed_under(spec: &Spec, exact: &str) -> Filed {
    let signature = signature_of_build(spec);
    std::array::from_fn(|step| {
        let variants = match step % 2 {
            0 => Some(exact),
            _ => signature.as_deref(),
        };
        variants.map(|variants| key(spec, step / 2, variants))
    })
}

/// How many specs are remembered with their keys.
const LATELY_MAX: usize = if cfg!(test) { 2 } else { 4096 };

/// No level has this number.
const WHOLE_SPEC: u8 = u8::MAX;

/// The keys of specs that were filed lately. A farm builds the same specs again and again, and the
/// keys of one are twelve hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately(KeyMap<Filed>);

impl Lately {
    pub(super) fn filed_under(&mut self, spec: &Spec) -> Filed {
        let exact = exact(spec);
        let whole = whole(spec, &exact);
        if let Some(filed) = self.0.get(&whole) {
            return *filed;
        }
        // All of them at once: what is remembered changes no answer, only what it costs.
        if self.0.len() >= LATELY_MAX {
            self.0.clear();
        }
        let filed = filed_under(spec, &exact);
        self.0.insert(whole, filed);
        filed
    }
}

/// The key of a spec alone; builds for another architecture share it, as they share everything
/// here.
pub(super) fn of_spec(spec: &Spec) -> Key {
    whole(spec, &exact(spec))
}

fn whole(spec: &Spec, exact: &str) -> Key {
    KeyFields::of_kind(WHOLE_SPEC)
        .text(&spec.name)
        .text(&spec.version)
        .text(&spec.compiler)
        .text(&spec.compiler_version)
        .text(exact)
        .key()
}

/// The keys to look under, best first.
pub(super) fn asked_under(spec: &Spec) -> impl Iterator<Item = (GantryMatch, Key)> {
    let variants = [
        (VariantMatch::Exact, exact(spec)),
        (VariantMatch::Expensive, signature_of_question(spec)),
    ];
    (0..FILTERS.len() * variants.len()).map(move |step| {
        let level = step / variants.len();
        let (how, variants) = &variants[step % variants.len()];
        let matched = GantryMatch {
            level: level as u8 + 1,
            variants: *how,
        };
        (matched, key(spec, level, variants))
    })
}

fn exact(spec: &Spec) -> String {
    spec.variants.to_json()
}

/// What a question demands of each expensive variant: `t` and `f` that it is that flag, `-` that
/// the build does not have it. No signature is JSON, so it cannot meet exact variants.
fn signature_of_question(spec: &Spec) -> String {
    let demanded = |name: &&str| match spec.variants.get(name) {
        Some(VariantValue::Flag(true)) => 't',
        Some(VariantValue::Flag(false)) => 'f',
        Some(VariantValue::Text(_) | VariantValue::List(_)) | None => '-',
    };
    EXPENSIVE_VARIANTS.iter().map(demanded).collect()
}

/// The only demand that a build meets; none if it has an expensive variant that is no flag, since a
/// request can only demand a flag or its absence.
fn signature_of_build(spec: &Spec) -> Option<String> {
    let met = |name: &&str| match spec.variants.get(name) {
        Some(VariantValue::Flag(true)) => Some('t'),
        Some(VariantValue::Flag(false)) => Some('f'),
        Some(VariantValue::Text(_) | VariantValue::List(_)) => None,
        None => Some('-'),
    };
    EXPENSIVE_VARIANTS.iter().map(met).collect()
}

fn key(spec: &Spec, level: usize, variants: &str) -> Key {
    let Filter {
        version,
        compiler,
        compiler_version,
    } = &FILTERS[level];
    let mut fields = KeyFields::of_kind(level as u8)
        .text(&spec.name)
        .text(variants);
    for (compared, text) in [
        (version, &spec.version),
        (compiler, &spec.compiler),
        (compiler_version, &spec.compiler_version),
    ] {
        if *compared {
            fields = fields.text(text);
        }
    }
    fields.key()
}

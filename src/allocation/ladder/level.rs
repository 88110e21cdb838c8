//! The rungs: keys from special to general, each a set of fields of the spec.

use crate::Spec;
use crate::key::{Key, KeyFields};

/// How many kinds of keys there are.
pub(super) const LEVELS: usize = 10;

/// One kind of key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// Its number among all kinds, by which kernels are filed.
    pub(super) index: usize,
    /// How general it is, from 0. Kinds with and without build jobs share a rank.
    pub(super) rank: usize,
    version: bool,
    variants: With,
    compiler: bool,
    compiler_version_and_arch: bool,
    build_jobs: bool,
    pub(super) fields: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum With {
    All,
    Heavy,
    None,
}

const PLAIN: Level = Level {
    index: 0,
    rank: 0,
    version: true,
    variants: With::All,
    compiler: false,
    compiler_version_and_arch: false,
    build_jobs: false,
    fields: "",
};

/// Every kind of key, by index. The last two replace the first two in requests without a number of
/// build jobs: both sides omit it, so the two kinds learn separately.
const ALL: [Level; LEVELS] = [
    Level {
        index: 0,
        rank: 0,
        compiler: true,
        compiler_version_and_arch: true,
        build_jobs: true,
        fields: "name, version, variants, compiler, compiler version, arch and build jobs",
        ..PLAIN
    },
    Level {
        index: 1,
        rank: 1,
        compiler: true,
        build_jobs: true,
        fields: "name, version, variants, compiler and build jobs",
        ..PLAIN
    },
    Level {
        index: 2,
        rank: 2,
        fields: "name, version and variants",
        ..PLAIN
    },
    Level {
        index: 3,
        rank: 3,
        version: false,
        compiler: true,
        compiler_version_and_arch: true,
        fields: "name, variants, compiler, compiler version and arch",
        ..PLAIN
    },
    Level {
        index: 4,
        rank: 4,
        version: false,
        fields: "name and variants",
        ..PLAIN
    },
    Level {
        index: 5,
        rank: 5,
        variants: With::Heavy,
        fields: "name, version and heavy variants",
        ..PLAIN
    },
    Level {
        index: 6,
        rank: 6,
        version: false,
        variants: With::Heavy,
        fields: "name and heavy variants",
        ..PLAIN
    },
    Level {
        index: 7,
        rank: 7,
        version: false,
        variants: With::None,
        fields: "name",
        ..PLAIN
    },
    Level {
        index: 8,
        rank: 0,
        compiler: true,
        compiler_version_and_arch: true,
        fields: "name, version, variants, compiler, compiler version and arch",
        ..PLAIN
    },
    Level {
        index: 9,
        rank: 1,
        compiler: true,
        fields: "name, version, variants and compiler",
        ..PLAIN
    },
];

/// The keys that a build is learnt under, with their levels.
pub(super) fn learnt_under(
    spec: &Spec,
    build_jobs: Option<u32>,
    heavy: &[String],
) -> Vec<(&'static Level, Key)> {
    keys(spec, build_jobs, heavy, |level| {
        build_jobs.is_some() || !level.build_jobs
    })
}

/// The keys that a question looks under, special before general.
pub(super) fn asked_under(
    spec: &Spec,
    build_jobs: Option<u32>,
    heavy: &[String],
) -> Vec<(&'static Level, Key)> {
    keys(spec, build_jobs, heavy, |level| match build_jobs {
        Some(_) => level.index < 8,
        None => !level.build_jobs,
    })
}

fn keys(
    spec: &Spec,
    build_jobs: Option<u32>,
    heavy: &[String],
    wanted: impl Fn(&Level) -> bool,
) -> Vec<(&'static Level, Key)> {
    let all_variants = sorted(spec, |_| true);
    let heavy_variants = sorted(spec, |name| heavy.iter().any(|heavy| heavy == name));
    let key = |level: &Level| {
        let mut fields = KeyFields::of_kind(level.index as u8).text(&spec.name);
        fields = match level.variants {
            With::All => fields.text(&all_variants),
            With::Heavy => fields.text(&heavy_variants),
            With::None => fields,
        };
        if level.version {
            fields = fields.text(&spec.version);
        }
        if level.compiler {
            fields = fields.text(&spec.compiler);
        }
        if level.compiler_version_and_arch {
            fields = fields.text(&spec.compiler_version).text(&spec.arch);
        }
        if level.build_jobs {
            fields = fields.number(build_jobs.unwrap_or_default());
        }
        fields.key()
    };
    let mut keys: Vec<_> = ALL
        .iter()
        .filter(|level| wanted(level))
        .map(|level| (level, key(level)))
        .collect();
    keys.sort_by_key(|(level, _)| level.rank);
    keys
}

/// The wanted variants by name: the order in which they were written changes no build.
fn sorted(spec: &Spec, wanted: impl Fn(&str) -> bool) -> String {
    let mut variants: Vec<_> = spec
        .variants
        .iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    variants.sort_unstable_by_key(|(name, _)| *name);
    let mut text = String::new();
    for (name, value) in variants {
        text.push_str(name);
        text.push('\0');
        value.push_json(&mut text);
        text.push('\0');
    }
    text
}

/// The key of exactly this spec, however many build jobs.
pub(super) fn exact(spec: &Spec) -> Key {
    let keys = keys(spec, None, &[], |level| level.index == 8);
    keys[0].1
}

pub(super) fn package(spec: &Spec) -> Key {
    KeyFields::of_kind(u8::MAX).text(&spec.name).key()
}

//! No crate in `Cargo.lock` has a known advisory, unless it is excepted with a reason.
//!
//! What is known is stored in `ops/advisories/known.tsv`, so that the check needs no network and
//! takes no time; `ops/advisories/refresh` rewrites it from a checkout of RustSec's database.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::MetadataCommand;
use cargo_metadata::semver::{Version, VersionReq};

const KNOWN: &str = include_str!("../../ops/advisories/known.tsv");
const EXCEPTIONS: &str = include_str!("../../ops/advisories/exceptions.tsv");

/// What is known of a crate.
struct Advisory {
    id: &'static str,
    package: &'static str,
    /// Versions that an advisory does not concern: patched ones, and those that never had the
    /// fault.
    spared: Vec<VersionReq>,
    kind: &'static str,
}

impl Advisory {
    fn read(line: &'static str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, package, patched, unaffected, kind, _date] = fields[..] else {
            panic!("six fields: {line}");
        };
        let ranges = [patched, unaffected]
            .into_iter()
            .flat_map(|ranges| ranges.split(" || "));
        let spared = ranges.filter(|range| !range.is_empty());
        Self {
            id,
            package,
            spared: spared.map(|range| range.parse().unwrap()).collect(),
            kind,
        }
    }

    fn concerns(&self, version: &Version) -> bool {
        // A requirement does not cover pre-releases; these are judged as the release.
        let release = Version::new(version.major, version.minor, version.patch);
        !self.spared.iter().any(|range| range.matches(&release))
    }
}

/// The lines that are neither empty nor comments.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn no_crate_has_a_known_advisory_without_an_exception() {
    let metadata = MetadataCommand::new()
        .other_options(["--locked".to_owned()])
        .exec()
        .unwrap();
    let mut versions: BTreeMap<&str, Vec<&Version>> = BTreeMap::new();
    for package in &metadata.packages {
        if package.source.is_some() {
            versions
                .entry(package.name.as_str())
                .or_default()
                .push(&package.version);
        }
    }
    let excepted: BTreeSet<&str> = lines(EXCEPTIONS)
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for advisory in lines(KNOWN).map(Advisory::read) {
        for version in versions.get(advisory.package).into_iter().flatten() {
            if advisory.concerns(version) && !used.contains(advisory.id) {
                match excepted.contains(advisory.id) {
                    true => drop(used.insert(advisory.id)),
                    false => found.push(format!(
                        "{} {} {version} ({}): https://rustsec.org/advisories/{}",
                        advisory.id, advisory.package, advisory.kind, advisory.id
                    )),
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "update the crate, or except it in ops/advisories/exceptions.tsv:\n{}",
        found.join("\n")
    );
    assert_eq!(used, excepted, "exceptions that nothing needs any more");
}

#[test]
fn every_exception_has_a_reason() {
    for line in lines(EXCEPTIONS) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert!(
            fields.len() == 3 && fields[2].len() > 20,
            "id, crate and why: {line}"
        );
    }
}

#[test]
fn an_advisory_concerns_what_is_neither_patched_nor_unaffected() {
    let line = "RUSTSEC-2020-0001\tx\t>= 1.2.3 || ^0.9.4\t< 0.5.0\tvulnerability\t2020-01-01";
    let advisory = Advisory::read(line);
    for (version, is_concerned) in [
        ("0.4.9", false),
        ("0.5.0", true),
        ("0.9.3", true),
        ("0.9.4", false),
        ("1.0.0", true),
        ("1.2.3", false),
        ("1.2.3-alpha.1", false),
        ("2.0.0", false),
    ] {
        assert_eq!(
            advisory.concerns(&version.parse().unwrap()),
            is_concerned,
            "{version}"
        );
    }
}

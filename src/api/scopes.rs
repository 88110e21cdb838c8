//! Every scope that this API checks. A token can be limited to these and to no others: a misspelt
//! scope would make a token that is refused everywhere.

use std::collections::BTreeMap;

use provisioning::PLURALS;

use crate::SECTIONS;

/// Whether an operation checks this scope.
pub(crate) fn is_known(scope: &str) -> bool {
    all().any(|known| known == scope)
}

/// Every scope, in alphabetical order.
pub(crate) fn all() -> impl Iterator<Item = String> {
    let records = PLURALS.iter().map(|plural| (*plural, true));
    let subjects = SECTIONS.iter().flat_map(|section| section.scopes).copied();
    let subjects: BTreeMap<&str, bool> = subjects.chain(records).collect();
    subjects.into_iter().flat_map(|(subject, is_written)| {
        let write = is_written.then(|| format!("{subject}:write"));
        std::iter::once(format!("{subject}:read")).chain(write)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Scopes that are written in the program's text, and those that are put together from kinds of
    /// things.
    #[test]
    fn every_scope_that_is_checked_is_known_and_no_other_is() {
        let mut checked = BTreeSet::new();
        written_below(Path::new(env!("CARGO_MANIFEST_DIR")), &mut checked);
        let of_kinds = PLURALS.iter();
        checked.extend(of_kinds.flat_map(|it| [format!("{it}:read"), format!("{it}:write")]));
        let known: BTreeSet<String> = all().collect();
        assert_eq!(known, checked);
        assert!(!is_known("builds:raed") && !is_known("builds") && !is_known(""));
    }

    fn written_below(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "contract" {
                written_below(&path, found);
            } else if name.ends_with(".rs") && !["contract.rs", "scopes.rs"].contains(&&*name) {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                let quoted = code.flat_map(|line| line.split('"').skip(1).step_by(2));
                let is_scope = |text: &&str| {
                    !text.contains('{') && (text.ends_with(":read") || text.ends_with(":write"))
                };
                found.extend(quoted.filter(is_scope).map(str::to_owned));
            }
        }
    }
}

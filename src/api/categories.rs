//! Which events a caller may read: the one rule for pages, streams, single events and live streams.
//!
//! An event contains what its resource shows, and sometimes more. So a caller that may not read the
//! resource may not read its events either: `/v1/tokens` needs an admin, and so does
//! `token.issued`.

use domain::core::token::Role;
use eventlog::Filter;
use web::{Caller, Problem};

use crate::SECTIONS;

pub(crate) const SCOPE: &str = "events:read";

/// Categories whose events every reader may read.
fn open() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().flat_map(|section| section.open).copied()
}

/// Categories that need more than [`SCOPE`], with the role and the scope of their resource.
fn restricted() -> impl Iterator<Item = &'static (&'static str, Role, &'static str)> {
    SECTIONS.iter().flat_map(|section| section.restricted)
}

/// Checks that the caller may read the events of a category. A category unknown to this version may
/// hold anything, so it is for admins.
///
/// # Errors
/// 401, and 403 that names the category and what it needs.
pub(crate) fn check(caller: &Caller, category: &str) -> Result<(), Problem> {
    caller.may(Role::Reader, SCOPE)?;
    if open().any(|name| name == category) {
        return Ok(());
    }
    let restricted = restricted().find(|(name, ..)| *name == category);
    let (role, scope) = restricted.map_or((Role::Admin, SCOPE), |(_, role, scope)| (*role, *scope));
    caller.may(role, scope).map_err(|problem| {
        let detail = problem.detail.as_deref().unwrap_or_default();
        Problem::of_status(
            problem.status(),
            format!("events of the category `{category}`: {detail}"),
        )
    })
}

/// Restricts a filter to the events that the caller may read.
///
/// # Errors
/// As [`check`], for a category that the filter names, by itself or by an event type. A category
/// that is requested by name is refused, never silently left out.
pub(crate) fn limit(caller: &Caller, mut filter: Filter) -> Result<Filter, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    for category in &filter.categories {
        check(caller, category)?;
    }
    for event_type in &filter.event_types {
        let category = event_type.split_once('.').map(|(category, _)| category);
        if let Some((category, ..)) = restricted().find(|one| Some(one.0) == category) {
            check(caller, category)?;
        }
    }
    let may_read_all = caller.may(Role::Admin, SCOPE).is_ok()
        && restricted().all(|(category, ..)| check(caller, category).is_ok());
    if filter.categories.is_empty() && !may_read_all {
        let allowed = open().chain(restricted().map(|(category, ..)| *category));
        filter.categories = allowed
            .filter(|category| check(caller, category).is_ok())
            .map(str::to_owned)
            .collect();
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A category in no list is hidden from everyone but admins.
    #[test]
    fn every_category_of_the_domain_is_in_one_list() {
        let archive = include_str!("../../tests/archive/events.jsonl");
        for line in archive.lines().filter(|line| !line.trim().is_empty()) {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            let event_type = event["type"].as_str().unwrap();
            let (category, _) = event_type.split_once('.').unwrap();
            let is_open = open().any(|name| name == category);
            let is_restricted = restricted().any(|(name, ..)| *name == category);
            assert!(is_open != is_restricted, "{event_type}");
        }
    }
}

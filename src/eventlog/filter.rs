//! Which events a reader wants.

use crate::Recorded;

/// Conditions on an event's stream and type; within a list any may hold, and every non-empty list
/// must.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Categories of streams, exact.
    pub categories: Vec<String>,
    /// Types of events: exact, or a prefix when it ends in `*` (`build.*`).
    pub event_types: Vec<String>,
}

impl Filter {
    /// No condition.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether it lets everything through.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.categories.is_empty() && self.event_types.is_empty()
    }

    /// Whether it lets this event through.
    #[must_use]
    pub fn admits(&self, event: &Recorded) -> bool {
        self.admits_names(event.stream.as_str(), event.event_type.as_str())
    }

    /// Whether it lets an event of this type in this stream through. For backends that look at
    /// names before they make an event of what they read.
    #[must_use]
    pub fn admits_names(&self, stream: &str, event_type: &str) -> bool {
        let category = stream
            .split_once('-')
            .map_or(stream, |(category, _)| category);
        (self.categories.is_empty() || self.categories.iter().any(|wanted| wanted == category))
            && (self.event_types.is_empty()
                || self
                    .event_types
                    .iter()
                    .any(|pattern| type_matches(pattern, event_type)))
    }
}

fn type_matches(pattern: &str, event_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => event_type.starts_with(prefix),
        None => pattern == event_type,
    }
}

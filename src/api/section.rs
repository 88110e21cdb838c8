//! What a context brings to this API.

use domain::core::token::Role;
use utoipa_axum::router::OpenApiRouter;

use crate::Api;

/// A context's part of this API: `<context>::SECTION`.
pub(crate) struct Section {
    /// Its routes, with their descriptions.
    pub(crate) routes: fn() -> OpenApiRouter<Api>,
    /// The tags of its operations, with a description each.
    pub(crate) tags: &'static [(&'static str, &'static str)],
    /// The subjects of its scopes next to records, and whether a subject can be written.
    pub(crate) scopes: &'static [(&'static str, bool)],
    /// Categories whose events every reader may read, because their resources are for readers too.
    pub(crate) open: &'static [&'static str],
    /// Categories that need the role of their resource and, of a limited token, its scope as well.
    pub(crate) restricted: &'static [(&'static str, Role, &'static str)],
    /// Parameters with few values: the end of the path, the name, the values.
    pub(crate) words: &'static [(&'static str, &'static str, &'static [&'static str])],
}

impl Section {
    /// A section with nothing in it, so that a context names only what it has.
    pub(crate) const EMPTY: Self = Self {
        routes: OpenApiRouter::new,
        tags: &[],
        scopes: &[],
        open: &[],
        restricted: &[],
        words: &[],
    };
}

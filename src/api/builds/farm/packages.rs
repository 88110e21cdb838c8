//! Resource needs and waste of packages.

use ::projections::builds::packages::PackageSort;
use ::projections::{Packages, Views};
use axum::extract::State;
use domain::core::token::Role;
use serde::Deserialize;
use utoipa::IntoParams;
use web::paging::Listing;
use web::{App, Caller, Path, Problem, Query, View};

use super::SCOPE;
use crate::builds::wire::Package;
use crate::parameters;
use crate::reads::{self, Page};

/// The orders of the list, by name.
const SORTS: [(&str, PackageSort); 7] = [
    ("name", PackageSort::Name),
    ("builds", PackageSort::Builds),
    ("memory_peak", PackageSort::MemoryPeak),
    ("memory_waste", PackageSort::MemoryWaste),
    ("cpu_waste", PackageSort::CpuWaste),
    ("out_of_memory", PackageSort::OutOfMemory),
    ("latest", PackageSort::Latest),
];

/// The names of the orders.
pub(crate) const WORDS: [&str; 7] = {
    let mut words = [""; SORTS.len()];
    let mut index = 0;
    while index < SORTS.len() {
        words[index] = SORTS[index].0;
        index += 1;
    }
    words
};

/// Filter and order of the list of packages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PackageParams {
    /// The order: `name` (the default), `builds`, `memory_peak`, `memory_waste`, `cpu_waste`,
    /// `out_of_memory` or `latest`.
    sort: Option<String>,
    /// Only packages whose name has this prefix; needs the order `name`.
    starts_with: Option<String>,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

/// List packages with their resource needs.
#[utoipa::path(get, path = "/v1/packages", tag = "farm", params(PackageParams),
    responses((status = 200, body = Listing<Package>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<PackageParams>,
) -> Result<View<Listing<Package>>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    let word = parameters::word("sort", params.sort, &WORDS)?;
    let found = SORTS
        .iter()
        .find(|(known, _)| Some(*known) == word.as_deref());
    let sort = found.map_or(PackageSort::Name, |(_, sort)| *sort);
    let start = params.starts_with;
    if start.is_some() && sort != PackageSort::Name {
        return Err(
            Problem::bad_request("packages are looked up by the order of their names")
                .at("starts_with", "goes with `sort=name` alone"),
        );
    }
    page.of(
        &app,
        move |views, cursor, limit| match start {
            Some(start) => views.of::<Packages>()?.named(&start, cursor, limit),
            None => views.of::<Packages>()?.list(sort, cursor, limit),
        },
        Package::of,
    )
    .await
}

/// Get the resource needs of a package.
#[utoipa::path(get, path = "/v1/packages/{name}", tag = "farm",
    params(("name" = String, Path, description = "The package")),
    responses((status = 200, body = Package)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<View<Package>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let unknown = Problem::not_found("no build of this package is known");
    let ask = move |views: &Views| views.of::<Packages>()?.get(&name);
    reads::one(&app, unknown, ask, Package::of).await
}

//! What a path leads to.

use http::Method;

use crate::resource::{Resource, number_of};

/// The most objects that one path may name.
const SET_MAX: usize = 1000;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The names of everything.
    Index,
    List(Resource),
    /// What is known of a kind.
    Schema(Resource),
    /// Some of one kind, by their numbers. What is no number is kept as it is: it names nothing.
    Set(Resource, Vec<Result<u64, String>>),
    /// One thing; a path that ends in anything but a number leads to one that does not exist.
    Detail(Resource, Option<u64>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) place: Place,
    /// Whether the slash at the end is missing.
    pub(crate) slashless: bool,
}

impl Place {
    /// Finds out where a path leads; nowhere, for most.
    pub(crate) fn of(path: &str) -> Option<Found> {
        let rest = path.strip_prefix("/api/v1")?;
        let slashless = !rest.ends_with('/');
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let place = if rest.is_empty() {
            Self::Index
        } else {
            let (name, rest) = split(rest.strip_prefix('/')?);
            let resource = Resource::named(name)?;
            match rest {
                None => Self::List(resource),
                Some("schema") => Self::Schema(resource),
                Some(rest) => match rest.strip_prefix("set/") {
                    Some(numbers) => Self::Set(resource, set(numbers)?),
                    None => Self::Detail(resource, number_of(rest)),
                },
            }
        };
        Some(Found { place, slashless })
    }

    /// What may be done here.
    pub(crate) fn methods(&self) -> &'static [Method] {
        match self {
            Self::Index | Self::Schema(_) | Self::Set(..) => &[Method::GET],
            Self::List(resource) => resource.list_methods(),
            Self::Detail(resource, _) => resource.detail_methods(),
        }
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

fn set(numbers: &str) -> Option<Vec<Result<u64, String>>> {
    // Some clients escape the semicolon.
    let numbers = numbers.replace("%3B", ";").replace("%3b", ";");
    let known: Vec<_> = numbers
        .split(';')
        .map(|text| number_of(text).ok_or_else(|| text.to_owned()))
        .collect();
    (known.len() <= SET_MAX).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_resource() {
        let run = Resource::Run;
        for (path, place) in [
            ("/api/v1/", Place::Index),
            ("/api/v1/run/", Place::List(run)),
            ("/api/v1/run/schema/", Place::Schema(run)),
            ("/api/v1/run/7/", Place::Detail(run, Some(7))),
            ("/api/v1/run/seven/", Place::Detail(run, None)),
            ("/api/v1/run/7/8/", Place::Detail(run, None)),
            ("/api/v1/run/%37/", Place::Detail(run, None)),
            (
                "/api/v1/run/set/1;x%3B2/",
                Place::Set(run, vec![Ok(1), Err("x".to_owned()), Ok(2)]),
            ),
        ] {
            let slashless = path.trim_end_matches('/');
            for (path, slashless) in [(path, false), (slashless, true)] {
                let place = place.clone();
                assert_eq!(Place::of(path), Some(Found { place, slashless }), "{path}");
            }
        }
        for path in [
            "/",
            "/api/vi/run/",
            "/api/v1/runs/",
            "/api/v1/worker-pools/1/",
            "/api/v1run/",
            "/api/v1//",
            "/API/v1/run/",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
        let many = format!("/api/v1/run/set/{}/", "1;".repeat(SET_MAX));
        assert_eq!(Place::of(&many), None);
    }

    proptest::proptest! {
        #[test]
        fn no_path_breaks_the_reader(rest in "[a-z0-9/;%_.]{0,40}") {
            let _ = Place::of(&format!("/api/v1/{rest}"));
            let _ = Place::of(&rest);
        }
    }
}

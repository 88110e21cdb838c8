//! Pages of lists.

use serde::Serialize;

use crate::parameters::Parameters;
use crate::refusal::{Refusal, Reply};

/// The default size of a page.
pub(crate) const LIMIT_DEFAULT: u64 = 200;

/// The largest page, also for `limit=0`.
pub(crate) const LIMIT_MAX: u64 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
}

/// The `meta` of a page. The names are in alphabetical order.
#[derive(Debug, Serialize)]
pub(crate) struct PageHead {
    meta: Meta,
}

#[derive(Debug, PartialEq, Serialize)]
struct Meta {
    limit: u64,
    next: Option<String>,
    offset: u64,
    previous: Option<String>,
    total_count: u64,
}

impl Page {
    /// Reads the requested page.
    ///
    /// # Errors
    /// 400 when a number is none, or negative.
    pub(crate) fn read(parameters: &Parameters) -> Reply<Self> {
        let number = |name: &str, default| match parameters.last(name) {
            None => Ok(default),
            Some(text) => text
                .trim()
                .parse::<u64>()
                .map_err(|_| Refusal::about(name, "must be an integer greater than or equal to 0")),
        };
        let limit = match number("limit", LIMIT_DEFAULT)? {
            0 => LIMIT_MAX,
            limit => limit.min(LIMIT_MAX),
        };
        let offset = number("offset", 0)?;
        Ok(Self { limit, offset })
    }

    /// The number of objects before the page, and on it.
    pub(crate) fn skip_and_take(self) -> (usize, usize) {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        (count(self.offset), count(self.limit))
    }

    /// The things of this page out of all of them.
    pub(crate) fn of<T>(self, all: impl Iterator<Item = T>) -> Vec<T> {
        let (skipped, taken) = self.skip_and_take();
        all.skip(skipped).take(taken).collect()
    }

    /// The links to the pages before and after. They repeat all other parameters of the request
    /// byte for byte, because workers sign and follow them as they are.
    pub(crate) fn head(self, path: &str, parameters: &Parameters, total_count: u64) -> PageHead {
        let Self { limit, offset } = self;
        let neighbour = |offset: u64| {
            let mut uri = format!("{path}?");
            for raw in parameters.without(&["limit", "offset"]) {
                uri.push_str(raw);
                uri.push('&');
            }
            uri.push_str(&format!("limit={limit}&offset={offset}"));
            uri
        };
        let next = offset.checked_add(limit).filter(|next| *next < total_count);
        let meta = Meta {
            limit,
            next: next.map(neighbour),
            offset,
            previous: offset.checked_sub(limit).map(neighbour),
            total_count,
        };
        PageHead { meta }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> Reply<Page> {
        Page::read(&Parameters::read(query).unwrap())
    }

    fn meta(query: &str, total_count: u64) -> Meta {
        let parameters = Parameters::read(query).unwrap();
        let page = Page::read(&parameters).unwrap();
        page.head("/api/v1/run/", &parameters, total_count).meta
    }

    #[test]
    fn a_page_is_as_large_as_requested_and_no_larger_than_a_thousand() {
        for (query, limit, offset) in [
            ("", 200, 0),
            ("limit=7", 7, 0),
            ("limit=0", 1000, 0),
            ("limit=1001", 1000, 0),
            ("limit=7&limit=8&offset=3", 8, 3),
            ("offset=1000000", 200, 1_000_000),
        ] {
            assert_eq!(read(query), Ok(Page { limit, offset }), "{query}");
        }
        for query in [
            "limit=x",
            "limit=",
            "limit=-1",
            "limit=1.5",
            "limit=0x10",
            "offset=-1",
            "offset=",
            "offset=x",
            "offset=99999999999999999999",
        ] {
            assert!(matches!(read(query), Err(Refusal::Bad(_))), "{query}");
        }
    }

    #[test]
    fn neighbours_repeat_the_requested_parameters() {
        let found = meta("offset=2&state=scheduled&x=%2f+&limit=2", 5);
        let uri = |offset| format!("/api/v1/run/?state=scheduled&x=%2f+&limit=2&offset={offset}");
        assert_eq!(found.next, Some(uri(4)));
        assert_eq!(found.previous, Some(uri(0)));
        for (query, total_count, next, previous) in [
            ("", 0, false, false),
            ("limit=2", 2, false, false),
            ("limit=2", 3, true, false),
            ("limit=2&offset=1", 3, false, false),
            ("limit=2&offset=9", 3, false, true),
            ("offset=18446744073709551615", 3, false, true),
        ] {
            let found = meta(query, total_count);
            assert_eq!(found.next.is_some(), next, "{query}");
            assert_eq!(found.previous.is_some(), previous, "{query}");
        }
    }

    proptest! {
        #[test]
        fn following_next_shows_everything_once(count in 0_u64..60, limit in 1_u64..12) {
            let mut seen = Vec::new();
            let mut query = format!("limit={limit}");
            loop {
                let parameters = Parameters::read(&query).unwrap();
                let page = Page::read(&parameters).unwrap();
                seen.extend(page.of(0..count));
                match page.head("", &parameters, count).meta.next {
                    Some(next) => query = next.trim_start_matches('?').to_owned(),
                    None => break,
                }
            }
            prop_assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }
    }
}

//! Pages of every list view are those of a naive scan, whatever the history, the filter and the order.

use std::cmp::Reverse;

use eventlog::Position;
use jiff::Timestamp;
use proptest::prelude::*;
use tables::Range;

use crate::engine::list::{List, ListQuery, ListView};
use crate::testing::{App, PATIENCE, any_story, at, block_on, tell_all};
use crate::{Builds, Collections, Cursor, Usages};

/// Values that stories have, and one that they have not.
const VALUES: [&str; 14] = [
    "default",
    "success",
    "running",
    "failed",
    "develop",
    "zlib",
    "e4s",
    "ip-10-0-0-1",
    "uuid-1",
    "stage-1",
    "queued",
    "recorded",
    "pod_missing",
    "nonsense",
];

/// One order of a list as the test knows it: its letter, and the time and position that rows have in it.
type NaiveOrder<R> = (Option<u8>, fn(&R) -> Option<(Timestamp, Position)>);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pages_of_lists_are_those_of_a_naive_scan(
        story in any_story(),
        order in 0_usize..3,
        fields in prop::collection::vec((0_usize..8, 0..VALUES.len()), 0..3),
        (since, until) in (0_i64..120, 0_i64..120),
        oldest_first: bool,
        (offset, limit) in (0_usize..6, 1_usize..5),
    ) {
        block_on(async {
            let app = App::new();
            tell_all(&*app.log, story).await;
            app.views.wait_for_all(app.log_head(), PATIENCE).await.unwrap();
            let asked = Asked { order, fields, since, until, oldest_first, offset, limit };
            asked.check(&app.views.of::<Builds>().unwrap(), &[
                (None, |row| Some((row.seen_at, row.first))),
                (Some(b'u'), |row| Some((row.updated_at, row.position))),
                (Some(b'f'), |row| Some((row.finished_at?, row.first))),
            ]);
            asked.check(&app.views.of::<Usages>().unwrap(), &[
                (None, |row| Some((row.finished_at, row.position))),
            ]);
            asked.check(&app.views.of::<Collections>().unwrap(), &[
                (None, |row| Some((row.entered_at, row.entered))),
            ]);
        });
    }
}

/// What is asked of each list.
#[derive(Debug)]
struct Asked {
    order: usize,
    fields: Vec<(usize, usize)>,
    since: i64,
    until: i64,
    oldest_first: bool,
    offset: usize,
    limit: usize,
}

impl Asked {
    fn check<L: ListView>(&self, list: &List<L>, orders: &[NaiveOrder<L::Row>]) {
        let (order, place) = orders[self.order % orders.len()];
        let mut fields: Vec<(&'static [u8], &str)> = Vec::new();
        for (field, value) in self.fields.iter().filter(|_| !L::FIELDS.is_empty()) {
            let prefix = L::FIELDS[field % L::FIELDS.len()].prefix;
            if fields.iter().all(|(known, _)| *known != prefix) {
                fields.push((prefix, VALUES[*value]));
            }
        }
        // Times of the log and of builds, seconds apart, and none at all.
        let moment = |second: i64| (second >= 20).then(|| at(second - 20));
        let query = ListQuery {
            order,
            fields,
            since: moment(self.since),
            until: moment(self.until),
            oldest_first: self.oldest_first,
        };

        let all = list.reader.scan(Range::prefix(b"r")).unwrap();
        let all: Vec<L::Row> = all
            .iter()
            .map(|(_, row)| list.reader.decode(row).unwrap())
            .collect();
        let mut expected: Vec<_> = all
            .iter()
            .filter_map(|row| Some((place(row)?, row)))
            .filter(|((time, _), row)| {
                let fits = |(prefix, wanted): &(&[u8], &str)| {
                    let field = L::FIELDS.iter().find(|field| field.prefix == *prefix);
                    field.and_then(|field| (field.value)(row)) == Some(*wanted)
                };
                query.fields.iter().all(fits)
                    && query.since.is_none_or(|since| *time >= since)
                    && query.until.is_none_or(|until| *time < until)
            })
            .collect();
        expected.sort_by_key(|(place, _)| Reverse(*place));
        if self.oldest_first {
            expected.reverse();
        }
        let expected: Vec<String> = expected.iter().map(|(_, row)| format!("{row:?}")).collect();

        let (mut found, mut cursor) = (Vec::new(), Cursor::start());
        loop {
            let page = list.page(&query, &cursor, self.limit).unwrap();
            assert!(page.rows.len() <= self.limit);
            found.extend(page.rows.iter().map(|row| format!("{row:?}")));
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let view = L::NAME;
        assert_eq!(found, expected, "{view} by pages: {query:?}");

        let (rows, total) = list.page_at(&query, self.offset, self.limit).unwrap();
        let rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        let window = expected.iter().skip(self.offset).take(self.limit);
        assert_eq!(
            rows,
            window.cloned().collect::<Vec<_>>(),
            "{view} at {}: {query:?}",
            self.offset
        );
        assert_eq!(total, expected.len() as u64, "{view}: {query:?}");

        // Every row that has a class is counted, and counted once.
        let counted: u64 = list.classes().unwrap().iter().map(|(_, count)| count).sum();
        let classed = all
            .iter()
            .filter(|row| L::class(row, tables::KeyBuilder::new(0)).is_some());
        assert_eq!(counted, classed.count() as u64, "{view}");
    }
}

//! Every list view against a naive one: rows folded by hand, and lists made by scanning and sorting all of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::{once, successors};

use domain::{Event, EventKind};
use eventlog::{EventLog, Filter, PageLimit, Position, Recorded};
use jiff::Timestamp;
use proptest::prelude::*;
use tables::{Key, KeyBuilder, Range};

use crate::builds::build::{BuildList, BuildRow};
use crate::builds::collections::{CollectionList, CollectionRow};
use crate::builds::nodes::{NodeList, NodeRow};
use crate::builds::packages::{PackageList, PackageRow};
use crate::builds::usage::{UsageList, UsageRow};
use crate::core::audit::{AuditList, AuditRow};
use crate::core::refused_bodies::{BodyRow, RefusedBodyList};
use crate::core::tokens::{TokenList, TokenRow};
use crate::engine::Envelope;
use crate::engine::history::AsOf;
use crate::engine::list::{List, ListQuery, ListView, StreamList, entries, row_key};
use crate::engine::{stored, stream};
use crate::testing::{App, PATIENCE, any_story, at, block_on, tell_all};
use crate::{Cursor, Listing};

/// Values that stories have, and one that they have not.
const VALUES: [&str; 18] = [
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
    "token:t1",
    "api",
    "build.collection_requeued",
    "0000000000000000000000000000000000000000000000000000000000000002",
    "nonsense",
];

/// What the test knows of a list without its declaration.
struct Naive<R: 'static> {
    orders: &'static [(Option<&'static [u8]>, NaiveOrder<R>)],
    fields: &'static [NaiveField<R>],
    class: fn(&R) -> Option<Vec<&str>>,
}

/// The prefix of a field, and whether a row has a value in it.
type NaiveField<R> = (&'static [u8], fn(&R, &str) -> bool);

/// An order of a list.
enum NaiveOrder<R> {
    /// By time and position, the newest first; rows without are left out.
    Newest(fn(&R) -> Option<(Timestamp, Position)>),
    By(fn(&R) -> bool, fn(&R, &R) -> Ordering),
}

use NaiveOrder::{By, Newest};

const BUILDS: Naive<BuildRow> = Naive {
    orders: &[
        (None, Newest(|row| Some((row.seen_at, row.first)))),
        (
            Some(b"u"),
            Newest(|row| Some((row.updated_at, row.position))),
        ),
        (
            Some(b"f"),
            Newest(|row| Some((row.finished_at?, row.first))),
        ),
    ],
    fields: &[
        (b"i\x01", |row, value| row.key.source() == value),
        (b"i\x02", |row, value| row.status == value),
        (b"i\x03", |row, value| row.git_ref == value),
        (b"i\x04", |row, value| {
            row.usage
                .as_ref()
                .is_some_and(|usage| usage.package == value)
        }),
        (b"i\x05", |row, value| {
            let usage = row.usage.as_ref();
            usage.and_then(|usage| usage.hostname.as_deref()) == Some(value)
        }),
        (b"i\x06", |row, value| {
            let usage = row.usage.as_ref();
            usage.and_then(|usage| usage.node.as_deref()) == Some(value)
        }),
        (b"i\x07", |row, value| row.stage.as_deref() == Some(value)),
        (b"i\x08", |row, value| {
            let collection = row.collection.as_ref();
            collection.is_some_and(|progress| progress.state.as_str() == value)
        }),
    ],
    class: |row| Some(vec![&row.status]),
};

const USAGES: Naive<UsageRow> = Naive {
    orders: &[(None, Newest(|row| Some((row.finished_at, row.position))))],
    fields: &[
        (b"i\x01", |row, value| row.package == value),
        (b"i\x02", |row, value| row.git_ref == value),
        (b"i\x03", |row, value| row.stack == value),
        (b"i\x04", |row, value| {
            row.hostname.as_deref() == Some(value)
        }),
    ],
    class: |_| None,
};

const COLLECTIONS: Naive<CollectionRow> = Naive {
    orders: &[
        (None, Newest(|row| Some((row.entered_at, row.entered)))),
        (
            Some(b"d"),
            By(
                |row| row.progress.state.is_waiting(),
                |a, b| (a.progress.due_at, a.entered).cmp(&(b.progress.due_at, b.entered)),
            ),
        ),
    ],
    fields: &[
        (b"s", |row, value| row.progress.state.as_str() == value),
        (b"reason", |row, value| {
            row.progress.state.reason() == Some(value)
        }),
    ],
    class: |row| {
        let state = row.progress.state;
        Some(vec![state.as_str(), state.reason().unwrap_or("")])
    },
};

const NODES: Naive<NodeRow> = Naive {
    orders: &[(
        None,
        By(
            |_| true,
            |a, b| (&a.hostname, &a.uuid).cmp(&(&b.hostname, &b.uuid)),
        ),
    )],
    fields: &[],
    class: |_| None,
};

const TOKENS: Naive<TokenRow> = Naive {
    orders: &[(None, By(|_| true, |a, b| a.id.cmp(&b.id)))],
    fields: &[(b"h", |row, value| row.hash == value)],
    class: |_| None,
};

const AUDIT: Naive<AuditRow> = Naive {
    orders: &[(None, Newest(|row| Some((row.recorded_at, row.position))))],
    fields: &[
        (b"t", |row, value| row.event_type == value),
        (b"dialect", |row, value| {
            row.dialect.as_deref() == Some(value)
        }),
        (b"a", |row, value| {
            row.actor_kind.is_some_and(|kind| {
                let (id, kind) = (row.actor.as_deref().unwrap_or(""), kind.as_str());
                value == kind || value == id || value == format!("{kind}:{id}")
            })
        }),
    ],
    class: |_| None,
};

const REFUSED_BODIES: Naive<BodyRow> = Naive {
    orders: &[(None, Newest(|row| Some((row.first_at, row.first))))],
    fields: &[],
    class: |_| None,
};

const PACKAGES: Naive<PackageRow> = Naive {
    orders: &[
        (None, By(|_| true, |a, b| a.name.cmp(&b.name))),
        (
            Some(b"o\x01"),
            By(|_| true, |a, b| by_number(a, b, |row| row.builds as f64)),
        ),
        (
            Some(b"o\x02"),
            By(|_| true, |a, b| by_number(a, b, |row| row.memory_peak)),
        ),
        (
            Some(b"o\x03"),
            By(
                |_| true,
                |a, b| by_number(a, b, |row| row.waste.memory_unused),
            ),
        ),
        (
            Some(b"o\x04"),
            By(|_| true, |a, b| by_number(a, b, |row| row.waste.cpu_unused)),
        ),
        (
            Some(b"o\x05"),
            By(
                |_| true,
                |a, b| by_number(a, b, |row| row.out_of_memory as f64),
            ),
        ),
        (
            Some(b"o\x06"),
            By(
                |_| true,
                |a, b| b.last_at.cmp(&a.last_at).then(a.name.cmp(&b.name)),
            ),
        ),
    ],
    fields: &[],
    class: |_| None,
};

fn by_number(a: &PackageRow, b: &PackageRow, number: fn(&PackageRow) -> f64) -> Ordering {
    let greatest_first = number(b).total_cmp(&number(a));
    greatest_first.then(a.name.cmp(&b.name))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn lists_are_those_of_a_naive_scan(
        story in any_story(),
        fields in prop::collection::vec((0_usize..8, 0..VALUES.len()), 0..3),
        (since, until) in (0_i64..120, 0_i64..120),
        sizes in prop::collection::vec(1_usize..6, 1..5),
        as_of in 0_u64..180,
    ) {
        block_on(async {
            let app = App::new();
            tell_all(&*app.log, story).await;
            app.views.wait_for_all(app.log_head(), PATIENCE).await.unwrap();
            // Times of the log and of builds, seconds apart, and none at all.
            let moment = |second: i64| (second >= 20).then(|| at(second - 20));
            let (since, until) = (moment(since), moment(until));
            let page = app.log.read_all(Position::START, &Filter::all(), PageLimit::default()).await;
            let log = page.unwrap().events;
            let case = Case { app: &app, log, fields, since, until, sizes, as_of: Position(as_of) };
            case.check::<BuildList>(&BUILDS);
            case.check::<UsageList>(&USAGES);
            case.check::<CollectionList>(&COLLECTIONS);
            case.check::<NodeList>(&NODES);
            case.check::<TokenList>(&TOKENS);
            case.check::<AuditList>(&AUDIT);
            case.check::<RefusedBodyList>(&REFUSED_BODIES);
            case.check::<PackageList>(&PACKAGES);
            case.check_past::<BuildList>().await;
            case.check_past::<UsageList>().await;
            case.check_past::<CollectionList>().await;
            case.check_past::<NodeList>().await;
            case.check_past::<TokenList>().await;
        });
    }
}

/// A log, and what is queried of each list.
struct Case<'a> {
    app: &'a App,
    log: Vec<Recorded>,
    fields: Vec<(usize, usize)>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    sizes: Vec<usize>,
    as_of: Position,
}

impl Case<'_> {
    fn check<L: ListView>(&self, naive: &Naive<L::Row>) {
        let list = self.app.views.of::<List<L>>().unwrap();
        let rows = naive_rows::<L>(&self.log, |_| true);
        self.check_table(&list, &rows, naive);
        let mut fields = BTreeMap::<&'static [u8], &str>::new();
        for (field, value) in self.fields.iter().filter(|_| !naive.fields.is_empty()) {
            let (prefix, _) = naive.fields[field % naive.fields.len()];
            fields.insert(prefix, VALUES[*value]);
        }
        let fields: Vec<_> = fields.into_iter().collect();
        for (order, naive_order) in naive.orders {
            let is_by_time = matches!(naive_order, Newest(_));
            for oldest_first in [false, true] {
                let query = ListQuery {
                    order: *order,
                    fields: fields.clone(),
                    since: self.since.filter(|_| is_by_time),
                    until: self.until.filter(|_| is_by_time),
                    oldest_first,
                };
                self.check_pages(&list, &rows, naive, naive_order, &query);
            }
        }
        // Each field alone, so that each index is walked.
        for (prefix, _) in naive.fields {
            for value in VALUES {
                let query = ListQuery {
                    fields: vec![(prefix, value)],
                    ..ListQuery::default()
                };
                self.check_pages(&list, &rows, naive, &naive.orders[0].1, &query);
            }
        }
    }

    /// Every row, every entry of every index and the count of every class, and nothing else.
    fn check_table<L: ListView>(
        &self,
        list: &List<L>,
        rows: &BTreeMap<L::Key, L::Row>,
        naive: &Naive<L::Row>,
    ) {
        let mut expected = BTreeMap::<Key, Vec<u8>>::new();
        let mut classes = BTreeMap::<Vec<String>, u64>::new();
        for (key, row) in rows {
            let key = row_key::<L>(key);
            expected.insert(key.clone(), stored::encode(row).to_vec());
            expected.extend(
                entries::<L>(row)
                    .into_iter()
                    .map(|entry| (entry, key.clone())),
            );
            if let Some(class) = (naive.class)(row) {
                let class = class.into_iter().map(str::to_owned).collect();
                *classes.entry(class).or_default() += 1;
            }
        }
        for (class, count) in &classes {
            let start = KeyBuilder::new(b'n');
            let key = class.iter().fold(start, |key, word| key.str(word)).build();
            let count = i64::try_from(*count).unwrap();
            expected.insert(key, stored::encode(&count).to_vec());
        }
        let table = list.reader.scan(Range::all()).unwrap().into_iter();
        let table = table.map(|(key, value)| (key, value.to_vec()));
        // The checkpoint is the engine's.
        let table: BTreeMap<_, _> = table.filter(|(key, _)| key[0] != 0).collect();
        assert_eq!(table, expected, "the table of {}", L::NAME);
        let counted: BTreeMap<_, _> = list.classes().unwrap().into_iter().collect();
        assert_eq!(counted, classes, "the classes of {}", L::NAME);
    }

    fn check_pages<L: ListView>(
        &self,
        list: &List<L>,
        rows: &BTreeMap<L::Key, L::Row>,
        naive: &Naive<L::Row>,
        order: &NaiveOrder<L::Row>,
        query: &ListQuery<'_>,
    ) {
        let fits = |row: &&L::Row| {
            query.fields.iter().all(|(prefix, value)| {
                let field = naive.fields.iter().find(|(known, _)| known == prefix);
                field.is_some_and(|(_, has)| has(row, value))
            })
        };
        let mut expected: Vec<&L::Row> = rows.values().filter(fits).collect();
        match order {
            Newest(place) => {
                expected.retain(|row| {
                    place(row).is_some_and(|(time, _)| {
                        query.since.is_none_or(|since| time >= since)
                            && query.until.is_none_or(|until| time < until)
                    })
                });
                expected.sort_by_key(|row| std::cmp::Reverse(place(row)));
            }
            By(is_listed, compare) => {
                expected.retain(|row| is_listed(row));
                expected.sort_by(|a, b| compare(a, b));
            }
        }
        if query.oldest_first {
            expected.reverse();
        }

        let mut sizes = self.sizes.iter().cycle();
        let mut page = |cursor: &Cursor| {
            let limit = *sizes.next().unwrap();
            let page = list.page(query, cursor, limit).unwrap();
            assert!(page.rows.len() <= limit);
            page
        };
        let first = page(&Cursor::start());
        let pages = successors(Some(first), |before: &Listing<_>| {
            before.next.as_ref().map(&mut page)
        });
        let found: Vec<String> = pages
            .flat_map(|page| page.rows)
            .map(|row| format!("{row:?}"))
            .collect();
        let expected: Vec<String> = expected.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(found, expected, "{}: {query:?}", L::NAME);
    }

    /// Each row now, and as of a position.
    async fn check_past<L: StreamList>(&self) {
        let list = self.app.views.of::<List<L>>().unwrap();
        for (key, row) in naive_rows::<L>(&self.log, |_| true) {
            let now = list.get(&key).unwrap().unwrap();
            assert_eq!(format!("{now:?}"), format!("{row:?}"), "{} {key}", L::NAME);
            let streams = stream(L::CATEGORY, &key);
            let then = naive_rows::<L>(&self.log, |recorded| {
                recorded.position <= self.as_of && streams.contains(&recorded.stream)
            });
            let as_of = AsOf::Position(self.as_of);
            let history = self.app.views.history();
            let found = history.row_as_of::<List<L>>(&key, as_of).await.unwrap();
            let (found, then) = (format!("{found:?}"), format!("{:?}", then.get(&key)));
            assert_eq!(found, then, "{} {key} as of {}", L::NAME, self.as_of);
        }
    }
}

/// The rows of a list, folded one event after the other.
fn naive_rows<L: ListView>(
    log: &[Recorded],
    includes: impl Fn(&Recorded) -> bool,
) -> BTreeMap<L::Key, L::Row> {
    let mut rows = BTreeMap::new();
    for recorded in log.iter().filter(|recorded| includes(recorded)) {
        let event_type = recorded.event_type.as_str();
        let event = Event::decode(event_type, recorded.version, &recorded.data).unwrap();
        let envelope = Envelope::new(recorded, &event);
        let event = L::Event::of_ref(&event).filter(|_| L::wants(event_type));
        let event = event.and_then(|event| Some((event, L::key_of(event, &envelope)?)));
        if let Some((event, key)) = event {
            let mut row = rows.remove(&key);
            L::change(&mut row, &key, event, &envelope);
            rows.extend(once(key).zip(row));
        }
    }
    rows
}

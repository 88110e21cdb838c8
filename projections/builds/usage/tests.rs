use crate::builds::usage::UsageFilter;
use crate::testing::{App, at, key, usage};
use crate::{Cursor, Usages};
use domain::builds::build::{BuildEvent, ResourceUsage};

/// Nine builds of two packages on two machines, of two refs and two stacks.
async fn data() -> App {
    let app = App::new();
    for number in 1..=9 {
        let package = if number % 2 == 0 { "zlib" } else { "hdf5" };
        let mut usage = usage(number, package);
        usage.hostname = (number != 9).then(|| format!("ip-{}", number % 3));
        usage.git_ref = if number < 4 { "main" } else { "develop" }.to_owned();
        usage.stack = if number < 7 { "e4s" } else { "radiuss" }.to_owned();
        app.tell_of_build(number, BuildEvent::UsageRecorded(usage))
            .await;
    }
    app
}

fn numbers(app: &App, filter: &UsageFilter) -> Vec<i64> {
    let (mut cursor, mut found) = (Cursor::start(), Vec::new());
    loop {
        let page = app
            .views
            .of::<Usages>()
            .unwrap()
            .list(filter, &cursor, 2)
            .unwrap();
        found.extend(page.rows.iter().map(|row| row.key.number()));
        match page.next {
            Some(next) => cursor = next,
            None => return found,
        }
    }
}

#[tokio::test]
async fn what_builds_used_is_narrowed_by_any_field() {
    let app = data().await;
    let text = |text: &str| Some(text.to_owned());
    let any = UsageFilter::default;
    for (filter, expected) in [
        (any(), &[9, 8, 7, 6, 5, 4, 3, 2, 1][..]),
        (
            UsageFilter {
                package: text("zlib"),
                ..any()
            },
            &[8, 6, 4, 2],
        ),
        (
            UsageFilter {
                hostname: text("ip-1"),
                ..any()
            },
            &[7, 4, 1],
        ),
        (
            UsageFilter {
                git_ref: text("main"),
                ..any()
            },
            &[3, 2, 1],
        ),
        (
            UsageFilter {
                stack: text("radiuss"),
                ..any()
            },
            &[9, 8, 7],
        ),
        (
            UsageFilter {
                package: text("gcc"),
                ..any()
            },
            &[],
        ),
        // One field is looked up, and the others are looked at.
        (
            UsageFilter {
                package: text("zlib"),
                hostname: text("ip-2"),
                ..any()
            },
            &[8, 2],
        ),
        (
            UsageFilter {
                hostname: text("ip-1"),
                stack: text("radiuss"),
                ..any()
            },
            &[7],
        ),
        (
            UsageFilter {
                stack: text("e4s"),
                git_ref: text("develop"),
                ..any()
            },
            &[6, 5, 4],
        ),
        // A build ends 8 seconds after ten times its number.
        (
            UsageFilter {
                since: Some(at(58)),
                until: Some(at(78)),
                ..any()
            },
            &[6, 5],
        ),
        (
            UsageFilter {
                package: text("hdf5"),
                oldest_first: true,
                ..any()
            },
            &[1, 3, 5, 7, 9],
        ),
    ] {
        assert_eq!(numbers(&app, &filter), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn what_is_recorded_again_replaces_what_was() {
    let app = data().await;
    let mut again = usage(2, "gcc");
    again.hostname = Some("ip-7".to_owned());
    again.finished_at = at(1000);
    app.tell_of_build(2, BuildEvent::UsageRecorded(again)).await;
    let text = |text: &str| Some(text.to_owned());
    let any = UsageFilter::default;
    for (filter, expected) in [
        (any(), &[2, 9, 8, 7, 6, 5, 4, 3, 1][..]),
        (
            UsageFilter {
                package: text("zlib"),
                ..any()
            },
            &[8, 6, 4],
        ),
        (
            UsageFilter {
                package: text("gcc"),
                ..any()
            },
            &[2],
        ),
        (
            UsageFilter {
                hostname: text("ip-2"),
                ..any()
            },
            &[8, 5],
        ),
    ] {
        assert_eq!(numbers(&app, &filter), expected, "{filter:?}");
    }
    let row = app
        .views
        .of::<Usages>()
        .unwrap()
        .get(&key(2))
        .unwrap()
        .unwrap();
    assert_eq!(row.package, "gcc");
    assert_eq!(
        app.views.of::<Usages>().unwrap().get(&key(77)).unwrap(),
        None
    );
}

/// A row that an earlier build wrote is read: request, limit, mean, median, max, min, stddev, each in its place.
#[test]
fn what_was_used_of_a_resource_is_stored_field_by_field() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Row(#[serde(with = "super::resource")] ResourceUsage);
    let bytes = |number: f64| number.to_le_bytes();
    for request in [Some(0.5), None] {
        let row = Row(ResourceUsage {
            request,
            limit: Some(2.0),
            mean: 3.0,
            median: 4.0,
            max: 5.0,
            min: 6.0,
            stddev: 7.0,
        });
        let mut stored = match request {
            Some(request) => [&[1][..], &bytes(request)].concat(),
            None => vec![0],
        };
        stored.push(1);
        stored.extend([2.0, 3.0, 4.0, 5.0, 6.0, 7.0].into_iter().flat_map(bytes));
        assert_eq!(crate::engine::stored::encode(&row), stored);
        let read: Row = crate::engine::stored::decode(&stored).unwrap();
        assert_eq!(read, row);
    }
}

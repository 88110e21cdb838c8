use domain::builds::node::{Described, NodeEvent};

use crate::testing::{App, at, node};
use crate::{Cursor, Nodes};

async fn describe(app: &App, described: Described) {
    let stream = format!("node-{}", described.uuid);
    app.tell(&stream, NodeEvent::Described(described)).await;
}

#[tokio::test]
async fn a_machine_is_found_by_its_newest_name_and_known_since_it_was_first_described() {
    let app = App::new();
    describe(&app, node(1)).await;
    let renamed = Described {
        hostname: "ip-9".to_owned(),
        cores: 32.0,
        at: at(50),
        ..node(1)
    };
    describe(&app, renamed).await;
    let nodes = app.views.of::<Nodes>().unwrap();
    let named = |hostname: &str| {
        nodes
            .by_hostname(hostname, &Cursor::start(), 9)
            .unwrap()
            .rows
    };
    assert_eq!(named(&node(1).hostname), []);
    let row = nodes.get(&"uuid-1".to_owned()).unwrap().unwrap();
    assert_eq!(named("ip-9"), std::slice::from_ref(&row));
    assert_eq!((row.cores, row.memory), (32.0, 64e9));
    assert_eq!((row.first_at, row.at), (at(1), at(50)));
    assert_eq!(nodes.get(&"uuid-2".to_owned()).unwrap(), None);
}

/// A name is given to another machine after the first one is removed.
#[tokio::test]
async fn machines_of_one_name_are_told_apart_and_listed_by_name() {
    let app = App::new();
    for number in 1..=4 {
        describe(&app, node(number)).await;
    }
    let uuids = |rows: Vec<crate::builds::nodes::NodeRow>| -> Vec<String> {
        rows.into_iter().map(|row| row.uuid).collect()
    };
    let nodes = app.views.of::<Nodes>().unwrap();
    let first = nodes.by_hostname("ip-1", &Cursor::start(), 1).unwrap();
    let rest = nodes.by_hostname("ip-1", &first.next.unwrap(), 1).unwrap();
    assert_eq!(
        [uuids(first.rows), uuids(rest.rows)],
        [["uuid-1"], ["uuid-3"]]
    );
    assert_eq!(rest.next, None);
    let first = nodes.list(&Cursor::start(), 3).unwrap();
    let rest = nodes.list(&first.next.unwrap(), 3).unwrap();
    assert_eq!(uuids(first.rows), ["uuid-2", "uuid-4", "uuid-1"]);
    assert_eq!(
        (uuids(rest.rows), rest.next),
        (vec!["uuid-3".to_owned()], None)
    );
}

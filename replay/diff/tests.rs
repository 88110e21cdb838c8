use tables::Batch;

use super::*;
use crate::rebuild::{self, To};
use crate::test_log;
use crate::unwatched;

struct Server {
    folder: tempfile::TempDir,
    log: Arc<dyn EventLog>,
}

impl Server {
    /// What a server leaves behind that has folded `events` events.
    async fn stopped_after(events: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log: Arc<dyn EventLog> = Arc::new(test_log::filled(events).await);
        let options = rebuild::Options {
            to: To::Directory(folder.path().join("views")),
            until: None,
            views: Vec::new(),
            config: ViewsConfig::new(test_log::noon),
        };
        rebuild::run(Arc::clone(&log), options, &unwatched)
            .await
            .unwrap();
        Self { folder, log }
    }

    async fn compared(&self) -> Report {
        let options = Options {
            live: self.folder.path().join("views"),
            scratch: self.folder.path().join("scratch"),
            views: Vec::new(),
            config: ViewsConfig::new(test_log::noon),
            differences_max: 2,
        };
        let report = run(Arc::clone(&self.log), options, &unwatched)
            .await
            .unwrap();
        assert!(!self.folder.path().join("scratch").exists());
        report
    }

    fn change(&self, view: &str, change: impl FnOnce(&dyn tables::Table, &mut Batch)) {
        let opened = LsmTables::open(self.folder.path().join("views"), &LsmConfig::default());
        let tables = opened.unwrap().tables;
        let (_, table) = table_of(&tables, view).unwrap();
        let mut batch = Batch::new();
        change(&*table, &mut batch);
        table.apply(&batch).unwrap();
        tables.persist().unwrap();
    }
}

#[tokio::test]
async fn views_of_a_stopped_server_equal_the_log() {
    let server = Server::stopped_after(300).await;
    // Events that came after the last checkpoint are folded before comparing.
    test_log::fill(&*server.log, 30).await;
    let report = server.compared().await;
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(
        (report.position, report.damaged.clone()),
        (Position(330), None)
    );
    assert!(
        report
            .views
            .iter()
            .all(|view| view.different == 0 && !view.discarded)
    );
    assert!(
        report
            .views
            .iter()
            .any(|view| view.name == "builds" && view.rows > 100)
    );
}

#[tokio::test]
async fn a_row_that_is_not_what_it_should_be_is_shown_with_its_key() {
    let server = Server::stopped_after(300).await;
    let key_of = |place: usize| {
        move |table: &dyn tables::Table| table.scan(tables::Range::all()).unwrap()[place].0.clone()
    };
    let mut keys = Vec::new();
    server.change("builds", |table, batch| {
        keys = vec![key_of(20)(table), key_of(21)(table), b"zzz".to_vec()];
        batch.delete(keys[0].clone());
        batch.put(keys[1].clone(), &b"changed"[..]);
        batch.put(keys[2].clone(), &b"added"[..]);
    });
    let report = server.compared().await;
    assert_eq!((report.is_equal(), report.exit_code()), (false, 6));
    let unequal: Vec<_> = report.views.iter().filter(|view| !view.equal).collect();
    assert_eq!(unequal.len(), 1);
    let builds = unequal[0];
    assert_eq!(
        (&*builds.name, builds.different, builds.differences.len()),
        ("builds", 3, 2)
    );
    let first = &builds.differences[0];
    assert_eq!(first.key, keys[0].escape_ascii().to_string());
    assert!(first.live.is_none() && first.rebuilt.is_some());
    assert_eq!(builds.differences[1].live, Some("changed".into()));
}

#[tokio::test]
async fn a_row_of_a_build_is_shown_by_its_fields() {
    let server = Server::stopped_after(30).await;
    server.change("builds", |table, batch| {
        let rows = table.scan(tables::Range::all()).unwrap();
        let row = |value: &[u8]| crate::rows::row_json("builds", value).is_object();
        let (key, _) = rows
            .iter()
            .find(|(key, value)| key.len() > 1 && row(value))
            .unwrap();
        batch.delete(key.clone());
    });
    let report = server.compared().await;
    let builds = report
        .views
        .iter()
        .find(|view| view.name == "builds")
        .unwrap();
    let rebuilt = builds.differences[0].rebuilt.as_ref().unwrap();
    assert_eq!(
        rebuilt["git_ref"].as_str().or(rebuilt["ref"].as_str()),
        Some("develop"),
        "{rebuilt}"
    );
}

#[tokio::test]
async fn a_view_that_a_server_would_rebuild_is_not_called_equal() {
    let server = Server::stopped_after(300).await;
    server.change("usage", |_, batch| batch.delete(vec![0]));
    let report = server.compared().await;
    let usage = report
        .views
        .iter()
        .find(|view| view.name == "usage")
        .unwrap();
    assert!(usage.discarded && !usage.equal, "{usage:?}");
    assert_eq!(usage.live, Live::Unusable);
    assert!(!report.is_equal());
}

/// After an upgrade, before the server has started: nothing is compared, and nothing is reported as
/// equal.
#[tokio::test]
async fn a_view_that_another_version_wrote_is_called_so() {
    let server = Server::stopped_after(300).await;
    let opened = LsmTables::open(server.folder.path().join("views"), &LsmConfig::default());
    let tables = opened.unwrap().tables;
    let (name, _) = table_of(&tables, "usage").unwrap();
    tables.drop_table(&name).unwrap();
    let mut batch = Batch::new();
    batch.put(b"row".to_vec(), &b"of its own"[..]);
    let other = tables.open("usage.v999.g1").unwrap();
    other.apply(&batch).unwrap();
    tables.persist().unwrap();
    drop(tables);
    let report = server.compared().await;
    for view in &report.views {
        let expected = match view.name.as_str() {
            "usage" => Live::OtherVersion,
            _ => Live::Equal,
        };
        assert_eq!(view.live, expected, "{view:?}");
        assert_eq!(view.equal, expected == Live::Equal, "{view:?}");
    }
    assert_eq!(report.exit_code(), 6);
}

#[tokio::test]
async fn where_there_are_no_views_there_is_nothing_to_compare() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        live: folder.path().join("views"),
        scratch: folder.path().join("scratch"),
        views: Vec::new(),
        config: ViewsConfig::new(test_log::noon),
        differences_max: 2,
    };
    let missing = run(Arc::new(test_log::empty()), options, &unwatched).await;
    assert!(matches!(missing, Err(ToolError::NotFound(_))));
}

use domain::BuildsEvent;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use domain::Event;
use eventlog::{EventLog, MemoryLog, Position};
use tables::{Batch, MemoryTables, TableError, Tables};
use tokio::sync::watch;

use super::{digests, engine, engine_with};
use crate::builds::build::BuildList;
use crate::engine::list::row_key;
use crate::engine::{
    Engine, Envelope, Kind, Projection, ProjectionState, ProjectionStatus, RebuildHandle,
    RebuildProgress, Rows, stored,
};
use crate::testing::{
    PATIENCE, block_on, config, every_kind_of_event, key, memory_log, reported, tell, tell_all,
    used,
};
use crate::{Allocation, Builds, Packages, Views};

/// Writes wrong bytes directly into a table.
fn damage(tables: &MemoryTables, table: &str, key: &[u8]) {
    let mut batch = Batch::new();
    batch.put(key, vec![0xff; 3]);
    tables.open(table).unwrap().apply(&batch).unwrap();
}

async fn with_history() -> (
    Arc<MemoryLog>,
    Arc<MemoryTables>,
    Vec<(&'static str, String)>,
) {
    let log = Arc::new(memory_log());
    let tables = Arc::new(MemoryTables::new());
    tell_all(&*log, every_kind_of_event()).await;
    let engine = engine(&log, &tables).await;
    engine.catch_up().await.unwrap();
    let digests = digests(&engine);
    (log, tables, digests)
}

async fn all_live(views: &Views) {
    let mut moved = views.watch();
    let live = async {
        while !views
            .statuses()
            .iter()
            .all(|status| status.state == ProjectionState::Live)
        {
            moved.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, live).await.unwrap();
}

/// Missing, unreadable, of another log: each is rebuilt while the others answer.
#[tokio::test]
async fn a_table_that_cannot_be_trusted_is_rebuilt() {
    for trouble in ["missing", "checkpoint", "nothing but a name"] {
        let (log, tables, expected) = with_history().await;
        match trouble {
            "missing" => tables.drop_table("builds.v1.g1").unwrap(),
            "checkpoint" => damage(&tables, "builds.v1.g1", &[0]),
            _ => {
                tables.drop_table("builds.v1.g1").unwrap();
                drop(tables.open("builds.v1.g7").unwrap());
            }
        }
        let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
        all_live(&views).await;
        for (name, digest) in expected {
            assert_eq!(
                views.digest(name).unwrap(),
                Some(digest),
                "{trouble}: {name}"
            );
        }
        views.shutdown();
        let names = tables.names().unwrap();
        let of_builds: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with("builds."))
            .collect();
        assert_eq!(of_builds.len(), 1, "{trouble}: {of_builds:?}");
    }
}

/// A client of an empty view would learn that its object does not exist.
#[tokio::test]
async fn a_view_that_is_rebuilt_is_live_only_if_old_rows_answer_meanwhile() {
    for answers in [true, false] {
        let (log, tables, _) = with_history().await;
        if !answers {
            tables.drop_table("builds.v1.g1").unwrap();
        }
        let engine = engine(&log, &tables).await;
        let (_under_way, progress) = watch::channel(RebuildProgress::default());
        engine.slot("builds").unwrap().notes.lock().rebuild = Some(RebuildHandle { progress });
        for status in engine.statuses() {
            let expected = answers || status.name != "builds";
            assert_eq!(status.is_live(), expected, "{}", status.name);
        }
    }
}

#[tokio::test]
async fn damage_that_a_question_finds_is_mended_while_the_server_runs() {
    let (log, tables, _) = with_history().await;
    let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
    let before = views.of::<Builds>().unwrap().get(&key(1)).unwrap();
    damage(&tables, "builds.v1.g1", &row_key::<BuildList>(&key(1)));
    views.of::<Builds>().unwrap().get(&key(1)).unwrap_err();
    let last = tell(&*log, "build-default:900", reported(900, "running")).await;
    views.wait_for_all(last, PATIENCE).await.unwrap();
    assert_eq!(views.of::<Builds>().unwrap().get(&key(1)).unwrap(), before);
    views.shutdown();
    assert!(!tables.names().unwrap().contains(&"builds.v1.g1".to_owned()));
}

/// An empty table once answered while the rebuild went on: "no such build" for builds that exist.
#[tokio::test]
async fn a_damaged_view_does_not_answer_until_it_is_rebuilt() {
    let (log, tables, expected) = with_history().await;
    let engine = engine(&log, &tables).await;
    for (slot, (name, digest)) in engine.slots.iter().zip(expected) {
        let error = stored::damaged("a bit has flipped");
        slot.note_failure(&error);
        drop(slot.stop_damaged().expect("it answered until now"));
        let refused = engine.slot(name).unwrap().reader().err();
        let is_not_ready =
            matches!(refused, Some(TableError::NotReady { view, .. }) if view == name);
        assert!(is_not_ready, "{name}: {refused:?}");
        assert!(!engine.statuses().iter().all(ProjectionStatus::is_live));

        engine.rebuild(slot, |_| {}).await.unwrap();
        engine.commit(true).unwrap();
        assert_eq!(engine.digest(name).unwrap(), Some(digest), "{name}");
    }
}

/// The same kind of fault at a start: views that were deleted began empty, and answered from the first page on.
#[tokio::test]
async fn a_view_answers_from_where_the_log_ended_at_the_start() {
    let (log, tables, expected) = with_history().await;
    let config = || config().pages_of(3);
    let begun = engine_with(&log, &Arc::new(MemoryTables::new()), config()).await;
    let behind = engine_with(&log, &tables, config()).await;
    let last = tell(&*log, "build-default:900", reported(900, "running")).await;
    let resumed = engine_with(&log, &tables, config()).await;
    behind.catch_up().await.unwrap();
    assert_eq!(behind.position(), last);
    for (name, _) in &expected {
        assert!(
            behind.slot(name).unwrap().reader().is_ok(),
            "{name} was at the head"
        );
        assert!(
            resumed.slot(name).unwrap().reader().is_err(),
            "{name} lacks an event"
        );
    }
    while begun.position() < Position(last.0 - 1) {
        for slot in &begun.slots {
            let reader = slot.reader();
            assert!(
                reader.is_err(),
                "{} at {:?}",
                slot.kind.name,
                slot.position()
            );
        }
        begun.step().await.unwrap();
    }
    begun.catch_up().await.unwrap();
    resumed.catch_up().await.unwrap();
    for (name, _) in expected {
        assert!(
            begun.slot(name).unwrap().reader().is_ok()
                && resumed.slot(name).unwrap().reader().is_ok()
        );
    }
}

#[tokio::test]
async fn tables_of_another_log_are_not_used() {
    let (_, tables, _) = with_history().await;
    let shorter = Arc::new(memory_log());
    tell(&*shorter, "build-default:5", reported(5, "running")).await;
    let engine = engine(&shorter, &tables).await;
    engine.catch_up().await.unwrap();
    let builds = engine.of::<Builds>().unwrap();
    assert!(builds.get(&key(1)).unwrap().is_none());
    assert!(builds.get(&key(5)).unwrap().is_some());
}

#[tokio::test]
async fn a_model_of_other_settings_is_learnt_again() {
    let (log, tables, _) = with_history().await;
    let mut other = config();
    other.allocation.refs = allocation::Refs::All;
    let views = Views::start(log.clone(), tables.clone(), other).unwrap();
    all_live(&views).await;
    assert!(views.of::<Allocation>().unwrap().learnt() > 0);
}

/// Counts builds, in one way or another.
struct Counting<const VERSION: u32>;

impl<const VERSION: u32> Projection for Counting<VERSION> {
    type Event = Event;

    const NAME: &'static str = "counting";
    const VERSION: u32 = VERSION;
    const SHAPE: u32 = if VERSION < 3 { 1 } else { 2 };

    fn apply(&mut self, _: &Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        if matches!(envelope.event, Event::Builds(BuildsEvent::Build(_))) {
            rows.count(b"n".to_vec(), i64::from(VERSION));
        }
    }
}

fn counted(engine: &Engine) -> Option<i64> {
    engine
        .slot("counting")
        .unwrap()
        .reader()
        .unwrap()
        .get(b"n")
        .unwrap()
}

#[test]
fn a_newer_fold_is_built_while_the_old_one_still_answers() {
    block_on(async {
        let log = Arc::new(memory_log());
        let tables: Arc<dyn Tables> = Arc::new(MemoryTables::new());
        let open = async |kind| {
            Engine::open(log.clone(), tables.clone(), vec![kind], config().engine)
                .await
                .unwrap()
        };
        for number in 1..=30 {
            tell(
                &*log,
                &format!("build-default:{number}"),
                reported(number, "running"),
            )
            .await;
        }
        let first = open(Kind::of(|| Counting::<1>)).await;
        first.catch_up().await.unwrap();
        first.commit(true).unwrap();
        drop(first);

        let second = open(Kind::of(|| Counting::<2>)).await;
        assert_eq!(counted(&second), Some(30), "the old rows answer");
        assert!(second.slots[0].is_of_older_version());
        tell(&*log, "build-default:31", reported(31, "running")).await;
        second.catch_up().await.unwrap();
        second.rebuild(&second.slots[0], |_| {}).await.unwrap();
        assert_eq!(counted(&second), Some(62));
        assert_eq!(tables.names().unwrap(), ["counting.v2.g2"]);
        drop(second);

        let third = open(Kind::of(|| Counting::<3>)).await;
        assert!(
            third.slot("counting").unwrap().reader().is_err(),
            "rows of another shape cannot be read"
        );
    });
}

/// What is folded after the new rows looked for the last time, and before they answer, is in them as well: who
/// has read it once reads it again.
#[test]
fn a_rebuilt_view_answers_no_earlier_than_the_one_it_replaces() {
    block_on(async {
        let (log, tables) = (Arc::new(memory_log()), Arc::new(MemoryTables::new()));
        let config = config().pages_of(1);
        let engine = engine_with(&log, &tables, config).await;
        tell(&*log, "build-default:1", reported(1, "running")).await;
        engine.catch_up().await.unwrap();
        let last = tell(&*log, "build-default:2", reported(2, "running")).await;

        let turn = engine.live.lock().await;
        let mut step = pin!(engine.step());
        assert!(is_pending(step.as_mut()).await, "the page was folded");
        let slot = engine.slot("builds").unwrap();
        let mut rebuild = pin!(engine.rebuild(slot, |_| {}));
        assert!(is_pending(rebuild.as_mut()).await, "it takes no turns");
        drop(turn);
        step.await.unwrap();
        assert_eq!(engine.position(), last);
        rebuild.await.unwrap();
        assert_eq!(engine.position(), last);
        let builds = engine.of::<Builds>().unwrap();
        assert!(builds.get(&key(2)).unwrap().is_some());
    });
}

/// Lets a future go as far as it comes without waiting.
async fn is_pending<T>(mut future: Pin<&mut impl Future<Output = T>>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn a_rebuild_on_demand_loses_nothing_that_arrives_meanwhile() {
    let log = Arc::new(memory_log());
    let tables = Arc::new(MemoryTables::new());
    let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
    let mut last = Position::START;
    for number in 1..=300 {
        let story = [reported(number, "success"), used(number, "zlib")];
        let stream = format!("build-default:{number}");
        last = tell_all(&*log, story.map(|event| (stream.clone(), event.into()))).await;
        if number % 40 == 0 {
            views.rebuild("builds").unwrap();
            views.rebuild("packages").unwrap();
        }
    }
    let ended = views.rebuild("builds").unwrap().finished().await;
    assert_eq!((ended.done, ended.error), (true, None));
    views.wait_for_all(last, PATIENCE).await.unwrap();
    assert_eq!(
        views
            .of::<Packages>()
            .unwrap()
            .get(&"zlib".to_owned())
            .unwrap()
            .unwrap()
            .builds,
        300
    );
    let counts = views.of::<Builds>().unwrap().counts().unwrap();
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 300);
    assert!(views.rebuild("nonsense").is_err());
    views.shutdown();
    assert!(views.rebuild("builds").is_err());
}

#[tokio::test]
async fn after_a_shutdown_nothing_is_folded_again() {
    let (log, tables, expected) = with_history().await;
    let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
    views.wait_for_all(log.head(), PATIENCE).await.unwrap();
    views.shutdown();
    let config = config().pages_of(1);
    let views = Views::start(log.clone(), tables, config).unwrap();
    assert_eq!(views.position(), log.head());
    for (name, digest) in expected {
        assert_eq!(views.digest(name).unwrap(), Some(digest), "{name}");
    }
}

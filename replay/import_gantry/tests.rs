mod refused;

use std::path::Path;

use domain::BuildsEvent;
use domain::builds::build::{BuildEvent, UsageRecorded};
use domain::builds::node::{Described, NodeEvent};
use domain::{Actor, Event};
use eventlog::Recorded;
use rusqlite::Connection;

use super::*;
use crate::test_log::{self, all_of, noon, stream_of};
use crate::unwatched;

/// A database as Gantry makes it.
struct Database {
    folder: tempfile::TempDir,
    connection: Connection,
}

impl Database {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("gantry.db")).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE nodes (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, hostname TEXT,
                   cores REAL, mem REAL, arch TEXT, os TEXT, instance_type TEXT);
                 CREATE TABLE jobs (id INTEGER PRIMARY KEY, pod TEXT, node INTEGER, start, end,
                   gitlab_id INTEGER, job_status TEXT, ref TEXT, pkg_name TEXT, pkg_version TEXT,
                   pkg_variants TEXT, compiler_name TEXT, compiler_version TEXT, arch TEXT, stack TEXT,
                   build_jobs INTEGER, cpu_request REAL, cpu_limit REAL, cpu_mean REAL, cpu_median REAL,
                   cpu_max REAL, cpu_min REAL, cpu_stddev REAL, mem_request REAL, mem_limit REAL,
                   mem_mean REAL, mem_median REAL, mem_max REAL, mem_min REAL, mem_stddev REAL);",
            )
            .unwrap();
        Self { folder, connection }
    }

    /// Two machines and `jobs` builds, the later ones first.
    fn with_jobs(jobs: i64) -> Self {
        let database = Self::new();
        database.run(
            "INSERT INTO nodes VALUES (1, 'uuid-1', 'ip-10-0-0-1', 64, 1.28e11, 'amd64', 'linux', 'm5'),
               (2, 'uuid-2', 'ip-10-0-0-2', 96.0, 192000000000, 'arm64', 'linux', 'c7g')",
        );
        database.run("BEGIN");
        for id in 1..=jobs {
            let (gitlab, start) = (9000 + id, 1_700_100_000 - id * 60);
            let end = start + 55;
            database.run(&format!(
                "INSERT INTO jobs VALUES ({id}, 'runner-{id}', {node}, {start}, {end}.5, {gitlab},
                   'success', 'develop', 'zlib', '1.3', '{{\"shared\":true, \"build_system\":\"makefile\"}}',
                   'gcc', '12.3.0', 'x86_64_v3', 'e4s', 16, 0.75, NULL, 0.5, 0.4, 1.5, 0.1, 0.2,
                   2e9, 48000000000, 1e9, 9e8, 3e9, 1e6, 5e8)",
                node = id % 2 + 1,
            ));
        }
        database.run("COMMIT");
        database
    }

    fn run(&self, statement: &str) {
        self.connection.execute_batch(statement).unwrap();
    }

    fn options(&self) -> Options {
        Options {
            database: self.folder.path().join("gantry.db"),
            source: BuildKey::DEFAULT_SOURCE.to_owned(),
            strict: false,
            dry_run: false,
            at: noon(),
            metadata: Metadata {
                actor: Some(Actor::system("test")),
                dialect: Some("import".to_owned()),
                ..Metadata::default()
            },
        }
    }
}

async fn import(log: &dyn EventLog, options: Options) -> Result<Report, ToolError> {
    run(log, options, &unwatched).await
}

fn counts(imported: u64, already: u64, refused: u64) -> Counts {
    Counts {
        imported,
        already,
        refused,
        left_out: 0,
    }
}

fn event_of(recorded: &Recorded) -> Event {
    crate::story::decode(recorded).unwrap()
}

fn usage_of(recorded: &Recorded) -> UsageRecorded {
    match event_of(recorded) {
        Event::Builds(BuildsEvent::Build(BuildEvent::UsageRecorded(usage))) => usage,
        other => panic!("{other:?} is no usage"),
    }
}

#[tokio::test]
async fn every_row_becomes_an_event_machines_first_and_builds_as_they_ended() {
    let log = test_log::empty();
    let report = import(&log, Database::with_jobs(1200).options())
        .await
        .unwrap();
    assert_eq!(
        (report.nodes, report.jobs),
        (counts(2, 0, 0), counts(1200, 0, 0))
    );
    assert_eq!(report.last, Some(Position(1202)));
    let events = all_of(&log).await;
    assert_eq!(
        event_of(&events[0]),
        Event::Builds(BuildsEvent::Node(NodeEvent::Described(Described {
            uuid: "uuid-1".to_owned(),
            hostname: "ip-10-0-0-1".to_owned(),
            cores: 64.0,
            memory: 1.28e11,
            arch: "amd64".to_owned(),
            os: "linux".to_owned(),
            instance_type: "m5".to_owned(),
            at: noon(),
        })))
    );
    let ended: Vec<_> = events[2..]
        .iter()
        .map(|event| usage_of(event).finished_at)
        .collect();
    assert!(ended.is_sorted());
    // The first row is the build that ended last.
    let last = &events[1201];
    assert_eq!(last.stream, stream_of(9001));
    let usage = usage_of(last);
    assert_eq!(
        (usage.collection, &*usage.origin, &*usage.pod),
        (1, "import:gantry", "runner-1")
    );
    assert_eq!(usage.node.as_deref(), Some("uuid-2"));
    assert_eq!(usage.hostname.as_deref(), Some("ip-10-0-0-2"));
    assert_eq!(
        usage.spec.variants,
        r#"{"shared": true, "build_system": "makefile"}"#
    );
    assert_eq!((usage.cpu.limit, usage.cpu.request), (None, Some(0.75)));
    assert_eq!((usage.memory.limit, usage.memory.max), (Some(48e9), 3e9));
    assert_eq!((usage.build_jobs, usage.retry_count), (16, 0));
    assert_eq!(usage.started_at.as_second(), 1_700_099_940);
    assert_eq!(usage.finished_at.as_millisecond(), 1_700_099_995_500);
    assert_eq!(usage.at, usage.finished_at);
}

#[tokio::test]
async fn a_second_run_appends_nothing_whenever_it_is_and_whatever_is_new_is_taken() {
    let database = Database::with_jobs(700);
    let log = test_log::empty();
    import(&log, database.options()).await.unwrap();
    let head = log.head();
    let later = Options {
        at: test_log::second(99),
        ..database.options()
    };
    let report = import(&log, later.clone()).await.unwrap();
    assert_eq!(
        (report.nodes, report.jobs),
        (counts(0, 2, 0), counts(0, 700, 0))
    );
    assert_eq!((log.head(), report.last), (head, None));

    database.run("UPDATE jobs SET gitlab_id = 77 WHERE id = 5");
    let report = import(&log, later).await.unwrap();
    assert_eq!(report.jobs, counts(1, 699, 0));
}

#[tokio::test]
async fn a_build_that_was_already_collected_keeps_its_outcome() {
    let database = Database::with_jobs(3);
    // The same build in two rows counts once.
    database.run("UPDATE jobs SET gitlab_id = 9001 WHERE id = 2");
    let log = test_log::empty();
    let reported = BuildEvent::Reported(test_log::report(9003, "success", noon()));
    let new = test_log::new_event(1, &reported.into());
    test_log::append(&log, stream_of(9003), vec![new]).await;
    let report = import(&log, database.options()).await.unwrap();
    assert_eq!(report.jobs, counts(2, 1, 0));
    // What was reported alone waits for its outcome, and this is it.
    let story = log
        .read_stream(&stream_of(9003), eventlog::Revision::FIRST, 9)
        .await
        .unwrap();
    assert_eq!(story.len(), 2);
    let report = import(&log, database.options()).await.unwrap();
    assert_eq!(report.jobs, counts(0, 3, 0));
}

/// The database's description of a machine is older than any description in the log.
#[tokio::test]
async fn a_machine_that_is_described_already_is_left_as_it_is() {
    let database = Database::with_jobs(1);
    let log = test_log::empty();
    import(&log, database.options()).await.unwrap();
    database.run("UPDATE nodes SET cores = 128 WHERE id = 1");
    let report = import(&log, database.options()).await.unwrap();
    assert_eq!(report.nodes, counts(0, 2, 0));
}

#[tokio::test]
async fn two_sources_may_number_builds_alike() {
    let database = Database::with_jobs(3);
    let log = test_log::empty();
    import(&log, database.options()).await.unwrap();
    let other = Options {
        source: "mirror".to_owned(),
        ..database.options()
    };
    let report = import(&log, other).await.unwrap();
    assert_eq!(report.jobs, counts(3, 0, 0));
    let bad = Options {
        source: "a b".to_owned(),
        ..database.options()
    };
    assert!(matches!(import(&log, bad).await, Err(ToolError::Usage(_))));
}

#[tokio::test]
async fn times_and_machines_are_taken_in_other_spellings_too() {
    let database = Database::with_jobs(3);
    database.run(
        "UPDATE jobs SET start = '2024-01-24 17:24:06 UTC', \"end\" = '2024-01-24T18:24:06.000Z', node = 'uuid-2'
           WHERE id = 1;
         UPDATE jobs SET start = '1706000000', \"end\" = '1706000060.25', node = NULL, build_jobs = NULL WHERE id = 2;",
    );
    let log = test_log::empty();
    let report = import(&log, database.options()).await.unwrap();
    assert_eq!(report.jobs, counts(3, 0, 0), "{:?}", report.refused);
    let first = log
        .read_stream(&stream_of(9001), eventlog::Revision::FIRST, 1)
        .await
        .unwrap();
    let first = usage_of(&first[0]);
    assert_eq!(first.started_at.to_string(), "2024-01-24T17:24:06Z");
    assert_eq!(first.node.as_deref(), Some("uuid-2"));
    let second = log
        .read_stream(&stream_of(9002), eventlog::Revision::FIRST, 1)
        .await
        .unwrap();
    let second = usage_of(&second[0]);
    assert_eq!(second.finished_at.as_millisecond(), 1_706_000_060_250);
    assert_eq!((second.node, second.build_jobs), (None, 16));
}

#[tokio::test]
async fn a_dry_run_reports_the_changes_and_writes_nothing() {
    let database = Database::with_jobs(600);
    database.run("UPDATE jobs SET cpu_mean = -1 WHERE id = 7");
    let log = test_log::empty();
    let options = Options {
        dry_run: true,
        ..database.options()
    };
    let report = import(&log, options).await.unwrap();
    assert_eq!(
        (report.nodes, report.jobs),
        (counts(2, 0, 0), counts(599, 0, 1))
    );
    assert_eq!((log.head(), report.last), (Position::START, None));
}

#[tokio::test]
async fn progress_counts_rows_of_both_tables() {
    let seen = std::sync::Mutex::new(Vec::new());
    let watch = |progress: Progress| seen.lock().unwrap().push(progress);
    run(
        &test_log::empty(),
        Database::with_jobs(1100).options(),
        &watch,
    )
    .await
    .unwrap();
    let total = Some(1102);
    let last = Progress {
        done: 1102,
        total,
        unit: Unit::Rows,
    };
    assert_eq!(seen.lock().unwrap().last(), Some(&last));
}

/// Six builds of a package that used 1 GB, and failed ones that do not show what it needs: learnt
/// as usage, they raised the answer twentyfold.
#[tokio::test]
async fn only_success_is_usage_and_a_kill_is_a_kill() {
    let database = Database::with_jobs(6);
    database.run("ALTER TABLE jobs ADD COLUMN oomed BOOLEAN DEFAULT FALSE");
    database.run("ALTER TABLE jobs ADD COLUMN retry_count INTEGER DEFAULT 0");
    for (id, status, oomed, retry) in [
        (21, "failed", "1", 0),
        (22, "failed", "'true'", 1),
        (23, "success", "NULL", 2),
        (24, "failed", "0", 0),
        (25, "canceled", "FALSE", 0),
    ] {
        database.run(&format!(
            "INSERT INTO jobs SELECT {id}, 'pod-{id}', node, start + {id}, \"end\" + {id}, {id}, '{status}', ref,
               pkg_name, pkg_version, pkg_variants, compiler_name, compiler_version, arch, stack, build_jobs,
               NULLIF(cpu_request, {killed}), cpu_limit, cpu_mean, cpu_median, cpu_max, cpu_min, cpu_stddev,
               mem_request, 16e9, NULLIF(5e10, {mean}), mem_median, 5.9e10, mem_min, mem_stddev, {oomed}, {retry}
             FROM jobs WHERE id = 1",
            // A build that was killed may have no statistics.
            killed = if id < 23 { "0.75" } else { "0" },
            mean = if id < 23 { "5e10" } else { "0" },
        ));
    }
    let log = test_log::empty();
    let report = import(&log, database.options()).await.unwrap();
    assert_eq!((report.jobs.imported, report.jobs.left_out), (9, 2));
    assert_eq!(report.refused, []);
    let left_out: Vec<_> = report
        .left_out
        .iter()
        .map(|one| (one.row, one.column, one.reason.as_str()))
        .collect();
    assert_eq!(
        left_out,
        [
            (
                24,
                "job_status",
                "is `failed`: only the usage of successful builds is imported"
            ),
            (
                25,
                "job_status",
                "is `canceled`: only the usage of successful builds is imported"
            ),
        ]
    );
    let mut kills = Vec::new();
    let mut retried = 0;
    for event in all_of(&log).await {
        match event_of(&event) {
            Event::Builds(BuildsEvent::Build(BuildEvent::OutOfMemory(killed))) => kills.push((
                event.stream.to_string(),
                killed.retry_count,
                killed.memory_limit,
                killed.memory_peak,
                killed.evidence,
            )),
            Event::Builds(BuildsEvent::Build(BuildEvent::UsageRecorded(usage))) => {
                assert_eq!(usage.status, "success");
                retried += usage.retry_count;
            }
            other => assert!(
                matches!(other, Event::Builds(BuildsEvent::Node(_))),
                "{other:?}"
            ),
        }
    }
    let kill = |id: i64, retry| {
        let stream = stream_of(id).to_string();
        (
            stream,
            retry,
            16e9,
            Some(5.9e10),
            "import:gantry".to_owned(),
        )
    };
    assert_eq!(kills, [kill(21, 0), kill(22, 1)]);
    assert_eq!(retried, 2);

    let again = import(&log, database.options()).await.unwrap();
    assert_eq!(
        (again.jobs.imported, again.jobs.already, again.jobs.left_out),
        (0, 9, 2)
    );
    let strict = Options {
        strict: true,
        ..database.options()
    };
    assert!(
        import(&log, strict).await.is_ok(),
        "what is left out is no flaw"
    );
}

//! How fast a log is verified, exported and imported.

use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use domain::builds::build::{BuildEvent, Reported, Runner};
use domain::{Actor, Event, Metadata};
use eventlog::{Append, EventLog, EventType, Expected, NewEvent, Position, StreamName};
use eventlog_file::{FileLog, FileLogConfig, Scan};
use replay::verify::Depth;
use replay::{Window, export, import, unwatched, verify};
use uuid::Uuid;

const BATCH: u64 = 1024;

pub(crate) async fn run(events: u64) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("replay-speed-{}", std::process::id()));
    let result = measure(&folder, events).await;
    std::fs::remove_dir_all(&folder)?;
    result
}

async fn measure(folder: &Path, events: u64) -> anyhow::Result<()> {
    let directory = folder.join("log");
    let begun = Instant::now();
    let log = FileLog::open(&directory, FileLogConfig::default())?;
    for first in (0..events).step_by(BATCH as usize) {
        log.append_blocking((first..events.min(first + BATCH)).map(append).collect())?;
    }
    log.close();
    print("append", events, begun);

    for _ in 0..2 {
        let begun = Instant::now();
        let mut frames = Scan::new(&directory, Position::START)?;
        while frames.next_frame()?.is_some() {}
        print("scan: frames and checksums alone", events, begun);
    }
    for depth in [Depth::Frames, Depth::Streams, Depth::Content] {
        let begun = Instant::now();
        let directory = directory.clone();
        let options = verify::Options {
            directory,
            depth,
            blobs: None,
            head_record: None,
            evidence: None,
        };
        let report = verify::run(options, &unwatched).await?;
        assert!(report.is_sound() && report.events == events);
        print(&format!("verify {depth:?}"), events, begun);
    }
    for name in ["copy.ndjson", "copy.ndjson.zst"] {
        let copy = folder.join(name);
        let begun = Instant::now();
        let to = export::Destination::named(&copy);
        let options = export::Options {
            window: Window::default(),
            to,
            blobs: None,
            end_line: true,
        };
        export::run(&log, options, &unwatched).await?;
        print(&format!("export to {name}"), events, begun);
        let into = FileLog::open(folder.join(format!("of-{name}")), FileLogConfig::default())?;
        for again in ["", ", again"] {
            let begun = Instant::now();
            let from = import::Origin::named(&copy);
            let options = import::Options {
                allow_partial: false,
                from,
                blobs: None,
                check_shapes: true,
                dry_run: false,
            };
            let report = import::run(&into, options, &unwatched).await?;
            assert!(report.moved == 0 && report.appended + report.already == events);
            print(&format!("import of {name}{again}"), events, begun);
        }
    }
    Ok(())
}

fn print(what: &str, events: u64, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{what:40} {:>8.3} s {:>10.0} k events/s",
        seconds,
        events as f64 / seconds / 1e3
    );
}

fn append(number: u64) -> Append {
    let at = jiff::Timestamp::from_second(1_700_000_000 + number as i64).expect("it is a time");
    let build = number as i64 / 4;
    let event: Event = BuildEvent::Reported(Reported {
        source: "default".to_owned(),
        build_id: build,
        status: ["created", "pending", "running", "success"][number as usize % 4].to_owned(),
        stage: "stage-4".to_owned(),
        name: Some(format!(
            "rebuild py-numpy@1.26.4 /{number:x} %gcc@12.3.0 arch=linux-ubuntu22.04"
        )),
        git_ref: "develop".to_owned(),
        created_at: Some(at),
        started_at: Some(at),
        finished_at: None,
        runner: Some(Runner {
            id: Some(77),
            description: "spack-aws-k8s".to_owned(),
        }),
        pipeline_id: Some(build / 100),
        project_id: Some(2),
        project: Some("spack/spack".to_owned()),
        failure_reason: None,
        retries_count: Some(0),
        instance: Some("https://gitlab.example.org".to_owned()),
        delivery: format!("{build}:{}", number % 4),
        body: None,
        body_blob: None,
        at,
    })
    .into();
    let encoded = event.encode();
    let metadata = Metadata {
        actor: Some(Actor::system("speed")),
        dialect: Some("gantry".to_owned()),
        request_id: Some(format!("{number:032x}")),
        ..Metadata::default()
    };
    let metadata = serde_json::to_vec(&metadata).expect("metadata has string keys");
    let new = NewEvent {
        id: Uuid::from_u128((u128::from(number) << 80) | 0x7000_8000_0000_0000_0000),
        event_type: EventType::from_static(encoded.event_type),
        version: encoded.version,
        metadata: Bytes::from(metadata),
        data: Bytes::from(encoded.data),
        recorded_at: None,
    };
    let stream = StreamName::new("build", &format!("default:{build}")).expect("it is a name");
    Append {
        stream,
        expected: Expected::Any,
        events: vec![new],
    }
}

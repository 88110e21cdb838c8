//! Histories of builds, several under way at once. Bodies are left out; a report is about 500 bytes as it is.

use domain::builds::build::{
    BuildEvent, BuiltSpec, Reported, ResourceUsage, Runner, UsageRecorded,
};
use eventlog::StreamName;

use crate::synthetic_log::{MadeUp, SyntheticLog, at};

const EVENTS_PER_BUILD: u64 = 5;

/// How many builds are under way at once.
const ABREAST: u64 = 64;

/// The histories of so many builds.
pub(crate) fn of(builds: u64) -> SyntheticLog {
    let builds = builds.next_multiple_of(ABREAST);
    SyntheticLog::new(builds * EVENTS_PER_BUILD, made_up)
}

fn made_up(place: u64) -> MadeUp {
    let (group, within) = (
        place / (ABREAST * EVENTS_PER_BUILD),
        place % (ABREAST * EVENTS_PER_BUILD),
    );
    let (step, number) = (within / ABREAST, group * ABREAST + within % ABREAST);
    let event = match step {
        0 => reported(number, "created"),
        1 => reported(number, "pending"),
        2 => reported(number, "running"),
        3 => reported(number, "success"),
        _ => used(number),
    };
    MadeUp {
        stream: StreamName::new("build", &format!("default:{number}")).expect("it is a name"),
        revision: step,
        event: event.into(),
        metadata: br#"{"actor":{"kind":"source","id":"default"},"dialect":"gantry"}"#,
    }
}

fn reported(number: u64, status: &str) -> BuildEvent {
    let begun = number / 10;
    let over = status == "success";
    let running = over || status == "running";
    BuildEvent::Reported(Reported {
        source: "default".to_owned(),
        build_id: number.cast_signed(),
        status: status.to_owned(),
        stage: format!("stage-{}", number % 12),
        name: Some(format!(
            "package-{}@1.{} /abcdefg",
            number % 600,
            number % 5
        )),
        git_ref: if number.is_multiple_of(3) {
            format!("pr{}", number % 1000)
        } else {
            "develop".to_owned()
        },
        created_at: Some(at(begun)),
        started_at: running.then(|| at(begun + 60)),
        finished_at: over.then(|| at(begun + 60 + number % 3600)),
        runner: running.then(|| Runner {
            id: Some(7),
            description: "runner-x86-v4-prot-5".to_owned(),
        }),
        pipeline_id: Some((number / 400).cast_signed()),
        project_id: Some(2),
        project: Some("spack/spack-packages".to_owned()),
        failure_reason: Some("unknown_failure".to_owned()),
        retries_count: Some(0),
        instance: Some("https://gitlab.spack.example".to_owned()),
        delivery: format!("4f3c2a10-8f7e-4d6b-9c55-{number:012}"),
        body: None,
        body_blob: None,
        at: at(begun + 61),
    })
}

fn used(number: u64) -> BuildEvent {
    let begun = number / 10;
    let mean = 1.0 + (number % 97) as f64 / 7.0;
    let resource = |mean: f64| ResourceUsage {
        request: Some(mean * 2.0),
        limit: Some(mean * 4.0),
        mean,
        median: mean,
        max: mean * 1.5,
        min: mean / 2.0,
        stddev: mean / 10.0,
    };
    BuildEvent::UsageRecorded(UsageRecorded {
        collection: 1,
        origin: "prometheus".to_owned(),
        pod: format!("runner-{number}-project-2-concurrent-0"),
        node: Some(format!(
            "ec2{:05x}-1111-2222-3333-444444444444",
            number % 400
        )),
        hostname: Some(format!(
            "ip-10-0-{}-{}.ec2.internal",
            number % 4,
            number % 100
        )),
        spec: BuiltSpec {
            name: format!("package-{}", number % 600),
            version: format!("1.{}", number % 5),
            variants: r#"{"shared": true, "mpi": false, "build_system": "cmake"}"#.to_owned(),
            compiler_name: "gcc".to_owned(),
            compiler_version: "12.3.0".to_owned(),
            arch: "linux-ubuntu22.04-x86_64_v3".to_owned(),
        },
        stack: format!("stack-{}", number % 20),
        build_jobs: 16,
        retry_count: 0,
        git_ref: if number.is_multiple_of(3) {
            format!("pr{}", number % 1000)
        } else {
            "develop".to_owned()
        },
        status: "success".to_owned(),
        started_at: at(begun + 60),
        finished_at: at(begun + 61 + number % 3600),
        cpu: resource(mean),
        memory: resource(mean * 1e9),
        memory_series: 1,
        cpu_series: 1,
        at: at(begun + 4000),
    })
}

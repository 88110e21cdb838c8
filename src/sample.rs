//! A made-up farm: builds that never ran, as real ones look. For benchmarks, and in [`demo`] for
//! `tallyman demo`.
//!
//! The same seed gives the same farm, so that a second run appends nothing and two measurements
//! compare.

pub(crate) mod demo;
pub mod runs;

use bytes::Bytes;
use domain::builds::build::{
    BuildEvent, BuiltSpec, Reported, ResourceUsage, Runner, UsageRecorded,
};
use domain::{Actor, ActorKind, Event, Metadata, Verbatim};
use eventlog::{Append, EventType, Expected, NewEvent, StreamName};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

struct Package {
    name: &'static str,
    versions: [&'static str; 2],
    variants: &'static str,
    /// Memory at the peak, on average.
    gigabytes: f64,
    /// Cores in use, on average.
    cores: f64,
    /// How long it builds, on average.
    minutes: f64,
}

const PACKAGES: [Package; 12] = [
    package(
        "emacs",
        ["29.2", "29.3"],
        "+json+native~treesitter gui=gtk",
        1.9,
        5.1,
        11.0,
    ),
    package(
        "llvm",
        ["17.0.6", "18.1.2"],
        "+clang+lld~flang build_type=Release",
        21.0,
        14.2,
        74.0,
    ),
    package(
        "gcc",
        ["12.3.0", "13.2.0"],
        "+binutils languages=c,c++,fortran",
        9.4,
        9.8,
        55.0,
    ),
    package(
        "openmpi",
        ["4.1.6", "5.0.2"],
        "+fortran~cuda fabrics=ucx",
        2.2,
        4.4,
        9.0,
    ),
    package(
        "hdf5",
        ["1.14.3", "1.14.4"],
        "+mpi+hl~cxx api=default",
        1.4,
        6.3,
        6.0,
    ),
    package(
        "py-numpy",
        ["1.26.4", "2.0.0"],
        "+blas build_system=python_pip",
        2.9,
        3.2,
        7.0,
    ),
    package(
        "trilinos",
        ["15.0.0", "15.1.1"],
        "+mpi+openmp~cuda build_type=Release",
        34.0,
        15.1,
        96.0,
    ),
    package("zlib-ng", ["2.1.5", "2.1.6"], "+compat+opt", 0.3, 1.4, 1.0),
    package(
        "petsc",
        ["3.20.4", "3.21.0"],
        "+mpi+hypre~rocm",
        6.8,
        7.6,
        24.0,
    ),
    package(
        "paraview",
        ["5.12.0", "5.12.1"],
        "+mpi+python~cuda+hdf5",
        17.5,
        13.4,
        63.0,
    ),
    package(
        "cmake",
        ["3.28.4", "3.29.2"],
        "+ownlibs~qtgui",
        1.1,
        8.8,
        8.0,
    ),
    package("rust", ["1.77.2", "1.78.0"], "+src~docs", 12.2, 10.9, 41.0),
];

const fn package(
    name: &'static str,
    versions: [&'static str; 2],
    variants: &'static str,
    gigabytes: f64,
    cores: f64,
    minutes: f64,
) -> Package {
    Package {
        name,
        versions,
        variants,
        gigabytes,
        cores,
        minutes,
    }
}

const COMPILERS: [(&str, &str); 2] = [("gcc", "12.3.0"), ("clang", "17.0.6")];

/// When the farm's first build was reported: 2026-10-01T00:00:00Z.
const BEGINNING: i64 = 1_790_812_800;

/// One build of the farm.
pub struct SampleBuild {
    pub number: i64,
    /// The spec, as a CI generator sends it.
    pub spec: String,
    pub reported: Reported,
    pub usage: UsageRecorded,
}

/// The builds of a farm, from the first.
pub fn builds(seed: u64, count: u64) -> impl Iterator<Item = SampleBuild> {
    (0..count).map(move |index| build(seed, index))
}

impl SampleBuild {
    /// The build's history as it would be appended: one report and its usage, in one stream.
    #[must_use]
    pub fn append(&self) -> Append {
        let key = format!("{}:{}", self.reported.source, self.number);
        let events = [
            BuildEvent::Reported(self.reported.clone()),
            BuildEvent::UsageRecorded(self.usage.clone()),
        ];
        append("build", &key, events, self.usage.at)
    }
}

/// Events of one stream, recorded at one time.
fn append<E: Into<Event>>(
    category: &str,
    key: &str,
    events: impl IntoIterator<Item = E>,
    at: Timestamp,
) -> Append {
    let events = events.into_iter().zip(0..).map(|(event, place)| {
        let name = format!("{category} {key} {place}");
        new_event(&name, &event.into(), at)
    });
    Append {
        stream: StreamName::new(category, key).expect("a sample has a plain name"),
        expected: Expected::Any,
        events: events.collect(),
    }
}

fn new_event(name: &str, event: &Event, at: Timestamp) -> NewEvent {
    let encoded = event.encode();
    let metadata = Metadata {
        actor: Some(Actor {
            kind: ActorKind::System,
            id: "sample".to_owned(),
            display: None,
        }),
        dialect: Some("sample".to_owned()),
        ..Metadata::default()
    };
    NewEvent {
        id: commands::event_id("sample", name),
        event_type: EventType::from_static(encoded.event_type),
        version: encoded.version,
        metadata: Bytes::from(serde_json::to_vec(&metadata).expect("metadata is plain JSON")),
        data: Bytes::from(encoded.data),
        recorded_at: Some(at),
    }
}

fn build(seed: u64, index: u64) -> SampleBuild {
    let mut chance = Chance(seed ^ (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let Package {
        name,
        versions,
        variants,
        gigabytes,
        cores,
        minutes,
    } = PACKAGES[chance.below(PACKAGES.len() as u64)];
    let version = versions[usize::from(index.is_multiple_of(5))];
    let (compiler_name, compiler_version) = COMPILERS[usize::from(chance.below(4) == 0)];
    let number = 9_000_000 + index as i64;
    let started_at = time(BEGINNING + index as i64 * 41 + chance.below(40) as i64);
    let seconds = (minutes * 60.0 * chance.around(1.0, 0.3)).max(20.0);
    let finished_at = started_at + SignedDuration::from_secs(seconds as i64);
    let peak = (gigabytes * 1e9 * chance.around(1.0, 0.25)).round();
    let used = cores * chance.around(1.0, 0.15);
    let git_ref = if chance.below(5) == 0 {
        format!("pr{}", 40_000 + index / 50)
    } else {
        "develop".to_owned()
    };
    let stage = format!("stage-{}", chance.below(12));
    let reported = Reported {
        source: "default".to_owned(),
        build_id: number,
        status: "success".to_owned(),
        stage,
        name: Some(format!(
            "{name}@{version} %{compiler_name}@{compiler_version}"
        )),
        git_ref: git_ref.clone(),
        created_at: Some(started_at - SignedDuration::from_secs(95)),
        started_at: Some(started_at),
        finished_at: Some(finished_at),
        runner: Some(Runner {
            id: Some(412),
            description: "sample-runner".to_owned(),
        }),
        pipeline_id: Some(700_000 + index as i64 / 60),
        project_id: Some(2),
        project: Some("sample/packages".to_owned()),
        failure_reason: None,
        retries_count: Some(0),
        instance: None,
        delivery: format!("sample:{number}"),
        body: Some(body(number, "success", &git_ref)),
        body_blob: None,
        at: finished_at,
    };
    let usage = UsageRecorded {
        collection: 1,
        origin: "sample".to_owned(),
        pod: format!("runner-sample-{number}"),
        node: None,
        hostname: None,
        spec: BuiltSpec {
            name: name.to_owned(),
            version: version.to_owned(),
            variants: domain::builds::build::variants_to_json(variants),
            compiler_name: compiler_name.to_owned(),
            compiler_version: compiler_version.to_owned(),
            arch: "x86_64_v3".to_owned(),
        },
        stack: "sample".to_owned(),
        build_jobs: 16,
        retry_count: 0,
        git_ref,
        status: "success".to_owned(),
        started_at,
        finished_at,
        cpu: resource(used, used * 1.6, Some(cores.round().max(1.0)), None),
        memory: resource(
            peak * 0.55,
            peak,
            Some(gigabytes * 0.8e9),
            Some(gigabytes * 2e9),
        ),
        memory_series: 1,
        cpu_series: 1,
        at: finished_at,
    };
    let spec = format!(
        "{name}@{version} {variants} arch=linux-ubuntu22.04-x86_64_v3%{compiler_name}@{compiler_version}"
    );
    SampleBuild {
        number,
        spec,
        reported,
        usage,
    }
}

fn body(number: i64, status: &str, git_ref: &str) -> Verbatim {
    let body = json!({
        "object_kind": "build", "build_id": number, "build_status": status, "ref": git_ref,
        "tag": false, "sha": "9d1c7a54b0e2f6c83a7715d2e4906bb8c1f0a3de", "sample": true,
    });
    Verbatim::parse(body.to_string()).expect("it is JSON")
}

fn resource(mean: f64, max: f64, request: Option<f64>, limit: Option<f64>) -> ResourceUsage {
    ResourceUsage {
        request,
        limit,
        mean,
        median: mean * 0.97,
        max,
        min: mean * 0.1,
        stddev: (max - mean) * 0.4,
    }
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a sample lies in this century")
}

/// Numbers that look random and are the same every time (SplitMix64, Steele et al. 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> usize {
        (self.next() % end) as usize
    }

    /// A number around `middle`, at most `share` of it away: the sum of two dice.
    fn around(&mut self, middle: f64, share: f64) -> f64 {
        let die = |number: u64| (number >> 11) as f64 / (1u64 << 53) as f64;
        let sum = die(self.next()) + die(self.next());
        middle * (1.0 + (sum - 1.0) * share)
    }
}

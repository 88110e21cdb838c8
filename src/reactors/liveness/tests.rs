use commands::Clock;
use domain::jobs::schedule::Patience;
use domain::{Actor, ActorKind, Metadata};
use eventlog::MemoryLog;
use jiff::{SignedDuration, Timestamp};

use super::*;

/// Worker 1 is pinged every minute, may leave three pings unanswered, and has ten seconds more.
struct Watching {
    clock: Clock,
    commands: Commands,
    liveness: Liveness,
}

impl Watching {
    fn with(stride_max: Duration) -> Self {
        let clock = Clock::fixed("2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap());
        let of_log = clock.clone();
        let log = Arc::new(MemoryLog::new(move || of_log.now()));
        let commands = Commands::new(log, clock.clone());
        let patience = Patience {
            ping_interval: SignedDuration::from_secs(60),
            intervals: 3,
            margin: SignedDuration::from_secs(10),
        };
        let awake = Awake::with(clock.clone(), stride_max);
        let liveness = Liveness::new(commands.clone(), awake, patience);
        Self {
            clock,
            commands,
            liveness,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn ping(&self) {
        self.liveness.pinged(&BTreeSet::from([1]));
    }

    fn is_silent(&self) -> bool {
        self.liveness.of(1).is_silent
    }

    /// The worker sends a request without consequences.
    async fn acts(&self) {
        let metadata = Metadata {
            actor: Some(Actor {
                kind: ActorKind::Worker,
                id: "1".to_owned(),
                display: None,
            }),
            ..Metadata::default()
        };
        let nothing = |_| async { Ok::<_, commands::CommandError<std::convert::Infallible>>(()) };
        self.commands.transact(&metadata, nothing).await.unwrap();
    }
}

#[tokio::test]
async fn a_worker_is_silent_when_as_many_pings_went_unanswered_and_the_margin_is_over() {
    let watching = Watching::with(Duration::MAX);
    // Whatever the time: no ping was sent.
    watching.pass(100_000);
    assert!(!watching.is_silent());
    for _ in 0..3 {
        watching.ping();
        watching.pass(10);
        assert!(!watching.is_silent());
        watching.pass(50);
    }
    assert!(watching.is_silent());
    assert_eq!(watching.liveness.of(1).unanswered, 3);
    watching.acts().await;
    let answering = Answering {
        is_heard: true,
        ..Answering::default()
    };
    assert_eq!(watching.liveness.of(1), answering);
}

/// What a worker reports about its run is a sign of life, also when it never answers a ping.
#[tokio::test]
async fn a_worker_that_writes_is_alive() {
    let watching = Watching::with(Duration::MAX);
    for _ in 0..10 {
        watching.ping();
        watching.pass(60);
        watching.acts().await;
        assert!(!watching.is_silent());
    }
}

#[tokio::test]
async fn a_step_of_the_clock_makes_no_worker_silent() {
    let watching = Watching::with(Duration::MAX);
    watching.ping();
    let now = watching.clock.now();
    for hours in [2, -2, 24 * 365, -24 * 365] {
        watching.clock.step(now + SignedDuration::from_hours(hours));
        assert!(!watching.is_silent(), "{hours} h");
    }
}

/// The answers of a worker that answered every ping wait unread while this process does not run.
#[tokio::test]
async fn a_server_that_did_not_run_gives_its_workers_their_time_again() {
    let watching = Watching::with(Duration::from_secs(3));
    for _ in 0..3 {
        watching.ping();
    }
    watching.pass(1_000);
    assert_eq!(watching.liveness.of(1), Answering::default());
    for _ in 0..3 {
        watching.ping();
    }
    for _ in 0..4 {
        watching.pass(3);
        let _ = watching.liveness.awake().now();
    }
    assert!(watching.is_silent());
    watching.liveness.excuse();
    assert!(!watching.is_silent());
}

#[tokio::test]
async fn a_worker_that_connects_gets_time_to_answer_and_no_more_by_connecting_again() {
    let watching = Watching::with(Duration::MAX);
    for _ in 0..4 {
        watching.ping();
        watching.pass(60);
    }
    assert!(watching.is_silent());
    watching.liveness.pinged_on_connection(1);
    watching.pass(10);
    assert!(!watching.is_silent());
    watching.liveness.pinged_on_connection(1);
    watching.pass(1);
    assert!(watching.is_silent());
}

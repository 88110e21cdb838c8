//! Workers that connect while others wait, and workers that have much to take.

use std::time::Duration;

use commands::runs;
use domain::jobs::worker::{Worker, WorkerCommand};
use zmtp::Urgency;

use crate::ears::{Ears, PING, enqueue, kill};
use crate::farm::{Farm, JOB, PATIENCE, noon, patient};

/// A worker that came between two pings was not pinged for five minutes, and had "never answered"
/// until then.
#[tokio::test]
async fn a_worker_that_connects_is_pinged_and_gets_its_offers_again() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    let run = farm.schedule(JOB).await;
    let dispatching = farm.dispatch(patient());
    // No worker is connected, and the next round is an hour away.
    while dispatching.dispatcher.stats().runs_sent < 1 {
        tokio::task::yield_now().await;
    }
    let pings = dispatching.dispatcher.stats().pings;
    let mut ears = Ears::of("w1", &dispatching).await;
    assert_eq!(ears.next().await, PING);
    assert_eq!(ears.next().await, enqueue(run));
    // Connecting again and again makes no flood.
    for _ in 0..20 {
        let _ = Ears::of("w1", &dispatching).await;
    }
    let sent = dispatching.dispatcher.stats().pings - pings;
    assert!((1..=3).contains(&sent), "{sent} pings");
}

/// A worker that is registered after it has connected.
#[tokio::test]
async fn a_worker_that_is_new_is_pinged_at_once() {
    let farm = Farm::at_noon().await;
    let dispatching = farm.dispatch(patient());
    let mut ears = Ears::of("w3", &dispatching).await;
    dispatching.dispatcher.wake();
    while dispatching.dispatcher.stats().rounds < 2 {
        tokio::task::yield_now().await;
    }
    farm.register(3).await;
    assert_eq!(ears.next().await, PING);
}

/// Six hundred jobs were due at once, and a worker got ten thousand messages; the next kill request
/// waited for ten minutes behind them.
#[tokio::test]
async fn a_kill_request_waits_behind_few_offers_and_claims_allow_more() {
    let farm = Farm::at_noon().await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    for job in 1..=60 {
        farm.job(job, |_| ()).await;
    }
    let killed = farm.schedule(60).await;
    farm.starts(1, killed).await;
    let dispatching = farm.dispatch(patient());
    let mut ears = Ears::of("w1", &dispatching).await;
    assert_eq!(ears.next().await, PING);
    let mut runs = Vec::new();
    for job in 1..=59 {
        runs.push(farm.schedule(job).await);
    }
    // All of them were looked at before anyone wants something killed.
    while dispatching.dispatcher.stats().unclaimed < 59 {
        tokio::task::yield_now().await;
    }
    let number = farm
        .unit(|unit| async move { runs::request_kill(&unit, killed).await })
        .await;
    let mut offered = 0;
    while ears.order().await != kill(number) {
        offered += 1;
    }
    assert!(offered <= 4, "{offered} offers came first");
    let sent = dispatching.dispatcher.stats().runs_sent;
    assert!(sent <= 4, "{sent} offers were made before the kill");
    // It claims what it was offered, one after the other.
    for (index, run) in runs.iter().enumerate() {
        if index >= offered {
            assert_eq!(ears.order().await, enqueue(*run));
        }
        farm.starts(1, *run).await;
    }
    let reading = dispatching.dispatcher.stats();
    assert_eq!((reading.runs_sent, reading.kills_sent), (59, 1));
    assert_eq!(reading.rounds_failed, 0);
}

/// Even while its worker takes nothing: a person waits for a kill.
#[tokio::test]
async fn a_kill_request_overtakes_offers_that_wait() {
    let farm = Farm::at_noon().await;
    for job in 1..=3 {
        farm.job(job, |_| ()).await;
    }
    let killed = farm.schedule(1).await;
    farm.starts(1, killed).await;
    farm.unit(|unit| async move { runs::request_kill(&unit, killed).await })
        .await;
    farm.tell::<Worker>("2", WorkerCommand::Suspend { at: noon() })
        .await;
    let run = farm.schedule(2).await;
    let config = reactors::dispatcher::DispatcherConfig {
        settle: Duration::from_millis(300),
        ..patient()
    };
    let dispatching = farm.dispatch(config);
    let mut ears = Ears::of("w1", &dispatching).await;
    for expected in [PING.to_owned(), kill(1), enqueue(run)] {
        assert_eq!(ears.next().await, expected);
    }
}

/// A worker that reads nothing for a while finds a kill request before all that was put into its queue earlier: the
/// order in which a round sends things is not enough.
#[tokio::test]
async fn a_kill_request_overtakes_what_waits_in_the_port() {
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let killed = farm.schedule(JOB).await;
    farm.starts(1, killed).await;
    let dispatching = farm.dispatch(patient());
    let mut ears = Ears::of("w1", &dispatching).await;
    assert_eq!(ears.next().await, PING);
    // The kernel's buffers are full soon, and then some wait in the queue of the port, until the kill is there too.
    let publisher = &dispatching.publisher;
    let fill = || {
        if publisher.stats().waiting_bytes < 500_000 {
            publisher.publish("master.broadcast.w1", &[b'x'; 50_000], Urgency::Ordinary);
        }
    };
    let filling = async {
        for _ in 0..10_000 {
            fill();
            tokio::task::yield_now().await;
        }
        let number = farm
            .unit(|unit| async move { runs::request_kill(&unit, killed).await })
            .await;
        while dispatching.dispatcher.stats().kills_sent < 1 {
            fill();
            tokio::task::yield_now().await;
        }
        number
    };
    let number = tokio::time::timeout(PATIENCE, filling).await.unwrap();
    publisher.publish("master.broadcast.w1", b"last", Urgency::Ordinary);
    let mut after = 0;
    while ears.next().await != kill(number) {}
    while ears.next().await != "last" {
        after += 1;
    }
    assert!(
        after >= 5,
        "only {after} of what waited came after the kill"
    );
}

//! Patches of clients.

use super::*;

/// One case per patch of clients, on a run that is (waiting, claimed, started, over).
#[test]
fn a_patch_becomes_the_event_that_it_means() {
    let waiting = vec![E::Scheduled(scheduled())];
    let claimed = with(&waiting, [claimed(1, 5, None)]);
    let started = with(
        &claimed,
        [E::Started(Started {
            started_at: at(6),
            at: at(90),
        })],
    );
    let over = with(&started, [returned(Some(false))]);
    let data = Patched {
        success: Some(Some(true)),
        ..nothing()
    };
    let data = with(&started, [E::Patched(data)]);
    let restart = Patched {
        started_at: Some(Some(at(8))),
        ..nothing()
    };
    for (past, patch, expected) in [
        (&waiting, claim(1, 5), vec![self::claimed(1, 5, None)]),
        (
            &claimed,
            Patched {
                started_at: Some(Some(at(6))),
                ..nothing()
            },
            vec![E::Started(Started {
                started_at: at(6),
                at: at(90),
            })],
        ),
        (
            &started,
            Patched {
                pid: Some(Some(4242)),
                ..nothing()
            },
            vec![E::PidReported(PidReported {
                pid: 4242,
                at: at(90),
            })],
        ),
        (&started, end(Some(false)), vec![returned(Some(false))]),
        (
            &started,
            Patched {
                success: None,
                ..end(None)
            },
            vec![returned(None)],
        ),
        (&claimed, reset(), vec![E::Reset(Reset { at: at(90) })]),
        (&started, reset(), vec![E::Reset(Reset { at: at(90) })]),
        (
            &claimed,
            Patched {
                enqueued_at: Some(None),
                ..nothing()
            },
            vec![E::Reset(Reset { at: at(90) })],
        ),
        (
            &over,
            Patched {
                returned_at: Some(None),
                ..nothing()
            },
            vec![E::Reopened(Reopened { at: at(90) })],
        ),
        // All at once: the run's life in its order.
        (
            &waiting,
            Patched {
                started_at: Some(Some(at(6))),
                pid: Some(Some(1)),
                returned_at: Some(Some(at(7))),
                success: Some(Some(true)),
                ..claim(1, 5)
            },
            vec![
                self::claimed(1, 5, None),
                E::Started(Started {
                    started_at: at(6),
                    at: at(90),
                }),
                E::PidReported(PidReported { pid: 1, at: at(90) }),
                returned(Some(true)),
            ],
        ),
        // How it went may be known before its end.
        (
            &data,
            Patched {
                success: None,
                ..end(None)
            },
            vec![returned(Some(true))],
        ),
        // What means nothing in particular stays a patch, and what is known already is left out of
        // it.
        (
            &over,
            Patched {
                returned_at: Some(Some(at(8))),
                ..nothing()
            },
            vec![E::Patched(Patched {
                returned_at: Some(Some(at(8))),
                ..nothing()
            })],
        ),
        (
            &over,
            Patched {
                success: Some(Some(true)),
                ..end(None)
            },
            vec![E::Patched(Patched {
                success: Some(Some(true)),
                ..nothing()
            })],
        ),
        (
            &started,
            Patched {
                pid: Some(None),
                enqueued_at: Some(Some(at(9))),
                started_at: Some(Some(at(6))),
                ..nothing()
            },
            vec![E::Patched(Patched {
                enqueued_at: Some(Some(at(9))),
                ..nothing()
            })],
        ),
        (
            &started,
            Patched {
                enqueued_at: Some(None),
                ..nothing()
            },
            vec![E::Patched(Patched {
                enqueued_at: Some(None),
                ..nothing()
            })],
        ),
        (
            &waiting,
            Patched {
                worker: Some(1),
                ..nothing()
            },
            vec![E::Patched(Patched {
                worker: Some(1),
                ..nothing()
            })],
        ),
        (
            &waiting,
            Patched {
                enqueued_at: Some(Some(at(5))),
                ..nothing()
            },
            vec![E::Patched(Patched {
                enqueued_at: Some(Some(at(5))),
                ..nothing()
            })],
        ),
        (&started, restart.clone(), vec![E::Patched(restart)]),
        // Nothing follows from what is known, and from nothing.
        (&claimed, claim(1, 5), vec![]),
        (&waiting, reset(), vec![]),
        (&over, end(Some(false)), vec![]),
        (&over, nothing(), vec![]),
    ] {
        let row = format!("{patch:?}");
        let decided = folded(past).decide(by(1, patch));
        assert_eq!(decided, Ok(expected), "{row}");
    }
}

#[test]
fn a_worker_changes_only_its_own_runs() {
    let waiting = vec![E::Scheduled(scheduled())];
    let run = given::<Run>(with(&waiting, [claimed(1, 5, None)]));
    let refusal = |worker| R::OtherWorker { worker };
    run.when(by(2, end(Some(true)))).then_refuses(refusal(1));
    run.when(by(2, nothing())).then_refuses(refusal(1));
    run.when(by(1, claim(2, 6))).then_refuses(refusal(2));
    // It may take a run over, and then the other's reports are refused.
    run.when(by(2, claim(2, 6))).then([claimed(2, 6, Some(1))]);
    run.when(by(2, claim(2, 5))).then([claimed(2, 5, Some(1))]);
    let run = given::<Run>(with(
        &waiting,
        [claimed(1, 5, None), claimed(2, 6, Some(1))],
    ));
    run.when(by(1, end(Some(true)))).then_refuses(refusal(2));
    run.when(by(2, end(Some(true))))
        .then([returned(Some(true))]);
    // A run that was meant for a worker from the start is that worker's.
    let meant = Scheduled {
        worker: Some(3),
        ..scheduled()
    };
    given::<Run>([E::Scheduled(meant)])
        .when(by(1, nothing()))
        .then_refuses(refusal(3));
    // A trusted caller needs no claim.
    let end = C::Patch {
        by: Caller::Trusted,
        patch: end(None),
    };
    run.when(end).then([returned(None)]);
}

#[test]
fn a_worker_changes_nothing_that_only_people_know() {
    let patch = Patched {
        job: Some(9),
        schedule_id: Some(9),
        schedule_at: Some(at(9)),
        is_manual: Some(true),
        schedule_children: Some(false),
        ..nothing()
    };
    let run = given::<Run>([E::Scheduled(scheduled())]);
    run.when(by(1, patch.clone())).then_nothing();
    let by = Caller::Trusted;
    run.when(C::Patch {
        by,
        patch: patch.clone(),
    })
    .then([E::Patched(patch)]);
}

/// A worker that restarted may start a process with the number of the previous one. Until it
/// reports the number, it may belong to a foreign process, which must not be killed.
#[test]
fn a_process_belongs_to_one_start() {
    let started = |second| Patched {
        started_at: Some(Some(at(second))),
        ..nothing()
    };
    let pid = |pid| Patched {
        pid: Some(Some(pid)),
        ..nothing()
    };
    let mut run = folded(&[E::Scheduled(scheduled())]);
    let mut say = |patch: Patched| {
        let events = run.decide(by(1, patch)).unwrap();
        events.iter().for_each(|event| run.evolve(event));
        let facts = run.facts().unwrap();
        (events.len(), facts.pid, facts.pid_is_current)
    };
    say(claim(1, 5));
    assert_eq!(say(started(6)), (1, None, false));
    assert_eq!(say(pid(17)), (1, Some(17), true));
    assert_eq!(say(pid(17)), (0, Some(17), true), "it is said twice");
    assert_eq!(say(reset()), (1, Some(17), false));
    say(claim(1, 8));
    assert_eq!(say(started(9)), (1, Some(17), false));
    assert_eq!(
        say(pid(17)),
        (1, Some(17), true),
        "another process of that number"
    );
    assert_eq!(say(pid(17)), (0, Some(17), true));
}

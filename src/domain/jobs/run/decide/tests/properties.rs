//! What holds for any history.

use super::*;

proptest! {
    #[test]
    fn a_repeated_command_about_a_run_adds_nothing(story in story(run_command())) {
        laws::saying_twice_adds_nothing::<Run>(story);
    }

    #[test]
    fn a_runs_history_equals_its_decisions(story in story(run_command())) {
        laws::history_tells_the_same_as_the_decisions::<Run>(story);
    }

    /// However often each request of a worker is repeated, and however late.
    #[test]
    fn a_repeated_history_of_one_workers_run_adds_nothing(
        repeats in prop::collection::vec(1..4_usize, 6),
        success in any::<Option<bool>>(),
    ) {
        let life = [
            C::Schedule(scheduled()),
            C::Follow(followed(8)),
            by(1, claim(1, 5)),
            by(1, Patched { started_at: Some(Some(at(6))), ..nothing() }),
            by(1, Patched { pid: Some(Some(4242)), ..nothing() }),
            by(1, end(success)),
        ];
        let story = life.into_iter().zip(repeats);
        let story = story.flat_map(|(command, count)| vec![command; count]).collect();
        laws::telling_twice_adds_nothing::<Run>(story);
    }

    /// Each worker claims, in any order, and each that believes it has the run begins to execute
    /// it.
    #[test]
    fn of_all_workers_that_claim_a_run_one_executes_it(
        claims in prop::collection::vec((1..5_u64, 0..9_i64), 1..12),
        starts in Just((1..5_u64).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut run = Run::default();
        laws::tell(&mut run, [C::Schedule(scheduled())]);
        laws::tell(&mut run, claims.iter().map(|(worker, second)| by(*worker, claim(*worker, *second))));
        let start = |worker| by(worker, Patched { started_at: Some(Some(at(6))), ..nothing() });
        let (events, data) = laws::tell(&mut run, starts.into_iter().map(start));
        prop_assert_eq!(events.len(), 1);
        let winner = claims.last().unwrap().0;
        prop_assert_eq!(data, [start(winner)]);
    }

    /// Of all random reports, only the holder's are accepted: of the worker that has the run
    /// afterwards.
    #[test]
    fn only_the_holder_of_a_run_changes_it(story in story(run_command())) {
        let mut run = Run::default();
        for command in story {
            let Ok(events) = run.decide(command.clone()) else { continue };
            events.iter().for_each(|event| run.evolve(event));
            if let (C::Patch { by: Caller::Worker(me), .. }, Some(facts)) = (command, run.facts()) {
                prop_assert!(facts.worker.is_none_or(|holder| holder == me));
            }
        }
    }

    /// What follows from a return (fails, children, mails) follows once for each time the run was
    /// open.
    #[test]
    fn a_run_is_over_once_unless_it_is_reopened(story in story(run_command())) {
        let (events, _) = laws::tell(&mut Run::default(), story);
        let (mut over, mut followed) = (false, BTreeSet::new());
        for event in events {
            if event.outcome().is_some() {
                prop_assert!(!over, "over twice");
                over = true;
            }
            match event {
                E::Reopened(_) => over = false,
                E::Patched(patch) => prop_assert!(over || !matches!(patch.returned_at, Some(Some(_)))),
                E::Followed(data) => {
                    followed.insert(data.by);
                }
                _ => {}
            }
        }
        prop_assert!(followed.len() <= 1);
    }
}

fn run_command() -> impl Strategy<Value = C> {
    let time = || prop::option::of(prop::option::of((0..4_i64).prop_map(at)));
    let patch = (
        (prop::option::of(1..4_u64), time(), time(), time()),
        (
            any::<Option<Option<bool>>>(),
            prop::option::of(prop::option::of(0..3_i64)),
        ),
        (prop::option::of(1..3_u64), any::<Option<bool>>()),
    );
    let patch = patch.prop_map(
        |((worker, enqueued_at, started_at, returned_at), (success, pid), (job, flag))| Patched {
            job,
            schedule_id: job,
            schedule_at: job.map(|job| at(job as i64)),
            worker,
            enqueued_at,
            started_at,
            returned_at,
            success,
            pid,
            is_manual: flag,
            schedule_children: flag,
            at: at(90),
        },
    );
    let caller = prop_oneof![3 => (1..4_u64).prop_map(Caller::Worker), 1 => Just(Caller::Trusted)];
    let worker = || 1..4_u64;
    prop_oneof![
        4 => (0..2_u64).prop_map(|job| C::Schedule(Scheduled { job, ..scheduled() })),
        8 => (caller, patch).prop_map(|(by, patch)| C::Patch { by, patch }),
        4 => (worker(), 0..3_i64).prop_map(|(worker, second)| by(worker, claim(worker, second))),
        2 => worker().prop_map(|worker| by(worker, reset())),
        3 => (worker(), any::<Option<bool>>()).prop_map(|(worker, success)| by(worker, end(success))),
        1 => Just(C::Spread(spread())),
        2 => (8..10_u64).prop_map(|run| C::Follow(followed(run))),
        1 => Just(C::GiveUpFollowing(NotFollowed { at: at(90) })),
        2 => Just(C::GiveUp(given_up())),
        2 => Just(C::End(given_up())),
        2 => Just(C::TimeOut(timed_out())),
        2 => (8..10_u64).prop_map(|run| C::Retry(retried(run))),
        1 => (1..3_u64).prop_map(|kill_request| {
            C::NoteKill(KillRequested { kill_request, at: at(90) })
        }),
    ]
}

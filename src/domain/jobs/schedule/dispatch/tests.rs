use super::*;
use crate::testing::stories::at;

#[test]
fn a_run_is_sent_when_it_is_due_enabled_and_alone() {
    let due = waiting(7, 1);
    let manual = Waiting {
        is_manual: true,
        ..due
    };
    let disabled = Waiting {
        enabled: false,
        ..due
    };
    for (run, active, now, expected) in [
        (due, vec![], 0, true),
        (due, vec![], -1, false),
        (disabled, vec![], 0, false),
        (
            Waiting {
                enabled: false,
                ..manual
            },
            vec![],
            0,
            true,
        ),
        (manual, vec![], -1, false),
        (due, vec![(1, 6)], 0, false),
        (manual, vec![(1, 6)], 0, false),
        (due, vec![(2, 6)], 0, true),
        // Siblings do not wait for each other.
        (due, vec![(1, 7)], 0, true),
        (due, vec![(1, 7), (1, 6)], 0, false),
    ] {
        let row = format!("{run:?} while {active:?}, now {now}");
        assert_eq!(Round::new(active).allows(&run, at(now)), expected, "{row}");
    }
}

#[test]
fn a_round_takes_one_occasion_of_each_job() {
    let mut runs = [waiting(9, 1), waiting(7, 1), waiting(8, 2)];
    runs[2].schedule_at = at(-5);
    let sibling = Waiting {
        run: 12,
        ..waiting(7, 1)
    };
    Round::order(&mut runs);
    assert_eq!(runs.map(|run| run.run), [8, 7, 9]);

    let mut round = Round::default();
    let sent: Vec<u64> = (runs.into_iter().chain([sibling]))
        .filter(|run| {
            let allowed = round.allows(run, at(0));
            if allowed {
                round.take(run);
            }
            allowed
        })
        .map(|run| run.run)
        .collect();
    assert_eq!(sent, [8, 7, 12]);
}

#[test]
fn a_run_goes_to_its_worker_else_to_one_or_all_of_the_pool() {
    let member = |worker, enabled, responsive| Member {
        worker,
        enabled,
        responsive,
    };
    let silent = [member(1, true, false), member(2, false, true)];
    let mixed = [
        member(1, true, false),
        member(3, true, true),
        member(4, true, true),
    ];
    let disabled = [member(2, false, true)];
    for (worker, on_all, pool, expected) in [
        (Some(2), false, &disabled[..], Target::Known(2)),
        (Some(9), true, &mixed[..], Target::Known(9)),
        (None, false, &[][..], Target::NoWorker),
        (None, false, &disabled[..], Target::NoWorker),
        (None, true, &disabled[..], Target::NoWorker),
        (None, false, &silent[..], Target::One(vec![1])),
        (None, false, &mixed[..], Target::One(vec![3, 4])),
        (None, true, &mixed[..], Target::Each(vec![1, 3, 4])),
    ] {
        let row = format!("{worker:?} {on_all} {pool:?}");
        assert_eq!(target(worker, on_all, pool), expected, "{row}");
    }
}

#[test]
fn a_choice_is_kept_while_it_can_be() {
    for (among, before, chance, expected) in [
        (&[3, 4][..], None, 0, Some(3)),
        (&[3, 4], None, 7, Some(4)),
        (&[3, 4], Some(3), 7, Some(3)),
        (&[3, 4], Some(9), 7, Some(4)),
        (&[], Some(9), 7, None),
    ] {
        let chosen = choose(among, before, chance);
        assert_eq!(chosen, expected, "{among:?} {before:?} {chance}");
    }
}

fn waiting(run: u64, job: u64) -> Waiting {
    Waiting {
        run,
        job,
        schedule_id: run,
        schedule_at: at(0),
        is_manual: false,
        enabled: true,
    }
}

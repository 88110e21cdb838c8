use domain::jobs::schedule::{Interval, IntervalUnit, Member};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::super::offers::ROUNDS_KEPT;
use super::*;

const JOB: u64 = 1;

/// Job 1 runs every hour on one of the workers 1, 2 and 3; of these 3 takes no work, and 2 is
/// silent.
fn farm() -> Farm {
    let member = |worker, enabled, responsive| Member {
        worker,
        enabled,
        responsive,
    };
    let members = vec![
        member(1, true, true),
        member(2, true, false),
        member(3, false, true),
    ];
    let terms = Terms {
        enabled: true,
        pool: 1,
        run_on_all_workers: false,
        interval: Interval::of(Some(1), Some(IntervalUnit::Hour)),
        cron: None,
        time_zone: None,
        excluded: Vec::new(),
    };
    Farm {
        jobs: BTreeMap::from([(JOB, terms)]),
        pools: BTreeMap::from([(1, members)]),
        keys: BTreeMap::new(),
        windows: BTreeMap::new(),
    }
}

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minute)
}

fn unclaimed(run: u64) -> Unclaimed {
    Unclaimed {
        run,
        job: JOB,
        schedule_id: run,
        schedule_at: at(0),
        is_manual: false,
        worker: None,
        is_retry: false,
    }
}

/// Every named zone is New York; without a name it is UTC.
fn zone(name: Option<&str>) -> TimeZone {
    name.map_or(TimeZone::UTC, |_| TimeZone::posix("EST5").unwrap())
}

/// Nothing was offered yet, and job 1 has no other runs.
fn round(farm: &Farm, runs: &[Unclaimed]) -> Vec<Errand> {
    round_after(&Offers::default(), true, farm, runs, &[])
}

fn round_after(
    offers: &Offers,
    again: bool,
    farm: &Farm,
    runs: &[Unclaimed],
    active: &[(u64, u64)],
) -> Vec<Errand> {
    let facts = Facts {
        farm,
        unclaimed: runs.to_vec(),
        active: active.iter().copied().collect(),
        now: at(30),
        zone: &zone,
    };
    let open = runs.iter().map(|run| run.schedule_id).collect();
    let reference = Some(at(0));
    let occasions = Occasions { open, reference };
    let planned = plan(
        facts,
        offers,
        again,
        || 0,
        |_| Ok::<_, ()>(occasions.clone()),
    );
    planned.unwrap()
}

fn recipients(errands: &[Errand]) -> Vec<(u64, Recipient)> {
    let pair = |errand: &Errand| (errand.run, errand.to.clone());
    errands.iter().map(pair).collect()
}

#[test]
fn a_run_goes_to_a_worker_that_answers_and_its_job_is_due_again() {
    let expected = Errand {
        run: 7,
        next: FollowUp::At(at(60)),
        to: Recipient::Worker(1),
    };
    assert_eq!(round(&farm(), &[unclaimed(7)]), [expected]);
}

#[test]
fn a_job_goes_by_the_clock_that_it_names() {
    for (cron, time_zone, hours) in [
        ("0 9 * * *", None, 21),
        ("0 9 * * *", Some("America/New_York"), 2),
        ("30 12 * * *", None, 0),
    ] {
        let mut farm = farm();
        let terms = farm.jobs.get_mut(&JOB).unwrap();
        terms.interval = None;
        terms.cron = Some(cron.to_owned());
        terms.time_zone = time_zone.map(str::to_owned);
        let next = round(&farm, &[unclaimed(7)])[0].next;
        let minute = if hours == 0 { 30 } else { hours * 60 };
        assert_eq!(next, FollowUp::At(at(minute)), "{cron} in {time_zone:?}");
    }
}

#[test]
fn runs_of_one_job_go_one_occasion_after_the_other() {
    let (first, second) = (unclaimed(7), unclaimed(8));
    let to = Recipient::Worker(1);
    assert_eq!(
        recipients(&round(&farm(), &[second, first])),
        [(7, to.clone())]
    );
    let sibling = Unclaimed {
        schedule_id: 7,
        ..second
    };
    let both = [(7, to.clone()), (8, to)];
    assert_eq!(recipients(&round(&farm(), &[first, sibling])), both);

    let none = Offers::default();
    let while_active = |schedule_id| {
        let active = [(JOB, schedule_id)];
        round_after(&none, true, &farm(), &[first], &active).len()
    };
    assert_eq!((while_active(6), while_active(7)), (0, 1));
}

/// Its occasion was followed when its first run was sent; and one that has not been yet is not
/// forgotten for it.
#[test]
fn another_attempt_is_not_followed() {
    let retry = Unclaimed {
        is_retry: true,
        ..unclaimed(7)
    };
    let to = Recipient::Worker(1);
    let [alone] = &round(&farm(), &[retry])[..] else {
        panic!("one run is sent");
    };
    assert_eq!((alone.next, &alone.to), (FollowUp::AnotherIsOpen, &to));
    let sibling = Unclaimed {
        schedule_id: 7,
        ..unclaimed(8)
    };
    let both = round(&farm(), &[retry, sibling]);
    assert_eq!(both[1].next, FollowUp::At(at(60)));
}

#[test]
fn a_job_that_is_switched_off_runs_by_hand_alone() {
    let mut farm = farm();
    farm.jobs.get_mut(&JOB).unwrap().enabled = false;
    assert_eq!(round(&farm, &[unclaimed(7)]), []);
    let by_hand = Unclaimed {
        is_manual: true,
        ..unclaimed(8)
    };
    assert_eq!(round(&farm, &[unclaimed(7), by_hand]).len(), 1);
}

/// The next occasion is settled all the same: nothing else would ever settle it.
#[test]
fn a_run_without_a_worker_stays_and_blocks_no_other() {
    let mut farm = farm();
    for member in farm.pools.get_mut(&1).unwrap() {
        member.enabled = false;
    }
    let mine = Unclaimed {
        worker: Some(3),
        ..unclaimed(8)
    };
    let errands = round(&farm, &[unclaimed(7), mine]);
    let expected = [(7, Recipient::NoWorker), (8, Recipient::Worker(3))];
    assert_eq!(recipients(&errands), expected);
}

#[test]
fn a_run_on_all_workers_goes_to_each_that_takes_work() {
    let mut farm = farm();
    farm.jobs.get_mut(&JOB).unwrap().run_on_all_workers = true;
    let each = Recipient::Each(vec![1, 2]);
    assert_eq!(recipients(&round(&farm, &[unclaimed(7)])), [(7, each)]);
}

#[test]
fn a_job_gets_one_next_occasion_in_a_round() {
    let siblings = [7, 8].map(|run| Unclaimed {
        schedule_id: 7,
        worker: Some(run),
        ..unclaimed(run)
    });
    let next: Vec<FollowUp> = round(&farm(), &siblings)
        .into_iter()
        .map(|errand| errand.next)
        .collect();
    assert_eq!(next, [FollowUp::At(at(60)), FollowUp::AnotherIsOpen]);
}

/// Between two full rounds only news is sent; what was offered still holds its job.
#[test]
fn what_was_offered_is_offered_again_in_full_rounds_alone() {
    let mut offers = Offers::default();
    offers.note(7, 1);
    offers.begin_round();
    offers.begin_round();
    let runs = [unclaimed(7), unclaimed(8)];
    for (again, expected) in [(false, 0), (true, 1)] {
        let errands = round_after(&offers, again, &farm(), &runs, &[]);
        assert_eq!(errands.len(), expected, "again: {again}");
    }
    offers.retain(&BTreeSet::from([8]));
    assert_eq!(round_after(&offers, false, &farm(), &runs, &[]).len(), 1);
}

#[test]
fn a_run_is_offered_to_one_worker_for_a_while_and_then_to_another() {
    let mut farm = farm();
    for member in farm.pools.get_mut(&1).unwrap() {
        (member.enabled, member.responsive) = (true, true);
    }
    let mut offers = Offers::default();
    let mut asked = Vec::new();
    for round in 0..3 * ROUNDS_KEPT {
        for errand in round_after(&offers, true, &farm, &[unclaimed(7)], &[]) {
            let Recipient::Worker(worker) = errand.to else {
                panic!("a worker is there");
            };
            offers.note(7, worker);
            asked.push((round, worker));
        }
        offers.begin_round();
    }
    let expected = [0, 2, 4, 8].map(|round| (round, 1));
    assert_eq!(asked[..4], expected);
    let expected = [0, 2, 4, 8].map(|round| (ROUNDS_KEPT + round, 2));
    assert_eq!(asked[4..8], expected);
    assert_eq!(asked[8].0, 2 * ROUNDS_KEPT);
}

/// Six hundred jobs were due at once, and their one worker was sent all of them every five seconds:
/// a kill request waited behind thousands of messages.
#[test]
fn a_worker_is_offered_no_more_than_it_can_take_soon() {
    let mut farm = farm();
    let terms = farm.jobs[&JOB].clone();
    let runs: Vec<Unclaimed> = (1..=600)
        .map(|run| Unclaimed {
            job: run,
            ..unclaimed(run)
        })
        .collect();
    farm.jobs = (1..=600).map(|job| (job, terms.clone())).collect();
    let window = usize::try_from(farm.window(1)).unwrap();
    let mut offers = Offers::default();
    let offered = |offers: &mut Offers, runs: &[Unclaimed], again| {
        let errands = round_after(offers, again, &farm, runs, &[]);
        let settled = errands.len();
        let mut offered = Vec::new();
        for errand in errands {
            match errand.to {
                Recipient::Worker(worker) => {
                    offers.note(errand.run, worker);
                    offered.push(errand.run);
                }
                Recipient::Held => offers.hold(errand.run),
                to => panic!("it waits for a worker: {to:?}"),
            }
        }
        (offered.len(), settled)
    };
    // The consequences of sending them happen at once, although most of them wait.
    assert_eq!(offered(&mut offers, &runs, false), (window, 600));
    assert_eq!(offered(&mut offers, &runs, false), (0, 0));
    // Three are claimed: so many more are offered.
    offers.retain(&runs[3..].iter().map(|run| run.run).collect());
    assert_eq!(offered(&mut offers, &runs[3..], false), (3, 3));
    for (round, repeated) in [(1, 0), (2, window), (3, 0), (4, window), (5, 0)] {
        offers.begin_round();
        let again = offered(&mut offers, &runs[3..], true);
        assert_eq!(again, (repeated, repeated), "round {round}");
    }
}

/// A worker with enough offers is skipped; and a held run delays the next occasion of its job.
#[test]
fn a_run_goes_to_a_worker_that_can_take_more() {
    let mut farm = farm();
    for member in farm.pools.get_mut(&1).unwrap() {
        member.responsive = true;
    }
    farm.windows = BTreeMap::from([(1, 0), (2, 1)]);
    let mut offers = Offers::default();
    let errands = round_after(&offers, true, &farm, &[unclaimed(7)], &[]);
    assert_eq!(recipients(&errands), [(7, Recipient::Worker(2))]);
    offers.note(7, 2);
    let terms = farm.jobs[&JOB].clone();
    farm.jobs.insert(2, terms);
    let other = |run| Unclaimed {
        job: 2,
        ..unclaimed(run)
    };
    let runs = [unclaimed(7), other(8), other(9)];
    let errands = round_after(&offers, false, &farm, &runs, &[]);
    assert_eq!(recipients(&errands), [(8, Recipient::Held)]);
}

proptest! {
    /// Whatever waits: no job gets two occasions at once, nothing is sent early, and a job that a
    /// person switched off stays off.
    #[test]
    fn a_round_keeps_the_rules(
        runs in prop::collection::vec((1_u64..4, 1_u64..6, -90_i64..90, any::<bool>(), prop::option::of(1_u64..4)), 0..12),
        active in prop::collection::btree_set((1_u64..4, 1_u64..6), 0..3),
        disabled in prop::collection::btree_set(1_u64..4, 0..3),
        all in prop::collection::btree_set(1_u64..4, 0..3),
    ) {
        let mut farm = farm();
        let terms = farm.jobs[&JOB].clone();
        for job in 1..4 {
            let terms = Terms {
                enabled: !disabled.contains(&job),
                run_on_all_workers: all.contains(&job),
                ..terms.clone()
            };
            farm.jobs.insert(job, terms);
        }
        let runs: Vec<Unclaimed> = (1..)
            .zip(runs)
            .map(|(run, (job, schedule_id, minute, is_manual, worker))| Unclaimed {
                run,
                job,
                schedule_id,
                schedule_at: at(minute),
                is_manual,
                worker,
                is_retry: false,
            })
            .collect();
        let active: Vec<(u64, u64)> = active.into_iter().collect();
        let errands = round_after(&Offers::default(), true, &farm, &runs, &active);
        let mut occasions: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for (job, schedule_id) in active {
            occasions.entry(job).or_default().insert(schedule_id);
        }
        let before: BTreeMap<u64, usize> =
            occasions.iter().map(|(job, ids)| (*job, ids.len())).collect();
        for errand in &errands {
            let run = runs.iter().find(|run| run.run == errand.run).unwrap();
            prop_assert!(run.schedule_at <= at(30));
            prop_assert!(run.is_manual || !disabled.contains(&run.job));
            prop_assert!(errand.to != Recipient::NoWorker, "workers 1 and 2 take work");
            occasions.entry(run.job).or_default().insert(run.schedule_id);
            let most = before.get(&run.job).copied().unwrap_or(0).max(1);
            prop_assert!(occasions[&run.job].len() <= most);
        }
        let followed = errands.iter().filter(|errand| matches!(errand.next, FollowUp::At(_)));
        prop_assert!(followed.count() <= 3);
    }
}

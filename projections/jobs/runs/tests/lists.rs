use domain::JobsEvent;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use domain::jobs::job::JobEvent;
use domain::jobs::run::{GivenUp, Run, RunEvent, RunFacts};
use domain::{Aggregate, Event};
use eventlog::EventLog;
use proptest::prelude::*;
use tables::MemoryTables;

use super::numbers;
use crate::jobs::runs::{RunQuery, RunState, Runs, WorkerIs};
use crate::testing::job_runner::{claimed, scheduled};
use crate::testing::{PATIENCE, any_story, at, block_on, config, memory_log, tell_all};
use crate::{Cursor, Views};

/// Runs as the domain folds them, one by one, and nothing else.
#[derive(Default)]
struct Naive {
    runs: BTreeMap<u64, Run>,
    last: BTreeMap<u64, u64>,
}

impl Naive {
    fn of(story: &[(String, Event)]) -> Self {
        let mut naive = Self::default();
        for (stream, event) in story {
            match event {
                Event::Jobs(JobsEvent::Run(event)) => {
                    let number: u64 = stream.strip_prefix("run-").unwrap().parse().unwrap();
                    let run = naive.runs.entry(number).or_default();
                    // What never began cannot be spread; a view that remembered it would remember nonsense.
                    if !matches!(event, RunEvent::Spread(_)) || run.facts().is_some() {
                        run.evolve(event);
                    }
                }
                Event::Jobs(JobsEvent::Job(JobEvent::RunCounted(data))) => {
                    let job = stream.strip_prefix("job-tally:").unwrap();
                    naive.last.insert(job.parse().unwrap(), data.schedule_id);
                }
                _ => {}
            }
        }
        naive
    }

    fn list(&self, query: &RunQuery) -> Vec<u64> {
        let runs = self.runs.iter();
        let mut found: Vec<(u64, RunFacts)> = runs
            .filter_map(|(number, run)| Some((*number, *run.facts()?)))
            .filter(|(_, facts)| self.admits(query, facts))
            // Of several attempts, the last is what a job has completed.
            .filter(|(number, _)| !query.last_completed || !self.runs[number].is_retried())
            .collect();
        found.sort_by(order);
        found.into_iter().map(|(number, _)| number).collect()
    }

    fn admits(&self, query: &RunQuery, facts: &RunFacts) -> bool {
        let state = match facts {
            RunFacts {
                enqueued_at: None, ..
            } => RunState::Scheduled,
            RunFacts {
                started_at: None, ..
            } => RunState::InQueue,
            RunFacts {
                returned_at: None, ..
            } => RunState::Started,
            _ => RunState::Completed,
        };
        let is_last = || self.last.values().any(|id| *id == facts.schedule_id);
        let worker = match &query.worker {
            None => true,
            Some(WorkerIs::Unassigned) => facts.worker.is_none(),
            Some(WorkerIs::Assigned) => facts.worker.is_some(),
            Some(WorkerIs::OneOf(workers)) => workers.iter().any(|w| facts.worker == Some(*w)),
        };
        worker
            && query
                .jobs
                .as_ref()
                .is_none_or(|jobs| jobs.contains(&facts.job))
            && query.state.is_none_or(|wanted| wanted == state)
            && query
                .success
                .is_none_or(|wanted| Some(wanted) == facts.success)
            && query
                .is_manual
                .is_none_or(|wanted| wanted == facts.is_manual)
            && (!query.last_completed || (state == RunState::Completed && is_last()))
            && (query.due_from, query.due_until).contains_at(facts)
            && query
                .due_at
                .as_ref()
                .is_none_or(|at| at.contains(&facts.schedule_at))
            && query
                .schedule_ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&facts.schedule_id))
    }
}

trait ContainsAt {
    fn contains_at(&self, facts: &RunFacts) -> bool;
}

impl ContainsAt for (Bound<jiff::Timestamp>, Bound<jiff::Timestamp>) {
    fn contains_at(&self, facts: &RunFacts) -> bool {
        std::ops::RangeBounds::contains(self, &facts.schedule_at)
    }
}

/// Section 5.7: nulls count as smallest, and ids break ties.
fn order((one_id, one): &(u64, RunFacts), (other_id, other): &(u64, RunFacts)) -> Ordering {
    other
        .returned_at
        .cmp(&one.returned_at)
        .then(other.started_at.cmp(&one.started_at))
        .then(other.enqueued_at.cmp(&one.enqueued_at))
        .then(one.schedule_at.cmp(&other.schedule_at))
        .then(one_id.cmp(other_id))
}

fn any_set(numbers: std::ops::Range<u64>) -> impl Strategy<Value = BTreeSet<u64>> {
    prop::collection::btree_set(numbers, 0..4)
}

fn any_bound() -> impl Strategy<Value = Bound<jiff::Timestamp>> {
    prop_oneof![
        4 => Just(Bound::Unbounded),
        1 => (0_i64..20).prop_map(|second| Bound::Included(at(second))),
        1 => (0_i64..20).prop_map(|second| Bound::Excluded(at(second))),
    ]
}

fn any_query() -> impl Strategy<Value = RunQuery> {
    let worker = prop_oneof![
        Just(WorkerIs::Unassigned),
        Just(WorkerIs::Assigned),
        any_set(1..6).prop_map(WorkerIs::OneOf),
    ];
    let times = prop::collection::btree_set((0_i64..20).prop_map(at), 0..6);
    (
        prop::option::of(any_set(1..6)),
        prop::option::of(prop::sample::select(&RunState::ALL[..])),
        prop::option::of(any::<bool>()),
        prop::bool::weighted(0.15),
        prop::option::weighted(0.3, worker),
        prop::option::weighted(0.3, any::<bool>()),
        any_bound(),
        any_bound(),
        prop::option::weighted(0.1, times),
        prop::option::weighted(0.15, any_set(1..8)),
    )
        .prop_map(
            |(jobs, state, success, last_completed, worker, is_manual, from, until, times, ids)| {
                RunQuery {
                    jobs,
                    state,
                    success,
                    last_completed,
                    worker,
                    is_manual,
                    due_from: from,
                    due_until: until,
                    due_at: times,
                    schedule_ids: ids,
                }
            },
        )
}

fn agrees(runs: &Runs, naive: &Naive, query: &RunQuery, offset: usize, limit: usize) {
    let expected = naive.list(query);
    let page = runs.list(query, offset, limit).unwrap();
    let of_page: Vec<u64> = expected.iter().copied().skip(offset).take(limit).collect();
    assert_eq!(numbers(&page.rows), of_page, "{query:?}");
    assert_eq!(page.total, expected.len() as u64, "total of {query:?}");
    assert_eq!(runs.count(query).unwrap(), expected.len() as u64);

    let (mut found, mut cursor) = (Vec::new(), Cursor::start());
    loop {
        let page = runs.list_from(query, &cursor, limit.max(1)).unwrap();
        found.extend(numbers(&page.rows));
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    assert_eq!(found, expected, "by cursors, {query:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Every list and every total, while things happen and after a restart, is what one gets by looking at all.
    #[test]
    fn lists_are_those_of_a_model_that_looks_at_everything(
        story in any_story(),
        queries in prop::collection::vec((any_query(), 0_usize..5, 0_usize..5), 1..12),
    ) {
        block_on(async {
            let log = Arc::new(memory_log());
            let tables = Arc::new(MemoryTables::new());
            let views = Views::start(log.clone(), tables.clone(), config()).unwrap();
            let half = story.len() / 2;
            for end in [half, story.len()] {
                tell_all(&*log, story[usize::try_from(log.head().0).unwrap()..end].to_vec()).await;
                views.wait_for_all(log.head(), PATIENCE).await.unwrap();
                let naive = Naive::of(&story[..end]);
                for number in 0..9 {
                    let row = views.of::<Runs>().unwrap().get(number).unwrap();
                    let facts = naive.runs.get(&number).and_then(Run::facts).copied();
                    prop_assert_eq!(row.map(|row| row.facts), facts, "run {}", number);
                }
                for (query, offset, limit) in &queries {
                    agrees(&views.of::<Runs>().unwrap(), &naive, query, *offset, *limit);
                }
            }
            views.shutdown();
            let again = Views::start(log.clone(), tables, config()).unwrap();
            again.wait_for_all(log.head(), PATIENCE).await.unwrap();
            let naive = Naive::of(&story);
            for (query, offset, limit) in &queries {
                agrees(&again.of::<Runs>().unwrap(), &naive, query, *offset, *limit);
            }
            Ok(())
        })?;
    }
}

/// Reasons are long, and a page of a thousand of them ends early; the next one goes on with the run after.
#[test]
fn a_page_of_large_runs_ends_early_and_leads_on() {
    block_on(async {
        let log = Arc::new(memory_log());
        let views = Views::start(log.clone(), Arc::new(MemoryTables::new()), config()).unwrap();
        let story = (1..=60).flat_map(|number| {
            let reason = "r".repeat(100_000);
            let given_up = RunEvent::GivenUp(GivenUp { reason, at: at(90) });
            let stream = format!("run-{number}");
            [scheduled(number, 1, 10), claimed(1, 20), given_up]
                .map(|event| (stream.clone(), event.into()))
        });
        tell_all(&*log, story).await;
        views.wait_for_all(log.head(), PATIENCE).await.unwrap();
        let runs = views.of::<Runs>().unwrap();
        for query in [
            RunQuery::default(),
            RunQuery {
                schedule_ids: Some((1..=60).collect()),
                ..RunQuery::default()
            },
        ] {
            let (mut cursor, mut pages, mut found) = (Cursor::start(), Vec::new(), Vec::new());
            loop {
                let page = runs.list_from(&query, &cursor, 1000).unwrap();
                pages.push(page.rows.len());
                found.extend(numbers(&page.rows));
                match page.next {
                    Some(next) => cursor = next,
                    None => break,
                }
            }
            assert_eq!(pages, [41, 19], "{query:?}");
            assert_eq!(found.len(), 60);
            assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 60, "each once");
        }
    });
}

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use OccasionCommand as C;
use RunEvent as E;

#[test]
fn a_run_that_is_not_counted_is_alone() {
    given::<Occasion>([])
        .when(back(7, Some(true)))
        .then([returned(7, Some(true), 0, false)]);
}

#[test]
fn only_the_last_run_of_an_occasion_finds_no_open_run() {
    let spread = [added(8), added(9)];
    given::<Occasion>(spread.clone())
        .when(back(9, Some(false)))
        .then([returned(9, Some(false), 1, false)]);
    let past = spread
        .into_iter()
        .chain([returned(9, Some(false), 1, false)]);
    let occasion = given::<Occasion>(past);
    occasion
        .when(back(8, None))
        .then([returned(8, None, 0, true)]);
    occasion.when(back(9, Some(true))).then_nothing();
    occasion.when(C::Add { run: 9, at: at(0) }).then_nothing();
}

#[test]
fn a_run_that_is_reopened_is_waited_for_again() {
    let past = [added(8), added(9), returned(9, Some(false), 1, false)];
    let reopened = E::SiblingReopened(SiblingReopened { run: 9, at: at(0) });
    let reopen = C::Reopen { run: 9, at: at(0) };
    given::<Occasion>(past.clone())
        .when(reopen.clone())
        .then([reopened.clone()]);
    let occasion = given::<Occasion>(past.into_iter().chain([reopened]));
    occasion.when(reopen).then_nothing();
    occasion
        .when(back(8, Some(true)))
        .then([returned(8, Some(true), 1, false)]);
}

/// A run that failed and is tried again is no sibling that failed: the last attempt speaks for all.
#[test]
fn a_run_that_takes_the_place_of_another_is_waited_for_instead() {
    let replace = |run, by| C::Replace { run, by, at: at(0) };
    let replaced = |run, by| E::SiblingReplaced(SiblingReplaced { run, by, at: at(0) });
    let spread = [added(8), added(9)];
    let occasion = given::<Occasion>(spread.clone());
    occasion.when(replace(8, 10)).then([replaced(8, 10)]);
    let occasion = given::<Occasion>(spread.into_iter().chain([replaced(8, 10)]));
    occasion.when(replace(8, 10)).then_nothing();
    occasion
        .when(back(9, Some(true)))
        .then([returned(9, Some(true), 1, false)]);
    occasion
        .when(back(10, Some(true)))
        .then([returned(10, Some(true), 1, false)]);
    // A replaced run is not waited for, whatever is reported about it.
    let reopen = C::Reopen { run: 8, at: at(0) };
    occasion.when(reopen).then_nothing();
    let alone = given::<Occasion>([replaced(7, 8)]);
    alone
        .when(back(8, Some(true)))
        .then([returned(8, Some(true), 0, false)]);
}

proptest! {
    #[test]
    fn a_repeated_command_about_an_occasion_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<Occasion>(story);
    }

    #[test]
    fn an_occasions_history_equals_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<Occasion>(story);
    }

    /// In any order of the siblings' returns, and however often each is reported.
    #[test]
    fn of_all_siblings_one_is_the_last(
        runs in prop::collection::btree_set(1..20_u64, 1..8),
        returns in prop::collection::vec((any::<prop::sample::Index>(), any::<Option<bool>>()), 0..40),
    ) {
        let mut occasion = Occasion::default();
        laws::tell(&mut occasion, runs.iter().map(|run| C::Add { run: *run, at: at(0) }));
        let runs: Vec<u64> = runs.into_iter().collect();
        let data = returns.into_iter().map(|(run, success)| back(*run.get(&runs), success));
        let all: Vec<C> = data.chain(runs.iter().map(|run| back(*run, Some(true)))).collect();
        let (events, _) = laws::tell(&mut occasion, all);
        let mut over = BTreeSet::new();
        let mut failed = false;
        for event in events {
            let E::SiblingReturned(data) = event else { continue };
            prop_assert!(over.insert(data.run), "over twice");
            prop_assert_eq!(data.open as usize, runs.len() - over.len());
            prop_assert_eq!(data.sibling_failed, failed);
            failed |= data.success == Some(false);
        }
        prop_assert_eq!(over.len(), runs.len());
    }
}

fn added(run: u64) -> E {
    E::SiblingAdded(SiblingAdded { run, at: at(0) })
}

fn back(run: u64, success: Option<bool>) -> C {
    C::Return {
        run,
        success,
        at: at(0),
    }
}

fn returned(run: u64, success: Option<bool>, open: u64, sibling_failed: bool) -> E {
    E::SiblingReturned(SiblingReturned {
        run,
        success,
        open,
        sibling_failed,
        at: at(0),
    })
}

fn command() -> impl Strategy<Value = C> {
    (0..3_u8, 1..5_u64, any::<Option<bool>>()).prop_map(|(kind, run, success)| match kind {
        0 => C::Add { run, at: at(0) },
        1 => back(run, success),
        _ => C::Reopen { run, at: at(0) },
    })
}

use super::*;

#[test]
fn an_offer_is_repeated_less_and_less_often() {
    let mut offers = Offers::default();
    offers.note(7, 1);
    let mut repeated = Vec::new();
    for round in 1..=200 {
        offers.begin_round();
        if offers.get(7).is_some_and(|offer| offer.is_repeated()) {
            offers.note(7, 1);
            repeated.push(round);
        }
    }
    assert_eq!(repeated, [2, 4, 8, 16, 32, 64, 128, 192]);
}

#[test]
fn what_a_worker_does_not_take_for_long_keeps_no_other_from_it() {
    let mut offers = Offers::default();
    offers.note(7, 1);
    offers.note(8, 2);
    for _ in 0..ROUNDS_KEPT - 1 {
        offers.begin_round();
    }
    assert_eq!(offers.outstanding(), BTreeMap::from([(1, 1), (2, 1)]));
    // Another worker has it now, and as long.
    offers.note(8, 1);
    offers.begin_round();
    assert_eq!(offers.outstanding(), BTreeMap::from([(1, 1)]));
    offers.forget(1);
    assert_eq!(offers, Offers::default());
}

#[test]
fn a_worker_is_offered_what_it_executes_at_once() {
    for (concurrent_jobs, offered) in [
        (None, 4),
        (Some(0), 2),
        (Some(1), 2),
        (Some(4), 4),
        (Some(5), 5),
        (Some(100), 8),
        (Some(u32::MAX), 8),
    ] {
        assert_eq!(window(concurrent_jobs), offered, "{concurrent_jobs:?}");
    }
}

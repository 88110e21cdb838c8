use domain::builds::build::BuildEvent;
use proptest::prelude::*;

use crate::builds::packages::{Histogram, PackageSort};
use crate::testing::{App, killed, usage, used};
use crate::{Cursor, Packages};

proptest! {
    #[test]
    fn a_quantile_is_off_by_at_most_two_percent(
        mut quantities in prop::collection::vec(1e-3_f64..1e13, 1..200),
        share in 0.01_f64..=1.0,
    ) {
        let mut histogram = Histogram::default();
        for quantity in &quantities {
            histogram.add(*quantity);
        }
        quantities.sort_by(f64::total_cmp);
        let rank = ((share * quantities.len() as f64).ceil() as usize).max(1);
        let (exact, found) = (quantities[rank - 1], histogram.quantile(share).unwrap());
        prop_assert!((found / exact - 1.0).abs() < 0.02, "{} for {}", found, exact);
    }

    #[test]
    fn merged_histograms_are_those_of_all(quantities in prop::collection::vec(any::<f64>(), 0..50), cut in 0_usize..50) {
        let of = |quantities: &[f64]| {
            let mut histogram = Histogram::default();
            quantities.iter().for_each(|quantity| histogram.add(*quantity));
            histogram
        };
        let (one, other) = quantities.split_at(cut.min(quantities.len()));
        let mut merged = of(one);
        merged.merge(&of(other));
        prop_assert_eq!(merged, of(&quantities));
    }
}

#[tokio::test]
async fn waste_is_what_was_requested_and_not_needed_for_as_long_as_it_ran() {
    let app = App::new();
    let mut used = usage(1, "zlib");
    used.finished_at = used.started_at + jiff::SignedDuration::from_hours(2);
    (used.memory.request, used.memory.max) = (Some(5e9), 3e9);
    (used.cpu.request, used.cpu.mean) = (Some(1.0), 4.0);
    app.tell_of_build(1, BuildEvent::UsageRecorded(used)).await;
    let row = app
        .views
        .of::<Packages>()
        .unwrap()
        .get(&"zlib".to_owned())
        .unwrap()
        .unwrap();
    assert!(
        (row.waste.memory_unused - 4.0).abs() < 1e-9,
        "{:?}",
        row.waste
    );
    assert!((row.waste.cpu_over - 6.0).abs() < 1e-9, "{:?}", row.waste);
    assert!(row.waste.memory_over.abs() < 1e-9 && row.waste.cpu_unused.abs() < 1e-9);
}

#[tokio::test]
async fn packages_are_listed_by_what_is_asked_for() {
    let app = App::new();
    for (number, package) in [(1, "b"), (2, "a"), (3, "b"), (4, "c"), (5, "b"), (6, "c")] {
        app.tell_of_build(number, used(number, package)).await;
    }
    app.tell_of_build(7, BuildEvent::OutOfMemory(killed(7, 1)))
        .await;
    let names = |sort| {
        let (mut names, mut cursor) = (Vec::new(), Cursor::start());
        loop {
            let page = app
                .views
                .of::<Packages>()
                .unwrap()
                .list(sort, &cursor, 1)
                .unwrap();
            names.extend(page.rows.into_iter().map(|row| row.name));
            match page.next {
                Some(next) => cursor = next,
                None => return names.join(" "),
            }
        }
    };
    assert_eq!(names(PackageSort::Name), "a b c llvm");
    assert_eq!(names(PackageSort::Builds), "b c a llvm");
    assert_eq!(names(PackageSort::Latest), "llvm c b a");
    assert!(names(PackageSort::OutOfMemory).starts_with("llvm"));
    let page = app
        .views
        .of::<Packages>()
        .unwrap()
        .named("l", &Cursor::start(), 9)
        .unwrap();
    assert_eq!(page.rows.len(), 1);
}

#[tokio::test]
async fn a_trend_compares_the_newest_peaks_with_those_before() {
    let app = App::new();
    for number in 1..=16 {
        let mut used = usage(number, "zlib");
        used.memory.max = if number > 8 { 3e9 } else { 2e9 };
        app.tell_of_build(number, BuildEvent::UsageRecorded(used))
            .await;
        let row = app
            .views
            .of::<Packages>()
            .unwrap()
            .get(&"zlib".to_owned())
            .unwrap()
            .unwrap();
        assert_eq!(row.trend().is_some(), number >= 8);
    }
    let row = app
        .views
        .of::<Packages>()
        .unwrap()
        .get(&"zlib".to_owned())
        .unwrap()
        .unwrap();
    assert!((row.trend().unwrap() - 0.5).abs() < 1e-9);
}

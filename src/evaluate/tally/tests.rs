use allocation::evaluation::CpuScore;

use super::*;
use crate::evaluate::testing::build;

/// An hour that peaked at 10 GB and was given 3, 6 and 12 GB.
fn thrice() -> Score {
    Score {
        jobs: 1,
        failed_jobs: 1,
        attempts: 3,
        killed: 0,
        killed_too: 0,
        memory_used: 10e9,
        memory_wasted: 11e9,
        cpu: CpuScore {
            requested: 4.0,
            used: 2.0,
            throttled: 0.0,
        },
    }
}

#[test]
fn what_a_build_was_given_first_is_known_from_what_it_cost() {
    let mut tally = Tally::new("it");
    tally.add_build(&build("emacs", 10e9), &thrice());
    let dots: Vec<_> = tally.dots.iter().copied().collect();
    assert_eq!(
        dots,
        [Dot {
            used: 10e9,
            given: 3e9
        }]
    );
    // Every attempt holds its cores.
    assert_eq!(tally.core_hours, 12.0);
}

#[test]
fn the_packages_together_are_the_whole() {
    let mut tally = Tally::new("it");
    for package in ["emacs", "llvm", "emacs"] {
        tally.add_build(&build(package, 10e9), &thrice());
    }
    assert_eq!(tally.packages["emacs"].jobs, 2);
    let mut sum = Score::default();
    for score in tally.packages.values() {
        sum.add(score);
    }
    assert_eq!(sum, tally.score);
    let mut both = tally.clone();
    both.add(&tally);
    assert_eq!((both.score.jobs, both.packages["llvm"].jobs), (6, 2));
    assert_eq!(both.core_hours, 2.0 * tally.core_hours);
}

#[test]
fn however_many_builds_only_some_are_drawn_and_from_all_over() {
    let numbered = |count: u32| {
        let mut dots = Dots::default();
        for number in 0..count {
            dots.add(Dot {
                used: f64::from(number),
                given: 1.0,
            });
        }
        dots
    };
    for count in [0, 1, 600, 601, 5000, 100_000] {
        let kept = numbered(count).dots.len();
        assert!(
            kept <= DOTS_MAX && kept >= DOTS_MAX.min(count as usize) / 2,
            "{count}: {kept}"
        );
    }
    let many = numbered(100_000);
    assert!(many.dots.last().unwrap().used > 99_000.0);
    // A history with a tenth of the builds has about a tenth of the dots, whichever comes first.
    let few = numbered(10_000);
    for (mut first, second) in [(few.clone(), many.clone()), (many, few)] {
        first.append(&second);
        assert!(first.dots.len() <= DOTS_MAX);
        let of_few = first.dots.iter().filter(|dot| dot.used < 10_000.0).count();
        assert!(
            of_few * 4 < first.dots.len(),
            "{of_few} of {}",
            first.dots.len()
        );
    }
}

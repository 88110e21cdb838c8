use proptest::prelude::*;

use super::*;

#[test]
fn statistics_are_those_of_a_population() {
    let found = Statistics::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
    let expected = Statistics {
        mean: 5.0,
        median: 4.5,
        max: 9.0,
        min: 2.0,
        stddev: 2.0,
    };
    assert_eq!(found, expected);
    assert_eq!(Statistics::of(&[3.0, 1.0, 2.0]).unwrap().median, 2.0);
}

#[test]
fn a_series_without_values_is_unusable() {
    for (samples, deviation) in [
        (&[][..], false),
        (&[0.0, 0.0], false),
        (&[-1.0, 1.0], false),
        (&[f64::NAN, 1.0], false),
        (&[f64::INFINITY, 1.0], false),
        (&[f64::MAX, f64::MAX], false),
        (&[5e9], true),
        (&[5e9, 5e9, 5e9], true),
        (&[0.1; 11], true),
        (&[1e200, -1e100, 3.0], true),
    ] {
        let unusable = Statistics::of(samples).unwrap_err();
        let of_deviation = matches!(unusable, Unusable::Deviation(_));
        assert_eq!(of_deviation, deviation, "{samples:?}: {unusable}");
    }
}

proptest! {
    #[test]
    fn usable_statistics_are_finite_and_in_order(
        samples in proptest::collection::vec(any::<f64>(), 0..40),
    ) {
        if let Ok(found) = Statistics::of(&samples) {
            for number in [found.mean, found.median, found.max, found.min, found.stddev] {
                prop_assert!(number.is_finite(), "{:?}", found);
            }
            prop_assert!(found.min <= found.median && found.median <= found.max);
            prop_assert!(found.stddev > 0.0 && found.mean != 0.0);
        }
    }

    #[test]
    fn the_order_of_samples_does_not_matter_to_what_is_sorted(
        samples in proptest::collection::vec(1.0..1e12_f64, 2..40),
    ) {
        let mut turned = samples.clone();
        turned.reverse();
        if let (Ok(one), Ok(other)) = (Statistics::of(&samples), Statistics::of(&turned)) {
            prop_assert_eq!((one.min, one.median, one.max), (other.min, other.median, other.max));
        }
    }
}

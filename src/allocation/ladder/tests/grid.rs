use proptest::prelude::*;

use crate::ladder::grid::{Grid, KERNEL_BINS, KERNEL_GRID};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The formula of the description, term by term, against the sums that are kept along the way.
    #[test]
    fn the_cut_is_the_cheapest_edge_and_its_waste_is_that_of_the_formula(
        p in any_chances(),
        failure in 0.0..20.0f64,
    ) {
        let cut = KERNEL_GRID.cut_doubling(&p, failure, 1.0);
        let costs: Vec<f64> = (0..KERNEL_BINS).map(|bin| expected_waste(&p, bin, failure)).collect();
        let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
        prop_assert!((costs[cut.bin] - least).abs() <= 1e-9 * (1.0 + least));
        let waste = least / mean(&p);
        prop_assert!((cut.waste - waste).abs() <= 1e-9 * (1.0 + waste));
    }

    #[test]
    fn a_cut_is_raised_until_few_enough_lie_above(p in any_chances(), most in 0.0..1.0f64) {
        let cut = KERNEL_GRID.cut_doubling(&p, 0.0, most);
        prop_assert!(cut.exceeded <= most);
        let above: f64 = p[cut.bin + 1..].iter().sum();
        prop_assert!((cut.exceeded - above).abs() < 1e-9);
    }

    #[test]
    fn throttling_is_cut_at_the_edge_that_costs_least(p in any_chances()) {
        let cut = KERNEL_GRID.cut_throttling(&p);
        let costs: Vec<f64> = (0..KERNEL_BINS).map(|bin| expected_lack(&p, bin)).collect();
        let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
        prop_assert!((costs[cut.bin] - least).abs() <= 1e-9 * (1.0 + least));
        prop_assert!((cut.waste - least / mean(&p)).abs() <= 1e-9 * (1.0 + cut.waste));
    }

    #[test]
    fn shifting_loses_nothing_and_moves_by_the_given_amount(
        p in any_chances(),
        octaves in -2.0..2.0f64,
    ) {
        let mut narrow = [0.0; KERNEL_BINS];
        narrow[KERNEL_BINS / 2] = 1.0;
        for p in [p, narrow] {
            let mut shifted = [0.0; KERNEL_BINS];
            KERNEL_GRID.add_shifted(&mut shifted, &p, octaves, 1.0);
            prop_assert!((shifted.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        let mut shifted = [0.0; KERNEL_BINS];
        KERNEL_GRID.add_shifted(&mut shifted, &narrow, octaves, 1.0);
        let moved = centre(&KERNEL_GRID, &shifted) - centre(&KERNEL_GRID, &narrow);
        prop_assert!((moved - octaves).abs() < 1e-9, "{moved}");
    }
}

#[test]
fn values_outside_belong_to_the_first_or_last_bin() {
    for (log, bin) in [
        (-100.0, 0),
        (-4.0, 0),
        (0.0, 64),
        (4.999, 143),
        (9.0, 143),
        (f64::NAN, 0),
    ] {
        assert_eq!(KERNEL_GRID.bin(log), bin, "{log}");
    }
    let mut sum = [0.0; KERNEL_BINS];
    let mut p = [0.0; KERNEL_BINS];
    p[3] = 1.0;
    for octaves in [1e300, -1e300] {
        KERNEL_GRID.add_shifted(&mut sum, &p, octaves, 1.0);
    }
    assert_eq!((sum[0], sum[KERNEL_BINS - 1]), (1.0, 1.0));
}

fn any_chances() -> impl Strategy<Value = [f64; KERNEL_BINS]> {
    proptest::collection::vec((0.0..1.0f64, 0..6u8), KERNEL_BINS).prop_map(|weights| {
        // Most bins are nearly empty, as in life.
        let weights = weights
            .into_iter()
            .map(|(weight, kind)| if kind == 0 { weight } else { 1e-6 });
        let weights: Vec<f64> = weights.collect();
        let total: f64 = weights.iter().sum();
        std::array::from_fn(|bin| weights[bin] / total)
    })
}

/// `Σ_{z≤y} p(2^y − 2^z) + Σ_k Σ_{y+k−1<z≤y+k} p(2^y(2^{k+1} − 1) − 2^z + k·failure)`.
fn expected_waste(p: &[f64; KERNEL_BINS], cut: usize, failure: f64) -> f64 {
    let allocation = KERNEL_GRID.upper(cut).exp2();
    let of = |bin: usize| {
        let failures = bin.saturating_sub(cut).div_ceil(16) as i32;
        let held = allocation * (2.0f64.powi(failures + 1) - 1.0);
        held - KERNEL_GRID.centre(bin).exp2() + f64::from(failures) * failure
    };
    p.iter()
        .enumerate()
        .map(|(bin, chance)| chance * of(bin))
        .sum()
}

/// What is idle below the edge and twice what lacks above it.
fn expected_lack(p: &[f64; KERNEL_BINS], cut: usize) -> f64 {
    let request = KERNEL_GRID.upper(cut).exp2();
    let of = |bin: usize| {
        let idle = request - KERNEL_GRID.centre(bin).exp2();
        if bin <= cut { idle } else { -2.0 * idle }
    };
    p.iter()
        .enumerate()
        .map(|(bin, chance)| chance * of(bin))
        .sum()
}

fn mean(p: &[f64; KERNEL_BINS]) -> f64 {
    let value = |bin| KERNEL_GRID.centre(bin).exp2();
    p.iter()
        .enumerate()
        .map(|(bin, chance)| chance * value(bin))
        .sum()
}

fn centre(grid: &Grid<KERNEL_BINS>, p: &[f64; KERNEL_BINS]) -> f64 {
    p.iter()
        .enumerate()
        .map(|(bin, chance)| chance * grid.centre(bin))
        .sum()
}

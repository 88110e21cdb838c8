//! What the strategy of the app must reach. Runs where `TALLYMAN_USAGE_DATA` names the histories.

use crate::evaluation::{Contestant, Protocol, Score, evaluate};
use crate::testing::{samples, whole};

#[test]
fn real_histories_are_wasted_little_and_fail_rarely() {
    let mut pooled = Score::default();
    for (history, waste_max) in [
        ("nf_chipseq", 0.23),
        ("nf_rnaseq", 0.22),
        ("nf_iwd", 0.13),
        ("nf_mag_a", 0.45),
        ("lotaru_a", 0.46),
    ] {
        let Some(score) = scored(history, "ladder-std") else {
            return;
        };
        assert!(score.waste_per_use() <= waste_max, "{history}: {score:?}");
        assert!(score.failed_share() <= 0.02, "{history}: {score:?}");
        pooled.add(&score);
    }
    assert!(pooled.waste_per_use() <= 0.36, "{pooled:?}");
    assert!(pooled.failed_share() <= 0.012, "{pooled:?}");
}

#[test]
fn the_synthetic_history_is_wasted_little_and_fails_rarely() {
    let Some(score) = scored("sim_dev", "ladder-std") else {
        return;
    };
    assert!(score.waste_per_use() <= 0.44, "{score:?}");
    assert!(score.failed_share() <= 0.02, "{score:?}");
    assert!(score.cpu.utilisation() >= 0.92, "{score:?}");
    assert!(score.cpu.throttled_share() <= 0.04, "{score:?}");
    assert!(score.cpu.cost() <= 0.16, "{score:?}");
}

fn scored(history: &str, contestant: &str) -> Option<Score> {
    let history = samples(&whole(history)?);
    let protocol = Protocol::default();
    let mut contestants = [Contestant::named(contestant, &protocol).expect(contestant)];
    evaluate(&protocol, history, &mut contestants);
    Some(contestants[0].total)
}

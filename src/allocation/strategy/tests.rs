use crate::testing::build;
use crate::{SnapshotError, Strategy, StrategySettings};

const SPEC: &str = "p@1 +x arch=a%gcc@12";

#[test]
fn every_named_strategy_learns_answers_and_is_restored() {
    for name in ["gantry", "ladder"] {
        let settings = StrategySettings::named(name).unwrap();
        assert_eq!(settings.name(), name);
        let spec = SPEC.parse().unwrap();
        let mut strategy = Strategy::new(settings.clone());
        let before = strategy.answer(&spec, None);
        for position in 0..6 {
            strategy.learn(&build(position, SPEC, 3.0, 3e9)).unwrap();
        }
        let after = strategy.answer(&spec, None);
        assert_ne!(after, before, "{name}");
        assert_eq!(strategy.learnt(), 6, "{name}");
        let restored = Strategy::restore(settings, &strategy.snapshot()).unwrap();
        assert_eq!(restored.answer(&spec, None), after, "{name}");
        assert_eq!(
            serde_json::to_value(&after.reason).unwrap()["strategy"],
            name
        );
    }
    assert_eq!(StrategySettings::named("tarot"), None);
}

#[test]
fn a_snapshot_of_another_strategy_is_refused() {
    let gantry = StrategySettings::named("gantry").unwrap();
    let ladder = StrategySettings::named("ladder").unwrap();
    let snapshot = Strategy::new(gantry).snapshot();
    let error = Strategy::restore(ladder, &snapshot).unwrap_err();
    assert!(matches!(error, SnapshotError::Other { .. }), "{error}");
}

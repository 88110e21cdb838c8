use super::*;
use crate::testing::build;

fn ladder() -> Training {
    Training::on_everything(StrategySettings::named("ladder").unwrap())
}

#[test]
fn a_setting_is_set_by_its_name_or_refused_with_the_reason() {
    let mut training = ladder();
    for (name, value) in [
        ("policy", "lean"),
        ("failure_price", "2.5"),
        ("mixed", "8"),
        ("memory_max", "64e9"),
        ("nodes_max", "1000"),
        ("heavy_variants", "mpi, cuda"),
    ] {
        training.set(name, value).unwrap();
    }
    let StrategySettings::Ladder { learning, policy } = &training.settings else {
        panic!("{training:?}");
    };
    assert_eq!((policy.failure_price, policy.mixed), (2.5, 8));
    assert_eq!(policy.cold_quantile, Policy::LEAN.cold_quantile);
    assert_eq!(learning.nodes_max, 1000);
    assert_eq!(learning.heavy_variants, ["mpi", "cuda"]);
    for (name, value, reason) in [
        ("policy", "brave", "std, lean, safe and mixed"),
        ("failure_price", "much", "not a number"),
        ("failure_price", "NaN", "must be from"),
        ("failure_price", "-1", "must be from"),
        ("cold_quantile", "inf", "must be from"),
        ("mixed", "0", "must be from"),
        ("mixed", "256", "none that fits"),
        ("nodes_max", "0", "from 1 to"),
        ("nodes_max", "18446744073709551615", "from 1 to"),
        ("depth", "3", "no setting `depth`"),
    ] {
        let data = ladder().set(name, value).unwrap_err().to_string();
        assert!(data.contains(reason), "{name}={value}: {data}");
    }
    let gantry = StrategySettings::named("gantry").unwrap();
    assert!(
        Training::on_everything(gantry)
            .set("policy", "std")
            .is_err()
    );
}

#[test]
fn a_build_counts_when_it_is_after_the_beginning_and_has_one_of_the_values() {
    let sample = build(7, "zlib@1 +x arch=x86_64%gcc@12", 1.0, 1e9);
    let limited = |field: &str, value: &str| {
        let mut training = ladder();
        training.limit(field, [value.to_owned()]).unwrap();
        training.learns_from(&sample)
    };
    for (field, value, learns) in [
        ("ref", "develop", true),
        ("ref", "pr1", false),
        ("ref", "*", true),
        ("package", "zlib", true),
        ("package", "zli", false),
        ("compiler", "gcc", true),
        ("compiler", "clang", false),
        ("arch", "x86_64", true),
        ("arch", "aarch64", false),
    ] {
        assert_eq!(limited(field, value), learns, "{field}={value}");
    }
    for (after, learns) in [(0, true), (6, true), (7, false)] {
        assert_eq!(Training { after, ..ladder() }.learns_from(&sample), learns);
    }
    assert!(ladder().limit("stack", ["e4s".to_owned()]).is_err());
    assert!(ladder().limit("ref", []).is_err());
    assert!(
        ladder()
            .limit("ref", (0..1001).map(|it| it.to_string()))
            .is_err()
    );
}

#[test]
fn a_training_is_read_as_it_was_written() {
    let mut training = ladder();
    training.set("failure_chance_max", "0.1").unwrap();
    training.limit("package", ["zlib".to_owned()]).unwrap();
    training.after = 9;
    let text = serde_json::to_string(&training).unwrap();
    assert_eq!(
        serde_json::from_str::<Training>(&text).unwrap(),
        training,
        "{text}"
    );
}

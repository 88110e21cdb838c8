use crate::gantry::{GantryMatch, VariantMatch};
use crate::testing::{build, killed};
use crate::{Answer, Gantry, Refs, UsageSample};

const ASKED: &str = "p@1 +mpi+x arch=a%gcc@12";

#[test]
fn without_history_the_defaults_are_answered() {
    let answer = after(&[], ASKED);
    assert_eq!(answer.cpu.to_cores_text(), "1");
    assert_eq!(answer.memory.to_string(), "2000M");
    assert_eq!(answer.memory_limit.unwrap().to_string(), "5000M");
    assert_eq!(answer.cpu_limit.unwrap().to_cores_text(), "5");
    assert_eq!(matched(&answer), None);
}

/// One row per level and way of matching: what the history has, and what was matched.
#[test]
fn the_first_set_of_four_builds_answers() {
    use VariantMatch::{Exact, Expensive};
    for (stored, expected) in [
        ("p@1 +mpi+x arch=other%gcc@12", Some((1, Exact))),
        ("p@1 +mpi~x arch=a%gcc@12", Some((1, Expensive))),
        ("p@1 +x+mpi arch=a%gcc@12", Some((1, Expensive))),
        ("p@2 +mpi+x arch=a%gcc@12", Some((2, Exact))),
        ("p@2 +mpi arch=a%gcc@12", Some((2, Expensive))),
        ("p@1 +mpi+x arch=a%gcc@13", Some((3, Exact))),
        ("p@2 +mpi+x arch=a%gcc@13", Some((4, Exact))),
        ("p@1 +mpi+x arch=a%clang@12", Some((5, Exact))),
        ("p@1 +mpi arch=a%clang@12", Some((5, Expensive))),
        ("p@2 +mpi+x arch=a%clang@12", Some((6, Exact))),
        ("p@2 +mpi+y arch=a%clang@12", Some((6, Expensive))),
        ("p@2 ~mpi+x arch=a%clang@12", None),
        ("p@1 +mpi+y+cuda arch=a%gcc@12", None),
        ("p@1 +mpi+y~cuda arch=a%gcc@12", None),
        ("p@1 +mpi+y cuda=11 arch=a%gcc@12", None),
        ("q@1 +mpi+x arch=a%gcc@12", None),
    ] {
        let answer = after(&repeated(stored, 4), ASKED);
        let expected = expected.map(|(level, variants)| GantryMatch { level, variants });
        assert_eq!(matched(&answer), expected, "{stored}");
        let level = expected.map(|matched| usize::from(matched.level));
        assert_eq!(answer.reason.level(), level, "{stored}");
        let answer = after(&repeated(stored, 3), ASKED);
        assert_eq!(
            matched(&answer),
            None,
            "three builds do not suffice: {stored}"
        );
    }
}

#[test]
fn an_expensive_variant_asked_with_a_value_must_be_absent() {
    let stored = repeated("p@1 +y arch=a%gcc@12", 4);
    assert!(matched(&after(&stored, "p@1 cuda=11 arch=a%gcc@12")).is_some());
    let stored = repeated("p@1 +y cuda=11 arch=a%gcc@12", 4);
    assert!(matched(&after(&stored, "p@1 cuda=11 arch=a%gcc@12")).is_none());
}

#[test]
fn the_five_that_ended_last_are_taken_whatever_the_order_of_learning() {
    let ends = [3, 9, 1, 7, 5, 8, 2];
    let story: Vec<_> = ends
        .iter()
        .map(|&end| build(end, ASKED, 1.0, end as f64 * 1e9))
        .collect();
    let answer = after(&story, ASKED);
    assert_eq!(positions(&answer), [9, 8, 7, 5, 3]);
    assert_eq!(answer.memory.to_string(), "6400M");
    assert_eq!(answer.memory_limit.unwrap().to_string(), "21600M");
    // One core on average, and twice that at its peaks.
    assert_eq!(answer.cpu_limit.unwrap().to_cores_text(), "2");
}

#[test]
fn builds_without_an_end_are_older_than_all_others_and_keep_their_order() {
    let mut story = repeated(ASKED, 8);
    for sample in &mut story[..5] {
        sample.ended_at = None;
    }
    assert_eq!(positions(&after(&story, ASKED)), [7, 6, 5, 4, 3]);
}

#[test]
fn other_refs_and_killed_builds_are_not_history() {
    let mut story = repeated(ASKED, 3);
    story.push(killed(8, ASKED, 1e9));
    story.push(UsageSample {
        git_ref: "pr1".into(),
        ..build(9, ASKED, 1.0, 1e9)
    });
    assert_eq!(matched(&after(&story, ASKED)), None);
}

/// One row per mean: cores and bytes learnt, cores and memory answered.
#[test]
fn means_too_small_to_be_true_become_the_defaults() {
    for (cores, bytes, cpu, memory) in [
        (0.2, 10_000_000.0, "0.2", "10M"),
        (0.199, 9_999_999.0, "1", "2000M"),
        (0.25, 9_999_999.0, "0.25", "2000M"),
    ] {
        let story: Vec<_> = (0..4).map(|end| build(end, ASKED, cores, bytes)).collect();
        let answer = after(&story, ASKED);
        assert_eq!(answer.cpu.to_cores_text(), cpu);
        assert_eq!(answer.memory.to_string(), memory);
        assert_eq!(answer.build_jobs, Some(1), "never none");
    }
}

fn repeated(spec: &str, times: u64) -> Vec<UsageSample> {
    (0..times).map(|end| build(end, spec, 1.5, 1e9)).collect()
}

#[track_caller]
fn after(story: &[UsageSample], asked: &str) -> Answer {
    let mut gantry = Gantry::new(Refs::default());
    for sample in story {
        gantry.learn(sample).expect("a sample without flaw");
    }
    gantry.answer(&asked.parse().expect(asked))
}

fn matched(answer: &Answer) -> Option<GantryMatch> {
    let reason = answer.reason.as_gantry().expect("Gantry answers");
    reason.matched
}

fn positions(answer: &Answer) -> Vec<u64> {
    let reason = answer.reason.as_gantry().expect("Gantry answers");
    reason.sample.iter().map(|build| build.position).collect()
}

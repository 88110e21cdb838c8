use crate::gantry::{GantryMatch, VariantMatch};
use crate::testing::{build, killed};
use crate::{Answer, Ending, Gantry, Refs, UsageSample};

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
fn an_expensive_variant_requested_with_a_value_must_be_absent() {
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
        ..killed(10, ASKED, 5e9)
    });
    story.push(UsageSample {
        git_ref: "pr1".into(),
        ..build(9, ASKED, 1.0, 1e9)
    });
    assert_eq!(matched(&after(&story, ASKED)), None);
}

/// Gantry gives the retry what has just not sufficed; a kill raises the request and the limit until
/// a build succeeds, and what is then shown holds until a whole sample is newer than the kill.
#[test]
fn a_kill_raises_the_next_answers_for_its_spec() {
    let mut story = repeated(ASKED, 6);
    let memory = |answer: &Answer| {
        let limit = answer.memory_limit.unwrap();
        (answer.memory.to_string(), limit.to_string())
    };
    let before = after(&story, ASKED);
    assert_eq!(memory(&before), ("1000M".to_owned(), "2400M".to_owned()));
    for (killed_at, request) in [(4e9, "8000M"), (8e9, "16000M"), (2e9, "16000M")] {
        story.push(killed(story.len() as u64, ASKED, killed_at));
        let raised = after(&story, ASKED);
        assert_eq!(memory(&raised), (request.to_owned(), request.to_owned()));
        assert_eq!(raised.cpu, before.cpu, "a kill says nothing of CPU");
        let reason = raised.reason.as_gantry().unwrap();
        assert!(
            reason.raised_to.is_some() && reason.to_string().contains("killed"),
            "{reason}"
        );
    }
    let other = "p@2 +mpi+x arch=a%gcc@12";
    assert_eq!(
        memory(&after(&story, other)),
        memory(&before),
        "another spec"
    );
    // Its architecture is not looked at, as ever.
    let elsewhere = after(&story, "p@1 +mpi+x arch=b%gcc@12");
    assert_eq!(elsewhere.memory.to_string(), "16000M");
    // Peaks are twice the means here: 10 GB, and then less.
    for (mean, request) in [
        (5e9, "12000M"),
        (3e9, "12000M"),
        (1e9, "12000M"),
        (1e9, "12000M"),
    ] {
        story.push(build(story.len() as u64, ASKED, 1.5, mean));
        assert_eq!(
            after(&story, ASKED).memory.to_string(),
            request,
            "after {mean}"
        );
    }
    story.push(build(story.len() as u64, ASKED, 1.5, 1e9));
    let answer = after(&story, ASKED);
    assert_eq!(memory(&answer), ("2200M".to_owned(), "12000M".to_owned()));
    assert_eq!(answer.reason.as_gantry().unwrap().raised_to, None);
}

#[test]
fn a_kill_before_any_success_raises_the_defaults() {
    let answer = after(&[killed(0, ASKED, 30e9)], ASKED);
    assert_eq!(answer.memory.to_string(), "60000M");
    assert_eq!(answer.memory_limit.unwrap().to_string(), "60000M");
    assert_eq!(matched(&answer), None);
}

/// What Gantry saw itself it has answered to already.
#[test]
fn a_kill_in_an_imported_history_raises_nothing() {
    let mut story = repeated(ASKED, 6);
    let mut imported = killed(6, ASKED, 16e9);
    imported.ending = Ending::OutOfMemory {
        limit: 16e9,
        imported: true,
    };
    story.push(imported);
    assert_eq!(after(&story, ASKED).memory.to_string(), "1000M");
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

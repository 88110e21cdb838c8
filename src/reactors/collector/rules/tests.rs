use super::*;

#[test]
fn builds_are_judged_by_status_then_stage_then_runner() {
    use SkipReason as R;
    let rules = Rules::new(r"^stage-\d+$", &["uo".to_owned(), String::new()]).unwrap();
    for (status, stage, runner, reason) in [
        ("success", "stage-1", Some("prot-1"), None),
        ("success", "stage-12", Some("prot uo"), None),
        ("failed", "stage-1", Some("prot-1"), None),
        ("canceled", "test", None, Some(R::NotSuccessful)),
        ("skipped", "stage-1", Some("prot-1"), Some(R::NotSuccessful)),
        ("failed", "test", Some("prot-1"), Some(R::NotSuccessful)),
        ("failed", "stage-1", None, Some(R::NotSuccessful)),
        ("success", "test", Some("prot-1"), Some(R::Stage)),
        ("success", "stage-", Some("prot-1"), Some(R::Stage)),
        ("success", "my-stage-1", Some("prot-1"), Some(R::Stage)),
        ("success", "stage-1b", None, Some(R::Stage)),
        ("success", "stage-1", None, Some(R::NoRunner)),
        (
            "success",
            "stage-1",
            Some("uo-blabla"),
            Some(R::RunnerPrefix),
        ),
        (
            "success",
            "stage-1",
            Some("  uo-blabla"),
            Some(R::RunnerPrefix),
        ),
    ] {
        let judged = rules.judge(&facts(status, stage, runner));
        match (&judged, reason) {
            (Judged::Succeeded, None) => assert_eq!(status, "success"),
            (Judged::Failed, None) => assert_eq!(status, "failed"),
            (Judged::LeftOut { reason: found, .. }, Some(reason)) => {
                assert_eq!(*found, reason, "{status} {stage} {runner:?}");
            }
            _ => panic!("{status} {stage} {runner:?}: {judged:?}"),
        }
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    assert!(Rules::new("stage-(", &[]).is_err());
}

fn facts(status: &str, stage: &str, runner: Option<&str>) -> Facts {
    Facts {
        source: "default".to_owned(),
        number: 1,
        collection: 1,
        status: status.to_owned(),
        stage: stage.to_owned(),
        runner: runner.map(str::to_owned),
        git_ref: "develop".to_owned(),
        started_at: None,
        finished_at: None,
        failure_reason: None,
    }
}

use proptest::prelude::*;

use super::*;

fn read<T: Narrows>(query: &str) -> Reply<Vec<T>> {
    let parameters = Parameters::read(query).unwrap();
    Filter::read(&parameters, &TimeZone::UTC).map(|filter| filter.tests)
}

fn number(number: i64) -> Test<i64> {
    Test::Is(number)
}

fn text(text: &str) -> Test<String> {
    Test::Is(text.to_owned())
}

#[test]
fn runs_are_narrowed_by_what_the_contract_lists() {
    use JobTest as J;
    use RunTest as R;

    let eight: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
    let template = |test| R::Job(J::JobTemplate(test));
    for (query, expected) in [
        ("is_manual=True", R::IsManual(Test::Is(true))),
        ("is_manual=0", R::IsManual(Test::Is(false))),
        (
            "schedule_dts__gte=2026-11-21+08:00:00%2B00:00",
            R::ScheduleAt(Test::AtLeast(eight)),
        ),
        (
            "schedule_dts__range=2026-11-21T08:00:00Z,2026-11-21T08:00:00Z",
            R::ScheduleAt(Test::Between(eight, eight)),
        ),
        ("job=7", R::Job(J::Number(number(7)))),
        ("job__in=7,8", R::Job(J::Number(Test::In(vec![7, 8])))),
        ("job__title=x", R::Job(J::Title(text("x")))),
        (
            "job__job_template=3",
            template(JobTemplateTest::Number(number(3))),
        ),
        (
            "job__job_template__title=t",
            template(JobTemplateTest::Title(text("t"))),
        ),
        (
            "job__job_template__project__title=p",
            template(JobTemplateTest::Project(ProjectTest::Title(text("p")))),
        ),
        ("worker=2", R::Worker(WorkerTest::Number(number(2)))),
        (
            "worker__isnull=true",
            R::Worker(WorkerTest::Number(Test::IsNull(true))),
        ),
        (
            "worker__api_key=worker1",
            R::Worker(WorkerTest::ApiKey(text("worker1"))),
        ),
        (
            "worker__api_key__startswith=w",
            R::Worker(WorkerTest::ApiKey(Test::StartsWith("w".to_owned()))),
        ),
    ] {
        assert_eq!(read(query), Ok(vec![expected]), "{query}");
    }
}

#[test]
fn what_is_no_field_is_ignored() {
    for query in [
        "",
        "x=1",
        "state=started&format=json&limit=1",
        "title=x",
        "jobs=1",
        "__=1",
        "fail_times__gt=1",
    ] {
        assert_eq!(read::<RunTest>(query), Ok(vec![]), "{query}");
    }
    assert_eq!(read::<ProjectTest>("project_id=x"), Ok(vec![]));
    assert_eq!(read::<Group>("project_id=x"), Ok(vec![]));
}

#[test]
fn an_invalid_filter_is_refused() {
    for query in [
        "pid=1",
        "id=1",
        "enqueue_dts__isnull=true",
        "return_success=true",
        "run_log__isnull=true",
        "job=x",
        "job=",
        "job=1.5",
        "job=99999999999999999999",
        "job__pid=1",
        "job__id=1",
        "job__title__contains=x",
        "job__parent=1",
        "job__regex=x",
        "job__startswith=1",
        "worker__secret=1",
        "worker__api_key__regex=x",
        "worker__isnull=perhaps",
        "is_manual=yes",
        "schedule_dts=yesterday",
        "schedule_dts__range=2026-11-21",
        "schedule_dts__year=2026",
        "is_manual__job=1",
        "project_id=x",
        "project_id=",
        "order_by=id",
        "order_by=",
    ] {
        let refused = read::<RunTest>(query);
        assert!(matches!(refused, Err(Refusal::Bad(_))), "{query}");
    }
    assert!(read::<ProjectTest>("description=x").is_err());
    assert!(read::<ProjectTest>("id__gt=1").is_err());
    assert!(read::<WorkerPoolTest>("id=1").is_err());
    assert!(read::<WorkerTest>("title=x").is_err());
    assert!(read::<JobTemplateTest>("id=1").is_err());
    assert!(read::<JobTest>("worker_pool=1").is_err());
    assert!(read::<Group>("name=x").is_err());
    for query in [
        "run__gt=1",
        "run__job=1",
        "run=x",
        "run__isnull=true",
        "id=1",
    ] {
        assert!(read::<KillRequestTest>(query).is_err(), "{query}");
        assert!(read::<RunLogTest>(query).is_err(), "{query}");
    }
    assert!(read::<RunLogTest>("content=x").is_err());
}

#[test]
fn lists_that_belong_to_projects_are_narrowed_by_them() {
    let parameters = Parameters::read("project_id=0").unwrap();
    let filter = Filter::<JobTest>::read(&parameters, &TimeZone::UTC).unwrap();
    assert_eq!(filter.project, Some(0));
}

#[test]
fn kills_and_logs_are_those_of_the_runs_that_every_condition_names() {
    for (query, expected) in [
        ("", None),
        ("x=1&project_id=x", None),
        ("run=7", Some(vec![7])),
        ("run__in=9,7,-1", Some(vec![7, 9])),
        ("run__in=9,7&run=7", Some(vec![7])),
        ("run=-7", Some(vec![])),
        ("run=6&run__in=7", Some(vec![])),
    ] {
        let parameters = Parameters::read(query).unwrap();
        let expected = expected.map(|runs| runs.into_iter().collect());
        let kills = Filter::<KillRequestTest>::read(&parameters, &TimeZone::UTC).unwrap();
        assert_eq!(kills.runs(), expected, "{query}");
        let logs = Filter::<RunLogTest>::read(&parameters, &TimeZone::UTC).unwrap();
        assert_eq!(logs.runs(), expected, "{query}");
    }
}

#[test]
fn a_comparison_admits_the_right_values() {
    for (lookup, value, admitted) in [
        ("exact", "5", vec![5]),
        ("gt", "5", vec![6, 7]),
        ("gte", "5", vec![5, 6, 7]),
        ("lt", "5", vec![4]),
        ("lte", "5", vec![4, 5]),
        ("range", "5,6", vec![5, 6]),
        ("in", "4,7,9", vec![4, 7]),
        ("isnull", "true", vec![]),
        ("isnull", "0", vec![4, 5, 6, 7]),
    ] {
        let test = Test::<i64>::read(lookup, value, &TimeZone::UTC).unwrap();
        let found: Vec<i64> = (4..8).filter(|number| test.admits(Some(number))).collect();
        assert_eq!(found, admitted, "{lookup}={value}");
        let null = lookup == "isnull" && value == "true";
        assert_eq!(test.admits(None), null, "{lookup}={value}");
    }
    for (lookup, value) in [
        ("startswith", "wo"),
        ("endswith", "r1"),
        ("contains", "ork"),
    ] {
        let test = Test::<String>::read(lookup, value, &TimeZone::UTC).unwrap();
        assert!(test.admits(Some(&"worker1".to_owned())), "{lookup}");
        assert!(!test.admits(Some(&"elsewhere".to_owned())), "{lookup}");
    }
}

#[test]
fn a_state_is_known_in_both_spellings_and_an_unknown_one_is_none() {
    for (query, expected) in [
        ("state=in_queue", Some(State::InQueue)),
        (
            "state=completed_with_error",
            Some(State::CompletedWithError),
        ),
        (
            "state=completed_with_errors",
            Some(State::CompletedWithError),
        ),
        ("state=last_completed", Some(State::LastCompleted)),
        ("state=", None),
        ("state=Started", None),
        ("state=started&state=x", None),
        ("", None),
    ] {
        let parameters = Parameters::read(query).unwrap();
        assert_eq!(State::read(&parameters), expected, "{query}");
    }
}

proptest! {
    #[test]
    fn no_condition_breaks_the_reader(
        path in prop::collection::vec("(job|worker|title|job_template|project|id|schedule_dts|gt|in|)", 1..6),
        value in ".{0,20}",
    ) {
        let query = format!("{}={value}", path.join("__"));
        if let Ok(parameters) = Parameters::read(&query) {
            let _ = Filter::<RunTest>::read(&parameters, &TimeZone::UTC);
            let _ = Filter::<JobTest>::read(&parameters, &TimeZone::UTC);
        }
    }
}

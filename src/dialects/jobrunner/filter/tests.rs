use proptest::prelude::*;

use super::*;

#[test]
fn lists_that_belong_to_projects_are_narrowed_by_them() {
    let parameters = Parameters::read("project_id=0").unwrap();
    let filter = Filter::<JobTest>::read(&parameters, &TimeZone::UTC).unwrap();
    assert_eq!(filter.project, Some(0));
}

#[test]
fn a_comparison_admits_what_it_says() {
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

proptest! {
    #[test]
    fn no_condition_breaks_the_reader(
        path in prop::collection::vec("(job|worker|title|job_template|project|id|schedule_dts|gt|in|)", 1..6),
        value in ".{0,20}",
    ) {
        let query = format!("{}={value}", path.join("__"));
        if let Ok(parameters) = Parameters::read(&query) {
            let _ = Filter::<JobTest>::read(&parameters, &TimeZone::UTC);
        }
    }
}

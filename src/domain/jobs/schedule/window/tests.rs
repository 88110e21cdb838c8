use super::*;

#[test]
fn a_window_holds_both_its_ends_and_may_go_over_midnight() {
    for (from, until, time, expected) in [
        ("08:00", "10:00", "07:59:59", false),
        ("08:00", "10:00", "08:00:00", true),
        ("08:00", "10:00", "10:00:00", true),
        ("08:00", "10:00", "10:00:00.000001", false),
        ("08:00", "08:00", "08:00:00", true),
        ("00:00", "23:59", "23:59:00", true),
        ("00:00", "23:59", "23:59:01", false),
        ("22:00", "02:00", "22:00:00", true),
        ("22:00", "02:00", "00:00:00", true),
        ("22:00", "02:00", "02:00:00", true),
        ("22:00", "02:00", "02:00:01", false),
        ("22:00", "02:00", "12:00:00", false),
    ] {
        let window = Window {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        };
        let time: Time = time.parse().unwrap();
        assert_eq!(window.contains(time), expected, "{from}-{until} {time}");
    }
}

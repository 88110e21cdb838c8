use jiff::Timestamp;
use proptest::prelude::*;

use super::answer::{Reply, Status};
use super::*;

#[test]
fn a_step_is_a_whole_second_and_never_none() {
    for (seconds, step) in [
        (0, 1),
        (1, 1),
        (9_999, 1),
        (10_000, 1),
        (10_001, 2),
        (86_400, 9),
        (-60, 1),
    ] {
        let start = Timestamp::from_second(1_706_117_046).unwrap();
        let end = Timestamp::from_second(1_706_117_046 + seconds).unwrap();
        assert_eq!(step_seconds(start, end), step, "{seconds} s");
    }
}

#[test]
fn times_are_written_as_short_as_they_are() {
    let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
    assert_eq!(
        unix_seconds(at(1_706_117_046_000)).to_string(),
        "1706117046"
    );
    assert_eq!(
        unix_seconds(at(1_706_117_046_500)).to_string(),
        "1706117046.5"
    );
}

#[test]
fn only_the_quote_in_use_is_escaped() {
    let odd = "a\"b'c\\d\ne";
    assert_eq!(double_quoted(odd), r#""a\"b'c\\d\ne""#);
    assert_eq!(single_quoted(odd), r#"'a"b\'c\\d\ne'"#);
    assert_eq!(
        selector("m", &[("container", "build"), ("pod", "p")]),
        r#"m{container="build", pod="p"}"#
    );
}

#[test]
fn answers_of_both_shapes_are_read() {
    let vector = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"up","pod":"p","empty":""},"value":[1706117046.5,"+Inf"]}]}}"#;
    let reply: Reply = serde_json::from_str(vector).unwrap();
    let series = reply.data.unwrap().result;
    assert_eq!(reply.status, Status::Success);
    assert_eq!(series[0].samples, [f64::INFINITY]);
    assert_eq!(series[0].label("pod"), Some("p"));
    assert_eq!(series[0].label("empty"), None);

    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{},"values":[[1,"1.5"],[2,"NaN"],[3,"1e9"]]},{"metric":{"a":"b"},"values":[]}]}}"#;
    let reply: Reply = serde_json::from_str(matrix).unwrap();
    let series = reply.data.unwrap().result;
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].samples[0], 1.5);
    assert!(series[0].samples[1].is_nan());
    assert!(series[1].samples.is_empty());
}

#[test]
fn a_configuration_never_shows_its_secrets() {
    let config = PrometheusConfig {
        cookie: Some(SecretString::from("sesame")),
        ..PrometheusConfig::new("http://user:sesame@localhost/api/v1")
    };
    let client = Prometheus::new(&config).unwrap();
    assert!(!format!("{config:?}").contains("sesame"));
    assert!(!format!("{client:?}").contains("sesame"));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    for (url, cookie) in [
        ("", None),
        ("localhost:9090", None),
        ("file:///etc/passwd", None),
        ("http://localhost/api/v1", Some("line\nbreak")),
    ] {
        let config = PrometheusConfig {
            cookie: cookie.map(SecretString::from),
            ..PrometheusConfig::new(url)
        };
        assert!(Prometheus::new(&config).is_err(), "{url} {cookie:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = serde_json::from_str::<Reply>(&text);
    }

    #[test]
    fn a_quoted_text_ends_where_it_should(text in any::<String>()) {
        for (quoted, quote) in [(double_quoted(&text), '"'), (single_quoted(&text), '\'')] {
            let mut inner = quoted[1..].chars();
            let mut read = String::new();
            loop {
                match inner.next().expect("the text ends with its quote") {
                    '\\' => read.push(match inner.next().unwrap() { 'n' => '\n', c => c }),
                    '\n' => panic!("a line break within a text"),
                    c if c == quote => break,
                    c => read.push(c),
                }
            }
            prop_assert_eq!(inner.next(), None);
            prop_assert_eq!(&read, &text);
        }
    }
}

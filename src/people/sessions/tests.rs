use http::header::HeaderValue;

use super::*;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + 3600 * hours).unwrap()
}

fn open(sessions: &Sessions, user: u64, hours: i64) -> String {
    let opened = sessions.open(user, Position(7), at(hours)).unwrap();
    opened.session.expose_secret().to_owned()
}

fn user(sessions: &Sessions, session: &str, hours: i64) -> Option<u64> {
    sessions.find(session, at(hours)).map(|(user, ..)| user)
}

#[test]
fn a_session_is_known_until_it_is_closed() {
    let sessions = Sessions::default();
    let (one, two) = (open(&sessions, 1, 0), open(&sessions, 2, 0));
    assert_eq!(user(&sessions, &one, 1), Some(1));
    assert_eq!(user(&sessions, "made up", 1), None);
    sessions.close(&one);
    assert_eq!(user(&sessions, &one, 1), None);
    assert_eq!(user(&sessions, &two, 1), Some(2));
}

#[test]
fn a_session_that_is_not_used_ends() {
    let sessions = Sessions::default();
    let session = open(&sessions, 1, 0);
    assert_eq!(user(&sessions, &session, 11), Some(1));
    assert_eq!(user(&sessions, &session, 22), Some(1));
    assert_eq!(user(&sessions, &session, 34), None);
    // And it does not come back when the clock is set back.
    assert_eq!(user(&sessions, &session, 23), None);
}

#[test]
fn a_session_that_is_always_used_ends_too() {
    let sessions = Sessions::default();
    let session = open(&sessions, 1, 0);
    let ended = (1..1000).find(|hour| user(&sessions, &session, *hour).is_none());
    assert_eq!(ended, Some(7 * 24));
}

#[test]
fn a_user_who_logs_in_too_often_ends_their_own_oldest_session() {
    let sessions = Sessions::default();
    let other = open(&sessions, 2, 0);
    let mine: Vec<_> = (0..=OF_ONE_USER_MAX)
        .map(|_| open(&sessions, 1, 1))
        .collect();
    let left = mine
        .iter()
        .filter(|session| user(&sessions, session, 1).is_some());
    assert_eq!(left.count(), OF_ONE_USER_MAX);
    assert_eq!(user(&sessions, &other, 1), Some(2));
}

#[test]
fn a_cookie_is_found_among_others() {
    for (line, expected) in [
        ("sessionid=abc", Some("abc")),
        ("a=b; sessionid=abc ; c=d", Some("abc")),
        ("sessionid=\"abc\"", Some("abc")),
        ("xsessionid=abc", None),
        ("sessionid", None),
        ("", None),
        ("sessionid=", Some("")),
    ] {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("other=1"));
        headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
        assert_eq!(cookie(&headers, SESSION_COOKIE), expected, "{line}");
    }
}

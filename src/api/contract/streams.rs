//! When live streams end, and how much of the log an answer holds.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures::StreamExt;

use super::*;

async fn open(app: &TestApp, target: &str, token: &str) -> BodyDataStream {
    let request = Request::get(target)
        .header("authorization", format!("Bearer {token}"))
        .header("accept", "text/event-stream");
    let response = app
        .router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap());
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200, "{target}");
    response.into_body().into_data_stream()
}

/// Everything that still comes, to the end; a stream that does not end fails after a minute.
async fn rest(stream: BodyDataStream) -> String {
    let pieces = stream.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap());
    let all = tokio::time::timeout(Duration::from_secs(60), pieces.collect::<String>());
    all.await.expect("the stream goes on")
}

const STREAMS: [(&str, &str); 3] = [
    ("/v1/events", "events:read"),
    ("/v1/runs/events", "runs:read"),
    ("/v1/operations/", "operations:read"),
];

/// A token was looked at once, and a stream that was open then went on for ever.
#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked_or_expires() {
    for end in ["revoked", "expired"] {
        let app = TestApp::new().await;
        let now = app.clock.now();
        let operation = app.app.operations.start("rebuild", "builds", now);
        let operation = operation.unwrap();
        let command = TokenCommand::Issue(Issued {
            name: "short".to_owned(),
            hash: secret::token_hash("tally_short"),
            role: Role::Reader,
            scopes: STREAMS.map(|(_, scope)| scope.to_owned()).to_vec(),
            expires_at: Some(now + Duration::from_secs(3600)),
            at: now,
        });
        let metadata = Metadata::default();
        let issued = app
            .app
            .commands
            .execute::<Token>("short", command, &metadata);
        app.seen(issued.await.unwrap().position()).await;
        let mut open_streams = Vec::new();
        for (target, _) in STREAMS {
            let target = match target {
                "/v1/operations/" => format!("{target}{}", operation.id()),
                target => target.to_owned(),
            };
            open_streams.push(open(&app, &target, "tally_short").await);
        }
        let others = open(&app, "/v1/events", ADMIN).await;
        match end {
            "revoked" => {
                let revoked = app.ask("DELETE", "/v1/tokens/short", Some(ADMIN), None);
                assert_eq!(revoked.await.status, 200);
            }
            _ => {
                // Whatever happens to tokens lets all be looked at; the machine's own clock would
                // have done so too.
                app.clock.advance(Duration::from_secs(3600));
                app.token("tally_other", Role::Reader, &[]).await;
            }
        }
        for stream in open_streams {
            let said = rest(stream).await;
            let reason = if end == "revoked" {
                "was revoked"
            } else {
                "has expired"
            };
            assert!(
                said.ends_with(&format!(": the token {reason}\n\n")),
                "{said}"
            );
        }
        let next = others.take(1).map(|piece| piece.unwrap());
        let next = next.collect::<Vec<_>>().await.concat();
        assert!(String::from_utf8_lossy(&next).contains("event: token."));
    }
}

/// Readers that do not read held what was sent to them, without an end.
#[tokio::test]
async fn a_stream_that_is_not_read_is_cut_off_and_says_so_last() {
    let mut settings = Settings::default();
    settings.limits.stream_stall_max = Duration::from_millis(20);
    let app = TestApp::with(settings).await;
    for number in 0..300 {
        app.report(number, "running").await;
    }
    let stream = open(&app, "/v1/events?after=0", ADMIN).await;
    let cut_off = async {
        while app.app.streams_open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let cut_off = tokio::time::timeout(Duration::from_secs(60), cut_off).await;
    cut_off.expect("the stream goes on");
    let said = rest(stream).await;
    let events = said.matches("\nevent: ").count();
    assert!(events < 300, "{events} events were held for it");
    assert!(
        said.contains(": cut off: the client read nothing for"),
        "{said}"
    );
    assert!(said.ends_with("resume with Last-Event-ID\n\n"), "{said}");
}

/// Pages and lines hold as many bytes as they may, and go on where they ended.
#[tokio::test]
async fn a_page_of_large_events_holds_fewer_of_them() {
    let app = TestApp::new().await;
    let body = format!(r#"{{"big": "{}"}}"#, "x".repeat(200_000));
    for number in 0..60 {
        app.report_with(number, &body).await;
    }
    for target in [
        "/v1/events?limit=1000&category=build",
        "/v1/events?limit=1000&category=build&order=desc",
    ] {
        let (mut seen, mut pages, mut cursor) = (0, 0, String::new());
        loop {
            let page = app.get(&format!("{target}{cursor}")).await;
            let items = items(&page, "position").len();
            assert!(
                (1..=22).contains(&items),
                "{items} events on a page of {target}"
            );
            (seen, pages) = (seen + items, pages + 1);
            match page.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, 60, "{target}");
        assert!(pages > 2, "{target}");
    }
    let lines = Request::get("/v1/events?category=build")
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("accept", "application/x-ndjson");
    let lines = app.send(lines.body(Body::empty()).unwrap()).await;
    assert_eq!(lines.body.as_str().unwrap().lines().count(), 60);
}

/// A stream of one thing has pages of bytes as well.
#[tokio::test]
async fn a_page_of_one_stream_of_large_events_holds_fewer_of_them() {
    let app = TestApp::new().await;
    let body = |number| format!(r#"{{"big": "{}{number}"}}"#, "x".repeat(200_000));
    for number in 0..60 {
        app.report_of(1, &format!("status {number}"), &body(number))
            .await;
    }
    for (target, cursor) in [
        ("/v1/streams/build-default:1?limit=1000", "from"),
        ("/v1/builds/1/history?limit=1000", "from"),
        ("/v1/events?limit=1000&stream=build-default:1", "cursor"),
        (
            "/v1/events?limit=1000&stream=build-default:1&order=desc",
            "cursor",
        ),
    ] {
        let (mut seen, mut from) = (0, String::new());
        loop {
            let page = app.get(&format!("{target}{from}")).await;
            let items = items(&page, "position").len();
            assert!(
                (1..=22).contains(&items),
                "{items} events on a page of {target}"
            );
            seen += items;
            match page.body["next"].as_str() {
                Some(next) => from = format!("&{cursor}={next}"),
                None => break,
            }
        }
        assert_eq!(seen, 60, "{target}");
    }
}

use domain::builds::node::{Described, Node, NodeCommand};

use super::*;

/// A position of the log, before and after a new report.
#[tokio::test]
async fn machines_tokens_and_usage_are_shown_as_they_stood() {
    let app = TestApp::new().await;
    let nothing = app.app.commands.head();
    let describe = async |hostname: &str| {
        let described = Described {
            uuid: "uuid-1".to_owned(),
            hostname: hostname.to_owned(),
            cores: 16.0,
            memory: 64e9,
            arch: "amd64".to_owned(),
            os: "linux".to_owned(),
            instance_type: "m5.4xlarge".to_owned(),
            at: app.clock.now(),
        };
        let command = NodeCommand::Describe(described);
        let commands = &app.app.commands;
        let metadata = Metadata::default();
        let done = commands.execute::<Node>("uuid-1", command, &metadata);
        app.seen(done.await.unwrap().position()).await
    };
    let then = describe("ip-1").await;
    describe("ip-2").await;
    app.token("tally_short", Role::Reader, &[]).await;
    let issued = app.app.commands.head();
    let revoked = app.ask("DELETE", "/v1/tokens/tally_short", Some(ADMIN), None);
    assert_eq!(revoked.await.status, 200);
    models::used(&app, 7).await;
    let used = app.app.commands.head();

    for (target, moment, field, expected) in [
        ("nodes/uuid-1", None, "hostname", json!("ip-2")),
        ("nodes/uuid-1", Some(then), "hostname", json!("ip-1")),
        ("nodes/uuid-1", Some(nothing), "status", json!(404)),
        ("tokens/tally_short", None, "revoked_at", json!(NOW)),
        (
            "tokens/tally_short",
            Some(issued),
            "revoked_at",
            json!(null),
        ),
        ("tokens/tally_short", Some(nothing), "status", json!(404)),
        ("usage/7", None, "package", json!("zlib")),
        ("usage/7", Some(used), "package", json!("zlib")),
        ("usage/7", Some(issued), "status", json!(404)),
    ] {
        let at = moment.map_or_else(String::new, |position| format!("?as_of={position}"));
        let shown = app.get(&format!("/v1/{target}{at}")).await;
        assert_eq!(shown.body[field], expected, "{target}{at}: {shown:?}");
    }
    for target in ["nodes/uuid-1", "tokens/tally_short", "usage/7"] {
        let refused = app.get(&format!("/v1/{target}?as_of=then")).await;
        assert_eq!(refused.status, 400, "{target}");
    }
}

/// A name is given again when machines come and go, so that those of one name have pages too.
#[tokio::test]
async fn the_machines_of_one_name_are_on_as_many_pages_as_are_asked_for() {
    let app = TestApp::new().await;
    for uuid in ["uuid-1", "uuid-2", "uuid-3"] {
        let command = NodeCommand::Describe(Described {
            uuid: uuid.to_owned(),
            hostname: "ip-1".to_owned(),
            cores: 16.0,
            memory: 64e9,
            arch: "amd64".to_owned(),
            os: "linux".to_owned(),
            instance_type: "m5.4xlarge".to_owned(),
            at: app.clock.now(),
        });
        let (commands, metadata) = (&app.app.commands, Metadata::default());
        let done = commands.execute::<Node>(uuid, command, &metadata).await;
        app.seen(done.unwrap().position()).await;
    }
    let target = "/v1/nodes?hostname=ip-1&limit=2";
    let first = app.get(target).await;
    assert_eq!(items(&first, "uuid"), ["uuid-1", "uuid-2"]);
    let next = first.body["next"].as_str().unwrap();
    let last = app.get(&format!("{target}&cursor={next}")).await;
    assert_eq!(items(&last, "uuid"), ["uuid-3"]);
    assert_eq!(last.body["next"], Value::Null);
}

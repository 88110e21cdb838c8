//! A model is trained on the demo's history, answers, survives a kill and goes back, while traffic
//! flows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use futures::StreamExt;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::main_job::verify_and_compare;
use crate::server::{Server, WEBHOOK_TOKEN, hook};

/// Every answer is recorded, with that of the other strategy.
const RECORDED: [(&str, &str); 4] = [
    ("TALLYMAN__COLLECTOR__ENABLED", "false"),
    // A machine that is busy with other tests may be slow.
    ("TALLYMAN__SERVER__PATIENCE_MILLISECONDS", "20000"),
    ("TALLYMAN__ALLOCATION__RECORD_RATIO", "1"),
    ("TALLYMAN__ALLOCATION__SHADOW", "ladder"),
];

/// A package of the demo's farm, as a CI generator requests it.
const SPEC: &str =
    "cmake@3.29.2%20+ownlibs~qtgui%20arch=linux-ubuntu22.04-x86_64_v3%25gcc%4012.3.0";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_trained_promoted_killed_rebuilt_and_rolled_back_while_traffic_flows() {
    let mut server = Server::start_on_sample(400, &RECORDED);
    let head = server.get("/v1/info").await["head"].as_u64().unwrap();
    caught_up(&server, head).await;
    let before = explained(&server).await;
    assert_eq!(
        (&before["strategy"], &before["model"]),
        (&json!("gantry"), &Value::Null)
    );

    let traffic = Traffic::start(&server);
    // Over the command line, twice: the same model, byte for byte, and registered once.
    let train = [
        "-o",
        "json",
        "retrain",
        "--strategy",
        "ladder",
        "--where",
        "ref=develop",
    ];
    let until = head.to_string();
    let train = [
        &train[..],
        &["--setting", "policy=mixed", "--until", &until],
    ]
    .concat();
    let model = printed(&server, &train);
    assert_eq!(printed(&server, &train), model);
    let id = model["id"].as_str().unwrap();
    assert!(model["learnt"].as_u64().unwrap() > 200, "{model}");
    let evaluation = &model["trained"]["evaluation"];
    assert!(evaluation["builds"].as_u64().unwrap() > 20, "{model}");
    // Over HTTP, watched until it is over.
    let other = trained_over_http(&server).await;
    assert_ne!(other, id);
    let listed = printed(&server, &["-o", "json", "model", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 4, "{listed}");

    let path = format!("/v1/allocation/models/{id}/promote");
    let promoted = posted(&server, &path).await;
    assert_eq!(promoted["live"], true);
    let answered = explained(&server).await;
    assert_eq!(
        (&answered["strategy"], &answered["model"]),
        (&json!("ladder"), &json!(id))
    );
    assert_ne!(answered["variables"], before["variables"]);
    assert_eq!(variables(&server).await, answered["variables"]);
    traffic.stop().await;

    // A kill loses nothing, whether what was learnt is at hand or has to be made from the log.
    let head = server.get("/v1/info").await["head"].as_u64().unwrap();
    for views_are_lost in [false, true] {
        server.kill();
        if views_are_lost {
            std::fs::remove_dir_all(server.dir().join("views")).unwrap();
        }
        server.restart();
        caught_up(&server, head).await;
        let again = explained(&server).await;
        assert_eq!(again, answered, "views lost: {views_are_lost}");
    }

    let traffic = Traffic::start(&server);
    let promoted = printed(&server, &["-o", "json", "model", "promote", &other]);
    assert_eq!(
        (&promoted["id"], &promoted["live"]),
        (&json!(other), &json!(true))
    );
    let back = printed(&server, &["-o", "json", "model", "rollback"]);
    assert_eq!(back["id"], id);
    assert_eq!(explained(&server).await["variables"], answered["variables"]);
    let back = posted(&server, "/v1/allocation/rollback").await;
    assert_eq!(back["id"], Value::Null);
    assert_eq!(explained(&server).await["variables"], before["variables"]);
    assert_eq!(server.cli(&["model", "rollback"]).status.code(), Some(5));
    traffic.stop().await;

    let events = "/v1/events?type=allocation.answered&order=desc&limit=1000";
    let recorded = server.get(events).await;
    let recorded = recorded["items"].as_array().unwrap();
    for wanted in [
        json!({"strategy": "gantry", "shadow": null, "model": null}),
        json!({"strategy": "ladder", "shadow": null, "model": id}),
        json!({"strategy": "ladder", "shadow": true, "model": null}),
    ] {
        let found = recorded.iter().any(|event| {
            let mut fields = wanted.as_object().unwrap().iter();
            fields.all(|(name, value)| event["data"][name] == *value)
        });
        assert!(found, "no {wanted} among {} answers", recorded.len());
    }
    verify_and_compare(&mut server);
}

#[tokio::test]
async fn the_command_line_trains_and_promotes_on_a_directory_without_a_server() {
    let mut server = Server::start_on_sample(150, &RECORDED);
    server.stop();
    let model = printed(
        &server,
        &["-o", "json", "retrain", "--strategy", "ladder", "--promote"],
    );
    assert_eq!(model["live"], true, "{model}");
    for (arguments, code) in [
        (vec!["retrain", "--detach"], 2),
        (vec!["retrain", "--setting", "policy"], 2),
        (
            vec![
                "retrain",
                "--strategy",
                "ladder",
                "--setting",
                "policy=brave",
            ],
            2,
        ),
        (vec!["retrain", "--where", "package=nothing"], 1),
        (vec!["model", "promote", "nothing"], 3),
        (vec!["model", "get", model["id"].as_str().unwrap()], 0),
        (vec!["model", "accuracy", "--by-package"], 0),
        (vec!["model", "rollback"], 0),
        (vec!["model", "rollback"], 5),
    ] {
        let output = server.cli(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    }
}

/// Webhooks and questions that come without a pause.
struct Traffic {
    over: Arc<AtomicBool>,
    senders: Vec<tokio::task::JoinHandle<u64>>,
}

impl Traffic {
    fn start(server: &Server) -> Self {
        static NEXT: AtomicI64 = AtomicI64::new(1);
        let over = Arc::new(AtomicBool::new(false));
        let (ask, tell) = (
            server.url(&format!("/v1/allocation?spec={SPEC}")),
            server.url("/v1/collect"),
        );
        let client = Client::new();
        let (asker, stop) = (client.clone(), Arc::clone(&over));
        let asking = tokio::spawn(async move {
            let mut answers = 0;
            while !stop.load(Ordering::Relaxed) {
                let response = asker.get(&ask).send().await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                let answer: Value = response.json().await.unwrap();
                assert!(answer["variables"]["KUBERNETES_MEMORY_REQUEST"].is_string());
                answers += 1;
            }
            answers
        });
        let stop = Arc::clone(&over);
        let telling = tokio::spawn(async move {
            let mut reply = 0;
            while !stop.load(Ordering::Relaxed) {
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let request = client
                    .post(&tell)
                    .header("X-Gitlab-Event", "Job Hook")
                    .header("X-Gitlab-Token", WEBHOOK_TOKEN)
                    .json(&hook(number, "running"));
                assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
                reply += 1;
            }
            reply
        });
        Self {
            over,
            senders: vec![asking, telling],
        }
    }

    async fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        for sender in self.senders {
            assert!(sender.await.unwrap() > 0, "there was no traffic");
        }
    }
}

async fn explained(server: &Server) -> Value {
    server
        .get(&format!("/v1/allocation/explain?spec={SPEC}"))
        .await
}

async fn variables(server: &Server) -> Value {
    let answer = server.get(&format!("/v1/allocation?spec={SPEC}")).await;
    answer["variables"].clone()
}

async fn caught_up(server: &Server, head: u64) {
    let behind = |views: &Value| {
        let mut views = views.as_array().into_iter().flatten();
        views.any(|view| view["state"] != "live" || view["position"].as_u64() < Some(head))
    };
    let there = |views: &Value| views.is_array() && !behind(views);
    server.get_until("/v1/projections", there).await;
}

/// Trains another model, follows it live, and answers its id.
async fn trained_over_http(server: &Server) -> String {
    let body = json!({"strategy": "ladder", "settings": {"failure_price": 0.3}});
    let begun = server
        .request(Method::POST, "/v1/allocation/retrain")
        .json(&body);
    let begun = begun.send().await.unwrap();
    assert_eq!(begun.status(), StatusCode::ACCEPTED);
    let begun: Value = begun.json().await.unwrap();
    let path = format!("/v1/operations/{}", begun["id"].as_str().unwrap());
    let stream = server
        .request(Method::GET, &path)
        .header("Accept", "text/event-stream");
    let mut chunks = stream.send().await.unwrap().bytes_stream();
    let mut text = String::new();
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    let last = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("data: "));
    let last = last.or_else(|| {
        text.lines()
            .rev()
            .find_map(|line| line.strip_prefix("data:"))
    });
    let over: Value = serde_json::from_str(last.unwrap()).unwrap();
    assert_eq!(over["status"], "succeeded", "{text}");
    over["result"].as_str().unwrap().to_owned()
}

async fn posted(server: &Server, path: &str) -> Value {
    let response = server.request(Method::POST, path).send().await.unwrap();
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

#[track_caller]
fn printed(server: &Server, arguments: &[&str]) -> Value {
    let output = server.cli(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("the command printed JSON")
}

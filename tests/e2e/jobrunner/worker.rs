//! A worker by the contract: it listens over ZeroMQ, signs its requests, and repeats unanswered
//! ones.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sha1::Sha1;
use zeromq::{Socket, SocketRecv, SubSocket};

use crate::server::{PATIENCE, Server};

/// How often a worker repeats a request while a server is away.
const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_millis(50);

/// One worker: its key, its secret, and the server's address.
pub(crate) struct Worker {
    key: String,
    secret: String,
    client: Client,
}

/// The messages that a worker receives.
pub(crate) struct Ear {
    socket: SubSocket,
    address: String,
}

impl Worker {
    /// A worker that was provisioned under this key.
    pub(crate) fn new(key: &str, secret: &str) -> Self {
        Self {
            key: key.to_owned(),
            secret: secret.to_owned(),
            client: Client::new(),
        }
    }

    /// Sends a request once; none when the server is away.
    pub(crate) async fn try_ask(
        &self,
        server: &Server,
        method: Method,
        target: &str,
        body: Option<&Value>,
    ) -> Option<(StatusCode, String, Option<String>)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut mac = Hmac::<Sha1>::new_from_slice(self.secret.as_bytes())
            .expect("a secret may have any length");
        mac.update(format!("{method}{target}{body}").as_bytes());
        let digest = hex::encode(mac.finalize().into_bytes());
        let response = self
            .client
            .request(method, server.url(target))
            .header("Authorization", format!("ApiKey {}:{digest}", self.key))
            .header("Content-Type", "application/json")
            .body(body)
            .send()
            .await
            .ok()?;
        let status = response.status();
        let location = response.headers().get("location");
        let location = location.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        Some((status, response.text().await.ok()?, location))
    }

    /// Repeats a request until the answer is no 5xx, as real workers do.
    pub(crate) async fn ask(
        &self,
        server: &Server,
        method: Method,
        target: &str,
        body: Option<&Value>,
    ) -> (StatusCode, String, Option<String>) {
        let begun = std::time::Instant::now();
        loop {
            match self.try_ask(server, method.clone(), target, body).await {
                Some(answer) if !answer.0.is_server_error() => return answer,
                _ => assert!(begun.elapsed() < PATIENCE, "no answer to {method} {target}"),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    /// Reads something.
    pub(crate) async fn get(&self, server: &Server, target: &str) -> Value {
        let (status, text, _) = self.ask(server, Method::GET, target, None).await;
        assert_eq!(status, StatusCode::OK, "{target}: {text}");
        serde_json::from_str(&text).expect("the answer is JSON")
    }

    /// Patches something, and patches it again: an answer may be lost.
    pub(crate) async fn patch(&self, server: &Server, target: &str, body: Value) {
        for _ in 0..2 {
            let (status, text, _) = self.ask(server, Method::PATCH, target, Some(&body)).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{target} {body}: {text}");
        }
    }

    /// Makes something and returns where it is.
    pub(crate) async fn post(&self, server: &Server, target: &str, body: Value) -> String {
        let (status, text, location) = self.ask(server, Method::POST, target, Some(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{target} {body}: {text}");
        let location = location.expect("what was made has an address");
        location
            .strip_prefix(&server.url(""))
            .expect("the address is absolute")
            .to_owned()
    }

    /// The only worker that this one sees: itself.
    pub(crate) async fn itself(&self, server: &Server) -> Value {
        let list = self.get(server, "/api/v1/worker/").await;
        assert_eq!(list["meta"]["total_count"], 1, "{list}");
        list["objects"][0].clone()
    }

    /// Answers a ping: a worker that does is preferred to one that never did.
    pub(crate) async fn report(&self, server: &Server) {
        let me = self.itself(server).await["resource_uri"].clone();
        let body =
            json!({"ping_response_dts": now(), "concurrent_jobs": 2, "worker_version": "2.1.2"});
        self.patch(server, me.as_str().unwrap(), body).await;
    }

    /// Claims an offered run.
    pub(crate) async fn claim(&self, server: &Server, run: &str) {
        let me = self.itself(server).await;
        let found = self.get(server, run).await;
        assert_eq!(found["enqueue_dts"], Value::Null, "{found}");
        let body = json!({"enqueue_dts": now(), "worker": me["resource_uri"]});
        self.patch(server, run, body).await;
    }

    /// Begins a run that was claimed, and returns its script.
    pub(crate) async fn start(&self, server: &Server, run: &str, pid: i64) -> String {
        self.patch(server, run, json!({"start_dts": now()})).await;
        let job = self.get(server, run).await["job"].clone();
        let job = self.get(server, job.as_str().unwrap()).await;
        self.patch(server, run, json!({"pid": pid})).await;
        job["script_content"].as_str().unwrap().to_owned()
    }

    /// Ends a run with a log.
    pub(crate) async fn finish(&self, server: &Server, run: &str, log: &str, success: bool) {
        let found = self.get(server, run).await;
        match found["run_log"].as_str() {
            Some(known) => self.patch(server, known, json!({"content": log})).await,
            None => {
                let body = json!({"run": run, "content": log});
                self.post(server, "/api/v1/run_log/", body).await;
            }
        }
        let body = json!({"return_dts": now(), "return_success": success});
        self.patch(server, run, body).await;
    }

    /// What a worker does before anything else: it gives back what it held when it went away.
    pub(crate) async fn give_back(&self, server: &Server) -> Vec<String> {
        let mut given = Vec::new();
        for state in ["in_queue", "started"] {
            let key = &self.key;
            let mut next = Some(format!("/api/v1/run/?state={state}&worker__api_key={key}"));
            while let Some(target) = next {
                let page = self.get(server, &target).await;
                for run in page["objects"].as_array().unwrap() {
                    let run = run["resource_uri"].as_str().unwrap().to_owned();
                    let body = json!({"start_dts": null, "enqueue_dts": null});
                    self.patch(server, &run, body).await;
                    given.push(run);
                }
                next = page["meta"]["next"].as_str().map(str::to_owned);
            }
        }
        given
    }

    /// Listens to what is sent to this worker.
    pub(crate) async fn listen(&self, broadcaster: &str) -> Ear {
        let address = format!("master.broadcast.{}", self.key);
        let mut socket = SubSocket::new();
        socket.connect(broadcaster).await.expect("it is bound");
        socket.subscribe(&address).await.expect("it may subscribe");
        Ear { socket, address }
    }
}

impl Ear {
    /// The next message that `wanted` takes.
    pub(crate) async fn hear<T>(&mut self, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let heard = async {
            loop {
                let message = self.socket.recv().await.expect("the socket is open");
                let frames: Vec<_> = message.into_vec();
                assert_eq!(frames.len(), 2, "{frames:?}");
                if frames[0] != self.address.as_bytes() {
                    continue;
                }
                let said = serde_json::from_slice(&frames[1]).expect("the message is JSON");
                if let Some(found) = wanted(&said) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard)
            .await
            .expect("nothing was heard")
    }

    /// The next run that is sent, as its address.
    pub(crate) async fn next_run(&mut self) -> String {
        let run = self.hear(|said| (said["action"] == "enqueue").then(|| said["run_id"].clone()));
        format!("/api/v1/run/{}/", run.await)
    }

    /// The next kill request that is sent, as its address.
    pub(crate) async fn next_kill(&mut self) -> String {
        let kill =
            self.hear(|said| (said["action"] == "kill").then(|| said["kill_request_id"].clone()));
        format!("/api/v1/kill_request/{}/", kill.await)
    }
}

/// Now, as real workers write it: a blank before the time, microseconds, an offset.
pub(crate) fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%d %H:%M:%S%.6f+00:00")
        .to_string()
}

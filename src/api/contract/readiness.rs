//! When the house says that it is not ready, and why.

use async_trait::async_trait;
use eventlog::{
    Append, AppendError, Appended, Filter, Page, PageLimit, ReadError, Recorded, Revision,
    StreamName,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::*;

/// A log that does not write, and why.
struct Stopped(MemoryLog, AppendError);

#[async_trait]
impl EventLog for Stopped {
    async fn append(&self, _: Vec<Append>) -> Result<Appended, AppendError> {
        Err(self.1.clone())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        self.0.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.0.read_all(after, filter, limit).await
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.0.read_all_back(before, filter, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        self.0.stream_head(stream).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<Position>, ReadError> {
        self.0.find(id).await
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.0.watch_head()
    }

    fn stopped(&self) -> Option<AppendError> {
        Some(self.1.clone())
    }
}

fn memory_log() -> MemoryLog {
    let now = NOW.parse().unwrap();
    MemoryLog::new(move || now)
}

/// A house whose views take two events at a time.
fn house(log: Arc<dyn EventLog>) -> web::HouseBuilder {
    let config = ProjectorConfig {
        page_events: 2,
        ..config()
    };
    let views = Views::start(Arc::clone(&log), Arc::new(MemoryTables::new()), config).unwrap();
    let commands = Commands::new(log, Clock::fixed(NOW.parse().unwrap()));
    House::build(commands, views, Blobs::memory(), Settings::default())
}

async fn ask(house: &House, target: &str) -> (u16, Value) {
    let router = serve_through_gate(crate::routes(), house.clone());
    let request = Request::get(target).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_log_that_does_not_write_is_not_ready_and_says_so() {
    let reason = "sda3: cannot write".to_owned();
    let full = AppendError::Full {
        reason: reason.clone(),
    };
    for (error, words) in [
        (
            AppendError::Stopped { reason },
            "the log does not take writes",
        ),
        (full, "no space is left on the disk of the log"),
    ] {
        let house = house(Arc::new(Stopped(memory_log(), error))).finish();
        let (status, body) = ask(&house, "/readyz").await;
        assert_eq!((status, &body["ready"]), (503, &json!(false)), "{words}");
        // Which disk it is is nobody's business who has no token.
        assert_eq!(body["unready"], json!({"log": words}));
        assert_eq!(ask(&house, "/v1/info").await.1["writable"], false);
        assert_eq!(ask(&house, "/healthz").await.0, 200);
    }
}

#[tokio::test]
async fn views_that_are_far_behind_are_not_ready_and_say_how_far() {
    let house = house(Arc::new(memory_log())).finish();
    assert_eq!(ask(&house, "/readyz").await.0, 200);
    house.views.shutdown();
    for number in 0..5 {
        let issued = TokenCommand::Issue(Issued {
            name: format!("token {number}"),
            hash: secret::token_hash(&number.to_string()),
            role: Role::Reader,
            scopes: Vec::new(),
            expires_at: None,
            at: house.commands.clock().now(),
        });
        let (key, metadata) = (number.to_string(), Metadata::default());
        let done = house.commands.execute::<Token>(&key, issued, &metadata);
        done.await.unwrap();
    }
    let (status, body) = ask(&house, "/readyz").await;
    assert_eq!((status, &body["ready"]), (503, &json!(false)));
    assert_eq!(body["unready"]["views.tokens"], "5 events behind", "{body}");
}

#[tokio::test]
async fn whatever_else_must_hold_is_told_by_its_name() {
    let house = house(Arc::new(memory_log()));
    let house = house
        .ready_when("tide", || Ok(()))
        .ready_when("moon", || Err("it is new".to_owned()));
    let (status, body) = ask(&house.finish(), "/readyz").await;
    assert_eq!(
        (status, &body["unready"]),
        (503, &json!({"moon": "it is new"}))
    );
}

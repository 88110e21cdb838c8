use async_trait::async_trait;
use eventlog::{Append, AppendError, Appended, Page, ReadError, Revision, StreamName};
use tokio::sync::watch;

use super::*;

/// A log that can be read and not written.
struct Unwilling {
    log: MemoryLog,
    error: AppendError,
}

#[async_trait]
impl EventLog for Unwilling {
    async fn append(&self, _: Vec<Append>) -> Result<Appended, AppendError> {
        Err(self.error.clone())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        self.log.read_stream(stream, from, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.log.read_all(after, filter, limit).await
    }

    async fn read_all_back(
        &self,
        before: Position,
        filter: &Filter,
        limit: PageLimit,
    ) -> Result<Page, ReadError> {
        self.log.read_all_back(before, filter, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Revision>, ReadError> {
        self.log.stream_head(stream).await
    }

    async fn find(&self, id: uuid::Uuid) -> Result<Option<Position>, ReadError> {
        self.log.find(id).await
    }

    fn watch_head(&self) -> watch::Receiver<Position> {
        self.log.watch_head()
    }

    fn stopped(&self) -> Option<AppendError> {
        None
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_not_acknowledged() {
    for (error, seconds) in [
        (AppendError::Busy, "1"),
        (
            AppendError::Full {
                reason: "sda3: no space left".to_owned(),
            },
            "30",
        ),
        (
            AppendError::Stopped {
                reason: "sda3: no space left".to_owned(),
            },
            "30",
        ),
    ] {
        let now = NOW.parse().unwrap();
        let log = Arc::new(Unwilling {
            log: MemoryLog::new(move || now),
            error,
        });
        let app = TestApp::on(log, vec![source("default", &[TOKEN])]);
        // Neither a report nor a refused body: both would be lost.
        for body in [job().to_string(), "{}".to_owned(), "no JSON".to_owned()] {
            let answered = app.collect(body.clone()).await;
            assert_eq!(answered.status, 503, "{body}");
            assert_eq!(answered.headers["retry-after"], seconds, "{body}");
            assert!(!answered.body.to_string().contains("sda3"), "{body}");
        }
        // Who is turned away or ignored anyway is told so all the same.
        let request = Request::post("/collect").body(Body::empty()).unwrap();
        assert_eq!(app.send(request).await.status, 401);
        let request = Request::post("/collect")
            .header("x-gitlab-token", TOKEN)
            .body(Body::from("{}"));
        assert_eq!(app.send(request.unwrap()).await.status, 200);
        let answered = app
            .get("/v1/allocation?spec=a@1%20%2Bx%20arch=x%25gcc@1")
            .await;
        assert_eq!(answered.status, 200);
    }
}

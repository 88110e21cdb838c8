//! The messages that workers receive.

use zeromq::{Socket, SocketRecv, SubSocket};

use crate::farm::{Dispatching, PATIENCE};

/// The ears of a worker.
pub(crate) struct Ears {
    key: String,
    socket: SubSocket,
}

impl Ears {
    /// Those of the worker with this key, once it is subscribed.
    pub(crate) async fn of(key: &str, dispatching: &Dispatching) -> Self {
        let address = dispatching.port.address().unwrap();
        let mut socket = SubSocket::new();
        socket.connect(&format!("tcp://{address}")).await.unwrap();
        let wish = format!("master.broadcast.{key}");
        socket.subscribe(&wish).await.unwrap();
        let subscribed = async {
            while !dispatching.publisher.is_wanted(&wish) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, subscribed).await.unwrap();
        let key = key.to_owned();
        Self { key, socket }
    }

    /// The next message, to the byte.
    pub(crate) async fn next(&mut self) -> String {
        let message = tokio::time::timeout(PATIENCE, self.socket.recv()).await;
        let message = message.expect("something is said").unwrap();
        let frames: Vec<&[u8]> = message.iter().map(|frame| &frame[..]).collect();
        let address = format!("master.broadcast.{}", self.key);
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0], address.as_bytes());
        String::from_utf8(frames[1].to_vec()).unwrap()
    }

    /// The next message that is no ping.
    pub(crate) async fn order(&mut self) -> String {
        loop {
            let message = self.next().await;
            if message != PING {
                return message;
            }
        }
    }
}

pub(crate) const PING: &str = r#"{"action": "ping"}"#;

pub(crate) fn enqueue(run: u64) -> String {
    format!(r#"{{"action": "enqueue", "run_id": {run}}}"#)
}

pub(crate) fn kill(number: u64) -> String {
    format!(r#"{{"action": "kill", "kill_request_id": {number}}}"#)
}

//! A socket that subscribes, and to which publishers connect.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::accept::{Connections, Present, accept};
use crate::frames::{self, Frame, WireFault};
use crate::greeting::Socket;
use crate::handshake::{Ended, meet, pong};
use crate::stats::{PortStats, count};
use crate::{PortLimits, PortReading};

/// The most parts of a message that are kept; every known message has fewer.
const PARTS_MAX: usize = 8;

/// A published message.
pub type Heard = Vec<Bytes>;

/// Listens to what peers publish that begins like one text. Clones are the same socket.
#[derive(Clone)]
pub struct Subscriber(Arc<Inner>);

struct Inner {
    prefix: &'static str,
    limits: PortLimits,
    stats: PortStats,
    hear: Box<dyn Fn(Heard) + Send + Sync>,
}

impl Subscriber {
    /// A socket without a port yet. `hear` gets every message; it must not block.
    #[must_use]
    pub fn new(
        prefix: &'static str,
        limits: PortLimits,
        hear: impl Fn(Heard) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            prefix,
            limits,
            stats: PortStats::default(),
            hear: Box::new(hear),
        }))
    }

    /// Takes peers until this is dropped.
    pub async fn serve(&self, listener: TcpListener) {
        accept(Arc::clone(&self.0), listener).await;
    }

    /// What went through so far.
    #[must_use]
    pub fn stats(&self) -> PortReading {
        self.0.stats.read()
    }
}

impl Connections for Inner {
    fn limits(&self) -> &PortLimits {
        &self.limits
    }

    fn stats(&self) -> &PortStats {
        &self.stats
    }

    async fn talk(self: Arc<Self>, stream: TcpStream) -> Result<(), Ended> {
        let (reading, mut writing) = stream.into_split();
        let meeting = async {
            let bytes_max = self.limits.frame_bytes_max;
            let reader = meet(Socket::Subscriber, reading, &mut writing, bytes_max).await?;
            let wish = [&[1], self.prefix.as_bytes()].concat();
            writing.write_all(&frames::message(&[&wish])).await?;
            Ok::<_, Ended>(reader)
        };
        let met = timeout(self.limits.greeting_within, meeting).await;
        let mut reader = met.map_err(|_| Ended::Slow)??;

        let _present = Present::new(&self.stats);
        let mut parts = Vec::new();
        while let Some(frame) = reader.next().await? {
            match frame {
                Frame::Command { name, body } if name[..] == b"PING"[..] => {
                    let answer = pong(&body);
                    let written = timeout(self.limits.writing_within, writing.write_all(&answer));
                    written.await.map_err(|_| Ended::Slow)??;
                }
                Frame::Command { .. } => {}
                Frame::Part { .. } if parts.len() >= PARTS_MAX => {
                    return Err(WireFault::Malformed.into());
                }
                Frame::Part { body, more } => {
                    parts.push(body);
                    if !more {
                        count(&self.stats.messages);
                        (self.hear)(std::mem::take(&mut parts));
                    }
                }
            }
        }
        Ok(())
    }
}

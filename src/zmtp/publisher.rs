//! A socket that publishes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::accept::{Connections, Present, accept};
use crate::frames::{self, Frame, WireFault};
use crate::greeting::Socket;
use crate::handshake::{Ended, meet, pong};
use crate::news::{News, Subscribed};
use crate::queue::{Budget, Queue, Urgency};
use crate::stats::{PortStats, count};
use crate::{PortLimits, PortReading};

/// Sends messages to all peers that subscribed to their address. Clones are the same socket;
/// messages before it is bound are dropped.
#[derive(Clone)]
pub struct Publisher(Arc<Inner>);

struct Inner {
    limits: PortLimits,
    stats: PortStats,
    next: AtomicU64,
    budget: Arc<Budget>,
    news: News,
    /// How many ports it is served on: one, or none while another process has it.
    served: AtomicU64,
    peers: Mutex<BTreeMap<u64, Peer>>,
}

struct Peer {
    subscriptions: Vec<Bytes>,
    queue: Arc<Queue>,
}

impl Publisher {
    /// A socket without a port yet.
    #[must_use]
    pub fn new(limits: PortLimits) -> Self {
        Self(Arc::new(Inner {
            limits,
            stats: PortStats::default(),
            next: AtomicU64::new(0),
            budget: Arc::default(),
            news: News::default(),
            served: AtomicU64::new(0),
            peers: Mutex::default(),
        }))
    }

    /// Takes peers until this is dropped.
    pub async fn serve(&self, listener: TcpListener) {
        self.0.served.fetch_add(1, Ordering::Relaxed);
        let _served = Served(&self.0.served);
        accept(Arc::clone(&self.0), listener).await;
    }

    /// Whether peers can reach it.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.0.served.load(Ordering::Relaxed) > 0
    }

    /// Sends a message to all peers that have subscribed to what its address begins with, and
    /// answers how many it was handed to. It never waits: a peer whose queue is full loses the
    /// message.
    pub fn publish(&self, address: &str, body: &[u8], urgency: Urgency) -> usize {
        let message = frames::message(&[address.as_bytes(), body]);
        count(&self.0.stats.messages);
        let peers = self.0.peers.lock();
        let asked = peers.values().filter(|peer| peer.wants(address.as_bytes()));
        let mut delivered = 0;
        for peer in asked {
            if peer.queue.push(message.clone(), urgency) {
                delivered += 1;
            } else {
                count(&self.0.stats.lost);
            }
        }
        drop(peers);
        let counted = u64::try_from(delivered).unwrap_or(u64::MAX);
        self.0.stats.delivered.fetch_add(counted, Ordering::Relaxed);
        delivered
    }

    /// Whether a peer has subscribed to this address.
    #[must_use]
    pub fn is_wanted(&self, address: &str) -> bool {
        let peers = self.0.peers.lock();
        peers.values().any(|peer| peer.wants(address.as_bytes()))
    }

    /// What peers have subscribed to since this was last called.
    #[must_use]
    pub fn take_subscribed(&self) -> Subscribed {
        self.0.news.take()
    }

    /// Waits for a new subscription. Nothing is lost when this is dropped.
    pub async fn subscribed(&self) {
        self.0.news.changed().await;
    }

    /// What went through so far.
    #[must_use]
    pub fn stats(&self) -> PortReading {
        PortReading {
            waiting_bytes: self.0.budget.waiting(),
            ..self.0.stats.read()
        }
    }
}

impl Peer {
    fn wants(&self, address: &[u8]) -> bool {
        self.subscriptions
            .iter()
            .any(|prefix| address.starts_with(prefix))
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
        let meeting = meet(
            Socket::Publisher,
            reading,
            &mut writing,
            self.limits.frame_bytes_max,
        );
        let met = timeout(self.limits.greeting_within, meeting).await;
        let mut reader = met.map_err(|_| Ended::Slow)??;

        let _present = Present::new(&self.stats);
        let queue = Arc::new(Queue::new(self.limits, Arc::clone(&self.budget)));
        let place = Place::take(&self, Arc::clone(&queue));
        let said = async {
            while let Some(frame) = reader.next().await? {
                if let Some(pong) = place.hear(frame)? {
                    queue.answer(pong);
                }
            }
            Ok(())
        };
        tokio::select! {
            ended = said => ended,
            ended = self.write(&queue, &mut writing) => ended,
        }
    }
}

impl Inner {
    async fn write(&self, queue: &Queue, writing: &mut OwnedWriteHalf) -> Result<(), Ended> {
        loop {
            let message = queue.next().await;
            let written = timeout(self.limits.writing_within, writing.write_all(&message));
            written.await.map_err(|_| Ended::Slow)??;
        }
    }
}

/// Counts a port for as long as it is served.
struct Served<'a>(&'a AtomicU64);

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The place of a peer among all; it is free again when this is dropped.
struct Place<'a> {
    number: u64,
    among: &'a Inner,
}

impl<'a> Place<'a> {
    fn take(among: &'a Inner, queue: Arc<Queue>) -> Self {
        let number = among.next.fetch_add(1, Ordering::Relaxed);
        let peer = Peer {
            subscriptions: Vec::new(),
            queue,
        };
        among.peers.lock().insert(number, peer);
        Self { number, among }
    }

    /// Records a peer's subscription, and returns the reply if one is due.
    fn hear(&self, frame: Frame) -> Result<Option<Bytes>, WireFault> {
        match frame {
            Frame::Command { name, body } => match &name[..] {
                b"PING" => return Ok(Some(pong(&body))),
                b"SUBSCRIBE" => self.subscribe(&body),
                b"CANCEL" => self.cancel(&body),
                b"ERROR" => return Err(WireFault::Malformed),
                _ => {}
            },
            Frame::Part { more: true, .. } => return Err(WireFault::Malformed),
            Frame::Part { body, more: false } => match body.first() {
                Some(1) => self.subscribe(&body[1..]),
                Some(0) => self.cancel(&body[1..]),
                _ => {}
            },
        }
        Ok(None)
    }

    fn subscribe(&self, prefix: &[u8]) {
        let limits = &self.among.limits;
        let mut peers = self.among.peers.lock();
        let Some(peer) = peers.get_mut(&self.number) else {
            return;
        };
        if peer.subscriptions.len() < limits.subscriptions_max
            && prefix.len() <= limits.prefix_bytes_max
        {
            // A copy, because what is read is part of a larger buffer.
            let prefix = Bytes::copy_from_slice(prefix);
            peer.subscriptions.push(prefix.clone());
            // A message that is published because of it reaches this peer.
            drop(peers);
            self.among.news.add(prefix);
        }
    }

    fn cancel(&self, prefix: &[u8]) {
        let mut peers = self.among.peers.lock();
        if let Some(peer) = peers.get_mut(&self.number)
            && let Some(index) = peer.subscriptions.iter().position(|one| one == prefix)
        {
            peer.subscriptions.swap_remove(index);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.among.peers.lock().remove(&self.number);
    }
}

//! What waits to be sent to one peer: bounded in messages and in bytes, urgent messages first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::PortLimits;

/// How soon a message has to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// After everything that waits already.
    Ordinary,
    /// Before everything ordinary: pings and kill requests do not wait for offers of work.
    Urgent,
}

/// The bytes that wait for all peers of a port together.
#[derive(Debug, Default)]
pub(super) struct Budget {
    waiting: AtomicU64,
}

impl Budget {
    /// How many bytes wait now.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64, bytes_max: u64) -> bool {
        let take = |waiting: u64| waiting.checked_add(bytes).filter(|sum| *sum <= bytes_max);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.waiting.fetch_update(set, fetch, take).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }
}

pub(super) struct Queue {
    limits: PortLimits,
    budget: Arc<Budget>,
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    pong: Option<Bytes>,
    urgent: VecDeque<Bytes>,
    ordinary: VecDeque<Bytes>,
    /// The bytes of `urgent` and `ordinary`; at most one PONG of a few bytes comes on top.
    bytes: u64,
}

impl Queue {
    pub(super) fn new(limits: PortLimits, budget: Arc<Budget>) -> Self {
        Self {
            limits,
            budget,
            waiting: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Adds a message, and returns whether there was space for it.
    pub(super) fn push(&self, message: Bytes, urgency: Urgency) -> bool {
        let bytes = message.len() as u64;
        let mut waiting = self.waiting.lock();
        let messages = waiting.urgent.len() + waiting.ordinary.len();
        let fits = messages < self.limits.queue_max
            && waiting.bytes.saturating_add(bytes) <= self.limits.queue_bytes_max;
        if !fits || !self.budget.take(bytes, self.limits.port_bytes_max) {
            return false;
        }
        waiting.bytes += bytes;
        match urgency {
            Urgency::Ordinary => waiting.ordinary.push_back(message),
            Urgency::Urgent => waiting.urgent.push_back(message),
        }
        drop(waiting);
        self.changed.notify_one();
        true
    }

    /// Answers a PING, unless an answer waits already: a peer that sends more PINGs than it reads
    /// PONGs learns no more from a second one.
    pub(super) fn answer(&self, pong: Bytes) {
        let mut waiting = self.waiting.lock();
        waiting.pong.get_or_insert(pong);
        drop(waiting);
        self.changed.notify_one();
    }

    /// The next message to be sent. Nothing is lost when this is dropped in the middle.
    pub(super) async fn next(&self) -> Bytes {
        loop {
            if let Some(message) = self.take() {
                return message;
            }
            self.changed.notified().await;
        }
    }

    fn take(&self) -> Option<Bytes> {
        let mut waiting = self.waiting.lock();
        if let Some(pong) = waiting.pong.take() {
            return Some(pong);
        }
        let urgent = waiting.urgent.pop_front();
        let message = urgent.or_else(|| waiting.ordinary.pop_front())?;
        let bytes = message.len() as u64;
        waiting.bytes -= bytes;
        self.budget.give_back(bytes);
        Some(message)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.budget.give_back(self.waiting.get_mut().bytes);
    }
}

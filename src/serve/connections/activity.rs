//! What a connection waits for, and until when it may.
//!
//! The socket and the requests change the state; only the connection's one timer reads it, so that
//! a request costs no timer of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use web::CloseReason;

/// How long a connection may stay in each of its states.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// From the accept, or the first byte of a further request, to the end of the request's head.
    pub(super) head: Duration,
    /// From the end of a response to the first byte of the next request.
    pub(super) idle: Duration,
    /// In which a client takes at least something of what is sent to it.
    pub(super) write: Duration,
}

impl Deadlines {
    /// A state that begins now has no deadline before this time is over.
    fn shortest(&self) -> Duration {
        self.head.min(self.idle).min(self.write)
    }
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// No request came, or only a part of its head.
    Head,
    /// It was not used.
    Idle,
    /// The client takes nothing of what is sent to it.
    Write,
}

impl Overdue {
    pub(super) fn reason(self) -> CloseReason {
        match self {
            Self::Head => CloseReason::Headers,
            Self::Idle => CloseReason::Idle,
            Self::Write => CloseReason::Unread,
        }
    }
}

impl fmt::Display for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "the head of a request took too long (server.head_seconds_max)",
            Self::Idle => "it was not used (server.idle_seconds_max)",
            Self::Write => "the client reads nothing (server.write_seconds_max)",
        })
    }
}

/// The state of one connection. Clones share it.
#[derive(Clone)]
pub(super) struct Activity {
    deadlines: Deadlines,
    state: Arc<Mutex<State>>,
}

impl Activity {
    /// Of a connection that was accepted now.
    pub(super) fn new(deadlines: Deadlines) -> Self {
        Self {
            deadlines,
            state: Arc::new(Mutex::new(State::new(Instant::now()))),
        }
    }

    /// How long it may stay in each state.
    pub(super) fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// Bytes came in.
    pub(super) fn read(&self) {
        self.state.lock().read(Instant::now());
    }

    /// The socket took bytes.
    pub(super) fn wrote(&self) {
        self.state.lock().wrote(Instant::now());
    }

    /// The socket took nothing.
    pub(super) fn blocked(&self) {
        self.state.lock().blocked(Instant::now());
    }

    /// The head of a request is there. The request is under way until the guard is dropped.
    pub(super) fn begin(&self, multiplexed: bool) -> Underway {
        Underway {
            response: self.state.lock().begin(multiplexed),
            activity: self.clone(),
        }
    }

    /// Why the connection is to be closed, if it is.
    pub(super) fn overdue(&self, now: Instant) -> Option<Overdue> {
        let (at, why) = self.state.lock().deadline(self.deadlines)?;
        (at <= now).then_some(why)
    }

    /// When to look again. No deadline passes before.
    pub(super) fn look_again(&self, now: Instant) -> Instant {
        let later = now + self.deadlines.shortest();
        let deadline = self.state.lock().deadline(self.deadlines);
        deadline.map_or(later, |(at, _)| at.min(later))
    }
}

/// A request that is under way.
pub(super) struct Underway {
    activity: Activity,
    response: u64,
}

impl Underway {
    /// A piece of the response was handed over. Until the next one is requested, the client has not
    /// taken it.
    pub(super) fn handed_over(&self) {
        let mut state = self.activity.state.lock();
        state.handed_over(self.response, Instant::now());
    }

    /// A further piece of the response was requested.
    pub(super) fn requested(&self) {
        self.activity.state.lock().requested(self.response);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.activity
            .state
            .lock()
            .end(self.response, Instant::now());
    }
}

struct State {
    /// What is waited for while no request is under way.
    waiting: Waiting,
    /// Requests that were received and whose responses were not yet handed over whole.
    requests: usize,
    /// Over HTTP/2 bytes come and go without a request.
    multiplexed: bool,
    /// Since when the socket has taken nothing.
    blocked: Option<Instant>,
    /// When the socket last took something.
    written: Instant,
    /// Responses with a handed-over piece, and since when no further piece was requested.
    handed_over: BTreeMap<u64, Instant>,
    responses: u64,
}

/// What is waited for, and since when.
#[derive(Clone, Copy)]
enum Waiting {
    Head(Instant),
    Request(Instant),
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            waiting: Waiting::Head(now),
            requests: 0,
            multiplexed: false,
            blocked: None,
            written: now,
            handed_over: BTreeMap::new(),
            responses: 0,
        }
    }

    fn read(&mut self, now: Instant) {
        let unused = self.requests == 0 && matches!(self.waiting, Waiting::Request(_));
        if unused && !self.multiplexed {
            self.waiting = Waiting::Head(now);
        }
    }

    fn wrote(&mut self, now: Instant) {
        self.blocked = None;
        self.written = now;
    }

    fn blocked(&mut self, now: Instant) {
        self.blocked.get_or_insert(now);
    }

    fn begin(&mut self, multiplexed: bool) -> u64 {
        self.requests += 1;
        self.multiplexed |= multiplexed;
        self.responses += 1;
        self.responses
    }

    fn handed_over(&mut self, response: u64, now: Instant) {
        self.handed_over.insert(response, now);
    }

    fn requested(&mut self, response: u64) {
        self.handed_over.remove(&response);
    }

    fn end(&mut self, response: u64, now: Instant) {
        self.handed_over.remove(&response);
        self.requests -= 1;
        if self.requests == 0 {
            self.waiting = Waiting::Request(now);
        }
    }

    fn deadline(&self, deadlines: Deadlines) -> Option<(Instant, Overdue)> {
        let blocked = self.blocked.iter().chain(self.handed_over.values()).min();
        let blocked = blocked.map(|since| (*since + deadlines.write, Overdue::Write));
        let waiting = (self.requests == 0).then(|| match self.waiting {
            Waiting::Head(since) => (since + deadlines.head, Overdue::Head),
            // The end of a response may still be on its way to a slow client.
            Waiting::Request(since) => {
                let since = since.max(self.written);
                (since + deadlines.idle, Overdue::Idle)
            }
        });
        [blocked, waiting]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINES: Deadlines = Deadlines {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write: Duration::from_secs(60),
    };

    /// A connection that was accepted at second 0.
    struct Accepted {
        at: Instant,
        state: State,
    }

    impl Accepted {
        fn new() -> Self {
            let at = Instant::now();
            let state = State::new(at);
            Self { at, state }
        }

        fn second(&self, count: u64) -> Instant {
            self.at + Duration::from_secs(count)
        }

        #[track_caller]
        fn ends(&self, second: u64, why: Overdue) {
            let deadline = self.state.deadline(DEADLINES);
            assert_eq!(deadline, Some((self.second(second), why)));
        }

        #[track_caller]
        fn stays(&self) {
            assert_eq!(self.state.deadline(DEADLINES), None);
        }
    }

    #[test]
    fn bytes_before_the_first_request_buy_no_time() {
        let mut accepted = Accepted::new();
        accepted.ends(10, Overdue::Head);
        accepted.state.read(accepted.second(9));
        accepted.ends(10, Overdue::Head);
    }

    #[test]
    fn a_request_under_way_has_no_deadline_of_the_connection() {
        let mut accepted = Accepted::new();
        let request = accepted.state.begin(false);
        accepted.stays();
        accepted.state.end(request, accepted.second(100));
        accepted.ends(175, Overdue::Idle);
    }

    #[test]
    fn the_next_head_has_its_time_from_its_first_byte() {
        let mut accepted = Accepted::new();
        let request = accepted.state.begin(false);
        accepted.state.end(request, accepted.second(1));
        accepted.state.read(accepted.second(70));
        accepted.state.read(accepted.second(75));
        accepted.ends(80, Overdue::Head);
    }

    /// Answers to our own pings over HTTP/2 are no request.
    #[test]
    fn bytes_between_requests_over_http2_do_not_begin_a_head() {
        let mut accepted = Accepted::new();
        let request = accepted.state.begin(true);
        accepted.state.end(request, accepted.second(1));
        accepted.state.read(accepted.second(70));
        accepted.ends(76, Overdue::Idle);
    }

    #[test]
    fn a_socket_that_takes_nothing_ends_the_connection_and_progress_gives_it_time() {
        let mut accepted = Accepted::new();
        accepted.state.begin(false);
        accepted.state.blocked(accepted.second(5));
        accepted.state.blocked(accepted.second(50));
        accepted.ends(65, Overdue::Write);
        accepted.state.wrote(accepted.second(51));
        accepted.stays();
        accepted.state.blocked(accepted.second(52));
        accepted.ends(112, Overdue::Write);
    }

    #[test]
    fn a_response_that_is_not_taken_ends_the_connection_although_others_are() {
        let mut accepted = Accepted::new();
        let [one, other] = [(); 2].map(|()| accepted.state.begin(true));
        accepted.state.handed_over(one, accepted.second(5));
        accepted.state.handed_over(other, accepted.second(30));
        accepted.state.requested(other);
        accepted.state.wrote(accepted.second(30));
        accepted.ends(65, Overdue::Write);
        accepted.state.requested(one);
        accepted.stays();
    }

    #[test]
    fn the_idle_time_begins_when_the_last_bytes_are_sent() {
        let mut accepted = Accepted::new();
        let request = accepted.state.begin(false);
        accepted.state.end(request, accepted.second(1));
        accepted.state.wrote(accepted.second(50));
        accepted.ends(125, Overdue::Idle);
    }

    #[test]
    fn no_deadline_passes_before_it_is_looked_again() {
        let activity = Activity::new(DEADLINES);
        let accepted = Instant::now();
        assert!(activity.look_again(accepted) <= accepted + DEADLINES.head);
        // Whatever begins after the look has at least the shortest time.
        let request = activity.begin(false);
        assert_eq!(activity.look_again(accepted), accepted + DEADLINES.head);
        assert_eq!(activity.overdue(accepted + DEADLINES.idle), None);
        drop(request);
        let late = Instant::now() + DEADLINES.idle;
        assert_eq!(activity.overdue(late), Some(Overdue::Idle));
    }
}

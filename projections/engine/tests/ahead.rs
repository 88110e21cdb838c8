//! A page that was read ahead is used only where it is certain to equal a page read now.

use std::sync::Arc;

use eventlog::{EventLog, Position};

use crate::engine::ahead::Ahead;
use crate::testing::{block_on, memory_log, reported, tell_all};

#[test]
fn a_page_that_was_read_ahead_is_used_unless_the_log_ended_with_it() {
    block_on(async {
        let log = Arc::new(memory_log());
        let story = |count| {
            (0..count).map(|number| {
                (
                    format!("build-default:{number}"),
                    reported(number, "created").into(),
                )
            })
        };
        tell_all(&*log, story(4)).await;
        let log: Arc<dyn EventLog> = log;
        let ahead = Ahead::default();
        assert!(ahead.take(Position(2)).await.is_none(), "nothing was begun");

        // More may have come since: who took it for the end would wait for what is there.
        ahead.begin(&log, Position(2), 2, |_| true);
        assert!(ahead.take(Position(2)).await.is_none());

        ahead.begin(&log, Position(1), 2, |_| true);
        let read = ahead.take(Position(1)).await.unwrap();
        assert_eq!((read.page.next, read.page.events.len()), (Position(3), 2));
        assert!(ahead.take(Position(1)).await.is_none(), "it is used once");

        ahead.begin(&log, Position(1), 2, |_| true);
        assert!(
            ahead.take(Position(2)).await.is_none(),
            "another place was asked for"
        );
    });
}

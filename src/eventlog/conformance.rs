//! Every promise of [`EventLog`], as functions that any backend can be held to.
//!
//! One function per promise, each on a log of its own. A backend calls [`check`], and
//! [`check_reopened`] too if it outlives its process. They panic on the first promise that is not
//! kept, and its name is the function's.

use std::future::Future;
use std::sync::Arc;

use crate::EventLog;

pub mod appending;
pub mod concurrency;
pub mod describing;
pub mod expecting;
pub mod fixture;
pub mod following;
pub mod limits;
pub mod reading;
pub mod reopening;
pub mod repeating;

/// Runs every promise, each on a fresh log.
pub async fn check<F, Fut>(fresh: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    appending::a_fresh_log_is_empty(fresh().await).await;
    appending::positions_grow_and_revisions_count_from_nought(fresh().await).await;
    appending::what_was_appended_is_read_as_it_was(fresh().await).await;
    appending::a_batch_that_conflicts_in_its_last_part_leaves_nothing(fresh().await).await;
    appending::a_stream_may_be_twice_in_a_batch(fresh().await).await;
    appending::an_import_says_when_an_event_was_recorded(fresh().await).await;
    expecting::every_expectation_is_held_to(fresh().await).await;
    expecting::a_conflict_names_the_expected_and_the_actual_revision(fresh().await).await;
    repeating::a_batch_that_comes_again_gets_its_first_result(fresh().await).await;
    repeating::a_batch_of_which_only_a_part_is_known_is_refused(fresh().await).await;
    repeating::an_id_of_another_stream_is_refused(fresh().await).await;
    repeating::a_refused_batch_does_not_use_up_its_ids(fresh().await).await;
    limits::what_is_over_a_limit_is_refused(fresh().await).await;
    limits::the_largest_batches_are_taken(fresh().await).await;
    reading::pages_upwards_cover_everything_once(fresh().await).await;
    reading::pages_downwards_cover_everything_once(fresh().await).await;
    reading::a_page_keeps_each_of_its_limits(fresh().await).await;
    reading::a_stream_is_read_from_any_revision(fresh().await).await;
    reading::heads_and_ids_are_found(fresh().await).await;
    describing::a_log_describes_itself(fresh().await).await;
    describing::a_closed_log_is_read_and_not_written(fresh().await).await;
    concurrency::concurrent_writers_leave_no_gaps(fresh().await).await;
    concurrency::of_writers_that_expect_the_same_one_wins(fresh().await).await;
    concurrency::the_same_batch_at_the_same_time_is_written_once(fresh().await).await;
    concurrency::the_head_never_runs_ahead_of_what_can_be_read(fresh().await).await;
    following::a_subscription_has_no_gap_and_no_repeat(fresh().await).await;
    following::a_subscription_goes_on_where_another_stopped(fresh().await).await;
    following::a_filtered_subscription_sees_what_comes_late(fresh().await).await;
}

/// Runs the promises that hold beyond the life of a process.
///
/// `open(n)` opens the log number `n`: empty at first, and with what it held when it was opened
/// before. The log that was opened before is dropped by then.
pub async fn check_reopened<F, Fut>(open: F)
where
    F: Fn(u32) -> Fut,
    Fut: Future<Output = Arc<dyn EventLog>>,
{
    reopening::everything_is_there_again(|| open(0)).await;
    reopening::expectations_hold_again(|| open(1)).await;
    reopening::ids_are_known_again(|| open(2)).await;
    reopening::positions_go_on(|| open(3)).await;
    reopening::a_log_keeps_its_id(|| open(4)).await;
}

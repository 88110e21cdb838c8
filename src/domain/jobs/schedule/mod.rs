//! When runs are due: the rules of the job runner as plain functions of facts, a time and a time
//! zone.
//!
//! Nothing here has state. The dispatcher gathers the facts, calls these functions, and turns the
//! result into commands, which take effect once.
//!
//! | question | answered by |
//! |---|---|
//! | when does a job run again? | [`follow_up()`] |
//! | which children run after an occasion? | [`due_children`] |
//! | how often has a job failed in a row, and is it to be disabled? | [`count_fails`] |
//! | which runs are sent in this round, and to whom? | [`Round`], [`target`] |
//! | does a worker still answer? | [`Patience::is_silent`] |
//! | is a run that failed tried again? | [`Retries::follow`] |

mod children;
mod cron;
mod dispatch;
mod fails;
mod follow_up;
mod health;
mod interval;
mod limit;
mod retry;
mod rhythm;
mod window;

pub use children::{Child, Ended, due_children};
pub use cron::{CRON_BYTES_MAX, Cron, CronRejection};
pub use dispatch::{Member, Round, Target, Waiting, choose, target};
pub use fails::{FailCount, count_fails};
pub use follow_up::{FollowUp, JobFacts, first_occasion, follow_up};
pub use health::Patience;
pub use interval::{Interval, IntervalUnit};
pub use limit::RUN_TIMEOUT_SECONDS_MAX;
pub use retry::{Attempt, RETRIES_MAX, RETRY_DELAY_SECONDS, RETRY_DELAY_SECONDS_MAX, Retries};
pub use rhythm::Rhythm;
pub use window::Window;

//! What is said once and known from then on.

use std::fmt::Debug;

use super::given;
use crate::Aggregate;

/// After this past something follows from a command; asked again, nothing more.
#[track_caller]
pub(crate) fn follows_once<A>(past: &[A::Event], command: A::Command, event: A::Event)
where
    A: Aggregate,
    A::Event: Clone + Debug + PartialEq,
    A::Rejection: PartialEq,
{
    let past = past.iter().cloned();
    given::<A>(past.clone())
        .when(command.clone())
        .then([event.clone()]);
    given::<A>(past.chain([event])).when(command).then_nothing();
}

/// After this past something may be done, and undone when it was done; each of them once.
#[track_caller]
pub(crate) fn is_done_and_undone_once<A>(
    past: &[A::Event],
    (doing, done): (A::Command, A::Event),
    (undoing, undone): (A::Command, A::Event),
) where
    A: Aggregate,
    A::Event: Clone + Debug + PartialEq,
    A::Rejection: PartialEq,
{
    given::<A>(past.iter().cloned())
        .when(undoing.clone())
        .then_nothing();
    follows_once::<A>(past, doing, done.clone());
    let past: Vec<A::Event> = past.iter().cloned().chain([done]).collect();
    follows_once::<A>(&past, undoing, undone);
}

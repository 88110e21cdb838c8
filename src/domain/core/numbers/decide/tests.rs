use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, numbers_command, story};
use crate::testing::{given, laws};

use NumbersCommand as C;
use NumbersEvent as E;
use NumbersRejection as R;

fn taken(first: u64, count: u64) -> E {
    let at = at(0);
    E::Taken(Taken { first, count, at })
}

#[test]
fn the_first_number_is_one() {
    given::<Numbers>([])
        .when(C::Take {
            count: 2,
            at: at(0),
        })
        .then([taken(1, 2)]);
}

#[test]
fn the_last_event_is_enough() {
    given::<Numbers>([taken(41, 2)])
        .when(C::Take {
            count: 1,
            at: at(0),
        })
        .then([taken(43, 1)]);
}

#[test]
fn the_last_number_is_the_largest_that_an_old_client_reads() {
    let max = Numbers::NUMBER_MAX;
    let almost = given::<Numbers>([taken(max - 2, 2)]);
    almost
        .when(C::Take {
            count: 2,
            at: at(0),
        })
        .then_refuses(R::UsedUp);
    almost
        .when(C::Take {
            count: 1,
            at: at(0),
        })
        .then([taken(max, 1)]);
    given::<Numbers>([taken(u64::MAX, u64::MAX)])
        .when(C::Take {
            count: 1,
            at: at(0),
        })
        .then_refuses(R::UsedUp);
}

proptest! {
    #[test]
    fn numbers_have_neither_gaps_nor_repeats(story in story(numbers_command())) {
        let (events, _) = laws::tell(&mut Numbers::default(), story.clone());
        let mut next = 1;
        for E::Taken(taken) in events {
            prop_assert_eq!(taken.first, next);
            prop_assert!(taken.count > 0);
            next = taken.last() + 1;
        }
        laws::history_tells_the_same_as_the_decisions::<Numbers>(story);
    }
}

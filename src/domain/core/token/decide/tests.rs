use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, issued, story, token_command};
use crate::testing::{given, laws};

use TokenCommand as C;
use TokenEvent as E;
use TokenRejection as R;

#[test]
fn a_token_is_issued_once() {
    let token = given::<Token>([E::Issued(issued("a"))]);
    token.when(C::Issue(issued("a"))).then_nothing();
    token
        .when(C::Issue(issued("b")))
        .then_refuses(R::AlreadyIssued);
}

#[test]
fn a_revoked_token_stays_revoked() {
    let past = [E::Issued(issued("a")), E::Revoked(Revoked { at: at(1) })];
    let token = given::<Token>(past);
    token.when(C::Revoke { at: at(2) }).then_nothing();
    token.when(C::Issue(issued("a"))).then_nothing();
    token
        .when(C::Issue(issued("b")))
        .then_refuses(R::AlreadyIssued);
}

#[test]
fn a_token_that_was_never_issued_cannot_be_revoked() {
    given::<Token>([])
        .when(C::Revoke { at: at(1) })
        .then_refuses(R::Unknown);
}

#[test]
fn what_is_no_hash_might_be_a_secret_and_is_refused() {
    for hash in [
        "",
        "tly_secret",
        &"A".repeat(64),
        &"0".repeat(63),
        &"é".repeat(32),
    ] {
        let hash = hash.to_owned();
        given::<Token>([])
            .when(C::Issue(Issued {
                hash,
                ..issued("a")
            }))
            .then_refuses(R::NotAHash);
    }
}

proptest! {
    #[test]
    fn a_tokens_history_repeated_adds_nothing(story in story(token_command())) {
        laws::telling_twice_adds_nothing::<Token>(story);
    }

    #[test]
    fn a_tokens_history_equals_its_decisions(story in story(token_command())) {
        laws::history_tells_the_same_as_the_decisions::<Token>(story);
    }
}

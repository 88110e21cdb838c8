use domain::core::token::{Issued, Revoked, TokenEvent};

use crate::Tokens;
use crate::testing::{App, at, token};

#[tokio::test]
async fn a_token_is_valid_until_it_ends_or_is_revoked() {
    let app = App::new();
    let ends = Issued {
        expires_at: Some(at(100)),
        ..token(1)
    };
    app.tell("token-t1", TokenEvent::Issued(ends)).await;
    app.tell("token-t2", TokenEvent::Issued(token(2))).await;
    for second in [7, 9] {
        let revoked = TokenEvent::Revoked(Revoked { at: at(second) });
        app.tell("token-t2", revoked).await;
    }
    let of = |id: &str| {
        let tokens = app.views.of::<Tokens>().unwrap();
        tokens.get(&id.to_owned()).unwrap().unwrap()
    };
    for (id, second, valid) in [("t1", 99, true), ("t1", 100, false), ("t2", 8, false)] {
        assert_eq!(of(id).is_valid(at(second)), valid, "{id} at {second}");
    }
    assert_eq!(of("t2").revoked_at, Some(at(7)), "once is enough");
}

/// No program of ours does this; a hash that was replaced must open nothing all the same.
#[tokio::test]
async fn a_token_that_is_issued_again_is_known_by_its_newest_hash_alone() {
    let app = App::new();
    for number in [1, 2] {
        app.tell("token-t1", TokenEvent::Issued(token(number)))
            .await;
    }
    let found = |number| {
        let row = app
            .views
            .of::<Tokens>()
            .unwrap()
            .by_hash(&token(number).hash);
        row.unwrap().map(|row| row.name)
    };
    assert_eq!((found(1), found(2)), (None, Some(token(2).name)));
}

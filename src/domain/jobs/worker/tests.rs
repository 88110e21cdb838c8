use super::*;
use crate::testing::given;
use crate::testing::stories::at;

use WorkerCommand as C;

/// A key with a colon could never authenticate.
#[test]
fn a_key_that_does_not_survive_the_wire_is_refused() {
    for key in ["", "a:b", "a b", "é", "a/b", "a\n"] {
        let api_key = key.to_owned();
        let whole = Registered {
            api_key: api_key.clone(),
            ..registered()
        };
        given::<Worker>([])
            .when(C::Register(whole))
            .then_refuses(WorkerRejection::ApiKey);
        let edit = Edited {
            api_key: Some(api_key),
            ..Edited::nothing(at(1))
        };
        given::<Worker>([WorkerEvent::Registered(registered())])
            .when(C::Edit(edit))
            .then_refuses(WorkerRejection::ApiKey);
    }
}

#[test]
fn a_workers_secret_is_never_shown() {
    assert!(!format!("{:?}", registered()).contains(registered().secret.as_str()));
}

fn registered() -> Registered {
    let secret = Sealed::new(format!("sealed:v1:{}", "a".repeat(40))).unwrap();
    Registered {
        api_key: "key".to_owned(),
        ..Registered::blank(1, secret, at(0))
    }
}

use proptest::prelude::*;

use super::*;

#[test]
fn every_known_status_is_read_and_written_the_same() {
    for (word, status) in BuildStatus::KNOWN {
        assert_eq!(BuildStatus::parse(word), status, "{word}");
        assert_eq!(status.as_str(), word);
    }
}

#[test]
fn a_build_goes_from_created_over_pending_and_running_to_its_end() {
    let ranks =
        ["created", "pending", "running", "success"].map(|word| BuildStatus::parse(word).rank());
    assert!(
        ranks.is_sorted_by(|before, after| before < after),
        "{ranks:?}"
    );
}

#[test]
fn four_statuses_are_terminal() {
    let terminal: Vec<&str> = BuildStatus::KNOWN
        .iter()
        .filter(|(_, status)| status.is_terminal())
        .map(|(word, _)| *word)
        .collect();
    assert_eq!(terminal, ["success", "failed", "canceled", "skipped"]);
}

proptest! {
    #[test]
    fn any_text_is_a_status(text in prop_oneof![".{0,40}", "[a-z_]{4,10}"]) {
        let status = BuildStatus::parse(&text);
        prop_assert_eq!(status.as_str(), &text);
        prop_assert_eq!(status.is_terminal(), BuildStatus::text_is_terminal(&text));
    }
}

#[test]
fn the_short_way_to_a_terminal_status_says_the_same() {
    for (word, status) in BuildStatus::KNOWN {
        assert_eq!(
            status.is_terminal(),
            BuildStatus::text_is_terminal(word),
            "{word}"
        );
    }
}

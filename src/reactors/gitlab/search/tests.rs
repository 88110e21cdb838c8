use proptest::prelude::*;

use super::Search;

fn found(texts: &[&str], pieces: &[&[u8]]) -> bool {
    let mut search = Search::for_any(texts);
    pieces.iter().any(|piece| search.feed(piece))
}

#[test]
fn a_text_is_found_across_any_border() {
    let log = b"$ spack ci rebuild\nNo need to rebuild zlib\n";
    for first in 0..log.len() {
        for second in first..log.len() {
            let pieces = [&log[..first], &log[first..second], &log[second..]];
            assert!(found(&["No need to rebuild"], &pieces), "{first} {second}");
        }
    }
    let bytes: Vec<&[u8]> = log.chunks(1).collect();
    assert!(found(&["No need to rebuild"], &bytes));
}

#[test]
fn a_text_that_is_not_there_is_not_found() {
    assert!(!found(&["No need to rebuild"], &[b"No need to ", b"build"]));
    assert!(!found(&["abc"], &[]));
    assert!(!found(&[], &[b"abc"]));
}

proptest! {
    #[test]
    fn a_search_in_pieces_finds_what_a_search_in_one_finds(
        log in "[ab]{0,60}",
        texts in proptest::collection::vec("[ab]{1,6}", 1..3),
        borders in proptest::collection::vec(0_usize..60, 0..8),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut borders: Vec<usize> = borders.into_iter().map(|at| at.min(log.len())).collect();
        borders.extend([0, log.len()]);
        borders.sort_unstable();
        let pieces: Vec<&[u8]> = borders.windows(2).map(|at| &log.as_bytes()[at[0]..at[1]]).collect();
        let whole = texts.iter().any(|text| log.contains(text));
        prop_assert_eq!(found(&texts, &pieces), whole);
    }
}

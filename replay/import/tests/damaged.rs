//! Copies that were cut or changed.

use super::*;

#[tokio::test]
async fn a_copy_that_was_cut_is_known_as_one() {
    let lines = exported(&test_log::filled(10).await, true).await;
    let text = String::from_utf8(lines).unwrap();
    let without_third: Vec<_> = text.lines().enumerate().filter(|(n, _)| *n != 9).collect();
    let without_third = without_third
        .iter()
        .map(|(_, line)| *line)
        .collect::<Vec<_>>()
        .join("\n");
    let options = Options {
        allow_partial: false,
        ..from(without_third)
    };
    let refused = import(&test_log::empty(), options).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the export is incomplete: it should hold 10 events and 0 blobs, and holds 9 and 0; no line is known to be \
         right; `--allow-partial` imports the valid part"
    );
}

/// 41 of 60 flipped bits of a plain export were imported as truth.
#[tokio::test]
async fn no_flipped_bit_of_a_file_is_taken_for_truth_and_nothing_of_it_is_appended() {
    let folder = tempfile::tempdir().unwrap();
    let lines = exported(&test_log::filled(12).await, true).await;
    let compressed = zstd::encode_all(&lines[..], 1).unwrap();
    for (name, whole, step) in [
        ("copy.ndjson", lines, 7),
        ("copy.ndjson.zst", compressed, 3),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, &whole).unwrap();
        let (head, imported) = import_file(&path, false).await;
        assert!(imported.unwrap().whole, "{name}");
        assert_eq!(head, Position(12), "{name}");
        for at in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&path, &damaged).unwrap();
            let (head, imported) = import_file(&path, false).await;
            // A zstd frame has unused bits; its content is right then.
            let Err(error) = imported else {
                assert!(
                    name.ends_with("zst") && head == Position(12),
                    "{name}, byte {at}"
                );
                continue;
            };
            assert_eq!(error.exit_code(), 6, "{name}, byte {at}: {error}");
            assert_eq!(head, Position::START, "{name}, byte {at}: {error}");
        }
    }
}

#[tokio::test]
async fn a_file_that_was_cut_names_its_last_good_line_and_is_taken_only_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.ndjson");
    let lines = exported(&test_log::filled(5).await, true).await;
    let ends: Vec<usize> = (0..lines.len()).filter(|at| lines[*at] == b'\n').collect();
    for cut in (1..lines.len() - 1)
        .step_by(11)
        .chain(ends.iter().map(|end| end + 1))
    {
        std::fs::write(&path, &lines[..cut]).unwrap();
        let good = ends.iter().filter(|end| **end <= cut).count();
        let is_whole = cut == lines.len();
        let (head, imported) = import_file(&path, false).await;
        assert_eq!(imported.is_ok(), is_whole, "cut at {cut}");
        if let Err(error) = imported {
            assert_eq!((error.exit_code(), head), (6, Position::START), "{error}");
            let (error, range) = (error.to_string(), format!("lines 1 to {good} are right"));
            let named = match good {
                0 => error.contains("no line is known") || error.contains("line 0 is the last"),
                good => {
                    error.contains(&range) || error.contains(&format!("line {good} is the last"))
                }
            };
            assert!(
                named && error.contains("--allow-partial"),
                "cut at {cut}: {error}"
            );
        }
        let (head, _) = import_file(&path, true).await;
        assert_eq!(head, Position(good.min(5) as u64), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_changed_line_is_known_to_ten_thousand_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.ndjson");
    let lines = exported(&test_log::filled(21_000).await, true).await;
    let at = lines.len() * 3 / 5;
    let digit = at + lines[at..].iter().position(u8::is_ascii_digit).unwrap();
    let mut changed = lines.clone();
    changed[digit] = if changed[digit] == b'1' { b'2' } else { b'1' };
    std::fs::write(&path, &changed).unwrap();
    let (head, imported) = import_file(&path, false).await;
    let error = imported.unwrap_err().to_string();
    assert!(
        error.contains("a line was changed") && error.contains("lines 1 to 10000 are right"),
        "{error}"
    );
    assert_eq!(head, Position::START);
}

/// Standard input can be read only once.
#[tokio::test]
async fn a_stream_that_was_cut_is_refused_at_its_end() {
    let lines = exported(&test_log::filled(10).await, false).await;
    let log = test_log::empty();
    let options = Options {
        allow_partial: false,
        ..from(lines)
    };
    let refused = import(&log, options).await.unwrap_err();
    assert!(refused.to_string().contains("no end line"), "{refused}");
    assert_eq!((refused.exit_code(), log.head()), (6, Position(10)));
}

/// What an older version wrote cannot be proven, and is taken when an operator insists.
#[tokio::test]
async fn an_end_without_a_digest_is_not_believed() {
    let mut lines = exported(&test_log::filled(3).await, false).await;
    lines.extend_from_slice(b"{\"end\":{\"events\":3,\"blobs\":0}}\n");
    let strict = |allow_partial| Options {
        allow_partial,
        ..from(lines.clone())
    };
    let refused = import(&test_log::empty(), strict(false)).await.unwrap_err();
    assert!(refused.to_string().contains("no digest"), "{refused}");
    let taken = import(&test_log::empty(), strict(true)).await.unwrap();
    assert_eq!((taken.appended, taken.whole), (3, false));
}

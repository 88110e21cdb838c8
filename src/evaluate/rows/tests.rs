use std::io::Write;

use allocation::{Ending, Usage};

use super::*;
use crate::evaluate::testing::{HEADER, Read, bundled, history, row};

#[test]
fn a_row_says_what_was_built_and_what_it_used() {
    let read = Read::of("made.csv", history(&[row(&[])]).as_bytes());
    let [sample] = &read.samples[..] else {
        panic!("{read:?}");
    };
    assert_eq!(
        sample.spec.to_string(),
        "emacs@29.2 +json gui=gtk arch=x86_64_v3%gcc@12.3.0"
    );
    assert_eq!(
        (sample.git_ref.as_str(), sample.build_jobs, sample.seconds),
        ("develop", Some(4), 3600.0)
    );
    assert_eq!(sample.ended_at, Some(1_700_003_600.0));
    let usage = |request, mean, max| Usage {
        request: Some(request),
        mean,
        max,
        ..Usage::default()
    };
    let (cpu, memory) = sample.usage().unwrap();
    assert_eq!(*cpu, usage(4.0, 2.0, 3.5));
    assert_eq!(*memory, usage(8e9, 1e9, 3e9));
}

#[test]
fn what_was_not_measured_is_not_known() {
    let columns = "pkg_name,pkg_version,pkg_variants,compiler_name,compiler_version,arch,ref,duration_s,\
                   cpu_mean,mem_max";
    let text = format!("{columns}\nemacs,29.2,,gcc,12,x86_64,develop,60,2,3e9\n");
    for text in [
        text,
        history(&[row(&[
            ("pkg_variants", ""),
            ("t_start", ""),
            ("t_end", ""),
            ("build_jobs", ""),
            ("cpu_request", ""),
            ("cpu_max", ""),
            ("mem_request", ""),
            ("mem_mean", ""),
        ])]),
    ] {
        let read = Read::of("made.csv", text.as_bytes());
        let [sample] = &read.samples[..] else {
            panic!("{read:?}");
        };
        assert_eq!((sample.ended_at, sample.build_jobs), (None, None));
        let (cpu, memory) = sample.usage().unwrap();
        // One of mean and peak is used for both.
        assert_eq!((cpu.request, cpu.mean, cpu.max), (None, 2.0, 2.0));
        assert_eq!((memory.request, memory.mean, memory.max), (None, 3e9, 3e9));
    }
}

/// One case per way in which a row can be wrong, with its message.
#[test]
fn a_bad_row_is_refused_with_its_place_and_the_rest_goes_on() {
    for (column, value, reason) in [
        ("mem_max", "-1", "is -1; it must be above 0"),
        ("mem_max", "0", "it must be above 0"),
        ("mem_max", "NaN", "is NaN"),
        ("mem_max", "inf", "is inf"),
        ("mem_max", "2e15", "at most 1000000000000000 of bytes"),
        ("mem_max", "", "it is empty"),
        ("mem_max", "3G", "`3G` is not a number of bytes"),
        ("mem_max", "2861", "another unit"),
        ("mem_mean", "4000000000", "above the peak"),
        ("mem_request", "-8", "at least 0"),
        ("cpu_mean", "2000m", "`2000m` is not a number of cores"),
        ("cpu_mean", "2000", "another unit"),
        ("cpu_mean", "", "it is empty"),
        ("cpu_mean", "1e9", "at most 100000"),
        ("cpu_max", "-3", "is -3"),
        ("cpu_request", "NaN", "is NaN"),
        ("duration_s", "", "it is empty"),
        ("duration_s", "-5", "is -5"),
        ("duration_s", "3600000000", "at most 31622400"),
        ("duration_s", "1h", "`1h` is not a number of seconds"),
        ("t_end", "1700003600000", "at most 253402300799"),
        ("t_end", "1600000000", "before it started"),
        ("t_start", "-inf", "it is -inf"),
        ("build_jobs", "2.5", "not a whole number"),
        ("build_jobs", "-4", "not a whole number"),
        ("build_jobs", "0", "above 0"),
        ("pkg_name", "", "it is empty"),
        ("pkg_variants", "+json", "not a JSON object"),
        ("pkg_variants", "[1]", "not a JSON object"),
        ("status", "failed", "expected a build that succeeded"),
    ] {
        let rows = [row(&[]), row(&[(column, value)]), row(&[])];
        let read = Read::of("made.csv", history(&rows).as_bytes());
        assert!(read.error.is_none(), "{column} {value}: {:?}", read.error);
        assert_eq!(read.samples.len(), 2, "{column} {value}");
        let [refused] = &read.refused[..] else {
            panic!("{column} {value}: {:?}", read.refused);
        };
        let data = refused.to_string();
        let place = format!("made.csv, row 2 (line 3), column {column}: ");
        assert!(data.starts_with(&place), "{value}: {data}");
        assert!(data.contains(reason), "{column} {value}: {data}");
    }
}

#[test]
fn a_build_that_ran_out_of_memory_says_what_it_was_killed_at_and_needs_no_peak() {
    let with_limit = |limit: &str| {
        let cells = [
            ("status", "out_of_memory"),
            ("mem_max", ""),
            ("cpu_mean", ""),
        ];
        format!("{HEADER},mem_limit\n{},{limit}\n", row(&cells))
    };
    let read = Read::of("made.csv", with_limit("4e9").as_bytes());
    let [sample] = &read.samples[..] else {
        panic!("{read:?}");
    };
    assert_eq!(
        sample.ending,
        Ending::OutOfMemory {
            limit: 4e9,
            imported: false
        }
    );
    for (limit, reason) in [
        ("", "column mem_limit: it is empty"),
        ("-1", "column mem_limit: it is -1"),
        ("NaN", "column mem_limit: it is NaN"),
        ("1e16", "column mem_limit: it is 1"),
        ("4096", "another unit"),
    ] {
        let read = Read::of("made.csv", with_limit(limit).as_bytes());
        let data = read.refused[0].to_string();
        assert!(data.contains(reason), "{limit}: {data}");
    }
    // Without the column there is nothing to learn.
    let without = history(&[row(&[("status", "out_of_memory")])]);
    let data = Read::of("made.csv", without.as_bytes()).refused[0].to_string();
    assert!(data.contains("mem_limit"), "{data}");
}

#[test]
fn many_variants_and_any_script_are_read_as_they_are() {
    let variants: Vec<String> = (0..500)
        .map(|number| format!(r#"""вариант{number}"": ""值"""#))
        .collect();
    let variants = format!("\"{{{}}}\"", variants.join(", "));
    let cells = [
        ("pkg_name", "пакет-包"),
        ("pkg_variants", variants.as_str()),
    ];
    let read = Read::of("made.csv", history(&[row(&cells)]).as_bytes());
    let [sample] = &read.samples[..] else {
        panic!("{read:?}");
    };
    assert_eq!(sample.spec.name, "пакет-包");
    assert_eq!(sample.spec.variants.iter().count(), 500);
}

#[test]
fn a_row_that_cannot_be_cut_into_cells_is_refused() {
    let mut text = history(&[row(&[]), "emacs,29.2".to_owned()]).into_bytes();
    text.extend(row(&[("pkg_name", "X")]).bytes().map(|byte| match byte {
        b'X' => 0xff,
        byte => byte,
    }));
    text.extend(format!("\n{}\n", row(&[])).bytes());
    let read = Read::of("made.csv", &text);
    let data: Vec<String> = read.refused.iter().map(ToString::to_string).collect();
    assert_eq!(
        data,
        [
            "made.csv, row 2 (line 3): it has 2 cells, and the header has 21",
            "made.csv, row 3 (line 4), column pkg_name: it is not UTF-8",
        ]
    );
    assert_eq!((read.samples.len(), read.error.is_none()), (2, true));
}

#[test]
fn a_strict_reader_stops_at_the_first_refusal() {
    let rows = [row(&[]), row(&[("mem_max", "")]), row(&[])];
    let mut taken = 0;
    let stopped = read("made.csv", history(&rows).as_bytes(), &mut |row| {
        row.map(|_| taken += 1).map_err(HistoryError::Refused)
    });
    assert!(
        matches!(stopped, Err(HistoryError::Refused(_))),
        "{stopped:?}"
    );
    assert_eq!(taken, 1);
}

#[test]
fn a_file_that_is_no_history_is_unusable() {
    let doubled = history(&[]).replace("arch", "arch,arch");
    let lacking = history(&[row(&[])]).replace("mem_max", "peak_mb");
    let open = history(&[row(&[]), row(&[("pkg_variants", ""), ("stack", "\"e4s")])])
        + &"x,\n".repeat(400_000);
    for (name, text, reason) in [
        ("a.csv", String::new(), "a.csv: the file is empty"),
        ("a.csv", "\n".to_owned(), "lacks the columns"),
        (
            "a.csv",
            lacking,
            "a.csv: the header lacks the columns mem_max",
        ),
        ("a.csv", doubled, "has the column arch twice"),
        ("a.csv", format!("{HEADER}\n"), "a.csv: there are no rows"),
        (
            "a.csv.zst",
            history(&[row(&[])]),
            "not compressed with zstd",
        ),
        (
            "a.csv",
            open,
            "from row 2 on: a row is longer than 1048576 bytes",
        ),
    ] {
        let read = Read::of(name, text.as_bytes());
        let data = read.error.expect(reason).to_string();
        assert!(data.contains(reason), "{reason}: {data}");
    }
}

#[test]
fn compression_is_seen_and_a_cut_is_noticed_wherever_it_is() {
    let rows: Vec<String> = (0..50)
        .map(|number| row(&[("pkg_version", &format!("1.{number}"))]))
        .collect();
    let text = history(&rows);
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    // The name need not show the compression.
    for name in ["a.csv.zst", "a.csv"] {
        let read = Read::of(name, &whole);
        assert!(read.error.is_none(), "{:?}", read.error);
        assert_eq!(read.samples.len(), 50);
    }
    for end in 1..whole.len() {
        let read = Read::of("a.csv.zst", &whole[..end]);
        let data = read.error.map(|error| error.to_string());
        assert!(
            data.as_ref()
                .is_some_and(|data| data.starts_with("a.csv.zst: ")),
            "cut at {end}: {data:?}"
        );
    }
}

/// Only a row may not be too long.
#[test]
fn a_file_may_be_longer_than_a_row_may_be() {
    let note = "x".repeat(1000);
    let rows: Vec<String> = (0..2500).map(|_| row(&[("source", &note)])).collect();
    let read = Read::of("made.csv", history(&rows).as_bytes());
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(read.samples.len(), rows.len());
}

#[test]
fn the_bundled_history_is_read_whole() {
    let samples = bundled();
    assert_eq!(samples.len(), 3500);
    assert_eq!(samples[0].spec.name, "perl-m302");
    assert_eq!(samples[3499].position, 3499);
}

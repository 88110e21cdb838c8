//! Rows and files that are refused.

use super::*;

#[tokio::test]
async fn a_bad_row_is_refused_by_number_and_column() {
    for (change, column, reason) in [
        (
            "cpu_mean = NULL",
            "cpu_mean",
            "should be a number, and is NULL",
        ),
        ("cpu_mean = 'much'", "cpu_mean", "other text"),
        ("mem_max = -1", "mem_max", "-1 is not an amount"),
        ("mem_max = 9e999", "mem_max", "inf is not an amount"),
        ("mem_limit = NULL", "mem_limit", "NULL"),
        ("cpu_limit = 'none'", "cpu_limit", "other text"),
        ("start = 'soon'", "start", "`soon` is not a time"),
        ("start = 1700000000000", "start", "not a time in seconds"),
        ("\"end\" = start", "end", "is not after"),
        ("gitlab_id = NULL", "gitlab_id", "should be a whole number"),
        ("gitlab_id = 'x'", "gitlab_id", "other text"),
        ("node = 7", "node", "node 7 is missing or invalid"),
        ("node = 'unknown'", "node", "names no row of nodes"),
        (
            "pkg_variants = '[]'",
            "pkg_variants",
            "an object of variants",
        ),
        (
            "pkg_variants = '{\"a\": 1}'",
            "pkg_variants",
            "is not an object of variants",
        ),
        ("pkg_name = ''", "pkg_name", "is empty"),
        (
            "pkg_version = x'00ff'",
            "pkg_version",
            "should be text, and is bytes",
        ),
        ("build_jobs = -2", "build_jobs", "-2 is not a count"),
        (
            "build_jobs = 1.5",
            "build_jobs",
            "1.5 is not a whole number",
        ),
    ] {
        let database = Database::with_jobs(3);
        database.run(&format!("UPDATE jobs SET {change} WHERE id = 2"));
        let log = test_log::empty();
        let report = import(&log, database.options()).await.unwrap();
        assert_eq!(report.jobs, counts(2, 0, 1), "{change}");
        let refused = &report.refused[0];
        assert_eq!(
            (refused.table, refused.row, refused.column),
            ("jobs", 2, column),
            "{change}"
        );
        assert!(
            refused.reason.contains(reason),
            "{change}: {}",
            refused.reason
        );

        let strict = Options {
            strict: true,
            ..database.options()
        };
        let stopped = import(&test_log::empty(), strict).await.unwrap_err();
        let text = stopped.to_string();
        assert!(
            text.starts_with(&format!("jobs row 2, column {column}: ")),
            "{change}: {text}"
        );
        assert_eq!(stopped.exit_code(), 6);
    }
}

#[tokio::test]
async fn a_bad_machine_takes_its_builds_with_it() {
    let database = Database::with_jobs(4);
    database.run("UPDATE nodes SET cores = NULL WHERE id = 2");
    let report = import(&test_log::empty(), database.options())
        .await
        .unwrap();
    assert_eq!(
        (report.nodes, report.jobs),
        (counts(1, 0, 1), counts(2, 0, 2))
    );
    assert_eq!(report.refused[0].column, "cores");
    assert_eq!(report.refused[1].column, "node");
}

#[tokio::test]
async fn what_is_no_such_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let options = |path: &Path| Options {
        database: path.to_owned(),
        ..Database::new().options()
    };
    let log = test_log::empty();
    let missing = import(&log, options(&path)).await.unwrap_err();
    assert_eq!(missing.exit_code(), 3);
    std::fs::write(
        &path,
        b"not a database at all, and longer than a header of one hundred bytes",
    )
    .unwrap();
    assert!(matches!(
        import(&log, options(&path)).await,
        Err(ToolError::Source { .. })
    ));
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE nodes (uuid TEXT)")
        .unwrap();
    let error = import(&log, options(&path)).await.unwrap_err().to_string();
    assert!(error.contains("column hostname, cores, mem"), "{error}");
    Connection::open(&path)
        .unwrap()
        .execute_batch("DROP TABLE nodes")
        .unwrap();
    let error = import(&log, options(&path)).await.unwrap_err().to_string();
    assert!(error.contains("table `nodes` not found"), "{error}");
}

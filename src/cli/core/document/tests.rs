use std::time::{Duration, Instant};

use super::*;

fn yaml(text: &str) -> Result<Value, String> {
    parse(Path::new("farm.yaml"), text).map_err(|error| error.to_string())
}

/// 50 kB of brackets kept a core busy for 36 s, and twice as many for four times as long.
#[test]
fn a_document_that_nests_too_deep_is_refused_at_once() {
    for text in [
        "[".repeat(50_000),
        "{a: ".repeat(50_000),
        "- ".repeat(50_000),
        format!("groups: {}{}", "[".repeat(100), "]".repeat(100)),
        format!("groups: [{}]", "[".repeat(1_000_000)),
    ] {
        let began = Instant::now();
        let refused = yaml(&text).unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(5), "{text:.20}");
        let is_named = refused.starts_with("nested deeper than 64 levels at line 1")
            || refused.starts_with("invalid YAML at line 1");
        assert!(is_named, "{text:.20}: {refused}");
    }
    let deep = format!("{}1{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
    assert!(yaml(&deep).is_ok());
}

/// Nine times nine lists of nine.
#[test]
fn aliases_that_become_too_much_are_refused_at_once() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..=9 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    let began = Instant::now();
    let refused = yaml(&text).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(
        refused.contains("with aliases expanded, at line 7"),
        "{refused}"
    );
}

#[test]
fn what_people_write_is_read() {
    let script = format!(
        "#!/bin/sh\n{}\n",
        "case $x in [[[{{{ ) ;; esac\n".repeat(200)
    );
    let text = format!(
        "pool: &pool P\njobs:\n- title: \"a [\"\n  worker_pool: *pool\n  script: |\n    {}\n",
        script.replace('\n', "\n    ")
    );
    let value = yaml(&text).unwrap();
    assert_eq!(value["jobs"][0]["worker_pool"], "P");
    assert!(
        value["jobs"][0]["script"]
            .as_str()
            .unwrap()
            .starts_with("#!/bin/sh\ncase")
    );
    assert_eq!(yaml("").unwrap(), Value::Null);
    assert!(yaml(include_str!("../../../../ops/farm.example.yaml")).is_ok());
}

/// A document out of a merge request read `/etc/shadow` into a worker's secret, and the server showed what it was.
#[test]
fn files_of_secrets_are_in_the_folder_of_the_document_unless_it_is_trusted() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("farm");
    std::fs::create_dir_all(folder.join("secrets")).unwrap();
    std::fs::write(root.path().join("outside"), "outside it\n").unwrap();
    std::fs::write(folder.join("secrets/one"), "inside it\n").unwrap();
    std::os::unix::fs::symlink(root.path().join("outside"), folder.join("link")).unwrap();
    let absolute = root.path().join("outside");
    let document = folder.join("farm.yaml");
    for (file, is_inside) in [
        ("secrets/one", true),
        ("./secrets/../secrets/one", true),
        ("../outside", false),
        ("link", false),
        (absolute.to_str().unwrap(), false),
    ] {
        std::fs::write(
            &document,
            format!("workers: [{{title: w, secret_file: {file}}}]"),
        )
        .unwrap();
        let secret = |files| {
            let read = read(&document, files).map_err(|failure| format!("{failure:?}"));
            read.map(|document| document["workers"][0]["secret"].clone())
        };
        assert!(secret(Files::Anywhere).is_ok(), "{file}");
        match secret(Files::InFolder) {
            Ok(secret) => assert!(is_inside && secret == "inside it", "{file}: {secret}"),
            Err(refused) => {
                assert!(
                    !is_inside && refused.contains("--allow-files"),
                    "{file}: {refused}"
                );
            }
        }
    }
}

//! A data directory that an earlier version wrote: it opens, its views are right, and it answers
//! what it answered then.
//!
//! `tests/archive/data-0.1.0` was written by version 0.1.0 (a demo of forty builds, then a farm,
//! two runs of a worker, a kill request and a token), each file compressed.
//! `answers-0.1.0.json.zst` has what that version answered.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::main_job::verify_and_compare;
use crate::server::Server;

/// Nothing writes while the answers are compared.
const QUIET: [(&str, &str); 3] = [
    ("TALLYMAN__JOBRUNNER__ENABLED", "false"),
    ("TALLYMAN__COLLECTOR__ENABLED", "false"),
    ("TALLYMAN__LOG__SEGMENT_BYTES", "1048576"),
];

fn archive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archive")
}

fn decompressed(file: &Path) -> Vec<u8> {
    zstd::decode_all(std::fs::File::open(file).unwrap()).unwrap()
}

/// Unpacks a folder of compressed files.
fn unpack(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            unpack(&path, &to.join(path.file_name().unwrap()));
        } else {
            std::fs::write(to.join(path.file_stem().unwrap()), decompressed(&path)).unwrap();
        }
    }
}

/// The first place where an answer lacks something of an earlier one. New fields are allowed,
/// changed values are not.
fn difference(place: &str, earlier: &Value, now: &Value) -> Option<String> {
    match (earlier, now) {
        (Value::Object(earlier), Value::Object(now)) => {
            let missing =
                |now: &Map<String, Value>, key: &str| now.get(key).cloned().unwrap_or_default();
            let mut fields = earlier.iter();
            fields.find_map(|(key, value)| {
                difference(&format!("{place}.{key}"), value, &missing(now, key))
            })
        }
        (Value::Array(earlier), Value::Array(now)) if earlier.len() == now.len() => {
            let mut rows = earlier.iter().zip(now).enumerate();
            rows.find_map(|(index, (earlier, now))| {
                difference(&format!("{place}[{index}]"), earlier, now)
            })
        }
        _ => (earlier != now).then(|| format!("{place}: was {earlier}, is {now}")),
    }
}

async fn answers_as_then(server: &Server) {
    server.until_ready().await;
    let answers = decompressed(&archive().join("answers-0.1.0.json.zst"));
    let answers: Map<String, Value> = serde_json::from_slice(&answers).unwrap();
    for (path, earlier) in &answers {
        let now = server.get(path).await;
        assert_eq!(difference("", earlier, &now), None, "{path}");
    }
}

#[tokio::test]
async fn a_data_directory_of_the_previous_version_opens_and_answers_as_then() {
    let mut server = Server::not_running(&QUIET);
    unpack(&archive().join("data-0.1.0"), server.dir());
    server.restart();
    answers_as_then(&server).await;
    verify_and_compare(&mut server);
}

/// The views can be rebuilt from the earlier version's log alone.
#[tokio::test]
async fn the_views_of_the_previous_version_can_be_rebuilt() {
    let mut server = Server::not_running(&QUIET);
    unpack(&archive().join("data-0.1.0"), server.dir());
    for view in ["views", "views.register"] {
        let path = server.dir().join(view);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    server.restart();
    answers_as_then(&server).await;
}

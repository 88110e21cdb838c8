//! Every place keeps the promises; the folder also finds damage.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::conformance;

#[tokio::test]
async fn memory_keeps_every_promise() {
    conformance::check(&Blobs::memory()).await;
}

#[tokio::test]
async fn a_folder_keeps_every_promise() {
    let directory = tempfile::tempdir().unwrap();
    conformance::check(&Blobs::local(directory.path().join("new/blobs")).unwrap()).await;
}

/// A folder is a place of its own: the same body in two folders is there twice, and each can be
/// deleted alone.
#[tokio::test]
async fn a_folder_within_a_place_keeps_every_promise_and_is_apart() {
    let directory = tempfile::tempdir().unwrap();
    let all = Blobs::local(directory.path().join("blobs")).unwrap();
    let body = Bytes::from_static(b"a body");
    let blob = all.put(body.clone()).await.unwrap();
    for folder in ["refused", "..", "a/b", "ü", "ab"] {
        let within = all.within(folder);
        conformance::check(&within).await;
        let apart = within.within("one");
        assert_eq!(apart.put(body.clone()).await.unwrap(), blob, "{folder}");
        assert!(!within.has(blob.digest).await.unwrap(), "{folder}");
        apart.delete(blob.digest).await.unwrap();
    }
    assert_eq!(all.get(blob.digest, 100).await.unwrap(), Some(body));
    let listed: Vec<Listed> = all.list().try_collect().await.unwrap();
    assert!(
        listed.iter().all(|listed| listed.blob == blob),
        "{listed:?}"
    );
    let outside = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(outside, 1, "nothing is written outside the folder");
}

/// Against moto, a faithful imitation of S3.
#[tokio::test]
async fn a_bucket_keeps_every_promise() {
    let moto = Moto::start();
    let prefix = "some/where".to_owned();
    conformance::check(
        &Blobs::s3(&S3Config {
            prefix,
            ..moto.config("bucket")
        })
        .unwrap(),
    )
    .await;
    conformance::check(&Blobs::s3(&moto.config("bucket")).unwrap()).await;

    let missing = Blobs::s3(&moto.config("missing")).unwrap();
    let unavailable = missing.check().await.unwrap_err();
    assert!(
        matches!(unavailable, BlobError::Unavailable { .. }),
        "{unavailable}"
    );
    let unavailable = missing
        .put(Bytes::from_static(b"a body"))
        .await
        .unwrap_err();
    assert!(
        matches!(unavailable, BlobError::Unavailable { .. }),
        "{unavailable}"
    );
}

#[tokio::test]
async fn a_damaged_body_is_a_fault_that_names_it() {
    let (directory, blobs, blob) = one().await;
    let file = file_of(&directory, blob.digest);
    for damaged in [&b"another bodY"[..], b"a bo", b"", b"a body and more of it"] {
        fs::write(&file, damaged).unwrap();
        let fault = blobs.get(blob.digest, 100).await.unwrap_err();
        assert!(
            matches!(&fault, BlobError::Fault { digest, .. } if *digest == blob.digest),
            "{fault}"
        );
        assert!(fault.to_string().contains(&blob.digest.to_string()));
    }
}

#[tokio::test]
async fn putting_a_truncated_body_again_mends_it() {
    let (directory, blobs, blob) = one().await;
    fs::write(file_of(&directory, blob.digest), "a bo").unwrap();
    blobs.put(BODY).await.unwrap();
    assert_eq!(blobs.get(blob.digest, 100).await.unwrap(), Some(BODY));
}

#[tokio::test]
async fn a_body_that_is_there_is_not_written_again() {
    let (directory, blobs, blob) = one().await;
    let file = file_of(&directory, blob.digest);
    // A write would replace the file, and with it this one's name.
    let other_name = directory.path().join("other name");
    fs::hard_link(&file, &other_name).unwrap();
    blobs.put(BODY).await.unwrap();
    fs::write(&other_name, "seen under both names").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"seen under both names");
}

/// What a power cut leaves behind: a file that was not renamed yet, and one that is no blob at all.
#[tokio::test]
async fn half_written_files_are_passed_over() {
    let (directory, blobs, blob) = one().await;
    let missing = Digest::of(b"half");
    let file = file_of(&directory, missing);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(
        file.with_file_name(format!("{}#1", &missing.to_string()[2..])),
        "ha",
    )
    .unwrap();
    fs::write(directory.path().join("README"), "not a blob").unwrap();

    assert!(!blobs.has(missing).await.unwrap());
    assert_eq!(blobs.get(missing, 100).await.unwrap(), None);
    let listed: Vec<_> = blobs.list().try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].blob, blob);
    blobs.put(Bytes::from_static(b"half")).await.unwrap();
    assert_eq!(
        blobs.get(missing, 100).await.unwrap(),
        Some(Bytes::from_static(b"half"))
    );
}

#[tokio::test]
async fn a_folder_that_is_gone_is_unavailable() {
    let (directory, blobs, _) = one().await;
    blobs.check().await.unwrap();
    fs::remove_dir_all(directory.path()).unwrap();
    let gone = blobs.check().await.unwrap_err();
    assert!(matches!(gone, BlobError::Unavailable { .. }), "{gone}");
}

#[test]
fn secrets_are_not_shown() {
    let secret_access_key = Some("hush".to_owned().into());
    let config = S3Config {
        secret_access_key,
        ..S3Config::default()
    };
    assert!(!format!("{config:?}").contains("hush"));
}

const BODY: Bytes = Bytes::from_static(b"another body");

async fn one() -> (tempfile::TempDir, Blobs, BlobRef) {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(directory.path()).unwrap();
    let blob = blobs.put(BODY).await.unwrap();
    (directory, blobs, blob)
}

fn file_of(directory: &tempfile::TempDir, digest: Digest) -> PathBuf {
    let digest = digest.to_string();
    directory.path().join(&digest[..2]).join(&digest[2..])
}

/// A server that plays S3 on loopback, with one bucket.
struct Moto {
    server: Child,
    endpoint: String,
}

impl Moto {
    fn start() -> Self {
        let installed = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/test-tools/bin/moto_server"
        );
        let executable = std::env::var_os("TALLYMAN_MOTO").unwrap_or_else(|| installed.into());
        let mut server = Command::new(&executable)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{} cannot be started ({error}): `ops/test install` installs it, or TALLYMAN_MOTO \
                     names a moto_server",
                    executable.display()
                )
            });
        // It prints its address among other lines, and must not be blocked by a full pipe.
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let endpoint = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| Some(line[line.find("http://127.0.0.1:")?..].trim().to_owned()))
            .expect("the server says where it listens");
        std::thread::spawn(move || lines.for_each(drop));

        let address = endpoint.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).unwrap();
        let request = format!(
            "PUT /bucket HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        Self { server, endpoint }
    }

    fn config(&self, bucket: &str) -> S3Config {
        S3Config {
            bucket: bucket.into(),
            endpoint: Some(self.endpoint.clone()),
            access_key_id: Some("tester".into()),
            secret_access_key: Some("anything".to_owned().into()),
            ..S3Config::default()
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

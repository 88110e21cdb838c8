//! The ports of the job runner, which are not HTTP.

use std::net::TcpStream;
use std::process::Command;

use crate::server::Server;

const ANY_PORTS: [(&str, &str); 2] = [
    ("TALLYMAN__JOBRUNNER__BROADCASTER_PORT", "0"),
    ("TALLYMAN__JOBRUNNER__EVENT_PORT", "0"),
];

#[tokio::test]
async fn workers_find_the_ports_that_the_server_names() {
    let server = Server::start(&ANY_PORTS);
    let info = server.get("/v1/info").await;
    for port in ["broadcaster", "events"] {
        let address = info["ports"][port].as_str().unwrap();
        let address = address.strip_prefix("tcp://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let mut first = [0];
        std::io::Read::read_exact(&mut stream, &mut first).unwrap();
        assert_eq!(first, [0xFF], "{port} speaks ZMTP");
    }
}

/// Workers that are configured for a port would wait there for ever.
#[tokio::test]
async fn a_port_that_the_configuration_names_is_had_or_there_is_no_start() {
    let server = Server::start(&ANY_PORTS);
    let info = server.get("/v1/info").await;
    let taken = info["ports"]["broadcaster"].as_str().unwrap();
    let taken = taken.rsplit_once(':').unwrap().1.to_owned();
    let dir = tempfile::tempdir().unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_tallyman"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .arg("serve")
        .env_clear()
        .env("TALLYMAN__JOBRUNNER__BROADCASTER_PORT", &taken)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success(), "{errors}");
    assert!(errors.contains("jobrunner.broadcaster_port"), "{errors}");
}

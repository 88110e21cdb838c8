//! The history of a Gantry, taken over once.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::server::Server;

/// How many builds the old service knew.
const BUILDS: i64 = 5;

#[tokio::test]
async fn the_history_of_a_gantry_answers_and_is_taken_over_once() {
    let mut server = Server::start(&[]);
    server.stop();
    let database = server.dir().join("gantry.db");
    fill(&database);
    let import = [
        "-o",
        "json",
        "import",
        "gantry",
        "--db",
        database.to_str().unwrap(),
    ];
    let first = report(&server.cli(&import));
    assert_eq!(first["jobs"]["imported"], BUILDS);
    assert_eq!(first["nodes"]["imported"], 1);
    let second = report(&server.cli(&import));
    assert_eq!(second["jobs"]["imported"], 0);
    assert_eq!(second["jobs"]["already"], BUILDS);

    server.restart();
    let spec = "/v1/allocation?spec=zlib@1.3%20+shared%20build_system=makefile%20arch=x86_64_v3%25gcc@12.3.0";
    let known = |answer: &Value| answer["variables"]["KUBERNETES_MEMORY_REQUEST"] == "1000M";
    let answer = server.get_until(spec, known).await;
    let events = server
        .get("/v1/events?type=build.usage_recorded&limit=100")
        .await;
    assert_eq!(events["items"].as_array().unwrap().len() as i64, BUILDS);
    assert_eq!(answer["variables"]["KUBERNETES_CPU_REQUEST"], "0.5");
}

#[track_caller]
fn report(output: &std::process::Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("the command printed JSON")
}

/// Writes a database in the shape of the old service, with the shell of SQLite.
#[track_caller]
fn fill(database: &Path) {
    let mut script = String::from(
        "CREATE TABLE nodes (id INTEGER PRIMARY KEY, uuid TEXT, hostname TEXT, cores REAL, mem REAL,
           arch TEXT, os TEXT, instance_type TEXT);
         CREATE TABLE jobs (id INTEGER PRIMARY KEY, pod TEXT, node INTEGER, start REAL, end REAL,
           gitlab_id INTEGER, job_status TEXT, ref TEXT, pkg_name TEXT, pkg_version TEXT,
           pkg_variants TEXT, compiler_name TEXT, compiler_version TEXT, arch TEXT, stack TEXT,
           build_jobs INTEGER, cpu_request REAL, cpu_limit REAL, cpu_mean REAL, cpu_median REAL,
           cpu_max REAL, cpu_min REAL, cpu_stddev REAL, mem_request REAL, mem_limit REAL,
           mem_mean REAL, mem_median REAL, mem_max REAL, mem_min REAL, mem_stddev REAL);
         INSERT INTO nodes VALUES (1, 'uuid-1', 'ip-10-0-0-1', 64, 1.28e11, 'amd64', 'linux', 'm5');\n",
    );
    for id in 1..=BUILDS {
        let start = 1_706_000_000 + id * 1000;
        script.push_str(&format!(
            "INSERT INTO jobs VALUES ({id}, 'runner-{id}', 1, {start}, {}, {}, 'success', 'develop',
               'zlib', '1.3', '{{\"shared\": true, \"build_system\": \"makefile\"}}', 'gcc', '12.3.0',
               'x86_64_v3', 'e4s', 16, 0.75, NULL, 0.5, 0.4, 1.5, 0.1, 0.2, 2e9, 48e9, 1e9, 9e8, 3e9,
               1e6, 5e8);\n",
            start + 500,
            7000 + id,
        ));
    }
    let done = Command::new("sqlite3").arg(database).arg(script).status();
    let done = done.expect("`ops/test install` installs Debian's sqlite3");
    assert!(done.success(), "sqlite3 did not take the script");
}

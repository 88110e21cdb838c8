//! Settings of jobs that the old server did not have, with workers that do not know them.

use super::*;

/// A job that may take two seconds and is tried again once, and what runs after it.
const FARM: &str = r#"
jobs:
  - title: Slow
    job_template: Shell
    worker_pool: Pool
    script_content_partial: sleep 300
    run_timeout_seconds: 2
    retries: 1
    retry_delay_seconds: 0
    first_run: now
  - {title: Then, job_template: Shell, worker_pool: Pool, script_content_partial: echo then, parent: Slow}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_killed_and_tried_again() {
    let mut farm = Farm::new();
    let file = farm.server.dir().join("slow.yaml");
    std::fs::write(&file, FARM).unwrap();
    farm.first.report(&farm.server).await;
    let applied = farm
        .server
        .cli(&["-o", "json", "apply", "-f", file.to_str().unwrap()]);
    assert!(applied.status.success(), "{applied:?}");
    let applied: Value = serde_json::from_slice(&applied.stdout).unwrap();
    let first_run = applied["jobs"]["Slow"]["first_run"].as_u64().unwrap();
    let then = applied["jobs"]["Then"]["id"].as_u64().unwrap();

    let mut ear = farm.first.listen(&farm.broadcaster().await).await;
    let run = ear.next_run().await;
    assert_eq!(run, format!("/api/v1/run/{first_run}/"));
    farm.first.claim(&farm.server, &run).await;
    farm.first.start(&farm.server, &run, 6023).await;
    let kill = ear.next_kill().await;
    // The server that requested the kill dies, and does not request it again.
    farm.crash();
    let mut ear = farm.first.listen(&farm.broadcaster().await).await;
    assert_eq!(ear.next_kill().await, kill);
    for body in [json!({"enqueue_dts": now()}), json!({"execute_dts": now()})] {
        farm.first.patch(&farm.server, &kill, body).await;
    }
    farm.first
        .finish(&farm.server, &run, "killed\n", false)
        .await;

    let again = ear.next_run().await;
    assert_ne!(again, run);
    let found = farm.first.get(&farm.server, &again).await;
    assert_eq!(
        (&found["schedule_id"], &found["is_manual"]),
        (&json!(first_run), &json!(false))
    );
    farm.first.claim(&farm.server, &again).await;
    farm.first.start(&farm.server, &again, 6024).await;
    farm.first
        .finish(&farm.server, &again, "done\n", true)
        .await;
    let child = ear.next_run().await;
    let child = farm.first.get(&farm.server, &child).await;
    assert_eq!(child["job"], format!("/api/v1/job/{then}/"));

    let number = |run: &str| run.split('/').nth(4).unwrap().to_owned();
    let shown = |run: &str| format!("/v1/runs/{}", number(run));
    let failed = farm.server.get(&shown(&run)).await;
    assert_eq!(failed["timed_out_after_seconds"], 2, "{failed}");
    assert_eq!(
        (&failed["attempt"], &failed["success"]),
        (&json!(1), &json!(false))
    );
    let retry = farm.server.get(&shown(&again)).await;
    assert_eq!(failed["retried_by"], retry["run"]);
    assert_eq!(
        (&retry["attempt"], &retry["retry_of"]),
        (&json!(2), &failed["run"])
    );
    let asked = farm
        .server
        .get(&format!("{}/kill-requests", shown(&run)))
        .await;
    let asked = asked["items"].as_array().unwrap();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0]["reason"], "timed_out");
    assert_eq!(
        farm.story_of(&run).await,
        [
            "run.scheduled",
            "run.claimed",
            "run.started",
            "run.pid_reported",
            "run.timed_out",
            "run.returned",
            "run.retried"
        ]
    );
    let counted = format!("/v1/streams/job-tally:{}", applied["jobs"]["Slow"]["id"]);
    let counted = farm.server.get(&counted).await;
    let counted = counted["items"].as_array().unwrap();
    assert_eq!(counted.len(), 1, "the last attempt counts: {counted:?}");
    assert_eq!(counted[0]["data"]["fails"], 0);
    verify_and_compare(&mut farm.server);
}

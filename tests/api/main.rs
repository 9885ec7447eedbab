//! The API under requests that nobody would think of: schemathesis makes them from the server's own description, right and
//! wrong ones, and no answer may be the server's own failure.
//!
//! It runs as the administrator and as a member, since they get to different places. What ends the log-in that it uses comes
//! last.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bellbird_tests::{Server, Stage, cache_folder};
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

/// Ends, or may end, the log-in that asks.
const LAST: &str = "sessions/current|password|clients/|api-keys/|users/\\{id\\}$|users/bulk";
/// Requests that are made up for each operation: half a minute for a run.
const EXAMPLES: &str = "20";
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test]
async fn no_request_makes_the_server_fail() {
    let stage = Stage::new().await;
    let server = Server::start(&stage).await;
    let (admin, member) = (key_of(&server, "marieke").await, key_of(&server, "anna").await);
    let all_but = |excluded: &str| vec!["--exclude-path-regex".to_owned(), excluded.to_owned()];
    // Two at once, one for each core.
    tokio::join!(
        withstands(&server, stage.folder(), "administrator", &admin, all_but(LAST)),
        withstands(&server, stage.folder(), "member", &member, all_but(LAST)),
    );
    for (who, key) in [("administrator", &admin), ("member", &member)] {
        let me = reqwest::Client::new().get(format!("{}/api/v1/me", server.url())).bearer_auth(key).send().await;
        assert!(me.expect("the server answers").status().is_success(), "the {who} was logged out: it saw little");
    }
    withstands(
        &server,
        stage.folder(),
        "administrator, to the end",
        &admin,
        vec!["--include-path-regex".to_owned(), LAST.to_owned()],
    )
    .await;
    assert_eq!(server.log().count("panicked"), 0);
}

async fn key_of(server: &Server, login: &str) -> String {
    let made = server.log_in(login).await.post("/me/api-keys", json!({ "name": "schemathesis" })).await;
    made["secret"].as_str().expect("a key").to_owned()
}

async fn withstands(server: &Server, folder: &Path, who: &str, key: &str, which: Vec<String>) {
    let mut command = Command::new(schemathesis());
    command.args(["run", &format!("{}/api/v1/openapi.json", server.url())]);
    command.args(["--header", &format!("Authorization: Bearer {key}"), "--checks", "not_a_server_error"]);
    // The same requests each time; one worker, since Python 3.11 does not take more.
    command.args(["--phases", "fuzzing", "--workers", "1", "--max-examples", EXAMPLES, "--seed", "1", "--no-shrink"]);
    command.args(["--generation-database", "none", "--continue-on-failure", "--no-color"]);
    // It keeps notes where it runs.
    command.args(which).current_dir(folder).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends in time").expect("schemathesis starts");
    let (words, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "as {who}:\n{words}{errors}");
    let count = |what: &str| {
        let line = words.lines().find_map(|line| line.trim().strip_prefix(what));
        line.and_then(|line| line.split('/').next()?.parse::<u32>().ok())
    };
    let (selected, tested) = (count("Selected: "), count("Tested: "));
    assert!(selected.is_some_and(|all| all > 5) && selected == tested, "as {who} it left some out:\n{words}");
    let cases = words.lines().find(|line| line.contains(" generated, ")).unwrap_or_default();
    eprintln!("as {who}: {tested:?} operations, {}", cases.trim());
}

fn schemathesis() -> PathBuf {
    let program = cache_folder().join("python/bin/schemathesis");
    assert!(program.exists(), "{} is missing: `make test` installs it", program.display());
    program
}

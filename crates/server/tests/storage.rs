//! Both databases pass one suite, and neither loses what it acknowledged.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod postgres;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use bellbird_server::store::{Store, conformance};

use postgres::Postgres;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_does_what_every_storage_does() {
    let folder = tempfile::tempdir().unwrap();
    let (store, aside) = Store::open_sqlite(folder.path()).unwrap();
    assert_eq!(aside, None);
    conformance::all(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_does_what_every_storage_does() {
    let Some(postgres) = Postgres::start() else { return };
    let url = postgres.url();
    let store = tokio::task::spawn_blocking(move || Store::open_postgres(&url)).await.unwrap().unwrap();
    conformance::all(&store).await;
    tokio::task::spawn_blocking(move || drop(store)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_over_one_database_hear_of_each_others_changes_also_after_it_was_away() {
    let Some(mut postgres) = Postgres::start() else { return };
    let url = postgres.url();
    let open = move || [Store::open_postgres(&url).unwrap(), Store::open_postgres(&url).unwrap()];
    let [one, other] = tokio::task::spawn_blocking(open).await.unwrap();
    conformance::nodes(&one, &other).await;
    let again = move || {
        postgres.kill_and_restart();
        postgres
    };
    let postgres = tokio::task::spawn_blocking(again).await.unwrap();
    conformance::nodes(&one, &other).await;
    tokio::task::spawn_blocking(move || drop((one, other, postgres))).await.unwrap();
}

#[test]
fn sqlite_keeps_what_it_acknowledged_through_a_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    let place = ["--data".to_owned(), folder.path().display().to_string()];
    let acknowledged = (0..100).flat_map(|round| kill_under_load(&place, round)).collect();
    assert_kept(&place, &acknowledged);
}

#[test]
fn postgres_keeps_what_it_acknowledged_while_server_and_database_are_killed() {
    let Some(mut postgres) = Postgres::start() else { return };
    let place = ["--database".to_owned(), postgres.url()];
    let mut acknowledged = BTreeSet::new();
    for round in 0..100 {
        acknowledged.extend(kill_under_load(&place, round));
        if round % 20 == 19 {
            postgres.kill_and_restart();
        }
    }
    assert_kept(&place, &acknowledged);
}

/// Starts the load, kills it after some acknowledged writes, and says which these were.
fn kill_under_load(place: &[String; 2], round: usize) -> Vec<String> {
    let mut child = load(place).arg(round.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Another number each round, so that the kill meets other moments.
    let wanted = 1 + round * 7 % 23;
    let mut acknowledged = Vec::new();
    for line in lines.map_while(Result::ok) {
        acknowledged.push(line);
        if acknowledged.len() == wanted {
            // SIGKILL: nothing is flushed, nobody is told. What is in the pipe was acknowledged and is read to its end.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= wanted, "it ended by itself after {}", acknowledged.len());
    acknowledged
}

fn assert_kept(place: &[String; 2], acknowledged: &BTreeSet<String>) {
    let output = load(place).output().unwrap();
    let kept: BTreeSet<String> = String::from_utf8_lossy(&output.stdout).lines().map(ToOwned::to_owned).collect();
    assert!(kept.len() > 100, "{}", String::from_utf8_lossy(&output.stderr));
    let lost: Vec<&String> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
}

fn load(place: &[String; 2]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellbird-server"));
    command.args(place).arg("storage-load");
    command
}

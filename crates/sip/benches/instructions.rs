//! Instructions per message, counted by callgrind, beside rsip in one run.
//!
//! `cargo bench -p bellbird-sip --bench instructions` prints a table; with `-- --check` it fails where an aim is missed.
//! It runs itself under `valgrind --tool=callgrind` twice per case, with one number of rounds and with another: the
//! difference holds the parsing alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // A measurement, not a library.

use std::hint::black_box;
use std::process::Command;

mod work;

const ROUNDS: [u64; 2] = [100, 300];

struct Aim {
    case: &'static str,
    limit: Option<u64>,
}

const AIMS: [Aim; 8] = [
    Aim { case: "invite", limit: Some(16_000) },
    Aim { case: "register", limit: Some(7_000) },
    Aim { case: "invite_untyped", limit: None },
    Aim { case: "fields_x20", limit: None },
    Aim { case: "fields_x40", limit: None },
    Aim { case: "body_x2", limit: None },
    Aim { case: "rsip_invite", limit: None },
    Aim { case: "rsip_register", limit: None },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, round, case, count] = &arguments[..]
        && round == "--round"
    {
        let input = work::input(case);
        for _ in 0..count.parse().unwrap() {
            work::run(case, black_box(&input));
        }
        return;
    }
    let check = arguments.iter().any(|argument| argument == "--check");
    measure(check);
}

fn measure(check: bool) {
    println!("{:<16} {:>8} {:>14} {:>10}", "case", "bytes", "instructions", "aim");
    let mut missed = false;
    for Aim { case, limit } in AIMS {
        let [few, many] = ROUNDS.map(|rounds| instructions(case, rounds));
        let each = (many - few) / (ROUNDS[1] - ROUNDS[0]);
        let aim = limit.map_or("-".to_owned(), |limit| limit.to_string());
        println!("{case:<16} {:>8} {each:>14} {aim:>10}", work::input(case).len());
        missed |= limit.is_some_and(|limit| each > limit);
    }
    assert!(!(check && missed), "an aim is missed");
}

fn instructions(case: &str, rounds: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--round", case, &rounds.to_string()])
        .output()
        .expect("valgrind is needed");
    let report = String::from_utf8_lossy(&output.stderr);
    let line = report.lines().find_map(|line| line.split("Collected : ").nth(1));
    line.unwrap_or_else(|| panic!("{report}")).trim().parse().unwrap()
}

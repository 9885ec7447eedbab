//! Instructions per message, counted by callgrind, beside rsip in one run.
//!
//! `cargo bench -p bellbird-sip --bench instructions` prints a table; with `-- --check` it fails where a limit is passed.
//! The limits keep what was reached; the aims say where it should go.
//! It runs itself under `valgrind --tool=callgrind` twice per case, with one number of rounds and with another: the
//! difference holds the parsing alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // A measurement, not a library.

use std::hint::black_box;
use std::process::Command;

mod work;

const ROUNDS: [u64; 2] = [100, 300];

struct Case {
    name: &'static str,
    /// Instructions that it should take.
    aim: Option<u64>,
    /// Instructions that it must not take.
    limit: Option<u64>,
}

impl Case {
    const fn plain(name: &'static str) -> Self {
        Self { name, aim: None, limit: None }
    }
}

const CASES: [Case; 8] = [
    Case { name: "invite", aim: Some(16_000), limit: Some(19_300) },
    Case { name: "register", aim: Some(7_000), limit: Some(9_800) },
    Case::plain("invite_untyped"),
    Case::plain("fields_x20"),
    Case::plain("fields_x40"),
    Case::plain("body_x2"),
    Case::plain("rsip_invite"),
    Case::plain("rsip_register"),
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
    let mut counts = Vec::new();
    for Case { name, aim, limit } in CASES {
        let [few, many] = ROUNDS.map(|rounds| instructions(name, rounds));
        let each = (many - few) / (ROUNDS[1] - ROUNDS[0]);
        let aim = aim.map_or("-".to_owned(), |aim| aim.to_string());
        println!("{name:<16} {:>8} {each:>14} {aim:>10}", work::input(name).len());
        assert!(!check || limit.is_none_or(|limit| each <= limit), "{name} takes more than {limit:?}");
        counts.push((name, each));
    }
    let count = |name| counts.iter().find(|(known, _)| *known == name).map(|(_, count)| *count).unwrap();
    let first = count("fields_x20") - count("invite_untyped");
    let second = count("fields_x40") - count("fields_x20");
    println!("20 and 20 more fields: {first} and {second}: linear in the length");
    assert!(!check || second * 10 <= first * 11, "parsing is not linear");
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

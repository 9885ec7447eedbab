//! Instructions for 10 ms of a call, counted by callgrind.
//!
//! `cargo bench -p bellbird-voice --bench instructions` prints a table; with `-- --check` it fails where an aim is missed.
//! It runs itself under `valgrind --tool=callgrind` twice per case, with one number of rounds and with another: the
//! difference holds the work alone. A core does some 30 million instructions in 10 ms. Valgrind knows AVX2, no more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // A measurement, not a library.

use std::process::Command;

mod work;

const ROUNDS: [u64; 2] = [100, 300];

/// Instructions that a case may take: a tenth above what it took when it was last looked at.
const AIMS: [Option<u64>; work::CASES.len()] = [None; work::CASES.len()];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, round, case, count] = &arguments[..]
        && round == "--round"
    {
        let mut work = work::Work::new(case);
        (0..count.parse().unwrap()).for_each(|_: u64| work.run());
        return;
    }
    measure(arguments.iter().any(|argument| argument == "--check"));
}

fn measure(check: bool) {
    println!("{:<24} {:>14} {:>10}", "case", "instructions", "aim");
    let mut missed = false;
    for (case, aim) in work::CASES.into_iter().zip(AIMS) {
        let [few, many] = ROUNDS.map(|rounds| instructions(case, rounds));
        let each = (many - few) / (ROUNDS[1] - ROUNDS[0]);
        println!("{case:<24} {each:>14} {:>10}", aim.map_or("-".to_owned(), |aim| aim.to_string()));
        missed |= aim.is_some_and(|aim| each > aim);
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

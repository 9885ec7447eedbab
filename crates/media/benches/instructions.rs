//! Instructions per packet and per description, counted by callgrind.
//!
//! `cargo bench -p bellbird-media --bench instructions` prints a table; with `-- --check` it fails where an aim is missed.
//! It runs itself under `valgrind --tool=callgrind` twice per case, with one number of rounds and with another: the
//! difference holds the work alone. Valgrind knows AES-NI, not the wider vector instructions that ring uses for GCM.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)] // A measurement, not a library.

use std::process::Command;

mod work;

const ROUNDS: [u64; 2] = [100, 300];

/// Instructions that each case may take: a tenth or so above what it took when it was last looked at.
const AIMS: [u64; work::CASES.len()] = [20_000, 67_000, 850, 6_900, 2_000, 2_000, 14_500, 4_600];

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
        println!("{case:<24} {each:>14} {aim:>10}");
        missed |= each > aim;
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

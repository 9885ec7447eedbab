//! Time for 10 ms of a call: a hundredth of what is printed in µs is the share of a core in percent.

#![allow(clippy::unwrap_used)] // A measurement, not a library.

use criterion::{Criterion, criterion_group, criterion_main};

mod work;

fn path(criterion: &mut Criterion) {
    for case in work::CASES {
        let mut work = work::Work::new(case);
        criterion.bench_function(case, |bencher| bencher.iter(|| work.run()));
    }
}

criterion_group!(benches, path);
criterion_main!(benches);

//! Time per message, beside rsip in one run: `cargo bench -p bellbird-sip --bench parse`.

#![allow(clippy::unwrap_used)] // A measurement, not a library.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

mod work;

fn parse(criterion: &mut Criterion) {
    for (group, cases) in [("invite", ["invite", "rsip_invite"]), ("register", ["register", "rsip_register"])] {
        let mut group = criterion.benchmark_group(group);
        for case in cases {
            let input = work::input(case);
            group.throughput(Throughput::Bytes(input.len() as u64));
            group.bench_function(case, |bencher| bencher.iter(|| work::run(case, black_box(&input))));
        }
        group.finish();
    }
}

criterion_group!(benches, parse);
criterion_main!(benches);

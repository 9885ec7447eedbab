//! Time per packet and per description.

#![allow(clippy::unwrap_used)] // A measurement, not a library.

use criterion::{Criterion, criterion_group, criterion_main};

mod work;

fn session(criterion: &mut Criterion) {
    for case in work::CASES {
        let mut work = work::Work::new(case);
        criterion.bench_function(case, |bencher| bencher.iter(|| work.run()));
    }
    for suite in bellbird_media::srtp::Suite::ALL {
        let mut round = work::protect_and_unprotect(suite);
        criterion.bench_function(&format!("srtp_{suite}"), |bencher| bencher.iter(&mut round));
    }
}

criterion_group!(benches, session);
criterion_main!(benches);

//! How far ahead of its need each packet is there.

/// How early the last packets came before they were needed, and how long before they were heard, in nanoseconds of
/// delay. A block needs its packet when it is pulled, up to 10 ms before the packet's first sample is heard.
#[derive(Debug, Default)]
pub(crate) struct Margins {
    needed: [i64; Self::KEPT],
    heard: [i64; Self::KEPT],
    count: usize,
}

impl Margins {
    const KEPT: usize = 10;

    pub(crate) fn push(&mut self, needed: i64, heard: i64) {
        self.needed[self.count % Self::KEPT] = needed;
        self.heard[self.count % Self::KEPT] = heard;
        self.count += 1;
    }

    /// Whether enough packets came since the last change to tell.
    pub(crate) fn are_known(&self) -> bool {
        self.count >= Self::KEPT
    }

    /// The least of the last ones, as (when needed, when heard).
    pub(crate) fn least(&self) -> Option<(i64, i64)> {
        let kept = self.count.min(Self::KEPT);
        let least = |values: &[i64]| values[..kept].iter().copied().min();
        Some((least(&self.needed)?, least(&self.heard)?))
    }

    /// Playing changed its delay: what was measured before says nothing of what comes.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_the_last_ten_counts() {
        let mut margins = Margins::default();
        assert_eq!(margins.least(), None);
        margins.push(1, 2);
        for n in 5..15 {
            margins.push(n, n + 3);
        }
        assert_eq!(margins.least(), Some((5, 8)));
        margins.clear();
        assert_eq!(margins.least(), None);
    }
}

/// Which packet indices have been seen: a window of 128 below the highest (RFC 3711 §3.3.2).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReplayWindow {
    /// One above the highest index; 0 before the first packet.
    next: u64,
    /// Bit n: the index `next - 1 - n` has been seen.
    seen: u128,
}

impl ReplayWindow {
    /// Whether a packet of this index is new.
    pub(crate) fn is_new(&self, index: u64) -> bool {
        match self.next.checked_sub(index + 1) {
            None => true,
            Some(age) if age < 128 => self.next == 0 || self.seen & (1 << age) == 0,
            Some(_) => false,
        }
    }

    /// Notes an authentic packet.
    pub(crate) fn accept(&mut self, index: u64) {
        match self.next.checked_sub(index + 1) {
            None => {
                let shift = u32::try_from(index + 1 - self.next).unwrap_or(u32::MAX);
                self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
                self.next = index + 1;
            }
            Some(age) if age < 128 => self.seen |= 1 << age,
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_is_new_once() {
        let mut window = ReplayWindow::default();
        for index in [0, 5, 3, 4, 200, 199, 73] {
            assert!(window.is_new(index), "{index}");
            window.accept(index);
            assert!(!window.is_new(index), "{index}");
        }
    }

    #[test]
    fn what_is_older_than_the_window_is_not_new() {
        let mut window = ReplayWindow::default();
        window.accept(1_000);
        assert!(window.is_new(1_000 - 127));
        assert!(!window.is_new(1_000 - 128));
    }

    #[test]
    fn jump_beyond_the_window_forgets_it() {
        let mut window = ReplayWindow::default();
        window.accept(1);
        window.accept(1 << 40);
        assert!(!window.is_new(1) && window.is_new((1 << 40) - 1));
    }
}

use std::collections::{BTreeMap, BTreeSet};

use bellbird_base::{FlowId, Instant};

/// When which flow has to be kept open; each flow once.
#[derive(Debug, Default)]
pub(super) struct KeepAlives {
    queue: BTreeSet<(Instant, FlowId)>,
    flows: BTreeMap<FlowId, Instant>,
}

impl KeepAlives {
    /// From `at` on, if it is not kept yet.
    pub(super) fn keep(&mut self, flow: FlowId, at: Instant) {
        let at = *self.flows.entry(flow).or_insert(at);
        self.queue.insert((at, flow));
    }

    pub(super) fn leave(&mut self, flow: FlowId) {
        if let Some(at) = self.flows.remove(&flow) {
            self.queue.remove(&(at, flow));
        }
    }

    /// Takes out one that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<FlowId> {
        let (_, flow) = self.queue.first().copied().filter(|(at, _)| *at <= now)?;
        self.leave(flow);
        Some(flow)
    }

    pub(super) fn next(&self) -> Instant {
        self.queue.first().map_or(Instant::FAR_FUTURE, |(at, _)| *at)
    }
}

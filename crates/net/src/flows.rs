//! The table of open flows: where bytes for a flow go.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellbird_base::FlowId;
use tokio::sync::{mpsc, oneshot};

use crate::udp::Endpoint;

/// What leads to the peer of a flow.
pub(crate) enum Outbound {
    /// A shared datagram socket and the peer's address.
    Datagram(Arc<Endpoint>, SocketAddr),
    /// The task of a connection.
    Queue(Queue),
}

/// The way to a connection's task, bounded in bytes.
pub(crate) struct Queue {
    messages: mpsc::UnboundedSender<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    limit: usize,
    /// Dropped with the entry: that is how a task that still connects learns that nobody wants it any more.
    _closing: oneshot::Sender<Infallible>,
}

/// The task's end of a [`Queue`].
pub(crate) struct Pending {
    messages: mpsc::UnboundedReceiver<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    closing: oneshot::Receiver<Infallible>,
}

/// More bytes wait than a peer may keep waiting.
#[derive(Debug)]
pub(crate) struct Full;

impl Queue {
    pub(crate) fn new(limit: usize) -> (Self, Pending) {
        let (messages, receiver) = mpsc::unbounded_channel();
        let (guard, closing) = oneshot::channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let queue = Self { messages, queued: Arc::clone(&queued), limit, _closing: guard };
        (queue, Pending { messages: receiver, queued, closing })
    }

    pub(crate) fn push(&self, payload: Vec<u8>) -> Result<(), Full> {
        let before = self.queued.fetch_add(payload.len(), Ordering::Relaxed);
        if before + payload.len() > self.limit {
            return Err(Full);
        }
        // A task that has just ended reports that itself.
        self.messages.send(payload).ok();
        Ok(())
    }
}

impl Pending {
    /// The next bytes to send; nothing when the flow was closed from our side and all is sent.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        let payload = self.messages.recv().await?;
        self.queued.fetch_sub(payload.len(), Ordering::Relaxed);
        Some(payload)
    }

    /// More bytes, if there are any now.
    pub(crate) fn more(&mut self) -> Option<Vec<u8>> {
        let payload = self.messages.try_recv().ok()?;
        self.queued.fetch_sub(payload.len(), Ordering::Relaxed);
        Some(payload)
    }

    /// Ends when the flow was closed from our side, though bytes may still wait.
    pub(crate) async fn closed(&mut self) {
        (&mut self.closing).await.ok();
    }
}

/// All flows, by their number.
pub(crate) struct Flows {
    outbound: Mutex<HashMap<FlowId, Outbound>>,
    accepted: AtomicU64,
}

impl Flows {
    pub(crate) fn new() -> Self {
        Self { outbound: Mutex::default(), accepted: AtomicU64::new(u64::MAX) }
    }

    /// The number of the next flow that a peer opens: they count down.
    pub(crate) fn next_accepted(&self) -> FlowId {
        FlowId(self.accepted.fetch_sub(1, Ordering::Relaxed))
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, HashMap<FlowId, Outbound>> {
        // No code that holds the lock can leave the table half changed.
        self.outbound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, flow: FlowId, outbound: Outbound) {
        self.table().insert(flow, outbound);
    }

    /// Takes a flow out; whether it was there tells whether its end is still to be reported.
    pub(crate) fn remove(&self, flow: FlowId) -> Option<Outbound> {
        self.table().remove(&flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_refuses_more_bytes_than_its_limit() {
        let (queue, mut pending) = Queue::new(10);
        assert!(queue.push(vec![0; 8]).is_ok());
        assert!(pending.more().is_some());
        assert!(queue.push(vec![0; 10]).is_ok());
        assert!(queue.push(vec![0; 1]).is_err());
    }

    #[tokio::test]
    async fn what_was_queued_before_closing_is_still_handed_out() {
        let (queue, mut pending) = Queue::new(10);
        queue.push(vec![1]).unwrap();
        drop(queue);
        pending.closed().await;
        assert_eq!(pending.next().await, Some(vec![1]));
        assert_eq!(pending.next().await, None);
    }

    #[test]
    fn accepted_flows_count_down_from_the_greatest_number() {
        let flows = Flows::new();
        assert_eq!(flows.next_accepted(), FlowId(u64::MAX));
        assert_eq!(flows.next_accepted(), FlowId(u64::MAX - 1));
    }
}

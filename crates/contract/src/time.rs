use core::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A moment in the calendar: milliseconds since 1970-01-01T00:00:00Z.
///
/// A timer is shown as the difference between now and one of these, so that a view need not be sent each second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timestamp(#[ts(type = "number")] pub u64);

impl Timestamp {
    /// This moment and so much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Time since `earlier`, or zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

use std::time::SystemTime;

use bellbird_contract::Timestamp;

/// What the system's calendar says now; 1970 where it says something earlier.
pub fn today() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

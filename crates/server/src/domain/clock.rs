use std::time::{SystemTime, UNIX_EPOCH};

use bellbird_contract::Timestamp;

/// The system's time.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How many minutes clocks in a zone are ahead of UTC at a moment; 0 for a zone that nobody knows.
pub fn utc_offset_minutes(time_zone: &str, at: Timestamp) -> i32 {
    let zone = jiff::tz::TimeZone::get(time_zone).ok();
    let moment = i64::try_from(at.0).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    zone.zip(moment).map_or(0, |(zone, moment)| zone.to_offset(moment).seconds() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_follows_summer_time() {
        let (winter, summer) = (Timestamp(1_700_000_000_000), Timestamp(1_720_000_000_000));
        assert_eq!(utc_offset_minutes("Europe/Amsterdam", winter), 60);
        assert_eq!(utc_offset_minutes("Europe/Amsterdam", summer), 120);
        assert_eq!(utc_offset_minutes("Nowhere/Atall", summer), 0);
    }
}

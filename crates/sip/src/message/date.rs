use super::scan::trim;

/// A Date header's moment (RFC 3261 §20.17), always in GMT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Four digits.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
}

/// Why a Date can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDate {
    /// A zone other than GMT (RFC 4475 §3.1.2.12).
    #[error("the date is not in GMT")]
    Zone,
    /// Anything else.
    #[error("malformed date")]
    Malformed,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Civil {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidDate> {
        let (_weekday, rest) = trim(text).split_once(',').ok_or(InvalidDate::Malformed)?;
        let words: Vec<&str> = rest.split_ascii_whitespace().take(6).collect();
        let [day, month, year, time, zone] = words[..] else { return Err(InvalidDate::Malformed) };
        if !zone.eq_ignore_ascii_case("GMT") && !zone.eq_ignore_ascii_case("UTC") {
            return Err(InvalidDate::Zone);
        }
        Self::of(day, month, year, time).ok_or(InvalidDate::Malformed)
    }

    fn of(day: &str, month: &str, year: &str, time: &str) -> Option<Self> {
        let mut clock = time.split(':').map(|part| part.parse::<u8>().ok());
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
        let civil = Self {
            year: year.parse().ok()?,
            month: u8::try_from(month).ok()?,
            day: day.parse().ok()?,
            hour: clock.next()??,
            minute: clock.next()??,
            second: clock.next()??,
        };
        let legal = (1..=31).contains(&civil.day) && civil.hour < 24 && civil.minute < 60 && civil.second <= 60;
        legal.then_some(civil)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> i64 {
        // Days since the epoch in the Gregorian calendar, years counted from March.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let days =
            year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468;
        days * 86_400 + i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_is_read_as_unix_time() {
        let date = Civil::parse("Sat, 13 Nov 2010 23:29:00 GMT").unwrap();
        assert_eq!(date.unix_seconds(), 1_289_690_940);
        assert_eq!(Civil::parse("Thu, 29 Feb 1996 00:00:00 GMT").unwrap().unix_seconds(), 825_552_000);
    }

    #[test]
    fn other_zone_is_told() {
        assert_eq!(Civil::parse("Fri, 01 Jan 2010 16:00:00 EST"), Err(InvalidDate::Zone));
        assert_eq!(Civil::parse("yesterday"), Err(InvalidDate::Malformed));
    }
}

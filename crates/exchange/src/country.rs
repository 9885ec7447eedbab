//! How countries dial: calling codes, prefixes, emergency numbers.

use std::collections::BTreeSet;

use crate::words::CountryCode;

/// One country's way to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Which country.
    pub country: CountryCode,
    /// `31`
    pub calling_code: String,
    /// What stands before a number of the same country: `0`, or nothing.
    pub national_prefix: String,
    /// What stands before a calling code: `00`.
    pub international_prefix: String,
    /// Always dialled: `112`.
    pub emergency: BTreeSet<String>,
    /// The area code with its national prefix, for local numbers: `020`.
    pub area_code: Option<String>,
}

/// Country, calling code, national prefix, international prefix, emergency numbers.
///
/// ITU-T E.164 assignments and national numbering plans. 112 and 911 are what a mobile phone's user tries abroad, so that
/// 112 is everywhere among them.
const COUNTRIES: &[(&str, &str, &str, &str, &[&str])] = &[
    ("AT", "43", "0", "00", &["112", "122", "133", "144"]),
    ("AU", "61", "0", "0011", &["000", "106", "112"]),
    ("BE", "32", "0", "00", &["112", "100", "101"]),
    ("BG", "359", "0", "00", &["112"]),
    ("CA", "1", "1", "011", &["911", "112"]),
    ("CH", "41", "0", "00", &["112", "117", "118", "144"]),
    ("CY", "357", "", "00", &["112", "199"]),
    ("CZ", "420", "", "00", &["112", "150", "155", "158"]),
    ("DE", "49", "0", "00", &["112", "110"]),
    ("DK", "45", "", "00", &["112"]),
    ("EE", "372", "", "00", &["112"]),
    ("ES", "34", "", "00", &["112", "061", "062", "080", "091", "092"]),
    ("FI", "358", "0", "00", &["112"]),
    ("FR", "33", "0", "00", &["112", "15", "17", "18", "114"]),
    ("GB", "44", "0", "00", &["999", "112"]),
    ("GR", "30", "", "00", &["112", "100", "166", "199"]),
    ("HR", "385", "0", "00", &["112", "192", "193", "194"]),
    ("HU", "36", "06", "00", &["112", "104", "105", "107"]),
    ("IE", "353", "0", "00", &["112", "999"]),
    ("IS", "354", "", "00", &["112"]),
    ("IT", "39", "", "00", &["112", "113", "115", "118"]),
    ("LT", "370", "0", "00", &["112"]),
    ("LU", "352", "", "00", &["112", "113"]),
    ("LV", "371", "", "00", &["112"]),
    ("MT", "356", "", "00", &["112"]),
    ("NL", "31", "0", "00", &["112"]),
    ("NO", "47", "", "00", &["112", "110", "113"]),
    ("NZ", "64", "0", "00", &["111", "112"]),
    ("PL", "48", "", "00", &["112", "997", "998", "999"]),
    ("PT", "351", "", "00", &["112"]),
    ("RO", "40", "0", "00", &["112"]),
    ("SE", "46", "0", "00", &["112"]),
    ("SI", "386", "0", "00", &["112", "113"]),
    ("SK", "421", "0", "00", &["112", "150", "155", "158"]),
    ("US", "1", "1", "011", &["911", "112"]),
];

impl Location {
    /// A country that is known; else one of 112, `00` and `0` without a calling code, where only `+` dials outside.
    pub fn of(country: &CountryCode, area_code: Option<&str>) -> Self {
        let known = COUNTRIES.iter().find(|(code, ..)| code.eq_ignore_ascii_case(country.as_str()));
        let &(_, calling_code, national, international, emergency) = known.unwrap_or(&("", "", "", "00", &["112"]));
        Self {
            country: country.clone(),
            calling_code: calling_code.to_owned(),
            national_prefix: national.to_owned(),
            international_prefix: international.to_owned(),
            emergency: emergency.iter().map(|number| (*number).to_owned()).collect(),
            area_code: area_code.map(str::to_owned),
        }
    }

    /// A dialled number in E.164 with `+`; none where it is no number as this country writes them.
    pub fn to_e164(&self, dialled: &str) -> Option<String> {
        let number = bare(dialled);
        let e164 = if let Some(rest) = number.strip_prefix('+') {
            rest.to_owned()
        } else if let Some(rest) = number.strip_prefix(&self.international_prefix) {
            rest.to_owned()
        } else {
            self.national_to_e164(&number)?
        };
        let plausible = (7..=15).contains(&e164.len()) && e164.bytes().all(|byte| byte.is_ascii_digit());
        plausible.then(|| format!("+{e164}"))
    }

    fn national_to_e164(&self, number: &str) -> Option<String> {
        if self.calling_code.is_empty() {
            return None;
        }
        if !self.national_prefix.is_empty() && number.starts_with(&self.national_prefix) {
            return Some(format!("{}{}", self.calling_code, number.get(self.national_prefix.len()..)?));
        }
        let local = self.area_code.as_deref().and_then(|area| area.strip_prefix(&self.national_prefix));
        match local {
            Some(area) if number.len() >= 5 => Some(format!("{}{area}{number}", self.calling_code)),
            // Without a national prefix a number of full length is one of the country.
            Some(_) | None if self.national_prefix.is_empty() && number.len() >= 7 => {
                Some(format!("{}{number}", self.calling_code))
            }
            Some(_) | None => None,
        }
    }

    /// An E.164 number as a subscriber of this country dials it.
    pub fn to_national(&self, e164: &str) -> String {
        let digits = e164.trim_start_matches('+');
        match digits.strip_prefix(self.calling_code.as_str()).filter(|_| !self.calling_code.is_empty()) {
            Some(rest) => format!("{}{rest}", self.national_prefix),
            None => format!("{}{digits}", self.international_prefix),
        }
    }

    /// The emergency number that was dialled, if one was.
    pub fn emergency_number(&self, dialled: &str) -> Option<String> {
        let number = bare(dialled);
        self.emergency.contains(&number).then_some(number)
    }
}

/// Whether an E.164 number lies in a country; for caller ID by country, where neighbours in one numbering plan count as one.
pub fn is_in_country(e164: &str, country: &CountryCode) -> bool {
    let known = COUNTRIES.iter().find(|(code, ..)| code.eq_ignore_ascii_case(country.as_str()));
    known.is_some_and(|(_, calling_code, ..)| e164.trim_start_matches('+').starts_with(calling_code))
}

/// Without what people write between digits.
pub fn bare(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_country_writes_them() {
        let home = Location::of(&"NL".into(), Some("020"));
        for dialled in ["020 123 45 67", "+31 20 1234567", "0031-201234567", "1234567"] {
            assert_eq!(home.to_e164(dialled).as_deref(), Some("+31201234567"), "{dialled}");
        }
        assert_eq!(home.to_e164("601"), None);
        assert_eq!(home.to_e164("alice"), None);
        assert_eq!(Location::of(&"DK".into(), None).to_e164("32123456").as_deref(), Some("+4532123456"));
    }

    #[test]
    fn numbers_are_written_as_the_country_dials_them() {
        let home = Location::of(&"NL".into(), None);
        assert_eq!(home.to_national("+31201234567"), "0201234567");
        assert_eq!(home.to_national("+49301234567"), "0049301234567");
    }

    #[test]
    fn every_country_knows_112() {
        assert!(COUNTRIES.iter().all(|(.., emergency)| emergency.contains(&"112")));
        assert!(Location::of(&"ZZ".into(), None).emergency_number("112").is_some());
    }
}

use bellbird_contract::ToneCountry;

/// The numbers that always dial in a country, the general one first.
pub(crate) const fn emergency_numbers(country: ToneCountry) -> &'static [&'static str] {
    match country {
        ToneCountry::Nl | ToneCountry::Unknown => &["112"],
        ToneCountry::Be => &["112", "100", "101"],
        ToneCountry::De => &["112", "110"],
        ToneCountry::Fr => &["112", "15", "17", "18", "114"],
        ToneCountry::Gb => &["999", "112"],
        ToneCountry::Us => &["911"],
    }
}

/// Whether these digits are an emergency number there.
pub(crate) fn is_emergency(digits: &str, country: ToneCountry) -> bool {
    emergency_numbers(country).contains(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_an_emergency_where_it_is_one_and_only_whole() {
        assert!(is_emergency("110", ToneCountry::De));
        assert!(!is_emergency("110", ToneCountry::Nl));
        assert!(!is_emergency("1121", ToneCountry::Nl));
    }
}

use bellbird_contract::ToneCountry;

/// The numbers that always dial in a country, the general one first.
const fn emergency_numbers(country: ToneCountry) -> &'static [&'static str] {
    match country {
        ToneCountry::Nl | ToneCountry::Unknown => &["112"],
        ToneCountry::Be => &["112", "100", "101"],
        ToneCountry::De => &["112", "110"],
        ToneCountry::Fr => &["112", "15", "17", "18", "114"],
        ToneCountry::Gb => &["999", "112"],
        ToneCountry::Us => &["911"],
    }
}

/// The numbers that always dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Emergency {
    /// Those of a country, where nobody says better.
    Country(ToneCountry),
    /// Those that the server told for the user's location.
    Told(Vec<String>),
}

impl Emergency {
    /// Whether these digits are one of them.
    pub(crate) fn is(&self, digits: &str) -> bool {
        match self {
            Self::Country(country) => emergency_numbers(*country).contains(&digits),
            Self::Told(numbers) => numbers.iter().any(|number| number == digits),
        }
    }

    /// All of them, the general one first.
    pub(crate) fn list(&self) -> Vec<String> {
        match self {
            Self::Country(country) => emergency_numbers(*country).iter().map(|&number| number.to_owned()).collect(),
            Self::Told(numbers) => numbers.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_an_emergency_where_it_is_one_and_only_whole() {
        assert!(Emergency::Country(ToneCountry::De).is("110"));
        assert!(!Emergency::Country(ToneCountry::Nl).is("110"));
        assert!(!Emergency::Country(ToneCountry::Nl).is("1121"));
        let told = Emergency::Told(vec!["112".to_owned(), "144".to_owned()]);
        assert!(told.is("144") && !told.is("110"));
    }
}

use bellbird_contract::server::CountryCode;
use bellbird_exchange::country::Location;

/// The numbers that always dial in a country, as the exchange dials them.
pub fn emergency_numbers(country: &CountryCode) -> Vec<String> {
    Location::of(country, None).emergency.into_iter().collect()
}

/// The numbers that always dial in a country (ISO 3166-1 alpha-2); 112 everywhere, since networks know it.
pub fn emergency_numbers(country: &str) -> &'static [&'static str] {
    match country.to_ascii_uppercase().as_str() {
        "BE" => &["112", "100", "101"],
        "GB" | "IE" => &["999", "112"],
        "DE" | "LU" => &["112", "110"],
        "FR" => &["112", "15", "17", "18", "114"],
        "AT" => &["112", "122", "133", "144"],
        "CH" => &["112", "117", "118", "144"],
        "ES" => &["112", "061", "062", "091", "092"],
        "IT" => &["112", "113", "115", "118"],
        "PL" => &["112", "997", "998", "999"],
        "US" | "CA" => &["911", "112"],
        "AU" => &["000", "106", "112"],
        "NZ" => &["111", "112"],
        _ => &["112"],
    }
}

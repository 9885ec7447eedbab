//! The office: `bellbird-server` with phones of ours and of others, and calls that ring or do not.

mod authority;
mod feature_keys;
mod first_light;
mod nat;
mod trunk;

//! The office: `bellbird-server` with phones of ours and of others, and calls that ring or do not.

mod authority;
mod call_settings;
mod conversations;
mod do_not_disturb;
mod feature_keys;
mod first_light;
mod nat;
mod numbers;
mod restart;
mod scripted;
mod shop;
mod trunk;

//! The office: `bellbird-server` with phones of ours and of others, and calls that ring or do not.

mod authority;
mod first_light;

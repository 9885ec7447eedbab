//! Calls with software that nobody here wrote: through Kamailio with baresip and linphonec, and directly with sipp.

mod others;

//! Bounds on what a peer can make us do, and alarms on those that try.

use std::net::IpAddr;

use crate::words::VoipAccountId;

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// An address fails digest after digest.
    Guessing {
        /// From where.
        source: IpAddr,
        /// How often since the last alarm.
        failures: u32,
    },
    /// An account is tried with wrong secrets from many addresses.
    AccountUnderAttack {
        /// Which.
        account: VoipAccountId,
        /// How often since the last alarm.
        failures: u32,
    },
}

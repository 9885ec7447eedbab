//! SRTP and SRTCP (RFC 3711, 6188, 7714) in place and without allocation, over the primitives of `rtc-crypto`.
//!
//! [`Protector`] is for what we send, [`Unprotector`] for what we receive. State for a source comes to be only once a
//! packet of it is authentic, so that forged packets cost no memory. Where keys come from is not known here.

mod cipher;
mod protect;
mod replay;
mod suite;
#[cfg(test)]
mod tests;
mod unprotect;

pub use protect::Protector;
pub(crate) use replay::ReplayWindow;
pub use suite::Suite;
pub use unprotect::Unprotector;

/// Why a packet is not protected or not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Too short to be one.
    #[error("too short")]
    TooShort,
    /// Not made with this key.
    #[error("authentication failed")]
    Authentication,
    /// Seen before, or older than the window.
    #[error("replayed")]
    Replayed,
    /// The key has protected as many packets as it may (RFC 3711 §9.2).
    #[error("the key is used up")]
    Exhausted,
    /// The crypto provider failed.
    #[error("the crypto provider failed")]
    Provider,
}

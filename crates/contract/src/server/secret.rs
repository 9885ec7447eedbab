use core::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Secret;

/// A secret on its way between phone and server, inside TLS. Unlike [`Secret`] it can be written to the wire; debug
/// output hides it all the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct WireSecret(String);

impl WireSecret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret in clear, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&Secret> for WireSecret {
    fn from(secret: &Secret) -> Self {
        Self::new(secret.expose())
    }
}

impl fmt::Debug for WireSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WireSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_secret() {
        assert_eq!(format!("{:?}", WireSecret::new("hunter2")), "WireSecret(..)");
    }
}

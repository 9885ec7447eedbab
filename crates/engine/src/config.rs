use std::net::{IpAddr, SocketAddr};

use bellbird_base::Protocol;
use bellbird_contract::Ringtone;
use bellbird_net::NetConfig;
use bellbird_phone::{AutoAnswer, LoadedAccount};

use crate::keeper::Memory;
use crate::rtp::PortRange;
use crate::sound::SoundConfig;

/// How the engine is set up. [`EngineConfig::new`] suits a desktop phone.
#[derive(Debug)]
pub struct EngineConfig {
    /// Where accounts, history and secrets are kept.
    pub memory: Memory,
    /// Accounts beside the kept ones; they are not written down.
    pub accounts: Vec<LoadedAccount>,
    /// Where to listen for calls that come without a registrar.
    pub listen: Vec<(Protocol, SocketAddr)>,
    /// The address to receive sound on; else the one that signalling uses.
    pub media_address: Option<IpAddr>,
    /// Where to receive RTP.
    pub rtp_ports: PortRange,
    /// What this program calls itself in the user's list of devices.
    pub client_name: String,
    /// Whether accounts register.
    pub register: bool,
    /// Certificates and name servers.
    pub net: NetConfig,
    /// Devices, or what stands in for them.
    pub sound: SoundConfig,
    /// Whether calls are answered without a hand.
    pub auto_answer: AutoAnswer,
}

impl EngineConfig {
    /// The usual settings.
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            accounts: Vec::new(),
            listen: Vec::new(),
            media_address: None,
            rtp_ports: PortRange::default(),
            client_name: format!("Bellbird on {}", gethostname::gethostname().to_string_lossy()),
            register: true,
            net: NetConfig::default(),
            sound: SoundConfig::default(),
            auto_answer: AutoAnswer::WhenAsked,
        }
    }
}

/// The ringtones that [`crate::sound`] can play.
pub(crate) fn ringtones() -> Vec<Ringtone> {
    [("bellbird", "Bellbird"), ("classic", "Classic"), ("discreet", "Discreet")]
        .map(|(id, name)| Ringtone { id: id.to_owned(), name: name.to_owned() })
        .into()
}

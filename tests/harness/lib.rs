//! Real peers for end-to-end tests: a registrar, phones that nobody here wrote, speech and its score.
//!
//! What it is: a [`Stage`] gives each test a folder and a turn (one test at a time: sound has to keep up with real
//! time). On it stand [`Kamailio`], [`Baresip`], [`Linphone`], [`Sipp`], [`PulseAudio`], [`KeyStore`], the [`Relay`] that spoils a
//! network on purpose, and our own programs: `bellbird` ([`Bellbird`]), logged in to a server ([`App`]), and `bellbird-server`
//! ([`Server`]). [`Speech`] is what is said, [`score`] how well it arrived.
//!
//! What it is not: it uses no system service and no fixed port; all of it runs as the user, on loopback, and ends with
//! the test.
//!
//! How to run it: `make test`, which gets the peers and builds the programs first.

mod baresip;
mod bellbird;
mod browser;
mod bus;
mod certificates;
mod environment;
mod feature_phone;
mod impairment;
mod kamailio;
mod key_store;
mod linphone;
mod namespace;
mod nat;
mod page;
mod ports;
mod process;
mod provider;
mod pulseaudio;
mod relay;
pub mod score;
mod server;
mod sip_account;
mod sipp;
mod sound_relay;
mod speech;
mod stage;
mod wav;
mod window;

pub use baresip::{Baresip, BaresipAccount, MediaEncryption};
pub use bellbird::{Account, App, Bellbird, Event};
pub use browser::Browser;
pub use bus::Bus;
pub use certificates::Certificates;
pub use environment::{bellbird_program, cache_folder, can_do_without, desktop_program, root_folder, server_program};
pub use feature_phone::{Dialect, FeaturePhone, Lamp};
pub use impairment::Impairment;
pub use kamailio::{DOMAIN, Kamailio, Transport, secret_of};
pub use key_store::KeyStore;
pub use linphone::{Answers, Linphone};
pub use namespace::{Namespace, Place};
pub use nat::{Link, Mapping, Nat};
pub use page::Page;
pub use ports::free_port;
pub use process::{Log, Process, run};
pub use provider::{Calls, OutsideCall, Provider, Request};
pub use pulseaudio::PulseAudio;
pub use relay::Relay;
pub use server::{Person, Server, until};
pub use sip_account::SipAccount;
pub use sipp::Sipp;
pub use speech::{Speech, Voice};
pub use stage::Stage;
pub use wav::Wav;
pub use window::Window;

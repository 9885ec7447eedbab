//! From the command line and the account file to the engine's configuration.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use bellbird_base::Protocol;
use bellbird_engine::account_file::{self, AccountEntry, SrtpChoice};
use bellbird_engine::{AutoAnswer, EngineConfig, Memory, Microphone, Output};

use crate::args::{PhoneArguments, SrtpArgument};

/// What the engine is to be, for these arguments. `listens`: whether calls may come without a registrar.
pub(crate) fn engine(arguments: &PhoneArguments, data: Option<PathBuf>, listens: bool) -> anyhow::Result<EngineConfig> {
    if arguments.server {
        return with_server(arguments, data);
    }
    let mut entries = entries(arguments)?;
    for entry in &mut entries {
        override_by(arguments, entry);
    }
    let mut config = EngineConfig::new(Memory::None);
    account_file::add_accounts(&mut config, &entries, 1)?;
    let local = config.media_address;
    let direct = entries.iter().any(|entry| !entry.register);
    let port = entries.iter().map(|entry| entry.local_port).find(|&port| port != 0);
    if port.is_some() || (listens && direct) {
        let address = local.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let address = SocketAddr::new(address, port.unwrap_or(0));
        config.listen = vec![(Protocol::Udp, address), (Protocol::Tcp, address)];
    }
    config.auto_answer = AutoAnswer::Never;
    sound(arguments, &mut config);
    Ok(config)
}

/// A phone that is logged in to a server.
fn with_server(arguments: &PhoneArguments, data: Option<PathBuf>) -> anyhow::Result<EngineConfig> {
    let mut config = EngineConfig::new(Memory::Folder(folder(data)?));
    config.auto_answer = AutoAnswer::Never;
    if let Some(port) = arguments.local_port {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        config.listen = vec![(Protocol::Udp, address), (Protocol::Tcp, address)];
    }
    sound(arguments, &mut config);
    Ok(config)
}

/// A phone that only talks to its server: no sound, no calls.
pub(crate) fn quiet(data: Option<PathBuf>) -> anyhow::Result<EngineConfig> {
    let mut config = EngineConfig::new(Memory::Folder(folder(data)?));
    config.register = false;
    config.auto_answer = AutoAnswer::Never;
    config.sound.microphone = Microphone::Silence;
    config.sound.speaker = Output::Nowhere;
    config.sound.ring = Output::Nowhere;
    Ok(config)
}

/// Where the log-in is kept. It is not the window's: two programs would take each other's calls.
fn folder(data: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let own = || directories::ProjectDirs::from("", "", "bellbird-cli").map(|it| it.data_dir().to_owned());
    data.or_else(own).context("This system names no folder for data: give one with --data FOLDER.")
}

fn entries(arguments: &PhoneArguments) -> anyhow::Result<Vec<AccountEntry>> {
    if let Some(file) = &arguments.account {
        return Ok(account_file::read(file)?);
    }
    let Some(address) = &arguments.address else {
        bail!("Say who calls: --account FILE, --address sip:you@provider, or --server after bellbird login.");
    };
    let mut entry = AccountEntry::new(address.clone());
    entry.registrar.clone_from(&arguments.registrar);
    Ok(vec![entry])
}

fn override_by(arguments: &PhoneArguments, entry: &mut AccountEntry) {
    if arguments.no_register {
        entry.register = false;
    }
    if let Some(port) = arguments.local_port {
        entry.local_port = port;
    }
    if !arguments.codecs.is_empty() {
        entry.codecs.clone_from(&arguments.codecs);
    }
    if let Some(srtp) = arguments.srtp {
        entry.srtp = match srtp {
            SrtpArgument::Off => SrtpChoice::Off,
            SrtpArgument::Optional => SrtpChoice::Optional,
            SrtpArgument::Required => SrtpChoice::Required,
        };
    }
}

fn sound(arguments: &PhoneArguments, config: &mut EngineConfig) {
    let sound = &mut config.sound;
    if arguments.null_audio || arguments.play.is_some() || arguments.record.is_some() || arguments.echo {
        sound.microphone = Microphone::Silence;
        sound.speaker = Output::Nowhere;
        sound.ring = Output::Nowhere;
    }
    if let Some(file) = &arguments.play {
        sound.microphone = Microphone::File { path: file.clone(), repeat: arguments.play_loop };
    }
    if arguments.echo {
        sound.microphone = Microphone::Echo;
    }
    if let Some(file) = &arguments.record {
        sound.speaker = Output::File(file.clone());
    }
    sound.processing = !arguments.no_audio_processing;
}

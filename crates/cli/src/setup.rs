//! From the command line and the account file to the engine's configuration.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context as _, bail};
use bellbird_base::Protocol;
use bellbird_contract::{AccountId, AccountSettings, CodecName, Secret, SrtpPolicy};
use bellbird_engine::account_file::{self, AccountEntry, SrtpChoice};
use bellbird_engine::{AutoAnswer, EngineConfig, LoadedAccount, Memory, Microphone, Output};

use crate::args::{PhoneArguments, SrtpArgument};

/// What the engine is to be, for these arguments. `listens`: whether calls may come without a registrar.
pub(crate) fn engine(arguments: &PhoneArguments, listens: bool) -> anyhow::Result<EngineConfig> {
    let mut entries = entries(arguments)?;
    for entry in &mut entries {
        override_by(arguments, entry);
    }
    let mut config = EngineConfig::new(Memory::None);
    for (number, entry) in (1..).zip(&entries) {
        config.accounts.push(account(AccountId(number), entry, entries.len())?);
        if let Some(authority) = &entry.ca {
            config
                .net
                .trust
                .add_file(authority)
                .with_context(|| format!("the authority in {} can't be used", authority.display()))?;
        }
    }
    let local = entries.iter().find_map(|entry| entry.local);
    config.media_address = local;
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

fn entries(arguments: &PhoneArguments) -> anyhow::Result<Vec<AccountEntry>> {
    if let Some(file) = &arguments.account {
        return Ok(account_file::read(file)?);
    }
    let Some(address) = &arguments.address else {
        bail!("Say who calls: --account FILE, or --address sip:you@provider.");
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

fn account(id: AccountId, entry: &AccountEntry, of: usize) -> anyhow::Result<LoadedAccount> {
    let address = entry.address.trim_start_matches("sip:").trim_start_matches("sips:");
    let Some((user, domain)) = address.split_once('@') else {
        bail!("{} is not an address. It should look like sip:you@provider.", entry.address);
    };
    let codecs = entry.codecs.iter().map(|name| codec(name)).collect::<anyhow::Result<_>>()?;
    let settings = AccountSettings {
        domain: domain.to_owned(),
        user_name: user.to_owned(),
        display_name: entry.name.clone(),
        server: entry.outbound_proxy.clone().or_else(|| entry.registrar.clone()),
        auth_name: entry.user.clone(),
        srtp: match entry.srtp {
            SrtpChoice::Off => SrtpPolicy::Off,
            SrtpChoice::Optional => SrtpPolicy::Optional,
            SrtpChoice::Required => SrtpPolicy::Required,
        },
        codecs,
        register: entry.register,
        ..AccountSettings::default()
    };
    Ok(LoadedAccount { id, settings, secret: secret(entry, of) })
}

fn codec(name: &str) -> anyhow::Result<CodecName> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "opus" => CodecName::Opus,
        "g722" => CodecName::G722,
        "pcma" => CodecName::Pcma,
        "pcmu" => CodecName::Pcmu,
        _ => bail!("There is no codec {name}. Choose among opus, g722, pcma, pcmu."),
    })
}

/// From the environment, else from the key store under the account's address.
fn secret(entry: &AccountEntry, of: usize) -> Option<Secret> {
    let [own, common] = entry.secret_variables();
    let variables = if of > 1 { vec![own] } else { vec![own, common] };
    let found = variables.iter().find_map(|name| std::env::var(name).ok());
    found.or_else(|| bellbird_engine::secrets::from_key_store(&entry.address)).map(Secret::new)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_user_and_domain() {
        let entry = AccountEntry::new("sip:linda@fiets.example:5070".to_owned());
        let account = account(AccountId(1), &entry, 1).unwrap();
        assert_eq!(account.settings.user_name, "linda");
        assert_eq!(account.settings.domain, "fiets.example:5070");
    }

    #[test]
    fn an_unknown_codec_is_named_with_the_known_ones() {
        let error = codec("gsm").unwrap_err().to_string();
        assert!(error.contains("gsm") && error.contains("opus"), "{error}");
    }
}

//! What the engine is started with.

use std::path::Path;

use bellbird_contract::{AccountId, AccountSettings, Secret, SrtpPolicy};
use bellbird_engine::account_file::{self, AccountEntry, SrtpChoice};
use bellbird_engine::{AutoAnswer, EngineConfig, LoadedAccount, Memory};
use tauri::{AppHandle, Manager as _};

use crate::options::Options;

/// The user's own folders and devices, or what the command line says instead; why not, in words.
pub(crate) fn engine_config(app: &AppHandle, options: &Options) -> Result<EngineConfig, String> {
    let memory = match &options.home {
        Some(home) => Memory::SelfContained(home.clone()),
        None if options.accounts.is_some() => Memory::None,
        None => Memory::Folder(app.path().app_data_dir().map_err(|error| error.to_string())?),
    };
    let mut config = EngineConfig::new(memory);
    // A microphone that opens because a caller asks is for the user to allow, and there is no setting for it yet.
    config.auto_answer = AutoAnswer::Never;
    if let Some(file) = &options.accounts {
        add_accounts(&mut config, file)?;
    }
    Ok(config)
}

fn add_accounts(config: &mut EngineConfig, file: &Path) -> Result<(), String> {
    let entries = account_file::read(file).map_err(|error| error.to_string())?;
    // Far from the numbers of kept accounts.
    for (number, entry) in (1_000_000..).zip(&entries) {
        config.accounts.push(account(AccountId(number), entry)?);
        if let Some(authority) = &entry.ca {
            config.net.trust.add_file(authority).map_err(|error| format!("{}: {error}", authority.display()))?;
        }
    }
    config.media_address = entries.iter().find_map(|entry| entry.local);
    Ok(())
}

fn account(id: AccountId, entry: &AccountEntry) -> Result<LoadedAccount, String> {
    let address = entry.address.trim_start_matches("sip:").trim_start_matches("sips:");
    let (user, domain) = address
        .split_once('@')
        .ok_or_else(|| format!("{} is not an address. It should look like sip:you@provider.", entry.address))?;
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
        register: entry.register,
        ..AccountSettings::default()
    };
    let secret = entry.secret_variables().iter().find_map(|name| std::env::var(name).ok()).map(Secret::new);
    Ok(LoadedAccount { id, settings, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_becomes_user_and_domain() {
        let loaded = account(AccountId(1), &AccountEntry::new("sip:linda@fiets.example:5070".to_owned())).unwrap();
        assert_eq!(
            (loaded.settings.user_name.as_str(), loaded.settings.domain.as_str()),
            ("linda", "fiets.example:5070")
        );
        assert!(account(AccountId(1), &AccountEntry::new("fiets.example".to_owned())).is_err());
    }
}

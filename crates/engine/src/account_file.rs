//! The accounts of a phone without a window: one TOML file.
//!
//! A file never holds a password. It comes from `BELLBIRD_SECRET`, from `BELLBIRD_SECRET_` and the user's name in upper
//! case where there are several accounts, or from the key store.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use bellbird_contract::{AccountId, AccountSettings, CodecName, Secret, SrtpPolicy};
use bellbird_net::BadIdentity;
use bellbird_phone::LoadedAccount;
use serde::Deserialize;
use thiserror::Error;

use crate::EngineConfig;
use crate::secrets;

/// Why an account file can't be used. The messages are for the person who wrote it.
#[derive(Debug, Error)]
pub enum AccountFileError {
    /// The file can't be read.
    #[error("{path}: {source}. Check the path and that you may read it.")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a field of another kind.
    #[error("{path}: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found where.
        message: String,
    },
    /// What should be an address is none.
    #[error("{address} is not an address. It should look like sip:you@provider.")]
    NotAnAddress {
        /// What stands there.
        address: String,
    },
    /// A codec that this phone does not have.
    #[error("There is no codec {name}. Choose among opus, g722, pcma, pcmu.")]
    UnknownCodec {
        /// What stands there.
        name: String,
    },
    /// The certificate authority can't be used.
    #[error("the authority in {path} can't be used: {source}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BadIdentity,
    },
    /// There is no account in the file.
    #[error("{path} holds no account. Write a table [account] with at least address = \"sip:you@your-provider\".")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Whether a call's media is encrypted by keys in SDP (SDES, RFC 4568).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrtpChoice {
    /// Never.
    Off,
    /// Offered where signalling is encrypted too; plain RTP is taken if the far side wants it.
    #[default]
    Optional,
    /// Calls without it are refused.
    Required,
}

/// One account as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Address of record, such as `sip:linda@fiets.example`.
    pub address: String,
    /// Display name.
    pub name: Option<String>,
    /// User name in answers to challenges; the address's user part if not given.
    pub user: Option<String>,
    /// Where to register, as a URI (`sip:…;transport=tcp`, `ws://…`); the address's domain if not given.
    pub registrar: Option<String>,
    /// Where every request goes first, same form as the registrar.
    pub outbound_proxy: Option<String>,
    /// Whether to register at all; a phone that is called directly does not.
    #[serde(default = "yes")]
    pub register: bool,
    /// A certificate authority to trust besides the system's, PEM.
    pub ca: Option<PathBuf>,
    /// The local address to send from.
    pub local: Option<IpAddr>,
    /// The local port for UDP and TCP; 0 takes a free one.
    #[serde(default)]
    pub local_port: u16,
    /// Codecs in the order of preference.
    #[serde(default)]
    pub codecs: Vec<String>,
    /// Media encryption.
    #[serde(default)]
    pub srtp: SrtpChoice,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Document {
    account: Option<toml::Value>,
}

/// Reads the accounts in the file at `path`.
pub fn read(path: &Path) -> Result<Vec<AccountEntry>, AccountFileError> {
    let text =
        fs::read_to_string(path).map_err(|source| AccountFileError::Unreadable { path: path.to_owned(), source })?;
    let accounts = parse(&text).map_err(|message| AccountFileError::Malformed { path: path.to_owned(), message })?;
    if accounts.is_empty() {
        return Err(AccountFileError::Empty { path: path.to_owned() });
    }
    Ok(accounts)
}

/// Lets the engine have these accounts, numbered from `first`, trust their authorities and use their local address.
pub fn add_accounts(config: &mut EngineConfig, entries: &[AccountEntry], first: u32) -> Result<(), AccountFileError> {
    for (number, entry) in (first..).zip(entries) {
        config.accounts.push(entry.account(AccountId(number), entries.len())?);
        if let Some(path) = &entry.ca {
            let refused = |source| AccountFileError::Authority { path: path.clone(), source };
            config.net.trust.add_file(path).map_err(refused)?;
        }
    }
    config.media_address = config.media_address.or_else(|| entries.iter().find_map(|entry| entry.local));
    Ok(())
}

fn parse(text: &str) -> Result<Vec<AccountEntry>, String> {
    let document: Document = toml::from_str(text).map_err(|error| error.to_string())?;
    match document.account {
        None => Ok(Vec::new()),
        Some(toml::Value::Array(tables)) => tables.into_iter().map(entry).collect(),
        Some(table) => Ok(vec![entry(table)?]),
    }
}

fn entry(table: toml::Value) -> Result<AccountEntry, String> {
    table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

impl AccountEntry {
    /// An account of this address with everything else as usual.
    pub fn new(address: String) -> Self {
        Self {
            address,
            name: None,
            user: None,
            registrar: None,
            outbound_proxy: None,
            register: true,
            ca: None,
            local: None,
            local_port: 0,
            codecs: Vec::new(),
            srtp: SrtpChoice::default(),
        }
    }

    /// The user part of the address.
    pub fn user_part(&self) -> &str {
        let rest = self.address.split_once(':').map_or(self.address.as_str(), |(_, rest)| rest);
        rest.split_once('@').map_or("", |(user, _)| user)
    }

    /// The account as the phone takes it; `of` so many accounts in all.
    fn account(&self, id: AccountId, of: usize) -> Result<LoadedAccount, AccountFileError> {
        let address = self.address.trim_start_matches("sip:").trim_start_matches("sips:");
        let not_an_address = || AccountFileError::NotAnAddress { address: self.address.clone() };
        let (user, domain) = address.split_once('@').ok_or_else(not_an_address)?;
        let settings = AccountSettings {
            domain: domain.to_owned(),
            user_name: user.to_owned(),
            display_name: self.name.clone(),
            server: self.outbound_proxy.clone().or_else(|| self.registrar.clone()),
            auth_name: self.user.clone(),
            srtp: match self.srtp {
                SrtpChoice::Off => SrtpPolicy::Off,
                SrtpChoice::Optional => SrtpPolicy::Optional,
                SrtpChoice::Required => SrtpPolicy::Required,
            },
            codecs: self.codecs.iter().map(|name| codec(name)).collect::<Result<_, _>>()?,
            register: self.register,
            ..AccountSettings::default()
        };
        Ok(LoadedAccount { id, settings, secret: self.secret(of), pin: None })
    }

    /// From the environment, else from the key store under the account's address.
    fn secret(&self, of: usize) -> Option<Secret> {
        let [own, common] = self.secret_variables();
        let variables = if of > 1 { vec![own] } else { vec![own, common] };
        let found = variables.iter().find_map(|name| std::env::var(name).ok());
        found.or_else(|| secrets::from_key_store(&self.address)).map(Secret::new)
    }

    /// The environment variables that may hold this account's password, the most specific first.
    pub fn secret_variables(&self) -> [String; 2] {
        let user = self.user_part().to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        [format!("BELLBIRD_SECRET_{user}"), "BELLBIRD_SECRET".to_owned()]
    }
}

fn codec(name: &str) -> Result<CodecName, AccountFileError> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "opus" => CodecName::Opus,
        "g722" => CodecName::G722,
        "pcma" => CodecName::Pcma,
        "pcmu" => CodecName::Pcmu,
        _ => return Err(AccountFileError::UnknownCodec { name: name.to_owned() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_and_several_tables_are_both_read() {
        let one = parse("[account]\naddress = 'sip:a@b.example'").unwrap();
        assert_eq!(one[0].address, "sip:a@b.example");
        assert!(one[0].register);
        let two =
            parse("[[account]]\naddress = 'sip:a@b'\n[[account]]\naddress = 'sip:c@d'\nsrtp = 'required'").unwrap();
        assert_eq!(two[1].srtp, SrtpChoice::Required);
    }

    #[test]
    fn a_misspelt_field_is_named() {
        let message = parse("[account]\naddress = 'sip:a@b'\nregistar = 'sip:b'").unwrap_err();
        assert!(message.contains("registar"), "{message}");
    }

    #[test]
    fn secrets_of_several_accounts_have_variables_of_their_own() {
        let account = parse("[account]\naddress = 'sip:linda.de-vries@b'").unwrap().remove(0);
        assert_eq!(account.secret_variables()[0], "BELLBIRD_SECRET_LINDA_DE_VRIES");
    }

    #[test]
    fn an_address_becomes_user_and_domain() {
        let entry = AccountEntry::new("sip:linda@fiets.example:5070".to_owned());
        let account = entry.account(AccountId(1), 1).unwrap();
        assert_eq!(account.settings.user_name, "linda");
        assert_eq!(account.settings.domain, "fiets.example:5070");
        assert!(AccountEntry::new("fiets.example".to_owned()).account(AccountId(1), 1).is_err());
    }

    #[test]
    fn an_unknown_codec_is_named_with_the_known_ones() {
        let error = codec("gsm").unwrap_err().to_string();
        assert!(error.contains("gsm") && error.contains("opus"), "{error}");
    }
}

//! What is done from the command line: administrators, copies, the set-up link.

use bellbird_contract::Language;
use bellbird_contract::server::{
    CallerId, CountryCode, Destination, OrganisationSettings, Personal, Retention, Role, UserDraft, WireSecret,
};

use crate::auth::{TokenHash, new_token};
use crate::config::Config;
use crate::domain::{Actor, check_password, now};
use crate::store::{NewOrganisation, Store};

/// Under this name the set-up link's digest is kept.
pub(crate) const SET_UP: &str = "set-up link";

/// A new organisation as it usually is.
pub fn organisation(name: &str, domain: &str, country: &CountryCode, time_zone: &str) -> NewOrganisation {
    NewOrganisation {
        name: name.to_owned(),
        domain: domain.to_owned(),
        settings: OrganisationSettings {
            country: country.clone(),
            area_code: None,
            time_zone: time_zone.to_owned(),
            language: Language::default(),
            caller_id: CallerId::default(),
            unassigned_numbers: Destination::HangUp,
            calls_from_user_account: true,
            retention: Retention::default(),
        },
    }
}

/// Makes a one-time link for a server that nobody has set up; nothing once somebody has.
///
/// # Errors
/// Where the storage fails.
pub async fn set_up_link(store: &Store, config: &Config) -> anyhow::Result<Option<String>> {
    if !store.organisations().await?.is_empty() {
        return Ok(None);
    }
    let token = new_token("bbi")?;
    store.set_installation(SET_UP, Some(TokenHash::of(&token).0)).await?;
    Ok(Some(format!("{}/set-up#{token}", config.public_url)))
}

/// Someone who is to administer an organisation.
#[derive(Clone, Debug, clap::Args)]
pub struct NewAdmin {
    /// The organisation's SIP domain.
    #[arg(long)]
    pub domain: String,
    /// E-mail address, which also logs in.
    #[arg(long)]
    pub email: String,
    /// First name.
    #[arg(long, default_value = "Admin")]
    pub first_name: String,
    /// Last name.
    #[arg(long, default_value = "Istrator")]
    pub last_name: String,
    /// Personal number.
    #[arg(long)]
    pub extension: String,
}

/// Creates an administrator with the password that was typed.
///
/// # Errors
/// Where there is no such organisation, or a field can't be used.
pub async fn create_admin(store: &Store, admin: NewAdmin, password: &str) -> anyhow::Result<()> {
    let organisations = store.organisations().await?;
    let organisation = organisations.iter().find(|known| known.domain == admin.domain.to_lowercase());
    let organisation =
        organisation.ok_or_else(|| anyhow::anyhow!("there is no organisation with the domain {}", admin.domain))?;
    check_password(password, &admin.email)?;
    let draft = UserDraft {
        first_name: admin.first_name,
        last_name: admin.last_name,
        email: admin.email,
        extension: admin.extension,
        login: None,
        role: Role::Admin,
        password: Some(WireSecret::new(password)),
        language: Language::default(),
        personal: Personal::default(),
        reuse_extension: false,
    };
    let hash = crate::auth::hash_password(password)?;
    store.create_user(&Actor::server(organisation.id, now()), draft, Some(hash)).await?;
    Ok(())
}

//! What is done from the command line: administrators, copies, the set-up link.

use bellbird_contract::Language;
use bellbird_contract::server::{
    CallerId, CountryCode, Destination, OrgId, OrganisationSettings, Personal, Retention, Role, UserDraft, WireSecret,
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
    let organisation = by_domain(store, &admin.domain).await?;
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
        contact: None,
        reuse_extension: false,
    };
    let hash = crate::auth::hash_password(password)?;
    store.create_user(&Actor::server(organisation, now()), draft, Some(hash)).await?;
    Ok(())
}

/// Another organisation on this server.
#[derive(Clone, Debug, clap::Args)]
pub struct AddedOrganisation {
    /// What it is called.
    #[arg(long)]
    pub name: String,
    /// Its SIP domain, which no other has.
    #[arg(long)]
    pub domain: String,
    /// Where it is, by two letters.
    #[arg(long, default_value = "NL")]
    pub country: String,
    /// Time zone by its IANA name.
    #[arg(long, default_value = "Europe/Amsterdam")]
    pub time_zone: String,
}

/// Adds an organisation; `create-admin` gives it an administrator.
///
/// # Errors
/// Where the domain is another's, or a field can't be used.
pub async fn add_organisation(store: &Store, added: &AddedOrganisation) -> anyhow::Result<()> {
    let country = CountryCode(added.country.to_uppercase());
    store.create_organisation(organisation(&added.name, &added.domain, &country, &added.time_zone), now()).await?;
    Ok(())
}

/// Who administers another organisation beside the own one.
#[derive(Clone, Debug, clap::Args)]
pub struct Partner {
    /// The SIP domain of the organisation where the partner is a user.
    #[arg(long)]
    pub home: String,
    /// The partner's log-in name or e-mail address there.
    #[arg(long)]
    pub login: String,
    /// The SIP domain of the organisation to administer.
    #[arg(long)]
    pub domain: String,
    /// No longer.
    #[arg(long)]
    pub end: bool,
}

/// Lets somebody administer another organisation too, or no longer (U14).
///
/// # Errors
/// Where there is no such organisation or user.
pub async fn partner(store: &Store, partner: &Partner) -> anyhow::Result<()> {
    let (home, other) = (by_domain(store, &partner.home).await?, by_domain(store, &partner.domain).await?);
    let known = store.identities(partner.login.clone(), String::new()).await?;
    let user = known.into_iter().map(|identity| identity.user).find(|user| user.org == home);
    let user = user.ok_or_else(|| anyhow::anyhow!("nobody in {} logs in as {}", partner.home, partner.login))?;
    if partner.end {
        store.end_partner(other, home, user.id).await?;
    } else {
        store.make_partner(other, home, user.id).await?;
    }
    Ok(())
}

async fn by_domain(store: &Store, domain: &str) -> anyhow::Result<OrgId> {
    let organisations = store.organisations().await?;
    let known = organisations.iter().find(|known| known.domain == domain.to_lowercase());
    known.map(|known| known.id).ok_or_else(|| anyhow::anyhow!("there is no organisation with the domain {domain}"))
}

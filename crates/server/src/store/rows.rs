//! Users and clients as they are kept.

use bellbird_contract::server::{
    Availability, AvailabilityState, ClientDescription, ClientId, ClientValues, CountryCode, OrgId, Owner, Personal,
    Presence, ReachedAt, Revision, Role, Stamp, Telephony, UserId, UserRow, VoipAccountId,
};
use bellbird_contract::{Language, Timestamp};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::act::from_word;
use super::connection::{Row, Transaction};

/// A user, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    /// Whose.
    pub org: OrgId,
    /// Who.
    pub id: UserId,
    /// What is typed at log-in.
    pub login: String,
    /// E-mail address.
    pub email: String,
    /// The personal number.
    pub extension: Option<String>,
    /// The role.
    pub role: Role,
    /// May not log in, and no device rings.
    pub disabled: bool,
    /// A new password has to be set first.
    pub password_change_needed: bool,
    /// Whether there is a password at all.
    pub has_password: bool,
    /// When it was created.
    pub created: Timestamp,
    /// Grows with each change.
    pub revision: Revision,
    /// All that nobody searches by.
    pub profile: Profile,
}

/// What of a user is kept as one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Work details.
    #[serde(default)]
    pub personal: Personal,
    /// What the call plan does.
    #[serde(default)]
    pub telephony: Telephony,
    /// Whether it counts on the user.
    pub availability: AvailabilityState,
    /// The language.
    #[serde(default)]
    pub language: Language,
    /// Another time zone than the organisation's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Another country than the organisation's.
    #[serde(default)]
    pub country: Option<CountryCode>,
    /// Portal sessions end after ten minutes without use.
    #[serde(default)]
    pub idle_log_out: bool,
    /// The last log-in.
    #[serde(default)]
    pub last_log_in: Option<Timestamp>,
}

impl Profile {
    /// Someone new, who is available at all devices.
    pub fn new(first_name: &str, last_name: &str, now: Timestamp) -> Self {
        Self {
            first_name: first_name.trim().to_owned(),
            last_name: last_name.trim().to_owned(),
            personal: Personal::default(),
            telephony: Telephony::default(),
            availability: AvailabilityState {
                availability: Availability::Available { at: ReachedAt::AllDevices },
                stamp: Stamp::initial(now),
            },
            language: Language::default(),
            time_zone: None,
            country: None,
            idle_log_out: false,
            last_log_in: None,
        }
    }
}

impl StoredUser {
    pub(crate) const COLUMNS: &'static str = "org_id, user_id, login, email, extension, role, disabled, \
         must_change_password, CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END, created_at, revision, document";

    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            org: OrgId(row.unsigned(0)?),
            id: UserId(row.unsigned(1)?),
            login: row.text(2)?,
            email: row.text(3)?,
            extension: row.optional_text(4)?,
            role: from_word(&row.text(5)?)?,
            disabled: row.flag(6)?,
            password_change_needed: row.flag(7)?,
            has_password: row.flag(8)?,
            created: Timestamp(row.unsigned(9)?),
            revision: Revision(row.unsigned(10)?),
            profile: row.json(11)?,
        })
    }

    pub(crate) fn load(tx: &mut dyn Transaction, org: OrgId, user: UserId) -> Result<Self, StoreError> {
        let sql = format!("SELECT {} FROM users WHERE org_id = $1 AND user_id = $2", Self::COLUMNS);
        let row = tx.first(&sql, &[org.0.into(), user.0.into()])?.ok_or(StoreError::NotFound("user"))?;
        Self::from_row(&row)
    }

    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.profile.first_name, self.profile.last_name).trim().to_owned()
    }

    /// By id and name.
    pub fn owner(&self) -> Owner {
        Owner { id: self.id, name: self.name() }
    }

    /// As the table shows it; presence is known elsewhere.
    pub fn row(&self, presence: Presence) -> UserRow {
        UserRow {
            id: self.id,
            first_name: self.profile.first_name.clone(),
            last_name: self.profile.last_name.clone(),
            email: self.email.clone(),
            extension: self.extension.clone(),
            role: self.role,
            created: self.created,
            disabled: self.disabled,
            presence,
            revision: self.revision,
        }
    }
}

/// A client of a user's app account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredClient {
    /// Which.
    pub id: ClientId,
    /// Whose.
    pub user: UserId,
    /// Under which account.
    pub account: VoipAccountId,
    /// Its first log-in.
    pub since: Timestamp,
    /// When its token was last used; nothing when it is logged out.
    pub last_seen: Option<Timestamp>,
    /// What it says about itself.
    pub description: ClientDescription,
    /// What it chose for itself.
    pub values: ClientValues,
}

/// A log-in of an app, ready to be kept.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Who logs in.
    pub user: UserId,
    /// Its id, its own from before or a new one.
    pub id: ClientId,
    /// What it says about itself.
    pub description: ClientDescription,
    /// The digest of its token.
    pub token: crate::auth::TokenHash,
    /// The token's public id.
    pub token_id: String,
    /// The user name of its SIP credentials.
    pub auth_name: String,
    /// The SHA-256 HA1 of its SIP credentials.
    pub ha1: String,
}

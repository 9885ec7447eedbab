//! VoIP accounts and the devices behind them (U7).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bellbird_contract::server::{
    AccountEdit, AccountKind, AccountSecret, AccountSummary, ActionUrl, NetworkTest, RegistrationId, ServerErrorCode,
    SipCredentials, SipTest, VoipAccount, VoipAccountId,
};

use super::authorise::Caller;
use super::{App, Body, Named, Problem, not_found, views};
use crate::auth::{TokenHash, new_id, new_sip_secret, new_token, sip_digests};
use crate::store::{NewAccount, StoredAccount};

type Answer<T> = Result<Json<T>, Problem>;

/// All accounts.
#[utoipa::path(get, path = "/accounts", tag = "devices", responses((status = 200, body = Vec<AccountSummary>)))]
pub(crate) async fn accounts(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<AccountSummary>> {
    let accounts = app.store.accounts(caller.org()).await?;
    Ok(Json(accounts.iter().map(|account| app.summary(caller.org(), account)).collect()))
}

/// One account with its registrations.
#[utoipa::path(get, path = "/accounts/{id}", tag = "devices", params(("id" = u64, Path)), responses((status = 200, body = VoipAccount)))]
pub(crate) async fn account(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<VoipAccountId>,
) -> Answer<VoipAccount> {
    Ok(Json(app.account(caller.org(), &app.store.account(caller.org(), id).await?)))
}

/// A secret, told and then forgotten.
struct Minted {
    new: NewAccount,
    secret: String,
    action_token: String,
}

impl App {
    async fn mint(&self, caller: &Caller) -> Result<Minted, Problem> {
        let realm = self.store.organisation(caller.org()).await?.realm;
        let (secret, action_token) = (new_sip_secret()?, new_token("bba")?);
        let auth_name = format!("v{}", &new_id()?[..12]);
        let digests = sip_digests(&auth_name, &realm, &secret);
        let new = NewAccount { auth_name, digests, action_secret: TokenHash::of(&action_token).0 };
        Ok(Minted { new, secret, action_token })
    }

    async fn told(&self, caller: &Caller, account: &StoredAccount, minted: Minted) -> Result<AccountSecret, Problem> {
        let organisation = self.store.organisation(caller.org()).await?;
        let account = self.account(caller.org(), account);
        let minted_urls = self.action_urls(&minted.action_token);
        Ok(AccountSecret {
            credentials: SipCredentials {
                auth_name: minted.new.auth_name,
                realm: organisation.realm,
                secret: views::secret(&minted.secret),
                algorithm: account.algorithm,
            },
            account,
            server: organisation.domain,
            action_urls: minted_urls,
        })
    }

    /// What a phone calls when its key is pressed.
    fn action_urls(&self, token: &str) -> Vec<ActionUrl> {
        let url = |state| views::secret(&format!("{}/action/dnd/{state}/{token}", self.config.public_url));
        vec![ActionUrl { on: true, url: url("on") }, ActionUrl { on: false, url: url("off") }]
    }
}

/// Apps get their credentials by logging in, forwards need none.
fn refuse_apps(kind: &AccountKind) -> Result<(), Problem> {
    match kind {
        AccountKind::DeskPhone { .. } | AccountKind::Forward { .. } => Ok(()),
        AccountKind::App | AccountKind::Web | AccountKind::Unknown => {
            let words = "Apps get their account by logging in.";
            Err(Problem::new(ServerErrorCode::FieldInvalid, words).field("kind"))
        }
    }
}

/// Creates an account; its secret is told this once.
#[utoipa::path(post, path = "/accounts", tag = "devices", request_body = AccountEdit, responses((status = 201, body = AccountSecret)))]
pub(crate) async fn create_account(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(edit): Body<AccountEdit>,
) -> Result<(StatusCode, Json<AccountSecret>), Problem> {
    refuse_apps(&edit.kind)?;
    let minted = app.mint(&caller).await?;
    let account = app.store.create_account(&caller.actor, edit, minted.new.clone()).await?;
    Ok((StatusCode::CREATED, Json(app.told(&caller, &account, minted).await?)))
}

/// Changes an account: name, kind, owners.
#[utoipa::path(put, path = "/accounts/{id}", tag = "devices", params(("id" = u64, Path)), request_body = AccountEdit,
    responses((status = 200, body = VoipAccount)))]
pub(crate) async fn change_account(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<VoipAccountId>,
    Body(edit): Body<AccountEdit>,
) -> Answer<VoipAccount> {
    let account = app.store.change_account(&caller.actor, id, edit).await?;
    Ok(Json(app.account(caller.org(), &account)))
}

/// Deletes an account with its registrations.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "devices", params(("id" = u64, Path)), responses((status = 204)))]
pub(crate) async fn delete_account(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<VoipAccountId>,
) -> Result<StatusCode, Problem> {
    app.store.delete_account(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret, told this once; the old one stops working.
#[utoipa::path(post, path = "/accounts/{id}/secret", tag = "devices", params(("id" = u64, Path)),
    responses((status = 200, body = AccountSecret)))]
pub(crate) async fn reset_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<VoipAccountId>,
) -> Answer<AccountSecret> {
    refuse_apps(&app.store.account(caller.org(), id).await?.document.kind)?;
    let minted = app.mint(&caller).await?;
    let account = app.store.reset_account(&caller.actor, id, minted.new.clone()).await?;
    Ok(Json(app.told(&caller, &account, minted).await?))
}

/// Makes new action URLs, told this once; the old ones stop working, the secret stays.
#[utoipa::path(post, path = "/accounts/{id}/action-urls", tag = "devices", params(("id" = u64, Path)),
    responses((status = 200, body = Vec<ActionUrl>)))]
pub(crate) async fn renew_action_urls(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<VoipAccountId>,
) -> Answer<Vec<ActionUrl>> {
    refuse_apps(&app.store.account(caller.org(), id).await?.document.kind)?;
    let token = new_token("bba")?;
    app.store.renew_action_urls(&caller.actor, id, TokenHash::of(&token).0).await?;
    Ok(Json(app.action_urls(&token)))
}

/// Is it registered, and does it answer?
#[utoipa::path(post, path = "/accounts/{id}/sip-test", tag = "devices", params(("id" = u64, Path)),
    responses((status = 200, body = SipTest)))]
pub(crate) async fn sip_test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<VoipAccountId>,
) -> Answer<SipTest> {
    app.store.account(caller.org(), id).await?;
    Ok(Json(app.edge.sip_test(caller.org(), id).await))
}

/// How sound gets there, from its calls; nothing if it had none.
#[utoipa::path(post, path = "/accounts/{id}/network-test", tag = "devices", params(("id" = u64, Path)),
    responses((status = 200, body = Option<NetworkTest>)))]
pub(crate) async fn network_test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<VoipAccountId>,
) -> Answer<Option<NetworkTest>> {
    app.store.account(caller.org(), id).await?;
    Ok(Json(app.edge.network_test(caller.org(), id).await))
}

/// Ends a registration.
#[utoipa::path(delete, path = "/accounts/{id}/registrations/{registration}", tag = "devices",
    params(("id" = u64, Path), ("registration" = String, Path)), responses((status = 204)))]
pub(crate) async fn remove_registration(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named((id, registration)): Named<(VoipAccountId, RegistrationId)>,
) -> Result<StatusCode, Problem> {
    app.store.account(caller.org(), id).await?;
    let known = app.edge.registrations(caller.org(), id);
    let address = known.into_iter().find(|known| known.id == registration).map(|known| known.address);
    if !app.edge.remove_registration(caller.org(), id, registration).await {
        return Err(not_found("registration"));
    }
    app.store.registration_removed(&caller.actor, id, address.unwrap_or_default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

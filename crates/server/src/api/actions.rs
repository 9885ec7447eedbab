//! Action URLs: what a desk phone without `as-feature-event` calls when its Do Not Disturb key is pressed.
//!
//! The path holds a secret of that device alone. It says what shall be, so that repeating it changes nothing. Nothing is
//! told back: who tries secrets learns no more than that one is wrong.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use bellbird_contract::server::{AuditSource, Author, DndSource, OrgId};

use super::App;
use super::authorise::From;
use crate::auth::{PaceKey, Refused, TokenHash};
use crate::domain::{Actor, now};
use crate::store::{StoreError, StoredAccount};

pub(crate) async fn dnd(
    State(app): State<Arc<App>>,
    From(address): From,
    Path((state, token)): Path<(String, String)>,
) -> Response {
    let on = match state.as_str() {
        "on" => true,
        "off" => false,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let found = match app.store.account_of_action(TokenHash::of(&token).0).await {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    let Some((org, account)) = found else {
        // Whoever shows a right secret is served whatever others try from there.
        let refused = app.pace.take(PaceKey::Guess(address), Instant::now());
        return refused.map_or_else(|refused| wait(&refused), |()| StatusCode::NOT_FOUND.into_response());
    };
    if let Err(refused) = app.pace.take(PaceKey::Device(org, account.id), Instant::now()) {
        return wait(&refused);
    }
    match say(&app, org, &account, on).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => failed(&error),
    }
}

/// The key of a phone that is nobody's, or shared, is nobody's Do Not Disturb.
async fn say(app: &App, org: OrgId, account: &StoredAccount, on: bool) -> Result<(), StoreError> {
    let [owner] = account.owners.as_slice() else { return Ok(()) };
    let user = app.store.user(org, owner.id).await?;
    if user.disabled {
        return Ok(());
    }
    let author = Author { user: Some(user.id), name: user.name(), role: user.role };
    let from = AuditSource::DeskPhone { number: account.number.clone() };
    let actor = Actor { org, author, client: None, from, now: now() };
    app.store.say_dnd(&actor, user.id, on, DndSource::ActionUrl).await.map(drop)
}

fn wait(refused: &Refused) -> Response {
    let seconds = refused.after.as_secs().max(1).to_string();
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds)]).into_response()
}

fn failed(error: &StoreError) -> Response {
    tracing::error!("a phone's key could not be taken: {error}");
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response()
}

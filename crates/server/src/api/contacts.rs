//! The address book (U2).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bellbird_contract::server::{Contact, ContactEdit, ContactId};

use super::authorise::Caller;
use super::{App, Body, Named, Problem};

type Answer<T> = Result<Json<T>, Problem>;

/// Everybody in the address book who is no user, by name.
#[utoipa::path(get, path = "/contacts", tag = "contacts", responses((status = 200, body = Vec<Contact>)))]
pub(crate) async fn contacts(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<Contact>> {
    Ok(Json(app.store.contacts(caller.org()).await?))
}

/// Takes somebody into the address book. `POST /users` with `contact` makes a user of somebody in it.
#[utoipa::path(post, path = "/contacts", tag = "contacts", request_body = ContactEdit,
    responses((status = 201, body = Contact)))]
pub(crate) async fn create_contact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(edit): Body<ContactEdit>,
) -> Result<(StatusCode, Json<Contact>), Problem> {
    Ok((StatusCode::CREATED, Json(app.store.create_contact(&caller.actor, edit).await?)))
}

/// Changes somebody in the address book, if nobody did since the revision that is named.
#[utoipa::path(put, path = "/contacts/{id}", tag = "contacts", params(("id" = u64, Path)), request_body = ContactEdit,
    responses((status = 200, body = Contact)))]
pub(crate) async fn change_contact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ContactId>,
    Body(edit): Body<ContactEdit>,
) -> Answer<Contact> {
    Ok(Json(app.store.change_contact(&caller.actor, id, edit).await?))
}

/// Takes somebody out of the address book.
#[utoipa::path(delete, path = "/contacts/{id}", tag = "contacts", params(("id" = u64, Path)), responses((status = 204)))]
pub(crate) async fn delete_contact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ContactId>,
) -> Result<StatusCode, Problem> {
    app.store.delete_contact(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where users and other people work, each employer once.
#[utoipa::path(get, path = "/employers", tag = "contacts", responses((status = 200, body = Vec<String>)))]
pub(crate) async fn employers(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<String>> {
    Ok(Json(app.store.employers(caller.org()).await?))
}

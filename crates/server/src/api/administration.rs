//! Numbers, trunks, requests, audit, records, the organisation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AuditEntry, AuditId, AuditQuery, AuditSubject, CallRecord, CallRecordId, ChangeRequest, ChangeRequestAnswer,
    ChangeRequestId, NumberEdit, NumberEntry, NumberId, Organisation, OrganisationChange, TrunkEdit, TrunkId,
    TrunkTest, TrunkView, UserId,
};
use serde::Deserialize;

use super::authorise::{Action, Caller, forbidden};
use super::me::RecordParams;
use super::{App, Body, Named, Params, Problem};

type Answer<T> = Result<Json<T>, Problem>;

/// The inventory of numbers.
#[utoipa::path(get, path = "/numbers", tag = "numbers", responses((status = 200, body = Vec<NumberEntry>)))]
pub(crate) async fn numbers(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<NumberEntry>> {
    Ok(Json(app.store.numbers(caller.org()).await?))
}

/// Takes a number into the inventory.
#[utoipa::path(post, path = "/numbers", tag = "numbers", request_body = NumberEdit, responses((status = 201, body = NumberEntry)))]
pub(crate) async fn create_number(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(edit): Body<NumberEdit>,
) -> Result<(StatusCode, Json<NumberEntry>), Problem> {
    Ok((StatusCode::CREATED, Json(app.store.create_number(&caller.actor, edit).await?)))
}

/// Changes where a number leads.
#[utoipa::path(put, path = "/numbers/{id}", tag = "numbers", params(("id" = u64, Path)), request_body = NumberEdit,
    responses((status = 200, body = NumberEntry)))]
pub(crate) async fn change_number(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<NumberId>,
    Body(edit): Body<NumberEdit>,
) -> Answer<NumberEntry> {
    Ok(Json(app.store.change_number(&caller.actor, id, edit).await?))
}

/// Takes a number out of the inventory.
#[utoipa::path(delete, path = "/numbers/{id}", tag = "numbers", params(("id" = u64, Path)), responses((status = 204)))]
pub(crate) async fn delete_number(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<NumberId>,
) -> Result<StatusCode, Problem> {
    app.store.delete_number(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All trunks.
#[utoipa::path(get, path = "/trunks", tag = "numbers", responses((status = 200, body = Vec<TrunkView>)))]
pub(crate) async fn trunks(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<TrunkView>> {
    let trunks = app.store.trunks(caller.org()).await?;
    Ok(Json(trunks.into_iter().map(|trunk| app.trunk(caller.org(), trunk)).collect()))
}

/// Adds a trunk.
#[utoipa::path(post, path = "/trunks", tag = "numbers", request_body = TrunkEdit, responses((status = 201, body = TrunkView)))]
pub(crate) async fn create_trunk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(edit): Body<TrunkEdit>,
) -> Result<(StatusCode, Json<TrunkView>), Problem> {
    let trunk = app.store.create_trunk(&caller.actor, edit).await?;
    Ok((StatusCode::CREATED, Json(app.trunk(caller.org(), trunk))))
}

/// Changes a trunk; without a secret the old one stays.
#[utoipa::path(put, path = "/trunks/{id}", tag = "numbers", params(("id" = u64, Path)), request_body = TrunkEdit,
    responses((status = 200, body = TrunkView)))]
pub(crate) async fn change_trunk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<TrunkId>,
    Body(edit): Body<TrunkEdit>,
) -> Answer<TrunkView> {
    let trunk = app.store.change_trunk(&caller.actor, id, edit).await?;
    Ok(Json(app.trunk(caller.org(), trunk)))
}

/// Deletes a trunk.
#[utoipa::path(delete, path = "/trunks/{id}", tag = "numbers", params(("id" = u64, Path)), responses((status = 204)))]
pub(crate) async fn delete_trunk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<TrunkId>,
) -> Result<StatusCode, Problem> {
    app.store.delete_trunk(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a test call through a trunk.
#[utoipa::path(post, path = "/trunks/{id}/test", tag = "numbers", params(("id" = u64, Path)), responses((status = 200, body = TrunkTest)))]
pub(crate) async fn test_trunk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<TrunkId>,
) -> Answer<TrunkTest> {
    if !app.store.trunks(caller.org()).await?.iter().any(|trunk| trunk.id == id) {
        return Err(super::not_found("trunk"));
    }
    // It may have been made or changed a moment ago.
    app.edge.caught_up(caller.org(), app.store.revision(caller.org()).await?).await;
    let tested = app.edge.trunk_test(caller.org(), id).await;
    tested.map(Json).map_err(|code| Problem::new(code, "The test call could not be made."))
}

/// Requests for a change, open ones first.
#[utoipa::path(get, path = "/requests", tag = "requests", responses((status = 200, body = Vec<ChangeRequest>)))]
pub(crate) async fn requests(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<ChangeRequest>> {
    Ok(Json(app.store.requests(caller.org(), None).await?))
}

/// Answers a request: does it, lets the user decide himself, or declines with a reason.
#[utoipa::path(post, path = "/requests/{id}/answer", tag = "requests", params(("id" = u64, Path)),
    request_body = ChangeRequestAnswer, responses((status = 200, body = ChangeRequest)))]
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ChangeRequestId>,
    Body(answer): Body<ChangeRequestAnswer>,
) -> Answer<ChangeRequest> {
    Ok(Json(app.store.answer(&caller.actor, id, answer).await?))
}

/// What of the audit is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    author: Option<u64>,
    for_whom: Option<u64>,
    #[param(inline)]
    what: Option<AuditSubject>,
    before: Option<u64>,
    after: Option<u64>,
    limit: u32,
}

/// Who changed what, newest first (U12).
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParams), responses((status = 200, body = Vec<AuditEntry>)))]
pub(crate) async fn audit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(params): Params<AuditParams>,
) -> Answer<Vec<AuditEntry>> {
    let query = AuditQuery {
        author: params.author.map(UserId),
        for_whom: params.for_whom.map(UserId),
        what: params.what,
        before: params.before.map(AuditId),
        after: params.after.map(Timestamp),
        limit: params.limit,
    };
    Ok(Json(app.store.audit(caller.org(), query).await?))
}

/// Everybody's calls, newest first.
#[utoipa::path(get, path = "/calls", tag = "calls", params(RecordParams), responses((status = 200, body = Vec<CallRecord>)))]
pub(crate) async fn calls(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(params): Params<RecordParams>,
) -> Answer<Vec<CallRecord>> {
    Ok(Json(app.store.records(caller.org(), params.query()).await?))
}

/// A call with the reason for every device that rang or did not: one's own, or any with the role for it.
#[utoipa::path(get, path = "/calls/{id}/why", tag = "calls", params(("id" = String, Path)), responses((status = 200, body = CallRecord)))]
pub(crate) async fn why(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<CallRecordId>,
) -> Answer<CallRecord> {
    let record = app.store.record(caller.org(), id).await?;
    let own = caller.actor.user().is_some_and(|user| record.users.contains(&user));
    if own || caller.may(Action::ReadRecords) { Ok(Json(record)) } else { Err(forbidden("This was not your call.")) }
}

/// The organisation.
#[utoipa::path(get, path = "/organisation", tag = "organisation", responses((status = 200, body = Organisation)))]
pub(crate) async fn organisation(State(app): State<Arc<App>>, caller: Caller) -> Answer<Organisation> {
    Ok(Json(app.store.organisation(caller.org()).await?.view()))
}

/// Changes name or settings of the organisation.
#[utoipa::path(patch, path = "/organisation", tag = "organisation", request_body = OrganisationChange,
    responses((status = 200, body = Organisation)))]
pub(crate) async fn change_organisation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(change): Body<OrganisationChange>,
) -> Answer<Organisation> {
    Ok(Json(app.store.change_organisation(&caller.actor, change).await?))
}

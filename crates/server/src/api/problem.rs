//! What goes wrong, as `application/problem+json` (RFC 9457), and extractors that say it so.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bellbird_contract::server::{ApiProblem, ServerErrorCode};
use serde::de::DeserializeOwned;

use crate::auth::{PasswordsError, RandomError};
use crate::store::{DeadLink, Refusal, StoreError};

/// A refusal on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    problem: Box<ApiProblem>,
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(code: ServerErrorCode, title: &str) -> Self {
        Self { problem: Box::new(ApiProblem::new(code, title)), retry_after: None }
    }

    pub(crate) fn field(mut self, field: &str) -> Self {
        self.problem.field = Some(field.to_owned());
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.problem.params.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn into_inner(self) -> ApiProblem {
        *self.problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&*self.problem)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(ApiProblem::MEDIA_TYPE));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::new(ServerErrorCode::NotFound, &format!("There is no such {what}.")),
            StoreError::Taken { field, value, by, free } => taken(field, &value, by, free),
            StoreError::Conflict { by, revision } => {
                Self::new(ServerErrorCode::Conflict, "Somebody else changed this in the meantime. Load it again.")
                    .with("by", by)
                    .with("revision", revision.to_string())
            }
            StoreError::Refused(refusal) => refused(refusal),
            StoreError::Invalid { field, reason } => invalid(field, &reason),
            StoreError::Unavailable(_)
            | StoreError::Migration(_)
            | StoreError::Io(_)
            | StoreError::Newer { .. }
            | StoreError::Malformed(_)
            | StoreError::Exists(_) => {
                tracing::error!("the storage failed: {error}");
                Self::new(ServerErrorCode::StorageUnavailable, "The server can't reach its storage. Try again shortly.")
                    .retry_after(5)
            }
        }
    }
}

fn taken(field: &'static str, value: &str, by: Option<String>, free: Option<String>) -> Problem {
    let (code, title) = match field {
        "email" => (ServerErrorCode::EmailTaken, "This e-mail address is in use already."),
        "login" => (ServerErrorCode::LoginTaken, "This log-in name is in use already."),
        "extension" => (ServerErrorCode::ExtensionTaken, "This extension is in use already."),
        "extensionUsedBefore" => (ServerErrorCode::ExtensionUsedBefore, "This extension was somebody else's before."),
        "number" => (ServerErrorCode::NumberTaken, "This number is in use already."),
        "mac" => (ServerErrorCode::MacTaken, "Another device has this MAC address."),
        "request" => (ServerErrorCode::RequestOpen, "You asked for this already."),
        _ => (ServerErrorCode::InUse, "This is in use already."),
    };
    let field = if field == "extensionUsedBefore" { "extension" } else { field };
    let owner = if field == "mac" { "account" } else { "owner" };
    [(field, Some(value.to_owned()).filter(|value| !value.is_empty())), (owner, by), ("free", free)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(Problem::new(code, title).field(field), |problem, (name, value)| problem.with(name, value))
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NoPermission => {
            Problem::new(ServerErrorCode::LockedByAdministrator, "Your administrator sets this. Please contact them.")
        }
        Refusal::LastAdmin => {
            Problem::new(ServerErrorCode::LastAdmin, "This is the last administrator. Make somebody else one first.")
        }
        Refusal::AlreadySettled => Problem::new(ServerErrorCode::RequestSettled, "This request was answered already."),
        Refusal::Link(dead) => dead_link(dead),
    }
}

pub(crate) fn dead_link(dead: DeadLink) -> Problem {
    let (code, title, at) = match dead {
        DeadLink::Invalid => (ServerErrorCode::LinkInvalid, "There is no such link. Copy it whole.", None),
        DeadLink::Used { at } => {
            (ServerErrorCode::LinkUsed, "This link was used already. Log in, or ask for a new one.", Some(at))
        }
        DeadLink::Replaced { at } => {
            (ServerErrorCode::LinkReplaced, "A newer link took the place of this one. Use that one.", Some(at))
        }
        DeadLink::Expired => (ServerErrorCode::LinkExpired, "This link is too old. Ask for a new one.", None),
    };
    let problem = Problem::new(code, title);
    match at {
        Some(at) => problem.with("at", at.0.to_string()),
        None => problem,
    }
}

fn invalid(field: &str, reason: &str) -> Problem {
    match reason {
        "passwordTooShort" => {
            Problem::new(ServerErrorCode::PasswordTooShort, "Choose a password of at least 10 characters.")
                .field(field)
                .with("least", "10")
        }
        "passwordTooCommon" => {
            Problem::new(ServerErrorCode::PasswordTooCommon, "Everybody tries this password. Choose another.")
                .field(field)
        }
        reason => Problem::new(ServerErrorCode::FieldInvalid, &format!("{field}: {reason}.")).field(field),
    }
}

impl From<PasswordsError> for Problem {
    fn from(error: PasswordsError) -> Self {
        tracing::warn!("a password could not be checked: {error}");
        Self::new(ServerErrorCode::Unavailable, "Many people log in just now. Try again shortly.").retry_after(5)
    }
}

impl From<RandomError> for Problem {
    fn from(error: RandomError) -> Self {
        tracing::error!("{error}");
        Self::new(ServerErrorCode::Internal, "The server failed.")
    }
}

pub(crate) fn not_found(what: &str) -> Problem {
    Problem::new(ServerErrorCode::NotFound, &format!("There is no such {what}."))
}

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(ServerErrorCode::TooLarge, "This is too long."))
            }
            Err(error) => Err(Problem::new(ServerErrorCode::Malformed, &error.body_text())),
        }
    }
}

/// A query string.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(params)| Self(params))
            .map_err(|error| Problem::new(ServerErrorCode::Malformed, &error.body_text()))
    }
}

/// What stands in the path. What can't be an id names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| not_found("thing"))
    }
}

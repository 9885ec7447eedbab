//! Answers to HTTP-01 challenges, on a socket of their own (RFC 8555 §8.3).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::tls::Listener;

/// Key authorizations by token. Its socket is closed with it.
pub(super) struct Challenges {
    answers: Answers,
    task: tokio::task::AbortHandle,
}

#[derive(Clone, Default)]
struct Answers(Arc<Mutex<BTreeMap<String, String>>>);

impl Challenges {
    /// Listens.
    pub(super) async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let listener = Listener::bind(address, None).await?;
        let answers = Answers::default();
        let router =
            Router::new().route("/.well-known/acme-challenge/{token}", get(answer)).with_state(answers.clone());
        let serve = async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!("the authority's questions are answered no more: {error}");
            }
        };
        Ok(Self { answers, task: tokio::spawn(serve).abort_handle() })
    }

    /// Answers so from now on.
    pub(super) fn answer(&self, token: &str, key_authorization: &str) {
        self.answers.map().insert(token.to_owned(), key_authorization.to_owned());
    }

    /// Answers nothing any more.
    pub(super) fn clear(&self) {
        self.answers.map().clear();
    }
}

impl Drop for Challenges {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answers {
    fn map(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(answers): State<Answers>, Path(token): Path<String>) -> Response {
    match answers.map().get(&token) {
        Some(answer) => ([(CONTENT_TYPE, "application/octet-stream")], answer.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

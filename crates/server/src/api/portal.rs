//! The portal's built files.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

use super::not_found;

const PAGE: &str = "portal.html";

/// The portal as it was built beside this program: part of the program where that is optimised, else read from the source
/// tree, so that a change of the portal needs no new server. Nothing where it was not built.
#[derive(Embed)]
#[folder = "../../ui/dist"]
#[include = "portal.html"]
#[include = "mark.svg"]
#[include = "assets/*"]
#[allow_missing = true]
struct Built;

/// A file of the portal; its page for every other address, since the page itself knows what is where.
pub(crate) async fn serve(folder: Option<PathBuf>, request: Request) -> Response {
    let path = request.uri().path().trim_matches('/');
    let wanted = Path::new(path);
    let tame = wanted.components().all(|part| matches!(part, Component::Normal(_)));
    if tame && wanted.extension().is_some() {
        return file(folder.as_deref(), path).await.unwrap_or_else(|| not_found("file").into_response());
    }
    // The page finds its files beside itself: below an address of several parts it would look in the wrong place.
    if path.contains('/') {
        return not_found("page").into_response();
    }
    file(folder.as_deref(), PAGE).await.unwrap_or_else(|| not_found("page").into_response())
}

async fn file(folder: Option<&Path>, path: &str) -> Option<Response> {
    let content = match folder {
        Some(folder) => Cow::Owned(tokio::fs::read(folder.join(path)).await.ok()?),
        None => Built::get(path)?.data,
    };
    // Built files carry a hash in their names.
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(CONTENT_TYPE, media_type(Path::new(path))), (CACHE_CONTROL, keep)];
    Some((StatusCode::OK, headers, content.into_owned()).into_response())
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

//! The portal's built files.

use std::path::{Component, Path, PathBuf};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::not_found;

/// A file of the portal; its page for every other address, since the page itself knows what is where.
pub(crate) async fn serve(folder: Option<PathBuf>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let Some(folder) = folder.filter(|_| !path.starts_with("api/")) else {
        return not_found("page").into_response();
    };
    let wanted = Path::new(path);
    let tame = wanted.components().all(|part| matches!(part, Component::Normal(_)));
    if tame && wanted.extension().is_some() {
        return file(&folder.join(wanted)).await.unwrap_or_else(|| not_found("file").into_response());
    }
    file(&folder.join("portal.html")).await.unwrap_or_else(|| not_found("page").into_response())
}

async fn file(path: &Path) -> Option<Response> {
    let content = tokio::fs::read(path).await.ok()?;
    // Built files carry a hash in their names.
    let keep =
        if path.iter().any(|part| part == "assets") { "public, max-age=31536000, immutable" } else { "no-cache" };
    Some((StatusCode::OK, [(CONTENT_TYPE, media_type(path)), (CACHE_CONTROL, keep)], content).into_response())
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

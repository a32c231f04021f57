//! A game's page: files for browsers, on the port to which players connect.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use rust_embed::EmbeddedFile;

/// A function that returns the file at a path, such as `index.html` or `assets/index-1a2b3c.js`:
/// `Embed::get` of a type that derives `rust_embed::Embed`.
pub type PageFiles = fn(&str) -> Option<EmbeddedFile>;

/// The folder of files whose names contain the hash of their content, as bundlers write them.
/// Copies of them never become stale.
const HASHED: &str = "assets/";

/// The page of a game.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) files: PageFiles,
    /// Files may change under their names while somebody works on the page, so that browsers ask
    /// for each at every load.
    pub(crate) may_change: bool,
}

impl Page {
    /// Answers a request that is not for a WebSocket; `None` if the file does not exist.
    pub(super) fn respond<B>(self, request: &Request<B>) -> Option<Response<Full<Bytes>>> {
        let path = match request.uri().path().trim_start_matches('/') {
            "" => "index.html",
            path => path,
        };
        let file = (self.files)(path)?;
        let mut response = Response::new(Full::default());
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
            return Some(response);
        }
        let tag = tag(&file);
        let is_known = is_known(request.headers(), &tag);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, self.freshness(path));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.extend(HeaderValue::try_from(tag).map(|tag| (ETAG, tag)));
        headers.extend(HeaderValue::try_from(content_type(&file)).map(|kind| (CONTENT_TYPE, kind)));
        match is_known {
            true => *response.status_mut() = StatusCode::NOT_MODIFIED,
            false => *response.body_mut() = Full::from(Bytes::from_owner(file.data)),
        }
        Some(response)
    }

    fn freshness(self, path: &str) -> HeaderValue {
        let is_final = path.starts_with(HASHED) && !self.may_change;
        HeaderValue::from_static(match is_final {
            true => "public, max-age=31536000, immutable",
            false => "no-cache",
        })
    }
}

/// Makes a tag from the content alone (RFC 9110, section 8.8.3), so that nodes with the same build
/// agree.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let digits: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{digits}\"")
}

/// Checks whether the client has this content already. Tags are compared weakly (RFC 9110, section
/// 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|item| item.trim().trim_start_matches("W/"))
        .any(|item| item == tag || item == "*")
}

fn content_type(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    let charset = match kind.starts_with("text/") {
        true => "; charset=utf-8",
        false => "",
    };
    format!("{kind}{charset}")
}

//! Which requests are accepted, and what the others are told. The socket's side is in
//! `tests/upgrade.rs`.

use super::*;

/// The request of RFC 6455, section 1.2, with one header replaced or, by an empty value, removed.
fn request(name: &'static str, value: &'static str) -> Request<()> {
    let mut request = Request::new(());
    let headers = request.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
    headers.insert(UPGRADE, WEBSOCKET);
    headers.insert(SEC_WEBSOCKET_VERSION, VERSION);
    headers.insert(
        SEC_WEBSOCKET_KEY,
        HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="),
    );
    headers.insert(name, HeaderValue::from_static(value));
    if value.is_empty() {
        headers.remove(name);
    }
    request
}

#[track_caller]
fn check_refusal(mut request: Request<()>, expect: Refusal, status: u16) {
    let refusal = upgrade(&mut request).unwrap_err();
    assert_eq!(refusal, expect);
    assert_eq!(refusal.response().status(), status);
}

#[test]
fn the_example_of_the_rfc_is_accepted() {
    let (response, _) = upgrade(&mut request("host", "example.com")).unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(
        response.headers()[SEC_WEBSOCKET_ACCEPT],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert_eq!(response.headers()[CONNECTION], "upgrade");
    assert_eq!(response.headers()[UPGRADE], "websocket");
    assert!(!response.headers().contains_key("sec-websocket-protocol"));
}

#[test]
fn tokens_are_found_in_any_case_and_any_header() {
    upgrade(&mut request("connection", "UPGRADE")).unwrap();
    upgrade(&mut request("upgrade", "WebSocket")).unwrap();
    let mut request = request("connection", "keep-alive");
    request
        .headers_mut()
        .append(CONNECTION, HeaderValue::from_static("upgrade"));
    upgrade(&mut request).unwrap();
}

#[test]
fn other_requests_are_told_what_is_missing() {
    for (name, value) in [
        ("connection", ""),
        ("connection", "upgraded"),
        ("upgrade", "h2c"),
    ] {
        check_refusal(request(name, value), Refusal::NotAsked, 426);
    }
    for version in ["", "8", "13, 8"] {
        let request = request("sec-websocket-version", version);
        check_refusal(request, Refusal::WebSocketVersion, 426);
    }
    let told = Refusal::WebSocketVersion.response();
    assert_eq!(told.headers()[SEC_WEBSOCKET_VERSION], "13");
    assert_eq!(told.headers()[UPGRADE], "websocket");
    let bad_keys = [
        "",
        "short==",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZR==",
        "dGhl IHNhbXBsZSBub25jZ==",
    ];
    for key in bad_keys {
        check_refusal(request("sec-websocket-key", key), Refusal::Key, 400);
    }
    let mut two_keys = request("host", "example.com");
    let key = two_keys.headers()[SEC_WEBSOCKET_KEY].clone();
    two_keys.headers_mut().append(SEC_WEBSOCKET_KEY, key);
    check_refusal(two_keys, Refusal::Key, 400);
}

#[test]
fn a_websocket_begins_with_get_over_http_1_1() {
    let mut post = request("host", "example.com");
    *post.method_mut() = Method::POST;
    check_refusal(post, Refusal::Method, 405);
    let mut old = request("host", "example.com");
    *old.version_mut() = Version::HTTP_10;
    check_refusal(old, Refusal::HttpVersion, 505);
}

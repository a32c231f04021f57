//! Tests of accepted and refused tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use wayfare_protocol::ErrorCode;

use super::*;
use crate::shards::Authenticator;

const SECRET: &str = "a key of thirty-two bytes or more";

fn key() -> Key {
    Key::new(SECRET, "a test".into()).unwrap()
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
}

/// Returns the player of a token, or the refusal.
fn ask(token: &str) -> Result<(String, String), (ErrorCode, String)> {
    let answer = Verifier::new(Some(&key())).authenticate(token);
    answer
        .map(|player| (player.id.to_string(), player.name.to_string()))
        .map_err(|refusal| (refusal.code, refusal.message))
}

#[test]
fn a_minted_token_lets_its_player_in() {
    let ada = PlayerId::new("ada").unwrap();
    let token = mint(&key(), &ada, Some("Ada L."), Duration::from_secs(60)).unwrap();
    assert_eq!(ask(&token).unwrap(), ("ada".into(), "Ada L.".into()));
    let nameless = mint(&key(), &ada, None, Duration::from_secs(60)).unwrap();
    assert_eq!(ask(&nameless).unwrap(), ("ada".into(), "ada".into()));
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "claims are written where they are checked"
)]
fn check(claims: Value, expect: Result<&str, (ErrorCode, &str)>) {
    let token = signed(Algorithm::HS256, SECRET, &claims);
    match (ask(&token), expect) {
        (Ok((id, _)), Ok(expect)) => assert_eq!(id, expect),
        (Err((code, message)), Err((expect, part))) => {
            assert_eq!(code, expect, "{claims}: {message}");
            assert!(message.contains(part), "{claims}: {message}");
            assert!(!message.contains(&token), "{message}");
        }
        (answer, _) => panic!("{claims}: {answer:?}"),
    }
}

fn invalid(part: &str) -> Result<&'static str, (ErrorCode, &str)> {
    Err((ErrorCode::TokenInvalid, part))
}

#[test]
fn claims_decide() {
    let (soon, past) = (now() + 600, now() - 600);
    check(json!({ "sub": "ada", "exp": soon }), Ok("ada"));
    check(
        json!({ "sub": "ada", "exp": soon, "nbf": past, "aud": "x", "iss": "y" }),
        Ok("ada"),
    );
    // The time is within the leeway.
    check(
        json!({ "sub": "ada", "exp": now() - 5, "nbf": now() + 5 }),
        Ok("ada"),
    );
    check(
        json!({ "sub": "ada", "exp": past }),
        Err((ErrorCode::TokenExpired, "has expired")),
    );
    check(
        json!({ "sub": "ada", "exp": soon, "nbf": soon }),
        invalid("`nbf`"),
    );
    check(json!({ "sub": "ada" }), invalid("no `exp`"));
    check(json!({ "sub": "ada", "exp": null }), invalid("no `exp`"));
    check(json!({ "sub": "ada", "exp": soon as f64 + 0.5 }), Ok("ada"));
    check(json!({ "exp": soon }), invalid("no `sub`"));
    check(
        json!({ "sub": "", "exp": soon }),
        invalid("`sub` names no player"),
    );
    check(
        json!({ "sub": "a\nb", "exp": soon }),
        invalid("control character"),
    );
    check(
        json!({ "sub": "a".repeat(256), "exp": soon }),
        invalid("`sub` names no player"),
    );
}

#[test]
fn a_claim_of_the_wrong_type_is_named() {
    let soon = now() + 600;
    check(
        json!({ "sub": "ada", "exp": "tomorrow" }),
        invalid("`exp` is a text, and must be a number: seconds since 1970"),
    );
    check(
        json!({ "sub": "ada", "exp": soon * 1000 }),
        invalid("not milliseconds"),
    );
    check(
        json!({ "sub": "ada", "exp": soon, "nbf": "today" }),
        invalid("`nbf` is a text, and must be a number"),
    );
    check(
        json!({ "sub": 7, "exp": soon }),
        invalid("`sub` is a number, and must be a text"),
    );
    check(
        json!({ "sub": ["ada"], "exp": soon }),
        invalid("`sub` must be a text"),
    );
    check(
        json!({ "sub": "ada", "exp": soon, "name": { "first": "Ada" } }),
        invalid("`name` is an object, and must be a text"),
    );
    check(json!(["ada"]), invalid("JSON Web Token"));
}

#[test]
fn a_name_is_shown_as_far_as_it_can_be() {
    let check = |name: Value, shown: &str| {
        let claims = json!({ "sub": "ada", "exp": now() + 600, "name": name });
        let (id, name) = ask(&signed(Algorithm::HS256, SECRET, &claims)).unwrap();
        assert_eq!((&*id, &*name), ("ada", shown));
    };
    check(json!("n".repeat(65)), &"n".repeat(64));
    check(json!("👋".repeat(17)), &"👋".repeat(16));
    check(json!("Ada\u{0}\n"), "Ada");
    check(json!(""), "ada");
    check(json!(null), "ada");
}

#[test]
fn other_keys_and_algorithms_are_refused() {
    let claims = json!({ "sub": "ada", "exp": now() + 600 });
    let check = |token: &str, part: &str| {
        let (code, message) = ask(token).unwrap_err();
        assert_eq!(code, ErrorCode::TokenInvalid);
        assert!(message.contains(part), "{message}");
    };
    check(
        &signed(
            Algorithm::HS256,
            "another key of thirty-two bytes!!",
            &claims,
        ),
        "another key",
    );
    check(&signed(Algorithm::HS512, SECRET, &claims), "HS256");
    let good = signed(Algorithm::HS256, SECRET, &claims);
    let [_, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("{good}");
    };
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    check(&format!("{none}.{payload}."), "JSON Web Token");
    check(&format!("{none}.{payload}.{signature}"), "JSON Web Token");
    let claims = json!({ "sub": "eve", "exp": now() + 600 });
    let other = signed(
        Algorithm::HS256,
        "another key of thirty-two bytes!!",
        &claims,
    );
    let forged = other.split('.').nth(1).unwrap();
    let header = good.split('.').next().unwrap();
    check(&format!("{header}.{forged}.{signature}"), "another key");
    check("", "JSON Web Token");
    check("ada", "JSON Web Token");
    check(&"a".repeat(100_000), "too long");
}

#[test]
fn without_a_key_every_token_is_refused() {
    let token = signed(
        Algorithm::HS256,
        "",
        &json!({ "sub": "ada", "exp": now() + 600 }),
    );
    let refusal = Verifier::new(None).authenticate(&token).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TokenInvalid);
    assert!(
        refusal.message.contains("connect without a token"),
        "{refusal}"
    );
}

#[test]
fn a_short_key_is_refused_with_advice() {
    let refused = Key::new("secret", "env WAYFARE_TOKEN_KEY".into())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("env WAYFARE_TOKEN_KEY") && refused.contains("6 bytes"),
        "{refused}"
    );
    assert!(
        refused.contains("head -c 32 /dev/urandom | base64"),
        "{refused}"
    );
    assert!(!refused.contains("secret"), "{refused}");
    Key::new(&crate::chance::secret().unwrap(), "fresh".into()).unwrap();
}

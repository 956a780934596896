use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header, encode};
use lake::Fault;
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "http://localhost:47100/issuer";
const CLIENT: &str = "client";
const NOW: i64 = 1_800_000_000;

static OURS: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
static FOREIGN: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

fn published(key: &RsaKeyPair, kid: &str) -> Jwk {
    let public: PublicKeyComponents<Vec<u8>> = key.public_key().into();
    let [n, e] = [&public.n, &public.e].map(|part| URL_SAFE_NO_PAD.encode(part));
    serde_json::from_value(json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e}))
        .unwrap()
}

/// Signs by hand, so that the verifier is not measured by the library that it is made of.
fn sealed(header: &Value, claims: &Value, key: &RsaKeyPair) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{header}.{claims}");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[derive(Clone)]
struct Now(Arc<Mutex<i64>>);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(*self.0.lock().unwrap()).unwrap()
    }
}

/// Keys that a test changes, and how often they were asked for.
#[derive(Clone, Default)]
struct Published {
    keys: Arc<Mutex<Option<JwkSet>>>,
    asked: Arc<AtomicUsize>,
}

impl Published {
    fn set(&self, keys: Vec<Jwk>) {
        *self.keys.lock().unwrap() = Some(JwkSet { keys });
    }
}

impl KeySource for Published {
    async fn fetch(&self) -> Result<JwkSet, Fault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let keys = self.keys.lock().unwrap().clone();
        keys.ok_or_else(|| Fault::Unavailable { part: "issuer", reason: "down".to_owned() })
    }
}

fn tokens() -> (IdTokens<Published, Now>, Published, Now) {
    let (keys, clock) = (Published::default(), Now(Arc::new(Mutex::new(NOW))));
    keys.set(vec![published(&OURS, "ours")]);
    (IdTokens::new(ISSUER, CLIENT, keys.clone(), clock.clone()), keys, clock)
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "token_use": "id", "sub": "user-1", "iat": NOW, "exp": NOW + 3600,
        "custom:read": "my_hospital_123", "custom:write": "my_hospital_123",
    })
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn signed(claims: &Value, key: &RsaKeyPair, kid: &str) -> String {
    sealed(&json!({"alg": "RS256", "typ": "JWT", "kid": kid}), claims, key)
}

fn ours(claims: &Value) -> String {
    signed(claims, &OURS, "ours")
}

#[tokio::test]
async fn a_good_token_tells_who_and_what_rights() {
    let (tokens, ..) = tokens();
    for aud in [json!(CLIENT), json!(["another", CLIENT])] {
        let claims =
            tokens.authenticate(&ours(&with(json!({ "aud": aud })))).await.expect("the token is good");
        assert_eq!(claims.subject, "user-1", "the subject is the user");
        assert_eq!(claims.write.unwrap().as_str(), "my_hospital_123", "the right to write is the claim");
        assert_eq!(claims.expires_at.as_second(), NOW + 3600, "the end is the token's");
    }
}

#[tokio::test]
async fn a_missing_or_ill_formed_attribute_is_no_right_and_no_problem() {
    let (tokens, ..) = tokens();
    for value in [Value::Null, json!(""), json!(" "), json!("a*"), json!("a,b")] {
        let claims =
            tokens.authenticate(&ours(&with(json!({ "custom:write": value })))).await.expect("good token");
        assert_eq!(claims.write, None, "{value} names no institution");
    }
}

#[tokio::test]
async fn every_bad_token_has_a_problem_of_its_own() {
    let (tokens, ..) = tokens();
    let good = ours(&claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let other_payload = ours(&with(json!({"custom:write": "other_clinic_456"})));
    let other_payload = other_payload.split('.').nth(1).unwrap();
    let none = "eyJhbGciOiJub25lIiwia2lkIjoib3VycyJ9"; // {"alg":"none","kid":"ours"}
    let shared = {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("ours".to_owned());
        encode(&header, &claims(), &EncodingKey::from_secret(b"the published key")).unwrap()
    };
    let critical = json!({"alg": "RS256", "kid": "ours", "crit": ["exp"]});
    let cases = [
        ("no JWT", "hello".to_owned(), TokenProblem::Malformed),
        ("two parts", head.to_owned(), TokenProblem::Malformed),
        ("not base64", format!("{header}.{payload}.!!"), TokenProblem::Malformed),
        ("algorithm none", format!("{none}.{payload}."), TokenProblem::Malformed),
        ("shared secret", shared, TokenProblem::Malformed),
        ("critical extension", sealed(&critical, &claims(), &OURS), TokenProblem::Malformed),
        ("far too long", "a".repeat(TOKEN_BYTES + 1), TokenProblem::Malformed),
        ("no subject", ours(&with(json!({"sub": null}))), TokenProblem::Malformed),
        ("no end", ours(&with(json!({"exp": null}))), TokenProblem::Malformed),
        ("no key id", sealed(&json!({"alg": "RS256"}), &claims(), &OURS), TokenProblem::UnknownKey),
        ("unknown key", signed(&claims(), &FOREIGN, "theirs"), TokenProblem::UnknownKey),
        ("foreign key under our id", signed(&claims(), &FOREIGN, "ours"), TokenProblem::BadSignature),
        ("other payload", format!("{header}.{other_payload}.{signature}"), TokenProblem::BadSignature),
        ("cut signature", good.get(..good.len() - 2).unwrap().to_owned(), TokenProblem::BadSignature),
        ("access token", ours(&with(json!({"token_use": "access", "aud": null}))), TokenProblem::WrongKind),
        ("no kind", ours(&with(json!({"token_use": null}))), TokenProblem::WrongKind),
        ("other issuer", ours(&with(json!({"iss": "http://localhost/"}))), TokenProblem::WrongIssuer),
        ("no issuer", ours(&with(json!({"iss": null}))), TokenProblem::WrongIssuer),
        ("other client", ours(&with(json!({"aud": "other"}))), TokenProblem::WrongAudience),
        ("no audience", ours(&with(json!({"aud": null}))), TokenProblem::WrongAudience),
        ("expired", ours(&with(json!({"exp": NOW - 61}))), TokenProblem::Expired),
        ("from the future", ours(&with(json!({"nbf": NOW + 120}))), TokenProblem::NotYetValid),
        ("issued in the future", ours(&with(json!({"iat": NOW + 120}))), TokenProblem::NotYetValid),
    ];
    for (what, token, problem) in cases {
        assert_eq!(tokens.authenticate(&token).await.err(), Some(problem), "{what}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_and_no_more() {
    for (over, good) in [(59, true), (60, false)] {
        let (tokens, ..) = tokens();
        let told = tokens.authenticate(&ours(&with(json!({"exp": NOW - over})))).await;
        assert_eq!(told.is_ok(), good, "{over} s after its end");
    }
}

#[tokio::test]
async fn a_token_that_was_verified_still_ends() {
    let (tokens, _, clock) = tokens();
    let token = ours(&claims());
    assert!(tokens.authenticate(&token).await.is_ok(), "it is good now");
    assert_eq!(tokens.verified.len(), 1, "and remembered");
    *clock.0.lock().unwrap() = NOW + 3600 + 60;
    assert_eq!(tokens.authenticate(&token).await.err(), Some(TokenProblem::Expired), "but not for ever");
}

#[tokio::test]
async fn what_is_remembered_is_the_whole_token() {
    let (tokens, ..) = tokens();
    let token = ours(&claims());
    assert!(tokens.authenticate(&token).await.is_ok(), "it is good");
    let cut = token.get(..token.len() - 1).unwrap();
    assert!(tokens.authenticate(cut).await.is_err(), "a token with another end was never verified");
}

#[tokio::test]
async fn new_keys_are_read_when_they_are_named_and_not_at_every_forgery() {
    let (tokens, keys, clock) = tokens();
    assert!(tokens.authenticate(&ours(&claims())).await.is_ok(), "the first token reads the keys");
    keys.set(vec![published(&FOREIGN, "new")]);
    let token = signed(&claims(), &FOREIGN, "new");
    for _ in 0..50 {
        assert_eq!(
            tokens.authenticate(&token).await.err(),
            Some(TokenProblem::UnknownKey),
            "asked a moment ago"
        );
    }
    assert_eq!(keys.asked.load(Ordering::Relaxed), 1, "unknown ids do not make the issuer busy");
    *clock.0.lock().unwrap() = NOW + 31;
    assert!(tokens.authenticate(&token).await.is_ok(), "after the pause the new key is found");
    let withdrawn = ours(&with(json!({"sub": "user-2"})));
    assert_eq!(
        tokens.authenticate(&withdrawn).await.err(),
        Some(TokenProblem::UnknownKey),
        "the old one is gone"
    );
}

#[tokio::test]
async fn without_keys_nothing_is_said_of_a_token() {
    let (tokens, keys, _) = tokens();
    *keys.keys.lock().unwrap() = None;
    let told = tokens.authenticate(&ours(&claims())).await;
    assert_eq!(told.err(), Some(TokenProblem::KeysUnavailable), "the issuer is down, the token may be good");
    keys.set(vec![published(&OURS, "ours")]);
    assert!(tokens.authenticate(&ours(&claims())).await.is_ok(), "a failed question is asked again at once");
}

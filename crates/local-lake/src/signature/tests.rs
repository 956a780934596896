use aws_sigv4::http_request::SigningInstructions;
use http::Request;

use super::*;

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn scope() -> Scope {
    Scope { region: "us-east-1".to_owned(), service: "dynamodb" }
}

fn now() -> Timestamp {
    "2026-03-04T10:00:00Z".parse().unwrap()
}

fn secret_of(access_key_id: &str) -> Option<Secret> {
    (access_key_id == KEY).then(|| Secret::new(SECRET.to_owned()))
}

/// A request that was signed with these headers, at `now`.
fn signed(headers: &[(&'static str, &'static str)], body: &[u8]) -> Parts {
    let identity = Credentials::new(KEY, SECRET, None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("dynamodb")
        .time(SystemTime::from(now()))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let uri = "http://localhost:47102/";
    let request =
        SignableRequest::new("POST", uri, headers.iter().copied(), SignableBody::Bytes(body)).unwrap();
    let instructions: SigningInstructions = sign(request, &params).unwrap().into_parts().0;
    let mut request = Request::builder().method("POST").uri("/");
    for (name, value) in headers.iter().copied().chain(instructions.headers()) {
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

const HEADERS: [(&str, &str); 2] = [("host", "localhost:47102"), ("x-amz-target", "DynamoDB_20120810.Query")];

fn verified(parts: &Parts, body: &[u8]) -> Result<Signer, SignatureProblem> {
    verify(parts, body, &scope(), &["x-amz-target"], secret_of, now())
}

/// The published example of a signature by this algorithm, made by nobody here: get-vanilla of AWS's test suite.
#[test]
fn the_published_example_verifies() {
    let request = Request::builder()
        .method("GET")
        .uri("/")
        .header("host", "example.amazonaws.com")
        .header("x-amz-date", "20150830T123600Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
    let parts = request.body(()).unwrap().into_parts().0;
    let scope = Scope { region: "us-east-1".to_owned(), service: "service" };
    let at = "2015-08-30T12:40:00Z".parse().unwrap();
    let signer =
        verify(&parts, b"", &scope, &[], secret_of, at).expect("a signature made elsewhere holds here");
    assert_eq!(signer.access_key_id, KEY, "and tells whose it is");
}

#[test]
fn what_was_signed_is_what_counts() {
    let body = br#"{"TableName":"catalog"}"#;
    let parts = signed(&HEADERS, body);
    assert_eq!(verified(&parts, body).unwrap().session_token, None, "an untouched request holds");
    assert!(verified(&parts, b"{}").is_err(), "another body does not");
    type Change = (&'static str, fn(&mut Parts));
    let changes: [Change; 8] = [
        ("another target", |parts| set(parts, "x-amz-target", "DynamoDB_20120810.Scan")),
        ("another host", |parts| set(parts, "host", "elsewhere")),
        ("another time", |parts| set(parts, "x-amz-date", "20260304T100001Z")),
        ("a time of another form", |parts| set(parts, "x-amz-date", "2026-03-04T10:00:00Z")),
        ("another method", |parts| parts.method = http::Method::PUT),
        ("another path", |parts| parts.uri = "/more".parse().unwrap()),
        ("a second target", |parts| {
            parts.headers.append("x-amz-target", "DynamoDB_20120810.Scan".parse().unwrap());
        }),
        ("an unsigned session token", |parts| set(parts, "x-amz-security-token", "abc")),
    ];
    for (what, change) in changes {
        let mut changed = signed(&HEADERS, body);
        change(&mut changed);
        assert!(verified(&changed, body).is_err(), "{what} must be noticed");
    }
    let mut more = signed(&HEADERS, body);
    set(&mut more, "user-agent", "anything");
    assert!(verified(&more, body).is_ok(), "headers that were not signed may come and go");
}

#[test]
fn a_session_token_is_signed_along() {
    let headers = [HEADERS[0], ("x-amz-security-token", "sealed"), HEADERS[1]];
    let mut parts = signed(&headers, b"");
    assert_eq!(verified(&parts, b"").unwrap().session_token.as_deref(), Some("sealed"), "handed on");
    set(&mut parts, "x-amz-security-token", "others");
    assert!(verified(&parts, b"").is_err(), "another token does not go with this signature");
}

#[test]
fn clocks_may_differ_by_fifteen_minutes() {
    let parts = signed(&HEADERS, b"");
    let at = |minutes: i64| {
        verify(&parts, b"", &scope(), &[], secret_of, now() + SignedDuration::from_mins(minutes)).map(drop)
    };
    assert_eq!((at(15), at(-15)), (Ok(()), Ok(())), "within the limit");
    for minutes in [16, -16] {
        let problem = at(minutes).expect_err("beyond the limit").to_string();
        assert!(problem.starts_with("Signature "), "{problem}");
    }
}

#[test]
fn odd_authorizations_are_refused_and_never_a_panic() {
    let sound = signed(&HEADERS, b"");
    let authorization = sound.headers["authorization"].to_str().unwrap().to_owned();
    let odd = [
        authorization.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        authorization.replace("/aws4_request", ""),
        authorization.replace("dynamodb", "s3"),
        authorization.replace("us-east-1", "eu-west-1"),
        authorization.replace("20260304", "20260305"),
        authorization.replace("SignedHeaders=host;x-amz-date;x-amz-target", "SignedHeaders=host;x-amz-date"),
        authorization.replace("SignedHeaders=host", "SignedHeaders=;host;missing"),
        authorization.replace("Signature=", "Signature=0"),
        authorization.replace(KEY, "AKIAUNKNOWN"),
        "AWS4-HMAC-SHA256".to_owned(),
        "AWS4-HMAC-SHA256 ".to_owned(),
        "AWS4-HMAC-SHA256 Credential=////,SignedHeaders=,Signature=".to_owned(),
        String::new(),
    ];
    for text in odd {
        let mut parts = signed(&HEADERS, b"");
        set(&mut parts, "authorization", &text);
        assert!(verified(&parts, b"").is_err(), "{text:?} must be refused");
    }
}

fn set(parts: &mut Parts, name: &'static str, value: &str) {
    parts.headers.insert(name, value.parse().unwrap());
}

//! What is refused before the S3 protocol is read at all.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RANGE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::Endpoint;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
/// What signatures name as the service.
const SERVICE: &str = "s3";
static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// Lets signed S3 calls through and gives every answer an id.
///
/// Forms (`POST` of `multipart/form-data`) would be read into memory before their signature is looked at, and signature
/// version 2 knows no session token: neither has a place in a lake. What is signed for elsewhere is refused as AWS does, so
/// that a client's wrong region shows here and not only there.
pub(super) async fn check(
    State(endpoint): State<Arc<Endpoint>>,
    mut request: Request,
    next: Next,
) -> Response {
    drop_unsound_range(&mut request);
    let mut response = match refusal(&request, &endpoint.region) {
        Some(refusal) => refusal.response(),
        None => next.run(request).await,
    };
    let id = format!("{:016X}", REQUESTS.fetch_add(1, Ordering::Relaxed));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    /// The region to sign for, where that was the trouble; clients try again with it.
    region: Option<String>,
}

fn refusal(request: &Request, region: &str) -> Option<Refusal> {
    let refusal = |status, code, message: &'static str| {
        Some(Refusal { status, code, message: message.into(), region: None })
    };
    let starts = |name: HeaderName, prefix: &str| {
        request.headers().get_all(name).iter().any(|value| {
            value
                .as_bytes()
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        })
    };
    if request.method() == Method::POST && starts(CONTENT_TYPE, "multipart/") {
        return refusal(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "Uploads by form are not implemented; use PutObject.",
        );
    }
    let named = |wanted: &str| query_value(request, wanted).is_some();
    if starts(AUTHORIZATION, "AWS ") || named("Signature") || named("AWSAccessKeyId") {
        return refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        );
    }
    wrong_scope(request, region)
}

/// Whether the credential that a request is signed with is scoped to another region or service. What cannot be read as
/// a credential is left to the check of the signature, which refuses it.
fn wrong_scope(request: &Request, region: &str) -> Option<Refusal> {
    let is_presigned = query_value(request, "X-Amz-Signature").is_some();
    let credential = if is_presigned {
        query_value(request, "X-Amz-Credential")?
    } else {
        let authorization = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let (_algorithm, rest) = authorization.split_once(char::is_whitespace)?;
        Cow::Borrowed(rest.trim_start().strip_prefix("Credential=")?.split(',').next()?)
    };
    let fields: Vec<&str> = credential.split('/').collect();
    let [_access_key_id, _date, signed_region, service, _end] = fields[..] else { return None };
    let trouble = if signed_region != region {
        format!("the region '{signed_region}' is wrong; expecting '{region}'")
    } else if service != SERVICE {
        format!("incorrect service \"{service}\". This endpoint belongs to \"{SERVICE}\".")
    } else {
        return None;
    };
    let (code, what) = if is_presigned {
        ("AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter")
    } else {
        ("AuthorizationHeaderMalformed", "The authorization header is malformed")
    };
    let message = Cow::Owned(format!("{what}; {trouble}"));
    let expected = (signed_region != region).then(|| region.to_owned());
    Some(Refusal { status: StatusCode::BAD_REQUEST, code, message, region: expected })
}

/// Takes away a `Range` that is not one range of bytes: it is to be passed over (RFC 9110, section 14.2), where the protocol's
/// own reading would refuse the request. One that is signed stays, as without it no signature holds.
fn drop_unsound_range(request: &mut Request) {
    let mut ranges = request.headers().get_all(RANGE).iter();
    let Some(first) = ranges.next() else { return };
    let is_only = ranges.next().is_none();
    let is_range = is_only && first.to_str().is_ok_and(|range| s3s::dto::Range::parse(range).is_ok());
    if !is_range && !is_signed(request, "range") {
        request.headers_mut().remove(RANGE);
    }
}

/// Whether the signature of a request covers the header of that name, in lower case.
fn is_signed(request: &Request, header: &str) -> bool {
    let names = query_value(request, "X-Amz-SignedHeaders").or_else(|| {
        let authorization = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let (_before, names) = authorization.split_once("SignedHeaders=")?;
        names.split(',').next().map(Cow::Borrowed)
    });
    names.is_some_and(|names| names.split(';').any(|name| name == header))
}

/// The first value of that name in the query.
fn query_value<'a>(request: &'a Request, wanted: &str) -> Option<Cow<'a, str>> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    url::form_urlencoded::parse(query).find(|(name, _)| name == wanted).map(|(_, value)| value)
}

impl Refusal {
    fn response(self) -> Response {
        let region =
            self.region.map(|region| format!("<Region>{}</Region>", text(&region))).unwrap_or_default();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code><Message>{}</Message>{region}</Error>",
            self.code,
            text(&self.message)
        );
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        response
    }
}

/// Text as XML has it: the message quotes what the caller wrote.
fn text(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).fold(String::new(), |mut xml, character| {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            other => xml.push(other),
        }
        xml
    })
}

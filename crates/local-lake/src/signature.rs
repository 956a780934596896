//! AWS Signature Version 4 on received requests: whose key signed it, and that nothing that was signed has changed
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_lc_rs::constant_time;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::credentials::Secret;

/// How far the clocks of signer and lake may be apart, as AWS has it.
pub const MOST_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Where signatures are meant for: what must stand in the credential's scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The region, as `us-east-1`.
    pub region: String,
    /// The service's signing name, as `dynamodb`.
    pub service: &'static str,
}

/// Whose signature held. The session token has not been looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Signer {
    /// The access key id.
    pub access_key_id: String,
    /// The session token that was signed along with the request.
    pub session_token: Option<String>,
}

/// Why a request counts as not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    /// Nothing says who it is from.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// The authorization is not one of Signature Version 4, or a part of it is missing.
    #[error("{0}")]
    Incomplete(&'static str),
    /// The access key is not of this lake.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// It was signed too long ago, too far ahead, for elsewhere, or not as received.
    #[error("{0}")]
    Invalid(String),
}

/// The access key id that a request names, before anything is proved.
pub fn claimed_access_key_id(parts: &Parts) -> Option<&str> {
    Authorization::read(parts).ok().map(|authorization| authorization.access_key_id)
}

/// Checks the signature of a request whose body has been read. `must_be_signed` names headers, in lower case, that steer
/// the service: each has to be among those signed. The signature is made again, from the headers that the
/// signer names, with the secret that belongs to the key, and compared in constant time.
pub fn verify(
    parts: &Parts,
    body: &[u8],
    scope: &Scope,
    must_be_signed: &[&str],
    secret_of: impl FnOnce(&str) -> Option<Secret>,
    now: Timestamp,
) -> Result<Signer, SignatureProblem> {
    let authorization = Authorization::read(parts)?;
    let signed_at = signing_time(parts, &authorization)?;
    check_skew(signed_at, now)?;
    authorization.check_scope(scope)?;
    let token = header_text(parts, SESSION_TOKEN)?;
    let always = ["host", "x-amz-date"].into_iter().chain(token.map(|_| SESSION_TOKEN));
    for name in always.chain(must_be_signed.iter().copied()) {
        if !authorization.signed_headers.contains(&name) {
            return Err(SignatureProblem::Invalid(format!("The header '{name}' must be signed.")));
        }
    }
    let secret = secret_of(authorization.access_key_id).ok_or(SignatureProblem::UnknownKey)?;
    let expected = signature(parts, body, &authorization, &secret, signed_at)?;
    constant_time::verify_slices_are_equal(expected.as_bytes(), authorization.signature.as_bytes())
        .map_err(|_| mismatch())?;
    Ok(Signer {
        access_key_id: authorization.access_key_id.to_owned(),
        session_token: token.map(str::to_owned),
    })
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SESSION_TOKEN: &str = "x-amz-security-token";

/// The parts of an `Authorization` header of Signature Version 4.
struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(parts: &'a Parts) -> Result<Self, SignatureProblem> {
        let mut all = parts.headers.get_all(http::header::AUTHORIZATION).iter();
        let text = all.next().ok_or(SignatureProblem::Missing)?;
        if all.next().is_some() {
            return Err(SignatureProblem::Incomplete("There is more than one Authorization header."));
        }
        let text = text.to_str().map_err(|_| SignatureProblem::Missing)?;
        let rest = text.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' '));
        let rest = rest.ok_or(SignatureProblem::Missing)?; // another scheme, as `Bearer`
        let part = |name: &'static str| {
            rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let missing = SignatureProblem::Incomplete;
        let credential =
            part("Credential").ok_or(missing("Authorization header requires 'Credential' parameter."))?;
        let signed_headers = part("SignedHeaders")
            .ok_or(missing("Authorization header requires 'SignedHeaders' parameter."))?;
        let signature =
            part("Signature").ok_or(missing("Authorization header requires 'Signature' parameter."))?;
        let fields: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = fields[..] else {
            return Err(missing(
                "Credential must be an access key id, date, region, service and 'aws4_request', with '/' between.",
            ));
        };
        let signed_headers = signed_headers.split(';').collect();
        Ok(Self { access_key_id, date, region, service, signed_headers, signature })
    }

    fn check_scope(&self, scope: &Scope) -> Result<(), SignatureProblem> {
        let invalid = |reason: String| Err(SignatureProblem::Invalid(reason));
        if self.region != scope.region {
            let reason = format!("Credential should be scoped to a valid region, not '{}'.", self.region);
            return invalid(reason);
        }
        if self.service != scope.service {
            return invalid(format!("Credential should be scoped to correct service: '{}'.", scope.service));
        }
        Ok(())
    }
}

fn signing_time(parts: &Parts, authorization: &Authorization<'_>) -> Result<Timestamp, SignatureProblem> {
    let text = header_text(parts, "x-amz-date")?.ok_or(SignatureProblem::Incomplete(
        "Authorization header requires existence of an 'X-Amz-Date' header.",
    ))?;
    let unreadable = SignatureProblem::Incomplete("X-Amz-Date must be in the form YYYYMMDD'T'HHMMSS'Z'.");
    if text.len() != "20260304T235959Z".len() {
        return Err(unreadable);
    }
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text)
        .and_then(|time| time.to_zoned(TimeZone::UTC))
        .map_err(|_| unreadable)?;
    if text.get(..8) != Some(authorization.date) {
        let reason =
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.";
        return Err(SignatureProblem::Invalid(reason.to_owned()));
    }
    Ok(time.timestamp())
}

fn check_skew(signed_at: Timestamp, now: Timestamp) -> Result<(), SignatureProblem> {
    let age = now.duration_since(signed_at);
    let stamp = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let (signed, now) = (stamp(signed_at), stamp(now));
    if age > MOST_SKEW {
        let reason = format!("Signature expired: {signed} is now earlier than {now} less 15 min.");
        return Err(SignatureProblem::Invalid(reason));
    }
    if age < -MOST_SKEW {
        let reason = format!("Signature not yet current: {signed} is still later than {now} plus 15 min.");
        return Err(SignatureProblem::Invalid(reason));
    }
    Ok(())
}

/// The signature that the request should have.
fn signature(
    parts: &Parts,
    body: &[u8],
    authorization: &Authorization<'_>,
    secret: &Secret,
    signed_at: Timestamp,
) -> Result<String, SignatureProblem> {
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None; // only what the signer names is handed over, and all of that counts
    // The session token, where there is one, is a signed header like others.
    let credentials = Credentials::new(authorization.access_key_id, secret.expose(), None, None, "lake");
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(authorization.region)
        .name(authorization.service)
        .time(SystemTime::from(signed_at))
        .settings(settings)
        .build()
        .map_err(|_| mismatch())?
        .into();
    let mut headers = Vec::new();
    for name in &authorization.signed_headers {
        let values = parts.headers.get_all(*name);
        if values.iter().next().is_none() {
            return Err(SignatureProblem::Invalid(format!("The signed header '{name}' is missing.")));
        }
        for value in values {
            headers.push((*name, value.to_str().map_err(|_| mismatch())?));
        }
    }
    // The host is among the signed headers, so the one in this URL is not looked at.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = format!("http://localhost{path}");
    let request =
        SignableRequest::new(parts.method.as_str(), uri, headers.into_iter(), SignableBody::Bytes(body))
            .map_err(|_| mismatch())?;
    let (_, signature) = sign(request, &params).map_err(|_| mismatch())?.into_parts();
    Ok(signature)
}

fn header_text<'a>(parts: &'a Parts, name: &str) -> Result<Option<&'a str>, SignatureProblem> {
    let mut values = parts.headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str()).transpose().map_err(|_| mismatch())?;
    if values.next().is_some() {
        return Err(mismatch()); // which of two counts must not be a matter of opinion
    }
    Ok(first)
}

fn mismatch() -> SignatureProblem {
    SignatureProblem::Invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
            .to_owned(),
    )
}

#[cfg(test)]
mod tests;

//! Requests that no client sends, signed by hand.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use lake::Zone;
use reqwest::{Client, Method, Request, Response, StatusCode};

use crate::lake::{BUCKET, Keys, REGION, TestLake, key_of};

/// A request that is signed, then altered, then sent.
struct Call<'a> {
    lake: &'a TestLake,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    at: SystemTime,
    region: &'a str,
    service: &'a str,
    location: SignatureLocation,
}

impl<'a> Call<'a> {
    fn new(lake: &'a TestLake, method: Method, path: &str) -> Self {
        Self {
            lake,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            at: SystemTime::now(),
            region: REGION,
            service: "s3",
            location: SignatureLocation::Headers,
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    fn signed(&self, keys: &Keys) -> Request {
        let url = format!("{}{}", self.lake.endpoint, self.path);
        let mut request =
            http::Request::builder().method(self.method.as_str()).uri(&url).body(()).expect("a request");
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        let identity = Credentials::new(&keys.key, &keys.secret, keys.token.clone(), None, "test").into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.signature_location = self.location;
        if self.location == SignatureLocation::Headers {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        } else {
            settings.expires_in = Some(Duration::from_secs(60));
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at)
            .settings(settings)
            .build()
            .expect("all parameters are there")
            .into();
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = match self.location {
            SignatureLocation::Headers => SignableBody::Bytes(&self.body),
            _ => SignableBody::UnsignedPayload,
        };
        let signable = SignableRequest::new(self.method.as_str(), &url, headers, body)
            .expect("a request that can be signed");
        let (instructions, _) = sign(signable, &parameters).expect("a signature").into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let url = request.uri().to_string();
        let mut raw = Request::new(self.method.clone(), url.parse().expect("a URL"));
        *raw.headers_mut() = request.headers().clone();
        *raw.body_mut() = Some(self.body.clone().into());
        raw
    }

    async fn send(&self, keys: &Keys) -> Answer {
        send(self.signed(keys)).await
    }
}

struct Answer {
    status: StatusCode,
    text: String,
}

async fn send(request: Request) -> Answer {
    let client = Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().expect("a client");
    let answer: Response = client.execute(request).await.expect("an answer");
    Answer { status: answer.status(), text: answer.text().await.expect("its text") }
}

impl Answer {
    #[track_caller]
    fn is(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "expected {code}: {}", self.text);
        assert!(self.text.contains(&format!("<Code>{code}</Code>")), "expected {code}: {}", self.text);
    }
}

fn own_list() -> String {
    format!("/{BUCKET}?list-type=2&prefix=staging%2Fprotocol%3Dhl7v2%2Fsource%3Dmy_hospital_12%2F")
}

#[tokio::test]
async fn a_signature_covers_time_body_and_query() {
    let lake = TestLake::start().await;
    let reader = lake.steward(Some("my_hospital_12"), None);
    let listed = Call::new(&lake, Method::GET, &own_list()).send(&reader).await;
    assert_eq!(listed.status, 200, "an own list is answered: {}", listed.text);

    let mut late = Call::new(&lake, Method::GET, &own_list());
    late.at -= Duration::from_secs(3600);
    late.send(&reader).await.is(403, "RequestTimeTooSkewed");

    let mut altered = Call::new(&lake, Method::GET, &own_list()).signed(&reader);
    altered.url_mut().set_query(Some("list-type=2&prefix=staging%2F"));
    send(altered).await.is(403, "SignatureDoesNotMatch");

    let root = lake.administrator();
    let mut altered = Call::new(&lake, Method::PUT, &format!("/{BUCKET}/body")).body(b"signed").signed(&root);
    *altered.body_mut() = Some("forged".into());
    send(altered).await.is(400, "XAmzContentSHA256Mismatch");
    let missing = Call::new(&lake, Method::GET, &format!("/{BUCKET}/body")).send(&root).await;
    missing.is(404, "NoSuchKey");
}

#[tokio::test]
async fn a_signature_is_for_this_region_and_service() {
    let lake = TestLake::start().await;
    let reader = lake.steward(Some("my_hospital_12"), None);
    for (location, code) in [
        (SignatureLocation::Headers, "AuthorizationHeaderMalformed"),
        (SignatureLocation::QueryParams, "AuthorizationQueryParametersError"),
    ] {
        let call = |region, service| Call {
            region,
            service,
            location,
            ..Call::new(&lake, Method::GET, &own_list())
        };
        let right = call(REGION, "s3").send(&reader).await;
        assert_eq!(right.status, 200, "{location:?}: {}", right.text);
        let elsewhere = call("eu-west-1", "s3").send(&reader).await;
        elsewhere.is(400, code);
        let told =
            "the region 'eu-west-1' is wrong; expecting 'us-east-1'</Message><Region>us-east-1</Region>";
        assert!(elsewhere.text.contains(told), "what to sign for is told: {}", elsewhere.text);
        call("<eu>", "s3").send(&reader).await.is(400, code);
        let other = call(REGION, "sts").send(&reader).await;
        other.is(400, code);
        assert!(other.text.contains("belongs to \"s3\""), "what to sign for is told: {}", other.text);
    }
}

#[tokio::test]
async fn a_steward_cannot_slip_past_with_two_of_anything() {
    let lake = TestLake::start().await;
    let reader = lake.steward(Some("my_hospital_12"), None);
    lake.store(BUCKET, &key_of(Zone::Staging, "my_hospital_123"), "foreign", Some("my_hospital_123")).await;
    for query in ["&prefix=staging", "&prefix=", "&prefix=zone"] {
        let twice = Call::new(&lake, Method::GET, &format!("{}{query}", own_list())).send(&reader).await;
        assert!(twice.status.is_client_error(), "two prefixes are no request: {}", twice.text);
    }
    let neighbour = lake.steward(Some("my_hospital_123"), None);
    let mut two = Call::new(&lake, Method::GET, &own_list()).signed(&reader);
    let second = neighbour.token.as_deref().expect("a token").parse().expect("a header value");
    two.headers_mut().append("x-amz-security-token", second);
    let answer = send(two).await;
    assert!(answer.status.is_client_error(), "two tokens are no credentials: {}", answer.text);
    // The rest of a list is below the same prefix, whatever token or start a client makes up.
    let elsewhere = hex::encode("staging/protocol=hl7v2/source=my_hospital_122");
    for start in [format!("&continuation-token=k.{elsewhere}"), "&start-after=a".to_owned()] {
        let path = format!("{}{start}", own_list());
        let listed = Call::new(&lake, Method::GET, &path).send(&reader).await;
        assert_eq!(listed.status, 200, "{start}: {}", listed.text);
        assert!(
            !listed.text.contains("my_hospital_123"),
            "{start} shows nothing of another: {}",
            listed.text
        );
    }
}

#[tokio::test]
async fn forms_and_old_signatures_are_refused_unread() {
    let lake = TestLake::start().await;
    let client = Client::builder().no_proxy().build().expect("a client");
    let form = client
        .post(format!("{}/{BUCKET}", lake.endpoint))
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--x--")
        .build()
        .expect("a request");
    send(form).await.is(501, "NotImplemented");
    let url = format!("{}/{BUCKET}", lake.endpoint);
    let root = lake.administrator();
    let old = client.get(&url).header("authorization", format!("AWS {}:c2lnbmF0dXJl", root.key)).build();
    send(old.expect("a request")).await.is(400, "InvalidRequest");
    let old = client.get(format!("{url}?AWSAccessKeyId={}&Signature=x&Expires=9999999999", root.key)).build();
    send(old.expect("a request")).await.is(400, "InvalidRequest");
    send(client.get(&url).build().expect("a request")).await.is(403, "AccessDenied");
    for call in ["?acl", "?policy", "?uploads", "?lifecycle", "?select&select-type=2"] {
        let unsigned = client.get(format!("{url}{call}")).build().expect("a request");
        assert_eq!(send(unsigned).await.status, 403, "{call} unsigned");
        let steward = lake.steward(Some("my_hospital_12"), Some("my_hospital_12"));
        let signed = Call::new(&lake, Method::GET, &format!("/{BUCKET}{call}")).send(&steward).await;
        assert_eq!(signed.status, 403, "{call} by a steward: {}", signed.text);
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let lake = TestLake::start().await;
    let root = lake.administrator();
    let body = vec![b'x'; 1_000_000];
    let key = format!("/{BUCKET}/broken");
    let mut short = Call::new(&lake, Method::PUT, &key).body(&body).signed(&root);
    let pieces = futures::stream::iter([Ok(bytes::Bytes::from(vec![b'x'; 900_000])), Err("cut")]);
    short.headers_mut().insert("content-length", "1000000".parse().expect("a number"));
    *short.body_mut() = Some(reqwest::Body::wrap_stream(pieces));
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
    drop(client.execute(short).await);
    let missing = Call::new(&lake, Method::GET, &key).send(&root).await;
    missing.is(404, "NoSuchKey");
    let whole =
        Call::new(&lake, Method::PUT, &key).body(&body).header("x-amz-tagging", "a=b").send(&root).await;
    assert_eq!(whole.status, 200, "the same upload again goes through: {}", whole.text);
    let read = Call::new(&lake, Method::GET, &key).header("range", "bytes=-3").send(&root).await;
    assert_eq!((read.status.as_u16(), read.text.as_str()), (206, "xxx"), "and is whole");
}

#[tokio::test]
async fn a_list_tells_how_many_entries_it_may_have() {
    let lake = TestLake::start().await;
    let root = lake.administrator();
    for list in ["list-type=2", "prefix=x", "versions"] {
        for (asked, told) in
            [("", 1000), ("&max-keys=5000", 1000), ("&max-keys=1000", 1000), ("&max-keys=7", 7)]
        {
            let path = format!("/{BUCKET}?{list}{asked}");
            let listed = Call::new(&lake, Method::GET, &path).send(&root).await;
            let told = format!("<MaxKeys>{told}</MaxKeys>");
            assert!(listed.text.contains(&told), "{path} says {told}: {}", listed.text);
        }
    }
}

#[tokio::test]
async fn a_range_that_is_none_is_passed_over_unless_it_is_signed() {
    let lake = TestLake::start().await;
    let reader = lake.steward(Some("my_hospital_12"), None);
    let key = key_of(Zone::Staging, "my_hospital_12");
    lake.store(BUCKET, &key, "0123456789", Some("my_hospital_12")).await;
    let path = format!("/{BUCKET}/{}", key.replace('=', "%3D"));
    let unsigned = async |ranges: &[&str]| {
        let mut request = Call::new(&lake, Method::GET, &path).signed(&reader);
        for range in ranges {
            request.headers_mut().append("range", range.parse().expect("a header value"));
        }
        let answer = send(request).await;
        (answer.status.as_u16(), answer.text)
    };
    for range in [
        &["abc"][..],
        &["bytes=5-2"],
        &["bytes=0-1,3-4"],
        &["bytes="],
        &["lines=1-2"],
        &["bytes=0-1", "bytes=3-4"],
    ] {
        assert_eq!(unsigned(range).await, (200, "0123456789".to_owned()), "{range:?} is passed over");
    }
    for (range, part) in [("bytes=1-2", "12"), ("bytes=8-", "89"), ("bytes=-3", "789"), ("bytes=8-99", "89")]
    {
        assert_eq!(unsigned(&[range]).await, (206, part.to_owned()), "{range} is one range");
    }
    assert_eq!(unsigned(&["bytes=10-"]).await.0, 416, "a range behind the end is told");
    let signed = Call::new(&lake, Method::GET, &path).header("range", "bytes=5-2").send(&reader).await;
    assert_eq!(signed.status, 400, "what is signed stays as it is: {}", signed.text);
}

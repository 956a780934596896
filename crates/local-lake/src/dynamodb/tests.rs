use std::num::NonZeroU32;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use er7::Header;
use jiff::{SignedDuration, Timestamp};
use lake::{Catalog, CatalogDetail, CatalogEvent, MessageId, Place as StoredPlace, Source};
use serde_json::json;

use super::*;
use crate::catalog::CatalogSettings;
use crate::credentials::SessionCredentials;
use crate::randomness::SystemRandomness;

mod python;
mod signing;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";
const OWN: &str = "north_clinic";
const FOREIGN: &str = "south_clinic";

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// An endpoint on a port of its own, with messages of two institutions behind it.
struct Rig {
    _folder: tempfile::TempDir,
    credentials: Arc<CredentialMint>,
    url: String,
}

impl Rig {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = CatalogSettings { table: "catalog".to_owned(), shards: NonZeroU32::MIN };
        let catalog = LocalCatalog::open(&folder.path().join("catalog.sqlite"), settings).unwrap();
        for source in [OWN, FOREIGN] {
            for number in 1..=5 {
                catalog.record(&events(source, number)).await.unwrap();
            }
        }
        let credentials = Arc::new(CredentialMint::new([7; 32]));
        let table_arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/catalog");
        let endpoint = DynamoDb {
            catalog,
            credentials: Arc::clone(&credentials),
            policy: lake::policy::steward_policy("arn:aws:s3:::lake", &table_arn).unwrap(),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
        };
        assert_eq!(endpoint.table_arn(), table_arn, "the ARN that the policy was filled in with");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router(endpoint)).await });
        Self { _folder: folder, credentials, url }
    }

    fn steward(&self, read: Option<&str>) -> Call<'_> {
        let session = self.session(read, Timestamp::now());
        self.call(
            session.access_key_id,
            session.secret_access_key.expose().to_owned(),
            Some(session.session_token.expose().to_owned()),
        )
    }

    fn session(&self, read: Option<&str>, at: Timestamp) -> SessionCredentials {
        let right = |name: Option<&str>| name.map(|name| Source::parse(name).unwrap());
        let principal = Principal::Steward { subject: "sub-1".to_owned(), read: right(read), write: None };
        self.credentials.mint(&principal, at, [9; 32]).unwrap()
    }

    fn administrator(&self) -> Call<'_> {
        let root = self.credentials.root();
        self.call(root.access_key_id, root.secret_access_key.expose().to_owned(), None)
    }

    fn call(&self, id: String, secret: String, token: Option<String>) -> Call<'_> {
        Call {
            rig: self,
            id,
            secret,
            token,
            at: Timestamp::now(),
            region: REGION,
            service: "dynamodb",
            unsigned_target: None,
        }
    }
}

/// One caller, and how its requests are signed.
#[derive(Clone)]
struct Call<'a> {
    rig: &'a Rig,
    id: String,
    secret: String,
    token: Option<String>,
    at: Timestamp,
    region: &'static str,
    service: &'static str,
    unsigned_target: Option<&'static str>,
}

impl Call<'_> {
    /// Sends a signed request: status and body.
    async fn send(&self, operation: &str, request: &Value) -> (u16, Value) {
        let body = request.to_string();
        self.send_bytes(operation, body.as_bytes(), body.as_bytes().to_vec()).await
    }

    /// Sends `sent` under the signature of `signed`.
    async fn send_bytes(&self, operation: &str, signed: &[u8], sent: Vec<u8>) -> (u16, Value) {
        let target = format!("DynamoDB_20120810.{operation}");
        let host = self.rig.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let mut headers = vec![("host", host.as_str()), ("content-type", "application/x-amz-json-1.0")];
        if self.unsigned_target.is_none() {
            headers.push(("x-amz-target", target.as_str()));
        }
        let identity = Credentials::new(&self.id, &self.secret, self.token.clone(), None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::from(self.at))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signable = SignableBody::Bytes(signed);
        let request = SignableRequest::new("POST", &self.rig.url, headers.iter().copied(), signable).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let mut request = reqwest::Client::new().post(&self.rig.url).body(sent);
        for (name, value) in headers.iter().copied().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        if let Some(target) = self.unsigned_target {
            request = request.header("x-amz-target", target);
        }
        answered(request.send().await.unwrap()).await
    }

    async fn ok(&self, operation: &str, request: Value) -> Value {
        let (status, body) = self.send(operation, &request).await;
        assert_eq!(status, 200, "{operation} {request} must be answered, not {body}");
        body
    }

    async fn refused(&self, operation: &str, request: Value, code: &str) -> String {
        let (status, body) = self.send(operation, &request).await;
        let kind = body["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default();
        assert_eq!((status, kind), (400, code), "{operation} {request} got {body}");
        body["message"].as_str().or(body["Message"].as_str()).unwrap_or_default().to_owned()
    }
}

async fn answered(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (checksum, request_id) = (header("x-amz-crc32"), header("x-amzn-requestid"));
    assert!(request_id.is_some_and(|id| !id.is_empty()), "each answer has a request id");
    let body = response.bytes().await.unwrap();
    assert_eq!(checksum, Some(crc32fast::hash(&body).to_string()), "the checksum is that of the body");
    (status, serde_json::from_slice(&body).unwrap())
}

fn id(number: u32) -> MessageId {
    MessageId::mint(received(number), [number.to_le_bytes()[0]; 10])
}

fn received(number: u32) -> Timestamp {
    "2026-03-04T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(number.into())
}

/// Ingested; odd ones failed.
fn events(source: &str, number: u32) -> Vec<CatalogEvent> {
    let place = StoredPlace {
        bucket: "lake".to_owned(),
        key: format!("ingestion/{number}"),
        version_id: None,
        sha256: serde_json::from_value(json!("ab".repeat(32))).unwrap(),
        size: 100,
    };
    let event = |detail| CatalogEvent {
        source: Source::parse(source).unwrap(),
        message_id: id(number),
        received_at: received(number),
        digest: None,
        raw_digest: None,
        recorded_at: received(number),
        attempt: 1,
        detail,
    };
    let header = Header {
        message_type: Some("ADT".to_owned()),
        control_id: Some(format!("C{}", number % 2)),
        ..Header::default()
    };
    let mut events = vec![event(CatalogDetail::Ingested {
        place: place.clone(),
        header,
        submitted_by: "sub-1".to_owned(),
        encoding: None,
        replaces: None,
    })];
    if number % 2 == 1 {
        events.push(event(CatalogDetail::Error {
            place,
            stage: "parse".to_owned(),
            error_code: "no-message-header".to_owned(),
            service_version: "0.1.0".to_owned(),
            retryable: false,
        }));
    }
    events
}

fn message(source: &str, number: u32) -> String {
    format!("{source}#{}", id(number))
}

fn get(source: &str, number: u32) -> Value {
    json!({"TableName": "catalog",
        "Key": {"source_message": {"S": message(source, number)}, "event": {"S": "message"}}})
}

fn query(index: Option<&str>, attribute: &str, value: &str) -> Value {
    let mut request = json!({"TableName": "catalog", "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": attribute}, "ExpressionAttributeValues": {":k": {"S": value}}});
    if let Some(index) = index {
        request["IndexName"] = json!(index);
    }
    request
}

#[tokio::test]
async fn a_steward_reads_the_own_institutions_items() {
    let rig = Rig::start().await;
    let steward = rig.steward(Some(OWN));
    let found = steward.ok("GetItem", get(OWN, 1)).await;
    assert_eq!(found["Item"]["state"]["S"], "attention", "the head as recorded");
    let history = steward.ok("Query", query(None, "source_message", &message(OWN, 1))).await;
    assert_eq!(history["Count"], 3, "head and two events");
    let days = steward.ok("Query", query(None, "source_message", "north_clinic#days")).await;
    assert_eq!(days["Items"][0]["event"]["S"], "2026-03-04", "the days there are");
    for (index, attribute, value, count) in [
        ("by_day", "source_day", "north_clinic#2026-03-04#0", 5),
        ("open", "open_source", "north_clinic#open", 3),
        ("by_control", "source_control", "north_clinic#C0", 2),
    ] {
        let found = steward.ok("Query", query(Some(index), attribute, value)).await;
        assert_eq!(found["Count"], count, "heads in {index}");
    }
    let table = steward.ok("DescribeTable", json!({"TableName": "catalog"})).await;
    let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/catalog");
    assert_eq!(table["Table"]["TableArn"], arn.as_str(), "the ARN that policies name");
    assert_eq!(table["Table"]["GlobalSecondaryIndexes"].as_array().unwrap().len(), 3, "three indexes");
}

#[tokio::test]
async fn pages_filters_and_projections_behave() {
    let rig = Rig::start().await;
    let steward = rig.steward(Some(OWN));
    let mut request = query(Some("by_day"), "source_day", "north_clinic#2026-03-04#0");
    request["Limit"] = json!(2);
    request["ScanIndexForward"] = json!(false);
    let (mut positions, mut pages) = (Vec::new(), 0);
    loop {
        let page = steward.ok("Query", request.clone()).await;
        pages += 1;
        for item in page["Items"].as_array().unwrap() {
            positions.push(item["position"]["S"].as_str().unwrap().to_owned());
        }
        match page.get("LastEvaluatedKey") {
            Some(key) => request["ExclusiveStartKey"] = key.clone(),
            None => break,
        }
    }
    assert_eq!((positions.len(), pages), (5, 3), "all heads, two a page");
    assert!(positions.is_sorted_by(|a, b| a > b), "newest first: {positions:?}");

    let mut request = query(Some("by_day"), "source_day", "north_clinic#2026-03-04#0");
    request["FilterExpression"] = json!("#s = :s");
    request["ExpressionAttributeNames"]["#s"] = json!("state");
    request["ExpressionAttributeValues"][":s"] = json!({"S": "attention"});
    request["Select"] = json!("COUNT");
    let counted = steward.ok("Query", request).await;
    assert_eq!(
        (&counted["Count"], &counted["ScannedCount"]),
        (&json!(3), &json!(5)),
        "filtered, then counted"
    );
    assert!(counted.get("Items").is_none(), "a count brings no items");

    let mut request = get(OWN, 1);
    request["ProjectionExpression"] = json!("message_id");
    request["ConsistentRead"] = json!(true);
    let found = steward.ok("GetItem", request).await;
    assert_eq!(found["Item"], json!({"message_id": {"S": id(1).to_string()}}), "only what was asked for");
}

#[tokio::test]
async fn a_steward_is_refused_everything_else() {
    let rig = Rig::start().await;
    let steward = rig.steward(Some(OWN));
    let foreign = message(FOREIGN, 1);
    let both_partitions = json!({"TableName": "catalog",
        "KeyConditionExpression": "source_message = :a AND source_message = :b",
        "ExpressionAttributeValues": {":a": {"S": message(OWN, 1)}, ":b": {"S": foreign}}});
    let beginning = json!({"TableName": "catalog", "KeyConditionExpression": "begins_with(source_message, :a)",
        "ExpressionAttributeValues": {":a": {"S": "north_clinic#"}}});
    let item = json!({"source_message": {"S": message(OWN, 1)}, "event": {"S": "message"}});
    let refused = [
        ("GetItem", get(FOREIGN, 1)),
        ("GetItem", json!({"TableName": "catalog", "Key": {}})),
        ("GetItem", json!({"TableName": "catalog"})),
        ("Query", query(None, "source_message", &foreign)),
        ("Query", query(None, "source_message", "north_clinic")),
        ("Query", query(None, "source_message", "*")),
        ("Query", query(None, "source_message", "north_clinic_2#open")),
        ("Query", query(Some("by_day"), "source_day", "south_clinic#2026-03-04#0")),
        ("Query", query(Some("open"), "open_source", "south_clinic#open")),
        ("Query", query(Some("by_control"), "source_control", "south_clinic#C0")),
        ("Query", query(Some("by_day"), "source_message", &message(OWN, 1))),
        ("Query", query(Some("no_such_index"), "source_message", &message(OWN, 1))),
        ("Query", json!({"TableName": "catalog"})),
        ("Query", json!({"TableName": "catalog", "IndexName": "open"})),
        ("Query", both_partitions),
        ("Query", beginning),
        ("Query", query(None, "event", &message(OWN, 1))),
        ("Scan", json!({"TableName": "catalog"})),
        ("Scan", json!({"TableName": "catalog", "IndexName": "open"})),
        ("BatchGetItem", json!({"RequestItems": {"catalog": {"Keys": [item]}}})),
        ("TransactGetItems", json!({"TransactItems": [{"Get": {"TableName": "catalog", "Key": item}}]})),
        (
            "ExecuteStatement",
            json!({"Statement": "SELECT * FROM catalog WHERE source_message = 'north_clinic#days'"}),
        ),
        ("BatchExecuteStatement", json!({"Statements": [{"Statement": "SELECT * FROM catalog"}]})),
        ("ExecuteTransaction", json!({"TransactStatements": [{"Statement": "SELECT * FROM catalog"}]})),
        ("PutItem", json!({"TableName": "catalog", "Item": item})),
        ("UpdateItem", json!({"TableName": "catalog", "Key": item})),
        ("DeleteItem", json!({"TableName": "catalog", "Key": item})),
        ("BatchWriteItem", json!({"RequestItems": {"catalog": [{"DeleteRequest": {"Key": item}}]}})),
        ("TransactWriteItems", json!({"TransactItems": [{"Delete": {"TableName": "catalog", "Key": item}}]})),
        ("DeleteTable", json!({"TableName": "catalog"})),
        ("UpdateTable", json!({"TableName": "catalog"})),
        ("CreateTable", json!({"TableName": "mine"})),
        ("ListTables", json!({})),
        ("DescribeTable", json!({"TableName": "other"})),
        (
            "TagResource",
            json!({"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/catalog", "Tags": []}),
        ),
    ];
    for (operation, request) in refused {
        let message = steward.refused(operation, request, "AccessDeniedException").await;
        assert!(message.contains("is not authorized to perform: dynamodb:"), "the words AWS uses: {message}");
    }
    let found = rig.administrator().ok("GetItem", get(OWN, 1)).await;
    assert_eq!(found["Item"]["state"]["S"], "attention", "nothing was changed by all of this");
}

#[tokio::test]
async fn without_a_right_to_read_nothing_is_read() {
    let rig = Rig::start().await;
    let nobody = rig.steward(None);
    nobody.refused("GetItem", get(OWN, 1), "AccessDeniedException").await;
    nobody.refused("Query", query(None, "source_message", "#days"), "AccessDeniedException").await;
    nobody.refused("DescribeTable", json!({"TableName": "catalog"}), "AccessDeniedException").await;
}

#[tokio::test]
async fn a_repeated_member_cannot_show_the_policy_one_key_and_the_database_another() {
    let rig = Rig::start().await;
    let steward = rig.steward(Some(OWN));
    let key = |source| json!({"source_message": {"S": message(source, 1)}, "event": {"S": "message"}});
    for (first, last, allowed) in [(FOREIGN, OWN, true), (OWN, FOREIGN, false)] {
        let body = format!(r#"{{"TableName":"catalog","Key":{},"Key":{}}}"#, key(first), key(last));
        let (status, found) = steward.send_bytes("GetItem", body.as_bytes(), body.clone().into_bytes()).await;
        assert_eq!(status == 200, allowed, "the last one counts for both: {found}");
        assert_ne!(found["Item"]["source"]["S"], FOREIGN, "a foreign head must never be answered");
    }
}

#[tokio::test]
async fn the_administrator_may_do_all_and_errors_come_in_dynamodbs_shape() {
    let rig = Rig::start().await;
    let administrator = rig.administrator();
    let all = administrator.ok("Scan", json!({"TableName": "catalog", "Select": "COUNT"})).await;
    assert_eq!(all["Count"], 28, "ten heads, sixteen events, two days");
    let item = json!({"source_message": {"S": "x#1"}, "event": {"S": "note"}, "text": {"S": "by hand"}});
    administrator.ok("PutItem", json!({"TableName": "catalog", "Item": item})).await;
    let key = json!({"source_message": {"S": "x#1"}, "event": {"S": "note"}});
    let found = administrator.ok("GetItem", json!({"TableName": "catalog", "Key": key})).await;
    assert_eq!(found["Item"]["text"]["S"], "by hand", "what was put can be read");
    let bad = administrator.refused("Query", json!({"TableName": "catalog"}), "ValidationException").await;
    assert!(!bad.is_empty(), "dynoxide says what is wrong");
    let odd = json!({"TableName": "catalog", "KeyConditionExpression": "source_message = :a OR event = :a",
        "ExpressionAttributeValues": {":a": {"S": "x"}}});
    administrator.refused("Query", odd, "ValidationException").await;
    administrator
        .refused("GetItem", json!({"TableName": "nope", "Key": key}), "ResourceNotFoundException")
        .await;
    administrator.refused("DeleteTable", json!({"TableName": "catalog"}), "ValidationException").await;
    administrator.refused("MakeCoffee", json!({}), "UnknownOperationException").await;
    let (status, body) = administrator.send_bytes("GetItem", b"[1", b"[1".to_vec()).await;
    assert_eq!(status, 400, "not JSON: {body}");
    assert!(body["__type"].as_str().unwrap().ends_with("#SerializationException"), "and says so: {body}");
}

#[tokio::test]
async fn tables_made_and_changed_by_the_administrator_are_seen_at_once() {
    let rig = Rig::start().await;
    let administrator = rig.administrator();
    let request = json!({"TableName": "notes", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
    administrator.ok("CreateTable", request).await;
    let tables = administrator.ok("ListTables", json!({})).await;
    assert_eq!(tables["TableNames"], json!(["catalog", "notes"]), "both tables");
    administrator.ok("DeleteTable", json!({"TableName": "notes"})).await;
    administrator.refused("Scan", json!({"TableName": "notes"}), "ResourceNotFoundException").await;
}

#[tokio::test]
async fn a_stewards_request_is_bounded() {
    let rig = Rig::start().await;
    let steward = rig.steward(Some(OWN));
    let large = vec![b' '; STEWARD_BYTES + 1];
    let (status, body) = steward.send_bytes("GetItem", &large, large.clone()).await;
    assert_eq!(status, 413, "more than a steward's request may be: {body}");
}

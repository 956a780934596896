//! Making a lake's acquaintance: its profile is read from where the steward pointed and believed only as far as it
//! cannot send a token to a stranger.

mod offer;

use std::path::Path;
use std::time::Duration;

use lake::Profile;
use serde::Deserialize;
use url::Url;

use crate::front_door::{CertificateFault, Fault, FrontDoor, PROFILE_SCHEMA};
use crate::home::HomeProblem;
use crate::is_loopback;
pub use offer::{Change, Offer, accept, look};

/// The largest stack outputs file that is read.
const OUTPUTS_BYTES: u64 = 1024 * 1024;
/// How long a lake may take to describe itself.
const PROFILE_LIMIT: Duration = Duration::from_secs(20);

/// Why no profile came of it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectProblem {
    /// The home or its saved lakes.
    #[error(transparent)]
    Home(#[from] HomeProblem),
    /// Neither a URL nor a file.
    #[error("{given:?} is neither a lake's address (https://…) nor a stack outputs file (….json)")]
    NotAnAddress {
        /// What was given.
        given: String,
    },
    /// Plain http to another computer.
    #[error("{url} is not encrypted. A lake on another computer is reached by https:// only")]
    NotEncrypted {
        /// The address.
        url: String,
    },
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The file is something else.
    #[error("the file {path} is no stack outputs file: {reason}")]
    NotOutputs {
        /// The file.
        path: String,
        /// What is missing.
        reason: String,
    },
    /// Nothing sound answers there.
    #[error("{url}: {error}. Check the address, and that the lake is running")]
    NoLake {
        /// The address.
        url: String,
        /// What happened.
        #[source]
        error: Fault,
    },
    /// Who answers there cannot prove to be it.
    #[error("{url}: the connection is not safe: {fault}. Nothing was saved")]
    NotSafe {
        /// The address.
        url: String,
        /// What is wrong with the certificate.
        #[source]
        fault: CertificateFault,
    },
    /// The lake speaks a later or another language.
    #[error(
        "the lake at {url} describes itself as {schema:?}; this version understands \"lake-profile/1\". Update Lake Steward"
    )]
    OtherVersion {
        /// The address.
        url: String,
        /// Its schema.
        schema: String,
    },
    /// What it says of itself could lead a token astray.
    #[error(
        "the lake at {url} names {field} as {value:?}, {why}. It was not saved; ask the lake's administrator"
    )]
    NotTrusted {
        /// The address.
        url: String,
        /// The field.
        field: &'static str,
        /// What it says.
        value: String,
        /// Why that is refused.
        why: &'static str,
    },
}

/// Reads and checks the profile of the lake that an address or a stack outputs file names.
pub async fn connect(given: &str) -> Result<Profile, ConnectProblem> {
    let url = address_of(given)?;
    let door = FrontDoor::new(url.clone())
        .map_err(|error| ConnectProblem::NoLake { url: url.to_string(), error })?;
    let read = tokio::time::timeout(PROFILE_LIMIT, door.profile()).await;
    let slow = || Fault::Unreachable { reason: "it took too long".to_owned() };
    let profile = read.unwrap_or_else(|_| Err(slow())).map_err(|fault| no_profile(&url, fault))?;
    check(&profile, &url)?;
    Ok(profile)
}

fn no_profile(url: &Url, fault: Fault) -> ConnectProblem {
    let url = url.to_string();
    match fault {
        Fault::Certificate(fault) => ConnectProblem::NotSafe { url, fault },
        Fault::OtherVersion { schema } => ConnectProblem::OtherVersion { url, schema },
        error => ConnectProblem::NoLake { url, error },
    }
}

/// The lake's address as a URL, from an address or from a stack outputs file.
pub fn address_of(given: &str) -> Result<Url, ConnectProblem> {
    let url = match Url::parse(given) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
        _ if Path::new(given).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) => {
            address_in(Path::new(given))?
        }
        _ => return Err(ConnectProblem::NotAnAddress { given: given.to_owned() }),
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(ConnectProblem::NotEncrypted { url: url.to_string() });
    }
    Ok(url)
}

/// Whether a profile that was read from `url` may be used (a lying profile must not harvest tokens): the front door has
/// the origin that it was read from; everything is https except on loopback; AWS endpoints are AWS's, of that region, or
/// on loopback when the lake itself is; the browser is sent back to this computer only.
pub fn check(profile: &Profile, url: &Url) -> Result<(), ConnectProblem> {
    if profile.schema != PROFILE_SCHEMA {
        return Err(ConnectProblem::OtherVersion { url: url.to_string(), schema: profile.schema.clone() });
    }
    let refuse = |field, value: &str, why| ConnectProblem::NotTrusted {
        url: url.to_string(),
        field,
        value: value.to_owned(),
        why,
    };
    let read =
        |field, value: &str| Url::parse(value).map_err(|_| refuse(field, value, "which is no address"));

    let front_door = read("endpoints.front_door", &profile.endpoints.front_door)?;
    if front_door.origin() != url.origin() {
        return Err(refuse(
            "endpoints.front_door",
            front_door.as_str(),
            "which is not where this was read from",
        ));
    }
    for (field, value) in [("issuer", &profile.issuer), ("logout_url", &profile.logout_url)] {
        let address = read(field, value)?;
        if address.scheme() != "https" && !(is_loopback(&address) && is_loopback(url)) {
            return Err(refuse(field, value, "which is not encrypted"));
        }
    }
    // The issuer is AWS's own, or played on this computer: nothing else describes it.
    if let Some(value) = &profile.endpoints.cognito_idp
        && !(is_loopback(&read("endpoints.cognito_idp", value)?) && is_loopback(url))
    {
        return Err(refuse(
            "endpoints.cognito_idp",
            value,
            "which is not, as the lake itself, on this computer",
        ));
    }
    let endpoints = [
        ("endpoints.cognito_identity", &profile.endpoints.cognito_identity),
        ("endpoints.s3", &profile.endpoints.s3),
        ("endpoints.dynamodb", &profile.endpoints.dynamodb),
    ];
    for (field, value) in endpoints {
        let Some(value) = value else { continue };
        let address = read(field, value)?;
        let ours = is_loopback(&address) && is_loopback(url);
        if !ours && !is_aws(&address, &profile.region) {
            return Err(refuse(
                field,
                value,
                "which is neither AWS's in that region nor, as the lake itself, on this computer",
            ));
        }
    }
    if profile.redirect_uris.is_empty() {
        return Err(refuse("redirect_uris", "", "so that no sign-in could come back"));
    }
    for value in &profile.redirect_uris {
        let address = read("redirect_uris", value)?;
        if address.scheme() != "http" || !is_loopback(&address) || address.port().is_none() {
            return Err(refuse("redirect_uris", value, "which is not a port of this computer"));
        }
    }
    let limits = profile.limits;
    if limits.message_bytes == 0 || limits.batch_messages == 0 || limits.batch_bytes == 0 {
        return Err(refuse("limits", "0", "so that nothing could be sent"));
    }
    Ok(())
}

fn is_aws(address: &Url, region: &str) -> bool {
    let sound = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let host = address.host_str().unwrap_or_default();
    sound && address.scheme() == "https" && host.ends_with(&format!(".{region}.amazonaws.com"))
}

/// What `aws cloudformation describe-stacks` prints, its `Outputs` list alone, or a plain map of names to values.
#[derive(Deserialize)]
#[serde(untagged)]
enum Outputs {
    Stacks {
        #[serde(rename = "Stacks")]
        stacks: Vec<Stack>,
    },
    Stack(Stack),
    List(Vec<Output>),
    Map(std::collections::BTreeMap<String, serde_json::Value>),
}

#[derive(Deserialize)]
struct Stack {
    #[serde(rename = "Outputs")]
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(rename = "OutputKey")]
    key: String,
    #[serde(rename = "OutputValue")]
    value: String,
}

/// The output that names the front door.
const FRONT_DOOR_OUTPUT: &str = "FrontDoorUrl";

fn address_in(path: &Path) -> Result<Url, ConnectProblem> {
    let shown = path.display().to_string();
    let unreadable = |error| ConnectProblem::Unreadable { path: shown.clone(), error };
    let strange =
        |reason: &str| ConnectProblem::NotOutputs { path: shown.clone(), reason: reason.to_owned() };
    let size = std::fs::metadata(path).map_err(unreadable)?;
    if !size.is_file() || size.len() > OUTPUTS_BYTES {
        return Err(strange("it is not a file of at most 1 MiB"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let outputs = serde_json::from_slice(&bytes)
        .map_err(|_| strange("it is not the JSON that CloudFormation prints"))?;
    let found = match outputs {
        Outputs::Stacks { stacks } => find(stacks.into_iter().flat_map(|stack| stack.outputs)),
        Outputs::Stack(stack) => find(stack.outputs.into_iter()),
        Outputs::List(outputs) => find(outputs.into_iter()),
        Outputs::Map(map) => map.get(FRONT_DOOR_OUTPUT).and_then(|value| value.as_str().map(str::to_owned)),
    };
    let found = found.ok_or_else(|| strange("it has no output named FrontDoorUrl"))?;
    Url::parse(&found).map_err(|_| strange("its FrontDoorUrl is no address"))
}

fn find(mut outputs: impl Iterator<Item = Output>) -> Option<String> {
    outputs.find(|output| output.key == FRONT_DOOR_OUTPUT).map(|output| output.value)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use lake::{Endpoints, Limits};

    pub(crate) fn profile(origin: &str) -> Profile {
        Profile {
            schema: "lake-profile/1".to_owned(),
            name: "Practice lake".to_owned(),
            lake_version: "0.1.0".to_owned(),
            region: "eu-central-1".to_owned(),
            issuer: origin.to_owned(),
            client_id: "client".to_owned(),
            scopes: vec!["openid".to_owned()],
            redirect_uris: vec!["http://localhost:47113/callback".to_owned()],
            logout_url: format!("{origin}/logout"),
            logout_uris: vec![],
            identity_pool_id: "eu-central-1:1".to_owned(),
            identity_provider: "p".to_owned(),
            bucket: "b".to_owned(),
            catalog: "c".to_owned(),
            catalog_shards: 1,
            endpoints: Endpoints {
                front_door: origin.to_owned(),
                cognito_idp: None,
                cognito_identity: None,
                s3: None,
                dynamodb: None,
            },
            limits: Limits::default(),
        }
    }

    #[test]
    fn a_profile_that_cannot_lead_a_token_astray_is_accepted() {
        let here = Url::parse("http://localhost:47100").unwrap();
        let mut local = profile("http://localhost:47100");
        local.endpoints.s3 = Some("http://127.0.0.1:47101".to_owned());
        assert!(check(&local, &here).is_ok(), "a local lake may name other ports of this computer");
        let there = Url::parse("https://lake.example.org/prod").unwrap();
        let mut aws = profile("https://lake.example.org/prod");
        aws.issuer = "https://cognito-idp.eu-central-1.amazonaws.com/pool".to_owned();
        aws.endpoints.s3 = Some("https://s3.eu-central-1.amazonaws.com".to_owned());
        assert!(check(&aws, &there).is_ok(), "AWS's own endpoints of the lake's region");
    }

    #[test]
    fn every_way_to_lead_a_token_astray_is_refused() {
        let there = Url::parse("https://lake.example.org").unwrap();
        type Lie = fn(&mut Profile);
        let changes: [(&str, Lie); 11] = [
            ("another front door", |p| p.endpoints.front_door = "https://evil.example.org".to_owned()),
            ("another port", |p| p.endpoints.front_door = "https://lake.example.org:8443".to_owned()),
            ("plain issuer", |p| p.issuer = "http://lake.example.org".to_owned()),
            ("loopback issuer of a remote lake", |p| p.issuer = "http://localhost:1".to_owned()),
            ("an issuer described elsewhere", |p| {
                p.endpoints.cognito_idp = Some("https://evil.eu-central-1.amazonaws.com".to_owned())
            }),
            ("an issuer of a remote lake described here", |p| {
                p.endpoints.cognito_idp = Some("http://localhost:1".to_owned())
            }),
            ("foreign S3", |p| p.endpoints.s3 = Some("https://s3.example.org".to_owned())),
            ("S3 of another region", |p| {
                p.endpoints.s3 = Some("https://s3.us-west-2.amazonaws.com".to_owned())
            }),
            ("look-alike of AWS", |p| {
                p.endpoints.dynamodb = Some("https://evil-eu-central-1.amazonaws.com.example.org".to_owned())
            }),
            ("redirect elsewhere", |p| p.redirect_uris.push("https://evil.example.org/callback".to_owned())),
            ("no region", |p| {
                p.region = String::new();
                p.endpoints.s3 = Some("https://s3..amazonaws.com".to_owned());
            }),
        ];
        for (what, change) in changes {
            let mut lying = profile("https://lake.example.org");
            change(&mut lying);
            assert!(check(&lying, &there).is_err(), "{what} must be refused");
        }
    }

    #[test]
    fn addresses_come_from_urls_and_outputs_files() {
        assert!(
            matches!(address_of("http://lake.example.org"), Err(ConnectProblem::NotEncrypted { .. })),
            "tokens need https"
        );
        assert!(
            matches!(address_of("lake"), Err(ConnectProblem::NotAnAddress { .. })),
            "a word is no address"
        );
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("outputs.json");
        let given = file.display().to_string();
        for text in [
            r#"{"Stacks":[{"Outputs":[{"OutputKey":"FrontDoorUrl","OutputValue":"https://lake.example.org/"}]}]}"#,
            r#"[{"OutputKey":"FrontDoorUrl","OutputValue":"https://lake.example.org/"}]"#,
            r#"{"FrontDoorUrl":"https://lake.example.org/"}"#,
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(address_of(&given).unwrap().as_str(), "https://lake.example.org/", "{text}");
        }
        std::fs::write(&file, "{}").unwrap();
        assert!(
            matches!(address_of(&given), Err(ConnectProblem::NotOutputs { .. })),
            "no output of that name"
        );
        assert!(
            matches!(address_of("/nowhere/x.json"), Err(ConnectProblem::Unreadable { .. })),
            "no such file"
        );
    }
}

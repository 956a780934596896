//! What a steward is shown before a lake is saved: which lake, on which computer, where its sign-in happens, and what
//! is other than when it was saved.

use lake::Profile;
use serde::Serialize;
use url::Url;

use super::{ConnectProblem, connect};
use crate::home::{Home, HomeProblem, LOCAL, host_of, is_practice};

/// A lake that described itself soundly, for the steward to accept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// How to reach it; checked ([`super::check`]). No secrets.
    pub profile: Profile,
    /// Where it answers: host, and port unless it is the usual one.
    pub host: String,
    /// Where its sign-in happens: the steward types a password there.
    pub issuer_host: String,
    /// Whether it is a practice lake on this computer.
    pub practice: bool,
    /// The name under which a lake with this front door is saved already.
    pub known_as: Option<String>,
    /// What is other than when it was saved; empty if nothing is, or it is new.
    pub changed: Vec<Change>,
    /// A free name for it, made from its own; the name it has, if it is known.
    pub suggested_name: String,
}

/// Something about a known lake that is other than when it was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What, in words of the screen.
    pub what: &'static str,
    /// As it was saved.
    pub before: String,
    /// As the lake says now.
    pub now: String,
}

impl Offer {
    /// Whether the steward must confirm it: a new lake, or one that is not what it was.
    pub fn needs_consent(&self) -> bool {
        self.known_as.is_none() || !self.changed.is_empty()
    }
}

/// Reads and checks the lake that an address or a stack outputs file names; nothing is saved. For a known lake, give
/// its saved front door.
pub async fn look(home: &Home, given: &str) -> Result<Offer, ConnectProblem> {
    let profile = connect(given).await?;
    Ok(offer(home.profiles()?.lakes, profile))
}

/// Saves what was offered and makes it the lake used last; the name that it has here. Without a name of the steward's
/// own it gets the suggested one, or the next free one if that was taken meanwhile.
pub fn accept(home: &Home, offer: &Offer, name: Option<&str>) -> Result<String, HomeProblem> {
    let name = match (name, &offer.known_as) {
        (Some(name), _) => name.to_owned(),
        (None, Some(known)) => known.clone(),
        (None, None) => free_name(&home.profiles()?.lakes, &offer.suggested_name),
    };
    home.save_profile(&name, offer.profile.clone())?;
    Ok(name)
}

type Lakes = std::collections::BTreeMap<String, Profile>;

fn offer(lakes: Lakes, profile: Profile) -> Offer {
    let known = lakes.iter().find(|(_, known)| same_front_door(known, &profile));
    let suggested_name = match known {
        Some((name, _)) => name.clone(),
        None => free_name(&lakes, &name_from(&profile.name)),
    };
    Offer {
        host: host_of(&profile.endpoints.front_door),
        issuer_host: host_of(&profile.issuer),
        practice: is_practice(&profile),
        known_as: known.map(|(name, _)| name.clone()),
        changed: known.map_or_else(Vec::new, |(_, before)| changes(before, &profile)),
        suggested_name,
        profile,
    }
}

fn same_front_door(one: &Profile, other: &Profile) -> bool {
    let address = |profile: &Profile| {
        let url = Url::parse(&profile.endpoints.front_door).ok()?;
        Some((url.origin().ascii_serialization(), url.path().trim_end_matches('/').to_owned()))
    };
    address(one).is_some() && address(one) == address(other)
}

/// What a lying lake would change to get at tokens or data; versions and limits may change at any time.
fn changes(before: &Profile, now: &Profile) -> Vec<Change> {
    let endpoint = |address: &Option<String>| address.as_deref().map_or_else(String::new, host_of);
    let facts = |profile: &Profile| {
        [
            ("name", profile.name.clone()),
            ("sign-in", profile.issuer.clone()),
            ("sign-out page", profile.logout_url.clone()),
            ("program id at the sign-in", profile.client_id.clone()),
            ("region", profile.region.clone()),
            ("storage", profile.bucket.clone()),
            ("storage address", endpoint(&profile.endpoints.s3)),
            ("catalog", profile.catalog.clone()),
            ("catalog address", endpoint(&profile.endpoints.dynamodb)),
            ("access service", profile.identity_pool_id.clone()),
            ("access service address", endpoint(&profile.endpoints.cognito_identity)),
        ]
    };
    let pairs = facts(before).into_iter().zip(facts(now));
    let pairs = pairs.filter(|((_, before), (_, now))| before != now);
    pairs.map(|((what, before), (_, now))| Change { what, before, now }).collect()
}

/// The name, or with the first number that makes it free. That of the lake on this computer is never free.
fn free_name(lakes: &Lakes, name: &str) -> String {
    let numbered = |number: u32| {
        let room = 64 - 1 - number.to_string().len();
        format!("{}-{number}", name.chars().take(room).collect::<String>())
    };
    let mut names = std::iter::once(name.to_owned()).chain((2..=u32::MAX).map(numbered));
    names.find(|name| name != LOCAL && !lakes.contains_key(name)).unwrap_or_else(|| name.to_owned())
}

/// A lake's own name made into one for here: lower-case words and hyphens, at most 64.
fn name_from(own: &str) -> String {
    let words: Vec<String> = own
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let name: String = words.join("-").chars().take(64).collect();
    if name.is_empty() { "lake".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::tests::profile;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        (dir, home)
    }

    fn offered(home: &Home, profile: Profile) -> Offer {
        offer(home.profiles().unwrap().lakes, profile)
    }

    #[test]
    fn a_new_lake_is_shown_with_all_that_a_steward_must_judge() {
        let (_dir, home) = home();
        let mut north = profile("https://lake.north.example");
        north.name = "Lake of North, Ltd.".to_owned();
        north.issuer = "https://cognito-idp.eu-central-1.amazonaws.com/pool".to_owned();
        let offer = offered(&home, north);
        assert_eq!(offer.host, "lake.north.example", "where it is");
        assert_eq!(offer.issuer_host, "cognito-idp.eu-central-1.amazonaws.com", "where the password goes");
        assert_eq!(offer.suggested_name, "lake-of-north-ltd", "words and hyphens");
        assert!(!offer.practice && offer.needs_consent(), "a real lake, not seen before");
        assert!(offered(&home, profile("http://localhost:47100")).practice, "on this computer");
    }

    #[test]
    fn a_known_lake_is_confirmed_again_only_when_it_is_not_what_it_was() {
        let (_dir, home) = home();
        let before = profile("https://lake.example.org");
        let name = accept(&home, &offered(&home, before.clone()), None).unwrap();
        let same = offered(&home, before.clone());
        assert_eq!(same.known_as.as_ref(), Some(&name), "known by its front door");
        assert!(!same.needs_consent(), "nothing has changed: {:?}", same.changed);

        let mut newer = before.clone();
        newer.lake_version = "9.9.9".to_owned();
        newer.limits.batch_messages = 7;
        assert!(!offered(&home, newer).needs_consent(), "versions and limits may change");

        let mut moved = before.clone();
        moved.issuer = "https://evil.example.org".to_owned();
        moved.bucket = "another".to_owned();
        let moved = offered(&home, moved);
        let what: Vec<_> = moved.changed.iter().map(|change| change.what).collect();
        assert_eq!(what, ["sign-in", "storage"], "each change is named");
        assert!(moved.needs_consent(), "and must be confirmed");
        assert_eq!(accept(&home, &moved, None).unwrap(), name, "it takes the place of what was saved");
        assert_eq!(home.profiles().unwrap().lakes.len(), 1, "one lake, not two");
    }

    #[test]
    fn names_never_meet() {
        let (_dir, home) = home();
        let mut names = Vec::new();
        for number in 1..=3 {
            let lake = profile(&format!("https://lake{number}.example.org"));
            names.push(accept(&home, &offered(&home, lake), None).unwrap());
        }
        assert_eq!(names, ["practice-lake", "practice-lake-2", "practice-lake-3"], "of three of one name");
        let mut long = profile("https://long.example.org");
        long.name = "a".repeat(100);
        let first = offered(&home, long.clone());
        // Taken by another program between the offer and its acceptance.
        home.save_profile(&first.suggested_name, profile("https://meanwhile.example.org")).unwrap();
        let name = accept(&home, &first, None).unwrap();
        assert!(name.ends_with("-2") && name.len() == 64, "the next free one, of sound length: {name}");
        let mut nameless = long;
        nameless.name = "…".to_owned();
        nameless.endpoints.front_door = "https://nameless.example.org".to_owned();
        assert_eq!(offered(&home, nameless).suggested_name, "lake", "never empty");
        let mut posing = profile("https://posing.example.org");
        posing.name = "Local".to_owned();
        let name = accept(&home, &offered(&home, posing), None).unwrap();
        assert_eq!(name, "local-2", "the name of the lake on this computer is nobody else's");
    }
}

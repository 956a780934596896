use super::*;

fn noon() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().expect("a fixed time")
}

fn steward() -> Principal {
    Principal::Steward {
        subject: "5f0c0f43-0000-4000-8000-000000000001".to_owned(),
        read: Source::parse("my_hospital_123").ok(),
        write: None,
    }
}

fn mint() -> CredentialMint {
    CredentialMint::new([7; 32])
}

fn session(random: u8) -> SessionCredentials {
    mint().mint(&steward(), noon(), [random; 32]).expect("sealing works")
}

#[test]
fn a_session_says_after_a_restart_who_it_is_for() {
    let made = session(1);
    assert!(made.access_key_id.starts_with("ASIA") && made.access_key_id.len() == 20, "AWS's shape");
    assert_eq!(made.secret_access_key.expose().len(), 40, "AWS's length");
    let later = mint();
    assert_eq!(
        later.principal_of(&made.access_key_id, Some(made.session_token.expose()), noon()),
        Ok(steward()),
        "another mint on the same master key opens the token"
    );
    assert_eq!(
        later.secret_of(&made.access_key_id),
        Some(made.secret_access_key),
        "and knows the secret that requests are signed with"
    );
}

#[test]
fn a_session_ends_after_an_hour() {
    let made = session(1);
    let at = |seconds| noon() + SignedDuration::from_secs(seconds);
    let asked = |now| mint().principal_of(&made.access_key_id, Some(made.session_token.expose()), now);
    assert_eq!(made.expires_at, at(3600), "one hour");
    assert_eq!(asked(at(3599)), Ok(steward()), "it holds to its last second");
    assert_eq!(asked(at(3600)), Err(CredentialProblem::Expired), "and not a second longer");
}

#[test]
fn a_token_opens_only_with_its_own_access_key_id_and_unaltered() {
    let (made, other) = (session(1), session(2));
    let asked = |id: &str, token: Option<&str>| mint().principal_of(id, token, noon());
    let id = made.access_key_id.as_str();
    assert_eq!(
        asked(id, Some(other.session_token.expose())),
        Err(CredentialProblem::Invalid),
        "another session's token"
    );
    assert_eq!(asked(id, None), Err(CredentialProblem::Missing), "no token");
    assert_eq!(asked(id, Some("")), Err(CredentialProblem::Missing), "an empty token");
    assert_eq!(asked(id, Some("no base64!")), Err(CredentialProblem::Invalid), "not a token");
    let bytes = STANDARD.decode(made.session_token.expose()).expect("base64");
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        assert_eq!(
            asked(id, Some(&STANDARD.encode(altered))),
            Err(CredentialProblem::Invalid),
            "a bit changed at byte {place}"
        );
    }
    let foreign = CredentialMint::new([8; 32]);
    assert_eq!(
        foreign.principal_of(id, Some(made.session_token.expose()), noon()),
        Err(CredentialProblem::Invalid),
        "another lake's token"
    );
}

#[test]
fn the_root_credential_is_the_administrator_without_a_token() {
    let root = mint().root();
    assert!(root.access_key_id.starts_with("AKIA") && root.access_key_id.len() == 20, "AWS's shape");
    assert_eq!(
        mint().secret_of(&root.access_key_id),
        Some(root.secret_access_key.clone()),
        "the secret is the same after a restart"
    );
    assert_eq!(
        mint().principal_of(&root.access_key_id, None, noon()),
        Ok(Principal::Administrator),
        "no token is needed"
    );
    assert_eq!(
        mint().principal_of(&root.access_key_id, Some(session(1).session_token.expose()), noon()),
        Err(CredentialProblem::Invalid),
        "a token beside the root credential is wrong"
    );
}

#[test]
fn ids_that_this_lake_cannot_have_made_have_no_secret() {
    let foreign = CredentialMint::new([8; 32]).root();
    for id in ["", "ASIA", "AKIAAAAAAAAAAAAAAAAA", "ASIA0000000000000000", "asiaaaaaaaaaaaaaaaaa"] {
        assert_eq!(mint().secret_of(id), None, "{id:?} is not ours");
        assert_eq!(
            mint().principal_of(id, Some("x"), noon()),
            Err(CredentialProblem::Invalid),
            "{id:?} is nobody"
        );
    }
    assert_eq!(mint().secret_of(&foreign.access_key_id), None, "another lake's administrator is nobody here");
}

#[test]
fn secrets_do_not_show() {
    let made = session(1);
    let shown = format!("{made:?} {:?}", mint().root());
    for secret in [made.secret_access_key.expose(), made.session_token.expose()] {
        assert!(!shown.contains(secret), "Debug must not show a secret");
    }
}

use super::*;
use crate::randomness::SystemRandomness;

async fn users(folder: &tempfile::TempDir, samples: SampleUsers) -> Users {
    let database = Database::open(&folder.path().join("lake.sqlite"), &[SCHEMA]).expect("a new database");
    let users = Users::open(&database, samples, &SystemRandomness).await.expect("the users open");
    database.close().await.expect("the database closes before it is opened again");
    users
}

#[tokio::test]
async fn the_sample_users_have_the_rights_that_are_promised() {
    let folder = tempfile::tempdir().expect("a folder");
    let users = users(&folder, SampleUsers::OneClick).await;
    let rights: Vec<_> = users
        .all()
        .iter()
        .map(|user| {
            let name = |right: &Option<Source>| right.as_ref().map(|source| source.as_str().to_owned());
            (user.username.as_str(), name(&user.read), name(&user.write))
        })
        .collect();
    let hospital = Some("my_hospital_123".to_owned());
    let clinic = Some("other_clinic_456".to_owned());
    assert_eq!(
        rights,
        [
            ("admin@example.com", hospital.clone(), hospital.clone()),
            ("reader@example.com", hospital.clone(), None),
            ("writer@example.com", None, hospital),
            ("other@example.com", clinic.clone(), clinic),
        ],
        "the four sample users"
    );
    assert!(users.named("Admin@Example.com").is_some(), "capitals do not matter");
    assert!(users.named("nobody@example.com").is_none(), "there is no such user");
}

#[tokio::test]
async fn a_user_keeps_its_subject_in_one_data_folder_and_has_another_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let first = users(&folder, SampleUsers::OneClick).await;
    let again = users(&folder, SampleUsers::Password(Secret::new("pw".to_owned()))).await;
    let other = users(&elsewhere, SampleUsers::OneClick).await;
    for ((one, two), three) in first.all().iter().zip(again.all()).zip(other.all()) {
        assert_eq!(one.subject, two.subject, "the same folder gives the same sub");
        assert_ne!(one.subject, three.subject, "another folder gives another sub");
        assert_eq!(first.of_subject(&two.subject), Some(one), "a sub finds its user");
    }
}

#[tokio::test]
async fn without_samples_there_are_no_users() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(users(&folder, SampleUsers::None).await.all().is_empty(), "nobody can sign in");
}

#[tokio::test]
async fn only_the_given_password_matches() {
    let folder = tempfile::tempdir().expect("a folder");
    let given = Secret::new("correct horse".to_owned());
    let users = users(&folder, SampleUsers::Password(given.clone())).await;
    let hash = users.password().expect("a password is asked for");
    assert!(hash.matches(&given).expect("hashing works"), "the password given");
    for wrong in ["", "correct hors", "correct horse "] {
        let wrong = Secret::new(wrong.to_owned());
        assert!(!hash.matches(&wrong).expect("hashing works"), "{:?} is another password", wrong.expose());
    }
}

//! Every problem that the desktop can tell, as a steward reads it.

use std::collections::BTreeSet;
use std::io;

use desk::audit::AuditProblem;
use desk::front_door::CertificateFault;
use desk::home::Home;
use desk::submitting::Submitting;
use local_lake::catalog::CatalogProblem;
use local_lake::users::SampleUsers;
use local_lake::{FolderProblem, LocalLake, Options, PortProblem, StartProblem};

use super::*;

/// Values of every variant of an enum. Whoever adds one is stopped by the compiler until it is here.
macro_rules! every {
    ($kind:ident: $($variant:ident $({$($field:ident: $value:expr),*})? $(($inner:expr))?),* $(,)?) => {{
        fn is_listed(problem: &$kind) {
            match problem { $($kind::$variant { .. } => {})* }
        }
        let all = vec![$($kind::$variant $({$($field: $value),*})? $(($inner))?),*];
        all.iter().for_each(is_listed);
        all
    }};
}

fn text() -> String {
    "what the other side says".to_owned()
}

fn path() -> std::path::PathBuf {
    "/home/steward/file.json".into()
}

fn denied() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

fn sessions() -> Vec<SessionProblem> {
    every![SessionProblem:
        SignedOut,
        Ended,
        PortsTaken { ports: "47113, 47114, 47115".to_owned() },
        TimedOut { minutes: 5 },
        Cancelled,
        Refused { reason: "access_denied".to_owned() },
        IssuerUnreachable { issuer: "https://login.example.org".to_owned(), reason: text() },
        IssuerAnswer { reason: text() },
        Clock { off: "by 10 minutes".to_owned() },
        Keyring { reason: text() },
        File { path: path(), reason: text() },
        Vault { reason: text() },
        AnotherSender { sends: "clinic".to_owned(), goes: "hospital".to_owned() },
        Busy,
    ]
}

fn certificates() -> Vec<CertificateFault> {
    every![CertificateFault: Expired, NotYetValid, UnknownIssuer, OtherHost, Revoked, Unsound]
}

fn faults() -> Vec<Fault> {
    let others = every![Fault:
        Unauthenticated,
        Refused { reason: text() },
        Unreachable { reason: text() },
        Certificate(CertificateFault::Expired),
        OtherVersion { schema: "lake-profile/2".to_owned() },
    ];
    others.into_iter().chain(certificates().into_iter().map(Fault::Certificate)).collect()
}

fn reads() -> Vec<ReadFault> {
    every![ReadFault:
        Forbidden { what: "messages".to_owned() },
        Missing { what: "messages".to_owned() },
        SignIn { reason: text() },
        Clock,
        Unreachable { service: "sign-in service", reason: text() },
        Damaged { what: "this object".to_owned(), reason: text() },
    ]
}

fn homes() -> Vec<HomeProblem> {
    every![HomeProblem:
        Unusable { path: path(), error: denied() },
        Damaged { path: path(), aside: path(), next_step: "the usual settings hold until you change them" },
        NoProfile,
        UnknownProfile { name: "north".to_owned(), known: "local".to_owned() },
        BadName { name: "n/n".to_owned() },
    ]
}

fn accounts() -> Vec<AccountProblem> {
    let url = || "https://lake.example.org/".to_owned();
    let others = every![AccountProblem:
        Home(HomeProblem::NoProfile),
        Session(SessionProblem::Ended),
        Door { url: url(), fault: Fault::Unauthenticated },
        Read(ReadFault::Clock),
        Audit(AuditProblem { path: path(), error: denied() }),
        NoRight { right: "read" },
    ];
    let doors = faults().into_iter().map(|fault| AccountProblem::Door { url: url(), fault });
    others.into_iter().chain(doors).collect()
}

fn connects() -> Vec<ConnectProblem> {
    let url = || "https://lake.example.org/".to_owned();
    let others = every![ConnectProblem:
        Home(HomeProblem::NoProfile),
        NotAnAddress { given: "lake".to_owned() },
        NotEncrypted { url: "http://lake.example.org/".to_owned() },
        Unreadable { path: text(), error: denied() },
        NotOutputs { path: text(), reason: "it has no output named FrontDoorUrl".to_owned() },
        NoLake { url: url(), error: Fault::Unreachable { reason: text() } },
        NotSafe { url: url(), fault: CertificateFault::Expired },
        OtherVersion { url: url(), schema: "lake-profile/2".to_owned() },
        NotTrusted { url: url(), field: "issuer", value: text(), why: "which is not encrypted" },
    ];
    let unsafe_ones = certificates().into_iter().map(|fault| ConnectProblem::NotSafe { url: url(), fault });
    let no_lakes = faults().into_iter().filter(|fault| !matches!(fault, Fault::OtherVersion { .. }));
    let no_lakes = no_lakes.map(|error| ConnectProblem::NoLake { url: url(), error });
    others.into_iter().chain(unsafe_ones).chain(no_lakes).collect()
}

/// What SQLite says cannot be made up here; a test below has it said.
fn queues() -> Vec<QueueProblem> {
    fn is_listed(problem: &QueueProblem) {
        use QueueProblem as Is;
        match problem {
            Is::File { .. } | Is::Sqlite { .. } | Is::Damaged { .. } | Is::Newer { .. } => {}
            Is::NotDurable { .. } | Is::DoesNotAddUp { .. } | Is::Unknown(_) => {}
            Is::NotNow { .. } | Is::Broken(_) => {}
        }
    }
    let all = vec![
        QueueProblem::File { path: path(), error: denied() },
        QueueProblem::Damaged { path: path() },
        QueueProblem::Newer { path: path(), found: 99 },
        QueueProblem::NotDurable { path: path() },
        QueueProblem::DoesNotAddUp { found: 3, accounted: 2 },
        QueueProblem::Unknown(7),
        QueueProblem::NotNow { id: 7, reason: "it was called off" },
        QueueProblem::Broken(text()),
    ];
    all.iter().for_each(is_listed);
    all
}

fn starts() -> Vec<StartProblem> {
    let folders = every![FolderProblem:
        Unusable { path: path(), error: denied() },
        Newer { path: path(), found: 9 },
        Foreign { path: path() },
        Busy { path: path() },
    ];
    let catalogs = every![CatalogProblem:
        Unusable { path: path(), reason: text() },
        Damaged { path: path(), reason: text() },
        Foreign { path: path(), reason: text() },
        Newer { path: path(), found: "9".to_owned() },
    ];
    use lake::Fault as Part;
    let parts = every![Part:
        Unavailable { part: "the ledger", reason: text() },
        Missing { part: "the hub", what: text() },
        Damaged { part: "the catalog", what: text(), reason: text() },
        Refused { part: "the password hash", reason: text() },
    ];
    let no_json = || serde_json::from_str::<u8>("{").expect_err("it is no number");
    let others = vec![
        StartProblem::Port(PortProblem { port: 47100, error: io::ErrorKind::AddrInUse.into() }),
        StartProblem::Database(local_lake::database::OpenError::Foreign { path: path() }),
        StartProblem::Policy(lake::policy::PolicyFault::Document { reason: text() }),
        StartProblem::Filter(no_json()),
    ];
    folders
        .into_iter()
        .map(StartProblem::Folder)
        .chain(catalogs.into_iter().map(StartProblem::Catalog))
        .chain(parts.into_iter().map(StartProblem::Part))
        .chain(others)
        .collect()
}

fn all() -> Vec<Problem> {
    let reports = every![ReportProblem:
        Ending("report.docx".into()),
        Queue(QueueProblem::Unknown(7)),
        File { path: path(), error: denied() },
    ];
    let own = [Problem::locked(), Problem::no_lake(), Problem::gone("list"), Problem::broken("It ended.")];
    own.into_iter()
        .chain(sessions().into_iter().map(Problem::from))
        .chain(accounts().into_iter().map(Problem::from))
        .chain(reads().into_iter().map(Problem::from))
        .chain(homes().into_iter().map(Problem::from))
        .chain(connects().into_iter().map(Problem::from))
        .chain(queues().into_iter().map(Problem::from))
        .chain(reports.into_iter().map(Problem::from))
        .chain(starts().into_iter().map(Problem::from))
        .collect()
}

/// Beginnings of words of the code that have a plainer one on the screen, or none: those that the web view's own lint
/// keeps off it.
const CODE_WORDS: &[&str] = &[
    "source",
    "digest",
    "outcome",
    "zone",
    "ledger",
    "hub",
    "catalog",
    "trace",
    "correction",
    "replacement",
    "finding",
    "undelivered",
    "profile",
    "ingest",
    "staged",
    "staging",
    "restag",
    "redeliver",
    "unconfirmed",
    "canonical",
    "payload",
];

/// What only somebody at a terminal or in the code can do something with.
const NOT_FOR_A_SCREEN: &[&str] =
    &["`steward", " --", "STEWARD_", "::", "Some(", "None", "Os {", "kind:", "{", "}", "\\n", "()"];

#[track_caller]
fn assert_reads_well(problem: &Problem) {
    let Problem { code, title, detail, advice, .. } = problem;
    let is_code = |letter: char| letter.is_ascii_lowercase() || letter == '-';
    assert!(
        !code.is_empty() && code.chars().all(is_code),
        "a code is stable, for tests and support: {code:?}"
    );
    assert!(!title.is_empty() && !title.ends_with('.'), "a title is a few words: {problem:?}");
    for sentence in [detail, advice] {
        assert!(!sentence.is_empty(), "it says where, and what to do: {problem:?}");
        assert!(sentence.ends_with('.') && !sentence.ends_with(".."), "whole sentences: {sentence}");
        assert!(
            !sentence.starts_with(char::is_lowercase) || sentence.starts_with("http"),
            "that begin as one: {sentence}"
        );
    }
    for shown in [title, detail, advice] {
        for code_word in NOT_FOR_A_SCREEN {
            assert!(!shown.contains(code_word), "{code_word} is not for a steward: {shown}");
        }
        // What a file is called is a fact, whatever its name.
        let words: Vec<_> = shown.split_whitespace().filter(|word| !word.contains(['/', '\\'])).collect();
        let words = words.join(" ").to_lowercase();
        for word in words.split(|letter: char| !letter.is_alphanumeric()) {
            let found = CODE_WORDS.iter().find(|code_word| word.starts_with(**code_word));
            assert_eq!(found, None, "a word of the code is on the screen: {shown}");
        }
    }
}

#[test]
fn every_problem_says_in_plain_words_what_happened_and_what_to_do() {
    let all = all();
    all.iter().for_each(assert_reads_well);
    let codes: BTreeSet<_> = all.iter().map(|problem| &problem.code).collect();
    for code in codes {
        let same: Vec<_> = all.iter().filter(|problem| problem.code == *code).collect();
        let titles: BTreeSet<_> = same.iter().map(|problem| &problem.title).collect();
        assert_eq!(titles.len(), 1, "one code, one thing that happened: {code} has {titles:?}");
    }
}

#[test]
fn a_button_does_what_the_advice_says() {
    for problem in all() {
        let advice = problem.advice.to_lowercase();
        let fits = match problem.next {
            NextStep::SignIn => {
                advice.contains("sign in") || advice.contains("sign-in") || advice.contains("try again")
            }
            NextStep::TryAgain => {
                ["try again", "start again", "choose another"].iter().any(|way| advice.contains(way))
            }
            NextStep::Connect => advice.contains("connect"),
            NextStep::Diagnose => advice.contains("diagnostics"),
            NextStep::Nothing => true,
        };
        assert!(fits, "the button beside it does something else: {problem:?}");
    }
}

#[test]
fn a_damaged_file_says_what_holds_instead_of_it() {
    let settings =
        homes().into_iter().find(|problem| matches!(problem, HomeProblem::Damaged { .. })).unwrap();
    let problem = Problem::from(settings);
    assert!(
        problem.advice.starts_with("The usual settings hold until you change them."),
        "each file has its own next step: {}",
        problem.advice
    );
}

#[tokio::test]
async fn what_a_database_says_reads_well_too() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(&folder.path().join("home")).unwrap();
    // A folder is where the file should be.
    std::fs::create_dir(home.join("queue.sqlite")).unwrap();
    let Err(problem) = Submitting::open(&home) else { panic!("a folder is no queue") };
    assert_reads_well(&problem.into());

    let data = folder.path().join("lake");
    let samples = SampleUsers::None;
    let Ok(started) =
        LocalLake::start(Options { data: data.clone(), port: 0, samples: samples.clone() }).await
    else {
        panic!("a lake starts on an empty folder")
    };
    let local_lake::Started::Ours(lake) = started else { panic!("nobody else has it") };
    lake.stop().await;
    for name in ["lake.sqlite", "catalog.sqlite"] {
        let (file, aside) = (data.join(name), data.join("aside"));
        std::fs::rename(&file, &aside).unwrap();
        std::fs::write(&file, vec![b'x'; 8192]).unwrap();
        let Err(problem) =
            LocalLake::start(Options { data: data.clone(), port: 0, samples: samples.clone() }).await
        else {
            panic!("{name} is no database")
        };
        assert_reads_well(&problem.into());
        std::fs::rename(&aside, &file).unwrap();
    }
}

#[test]
fn a_sentence_begins_and_ends_as_one() {
    for (reason, expected) in [("", ""), ("it is so", "It is so."), ("Why?", "Why?"), ("été.", "Été.")] {
        assert_eq!(sentence(reason), expected, "of {reason:?}");
    }
}

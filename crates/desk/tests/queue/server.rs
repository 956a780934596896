//! A front door whose every answer a test decides, byte by byte if need be; and a queue that sends to it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::front_door::{FrontDoor, Patience};
use desk::home::Home;
use desk::queue::drain::{Bearer, DrainEnd, Limits, Means, Progress, Tokens, drain};
use desk::queue::{Counts, Intake, Line, Look, Queue, Scanned, SubmissionId, Unheaded};
use desk::secret::Secret;
use desk::session::SessionProblem;
use futures::FutureExt;
use futures::future::BoxFuture;
use lake::Source;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A request as it came.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) body: Vec<u8>,
}

/// What the server does with a request.
pub(crate) enum Reply {
    /// An answer.
    Answer(u16, &'static str, String),
    /// An answer that says it is longer than it is.
    Half(String),
    /// An answer in small pieces.
    Slow(u16, String),
    /// The connection is closed without an answer.
    Close,
    /// Nothing more happens.
    Hang,
}

/// A server's address, and what it was asked.
pub(crate) struct Server {
    pub(crate) url: Url,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers requests; `answer` is told how many to the same path came before.
    pub(crate) async fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { url: format!("http://{address}").parse().expect("a URL"), asked }
    }

    /// How many requests came to this path.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked.lock().expect("no panic").iter().filter(|asked| *asked == path).count()
    }

    /// Requests that hand messages over.
    pub(crate) fn submissions(&self) -> usize {
        self.count("/er7") + self.count("/er7/batch")
    }
}

async fn serve<A: Fn(&Request, usize) -> Reply>(
    mut stream: TcpStream,
    answer: Arc<A>,
    log: Arc<Mutex<Vec<String>>>,
) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        let before = {
            let mut log = log.lock().expect("no panic");
            log.push(request.path.clone());
            log.iter().filter(|path| **path == request.path).count() - 1
        };
        let head = |status: u16, extra: &str, length: usize| {
            format!(
                "HTTP/1.1 {status} X\r\n{extra}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        let whole = match answer(&request, before) {
            Reply::Answer(status, extra, body) => format!("{}{body}", head(status, extra, body.len())),
            Reply::Half(body) => {
                let text = format!("{}{body}", head(201, "", body.len() * 2));
                drop(stream.write_all(text.as_bytes()).await);
                return;
            }
            Reply::Slow(status, body) => {
                let text = format!("{}{body}", head(status, "", body.len()));
                for piece in text.as_bytes().chunks(16) {
                    drop(stream.write_all(piece).await);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                continue;
            }
            Reply::Close => return,
            Reply::Hang => return std::future::pending().await,
        };
        if stream.write_all(whole.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let field = |name: &str| {
                head.lines().find_map(|line| {
                    let (field, value) = line.split_once(':')?;
                    field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
                })
            };
            let length: usize = field("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                let rest = buffer.split_off(end + 4 + length);
                let body = std::mem::replace(buffer, rest).split_off(end + 4);
                let path = head.split_whitespace().nth(1)?.to_owned();
                let token = field("authorization").unwrap_or_default().replace("Bearer ", "");
                return Some(Request { path, token, body });
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Tokens without an issuer: the first, and another once that is refused.
pub(crate) struct TwoTokens;

impl Tokens for TwoTokens {
    fn token(&self) -> BoxFuture<'_, Result<Bearer, SessionProblem>> {
        async { Ok(bearer("first", "clinic")) }.boxed()
    }

    fn instead_of<'a>(&'a self, _refused: &'a Secret) -> BoxFuture<'a, Result<Bearer, SessionProblem>> {
        async { Ok(bearer("second", "clinic")) }.boxed()
    }
}

pub(crate) fn bearer(token: &str, writes: &str) -> Bearer {
    Bearer { token: Secret::new(token.to_owned()), writes: Source::parse(writes).ok() }
}

/// A home with files to submit.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) home: Home,
    pub(crate) queue: Arc<Mutex<Queue>>,
    pub(crate) stop: CancellationToken,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::open(&folder.path().join("home")).expect("a home");
        let (queue, aside) = Queue::open(&home).expect("a queue");
        assert_eq!(aside, None, "a new queue is not damaged");
        std::fs::create_dir(folder.path().join("in")).expect("a folder");
        Self { folder, home, queue: Arc::new(Mutex::new(queue)), stop: CancellationToken::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("in").join(name)
    }

    /// Writes a file into the folder that is submitted.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file");
    }

    /// Begins and scans a submission of the folder.
    pub(crate) fn take_in(&self, server: &Url, unheaded: Unheaded) -> SubmissionId {
        let id = self.begin(server, unheaded);
        self.scan(&mut self.queue.lock().expect("no panic"), id);
        id
    }

    /// Begins a submission of the folder.
    pub(crate) fn begin(&self, server: &Url, unheaded: Unheaded) -> SubmissionId {
        let intake = Intake {
            lake: "test".to_owned(),
            front_door: server.to_string(),
            source: Some(Source::parse("clinic").expect("a source")),
            folder: self.folder.path().to_owned(),
            paths: vec![PathBuf::from("in")],
            unheaded,
            replaces: None,
        };
        let mut queue = self.queue.lock().expect("no panic");
        queue.begin(&intake, jiff::Timestamp::now()).expect("begun")
    }

    fn scan(&self, queue: &mut Queue, id: SubmissionId) {
        let scanned = queue
            .scan(id, Look::Again, &[PathBuf::from("in")], 4 << 20, &|| false, &mut |_| {})
            .expect("scanned");
        assert_eq!(scanned, Scanned::Whole, "nobody stopped the scan");
    }

    /// Sends until the run ends.
    pub(crate) async fn send(&self, server: &Url, id: SubmissionId, limits: Limits) -> DrainEnd {
        self.send_with(server, id, limits, Arc::new(TwoTokens)).await
    }

    /// As [`Desk::send`], with these tokens.
    pub(crate) async fn send_with(
        &self,
        server: &Url,
        id: SubmissionId,
        limits: Limits,
        tokens: Arc<dyn Tokens>,
    ) -> DrainEnd {
        let held = self.queue.lock().expect("no panic").try_to_drain().expect("a lock").expect("nobody else");
        let patience = Patience {
            connect: Duration::from_millis(500),
            read: Duration::from_millis(300),
            request: Duration::from_secs(10),
        };
        let door = FrontDoor::with_patience(server.clone(), patience).expect("a client");
        let (progress, _watch) = watch::channel(Progress::default());
        let queue = Arc::clone(&self.queue);
        let stop = self.stop.clone();
        let sent = drain(queue, &held, vec![id], Means { door, tokens, limits, stop, progress });
        let sent = tokio::time::timeout(Duration::from_secs(60), sent).await;
        sent.expect("a run ends in bounded time").expect("the queue can be written")
    }

    /// The account, which adds up or panics.
    pub(crate) fn counts(&self, id: SubmissionId) -> Counts {
        let counts = self.queue.lock().expect("no panic").counted(id).expect("it adds up").0;
        assert_eq!(counts.found, counts.accounted(), "found = the sum of the six outcomes");
        counts
    }

    pub(crate) fn lines(&self, id: SubmissionId) -> Vec<Line> {
        self.queue.lock().expect("no panic").lines(id, 0, 100_000).expect("lines")
    }
}

/// Limits that end within a test's time.
pub(crate) fn limits() -> Limits {
    Limits {
        at_once: 8,
        tries: 3,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(20),
        silent_jobs: 3,
        lease: Duration::from_millis(100),
        check_for: Duration::from_millis(400),
        check_every: Duration::from_millis(20),
        batch_messages: 100,
        batch_bytes: 4 << 20,
    }
}

/// A synthetic message.
pub(crate) fn message(number: usize) -> Vec<u8> {
    format!("MSH|^~\\&|APP|CLINIC|LAKE||20260101||ADT^A01|{number}|P|2.5\rPID|1||{number}^^^MRN\r")
        .into_bytes()
}

/// The lake's answer to one new message.
pub(crate) fn ingested(digest: er7::Digest) -> String {
    let id = lake::MessageId::mint(jiff::Timestamp::now(), digest.as_bytes()[..10].try_into().expect("ten"));
    let at = jiff::Timestamp::now();
    format!(
        r#"{{"status":"Message ingested","outcome":"ingested","message_id":"{id}","digest":"{digest}","source":"clinic","received_at":"{at}"}}"#
    )
}

/// The lake's answer to a batch of new messages.
pub(crate) fn batch_ingested(body: &[u8]) -> String {
    digests(body).into_iter().map(|digest| ingested(digest) + "\n").collect()
}

/// The digests of a batch's messages.
pub(crate) fn digests(body: &[u8]) -> Vec<er7::Digest> {
    use base64::Engine;
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let digest = |line: &[u8]| {
        let line: serde_json::Value = serde_json::from_slice(line).expect("a line of a batch is JSON");
        let msg = line["msg"].as_str().expect("msg");
        er7::digest(&base64::engine::general_purpose::STANDARD.decode(msg).expect("base64"))
    };
    lines.map(digest).collect()
}

/// The ledger's answer about every digest that is asked about.
pub(crate) fn known(body: &[u8], state: &str, received_at: jiff::Timestamp) -> String {
    let asked: serde_json::Value = serde_json::from_slice(body).expect("a question is JSON");
    let asked = asked["digests"].as_array().expect("digests").clone();
    let one = |digest: serde_json::Value| {
        let bytes: er7::Digest = digest.as_str().expect("a digest").parse().expect("a digest");
        let id = lake::MessageId::mint(received_at, bytes.as_bytes()[..10].try_into().expect("ten"));
        match state {
            "unknown" => serde_json::json!({ "digest": digest, "state": state }),
            _ => {
                serde_json::json!({ "digest": digest, "state": state, "message_id": id.to_string(), "received_at": received_at })
            }
        }
    };
    serde_json::json!({ "outcome": "known", "known": asked.into_iter().map(one).collect::<Vec<_>>() })
        .to_string()
}

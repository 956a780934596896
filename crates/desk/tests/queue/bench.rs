//! Many small messages, end to end.

use desk::queue::Unheaded;
use desk::queue::drain::DrainEnd;

use crate::server::{Desk, Reply, Server, batch_ingested, ingested, limits, message};

/// What ten times the messages may take more: pages, buffers and the allocator's habits, not the messages.
const SLACK_KB: u64 = 24 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_messages() {
    let server = Server::start(|request, _| match request.path.as_str() {
        "/er7/batch" => Reply::Answer(200, "", batch_ingested(&request.body)),
        _ => Reply::Answer(201, "", ingested(er7::digest(&request.body))),
    })
    .await;
    let mut peaks = Vec::new();
    for messages in [1_000, 10_000] {
        let desk = Desk::new();
        for file in 0..10 {
            let numbers = file * messages / 10..(file + 1) * messages / 10;
            desk.write(&format!("{file}.hl7"), &numbers.flat_map(message).collect::<Vec<u8>>());
        }
        let begun = std::time::Instant::now();
        let id = desk.take_in(&server.url, Unheaded::LeaveOut);
        assert_eq!(desk.send(&server.url, id, limits()).await, DrainEnd::Finished, "all was tried");
        let counts = desk.counts(id);
        assert_eq!((counts.found, counts.ingested), (messages as u64, messages as u64), "{counts:?}");
        println!("{messages} messages in {:.1?}", begun.elapsed());
        peaks.extend(peak_kb());
    }
    if let [few, many] = peaks[..] {
        assert!(many <= few + SLACK_KB, "1,000 messages took {few} KB at most, 10,000 took {many} KB");
    }
}

/// The most memory that this process ever had, where the system tells.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

//! What many journeys begin with, and how sums on the screen are read.

use std::fs;
use std::path::PathBuf;

use lake_tests::running::adt;
use lake_tests::window::{Computer, Name, Page, until};

/// How long staging of some messages may take on a busy machine.
pub(crate) const STAGED: std::time::Duration = std::time::Duration::from_secs(60);

/// Files with so many different messages, one a file, in a folder of that name.
pub(crate) fn messages(computer: &Computer, folder: &str, count: usize) -> PathBuf {
    let path = computer.files().join(folder);
    fs::create_dir(&path).expect("a folder");
    for n in 1..=count {
        fs::write(path.join(format!("{n:05}.hl7")), adt(&format!("{folder}-{n}"), 2)).expect("a file");
    }
    path
}

/// One file with so many different messages.
pub(crate) fn batch(computer: &Computer, name: &str, count: usize) -> PathBuf {
    let path = computer.files().join(name);
    let text: Vec<String> = (1..=count).map(|n| adt(&format!("{name}-{n}"), 2)).collect();
    fs::write(&path, text.concat()).expect("a file");
    path
}

/// A sum as the screen tells it to assistive technology: `11 found: 10 in the lake, 1 duplicate`.
pub(crate) async fn sum(page: &Page, which: &str) -> Sum {
    let (what, has) = (format!("the sum of what is {which}"), format!(" {which}: "));
    let label = until(&what, STAGED, async || {
        let found = page.all("img", Name::Has(&has)).await.into_iter().next()?;
        found.attr("aria-label").await.ok().flatten()
    });
    Sum::parse(&label.await)
}

/// Waits until a sum has these parts; the others are zero.
pub(crate) async fn sum_is(page: &Page, which: &str, parts: &[(&str, u64)]) {
    sum_is_within(STAGED, page, which, parts).await;
}

/// Waits until a sum has these parts, for as long as is said; the others are zero.
pub(crate) async fn sum_is_within(
    limit: std::time::Duration,
    page: &Page,
    which: &str,
    parts: &[(&str, u64)],
) {
    let wanted: Vec<(String, u64)> = parts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let mut last = None;
    let deadline = std::time::Instant::now() + limit;
    loop {
        let sum = sum(page, which).await;
        assert_eq!(
            sum.total,
            sum.parts.iter().map(|(_, count)| count).sum::<u64>(),
            "it adds up at each look: {sum:?}"
        );
        if sum.parts == wanted {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{which} became {last:?}, not {wanted:?}");
        last = Some(sum);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await; // between two looks
    }
}

/// A total and what it is made of.
#[derive(Debug)]
pub(crate) struct Sum {
    pub(crate) total: u64,
    pub(crate) parts: Vec<(String, u64)>,
}

impl Sum {
    fn parse(text: &str) -> Self {
        let number = |text: &str| text.replace(',', "").parse::<u64>().ok();
        let (before, parts) = text.split_once(": ").expect("a total and its parts");
        let total = before.split(' ').next().and_then(number).expect("a total");
        let parts = parts.split(", ").filter_map(|part| {
            let (count, name) = part.split_once(' ')?;
            Some((name.to_owned(), number(count)?))
        });
        Self { total, parts: parts.collect() }
    }
}

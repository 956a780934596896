//! As many rows as a large hospital sends in a week.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Duration;

use lake_tests::running::adt;
use lake_tests::window::{Name, Setup, journey, until};
use thirtyfour::Key;

use crate::steps::sum;

const ROWS: usize = 100_000;
/// How long it may take to look through so many on a busy machine, by a program that was not built for speed.
const LOOKED_THROUGH: Duration = Duration::from_secs(240);

#[tokio::test]
#[ignore = "takes longer: cargo xtask prove window"]
async fn a_hundred_thousand_rows_are_a_few_in_the_document() {
    journey("100,000 rows", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        let path = computer.files().join("week.hl7");
        let mut file = BufWriter::new(File::create(&path).expect("a file"));
        for n in 0..ROWS {
            file.write_all(adt(&format!("WEEK-{n}"), 0).as_bytes()).expect("written");
        }
        file.flush().expect("written");
        computer.drop_files(&[&path]).await;
        page.see_within(LOOKED_THROUGH, "heading", "Send 100,000 messages?").await;
        page.press("Send").await;
        page.screen("Sending").await;
        page.press("Pause").await;
        page.screen("Paused").await;
        assert_eq!(sum(&page, "found").await.total, ROWS as u64, "all are accounted for");
        page.click("row", Name::Has("week.hl7 1")).await;
        page.keys(&[Key::Escape, Key::End]).await;
        until("the last row is read", lake_tests::window::LIMIT, async || {
            page.has("row", Name::Has("100,000")).await.then_some(())
        })
        .await;
        page.keys(&[Key::Home]).await;
        for _ in 0..30 {
            page.keys(&[Key::PageDown]).await;
            let rows: usize = page.script("return document.querySelectorAll('tr').length;", Vec::new()).await;
            assert!(rows < 100, "{rows} rows are in the document");
        }
    })
    .await;
}

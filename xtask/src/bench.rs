//! `cargo xtask bench`: measures beside named peers, prints tables and writes docs/benchmarks.md.
//!
//! A bench writes one JSON object a row to standard output, `name` and figures; everything else it writes is shown only.

use std::fs;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::node::Node;
use crate::packages::{self, Missing};
use crate::process::{Limit, Run};
use crate::{venv, web, workspace};

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Bench {
    /// ER7 to staged JSON on one core, beside other HL7 libraries
    Stage,
    /// Files to a front door that does nothing, beside curl, rclone and Python
    Submit,
    /// The real window: its start, its memory, a table of 100,000 rows
    Desktop,
    /// Messages from submitted to ready through the local lake, beside bare synced writes
    Lake,
}

/// A figure's row.
type Row = Map<String, Value>;

const DOCUMENT: &str = "docs/benchmarks.md";
const OPENING: &str = "# Benchmarks\n\nWritten by `cargo xtask bench`; all rows of a table are of one run. Use the ratios: the machine is named, not yours.\n";

/// Runs one bench, or all of them.
pub(crate) fn run(bench: Option<Bench>) -> Result<(), String> {
    let benches = bench.map_or_else(|| Bench::value_variants().to_vec(), |bench| vec![bench]);
    for bench in benches {
        let rows = match bench {
            Bench::Stage => stage()?,
            Bench::Submit => submit()?,
            Bench::Desktop => desktop()?,
            Bench::Lake => lake()?,
        };
        let name = bench.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        if rows.is_empty() {
            return Err(format!("the bench `{name}` wrote no row"));
        }
        let table = table(&rows);
        eprintln!("\n{name}\n{table}");
        record(&name, &format!("{}\n\n{table}", machine()))?;
    }
    Ok(())
}

fn stage() -> Result<Vec<Row>, String> {
    let mut rows = cargo_bench("er7", "stage")?;
    let python = venv::python()?;
    let peers = Run::new(python).arguments(["crates/er7/benches/stage_peers.py"]).limit(Limit::minutes(20));
    rows.extend(self::rows(&peers.output()?));
    Ok(rows)
}

fn submit() -> Result<Vec<Row>, String> {
    let run = Run::new("cargo").arguments(["bench", "--package", "lake-tests", "--bench", "submit"]);
    let run = run.environment("LAKE_PYTHON", venv::python()?);
    run.limit(Limit::minutes(40)).output().map(|output| rows(&output))
}

/// The lake runs as users run it: the release `steward` in a process of its own.
fn lake() -> Result<Vec<Row>, String> {
    let build = Run::new("cargo").arguments(["build", "--release", "--package", "steward"]);
    build.limit(Limit::minutes(40)).shown()?;
    cargo_bench("lake-tests", "lake")
}

/// The window runs as users run it: release programs in a display of their own.
fn desktop() -> Result<Vec<Row>, String> {
    packages::bring(&[packages::COMPILER, packages::WINDOW, packages::TESTS], Missing::Install)?;
    let node = Node::find()?;
    web::packages(&node)?;
    web::build(&node)?;
    let words = ["build", "--release", "--package", "steward", "--package", "lake-steward"];
    Run::new("cargo").arguments(words).limit(Limit::minutes(60)).shown()?;
    cargo_bench("lake-tests", "desktop")
}

fn cargo_bench(package: &str, bench: &str) -> Result<Vec<Row>, String> {
    let run = Run::new("cargo").arguments(["bench", "--package", package, "--bench", bench]);
    run.limit(Limit::minutes(40)).output().map(|output| rows(&output))
}

/// The lines that are JSON objects with a `name`; others are shown.
fn rows(output: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in output.lines() {
        match serde_json::from_str::<Row>(line) {
            Ok(row) if row.contains_key("name") => rows.push(row),
            _ => eprintln!("{line}"),
        }
    }
    rows
}

/// A Markdown table, names first, figures in the order of their names.
fn table(rows: &[Row]) -> String {
    let mut columns: Vec<&str> = rows.iter().flat_map(Row::keys).map(String::as_str).collect();
    columns.sort_by_key(|column| (*column != "name", *column));
    columns.dedup();
    let heading: Vec<String> =
        columns.iter().map(|column| column.replace("_per_", "/").replace('_', " ")).collect();
    let rule: Vec<&str> =
        columns.iter().map(|column| if *column == "name" { "---" } else { "---:" }).collect();
    let mut text = format!("| {} |\n|{}|\n", heading.join(" | "), rule.join("|"));
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|column| cell(row.get(*column))).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// A figure with three digits that count, or whole where it is large.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.replace('|', "\\|"),
        Some(other) => match other.as_f64() {
            Some(figure) if figure.abs() >= 100.0 => format!("{figure:.0}"),
            Some(figure) if figure.abs() >= 10.0 => format!("{figure:.1}"),
            Some(figure) => format!("{figure:.2}"),
            None => other.to_string(),
        },
    }
}

/// What the figures were taken on, as far as the system tells.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = Run::new("rustc").arguments(["--version"]).output().unwrap_or_default();
    let day = Run::new("date").arguments(["-u", "+%Y-%m-%d"]).output().unwrap_or_default();
    format!("{} on {cores} cores of {model}, {}, {}.", day.trim(), std::env::consts::OS, rustc.trim())
}

/// Puts a section into the document, in place of the one of that name.
fn record(name: &str, body: &str) -> Result<(), String> {
    let path = workspace::root().join(DOCUMENT);
    let before = fs::read_to_string(&path).unwrap_or_else(|_| OPENING.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, with_section(&before, name, body)))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn with_section(document: &str, name: &str, body: &str) -> String {
    let section = format!("## {name}\n\n{}\n", body.trim_end());
    let heading = format!("\n## {name}\n");
    let Some(start) = document.find(&heading) else {
        return format!("{}\n\n{section}", document.trim_end());
    };
    let (before, rest) = document.split_at(start + 1);
    let after = rest.find("\n## ").map_or("", |end| rest.split_at(end).1);
    format!("{before}{section}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_a_table() {
        let rows = rows(
            "noise\n{\"name\":\"er7\",\"mb_per_s\":151.26,\"messages_per_s\":9}\n{\"name\":\"peer\",\"mb_per_s\":1.234}\n",
        );
        let table = table(&rows);
        assert!(table.starts_with("| name | mb/s | messages/s |\n|---|---:|---:|\n"), "got: {table}");
        assert!(table.contains("| er7 | 151 | 9.00 |"), "figures are rounded: {table}");
        assert!(table.contains("| peer | 1.23 |  |"), "what is not measured is blank: {table}");
    }

    #[test]
    fn a_section_replaces_the_one_of_its_name() {
        let document = with_section(OPENING, "stage", "one");
        let document = with_section(&document, "lake", "two");
        let again = with_section(&document, "stage", "three");
        assert!(again.contains("## stage\n\nthree\n\n## lake\n\ntwo\n"), "in its place: {again}");
        assert!(!again.contains("one\n"), "the earlier figures are gone: {again}");
        assert_eq!(with_section(&again, "stage", "three"), again, "the same again changes nothing");
    }
}

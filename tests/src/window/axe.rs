//! axe-core on the running page: what it finds against WCAG 2.2 A and AA.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::page::Page;

/// Where `npm ci` puts it.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    const only = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
    axe.run(document, { runOnly: only, resultTypes: ['violations'] })
      .then((found) => found.violations.flatMap((rule) => rule.nodes.map((node) => ({
          rule: rule.id, help: rule.help, place: node.target.join(' '), why: node.failureSummary ?? '' }))))
      .then(done, (error) => done([{ rule: 'axe itself', help: String(error), place: '', why: '' }]));
";

/// Something that keeps somebody from using the page.
#[derive(Debug, Deserialize)]
pub struct Fault {
    /// The rule that is broken.
    pub rule: String,
    /// What the rule asks for.
    pub help: String,
    /// Where.
    pub place: String,
    /// What is wrong there.
    pub why: String,
}

impl Page {
    /// What axe finds wrong with the page as it stands.
    pub async fn faults(&self) -> Vec<Fault> {
        let is_there: bool = self.script("return typeof axe === 'object';", Vec::new()).await;
        if !is_there {
            let source = std::fs::read_to_string(Path::new(AXE));
            let source = source.expect("axe-core is in ui/node_modules: run `npm ci` in ui first");
            // As a script of the driver it stands outside the page's policy, which would refuse it, and rightly.
            let put = format!("{source}; window.axe = axe; return true;");
            let put: bool = self.script(&put, vec![json!(null)]).await;
            assert!(put, "axe is on the page");
        }
        self.script_that_calls_back(RUN, Vec::new()).await
    }
}

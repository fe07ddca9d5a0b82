//! What keeps somebody from using a page, by the rules of axe-core for WCAG 2.2 AA.

use fantoccini::Client;

use super::env;
use super::wait::soon;

/// Runs in the page; the last argument takes the result.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run(document, { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] }).then(
        found => done(found.violations.map(one =>
            `${one.id}: ${one.help}: ${one.nodes.map(node => node.html.slice(0, 300) + ' ' + (node.any[0]?.message ?? '')).join(' | ')}`)),
        error => done([`axe-core failed: ${error}`]));";

/// Every rule that the page breaks, with the elements that break it.
pub async fn violations(client: &Client) -> Vec<String> {
    let known = client.execute("return typeof window.axe", Vec::new()).await;
    if known.expect("a page") == "undefined" {
        let script = std::fs::read_to_string(env::axe()).expect("axe-core can be read");
        // By the driver, so that the page's own policy for scripts does not matter.
        let load = format!("{script};window.axe = axe;");
        client
            .execute(&load, Vec::new())
            .await
            .expect("axe-core loads");
    }
    let found = soon("axe-core", client.execute_async(RUN, Vec::new())).await;
    let found = found.expect("axe-core runs");
    let found = found.as_array().expect("a list of violations");
    found
        .iter()
        .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
        .collect::<Vec<String>>()
}

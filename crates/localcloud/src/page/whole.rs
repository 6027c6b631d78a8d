//! The page of the whole local cloud.

use super::cells::{self, section, table, tile};
use super::html::Html;
use crate::faults::Fault;
use crate::overview::{Overview, RunSeen};
use crate::sleeping::{SOURCE, dollars};
use crate::time;

/// The runs that are shown here; a workspace's page has all of its own.
const RUNS: usize = 20;

/// Writes the page.
pub(super) fn write(page: &mut Html, overview: &Overview) {
    head(page, overview);
    workspaces(page, overview);
    clusters(page, overview);
    runs(page, overview);
    faults(page, &overview.faults);
    sleeping(page, overview);
    cells::requests(page, &overview.latest, overview.requests);
    objects(page, overview);
}

fn head(page: &mut Html, overview: &Overview) {
    page.raw("<header><h1>Local cloud</h1><p>Up for ").text(time::span(overview.since, overview.now)).raw(", since ");
    page.text(time::stamp(overview.since)).raw(".</p><dl>");
    page.raw("<dt>Account<dd><a href=\"").text(&overview.addresses.account).raw("\">");
    page.text(&overview.addresses.account).raw("</a> <code>").text(&overview.account_id).raw("</code>");
    page.raw("<dt>AWS<dd>").text(overview.addresses.aws.as_deref().unwrap_or("none: it was started with --no-aws"));
    page.raw("</dl></header><ul class=tiles>");
    tile(page, overview.workspaces.len(), "workspaces");
    tile(page, overview.clusters().filter(|(_, cluster)| cluster.is_running()).count(), "clusters running");
    tile(page, overview.runs().filter(|(_, run)| !run.is_over()).count(), "runs going on");
    tile(page, overview.requests, "requests");
    tile(page, overview.faults.len(), "faults to come");
    tile(page, dollars(overview.sleeping.total), "an hour, saved by sleeping");
    page.raw("</ul>");
}

fn workspaces(page: &mut Html, overview: &Overview) {
    if !section(page, "Workspaces", overview.workspaces.len(), "There is none yet.") {
        return;
    }
    table(page, &["Address", "State", "Id"]);
    for place in &overview.workspaces {
        page.raw("<tr><td><a href=\"").text(&place.address).raw("/\">").text(&place.name).raw("</a><td>");
        cells::state(page, &place.state).raw("<td><code>").text(place.id).raw("</code>");
    }
    cells::end(page);
}

fn clusters(page: &mut Html, overview: &Overview) {
    if !section(page, "Clusters", overview.clusters().count(), "There is none.") {
        return;
    }
    table(page, &["Cluster", "State", "Started", "", "Workspace"]);
    for (place, cluster) in overview.clusters() {
        page.raw("<tr>");
        cells::cluster(page, cluster);
        page.raw("<td class=whole>").text(&place.name);
    }
    cells::end(page);
}

fn runs(page: &mut Html, overview: &Overview) {
    let mut runs: Vec<_> = overview.runs().collect();
    if !section(page, "Runs", runs.len(), "There was none.") {
        return;
    }
    runs.sort_by_key(|(_, run)| std::cmp::Reverse(run.submitted));
    table(page, &["Run", "State", "Submitted", "Executes", "Workspace"]);
    for (place, run) in runs.iter().take(RUNS) {
        page.raw("<tr><td><a href=\"").text(cells::run_address(place, run)).raw("\">").text(&run.name).raw("</a><td>");
        cells::state(page, &run.state)
            .raw("<td class=whole>")
            .text(time::stamp(run.submitted))
            .raw("<td class=wide><code>");
        page.text(files(run)).raw("</code><td class=whole>").text(&place.name);
    }
    cells::end(page);
}

fn files(run: &RunSeen) -> String {
    run.tasks.iter().map(|task| task.file.as_str()).collect::<Vec<_>>().join(", ")
}

fn faults(page: &mut Html, faults: &[Fault]) {
    if !section(
        page,
        "Faults",
        faults.len(),
        "None: everything works. `localcloud fault add --help` says how to change that.",
    ) {
        return;
    }
    table(page, &["Left", "Calls", "What happens"]);
    for fault in faults {
        page.raw("<tr><td class=whole>")
            .text(fault.times)
            .raw(if fault.times == 1 { " strike" } else { " strikes" })
            .raw("<td class=wide><code>")
            .text(&fault.matches);
        page.raw("</code><td class=wide>").text(fault.summary());
    }
    cells::end(page);
}

fn sleeping(page: &mut Html, overview: &Overview) {
    let (sleeping, running) = (&overview.sleeping, overview.clusters().filter(|(_, one)| one.is_running()).count());
    page.raw("<section><h2>What sleeping saves</h2>");
    if sleeping.lines.is_empty() {
        page.raw("<p class=none>Nothing: no NAT gateway, interface endpoint or public address stands.</p>");
    } else {
        table(page, &["What stands", "By the hour, each", "Together"]);
        for line in &sleeping.lines {
            page.raw("<tr><td class=wide>").text(&line.what).raw("<td class=whole>").text(line.count).raw(" × ");
            page.text(dollars(line.each)).raw("<td class=whole>").text(dollars(line.total()));
        }
        page.raw("<tfoot><tr><td class=wide>In the real AWS, by the hour<td><td class=whole>")
            .text(dollars(sleeping.total));
        page.raw("</table><p>Until the next plain apply: <code>scripts/sleep_network_infrastructure.sh</code></p>");
    }
    if running > 0 {
        page.raw("<p>Running clusters, which sleeping does not stop: ").text(running).raw(".</p>");
    }
    page.raw("<p class=note>Prices: ").text(SOURCE).raw(".</p></section>");
}

fn objects(page: &mut Html, overview: &Overview) {
    if section(page, "Objects of the account", cells::count(&overview.account), "There is none yet.") {
        cells::objects(page, &overview.account);
        page.raw("</section>");
    }
    if let Some(unknown) = &overview.aws_unknown {
        page.raw("<section><h2>Objects of AWS</h2><p class=none>").text(unknown).raw("</p></section>");
    } else if section(page, "Objects of AWS", cells::count(&overview.aws), "There is none yet.") {
        cells::objects(page, &overview.aws);
        page.raw("</section>");
    }
    for place in overview.workspaces.iter().filter(|place| cells::count(&place.objects) > 0) {
        page.raw("<section><h2>Objects of ").text(&place.name).raw(" <span class=count>");
        page.text(cells::count(&place.objects)).raw("</span></h2>");
        cells::objects(page, &place.objects);
        page.raw("</section>");
    }
}

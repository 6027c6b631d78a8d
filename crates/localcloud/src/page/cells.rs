//! The parts that both pages are made of: sections, tables, and what stands in their cells.

use std::fmt::Display;

use super::html::Html;
use crate::log::Entry;
use crate::overview::{ClusterSeen, Group, Place, RunSeen};
use crate::time;
use crate::workspace::runs::run::anchor;

/// The objects of a kind that are named; of more there is the number.
const NAMED: usize = 60;

/// Begins a section, and says what is the case when there is nothing in it; answers whether there is something.
pub(super) fn section(page: &mut Html, title: &'static str, count: usize, none: &'static str) -> bool {
    page.raw("<section><h2>").raw(title);
    if count > 0 {
        page.raw(" <span class=count>").text(count).raw("</span>");
    }
    page.raw("</h2>");
    if count == 0 {
        page.raw("<p class=none>").raw(none).raw("</p></section>");
    }
    count > 0
}

/// A number with its word, at the top of the page.
pub(super) fn tile(page: &mut Html, number: impl Display, word: &'static str) {
    page.raw("<li><b>").text(number).raw("</b> <span>").raw(word).raw("</span>");
}

/// Begins a table.
pub(super) fn table(page: &mut Html, heads: &[&'static str]) {
    page.raw("<table><thead><tr>");
    for head in heads {
        page.raw("<th>").raw(head);
    }
    page.raw("<tbody>");
}

/// Ends a table and its section.
pub(super) fn end(page: &mut Html) {
    page.raw("</table></section>");
}

/// A state, in the colour of its kind.
pub(super) fn state<'a>(page: &'a mut Html, state: &str) -> &'a mut Html {
    page.raw("<span class=\"state ").raw(colour(state)).raw("\">").text(state).raw("</span>")
}

fn colour(state: &str) -> &'static str {
    match state {
        "RUNNING" | "SUCCESS" => "good",
        "FAILED" | "TIMEDOUT" | "INTERNAL_ERROR" | "UPSTREAM_FAILED" | "BANNED" => "bad",
        "PENDING" | "PROVISIONING" | "RESTARTING" | "TERMINATING" | "CANCELLING" | "BLOCKED" => "busy",
        _ => "still",
    }
}

/// Objects by kind, without the kinds that have none.
pub(super) fn objects(page: &mut Html, groups: &[Group]) {
    table(page, &["Kind", "", "Names and ids"]);
    for group in groups.iter().filter(|group| !group.objects.is_empty()) {
        page.raw("<tr><td>").text(group.kind.replace('_', " ")).raw("<td class=whole>").text(group.objects.len());
        page.raw("<td class=wide><ul class=objects>");
        for object in group.objects.iter().take(NAMED) {
            page.raw("<li>").text(&object.name).raw(" <code>").text(&object.id).raw("</code>");
        }
        if group.objects.len() > NAMED {
            page.raw("<li>and ").text(group.objects.len() - NAMED).raw(" more");
        }
        page.raw("</ul>");
    }
    page.raw("</table>");
}

/// How many objects there are.
pub(super) fn count(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.objects.len()).sum()
}

/// The cells of a cluster.
pub(super) fn cluster(page: &mut Html, cluster: &ClusterSeen) {
    page.raw("<td>").text(&cluster.name).raw(" <code>").text(&cluster.id).raw("</code><td>");
    state(page, &cluster.state).raw("<td class=whole>").text(time::stamp(cluster.started));
    page.raw("<td class=wide>").text(&cluster.message);
}

/// The address of a run's part of its workspace's page.
pub(super) fn run_address(place: &Place, run: &RunSeen) -> String {
    format!("{}/?o={}#{}", place.address, place.id, anchor(run.job, run.id))
}

/// The section of the last requests.
pub(super) fn requests(page: &mut Html, latest: &[Entry], kept: usize) {
    if !section(page, "Requests", kept, "There was none yet.") {
        return;
    }
    table(page, &["Time (UTC)", "Status", "Call", "Host", "Took"]);
    for entry in latest {
        let status = match entry.status {
            0 => "cut".to_owned(),
            status => status.to_string(),
        };
        let colour = if (200..400).contains(&entry.status) { "still" } else { "bad" };
        page.raw("<tr><td>").text(time::clock(entry.at)).raw("<td><span class=\"state ").raw(colour).raw("\">");
        page.text(status).raw("</span><td class=wide>").text(&entry.method).raw(" <code>").text(&entry.path);
        page.raw("</code><td class=whole>").text(&entry.host).raw("<td class=whole>").text(entry.ms).raw(" ms");
    }
    end(page);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::Named;

    #[test]
    fn of_many_objects_some_are_named_and_the_rest_counted() {
        let named = |id: usize| Named { id: format!("id-{id}"), name: "<i>".to_owned() };
        let group = Group { kind: "cluster_policies".to_owned(), objects: (0..NAMED + 2).map(named).collect() };
        let mut page = Html::default();
        objects(&mut page, &[group, Group { kind: "jobs".to_owned(), objects: Vec::new() }]);
        let text = page.into_text();
        assert!(
            text.contains("cluster policies") && text.contains("and 2 more") && text.contains("&lt;i&gt;"),
            "{text}"
        );
        assert!(text.contains("id-59<") && !text.contains("id-60<") && !text.contains("jobs"), "{text}");
    }
}

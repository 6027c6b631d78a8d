//! The page of a workspace. Each of its runs stands where `run_page_url` of the API leads to.

use super::cells::{self, section, table, tile};
use super::html::Html;
use crate::log::Entry;
use crate::overview::{Overview, Place, RunSeen, TaskSeen};
use crate::time;
use crate::workspace::runs::run::anchor;

/// Writes the page.
pub(super) fn write(page: &mut Html, overview: &Overview, place: &Place, latest: &[Entry]) {
    page.raw("<header><h1>").text(&place.name).raw("</h1><p>Workspace <code>").text(place.id).raw("</code> ");
    cells::state(page, &place.state).raw(" of the <a href=\"").text(&overview.addresses.page);
    page.raw("\">local cloud</a>, as of ").text(time::clock(overview.now)).raw(" UTC.</p></header><ul class=tiles>");
    tile(page, place.clusters.iter().filter(|cluster| cluster.is_running()).count(), "clusters running");
    tile(page, place.runs.iter().filter(|run| !run.is_over()).count(), "runs going on");
    tile(page, cells::count(&place.objects), "objects");
    page.raw("</ul>");
    if section(page, "Clusters", place.clusters.len(), "There is none.") {
        table(page, &["Cluster", "State", "Started", ""]);
        for cluster in &place.clusters {
            page.raw("<tr>");
            cells::cluster(page, cluster);
        }
        cells::end(page);
    }
    if section(page, "Runs", place.runs.len(), "There was none.") {
        place.runs.iter().for_each(|one| run(page, one));
        page.raw("</section>");
    }
    if section(page, "Objects", cells::count(&place.objects), "There is none yet.") {
        cells::objects(page, &place.objects);
        page.raw("</section>");
    }
    cells::requests(page, latest, latest.len());
}

fn run(page: &mut Html, run: &RunSeen) {
    page.raw("<article id=\"").text(anchor(run.job, run.id)).raw("\"><h3><a href=\"#").text(anchor(run.job, run.id));
    page.raw("\">").text(&run.name).raw("</a> ");
    cells::state(page, &run.state).raw("</h3><p>Run <code>").text(run.id).raw("</code>");
    if run.job != run.id {
        page.raw(" of the job <code>").text(run.job).raw("</code>");
    }
    page.raw(", submitted by ").text(&run.owner).raw(" at ").text(time::stamp(run.submitted)).raw(".</p>");
    table(page, &["Task", "State", "Took", "Executes", "Cluster", ""]);
    for task in &run.tasks {
        page.raw("<tr><td>").text(&task.key).raw("<td>");
        cells::state(page, &task.state)
            .raw("<td class=whole>")
            .text(took(task))
            .raw("<td class=wide><code>")
            .text(&task.file);
        page.raw("</code><td><code>").text(&task.cluster).raw("</code><td class=wide>").text(&task.message);
    }
    page.raw("</table></article>");
}

fn took(task: &TaskSeen) -> String {
    match (task.started, task.ended) {
        (Some(started), Some(ended)) => time::span(started, ended),
        _ => String::new(),
    }
}

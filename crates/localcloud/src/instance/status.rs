//! What `localcloud status` says: to people in aligned columns, to programs as JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::folder::Note;
use crate::overview::{Group, Overview};
use crate::sleeping::dollars;
use crate::time;

/// The rows of a table that are told.
const ROWS: usize = 20;

/// What programs are told: who runs, how many objects of each kind it holds (`holds`), and all that people are told.
///
/// # Errors
/// Those of JSON.
pub fn json(folder: &Path, note: &Note, holds: Value, overview: &Overview) -> serde_json::Result<Value> {
    let mut status = serde_json::to_value(overview)?;
    if let (Some(status), Value::Object(note)) = (status.as_object_mut(), serde_json::to_value(note)?) {
        status.extend(note);
        status.remove("secret");
        status.insert("holds".to_owned(), holds);
        status.insert("folder".to_owned(), json!(folder));
    }
    Ok(status)
}

/// What people are told.
pub fn text(folder: &Path, note: &Note, overview: &Overview) -> String {
    let up = time::span(overview.since, overview.now);
    let mut text = format!("The local cloud is up for {up}, since {}.\n\n", time::stamp(overview.since));
    let addresses = &overview.addresses;
    table(
        &mut text,
        &[],
        &[
            vec!["Page".into(), addresses.page.clone()],
            vec!["Account".into(), format!("{}  {}", addresses.account, overview.account_id)],
            vec!["AWS".into(), addresses.aws.clone().unwrap_or_else(|| "none".into())],
            vec!["Folder".into(), folder.display().to_string()],
            vec!["Process".into(), note.pid.to_string()],
        ],
    );
    objects(&mut text, overview);
    let places = overview.workspaces.iter();
    let places = places.map(|place| vec![place.name.clone(), place.state.clone(), place.address.clone()]);
    part(&mut text, &["WORKSPACE", "STATE", "ADDRESS"], places.collect());
    let clusters = overview.clusters().map(|(place, cluster)| {
        vec![cluster.id.clone(), cluster.state.clone(), cluster.name.clone(), place.name.clone()]
    });
    part(&mut text, &["CLUSTER", "STATE", "NAME", "WORKSPACE"], clusters.collect());
    let runs = overview
        .runs()
        .map(|(place, run)| vec![run.id.to_string(), run.state.clone(), run.name.clone(), place.name.clone()]);
    part(&mut text, &["RUN", "STATE", "NAME", "WORKSPACE"], runs.collect());
    let faults = overview.faults.iter();
    let faults = faults.map(|fault| vec![fault.matches.clone(), fault.times.to_string(), fault.summary()]);
    part(&mut text, &["FAULT", "STRIKES LEFT", "WHAT HAPPENS"], faults.collect());
    if overview.sleeping.total > 0 {
        let saved = dollars(overview.sleeping.total);
        text.push_str(&format!(
            "\nPutting its network to sleep would save {saved} an hour in the real AWS: see the page.\n"
        ));
    }
    text
}

/// How many objects there are of each kind that has some, and where.
fn objects(text: &mut String, overview: &Overview) {
    let mut rows = Vec::new();
    let mut add = |place: &str, groups: &[Group]| {
        for group in groups.iter().filter(|group| !group.objects.is_empty()) {
            rows.push(vec![group.kind.replace('_', " "), group.objects.len().to_string(), place.to_owned()]);
        }
    };
    add("the account", &overview.account);
    add("AWS", &overview.aws);
    overview.workspaces.iter().for_each(|place| add(&place.name, &place.objects));
    if rows.is_empty() {
        text.push_str("\nIt holds no objects yet.\n");
    }
    part(text, &["OBJECTS", "COUNT", "OF"], rows);
    if let Some(unknown) = &overview.aws_unknown {
        text.push_str(&format!("\n{unknown}\n"));
    }
}

/// A table below an empty line, of many rows the first ones; nothing where it has no rows.
fn part(text: &mut String, heads: &[&str], mut rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    text.push('\n');
    table(text, heads, &rows);
    if more > 0 {
        text.push_str(&format!("and {more} more: see the page, or --json\n"));
    }
}

/// Columns as wide as what is in them, but for the last. What people named does not steer the terminal.
fn table(text: &mut String, heads: &[&str], rows: &[Vec<String>]) {
    let plain = |cell: &str| cell.replace(char::is_control, "\u{fffd}");
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let all = std::iter::once(&heads).filter(|heads| !heads.is_empty()).chain(rows);
    let all: Vec<Vec<String>> = all.map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    for row in &all {
        let cells =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column).unwrap_or_default()));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut text = String::new();
        part(&mut text, &["NAME", "N"], vec![vec!["é".into(), "1".into()], vec!["lång name".into(), "22".into()]]);
        part(&mut text, &["NOTHING"], Vec::new());
        assert_eq!(text, "\nNAME       N\né          1\nlång name  22\n");
    }

    #[test]
    fn of_many_rows_the_first_are_told_and_none_steers_the_terminal() {
        let mut text = String::new();
        part(&mut text, &["NAME"], (0..ROWS + 3).map(|row| vec![format!("\u{1b}[2J{row}\n")]).collect());
        assert_eq!(text.lines().count(), 1 + 1 + ROWS + 1, "{text}");
        assert!(
            text.contains("\u{fffd}[2J0\u{fffd}\n") && text.ends_with("and 3 more: see the page, or --json\n"),
            "{text}"
        );
    }
}

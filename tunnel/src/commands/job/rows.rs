//! Jobs as people read them.

use std::io::IsTerminal;
use std::time::Duration;

use crate::error::Result;
use crate::jobs::job::{Job, JobState};
use crate::print;
use crate::quote;
use crate::words::in_one_line;

const HEADINGS: [&str; 9] = ["ID", "NAME", "STATE", "CODE", "STARTED", "DURATION", "STATUS", "KEY", "COMMAND"];
/// Letters of an id on a terminal: enough of it to tell a job from others, and to ask for it.
const SHORT: usize = 12;
/// The narrowest that a column is cut to before it is left out.
const NARROW: usize = 8;
/// Between two columns.
const GAP: usize = 2;

/// Prints jobs: a table, or JSON. On a terminal the table is as wide as that.
///
/// # Errors
/// When stdout cannot be written.
pub fn print(jobs: &[Job], json: bool) -> Result<()> {
    if json {
        return print::json(&jobs);
    }
    let stdout = std::io::stdout();
    let width = stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(&stdout).ok()).flatten();
    let width = width.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0);
    let mut rows: Vec<Vec<String>> = vec![HEADINGS.map(str::to_owned).to_vec()];
    rows.extend(jobs.iter().map(|job| row(job, width.is_some())));
    print::bytes(text(fit(rows, width)).as_bytes())
}

fn row(job: &Job, short: bool) -> Vec<String> {
    let id: String = job.id.as_str().chars().take(if short { SHORT } else { usize::MAX }).collect();
    let cells = [
        id,
        job.name.clone().unwrap_or_default(),
        state(job),
        code(job),
        job.started_at.map(|time| humantime::format_rfc3339_seconds(time).to_string()).unwrap_or_default(),
        job.duration_seconds.map(duration).unwrap_or_default(),
        job.status.clone().unwrap_or_default(),
        job.key.clone().unwrap_or_default(),
        quote::line(&job.command),
    ];
    cells.map(|cell| in_one_line(&cell)).to_vec()
}

/// Leaves out columns that are empty, and cuts or leaves out the last ones until a row fits.
fn fit(mut rows: Vec<Vec<String>>, width: Option<usize>) -> Vec<Vec<String>> {
    let widths = |rows: &[Vec<String>]| -> Vec<usize> {
        let columns = rows.first().map_or(0, Vec::len);
        let cells = |column| rows.iter().filter_map(move |row: &Vec<String>| row.get(column));
        (0..columns).map(|column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or_default()).collect()
    };
    if rows.len() > 1 {
        let is_empty = |column: usize| rows.iter().skip(1).all(|row| row.get(column).is_none_or(String::is_empty));
        let empty: Vec<usize> = (0..HEADINGS.len()).filter(|column| is_empty(*column)).collect();
        for row in &mut rows {
            let mut column = 0..;
            row.retain(|_| column.next().is_none_or(|column| !empty.contains(&column)));
        }
    }
    while let Some(width) = width {
        let each = widths(&rows);
        let total = each.iter().sum::<usize>() + GAP * each.len().saturating_sub(1);
        let (Some(last), true) = (each.last(), total > width) else { break };
        let room = width.saturating_sub(total - last);
        // An id, a name and a state are shown whatever room there is.
        if room < NARROW && each.len() > 3 {
            rows.iter_mut().for_each(|row| drop(row.pop()));
            continue;
        }
        for cell in rows.iter_mut().filter_map(|row| row.last_mut()) {
            if cell.chars().count() > room {
                *cell = cell.chars().take(room.saturating_sub(1)).chain(['…']).collect();
            }
        }
        break;
    }
    rows
}

fn text(rows: Vec<Vec<String>>) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        widths.resize(row.len(), 0);
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.chars().count()));
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = width + GAP));
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// What became of it, and where it runs if that is not here.
pub fn state(job: &Job) -> String {
    let word = job.state.word();
    job.elsewhere.as_ref().map_or_else(|| word.to_owned(), |node| format!("{word} on {node}"))
}

/// How a job ended, in a few words: `exited after 3s: 0`.
pub fn ending(job: &Job) -> String {
    let after = job.duration_seconds.map(|seconds| format!(" after {}", duration(seconds))).unwrap_or_default();
    match job.state {
        JobState::Lost => "is lost: nobody knows how it ended".to_owned(),
        _ if !job.has_ended() => format!("{}{}", state(job), after.replace("after", "for")),
        _ => format!("{}{after}: {}", state(job), code(job)),
    }
}

/// The code, or the signal's name.
pub fn code(job: &Job) -> String {
    let signal = |number: u8| match nix::sys::signal::Signal::try_from(i32::from(number)) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) => format!("signal {number}"),
    };
    job.exit_code.map(|code| code.to_string()).or_else(|| job.signal.map(signal)).unwrap_or_default()
}

/// A time in whole seconds.
pub fn duration(seconds: f64) -> String {
    humantime::format_duration(Duration::from_secs(seconds as u64)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_the_terminal_and_shows_first_what_counts() {
        let cells = |words: [&str; 9]| words.map(str::to_owned).to_vec();
        let rows = vec![
            cells(HEADINGS),
            cells([
                "abcdefghijkm",
                "train",
                "exited",
                "0",
                "2026-11-29T10:00:00Z",
                "3s",
                "",
                "nightly",
                "python3 train.py --epochs 3",
            ]),
            cells(["bcdefghijkma", "", "running on login2", "", "2026-11-29T10:00:00Z", "1m", "", "", "make"]),
        ];
        let check = |width: Option<usize>, headings: &str| {
            let text = text(fit(rows.clone(), width));
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(width.is_none_or(|width| longest <= width), "{width:?}\n{text}");
            let found: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
            assert_eq!(found.join(" "), headings, "{width:?}");
        };
        check(None, "ID NAME STATE CODE STARTED DURATION KEY COMMAND");
        check(Some(100), "ID NAME STATE CODE STARTED DURATION KEY COMMAND");
        check(Some(80), "ID NAME STATE CODE STARTED DURATION");
        check(Some(60), "ID NAME STATE CODE STARTED");
        check(Some(44), "ID NAME STATE CODE");
        check(Some(43), "ID NAME STATE");
        assert!(text(fit(rows.clone(), Some(100))).contains("pyth"), "{}", text(fit(rows.clone(), Some(100))));
        // Without jobs there are headings.
        assert_eq!(fit(vec![cells(HEADINGS)], None).first().map(Vec::len), Some(9));
    }
}

//! Tables for people: as wide as the terminal, and with what counts first, since the last columns give way.

use std::time::{Duration, SystemTime};

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::words;

/// Columns that stay however narrow the terminal is.
const KEPT: usize = 3;
/// The narrowest that a column is cut to.
const NARROW: usize = 8;
/// Between two columns.
const GAP: usize = 2;

/// What is in a cell, and how it looks where there are colours.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tint: Tint,
}

/// How words look where there are colours. No meaning hangs on it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tint {
    /// As the rest.
    Plain,
    /// It is as it should be.
    Good,
    /// It goes on.
    Active,
    /// Something is wrong.
    Bad,
    /// It is of little interest.
    Faint,
}

impl Tint {
    /// These words in its colour.
    pub fn paint(self, text: &str) -> String {
        let style = match self {
            Self::Plain => return text.to_owned(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Active => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Faint => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }

    /// A cell of it.
    pub fn cell(self, text: &str) -> Cell {
        // A name from elsewhere must not speak to the terminal, or begin a line.
        Cell { text: words::in_one_line(text), tint: self }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Tint::Plain.cell(text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Tint::Plain.cell(&text)
    }
}

/// What a table is shown on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surface {
    /// The columns of a terminal; elsewhere nothing is cut.
    pub width: Option<usize>,
    /// Whether there are colours.
    pub colours: bool,
}

/// The table's lines. Columns in which nothing stands are left out.
pub fn text<const N: usize>(headings: [&str; N], rows: Vec<[Cell; N]>, surface: Surface) -> String {
    let mut columns = columns(headings.map(str::to_owned), rows);
    let has_rows = columns.iter().any(|column| column.len() > 1);
    columns.retain(|column| !has_rows || column.iter().skip(1).any(|cell| !cell.text.is_empty()));
    lines(columns, surface)
}

/// The lines of a table whose columns only the service knows. All of them are shown: where they do not stand beside each other, each row
/// is a block of names and values.
pub fn rows(headings: Vec<String>, rows: Vec<Vec<Cell>>, surface: Surface) -> String {
    let mut columns = columns(headings, rows);
    match surface.width {
        Some(width) if !shrink(&mut columns, width) => blocks(&columns),
        _ => lines(columns, Surface { width: None, ..surface }),
    }
}

fn columns(
    headings: impl IntoIterator<Item = String>,
    rows: impl IntoIterator<Item = impl IntoIterator<Item = Cell>>,
) -> Vec<Vec<Cell>> {
    let mut columns: Vec<Vec<Cell>> = headings.into_iter().map(|heading| vec![Cell::from(heading)]).collect();
    for row in rows {
        columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
    }
    columns
}

fn lines(mut columns: Vec<Vec<Cell>>, surface: Surface) -> String {
    if let Some(width) = surface.width {
        fit(&mut columns, width);
    }
    let widths: Vec<usize> = columns.iter().map(|column| width_of(column)).collect();
    let line = |row: usize| {
        let mut line = String::new();
        let mut gap = 0;
        for (cell, width) in columns.iter().filter_map(|column| column.get(row)).zip(&widths) {
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', gap));
                gap = 0;
                line += &if surface.colours { cell.tint.paint(&cell.text) } else { cell.text.clone() };
            }
            gap += width - cell.text.width() + GAP;
        }
        line + "\n"
    };
    (0..columns.first().map_or(0, Vec::len)).map(line).collect()
}

/// Cuts the widest columns until a row fits. `false`, and nothing is cut, where there is no room for all.
fn shrink(columns: &mut [Vec<Cell>], width: usize) -> bool {
    let mut widths: Vec<usize> = columns.iter().map(|column| width_of(column)).collect();
    let room = width.saturating_sub(GAP * widths.len().saturating_sub(1));
    let mut total = widths.iter().sum::<usize>();
    while total > room {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > NARROW) else { return false };
        *widest -= 1;
        total -= 1;
    }
    for (column, width) in columns.iter_mut().zip(widths) {
        column.iter_mut().for_each(|cell| cut(&mut cell.text, width));
    }
    true
}

/// A block of lines a row: a name and its value each.
fn blocks(columns: &[Vec<Cell>]) -> String {
    let headings: Vec<&Cell> = columns.iter().filter_map(|column| column.first()).collect();
    let width = headings.iter().map(|heading| heading.text.width()).max().unwrap_or_default();
    let block = |row: usize| {
        let line = |(heading, column): (&&Cell, &Vec<Cell>)| {
            let text = column.get(row).map_or("", |cell| cell.text.as_str());
            let gap = " ".repeat(width - heading.text.width() + GAP);
            format!("{}{gap}{text}\n", heading.text)
        };
        let lines: String = headings.iter().zip(columns).map(line).collect();
        format!("-- {row} --\n{lines}")
    };
    (1..columns.first().map_or(0, Vec::len)).map(block).collect()
}

/// Leaves out the last columns, and cuts one, until a row fits.
fn fit(columns: &mut Vec<Vec<Cell>>, width: usize) {
    loop {
        let widths: Vec<usize> = columns.iter().map(|column| width_of(column)).collect();
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let (Some(last), true) = (widths.last(), total > width) else { return };
        if width.saturating_sub(total - last) < NARROW && columns.len() > KEPT {
            columns.pop();
            continue;
        }
        let widest = widths.iter().max().copied().unwrap_or_default();
        let gives_way = if width.saturating_sub(total - last) < NARROW {
            widths.iter().position(|width| *width == widest)
        } else {
            Some(widths.len() - 1)
        };
        let Some(column) = gives_way.and_then(|column| columns.get_mut(column)) else { return };
        let room = width_of(column).saturating_sub(total - width).max(1);
        column.iter_mut().for_each(|cell| cut(&mut cell.text, room));
        return;
    }
}

fn width_of(column: &[Cell]) -> usize {
    column.iter().map(|cell| cell.text.width()).max().unwrap_or_default()
}

fn cut(text: &mut String, room: usize) {
    if text.width() <= room {
        return;
    }
    let mut left = room.saturating_sub(1);
    let fits = |c: &char| {
        let width = c.width().unwrap_or_default();
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    *text = text.chars().take_while(fits).chain(['…']).collect();
}

/// How long ago a time was, in one unit; a date if that is long.
pub fn ago(time: SystemTime, now: SystemTime) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    // The other machine's clock may be ahead.
    let seconds = now.duration_since(time).unwrap_or(Duration::ZERO).as_secs();
    match seconds {
        0 => "just now".to_owned(),
        1..MINUTE => format!("{seconds}s ago"),
        MINUTE..HOUR => format!("{}m ago", seconds / MINUTE),
        // Until then the hours tell more.
        HOUR..172_800 => format!("{}h ago", seconds / HOUR),
        172_800..2_592_000 => format!("{}d ago", seconds / DAY),
        _ => humantime::format_rfc3339_seconds(time).to_string().chars().take(10).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[[&str; 5]], surface: Surface) -> String {
        let rows = rows.iter().map(|row| row.map(Cell::from)).collect();
        text(["NAME", "STATE", "ID", "NOTE", "HOST"], rows, surface)
    }

    #[test]
    fn columns_stand_under_their_headings_and_no_control_character_passes() {
        let rows = [
            ["a", "on", "1", "", "long value"],
            ["longer\nname", "", "22", "", "\u{1b}[31mred"],
            ["東京", "off", "3", "", "x"],
        ];
        assert_eq!(
            of(&rows, Surface::default()),
            "NAME         STATE  ID  HOST\na            on     1   long value\nlonger name         22  [31mred\n東京         off    3   x\n"
        );
        // Without rows there are headings.
        assert_eq!(of(&[], Surface::default()), "NAME  STATE  ID  NOTE  HOST\n");
    }

    #[test]
    fn a_table_is_as_wide_as_the_terminal_and_shows_first_what_counts() {
        let rows = [
            ["demo", "running", "0123-456789-abcdefgh", "note", "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com"],
            [
                "a name of some length",
                "stopped",
                "0123-456789-ijklmnop",
                "東京東京東京",
                "https://adb-1.2.azuredatabricks.net",
            ],
        ];
        let check = |width: usize, headings: &str| {
            let text = of(&rows, Surface { width: Some(width), colours: false });
            let longest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(longest <= width, "{width}\n{text}");
            let found: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
            assert_eq!(found.join(" "), headings, "{width}\n{text}");
        };
        check(200, "NAME STATE ID NOTE HOST");
        check(100, "NAME STATE ID NOTE HOST");
        check(76, "NAME STATE ID NOTE HOST");
        check(75, "NAME STATE ID NOTE");
        check(62, "NAME STATE ID NOTE");
        check(61, "NAME STATE ID");
        for width in [52, 51, 40, 36] {
            check(width, "NAME STATE ID");
        }
        assert!(of(&rows, Surface { width: Some(40), colours: false }).contains("stopped"), "the widest gives way");
    }

    #[test]
    fn a_services_columns_are_all_shown() {
        let of = |width: usize| {
            let headings = ["id", "a long name", "note"].map(str::to_owned).to_vec();
            let row = ["1", "x", "a note that goes on and on"].map(Cell::from).to_vec();
            rows(headings, vec![row], Surface { width: Some(width), colours: false })
        };
        assert_eq!(of(80), "id  a long name  note\n1   x            a note that goes on and on\n");
        assert_eq!(of(27), "id  a long name  note\n1   x            a note th…\n");
        assert_eq!(of(22), "id  a long …  note\n1   x         a note …\n");
        assert_eq!(of(21), "-- 1 --\nid           1\na long name  x\nnote         a note that goes on and on\n");
    }

    #[test]
    fn colours_take_no_room() {
        let rows = || {
            vec![
                [Cell::from("a"), Tint::Bad.cell("lost"), "x".into()],
                ["b".into(), Tint::Plain.cell("ok"), "y".into()],
            ]
        };
        let painted = text(["N", "S", "T"], rows(), Surface { width: None, colours: true });
        assert_eq!(painted, "N  S     T\na  \u{1b}[31mlost\u{1b}[0m  x\nb  ok    y\n");
        assert_eq!(text(["N", "S", "T"], rows(), Surface::default()), "N  S     T\na  lost  x\nb  ok    y\n");
    }

    #[test]
    fn a_time_is_told_in_one_unit() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let check = |seconds: u64, expected: &str| assert_eq!(ago(now - Duration::from_secs(seconds), now), expected);
        check(0, "just now");
        check(59, "59s ago");
        check(60, "1m ago");
        check(3_599, "59m ago");
        check(3_600, "1h ago");
        check(172_799, "47h ago");
        check(172_800, "2d ago");
        check(2_591_999, "29d ago");
        check(2_592_000, "2023-10-15");
        assert_eq!(ago(now + Duration::from_secs(5), now), "just now", "a clock that is ahead");
    }
}

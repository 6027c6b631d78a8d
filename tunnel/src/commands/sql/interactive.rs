//! `tunnel sql` at a terminal: one statement after the other.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Instant;

use databricks::Client;
use databricks::sql_text::is_complete;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};
use tokio::runtime::Handle;

use super::RunArgs;
use super::run::{Place, check};
use super::shown::ShownArgs;
use crate::error::{Context, Error, Result, exit};
use crate::progress::Progress;
use crate::signals::Interruption;
use crate::sql::completion::Unfinished;
use crate::sql::names::{Names, quoted};
use crate::sql::{statement, r#use};
use crate::{home, keys, print, say};

/// Statements that are remembered.
const REMEMBERED: usize = 1_000;

const HELP: &str = "A statement ends with a semicolon, and may have several lines. Tab completes names. Ctrl-C clears the line, or cancels the statement.
USE CATALOG c and USE SCHEMA s hold for what follows. A line that begins with a blank is not remembered.
help or \\? shows this; exit, \\q or Ctrl-D ends.";

/// What the line editor is helped with.
struct Help {
    names: Arc<Names>,
    catalog: String,
    schema: String,
    runtime: Handle,
}

impl Helper for Help {}
impl Highlighter for Help {}

impl Hinter for Help {
    type Hint = String;
}

impl Completer for Help {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        place: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let unfinished = Unfinished::of(line, place);
        let candidates = unfinished.candidates(&self.names, &self.catalog, &self.schema);
        Ok((unfinished.start, self.runtime.block_on(candidates)))
    }
}

impl Validator for Help {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let line = context.input();
        let is_whole = line.trim().is_empty() || command(line).is_some() || is_complete(line);
        Ok(if is_whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

/// What is not SQL.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Help,
    Exit,
}

fn command(line: &str) -> Option<Command> {
    match line.trim().trim_end_matches(';').trim_end().to_ascii_lowercase().as_str() {
        "exit" | "quit" | "\\q" => Some(Command::Exit),
        "help" | "\\?" | "?" => Some(Command::Help),
        _ => None,
    }
}

/// Whether somebody is there to write statements.
pub(super) fn is_asked_for(args: &RunArgs) -> bool {
    args.statement.is_none() && args.file.is_none() && std::io::stdin().is_terminal()
}

/// Reads statements, and shows their results, until the person has had enough.
pub(super) async fn run(client: &Client, args: RunArgs) -> Result<u8> {
    let mut place = Place::of(client, &args).await?;
    let names = Arc::new(Names::new(client.clone(), place.warehouse_id.clone()));
    let help = Help {
        names: Arc::clone(&names),
        catalog: place.catalog.clone(),
        schema: place.schema.clone(),
        runtime: Handle::current(),
    };
    let mut editor = editor(help)?;
    let history = home::home()?.join("sql_history");
    // There is none at first, and one that cannot be read is worth no word.
    let _ = editor.load_history(&history);
    let terminal = Terminal::now();
    let mut interruption = Interruption::new()?;
    say!("Statements end with a semicolon; help shows more.");
    loop {
        let prompt = prompt(&place);
        let read = tokio::task::spawn_blocking(move || {
            let line = editor.readline(&prompt);
            (editor, line)
        });
        let line;
        (editor, line) = tokio::select! {
            read = read => read.context(|| "cannot read a line".to_owned())?,
            () = interruption.recv() => {
                // The line editor has the terminal as it wants it.
                terminal.restore();
                return Ok(exit::INTERRUPTED);
            }
        };
        let line = match line {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(Error::new("cannot read a line").caused_by(error)),
        };
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let _ = editor.add_history_entry(line.as_str());
        match command(text) {
            Some(Command::Exit) => break,
            Some(Command::Help) => say!("{HELP}"),
            None => {
                let ended = execute(client, &mut place, &args.shown, text, &mut interruption).await;
                match ended {
                    Err(error) if error.is_unread() => {}
                    Err(error) => say!("{}", crate::words::printable(&error.to_string())),
                    Ok(()) => {}
                }
                if !databricks::sql_text::is_read_only(text) {
                    names.forget();
                }
                if let Some(help) = editor.helper_mut() {
                    (help.catalog, help.schema) = (place.catalog.clone(), place.schema.clone());
                }
            }
        }
    }
    remember(&mut editor, &history);
    Ok(0)
}

/// How the terminal was.
struct Terminal(Option<Termios>);

impl Terminal {
    fn now() -> Self {
        Self(tcgetattr(std::io::stdin()).ok())
    }

    fn restore(&self) {
        if let Some(before) = &self.0 {
            // There is nothing else to be done about it.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// What the person wrote, for the next time. Statements may tell more than others should know.
fn remember(editor: &mut Editor<Help, FileHistory>, history: &std::path::Path) {
    let Some(folder) = history.parent() else { return };
    let saved = keys::create_home(folder).map_err(|error| error.to_string());
    let saved = saved.and_then(|()| editor.save_history(history).map_err(|error| error.to_string()));
    if let Err(error) = saved {
        tracing::warn!(error, "the statements are not remembered");
    }
}

fn editor(help: Help) -> Result<Editor<Help, FileHistory>> {
    let cannot = |error: ReadlineError| Error::new("cannot read lines").caused_by(error);
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .history_ignore_dups(true)
        .and_then(|config| config.max_history_size(REMEMBERED))
        .map_err(cannot)?
        .build();
    let mut editor = Editor::with_config(config).map_err(cannot)?;
    editor.set_helper(Some(help));
    Ok(editor)
}

/// `catalog.schema> `.
fn prompt(place: &Place) -> String {
    let names: Vec<String> =
        [&place.catalog, &place.schema].into_iter().filter(|name| !name.is_empty()).map(|name| quoted(name)).collect();
    if names.is_empty() { "sql> ".to_owned() } else { format!("{}> ", names.join(".")) }
}

async fn execute(
    client: &Client,
    place: &mut Place,
    shown: &ShownArgs,
    line: &str,
    interruption: &mut Interruption,
) -> Result<()> {
    let text = line.trim_end().trim_end_matches(';').trim_end();
    let used = r#use::of(text);
    // A USE changes what the names of this shell mean, and nothing else.
    check(text, place.reads_only && used.is_none())?;
    let request = place.request(text, shown.wire_format());
    let started = Instant::now();
    let ended = statement::attended(client, request, &Progress::default(), interruption).await?;
    let Some(ended) = ended else { return Ok(()) };
    let succeeded = statement::succeeded(ended, text)?;
    if let Some(used) = used {
        used.apply(&mut place.catalog, &mut place.schema);
        return Ok(());
    }
    let rows = succeeded.manifest.as_ref().and_then(|manifest| manifest.total_row_count);
    tokio::select! {
        shown = shown.show_paged(client, succeeded) => shown?,
        () = interruption.recv() => return Ok(()),
    }
    let rows = match rows {
        Some(1) => "1 row, ".to_owned(),
        Some(rows) => format!("{rows} rows, "),
        None => String::new(),
    };
    let took = started.elapsed().as_secs_f64();
    say!("{}", print::painted_on_stderr(crate::table::Tint::Faint, &format!("({rows}{took:.1} s)")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_words_are_no_sql() {
        for (line, expected) in [
            ("exit", Some(Command::Exit)),
            (" QUIT ; ", Some(Command::Exit)),
            ("\\q", Some(Command::Exit)),
            ("help", Some(Command::Help)),
            ("help me", None),
            ("SELECT 1;", None),
        ] {
            assert_eq!(command(line), expected, "{line}");
        }
    }
}

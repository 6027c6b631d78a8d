//! Questions to the person at the terminal, whatever stdin and stdout are. Without a terminal nobody is asked.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secret::Secret;

/// The answer to a question, which nobody sees being typed; `None` without a terminal, or without an answer.
pub fn hidden(question: &str) -> Option<Secret<String>> {
    let terminal = terminal()?;
    let _quiet = Quiet::begin(&terminal)?;
    let answer = ask(&terminal, question);
    // The person's own line end was not shown.
    let _ = (&terminal).write_all(b"\n");
    answer
}

/// The answer to a question.
pub fn open(question: &str) -> Option<Secret<String>> {
    ask(&terminal()?, question)
}

fn terminal() -> Option<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").ok()
}

fn ask(mut terminal: &File, question: &str) -> Option<Secret<String>> {
    terminal.write_all(question.as_bytes()).ok()?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).ok().filter(|read| *read > 0)?;
    let answer = Secret::new(line.trim_end_matches(['\r', '\n']).to_owned());
    drop(Secret::new(line));
    Some(answer)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn begin(terminal: &'a File) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO;
        tcsetattr(terminal, OptionalActions::Flush, &quiet).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

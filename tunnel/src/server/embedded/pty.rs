//! Terminals: what a client asks for with `pty-req` (RFC 4254, section 6.2) and how its modes (section 8) are set.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::sys::termios::{
    ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices as Character, Termios,
    tcgetattr, tcsetattr,
};
use russh::Pty as Mode;
use rustix::termios::{Winsize, tcsetwinsize};

/// The value with which a client says that a character has no meaning: RFC 4254, section 8.
const NONE: u32 = 255;

/// A terminal that was asked for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) size: Size,
    pub(super) modes: Vec<(Mode, u32)>,
}

/// A terminal's size in characters and in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// An open terminal: its two ends, a handle that changes its size, and its file.
pub(super) struct Terminal {
    pub(super) ours: pty_process::Pty,
    pub(super) theirs: pty_process::Pts,
    pub(super) handle: OwnedFd,
    pub(super) path: PathBuf,
}

/// Opens a terminal as it was asked for.
///
/// # Errors
/// When the system has none to give.
pub(super) fn open(request: &Request) -> io::Result<Terminal> {
    let (ours, theirs) = pty_process::open().map_err(io::Error::other)?;
    let handle = ours.as_fd().try_clone_to_owned()?;
    resize(&handle, request.size);
    let mut modes = tcgetattr(&theirs)?;
    for (mode, value) in &request.modes {
        apply(&mut modes, *mode, *value);
    }
    tcsetattr(&theirs, SetArg::TCSANOW, &modes)?;
    let path = nix::unistd::ttyname(&theirs)?;
    Ok(Terminal { ours, theirs, handle, path })
}

/// Changes a terminal's size. Its programs get SIGWINCH.
pub(super) fn resize(terminal: &OwnedFd, size: Size) {
    let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    let size = Winsize {
        ws_row: short(size.rows),
        ws_col: short(size.columns),
        ws_xpixel: short(size.width),
        ws_ypixel: short(size.height),
    };
    let _ = tcsetwinsize(terminal, size);
}

/// Speeds are left alone, and modes that Linux does not have.
fn apply(modes: &mut Termios, mode: Mode, value: u32) {
    let on = value != 0;
    let mut character = |index: Character| {
        let value = if value == NONE { 0 } else { u8::try_from(value).unwrap_or(0) };
        if let Some(place) = modes.control_chars.get_mut(index as usize) {
            *place = value;
        }
    };
    match mode {
        Mode::VINTR => character(Character::VINTR),
        Mode::VQUIT => character(Character::VQUIT),
        Mode::VERASE => character(Character::VERASE),
        Mode::VKILL => character(Character::VKILL),
        Mode::VEOF => character(Character::VEOF),
        Mode::VEOL => character(Character::VEOL),
        Mode::VEOL2 => character(Character::VEOL2),
        Mode::VSTART => character(Character::VSTART),
        Mode::VSTOP => character(Character::VSTOP),
        Mode::VSUSP => character(Character::VSUSP),
        Mode::VREPRINT => character(Character::VREPRINT),
        Mode::VWERASE => character(Character::VWERASE),
        Mode::VLNEXT => character(Character::VLNEXT),
        Mode::VDISCARD => character(Character::VDISCARD),
        Mode::IGNPAR => modes.input_flags.set(InputFlags::IGNPAR, on),
        Mode::PARMRK => modes.input_flags.set(InputFlags::PARMRK, on),
        Mode::INPCK => modes.input_flags.set(InputFlags::INPCK, on),
        Mode::ISTRIP => modes.input_flags.set(InputFlags::ISTRIP, on),
        Mode::INLCR => modes.input_flags.set(InputFlags::INLCR, on),
        Mode::IGNCR => modes.input_flags.set(InputFlags::IGNCR, on),
        Mode::ICRNL => modes.input_flags.set(InputFlags::ICRNL, on),
        Mode::IXON => modes.input_flags.set(InputFlags::IXON, on),
        Mode::IXANY => modes.input_flags.set(InputFlags::IXANY, on),
        Mode::IXOFF => modes.input_flags.set(InputFlags::IXOFF, on),
        Mode::IMAXBEL => modes.input_flags.set(InputFlags::IMAXBEL, on),
        Mode::IUTF8 => modes.input_flags.set(InputFlags::IUTF8, on),
        Mode::ISIG => modes.local_flags.set(LocalFlags::ISIG, on),
        Mode::ICANON => modes.local_flags.set(LocalFlags::ICANON, on),
        Mode::ECHO => modes.local_flags.set(LocalFlags::ECHO, on),
        Mode::ECHOE => modes.local_flags.set(LocalFlags::ECHOE, on),
        Mode::ECHOK => modes.local_flags.set(LocalFlags::ECHOK, on),
        Mode::ECHONL => modes.local_flags.set(LocalFlags::ECHONL, on),
        Mode::NOFLSH => modes.local_flags.set(LocalFlags::NOFLSH, on),
        Mode::TOSTOP => modes.local_flags.set(LocalFlags::TOSTOP, on),
        Mode::IEXTEN => modes.local_flags.set(LocalFlags::IEXTEN, on),
        Mode::ECHOCTL => modes.local_flags.set(LocalFlags::ECHOCTL, on),
        Mode::ECHOKE => modes.local_flags.set(LocalFlags::ECHOKE, on),
        Mode::PENDIN => modes.local_flags.set(LocalFlags::PENDIN, on),
        Mode::OPOST => modes.output_flags.set(OutputFlags::OPOST, on),
        Mode::ONLCR => modes.output_flags.set(OutputFlags::ONLCR, on),
        Mode::OCRNL => modes.output_flags.set(OutputFlags::OCRNL, on),
        Mode::ONOCR => modes.output_flags.set(OutputFlags::ONOCR, on),
        Mode::ONLRET => modes.output_flags.set(OutputFlags::ONLRET, on),
        Mode::CS7 if on => modes.control_flags = (modes.control_flags - ControlFlags::CSIZE) | ControlFlags::CS7,
        Mode::CS8 if on => modes.control_flags = (modes.control_flags - ControlFlags::CSIZE) | ControlFlags::CS8,
        Mode::PARENB => modes.control_flags.set(ControlFlags::PARENB, on),
        Mode::PARODD => modes.control_flags.set(ControlFlags::PARODD, on),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_terminal_has_the_modes_and_the_size_that_were_asked_for() {
        let size = Size { columns: 99, rows: 33, width: 0, height: 0 };
        let modes = vec![(Mode::ECHO, 0), (Mode::VINTR, 7), (Mode::VEOL2, NONE), (Mode::IUTF8, 1), (Mode::ONLCR, 0)];
        let terminal = open(&Request { name: "xterm".to_owned(), size, modes }).unwrap();
        let set = tcgetattr(&terminal.theirs).unwrap();
        assert!(!set.local_flags.contains(LocalFlags::ECHO));
        assert!(set.local_flags.contains(LocalFlags::ICANON), "what was not named stays");
        assert!(set.input_flags.contains(InputFlags::IUTF8));
        assert!(!set.output_flags.contains(OutputFlags::ONLCR));
        assert_eq!(set.control_chars[Character::VINTR as usize], 7);
        assert_eq!(set.control_chars[Character::VEOL2 as usize], 0);
        let size = rustix::termios::tcgetwinsize(&terminal.theirs).unwrap();
        assert_eq!((size.ws_col, size.ws_row), (99, 33));
        assert!(terminal.path.starts_with("/dev/pts"));
    }
}

//! A folder's entries, a portion at a time, each with a line as `ls -l` writes it: SSH_FXP_READDIR.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata, ReadDir};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{BufMut, BytesMut};
use nix::unistd::{Gid, Group, Uid, User};
use sftp::wire::put_bytes;

use super::answer::Failure;
use super::attributes;

/// Entries in one answer: even with the longest names they fit into a packet.
const PORTION: usize = 100;
/// Files that are older are listed with their year: half a year, as `ls` does.
const OLD: Duration = Duration::from_secs(15_778_476);

#[derive(Debug)]
pub(super) struct Listing {
    path: PathBuf,
    /// The two entries that the system does not list here.
    first: Vec<OsString>,
    rest: ReadDir,
    owners: Owners,
}

impl Listing {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let rest = fs::read_dir(&path)?;
        Ok(Self { path, first: vec!["..".into(), ".".into()], rest, owners: Owners::default() })
    }

    /// Adds the next entries and their number.
    pub(super) fn put_next(&mut self, answers: &mut BytesMut) -> Result<(), Failure> {
        let mut entries = BytesMut::new();
        let mut count = 0;
        while count < PORTION {
            let name = match self.first.pop() {
                Some(name) => name,
                None => match self.rest.next() {
                    Some(entry) => entry?.file_name(),
                    None => break,
                },
            };
            // Removed since it was listed.
            let Ok(metadata) = fs::symlink_metadata(self.path.join(&name)) else { continue };
            put_bytes(&mut entries, name.as_bytes());
            let mut line = self.line(&metadata).into_bytes();
            line.extend_from_slice(name.as_bytes());
            put_bytes(&mut entries, &line);
            attributes::of(&metadata).put(&mut entries);
            count += 1;
        }
        if count == 0 {
            return Err(Failure::End);
        }
        answers.put_u32(u32::try_from(count).unwrap_or(u32::MAX));
        answers.put_slice(&entries);
        Ok(())
    }

    fn line(&mut self, metadata: &Metadata) -> String {
        let user = self.owners.user(metadata.uid());
        let group = self.owners.group(metadata.gid());
        format!(
            "{} {:>4} {user:<8} {group:<8} {:>8} {} ",
            permissions(metadata.mode()),
            metadata.nlink(),
            metadata.len(),
            date(metadata.modified().unwrap_or(UNIX_EPOCH), SystemTime::now()),
        )
    }
}

/// The names of users and groups, asked for once.
#[derive(Debug, Default)]
struct Owners {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Owners {
    fn user(&mut self, id: u32) -> String {
        let name = self.users.entry(id).or_insert_with(|| {
            let user = User::from_uid(Uid::from_raw(id)).ok().flatten();
            user.map_or_else(|| id.to_string(), |user| user.name)
        });
        name.clone()
    }

    fn group(&mut self, id: u32) -> String {
        let name = self.groups.entry(id).or_insert_with(|| {
            let group = Group::from_gid(Gid::from_raw(id)).ok().flatten();
            group.map_or_else(|| id.to_string(), |group| group.name)
        });
        name.clone()
    }
}

/// The ten letters of a mode: stat(2), The file type and mode.
fn permissions(mode: u32) -> String {
    let kind = match mode & 0o170_000 {
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o060_000 => 'b',
        0o020_000 => 'c',
        0o010_000 => 'p',
        0o140_000 => 's',
        _ => '-',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// A time in UTC: with its hour if it is of this half year, else with its year.
fn date(time: SystemTime, now: SystemTime) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // 2026-11-27T00:18:00Z
    let text = humantime::format_rfc3339_seconds(time.max(UNIX_EPOCH)).to_string();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let month = part(5..7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?)).unwrap_or(&"");
    let day = part(8..10).trim_start_matches('0');
    let is_recent = time <= now && now.duration_since(time).is_ok_and(|age| age < OLD);
    let rest = if is_recent { part(11..16) } else { part(0..4) };
    format!("{month} {day:>2} {rest:>5}")
}

/// Whether a path is there, without following it.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_ls_does() {
        let check = |mode: u32, expected: &str| assert_eq!(permissions(mode), expected, "{mode:o}");
        check(0o100_644, "-rw-r--r--");
        check(0o040_755, "drwxr-xr-x");
        check(0o120_777, "lrwxrwxrwx");
        check(0o104_755, "-rwsr-xr-x");
        check(0o041_777, "drwxrwxrwt");
        check(0o102_640, "-rw-r-S---");
    }

    #[test]
    fn dates_have_the_hour_or_the_year() {
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
        let now = at(1_700_000_000);
        let check = |seconds: u64, expected: &str| assert_eq!(date(at(seconds), now), expected);
        check(1_700_000_000, "Nov 14 22:13");
        check(1_696_204_800, "Oct  2 00:00");
        check(1_600_000_000, "Sep 13  2020");
        check(1_800_000_000, "Jan 15  2027");
    }
}

//! Patterns of paths, as a shell has them: `*`, `?`, `[…]`, `{a,b}`, and `**` for folders of any depth. A name that begins with a dot
//! is meant only by a pattern that does.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::Side;
use crate::client::Entry;
use crate::file::Failed;
use crate::wire::attributes::Attributes;

/// What is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern {pattern} cannot be read: {reason}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// Why.
    pub reason: String,
}

/// A part of a pattern, between two slashes.
enum Part {
    /// A name.
    Name(PathBuf),
    /// A pattern of names.
    Names(GlobMatcher, bool),
    /// `**`: folders of any depth.
    Folders,
}

/// Whether a path has letters that make it a pattern.
pub fn is_pattern(path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().any(|letter| b"*?[{".contains(letter))
}

fn parts(pattern: &Path) -> Result<Vec<Part>, BadPattern> {
    let part = |component: Component<'_>| {
        let name = Path::new(component.as_os_str());
        match name.as_os_str().as_bytes() {
            b"**" => Ok(Part::Folders),
            bytes if is_pattern(name) => {
                let bad = |reason: String| BadPattern { pattern: pattern.display().to_string(), reason };
                let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8".to_owned()))?;
                let glob = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
                Ok(Part::Names(
                    glob.map_err(|error| bad(error.kind().to_string()))?.compile_matcher(),
                    text.starts_with('.'),
                ))
            }
            _ => Ok(Part::Name(name.to_owned())),
        }
    };
    pattern.components().map(part).collect()
}

/// The paths that a pattern means, in order, each with what it is like. A link is followed only where the pattern says its name.
///
/// # Errors
/// When the pattern cannot be read, or a folder not be listed.
pub async fn matching(
    side: &impl Side,
    pattern: &Path,
) -> Result<Result<Vec<(PathBuf, Attributes)>, Failed>, BadPattern> {
    let parts = parts(pattern)?;
    Ok(expand(side, &parts).await)
}

async fn expand(side: &impl Side, parts: &[Part]) -> Result<Vec<(PathBuf, Attributes)>, Failed> {
    let mut found = Vec::new();
    let mut stack = vec![(PathBuf::new(), parts)];
    while let Some((folder, parts)) = stack.pop() {
        let Some((part, rest)) = parts.split_first() else { continue };
        if let (Part::Name(name), [_, ..]) = (part, rest) {
            stack.push((folder.join(name), rest));
            continue;
        }
        if matches!(part, Part::Folders) && !rest.is_empty() {
            // No folder at all is a depth too.
            stack.push((folder.clone(), rest));
        }
        // What is no folder has nothing in it.
        for Entry { name, attributes } in side.list(&folder).await?.unwrap_or_default() {
            let is_hidden = name.as_os_str().as_bytes().starts_with(b".");
            let path = folder.join(&name);
            match part {
                Part::Name(wanted) if *wanted == name => found.push((path, attributes)),
                Part::Names(glob, with_dot) if (!is_hidden || *with_dot) && glob.is_match(OsStr::new(&name)) => {
                    match rest {
                        [] => found.push((path, attributes)),
                        rest if attributes.is_directory() => stack.push((path, rest)),
                        _ => {}
                    }
                }
                Part::Folders if !is_hidden => {
                    if attributes.is_directory() {
                        stack.push((path.clone(), parts));
                    }
                    if rest.is_empty() {
                        found.push((path, attributes));
                    }
                }
                _ => {}
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found.dedup_by(|(one, _), (other, _)| one == other);
    Ok(found)
}

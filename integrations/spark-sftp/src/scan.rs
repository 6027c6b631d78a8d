//! Which files are read: below a folder, by a pattern, by name and time.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use sftp::client::Entry;
use sftp::wire::attributes::Attributes;

use crate::failure::{Failure, Kind, Result};
use crate::options::Options;
use crate::remote::Remote;

/// Which files.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The option `path`.
    pub path: PathBuf,
    /// Where it is a pattern, for whole paths.
    pattern: Option<GlobMatcher>,
    /// `pathGlobFilter`: for names.
    names: Option<GlobMatcher>,
    before: Option<u32>,
    after: Option<u32>,
    all_folders: bool,
    /// `basePath`: where folders with `name=value` begin.
    base: Option<PathBuf>,
}

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Its path.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Seconds since 1970 of its last change.
    pub modified: u32,
}

impl Scan {
    /// Reads what the options say.
    ///
    /// # Errors
    /// Where an option is wrong.
    pub fn new(options: &Options) -> Result<Self> {
        let path = crate::job::path(options)?;
        let glob = |name: &str, text: &str| {
            let glob = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
            glob.map(|glob| glob.compile_matcher())
                .map_err(|error| options.refused(name, &format!("is no pattern: {error}")))
        };
        let time = |name: &str| -> Result<Option<u32>> {
            let seconds =
                |text| seconds(text).ok_or_else(|| options.refused(name, "is no time as 2026-11-30T12:00:00 (UTC)"));
            options.text(name).map(seconds).transpose()
        };
        let base: Option<PathBuf> = options.text("basepath").map(|text| Path::new(text).components().collect());
        if base.as_ref().is_some_and(|base| !path.starts_with(base)) {
            return Err(options.refused("basepath", &format!("is no folder above {}", path.display())));
        }
        let pattern = if is_pattern(&path) { Some(glob("path", &path.to_string_lossy())?) } else { None };
        Ok(Self {
            path,
            pattern,
            names: options.text("pathglobfilter").map(|text| glob("pathglobfilter", text)).transpose()?,
            before: time("modifiedbefore")?,
            after: time("modifiedafter")?,
            all_folders: options.flag("recursivefilelookup", false)?,
            base,
        })
    }

    /// Whether the path is a pattern.
    pub fn is_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    /// Where folders with `name=value` begin: at `basePath`, or behind what the path names itself.
    pub fn root(&self) -> PathBuf {
        self.base.clone().unwrap_or_else(|| self.start())
    }

    /// Where looking begins.
    fn start(&self) -> PathBuf {
        self.path.components().take_while(|part| !is_pattern(Path::new(part))).collect()
    }

    /// The files, in the order of their paths.
    ///
    /// # Errors
    /// Where the path is not there, or what else the server says.
    pub async fn files(&self, remote: &Remote) -> Result<Vec<Found>> {
        let root = self.start();
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        let missing = || Failure { kind: Kind::Missing, text: format!("{} is not there", self.path.display()) };
        let Some(attributes) = remote.stat(&root).await? else { return Err(missing()) };
        let mut found = Vec::new();
        if !attributes.is_directory() {
            self.take(&mut found, root, &attributes);
            return Ok(found);
        }
        let mut folders = vec![(root, self.pattern.is_none())];
        while let Some((folder, is_inside)) = folders.pop() {
            let entries = match remote.list(&folder).await {
                // It was removed since its name was read.
                Err(failure) if failure.kind == Kind::Missing => continue,
                entries => entries?,
            };
            for Entry { name, attributes } in entries {
                let path = if folder == Path::new(".") { name.clone() } else { folder.join(&name) };
                let attributes =
                    if attributes.is_link() { remote.stat(&path).await?.unwrap_or(attributes) } else { attributes };
                let name = name.to_string_lossy();
                if name.starts_with(['.', '_']) && !name.contains('=') {
                    continue;
                }
                let matches = is_inside || self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&path));
                if attributes.is_directory() {
                    let is_entered = !is_inside || self.all_folders || name.contains('=');
                    if is_entered && (matches || self.may_match(&path)) {
                        folders.push((path, matches));
                    }
                } else if matches {
                    self.take(&mut found, path, &attributes);
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Whether something below a folder may match: it has fewer parts than the pattern, or the pattern has `**`.
    fn may_match(&self, folder: &Path) -> bool {
        let parts = |path: &Path| path.components().filter(|part| matches!(part, Component::Normal(_))).count();
        self.path.to_string_lossy().contains("**") || parts(folder) < parts(&self.path)
    }

    fn take(&self, found: &mut Vec<Found>, path: PathBuf, attributes: &Attributes) {
        let modified = attributes.times.map_or(0, |(_, modified)| modified);
        let name = path.file_name().unwrap_or_default();
        let is_taken = self.names.as_ref().is_none_or(|names| names.is_match(name))
            && self.before.is_none_or(|before| modified < before)
            && self.after.is_none_or(|after| modified > after);
        if is_taken {
            found.push(Found { path, size: attributes.size.unwrap_or(0), modified });
        }
    }
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[', '{'])
}

fn seconds(text: &str) -> Option<u32> {
    let time = chrono::NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S").ok()?;
    u32::try_from(time.and_utc().timestamp()).ok()
}

//! `tunnel sftp ls` and `stat`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use sftp::tree::Side;
use sftp::wire::attributes::Attributes;

use super::end::{End, failure, not_there, one_far_end};
use super::place::{Place, asked};
use super::reach::{LoadArgs, ReachArgs};
use super::report::shown;
use crate::error::Result;
use crate::print;
use crate::table::{Cell, Tint};

/// What to list.
#[derive(Debug, Args)]
pub(super) struct LsArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show also what begins with a dot.
    #[arg(long, short)]
    all: bool,
    /// The folder, the file, or the pattern.
    #[arg(value_name = "PLACE")]
    place: OsString,
}

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct StatArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The file, or the folder.
    #[arg(value_name = "PLACE")]
    place: OsString,
}

/// A file, a folder, or something else.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::commands) struct Row {
    /// Its name in the folder, or its path; where it is no UTF-8, as near as text comes.
    name: String,
    /// The bytes of a name that is no UTF-8, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    name_base64: Option<String>,
    kind: Kind,
    /// Bytes.
    size: Option<u64>,
    /// When it was last changed: RFC 3339.
    modified: Option<String>,
    /// Who may do what, in octal: 0644.
    mode: Option<String>,
    /// Number of the user whose it is.
    user: Option<u32>,
    /// Number of the group whose it is.
    group: Option<u32>,
    /// What a link points to.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    File,
    Folder,
    Link,
    /// Something else, or the server does not tell.
    Other,
}

impl Row {
    /// One of this end.
    fn new(end: &End, name: &Path, like: &Attributes) -> Self {
        let kind = match like {
            like if like.is_directory() => Kind::Folder,
            like if like.is_link() => Kind::Link,
            like if like.is_file() => Kind::File,
            _ => Kind::Other,
        };
        let time = |seconds: u32| humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.into()));
        Self {
            name: name.to_string_lossy().into_owned(),
            name_base64: name.to_str().is_none().then(|| STANDARD.encode(name.as_os_str().as_bytes())),
            kind,
            size: like.size,
            modified: like.times.map(|(_, modified)| time(modified).to_string()),
            mode: like.permissions.filter(|_| end.has_modes()).map(|mode| format!("{:04o}", mode & 0o7777)),
            user: like.owner.map(|(user, _)| user),
            group: like.owner.map(|(_, group)| group),
            target: None,
        }
    }

    fn cells(&self) -> [Cell; 4] {
        let (mark, tint) = match self.kind {
            Kind::Folder => ("/", Tint::Active),
            Kind::Link => ("@", Tint::Plain),
            Kind::File | Kind::Other => ("", Tint::Plain),
        };
        let text = |value: &Option<String>| Cell::from(value.clone().unwrap_or_default());
        let size = self.size.filter(|_| self.kind != Kind::Folder).map(|size| size.to_string());
        [tint.cell(&format!("{}{mark}", self.name)), text(&size), text(&self.modified), text(&self.mode)]
    }
}

/// Lists.
pub(super) async fn ls(reach: &ReachArgs, args: LsArgs) -> Result<u8> {
    let (at, paths) = one_far_end(Place::all(vec![args.place])?)?;
    let end = End::reach(reach, &at, &LoadArgs::ONE).await?;
    let mut rows = Vec::new();
    for path in &paths {
        let meant = end.meant(path, true).await?;
        if let [(folder, like)] = &*meant
            && like.is_directory()
        {
            let entries = end.tree(folder)?.list(Path::new("")).await.map_err(|failed| failure(&failed))?;
            let shown = entries
                .into_iter()
                .flatten()
                .filter(|entry| args.all || !entry.name.as_os_str().as_bytes().starts_with(b"."));
            rows.extend(shown.map(|entry| Row::new(&end, &entry.name, &entry.attributes)));
        } else {
            rows.extend(meant.iter().map(|(path, like)| Row::new(&end, path, like)));
        }
    }
    end.close().await;
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    if args.json {
        print::json(&rows)?;
    } else {
        print::table(["NAME", "SIZE", "MODIFIED", "MODE"], rows.iter().map(Row::cells).collect())?;
    }
    Ok(0)
}

/// Shows what one is like; a link is shown as one.
pub(super) async fn stat(reach: &ReachArgs, args: StatArgs) -> Result<u8> {
    let (at, paths) = one_far_end(Place::all(vec![args.place])?)?;
    let end = End::reach(reach, &at, &LoadArgs::ONE).await?;
    for path in paths.iter().map(|path| asked(path)) {
        let like = end.like(path, false).await?.ok_or_else(|| not_there(path))?;
        let mut row = Row::new(&end, path, &like);
        if let End::There(reached) = &end
            && like.is_link()
        {
            let target = reached.sftp.read_link(path).await;
            row.target = target.ok().map(|target| target.to_string_lossy().into_owned());
        }
        if args.json {
            print::json(&row)?;
            continue;
        }
        let kind = serde_json::to_value(row.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        print::pairs([
            ("name", shown(path)),
            ("kind", kind.unwrap_or_default()),
            ("size", row.size.map(|size| size.to_string()).unwrap_or_default()),
            ("modified", row.modified.unwrap_or_default()),
            ("mode", row.mode.unwrap_or_default()),
            ("user", row.user.map(|user| user.to_string()).unwrap_or_default()),
            ("group", row.group.map(|group| group.to_string()).unwrap_or_default()),
            ("target", row.target.unwrap_or_default()),
        ])?;
    }
    end.close().await;
    Ok(0)
}

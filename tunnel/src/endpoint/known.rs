//! The endpoints that this machine was connected to, or has set up: what is in the tunnel's folder about them.

use std::fs;
use std::path::{Path, PathBuf};

use ssh_endpoint::SshEndpoint;

use super::files::Files;
use crate::error::{Context, Error, Result};

/// All of them, by name. A file that is none is passed over.
pub fn all(home: &Path) -> Vec<SshEndpoint> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(home).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let texts = files.iter().filter_map(|path| fs::read(path).ok());
    texts.filter_map(|text| serde_json::from_slice(&text).ok()).filter(|known| super::check(known).is_ok()).collect()
}

/// The one with this name, which may have its workspace's id behind a dot, or the only one.
///
/// # Errors
/// When there is none, or several.
pub fn find(home: &Path, name: Option<&str>) -> Result<SshEndpoint> {
    let all = all(home);
    let list = all.iter().map(full_name).collect::<Vec<_>>().join(", ");
    let mut matching: Vec<SshEndpoint> =
        all.into_iter().filter(|known| name.is_none_or(|name| is_named(known, name))).collect();
    match (matching.pop(), name) {
        (Some(one), _) if matching.is_empty() => Ok(one),
        (Some(last), Some(name)) => {
            let names: Vec<String> = matching.iter().chain([&last]).map(full_name).collect();
            Err(Error::new(format!("several endpoints are named {name}: {}", names.join(", ")))
                .way_out("Name one with its workspace's id, as it stands there."))
        }
        (Some(_), None) => Err(Error::new(format!("several endpoints are known here: {list}"))
            .way_out("Name one: tunnel connect NAME, or --endpoint NAME.")),
        (None, Some(name)) if !list.is_empty() => {
            Err(Error::new(format!("no endpoint {name:?} is known here")).way_out(format!("There is: {list}.")))
        }
        (None, _) => Err(Error::new("no endpoint is known here").way_out(
            "Run tunnel in the folder of a configuration that was applied, give an endpoint's file with --outputs FILE, or go \
             straight to a cluster with --cluster NAME.",
        )),
    }
}

/// Whether one or more have this name.
pub fn is_known(home: &Path, name: &str) -> bool {
    all(home).iter().any(|known| is_named(known, name))
}

fn is_named(known: &SshEndpoint, name: &str) -> bool {
    known.name == name || full_name(known) == name
}

/// Its name with its workspace's id, which tells it from others of the same name.
pub fn full_name(endpoint: &SshEndpoint) -> String {
    format!("{}.{}", endpoint.name, endpoint.workspace_id)
}

/// Removes what is known of an endpoint here.
///
/// # Errors
/// When a file cannot be removed.
pub fn forget(home: &Path, endpoint: &SshEndpoint) -> Result<()> {
    let (own, start) = (Files::endpoint(home, endpoint), format!("{}.", endpoint.host_key_alias()));
    let is_its =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&start));
    let entries = fs::read_dir(home).into_iter().flatten().flatten().map(|entry| entry.path());
    let others = entries.filter(|path| is_its(path) && *path != own);
    // The endpoint's own file at last: what is cut off is forgotten again.
    for file in others.chain([own.clone()]) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(|| format!("cannot remove {}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_found_by_its_name_and_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let find =
            |name: Option<&str>| find(home.path(), name).map(|known| full_name(&known)).map_err(|e| e.to_string());
        assert!(find(None).unwrap_err().contains("no endpoint is known"));
        let put = |name: &str, workspace: &str| {
            let endpoint = super::super::sample(serde_json::json!({
                "name": name, "workspace_id": workspace,
                "server_host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            }));
            Files::write(home.path(), &endpoint).unwrap();
            endpoint
        };
        let first = put("demo", "7");
        assert_eq!(find(None).as_deref(), Ok("demo.7"));
        put("demo", "8");
        put("other", "7");
        fs::write(home.path().join("none.json"), "{}").unwrap();
        assert!(find(None).unwrap_err().contains("demo.7, demo.8, other.7"));
        assert!(find(Some("demo")).unwrap_err().contains("several endpoints are named demo: demo.7, demo.8"));
        assert_eq!(find(Some("demo.8")).as_deref(), Ok("demo.8"));
        assert_eq!(find(Some("other")).as_deref(), Ok("other.7"));
        assert!(is_known(home.path(), "demo") && is_known(home.path(), "demo.7") && !is_known(home.path(), "oth"));
        assert!(find(Some("oth")).unwrap_err().contains("There is: demo.7"));
        forget(home.path(), &first).unwrap();
        forget(home.path(), &first).unwrap();
        assert_eq!(find(Some("demo")).as_deref(), Ok("demo.8"));
        let left = fs::read_dir(home.path())
            .unwrap()
            .flatten()
            .filter(|it| it.file_name().to_string_lossy().contains("demo.7"));
        assert_eq!(left.count(), 0);
    }
}

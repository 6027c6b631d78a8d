//! The logins of persons, in the file in which the official CLI and SDKs keep them, so that one sign-in is good for all of them:
//! `~/.databricks/token-cache.json`, `{"version": 1, "tokens": {KEY: {"access_token", "token_type", "refresh_token", "expiry"}}}`. A key is a
//! profile's name, a workspace's address, or an account's. Source: the Databricks SDK for Go, `credentials/u2m/cache`.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secret::Secret;
use serde_json::{Map, Value, json};
use url::Url;

use crate::env::Environment;
use crate::host;

/// How long another process may hold the file.
const LOCK_LIMIT: Duration = Duration::from_secs(30);
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct Logins {
    path: PathBuf,
}

/// One login.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) access_token: Secret<String>,
    /// What another access token is had for: each is good once, and the answer brings the next.
    pub(crate) refresh_token: Option<Secret<String>>,
    pub(crate) expires: Timestamp,
}

impl Login {
    /// How long its access token is good.
    pub(crate) fn lifetime(&self) -> Duration {
        let left: SignedDuration = self.expires.duration_since(Timestamp::now());
        left.try_into().unwrap_or_default()
    }
}

/// What a login is kept under: a profile's name, and the host.
pub(crate) fn keys(profile: Option<&str>, host: &Url, account_id: Option<&str>) -> Vec<String> {
    let host_key = host.as_str().trim_end_matches('/');
    let of_host = match (host::is_account(host), account_id) {
        (true, Some(account)) => format!("{host_key}/oidc/accounts/{account}"),
        _ => host_key.to_owned(),
    };
    profile.map(str::to_owned).into_iter().chain([of_host]).collect()
}

impl Logins {
    pub(crate) fn new(environment: &Environment) -> Self {
        Self { path: environment.expand("~/.databricks/token-cache.json") }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The login under the first of the keys that has one.
    pub(crate) fn find(&self, keys: &[String]) -> Result<Option<Login>, String> {
        let tokens = self.read()?;
        Ok(keys.iter().find_map(|key| login(tokens.get(key)?)))
    }

    /// Puts a login in the place of another one, wherever that one is kept, and under these keys. What else stands in the file stays.
    pub(crate) fn put(&self, keys: &[String], new: &Login, old: Option<&Login>) -> Result<(), String> {
        let mut tokens = self.read()?;
        let entry = json!({
            "access_token": new.access_token.expose(),
            "token_type": "Bearer",
            "refresh_token": new.refresh_token.as_ref().map(|token| token.expose()),
            "expiry": new.expires.to_string(),
        });
        let renewed = old.and_then(|old| old.refresh_token.as_ref());
        let is_old = |entry: &Value| renewed.is_some_and(|token| text(entry, "refresh_token") == Some(token.expose()));
        let kept: Vec<String> = tokens.iter().filter(|(_, entry)| is_old(entry)).map(|(key, _)| key.clone()).collect();
        for key in kept.iter().chain(keys) {
            tokens.insert(key.clone(), entry.clone());
        }
        self.write(&json!({ "version": 1, "tokens": tokens })).map_err(|error| self.failed("written", &error))
    }

    /// Waits until no other process renews a login.
    pub(crate) async fn lock(&self) -> Result<File, String> {
        let path = self.path.with_extension("json.lock");
        let open = || {
            self.make_folder()?;
            OpenOptions::new().create(true).append(true).mode(0o600).open(&path)
        };
        let file = open().map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
        let locked = tokio::time::timeout(LOCK_LIMIT, async {
            while file.try_lock().is_err() {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
        });
        locked.await.map_err(|_| format!("another process holds {} for too long", path.display()))?;
        Ok(file)
    }

    fn read(&self) -> Result<Map<String, Value>, String> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Map::new()),
            Err(error) => return Err(self.failed("read", &error)),
        };
        // What serde says of it quotes it.
        let value: Value = serde_json::from_str(&text).map_err(|_| self.failed("read", &"it is no JSON"))?;
        match value.get("version").and_then(Value::as_i64) {
            Some(1) => Ok(value.get("tokens").and_then(Value::as_object).cloned().unwrap_or_default()),
            _ => Err(self.failed("read", &"it is not of version 1, the only one that is known")),
        }
    }

    /// At once or not at all, for its owner alone.
    fn write(&self, value: &Value) -> std::io::Result<()> {
        self.make_folder()?;
        let draft = self.path.with_extension(format!("json.{}", std::process::id()));
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(serde_json::to_string_pretty(value)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)
    }

    fn make_folder(&self) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(&self.path);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn failed(&self, doing: &str, error: &dyn std::fmt::Display) -> String {
        format!("the logins in {} cannot be {doing}: {error}", self.path.display())
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    entry.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn login(entry: &Value) -> Option<Login> {
    let text = |name: &str| text(entry, name);
    Some(Login {
        access_token: text("access_token")?.into(),
        refresh_token: text("refresh_token").map(Into::into),
        expires: text("expiry")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn logins(home: &Path) -> Logins {
        Logins::new(&[("HOME", home.to_str().unwrap())].into_iter().collect())
    }

    fn one(access: &str, refresh: &str) -> Login {
        let expires = Timestamp::now() + SignedDuration::from_secs(3600);
        Login { access_token: access.into(), refresh_token: Some(refresh.into()), expires }
    }

    #[test]
    fn a_login_of_the_official_tools_is_found_and_renewed_wherever_it_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let logins = logins(home.path());
        assert!(logins.find(&["work".to_owned()]).unwrap().is_none());
        fs::create_dir(home.path().join(".databricks")).unwrap();
        let entry = |access: &str, refresh: &str| json!({"access_token": access, "token_type": "Bearer", "refresh_token": refresh, "expiry": "2026-11-29T12:00:00.123456789+01:00"});
        let file = json!({"version": 1, "tokens": {
            "work": entry("a", "r"), "https://w.com": entry("a", "r"), "https://x.com": entry("b", "s"), "odd": {"x": 1},
        }});
        fs::write(logins.path(), file.to_string()).unwrap();
        let host: Url = "https://w.com".parse().unwrap();
        assert_eq!(keys(Some("work"), &host, Some("7")), ["work", "https://w.com"]);
        let old = logins.find(&keys(None, &host, None)).unwrap().unwrap();
        assert_eq!((old.access_token.expose().as_str(), old.lifetime()), ("a", Duration::ZERO));

        logins.put(&["https://w.com".to_owned()], &one("a2", "r2"), Some(&old)).unwrap();
        let access = |key: &str| logins.find(&[key.to_owned()]).unwrap().map(|it| it.access_token.expose().clone());
        assert_eq!(
            ["work", "https://w.com", "https://x.com"].map(access),
            ["a2", "a2", "b"].map(|it| Some(it.to_owned()))
        );
        assert!(logins.find(&["work".to_owned()]).unwrap().unwrap().lifetime() > Duration::from_secs(3500));
        let text = fs::read_to_string(logins.path()).unwrap();
        assert!(text.contains("\"odd\""), "{text}");
        assert_eq!(fs::metadata(logins.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_account_has_a_key_of_its_own() {
        let host: Url = "https://accounts.cloud.databricks.com".parse().unwrap();
        assert_eq!(keys(None, &host, Some("7")), ["https://accounts.cloud.databricks.com/oidc/accounts/7"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_said_without_what_is_in_it() {
        let home = tempfile::tempdir().unwrap();
        let logins = logins(home.path());
        fs::create_dir(home.path().join(".databricks")).unwrap();
        for (text, part) in
            [("{\"version\": 1, \"s3cret", "no JSON"), ("{\"version\": 2, \"tokens\": {}}", "version 1, the only")]
        {
            fs::write(logins.path(), text).unwrap();
            let error = logins.find(&["x".to_owned()]).unwrap_err();
            assert!(error.contains(part) && error.contains("token-cache.json") && !error.contains("s3cret"), "{error}");
            assert!(
                logins.put(&["x".to_owned()], &one("a", "b"), None).is_err(),
                "what is not understood is not overwritten"
            );
        }
    }
}

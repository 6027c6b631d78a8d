//! Which profile is read, where the host is settled before the credentials: an endpoint's file names it. No credentials go to another
//! host than theirs, and who says nothing gets the profile of that host.

use std::collections::BTreeMap;
use std::path::Path;

use url::Url;

use crate::Error;
use crate::host::{self, Host};
use crate::profile::Profiles;

/// What there is to choose from, and by whom something was chosen already.
pub(crate) struct Choice<'a> {
    pub(crate) profiles: &'a Profiles,
    /// The file that they stand in.
    pub(crate) file: &'a Path,
    /// The profile that the program was given.
    pub(crate) given: Option<&'a str>,
    /// The profile that DATABRICKS_CONFIG_PROFILE names.
    pub(crate) by_variable: Option<&'a str>,
    /// Whether there are credentials without a profile.
    pub(crate) has_credentials: bool,
}

impl<'a> Choice<'a> {
    /// The profile to sign in with at a host. `None` where there is none, or none is needed.
    pub(crate) fn of_host(&self, host: &Url) -> Result<Option<&'a str>, Error> {
        if let Some(name) = self.given {
            let profile = self.profiles.get(name).ok_or_else(|| self.unknown(name))?;
            return if fits(profile, host) { Ok(Some(name)) } else { Err(self.of_another_host(name, profile, host)) };
        }
        if let Some(name) = self.by_variable {
            let profile = self.profiles.get(name).ok_or_else(|| self.unknown(name))?;
            if fits(profile, host) {
                return Ok(Some(name));
            }
        }
        if self.has_credentials {
            return Ok(None);
        }
        let is_of_host = |name: &&str| self.profiles.get(name).and_then(host_of).is_some_and(|of| of == *host);
        let names: Vec<&str> = self.profiles.names().into_iter().filter(is_of_host).collect();
        let default = self.profiles.default_profile().unwrap_or("DEFAULT");
        match (names.as_slice(), self.by_variable) {
            ([one], _) => Ok(Some(one)),
            ([], None) => Ok(None),
            ([], Some(name)) => {
                let profile = self.profiles.get(name).ok_or_else(|| self.unknown(name))?;
                Err(self.of_another_host(name, profile, host))
            }
            (several, _) => match several.iter().find(|name| **name == default) {
                Some(name) => Ok(Some(name)),
                None => Err(Error::Config(format!(
                    "several profiles in {} are for {}: {}. Choose one with --profile or DATABRICKS_CONFIG_PROFILE",
                    self.file.display(),
                    authority(host),
                    several.join(", ")
                ))),
            },
        }
    }

    /// That there is no such profile.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        let known = self.profiles.names();
        let known = if known.is_empty() { "no profile".to_owned() } else { known.join(", ") };
        Error::Config(format!("no profile {name:?} in {}, which has {known}", self.file.display()))
    }

    fn of_another_host(&self, name: &str, profile: &BTreeMap<String, String>, host: &Url) -> Error {
        let of = host_of(profile).map(|of| authority(&of)).unwrap_or_default();
        Error::Config(format!(
            "the profile {name:?} in {} is for {of}, so its credentials are not sent to {}. Choose the profile of that host with \
             --profile, or make one: databricks auth login --host {}",
            self.file.display(),
            authority(host),
            host.as_str().trim_end_matches('/')
        ))
    }
}

/// Whether a profile's credentials are good at a host: it is theirs, or they are an account's, whose OAuth credentials are good in all
/// its workspaces, or they do not say.
fn fits(profile: &BTreeMap<String, String>, host: &Url) -> bool {
    let is_portable = profile.get("client_id").is_some_and(|id| !id.is_empty())
        || profile.get("auth_type").is_some_and(|method| method.starts_with("oauth") || method.ends_with("-oidc"));
    match host_of(profile) {
        Some(of) => of == *host || (host::is_account(&of) && is_portable),
        None => profile.get("host").is_none_or(String::is_empty),
    }
}

/// The address that a profile names; `None` where it names none, or what it names is no address.
fn host_of(profile: &BTreeMap<String, String>) -> Option<Url> {
    Some(Host::parse(profile.get("host").filter(|host| !host.is_empty())?).ok()?.url)
}

fn authority(host: &Url) -> String {
    crate::transport::authority(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[DEFAULT]\nhost = https://dbc-1.cloud.databricks.com/?o=1\ntoken = a\n[second]\nhost = dbc-2.cloud.databricks.com\n\
        [third]\nhost = https://DBC-2.cloud.databricks.com\n[account]\nhost = https://accounts.cloud.databricks.com\nclient_id = c\n\
        [person]\nhost = https://accounts.cloud.databricks.com\n[bare]\ntoken = b\n[broken]\nhost = ftp://x\n";

    #[track_caller]
    fn check(
        given: Option<&str>,
        by_variable: Option<&str>,
        has_credentials: bool,
        host: &str,
        expected: Result<Option<&str>, &str>,
    ) {
        let profiles = Profiles::parse(FILE);
        let choice = Choice { profiles: &profiles, file: Path::new("cfg"), given, by_variable, has_credentials };
        let found = choice.of_host(&Host::parse(host).unwrap().url);
        match expected {
            Ok(expected) => assert_eq!(found.unwrap(), expected),
            Err(part) => {
                let error = found.unwrap_err().to_string();
                assert!(error.contains(part), "{error} lacks {part}");
            }
        }
    }

    const ONE: &str = "https://dbc-1.cloud.databricks.com";
    const TWO: &str = "https://dbc-2.cloud.databricks.com";

    #[test]
    fn who_says_nothing_gets_the_profile_of_the_host() {
        check(None, None, false, ONE, Ok(Some("DEFAULT")));
        check(None, None, false, TWO, Err("several profiles in cfg are for dbc-2.cloud.databricks.com: second, third"));
        check(None, None, false, "dbc-3.cloud.databricks.com", Ok(None));
        check(None, None, true, ONE, Ok(None));
    }

    #[test]
    fn what_was_asked_for_is_taken_and_never_sent_to_another_host() {
        check(Some("third"), None, false, TWO, Ok(Some("third")));
        check(Some("third"), Some("DEFAULT"), true, TWO, Ok(Some("third")));
        check(Some("DEFAULT"), None, false, TWO, Err("is for dbc-1.cloud.databricks.com, so"));
        check(Some("none"), None, false, TWO, Err("no profile \"none\""));
        check(Some("bare"), None, false, TWO, Ok(Some("bare")));
        check(Some("broken"), None, false, TWO, Err("not sent to dbc-2"));
        check(Some("account"), None, false, TWO, Ok(Some("account")));
        check(Some("person"), None, false, TWO, Err("is for accounts.cloud.databricks.com"));
    }

    #[test]
    fn a_variable_that_names_another_hosts_profile_stands_back() {
        check(None, Some("second"), false, TWO, Ok(Some("second")));
        check(None, Some("second"), false, ONE, Ok(Some("DEFAULT")));
        check(None, Some("second"), true, ONE, Ok(None));
        check(None, Some("second"), false, "dbc-3.cloud.databricks.com", Err("is for dbc-2.cloud.databricks.com"));
        check(None, Some("none"), false, ONE, Err("no profile \"none\""));
    }
}

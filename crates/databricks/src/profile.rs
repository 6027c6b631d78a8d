//! The profile file `~/.databrickscfg`: INI with one section per profile.
//!
//! Reference: <https://docs.databricks.com/aws/en/dev-tools/auth/config-profiles>. A comment begins with `#` or `;` at the start of a line,
//! or after whitespace. Section `[__settings__]` may hold `default_profile`.

use std::collections::BTreeMap;

/// The profiles of a file.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

impl Profiles {
    /// Reads a file's text; lines that are neither section, comment nor `name = value` are passed over, as the official SDKs do.
    pub(crate) fn parse(text: &str) -> Self {
        let mut profiles: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut section = "DEFAULT".to_owned();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = without_comment(line).trim();
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.trim().to_owned();
                profiles.entry(section.clone()).or_default();
            } else if let Some((name, value)) = line.split_once('=') {
                let values = profiles.entry(section.clone()).or_default();
                values.insert(name.trim().to_ascii_lowercase(), unquote(value.trim()).to_owned());
            }
        }
        Self(profiles)
    }

    /// A profile's values by name.
    pub(crate) fn get(&self, profile: &str) -> Option<&BTreeMap<String, String>> {
        self.0.get(profile)
    }

    /// The profile that `[__settings__]` makes the default.
    pub(crate) fn default_profile(&self) -> Option<&str> {
        self.0.get("__settings__")?.get("default_profile").map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The names of all profiles, for people.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|name| *name != "__settings__").collect()
    }
}

/// A line without its comment.
fn without_comment(line: &str) -> &str {
    let mut before_is_space = true;
    for (at, c) in line.char_indices() {
        if before_is_space && (c == '#' || c == ';') {
            return line.get(..at).unwrap_or_default();
        }
        before_is_space = c.is_whitespace();
    }
    line
}

/// A value without the quotes around it.
fn unquote(value: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_as_the_official_sdks_read_them() {
        let profiles = Profiles::parse(
            "\u{feff}; comment\n[DEFAULT]\nhost = https://a.com # why\ntoken=dapi#1\n\n[ two ]\r\nHost: no\nclient_secret = \"x y\"\n[__settings__]\ndefault_profile = two\n",
        );
        let value = |profile: &str, name: &str| profiles.get(profile).and_then(|p| p.get(name)).map(String::as_str);
        assert_eq!(value("DEFAULT", "host"), Some("https://a.com"));
        assert_eq!(value("DEFAULT", "token"), Some("dapi#1"));
        assert_eq!(value("two", "client_secret"), Some("x y"));
        assert_eq!(value("two", "host"), None);
        assert_eq!(profiles.default_profile(), Some("two"));
        assert_eq!(profiles.names(), ["DEFAULT", "two"]);
    }
}

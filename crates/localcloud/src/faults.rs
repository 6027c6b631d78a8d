//! Misbehaviour on request: which call fails, how often and how.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// A rule of misbehaviour. It is used up after `times` calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What it strikes: `POST /api/2.0/accounts/*/networks` (method and path, where `*` is any text), `ec2:CreateVpc` (an AWS action),
    /// or an event: `localcloud:ValidateCredentials`, `localcloud:ProvisionWorkspace`, `localcloud:StartCluster`.
    #[serde(rename = "match")]
    pub matches: String,
    /// How many calls it strikes.
    #[serde(default = "one")]
    pub times: u32,
    /// How many matching calls pass before it strikes.
    #[serde(default)]
    pub skip: u32,
    /// Whether the call takes effect before it fails.
    #[serde(default)]
    pub effect: Effect,
    /// HTTP status of the answer; without one the call is answered as usual (after its delay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Error code of the answer; an empty one makes the answer's body empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Message of the answer, or of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Retry-After` of the answer, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Milliseconds that the answer takes longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Drops the connection: instead of an answer, or, through the driver proxy, after `cut_after` bytes towards the client.
    #[serde(default)]
    pub cut: bool,
    /// Bytes that pass through an upgraded connection before it is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_after: Option<u64>,
    /// Milliseconds without a byte after which an upgraded connection is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
}

fn one() -> u32 {
    1
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing happens but the failure.
    #[default]
    Before,
    /// The call takes effect, and its caller does not learn it.
    After,
}

impl Fault {
    /// A fault that strikes once and answers `status` with `code`, before the call takes effect.
    pub fn once(matches: &str, status: u16, code: &str) -> Self {
        Self {
            matches: matches.to_owned(),
            times: 1,
            skip: 0,
            effect: Effect::Before,
            status: Some(status),
            code: Some(code.to_owned()),
            message: None,
            retry_after: None,
            delay_ms: None,
            cut: false,
            cut_after: None,
            idle_ms: None,
        }
    }

    /// The text of the answer.
    pub(crate) fn text(&self) -> String {
        self.message.clone().unwrap_or_else(|| format!("injected by the local cloud ({})", self.matches))
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.with(|rules| rules.push(fault));
    }

    pub(crate) fn clear(&self) {
        self.with(Vec::clear);
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.with(|rules| rules.clone())
    }

    /// The first rule that strikes `name`, with one of its strikes used up.
    pub(crate) fn take(&self, name: &str) -> Option<Fault> {
        self.with(|rules| take(rules, name))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Fault>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn take(rules: &mut Vec<Fault>, name: &str) -> Option<Fault> {
    let mut struck = None;
    for rule in rules.iter_mut().filter(|rule| rule.times > 0 && glob(&rule.matches, name)) {
        if rule.skip > 0 {
            rule.skip -= 1;
            continue;
        }
        rule.times -= 1;
        struck = Some(rule.clone());
        break;
    }
    rules.retain(|rule| rule.times > 0);
    struck
}

/// Whether `text` is of the form `pattern`, in which `*` stands for any text.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        let check = |pattern, text, expected| assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        check("POST /a/*/networks", "POST /a/1/networks", true);
        check("POST /a/*/networks", "POST /a/1/networks/2", false);
        check("POST /a/*", "POST /a/1/networks", true);
        check("ec2:CreateVpc", "ec2:CreateVpc", true);
        check("ec2:CreateVpc", "ec2:CreateVpcEndpoint", false);
        check("*", "", true);
        check("a*b*c", "a-b-b-c", true);
        check("a*b*c", "a-c", false);
        check("ab*ab", "ab", false);
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says_and_then_is_gone() {
        let mut rules = vec![Fault { times: 2, skip: 1, ..Fault::once("x", 503, "BUSY") }];
        let strikes: Vec<bool> = (0..5).map(|_| take(&mut rules, "x").is_some()).collect();
        assert_eq!(strikes, [false, true, true, false, false]);
        assert!(rules.is_empty());
    }
}

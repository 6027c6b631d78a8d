//! Misbehaviour on request: which call fails, how often and how.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// The connection is to be dropped without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the local cloud was told to drop this connection")]
pub(crate) struct Cut;

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
    /// Milliseconds that pass before the call takes effect, or, with the effect `after`, between its effect and its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Drops the connection instead of an answer.
    #[serde(default)]
    pub cut: bool,
    /// Bytes of an answer's body, or of an upgraded connection, that pass before it is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_after: Option<u64>,
    /// Milliseconds without a byte after which an upgraded connection is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
    /// Milliseconds for which what an AWS call made is not seen by other calls: they do not find it, and lists leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen_ms: Option<u64>,
    /// The AWS account whose calls alone it strikes; see [`crate::AwsAccount`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
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
            unseen_ms: None,
            account: None,
        }
    }

    /// A fault that strikes once: the call takes effect, and the connection is cut instead of an answer.
    pub fn lost_answer(matches: &str) -> Self {
        Self { effect: Effect::After, status: None, code: None, cut: true, ..Self::once(matches, 500, "") }
    }

    /// A fault that strikes once: what the AWS call makes is not seen by other calls for a while.
    pub fn unseen(matches: &str, time: Duration) -> Self {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { status: None, code: None, unseen_ms: Some(ms), ..Self::once(matches, 500, "") }
    }

    /// Whether its answer is a failure, and not only late.
    pub(crate) fn fails(&self) -> bool {
        self.cut || self.status.is_some()
    }

    /// Lets the fault strike a call: waits where it says, and answers with `failure` instead of the call, or after it.
    pub(crate) async fn strike<T>(
        fault: Option<&Self>,
        stop: &CancellationToken,
        call: impl Future<Output = T>,
        failure: impl FnOnce(&Self) -> T,
    ) -> Result<T, Cut> {
        let Some(fault) = fault else { return Ok(call.await) };
        let answer = match fault.effect {
            Effect::Before => {
                fault.pause(stop).await;
                if fault.fails() { None } else { Some(call.await) }
            }
            Effect::After => {
                let answer = call.await;
                fault.pause(stop).await;
                if fault.fails() { None } else { Some(answer) }
            }
        };
        match answer {
            Some(answer) => Ok(answer),
            None if fault.cut => Err(Cut),
            None => Ok(failure(fault)),
        }
    }

    /// Nobody waits longer than the local cloud serves.
    async fn pause(&self, stop: &CancellationToken) {
        if let Some(ms) = self.delay_ms {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(ms)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// The text of the answer.
    pub(crate) fn text(&self) -> String {
        self.message.clone().unwrap_or_else(|| format!("injected by the local cloud ({})", self.matches))
    }

    /// What it does, in a line: `503 BUSY, after its effect, 500 ms late`.
    pub(crate) fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.skip > 0 {
            parts.push(format!("passes {}, then", self.skip));
        }
        if let Some(status) = self.status.filter(|_| !self.cut) {
            let code = self.code.as_deref().unwrap_or_default();
            parts.push(format!("{status} {code}").trim_end().to_owned());
        }
        parts.extend(self.cut.then(|| "the connection is cut".to_owned()));
        parts.extend(self.fails().then(|| match self.effect {
            Effect::Before => "without effect".to_owned(),
            Effect::After => "after its effect".to_owned(),
        }));
        parts.extend(self.delay_ms.map(|ms| format!("{ms} ms late")));
        parts.extend(self.retry_after.map(|seconds| format!("Retry-After {seconds}")));
        parts.extend(self.cut_after.map(|bytes| format!("cut after {bytes} bytes")));
        parts.extend(self.idle_ms.map(|ms| format!("cut after {ms} ms without a byte")));
        parts.extend(self.unseen_ms.map(|ms| format!("not seen for {ms} ms")));
        parts.extend(self.account.as_ref().map(|account| format!("for the AWS account {account}")));
        parts.join(", ")
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
        self.take_of(name, None)
    }

    /// The same for a call of an AWS account.
    pub(crate) fn take_of(&self, name: &str, account: Option<&str>) -> Option<Fault> {
        self.with(|rules| take(rules, name, account))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Fault>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn take(rules: &mut Vec<Fault>, name: &str, account: Option<&str>) -> Option<Fault> {
    let mut struck = None;
    let is_meant = |rule: &Fault| rule.account.as_deref().is_none_or(|one| Some(one) == account);
    for rule in rules.iter_mut().filter(|rule| rule.times > 0 && is_meant(rule) && glob(&rule.matches, name)) {
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
    fn what_a_rule_does_is_told_in_a_line() {
        let check = |fault: Fault, expected| assert_eq!(fault.summary(), expected, "{fault:?}");
        let busy = Fault::once("x", 503, "BUSY");
        check(busy.clone(), "503 BUSY, without effect");
        let late = Fault { effect: Effect::After, delay_ms: Some(500), retry_after: Some(2), ..busy.clone() };
        check(late, "503 BUSY, after its effect, 500 ms late, Retry-After 2");
        check(Fault { skip: 2, code: None, ..busy.clone() }, "passes 2, then, 503, without effect");
        check(Fault { cut: true, ..busy }, "the connection is cut, without effect");
        check(Fault::lost_answer("x"), "the connection is cut, after its effect");
        check(Fault::unseen("x", Duration::from_secs(1)), "not seen for 1000 ms");
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says_and_then_is_gone() {
        let mut rules = vec![Fault { times: 2, skip: 1, ..Fault::once("x", 503, "BUSY") }];
        let strikes: Vec<bool> = (0..5).map(|_| take(&mut rules, "x", None).is_some()).collect();
        assert_eq!(strikes, [false, true, true, false, false]);
        assert!(rules.is_empty());
    }

    #[test]
    fn a_rule_of_an_account_strikes_its_calls_alone() {
        let mut rules = vec![Fault { account: Some("1".to_owned()), ..Fault::once("x", 503, "BUSY") }];
        assert!(take(&mut rules, "x", None).is_none());
        assert!(take(&mut rules, "x", Some("2")).is_none());
        assert!(take(&mut rules, "x", Some("1")).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_passes_before_the_effect_or_after_it() {
        let check = async |effect, expected: u64| {
            let fault = Fault { effect, status: None, delay_ms: Some(1000), ..Fault::once("x", 500, "") };
            let begun = tokio::time::Instant::now();
            let call = async { begun.elapsed() };
            let effect_at =
                Fault::strike(Some(&fault), &CancellationToken::new(), call, |_| Duration::MAX).await.unwrap();
            assert_eq!(effect_at, Duration::from_millis(expected), "{effect:?}");
            assert_eq!(begun.elapsed(), Duration::from_secs(1), "{effect:?}");
        };
        check(Effect::Before, 1000).await;
        check(Effect::After, 0).await;
    }

    #[tokio::test]
    async fn a_failure_takes_effect_where_it_says() {
        let check = async |fault: Fault, took_effect: bool, expected: Option<&str>| {
            let seen = std::sync::atomic::AtomicBool::new(false);
            let call = async {
                seen.store(true, std::sync::atomic::Ordering::Relaxed);
                "well"
            };
            let answer = Fault::strike(Some(&fault), &CancellationToken::new(), call, |_| "failed").await.ok();
            assert_eq!((seen.into_inner(), answer), (took_effect, expected), "{fault:?}");
        };
        check(Fault::once("x", 500, ""), false, Some("failed")).await;
        check(Fault { effect: Effect::After, ..Fault::once("x", 500, "") }, true, Some("failed")).await;
        check(Fault::lost_answer("x"), true, None).await;
        check(Fault { effect: Effect::Before, ..Fault::lost_answer("x") }, false, None).await;
        check(Fault::unseen("x", Duration::from_secs(1)), true, Some("well")).await;
    }
}

//! How the two ends agree on a protocol: the parameters of a dial, the answer at `/capabilities`, and the text messages of a
//! resumable session. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The only version of the resumable protocol: its first one lost data, and is refused.
pub const RESUME_VERSION: u32 = 2;
/// How long a server keeps a session whose connection was lost, when the client does not say: the official one's.
pub const GRACE: Duration = Duration::from_secs(90);
/// The longest that a client may ask for.
pub const LONGEST_GRACE: Duration = Duration::from_secs(60 * 60);
/// What a server at its capacity answers: the official words, which clients look for.
pub const FULL: &str = "Maximum clients reached";
/// The longest session id.
const LONGEST_ID: usize = 128;

/// What `/capabilities` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Version of the resumable protocol.
    pub resume_version: u32,
}

impl Capabilities {
    /// Whether an answer of `/capabilities` offers the resumable protocol: exactly this version, and nothing else.
    pub fn can_resume(answer: &[u8]) -> bool {
        serde_json::from_slice::<Self>(answer).is_ok_and(|found| found.resume_version == RESUME_VERSION)
    }
}

/// A text message of a resumable session: how far this end has written to its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Bytes of payload from the session's beginning.
    pub delivered: u64,
}

impl Delivered {
    /// The message's text.
    pub fn to_text(self) -> String {
        format!("{{\"delivered\":{}}}", self.delivered)
    }

    /// Reads a message; `None` when it is another one, or a count that is none.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str::<Self>(text).ok().filter(|told| i64::try_from(told.delivered).is_ok())
    }
}

/// What a dial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialPurpose {
    /// The first socket of a session, or another in a handover.
    Attach,
    /// A socket in place of one that was lost.
    Reattach,
}

/// The parameters of a dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// The session.
    pub id: String,
    /// Set for a resumable session: how far the client has delivered.
    pub resume: Option<Resume>,
    /// Whether it carries nothing but calls about jobs, which take nobody's place. Official servers do not look at it.
    pub is_for_jobs: bool,
}

/// What a resumable dial adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// How far the client has delivered.
    pub delivered: u64,
    /// What the dial is for.
    pub purpose: DialPurpose,
    /// How long the server is asked to keep the session when its connection is lost. Official servers do not look at it.
    pub grace: Duration,
}

/// Why a dial cannot be understood: answered with 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDial {
    /// There is no id, or a very long one.
    #[error("the parameter id is missing")]
    Id,
    /// The count is no number from 0 to 2⁶³ − 1.
    #[error("the parameter delivered is no count of bytes")]
    Delivered,
    /// A session can only be taken up again where it was left.
    #[error("reattach needs delivered")]
    Reattach,
}

impl Dial {
    /// The dial's parameters, as the client sends them.
    pub fn to_parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        if let Some(resume) = self.resume {
            parameters.push(("delivered", resume.delivered.to_string()));
            if resume.grace != GRACE {
                parameters.push(("grace", resume.grace.as_secs().to_string()));
            }
        }
        parameters.push(("id", self.id.clone()));
        if self.is_for_jobs {
            parameters.push(("jobs", "1".to_owned()));
        }
        if let Some(resume) = self.resume {
            if resume.purpose == DialPurpose::Reattach {
                parameters.push(("reattach", "1".to_owned()));
            }
            parameters.push(("resume_version", RESUME_VERSION.to_string()));
        }
        parameters
    }

    /// Reads a request's query. Parameters of other versions are passed over.
    ///
    /// # Errors
    /// [`BadDial`].
    pub fn from_query(query: &str) -> Result<Self, BadDial> {
        let find = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(other, _)| other == name).map(|(_, value)| value)
        };
        let id = find("id").filter(|id| !id.is_empty() && id.len() <= LONGEST_ID).ok_or(BadDial::Id)?;
        let delivered = match find("delivered") {
            Some(text) => Some(text.parse::<i64>().ok().and_then(|n| u64::try_from(n).ok()).ok_or(BadDial::Delivered)?),
            None => None,
        };
        let is_reattach = find("reattach").is_some();
        if is_reattach && delivered.is_none() {
            return Err(BadDial::Reattach);
        }
        let is_ours = find("resume_version").is_some_and(|version| version.parse() == Ok(RESUME_VERSION));
        let grace = find("grace").and_then(|text| text.parse().ok()).map_or(GRACE, Duration::from_secs);
        let resume = delivered.filter(|_| is_ours).map(|delivered| Resume {
            delivered,
            purpose: if is_reattach { DialPurpose::Reattach } else { DialPurpose::Attach },
            grace: grace.clamp(GRACE, LONGEST_GRACE),
        });
        Ok(Self { id: id.into_owned(), resume, is_for_jobs: find("jobs").is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_exactly_the_second_version_is_offered() {
        let check = |answer: &str, expected: bool| {
            assert_eq!(Capabilities::can_resume(answer.as_bytes()), expected, "{answer}")
        };
        check(r#"{"resume_version":2}"#, true);
        check("{\"resume_version\":2}\n", true);
        check(r#"{"resume":true}"#, false);
        check(r#"{"resume_version":3}"#, false);
        check(r#"{"resume_version":1}"#, false);
        check(r#"{"resume_version":"2"}"#, false);
        check("not found", false);
        check("", false);
        assert_eq!(
            serde_json::to_string(&Capabilities { resume_version: RESUME_VERSION }).unwrap(),
            r#"{"resume_version":2}"#
        );
    }

    #[test]
    fn counts_are_read_and_written() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(Delivered::from_text(text).map(|told| told.delivered), expected, "{text}");
        };
        check(r#"{"delivered":0}"#, Some(0));
        check(r#"{"delivered":9223372036854775807}"#, Some(i64::MAX as u64));
        check(r#"{"delivered":9223372036854775808}"#, None);
        check(r#"{"delivered":-1}"#, None);
        check(r#"{"delivered":1.5}"#, None);
        check(r#"{"other":1}"#, None);
        check("hello", None);
        assert_eq!(Delivered { delivered: 7 }.to_text(), r#"{"delivered":7}"#);
    }

    #[test]
    fn a_dial_is_understood_as_the_official_server_understands_it() {
        let check = |query: &str, expected: Result<Option<(u64, DialPurpose)>, BadDial>| {
            let found =
                Dial::from_query(query).map(|dial| dial.resume.map(|resume| (resume.delivered, resume.purpose)));
            assert_eq!(found, expected, "{query}");
        };
        check("id=x", Ok(None));
        check("id=x&delivered=0&resume_version=2", Ok(Some((0, DialPurpose::Attach))));
        check("resume_version=2&reattach=1&id=x&delivered=5", Ok(Some((5, DialPurpose::Reattach))));
        check("id=x&delivered=5", Ok(None));
        check("id=x&delivered=5&resume_version=1", Ok(None));
        check("id=x&resume_version=2", Ok(None));
        check("id=x&delivered=-5&resume_version=2", Err(BadDial::Delivered));
        check("id=x&delivered=&resume_version=2", Err(BadDial::Delivered));
        check("id=x&delivered=9223372036854775808", Err(BadDial::Delivered));
        check("id=x&reattach=1", Err(BadDial::Reattach));
        check("delivered=5", Err(BadDial::Id));
        check("id=", Err(BadDial::Id));
        check(&format!("id={}", "x".repeat(129)), Err(BadDial::Id));
    }

    #[test]
    fn an_official_server_gets_the_official_parameters() {
        let resume = Resume { delivered: 9, purpose: DialPurpose::Reattach, grace: GRACE };
        let dial = Dial { id: "x".to_owned(), resume: Some(resume), is_for_jobs: false };
        let text = |dial: &Dial| {
            dial.to_parameters().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        assert_eq!(text(&dial), "delivered=9&id=x&reattach=1&resume_version=2");
        assert_eq!(text(&Dial { resume: None, ..dial }), "id=x");
    }

    #[test]
    fn a_grace_has_bounds() {
        let check = |grace: &str, expected: u64| {
            let dial = Dial::from_query(&format!("id=x&delivered=0&resume_version=2&grace={grace}")).unwrap();
            assert_eq!(dial.resume.unwrap().grace.as_secs(), expected, "{grace}");
        };
        check("600", 600);
        check("1", 90);
        check("99999999", 3600);
        check("-1", 90);
        check("x", 90);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_understood(id in "[ -~]{1,40}", delivered in 0..i64::MAX as u64, again: bool, is_for_jobs: bool, grace in 90_u64..3600) {
            let purpose = if again { DialPurpose::Reattach } else { DialPurpose::Attach };
            let resume = Some(Resume { delivered, purpose, grace: Duration::from_secs(grace) });
            for dial in [Dial { id: id.clone(), resume, is_for_jobs }, Dial { id, resume: None, is_for_jobs }] {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.extend_pairs(dial.to_parameters());
                prop_assert_eq!(Dial::from_query(&query.finish()), Ok(dial));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = Dial::from_query(&text);
            let _ = Delivered::from_text(&text);
            let _ = Capabilities::can_resume(text.as_bytes());
        }
    }
}

//! Objects that bear the mark of a create ([`Marker::TAG`](crate::Marker::TAG)) and are in no state: for the command of a provider that lists them.
//!
//! A provider looks at its services ([`Look`]), and [`Known`] tells of each [`Bearer`] whether it is an [`Orphan`].

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;

use crate::call::Marked;
use crate::diagnostic::{Error, Result};
use crate::environment::Environment;
use crate::journal::{self, Mark, Run, Stored};

/// One look at the objects of a service that bear a mark.
#[derive(Debug, Default)]
pub struct Look {
    /// What was to be looked at, in the plural: `KMS keys in eu-west-1`.
    pub what: String,
    /// What bears a mark.
    pub bearers: Vec<Bearer>,
    /// Why it was not looked at: it may not be read, or is not configured.
    pub gap: Option<String>,
    /// Whether that is so of a part of it alone.
    pub is_partial: bool,
    /// Why the look failed.
    pub failure: Option<Error>,
}

/// An object that bears a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The service and the object's kind in its words: `ec2:vpc`.
    pub service: String,
    /// The resource that takes such an object over by its id; `None` where none can.
    pub resource: Option<&'static str>,
    /// The object and its mark.
    pub marked: Marked,
}

/// What the state of a deployment has.
#[derive(Debug)]
pub struct Known {
    stored: Stored,
    /// The name of the deployment.
    deployment: String,
    /// Where the journal of creates is.
    journal: PathBuf,
}

/// An object that bears a mark of ours and is not in the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The object.
    pub bearer: Bearer,
    /// The id of its create.
    pub id: String,
    /// When its create began, if its mark says so.
    pub made: Option<Timestamp>,
    /// Whose it is.
    pub deployment: Deployment,
    /// Whether the run of Terraform that makes it goes on, on this machine: it comes into the state yet.
    pub is_being_made: bool,
}

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployment {
    /// It was made by the deployment of the working directory.
    This,
    /// It was made by another one, of this name.
    Other(String),
    /// Its mark has no room for that.
    Unknown,
}

/// The version of a state.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// The version that Terraform and OpenTofu write.
const VERSION: u64 = 4;

impl Known {
    /// Reads what `terraform state pull` printed. The deployment is the one of the working directory. Nothing at all is the state of
    /// a deployment that has none yet.
    ///
    /// # Errors
    /// It is no state.
    pub fn read(state: &[u8]) -> Result<Self> {
        let environment = Environment::read();
        let deployment = journal::deployment(&environment.working, &environment.journal).unwrap_or_default();
        Self::of(state, deployment, environment.journal)
    }

    fn of(state: &[u8], deployment: String, journal: PathBuf) -> Result<Self> {
        if state.trim_ascii().is_empty() {
            return Ok(Self { stored: Stored::default(), deployment, journal });
        }
        // What stands there is not shown: a state holds secrets.
        match serde_json::from_slice(state) {
            Ok(Version { version: VERSION }) => {}
            Ok(Version { version }) => {
                return Err(Error::new(format!(
                    "The state is of version {version}, and only version {VERSION} can be read"
                )));
            }
            Err(_) => {
                return Err(Error::new("The standard input is no state of Terraform")
                    .detail("Give it what `terraform state pull` prints."));
            }
        }
        let stored = journal::stored(state)
            .ok_or_else(|| Error::new("The state cannot be read, although it is of the version that can"))?;
        Ok(Self { stored, deployment, journal })
    }

    /// The ids of the objects of a resource in the state.
    pub fn ids(&self, resource: &str) -> Vec<&str> {
        let of_resource = self.stored.objects.iter().filter(|(kind, _)| is_resource(kind, resource));
        let mut ids: Vec<&str> = of_resource.map(|(_, id)| &**id).collect();
        ids.sort_unstable();
        ids
    }

    /// What an object is that bears a mark: `None` if it is in the state, or if the mark is none of ours.
    pub fn orphan(&self, bearer: &Bearer) -> Option<Orphan> {
        let text = &bearer.marked.mark;
        let id = text.split(':').next().filter(|id| uuid::Uuid::parse_str(id).is_ok())?.to_owned();
        let mark = Mark::parse(text);
        if self.stored.markers.contains(&id) || self.has(bearer) {
            return None;
        }
        let is_ours = |name: &String| *name == self.deployment || self.stored.deployments.contains(name);
        let deployment = match &mark {
            Some(mark) if is_ours(&mark.deployment) => Deployment::This,
            Some(mark) => Deployment::Other(mark.deployment.clone()),
            None if journal::has_entry(&self.journal, &id) => Deployment::This,
            None => Deployment::Unknown,
        };
        Some(Orphan {
            bearer: bearer.clone(),
            id,
            made: mark.as_ref().map(|mark| mark.since),
            deployment,
            is_being_made: mark.is_some_and(|mark| !Run::is_over(&mark.run)),
        })
    }

    /// Whether the state has the object by its id: it was imported, or made by a version that kept no marker.
    fn has(&self, bearer: &Bearer) -> bool {
        let is_it = |kind: &str| bearer.resource.is_none_or(|resource| is_resource(kind, resource));
        self.stored.objects.iter().any(|(kind, id)| *id == bearer.marked.id && is_it(kind))
    }
}

/// Whether a resource of a state is this one: another provider has it under its name without our prefix.
fn is_resource(of_state: &str, resource: &str) -> bool {
    resource.strip_suffix(of_state).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::private::Private;

    const HERE: &str = "0123456789ab";

    fn bearer(resource: &'static str, id: &str, mark: &str) -> Bearer {
        let marked = Marked { mark: mark.to_owned(), id: id.to_owned() };
        Bearer { service: "s".to_owned(), resource: Some(resource), marked }
    }

    fn mark(id: &str, deployment: &str, run: &str) -> String {
        let since = Timestamp::from_second(1_790_000_000).unwrap();
        Mark::new(id.to_owned(), deployment, since, "f", run).marker().text().to_owned()
    }

    fn id() -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn known(instances: &str, journal: &std::path::Path) -> Known {
        let state = format!(
            r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "x_vpc", "instances": [{instances}]}},
                {{"mode": "data", "type": "x_vpc", "instances": [{{"attributes": {{"id": "looked-up"}}}}]}},
                {{"mode": "managed", "type": "vpc", "instances": [{{"attributes": {{"id": "of-another-provider"}}}}]}}]}}"#
        );
        Known::of(state.as_bytes(), HERE.to_owned(), journal.to_owned()).unwrap()
    }

    #[test]
    fn what_the_state_has_is_no_orphan_by_its_marker_or_by_its_id() {
        let stored = id();
        let private = Private { marker: Some(stored.clone()), deployment: Some("moved".to_owned()) };
        let private = STANDARD.encode(private.write());
        let instances = format!(
            r#"{{"attributes": {{"id": "other"}}, "private": "{private}"}}, {{"attributes": {{"id": "v-1"}}}}"#
        );
        let known = known(&instances, std::path::Path::new("/nonexistent"));
        let check = |bearer: Bearer, expected: Option<Deployment>| {
            assert_eq!(known.orphan(&bearer).map(|orphan| orphan.deployment), expected, "{bearer:?}");
        };
        check(bearer("x_vpc", "v-9", &mark(&stored, HERE, "r")), None);
        check(bearer("x_vpc", "v-1", &mark(&id(), HERE, "r")), None);
        check(Bearer { resource: None, ..bearer("x_vpc", "v-1", &mark(&id(), HERE, "r")) }, None);
        check(bearer("x_vpc", "of-another-provider", &mark(&id(), HERE, "r")), None);
        check(bearer("x_role", "v-1", &mark(&id(), HERE, "r")), Some(Deployment::This));
        check(bearer("x_vpc", "looked-up", &mark(&id(), HERE, "r")), Some(Deployment::This));
        check(bearer("x_vpc", "v-2", &mark(&id(), HERE, "r")), Some(Deployment::This));
        check(bearer("x_vpc", "v-2", &mark(&id(), "moved", "r")), Some(Deployment::This));
        check(bearer("x_vpc", "v-2", &mark(&id(), "another", "r")), Some(Deployment::Other("another".to_owned())));
        check(bearer("x_vpc", "v-2", &id()), Some(Deployment::Unknown));
        for others in ["", "by hand", "by:some:1:other:tool"] {
            check(bearer("x_vpc", "v-2", others), None);
        }
        assert_eq!(known.ids("x_vpc"), ["of-another-provider", "other", "v-1"]);
    }

    #[test]
    fn an_orphan_says_when_it_was_made_and_whether_it_is_being_made() {
        let journal = tempfile::tempdir().unwrap();
        let known = known("", journal.path());
        let (one, here) = (id(), Run::of_parent().unwrap());
        let orphan = |mark: &str| known.orphan(&bearer("x_vpc", "v-1", mark)).unwrap();
        let over = orphan(&mark(&one, HERE, "r"));
        assert_eq!((&over.id, over.made.map(Timestamp::as_second)), (&one, Some(1_790_000_000)));
        assert!(!over.is_being_made && orphan(&mark(&one, HERE, here.as_str())).is_being_made);
        // Where a mark is an id alone, the journal of the working directory knows it.
        assert_eq!(orphan(&one).deployment, Deployment::Unknown);
        std::fs::write(journal.path().join(format!("{one}.json")), "").unwrap();
        assert_eq!(orphan(&one).deployment, Deployment::This);
    }

    #[test]
    fn what_is_no_state_is_refused_and_not_shown() {
        let read = |text: &str| Known::of(text.as_bytes(), HERE.to_owned(), PathBuf::new());
        assert!(read("").unwrap().ids("x_vpc").is_empty() && read(" \n").is_ok());
        assert!(read(r#"{"version": 4, "resources": []}"#).is_ok());
        for (text, part) in [
            ("s3cret", "no state"),
            (r#"{"encrypted_data": "s3cret"}"#, "no state"),
            (r#"{"version": 3, "x": "s3cret"}"#, "version 3"),
            (r#"{"version": 4, "resources": "s3cret"}"#, "cannot be read"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("s3cret"), "{error}");
        }
    }
}

//! What the command `orphans` says: a table or JSON for who reads it, and words beside them.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use tfplugin::marks::{Deployment, Known, Look, Orphan};
use tfplugin::{Error, Result};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The objects that are listed.
    pub(super) orphans: Vec<Orphan>,
    /// How many are of other deployments, or do not say of which, and are not listed.
    of_others: usize,
    /// How many are being made by an apply that runs.
    being_made: usize,
    /// What was looked at, with why not at all of it.
    looked_at: Vec<(String, Option<String>)>,
    /// What was not looked at, and why.
    not_looked_at: Vec<(String, String)>,
    /// What could not be looked at, and why.
    failed: Vec<(String, String)>,
}

impl Report {
    /// What the looks have shown that the state does not have.
    pub(super) fn new(known: &Known, looks: &[Look], all: bool) -> Self {
        let mut report = Self::default();
        for look in looks {
            match (&look.failure, &look.gap) {
                (Some(error), _) => report.failed.push((look.what.clone(), line(error))),
                (None, Some(gap)) if !look.is_partial => report.not_looked_at.push((look.what.clone(), line(gap))),
                (None, gap) => report.looked_at.push((look.what.clone(), gap.as_ref().map(line))),
            }
        }
        report.sort(looks.iter().flat_map(|look| &look.bearers).filter_map(|bearer| known.orphan(bearer)), all);
        report
    }

    fn sort(&mut self, orphans: impl Iterator<Item = Orphan>, all: bool) {
        for orphan in orphans {
            // A workspace shows the service principals of its account, too.
            let is_same =
                |one: &Orphan| one.bearer.service == orphan.bearer.service && one.bearer.marked == orphan.bearer.marked;
            if orphan.is_being_made {
                self.being_made += 1;
            } else if !all && orphan.deployment != Deployment::This {
                self.of_others += 1;
            } else if !self.orphans.iter().any(is_same) {
                self.orphans.push(orphan);
            }
        }
        self.orphans.sort_by_cached_key(|one| {
            let whose = (one.deployment != Deployment::This, name(&one.deployment).to_owned());
            (whose, one.made, one.bearer.service.clone(), one.bearer.marked.id.clone())
        });
    }

    /// One object a line, in columns; empty where nothing is listed.
    pub(super) fn table(&self) -> String {
        if self.orphans.is_empty() {
            return String::new();
        }
        let mut rows = vec![["SERVICE", "ID", "MADE", "DEPLOYMENT", "MARK"].map(str::to_owned)];
        rows.extend(self.orphans.iter().map(|one| {
            let made = one.made.map_or_else(|| "-".to_owned(), |made| made.to_string());
            let (service, id) = (one.bearer.service.clone(), one.bearer.marked.id.clone());
            [service, id, made, name(&one.deployment).to_owned(), one.id.clone()]
        }));
        let mut widths = [0; 5];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.len().max(*width);
            }
        }
        let mut table = String::new();
        for row in &rows {
            let mut text = String::new();
            for (width, cell) in widths.iter().zip(row) {
                let _ = write!(text, "{cell:width$}  ");
            }
            table.push_str(text.trim_end());
            table.push('\n');
        }
        table
    }

    /// The same for programs, with what was looked at.
    pub(super) fn json(&self) -> String {
        let orphans = self.orphans.iter().map(|one| {
            json!({
                "service": one.bearer.service,
                "id": one.bearer.marked.id,
                "made": one.made.map(|made| made.to_string()),
                "deployment": name(&one.deployment),
                "mark": one.id,
                "resource": one.bearer.resource,
            })
        });
        let reasons = |list: &[(String, String)]| -> Json {
            list.iter().map(|(what, reason)| json!({ "what": what, "reason": reason })).collect()
        };
        let looked_at = self.looked_at.iter().map(|(what, gap)| json!({ "what": what, "not_all": gap }));
        let report = json!({
            "orphans": orphans.collect::<Json>(),
            "of_other_deployments": self.of_others,
            "being_made": self.being_made,
            "looked_at": looked_at.collect::<Json>(),
            "not_looked_at": reasons(&self.not_looked_at),
            "failed": reasons(&self.failed),
        });
        format!("{report}\n")
    }

    /// What was looked at and what was not, for people.
    pub(super) fn notes(&self) -> String {
        let mut notes = String::new();
        let mut say = |words: &str| {
            notes.push_str(words);
            notes.push('\n');
        };
        let looked_at: Vec<&str> = self.looked_at.iter().map(|(what, _)| what.as_str()).collect();
        if !looked_at.is_empty() {
            say(&format!("Looked at: {}.", looked_at.join(", ")));
        }
        for (what, gap) in &self.looked_at {
            if let Some(gap) = gap {
                say(&format!("Not at all of them: {what}: {gap}"));
            }
        }
        for (what, reason) in together(&self.not_looked_at) {
            say(&format!("Not looked at: {what}: {reason}"));
        }
        for (what, reason) in together(&self.failed) {
            say(&format!("Failed: {what}: {reason}"));
        }
        if self.being_made > 0 {
            say(&format!("An apply is running on this machine, and makes {}: not listed.", objects(self.being_made)));
        }
        if self.of_others > 0 {
            let objects = objects(self.of_others);
            say(&format!(
                "Not listed: {objects} of other deployments, or of one that the mark does not name (--all lists them)."
            ));
        }
        if self.orphans.is_empty() && self.failed.is_empty() && !self.looked_at.is_empty() {
            say("Nothing was found that the state does not have.");
        }
        notes
    }

    /// What to do about each object of this deployment.
    pub(super) fn ways_out(&self) -> String {
        let mut words = String::new();
        for one in self.orphans.iter().filter(|one| one.deployment == Deployment::This) {
            let (service, id) = (&one.bearer.service, &one.bearer.marked.id);
            let _ = match one.bearer.resource {
                Some(resource) => write!(
                    words,
                    "\n{service} {id}: delete it, or take it over with this block, with the address of its resource:\n\n\
                     import {{\n  to = {resource}.NAME\n  id = {id:?}\n}}\n"
                ),
                None => write!(words, "\n{service} {id}: delete it.\n"),
            };
        }
        words
    }

    /// The error with which the command ends although it has listed what it saw.
    pub(super) fn failure(&self) -> Result<()> {
        if !self.failed.is_empty() {
            return Err(Error::new("not everything could be looked at: the list may lack something"));
        }
        if self.looked_at.is_empty() {
            return Err(Error::new(
                "nothing could be looked at: set the credentials that the deployment is applied with",
            ));
        }
        Ok(())
    }
}

/// Whose an object is, in a word.
fn name(deployment: &Deployment) -> &str {
    match deployment {
        Deployment::This => "this",
        Deployment::Other(name) => name,
        Deployment::Unknown => "unknown",
    }
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// What has the same reason, in one.
fn together(list: &[(String, String)]) -> Vec<(String, &str)> {
    let mut all: Vec<(String, &str)> = Vec::new();
    for (what, reason) in list {
        match all.iter_mut().find(|(_, of_others)| of_others == reason) {
            Some((others, _)) => {
                let _ = write!(others, ", {what}");
            }
            None => all.push((what.clone(), reason)),
        }
    }
    all
}

/// Words in one line.
pub(super) fn line(words: &impl ToString) -> String {
    words.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use tfplugin::Marked;
    use tfplugin::marks::Bearer;

    use super::*;

    fn orphan(service: &str, id: &str, resource: Option<&'static str>, deployment: Deployment) -> Orphan {
        let marked = Marked { mark: "m".to_owned(), id: id.to_owned() };
        let bearer = Bearer { service: service.to_owned(), resource, marked };
        Orphan {
            bearer,
            id: "m-1".to_owned(),
            made: "2026-11-29T10:00:00Z".parse().ok(),
            deployment,
            is_being_made: false,
        }
    }

    fn report(all: bool) -> Report {
        let mut report = Report { looked_at: vec![("all".to_owned(), None)], ..Report::default() };
        let vpc = || orphan("ec2:vpc", "vpc-1", Some("databricks_aws_vpc"), Deployment::This);
        let orphans = [
            Orphan { made: None, ..orphan("databricks:token", "t", None, Deployment::Unknown) },
            orphan("kms:key", "k", Some("databricks_aws_kms_key"), Deployment::Other("0123456789ab".to_owned())),
            Orphan { is_being_made: true, ..vpc() },
            orphan("databricks:token", "mine", None, Deployment::This),
            vpc(),
            vpc(),
        ];
        report.sort(orphans.into_iter(), all);
        report
    }

    #[test]
    fn a_table_has_what_is_of_this_deployment_and_all_of_it_where_that_is_asked() {
        let own = "\
SERVICE           ID     MADE                  DEPLOYMENT  MARK
databricks:token  mine   2026-11-29T10:00:00Z  this        m-1
ec2:vpc           vpc-1  2026-11-29T10:00:00Z  this        m-1
";
        assert_eq!(report(false).table(), own);
        let all = "\
SERVICE           ID     MADE                  DEPLOYMENT    MARK
databricks:token  mine   2026-11-29T10:00:00Z  this          m-1
ec2:vpc           vpc-1  2026-11-29T10:00:00Z  this          m-1
kms:key           k      2026-11-29T10:00:00Z  0123456789ab  m-1
databricks:token  t      -                     unknown       m-1
";
        assert_eq!(report(true).table(), all);
        assert_eq!(Report::default().table(), "");
    }

    #[test]
    fn json_has_the_same_and_what_was_not_listed() {
        let json: Json = serde_json::from_str(&report(false).json()).unwrap();
        let vpc = json!({
            "service": "ec2:vpc", "id": "vpc-1", "made": "2026-11-29T10:00:00Z", "deployment": "this", "mark": "m-1",
            "resource": "databricks_aws_vpc",
        });
        assert_eq!(json["orphans"][1], vpc);
        assert_eq!(json["orphans"].as_array().map(Vec::len), Some(2));
        assert_eq!((&json["of_other_deployments"], &json["being_made"]), (&json!(2), &json!(1)));
        let notes = report(false).notes();
        assert!(notes.contains("2 objects of other deployments") && notes.contains("makes 1 object"), "{notes}");
    }

    #[test]
    fn each_object_of_this_deployment_has_its_way_out() {
        let words = report(true).ways_out();
        assert!(words.contains("import {\n  to = databricks_aws_vpc.NAME\n  id = \"vpc-1\"\n}"), "{words}");
        assert!(words.contains("databricks:token mine: delete it.\n") && !words.contains("kms:key"), "{words}");
    }

    #[test]
    fn what_failed_is_an_error_and_what_may_not_be_read_is_a_note() {
        let known = Known::read(b"").unwrap();
        let gap = |what: &str| Look { what: what.to_owned(), gap: Some("no\n  rights".to_owned()), ..Look::default() };
        let seen = Look { what: "seen".to_owned(), ..Look::default() };
        let partly = Look { is_partial: true, ..gap("partly") };
        let failed = Look { what: "failed".to_owned(), failure: Some(Error::new("broken")), ..Look::default() };
        let noted = Report::new(&known, &[seen, gap("one"), gap("two"), partly], false);
        noted.failure().unwrap();
        let expected = "Looked at: seen, partly.\nNot at all of them: partly: no rights\nNot looked at: one, two: no rights\n\
                        Nothing was found that the state does not have.\n";
        assert_eq!(noted.notes(), expected);
        let failed = Report::new(&known, &[Look { what: "seen".to_owned(), ..Look::default() }, failed], false);
        assert!(failed.failure().is_err() && failed.notes().contains("Failed: failed: broken"), "{}", failed.notes());
        assert!(Report::new(&known, &[gap("one")], false).failure().is_err(), "nothing was looked at");
    }
}

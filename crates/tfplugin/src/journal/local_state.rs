//! What a local state has: Terraform writes it to the working directory after every answer, so that a look tells which
//! creates are in it. Of a remote state nothing is known before Terraform hands its objects over.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::private::Private;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    version: u64,
    resources: Vec<Resource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resource {
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    instances: Vec<Instance>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Instance {
    private: String,
    attributes: Option<Attributes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attributes {
    id: Json,
}

/// What a local state tells of the objects in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The markers of their creates.
    pub(crate) markers: HashSet<String>,
    /// The deployments that made them: more than one for a state that came here from another directory.
    pub(crate) deployments: HashSet<String>,
    /// The resources and the ids of those that are managed.
    pub(crate) objects: HashSet<(String, String)>,
}

/// The version of the states that Terraform and OpenTofu write, but for those that OpenTofu encrypts.
const VERSION: u64 = 4;

/// What a state in a file has; nothing where there is no such file. `None` where it is in none, or cannot be read.
pub(super) fn read(path: Option<&Path>) -> Option<Stored> {
    match fs::read(path?) {
        // Terraform locks the file of a state that it has not written yet.
        Ok(text) if text.is_empty() => Some(Stored::default()),
        Ok(text) => stored(&text),
        Err(error) => (error.kind() == io::ErrorKind::NotFound).then(Stored::default),
    }
}

/// The name of the state in a plan's file, which is a ZIP archive.
const IN_PLAN: &str = "tfstate";

/// What the state had of which a plan in a file was made; `None` where that cannot be read (OpenTofu encrypts it, if it is told to).
pub(super) fn read_in_plan(path: &Path) -> Option<Stored> {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).ok()?).ok()?;
    let mut text = Vec::new();
    archive.by_name(IN_PLAN).ok()?.read_to_end(&mut text).ok()?;
    stored(&text)
}

/// What a state has; `None` where that cannot be read.
pub(crate) fn stored(text: &[u8]) -> Option<Stored> {
    let state = serde_json::from_slice::<State>(text).ok().filter(|state| state.version == VERSION)?;
    let mut stored = Stored::default();
    for Resource { mode, kind, instances } in state.resources {
        for Instance { private, attributes } in instances {
            let private = STANDARD.decode(private).map(|private| Private::read(&private)).unwrap_or_default();
            stored.markers.extend(private.marker);
            stored.deployments.extend(private.deployment);
            if let (true, Some(Json::String(id))) = (mode == "managed", attributes.map(|attributes| attributes.id)) {
                stored.objects.insert((kind.clone(), id));
            }
        }
    }
    Some(stored)
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::{STANDARD, Stored, stored};
    use crate::private::Private;

    #[test]
    fn the_markers_of_a_state_are_read_beside_what_others_keep_there() {
        let ours = Private { marker: Some("m-1".to_owned()), deployment: Some("d-1".to_owned()) };
        let ours = STANDARD.encode(ours.write());
        let state = format!(
            r#"{{"version": 4, "resources": [{{"mode": "managed", "type": "t", "instances": [{{"attributes": {{"id": "i-1"}}, "private": "{ours}"}},
                {{"private": "eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ=="}}, {{}}, {{"attributes": {{"id": 1}}}}]}},
                {{"mode": "data", "type": "t", "instances": [{{"attributes": {{"id": "i-2"}}}}]}}, {{"mode": "data"}}]}}"#
        );
        let expected = Stored {
            markers: ["m-1".to_owned()].into(),
            deployments: ["d-1".to_owned()].into(),
            objects: [("t".to_owned(), "i-1".to_owned())].into(),
        };
        assert_eq!(stored(state.as_bytes()), Some(expected));
        let unread = r#"{"serial": 1, "encrypted_data": "…", "encryption_version": "v0"}"#;
        for none in ["", "{", r#"{"version": 4, "resources": null}"#, "[]", unread, r#"{"version": 3}"#] {
            assert_eq!(stored(none.as_bytes()), None, "{none}");
        }
    }
}

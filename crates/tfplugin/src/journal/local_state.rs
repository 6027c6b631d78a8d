//! What a local state has: Terraform writes it to the working directory after every answer, so that a look tells which
//! creates are in it. Of a remote state nothing is known before Terraform hands its objects over.

use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::private::Private;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
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

/// What a state in a file has; nothing where there is no such file.
pub(super) fn read(path: Option<&Path>) -> Stored {
    path.and_then(|path| fs::read(path).ok()).and_then(|text| stored(&text)).unwrap_or_default()
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
    let state: State = serde_json::from_slice(text).ok()?;
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
        for none in ["", "{", r#"{"resources": null}"#, "[]"] {
            assert_eq!(stored(none.as_bytes()).unwrap_or_default(), Stored::default(), "{none}");
        }
    }
}

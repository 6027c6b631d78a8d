//! What a local state has: Terraform writes it to the working directory after every answer, so that a look tells which
//! creates are in it. Of a remote state nothing is known before Terraform hands its objects over.

use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::private::Private;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    resources: Vec<Resource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resource {
    instances: Vec<Instance>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Instance {
    private: String,
}

/// What a local state tells of the objects in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// The markers of their creates.
    pub(super) markers: HashSet<String>,
    /// The deployments that made them: more than one for a state that came here from another directory.
    pub(super) deployments: HashSet<String>,
}

/// What a state in a file has; nothing where there is no such file.
pub(super) fn read(path: Option<&Path>) -> Stored {
    path.and_then(|path| fs::read(path).ok()).map(|text| stored(&text)).unwrap_or_default()
}

/// The name of the state in a plan's file, which is a ZIP archive.
const IN_PLAN: &str = "tfstate";

/// What the state had of which a plan in a file was made; `None` where that cannot be read (OpenTofu encrypts it, if it is told to).
pub(super) fn read_in_plan(path: &Path) -> Option<Stored> {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).ok()?).ok()?;
    let mut text = Vec::new();
    archive.by_name(IN_PLAN).ok()?.read_to_end(&mut text).ok()?;
    serde_json::from_slice::<State>(&text).ok()?;
    Some(stored(&text))
}

fn stored(text: &[u8]) -> Stored {
    let state: State = serde_json::from_slice(text).unwrap_or_default();
    let mut stored = Stored::default();
    for instance in state.resources.into_iter().flat_map(|resource| resource.instances) {
        let Ok(private) = STANDARD.decode(instance.private) else { continue };
        let private = Private::read(&private);
        stored.markers.extend(private.marker);
        stored.deployments.extend(private.deployment);
    }
    stored
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
            r#"{{"version": 4, "resources": [{{"mode": "managed", "instances": [{{"attributes": {{}}, "private": "{ours}"}},
                {{"private": "eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ=="}}, {{}}]}}, {{"mode": "data"}}]}}"#
        );
        let expected = Stored { markers: ["m-1".to_owned()].into(), deployments: ["d-1".to_owned()].into() };
        assert_eq!(stored(state.as_bytes()), expected);
        for none in ["", "{", r#"{"resources": null}"#, "[]"] {
            assert_eq!(stored(none.as_bytes()), Stored::default(), "{none}");
        }
    }
}

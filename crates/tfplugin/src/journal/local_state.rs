//! What a local state has: Terraform writes it to the working directory after every answer, so that a look tells which
//! creates are in it. Of a remote state nothing is known before Terraform hands its objects over.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

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

/// The markers in the local state of a workspace, in the working directory; none where there is no such state.
pub(super) fn markers(workspace: &str) -> HashSet<String> {
    let path: PathBuf = match workspace {
        "default" => "terraform.tfstate".into(),
        named => Path::new("terraform.tfstate.d").join(named).join("terraform.tfstate"),
    };
    fs::read(path).map(|text| markers_of(&text)).unwrap_or_default()
}

fn markers_of(text: &[u8]) -> HashSet<String> {
    let state: State = serde_json::from_slice(text).unwrap_or_default();
    let instances = state.resources.into_iter().flat_map(|resource| resource.instances);
    instances.filter_map(|instance| Private::read(&STANDARD.decode(instance.private).ok()?).marker).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::{STANDARD, markers_of};
    use crate::private::Private;

    #[test]
    fn the_markers_of_a_state_are_read_beside_what_others_keep_there() {
        let ours = STANDARD.encode(Private { marker: Some("m-1".to_owned()) }.write());
        let state = format!(
            r#"{{"version": 4, "resources": [{{"mode": "managed", "instances": [{{"attributes": {{}}, "private": "{ours}"}},
                {{"private": "eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ=="}}, {{}}]}}, {{"mode": "data"}}]}}"#
        );
        assert_eq!(markers_of(state.as_bytes()), ["m-1".to_owned()].into());
        for none in ["", "{", r#"{"resources": null}"#, "[]"] {
            assert!(markers_of(none.as_bytes()).is_empty(), "{none}");
        }
    }
}

//! The operating system's user that a driver's programs run as.

use std::fs;
use std::os::unix::fs::MetadataExt;

use tfplugin::{Error, Result};
use url::Url;

/// The user of the driver of a dedicated cluster: root. The driver of a control plane on this machine runs as the user
/// who runs it, which is the one who runs Terraform.
pub(super) fn driver_user(host: &Url) -> Result<String> {
    if !databricks::is_loopback(host) {
        return Ok("root".to_owned());
    }
    let id = fs::metadata("/proc/self").map(|metadata| metadata.uid());
    let names = fs::read_to_string("/etc/passwd").unwrap_or_default();
    id.ok().and_then(|id| name_of(id, &names)).ok_or_else(|| {
        Error::new("Cannot tell the name of this machine's user")
            .detail("Set remote_user to the user that runs localcloud.")
            .at("remote_user")
    })
}

/// The name of a user in the format of passwd(5).
fn name_of(id: u32, names: &str) -> Option<String> {
    names.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let theirs: u32 = fields.nth(1)?.parse().ok()?;
        (theirs == id).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_in_the_cloud_runs_as_root() {
        assert_eq!(driver_user(&"https://dbc-1.cloud.databricks.com".parse().unwrap()).unwrap(), "root");
        assert_eq!(driver_user(&"https://localhost.example.com".parse().unwrap()).unwrap(), "root");
    }

    #[test]
    fn names_are_those_of_passwd() {
        let names = "root:x:0:0:root:/root:/bin/bash\n# broken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        for (id, expected) in [(0, Some("root")), (1000, Some("ada")), (7, None)] {
            assert_eq!(name_of(id, names).as_deref(), expected);
        }
    }
}

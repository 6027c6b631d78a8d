//! Where Terraform and OpenTofu find the provider: a filesystem mirror with a link to the binary, and the CLI configuration that
//! names it. <https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation>

use std::io::ErrorKind;
use std::path::Path;

use super::folder::Folder;

/// The registries that provider addresses without a host mean.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
const ADDRESS: &str = "databricks-aws/databricks";
const VERSION: &str = "0.1.0";

/// Writes the mirror and the CLI configuration for the provider in `bin`. A link, not a copy: a new build is found at once.
///
/// # Errors
/// The system's.
pub fn write(folder: &Folder, bin: &Path) -> std::io::Result<()> {
    let program = bin.join("terraform-provider-databricks");
    for host in HOSTS {
        let package = folder.path("mirror").join(host).join(ADDRESS).join(VERSION).join(platform());
        std::fs::create_dir_all(&package)?;
        let link = package.join(format!("terraform-provider-databricks_v{VERSION}"));
        match std::fs::remove_file(&link) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => std::os::unix::fs::symlink(&program, &link)?,
        }
    }
    folder.write_private("terraformrc", &configuration(&folder.path("mirror")))
}

fn configuration(mirror: &Path) -> String {
    let addresses: Vec<String> = HOSTS.iter().map(|host| format!("{:?}", format!("{host}/{ADDRESS}"))).collect();
    let addresses = addresses.join(", ");
    format!(
        "# Written by localcloud.\ndisable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    \
         path    = {:?}\n    include = [{addresses}]\n  }}\n\n  direct {{\n    exclude = [{addresses}]\n  }}\n}}\n",
        mirror.display().to_string()
    )
}

/// `linux_amd64`, as Terraform names platforms.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{machine}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_leads_to_the_binary_even_when_written_twice() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(dir.path()).unwrap();
        let program = dir.path().join("terraform-provider-databricks");
        for content in ["one", "two"] {
            std::fs::write(&program, content).unwrap();
            write(&folder, dir.path()).unwrap();
            let package = format!("mirror/registry.opentofu.org/{ADDRESS}/{VERSION}/{}", platform());
            let link = folder.path(&package).join("terraform-provider-databricks_v0.1.0");
            assert_eq!(std::fs::read_to_string(link).unwrap(), content);
        }
        let configuration = std::fs::read_to_string(folder.path("terraformrc")).unwrap();
        assert!(configuration.contains("include = [\"registry.terraform.io/databricks-aws/databricks\","));
    }
}

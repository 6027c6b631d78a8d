//! The handshake of go-plugin: what a plugin checks, and the one line that it prints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value as Json, json};

use crate::diagnostic::{Error, Result};
use crate::environment::Environment;
use crate::listen::Listener;
use crate::provider::Provider;

/// The major version of the protocol.
const PROTOCOL: u32 = 6;

/// Whether it is Terraform that started this process, and one that speaks our version.
pub(crate) fn check<P: Provider>(environment: &Environment) -> Result<()> {
    if !environment.cookie {
        return Err(Error::new(format!("This is the Terraform provider {} {}, a plugin.", P::NAME, P::VERSION)).detail(
            "It is not run by hand: Terraform or OpenTofu starts it when a configuration requires it.\nTo debug it, start it with -debug.",
        ));
    }
    let speaks = |versions: &str| versions.split(',').any(|version| version.trim().parse() == Ok(PROTOCOL));
    match &environment.versions {
        Some(versions) if !speaks(versions) => Err(Error::new(format!(
            "The provider {} speaks version {PROTOCOL} of the plugin protocol; this client speaks {versions}.",
            P::NAME
        ))
        .detail("Use Terraform 1.0 or newer, or OpenTofu.")),
        _ => Ok(()),
    }
}

/// The line that tells Terraform where to connect and which certificate to expect.
pub(crate) fn line(network: &str, address: &str, certificate: Option<&[u8]>) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    format!("1|{PROTOCOL}|{network}|{address}|grpc|{certificate}")
}

/// The value of TF_REATTACH_PROVIDERS for a server that Terraform has not started.
pub(crate) fn reattach<P: Provider>(listener: &Listener) -> Result<String> {
    let (network, address) = listener.address()?;
    let server = json!({
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": network, "String": address },
    });
    Ok(addresses(P::ADDRESS).into_iter().map(|address| (address, server.clone())).collect::<Json>().to_string())
}

/// What a provider is called: OpenTofu completes `namespace/name` with a registry of its own, and would run the installed
/// provider, without a word, instead of one that it does not find under that name.
fn addresses(address: &str) -> Vec<String> {
    match address.strip_prefix("registry.terraform.io/") {
        Some(name) => vec![address.to_owned(), format!("registry.opentofu.org/{name}")],
        None => vec![address.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::{addresses, line};

    #[test]
    fn terraform_and_opentofu_find_a_provider_under_their_registries() {
        let both = ["registry.terraform.io/databricks/databricks", "registry.opentofu.org/databricks/databricks"];
        assert_eq!(addresses(both[0]), both);
        assert_eq!(addresses("example.com/a/b"), ["example.com/a/b"]);
    }

    #[test]
    fn the_line_has_six_fields_and_an_unpadded_certificate() {
        assert_eq!(line("unix", "/tmp/s", Some(b"a")), "1|6|unix|/tmp/s|grpc|YQ");
        assert_eq!(line("tcp", "127.0.0.1:1", None), "1|6|tcp|127.0.0.1:1|grpc|");
    }
}

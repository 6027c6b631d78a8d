//! The scripts that build `tunnel` for drivers and install it beside the provider, with stand-ins for cargo and rustup.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::text;

/// The scripts in a folder of their own, where `rustup` knows what stands in the file `libraries`, and `cargo` builds an empty program.
struct Scripts(tempfile::TempDir);

impl Scripts {
    fn new(libraries: &str) -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
        for name in ["lib.sh", "build_tunnel.sh", "install.sh"] {
            this.write(&format!("scripts/{name}"), &fs::read_to_string(scripts.join(name)).unwrap());
        }
        this.write("Cargo.toml", "version = \"1.2.3\"\n");
        this.write("libraries", libraries);
        let rustup =
            format!("case $2 in list) cat {file};; add) echo $3 >>{file};; esac", file = this.path("libraries"));
        this.write("bin/rustup", &format!("#!/bin/sh\n{rustup}\n"));
        let cargo = "for target in \"$@\"; do :; done; folder=target/${target%.2.31}/dist; mkdir -p $folder; echo GLIBC_2.31 >$folder/tunnel";
        this.write("bin/cargo", &format!("#!/bin/sh\n{cargo}\n"));
        this.write(".cache/zig/bin/cargo-zigbuild", "#!/bin/sh\n");
        this
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a script; its exit code, and what it says.
    fn run(&self, name: &str, arguments: &[&str]) -> (i32, String) {
        let search = format!("{}:{}", self.path("bin"), std::env::var("PATH").unwrap());
        let mut script = Command::new(self.path(&format!("scripts/{name}")));
        script
            .args(arguments)
            .env("PATH", search)
            .env("HOME", self.path("home"))
            .env_remove("XDG_BIN_HOME")
            .env_remove("XDG_DATA_HOME");
        let (code, _, words) = text(&script.output().unwrap());
        (code, words)
    }

    /// The programs for drivers in a folder.
    fn built(&self, folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(self.0.path().join(folder)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("tunnel-")).collect();
        names.sort();
        names
    }
}

const X86: &str = "x86_64-unknown-linux-gnu\n";
const BOTH: [&str; 2] = ["tunnel-aarch64", "tunnel-x86_64"];

#[test]
fn a_program_is_built_for_each_processor_whose_library_is_there_or_that_is_named() {
    let check = |libraries: &str, arguments: &[&str], expected: &[&str], says: &str| {
        let scripts = Scripts::new(libraries);
        let (code, words) = scripts.run("build_tunnel.sh", arguments);
        assert_eq!(code == 0, !expected.is_empty(), "{words}");
        assert_eq!(scripts.built("target/dist".as_ref()), expected, "{libraries} {arguments:?}: {words}");
        assert!(words.contains(says), "{words}");
    };
    check(X86, &[], &["tunnel-x86_64"], "Leaving out aarch64: scripts/build_tunnel.sh aarch64");
    check(&X86.replace("x86_64", "aarch64"), &[], &["tunnel-aarch64"], "Leaving out x86_64");
    check(X86, &["aarch64"], &["tunnel-aarch64"], "Installing Rust's library for aarch64-unknown-linux-gnu");
    check(X86, &["aarch64", "x86_64"], &BOTH, "");
    check("aarch64-apple-darwin\n", &[], &[], "name the processors");
    check(X86, &["sparc"], &[], "unknown processor sparc");
}

#[test]
fn the_programs_for_drivers_are_installed_beside_the_provider_unless_they_are_old() {
    let scripts = Scripts::new(X86);
    let tunnel = "#!/bin/sh\necho \"$@\"\n";
    scripts.write("target/release/terraform-provider-databricks", "");
    scripts.write("target/release/tunnel", tunnel);
    let machine = text(&Command::new("uname").arg("-sm").output().unwrap()).1.trim().to_lowercase();
    let machine = machine.replace("x86_64", "amd64").replace("aarch64", "arm64").replace(' ', "_");
    let plugins = ["registry.terraform.io", "registry.opentofu.org"]
        .map(|registry| format!("home/.terraform.d/plugins/{registry}/databricks-aws/databricks/1.2.3/{machine}"));
    let folders: Vec<PathBuf> = plugins.into_iter().chain(["home/.local/bin".to_owned()]).map(PathBuf::from).collect();
    let check = |expected: &[&str], says: &str| {
        let (code, words) = scripts.run("install.sh", &[]);
        assert!(code == 0 && words.contains(says), "{words}");
        for folder in &folders {
            assert!(scripts.0.path().join(folder).join("tunnel").is_file(), "{}", folder.display());
            assert_eq!(scripts.built(folder), expected, "{}", folder.display());
        }
    };
    check(&[], "");
    let (data, says) = (scripts.path("home/.local/share"), |file: &str| fs::read_to_string(file).unwrap());
    assert_eq!(says(&format!("{data}/bash-completion/completions/tunnel")), "completions bash\n");
    assert_eq!(says(&format!("{data}/fish/vendor_completions.d/tunnel.fish")), "completions fish\n");
    assert_eq!(says(&format!("{data}/zsh/site-functions/_tunnel")), "completions zsh\n");
    assert_eq!(scripts.run("build_tunnel.sh", &["x86_64", "aarch64"]).0, 0);
    check(&BOTH, "");
    scripts.write("target/release/tunnel", tunnel);
    check(&[], "tunnel-aarch64, which is older than target/release/tunnel: run scripts/build_tunnel.sh aarch64");
}

//! How a job is given secret variables: they stand in the environment of `tunnel`, not on its argument list, and there under
//! names of no meaning. A `DATABRICKS_TOKEN`, a `PATH` or a `LD_PRELOAD` that is the job's would else be tunnel's own. A line of
//! shell gives them their names on the job's machine. Pure.

use std::collections::BTreeMap;

use tfplugin::Secret;

/// Secret variables by their names.
pub(super) type Secrets = BTreeMap<String, Secret<String>>;

/// Whether a shell could have a variable of this name.
pub(super) fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c == '_' || c.is_ascii_alphabetic();
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// The names under which the values travel, in the order of the variables.
pub(super) fn carriers(secrets: &Secrets) -> impl Iterator<Item = (String, &Secret<String>)> {
    secrets.values().enumerate().map(|(index, value)| (format!("SSH_JOB_SECRET_{index}"), value))
}

/// The command that finds the secrets under their own names.
pub(super) fn wrapped(command: &[String], secrets: &Secrets) -> Vec<String> {
    if secrets.is_empty() {
        return command.to_vec();
    }
    let mut script = String::new();
    for (name, (carrier, _)) in secrets.keys().zip(carriers(secrets)) {
        script.push_str(&format!("export {name}=\"${carrier}\"; unset {carrier}; "));
    }
    script.push_str("exec \"$@\"");
    let wrapper = ["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()];
    wrapper.into_iter().chain(command.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn secrets_arrive_as_they_are_and_their_carriers_are_gone() {
        let values = [("A", "it's\n\"$(b)\" ä"), ("DATABRICKS_TOKEN", "dapi"), ("Z", "")];
        let secrets: Secrets = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let command = ["env".to_owned(), "-0".to_owned()];
        let wrapped = wrapped(&command, &secrets);
        assert!(wrapped.iter().all(|word| !word.contains("dapi")), "{wrapped:?}");
        let path = std::env::var_os("PATH").unwrap();
        let mut sh = Command::new(&wrapped[0]);
        sh.args(&wrapped[1..]).env_clear().env("PATH", path);
        sh.envs(carriers(&secrets).map(|(name, value)| (name, value.expose().clone())));
        let output = String::from_utf8(sh.output().unwrap().stdout).unwrap();
        for (name, value) in values {
            assert!(output.split('\0').any(|line| line == format!("{name}={value}")), "{name}: {output}");
        }
        assert!(!output.contains("SSH_JOB_SECRET"), "{output}");
        assert_eq!(super::wrapped(&command, &Secrets::new()), command);
    }

    #[test]
    fn names_are_those_of_a_shell() {
        for (name, expected) in [("A", true), ("_a1", true), ("1A", false), ("A-B", false), ("", false), ("A\n", false)]
        {
            assert_eq!(is_name(name), expected, "{name:?}");
        }
    }
}

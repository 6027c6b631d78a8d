//! What a login gets of the driver's environment, whoever serves it.

use crate::environment;

/// The variables for sessions: without what is secret (with OpenSSH's sshd they stand in a file), without what belongs to
/// each login, and without what a line of a configuration cannot hold.
pub(crate) fn of_sessions(variables: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    const OF_THE_LOGIN: &[&str] = &["HOME", "USER", "LOGNAME", "SHELL", "MAIL", "TERM", "PWD", "OLDPWD", "SHLVL", "_"];
    const SECRET: &[&str] =
        &["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE", "ACCESS_KEY", "API_KEY"];
    variables.iter().filter(|(name, value)| {
        let upper = name.to_ascii_uppercase();
        environment::is_name(name)
            && !OF_THE_LOGIN.contains(&name.as_str())
            && !name.starts_with("SSH_")
            && !SECRET.iter().any(|word| upper.contains(word))
            && !value.contains(['\n', '\r', '\0'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_get_the_environment_without_secrets_and_without_what_belongs_to_the_login() {
        let check = |name: &str, value: &str, expected: bool| {
            let passes = of_sessions(&[(name.to_owned(), value.to_owned())]).next().is_some();
            assert_eq!(passes, expected, "{name}");
        };
        check("SPARK_HOME", "/databricks/spark", true);
        check("HOME", "/root", false);
        check("SSH_AUTH_SOCK", "/x", false);
        check("DATABRICKS_TOKEN", "dapi1", false);
        check("my_secret_thing", "x", false);
        check("AWS_SECRET_ACCESS_KEY", "x", false);
        check("TWO", "a\nb", false);
        check("BAD NAME", "x", false);
        check("BASH_FUNC_x%%", "() {", false);
    }
}

//! Quoting for POSIX shells: what ssh hands to the remote shell, and to the local one as a ProxyCommand.
//! The rules: POSIX.1-2024, Shell Command Language, 2.2 Quoting.

/// One word that a POSIX shell reads back as exactly `argument`.
pub fn word(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+".contains(c);
    // `~` and `=` in front mean something to some shells, and so does an empty word.
    if !argument.is_empty() && argument.chars().all(plain) && !argument.starts_with('=') {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

/// One command line that a POSIX shell splits into exactly these arguments.
pub fn line<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> String {
    arguments.into_iter().map(|argument| word(argument.as_ref())).collect::<Vec<_>>().join(" ")
}

/// The same for ssh's `ProxyCommand`, in which ssh first replaces `%h`, `%p` and others: `%%` is a per cent sign.
pub fn proxy_command<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> String {
    line(arguments).replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_needs_quotes_gets_them() {
        let check = |input: &[&str], expected: &str| assert_eq!(line(input), expected);
        check(&["uname", "-a"], "uname -a");
        check(&["sh", "-c", "exit 7"], "sh -c 'exit 7'");
        check(&["echo", ""], "echo ''");
        check(&["echo", "it's"], r"echo 'it'\''s'");
        check(&["echo", "$HOME", "*", "a\nb", "\"", "\\"], "echo '$HOME' '*' 'a\nb' '\"' '\\'");
        check(&["=x", "~"], "'=x' '~'");
        assert_eq!(proxy_command(["/a b/100%", "x"]), "'/a b/100%%' x");
    }

    fn arguments_after_a_shell(command_line: &str) -> Vec<String> {
        let script = format!("for a in {command_line}; do printf '%s\\0' \"$a\"; done");
        let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_shell_reads_back_the_same_arguments(arguments in prop::collection::vec("[^\0]{0,12}", 1..5)) {
            prop_assert_eq!(arguments_after_a_shell(&line(&arguments)), arguments);
        }
    }
}

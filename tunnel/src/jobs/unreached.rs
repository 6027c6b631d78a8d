//! Why ssh did not get there, by its words: it has no other way to say so.

use crate::session::negotiation::FULL;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The other side is there, and turns people away because it has too many (sshd_config(5), MaxStartups, PerSourceMaxStartups; an endpoint's
    /// `max_clients`): a moment later it takes some.
    Busy,
    /// A proxy that said nothing, or was not heard.
    Unsaid,
    /// A name that is not known, a port that nobody listens on, a key that may not log in.
    Other,
}

/// Reads ssh's words: OpenSSH's kex.c (`kex_exchange_identification`) and packet.c (`Connection closed by`), from 7 to 10.
pub fn reason(words: &str) -> Reason {
    if words.contains(FULL) {
        return Reason::Busy;
    }
    let has = |line: &str, starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let early = |line: &&str| {
        has(
            line,
            &[
                "kex_exchange_identification:",
                "ssh_exchange_identification:",
                "banner exchange:",
                "Connection timed out during banner exchange",
            ],
        )
    };
    let closed = |line: &&str| has(line, &["Connection closed by ", "Connection reset by "]);
    // Behind a proxy that says why (a bastion whose target refuses, a tunnel that cannot sign in), the end says nothing by itself.
    let is_proxied = lines.iter().any(|line| line.ends_with("UNKNOWN port 65535"));
    let is_silent = lines.iter().all(|line| early(line) || closed(line));
    match (lines.iter().any(early), is_proxied) {
        (true, false) => Reason::Busy,
        (true, true) if is_silent => Reason::Unsaid,
        _ => Reason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_busy_is_told_from_who_is_not_there() {
        let check = |words: &str, expected: Reason| assert_eq!(reason(words), expected, "{words}");
        let closed = "kex_exchange_identification: Connection closed by remote host\r\n";
        check(&format!("{closed}Connection closed by 127.0.0.1 port 22"), Reason::Busy);
        check(
            "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 10.0.0.1 port 22",
            Reason::Busy,
        );
        check("kex_exchange_identification: banner line 0: Not allowed at this time", Reason::Busy);
        check("ssh_exchange_identification: Connection closed by remote host", Reason::Busy);
        check("Connection timed out during banner exchange", Reason::Busy);
        // Through a bastion that says nothing, or whose target says nothing.
        check(&format!("{closed}Connection closed by UNKNOWN port 65535"), Reason::Unsaid);
        check(
            &format!(
                "tunnel: the driver refuses the connection: Maximum clients reached\n{closed}Connection closed by UNKNOWN port 65535"
            ),
            Reason::Busy,
        );
        check(
            &format!("tunnel: cannot sign in: the token is wrong\n{closed}Connection closed by UNKNOWN port 65535"),
            Reason::Other,
        );
        check(
            &format!(
                "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\n{closed}Connection closed by UNKNOWN port 65535"
            ),
            Reason::Other,
        );
        check("ssh: Could not resolve hostname h: Name or service not known", Reason::Other);
        check("ssh: connect to host h port 22: Connection refused", Reason::Other);
        check("u@h: Permission denied (publickey).", Reason::Other);
        check("Host key verification failed.", Reason::Other);
        check("", Reason::Other);
    }
}

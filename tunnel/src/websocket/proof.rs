//! How a client shows a server that it may ask what is nobody else's business. The server listens where anybody in its network may
//! come, not only the driver proxy, which says nothing that others could not say as well. So it has a secret, which stands in its
//! metadata beside its port: who may read that file may ask. The secret itself goes over no wire: a proof is for one question to
//! one server. Pure.

use http::Method;
use secret::Secret;
use sha2::{Digest, Sha256};

/// The parameter of a question that holds its proof.
pub const PARAMETER: &str = "proof";

/// The proof for a question, such as `GET status`: hexadecimal digits.
pub fn proof(secret: &Secret<String>, method: &Method, route: &str) -> String {
    hex(&Sha256::digest(format!("{} {method} {route}", secret.expose())))
}

/// Whether this is the proof for a question. How long that takes does not tell how much of it is right.
pub fn is_proof(given: &str, secret: &Secret<String>, method: &Method, route: &str) -> bool {
    Sha256::digest(given) == Sha256::digest(proof(secret, method, route))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_for_one_question_to_one_server() {
        let secret = Secret::from("s");
        let status = proof(&secret, &Method::GET, "status");
        let check = |given: &str, secret: &str, method: Method, route: &str, expected: bool| {
            assert_eq!(is_proof(given, &Secret::from(secret), &method, route), expected, "{given} {method} {route}");
        };
        check(&status, "s", Method::GET, "status", true);
        check(&status, "t", Method::GET, "status", false);
        check(&status, "s", Method::POST, "stop", false);
        check(&status, "s", Method::GET, "logs", false);
        check("", "s", Method::GET, "status", false);
        assert!(status.len() == 64 && !status.contains("s "), "{status}");
    }
}

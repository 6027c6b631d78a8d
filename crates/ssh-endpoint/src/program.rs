//! The program that the driver runs: its hash, and what its first bytes say.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// The SHA-256 of some bytes, in lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many bytes of a program say what it is for.
const HEADER: u64 = 20;

/// The first bytes of a file, which say whether it is a program, and for which processors.
///
/// # Errors
/// When it cannot be read.
pub fn header(file: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    File::open(file)?.take(HEADER).read_to_end(&mut header)?;
    Ok(header)
}

/// Whether this begins as a program for Linux does (elf(5)), which is what drivers run.
pub fn is_program(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// The processors that a program for Linux is for, as Rust and `uname -m` call them: `e_machine` of its header, elf(5).
pub fn processor(program: &[u8]) -> Option<&'static str> {
    match program.get(18..20).filter(|_| is_program(program))? {
        [0x3e, 0] => Some("x86_64"),
        [0xb7, 0] => Some("aarch64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_of_a_program_stand_in_its_header() {
        let header = |machine: [u8; 2]| [b"\x7fELF".as_slice(), &[2, 1, 1, 0], &[0; 8], &[3, 0], &machine].concat();
        let check = |bytes: &[u8], expected: Option<&str>| assert_eq!(processor(bytes), expected);
        check(&header([0x3e, 0]), Some("x86_64"));
        check(&header([0xb7, 0]), Some("aarch64"));
        check(&header([0xf3, 0]), None);
        check(b"\x7fELF", None);
        check(&std::fs::read(std::env::current_exe().unwrap()).unwrap(), Some(std::env::consts::ARCH));
    }
}

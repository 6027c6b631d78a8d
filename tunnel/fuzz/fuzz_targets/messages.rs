//! Any text as what the other end, the workspace or Terraform says. What is understood means the same when it is said again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tunnel::endpoint::{self, metadata};
use tunnel::known_hosts;
use tunnel::session::negotiation::{Capabilities, Delivered, Dial};
use tunnel::websocket::frame::{Header, Role, read_close};

fuzz_target!(|input: &[u8]| {
    let _ = Capabilities::can_resume(input);
    let _ = read_close(input);
    for role in [Role::Client, Role::Server] {
        if let Ok(Some((header, length))) = Header::read(input, role) {
            let mut again = Vec::new();
            header.write(&mut again);
            // Others may write a short length in the long form: RFC 6455, section 5.2, forbids it, and it does no harm.
            assert!(again.len() <= length, "{header:?}");
            assert_eq!(Header::read(&again, role), Ok(Some((header, again.len()))));
        }
    }
    if let Some(found) = metadata::parse(input) {
        assert_eq!(metadata::parse(&metadata::to_bytes(&found)), Some(found));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Some(told) = Delivered::from_text(text) {
        assert_eq!(Delivered::from_text(&told.to_text()), Some(told));
    }
    if let Ok(dial) = Dial::from_query(text) {
        let said: Vec<String> =
            dial.to_parameters().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        // What is not plain would have to be escaped to be said again.
        if dial.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            assert_eq!(Dial::from_query(&said.join("&")).ok(), Some(dial));
        }
    }
    let _ = endpoint::find(text, None);
    if let Some(key) = known_hosts::parse(text) {
        assert_eq!(known_hosts::parse(&key), Some(key));
    }
});

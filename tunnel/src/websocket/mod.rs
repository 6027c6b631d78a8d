//! Websockets: how they are dialled.

pub mod dial;

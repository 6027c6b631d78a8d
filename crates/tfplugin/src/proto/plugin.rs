//! The messages of go-plugin's own services, which stand beside the provider's.

/// Nothing.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Empty {}

/// A piece of the plugin's standard output or error. Never sent: what we have to say goes to stderr itself.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StdioData {
    #[prost(int32, tag = "1")]
    pub(crate) channel: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) data: Vec<u8>,
}

/// An offer of a further connection. Never sent.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ConnInfo {
    #[prost(uint32, tag = "1")]
    pub(crate) service_id: u32,
    #[prost(string, tag = "2")]
    pub(crate) network: String,
    #[prost(string, tag = "3")]
    pub(crate) address: String,
}

//! The calls for data sources, ephemeral resources and functions, and StopProvider.

use prost_types::Timestamp;

use super::common::{ClientCapabilities, Diagnostic, DynamicValue};

/// ReadDataSource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ReadDataSourceRequest {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
    #[prost(message, optional, tag = "4")]
    pub(crate) client_capabilities: Option<ClientCapabilities>,
}

/// The answer to ReadDataSource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ReadDataSourceResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) state: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// OpenEphemeralResource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct OpenEphemeralResourceRequest {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(crate) client_capabilities: Option<ClientCapabilities>,
}

/// The answer to OpenEphemeralResource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct OpenEphemeralResourceResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "2")]
    pub(crate) renew_at: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub(crate) result: Option<DynamicValue>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(crate) private: Option<Vec<u8>>,
}

/// RenewEphemeralResource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RenewEphemeralResourceRequest {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(crate) private: Option<Vec<u8>>,
}

/// The answer to RenewEphemeralResource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RenewEphemeralResourceResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "2")]
    pub(crate) renew_at: Option<Timestamp>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(crate) private: Option<Vec<u8>>,
}

/// CloseEphemeralResource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CloseEphemeralResourceRequest {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(crate) private: Option<Vec<u8>>,
}

/// The answer to CloseEphemeralResource.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CloseEphemeralResourceResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// CallFunction.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CallFunctionRequest {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) arguments: Vec<DynamicValue>,
}

/// The answer to CallFunction.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CallFunctionResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) result: Option<DynamicValue>,
    #[prost(message, optional, tag = "2")]
    pub(crate) error: Option<FunctionError>,
}

/// Why a function failed.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FunctionError {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(int64, optional, tag = "2")]
    pub(crate) function_argument: Option<i64>,
}

/// StopProvider.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StopProviderRequest {}

/// The answer to StopProvider.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StopProviderResponse {
    #[prost(string, tag = "1")]
    pub(crate) error: String,
}

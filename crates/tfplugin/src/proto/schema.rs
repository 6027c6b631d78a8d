//! Schemas of the provider, its resources and its functions.

use std::collections::BTreeMap;

use super::common::{Diagnostic, ServerCapabilities};

/// A schema.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Schema {
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
}

/// The schema of an action.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ActionSchema {
    #[prost(message, optional, tag = "1")]
    pub(crate) schema: Option<Schema>,
}

/// The attributes and nested blocks of a block.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Block {
    #[prost(int64, tag = "1")]
    pub(crate) version: i64,
    #[prost(message, repeated, tag = "2")]
    pub(crate) attributes: Vec<Attribute>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) block_types: Vec<NestedBlock>,
    #[prost(string, tag = "4")]
    pub(crate) description: String,
    #[prost(enumeration = "StringKind", tag = "5")]
    pub(crate) description_kind: i32,
    #[prost(bool, tag = "6")]
    pub(crate) deprecated: bool,
    #[prost(string, tag = "7")]
    pub(crate) deprecation_message: String,
}

/// An attribute: of a type, or with attributes of its own.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Attribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) r#type: Vec<u8>,
    #[prost(string, tag = "3")]
    pub(crate) description: String,
    #[prost(bool, tag = "4")]
    pub(crate) required: bool,
    #[prost(bool, tag = "5")]
    pub(crate) optional: bool,
    #[prost(bool, tag = "6")]
    pub(crate) computed: bool,
    #[prost(bool, tag = "7")]
    pub(crate) sensitive: bool,
    #[prost(enumeration = "StringKind", tag = "8")]
    pub(crate) description_kind: i32,
    #[prost(bool, tag = "9")]
    pub(crate) deprecated: bool,
    #[prost(message, optional, tag = "10")]
    pub(crate) nested_type: Option<Object>,
    #[prost(bool, tag = "11")]
    pub(crate) write_only: bool,
    #[prost(string, tag = "12")]
    pub(crate) deprecation_message: String,
}

/// A nested block.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct NestedBlock {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) block: Option<Block>,
    #[prost(enumeration = "Nesting", tag = "3")]
    pub(crate) nesting: i32,
    #[prost(int64, tag = "4")]
    pub(crate) min_items: i64,
    #[prost(int64, tag = "5")]
    pub(crate) max_items: i64,
}

/// The attributes of a nested attribute.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Object {
    #[prost(message, repeated, tag = "1")]
    pub(crate) attributes: Vec<Attribute>,
    #[prost(enumeration = "Nesting", tag = "3")]
    pub(crate) nesting: i32,
}

/// A function.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Function {
    #[prost(message, repeated, tag = "1")]
    pub(crate) parameters: Vec<Parameter>,
    #[prost(message, optional, tag = "2")]
    pub(crate) variadic_parameter: Option<Parameter>,
    #[prost(message, optional, tag = "3")]
    pub(crate) r#return: Option<Return>,
    #[prost(string, tag = "4")]
    pub(crate) summary: String,
    #[prost(string, tag = "5")]
    pub(crate) description: String,
    #[prost(enumeration = "StringKind", tag = "6")]
    pub(crate) description_kind: i32,
    #[prost(string, tag = "7")]
    pub(crate) deprecation_message: String,
}

/// A parameter of a function.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Parameter {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) r#type: Vec<u8>,
    #[prost(bool, tag = "3")]
    pub(crate) allow_null_value: bool,
    #[prost(bool, tag = "4")]
    pub(crate) allow_unknown_values: bool,
    #[prost(string, tag = "5")]
    pub(crate) description: String,
    #[prost(enumeration = "StringKind", tag = "6")]
    pub(crate) description_kind: i32,
}

/// The result of a function.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Return {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) r#type: Vec<u8>,
}

/// The name of a resource, in the list of what there is.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TypeName {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

/// GetMetadata asks for the names of everything.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetMetadataRequest {}

/// The names of everything.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetMetadataResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) server_capabilities: Option<ServerCapabilities>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) data_sources: Vec<TypeName>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) resources: Vec<TypeName>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) functions: Vec<TypeName>,
    #[prost(message, repeated, tag = "6")]
    pub(crate) ephemeral_resources: Vec<TypeName>,
    #[prost(message, repeated, tag = "9")]
    pub(crate) actions: Vec<TypeName>,
}

/// GetProviderSchema asks for all schemas.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetProviderSchemaRequest {}

/// All schemas.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetProviderSchemaResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) provider: Option<Schema>,
    #[prost(btree_map = "string, message", tag = "2")]
    pub(crate) resource_schemas: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub(crate) data_source_schemas: BTreeMap<String, Schema>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "5")]
    pub(crate) provider_meta: Option<Schema>,
    #[prost(message, optional, tag = "6")]
    pub(crate) server_capabilities: Option<ServerCapabilities>,
    #[prost(btree_map = "string, message", tag = "7")]
    pub(crate) functions: BTreeMap<String, Function>,
    #[prost(btree_map = "string, message", tag = "8")]
    pub(crate) ephemeral_resource_schemas: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "11")]
    pub(crate) action_schemas: BTreeMap<String, ActionSchema>,
}

/// GetFunctions asks for all functions.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetFunctionsRequest {}

/// All functions.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetFunctionsResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(crate) functions: BTreeMap<String, Function>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}
/// How a text is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum StringKind {
    Plain = 0,
    Markdown = 1,
}

/// How a nested block or attribute repeats. `Group` is for blocks only; we have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Nesting {
    Invalid = 0,
    Single = 1,
    List = 2,
    Set = 3,
    Map = 4,
    Group = 5,
}

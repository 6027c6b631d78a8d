//! AWS: the clients, what its errors mean, tags, and one file per resource.

pub mod availability_zones;
pub mod caller_identity;
mod cidr;
pub mod client;
pub mod config;
pub mod create;
pub mod ebs_encryption_by_default;
mod ec2;
pub mod eip;
pub mod errors;
pub mod flow_log;
mod iam;
pub mod iam_instance_profile;
pub mod iam_role;
pub mod internet_gateway;
pub mod kms_key;
pub mod looks;
mod marks;
pub mod nat_gateway;
pub mod network_sleep;
mod policy;
pub mod region;
pub mod route;
pub mod route_table;
pub mod route_table_association;
mod route_target;
pub mod s3_bucket;
pub mod security_group;
pub mod security_group_rules;
pub mod subnet;
mod tables;
pub mod tag_limits;
pub mod tags;
pub mod vpc;
pub mod vpc_endpoint;

pub use client::{Aws, AwsContext};

#[cfg(test)]
mod testing;

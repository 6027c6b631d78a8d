//! SSH endpoints, and jobs that run through them.

mod driver_user;
mod endpoint_access;
mod endpoint_cluster;
mod endpoint_program;
mod endpoint_schema;
mod endpoint_slots;
mod job_failure;
mod log_tail;
mod remote_job;
mod secret_environment;
mod serverless_compute;
pub mod ssh_endpoint;
pub mod ssh_endpoint_lookup;
pub mod ssh_job;
pub(crate) mod ssh_publish;
mod tunnel_binary;
mod tunnel_program;

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod job_tests;
#[cfg(test)]
mod program_tests;
#[cfg(test)]
mod tests;

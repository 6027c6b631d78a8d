//! The Databricks REST client: configuration, authentication, retries, errors and wire types. Knows no Terraform.
//!
//! ```no_run
//! use databricks::api::clusters::Cluster;
//! use databricks::{Client, Config, Request};
//!
//! # async fn example() -> Result<(), databricks::Error> {
//! let client = Client::new(Config::default())?; // from the environment or a profile
//! let cluster: Cluster = client.send(Request::get("/api/2.1/clusters/get").query("cluster_id", "0123-456789-abcdef")).await?;
//! println!("{} is {}", cluster.attributes.cluster_name, cluster.state);
//! # Ok(())
//! # }
//! ```

mod answer;
pub mod api;
mod auth;
mod choice;
mod client;
mod clock;
mod config;
mod download;
mod env;
mod error;
mod exchange;
mod flights;
mod host;
mod limiter;
mod looks;
mod paging;
mod profile;
mod request;
mod retry;
mod sign_in;
pub mod sql_text;
mod transport;

pub use answer::{IfExists, RawResponse};
pub use client::{Client, profile_setting, profiles};
pub use config::Config;
pub use download::Downloads;
pub use env::Environment;
pub use error::{ApiError, Error};
pub use exchange::{FormValue, Payload, RawAnswer, RawRequest};
pub use host::{Host, is_account, is_localhost, is_loopback};
pub use paging::Pages;
pub use request::{Request, segment};
pub use sign_in::SignIn;

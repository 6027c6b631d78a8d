//! Git credentials of the caller. <https://docs.databricks.com/api/workspace/gitcredentials>

use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::kind::{COLLECTION, Id, Kind, PATCH, Told};
use crate::store::{Home, Object};

/// The row. The token is in the requests' types alone: it is taken, never told and not kept.
pub(crate) const KIND: Kind = Kind {
    noun: "Git credential",
    key: "git_credentials",
    path: "/api/2.0/git-credentials",
    calls: &[COLLECTION, PATCH],
    id: ("credential_id", Id::Number),
    create: "workspace.CreateCredentialsRequest",
    change: "workspace.UpdateCredentialsRequest",
    object: "workspace.GetCredentialsResponse",
    items: "credentials",
    changed: Told::Nothing,
    make,
    alter: |_, _, after| check(after),
    ..Kind::PLAIN
};

const PROVIDERS: &[&str] = &[
    "awscodecommit",
    "azuredevopsservices",
    "azuredevopsservicesaad",
    "bitbucketcloud",
    "bitbucketserver",
    "github",
    "githubenterprise",
    "github-app",
    "gitlab",
    "gitlabenterpriseedition",
];

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    check(object)?;
    let provider = object.text("git_provider").to_lowercase();
    let of_provider = cx.store(Home::Workspace)?.all(KIND.key);
    let mut of_provider = of_provider.filter(|(_, other)| other.text("git_provider").to_lowercase() == provider);
    let names = object.text("name").to_owned();
    match of_provider.find(|(_, other)| other.text("name") == names) {
        Some(_) => Err(ApiError::exists(format!("A Git credential for {provider} already exists."))),
        None => Ok(()),
    }
}

fn check(object: &mut Object) -> Result<(), ApiError> {
    let provider = object.text("git_provider");
    if PROVIDERS.contains(&provider.to_lowercase().as_str()) {
        Ok(())
    } else {
        Err(ApiError::invalid(format!("git_provider {provider} is none of {}.", PROVIDERS.join(", "))))
    }
}

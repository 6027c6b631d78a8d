//! Whether Databricks takes the provider's credentials, found out by the first plan that changes something: before anything is made,
//! in AWS too.

use std::sync::atomic::{AtomicBool, Ordering};

use databricks::Client;
use tfplugin::{Diagnostic, Error, Result};
use tokio::sync::OnceCell;

/// What became of asking. It is asked once, and what is wrong is said once: one refusal stops the whole plan.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    refusal: OnceCell<Option<Diagnostic>>,
    is_said: AtomicBool,
}

impl Admission {
    /// What is wrong, to who asks first; `client` is why there is none, too.
    pub(crate) async fn refusal(&self, client: Result<Client>) -> Option<Diagnostic> {
        let ask = || async {
            match client {
                Ok(client) => client.verify().await.err().map(|error| words(&client, &error)),
                Err(error) => Some(error.into()),
            }
        };
        let found = self.refusal.get_or_init(ask).await.as_ref()?;
        (!self.is_said.swap(true, Ordering::Relaxed)).then(|| found.clone())
    }
}

/// What is said of a refusal. It is an error of the plan where no apply could help: at an account, and of a token, which a workspace
/// must have issued before. A workspace that does not know a service principal, or that nobody can reach, may be one that the plan
/// makes, or assigns it to.
fn words(client: &Client, error: &databricks::Error) -> Diagnostic {
    let (host, method) = (client.host().as_str().trim_end_matches('/'), client.auth_type());
    let is_reached = !error.is_unreachable();
    let summary =
        if is_reached { "Databricks does not take the provider's credentials" } else { "Databricks cannot be reached" };
    let way_out = match (is_reached, client.account_id()) {
        (true, Ok(account)) if client.is_account() => format!(
            "They are of the method {method}, for the account {account} at {host}. Check the credentials, and that account_id \
             (DATABRICKS_ACCOUNT_ID) is the account that they are of."
        ),
        (true, _) => format!(
            "They are of the method {method}, for {host}. Check the credentials, and that they are of this host."
        ),
        (false, _) => format!("The host is {host}. Check host (DATABRICKS_HOST), the network and its proxy."),
    };
    if client.is_account() || !client.is_portable() {
        return Error::whole(summary).detail(format!("{error}.\n\n{way_out} Nothing was changed.")).into();
    }
    let may_pass = "The plan goes on: the workspace may be one that the apply makes first, or to which it assigns the service principal.";
    Diagnostic::warning(summary, format!("{error}.\n\n{way_out}\n\n{may_pass}"))
}

#[cfg(test)]
mod tests {
    use databricks::{Config, Environment};
    use tfplugin::Severity;

    use super::*;
    use crate::testing::Cloud;

    fn client(host: &str, account: &str, id: &str, secret: &str, token: Option<&str>) -> Client {
        let text = |text: &str| Some(text.to_owned());
        let mut config = Config { host: text(host), account_id: text(account), ..Config::default() };
        match token {
            Some(token) => config.token = Some(token.into()),
            None => (config.client_id, config.client_secret) = (text(id), Some(secret.into())),
        }
        Client::with_environment(config, &Environment::default()).unwrap()
    }

    /// What is said of a client; nothing of the credentials stands in it.
    async fn said(client: Client) -> Option<Diagnostic> {
        let found = Admission::default().refusal(Ok(client)).await?;
        assert!(!format!("{found:?}").contains("s3cret"), "{found:?}");
        Some(found)
    }

    #[tokio::test]
    async fn an_accounts_wrong_credentials_id_or_host_stop_the_plan() {
        let cloud = Cloud::start().await;
        let (host, account) = (cloud.running.accounts_host(), cloud.running.account_id());
        let id = cloud.running.client_id().to_owned();
        let secret = cloud.running.client_secret().expose().clone();
        assert_eq!(said(client(&host, &account, &id, &secret, None)).await, None);
        let other = "00000000-0000-4000-8000-000000000000";
        for (account, secret) in [(account.as_str(), "s3cret"), (other, secret.as_str())] {
            let found = said(client(&host, account, &id, secret, None)).await.unwrap();
            assert_eq!(found.severity, Severity::Error);
            assert!(found.detail.contains(account) && found.detail.contains("DATABRICKS_ACCOUNT_ID"), "{found:?}");
        }
        let found = said(client("http://accounts.localhost:9", &account, &id, &secret, None)).await.unwrap();
        assert_eq!((found.severity, found.summary.as_str()), (Severity::Error, "Databricks cannot be reached"));
        assert!(found.detail.contains("http://accounts.localhost:9"), "{found:?}");
    }

    #[tokio::test]
    async fn a_workspace_that_may_be_made_first_is_warned_of_and_a_wrong_token_stops_the_plan() {
        let cloud = Cloud::start().await;
        let (_, host) = cloud.new_workspace().await;
        let found = said(client(&host, "", "id", "s3cret", None)).await.unwrap();
        assert_eq!(found.severity, Severity::Warning, "{found:?}");
        let found = said(client("http://dbc-0.localhost:9", "", "id", "s3cret", None)).await.unwrap();
        assert_eq!(found.severity, Severity::Warning, "{found:?}");
        let found = said(client(&host, "", "", "", Some("dapi-s3cret"))).await.unwrap();
        assert_eq!(found.severity, Severity::Error, "{found:?}");
    }

    #[tokio::test]
    async fn it_is_asked_once_and_said_once_and_not_where_something_was_answered() {
        let cloud = Cloud::start().await;
        let wrong = client(&cloud.running.accounts_host(), &cloud.running.account_id(), "id", "s3cret", None);
        let admission = Admission::default();
        let logins = || cloud.requests("POST", "/v1/token");
        let said = tokio::join!(admission.refusal(Ok(wrong.clone())), admission.refusal(Ok(wrong)));
        assert_eq!((said.0.is_some() != said.1.is_some(), logins()), (true, 1));

        let cx = cloud.workspace().await;
        cx.client().me().await.unwrap();
        let before = cloud.running.requests().len();
        assert_eq!(Admission::default().refusal(Ok((**cx.client()).clone())).await, None);
        assert_eq!(cloud.running.requests().len(), before);
    }
}

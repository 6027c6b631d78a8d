//! Code that runs on a cluster, in an execution context of its own.
//! API: <https://docs.databricks.com/api/workspace/commandexecution>

use std::time::Duration;

use databricks::api::commands::{
    self, CommandAnswer, CommandPlace, CommandResults, CommandStatus, ContextPlace, ContextStatus, ExecuteCommand,
    ResultType, without_colours,
};
use tfplugin::{Call, Error, Probe, Progress, Result};

use super::clusters;
use crate::clients::Workspace;

/// Between two looks: short at first, two seconds in the end.
const START: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(2);

/// What is to run.
#[derive(Clone, Copy)]
pub(crate) struct Code<'a> {
    pub(crate) cluster_id: &'a str,
    pub(crate) language: &'a str,
    pub(crate) text: &'a str,
}

impl Code<'_> {
    /// Runs it and waits for its end; where that is broken off, it ends with its context.
    ///
    /// # Errors
    /// The cluster does not run, cannot run the language, or loses the context; an exception of the code; an interruption.
    pub(crate) async fn run(self, cx: &Call<Workspace>, progress: Option<&Progress>) -> Result<CommandResults> {
        let Self { cluster_id, language, .. } = self;
        clusters::runs(cx, cluster_id).await?;
        // Its answer is waited for whatever happens: it has the name of what is to be ended.
        let made = commands::create_context(cx.client(), cluster_id, language).await;
        let context_id = made.map_err(|error| clusters::refused(error, cluster_id))?;
        let place = ContextPlace { cluster_id: cluster_id.to_owned(), context_id };
        let ran = tokio::select! {
            ran = self.run_in(cx, progress, &place) => ran,
            () = cx.cancelled() => Err(Error::new("Interrupted").detail("The command was stopped by the user.")),
        };
        // With what still runs in it.
        if let Err(error) = commands::destroy_context(cx.client(), &place).await {
            let id = &place.context_id;
            match progress {
                Some(progress) => {
                    progress.say(format!("The execution context {id} stays until the cluster ends it: {error}")).await;
                }
                None => tracing::warn!(id, %error, "an execution context stays until its cluster ends it"),
            }
        }
        ran
    }

    async fn run_in(
        self,
        cx: &Call<Workspace>,
        progress: Option<&Progress>,
        place: &ContextPlace,
    ) -> Result<CommandResults> {
        self.comes_up(cx, progress, place).await?;
        let ContextPlace { cluster_id, context_id } = place.clone();
        let (language, command) = (self.language.to_owned(), self.text.to_owned());
        let body = ExecuteCommand { cluster_id, context_id, language, command };
        let command_id = commands::execute(cx.client(), &body).await?;
        let ExecuteCommand { cluster_id, context_id, .. } = body;
        let place = CommandPlace { cluster_id, context_id, command_id };
        let answer = cx
            .poll("the command to end", START, MOST, async || {
                let answer = commands::command(cx.client(), &place).await?;
                let words = match answer.status {
                    CommandStatus::Queued => "The command waits for those before it",
                    _ => "The command runs",
                };
                if answer.status.is_end() {
                    return Ok(Probe::Done(answer));
                }
                state(progress, words).await;
                Ok(Probe::Waiting(answer.status.to_string()))
            })
            .await?;
        ended(answer)
    }

    /// Waits until the context takes commands.
    async fn comes_up(self, cx: &Call<Workspace>, progress: Option<&Progress>, place: &ContextPlace) -> Result<()> {
        cx.poll("the execution context to run", START, MOST, async || {
            match commands::context(cx.client(), place).await? {
                ContextStatus::Running => Ok(Probe::Done(())),
                ContextStatus::Error => Err(Error::new(format!("the cluster cannot run {}", self.language))
                    .detail("Use another language, or another cluster.")
                    .at("language")),
                status => {
                    state(progress, "An execution context is being made").await;
                    Ok(Probe::Waiting(status.to_string()))
                }
            }
        })
        .await
    }
}

async fn state(progress: Option<&Progress>, words: &str) {
    if let Some(progress) = progress {
        progress.state(words).await;
    }
}

/// What came of the command.
fn ended(answer: CommandAnswer) -> Result<CommandResults> {
    let results = answer.results.unwrap_or_default();
    match answer.status {
        CommandStatus::Finished if results.result_type == ResultType::Error => {
            let (summary, cause) = (without_colours(&results.summary), without_colours(&results.cause));
            let summary = if summary.trim().is_empty() { "it ended with an exception" } else { summary.trim() };
            Err(Error::new(format!("the command failed: {summary}")).detail(cause.trim()).at("command"))
        }
        CommandStatus::Finished => Ok(results),
        CommandStatus::Cancelled => Err(Error::new("the command was cancelled").detail("Somebody else cancelled it.")),
        _ => Err(Error::new("the command was lost: its execution context has ended")
            .detail("The cluster was terminated or restarted, or the context was ended. What the command did until then is done.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_told_with_its_trace() {
        let results = CommandResults { result_type: ResultType::Error, cause: "line 1".into(), ..Default::default() };
        let answer = CommandAnswer { status: CommandStatus::Finished, results: Some(results), ..Default::default() };
        let error = ended(answer).unwrap_err();
        assert_eq!(error.diagnostic().summary, "the command failed: it ended with an exception");
        assert_eq!((error.diagnostic().detail.as_str(), &error.diagnostic().path), ("line 1", &Some("command".into())));
    }
}

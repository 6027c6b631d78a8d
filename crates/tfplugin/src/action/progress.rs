//! What a running action says to the person who waits for it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Secrets;
use crate::terminal;

/// So many messages may be on the way to Terraform; who says more waits.
const WAITING: usize = 16;

/// The way of a running action's words to Terraform, which shows them while it runs.
#[derive(Debug)]
pub struct Progress {
    messages: mpsc::Sender<String>,
    cancel: CancellationToken,
    secrets: Secrets,
    /// The state that was said last.
    state: Mutex<String>,
}

impl Progress {
    /// A way, and its other end. With `cancel` the action has better things to do than to wait for a reader.
    pub(crate) fn channel(cancel: CancellationToken) -> (Self, mpsc::Receiver<String>) {
        let (messages, receiver) = mpsc::channel(WAITING);
        (Self { messages, cancel, secrets: Secrets::default(), state: Mutex::default() }, receiver)
    }

    /// The same, with these secrets kept out of what is said.
    pub(crate) fn without(self, secrets: Secrets) -> Self {
        Self { secrets, ..self }
    }

    /// Says where something stands, unless that is what was said of it last: what is looked at again and again is told once.
    pub async fn state(&self, state: impl AsRef<str>) {
        let state = self.secrets.hide(state.as_ref());
        let is_new = {
            let mut last = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *last, state.clone()) != state
        };
        if is_new {
            self.say(state).await;
        }
    }

    /// Says something, in a sentence without a full stop: `The cluster is PENDING: Starting Spark`. Control characters are shown
    /// and not obeyed, a long text is cut, and the sensitive values of the action's configuration are left out.
    pub async fn say(&self, message: impl AsRef<str>) {
        let message = terminal::progress(&self.secrets.hide(message.as_ref()));
        if message.is_empty() {
            return;
        }
        tokio::select! {
            biased;
            // Nobody listens anymore: the action is told so by its token.
            _ = self.messages.send(message) => {}
            () = self.cancel.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::{Progress, WAITING};

    #[tokio::test]
    async fn what_is_said_is_fit_for_a_terminal() {
        let (progress, mut messages) = Progress::channel(CancellationToken::new());
        progress.say("one\u{1b}[2J\r\n").await;
        progress.say(" \n").await;
        progress.say("y".repeat(100_000)).await;
        assert_eq!(messages.recv().await.unwrap(), "one\\u{1b}[2J");
        let long = messages.recv().await.unwrap();
        assert!(long.len() < 1_100 && long.ends_with("more characters)"), "an empty text is not said: {long}");
    }

    #[tokio::test]
    async fn a_state_is_told_once_until_it_is_another() {
        let (progress, mut messages) = Progress::channel(CancellationToken::new());
        for state in ["PENDING", "PENDING", "RUNNING", "PENDING"] {
            progress.state(state).await;
        }
        drop(progress);
        let mut said = Vec::new();
        while let Some(message) = messages.recv().await {
            said.push(message);
        }
        assert_eq!(said, ["PENDING", "RUNNING", "PENDING"]);
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_holds_up_the_words_but_not_the_end() {
        let cancel = CancellationToken::new();
        let (progress, messages) = Progress::channel(cancel.clone());
        for _ in 0..WAITING {
            progress.say("more").await;
        }
        let mut waiting = std::pin::pin!(progress.say("one too many"));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "the way is bounded");
        cancel.cancel();
        waiting.await;
        assert_eq!(messages.len(), WAITING);
        drop(messages);
        progress.say("to nobody").await;
    }
}

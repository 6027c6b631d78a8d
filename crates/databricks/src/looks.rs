//! Answers that last as long as their client: to what a run asks once, however many of its objects want to know.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::client::Client;
use crate::error::Error;

type Answer = Arc<dyn Any + Send + Sync>;

/// The answers, by the name of what was asked.
#[derive(Default)]
pub(crate) struct Looks(Mutex<HashMap<&'static str, Arc<OnceCell<Answer>>>>);

impl fmt::Debug for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looks").finish_non_exhaustive()
    }
}

impl Client {
    /// The answer to what is called `name`: `ask`s if nobody has. An error is kept for nobody.
    ///
    /// # Errors
    /// That of `ask`.
    pub async fn once<T: Send + Sync + 'static, E: From<Error>>(
        &self,
        name: &'static str,
        ask: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<Arc<T>, E> {
        let cell = {
            let mut looks = self.looks().0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(looks.entry(name).or_default())
        };
        let ask = async { ask.await.map(|answer| Arc::new(answer) as Answer) };
        let answer = Arc::clone(cell.get_or_try_init(|| ask).await?);
        answer.downcast().map_err(|_| Error::Config(format!("{name} is the name of two questions")).into())
    }
}

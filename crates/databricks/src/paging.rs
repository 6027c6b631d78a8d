//! Lists that come in pages: `page_token` in the query, `next_page_token` in the answer, empty at the end.

use serde::de::DeserializeOwned;

use crate::{Client, Error, Request, transport};

impl Client {
    /// Reads all pages of a list. `take` takes a page apart: what is on it, and where the next one starts.
    ///
    /// # Errors
    /// As [`Client::send`]; and when the service leads in a circle.
    pub async fn pages<P, T>(
        &self,
        request: Request,
        take: impl Fn(P) -> (Vec<T>, String) + Send,
    ) -> Result<Vec<T>, Error>
    where
        P: DeserializeOwned + Send + 'static,
        T: Send,
    {
        let mut all = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        loop {
            let page = match seen.last() {
                Some(token) => request.clone().query("page_token", token),
                None => request.clone(),
            };
            let (items, next) = take(self.send(page).await?);
            all.extend(items);
            if next.is_empty() {
                return Ok(all);
            }
            if seen.contains(&next) {
                return Err(Error::Decode {
                    request: request.name(),
                    host: transport::authority(self.host()),
                    reason: "a page leads back to an earlier one".to_owned(),
                });
            }
            seen.push(next);
        }
    }
}

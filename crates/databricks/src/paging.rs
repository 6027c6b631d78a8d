//! Lists that come in pages: `page_token` in the query, `next_page_token` in the answer, empty at the end.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::{Client, Error, Request, transport};

/// The pages of a list, one at a time: memory holds one of them.
pub struct Pages<'a, P, T, F> {
    client: &'a Client,
    request: Request,
    /// Tokens of the pages that were read, and the next one's; `None` at the end.
    tokens: Option<Vec<String>>,
    split: F,
    page: PhantomData<fn(P) -> T>,
}

impl<P, T, F> Pages<'_, P, T, F>
where
    P: DeserializeOwned + Send + 'static,
    F: FnMut(P) -> (T, String) + Send,
{
    /// What is on the next page; `None` after the last.
    ///
    /// # Errors
    /// As [`Client::send`]; and when the service leads in a circle.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        let Some(tokens) = &mut self.tokens else { return Ok(None) };
        let request = match tokens.last() {
            Some(token) => self.request.clone().query("page_token", token),
            None => self.request.clone(),
        };
        let (items, next) = (self.split)(self.client.send(request).await?);
        if next.is_empty() {
            self.tokens = None;
        } else if tokens.contains(&next) {
            return Err(Error::Decode {
                request: self.request.name(),
                host: transport::authority(self.client.host()),
                reason: "a page leads back to an earlier one".to_owned(),
            });
        } else {
            tokens.push(next);
        }
        Ok(Some(items))
    }
}

impl Client {
    /// The pages of a list. `split` takes a page apart: what is on it, and where the next one starts.
    pub fn page_by_page<P, T, F: FnMut(P) -> (T, String)>(&self, request: Request, split: F) -> Pages<'_, P, T, F> {
        Pages { client: self, request, tokens: Some(Vec::new()), split, page: PhantomData }
    }

    /// Reads all pages of a list.
    ///
    /// # Errors
    /// As [`Pages::next`].
    pub async fn pages<P, T>(
        &self,
        request: Request,
        split: impl FnMut(P) -> (Vec<T>, String) + Send,
    ) -> Result<Vec<T>, Error>
    where
        P: DeserializeOwned + Send + 'static,
        T: Send,
    {
        let mut all = Vec::new();
        let mut pages = self.page_by_page(request, split);
        while let Some(items) = pages.next().await? {
            all.extend(items);
        }
        Ok(all)
    }
}

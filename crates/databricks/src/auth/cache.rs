//! A token kept and renewed: one fetch at a time, however many ask.
//!
//! A token is renewed when less than half of its life, and less than 20 minutes, remain; who finds it so renews it, and everybody else
//! goes on with the old one. After a renewal that failed the old one serves for a minute before the next try. An expired
//! token makes everybody wait for the one fetch. (The rules of the Databricks SDK for Go's `cachedTokenSource`.)

use std::sync::Mutex as SyncMutex;
use std::time::Duration;

use secret::Secret;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Error;

/// A token as fetched.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) token: Secret<String>,
    /// How long it lives.
    pub(crate) lifetime: Duration,
}

#[derive(Clone)]
struct Kept {
    token: Secret<String>,
    expires: Instant,
    renew_at: Instant,
}

/// What to do with a kept token.
#[derive(Debug, PartialEq, Eq)]
enum Freshness {
    Fresh,
    Stale,
    Expired,
}

/// The cache.
#[derive(Default)]
pub(crate) struct Cache {
    kept: SyncMutex<Option<Kept>>,
    fetching: Mutex<()>,
}

/// A token this close to its end counts as expired: the request still has to travel.
const MARGIN: Duration = Duration::from_secs(10);
const RENEWAL_PAUSE: Duration = Duration::from_secs(60);
const RENEW_BEFORE: Duration = Duration::from_secs(20 * 60);

impl Cache {
    /// The token; `fetch` is awaited only if need be.
    pub(crate) async fn get(
        &self,
        fetch: impl Future<Output = Result<Fetched, Error>> + Send,
    ) -> Result<Secret<String>, Error> {
        let kept = self.kept();
        match (state(kept.as_ref(), Instant::now()), kept) {
            (Freshness::Fresh, Some(kept)) => Ok(kept.token),
            (Freshness::Stale, Some(kept)) => {
                let Ok(_fetching) = self.fetching.try_lock() else { return Ok(kept.token) };
                // Somebody may have renewed it between the look and the lock.
                if let (Freshness::Fresh, Some(kept)) = (state(self.kept().as_ref(), Instant::now()), self.kept()) {
                    return Ok(kept.token);
                }
                match fetch.await {
                    Ok(fetched) => Ok(self.keep(fetched)),
                    Err(error) => {
                        tracing::debug!(%error, "the token could not be renewed and is used on");
                        self.put(Kept { renew_at: Instant::now() + RENEWAL_PAUSE, ..kept.clone() });
                        Ok(kept.token)
                    }
                }
            }
            _ => {
                let _fetching = self.fetching.lock().await;
                let kept = self.kept();
                match (state(kept.as_ref(), Instant::now()), kept) {
                    (Freshness::Fresh | Freshness::Stale, Some(kept)) => Ok(kept.token),
                    _ => Ok(self.keep(fetch.await?)),
                }
            }
        }
    }

    /// How long the kept token lives from now on.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        Some(self.kept()?.expires.saturating_duration_since(Instant::now()))
    }

    /// Forgets a token that the service refused, unless another one has taken its place.
    pub(crate) fn forget(&self, refused: &Secret<String>) {
        let mut kept = self.lock();
        if kept.as_ref().is_some_and(|kept| kept.token == *refused) {
            *kept = None;
        }
    }

    fn keep(&self, fetched: Fetched) -> Secret<String> {
        let now = Instant::now();
        let before = RENEW_BEFORE.min(fetched.lifetime / 2);
        let renew_at = now + fetched.lifetime.saturating_sub(before);
        self.put(Kept { token: fetched.token.clone(), expires: now + fetched.lifetime, renew_at });
        fetched.token
    }

    fn kept(&self) -> Option<Kept> {
        self.lock().clone()
    }

    fn put(&self, kept: Kept) {
        *self.lock() = Some(kept);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        // Nothing panics while it is held, and a token is whole at any time.
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn state(kept: Option<&Kept>, now: Instant) -> Freshness {
    match kept {
        // A life shorter than the margin is used for what it is worth.
        Some(kept) if now + MARGIN.min(kept.expires.saturating_duration_since(kept.renew_at)) >= kept.expires => {
            Freshness::Expired
        }
        Some(kept) if now >= kept.renew_at => Freshness::Stale,
        Some(_) => Freshness::Fresh,
        None => Freshness::Expired,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Service {
        calls: AtomicUsize,
        lifetime: Duration,
    }

    impl Service {
        fn new(seconds: u64) -> Self {
            Self { calls: AtomicUsize::new(0), lifetime: Duration::from_secs(seconds) }
        }

        async fn fetch(&self) -> Result<Fetched, Error> {
            let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(Fetched { token: Secret::new(format!("t{number}")), lifetime: self.lifetime })
        }
    }

    async fn ask(cache: &Cache, service: &Service) -> String {
        cache.get(service.fetch()).await.unwrap().expose().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_cause_one_fetch() {
        let (cache, service) = (Cache::default(), Service::new(3600));
        let answers = futures_util::future::join_all((0..20).map(|_| ask(&cache, &service))).await;
        assert!(answers.iter().all(|token| token == "t1"), "{answers:?}");
        assert_eq!(service.calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_token_is_renewed_by_one_and_used_by_the_others() {
        let (cache, service) = (Cache::default(), Service::new(3600));
        ask(&cache, &service).await;
        tokio::time::advance(Duration::from_secs(3600 - 1199)).await;
        let mut answers = futures_util::future::join_all((0..5).map(|_| ask(&cache, &service))).await;
        answers.sort();
        assert_eq!(answers, ["t1", "t1", "t1", "t1", "t2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_failed_is_tried_again_after_a_minute() {
        let (cache, service) = (Cache::default(), Service::new(3600));
        ask(&cache, &service).await;
        tokio::time::advance(Duration::from_secs(3600 - 1199)).await;
        let tries = AtomicUsize::new(0);
        let fail = async || {
            tries.fetch_add(1, Ordering::SeqCst);
            Err(Error::Config("down".to_owned()))
        };
        for _ in 0..3 {
            assert_eq!(cache.get(fail()).await.unwrap().expose(), "t1");
        }
        assert_eq!(tries.load(Ordering::SeqCst), 1);
        tokio::time::advance(Duration::from_secs(61)).await;
        cache.get(fail()).await.unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 2);
        tokio::time::advance(Duration::from_secs(1200)).await;
        assert!(cache.get(fail()).await.is_err(), "an expired token is not used");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_forgotten_once() {
        let (cache, service) = (Cache::default(), Service::new(3600));
        ask(&cache, &service).await;
        cache.forget(&"t1".into());
        assert_eq!(ask(&cache, &service).await, "t2");
        cache.forget(&"t1".into());
        assert_eq!(ask(&cache, &service).await, "t2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_of_one_second_serves_for_half_a_second() {
        let (cache, service) = (Cache::default(), Service::new(1));
        ask(&cache, &service).await;
        assert_eq!(ask(&cache, &service).await, "t1");
        tokio::time::advance(Duration::from_millis(600)).await;
        assert_eq!(ask(&cache, &service).await, "t2");
    }
}

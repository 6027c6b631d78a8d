//! Staying with a job over connections that come and go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;

use super::channel::{Channel, Trouble};
use super::destination::{Destination, Route, Start};
use super::payload::Payload;
use super::report::{Reader, Report};
use super::script::Script;
use crate::error::{Error, Result};
use crate::progress::Progress;

/// How long a lost connection is tried for, as sessions of the tunnel do.
const LIMIT: Duration = Duration::from_secs(600);
/// How often the first connection is tried: a busy sshd turns some away (sshd_config(5), MaxStartups).
const FIRST_TRIES: u32 = 3;

/// Decides whether, and when, to try again.
#[derive(Debug, Default)]
pub struct Retries {
    was_there: bool,
    lost_at: Option<Instant>,
    tries: u32,
}

impl Retries {
    /// The other side answered.
    pub fn contact(&mut self) {
        *self = Self { was_there: true, lost_at: None, tries: 0 };
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// The trouble itself, when there is nothing to try again.
    pub async fn pause(&mut self, trouble: Trouble, progress: &Progress) -> Result<()> {
        let lost_at = *self.lost_at.get_or_insert_with(Instant::now);
        self.tries += 1;
        let is_over = match &trouble {
            Trouble::Refused(_) => true,
            Trouble::Unreached(_) if !self.was_there => self.tries >= FIRST_TRIES,
            Trouble::Unreached(_) | Trouble::Cut(_) => lost_at.elapsed() > LIMIT,
        };
        if is_over {
            return Err(trouble.into());
        }
        if self.was_there {
            progress.stage("the connection was lost: trying again");
        }
        tokio::time::sleep(delay(self.tries, rand::rng().random_range(0.5..1.0))).await;
        Ok(())
    }
}

/// 0.4 s, doubled up to 10 s, a part of it.
fn delay(tries: u32, part: f64) -> Duration {
    Duration::from_millis(400)
        .saturating_mul(1 << tries.min(6).saturating_sub(1))
        .min(Duration::from_secs(10))
        .mul_f64(part)
}

/// A script, and what is made of its answer. After a connection was lost it is asked again.
pub trait Question {
    /// What is learned.
    type Reply;

    /// The script for what is not known yet.
    fn script(&self) -> Script;

    /// What goes with it.
    fn payload(&self) -> Option<Arc<Payload>> {
        None
    }

    /// Reads an answer to its end.
    ///
    /// # Errors
    /// When it ends before.
    fn read(&mut self, channel: &mut Channel) -> impl Future<Output = Result<Self::Reply, Trouble>>;
}

/// Asks until one answer is complete; with it comes the name of who answered. `None` where an endpoint's server does not run and
/// nothing is started.
///
/// # Errors
/// When the other side cannot be reached, or refuses.
pub async fn ask<Q: Question>(
    destination: &impl Destination,
    start: Start,
    progress: &Progress,
    question: &mut Q,
) -> Result<Option<(Q::Reply, String)>> {
    let mut retries = Retries::default();
    loop {
        let answer = match destination.route(start).await {
            Ok(Some(route)) => one(&route, &mut retries, progress, question).await.map(|answer| (answer, route.name)),
            Ok(None) => return Ok(None),
            // It was found before: a workspace that is away for a while is a lost connection, too.
            Err(error) if retries.was_there => Err(Trouble::Cut(error)),
            Err(error) => return Err(error),
        };
        match answer {
            Ok(answer) => {
                progress.done();
                return Ok(Some(answer));
            }
            Err(trouble) => retries.pause(trouble, progress).await?,
        }
    }
}

async fn one<Q: Question>(
    route: &Route,
    retries: &mut Retries,
    progress: &Progress,
    question: &mut Q,
) -> Result<Q::Reply, Trouble> {
    let mut channel = Channel::open(route, &question.script(), question.payload()).await?;
    if retries.lost_at.is_some() {
        progress.done();
    }
    retries.contact();
    question.read(&mut channel).await
}

/// What is known of jobs, once.
pub struct Look(pub Script);

impl Question for Look {
    type Reply = Report;

    fn script(&self) -> Script {
        self.0.clone()
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<Report, Trouble> {
        read_report(channel).await
    }
}

/// Sends a script that reports once.
///
/// # Errors
/// As [`ask`].
pub async fn report(destination: &impl Destination, script: Script, progress: &Progress) -> Result<Option<Report>> {
    Ok(ask(destination, Start::No, progress, &mut Look(script)).await?.map(|(report, _)| report))
}

/// Reads one report of an answer.
///
/// # Errors
/// When the answer ends before.
pub async fn read_report(channel: &mut Channel) -> Result<Report, Trouble> {
    let mut reader = Reader::default();
    while let Some(line) = channel.line().await? {
        if let Some(report) = reader.line(&line) {
            return Ok(report);
        }
    }
    Err(channel.cut())
}

/// An error for ids that are not there.
pub fn missing(report: &Report) -> Option<Error> {
    let ids: Vec<&str> = report.missing.iter().map(super::id::JobId::as_str).collect();
    (!ids.is_empty()).then(|| {
        Error::new(format!("there is no job {} there", ids.join(", ")))
            .way_out("tunnel job list shows the jobs of a host. Finished ones stay until tunnel job clean.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_ten_seconds() {
        let delays: Vec<u128> = (1..=8).map(|tries| delay(tries, 1.0).as_millis()).collect();
        assert_eq!(delays, [400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_never_there_is_given_up_soon_and_what_was_is_not() {
        let progress = Progress::default();
        let unreached = || Trouble::Unreached(Error::new("no"));
        let mut retries = Retries::default();
        assert!(retries.pause(unreached(), &progress).await.is_ok());
        assert!(retries.pause(unreached(), &progress).await.is_ok());
        assert!(retries.pause(unreached(), &progress).await.is_err());
        retries.contact();
        for _ in 0..20 {
            assert!(retries.pause(unreached(), &progress).await.is_ok());
        }
        assert!(retries.pause(Trouble::Refused(Error::new("no")), &progress).await.is_err());
    }
}

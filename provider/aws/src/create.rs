//! Creates that happen once, and waits that begin fast.
//!
//! Most of EC2's creating requests take no client token, so a blind retry of one whose answer was lost makes a second
//! object. Every object is therefore marked by its creating request ([`Marker::TAG`]), and before a request of
//! uncertain fate is sent again, the mark is looked for.
//!
//! [`Marker::TAG`]: tfplugin::Marker::TAG

use std::future::Future;
use std::time::Duration;

use tfplugin::{Attr, Call, Probe, Result};
use tokio::time::Instant;

use super::client::Aws;
use super::errors::{Fault, Kind};
use super::tags;

/// Requests of one create at most.
const ATTEMPTS: u32 = 8;
/// How long AWS may take to show a new object to all of its own parts.
pub(crate) const VISIBLE_WITHIN: Duration = Duration::from_secs(120);
/// First and longest pause of a wait.
pub(crate) const FAST: Duration = Duration::from_millis(200);
pub(crate) const SLOW: Duration = Duration::from_secs(5);

/// Creates an EC2 object and answers its id. `send` sends the request once, through a client that does not retry
/// ([`Aws::ec2_once`]), with the marker's tag in it.
///
/// # Errors
/// What AWS refused, or what stood in the way for longer than the retries last.
pub async fn once<F>(cx: &Call<Aws>, mut send: impl FnMut() -> F) -> Result<String, Fault>
where
    F: Future<Output = Result<Option<String>, Fault>>,
{
    let mut attempt = 0;
    // An attempt whose fate is not known stays so, whatever becomes of the next one.
    let mut is_uncertain = false;
    let fault = loop {
        attempt += 1;
        let fault = match send().await {
            Ok(Some(id)) => return Ok(id),
            Ok(None) => uncertain("AWS answered without an id"),
            Err(fault) => fault,
        };
        if fault.kind == Kind::Uncertain
            && let Some(id) = look_for_mark(cx).await?
        {
            return Ok(id);
        }
        is_uncertain |= fault.kind == Kind::Uncertain;
        let Some(pause) = pause_before(attempt, &fault) else { break fault };
        if cx.left() < pause || cx.sleep(pause).await.is_err() {
            break fault;
        }
    };
    Err(if is_uncertain { Fault { kind: Kind::Uncertain, ..fault } } else { fault })
}

/// What an update is to make of an attribute that the configuration may leave to others: unknown, which is left alone, where the
/// plan has it as it was.
pub(crate) fn to_change<T: PartialEq>(before: &Attr<T>, planned: Attr<T>) -> Attr<T> {
    if *before == planned { Attr::Unknown } else { planned }
}

/// How long to wait before the request is sent again; `None` when it is of no use.
fn pause_before(attempt: u32, fault: &Fault) -> Option<Duration> {
    let most = match fault.kind {
        Kind::Throttled => ATTEMPTS,
        Kind::Uncertain | Kind::Unanswered => 4,
        Kind::Unreachable => 3,
        Kind::Refused | Kind::Credentials | Kind::Ours => return None,
    };
    (attempt < most).then(|| Duration::from_millis(250) * 2_u32.saturating_pow(attempt - 1))
}

/// The id of the object that bears the call's mark. EC2 shows tags late, so it is asked a few times.
async fn look_for_mark(cx: &Call<Aws>) -> Result<Option<String>, Fault> {
    for pause in [0, 300, 1000] {
        if cx.sleep(Duration::from_millis(pause)).await.is_err() {
            return Ok(None);
        }
        match tags::id_of(cx.client(), cx.marker()).await {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            // Of two failures the first one is the one to tell.
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

fn uncertain(message: &str) -> Fault {
    Fault { kind: Kind::Uncertain, ..Fault::refused("", message) }
}

/// Waits until `probe` is done. It answers `None` while the object cannot be seen, which a new object may be for a short
/// while only.
///
/// # Errors
/// The probe's error; an object that stays invisible; the end of the time limit.
pub async fn settled<T, F>(cx: &Call<Aws>, what: &str, mut probe: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<Probe<T>>>>,
{
    let began = Instant::now();
    cx.poll(what, FAST, SLOW, || {
        let seen = probe();
        async move {
            match seen.await? {
                Some(seen) => Ok(seen),
                None if began.elapsed() > VISIBLE_WITHIN => {
                    Err(tfplugin::Error::new("it was created and is not seen any more")
                        .detail("Somebody removed it meanwhile. Apply again."))
                }
                None => Ok(Probe::Waiting("not visible yet".to_owned())),
            }
        }
    })
    .await
}

/// Brings an object to what is planned, with as few looks as that takes: `change` changes what `differs` from the plan, and
/// the look that shows the plan is the answer. Of a `new` object it is known without a look what it is like.
///
/// # Errors
/// Those of a look or a change; an object that stays invisible; the end of the time limit.
pub(crate) async fn converged<T, L, C>(
    cx: &Call<Aws>,
    what: &str,
    new: Option<T>,
    look: impl Fn() -> L,
    differs: impl Fn(&T) -> Option<&'static str>,
    change: impl Fn(T) -> C,
) -> Result<T>
where
    L: Future<Output = Result<Option<T>>>,
    C: Future<Output = Result<()>>,
{
    // What a look showed is changed once; then it is waited for.
    let mut corrected = false;
    match new {
        Some(new) if differs(&new).is_some() => change(new).await?,
        Some(_) => {}
        None => {
            let seen = settled(cx, what, || async { Ok(look().await?.map(Probe::Done)) }).await?;
            if differs(&seen).is_none() {
                return Ok(seen);
            }
            change(seen).await?;
            corrected = true;
        }
    }
    loop {
        let seen = settled(cx, &format!("{what} to be as planned"), || async {
            Ok(look().await?.map(|seen| match differs(&seen) {
                Some(attribute) if corrected => Probe::Waiting(format!("{attribute} not yet as it was set")),
                _ => Probe::Done(seen),
            }))
        })
        .await?;
        if differs(&seen).is_none() {
            return Ok(seen);
        }
        change(seen).await?;
        corrected = true;
    }
}

/// Repeats `request` while `passing` says that its fault is one that passes, for at most `within`.
///
/// # Errors
/// The last fault, or an interruption.
pub async fn retrying<T, F>(
    cx: &Call<Aws>,
    within: Duration,
    mut request: impl FnMut() -> F,
    passing: impl Fn(&Fault) -> bool,
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let began = Instant::now();
    let mut pause = FAST;
    loop {
        match request().await {
            Err(fault) if passing(&fault) && began.elapsed() < within && !cx.left().is_zero() => {
                if cx.sleep(pause).await.is_err() {
                    return Err(fault);
                }
                pause = (pause * 3 / 2).min(SLOW);
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;

    use super::*;
    use crate::testing::{aws_at, call};

    #[tokio::test]
    async fn an_attempt_whose_fate_is_not_known_stays_so_whatever_the_next_one_says() {
        let cx = call(aws_at("http://127.0.0.1:9", Credentials::new("key", "secret", None, None, "test")), 60);
        for (first, kind) in [(Kind::Uncertain, Kind::Uncertain), (Kind::Throttled, Kind::Refused)] {
            let mut answers =
                [Fault { kind: first, ..uncertain("lost") }, Fault::refused("VpcLimitExceeded", "")].into_iter();
            let fault = once(&cx, || std::future::ready(Err(answers.next().unwrap()))).await.unwrap_err();
            assert_eq!((fault.kind, fault.code()), (kind, "VpcLimitExceeded"));
        }
    }

    #[test]
    fn what_was_refused_is_not_sent_again_and_a_throttle_is() {
        let pause = |attempt, kind| {
            let fault = Fault { kind, ..uncertain("") };
            pause_before(attempt, &fault).map(|pause| pause.as_millis())
        };
        assert_eq!(pause(1, Kind::Refused), None);
        assert_eq!(pause(1, Kind::Credentials), None);
        assert_eq!(pause(1, Kind::Throttled), Some(250));
        assert_eq!(pause(4, Kind::Throttled), Some(2000));
        assert_eq!(pause(8, Kind::Throttled), None);
        assert_eq!(pause(4, Kind::Uncertain), None);
        assert_eq!(pause(3, Kind::Unreachable), None);
    }
}

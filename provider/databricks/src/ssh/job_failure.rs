//! A failed job in words: how it ended, its last status line, the end of its log, and the way out. Pure.

use tfplugin::Error;

use super::remote_job::{Job, State};

/// The error of a job that failed; `name` is its subject. `tails` are the ends of its stdout and of its stderr, which is shown unless it is empty.
pub(super) fn failure(name: &str, job: &Job, status: &str, tails: [&str; 2], way_out: &str) -> Error {
    let mut parts = Vec::new();
    if !status.is_empty() {
        parts.push(format!("Its last status: {status}"));
    }
    let [stdout, stderr] = tails;
    let shown = [("standard error", stderr), ("standard output", stdout)];
    if let Some((stream, text)) = shown.into_iter().find(|(_, text)| !text.trim().is_empty()) {
        parts.push(format!("The end of its {stream}:\n{}", text.trim_end()));
    }
    parts.push(way_out.to_owned());
    Error::new(format!("{name} {}", ending(job))).detail(parts.join("\n\n"))
}

fn ending(job: &Job) -> String {
    let signal = || job.signal.map(|signal| format!(" by signal {signal}")).unwrap_or_default();
    match (job.state, job.exit_code) {
        (State::Exited, Some(code)) => format!("exited with code {code}"),
        (State::Exited | State::Signaled, _) => format!("was ended{}", signal()),
        (State::Cancelled, _) => "was cancelled".to_owned(),
        (State::TimedOut, _) => "was ended because its time was up".to_owned(),
        (State::Lost, _) => "is lost: nobody knows how it ended".to_owned(),
        (State::Pending | State::Running, _) => "has not ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(state: State, exit_code: Option<i64>, signal: Option<i64>) -> Job {
        Job {
            id: "a1".into(),
            key: None,
            state,
            exit_code,
            signal,
            started_at: None,
            duration_seconds: None,
            status: None,
            stdout_bytes: 0,
            stderr_bytes: 0,
        }
    }

    #[test]
    fn every_ending_has_its_words() {
        let check = |job: Job, expected: &str| assert_eq!(ending(&job), expected);
        check(job(State::Exited, Some(3), None), "exited with code 3");
        check(job(State::Signaled, None, Some(9)), "was ended by signal 9");
        check(job(State::Cancelled, Some(143), None), "was cancelled");
        check(job(State::TimedOut, None, Some(15)), "was ended because its time was up");
        check(job(State::Lost, None, None), "is lost: nobody knows how it ended");
    }

    #[test]
    fn stderr_is_shown_and_stdout_where_there_is_none() {
        let failed = job(State::Exited, Some(1), None);
        let error = failure("The job a1", &failed, "step 2", ["out\n", "error\n"], "Apply again.");
        assert_eq!(error.diagnostic().summary, "The job a1 exited with code 1");
        assert_eq!(
            error.diagnostic().detail,
            "Its last status: step 2\n\nThe end of its standard error:\nerror\n\nApply again."
        );
        let error = failure("The job a1", &failed, "", ["out\n", "\n"], "Apply again.");
        assert_eq!(error.diagnostic().detail, "The end of its standard output:\nout\n\nApply again.");
    }
}

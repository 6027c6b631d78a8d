//! What the scripts say about jobs, read line by line. Pure.

use std::collections::HashMap;

use super::id::JobId;
use super::job::{Job, JobState, at};
use super::spec::Spec;

/// One look at jobs, complete.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The jobs, in the order in which they were asked for.
    pub jobs: Vec<Job>,
    /// The ids that are not there.
    pub missing: Vec<JobId>,
}

/// Reads a report.
#[derive(Debug, Default)]
pub struct Reader {
    seconds: u64,
    uptime: f64,
    seen: Vec<Seen>,
    sizes: HashMap<String, u64>,
}

#[derive(Debug)]
struct Seen {
    id: JobId,
    spec: Spec,
    started: Option<(u64, f64)>,
    end: Option<End>,
    status: Option<String>,
    is_alive: bool,
    /// The machine that it runs on, where that is another one.
    elsewhere: Option<String>,
    is_missing: bool,
}

/// How a job ended: the first line of its file `end`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// In which state.
    pub state: JobState,
    /// The code of its first process.
    pub code: Option<u8>,
    /// The signal that ended that.
    pub signal: Option<u8>,
    /// When, by the machine's clock.
    pub seconds: u64,
    /// When, since the machine started.
    pub uptime: f64,
    /// Bytes in its stdout log.
    pub stdout: u64,
    /// Bytes in its stderr log.
    pub stderr: u64,
}

impl End {
    /// Reads the line. One that a machine lost half of is none.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let state = JobState::of_end(words.next()?)?;
        let number = |word: &str| if word == "-" { Some(None) } else { word.parse().ok().map(Some) };
        let end = Self {
            state,
            code: number(words.next()?)?,
            signal: number(words.next()?)?,
            seconds: words.next()?.parse().ok()?,
            uptime: words.next()?.parse().ok()?,
            stdout: words.next()?.parse().ok()?,
            stderr: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(end)
    }

    /// The line, as [`Self::parse`] reads it.
    pub fn line(&self) -> String {
        let number = |number: Option<u8>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let Self { state, code, signal, seconds, uptime, stdout, stderr } = self;
        format!("{} {} {} {seconds} {uptime:.2} {stdout} {stderr}", state.word(), number(*code), number(*signal))
    }
}

impl Reader {
    /// Takes a line; with the last one the report is complete.
    pub fn line(&mut self, line: &str) -> Option<Report> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "now" => {
                *self = Self::default();
                (self.seconds, self.uptime) = started(rest).unwrap_or_default();
            }
            "job" => {
                if let Ok(id) = rest.parse() {
                    let spec = Spec::default();
                    self.seen.push(Seen {
                        id,
                        spec,
                        started: None,
                        end: None,
                        status: None,
                        is_alive: false,
                        elsewhere: None,
                        is_missing: false,
                    });
                }
            }
            "." => return Some(self.complete()),
            _ => match self.seen.last_mut() {
                Some(job) => match word {
                    "missing" => job.is_missing = true,
                    "spec" => job.spec = serde_json::from_str(rest).unwrap_or_default(),
                    "started" => job.started = started(rest),
                    "end" => job.end = End::parse(rest),
                    "status" => {
                        job.status = Some(rest.trim_end_matches('\r').to_owned()).filter(|text| !text.is_empty())
                    }
                    "alive" => job.is_alive = true,
                    "elsewhere" => job.elsewhere = Some(rest.to_owned()),
                    _ => self.size(line),
                },
                None => self.size(line),
            },
        }
        None
    }

    /// A line of wc(1): bytes and a path.
    fn size(&mut self, line: &str) {
        if let Some((size, path)) = line.trim_start().split_once(' ')
            && let Ok(size) = size.parse()
        {
            self.sizes.insert(path.trim_start().to_owned(), size);
        }
    }

    fn complete(&mut self) -> Report {
        let Self { seconds, uptime, seen, sizes } = std::mem::take(self);
        let mut report = Report::default();
        for job in seen {
            if job.is_missing {
                report.missing.push(job.id);
            } else {
                report.jobs.push(job.read((seconds, uptime), &sizes));
            }
        }
        report
    }
}

impl Seen {
    fn read(self, (now, uptime): (u64, f64), sizes: &HashMap<String, u64>) -> Job {
        let size = |log: &str| sizes.get(&format!("{}/{log}", self.id)).copied().unwrap_or_default();
        let runs = self.is_alive || self.elsewhere.is_some();
        let state = match (self.end, runs, self.started) {
            (Some(end), ..) => end.state,
            (None, true, Some(_)) => JobState::Running,
            (None, true, None) => JobState::Pending,
            (None, false, _) => JobState::Lost,
        };
        // Both are of one boot: the supervisor's that wrote them, or that is there.
        let until = self.end.map(|end| end.uptime).or_else(|| self.is_alive.then_some(uptime));
        let duration = self.started.zip(until).map(|((_, from), until)| until - from);
        // Of another machine's only the clock is known here.
        let by_clock = || self.elsewhere.as_ref().and(self.started).map(|(from, _)| now as f64 - from as f64);
        let duration = duration.or_else(by_clock).filter(|seconds| *seconds >= 0.0);
        Job {
            state,
            exit_code: self.end.and_then(|end| end.code),
            signal: self.end.and_then(|end| end.signal),
            started_at: self.started.and_then(|(seconds, _)| at(seconds)),
            ended_at: self.end.and_then(|end| at(end.seconds)),
            duration_seconds: duration.map(|seconds| (seconds * 100.0).round() / 100.0),
            status: self.status,
            stdout_bytes: self.end.map_or_else(|| size("stdout"), |end| end.stdout),
            stderr_bytes: self.end.map_or_else(|| size("stderr"), |end| end.stderr),
            name: self.spec.name,
            key: self.spec.key,
            command: self.spec.command,
            elsewhere: self.elsewhere.filter(|_| self.end.is_none()),
            id: self.id,
        }
    }
}

fn started(text: &str) -> Option<(u64, f64)> {
    let (seconds, uptime) = text.split_once(' ')?;
    Some((seconds.parse().ok()?, uptime.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Report {
        let mut reader = Reader::default();
        text.lines().find_map(|line| reader.line(line)).unwrap()
    }

    #[test]
    fn a_report_says_what_became_of_each_job() {
        let report = read(concat!(
            "now 1700000100 500.25\n",
            "job a\nspec {\"name\":\"train\",\"command\":[\"sh\"],\"timeout_seconds\":0}\nstarted 1700000000 400.00\nalive\nstatus step 2\n",
            "job b\nspec {}\nstarted 1700000000 400.00\nend exited 123 - 1700000010 410.5 7 0\nstatus done\n",
            "job c\nspec {}\nstarted 1700000000 400.00\n",
            "job d\nspec {}\nalive\n",
            "job e\nmissing\n",
            "job f\nspec {}\nstarted 1700000040 9000.00\nelsewhere login2\n",
            "  12 a/stdout\n  0 a/stderr\n 12 total\n.\n",
        ));
        assert_eq!(report.missing, ["e".parse().unwrap()]);
        let states: Vec<JobState> = report.jobs.iter().map(|job| job.state).collect();
        assert_eq!(states, [JobState::Running, JobState::Exited, JobState::Lost, JobState::Pending, JobState::Running]);
        let [a, b, c, _, f] = report.jobs.as_slice() else { panic!("{report:?}") };
        assert_eq!((a.name.as_deref(), a.status.as_deref(), a.stdout_bytes), (Some("train"), Some("step 2"), 12));
        assert_eq!(a.duration_seconds, Some(100.25));
        assert_eq!((b.exit_code, b.duration_seconds, b.stdout_bytes), (Some(123), Some(10.5), 7));
        assert_eq!((f.elsewhere.as_deref(), f.duration_seconds), (Some("login2"), Some(60.0)));
        assert_eq!((c.exit_code, c.duration_seconds, c.wait_code()), (None, None, 125));
    }

    #[test]
    fn a_result_that_was_half_written_is_none() {
        let check = |line: &str, expected: bool| assert_eq!(End::parse(line).is_some(), expected, "{line}");
        check("exited 0 - 1 2.5 3 4", true);
        check("signaled - 9 1 2.5 3 4", true);
        check("exited 0 - 1 2.5 3", false);
        check("exited 256 - 1 2.5 3 4", false);
        check("running 0 - 1 2.5 3 4", false);
        check(&"0".repeat(1024), false);
        check("", false);
        let end = End::parse("timed_out 143 - 1 2.50 3 4").unwrap();
        assert_eq!(End::parse(&end.line()), Some(end));
    }

    proptest! {
        #[test]
        fn whatever_a_machine_says_is_read_without_a_panic(lines in prop::collection::vec("(now|job|spec|end|started|status|alive|elsewhere|missing|\\.|\\PC*)( \\PC*)?", 0..40)) {
            let mut reader = Reader::default();
            for line in lines {
                reader.line(&line);
            }
        }
    }
}

//! Remote jobs: programs that go on when the connection that started them has gone. A job is a folder on its machine,
//! `~/.tunnel/jobs/ID`, which scripts for a POSIX shell write and read (`remote/`); on an endpoint of ours the tunnel
//! supervises it ([`supervisor`]) and keeps the same files. What is said over SSH, and how it is read, is pure: [`script`],
//! [`report`], [`spec`]. `docs/decisions/0005` has the reasons.
//!
//! ```text
//! ID/supervisor     PID START BOOT DIGEST NODE: the claim, made once by a hard link, and who stands beside the job, where
//! ID/input/         what was submitted: spec, supervise, files/; run until it is read, stdin until the end
//! ID/leader         PID START BOOT - NODE of the job's first process, whose process group the job is
//! ID/started        SECONDS UPTIME
//! ID/stdout stderr  the logs          ID/status ID/pid   STATUS_FILE, PID_FILE
//! ID/reason         why it is being ended
//! ID/end            STATE CODE SIGNAL SECONDS UPTIME STDOUT-BYTES STDERR-BYTES, and the last status line below
//! ```

pub mod channel;
pub mod copies;
pub mod destination;
pub mod follow;
pub mod id;
pub mod identity;
pub mod job;
pub mod local;
pub mod payload;
pub mod recent;
pub mod reference;
pub mod report;
pub mod script;
pub mod shared;
pub mod spec;
pub mod supervisor;
pub mod unreached;

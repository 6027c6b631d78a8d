//! What is left of every resource when its creation is cut off: the answer of the creating call is lost, or the provider is
//! killed while it waits for it, before or after the call took effect. The next apply has one object, and after the destroy
//! there is none.
//!
//! The object that a resource's example is about is destroyed and made again alone, so that the first writing call is
//! its creating call. `CUTS=every` (scripts/cuts.sh) strikes each writing call of the creation in turn, not only the first.
//! Clouds of its own, with one resource at a time in each: faults strike whoever calls next.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use localcloud::{Fault, FaultEffect};
use serde_json::Value;
use terraform_provider_databricks::Databricks;
use terraform_provider_databricks::context::Context;
use tfplugin::{Provider, Removal, ResourceEntry};

use crate::Env;
use crate::bench::Bench;
use crate::cloud::{Cloud, Shared};
use crate::contract::levels;
use crate::kill::kill_children;

/// The calls that make something, in the local cloud's words.
const WRITES: &[&str] = &[
    "POST /api/*",
    "PUT /api/*",
    "PATCH /api/*",
    "ec2:Create*",
    "ec2:Allocate*",
    "ec2:Associate*",
    "ec2:Enable*",
    "kms:Create*",
    "iam:Create*",
    "s3:CreateBucket",
];

/// How long the answer of a call takes in which the provider is killed.
const SLOW: Duration = Duration::from_secs(20);

/// How a creation is cut off.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// The call takes effect, and its answer never arrives.
    AnswerLost,
    /// The provider is killed after the call took effect, before its answer arrived.
    KilledAfter,
    /// The provider is killed, and the call never took effect.
    KilledBefore,
}

/// Clouds of which each serves one test at a time.
pub struct Turns {
    free: Mutex<Vec<Arc<Shared>>>,
    given_back: Condvar,
}

impl Turns {
    pub fn of(clouds: &[Arc<Shared>]) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(clouds.to_vec()), given_back: Condvar::new() })
    }

    /// Does it with a cloud that nobody else has meanwhile, and whose faults are cleared behind it.
    fn with_one(&self, test: impl FnOnce(&Cloud)) -> Result<(), Failed> {
        let free = self.given_back.wait_while(self.free.lock().unwrap(), |free| free.is_empty());
        let shared = free.unwrap().pop().unwrap();
        // Whatever fails, and if it is the cloud itself, others get their turn.
        let result = caught(|| {
            let cloud = shared.cloud();
            let result = caught(|| test(cloud));
            cloud.clear_faults();
            result
        });
        self.free.lock().unwrap().push(shared);
        self.given_back.notify_one();
        result.and_then(|result| result)
    }
}

/// A panic, which has shown itself, as a failure.
fn caught<T>(test: impl FnOnce() -> T) -> Result<T, Failed> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).map_err(|_| "see above".into())
}

/// One test for each resource.
pub fn trials(turns: &Arc<Turns>) -> Vec<Trial> {
    let trial = |entry: &'static ResourceEntry<Context>| {
        let turns = Arc::clone(turns);
        Trial::test(format!("a_cut_off_creation_leaves_one_{}", entry.name), move || {
            turns.with_one(|cloud| {
                // An `Either` is the same code at both levels: one will do here.
                let env = levels(cloud, entry.name).remove(0).1;
                leaves_one(cloud, entry, &env, std::env::var("CUTS").as_deref() == Ok("every"));
            })
        })
    };
    Databricks::registry().resources().map(trial).collect()
}

/// Cuts the creation off at its first writing call, or at `every` one.
pub fn leaves_one(cloud: &Cloud, entry: &'static ResourceEntry<Context>, env: &Env, every: bool) {
    let address = format!("{}.example", entry.name);
    let before = cloud.census();
    let bench = Bench::new(env);
    bench.write(entry.example);
    bench.apply();
    let whole = cloud.census();
    a_refused_read_is_an_error(cloud, &bench, env, entry);
    for strike in strikes(cloud, &bench, &address, every) {
        for cut in [Cut::AnswerLost, Cut::KilledAfter, Cut::KilledBefore] {
            let when = format!("{address}: {cut:?} of {strike:?}");
            bench.destroy(&["-target", &address]);
            for (matches, skip) in &strike {
                cloud.fault(Fault { skip: *skip, ..fault(matches, cut) });
            }
            match cut {
                // It may be repeated or found at once.
                Cut::AnswerLost => drop(bench.run(&["apply", "-auto-approve", "-no-color", "-input=false"])),
                Cut::KilledAfter | Cut::KilledBefore => killed(cloud, &bench),
            }
            // A setting may be on already after an earlier cut, and a job's calls are not the API's.
            let calls = matches!(entry.removal, Removal::Gone | Removal::Reversible);
            assert!(!calls || cloud.faults() < strike.len(), "{when}: no call was struck");
            cloud.clear_faults();
            bench.apply();
            bench.plan_is_empty(&when);
            assert_eq!(cloud.census(), whole, "{when}: what there is");
        }
    }
    bench.destroy(&[]);
    // An account only deactivates a principal that is destroyed, unless it is told otherwise.
    let deactivates = entry.example.contains("\"databricks_service_principal\"")
        && !entry.example.contains("disable_as_user_deletion");
    let left = |mut census: BTreeMap<String, u64>| {
        census.retain(|kind, _| !deactivates || kind != "service_principals");
        census
    };
    assert_eq!(left(cloud.census()), left(before), "{address}: what is left after the destroy");
}

/// What is struck, one after the other: calls in a fault's words, with how many of their kind pass before. All of one strike
/// are meant to be the first writing call; which of them it is depends on the resource.
fn strikes(cloud: &Cloud, bench: &Bench, address: &str, every: bool) -> Vec<Vec<(String, u32)>> {
    if !every {
        return vec![WRITES.iter().map(|matches| ((*matches).to_owned(), 0)).collect()];
    }
    // The first time may make more: what the service took away with the object.
    for _ in 0..2 {
        bench.destroy(&["-target", address]);
        cloud.writes();
        bench.apply();
    }
    let mut strikes: Vec<Vec<(String, u32)>> = Vec::new();
    for call in cloud.writes() {
        // The next creation has other ids in its paths. AWS's actions have none.
        let has_path = call.contains('/');
        let is_id = |part: &&str| has_path && part.len() > 3 && part.contains(|digit: char| digit.is_ascii_digit());
        let call = call.split('/').map(|part| if is_id(&part) { "*" } else { part }).collect::<Vec<_>>().join("/");
        let earlier = strikes.iter().filter(|strike| strike[0].0 == call).count();
        strikes.push(vec![(call, u32::try_from(earlier).unwrap())]);
    }
    println!("{address}: {} writing calls: {strikes:?}", strikes.len());
    strikes
}

/// The calls that read something.
const READS: &[&str] = &[
    "GET /api/*",
    "HEAD /api/*",
    "ec2:Describe*",
    "ec2:Get*",
    "iam:Get*",
    "iam:List*",
    "kms:Describe*",
    "kms:Get*",
    "kms:List*",
    "s3:Get*",
    "s3:Head*",
];

/// Who may not look at an object does not know that it is gone: a plan fails, and plans nothing. The object stands alone in
/// a state without a configuration, so that nothing else is read before it.
fn a_refused_read_is_an_error(cloud: &Cloud, bench: &Bench, env: &Env, entry: &ResourceEntry<Context>) {
    let address = &format!("{}.example", entry.name);
    let alone = Bench::new(env);
    alone.write("");
    let state = std::fs::read_to_string(bench.dir.path().join("terraform.tfstate")).unwrap();
    let mut state: Value = serde_json::from_str(&state).unwrap();
    let resources = state["resources"].as_array_mut().unwrap();
    resources.retain(|one| format!("{}.{}", one["type"].as_str().unwrap(), one["name"].as_str().unwrap()) == *address);
    assert_eq!(resources.len(), 1, "{address} in the state");
    state["outputs"] = serde_json::json!({});
    std::fs::write(alone.dir.path().join("terraform.tfstate"), state.to_string()).unwrap();
    for matches in READS {
        let code = if matches.contains(" /api/") { "PERMISSION_DENIED" } else { "AccessDenied" };
        cloud.fault(Fault { times: 1000, ..Fault::once(matches, 403, code) });
    }
    let said = alone.run(&["plan", "-no-color", "-input=false", "-detailed-exitcode"]);
    cloud.clear_faults();
    // What has run is history and not read: the plan to remove what is not configured is the right one.
    let remote = entry.removal != Removal::History;
    assert!(
        said.code == if remote { 1 } else { 2 },
        "{address}: a read that is refused: {}\n{}",
        said.stdout,
        said.stderr
    );
}

fn fault(matches: &str, cut: Cut) -> Fault {
    let effect = if matches!(cut, Cut::KilledBefore) { FaultEffect::Before } else { FaultEffect::After };
    let delay_ms = if matches!(cut, Cut::AnswerLost) { None } else { Some(SLOW.as_millis().try_into().unwrap()) };
    Fault { status: None, cut: true, delay_ms, effect, times: 1, ..Fault::once(matches, 500, "") }
}

/// Kills the provider while it waits for the answer of the call that is struck.
fn killed(cloud: &Cloud, bench: &Bench) {
    let rules = cloud.faults();
    let mut apply = bench
        .command(&["apply", "-auto-approve", "-no-color", "-input=false"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + SLOW;
    while cloud.faults() == rules && Instant::now() < end && apply.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
    // The rule is used up when the call arrives; its effect follows.
    std::thread::sleep(Duration::from_millis(300));
    kill_children(apply.id());
    apply.wait().unwrap();
}

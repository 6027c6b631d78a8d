//! A state that is kept elsewhere: Terraform writes it late, and a kill before that loses nothing.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::bench::{Bench, children, signal};

/// A server of states, as Terraform's backend `http` wants it; its thread ends with the tests' process.
struct States {
    address: String,
    states: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl States {
    fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let states = Arc::<Mutex<HashMap<String, Vec<u8>>>>::default();
        let shared = Arc::clone(&states);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let states = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream.unwrap(), &states));
            }
        });
        Self { address, states }
    }

    fn backend(&self) -> String {
        format!("terraform {{\n  backend \"http\" {{\n    address = \"http://{}/state\"\n  }}\n}}\n\n", self.address)
    }

    fn has(&self, text: &str) -> bool {
        self.states.lock().unwrap().values().any(|state| String::from_utf8_lossy(state).contains(text))
    }
}

fn answer(stream: TcpStream, states: &Mutex<HashMap<String, Vec<u8>>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.split('?').next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut states = states.lock().unwrap();
    let (status, body) = match method.as_str() {
        "GET" => states.get(&path).map_or(("404 Not Found", Vec::new()), |state| ("200 OK", state.clone())),
        "POST" => {
            states.insert(path, body);
            ("200 OK", Vec::new())
        }
        _ => ("405 Method Not Allowed", Vec::new()),
    };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).ok()?;
    stream.write_all(&body).ok()
}

/// Two instances of the provider: the first is done, and ended by Terraform, while an object of the second comes to be.
fn two_instances(bench: &Bench) -> String {
    format!(
        r#"provider "trial" {{
  alias = "slow"
  world = {:?}
}}

resource "trial_thing" "quick" {{
  name = "quick"
}}

resource "trial_thing" "slow" {{
  provider    = trial.slow
  name        = "slow"
  ready_after = 4000
}}
"#,
        bench.path("world")
    )
}

/// Applies until the first instance has ended and the second waits, and kills all of it.
fn cut(bench: &Bench) {
    let mut running = bench.start(&["apply", "-auto-approve", "-no-color"]);
    bench.wait_for("waiting");
    let begun = Instant::now();
    while children(running.id()).len() > 1 || bench.objects().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the first instance was not ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    let providers = children(running.id());
    running.kill().unwrap();
    providers.into_iter().for_each(|child| signal(child.into(), "KILL"));
    running.wait().unwrap();
}

/// A configuration whose backend is set up: with dev_overrides the initialization cannot ask for the provider.
fn initialized(bench: &Bench, body: &str) {
    bench.config(body);
    bench.run(&["init", "-no-color", "-input=false"]);
}

/// An apply of two instances that was killed before the state was written; their configuration.
fn cut_off(bench: &Bench, states: &States) -> String {
    let body = states.backend() + &two_instances(bench);
    initialized(bench, &body);
    cut(bench);
    body
}

/// Equal things.
fn twins(states: &States, count: u8) -> String {
    states.backend() + &format!("resource \"trial_thing\" \"a\" {{\n  count = {count}\n  name  = \"twin\"\n}}\n")
}

#[test]
fn what_a_remote_state_was_not_told_yet_is_taken_over() {
    let Some(bench) = Bench::new() else { return };
    let states = States::serve();
    let body = cut_off(&bench, &states);
    assert!(!states.has("trial_thing"), "the kill came too late to show anything");
    let made = bench.objects();
    assert_eq!((made.len(), bench.journal().len()), (2, 2));

    let ran = bench.apply(&body).succeeds();
    assert!(ran.out.contains("2 added"), "{}", ran.out);
    assert_eq!(bench.objects(), made, "the same objects, and no others");
    bench.settled();
    assert!(bench.journal().is_empty(), "a stored state has both");
    assert!(!bench.run(&["plan", "-no-color"]).succeeds().out.contains("cut off"));
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

#[test]
fn what_no_plan_takes_over_is_named_until_it_is_dealt_with() {
    let Some(bench) = Bench::new() else { return };
    let states = States::serve();
    cut_off(&bench, &states);

    // The state is empty: Terraform asks the provider for nothing but a validation.
    let ran = bench.destroy().succeeds();
    assert!(ran.out.contains("0 destroyed"), "{}", ran.out);
    let names: Vec<String> = bench.objects().iter().map(|path| path.display().to_string()).collect();
    for run in [ran, bench.run(&["validate", "-no-color"]).succeeds()] {
        let said = run.out.clone() + &run.err;
        assert_eq!(said.matches("An apply was cut off").count(), 1, "{said}");
        assert_eq!(said.matches("trial_thing").count(), 2, "{said}");
        let ids = names.iter().filter_map(|name| name.rsplit("thing.").next()?.strip_suffix(".json"));
        assert!(ids.clone().any(|id| said.contains(id)), "the object that was answered has an id: {said}");
    }
    for entry in bench.journal() {
        fs::remove_file(entry).unwrap();
    }
    let run = bench.run(&["validate", "-no-color"]).succeeds();
    assert!(!run.out.contains("cut off"), "{}", run.out);
}

#[test]
fn a_twin_that_alone_is_asked_for_is_not_the_one_that_is_stored() {
    let Some(bench) = Bench::new() else { return };
    let states = States::serve();
    let things = |count| twins(&states, count);
    initialized(&bench, &things(1));
    bench.run(&["apply", "-auto-approve", "-no-color"]).succeeds();
    assert_eq!(bench.journal().len(), 1, "no run has seen the stored state");
    bench.config(&things(2));
    bench.run(&["apply", "-auto-approve", "-no-color", "-target=trial_thing.a[1]"]).succeeds();
    assert_eq!(bench.objects().len(), 2);
    bench.settled();
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

/// The working directory as another machine has it, or this one after `rm -rf .terraform`: without a journal.
fn elsewhere(bench: &Bench) {
    fs::remove_dir_all(bench.path("work/.terraform")).unwrap();
    bench.run(&["init", "-no-color", "-input=false"]);
}

#[test]
fn what_a_machine_without_a_journal_finds_marked_is_taken_over() {
    let Some(bench) = Bench::new() else { return };
    let states = States::serve();
    let body = cut_off(&bench, &states);
    let made = bench.objects();
    assert_eq!(made.len(), 2);
    elsewhere(&bench);
    let ran = bench.apply(&body).succeeds();
    assert!(ran.out.contains("2 added"), "{}", ran.out);
    assert_eq!(bench.objects(), made, "the same objects, and no others");
    bench.settled();
    assert!(bench.journal().is_empty(), "a stored state has both");
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

#[test]
fn what_is_planned_otherwise_elsewhere_is_named_by_the_next_run() {
    let Some(bench) = Bench::new() else { return };
    let states = States::serve();
    let body = cut_off(&bench, &states);
    elsewhere(&bench);
    bench.apply(&body.replace("\"quick\"\n}", "\"quick\"\n  size = 11\n}")).succeeds();
    assert_eq!(bench.objects().len(), 3, "other values may be another object");
    let said = bench.run(&["plan", "-no-color"]).succeeds().out;
    assert_eq!(said.matches("An apply was cut off").count(), 1, "{said}");
    assert_eq!(bench.journal().len(), 1, "{said}");
}

#[test]
fn a_twin_is_not_the_one_that_the_state_has_whoever_plans_it() {
    let Some(bench) = Bench::new() else { return };
    let states = States::serve();
    let things = |count| twins(&states, count);
    initialized(&bench, &things(1));
    bench.run(&["apply", "-auto-approve", "-no-color"]).succeeds();
    // A whole plan knows what is stored.
    elsewhere(&bench);
    bench.apply(&things(2)).succeeds();
    assert_eq!(bench.objects().len(), 2);
    // A partial one does not.
    elsewhere(&bench);
    bench.config(&things(3));
    let refusal = ["may be the object that is to be made here", "import {", "id = \"", "Plan and apply the whole"];
    bench.run(&["apply", "-auto-approve", "-no-color", "-target=trial_thing.a[2]"]).fails_with(&refusal);
    assert_eq!(bench.objects().len(), 2, "nothing was made");
    // A plan in a file has within what it was made of.
    bench.run(&["plan", "-no-color", "-out=planned"]).succeeds();
    elsewhere(&bench);
    bench.run(&["apply", "-no-color", "planned"]).succeeds();
    assert_eq!(bench.objects().len(), 3);
    bench.settled();
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

#[test]
fn two_deployments_of_one_plan_stay_two() {
    let (Some(one), Some(other)) = (Bench::new(), Bench::new()) else { return };
    let (states, others) = (States::serve(), States::serve());
    let body = |states: &States| states.backend() + "resource \"trial_thing\" \"a\" {\n  name = \"same\"\n}\n";
    one.config(&body(&states));
    // The other one works on the same world.
    fs::remove_dir(other.path("world")).unwrap();
    std::os::unix::fs::symlink(one.path("world"), other.path("world")).unwrap();
    let config = fs::read_to_string(one.path("work/main.tf")).unwrap();
    fs::write(other.path("work/main.tf"), config.replace(&states.address, &others.address)).unwrap();
    for bench in [&one, &other] {
        bench.run(&["init", "-no-color", "-input=false"]);
    }
    let running =
        [one.start(&["apply", "-auto-approve", "-no-color"]), other.start(&["apply", "-auto-approve", "-no-color"])];
    for mut running in running {
        assert!(running.wait().unwrap().success());
    }
    assert_eq!(one.objects().len(), 2);
    for (bench, left) in [(&one, 1), (&other, 0)] {
        bench.settled();
        bench.destroy().succeeds();
        assert_eq!(one.objects().len(), left);
    }
}

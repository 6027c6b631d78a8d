//! What goes wrong in the middle: errors, panics, interruptions and kills.

use std::time::{Duration, Instant};

use crate::bench::{Bench, children, ran, signal};

fn thing(inside: &str) -> String {
    format!("resource \"trial_thing\" \"a\" {{\n  name = \"a\"\n  {inside}\n}}\n")
}

#[test]
fn a_create_that_fails_before_it_made_anything_leaves_nothing() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&thing("fault = \"before\"")).fails_with(&[
        "Cannot create trial_thing",
        "The thing was refused",
        "It was told to be",
    ]);
    assert!(!bench.state().contains("\"trial_thing\""));
    assert!(bench.objects().is_empty());
    // Whether a create that failed made something is looked at when it fails, and once more by the next one: it may be seen late.
    let finds = || bench.log().iter().filter(|line| *line == "find").count();
    assert_eq!(finds(), 1);
    bench.apply(&thing("fault = \"before\"")).fails_with(&["The thing was refused"]);
    assert_eq!(finds(), 3);
    bench.apply(&thing("")).succeeds();
    bench.settled();
}

#[test]
fn a_create_whose_answer_is_lost_is_found_at_once() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&thing("fault = \"lost\"")).succeeds();
    assert_eq!(bench.objects().len(), 1);
    bench.settled();
}

#[test]
fn a_create_that_fails_half_way_leaves_a_tainted_object() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&thing("fault = \"after\"")).fails_with(&["The thing is broken"]);
    let instance = bench.instance("trial_thing");
    assert_eq!(instance["status"], "tainted");
    assert!(instance["attributes"]["id"].is_string());
    assert_eq!(bench.objects().len(), 1);
    assert_eq!(bench.plan(&thing(""))["trial_thing.a"], ["delete", "create"]);
    bench.apply(&thing("")).succeeds();
    assert_eq!(bench.objects().len(), 1);
}

#[test]
fn an_update_that_fails_keeps_what_is() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&thing("note = \"one\"")).succeeds();
    bench.apply(&thing("note = \"two\"\n  fault = \"before\"")).fails_with(&["The thing was refused"]);
    // The world has refused it, but only after it stored the new one: the state is the old one until it is read.
    let instance = bench.instance("trial_thing");
    assert_eq!(instance["attributes"]["note"], "one");
    assert!(instance["status"].is_null());
    bench.apply(&thing("note = \"three\"\n  fault = \"after\"")).fails_with(&["The thing is broken"]);
    let instance = bench.instance("trial_thing");
    assert_eq!(instance["attributes"]["note"], "three");
    assert!(instance["status"].is_null(), "a failed update taints nothing");
}

#[test]
fn a_delete_that_fails_keeps_the_object_in_the_state() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&thing("note = \"eternal\"")).succeeds();
    bench.destroy().fails_with(&["The thing is eternal"]);
    assert_eq!(bench.instance("trial_thing")["attributes"]["note"], "eternal");
}

#[test]
fn what_cannot_be_removed_is_refused_before_anything_else_is_destroyed() {
    let Some(bench) = Bench::new() else { return };
    // The other one is destroyed first.
    let other = "\nresource \"trial_thing\" \"b\" {\n  name       = \"b\"\n  depends_on = [trial_thing.a]\n}\n";
    let full = thing("note = \"full\"");
    bench.apply(&(full.clone() + other)).succeeds();
    bench.destroy().fails_with(&["Cannot delete trial_thing \"a\": The thing is full", "Empty it."]);
    assert_eq!(bench.objects().len(), 2, "nothing is destroyed half-way");
    // A replacement removes it as well.
    let moved = thing("note = \"full\"\n  zone = \"z\"");
    bench.apply(&(moved + other)).fails_with(&["The thing is full"]);
    assert_eq!(bench.objects().len(), 2);
    bench.apply(&(thing("note = \"empty\"") + other)).succeeds();
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

#[test]
fn what_the_service_would_refuse_is_said_by_the_plan() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&thing("note = \"impossible\"")).fails_with(&["The thing cannot be so", "Be another.", "note"]);
    assert!(bench.objects().is_empty() && !bench.log().iter().any(|line| line == "find"), "nothing was begun");
    let ran = bench.apply(&thing("note = \"doubtful\""));
    assert!(ran.out.contains("The thing may not be so"), "{}", ran.out);
    bench.settled();
    bench.apply(&thing("note = \"impossible\"")).fails_with(&["The thing cannot be so"]);
    assert_eq!(bench.instance("trial_thing")["attributes"]["note"], "doubtful");
}

#[test]
fn a_panic_is_said_to_be_a_bug_and_the_provider_lives_on() {
    let Some(bench) = Bench::new() else { return };
    let other = "\nresource \"trial_thing\" \"b\" {\n  name        = \"b\"\n  ready_after = 500\n}\n";
    let ran = bench.apply(&(thing("fault = \"panic\"") + other));
    let ran = ran.fails_with(&["The provider has a bug: it panicked", "the thing blew up"]);
    assert!(ran.out.contains("trial_thing.b: Creation complete"), "{}", ran.out);
    assert!(!ran.err.contains("plugin crashed"), "{}", ran.err);
    // What the panicking create had made is found again.
    bench.apply(&(thing("fault = \"panic\"") + other)).succeeds();
    assert_eq!(bench.objects().len(), 2);
    bench.settled();
}

#[test]
fn an_answer_that_breaks_the_plan_is_said_to_be_a_bug() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&thing("note = \"true\"\n  fault = \"lie\"")).fails_with(&["bug", "note"]);
    assert_eq!(bench.instance("trial_thing")["status"], "tainted");
    bench.destroy().succeeds();
    bench.apply(&thing("fault = \"forget\"")).fails_with(&["The provider has a bug: a value is unknown", "revision"]);
    assert!(bench.instance("trial_thing")["attributes"]["id"].is_string());
}

#[test]
fn an_interrupted_create_leaves_a_tainted_object_within_a_second() {
    let Some(bench) = Bench::new() else { return };
    bench.config(&thing("ready_after = 60000"));
    let running = bench.start(&["apply", "-auto-approve", "-no-color"]);
    bench.wait_for("waiting");
    let begun = Instant::now();
    // A terminal sends the signal to all of its processes; the provider is to leave it to Terraform.
    for child in children(running.id()) {
        signal(child.into(), "INT");
    }
    signal(running.id().into(), "INT");
    let ended = ran(running.wait_with_output().unwrap()).fails_with(&["Interrupted"]);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}\n{}", begun.elapsed(), ended.out);
    let instance = bench.instance("trial_thing");
    assert_eq!(instance["status"], "tainted");
    assert!(instance["attributes"]["id"].is_string());
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

/// Starts an apply, and kills with -9 once the world was asked for `line`: the provider, and `terraform` too if asked to.
fn kill(bench: &Bench, line: &str, terraform: bool) {
    let mut running = bench.start(&["apply", "-auto-approve", "-no-color"]);
    bench.wait_for(line);
    let providers = children(running.id());
    if terraform {
        running.kill().unwrap();
    }
    for child in providers {
        signal(child.into(), "KILL");
    }
    running.wait().unwrap();
}

#[test]
fn what_a_killed_create_made_is_taken_over_by_the_next_apply() {
    for terraform in [false, true] {
        let Some(bench) = Bench::new() else { return };
        bench.config(&thing("fault = \"hang\""));
        kill(&bench, "put thing", terraform);
        assert_eq!(bench.objects().len(), 1);
        assert!(!bench.state().contains("\"trial_thing\""));
        assert_eq!(bench.journal().len(), 1);
        let made = bench.objects();

        let ran = bench.run(&["apply", "-auto-approve", "-no-color", "-lock=false"]).succeeds();
        assert!(ran.out.contains("1 added"), "{}", ran.out);
        assert_eq!(bench.objects(), made, "the same object, and no other");
        let id = bench.instance("trial_thing")["attributes"]["id"].as_str().unwrap().to_owned();
        assert!(made[0].ends_with(format!("thing.{id}.json")));
        bench.settled();
        assert!(bench.journal().is_empty());
        bench.destroy().succeeds();
        assert!(bench.objects().is_empty());
    }
}

#[test]
fn what_was_never_asked_for_leaves_nothing_to_look_for() {
    let Some(bench) = Bench::new() else { return };
    bench.config(&thing(""));
    let file = bench.path("work/main.tf");
    let text = std::fs::read_to_string(&file).unwrap();
    let without: String =
        text.lines().filter(|line| !line.contains("world =")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, without).unwrap();
    for _ in 0..2 {
        let ran = bench.run(&["apply", "-auto-approve", "-no-color"]);
        let said = ran.out + &ran.err;
        assert!(said.contains("There is no world") && !said.contains("cut off"), "{said}");
        assert!(bench.journal().is_empty());
    }
}

#[test]
fn twins_of_which_one_was_killed_stay_two() {
    let Some(bench) = Bench::new() else { return };
    let twins =
        "resource \"trial_thing\" \"a\" {\n  count       = 2\n  name        = \"twin\"\n  ready_after = 60000\n}\n";
    bench.config(twins);
    let mut running = bench.start(&["apply", "-auto-approve", "-no-color"]);
    let begun = Instant::now();
    while bench.log().iter().filter(|line| *line == "waiting").count() < 2 && begun.elapsed() < Duration::from_secs(20)
    {
        std::thread::sleep(Duration::from_millis(10));
    }
    let providers = children(running.id());
    running.kill().unwrap();
    providers.into_iter().for_each(|child| signal(child.into(), "KILL"));
    running.wait().unwrap();
    assert_eq!(bench.journal().len(), 2);

    // One more than before: two are taken over, one is new.
    let made = bench.objects();
    for object in &made {
        let text = std::fs::read_to_string(object).unwrap();
        std::fs::write(object, text.replace("60000", "0")).unwrap();
    }
    bench.config(&twins.replace("count       = 2", "count       = 3"));
    let again = bench.start(&["apply", "-auto-approve", "-no-color", "-lock=false"]);
    let begun = Instant::now();
    while bench.objects().len() < 3 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    signal(again.id().into(), "INT");
    let ended = ran(again.wait_with_output().unwrap());
    let objects = bench.objects();
    assert_eq!(objects.len(), 3, "{ended:#?}\n{:?}", bench.log());
    assert!(made.iter().all(|object| objects.contains(object)));
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

//! The provider under real terraform, against localcloud and moto. One binary, so that one local cloud serves all tests
//! and is stopped at the end, which the standard test harness cannot do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]
#![allow(clippy::exit, missing_docs, unreachable_pub)]

mod bad_input;
mod bench;
mod cloud;
mod configurations;
mod contract;
mod crashes;
mod destroys;
mod empty_texts;
mod encryption;
mod expiry;
mod foreign;
mod generated;
mod job;
mod kill;
mod left_out;
mod module_pages;
mod moved;
#[cfg(feature = "mutants")]
mod mutants;
mod official;
mod orphans;
mod pages;
mod policies;
mod reads;
mod remote_state;
mod root_module;
mod scenarios;
mod secrets;
mod switches;
mod taken_over;

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use cloud::Shared;
use crashes::Turns;

/// Tests at a time, at least: many of them wait for a call that they have made slow.
const AT_ONCE: usize = 3;

fn main() {
    let mut arguments = Arguments::from_args();
    let cores = std::thread::available_parallelism().map_or(AT_ONCE, Into::into);
    let at_once = *arguments.test_threads.get_or_insert(cores.max(AT_ONCE));
    let shared = Arc::new(Shared::default());
    let apart: Vec<Arc<Shared>> = (0..at_once).map(|_| Arc::default()).collect();
    let official = [Arc::new(Shared::default()), Arc::new(Shared::default())];
    let mut trials = Vec::new();
    assert!(
        bench::terraform().is_some(),
        "terraform is not on the PATH: https://developer.hashicorp.com/terraform/install"
    );
    trials.extend(contract::trials(&shared));
    trials.extend(empty_texts::trials(&shared));
    trials.extend(foreign::trials(&shared));
    trials.extend(reads::trials(&shared));
    trials.extend(official::states::trials(&official));
    trials.extend(configurations::trials(&shared));
    trials.extend(crashes::trials(&Turns::of(&apart)));
    #[cfg(feature = "mutants")]
    trials.extend(mutants::trials());
    let tests =
        [bad_input::TESTS, expiry::TESTS, job::TESTS, kill::TESTS, left_out::TESTS, orphans::TESTS, scenarios::TESTS]
            .concat();
    for (name, test) in tests {
        let shared = Arc::clone(&shared);
        trials.push(Trial::test(name, move || {
            test(shared.cloud());
            Ok(())
        }));
    }
    for (name, test) in root_module::TESTS
        .iter()
        .chain(destroys::TESTS)
        .chain(encryption::TESTS)
        .chain(generated::TESTS)
        .chain(policies::TESTS)
        .chain(moved::TESTS)
        .chain(switches::TESTS)
        .chain(remote_state::TESTS)
    {
        trials.push(Trial::test(*name, || {
            test();
            Ok(())
        }));
    }
    for (name, test) in pages::TESTS.iter().chain(module_pages::TESTS).chain(official::table::TESTS) {
        trials.push(Trial::test(*name, || {
            test();
            Ok(())
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    shared.stop();
    apart.iter().chain(&official).for_each(|cloud| cloud.stop());
    conclusion.exit();
}

/// A test that is given the shared cloud, and its name.
pub type Test = (&'static str, fn(&cloud::Cloud));

/// The environment of a test, as pairs.
pub type Env = BTreeMap<String, String>;

#!/bin/sh
# The compiler, for RUSTC_WORKSPACE_WRAPPER: what it is called for tells libFuzzer which of its branches an input reached. The
# crates of others are those of every other build: an input is to find new ways through our code.
# The options are those of `cargo fuzz` (its src/project.rs), which builds all crates anew instead.
case " $* " in
  # What runs while others are built is not what is fuzzed.
  *" --crate-name build_script_"*) exec "$@" ;;
esac
exec "$@" --cfg fuzzing -C opt-level=1 -C codegen-units=1 -C passes=sancov-module \
  -C llvm-args=-sanitizer-coverage-level=4 \
  -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
  -C llvm-args=-sanitizer-coverage-pc-table \
  -C llvm-args=-sanitizer-coverage-trace-compares \
  -C llvm-args=-simplifycfg-branch-fold-threshold=0

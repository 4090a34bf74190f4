//! The tests in every instruction set.
#![allow(clippy::unwrap_used)]

use std::{env, iter, process::Command};

/// All other tests again on three threads, in each set of instructions that the machine has: the loops are compiled for
/// each.
#[test]
fn in_every_instruction_set_and_on_several_threads_too() {
    const CHILD: &str = "ENREDO_TEST_CHILD";
    if env::var_os(CHILD).is_some() {
        return;
    }
    for set in sets() {
        let mut tests = Command::new(env::current_exe().unwrap());
        tests.arg("--test-threads=1").env(CHILD, "1");
        let ran =
            tests.env("ATEN_CPU_CAPABILITY", set).env("OMP_NUM_THREADS", "3").output().unwrap();
        let [out, err] = [ran.stdout, ran.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(ran.status.success(), "{set}, {}:\n{out}{err}", ran.status);
        assert!(!out.contains("running 0 tests"), "{out}");
    }
}

#[cfg(target_arch = "x86_64")]
fn sets() -> Vec<&'static str> {
    let has = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512", is_x86_feature_detected!("avx512vl")),
    ];
    let rest = has.into_iter().filter(|(_, has)| *has).map(|(set, _)| set);
    iter::once("default").chain(rest).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn sets() -> Vec<&'static str> {
    vec!["default"]
}

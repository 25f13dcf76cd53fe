#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| porchlight::testing::run("backup", bytes));

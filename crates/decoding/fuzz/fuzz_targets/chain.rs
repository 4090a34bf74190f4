//! Any row, context and chain of processors.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: enredo_decoding_fuzz::Case| case.check());

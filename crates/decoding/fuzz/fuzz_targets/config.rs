//! Any JSON text as a configuration.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| enredo_decoding_fuzz::check_config(text));

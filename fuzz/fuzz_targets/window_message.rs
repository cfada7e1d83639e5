//! A line that the window's process writes to the program behind it, or reads from it.

#![no_main]

use fuzz::messages::{FromWindow, ToWindow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    if let Ok(told) = serde_json::from_str::<FromWindow>(line) {
        let written = serde_json::to_string(&told).expect("it can be written");
        assert!(!written.contains('\n'), "a message is one line");
        let again = serde_json::from_str::<FromWindow>(&written).expect("it can be read again");
        assert_eq!(again, told);
    }
    if let Ok(told) = serde_json::from_str::<ToWindow>(line) {
        let written = serde_json::to_string(&told).expect("it can be written");
        assert!(!written.contains('\n'), "a message is one line");
    }
});

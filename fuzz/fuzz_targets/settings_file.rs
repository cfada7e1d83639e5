//! The desktop app's `settings.json`.

#![no_main]

use std::fs;

use fuzz::stored::{Stored, StoredFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = fuzz::folder();
    let path = folder.path().join("settings.json");
    fs::write(&path, bytes).expect("a file");
    let (file, stored, remark) = StoredFile::read(folder.path());
    assert!(fuzz::files(folder.path()).iter().any(|kept| kept == bytes), "nothing is lost");
    if file.write(&stored).is_ok() {
        let (_, again, problem) = StoredFile::read(folder.path());
        assert_eq!(again, stored);
        assert_eq!(problem, None, "what was written is read again");
    } else {
        assert_eq!(stored, Stored::default(), "a newer program's settings are not guessed at");
        assert!(remark.is_some(), "the person hears of it");
        assert_eq!(fs::read(&path).expect("the file"), bytes, "it is left alone");
    }
});

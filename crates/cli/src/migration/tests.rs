use std::fs;

use clap::Parser as _;
use vault::{Preference, Vault};

use super::*;
use crate::args::Arguments;

const TOKEN: &str = "inst_ReadBack00000001:s_test_0123456789abcdefghijABCDEFGHIJ42";

#[tokio::test]
async fn what_does_not_come_back_as_it_was_stored_deletes_nothing_and_pairs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let npm = folder.path().join("npm");
    fs::create_dir(&npm).unwrap();
    let credentials = format!(
        r#"{{"botToken": "{TOKEN}", "sophonBase": "https://api.sophon.at",
            "bridgeSecretHex": "{}"}}"#,
        "d5".repeat(32)
    );
    fs::write(npm.join(files::CREDENTIALS), &credentials).unwrap();
    let data = folder.path().join("data");
    let flags = ["sophon-bridge", "--data-dir", data.to_str().unwrap()];
    let mut config = Config::read(&Arguments::try_parse_from(flags).unwrap().options).unwrap();
    config.npm_folder = Some(npm.clone());
    // What one opening of it stores, the next one does not find.
    config.secrets.preference = Preference::Memory;
    let (vault, _) = Vault::open(config.secrets.clone()).await.unwrap();

    let found = find_npm_pairing(&config).unwrap().unwrap();
    let failure = take_over(&config, &vault, &found, true).await.unwrap_err();
    assert_eq!(failure.code, "npm_pairing_not_kept");
    assert!(failure.message.contains("untouched"), "{failure}");
    assert!(vault.credential(&config.token_name()).is_none());
    assert_eq!(fs::read_to_string(npm.join(files::CREDENTIALS)).unwrap(), credentials);
}

#[test]
fn a_user_without_a_home_folder_has_no_npm_bridge() {
    let flags = ["sophon-bridge", "--data-dir", "/nowhere"];
    let mut config = Config::read(&Arguments::try_parse_from(flags).unwrap().options).unwrap();
    config.npm_folder = None;
    assert_eq!(find_npm_pairing(&config).unwrap(), None);
}

//! The vault without a keychain: in a file, and in memory.
#![cfg(test)]

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretSlice};
use tempfile::TempDir;
use vault::{Backend, Place, Preference, Vault, VaultError, VaultNotice};

fn place(folder: &Path, preference: Preference) -> Place {
    Place { data_dir: folder.to_owned(), preference, instance: None }
}

async fn open(folder: &Path) -> (Vault, Vec<VaultNotice>) {
    let (vault, opened) = Vault::open(place(folder, Preference::FileOnly)).await.unwrap();
    assert_eq!(opened.backend, Backend::File);
    (vault, opened.notices)
}

fn bytes(text: &str) -> SecretSlice<u8> {
    text.as_bytes().to_vec().into()
}

fn credential(vault: &Vault, name: &str) -> Option<String> {
    vault.credential(name).map(|secret| secret.expose_secret().to_owned())
}

fn key(vault: &Vault, name: &str) -> Option<Vec<u8>> {
    vault.key(name).unwrap().map(|key| key.expose_secret().to_vec())
}

async fn filled(folder: &Path) -> Vault {
    let (vault, _) = open(folder).await;
    vault.store_credential("token", "hush-token".into()).await.unwrap();
    vault.store_key("device", bytes("hush-key")).await.unwrap();
    vault
}

fn aside(folder: &Path, name: &str) -> Vec<Vec<u8>> {
    let prefix = format!("{name}.damaged-");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix))
        .map(|path| fs::read(path).unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_stored_in_files_is_there_at_the_next_start() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    let (again, notices) = open(folder.path()).await;
    assert_eq!(notices, []);
    assert_eq!(credential(&again, "token").as_deref(), Some("hush-token"));
    assert_eq!(key(&again, "device").as_deref(), Some(&b"hush-key"[..]));
    assert_eq!(credential(&again, "device"), None);
    assert_eq!(key(&again, "token"), None);
}

#[tokio::test]
async fn opening_creates_nothing_and_a_missing_folder_is_created_for_its_owner_alone() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("a/b");
    let (vault, _) = open(&folder).await;
    vault.remove_key("absent").await.unwrap();
    assert!(!folder.join("secrets.json").exists());
    vault.ensure_writable().await.unwrap();
    assert!(folder.join("secrets.json").exists());
    #[cfg(unix)]
    for (path, mode) in [("", 0o700), ("secrets.json", 0o600), ("secrets.sealed", 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        let found = fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}");
    }
}

#[tokio::test]
async fn removed_values_are_gone_and_others_stay() {
    let folder = TempDir::new().unwrap();
    let vault = filled(folder.path()).await;
    vault.store_key("session/1", bytes("a")).await.unwrap();
    vault.store_key("session/2", bytes("b")).await.unwrap();
    vault.wipe("session/").await.unwrap();
    vault.remove_credential("token").await.unwrap();
    for vault in [vault, open(folder.path()).await.0] {
        assert_eq!(key(&vault, "session/1"), None);
        assert_eq!(key(&vault, "session/2"), None);
        assert_eq!(credential(&vault, "token"), None);
        assert_eq!(key(&vault, "device").as_deref(), Some(&b"hush-key"[..]));
    }
}

#[tokio::test]
async fn values_are_removed_by_any_rule_for_their_names() {
    let folder = TempDir::new().unwrap();
    let vault = filled(folder.path()).await;
    for name in ["one#2 key", "two#2 key", "one#22 key"] {
        vault.store_key(name, bytes("a")).await.unwrap();
        vault.store_credential(name, "hush".into()).await.unwrap();
    }
    vault.wipe_where(|name| name.contains("#2 ")).await.unwrap();
    for vault in [vault, open(folder.path()).await.0] {
        for gone in ["one#2 key", "two#2 key"] {
            assert_eq!((key(&vault, gone), credential(&vault, gone)), (None, None));
        }
        assert!(key(&vault, "one#22 key").is_some() && credential(&vault, "one#22 key").is_some());
        assert!(key(&vault, "device").is_some() && credential(&vault, "token").is_some());
    }
}

#[tokio::test]
async fn wiping_everything_removes_the_files_and_the_vault_can_be_used_again() {
    let folder = TempDir::new().unwrap();
    let vault = filled(folder.path()).await;
    vault.wipe("").await.unwrap();
    assert!(!folder.path().join("secrets.json").exists());
    assert!(!folder.path().join("secrets.sealed").exists());
    assert_eq!(credential(&vault, "token"), None);
    vault.store_key("device", bytes("new")).await.unwrap();
    assert_eq!(key(&open(folder.path()).await.0, "device").as_deref(), Some(&b"new"[..]));
}

#[tokio::test]
async fn a_damaged_secrets_file_is_kept_aside_and_reported() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    fs::write(folder.path().join("secrets.json"), b"\x00garbage").unwrap();
    let (vault, notices) = open(folder.path()).await;
    assert!(matches!(&notices[..], [VaultNotice::SetAside { .. }, VaultNotice::KeysLost { .. }]));
    assert_eq!(credential(&vault, "token"), None);
    assert_eq!(aside(folder.path(), "secrets.json"), [b"\x00garbage"]);
    assert_eq!(aside(folder.path(), "secrets.sealed").len(), 1);
    vault.store_credential("token", "new".into()).await.unwrap();
    let (again, notices) = open(folder.path()).await;
    assert_eq!(notices, []);
    assert_eq!(credential(&again, "token").as_deref(), Some("new"));
}

#[tokio::test]
async fn a_damaged_sealed_file_costs_only_its_keys() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    fs::write(folder.path().join("secrets.sealed"), "{").unwrap();
    let (vault, notices) = open(folder.path()).await;
    assert!(matches!(&notices[..], [VaultNotice::SetAside { .. }]));
    assert_eq!(key(&vault, "device"), None);
    assert_eq!(credential(&vault, "token").as_deref(), Some("hush-token"));
}

#[tokio::test]
async fn one_tampered_value_is_dropped_and_the_others_are_kept() {
    let folder = TempDir::new().unwrap();
    let vault = filled(folder.path()).await;
    vault.store_key("other", bytes("fine")).await.unwrap();
    let path = folder.path().join("secrets.sealed");
    let mut stored: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    stored["values"]["device"] = stored["values"]["other"].clone();
    fs::write(&path, stored.to_string()).unwrap();
    let (vault, notices) = open(folder.path()).await;
    assert!(matches!(&notices[..], [VaultNotice::SetAside { .. }]));
    assert_eq!(key(&vault, "device"), None);
    assert_eq!(key(&vault, "other").as_deref(), Some(&b"fine"[..]));
    assert_eq!(open(folder.path()).await.1, []);
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_alone() {
    for (name, what) in [("secrets.json", "secrets"), ("secrets.sealed", "sealed")] {
        let folder = TempDir::new().unwrap();
        filled(folder.path()).await;
        let path = folder.path().join(name);
        fs::write(&path, r#"{"version":99,"x":1}"#).unwrap();
        let refused = Vault::open(place(folder.path(), Preference::FileOnly)).await;
        let error = refused.err().unwrap();
        assert!(matches!(error, VaultError::FutureVersion { version: 99, .. }), "{what}: {error}");
        assert_eq!(error.remedy(), "Update this program.");
        assert_eq!(fs::read_to_string(&path).unwrap(), r#"{"version":99,"x":1}"#);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let parent = TempDir::new().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let (vault, below) = match Vault::open(place(&file.join("x"), Preference::FileOnly)).await {
        Ok((vault, _)) => (Some(vault), String::new()),
        Err(error) => (None, error.to_string()),
    };
    let said = match vault {
        Some(vault) => vault.ensure_writable().await.unwrap_err().to_string(),
        None => below,
    };
    assert!(said.contains(file.to_str().unwrap()), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_could_read_is_narrowed_and_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    let path = folder.path().join("secrets.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (_, notices) = open(folder.path()).await;
    assert_eq!(notices, [VaultNotice::AccessNarrowed { path: path.clone() }]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn two_folders_do_not_see_each_other() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    filled(one.path()).await;
    assert_eq!(credential(&open(two.path()).await.0, "token"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_one_folder_lose_nothing_of_each_other() {
    let folder = TempDir::new().unwrap();
    let mut writers = Vec::new();
    for writer in 0..4 {
        // Each has a vault of its own, as separate processes would.
        let (vault, _) = open(folder.path()).await;
        writers.push(tokio::spawn(async move {
            for value in 0..5 {
                let name = format!("{writer}/{value}");
                vault.store_key(&name, bytes(&name)).await.unwrap();
                vault.store_credential(&name, name.as_str().into()).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let (vault, notices) = open(folder.path()).await;
    assert_eq!(notices, []);
    for name in (0..4).flat_map(|writer| (0..5).map(move |value| format!("{writer}/{value}"))) {
        assert_eq!(key(&vault, &name).as_deref(), Some(name.as_bytes()));
        assert_eq!(credential(&vault, &name).as_deref(), Some(name.as_str()));
    }
}

#[tokio::test]
async fn what_another_program_stored_is_known_after_another_look() {
    let folder = TempDir::new().unwrap();
    let one = filled(folder.path()).await;
    let (other, _) = open(folder.path()).await;
    one.store_key("later", bytes("kept later")).await.unwrap();
    assert_eq!(key(&other, "later"), None);
    other.look_again().await.unwrap();
    assert_eq!(key(&other, "later").as_deref(), Some("kept later".as_bytes()));
    let (empty, _) = open(TempDir::new().unwrap().path()).await;
    empty.look_again().await.unwrap();
}

#[tokio::test]
async fn memory_keeps_values_for_its_clones_and_writes_no_file() {
    let folder = TempDir::new().unwrap();
    let (vault, opened) = Vault::open(place(folder.path(), Preference::Memory)).await.unwrap();
    assert_eq!(opened.backend, Backend::Memory);
    vault.store_credential("token", "hush".into()).await.unwrap();
    vault.clone().store_key("device", bytes("key")).await.unwrap();
    assert_eq!(credential(&vault.clone(), "token").as_deref(), Some("hush"));
    assert_eq!(key(&vault, "device").as_deref(), Some(&b"key"[..]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn no_secret_is_printed_or_stored_readably_beside_its_key() {
    let folder = TempDir::new().unwrap();
    let vault = filled(folder.path()).await;
    let shown = format!("{vault:?} {:?} {:?}", vault.credential("token"), vault.key("device"));
    assert!(!shown.contains("hush"), "{shown}");
    let sealed = fs::read_to_string(folder.path().join("secrets.sealed")).unwrap();
    assert!(!sealed.contains("hush"));
}

#[tokio::test]
async fn looking_again_puts_a_tampered_value_aside_as_a_start_would() {
    let folder = TempDir::new().unwrap();
    let vault = filled(folder.path()).await;
    vault.store_key("other", bytes("fine")).await.unwrap();
    let path = folder.path().join("secrets.sealed");
    let mut stored: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    stored["values"]["device"] = stored["values"]["other"].clone();
    fs::write(&path, stored.to_string()).unwrap();
    vault.look_again().await.unwrap();
    assert_eq!(key(&vault, "device"), None);
    assert_eq!(key(&vault, "other").as_deref(), Some(&b"fine"[..]));
    assert_eq!(aside(folder.path(), "secrets.sealed").len(), 1);
    let (_, notices) = open(folder.path()).await;
    assert_eq!(notices, []);
}

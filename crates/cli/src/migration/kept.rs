//! What the npm bridge keeps, understood: either all of it is sound, or nothing is taken.

use std::collections::BTreeMap;

use sap::sealed::{DeviceKey, DevicePublicKey, key_from_hex};
use sap::{BridgeToken, CloudUrl, InstallationId, SessionId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::unusable::Why;

/// Longest name of a session that is taken, in characters.
const MAX_SESSION: usize = 128;

/// A secret of 32 bytes.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// Who it is, at which cloud.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) token: BridgeToken,
    pub(super) cloud: CloudUrl,
    pub(super) device: Option<Key>,
}

/// The keys of encrypted sessions.
pub(super) type SessionKeys = Vec<(SessionId, Key)>;

/// Reads `credentials.json`; fields that it does not know are ignored.
pub(super) fn credentials(content: &[u8]) -> Result<Credentials, Why> {
    let file: CredentialsFile = parse(content)?;
    let token = BridgeToken::parse(&file.bot_token)?;
    if file.installation_id.is_some_and(|id| InstallationId::new(id) != token.installation_id()) {
        return Err(Why::OtherInstallation);
    }
    let cloud = CloudUrl::parse(&file.sophon_base)?;
    let secret = file.bridge_secret_hex.as_ref();
    let device = secret.map(|secret| key_from_hex(secret).ok_or(Why::DeviceKey)).transpose()?;
    if let (Some(device), Some(public)) = (&device, file.bridge_pubkey_hex) {
        let public = DevicePublicKey::parse(&public).map_err(|_| Why::DeviceKey)?;
        if DeviceKey::from_bytes(device).public() != public {
            return Err(Why::KeyPair);
        }
    }
    Ok(Credentials { token, cloud, device })
}

/// Reads `session-keys.json`; fields that it does not know are ignored.
pub(super) fn session_keys(content: &[u8]) -> Result<SessionKeys, Why> {
    let file: SessionKeysFile = parse(content)?;
    let taken = file.keys.into_iter().map(|(session, hex)| {
        let is_name = !session.is_empty()
            && session.len() <= MAX_SESSION
            && session.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name {
            return Err(Why::Session);
        }
        Ok((SessionId::new(session), key_from_hex(&hex).ok_or(Why::SessionKey)?))
    });
    taken.collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialsFile {
    bot_token: Secret,
    installation_id: Option<String>,
    sophon_base: String,
    bridge_secret_hex: Option<Secret>,
    bridge_pubkey_hex: Option<String>,
}

#[derive(Deserialize)]
struct SessionKeysFile {
    keys: BTreeMap<String, Secret>,
}

/// A text that is wiped from memory when it is dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::ops::Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

fn parse<T: DeserializeOwned>(content: &[u8]) -> Result<T, Why> {
    // The parser's own words may repeat a secret; where it stopped does not.
    serde_json::from_slice(content)
        .map_err(|error| Why::Damaged { line: error.line(), column: error.column() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TOKEN: &str = "inst_Ab3dEf6hIj9kLm2n:s_test_0123456789abcdefghijABCDEFGHIJ42";
    const SECRET: &str = "Aa07000000000000000000000000000000000000000000000000000000000042";

    fn file() -> Value {
        json!({
            "botToken": TOKEN,
            "installationId": "inst_Ab3dEf6hIj9kLm2n",
            "sophonBase": "https://api.sophon.at",
            "bridgeSecretHex": SECRET,
            "bridgePubkeyHex": public(),
            "savedAt": "2026-01-02T03:04:05.000Z",
            "somethingNewer": {"a": [1]},
        })
    }

    fn public() -> String {
        DeviceKey::from_bytes(&key_from_hex(SECRET).unwrap()).public().to_string()
    }

    fn refusal(field: &str, value: Value) -> String {
        let mut file = file();
        file[field] = value;
        let why = credentials(file.to_string().as_bytes()).unwrap_err();
        let shown = format!("{why} {why:?}");
        for secret in ["hush", "s_test", "0042"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        why.to_string()
    }

    #[test]
    fn sound_credentials_are_taken_whatever_else_stands_in_the_file() {
        let taken = credentials(file().to_string().as_bytes()).unwrap();
        assert_eq!(taken.token.expose(), TOKEN);
        assert_eq!(taken.cloud.to_string(), "https://api.sophon.at");
        let device = taken.device.unwrap();
        assert_eq!((device[0], device[1], device[31]), (0xaa, 0x07, 0x42));
    }

    #[test]
    fn a_bridge_that_never_had_a_device_key_is_taken_without_one() {
        for value in [json!({}), json!({"bridgeSecretHex": null, "bridgePubkeyHex": null})] {
            let mut file = json!({"botToken": TOKEN, "sophonBase": "https://api.sophon.at"});
            file.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
            assert!(credentials(file.to_string().as_bytes()).unwrap().device.is_none());
        }
    }

    #[test]
    fn what_is_not_sound_is_refused_with_its_own_reason_and_never_repeated() {
        for (field, value, reason) in [
            ("botToken", json!("hush hush"), "special character"),
            ("botToken", json!("inst_hush"), "incomplete"),
            ("botToken", json!(7), "damaged"),
            ("botToken", json!(null), "damaged"),
            ("installationId", json!("inst_hush"), "another installation"),
            ("sophonBase", json!("http://hush.example.org"), "https://"),
            ("sophonBase", json!("https://me:hush@example.org"), "password"),
            ("sophonBase", json!(null), "damaged"),
            ("bridgeSecretHex", json!(&SECRET[2..]), "64 hexadecimal"),
            ("bridgeSecretHex", json!(format!("{SECRET}00")), "64 hexadecimal"),
            ("bridgeSecretHex", json!(SECRET.replace('A', "g")), "64 hexadecimal"),
            ("bridgeSecretHex", json!(""), "64 hexadecimal"),
            ("bridgePubkeyHex", json!(SECRET), "belong together"),
            ("bridgePubkeyHex", json!("hush"), "64 hexadecimal"),
        ] {
            let shown = refusal(field, value.clone());
            assert!(shown.contains(reason), "{field} {value}: {shown}");
        }
        assert!(refusal("sophonBase", json!("http://127.0.0.1.example.org")).contains("https"));
    }

    #[test]
    fn text_that_is_no_such_json_names_the_place_and_not_the_content() {
        for text in ["", "hush", "[]", "{\"botToken\": \"hush", "{\"botToken\": [\"hush\"]}"] {
            let why = credentials(text.as_bytes()).unwrap_err().to_string();
            assert!(why.contains("line") && !why.contains("hush"), "{why}");
            let why = session_keys(text.as_bytes()).unwrap_err().to_string();
            assert!(why.contains("line") && !why.contains("hush"), "{why}");
        }
    }

    #[test]
    fn session_keys_are_taken_all_or_none() {
        let read =
            |keys: Value| session_keys(json!({"keys": keys, "savedAt": ""}).to_string().as_bytes());
        let taken = read(json!({"ses_1": SECRET, "ses_2": SECRET.to_lowercase()})).unwrap();
        assert_eq!(taken.len(), 2);
        assert_eq!((taken[0].0.as_str(), taken[0].1[31]), ("ses_1", 0x42));
        assert!(read(json!({})).unwrap().is_empty());
        for (keys, reason) in [
            (json!({"ses_1": SECRET, "ses_2": "hush"}), "64 hexadecimal"),
            (json!({"": SECRET}), "no session"),
            (json!({"ses\u{1b}[2J": SECRET}), "no session"),
            (json!({"s".repeat(200): SECRET}), "no session"),
        ] {
            let why = read(keys).unwrap_err().to_string();
            assert!(why.contains(reason) && !why.contains("hush"), "{why}");
        }
    }
}

use desktoplab::assert_nowhere;
use secrecy::SecretString;
use serde_json::json;

use crate::computer::{Computer, is_gateway_connected};

#[tokio::test]
async fn the_pairing_of_the_npm_bridge_moves_into_the_keychain_and_its_files_go() {
    let computer = Computer::new().await;
    let (id, token) = computer.cloud.mint_installation("Den");
    let credentials = json!({
        "botToken": token,
        "installationId": id,
        "sophonBase": computer.cloud.base_url(),
        "bridgeSecretHex": "d5".repeat(32),
    });
    let keys = json!({"keys": {"ses_encrypted00001": "5e".repeat(32)}});
    let files = ["credentials.json", "session-keys.json"].map(|it| computer.data_dir().join(it));
    std::fs::create_dir_all(computer.data_dir()).unwrap();
    std::fs::write(&files[0], credentials.to_string()).unwrap();
    std::fs::write(&files[1], keys.to_string()).unwrap();

    let app = computer.start(&[]);
    let window = computer.window().await;
    window.wait_for_text(".take-over", &id).await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-take-over")).await.unwrap();
    window.click(".take-over input").await.unwrap();
    window.click(".take-over button").await.unwrap();
    let icon = computer.icon().await;
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
    icon.wait_for_line(is_gateway_connected).await.unwrap();
    window.wait_for_text("#page", "are deleted").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-taken-over")).await.unwrap();

    assert!(!files.iter().any(|file| file.exists()));
    let token = SecretString::from(token);
    assert!(computer.desktop.secrets().contains_secret(&token).await.unwrap());
    for secret in [token, "d5".repeat(32).into(), "5e".repeat(32).into()] {
        assert_nowhere(&secret, &[computer.data_dir(), computer.desktop.home()], app.pid());
    }
    assert!(computer.cloud.pending_pairings().is_empty());
}

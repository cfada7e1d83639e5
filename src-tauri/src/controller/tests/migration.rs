//! A computer on which the npm bridge was used, and on which the app goes on with its pairing.

use std::path::PathBuf;

use super::*;
use crate::view::NpmPairing;

const FILES: [&str; 2] = ["credentials.json", "session-keys.json"];

impl Computer {
    fn npm_file(&self, name: &str) -> PathBuf {
        self.folder.path().join("npm").join(name)
    }

    /// Leaves what the npm bridge keeps; returns the token.
    fn was_used_with_npm(&self) -> String {
        let (id, token) = self.cloud.mint_installation("Den");
        let key = "d5".repeat(32);
        let credentials = serde_json::json!({
            "botToken": token,
            "installationId": id,
            "sophonBase": self.cloud.base_url(),
            "bridgeSecretHex": key,
        });
        let keys = serde_json::json!({"keys": {"ses_encrypted00001": key}});
        std::fs::create_dir(self.folder.path().join("npm")).unwrap();
        std::fs::write(self.npm_file(FILES[0]), credentials.to_string()).unwrap();
        std::fs::write(self.npm_file(FILES[1]), keys.to_string()).unwrap();
        token
    }

    fn left_of_npm(&self) -> Vec<&'static str> {
        FILES.into_iter().filter(|name| self.npm_file(name).exists()).collect()
    }
}

impl Program {
    async fn until_offered(&mut self) -> NpmPairing {
        self.until_some("an offer", |notes| match notes.first()? {
            Installation::Unpaired { npm, .. } => npm.clone(),
            Installation::Starting
            | Installation::Locked { .. }
            | Installation::Pairing { .. }
            | Installation::Paired(_)
            | Installation::Paused { .. }
            | Installation::Revoked { .. } => None,
        })
        .await
    }

    async fn until_remarked(&mut self, text: &str) {
        self.until_some(text, |notes| {
            let remarks = &notes.view.as_ref()?.remarks;
            remarks.iter().any(|remark| remark.contains(text)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn the_pairing_of_the_npm_bridge_is_offered_and_gone_on_with() {
    for (delete_files, left, remark) in
        [(false, &FILES[..], "unencrypted"), (true, &[], "are deleted")]
    {
        let computer = Computer::new().await;
        let token = computer.was_used_with_npm();
        let mut program = computer.start();
        let offered = program.until_offered().await;
        assert_eq!(Some(offered.id.as_str()), token.split(':').next());
        assert_eq!(offered.cloud, computer.cloud.base_url());
        assert_eq!(computer.left_of_npm(), FILES);
        program.wish(Request::TakeOver { slot: FIRST, delete_files });
        program.until_connected().await;
        program.until_remarked(remark).await;
        assert_eq!(computer.left_of_npm(), left);
        let title = "Paired as the npm bridge was".to_owned();
        program.until_asked_for(Intent::Tell { topic: Topic::Pairing(FIRST), title }).await;
        assert_eq!(program.asked_for(|intent| matches!(intent, Intent::OpenPage(_))), 0);
        let shown = format!("{:?}", *program.notes.borrow());
        let secret = token.split_once(':').unwrap().1;
        assert!(!shown.contains(secret) && !shown.contains("d5d5"), "{shown}");
        program.end().await;

        let mut program = computer.start();
        program.until_connected().await;
        program.end().await;
    }
}

#[tokio::test]
async fn a_pairing_that_cannot_be_taken_over_says_why_and_stays_whole() {
    let computer = Computer::new().await;
    computer.was_used_with_npm();
    let mut program = computer.start();
    program.until_offered().await;
    std::fs::write(computer.npm_file(FILES[1]), "{\"keys\": {\"ses_1\": \"d5d5").unwrap();
    program.wish(Request::TakeOver { slot: FIRST, delete_files: true });
    let problem = program.until_some("a problem", |notes| {
        let installation = notes.first()?;
        if let Installation::Unpaired { problem, npm: None } = installation {
            problem.clone()
        } else {
            None
        }
    });
    let problem = problem.await;
    assert!(problem.what.contains("session-keys.json") && problem.remedy.is_some(), "{problem:?}");
    assert!(!problem.what.contains("d5d5"), "{problem:?}");
    assert_eq!(computer.left_of_npm(), FILES);
    program.end().await;

    let mut program = computer.start();
    program.until_remarked("session-keys.json").await;
    program.wish(Request::TakeOver { slot: FIRST, delete_files: true });
    program.wish(Request::Pair { slot: Some(FIRST) });
    let code = program.until_some("a code", |notes| Some(ticket(notes)?.code.clone())).await;
    computer.cloud.approve_pairing(&code);
    program.until_connected().await;
    assert_eq!(computer.left_of_npm(), FILES);
    program.end().await;
}

#[tokio::test]
async fn a_pairing_that_ended_here_is_not_offered_again_from_files_that_were_kept() {
    let computer = Computer::new().await;
    computer.was_used_with_npm();
    let mut program = computer.start();
    program.until_offered().await;
    program.wish(Request::TakeOver { slot: FIRST, delete_files: false });
    program.until_connected().await;
    program.wish(Request::Unpair { slot: FIRST });
    program.until_unpaired().await;
    program.until_remarked("credentials.json of the npm bridge still holds this access").await;
    program.end().await;

    let mut program = computer.start();
    program.until_remarked("credentials.json of the npm bridge still holds this access").await;
    program.until_unpaired().await;
    assert_eq!(computer.left_of_npm(), FILES);
    program.end().await;
}

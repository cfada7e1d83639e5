//! Other devices of the person.

use super::*;

const SESSION: &str = "ses_controller0011";

#[tokio::test]
async fn a_device_that_is_handed_keys_stays_in_view_with_a_name_in_which_nothing_hides() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    computer.cloud.encrypt_session(SESSION);
    computer.cloud.say(SESSION, "say: sealed");
    let answered =
        |cloud: &CloudView<'_>| cloud.bubbles(SESSION).iter().find(|it| it.end.is_some()).map(drop);
    computer.cloud.wait_for("an answer", SOON, answered).await;
    computer.cloud.join_phone("Pad\u{202e}enohp");
    let title = "Another device of yours".to_owned();
    program.until_asked_for(Intent::Tell { topic: Topic::Keys(FIRST), title }).await;
    let said = "“Padenohp” is handed the keys of encrypted chats (1).";
    program
        .until_some("a remark", |notes| {
            let remarks = &notes.view.as_ref()?.remarks;
            remarks.iter().any(|remark| remark.starts_with(said)).then_some(())
        })
        .await;
    program.end().await;
}

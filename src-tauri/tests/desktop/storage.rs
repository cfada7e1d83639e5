use desktoplab::eventually;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::computer::{App, Computer, SESSION, SOON, is_gateway_connected, output};

/// Lets the files of the app grow to this size and no further, in bytes. Where the signal for it is
/// ignored, a write fails as on a disk that is full.
fn limit_files(app: &App, size: Option<u64>) {
    let process = Pid::from_raw(app.pid().try_into().unwrap()).unwrap();
    let limit = Rlimit { current: size, maximum: None };
    prlimit(Some(process), Resource::Fsize, limit).unwrap();
}

#[tokio::test]
async fn a_full_disk_is_said_everywhere_and_what_waited_is_answered_when_there_is_room() {
    let computer = Computer::new().await;
    let (mut paired, _icon) = computer.start_paired().await;
    paired.terminate();
    paired.ended().await;
    let app = computer.start_after("trap '' XFSZ", &["--hidden"]);
    let icon = computer.icon().await;
    icon.wait_for_line(is_gateway_connected).await.unwrap();
    drop(output(computer.app(&[])).await);
    let window = computer.window().await;
    window.wait_for_text("h1", "Connected").await.unwrap();

    limit_files(&app, Some(0));
    let said = computer.cloud.say(SESSION, "say: when there is room");
    icon.wait_for_line(|line| line.contains("Nothing can be stored")).await.unwrap();
    icon.wait_for_line(|line| line.contains("Free some space")).await.unwrap();
    assert!(icon.tooltip().await.unwrap().contains("nothing can be stored"));
    let notifications = computer.desktop.notifications();
    let told = notifications.wait_for(|it| it.title == "Nothing can be stored").await.unwrap();
    assert!(told.body.contains("Free some space"), "{}", told.body);
    window.wait_for_text("h1", "Nothing can be stored").await.unwrap();
    window.wait_for_text("body", "Free some space").await.unwrap();
    computer.desktop.screenshot(&computer.picture("storage")).unwrap();
    assert!(!computer.cloud.look(|cloud| cloud.is_acked(&said.update_id)));

    limit_files(&app, None);
    let answered = |cloud: &simulator::cloud::CloudView<'_>| {
        cloud.bubbles(SESSION).iter().any(|it| it.end.is_some()).then_some(())
    };
    computer.cloud.wait_for("answer", SOON, answered).await;
    let well = async || Ok(icon.tooltip().await?.contains("connected").then_some(()));
    eventually("an end of the trouble", well).await.unwrap();
    window.wait_for_text("h1", "Connected").await.unwrap();
    notifications.wait_for(|it| it.title == "Messages are carried again").await.unwrap();
}

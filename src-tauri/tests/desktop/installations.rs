use desktoplab::{TrayIcon, WebDriver, eventually};
use simulator::cloud::CloudView;

use crate::computer::{Computer, SOON, output};

const FIRST: &str = "ses_desktop000101";
const SECOND: &str = "ses_desktop000202";

/// Pairs one more installation from the tray.
async fn pair_another(computer: &Computer, icon: &TrayIcon) {
    icon.click("Pair another installation…").await.unwrap();
    let code = eventually("a code", async || {
        Ok(computer.cloud.pending_pairings().first().map(|pending| pending.code.clone()))
    });
    computer.cloud.approve_pairing(&code.await.unwrap());
    connected(computer, 2).await;
}

/// Waits until so many installations are connected to the cloud.
async fn connected(computer: &Computer, count: usize) {
    let are = async || Ok(computer.cloud.look(|it| (it.connected() == count).then_some(())));
    eventually(format!("{count} connected installations"), are).await.unwrap();
}

/// Says something in a session, and waits for the whole answer.
async fn answered(computer: &Computer, session: &str, word: &str) {
    computer.cloud.say(session, &format!("say: {word}"));
    let ended = |cloud: &CloudView<'_>| {
        let mut bubbles = cloud.bubbles(session).iter();
        let is_it = |end: &str| end.contains(word);
        bubbles
            .any(|it| it.end.as_ref().and_then(|end| end.text.as_deref()).is_some_and(is_it))
            .then_some(())
    };
    computer.cloud.wait_for("an answer", SOON, ended).await;
}

/// Labels of the submenus with a line, such as `Pause`.
async fn submenus_with(icon: &TrayIcon, line: &str) -> Vec<String> {
    let menu = icon.menu().await.unwrap();
    let has_it = |it: &&desktoplab::MenuLine| it.children.iter().any(|child| child.label == line);
    menu.lines.iter().filter(has_it).map(|it| it.label.clone()).collect()
}

async fn window_of(computer: &Computer) -> WebDriver {
    drop(output(computer.app(&[])).await);
    computer.window().await
}

#[tokio::test]
async fn two_installations_live_at_once_and_one_is_paused_alone() {
    let computer = Computer::new().await;
    let (mut app, icon) = computer.start_paired().await;
    answered(&computer, FIRST, "one").await;
    pair_another(&computer, &icon).await;
    answered(&computer, SECOND, "two").await;
    answered(&computer, FIRST, "three").await;

    let both = submenus_with(&icon, "Pause").await;
    assert_eq!(both.len(), 2, "{}", icon.menu().await.unwrap());
    assert_ne!(both[0], both[1], "they are told apart");
    let window = window_of(&computer).await;
    window.wait_for(".installation[data-slot='2']").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("installations-two")).await.unwrap();

    icon.click_path(&[&both[1], "Pause"]).await.unwrap();
    connected(&computer, 1).await;
    answered(&computer, FIRST, "four").await;
    window.wait_for_text(".installation[data-slot='2']", "aused").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("installations-one-paused")).await.unwrap();
    drop(window);

    // It is as it was after a restart of the program.
    app.terminate();
    app.ended().await;
    drop(app);
    let (_app, icon) = computer.start_hidden().await;
    connected(&computer, 1).await;
    answered(&computer, FIRST, "five").await;
    let resumed = submenus_with(&icon, "Resume").await;
    assert_eq!(resumed, [both[1].clone()]);
    icon.click_path(&[&resumed[0], "Resume"]).await.unwrap();
    connected(&computer, 2).await;
    answered(&computer, SECOND, "six").await;
}

#[tokio::test]
async fn a_pairing_of_another_installation_that_is_cancelled_leaves_nothing() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    icon.click("Pair another installation…").await.unwrap();
    let menu = eventually("a pairing that can be cancelled", async || {
        Ok(submenus_with(&icon, "Cancel pairing").await.first().cloned())
    });
    let name = menu.await.unwrap();
    icon.click_path(&[&name, "Cancel pairing"]).await.unwrap();
    icon.wait_for_line(|line| line == "Pause").await.unwrap();
    answered(&computer, FIRST, "one").await;
}

#[tokio::test]
async fn one_that_the_phone_removes_does_not_disturb_the_other() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    answered(&computer, FIRST, "one").await;
    pair_another(&computer, &icon).await;
    let second = computer.cloud.look(|cloud| cloud.installations()[1].to_owned());
    computer.cloud.revoke(&second);
    eventually("a way to pair it again", async || {
        let again = submenus_with(&icon, "Pair this computer again…").await;
        Ok((again.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    answered(&computer, FIRST, "two").await;
}

#[tokio::test]
async fn an_installation_that_is_unpaired_goes_with_its_secrets() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    answered(&computer, FIRST, "one").await;
    pair_another(&computer, &icon).await;
    let second = computer.cloud.look(|cloud| cloud.installations()[1].to_owned());
    let keyring = computer.desktop.secrets();
    assert!(keyring.find_token(&second).await.unwrap().is_some());
    let window = window_of(&computer).await;
    window.click(".installation[data-slot='2']").await.unwrap();
    window.click(".seat-settings summary").await.unwrap();
    let unpair = "[...document.querySelectorAll('button')] \
        .find(button => button.textContent === 'Unpair…').click()";
    window.execute(unpair).await.unwrap();
    window.wait_for_text(".confirm", "phone").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("installations-unpair")).await.unwrap();
    window.click(".confirm .danger").await.unwrap();
    icon.wait_for_line(|line| line == "Pause").await.unwrap();
    connected(&computer, 1).await;
    eventually("an end of its secrets", async || {
        Ok(keyring.find_token(&second).await?.is_none().then_some(()))
    })
    .await
    .unwrap();
    assert!(keyring.find_token("inst_").await.unwrap().is_some(), "the other one stays");
    answered(&computer, FIRST, "two").await;
}

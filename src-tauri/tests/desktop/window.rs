use std::time::Duration;

use desktoplab::{DesktopOptions, eventually, memory};

use crate::computer::{Computer, SESSION, SOON, output};

/// How long a person waits before they click again.
const AGAIN: Duration = Duration::from_millis(500);

#[tokio::test]
async fn the_window_pairs_shows_both_sides_and_decides() {
    let computer = Computer::new().await;
    let _app = computer.start(&[]);
    let window = computer.window().await;
    window.wait_for_text("#page", "Pair this computer").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-first-run")).await.unwrap();
    window.click("#page button").await.unwrap();
    let page = computer.desktop.wait_for_opened_page().await.unwrap();
    let code = computer.cloud.pending_pairings()[0].code.clone();
    window.wait_for_text("#page", &code).await.unwrap();
    assert!(page.as_str().contains(&code));
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-pairing")).await.unwrap();
    computer.cloud.approve_pairing(&code);
    window.wait_for_text("#page", "Connected").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-connected")).await.unwrap();

    let id = computer.ask("echo hello").await;
    window.click("#tab-requests").await.unwrap();
    let allow = format!("[data-request='approval:{id}'] [data-verdict=allow_once]");
    window.wait_for_text("#page", "echo hello").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-request")).await.unwrap();
    eventually("a decision", async || {
        // A click right after the card came is ignored, and the card may go before the next one.
        let _ = tokio::time::timeout(AGAIN, window.click(&allow)).await;
        Ok(computer.gateway.pending_approvals().is_empty().then_some(()))
    })
    .await
    .unwrap();
    window.wait_until_gone(&allow).await.unwrap();
    let allowed = |cloud: &simulator::cloud::CloudView<'_>| {
        cloud.tasks(SESSION).iter().any(|it| format!("{it:?}").contains("Allowed")).then_some(())
    };
    computer.cloud.wait_for("allowed card", SOON, allowed).await;

    window.click("#tab-logs").await.unwrap();
    window.wait_for_text("#page", "OpenClaw is connected").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-logs")).await.unwrap();
    window.click("#tab-settings").await.unwrap();
    window.wait_for_text("#page", "Start at login").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-settings")).await.unwrap();
}

#[tokio::test]
async fn nothing_of_the_window_remains_when_it_is_closed_and_pairing_goes_on() {
    let computer = Computer::new().await;
    let (app, icon) = computer.start_hidden().await;
    assert_eq!(memory(app.pid()).unwrap().processes.len(), 1);
    icon.click("Pair this computer…").await.unwrap();
    icon.click("Open Sophon Desktop").await.unwrap();
    let window = computer.window().await;
    window.wait_for_text("#page", "Cancel").await.unwrap();
    assert!(memory(app.pid()).unwrap().processes.len() > 1);
    computer.desktop.close_window("Sophon").await.unwrap();
    let one = async || Ok((memory(app.pid())?.processes.len() == 1).then_some(()));
    eventually("a lone process", one).await.unwrap();
    let code = computer.cloud.pending_pairings()[0].code.clone();
    computer.cloud.approve_pairing(&code);
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
}

#[tokio::test]
async fn a_dark_desktop_with_large_pixels_gets_a_dark_window() {
    let screen = (1280, 1600);
    let options = DesktopOptions { dark: true, scale: 2, screen, ..DesktopOptions::default() };
    let computer = Computer::with(options).await;
    let (_app, _icon) = computer.start_paired().await;
    drop(output(computer.app(&[])).await);
    let window = computer.window().await;
    window.wait_for_text("#page", "Connected").await.unwrap();
    let facts = "return [matchMedia('(prefers-color-scheme: dark)').matches, devicePixelRatio]";
    assert_eq!(window.execute(facts).await.unwrap(), serde_json::json!([true, 2]));
    computer.painted(&window).await;
    window.screenshot(&computer.picture("window-dark-2x")).await.unwrap();
    computer.desktop.screenshot(&computer.picture("screen-dark-2x")).unwrap();
}

#[tokio::test]
async fn the_window_can_do_nothing_but_speak_with_its_program() {
    let computer = Computer::new().await;
    let _app = computer.start(&[]);
    let window = computer.window().await;
    window.wait_for_text("#page", "Pair this computer").await.unwrap();
    let refused = "try { eval('1'); return 'ran'; } catch (error) { return error.name; }";
    assert_eq!(window.execute(refused).await.unwrap(), "EvalError");
    let script = "window.tried = 'waiting'; \
        window.__TAURI_INTERNALS__.invoke('plugin:window|set_title', {value: 'x'}) \
        .then(() => window.tried = 'done', () => window.tried = 'refused')";
    window.execute(script).await.unwrap();
    let answer = async || {
        let answer = window.execute("return window.tried").await?;
        Ok((answer != "waiting").then_some(answer))
    };
    assert_eq!(eventually("an answer", answer).await.unwrap(), "refused");
}

use desktoplab::{ChromiumWindow, WebDriver, assert_nowhere, eventually};

use crate::computer::{Computer, is_gateway_connected};

#[tokio::test]
async fn a_click_in_the_tray_opens_the_browser_and_a_click_there_pairs() {
    let computer = Computer::new().await;
    let (app, icon) = computer.start_hidden().await;
    icon.wait_for_line(|line| line == "This computer is not paired").await.unwrap();
    icon.click("Pair this computer…").await.unwrap();
    let page = computer.desktop.wait_for_opened_page().await.unwrap();
    let code = computer.cloud.pending_pairings()[0].code.clone();
    icon.wait_for_line(|line| line.contains(&code)).await.unwrap();

    let browser = WebDriver::chromium(&computer.desktop, ChromiumWindow::Headless).await.unwrap();
    browser.go(&page).await.unwrap();
    browser.click("button[value=sign-in]").await.unwrap();
    browser.wait_for_text("body", "Den").await.unwrap();
    browser.click("button[value=approve]").await.unwrap();
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
    icon.wait_for_line(is_gateway_connected).await.unwrap();
    let told = computer.desktop.notifications().wait_for(|it| it.title.contains("Den")).await;
    assert!(told.unwrap().title.starts_with("Paired as"));

    let item = computer
        .desktop
        .secrets()
        .wait_for_item(|item| item.attributes.values().any(|value| value.contains("sophon")));
    item.await.unwrap();
    let token = computer.desktop.secrets().find_token("inst_").await.unwrap().unwrap();
    let folders = [computer.data_dir(), computer.desktop.home()];
    assert_nowhere(&token, &folders, app.pid());
}

#[tokio::test]
async fn a_second_click_makes_no_second_pairing() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_hidden().await;
    icon.click("Pair this computer…").await.unwrap();
    let first = computer.desktop.wait_for_opened_page().await.unwrap();
    icon.wait_for_line(|line| line == "Open the page again").await.unwrap();
    icon.click("Open the page again").await.unwrap();
    let pages = eventually("a second page", async || {
        let pages = computer.desktop.opened_pages()?;
        Ok((pages.len() == 2).then_some(pages))
    });
    assert_eq!(pages.await.unwrap(), [first.clone(), first]);
    assert_eq!(computer.cloud.pending_pairings().len(), 1);
}

#[tokio::test]
async fn a_cancelled_pairing_can_be_begun_again() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_hidden().await;
    icon.click("Pair this computer…").await.unwrap();
    icon.wait_for_line(|line| line == "Cancel pairing").await.unwrap();
    icon.click("Cancel pairing").await.unwrap();
    icon.wait_for_line(|line| line == "Pair this computer…").await.unwrap();
}

#[tokio::test]
async fn a_computer_that_is_removed_on_the_phone_says_so_and_can_be_paired_again() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    let installation = computer.cloud.look(|cloud| cloud.installations()[0].to_owned());
    computer.cloud.revoke(&installation);
    let told = computer.desktop.notifications().wait_for(|it| it.title.contains("no longer"));
    told.await.unwrap();
    icon.wait_for_line(|line| line.contains("again…")).await.unwrap();
}

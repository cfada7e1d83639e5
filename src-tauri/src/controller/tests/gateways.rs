//! Several installations, at one gateway or at gateways of their own.

use control::{DeviceAct, Subject};
use simulator::gateway::AskingDevice;

use super::*;
use crate::view::AccessMode;

const SECOND: Slot = Slot(2);

impl Program {
    /// Pairs another installation.
    async fn add_second(&mut self, computer: &Computer) {
        self.wish(Request::Pair { slot: None });
        let code = self.until_some("a code", |it| Some(ticket_of(SECOND, it)?.code.clone()));
        computer.cloud.approve_pairing(&code.await);
        self.until_seat_connected(SECOND).await;
    }

    /// Changes the settings of the second installation.
    fn set_second(&self, change: impl FnOnce(&mut SeatSettings)) {
        let mut settings =
            self.notes.borrow().view.as_ref().unwrap().installations[1].settings.clone();
        change(&mut settings);
        self.wish(Request::SaveSeat { slot: SECOND, settings });
    }

    async fn until_own(&mut self, wanted: usize) -> Vec<String> {
        self.until_some("its own devices", |notes| {
            let devices = notes.view.as_ref()?.access.first()?.devices.as_ref()?;
            let own = devices.iter().filter(|device| device.is_own);
            let own: Vec<_> = own.map(|device| device.id.clone()).collect();
            (own.len() == wanted).then_some(own)
        })
        .await
    }

    async fn until_guarded(&mut self, device: &str) {
        let device = device.to_owned();
        self.wish(Request::Device { slot: FIRST, device, act: DeviceAct::Remove });
        let news = |notes: &Notes| notes.view.as_ref()?.access.first()?.news.clone();
        let refused = self.until_some("news", news).await;
        assert!(refused.what.contains("this program itself"), "{refused:?}");
        self.wish(Request::DismissNews { slot: FIRST });
        self.until_some("no news", |notes| news(notes).is_none().then_some(())).await;
    }
}

#[tokio::test]
async fn a_second_gateway_signs_in_with_the_token_of_its_own_folder() {
    let computer = Computer::new().await;
    let token = "another-gateway-token".to_owned();
    let other = GatewayOptions { token, ..GatewayOptions::of(Generation::Newer) };
    let other = Gateway::start(other).await.unwrap();
    let folder = computer.folder.path().join("openclaw-work");
    set_up_openclaw(&folder, &other);
    let mut program = computer.start_paired().await;
    program.add_second(&computer).await;
    assert_eq!((computer.gateway.connected().len(), other.connected().len()), (2, 0));

    program.set_second(|it| it.openclaw_folder = "/no/such/folder".to_owned());
    let refused = program.until_some("a refusal", |it| it.view.as_ref()?.refused.clone()).await;
    assert_eq!((refused.slot, refused.field.as_str()), (Some(SECOND), "openclaw_folder"));
    program.set_second(|it| it.openclaw_folder = folder.to_str().unwrap().to_owned());
    let is_there = |gateway: &Gateway| (gateway.connected().len() == 1).then_some(());
    assert!(other.wait_for(SOON, is_there).await.is_some());
    assert!(computer.gateway.wait_for(SOON, is_there).await.is_some());
    program.until_seat_connected(SECOND).await;
    program.end().await;

    let mut program = computer.start();
    program.until_seat_connected(FIRST).await;
    program.until_seat_connected(SECOND).await;
    assert_eq!((computer.gateway.connected().len(), other.connected().len()), (1, 1));
    program.end().await;
}

#[tokio::test]
async fn the_devices_of_all_installations_are_guarded_also_of_one_that_is_paused() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.add_second(&computer).await;
    program.want_access(AccessMode::Shown);
    program.look_at(Page::Devices);
    for device in program.until_own(2).await {
        program.until_guarded(&device).await;
    }
    program.wish(Request::Pause { slot: SECOND });
    program.until_seat(SECOND, "paused", |it| matches!(it, Installation::Paused { .. })).await;
    program.end().await;

    let mut program = computer.start();
    program.until_connected().await;
    program.look_at(Page::Devices);
    let own = program.until_own(2).await;
    for device in &own {
        program.until_guarded(device).await;
    }
    for id in own {
        let scopes = vec!["operator.admin".to_owned()];
        let asking = AskingDevice { id, scopes, ..AskingDevice::new("Den") };
        let key = format!("device:{}", computer.gateway.device_asks(&asking));
        let is_marked = |notes: &Notes| {
            let pending = &notes.view.as_ref()?.pending;
            let Subject::Device(device) = &pending.iter().find(|it| it.key == key)?.subject else {
                return None;
            };
            device.is_own.then_some(())
        };
        program.until_some("a mark", is_marked).await;
    }
    program.end().await;
}

#[tokio::test]
async fn one_gateway_that_is_spelled_in_two_ways_is_asked_once() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.add_second(&computer).await;
    let url = computer.gateway.url();
    let other = url.replace("127.0.0.1", "localhost");
    assert_ne!(other, url);
    program.set_second(|it| it.gateway_url = other);
    program.want_access(AccessMode::Always);
    program
        .until_some("the other address", |notes| {
            let seat = &notes.view.as_ref()?.installations[1];
            seat.settings.gateway_url.contains("localhost").then_some(())
        })
        .await;
    program.until_seat_connected(SECOND).await;
    computer.until_managers(1).await;
    computer.gateway.device_asks(&AskingDevice::new("Tablet"));
    program.until_request(RequestKind::Device).await;
    assert_eq!(computer.managers(), 1);
    program.end().await;
}

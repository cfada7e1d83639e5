use gatewaylab::{LabDevice, Version};
use openclaw::pairing::{Devices, PairingError, PairingEvent, Subject, Verdict};
use openclaw::{DeviceId, DeviceIdentity, DeviceRole, PAIRING_SCOPES, SCOPES};

use super::side::{DECIDING, Desk, RealSide, joins, must_wait, operator};

pub(super) async fn a_device_that_asks_is_seen_and_let_in_by_who_has_what_it_asks_for(
    version: Version,
    real: &RealSide,
) {
    let mut seeing = Desk::open(real, None, &PAIRING_SCOPES).await;
    let deciding = Desk::open(real, None, &DECIDING).await;
    assert_eq!(seeing.devices().await, Devices::default(), "{version:?}: it left a trace");

    let (device, wish) = (LabDevice::new().unwrap(), operator("Kitchen", &SCOPES));
    let id = must_wait(real, &device, &wish).await;
    let told = seeing
        .told(|event| match event {
            PairingEvent::DeviceRequested(request) => Some(request),
            PairingEvent::NodeRequested(_)
            | PairingEvent::Resolved { .. }
            | PairingEvent::Changed
            | PairingEvent::SetupUsed(_) => None,
        })
        .await;
    assert_eq!((&told.id, told.device.as_str()), (&id, device.id()));
    assert_eq!(told.introduction.name.as_ref().unwrap().as_str(), "Kitchen");
    assert!(SCOPES.iter().all(|scope| told.scopes.contains(scope)) && !told.is_repair);
    assert_eq!(seeing.devices().await.pending, [told]);

    let refused = seeing.pairing.approve_device(&id).await.unwrap_err();
    assert_eq!(refused.code(), "pairing_scope_missing", "{version:?}: {refused}");
    assert_eq!(refused.command(), Some(&*format!("openclaw devices approve {id}")));
    deciding.pairing.approve_device(&id).await.unwrap();
    assert_eq!(seeing.verdict(Subject::Device, &id).await, Verdict::Approved);
    let again = deciding.pairing.approve_device(&id).await;
    assert_eq!(again, Err(PairingError::Gone), "{version:?}");

    assert!(joins(real, &device, &wish).await.device_token.is_some());
    let devices = seeing.devices().await;
    assert_eq!((devices.pending.len(), devices.paired.len()), (0, 1));
    let token = devices.paired[0].token("operator").unwrap();
    assert!(SCOPES.iter().all(|scope| token.scopes.contains(scope)));
}

pub(super) async fn a_device_that_is_turned_down_may_ask_again_under_another_request(
    version: Version,
    real: &RealSide,
) {
    let mut desk = Desk::open(real, None, &PAIRING_SCOPES).await;
    let (device, wish) = (LabDevice::new().unwrap(), operator("Kitchen", &SCOPES));
    let id = must_wait(real, &device, &wish).await;
    desk.pairing.reject_device(&id).await.unwrap();
    assert_eq!(desk.verdict(Subject::Device, &id).await, Verdict::Rejected);
    let again = desk.pairing.reject_device(&id).await;
    assert_eq!(again, Err(PairingError::Gone), "{version:?}");
    assert_ne!(must_wait(real, &device, &wish).await, id);
}

pub(super) async fn a_known_device_that_asks_for_more_is_shown_as_a_change(
    version: Version,
    real: &RealSide,
) {
    let desk = Desk::open(real, None, &DECIDING).await;
    let device = LabDevice::new().unwrap();
    let first = must_wait(real, &device, &operator("Kitchen", &SCOPES)).await;
    desk.pairing.approve_device(&first).await.unwrap();

    let more = must_wait(real, &device, &operator("Kitchen", &DECIDING)).await;
    let devices = desk.devices().await;
    let request = devices.pending.iter().find(|request| request.id == more).unwrap();
    assert!(request.is_repair, "{version:?}");
    let change = request.change_of(devices.known(request).unwrap());
    let new: Vec<_> = change.new_scopes.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(new, ["operator.pairing"], "{version:?}");
    assert!(change.new_roles.is_empty() && !change.is_introduced_anew);

    desk.pairing.approve_device(&more).await.unwrap();
    let known = desk.paired(&device).await.unwrap();
    let token = known.token("operator").unwrap();
    assert!(token.scopes.contains("operator.pairing") && token.rotated_at_ms.is_some());
}

pub(super) async fn a_request_that_grows_takes_the_place_of_the_one_before(
    version: Version,
    real: &RealSide,
) {
    let mut desk = Desk::open(real, None, &PAIRING_SCOPES).await;
    let device = LabDevice::new().unwrap();
    let first = must_wait(real, &device, &operator("Kitchen", &["operator.read"])).await;
    let second = must_wait(real, &device, &operator("Kitchen", &SCOPES)).await;
    assert_ne!(first, second);
    let mut pending = desk.devices().await.pending;
    pending.retain(|request| request.device.as_str() == device.id());
    assert_eq!(pending.len(), 1, "{version:?}");
    assert!(pending[0].id == second && pending[0].scopes.contains("operator.write"));
    if version == Version::V2026_9_6 {
        assert_eq!(desk.verdict(Subject::Device, &first).await, Verdict::Rejected);
    }
    let gone = desk.pairing.approve_device(&first).await;
    assert_eq!(gone, Err(PairingError::Gone), "{version:?}");
}

pub(super) async fn renewing_revoking_and_removing_do_what_they_say(
    version: Version,
    real: &RealSide,
) {
    let seeing = Desk::open(real, None, &PAIRING_SCOPES).await;
    let desk = Desk::open(real, None, &DECIDING).await;
    let (device, wish) = (LabDevice::new().unwrap(), operator("Kitchen", &SCOPES));
    let (id, role) = (DeviceId::new(device.id()), DeviceRole::new("operator"));
    let request = must_wait(real, &device, &wish).await;
    desk.pairing.approve_device(&request).await.unwrap();

    let member = joins(real, &device, &wish).await;
    let denied = seeing.pairing.rotate_token(&id, &role).await.unwrap_err();
    assert_eq!(denied.code(), "pairing_denied", "{version:?}: {denied}");
    let command = format!("openclaw devices rotate --role operator --device {id}");
    assert_eq!(denied.command(), Some(&*command));
    let rotated = desk.pairing.rotate_token(&id, &role).await.unwrap();
    assert!(rotated.token.is_none(), "it is told to the device alone");
    assert!(rotated.rotated_at_ms.is_some() && rotated.scopes.contains("operator.write"));
    assert_eq!(member.closed().await.unwrap(), 4001);
    let strange = desk.pairing.rotate_token(&id, &DeviceRole::new("node")).await.unwrap_err();
    assert_eq!(strange, PairingError::Gone, "{version:?}");

    let member = joins(real, &device, &wish).await;
    desk.pairing.revoke_token(&id, &role).await.unwrap();
    assert_eq!(member.closed().await.unwrap(), 4001);
    must_wait(real, &device, &wish).await;
    let request = &desk.pending(&device).await.unwrap();
    let known = &desk.paired(&device).await.unwrap();
    assert!(known.token("operator").unwrap().revoked_at_ms.is_some());
    assert_eq!(request.change_of(known).revoked_roles, [role], "{version:?}");

    seeing.pairing.remove_device(&id).await.unwrap();
    let left = (desk.pending(&device).await, desk.paired(&device).await);
    assert_eq!(left, (None, None), "{version:?}");
    let again = seeing.pairing.remove_device(&id).await;
    assert_eq!(again, Err(PairingError::Gone), "{version:?}");
}

pub(super) async fn a_device_is_renamed_where_the_gateway_can(version: Version, real: &RealSide) {
    let mut desk = Desk::open(real, None, &DECIDING).await;
    let device = LabDevice::new().unwrap();
    let id = DeviceId::new(device.id());
    let request = must_wait(real, &device, &operator("Kitchen", &SCOPES)).await;
    desk.pairing.approve_device(&request).await.unwrap();
    let unfit = desk.pairing.rename_device(&id, "two\nlines").await;
    assert_eq!(unfit, Err(PairingError::UnfitName));
    let renamed = desk.pairing.rename_device(&id, " Küche ").await;
    match version {
        Version::V2026_5_6 => {
            assert_eq!(renamed, Err(PairingError::NotOffered { command: None }));
        }
        Version::V2026_9_6 => {
            renamed.unwrap();
            desk.told(|event| (event == PairingEvent::Changed).then_some(())).await;
            let known = desk.paired(&device).await.unwrap();
            assert_eq!(known.label.unwrap().as_str(), "Küche");
            assert_eq!(known.introduction.name.unwrap().as_str(), "Kitchen");
        }
    }
}

pub(super) async fn a_hostile_name_arrives_as_it_was_said_but_bounded(
    version: Version,
    real: &RealSide,
) {
    let desk = Desk::open(real, None, &PAIRING_SCOPES).await;
    let spoof = "Owner\u{202e}\u{200b}\n\u{1b}[31m<b>";
    let name = format!("{spoof}{}", "x".repeat(50_000));
    let device = LabDevice::new().unwrap();
    must_wait(real, &device, &operator(&name, &SCOPES)).await;
    let request = desk.pending(&device).await.unwrap();
    let shown = request.introduction.name.unwrap();
    assert!(shown.as_str().starts_with(spoof), "{version:?}: {:?}", shown.as_str());
    assert_eq!(shown.characters(), name.chars().count(), "{version:?}");
    assert_eq!(shown.missing(), name.chars().count() - 256);
}

pub(super) async fn with_a_key_of_its_own_a_connection_sees_everybody_too_and_is_listed(
    version: Version,
    real: &RealSide,
) {
    let key = DeviceIdentity::generate().unwrap();
    let desk = Desk::open(real, Some(&key), &PAIRING_SCOPES).await;
    let device = LabDevice::new().unwrap();
    must_wait(real, &device, &operator("Kitchen", &SCOPES)).await;
    assert!(desk.pending(&device).await.is_some(), "{version:?}");
    let devices = desk.devices().await;
    let own = devices.paired.iter().find(|device| device.id.as_str() == key.id()).unwrap();
    assert!(own.scopes.contains("operator.pairing") && own.scopes.kept().len() == 1);
}

use gatewaylab::{Application, LabDevice, Version};
use openclaw::PAIRING_SCOPES;
use openclaw::pairing::{PairingError, PairingEvent, Subject, Verdict};

use super::side::{DECIDING, Desk, RealSide, asked, joins, must_wait, operator};

pub(super) async fn a_node_is_let_in_for_what_its_commands_take(version: Version, real: &RealSide) {
    let mut desk = Desk::open(real, None, &PAIRING_SCOPES).await;
    let node = |commands: &[&'static str]| Application {
        is_node: true,
        commands: commands.to_vec(),
        from_web_page: false,
        ..operator("Attic", &[])
    };
    let (running, harmless) = (LabDevice::new().unwrap(), LabDevice::new().unwrap());
    let _running = joins(real, &running, &node(&["system.run"])).await;
    let told = asked(&mut desk).await;
    assert_eq!(told.node.as_str(), running.id());
    let listed = desk.pairing.nodes().await.unwrap().pending.remove(0);
    assert!(listed.id == told.id && listed.scopes_to_approve.contains("operator.admin"));
    let refused = desk.pairing.approve_node(&listed.id).await.unwrap_err();
    let command = Some(format!("openclaw nodes approve {}", listed.id));
    let scope = Some("operator.admin".to_owned());
    assert_eq!(refused, PairingError::MissingScope { scope, command }, "{version:?}");
    desk.pairing.reject_node(&listed.id).await.unwrap();
    assert_eq!(desk.verdict(Subject::Node, &listed.id).await, Verdict::Rejected);
    let gone = desk.pairing.approve_node(&listed.id).await;
    assert_eq!(gone, Err(PairingError::Gone), "{version:?}");

    let _harmless = joins(real, &harmless, &node(&[])).await;
    let told = asked(&mut desk).await;
    desk.pairing.approve_node(&told.id).await.unwrap();
    assert_eq!(desk.verdict(Subject::Node, &told.id).await, Verdict::Approved);
    let nodes = desk.pairing.nodes().await.unwrap();
    assert_eq!((nodes.pending.len(), nodes.unreadable), (0, 0), "{version:?}");
    assert_eq!(nodes.paired[0].id, told.node);
    assert!(nodes.paired[0].capabilities.contains("device"));
    desk.pairing.remove_node(&told.node).await.unwrap();
    desk.told(|event| {
        let (subject, verdict) = (Subject::Node, Verdict::Removed);
        let (request, device) = (None, told.node.clone());
        let removed = PairingEvent::Resolved { subject, request, device, verdict };
        (event == removed).then_some(())
    })
    .await;
    let again = desk.pairing.remove_node(&told.node).await;
    assert_eq!(again, Err(PairingError::Gone), "{version:?}");
}

pub(super) async fn a_node_that_has_to_be_approved_as_a_device_takes_an_administrator_of_the_newer_gateway(
    version: Version,
    real: &RealSide,
) {
    let desk = Desk::open(real, None, &DECIDING).await;
    let device = LabDevice::new().unwrap();
    let node = Application { is_node: true, ..operator("Attic", &[]) };
    let id = must_wait(real, &device, &node).await;
    assert!(desk.pending(&device).await.unwrap().roles.contains("node"));
    let approved = desk.pairing.approve_device(&id).await;
    match version {
        Version::V2026_5_6 => approved.unwrap(),
        Version::V2026_9_6 => {
            let command = Some(format!("openclaw devices approve {id}"));
            assert_eq!(approved, Err(PairingError::Denied { command }));
        }
    }
}

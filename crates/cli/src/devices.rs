//! `sophon-bridge devices`: who may use the gateway, changed from a terminal.

use std::path::{Path, PathBuf};

use control::{Access, Ask, Device, DeviceAct, RequestKind, Slot};

use crate::card;
use crate::clock::now_ms;
use crate::event::Event;
use crate::exit::Failure;
use crate::program::{Ending, Program};
use crate::requests::{Kinds, Wish, decide, list, perform};
use crate::running::known;
use crate::wishes::{Changed, ChangedToken, DevicesCommand};

const JOINING: Kinds = &[RequestKind::Device, RequestKind::Node];

/// Does what was asked for with the gateway's devices.
///
/// # Errors
/// No program runs, there is no such device or request, or it was not done.
pub(crate) async fn devices(program: &mut Program, command: &DevicesCommand) -> Result<(), Ending> {
    match command {
        DevicesCommand::List => {
            show_devices(program).await?;
            list(program, &Ask::Access, JOINING).await
        }
        DevicesCommand::Rename { device, name } => {
            let act = DeviceAct::Rename { name: name.clone() };
            let device = Changed { device: device.clone(), yes: true };
            change(program, &device, |_| Ok(act)).await
        }
        DevicesCommand::Remove { device, commands_only } => {
            let act = if *commands_only { DeviceAct::RemoveNode } else { DeviceAct::Remove };
            change(program, device, |_| Ok(act)).await
        }
        DevicesCommand::Rotate { token } => {
            let act = |device: &Device| Ok(DeviceAct::Rotate { role: role(token, device)? });
            change(program, &token.device, act).await
        }
        DevicesCommand::Revoke { token } => {
            let act = |device: &Device| Ok(DeviceAct::Revoke { role: role(token, device)? });
            change(program, &token.device, act).await
        }
        DevicesCommand::Approve { answer } => {
            let wish = Wish { kinds: JOINING, allow: true, always: false, notify: false };
            decide(program, &answer.key, wish, answer.yes).await
        }
        DevicesCommand::Reject { key } => decide(program, key, Wish::deny(JOINING), true).await,
    }
}

async fn show_devices(program: &mut Program) -> Result<(), Ending> {
    let asking = known(&program.config.data_dir, &Ask::Access);
    let known = program.unless_stopped(asking).await??;
    for (address, gateway) in &known.gateways {
        let via = known.via(address, gateway.slot);
        let via = via.map(|name| format!("\n  Through   {}", control::marked(name)));
        for device in gateway.devices.iter().flatten().cloned() {
            let text = card::device(&device, now_ms()) + via.as_deref().unwrap_or_default();
            program
                .output
                .show(&text, Event::Device { slot: gateway.slot, device: Box::new(device) });
        }
        if gateway.unreadable > 0 {
            let count = gateway.unreadable;
            program.output.remark(&format!("{count} devices or requests cannot be understood."));
        }
    }
    Ok(())
}

/// Does something to a device, once the person has read what comes of it.
async fn change(
    program: &mut Program,
    changed: &Changed,
    act: impl FnOnce(&Device) -> Result<DeviceAct, Failure>,
) -> Result<(), Ending> {
    let gateways = gateways(program).await?;
    let (address, slot, device) = find(&gateways, &changed.device)?;
    let act = act(device)?;
    if device.is_own && !matches!(act, DeviceAct::Rename { .. } | DeviceAct::RemoveNode) {
        return Err(Failure {
            code: "own_device",
            ..Failure::fatal(
                "This is the bridge's own device: it would cut itself off.",
                "To disconnect this computer, unpair it.",
            )
        }
        .into());
    }
    if !changed.yes {
        let text = format!("{}\n\n{}", card::device(device, now_ms()), act.consequence(false));
        program.confirm(&text, "do that").await?;
    }
    let ask = Ask::Device { slot: Some(slot), device: device.id.clone(), act };
    perform(program, address, &ask).await
}

async fn gateways(program: &mut Program) -> Result<Vec<(PathBuf, Access)>, Ending> {
    let asking = known(&program.config.data_dir, &Ask::Access);
    Ok(program.unless_stopped(asking).await??.gateways)
}

/// Finds the device that an id, or its beginning, names.
fn find<'a>(
    gateways: &'a [(PathBuf, Access)],
    id: &str,
) -> Result<(&'a Path, Slot, &'a Device), Failure> {
    let all = gateways.iter().flat_map(|(address, gateway)| {
        let devices = gateway.devices.iter().flatten();
        devices.map(move |device| (address.as_path(), gateway.slot, device))
    });
    let mut found: Vec<_> =
        all.filter(|(.., device)| !id.is_empty() && device.id.starts_with(id)).collect();
    // The same gateway may be known through two installations: either of them will do.
    found.dedup_by(|one, other| one.2.id == other.2.id);
    if let Some(exact) = found.iter().find(|(.., device)| device.id == id) {
        return Ok(*exact);
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure {
            code: "no_such_device",
            ..Failure::fatal(
                format!("OpenClaw knows no device with the id {}.", control::marked(id)),
                "`sophon-bridge devices` lists those that it knows.",
            )
        }),
        several => {
            let ids: Vec<_> = several.iter().map(|it| control::marked(&it.2.id)).collect();
            Err(Failure::usage(format!("Several devices begin so: {}.", ids.join(", "))))
        }
    }
}

fn role(token: &ChangedToken, device: &Device) -> Result<String, Failure> {
    let roles: Vec<&str> = device.tokens.iter().map(|it| it.role.as_str()).collect();
    match (&token.role, roles.as_slice()) {
        (Some(role), _) => Ok(role.clone()),
        (None, [one]) => Ok((*one).to_owned()),
        (None, []) => Err(Failure::usage("This device has no token.")),
        (None, several) => {
            let roles: Vec<_> = several.iter().map(|role| control::marked(role)).collect();
            Err(Failure::usage(format!("Name a role with --role: {}.", roles.join(", "))))
        }
    }
}

//! `sophon-bridge devices`: who may use the gateway, changed from a terminal.

mod named;

use control::{Ask, Device, DeviceAct, RequestKind};

use self::named::find;
use crate::card;
use crate::clock::now_ms;
use crate::event::Event;
use crate::exit::Failure;
use crate::program::{Ending, Program};
use crate::requests::{Kinds, Wish, decide, list, perform};
use crate::running::known;
use crate::wishes::{ChangedToken, DevicesCommand, Named};

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
            change(program, device, true, |_| Ok(act)).await
        }
        DevicesCommand::Remove { device, commands_only } => {
            let act = if *commands_only { DeviceAct::RemoveNode } else { DeviceAct::Remove };
            change(program, &device.named, device.yes, |_| Ok(act)).await
        }
        DevicesCommand::Rotate { token } => {
            let act = |device: &Device| Ok(DeviceAct::Rotate { role: role(token, device)? });
            change(program, &token.device.named, token.device.yes, act).await
        }
        DevicesCommand::Revoke { token } => {
            let act = |device: &Device| Ok(DeviceAct::Revoke { role: role(token, device)? });
            change(program, &token.device.named, token.device.yes, act).await
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
        let via = card::through(known.via(address, gateway.slot).as_deref());
        for device in gateway.devices.iter().flatten().cloned() {
            let text = card::device(&device, now_ms()) + &via;
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
    named: &Named,
    is_confirmed: bool,
    act: impl FnOnce(&Device) -> Result<DeviceAct, Failure>,
) -> Result<(), Ending> {
    let asking = known(&program.config.data_dir, &Ask::Access);
    let known = program.unless_stopped(asking).await??;
    let (address, slot, device) = find(&known, named)?;
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
    if !is_confirmed {
        let shown = card::device(device, now_ms());
        let through = card::through(known.through(address, slot).as_deref());
        let text = format!("{shown}{through}\n\n{}", act.consequence(false));
        program.confirm(&text, "do that").await?;
    }
    let ask = Ask::Device { slot: Some(slot), device: device.id.clone(), act };
    perform(program, address, &ask).await
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

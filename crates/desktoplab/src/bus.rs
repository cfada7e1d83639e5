//! The session bus of a desktop.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use zbus::Connection;
use zbus::zvariant::{DynamicType, OwnedValue, Type};

use crate::daemon::Daemon;
use crate::environment::Environment;
use crate::folders::Folders;
use crate::wait::eventually;

/// Where the system keeps descriptions of services.
const SYSTEM_SERVICES: &str = "/usr/share/dbus-1/services";
/// Services that the bus may start: what a panel or a notification server cannot do without.
/// Everything else is absent unless it is started.
const ON_DEMAND: [(&str, &str); 1] = [("org.xfce.Xfconf", "xfconf")];

/// Starts the bus and gives the address for clients.
pub(crate) async fn start(
    environment: &Environment,
    folders: &Folders,
) -> anyhow::Result<(Daemon, String)> {
    for (service, package) in ON_DEMAND {
        let file = format!("{service}.service");
        fs::copy(Path::new(SYSTEM_SERVICES).join(&file), folders.services().join(&file))
            .with_context(|| format!("{service} is missing: apt-get install {package}"))?;
    }
    let config = folders.root().join("bus.conf");
    fs::write(&config, configuration(folders))?;
    let mut command = environment.command("dbus-daemon");
    command.arg("--config-file").arg(&config).args(["--nofork", "--print-address"]);
    Daemon::start_and_hear(&mut command, folders.log("bus")).await
}

fn configuration(folders: &Folders) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><keep_umask/><listen>unix:path={}/bus</listen><auth>EXTERNAL</auth>
<servicedir>{}</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"#,
        folders.runtime().display(),
        folders.services().display()
    )
}

/// The program behind a service that the system could start on demand.
pub(crate) fn program_of(service: &str, package: &str) -> anyhow::Result<String> {
    let file = Path::new(SYSTEM_SERVICES).join(format!("{service}.service"));
    let description = fs::read_to_string(file)
        .with_context(|| format!("{service} is missing: apt-get install {package}"))?;
    description
        .lines()
        .find_map(|line| line.strip_prefix("Exec="))
        .map(str::to_owned)
        .with_context(|| format!("the description of {service} names no program"))
}

pub(crate) async fn connect(address: &str) -> zbus::Result<Connection> {
    zbus::connection::Builder::address(address)?.build().await
}

/// Waits until somebody has the name.
pub(crate) async fn wait_for_name(bus: &Connection, name: &str) -> anyhow::Result<()> {
    eventually(format!("{name} on the bus"), async || Ok(has_owner(bus, name).await?.then_some(())))
        .await
}

/// Waits until nobody has the name.
pub(crate) async fn wait_until_unowned(bus: &Connection, name: &str) -> anyhow::Result<()> {
    eventually(format!("{name} to leave the bus"), async || {
        Ok((!has_owner(bus, name).await?).then_some(()))
    })
    .await
}

pub(crate) async fn has_owner(bus: &Connection, name: &str) -> zbus::Result<bool> {
    let daemon = Object { bus, service: "org.freedesktop.DBus", path: "/org/freedesktop/DBus" };
    daemon.call("org.freedesktop.DBus", "NameHasOwner", &name).await
}

/// An object on the bus. Nothing about it is remembered between calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'a> {
    pub(crate) bus: &'a Connection,
    pub(crate) service: &'a str,
    pub(crate) path: &'a str,
}

impl Object<'_> {
    pub(crate) async fn call<T: DeserializeOwned + Type>(
        &self,
        interface: &str,
        method: &str,
        arguments: &(impl serde::Serialize + DynamicType),
    ) -> zbus::Result<T> {
        let (service, path) = (Some(self.service), self.path);
        let reply = self.bus.call_method(service, path, Some(interface), method, arguments).await?;
        reply.body().deserialize()
    }

    pub(crate) async fn property<T>(&self, interface: &str, name: &str) -> zbus::Result<T>
    where
        T: TryFrom<OwnedValue>,
        T::Error: Into<zbus::Error>,
    {
        let value: OwnedValue =
            self.call("org.freedesktop.DBus.Properties", "Get", &(interface, name)).await?;
        value.try_into().map_err(Into::into)
    }
}

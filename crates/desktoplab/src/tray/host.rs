use anyhow::Context as _;
use zbus::Connection;

use crate::DesktopOptions;
use crate::bus::{Object, has_owner, wait_until_unowned};
use crate::daemon::Daemon;
use crate::environment::Environment;
use crate::folders::Folders;
use crate::wait::eventually;

/// The name of what knows all tray icons.
pub(crate) const WATCHER: &str = "org.kde.StatusNotifierWatcher";
pub(crate) const WATCHER_PATH: &str = "/StatusNotifierWatcher";

/// The panel of Xfce with a tray in it.
#[derive(Debug)]
pub(crate) struct TrayHost {
    daemon: Daemon,
}

impl TrayHost {
    /// Starts the panel and waits until it shows tray icons.
    pub(crate) async fn start(
        environment: &Environment,
        folders: &Folders,
        bus: &Connection,
        options: &DesktopOptions,
    ) -> anyhow::Result<Self> {
        folders
            .configure("xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml", &settings(options))
            .context("cannot configure the panel")?;
        let mut command = environment.command("xfce4-panel");
        command.arg("--disable-wm-check");
        let mut daemon = Daemon::start(&mut command, folders.log("panel"))?;
        let watcher = Object { bus, service: WATCHER, path: WATCHER_PATH };
        eventually("a tray", async || {
            daemon.ensure_running()?;
            let there = has_owner(bus, WATCHER).await?
                && watcher.property(WATCHER, "IsStatusNotifierHostRegistered").await?;
            Ok(there.then_some(()))
        })
        .await?;
        Ok(Self { daemon })
    }

    /// Ends the panel, and the tray with it.
    pub(crate) async fn stop(self, bus: &Connection) -> anyhow::Result<()> {
        drop(self.daemon);
        wait_until_unowned(bus, WATCHER).await
    }
}

/// A panel along the upper edge with nothing but a tray at its right end.
fn settings(options: &DesktopOptions) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"#,
        options.dark
    )
}

//! What a person can choose for one installation, checked before it is taken.

use std::path::Path;

use bridge::host_label::HostLabel;
use cli::{expand_home, sentence};
use openclaw::GatewayUrl;
use sap::CloudUrl;

use super::{After, Phase, Seat};
use crate::stored::StoredSeat;
use crate::view::{RefusedSetting, SeatSettings};

impl Seat {
    /// Takes new settings; the bridge starts again where it must.
    ///
    /// # Errors
    /// Which setting is wrong; nothing is taken then.
    pub(in crate::controller) fn save(
        &mut self,
        settings: &SeatSettings,
    ) -> Result<(), RefusedSetting> {
        let slot = Some(self.slot);
        let stored = checked(settings, &self.stored)?;
        let config = self.common.config(&stored).map_err(|failure| {
            let (field, why) = ("gateway_url".to_owned(), failure.to_string());
            RefusedSetting { slot, field, why }
        })?;
        let cloud_changed = config.cloud.to_string() != self.config.cloud.to_string();
        if cloud_changed && self.is_forgetting() {
            let why = "This computer is just being unpaired. Save it again in a moment.".to_owned();
            return Err(RefusedSetting { slot, field: "cloud_url".to_owned(), why });
        }
        let gateway_changed = config.gateway_url != self.config.gateway_url
            || config.state_dir != self.config.state_dir;
        self.config = config;
        self.stored = stored;
        self.remember();
        if cloud_changed {
            self.own_device = None;
            self.cancel_pairing();
            if !self.stop_before(After::Open) {
                self.open();
            }
        } else if gateway_changed && matches!(self.phase, Phase::Starting | Phase::Carrying(_)) {
            self.stop_before(After::Carry);
        }
        Ok(())
    }

    pub(super) fn settings(&self) -> SeatSettings {
        SeatSettings {
            name: self.config.host_label.as_str().to_owned(),
            gateway_url: self.stored.gateway_url.clone(),
            openclaw_folder: self.stored.openclaw_folder.clone(),
            cloud_url: self.stored.cloud_url.clone(),
        }
    }
}

fn checked(settings: &SeatSettings, before: &StoredSeat) -> Result<StoredSeat, RefusedSetting> {
    let refused = |field: &str, why: &dyn std::fmt::Display| RefusedSetting {
        slot: Some(before.slot),
        field: field.to_owned(),
        why: sentence(&why.to_string()),
    };
    let trimmed = |text: &str| text.trim().to_owned();
    let SeatSettings { name, gateway_url, openclaw_folder, cloud_url } = settings;
    let (name, gateway_url, cloud_url) = (trimmed(name), trimmed(gateway_url), trimmed(cloud_url));
    let openclaw_folder = trimmed(openclaw_folder);
    if !name.is_empty() {
        HostLabel::parse(&name).map_err(|why| refused("name", &why))?;
    }
    if !gateway_url.is_empty() {
        GatewayUrl::parse(&gateway_url).map_err(|why| refused("gateway_url", &why))?;
    }
    // A folder that is away for a while must not hold up a change of something else.
    if !openclaw_folder.is_empty() && openclaw_folder != before.openclaw_folder {
        check_folder(&openclaw_folder).map_err(|why| refused("openclaw_folder", &why))?;
    }
    if !cloud_url.is_empty() {
        CloudUrl::parse(&cloud_url).map_err(|why| refused("cloud_url", &why))?;
    }
    Ok(StoredSeat { name, gateway_url, openclaw_folder, cloud_url, ..before.clone() })
}

fn check_folder(text: &str) -> Result<(), &'static str> {
    let folder = expand_home(Path::new(text));
    if !folder.is_absolute() {
        return Err("write the whole path of the folder, as in ~/.openclaw-work");
    }
    if !folder.is_dir() {
        return Err("there is no such folder on this computer");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cli::FIRST;

    use super::*;

    fn settings() -> SeatSettings {
        SeatSettings {
            name: "Den".into(),
            gateway_url: String::new(),
            openclaw_folder: String::new(),
            cloud_url: String::new(),
        }
    }

    #[test]
    fn a_wrong_setting_is_named_and_nothing_is_taken() {
        for (field, wrong) in [
            ("name", SeatSettings { name: "Official Support".into(), ..settings() }),
            ("gateway_url", SeatSettings { gateway_url: "ws://10.0.0.1".into(), ..settings() }),
            ("openclaw_folder", SeatSettings { openclaw_folder: "work".into(), ..settings() }),
            ("openclaw_folder", SeatSettings { openclaw_folder: "/no/such".into(), ..settings() }),
            ("cloud_url", SeatSettings { cloud_url: "http://example.org".into(), ..settings() }),
        ] {
            let refused = checked(&wrong, &StoredSeat::new(FIRST)).unwrap_err();
            assert_eq!((refused.slot, refused.field.as_str()), (Some(FIRST), field));
            assert!(refused.why.ends_with('.'), "{}", refused.why);
        }
    }

    #[test]
    fn what_surrounds_a_setting_is_taken_away() {
        let settings = SeatSettings { gateway_url: " ws://localhost:1 ".into(), ..settings() };
        let stored = checked(&settings, &StoredSeat::new(FIRST)).unwrap();
        assert_eq!(stored.gateway_url, "ws://localhost:1");
        let settings = SeatSettings { openclaw_folder: " ~/ ".into(), ..settings };
        assert_eq!(checked(&settings, &stored).unwrap().openclaw_folder, "~/");
    }
}

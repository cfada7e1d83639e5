//! What a person can choose for one installation, checked before it is taken.

use bridge::host_label::HostLabel;
use cli::sentence;
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
        let gateway_changed = config.gateway_url.as_ref().map(ToString::to_string)
            != self.config.gateway_url.as_ref().map(ToString::to_string);
        self.config = config;
        self.stored = stored;
        self.remember();
        if cloud_changed {
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
    let SeatSettings { name, gateway_url, cloud_url } = settings;
    let (name, gateway_url, cloud_url) = (trimmed(name), trimmed(gateway_url), trimmed(cloud_url));
    if !name.is_empty() {
        HostLabel::parse(&name).map_err(|why| refused("name", &why))?;
    }
    if !gateway_url.is_empty() {
        GatewayUrl::parse(&gateway_url).map_err(|why| refused("gateway_url", &why))?;
    }
    if !cloud_url.is_empty() {
        CloudUrl::parse(&cloud_url).map_err(|why| refused("cloud_url", &why))?;
    }
    Ok(StoredSeat { name, gateway_url, cloud_url, ..before.clone() })
}

#[cfg(test)]
mod tests {
    use cli::FIRST;

    use super::*;

    fn settings() -> SeatSettings {
        SeatSettings { name: "Den".into(), gateway_url: String::new(), cloud_url: String::new() }
    }

    #[test]
    fn a_wrong_setting_is_named_and_nothing_is_taken() {
        for (field, wrong) in [
            ("name", SeatSettings { name: "Official Support".into(), ..settings() }),
            ("gateway_url", SeatSettings { gateway_url: "ws://10.0.0.1".into(), ..settings() }),
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
    }
}

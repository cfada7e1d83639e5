//! What a person can choose, checked before it is taken.

use bridge::host_label::HostLabel;
use cli::{Config, Options, sentence};
use openclaw::GatewayUrl;
use sap::CloudUrl;

use super::{After, Controller, Phase};
use crate::shell::Shell;
use crate::stored::Stored;
use crate::view::{RefusedSetting, Settings};

/// The flags, and below them what is stored.
pub(super) fn with_stored(options: &Options, stored: &Stored) -> Options {
    let mut options = options.clone();
    let fill = |option: &mut Option<String>, stored: &str| {
        let is_given = option.as_deref().is_some_and(|text| !text.trim().is_empty());
        if !is_given && !stored.is_empty() {
            *option = Some(stored.to_owned());
        }
    };
    fill(&mut options.host_label, &stored.name);
    fill(&mut options.openclaw_url, &stored.gateway_url);
    fill(&mut options.sophon_base, &stored.cloud_url);
    options
}

impl<S: Shell> Controller<S> {
    /// Takes new settings, or says which one is wrong; the bridge starts again where it must.
    pub(super) fn save(&mut self, settings: Settings) {
        let stored = match checked(&settings, &self.stored) {
            Ok(stored) => stored,
            Err(refused) => {
                self.refused = Some(refused);
                return;
            }
        };
        let config = match Config::read(&with_stored(&self.options, &stored)) {
            Ok(config) => config,
            Err(failure) => {
                let (field, why) = ("gateway_url".to_owned(), failure.to_string());
                self.refused = Some(RefusedSetting { field, why });
                return;
            }
        };
        let cloud_changed = config.cloud.to_string() != self.config.cloud.to_string();
        if cloud_changed && self.is_forgetting() {
            let why = "This computer is just being unpaired. Save it again in a moment.".to_owned();
            self.refused = Some(RefusedSetting { field: "cloud_url".to_owned(), why });
            return;
        }
        self.refused = None;
        let gateway_changed = config.gateway_url.as_ref().map(ToString::to_string)
            != self.config.gateway_url.as_ref().map(ToString::to_string);
        self.config = config;
        self.stored = stored;
        self.remember();
        if settings.start_at_login != self.start_at_login {
            self.set_start_at_login(settings.start_at_login);
        }
        if !settings.notifications {
            for id in std::mem::take(&mut self.announced) {
                self.shell.retract_approval(&id);
            }
        }
        if cloud_changed {
            self.cancel_pairing();
            if !self.stop_before(After::Open) {
                self.open();
            }
        } else if gateway_changed && matches!(self.phase, Phase::Starting | Phase::Carrying(_)) {
            self.stop_before(After::Carry);
        }
    }

    pub(super) fn set_start_at_login(&mut self, on: bool) {
        match self.shell.start_at_login(on) {
            Ok(()) => self.start_at_login = on,
            Err(why) => {
                tracing::warn!(why, "start at login cannot be changed");
                let field = "start_at_login".to_owned();
                self.refused = Some(RefusedSetting { field, why: sentence(&why) });
            }
        }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            name: self.config.host_label.as_str().to_owned(),
            start_at_login: self.start_at_login,
            notifications: self.stored.notifications,
            gateway_url: self.stored.gateway_url.clone(),
            cloud_url: self.stored.cloud_url.clone(),
        }
    }
}

fn checked(settings: &Settings, before: &Stored) -> Result<Stored, RefusedSetting> {
    let refused = |field: &str, why: &dyn std::fmt::Display| RefusedSetting {
        field: field.to_owned(),
        why: sentence(&why.to_string()),
    };
    let trimmed = |text: &str| text.trim().to_owned();
    let Settings { name, notifications, gateway_url, cloud_url, start_at_login: _ } = settings;
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
    let mut stored = before.clone();
    (stored.name, stored.gateway_url, stored.cloud_url) = (name, gateway_url, cloud_url);
    stored.notifications = *notifications;
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            name: "Den".into(),
            start_at_login: false,
            notifications: true,
            gateway_url: String::new(),
            cloud_url: String::new(),
        }
    }

    #[test]
    fn a_wrong_setting_is_named_and_nothing_is_taken() {
        for (field, wrong) in [
            ("name", Settings { name: "Official Support".into(), ..settings() }),
            ("gateway_url", Settings { gateway_url: "ws://10.0.0.1".into(), ..settings() }),
            ("cloud_url", Settings { cloud_url: "http://example.org".into(), ..settings() }),
        ] {
            let refused = checked(&wrong, &Stored::default()).unwrap_err();
            assert_eq!(refused.field, field);
            assert!(refused.why.ends_with('.'), "{}", refused.why);
        }
    }

    #[test]
    fn what_surrounds_a_setting_is_taken_away() {
        let settings = Settings { gateway_url: " ws://localhost:1 ".into(), ..settings() };
        let stored = checked(&settings, &Stored::default()).unwrap();
        assert_eq!(stored.gateway_url, "ws://localhost:1");
    }

    #[test]
    fn a_flag_wins_over_what_is_stored() {
        use clap::Parser as _;
        let flags = ["sophon-bridge", "--sophon-base", "https://flag.example"];
        let options = cli::Arguments::try_parse_from(flags).unwrap().options;
        let mut stored = Stored::default();
        stored.cloud_url = "https://stored.example".into();
        let options = with_stored(&options, &stored);
        assert_eq!(options.sophon_base.as_deref(), Some("https://flag.example"));
    }
}

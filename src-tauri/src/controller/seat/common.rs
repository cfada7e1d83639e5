//! What all installations share.

use std::path::PathBuf;

use cli::{Config, FIRST, Failure, Options};
use dial::Dialer;
use tokio::sync::mpsc::UnboundedSender;
use vault::Place;

use crate::controller::Event;
use crate::stored::StoredSeat;

/// What all installations share.
#[derive(Clone, Debug)]
pub(in crate::controller) struct Common {
    /// What the command line and the environment say.
    pub(in crate::controller) options: Options,
    /// Where the secrets are kept.
    pub(in crate::controller) secrets: Place,
    /// Where the npm bridge keeps its credentials.
    pub(in crate::controller) npm_folder: Option<PathBuf>,
    /// Dials both sides.
    pub(in crate::controller) dialer: Dialer,
    /// Takes what happened.
    pub(in crate::controller) events: UnboundedSender<Event>,
}

impl Common {
    /// What holds for one installation. Flags and variables speak of the first one; for the others
    /// they are what holds where nothing is stored. The bridge token is the first one's alone, and the
    /// gateway's token goes to no other gateway than the one that it was given for.
    ///
    /// # Errors
    /// A wrong flag or variable of the environment, or a stored setting that cannot be used.
    pub(super) fn config(&self, stored: &StoredSeat) -> Result<Config, Failure> {
        let config = Config::read(&with_stored(&self.options, stored))?;
        Ok(Config {
            slot: stored.slot,
            token: config.token.filter(|_| stored.slot == FIRST),
            gateway_token: config.gateway_token.filter(|_| !has_own_gateway(stored)),
            secrets: self.secrets.clone(),
            npm_folder: self.npm_folder.clone(),
            ..config
        })
    }
}

/// Says whether an installation was given a gateway of its own.
fn has_own_gateway(stored: &StoredSeat) -> bool {
    let is_given = !stored.gateway_url.is_empty() || !stored.openclaw_folder.is_empty();
    stored.slot != FIRST && is_given
}

fn with_stored(options: &Options, stored: &StoredSeat) -> Options {
    let mut options = options.clone();
    let fill = |option: &mut Option<String>, text: &str| {
        let is_given = option.as_deref().is_some_and(|text| !text.trim().is_empty());
        let is_wanted = !is_given || stored.slot != FIRST;
        if is_wanted && !text.is_empty() {
            *option = Some(text.to_owned());
        }
    };
    fill(&mut options.host_label, &stored.name);
    fill(&mut options.openclaw_url, &stored.gateway_url);
    fill(&mut options.sophon_base, &stored.cloud_url);
    let is_given = options.openclaw_state_dir.as_ref().is_some_and(|it| !it.as_os_str().is_empty());
    let is_wanted = !is_given || stored.slot != FIRST;
    if is_wanted && !stored.openclaw_folder.is_empty() {
        options.openclaw_state_dir = Some(stored.openclaw_folder.as_str().into());
        if stored.slot != FIRST && stored.gateway_url.is_empty() {
            // The address that was given is another gateway's than that of this folder.
            options.openclaw_url = None;
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use control::Slot;

    use super::*;

    #[test]
    fn a_flag_wins_over_what_is_stored_for_the_first_installation_and_no_other() {
        let flags = ["sophon-bridge", "--sophon-base", "https://flag.example"];
        let options = cli::Arguments::try_parse_from(flags).unwrap().options;
        for (slot, stored, wins) in [
            (FIRST, "https://stored.example", "https://flag.example"),
            (Slot(2), "https://stored.example", "https://stored.example"),
            (Slot(2), "", "https://flag.example"),
        ] {
            let mut seat = StoredSeat::new(slot);
            seat.cloud_url = stored.to_owned();
            assert_eq!(with_stored(&options, &seat).sophon_base.as_deref(), Some(wins));
        }
    }

    #[test]
    fn a_folder_of_its_own_means_the_gateway_of_that_folder() {
        let flags =
            ["sophon-bridge", "--openclaw-url=ws://localhost:1", "--openclaw-state-dir=/one"];
        let options = cli::Arguments::try_parse_from(flags).unwrap().options;
        let gateway = |slot, folder: &str, url: &str| {
            let mut seat = StoredSeat::new(slot);
            (seat.openclaw_folder, seat.gateway_url) = (folder.to_owned(), url.to_owned());
            let options = with_stored(&options, &seat);
            (options.openclaw_state_dir.unwrap(), options.openclaw_url)
        };
        let given = ("/one".into(), Some("ws://localhost:1".to_owned()));
        assert_eq!(gateway(FIRST, "/two", ""), given);
        assert_eq!(gateway(Slot(2), "", ""), given);
        assert_eq!(gateway(Slot(2), "/two", ""), ("/two".into(), None));
        let url = "ws://localhost:2";
        assert_eq!(gateway(Slot(2), "/two", url), ("/two".into(), Some(url.to_owned())));
    }

    #[test]
    fn a_token_that_was_given_goes_to_no_installation_with_a_gateway_of_its_own() {
        let own = |slot, folder: &str, url: &str| {
            let mut seat = StoredSeat::new(slot);
            (seat.openclaw_folder, seat.gateway_url) = (folder.to_owned(), url.to_owned());
            has_own_gateway(&seat)
        };
        assert!(!own(FIRST, "/two", "ws://localhost:2") && !own(Slot(2), "", ""));
        assert!(own(Slot(2), "/two", "") && own(Slot(2), "", "ws://localhost:2"));
    }
}

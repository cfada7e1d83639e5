//! When a person is notified that the npm bridge runs as well.

use cli::OtherBridge;

/// Whether a person was told of the one that is there.
#[derive(Debug, Default)]
pub(super) struct OtherNews {
    told: bool,
}

impl OtherNews {
    /// Names what a person is to be told now: one that runs, once until none is there any more. Files
    /// alone are a remark, and no news.
    pub(super) fn of(&mut self, found: Option<OtherBridge>) -> Option<OtherBridge> {
        match found {
            Some(running @ OtherBridge::Running { .. }) => {
                (!std::mem::replace(&mut self.told, true)).then_some(running)
            }
            Some(OtherBridge::SetUp) => None,
            None => {
                self.told = false;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_runs_is_news_once_until_it_is_gone_and_files_alone_never_are() {
        let mut news = OtherNews::default();
        let running = |pid| Some(OtherBridge::Running { pid });
        assert_eq!(news.of(Some(OtherBridge::SetUp)), None);
        assert_eq!(news.of(running(7)), running(7));
        assert_eq!(news.of(running(7)), None);
        assert_eq!(news.of(running(8)), None, "a restart of it is the same trouble");
        assert_eq!(news.of(None), None);
        assert_eq!(news.of(running(9)), running(9));
    }
}

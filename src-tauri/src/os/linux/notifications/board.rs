//! Which notifications are to be seen, and what comes of a click: no bus, no clock.

use zbus::names::{OwnedUniqueName, UniqueName};

use super::rendering;
use crate::notification::Notification;
use crate::request::Request;
use crate::shell::Topic;

/// The notifications that are wanted, in the order in which they came. `At` is where a message stands
/// among all that were received.
#[derive(Debug, Default)]
pub(super) struct Board<At> {
    posts: Vec<Post<At>>,
    /// Bus name of the notification service that the ids come from.
    owner: Option<OwnedUniqueName>,
    /// What was received before this says nothing about who owns the service's name now.
    owner_known_at: At,
}

#[derive(Debug)]
struct Post<At> {
    notification: Notification,
    /// Id at the owner; none before it was shown there.
    id: Option<u32>,
    /// What was received before this is about what the notification said before.
    shown_at: At,
    /// Whether the owner has been shown its newest form.
    is_current: bool,
}

/// What the service tells about one notification.
#[derive(Debug)]
pub(super) struct Signal<'a, At> {
    pub(super) sender: &'a UniqueName<'a>,
    pub(super) at: At,
    pub(super) id: u32,
}

/// A click that counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Click {
    pub(super) request: Request,
    /// Id of the notification that has done its duty.
    pub(super) id: u32,
}

impl<At: Copy + Default + Ord> Board<At> {
    pub(super) fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// Takes a notification in, in place of the one before of the same topic.
    pub(super) fn put(&mut self, notification: Notification) {
        match self.posts.iter_mut().find(|post| post.notification.topic == notification.topic) {
            Some(post) => {
                post.notification = notification;
                post.is_current = false;
            }
            None => self.posts.push(Post {
                notification,
                id: None,
                shown_at: At::default(),
                is_current: false,
            }),
        }
    }

    /// Takes a notification off; its id at the owner is to be closed.
    pub(super) fn remove(&mut self, topic: &Topic) -> Option<u32> {
        self.remove_where(|post| post.notification.topic == *topic).into_iter().next()
    }

    /// Takes all of them off; the ids are to be closed.
    pub(super) fn clear(&mut self) -> Vec<u32> {
        self.remove_where(|_| true)
    }

    /// Takes off what has lost its sense; the ids are to be closed.
    pub(super) fn remove_expired(&mut self, now_ms: u64) -> Vec<u32> {
        self.remove_where(|post| post.notification.is_over(now_ms))
    }

    /// Says when the next one loses its sense, in milliseconds since 1970.
    pub(super) fn next_expiry_ms(&self) -> Option<u64> {
        self.posts.iter().filter_map(|post| post.notification.expires_at_ms).min()
    }

    /// Gives what the owner has not been shown, each with the id that it replaces.
    pub(super) fn pending(&self) -> Vec<(Notification, Option<u32>)> {
        let pending = self.posts.iter().filter(|post| !post.is_current);
        pending.map(|post| (post.notification.clone(), post.id)).collect()
    }

    /// Notes the id under which the owner, by an answer received at `at`, shows a topic.
    pub(super) fn shown(&mut self, topic: &Topic, id: u32, at: At) {
        if let Some(post) = self.posts.iter_mut().find(|post| post.notification.topic == *topic) {
            post.id = Some(id);
            post.shown_at = at;
            post.is_current = true;
        }
    }

    pub(super) fn owner(&self) -> Option<&OwnedUniqueName> {
        self.owner.as_ref()
    }

    /// Notes who, by a message received at `at`, owns the service's name. Ids of another owner mean
    /// nothing any more: everything is to be shown again.
    pub(super) fn set_owner(&mut self, owner: Option<OwnedUniqueName>, at: At) {
        if at < self.owner_known_at {
            return;
        }
        self.owner_known_at = at;
        if self.owner != owner {
            self.owner = owner;
            self.forget_ids();
        }
    }

    /// Notes that the bus is gone, and with it the owner and the order of messages.
    pub(super) fn set_unconnected(&mut self) {
        self.owner = None;
        self.owner_known_at = At::default();
        self.forget_ids();
    }

    /// Judges a click. It counts once, only when the service itself tells it, and only for a choice
    /// that this very notification offers and that still makes sense.
    pub(super) fn invoked(
        &mut self,
        signal: &Signal<'_, At>,
        key: &str,
        now_ms: u64,
    ) -> Option<Click> {
        let at = self.position(signal)?;
        let notification = &self.posts.get(at)?.notification;
        if notification.is_over(now_ms) {
            return None;
        }
        let request = rendering::request_of(notification, key)?;
        self.posts.remove(at);
        Some(Click { request, id: signal.id })
    }

    /// Notes that a notification is gone, if the service itself tells it.
    pub(super) fn closed(&mut self, signal: &Signal<'_, At>) {
        if let Some(at) = self.position(signal) {
            self.posts.remove(at);
        }
    }

    fn position(&self, signal: &Signal<'_, At>) -> Option<usize> {
        let at = self.posts.iter().position(|post| post.id == Some(signal.id))?;
        if self.owner.as_ref().is_none_or(|owner| owner != signal.sender) {
            tracing::warn!(sender = %signal.sender, "a forged signal about a notification was ignored");
            return None;
        }
        let is_newest = self.posts.get(at)?.shown_at <= signal.at;
        is_newest.then_some(at)
    }

    fn forget_ids(&mut self) {
        for post in &mut self.posts {
            post.id = None;
            post.is_current = false;
        }
    }

    fn remove_where(&mut self, is_off: impl Fn(&Post<At>) -> bool) -> Vec<u32> {
        let off = self.posts.extract_if(.., |post| is_off(post));
        off.filter_map(|post| post.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use control::Verdict;

    use super::*;
    use crate::notification::{Button, Urgency};

    const END_MS: u64 = 1_000;
    /// After all that happened to the notifications of a new board.
    const LATER: u32 = 9;

    fn name(text: &str) -> OwnedUniqueName {
        OwnedUniqueName::try_from(text).unwrap()
    }

    fn set_owner(board: &mut Board<u32>, owner: Option<&str>, at: u32) {
        board.set_owner(owner.map(name), at);
    }

    fn click(
        board: &mut Board<u32>,
        sender: &str,
        id: u32,
        key: &str,
        now_ms: u64,
    ) -> Option<Click> {
        board.invoked(&Signal { sender: &name(sender), at: LATER, id }, key, now_ms)
    }

    fn close(board: &mut Board<u32>, sender: &str, id: u32) {
        board.closed(&Signal { sender: &name(sender), at: LATER, id });
    }

    fn allow(id: &str) -> Request {
        let (key, verdict, seen) = (id.into(), Verdict::AllowOnce, "s1".into());
        Request::Decide { key, verdict, notify: false, seen }
    }

    fn question(id: &str) -> Notification {
        Notification {
            topic: Topic::Request(id.into()),
            title: "Allow this command?".into(),
            body: "ls".into(),
            prompt: None,
            buttons: vec![Button { label: "Allow once".into(), request: allow(id) }],
            on_click: Some(Request::Show { key: id.into() }),
            urgency: Urgency::Critical,
            expires_at_ms: Some(END_MS),
        }
    }

    fn board() -> Board<u32> {
        let mut board = Board::default();
        set_owner(&mut board, Some(":1.7"), 1);
        for (id, number) in [("a", 1), ("b", 2)] {
            board.put(question(id));
            board.shown(&Topic::Request(id.into()), number, number);
        }
        board
    }

    #[test]
    fn a_click_counts_once() {
        let mut board = board();
        let counted = click(&mut board, ":1.7", 2, "button-0", 0);
        assert_eq!(counted, Some(Click { request: allow("b"), id: 2 }));
        assert_eq!(click(&mut board, ":1.7", 2, "button-0", 0), None);
    }

    #[test]
    fn a_click_that_is_forged_unknown_not_offered_or_late_does_not_count() {
        let mut board = board();
        for (sender, id, key, now_ms) in [
            (":1.8", 1, "button-0", 0),
            (":1.7", 3, "button-0", 0),
            (":1.7", 1, "button-1", 0),
            (":1.7", 1, "allow", 0),
            (":1.7", 1, "button-0", END_MS),
        ] {
            assert_eq!(click(&mut board, sender, id, key, now_ms), None, "{sender} {id} {key}");
        }
        close(&mut board, ":1.8", 1);
        assert!(click(&mut board, ":1.7", 1, "default", 0).is_some());
    }

    #[test]
    fn a_new_owner_is_shown_everything_and_knows_no_old_id() {
        let mut board = board();
        assert!(board.pending().is_empty());
        set_owner(&mut board, None, LATER);
        set_owner(&mut board, Some(":1.9"), LATER);
        assert_eq!(board.pending(), [(question("a"), None), (question("b"), None)]);
        assert_eq!(click(&mut board, ":1.9", 1, "button-0", 0), None);
    }

    #[test]
    fn what_was_said_before_a_notification_took_its_form_is_not_about_that_form() {
        let mut board = board();
        board.put(question("a"));
        board.shown(&Topic::Request("a".into()), 1, 20);
        let sender = name(":1.7");
        let early = Signal { sender: &sender, at: 19, id: 1 };
        assert_eq!(board.invoked(&early, "button-0", 0), None);
        board.closed(&early);
        let late = Signal { at: 21, ..early };
        assert!(board.invoked(&late, "button-0", 0).is_some());
    }

    #[test]
    fn an_old_word_about_the_owner_does_not_undo_a_newer_one() {
        let mut board = board();
        set_owner(&mut board, None, 0);
        assert!(board.pending().is_empty());
        assert_eq!(board.owner(), Some(&name(":1.7")));
    }

    #[test]
    fn a_topic_has_one_notification() {
        let mut board = board();
        board.put(question("a"));
        assert_eq!(board.pending(), [(question("a"), Some(1))]);
        assert_eq!(board.remove(&Topic::Request("a".into())), Some(1));
        assert_eq!(board.remove(&Topic::Request("a".into())), None);
    }

    #[test]
    fn what_is_over_or_closed_goes() {
        let mut board = board();
        close(&mut board, ":1.7", 1);
        assert_eq!(board.next_expiry_ms(), Some(END_MS));
        assert!(board.remove_expired(END_MS - 1).is_empty());
        assert_eq!(board.remove_expired(END_MS), [2]);
        assert!(board.is_empty() && board.next_expiry_ms().is_none());
    }
}

//! What the desktop sees: the icon's properties and its menu.

use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Category, MenuItem, OfflineReason, Status, ToolTip};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::request::Request;
use crate::tray::icons::{Picture, pictures};
use crate::tray::{Item, Tray, do_the_same};

/// Whether the desktop has a place for the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The icon stands there.
    Given,
    /// There is none so far.
    Missing,
    /// There is one, but not for this icon.
    Refused,
}

/// The tray, as the bus asks for it.
pub(super) struct StatusItem {
    tray: Tray,
    pixmaps: Vec<ksni::Icon>,
    /// Whether the menu did something else an even number of times before.
    is_even: bool,
    wishes: UnboundedSender<Request>,
    standing: watch::Sender<Place>,
}

impl StatusItem {
    pub(super) fn new(
        tray: Tray,
        wishes: UnboundedSender<Request>,
        standing: watch::Sender<Place>,
    ) -> Self {
        Self { pixmaps: pixmaps(&tray), tray, is_even: true, wishes, standing }
    }

    pub(super) fn show(&mut self, tray: Tray) {
        if !do_the_same(&self.tray.menu, &tray.menu) {
            self.is_even = !self.is_even;
        }
        if (self.tray.icon, self.tray.marked) != (tray.icon, tray.marked) {
            self.pixmaps = pixmaps(&tray);
        }
        self.tray = tray;
    }

    fn wish(&self, request: Request) {
        // Nobody listens while the program ends.
        let _ = self.wishes.send(request);
    }

    /// A line that nobody sees, with another one behind it every second time. Lines have numbers that
    /// stay while the menu's shape stays, and a click is a number: it must not meet what took the
    /// place of the line that was seen. A new shape makes all earlier numbers void.
    fn seal(&self) -> MenuItem<Self> {
        let hidden = StandardItem { visible: false, ..StandardItem::default() };
        let submenu = if self.is_even { Vec::new() } else { vec![hidden.into()] };
        SubMenu { visible: false, submenu, ..SubMenu::default() }.into()
    }
}

impl ksni::Tray for StatusItem {
    fn id(&self) -> String {
        "at.sophon.desktop".into()
    }

    fn title(&self) -> String {
        "Sophon Desktop".into()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn status(&self) -> Status {
        if self.tray.marked { Status::NeedsAttention } else { Status::Active }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.pixmaps.clone()
    }

    fn attention_icon_pixmap(&self) -> Vec<ksni::Icon> {
        if self.tray.marked { self.pixmaps.clone() } else { Vec::new() }
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: self.tray.tooltip.clone(), ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.wish(Request::Open { page: None });
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        std::iter::once(self.seal()).chain(self.tray.menu.iter().map(line)).collect()
    }

    fn watcher_online(&self) {
        self.standing.send_replace(Place::Given);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        let place = match reason {
            OfflineReason::No
            | OfflineReason::Error(ksni::Error::Watcher(zbus::fdo::Error::ServiceUnknown(_))) => {
                Place::Missing
            }
            OfflineReason::Error(_) | _ => Place::Refused,
        };
        self.standing.send_replace(place);
        place == Place::Missing
    }
}

fn line(item: &Item) -> MenuItem<StatusItem> {
    match item {
        Item::Text(words) => {
            StandardItem { label: plain(words), enabled: false, ..StandardItem::default() }.into()
        }
        Item::Action { label, request } => StandardItem {
            label: plain(label),
            activate: wishing(request),
            ..StandardItem::default()
        }
        .into(),
        Item::Check { label, checked, request } => CheckmarkItem {
            label: plain(label),
            checked: *checked,
            activate: wishing(request),
            ..CheckmarkItem::default()
        }
        .into(),
        Item::Submenu { label, items } => SubMenu {
            label: plain(label),
            submenu: items.iter().map(line).collect(),
            ..SubMenu::default()
        }
        .into(),
        Item::Separator => MenuItem::Separator,
    }
}

fn wishing(request: &Request) -> Box<dyn Fn(&mut StatusItem) + Send> {
    let request = request.clone();
    Box::new(move |item| item.wish(request.clone()))
}

/// Keeps underscores from marking access keys.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}

fn pixmaps(tray: &Tray) -> Vec<ksni::Icon> {
    pictures(tray.icon, tray.marked).iter().filter_map(pixmap).collect()
}

/// Puts the opacity of each pixel first, as the bus wants it.
fn pixmap(picture: &Picture) -> Option<ksni::Icon> {
    let side = i32::try_from(picture.side).ok()?;
    let mut data = picture.rgba.clone();
    data.chunks_exact_mut(4).for_each(|pixel| pixel.rotate_right(1));
    Some(ksni::Icon { width: side, height: side, data })
}

#[cfg(test)]
mod tests {
    use control::Verdict;
    use ksni::Tray as _;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::tray::Icon;

    fn tray(label: &str, key: &str) -> Tray {
        let verdict = Verdict::AllowOnce;
        let request =
            Request::Decide { key: key.into(), verdict, notify: false, seen: "s1".into() };
        Tray {
            icon: Icon::Connected,
            marked: true,
            tooltip: String::new(),
            menu: vec![Item::Action { label: label.into(), request }],
        }
    }

    fn item(tray: Tray) -> (StatusItem, UnboundedReceiver<Request>) {
        let (wishes, wished) = unbounded_channel();
        (StatusItem::new(tray, wishes, watch::channel(Place::Given).0), wished)
    }

    /// How many lines are behind each line: what the numbers of lines depend on.
    fn shape(item: &StatusItem) -> Vec<usize> {
        let behind = |line| match line {
            MenuItem::SubMenu(SubMenu { submenu, .. }) => submenu.len(),
            MenuItem::Standard(_)
            | MenuItem::Separator
            | MenuItem::Checkmark(_)
            | MenuItem::RadioGroup(_) => 0,
        };
        item.menu().into_iter().map(behind).collect()
    }

    #[test]
    fn other_words_keep_the_numbers_of_the_lines_and_another_request_does_not() {
        let (mut item, _wished) = item(tray("make", "a"));
        let before = shape(&item);
        item.show(tray("make (8 s left)", "a"));
        assert_eq!(shape(&item), before);
        item.show(tray("make (8 s left)", "b"));
        assert_ne!(shape(&item), before);
    }

    #[test]
    fn a_click_becomes_the_request_of_its_line() {
        let (mut item, mut wished) = item(tray("my_make", "a"));
        let Some(MenuItem::Standard(line)) = item.menu().pop() else { panic!("no line") };
        assert_eq!(line.label, "my__make");
        (line.activate)(&mut item);
        let Ok(Request::Decide { key, .. }) = wished.try_recv() else { panic!("no wish") };
        assert_eq!(key, "a");
    }

    #[test]
    fn pixels_have_their_opacity_first() {
        let picture = Picture { side: 1, rgba: vec![1, 2, 3, 4] };
        assert_eq!(pixmap(&picture).unwrap().data, [4, 1, 2, 3]);
    }
}

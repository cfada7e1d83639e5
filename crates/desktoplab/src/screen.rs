//! The X server of a desktop, and what is on its screen.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux,
    ClientMessageEvent, ConnectionExt as _, EventMask, ImageFormat, MOTION_NOTIFY_EVENT, MapState,
    PropMode, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::DesktopOptions;
use crate::daemon::Daemon;
use crate::environment::Environment;
use crate::folders::Folders;
use crate::wait::eventually;

/// Dots per inch of a screen whose pixels are a program's.
const DOTS_PER_INCH: u32 = 96;
/// Colors of a screen with nothing on it.
const LIGHT: u32 = 0x00d5_dce4;
const DARK: u32 = 0x0023_272e;
/// How long nothing may change for a screen to be still.
const STILL: Duration = Duration::from_millis(300);
/// Numbers of the buttons of a mouse.
const LEFT: u8 = 1;
pub(crate) const RIGHT: u8 = 3;
/// Bytes of a pixel as the server gives it: blue, green, red, nothing.
const PIXEL: usize = 4;

/// Starts an X server on a free display, and gives its name.
pub(crate) async fn start(
    environment: &Environment,
    folders: &Folders,
    options: &DesktopOptions,
) -> anyhow::Result<(Daemon, String)> {
    let (width, height) = options.screen;
    let mut command = environment.command("Xvfb");
    command
        .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24")])
        .args(["-dpi", &dots_per_inch(options).to_string()])
        .args(["-nolisten", "tcp", "-noreset"]);
    let (server, number) = Daemon::start_and_hear(&mut command, folders.log("screen")).await?;
    Ok((server, format!(":{number}")))
}

fn dots_per_inch(options: &DesktopOptions) -> u32 {
    DOTS_PER_INCH * u32::from(options.scale)
}

/// A connection to the X server.
#[derive(Debug)]
pub(crate) struct Screen {
    connection: RustConnection,
    root: Window,
}

/// A part of the screen, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: i16,
    pub(crate) y: i16,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Screen {
    pub(crate) fn connect(display: &str, options: &DesktopOptions) -> anyhow::Result<Self> {
        let (connection, number) = x11rb::connect(Some(display))?;
        let root = connection.setup().roots.get(number).context("the display has no screen")?.root;
        let resources = format!("Xft.dpi:\t{}\n", dots_per_inch(options));
        let (property, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
        connection
            .change_property8(PropMode::REPLACE, root, property, kind, resources.as_bytes())?
            .check()?;
        let background = if options.dark { DARK } else { LIGHT };
        let attributes = ChangeWindowAttributesAux::new().background_pixel(background);
        connection.change_window_attributes(root, &attributes)?.check()?;
        connection.clear_area(false, root, 0, 0, 0, 0)?.check()?;
        Ok(Self { connection, root })
    }

    /// Waits until a window manager is there.
    pub(crate) async fn wait_for_window_manager(&self) -> anyhow::Result<()> {
        let sign = self.connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
        eventually("a window manager", async || {
            Ok((!self.property(self.root, sign)?.is_empty()).then_some(()))
        })
        .await
    }

    /// Writes what is on the screen as a PNG file.
    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let area = self.area(self.root)?;
        let pixels = self.pixels(area)?;
        let mut encoder = png::Encoder::new(
            BufWriter::new(File::create(path)?),
            area.width.into(),
            area.height.into(),
        );
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header()?;
        let colors: Vec<u8> =
            pixels.chunks_exact(PIXEL).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        writer.write_image_data(&colors)?;
        writer.finish()?;
        Ok(())
    }

    /// The windows of a program that are on the screen, the oldest first.
    pub(crate) fn windows_of(&self, class: &str) -> anyhow::Result<Vec<Area>> {
        let mut found = Vec::new();
        let mut unseen = vec![self.root];
        while let Some(window) = unseen.pop() {
            // It may have been closed meanwhile.
            if let Ok(tree) = self.connection.query_tree(window)?.reply() {
                unseen.extend(tree.children);
            }
            if self.is_shown(window)? && self.is_of(window, class)? {
                found.push(window);
            }
        }
        found.sort_unstable();
        Ok(found.into_iter().filter_map(|window| self.area(window).ok()).collect())
    }

    /// Asks the window manager to close a window as a click on its cross does; says whether there
    /// is a window with this title.
    pub(crate) fn close_window(&self, title: &str) -> anyhow::Result<bool> {
        let atom = |name: &[u8]| -> anyhow::Result<Atom> {
            Ok(self.connection.intern_atom(false, name)?.reply()?.atom)
        };
        let windows = self.property(self.root, atom(b"_NET_CLIENT_LIST")?)?;
        let name = atom(b"_NET_WM_NAME")?;
        for window in windows.as_chunks().0.iter().map(|id| Window::from_ne_bytes(*id)) {
            if self.property(window, name)? == title.as_bytes() {
                let data = [0; 5];
                let kind = atom(b"_NET_CLOSE_WINDOW")?;
                let event = ClientMessageEvent::new(32, window, kind, data);
                let mask = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
                self.connection.send_event(false, self.root, mask, event)?.check()?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits until nothing has changed on the screen for a moment.
    pub(crate) async fn wait_until_still(&self) -> anyhow::Result<()> {
        let mut before = Vec::new();
        let mut same_since = Instant::now();
        eventually("a screen that stays as it is", async || {
            let now = self.pixels(self.area(self.root)?)?;
            if now != before {
                before = now;
                same_since = Instant::now();
            }
            Ok((same_since.elapsed() >= STILL).then_some(()))
        })
        .await
    }

    /// How many windows stand on the screen.
    pub(crate) fn windows(&self) -> anyhow::Result<usize> {
        let windows = self.connection.query_tree(self.root)?.reply()?.children;
        Ok(windows.into_iter().filter(|window| self.is_shown(*window).unwrap_or(false)).count())
    }

    fn is_shown(&self, window: Window) -> anyhow::Result<bool> {
        let attributes = self.connection.get_window_attributes(window)?.reply();
        Ok(attributes.is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE))
    }

    /// Says whether the window's class, in either of its two forms, is this.
    fn is_of(&self, window: Window, class: &str) -> anyhow::Result<bool> {
        let found = self.property(window, AtomEnum::WM_CLASS.into())?;
        Ok(found.split(|byte| *byte == 0).any(|name| name.eq_ignore_ascii_case(class.as_bytes())))
    }

    fn property(&self, window: Window, name: Atom) -> anyhow::Result<Vec<u8>> {
        let length = 1024;
        let reply =
            self.connection.get_property(false, window, name, AtomEnum::ANY, 0, length)?.reply();
        Ok(reply.map(|reply| reply.value).unwrap_or_default())
    }

    fn area(&self, window: Window) -> anyhow::Result<Area> {
        let size = self.connection.get_geometry(window)?.reply()?;
        let corner = self.connection.translate_coordinates(window, self.root, 0, 0)?.reply()?;
        Ok(Area { x: corner.dst_x, y: corner.dst_y, width: size.width, height: size.height })
    }

    /// Where a color is within an area, if it is there: the smallest rectangle that holds it all.
    pub(crate) fn find_color(&self, area: Area, color: [u8; 3]) -> anyhow::Result<Option<Area>> {
        let [red, green, blue] = color;
        let pixels = self.pixels(area)?;
        let places = pixels.chunks_exact(PIXEL).enumerate().filter_map(|(index, pixel)| {
            let place = (index % usize::from(area.width), index / usize::from(area.width));
            pixel.starts_with(&[blue, green, red]).then_some(place)
        });
        let bounds = places.fold(None, |bounds, (x, y)| {
            let (left, top, right, bottom) = bounds.unwrap_or((x, y, x, y));
            Some((left.min(x), top.min(y), right.max(x), bottom.max(y)))
        });
        let Some((left, top, right, bottom)) = bounds else { return Ok(None) };
        Ok(Some(Area {
            x: area.x + i16::try_from(left)?,
            y: area.y + i16::try_from(top)?,
            width: u16::try_from(right - left + 1)?,
            height: u16::try_from(bottom - top + 1)?,
        }))
    }

    /// The pixels of an area, as far as it is on the screen, row by row.
    fn pixels(&self, area: Area) -> anyhow::Result<Vec<u8>> {
        let Area { x, y, width, height } = area;
        let format = ImageFormat::Z_PIXMAP;
        let image =
            self.connection.get_image(format, self.root, x, y, width, height, u32::MAX)?.reply()?;
        Ok(image.data)
    }

    /// Clicks into the middle of an area.
    pub(crate) fn click_middle(&self, area: Area) -> anyhow::Result<()> {
        self.click(
            area.x + i16::try_from(area.width / 2)?,
            area.y + i16::try_from(area.height / 2)?,
            LEFT,
        )
    }

    /// Clicks with a button.
    pub(crate) fn click(&self, x: i16, y: i16, button: u8) -> anyhow::Result<()> {
        for (event, detail) in
            [(MOTION_NOTIFY_EVENT, 0), (BUTTON_PRESS_EVENT, button), (BUTTON_RELEASE_EVENT, button)]
        {
            self.connection.xtest_fake_input(event, detail, 0, self.root, x, y, 0)?.check()?;
        }
        Ok(())
    }
}

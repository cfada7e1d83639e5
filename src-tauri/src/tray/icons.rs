//! The icons' pictures, in the sizes that panels ask for.

use std::sync::OnceLock;

use super::Icon;

/// A square picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width and height in pixels.
    pub side: u32,
    /// Red, green, blue and opacity of each pixel, from the top left; not premultiplied.
    pub rgba: Vec<u8>,
}

/// Returns an icon in all its sizes, from the smallest; they are decoded at the first call.
pub fn pictures(icon: Icon, marked: bool) -> &'static [Picture] {
    static DECODED: [OnceLock<Vec<Picture>>; 2 * Icon::ALL.len()] =
        [const { OnceLock::new() }; 2 * Icon::ALL.len()];
    let place = 2 * Icon::ALL.iter().position(|each| *each == icon).unwrap_or_default();
    DECODED[place + usize::from(marked)]
        .get_or_init(|| files(icon, marked).iter().filter_map(|file| decode(file)).collect())
}

/// Returns an icon in the smallest size that has at least this many pixels, or in its largest.
pub fn picture(icon: Icon, marked: bool, side: u32) -> Option<&'static Picture> {
    let pictures = pictures(icon, marked);
    pictures.iter().find(|picture| picture.side >= side).or(pictures.last())
}

macro_rules! files {
    ($name:literal) => {
        files!($name, "16", "22", "24", "32", "36", "44", "48", "64")
    };
    ($name:literal, $($side:literal),+) => {
        [$(include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"), "/icons/tray/", $name, "-", $side, ".png"
        ))),+]
    };
}

fn files(icon: Icon, marked: bool) -> [&'static [u8]; 8] {
    match (icon, marked) {
        (Icon::NotPaired, false) => files!("not-paired"),
        (Icon::NotPaired, true) => files!("not-paired-marked"),
        (Icon::Connecting, false) => files!("connecting"),
        (Icon::Connecting, true) => files!("connecting-marked"),
        (Icon::Connected, false) => files!("connected"),
        (Icon::Connected, true) => files!("connected-marked"),
        (Icon::Degraded, false) => files!("degraded"),
        (Icon::Degraded, true) => files!("degraded-marked"),
        (Icon::NeedsYou, false) => files!("needs-you"),
        (Icon::NeedsYou, true) => files!("needs-you-marked"),
        (Icon::Paused, false) => files!("paused"),
        (Icon::Paused, true) => files!("paused-marked"),
    }
}

/// Decodes a PNG of four channels of 8 bits, which is what the renderer of the icons writes.
fn decode(file: &[u8]) -> Option<Picture> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut rgba).ok()?;
    let is_rgba = (info.color_type, info.bit_depth) == (png::ColorType::Rgba, png::BitDepth::Eight);
    (is_rgba && info.width == info.height).then_some(Picture { side: info.width, rgba })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_there_in_every_size_and_looks_like_no_other() {
        let mut seen: Vec<&[Picture]> = Vec::new();
        for icon in Icon::ALL {
            for marked in [false, true] {
                let pictures = pictures(icon, marked);
                let sides: Vec<_> = pictures.iter().map(|picture| picture.side).collect();
                assert_eq!(sides, [16, 22, 24, 32, 36, 44, 48, 64], "{icon:?}, marked: {marked}");
                let is_whole = |picture: &Picture| {
                    picture.rgba.len() == (4 * picture.side * picture.side) as usize
                };
                assert!(pictures.iter().all(is_whole));
                assert!(!seen.contains(&pictures), "{icon:?}, marked: {marked}");
                seen.push(pictures);
            }
        }
    }

    #[test]
    fn the_smallest_size_that_is_large_enough_is_picked() {
        let side = |wanted| picture(Icon::Paused, false, wanted).unwrap().side;
        assert_eq!([side(1), side(22), side(23), side(500)], [16, 22, 24, 64]);
    }
}

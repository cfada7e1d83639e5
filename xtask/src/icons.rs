//! `cargo xtask icons`: renders the drawings in `icons/` to the pictures that the program shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use resvg::tiny_skia::{BlendMode, Pixmap, PixmapPaint, Transform};
use resvg::usvg::{Options, Tree};

/// Where drawings and pictures are.
const FOLDER: &str = "icons";
/// The tray's shapes, as their drawings are named.
const SHAPES: [&str; 6] =
    ["not-paired", "connecting", "connected", "degraded", "needs-you", "paused"];
/// Sides of the tray's pictures in pixels; 36 is for macOS.
const TRAY_SIDES: [u32; 8] = [16, 22, 24, 32, 36, 44, 48, 64];
/// Sides of the app's pictures in pixels.
const APP_SIDES: [u32; 4] = [32, 128, 256, 512];
/// Sides in pixels of what is in the app's icon for Windows.
const ICO_SIDES: [u32; 5] = [16, 24, 32, 48, 256];
/// Types and sides in pixels of what is in the app's icon for macOS.
const ICNS_SIDES: [(&[u8; 4], u32); 3] = [(b"ic07", 128), (b"ic08", 256), (b"ic09", 512)];

/// Writes every picture.
///
/// # Errors
/// When a drawing cannot be read or drawn, or a picture not be written.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let pictures = pictures(Path::new(FOLDER))?;
    for (name, bytes) in &pictures {
        let path = Path::new(FOLDER).join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    println!("{} pictures are in {FOLDER}/", pictures.len());
    Ok(ExitCode::SUCCESS)
}

/// Renders every picture: its path in the folder, and the file's content.
fn pictures(folder: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut pictures = Vec::new();
    let mark = drawing(folder, "tray-mark")?;
    let gap = drawing(folder, "tray-mark-gap")?;
    for shape in SHAPES {
        let drawing = drawing(folder, &format!("tray-{shape}"))?;
        for side in TRAY_SIDES {
            let mut picture = rendered(&drawing, side)?;
            pictures.push((format!("tray/{shape}-{side}.png").into(), picture.encode_png()?));
            lay(&rendered(&gap, side)?, &mut picture, BlendMode::DestinationOut);
            lay(&rendered(&mark, side)?, &mut picture, BlendMode::SourceOver);
            pictures
                .push((format!("tray/{shape}-marked-{side}.png").into(), picture.encode_png()?));
        }
    }
    let app = drawing(folder, "app")?;
    let app_at = |side: u32| anyhow::Ok(rendered(&app, side)?.encode_png()?);
    for side in APP_SIDES {
        pictures.push((format!("app-{side}.png").into(), app_at(side)?));
    }
    let entries = ICO_SIDES.iter().map(|&side| Ok((side, app_at(side)?)));
    pictures.push(("app.ico".into(), ico(&entries.collect::<anyhow::Result<Vec<_>>>()?)?));
    let entries = ICNS_SIDES.iter().map(|&(kind, side)| Ok((kind, app_at(side)?)));
    pictures.push(("app.icns".into(), icns(&entries.collect::<anyhow::Result<Vec<_>>>()?)?));
    Ok(pictures)
}

fn drawing(folder: &Path, name: &str) -> anyhow::Result<Tree> {
    let path = folder.join(name).with_extension("svg");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("the drawing {} cannot be read", path.display()))?;
    Tree::from_str(&text, &Options::default())
        .with_context(|| format!("{} is no drawing", path.display()))
}

fn rendered(drawing: &Tree, side: u32) -> anyhow::Result<Pixmap> {
    let mut picture = Pixmap::new(side, side).context("a picture needs a size")?;
    #[expect(clippy::cast_precision_loss, reason = "sides are small")]
    let scale = side as f32 / drawing.size().width();
    resvg::render(drawing, Transform::from_scale(scale, scale), &mut picture.as_mut());
    Ok(picture)
}

fn lay(upper: &Pixmap, lower: &mut Pixmap, blend_mode: BlendMode) {
    let paint = PixmapPaint { blend_mode, ..PixmapPaint::default() };
    lower.draw_pixmap(0, 0, upper.as_ref(), &paint, Transform::identity(), None);
}

/// Puts pictures in PNG form into Microsoft's container.
fn ico(entries: &[(u32, Vec<u8>)]) -> anyhow::Result<Vec<u8>> {
    const HEADER: usize = 6;
    const ENTRY: usize = 16;
    let mut file = Vec::new();
    file.extend(0_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(u16::try_from(entries.len())?.to_le_bytes());
    let mut offset = HEADER + ENTRY * entries.len();
    for (side, png) in entries {
        // 0 stands for 256.
        let side = u8::try_from(*side % 256)?;
        file.extend([side, side, 0, 0]);
        file.extend(1_u16.to_le_bytes());
        file.extend(32_u16.to_le_bytes());
        file.extend(u32::try_from(png.len())?.to_le_bytes());
        file.extend(u32::try_from(offset)?.to_le_bytes());
        offset += png.len();
    }
    file.extend(entries.iter().flat_map(|(_, png)| png));
    Ok(file)
}

/// Puts pictures in PNG form into Apple's container.
fn icns(entries: &[(&[u8; 4], Vec<u8>)]) -> anyhow::Result<Vec<u8>> {
    const HEADER: usize = 8;
    let total = entries.iter().map(|(_, png)| HEADER + png.len()).sum::<usize>() + HEADER;
    let mut file = Vec::with_capacity(total);
    file.extend(b"icns");
    file.extend(u32::try_from(total)?.to_be_bytes());
    for (kind, png) in entries {
        file.extend(*kind);
        file.extend(u32::try_from(HEADER + png.len())?.to_be_bytes());
        file.extend(png);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_is_what_its_drawing_shows() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FOLDER);
        let stale: Vec<_> = pictures(&folder)
            .unwrap()
            .into_iter()
            .filter(|(name, bytes)| fs::read(folder.join(name)).ok().as_ref() != Some(bytes))
            .map(|(name, _)| name)
            .collect();
        assert!(stale.is_empty(), "run `cargo xtask icons`: {stale:?} are stale");
    }

    #[test]
    fn no_two_pictures_of_one_size_are_alike() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FOLDER);
        let pictures = pictures(&folder).unwrap();
        for (index, (name, bytes)) in pictures.iter().enumerate() {
            let twin = pictures[index + 1..].iter().find(|(_, others)| others == bytes);
            assert!(twin.is_none(), "{name:?} is the same as {:?}", twin.map(|(name, _)| name));
        }
    }
}

//! Every figure twice: in the page, and as files beside it.

use std::path::Path;

use anyhow::Context;
use fieldbridge_files::atomic::write_atomically;
use fieldbridge_report::{Block, Theme, png};

/// Width of the PNG files, pixels.
const WIDTH: u32 = 1400;

/// The stand-alone drawings of a report, by name.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    drawn: Vec<(String, String)>,
    /// Animations, complete files.
    moving: Vec<(String, Vec<u8>)>,
}

impl Figures {
    /// A figure that may share its row with another.
    pub(crate) fn add(&mut self, name: &str, caption: impl Into<String>, draw: impl Fn(Theme) -> String) -> Block {
        let name = self.keep(name, draw(Theme::Light));
        Block::figure(name, caption, draw(Theme::Page))
    }

    /// A figure over the whole width; `narrow` draws another layout for small screens.
    pub(crate) fn add_wide(
        &mut self,
        name: &str,
        caption: impl Into<String>,
        draw: impl Fn(Theme) -> String,
        narrow: Option<&dyn Fn(Theme) -> String>,
    ) -> Block {
        let name = self.keep(name, draw(Theme::Light));
        Block::wide_figure(name, caption, draw(Theme::Page), narrow.map(|draw| draw(Theme::Page)))
    }

    /// An animation, a complete APNG file, `figures/NAME.apng`.
    pub(crate) fn add_moving(&mut self, name: &str, caption: impl Into<String>, file: Vec<u8>) -> Block {
        self.moving.push((name.to_owned(), file.clone()));
        Block::Picture {
            id: format!("{name}-moving"),
            caption: caption.into(),
            png: file,
        }
    }

    /// Notes a drawing under a name that is a file name everywhere and not taken.
    fn keep(&mut self, name: &str, svg: String) -> String {
        let plain: String = name
            .chars()
            .map(|character| {
                if character.is_ascii_alphanumeric() || matches!(character, '-' | '_') {
                    character.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        let taken = |wanted: &str| self.drawn.iter().any(|(name, _)| name == wanted);
        let free = std::iter::once(plain.clone())
            .chain((2..).map(|number| format!("{plain}-{number}")))
            .find(|name| !taken(name))
            .expect("there is always a larger number");
        self.drawn.push((free.clone(), svg));
        free
    }

    /// Names of the figures so far, in order.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<&str> {
        self.drawn.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Writes `figures/NAME.svg` and `figures/NAME.png` under the run directory.
    pub(crate) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let folder = directory.join("figures");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        for (name, svg) in &self.drawn {
            let picture = png(svg, WIDTH).with_context(|| format!("cannot draw figure `{name}`"))?;
            write_atomically(&folder.join(format!("{name}.svg")), |file| {
                file.write_all(svg.as_bytes())
            })?;
            write_atomically(&folder.join(format!("{name}.png")), |file| file.write_all(&picture))?;
        }
        for (name, bytes) in &self.moving {
            write_atomically(&folder.join(format!("{name}.apng")), |file| file.write_all(bytes))?;
        }
        Ok(())
    }
}

//! Maps of one tomographic bin beside each other.

use fieldbridge_report::{Block, SkyMap, SkyMaps, format_number};

use super::figures::Figures;

/// Convergence in a bin, all maps on one colour scale.
pub(crate) struct BinMaps<'a> {
    /// The bin.
    pub(crate) bin: usize,
    /// Side of the patch.
    pub(crate) width_degrees: f64,
    /// Title and pixels of each map, row by row.
    pub(crate) panels: Vec<(&'a str, Vec<f64>)>,
    /// Where the colour scale ends.
    pub(crate) limit: f64,
    /// Whose largest value that is.
    pub(crate) ends: &'a str,
    /// Maps in a row.
    pub(crate) columns: usize,
}

impl BinMaps<'_> {
    /// The figure, with `remark` after what its caption always says.
    pub(crate) fn add(self, remark: &str, figures: &mut Figures) -> Block {
        let Self { bin, limit, ends, .. } = self;
        let map = |(title, values): (&str, Vec<f64>)| SkyMap {
            title: title.to_owned(),
            values,
        };
        let figure = SkyMaps {
            title: format!("Convergence in bin {bin}"),
            width_degrees: self.width_degrees,
            maps: self.panels.into_iter().map(map).collect(),
            label: "convergence".to_owned(),
            limit,
            columns: self.columns,
        };
        figures.add_wide(
            &format!("maps-{bin}"),
            format!(
                "Convergence in tomographic bin {bin}, no unit, all on one colour scale that ends at the largest {ends} value, ±{}; \
                 noise beyond is drawn as its ends.{remark}",
                format_number(limit)
            ),
            |theme| figure.svg(theme),
            Some(&|theme| figure.narrow_svg(theme)),
        )
    }
}

//! On which line of its file a key stands.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::error::dotted;

/// Lines by dotted key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lines(BTreeMap<String, usize>);

/// Line of a byte, from one.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}

impl Lines {
    /// The lines of every key of a text; none when it is not TOML.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = BTreeMap::new();
        if let Ok(table) = DeTable::parse(text) {
            collect(text, table.get_ref(), "", &mut lines);
        }
        Self(lines)
    }

    /// The line of a key, in the table of any bridge (`[when.BRIDGE.…]`) too, or of the nearest table around it.
    pub(super) fn of_key(&self, key: &str) -> Option<usize> {
        let in_when = |key: &str| {
            super::BRIDGES
                .iter()
                .find_map(|(name, _)| self.0.get(&format!("when.{name}.{key}")))
        };
        let mut key = key;
        loop {
            if let Some(line) = self.0.get(key).or_else(|| in_when(key)) {
                return Some(*line);
            }
            key = key.rsplit_once('.')?.0;
        }
    }
}

fn collect(text: &str, table: &DeTable<'_>, section: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let name = dotted(section, key.get_ref());
        lines.insert(name.clone(), line_at(text, key.span().start));
        if let DeValue::Table(inner) = value.get_ref() {
            collect(text, inner, &name, lines);
        }
    }
}

//! FITS headers: 80-character cards in blocks of 2880 bytes (Pence et al. 2010, FITS standard 3.0; 4.0 of 2018).

use std::io::{self, Read};

pub(super) const BLOCK: usize = 2880;
const CARD: usize = 80;

/// A header longer than this many blocks is not a header.
const MOST_BLOCKS: usize = 4000;

/// The keywords and values of one header-data unit.
#[derive(Debug, Clone)]
pub(super) struct Header {
    cards: Vec<(String, String)>,
    /// Bytes the header takes, whole blocks.
    pub(super) bytes: u64,
}

impl Header {
    /// Reads blocks up to and including the END card.
    pub(super) fn read(source: &mut impl Read) -> io::Result<Self> {
        let mut cards = Vec::new();
        for blocks in 1..=MOST_BLOCKS {
            let mut block = [0; BLOCK];
            source.read_exact(&mut block)?;
            for card in block.chunks_exact(CARD) {
                let keyword = card[..8].escape_ascii().to_string().trim_end().to_owned();
                if keyword == "END" {
                    return Ok(Header {
                        cards,
                        bytes: (blocks * BLOCK) as u64,
                    });
                }
                if !card.iter().all(|byte| (32..127).contains(byte)) {
                    return Err(invalid(format!(
                        "the header card {} is not plain text",
                        cards.len() + 1
                    )));
                }
                if &card[8..10] == b"= " {
                    cards.push((keyword, value(&String::from_utf8_lossy(&card[10..]))));
                }
            }
        }
        Err(invalid(format!("no END card in {MOST_BLOCKS} blocks of header")))
    }

    pub(super) fn text(&self, keyword: &str) -> Option<&str> {
        self.cards
            .iter()
            .find(|(name, _)| name == keyword)
            .map(|(_, value)| value.as_str())
    }

    /// A whole number that must be there and not negative.
    pub(super) fn count(&self, keyword: &str) -> io::Result<u64> {
        let text = self
            .text(keyword)
            .ok_or_else(|| invalid(format!("the header lacks {keyword}")))?;
        text.parse()
            .map_err(|_| invalid(format!("{keyword} is {text:?}, not a count")))
    }

    pub(super) fn number<T: std::str::FromStr>(&self, keyword: &str) -> io::Result<Option<T>> {
        let Some(text) = self.text(keyword) else {
            return Ok(None);
        };
        let plain = text.replace(['D', 'd'], "E");
        plain
            .parse()
            .map(Some)
            .map_err(|_| invalid(format!("{keyword} is {text:?}, not a number")))
    }

    /// Bytes of data after the header, without the padding to whole blocks.
    pub(super) fn data_bytes(&self) -> io::Result<u64> {
        let axes = self.count("NAXIS")?;
        if axes > 999 {
            return Err(invalid(format!("NAXIS is {axes}")));
        }
        let bits: i64 = self
            .number("BITPIX")?
            .ok_or_else(|| invalid("the header lacks BITPIX".into()))?;
        let grouped = self.text("GROUPS") == Some("T");
        let mut elements = u64::from(axes > 0);
        for axis in 1..=axes {
            let length = self.count(&format!("NAXIS{axis}"))?;
            // Random groups: the first axis is zero and does not count.
            if !(grouped && axis == 1 && length == 0) {
                elements = elements.checked_mul(length).ok_or_else(too_large)?;
            }
        }
        let heap: u64 = self.number("PCOUNT")?.unwrap_or(0);
        let groups: u64 = self.number("GCOUNT")?.unwrap_or(1);
        elements
            .checked_add(if axes > 0 { heap } else { 0 })
            .and_then(|count| count.checked_mul(groups))
            .and_then(|count| count.checked_mul(bits.unsigned_abs() / 8))
            .filter(|&bytes| bytes < 1 << 60)
            .ok_or_else(too_large)
    }
}

fn too_large() -> io::Error {
    invalid("the header announces more data than can be counted".into())
}

pub(super) fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// The value of a card: a quoted text, in which two quotes are one, or what precedes the comment.
fn value(field: &str) -> String {
    let field = field.trim_start();
    let Some(quoted) = field.strip_prefix('\'') else {
        return field.split('/').next().unwrap_or_default().trim().to_owned();
    };
    let mut text = String::new();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' && letters.next_if_eq(&'\'').is_none() {
            break;
        }
        text.push(letter);
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_cards() {
        assert_eq!(value("'5E      '           / five floats"), "5E");
        assert_eq!(value("'it''s / so'"), "it's / so");
        assert_eq!(value("                 2880 / bytes"), "2880");
    }

    #[test]
    fn a_header_without_end_is_no_header() {
        assert_eq!(
            Header::read(&mut [b' '; 2 * BLOCK].as_slice()).err().map(|e| e.kind()),
            Some(io::ErrorKind::UnexpectedEof)
        );
        assert!(Header::read(&mut io::repeat(b' ')).is_err());
        assert!(Header::read(&mut io::repeat(7)).is_err());
    }
}

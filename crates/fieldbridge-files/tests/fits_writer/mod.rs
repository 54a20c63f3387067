//! FITS files of a test, byte by byte.

/// A card of a header; texts come with their quotes.
pub(crate) type Card<'a> = (&'a str, &'a str);

fn block(cards: &[(String, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (keyword, value) in cards {
        bytes.extend(format!("{:<80}", format!("{keyword:<8}= {value:>20}")).into_bytes());
    }
    bytes.extend(format!("{:<80}", "END").into_bytes());
    padded(bytes, b' ')
}

fn padded(mut bytes: Vec<u8>, with: u8) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(2880), with);
    bytes
}

fn cards(own: &[(String, String)], more: &[Card<'_>]) -> Vec<(String, String)> {
    let more = more
        .iter()
        .map(|(keyword, value)| ((*keyword).to_owned(), (*value).to_owned()));
    own.iter().cloned().chain(more).collect()
}

fn card(keyword: impl Into<String>, value: impl ToString) -> (String, String) {
    (keyword.into(), value.to_string())
}

/// The primary unit with an image in double precision; `shape` has the slowest axis first.
pub(crate) fn image(shape: &[usize], values: &[f64], more: &[Card<'_>]) -> Vec<u8> {
    let mut own = vec![card("SIMPLE", "T"), card("BITPIX", -64), card("NAXIS", shape.len())];
    let axes = shape.iter().rev().enumerate();
    own.extend(axes.map(|(axis, length)| card(format!("NAXIS{}", axis + 1), length)));
    let mut bytes = block(&cards(&own, more));
    bytes.extend(padded(values.iter().flat_map(|value| value.to_be_bytes()).collect(), 0));
    bytes
}

/// An empty primary unit and a binary table with a column of whole numbers, and others in single precision.
pub(crate) fn table(whole: (&str, &[i64]), columns: &[(&str, Vec<f32>)], more: &[Card<'_>]) -> Vec<u8> {
    let mut bytes = block(&[
        card("SIMPLE", "T"),
        card("BITPIX", 8),
        card("NAXIS", 0),
        card("EXTEND", "T"),
    ]);
    let mut own = vec![
        card("XTENSION", "'BINTABLE'"),
        card("BITPIX", 8),
        card("NAXIS", 2),
        card("NAXIS1", 8 + 4 * columns.len()),
        card("NAXIS2", whole.1.len()),
        card("PCOUNT", 0),
        card("GCOUNT", 1),
        card("TFIELDS", columns.len() + 1),
        card("TTYPE1", format!("'{}'", whole.0)),
        card("TFORM1", "'K'"),
    ];
    for (number, (name, _)) in columns.iter().enumerate() {
        own.push(card(format!("TTYPE{}", number + 2), format!("'{name}'")));
        own.push(card(format!("TFORM{}", number + 2), "'E'"));
    }
    bytes.extend(block(&cards(&own, more)));
    let mut rows = Vec::new();
    for (row, value) in whole.1.iter().enumerate() {
        rows.extend(value.to_be_bytes());
        columns
            .iter()
            .for_each(|(_, values)| rows.extend(values[row].to_be_bytes()));
    }
    bytes.extend(padded(rows, 0));
    bytes
}

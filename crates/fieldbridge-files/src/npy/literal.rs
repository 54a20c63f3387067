//! The Python literals of an npy header: a dictionary of texts, numbers, booleans, tuples and lists.

/// A Python literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Whole(u64),
    Truth(bool),
    Sequence(Vec<Literal>),
    Dictionary(Vec<(String, Literal)>),
}

impl Literal {
    pub(super) fn get(&self, key: &str) -> Option<&Literal> {
        let Literal::Dictionary(pairs) = self else { return None };
        pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whole numbers of a tuple; a bare number counts as a tuple of one.
    pub(super) fn counts(&self) -> Option<Vec<usize>> {
        let count = |literal: &Literal| match literal {
            Literal::Whole(value) => usize::try_from(*value).ok(),
            _ => None,
        };
        match self {
            Literal::Sequence(items) => items.iter().map(count).collect(),
            other => Some(vec![count(other)?]),
        }
    }
}

/// Parses a literal with nothing but white space after it.
pub(super) fn parse(text: &str) -> Option<Literal> {
    let mut rest = text;
    let literal = literal(&mut rest, 8)?;
    rest.trim().is_empty().then_some(literal)
}

fn literal(rest: &mut &str, depth: usize) -> Option<Literal> {
    let depth = depth.checked_sub(1)?;
    *rest = rest.trim_start();
    match rest.chars().next()? {
        quote @ ('\'' | '"') => quoted(rest, quote).map(Literal::Text),
        '(' => sequence(rest, ')', |rest| literal(rest, depth)).map(Literal::Sequence),
        '[' => sequence(rest, ']', |rest| literal(rest, depth)).map(Literal::Sequence),
        '{' => sequence(rest, '}', |rest| {
            let quote = rest.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
            let key = quoted(rest, quote)?;
            *rest = rest.trim_start().strip_prefix(':')?;
            Some((key, literal(rest, depth)?))
        })
        .map(Literal::Dictionary),
        digit if digit.is_ascii_digit() => {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            let value = rest[..end].parse().ok()?;
            *rest = rest[end..].strip_prefix('L').unwrap_or(&rest[end..]);
            Some(Literal::Whole(value))
        }
        _ => [("True", true), ("False", false)]
            .into_iter()
            .find_map(|(word, truth)| {
                *rest = rest.strip_prefix(word)?;
                Some(Literal::Truth(truth))
            }),
    }
}

fn quoted(rest: &mut &str, quote: char) -> Option<String> {
    let inside = rest.strip_prefix(quote)?;
    let mut text = String::new();
    let mut letters = inside.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\\' => text.push(letters.next()?.1),
            _ if letter == quote => {
                *rest = &inside[place + quote.len_utf8()..];
                return Some(text);
            }
            _ => text.push(letter),
        }
    }
    None
}

fn sequence<T>(rest: &mut &str, end: char, mut item: impl FnMut(&mut &str) -> Option<T>) -> Option<Vec<T>> {
    let mut inside = &rest[1..];
    let mut items = Vec::new();
    loop {
        inside = inside.trim_start();
        if let Some(after) = inside.strip_prefix(end) {
            *rest = after;
            return Some(items);
        }
        items.push(item(&mut inside)?);
        inside = inside.trim_start();
        if let Some(after) = inside.strip_prefix(',') {
            inside = after;
        } else if !inside.starts_with(end) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them() {
        let plain = parse("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }   \n").unwrap();
        assert_eq!(plain.get("shape").unwrap().counts(), Some(vec![3, 2]));
        assert_eq!(plain.get("fortran_order"), Some(&Literal::Truth(false)));
        let record =
            parse("{'descr': [('z', '<f4'), ('m', '>f8', (5,))], 'fortran_order': False, 'shape': (7,)}").unwrap();
        let Some(Literal::Sequence(fields)) = record.get("descr") else {
            panic!("a list of fields")
        };
        assert_eq!(fields.len(), 2);
        assert_eq!(parse("()").unwrap().counts(), Some(vec![]));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "{",
            "{'a': }",
            "(1 2)",
            "'open",
            "{'a': 1} x",
            "None",
            "99999999999999999999",
            &"(".repeat(50),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

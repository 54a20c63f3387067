//! "Did you mean": the known name most like the one given.

/// The available name most like `wanted`, if any is close enough to be a likely slip of the fingers.
///
/// Distance counts insertions, deletions, substitutions and swaps of neighbouring letters (optimal string alignment),
/// ignoring case. A name is close enough when the distance is at most a third of the longer name, and at least 1 is
/// always allowed. Of equally near names the first wins.
///
/// ```
/// use fieldbridge_files::nearest_name;
/// let columns = ["redshift", "mag_u", "mag_g"];
/// assert_eq!(nearest_name("redhsift", columns.into_iter()), Some("redshift"));
/// assert_eq!(nearest_name("MAG_U", columns.into_iter()), Some("mag_u"));
/// assert_eq!(nearest_name("temperature", columns.into_iter()), None);
/// ```
pub fn nearest_name<'a>(wanted: &str, available: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().collect();
    let mut best: Option<(usize, &str)> = None;
    for name in available {
        let letters: Vec<char> = name.to_lowercase().chars().collect();
        let allowed = (wanted.len().max(letters.len()) / 3).max(1);
        let distance = distance(&wanted, &letters);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut current = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let differs = usize::from(left[i - 1] != right[j - 1]);
            current[j] = (last[j] + 1).min(current[j - 1] + 1).min(last[j - 1] + differs);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                current[j] = current[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits_and_swaps() {
        let measure = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(measure("", "abc"), 3);
        assert_eq!(measure("abc", ""), 3);
        assert_eq!(measure("kitten", "sitting"), 3);
        assert_eq!(measure("abcd", "abdc"), 1);
        assert_eq!(measure("same", "same"), 0);
    }

    #[test]
    fn nothing_is_suggested_when_nothing_is_near() {
        assert_eq!(nearest_name("x", ["redshift"].into_iter()), None);
        assert_eq!(nearest_name("x", std::iter::empty()), None);
        assert_eq!(
            nearest_name("mag_i_lsst", ["mag_u_lsst", "mag_i_lst"].into_iter()),
            Some("mag_u_lsst")
        );
    }
}

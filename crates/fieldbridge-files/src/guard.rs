//! Third-party parsers may panic on garbage; here such a panic becomes an error about the file.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;

use crate::FileError;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `parse`, turning a panic inside it into [`FileError::Corrupt`].
///
/// The parser must leave nothing half-changed that is used afterwards; callers pass read-only or fresh state.
pub(crate) fn guarded<T>(path: &Path, parse: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    silence_guarded_panics();
    let outer = GUARDED.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(parse));
    GUARDED.set(outer);
    outcome.unwrap_or_else(|payload| {
        let reason = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("the parser gave up");
        Err(FileError::corrupt(
            path,
            format!("its contents contradict each other ({reason})"),
        ))
    })
}

/// The default hook prints every panic, even one that is caught: keep quiet about those only.
fn silence_guarded_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |information| {
            if !GUARDED.get() {
                usual(information);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_naming_the_file() {
        let error = guarded::<()>(Path::new("galaxies.h5"), || panic!("index 7 out of range")).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("galaxies.h5") && message.contains("index 7"),
            "{message}"
        );
        assert_eq!(guarded(Path::new("x"), || Ok(3)).unwrap(), 3);
    }
}

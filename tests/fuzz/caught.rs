//! Panics of the code under test as values, with their places and without output.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::session::Finding;

thread_local! {
    /// The message of a panic in this thread; `None` outside of [`caught`].
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a function; a panic is a finding.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Finding> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_caught =
                SAID.with_borrow_mut(|said| said.as_mut().map(|said| *said = panic.to_string()).is_some());
            if !is_caught {
                before(panic);
            }
        }));
    });
    SAID.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(work));
    let said = SAID.take().unwrap_or_default();
    result.map_err(|_| {
        let place = said.lines().next().unwrap_or_default().to_owned();
        Finding { kind: format!("panic: {}", place.rsplit(" at ").next().unwrap_or_default()), detail: said }
    })
}

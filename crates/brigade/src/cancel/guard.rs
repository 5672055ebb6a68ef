//! Cancels a token when a scope is left, however that comes about.

use super::token::CancelToken;

/// Cancels a token when it is dropped. Made by [`CancelToken::drop_guard`].
///
/// A guard that is forgotten cancels nothing.
#[derive(Debug)]
#[must_use = "dropping the guard cancels the token"]
pub struct DropGuard {
    token: Option<CancelToken>,
}

impl DropGuard {
    pub(super) fn new(token: CancelToken) -> Self {
        Self { token: Some(token) }
    }

    /// Gives the token back, and cancels nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::CancelToken;
    ///
    /// let guard = CancelToken::new().drop_guard();
    /// let token = guard.disarm(); // all went well
    /// assert!(!token.is_cancelled());
    /// ```
    #[must_use = "the token is dropped otherwise, which cancels nothing"]
    pub fn disarm(mut self) -> CancelToken {
        self.token.take().expect("only this and the drop take it")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

//! `select!` and `select_async!`: a select as a list of cases whose bodies may break, return and use `?`.
//!
//! Each arm writes its result to a variable of its own and yields its number; the body runs after the wait is
//! over, outside of every closure.

/// Blocks the thread until one of several operations is done, and runs the body of that case.
///
/// The cases are `recv(receiver) -> result => body` and `send(sender, value) -> result => body`; the result is
/// what [`recv`](crate::channel::Receiver::recv) and [`send`](crate::channel::Sender::send) return, and its
/// pattern takes all of it, as that of a `let` does. The receiver may be of any kind of channel: see
/// [`Receive`](crate::select::Receive). `cancelled(token) -> reason => body` is the case in which a
/// [token](crate::cancel) is cancelled. At the end there may be one `default => body`, for when
/// nothing can be done at once, or `default(timeout) => body`, for when nothing could be done for so long.
/// `biased;` in front tries the cases in their order instead of a random one. The value of the whole is that of
/// the body.
///
/// If the thread is [under a token](crate::cancel::CancelToken::within) that is cancelled, the first case that
/// receives or sends is done, with the error `Cancelled`, as a plain receive or send would be.
///
/// In a task use [`select_async!`](crate::select_async!). A list of receivers that is made at run time fits
/// [`Select::recv_any`](crate::select::Select::recv_any).
///
/// # Examples
///
/// ```
/// use brigade::{channel, select};
/// use std::time::Duration;
///
/// let (to_work, work) = channel::bounded(4);
/// let (results, _kept) = channel::bounded(4);
/// for job in [1, 2, 3] {
///     to_work.send(job)?;
/// }
/// let (_kept_open, tick) = channel::bounded::<()>(1);
/// let mut sum = 0;
/// loop {
///     select! {
///         recv(work) -> job => sum += job?,
///         recv(tick) -> _ => println!("still here"),
///         default => break,
///     }
/// }
/// assert_eq!(sum, 6);
/// select! {
///     send(results, sum) -> sent => sent?,
///     default(Duration::from_secs(60)) => panic!("nobody takes the result"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! select {
    // The cases one by one: how, the select so far, the next number, the bodies so far, the cases left.
    // A body in braces may go without a comma.
    (@next $how:ident $select:tt $n:tt $done:tt $op:ident $args:tt -> $result:pat => $body:block $($rest:tt)*) => {
        $crate::select!(@case $how $select $n $done $op $args ($result) ($body) $($rest)*)
    };
    (@next $how:ident $select:tt $n:tt $done:tt $op:ident $args:tt -> $result:pat => $body:expr $(, $($rest:tt)*)?) => {
        $crate::select!(@case $how $select $n $done $op $args ($result) ($body) $($($rest)*)?)
    };
    (@case $how:ident $select:tt $n:tt $done:tt $op:ident $args:tt $result:tt $body:tt , $($rest:tt)*) => {
        $crate::select!(@case $how $select $n $done $op $args $result $body $($rest)*)
    };
    (@case $how:ident [$select:expr] [$n:expr] [$($done:tt)*] recv ($from:expr $(,)?) $result:tt $body:tt $($rest:tt)*) => {{
        // Borrows the receiver as its kind needs it, shared or exclusively.
        use $crate::select::Receive as _;
        let mut output = ::core::option::Option::None;
        $crate::select!(@next $how [$select.recv($from.borrowed(), |received| { output = ::core::option::Option::Some(received); $n })]
            [$n + 1] [$($done)* { $n, output, $result $body }] $($rest)*)
    }};
    (@case $how:ident [$select:expr] [$n:expr] [$($done:tt)*] send ($to:expr, $value:expr $(,)?) $result:tt $body:tt $($rest:tt)*) => {{
        let mut output = ::core::option::Option::None;
        $crate::select!(@next $how [$select.send(match &$to { to => to }, $value, |sent| { output = ::core::option::Option::Some(sent); $n })]
            [$n + 1] [$($done)* { $n, output, $result $body }] $($rest)*)
    }};
    (@case $how:ident [$select:expr] [$n:expr] [$($done:tt)*] cancelled ($token:expr $(,)?) $result:tt $body:tt $($rest:tt)*) => {{
        let mut output = ::core::option::Option::None;
        $crate::select!(@next $how [$select.cancelled(match &$token { token => token }, |reason| { output = ::core::option::Option::Some(reason); $n })]
            [$n + 1] [$($done)* { $n, output, $result $body }] $($rest)*)
    }};
    (@case task [$select:expr] [$n:expr] [$($done:tt)*] future ($future:expr $(,)?) $result:tt $body:tt $($rest:tt)*) => {{
        let mut output = ::core::option::Option::None;
        $crate::select!(@next task [$select.future(::core::pin::pin!(::core::future::IntoFuture::into_future($future)),
            |done| { output = ::core::option::Option::Some(done); $n })]
            [$n + 1] [$($done)* { $n, output, $result $body }] $($rest)*)
    }};
    (@case block $select:tt $n:tt $done:tt future $args:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!("only `select_async!` has cases of futures, because a thread polls none; not `",
            ::core::stringify!(future $args), "`"))
    };
    (@case task $select:tt $n:tt $done:tt $op:ident $args:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!("an async select has cases `recv(receiver)`, `send(sender, value)`, `cancelled(token)` and `future(future)`, not `",
            ::core::stringify!($op $args), "`"))
    };
    (@case $how:ident $select:tt $n:tt $done:tt $op:ident $args:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!("a select has cases `recv(receiver)`, `send(sender, value)` and `cancelled(token)`, not `",
            ::core::stringify!($op $args), "`"))
    };
    // No case is left, or the default is: wait, then run the body of the case that is done.
    (@next block [$select:expr] $n:tt $done:tt) => {
        $crate::select!(@run (match $select { mut select => select.wait() }) $done
            (::core::unreachable!("a select with a case ends with a case")))
    };
    // In a statement of its own, so that a future is gone before a body runs.
    (@next task [$select:expr] $n:tt $done:tt) => {
        $crate::select!(@run ({ let waited = match $select { mut select => select.wait_async().await }; waited }) $done
            (::core::unreachable!("a select with a case ends with a case")))
    };
    (@next block [$select:expr] $n:tt $done:tt default => $body:expr $(,)?) => {
        $crate::select!(@run (match $select { mut select => select.try_wait() }) $done ($body))
    };
    (@next task [$select:expr] $n:tt $done:tt default => $body:expr $(,)?) => {
        $crate::select!(@run ({ let waited = match $select { mut select => select.try_wait_in_task().await }; waited }) $done ($body))
    };
    (@next block [$select:expr] $n:tt $done:tt default ($timeout:expr) => $body:expr $(,)?) => {
        $crate::select!(@run (match $select { mut select => select.wait_timeout($timeout) }) $done ($body))
    };
    (@next task [$select:expr] $n:tt $done:tt default ($timeout:expr) => $body:expr $(,)?) => {
        $crate::select!(@run ({ let waited = match $select { mut select => select.wait_timeout_async($timeout).await }; waited }) $done ($body))
    };
    (@next $how:ident $select:tt $n:tt $done:tt $($case:tt)+) => {
        ::core::compile_error!(::core::concat!("a case of a select is `recv(receiver) -> result => body`, \
            `send(sender, value) -> result => body`, `cancelled(token) -> reason => body`, or at the end `default => body` or `default(timeout) => body`, not `",
            ::core::stringify!($($case)+), "`"))
    };
    (@run $waited:tt [] $default:tt) => {
        ::core::compile_error!("a select needs a case beside its default")
    };
    (@run ($waited:expr) [$({ $n:expr, $output:ident, ($result:pat) ($body:expr) })+] ($default:expr)) => {
        match $waited {
            $(::core::result::Result::Ok(done) if done == $n => {
                let ::core::option::Option::Some(output) = $output.take() else {
                    ::core::unreachable!("the case that is done has an output")
                };
                let $result = output;
                $body
            })+
            _ => $default,
        }
    };
    ($(biased $(;)?)?) => {
        ::core::compile_error!("a select needs a case")
    };
    (biased; $($cases:tt)+) => {
        $crate::select!(@next block [$crate::select::Select::of_cases().biased()] [0] [] $($cases)+)
    };
    ($($cases:tt)+) => {
        $crate::select!(@next block [$crate::select::Select::of_cases()] [0] [] $($cases)+)
    };
}

/// Suspends the task until one of several operations is done, and runs the body of that case.
///
/// The cases are those of [`select!`](crate::select!), and `future(future) -> output => body` for any future, of whatever
/// library; the bodies may await. A future takes its turn like the others, at random or in the order of the cases; its turn
/// is a poll, once each time the task is woken. The other cases keep their places in line meanwhile.
///
/// A future that is given by value is dropped when another case is done, and before any body runs. One that is to go on is
/// lent, pinned: `future(&mut future)`. As for any future, it is not polled again once it is done: take its case out of a
/// loop then.
///
/// # Cancel safety
///
/// If the future around it is dropped while it waits, nothing has been received or sent. A value that was to be
/// sent is dropped, and so is a future that was given by value; what that loses is its own matter, and nothing if it is
/// one of this library.
///
/// # Examples
///
/// ```
/// use brigade::{channel, select_async};
///
/// # futures::executor::block_on(async {
/// let (sender, receiver) = channel::bounded(1);
/// let (_quiet, other) = channel::bounded::<i32>(1);
/// sender.send_async(7).await?;
/// let received = select_async! {
///     recv(receiver) -> value => value,
///     recv(other) -> value => value,
/// };
/// assert_eq!(received, Ok(7));
/// # Ok::<(), channel::SendError<i32>>(())
/// # });
/// ```
///
/// A future that goes on from one round to the next:
///
/// ```
/// use brigade::{channel, select_async};
/// use std::pin::pin;
///
/// # futures::executor::block_on(async {
/// let (sender, receiver) = channel::bounded(4);
/// let mut numbers = Vec::new();
/// let mut sending = pin!(async move {
///     for number in 1..=9 {
///         sender.send_async(number).await?;
///     }
///     Ok::<_, channel::SendError<i32>>("all sent")
/// });
/// let done = loop {
///     select_async! {
///         recv(receiver) -> number => numbers.extend(number),
///         future(&mut sending) -> done => break done,
///     }
/// };
/// numbers.extend(receiver.drain());
/// assert_eq!(done, Ok("all sent"));
/// assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
/// # });
/// ```
///
/// A thread polls nothing:
///
/// ```compile_fail
/// brigade::select! {
///     future(std::future::ready(1)) -> one => assert_eq!(one, 1),
/// }
/// ```
#[macro_export]
macro_rules! select_async {
    ($(biased $(;)?)?) => {
        $crate::select!()
    };
    (biased; $($cases:tt)+) => {
        $crate::select!(@next task [$crate::select::Select::of_cases().biased()] [0] [] $($cases)+)
    };
    ($($cases:tt)+) => {
        $crate::select!(@next task [$crate::select::Select::of_cases()] [0] [] $($cases)+)
    };
}

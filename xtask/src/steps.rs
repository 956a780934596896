//! Steps on the way to something that opens or is made, counted and timed; the first that fails ends the way.

use std::time::Instant;

/// A way of a number of steps known before.
pub(crate) struct Steps {
    total: usize,
    done: usize,
    began: Instant,
}

impl Steps {
    /// A way of `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: 0, began: Instant::now() }
    }

    /// Says which step begins, and how long it took to get there.
    pub(crate) fn next(&mut self, what: &str) {
        self.done += 1;
        eprintln!("{}", self.line(what));
    }

    fn line(&self, what: &str) -> String {
        let minutes = self.began.elapsed().as_secs_f64() / 60.0;
        let after = if minutes < 0.1 { String::new() } else { format!("   [after {minutes:.1} min]") };
        format!("{} of {}  {what}{after}", self.done, self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted() {
        let mut steps = Steps::new(3);
        steps.next("one");
        steps.next("two");
        assert_eq!(steps.line("two"), "2 of 3  two", "which of how many, and no time where there was none");
    }
}

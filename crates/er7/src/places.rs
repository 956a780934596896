//! Where bytes came from: the edit map from prepared text back to the submitted bytes.

use std::ops::Range;

/// From this place on, every `out_unit` bytes came from `source_unit` bytes of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) out: usize,
    pub(crate) source: usize,
    pub(crate) out_unit: u8,
    pub(crate) source_unit: u8,
}

impl Run {
    fn units(&self, out: usize) -> usize {
        out.saturating_sub(self.out) / usize::from(self.out_unit.max(1))
    }

    fn source_at(&self, units: usize) -> usize {
        self.source.saturating_add(units.saturating_mul(usize::from(self.source_unit)))
    }
}

/// One step from a source to a result; runs in the order of the result. No runs: nothing moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) runs: Vec<Run>,
}

impl Layer {
    /// Adds a run unless it goes on as the last one did.
    pub(crate) fn add(&mut self, run: Run) {
        let goes_on = match self.runs.last() {
            None => run.out == 0 && run.source == 0 && run.out_unit == 1 && run.source_unit == 1,
            Some(last) => {
                last.out_unit == run.out_unit
                    && last.source_unit == run.source_unit
                    && last.source_at(last.units(run.out)) == run.source
            }
        };
        if !goes_on {
            if self.runs.is_empty() && run.out > 0 {
                self.runs.push(Run { out: 0, source: 0, out_unit: 1, source_unit: 1 });
            }
            self.runs.push(run);
        }
    }

    fn run_at(&self, out: usize) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.out <= out);
        self.runs.get(after.checked_sub(1)?)
    }

    /// The place in the result of a place in the source that was not left out.
    pub(crate) fn result(&self, source: usize) -> usize {
        let after = self.runs.partition_point(|run| run.source <= source);
        let Some(run) = after.checked_sub(1).and_then(|index| self.runs.get(index)) else { return source };
        let units = (source - run.source) / usize::from(run.source_unit.max(1));
        run.out + units * usize::from(run.out_unit)
    }

    fn source(&self, range: Range<usize>) -> Range<usize> {
        let Some(first) = self.run_at(range.start) else { return range };
        let start = first.source_at(first.units(range.start));
        if range.is_empty() {
            return start..start;
        }
        let end = self
            .run_at(range.end - 1)
            .map_or(range.end, |last| last.source_at(last.units(range.end - 1) + 1));
        start..end.max(start)
    }
}

/// The whole way back: layers in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) layers: Vec<Layer>,
}

impl Places {
    /// Adds a layer unless nothing moved in it.
    pub(crate) fn push(&mut self, layer: Layer) {
        if !layer.runs.is_empty() {
            self.layers.push(layer);
        }
    }

    /// The submitted bytes from which this range of the last result came.
    pub(crate) fn submitted(&self, range: Range<usize>) -> (u64, u64) {
        let range = self.layers.iter().rev().fold(range, |range, layer| layer.source(range));
        (range.start as u64, range.end as u64)
    }
}

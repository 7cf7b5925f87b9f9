//! What is normal for a series: its failure rate and how much it wobbles.
//!
//! Past incidents must not raise the rate, few calls must not be believed, and a window without any
//! past must not teach itself that failing is normal.

use super::limits::{ClassLimits, limits};
use super::scan::failures_llr;

/// What the past says about one series and class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Normal {
    /// Failure rate expected, shrunk towards the place's.
    pub(super) rate: f64,
    /// Failure rate seen, for the report: nothing is made up here.
    pub(super) seen: f64,
    /// Calls it rests on.
    pub(super) calls: u64,
    /// Blocks left out as past incidents, as index ranges.
    pub(super) dropped: Vec<(usize, usize)>,
}

/// Failures and calls of one block `[from, to)`.
#[derive(Debug, Clone, Copy)]
struct Block {
    from: usize,
    to: usize,
    k: f64,
    n: f64,
}

/// Blocks with calls of `[from, to)`, counted back from `to` so that the last one is whole.
fn blocks(k: &[u32], n: &[u32], from: usize, to: usize) -> Vec<Block> {
    let minutes = limits().baseline.block_minutes.max(1);
    let mut blocks = Vec::new();
    let mut end = to.min(n.len()).min(k.len());
    while end > from {
        let start = end.saturating_sub(minutes).max(from);
        let sum = |counts: &[u32]| super::grid::total(counts, start, end) as f64;
        let block = Block {
            from: start,
            to: end,
            k: sum(k),
            n: sum(n),
        };
        if block.n > 0.0 {
            blocks.push(block);
        }
        end = start;
    }
    blocks.reverse();
    blocks
}

/// Learns from `[0, split)`, the minutes before the window. `pooled` is the rate to shrink towards.
pub(super) fn learn(k: &[u32], n: &[u32], split: usize, pooled: f64) -> Normal {
    let limits = &limits().baseline;
    let blocks = blocks(k, n, 0, split);
    let sum = |blocks: &[Block]| {
        blocks
            .iter()
            .fold((0.0, 0.0), |(k, n), block| (k + block.k, n + block.n))
    };
    let shrunk = |k: f64, n: f64| (k + limits.shrink_calls * pooled) / (n + limits.shrink_calls);
    let most = ((blocks.len() as f64 * limits.drop_share) as usize)
        .max(limits.drop_blocks.min(blocks.len() / 4));
    let (mut kept, mut dropped) = (blocks, Vec::new());
    // The second pass sees what the worst incident of the first one had hidden.
    for _ in 0..2 {
        let (k, n) = sum(&kept);
        let rough = shrunk(k, n);
        let score = |block: &Block| failures_llr(block.k, block.n, rough * block.n);
        kept.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.from.cmp(&b.from)));
        let suspects = kept
            .iter()
            .take(most - dropped.len())
            .take_while(|block| score(block) >= limits.drop_score)
            .count();
        dropped.extend(kept.drain(..suspects).map(|block| (block.from, block.to)));
    }

    let (k, n) = sum(&kept);
    let seen = if n > 0.0 { k / n } else { 0.0 };
    Normal {
        rate: shrunk(k, n).clamp(0.0, 1.0),
        seen,
        calls: n as u64,
        dropped,
    }
}

/// Learns from the window itself, when the archive holds next to nothing before it: the quieter half
/// of its calls, read pessimistically ("rule of three": no failure in `n` calls still allows `3/n`), and
/// never believed above the cap of the class.
pub(super) fn learn_from_window(
    k: &[u32],
    n: &[u32],
    from: usize,
    to: usize,
    class: ClassLimits,
) -> Normal {
    let mut blocks = blocks(k, n, from, to);
    let half = blocks.iter().map(|block| block.n).sum::<f64>() / 2.0;
    blocks.sort_by(|a, b| {
        (a.k / a.n)
            .total_cmp(&(b.k / b.n))
            .then(a.from.cmp(&b.from))
    });
    let (mut k_quiet, mut n_quiet) = (0.0, 0.0);
    for block in blocks {
        if n_quiet >= half {
            break;
        }
        k_quiet += block.k;
        n_quiet += block.n;
    }
    let seen = if n_quiet > 0.0 {
        k_quiet / n_quiet
    } else {
        0.0
    };
    let pessimistic = (k_quiet + 3.0) / n_quiet.max(3.0);
    Normal {
        rate: pessimistic.clamp(class.prior.min(1.0), class.window_only_cap),
        seen,
        calls: 0,
        dropped: Vec::new(),
    }
}

/// Over-dispersion of the failures before the window: mean Pearson chi-square over cells, never
/// below one. A cell is as many blocks in a row as hold one expected failure, so that sparse series whose
/// rare failures come in clusters (retries) are seen to be dispersed too.
pub(super) fn dispersion(
    k: &[u32],
    n: &[u32],
    expected: &[f64],
    split: usize,
    dropped: &[(usize, usize)],
) -> f64 {
    let least = limits().baseline.cell_errors;
    let (mut cells, mut chi2) = (0.0, 0.0);
    let (mut k_cell, mut n_cell, mut e_cell) = (0.0, 0.0, 0.0);
    for block in blocks(k, n, 0, split) {
        if dropped
            .iter()
            .any(|(from, to)| *from < block.to && block.from < *to)
        {
            continue;
        }
        k_cell += block.k;
        n_cell += block.n;
        e_cell += expected
            .get(block.from..block.to)
            .unwrap_or_default()
            .iter()
            .sum::<f64>();
        if e_cell >= least {
            let variance = e_cell * (1.0 - e_cell / n_cell).max(0.01);
            chi2 += (k_cell - e_cell) * (k_cell - e_cell) / variance;
            cells += 1.0;
            (k_cell, n_cell, e_cell) = (0.0, 0.0, 0.0);
        }
    }
    if cells > 0.0 {
        (chi2 / cells).max(1.0)
    } else {
        1.0
    }
}
